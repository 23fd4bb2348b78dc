//! A directory that others use too, and whose files come and go.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use phantomdb_engine::{Engine, Session};
use phantomdb_engine_sqlite::SqliteEngine;
use phantomdb_protocol::{BeginTransaction, ErrorCode};
use phantomdb_testing::{Directory, error, ok, rows};
use serde_json::json;

const TABLE: &str = "CREATE TABLE \"t\" (\"x\" INTEGER)";
const INSERT: &str = "INSERT INTO \"t\" VALUES (1)";
const COUNT: &str = "SELECT count(*) FROM \"t\"";

struct Shared {
    directory: Directory,
    one: SqliteEngine,
    other: SqliteEngine,
}

impl Shared {
    /// Two engines with a directory, and a session of the second one, which has written.
    async fn new() -> (Self, Arc<dyn Session>) {
        let directory = Directory::new();
        let one = SqliteEngine::open(&directory.0).unwrap();
        one.create_database("d").await.unwrap();
        ok(&*one.database("d").await.unwrap(), TABLE, &[]).await;
        let other = SqliteEngine::open(&directory.0).unwrap();
        let session = other.database("d").await.unwrap();
        ok(&*session, INSERT, &[]).await;
        (Self { directory, one, other }, session)
    }

    fn file(&self, suffix: &str) -> PathBuf {
        self.directory.0.join(format!("d.db{suffix}"))
    }
}

