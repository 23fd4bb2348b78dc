//! The directory of a server: who else may use it, and what becomes of a full disk.

use std::process::Command;

use crate::common::{
    Caller,
    process::{Directory, phantomdb, serve},
};
use phantomdb_engine_sqlite::SqliteEngine;
use serde_json::json;

#[tokio::test]
async fn a_second_server_and_a_program_with_files_stay_out() {
    let directory = Directory::new("alone");
    let served = serve(&["--data", directory.path()]);
    let second =
        phantomdb(&["serve", "--listen", "127.0.0.1:0", "--data", directory.path()]).output().unwrap();
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("another PhantomDB server"), "{said}");
    let refused = SqliteEngine::open(&directory.0).err().unwrap();
    assert!(refused.message.contains("http://"), "{}", refused.message);
    // A server that was killed leaves no lock.
    drop(served);
    drop(serve(&["--data", directory.path()]));
    SqliteEngine::open(&directory.0).unwrap();
}

/// A file system of three megabytes. `None` where none can be mounted.
struct SmallDisk(Directory);

impl SmallDisk {
    fn mount(name: &str) -> Option<Self> {
        let directory = Directory::new(name);
        std::fs::create_dir(&directory.0).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=3m", "tmpfs", directory.path()])
            .output()
            .is_ok_and(|mount| mount.status.success());
        mounted.then_some(Self(directory))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["-l", self.0.path()]).output();
    }
}

#[tokio::test]
async fn a_full_disk_has_a_code_of_its_own_and_leaves_nothing_half_made() {
    let Some(disk) = SmallDisk::mount("full") else {
        println!("no file system can be mounted here, so this is not tested");
        return;
    };
    let served = serve(&["--data", disk.0.path()]);
    let caller = Caller::new(served.caller.address).with_users().await;
    assert_eq!(caller.get("/ready").await.status, 200);
    let ballast = disk.0.0.join("ballast");
    let fill = || {
        let mut file = std::fs::File::create(&ballast).unwrap();
        while std::io::Write::write_all(&mut file, &[1; 4096]).is_ok() {}
    };
    fill();
    let row = |length: usize| json!({ "rows": [{ "firstName": "X", "email": "x".repeat(length) }] });
    let full = caller.send("POST", "/databases/app/tables/users/rows", row(500_000)).await;
    full.refused_with(507, "STORAGE_FULL");
    let create = || caller.send("POST", "/databases", json!({ "name": "other" }));
    create().await.refused_with(507, "STORAGE_FULL");
    assert_eq!(caller.get("/databases").await.ok(200), json!({ "databases": ["app"] }));
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let ready = caller.get("/ready").await;
    ready.refused_with(503, "UNAVAILABLE");
    assert!(ready.text.contains("no space left"), "{}", ready.text);
    assert_eq!(caller.count().await, 2);

    std::fs::remove_file(&ballast).unwrap();
    create().await.ok(201);
    caller.send("POST", "/databases/app/tables/users/rows", row(100)).await.ok(201);
    assert_eq!(caller.count().await, 3);
}
