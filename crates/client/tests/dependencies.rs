//! The crates that the client depends on.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::{collections::BTreeSet, process::Command};

/// The names of all crates that the client is built from.
fn dependencies(features: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", "phantomdb-client", "--edges", "normal", "--offline"])
        .args(["--prefix", "none", "--format", "{p}"])
        .args(features)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn without_features_the_client_has_no_node_no_server_and_no_engine() {
    let all = dependencies(&[]);
    assert!(all.contains("hyper"), "{all:?}");
    for name in all {
        let is_foreign = ["napi", "axum", "rusqlite", "libsqlite3", "tokio-postgres", "phantomdb-engine"]
            .iter()
            .any(|foreign| name.starts_with(foreign));
        assert!(!is_foreign && name != "phantomdb-service" && name != "phantomdb-server", "{name}");
    }
}

#[test]
fn the_feature_embedded_adds_the_engine_of_sqlite_alone() {
    let all = dependencies(&["--features", "embedded"]);
    assert!(all.contains("phantomdb-engine-sqlite") && all.contains("phantomdb-service"), "{all:?}");
    assert!(!all.contains("phantomdb-engine-postgres") && !all.contains("phantomdb-server"), "{all:?}");
}