async fn is_not_written(session: &dyn Session) {
    for _ in 0..2 {
        let refused = error(session, INSERT, &[]).await;
        assert_eq!(refused.code, ErrorCode::Unavailable, "{refused}");
        assert!(refused.message.contains("removed or replaced"), "{}", refused.message);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_to_a_database_that_another_engine_has_dropped_is_refused() {
    let (shared, session) = Shared::new().await;
    let open =
        shared.other.begin(&BeginTransaction { database: "d".into(), ..Default::default() }).await.unwrap();
    shared.one.drop_database("d").await.unwrap();
    is_not_written(&*session).await;
    let began = open.execute(phantomdb_testing::statement(INSERT, &[])).await;
    assert!(began.is_err() || open.commit().await.is_err());
    assert_eq!(shared.other.database("d").await.err().unwrap().code, ErrorCode::UnknownDatabase);

    // The database that is made in its place is another one, whose log outlives the sessions of the first.
    shared.one.create_database("d").await.unwrap();
    let first = shared.one.database("d").await.unwrap();
    ok(&*first, TABLE, &[]).await;
    ok(&*first, INSERT, &[]).await;
    is_not_written(&*session).await;
    drop((session, open));
    let second = shared.other.database("d").await.unwrap();
    ok(&*second, INSERT, &[]).await;
    assert_eq!(rows(&*first, COUNT, &[]).await, json!([[2]]));
    assert!(shared.file("-wal").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_to_a_file_that_was_removed_or_replaced_is_refused() {
    for replace in [false, true] {
        let (shared, session) = Shared::new().await;
        let kept = shared.directory.0.join("kept");
        if replace {
            fs::copy(shared.file(""), &kept).unwrap();
            fs::rename(&kept, shared.file("")).unwrap();
        } else {
            fs::rename(shared.file(""), &kept).unwrap();
        }
        is_not_written(&*session).await;
        assert_eq!(shared.other.database("d").await.is_ok(), replace);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drop_waits_for_a_transaction_of_another_engine() {
    let (shared, _) = Shared::new().await;
    let writer =
        shared.other.begin(&BeginTransaction { database: "d".into(), ..Default::default() }).await.unwrap();
    ok(&*writer, INSERT, &[]).await;
    let dropping = async { shared.one.drop_database("d").await };
    let committing = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        assert!(shared.file("").exists());
        writer.commit().await
    };
    let (dropped, committed) = tokio::join!(dropping, committing);
    committed.unwrap();
    dropped.unwrap();
    assert!(!shared.file("").exists() && !shared.file("-wal").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_is_alone_excludes_the_others() {
    let directory = Directory::new();
    let alone = SqliteEngine::open_alone(&directory.0).unwrap();
    assert_eq!(SqliteEngine::open(&directory.0).err().unwrap().code, ErrorCode::Unavailable);
    drop(alone);
    SqliteEngine::open(&directory.0).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_made_leaves_nothing_and_can_be_made_later() {
    let directory = Directory::new();
    let engine = SqliteEngine::open(&directory.0).unwrap();
    let obstacle = directory.0.join("d.db-wal");
    fs::create_dir(&obstacle).unwrap();
    engine.create_database("d").await.unwrap_err();
    assert!(!directory.0.join("d.db").exists());
    assert!(engine.databases().await.unwrap().is_empty());
    fs::remove_dir(&obstacle).unwrap();
    engine.create_database("d").await.unwrap();
    ok(&*engine.database("d").await.unwrap(), TABLE, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_can_make_databases_at_once_but_one_of_a_name() {
    let directory = Directory::new();
    let engine = Arc::new(SqliteEngine::open(&directory.0).unwrap());
    let makers: Vec<_> = (0..20)
        .map(|number| {
            let engine = Arc::clone(&engine);
            tokio::spawn(async move {
                let name = format!("d{}", number % 10);
                let made = engine.create_database(&name).await;
                // Whoever is told that it exists can use it.
                engine.database(&name).await.unwrap();
                made
            })
        })
        .collect();
    let mut refused = 0;
    for maker in makers {
        if let Err(error) = maker.await.unwrap() {
            assert_eq!(error.code, ErrorCode::AlreadyExists);
            refused += 1;
        }
    }
    assert_eq!((refused, engine.databases().await.unwrap().len()), (10, 10));
}

/// As processes do that begin together, each of which makes what is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn engines_that_make_a_database_at_once_can_use_it() {
    const ENGINES: usize = 6;
    for _ in 0..40 {
        let directory = Arc::new(Directory::new());
        let together = Arc::new(tokio::sync::Barrier::new(ENGINES));
        let uses: Vec<_> = (0..ENGINES)
            .map(|_| {
                let (directory, together) = (Arc::clone(&directory), Arc::clone(&together));
                tokio::spawn(async move {
                    let engine = SqliteEngine::open(&directory.0).unwrap();
                    together.wait().await;
                    match engine.create_database("d").await {
                        Ok(()) => {}
                        Err(error) => assert_eq!(error.code, ErrorCode::AlreadyExists, "{error}"),
                    }
                    let session = engine.database("d").await.unwrap();
                    ok(&*session, "CREATE TABLE IF NOT EXISTS \"t\" (\"x\" INTEGER)", &[]).await;
                    ok(&*session, INSERT, &[]).await;
                })
            })
            .collect();
        for used in uses {
            used.await.unwrap();
        }
        let engine = SqliteEngine::open(&directory.0).unwrap();
        assert_eq!(rows(&*engine.database("d").await.unwrap(), COUNT, &[]).await, json!([[ENGINES]]));
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let (shared, _session) = Shared::new().await;
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(shared.directory.0.clone()), 0o700);
    for suffix in ["", "-wal", "-shm"] {
        assert_eq!(mode(shared.file(suffix)), 0o600, "{suffix}");
    }
    let snapshot = shared.one.snapshot("d").await.unwrap();
    let saved = shared.directory.0.join("saved");
    snapshot.save(&saved).unwrap();
    assert_eq!(mode(saved), 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_space_of_deleted_rows_and_of_the_log_comes_back() {
    let (shared, session) = Shared::new().await;
    let size = |suffix| fs::metadata(shared.file(suffix)).map_or(0, |file| file.len());
    let fill = "INSERT INTO \"t\" SELECT \"x\" FROM generate_series(1, 3000000) AS \"g\" (\"x\")";
    ok(&*session, fill, &[]).await;
    let full = size("").max(size("-wal"));
    assert!(full > 25 << 20, "{full}");
    ok(&*session, "DELETE FROM \"t\"", &[]).await;
    ok(&*session, INSERT, &[]).await;
    ok(&*session, INSERT, &[]).await;
    assert!(size("-wal") <= 17 << 20, "{}", size("-wal"));
    shared.other.compact("d").await.unwrap();
    assert!(size("") < 100 << 10 && size("-wal") == 0, "{} {}", size(""), size("-wal"));
    assert_eq!(rows(&*session, COUNT, &[]).await, json!([[2]]));
}
