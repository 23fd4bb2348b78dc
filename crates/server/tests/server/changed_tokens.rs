//! A token whose rights change, or that is revoked, while its calls go on.

use std::{fs, sync::Arc};

use crate::common::{Caller, each_server_with, process::Directory};
use http_body_util::BodyExt as _;
use phantomdb_server::{
    http::HttpOptions,
    tokens::{Source, Tokens, hash, hex},
};
use serde_json::json;

/// A store of tokens with `root`, which may do everything, and `app`, which has these rights, if any.
struct Store {
    directory: Directory,
    tokens: Arc<Tokens>,
}

const APP: &str = "app-token-of-16-characters";
const ROOT: &str = "root-token-of-16-characters";

impl Store {
    fn new(name: &str, rights: &str) -> Self {
        let directory = Directory::new(name);
        fs::create_dir_all(&directory.0).unwrap();
        write(&directory, Some(rights));
        let tokens = Tokens::read(vec![Source::Store(directory.0.join("tokens"))]).unwrap();
        Self { directory, tokens }
    }

    fn change(&self, rights: Option<&str>) {
        write(&self.directory, rights);
        self.tokens.reload();
    }

    async fn callers(&self) -> Vec<(Caller, Caller)> {
        let options = HttpOptions { tokens: Arc::clone(&self.tokens), ..HttpOptions::default() };
        let mut callers = Vec::new();
        for (caller, _) in each_server_with(options).await {
            let root = caller.with_token(ROOT).with_users().await;
            callers.push((root, caller.with_token(APP)));
        }
        callers
    }
}

fn write(directory: &Directory, rights: Option<&str>) {
    let entry = |name: &str, token: &str, rights: &str| {
        format!(
            "[[token]]\nname = '{name}'\nsha256 = '{}'\nrights = [{rights}]\ndatabases = ['*']\ncreated = '2026-01-01T00:00:00Z'\n",
            hex(&hash(token))
        )
    };
    let app = rights.map(|rights| entry("app", APP, rights)).unwrap_or_default();
    fs::write(directory.0.join("tokens"), entry("root", ROOT, "'schema', 'admin'") + &app).unwrap();
}

#[tokio::test]
async fn a_token_commits_nothing_that_its_rights_no_longer_allow() {
    let store = Store::new("reduced-token", "'write'");
    for (root, app) in store.callers().await {
        let id = app.begin(json!({})).await;
        app.query_in(&id, "DELETE FROM users").await.ok(200);
        store.change(Some("'read'"));
        app.query_in(&id, "SELECT 1").await.refused_with(403, "FORBIDDEN");
        app.commit(&id).await.refused_with(403, "FORBIDDEN");
        assert_eq!(root.count().await, 2);
        app.rollback(&id).await.ok(204);
        store.change(Some("'write'"));
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let store = Store::new("revoked-token", "'read'");
    for (_, app) in store.callers().await {
        let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) \
                   SELECT i, repeat('x', 1000) FROM n";
        let body = json!({ "query": sql }).to_string().into_bytes();
        let mut answer = app.begun("POST", "/databases/app/stream", &[], body).await;
        answer.body_mut().frame().await.unwrap().unwrap();
        store.change(None);
        let rest = answer.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&rest);
        let last = text.lines().last().unwrap();
        assert!(last.contains(r#""code":"UNAUTHORIZED""#), "{last}");
        store.change(Some("'read'"));
    }
}
