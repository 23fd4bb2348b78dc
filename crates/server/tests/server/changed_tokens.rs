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

const EVERY: &str = "'*'";
const APP: &str = "app-token-of-16-characters";
const ROOT: &str = "root-token-of-16-characters";

impl Store {
    fn new(name: &str, rights: &str) -> Self {
        let directory = Directory::new(name);
        fs::create_dir_all(&directory.0).unwrap();
        write(&directory, Some(rights), EVERY);
        let tokens = Tokens::read(vec![Source::Store(directory.0.join("tokens"))]).unwrap();
        Self { directory, tokens }
    }

    fn change(&self, rights: Option<&str>) {
        write(&self.directory, rights, EVERY);
        self.tokens.reload();
    }

    fn change_databases(&self, rights: &str, databases: &str) {
        write(&self.directory, Some(rights), databases);
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

fn write(directory: &Directory, rights: Option<&str>, databases: &str) {
    let entry = |name: &str, token: &str, rights: &str, databases: &str| {
        format!(
            "[[token]]\nname = '{name}'\nsha256 = '{}'\nrights = [{rights}]\ndatabases = [{databases}]\ncreated = '2026-01-01T00:00:00Z'\n",
            hex(&hash(token))
        )
    };
    let app = rights.map(|rights| entry("app", APP, rights, databases)).unwrap_or_default();
    fs::write(directory.0.join("tokens"), entry("root", ROOT, "'schema', 'admin'", EVERY) + &app).unwrap();
}

/// A transaction that has written commits nothing after `take_away` has changed its token.
async fn it_commits_nothing_after(store: &Store, take_away: impl Fn()) {
    for (root, app) in store.callers().await {
        let id = app.begin(json!({})).await;
        app.query_in(&id, "DELETE FROM users").await.ok(200);
        take_away();
        app.query_in(&id, "SELECT 1").await.refused_with(403, "FORBIDDEN");
        app.commit(&id).await.refused_with(403, "FORBIDDEN");
        assert_eq!(root.count().await, 2);
        app.rollback(&id).await.ok(204);
        store.change(Some("'write'"));
    }
}

#[tokio::test]
async fn a_token_commits_nothing_that_its_rights_no_longer_allow() {
    let store = Store::new("reduced-token", "'write'");
    it_commits_nothing_after(&store, || store.change(Some("'read'"))).await;
}

#[tokio::test]
async fn a_token_commits_nothing_in_a_database_that_it_is_no_longer_for() {
    let store = Store::new("moved-token", "'write'");
    it_commits_nothing_after(&store, || store.change_databases("'write'", "'other'")).await;
}

#[tokio::test]
async fn a_snapshot_is_for_whoever_is_for_its_database() {
    let rights = "'schema', 'admin'";
    let store = Store::new("snapshot-token", rights);
    // PostgreSQL keeps no snapshots.
    let (root, app) = store.callers().await.swap_remove(0);
    let snapshot = async |caller: &Caller, database: &str| {
        let answer = caller.send("POST", &format!("/databases/{database}/snapshots"), json!(null)).await;
        answer.ok(201)["snapshot_id"].as_str().unwrap().to_owned()
    };
    let restore = async |caller: &Caller, database: &str, id: &str| {
        caller.send("POST", &format!("/databases/{database}/snapshots/{id}/restore"), json!(null)).await
    };
    root.send("POST", "/databases", json!({ "name": "other" })).await.ok(201);
    let (of_root, of_app) = (snapshot(&root, "app").await, snapshot(&app, "app").await);
    // Its owner restores it into any database that the owner is for, and nobody else does.
    restore(&app, "other", &of_app).await.ok(204);
    restore(&app, "other", &of_root).await.refused_with(404, "NOT_FOUND");
    store.change_databases(rights, "'other', 'copy'");
    for (method, path, body) in [
        ("POST", "/databases/app/snapshots".to_owned(), json!(null)),
        ("POST", format!("/databases/app/snapshots/{of_app}/restore"), json!(null)),
        ("DELETE", format!("/databases/app/snapshots/{of_app}"), json!(null)),
        ("POST", "/databases".to_owned(), json!({ "name": "new", "template": of_app })),
    ] {
        app.send(method, &path, body).await.refused_with(403, "FORBIDDEN");
    }
    // By way of a database that the token is for.
    root.query("INSERT INTO users (\"firstName\") VALUES ('secret')").await.ok(200);
    restore(&app, "other", &of_app).await.refused_with(404, "NOT_FOUND");
    app.delete(&format!("/databases/other/snapshots/{of_app}")).await.refused_with(404, "NOT_FOUND");
    let copy = app.send("POST", "/databases", json!({ "name": "copy", "template": of_app })).await;
    copy.refused_with(404, "NOT_FOUND");
    store.change_databases("'write'", "'*'");
    for database in ["app", "other"] {
        restore(&app, database, &of_app).await.refused_with(403, "FORBIDDEN");
    }
    store.change_databases(rights, "'*'");
    restore(&app, "app", &of_app).await.ok(204);
    assert_eq!(root.count().await, 2);
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
