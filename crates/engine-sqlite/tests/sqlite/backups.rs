//! Backups, and what becomes of them.

use std::fs;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use phantomdb_engine::{Engine as _, Session};
use phantomdb_engine_sqlite::check_file;
use phantomdb_protocol::ErrorCode;
use phantomdb_testing::{error, ok, rows};
use serde_json::json;

use crate::fixture::Fixture;

async fn fill(session: &dyn Session) {
    ok(session, "CREATE TABLE \"p\" (\"id\" INTEGER PRIMARY KEY)", &[]).await;
    ok(session, "CREATE TABLE \"t\" (\"id\" INTEGER PRIMARY KEY, \"p\" INTEGER REFERENCES \"p\" (\"id\"), \"s\" VARCHAR(40))", &[])
        .await;
    ok(session, "INSERT INTO \"p\" VALUES (1)", &[]).await;
    let rows =
        "INSERT INTO \"t\" SELECT \"x\", 1, 'a text of a row' FROM generate_series(1, 5000) AS \"g\" (\"x\")";
    ok(session, rows, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_the_database_at_one_moment_while_others_write() {
    for fixture in Fixture::both().await {
        fill(&*fixture.session).await;
        let (session, stop) = (Arc::clone(&fixture.session), Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stop);
        // Each statement keeps the sum.
        let writer = tokio::spawn(async move {
            let mut rounds = 0;
            while !stopped.load(Ordering::Relaxed) {
                ok(&*session, "UPDATE \"t\" SET \"p\" = CASE WHEN \"p\" IS NULL THEN 1 END", &[]).await;
                rounds += 1;
            }
            rounds
        });
        let scratch = tempfile::tempdir().unwrap();
        for round in 0..5 {
            let mut backup = fixture.engine.backup("test").await.unwrap();
            let (file, again) = (scratch.path().join(round.to_string()), scratch.path().join("again"));
            for path in [&file, &again] {
                let mut out = fs::File::create(path).unwrap();
                backup.write_to(&mut out).unwrap();
                out.flush().unwrap();
            }
            let bytes = fs::read(&file).unwrap();
            assert_eq!(bytes.len() as u64, backup.bytes());
            assert_eq!(bytes, fs::read(&again).unwrap());
            check_file(&file).unwrap();
            let name = format!("copy{round}");
            fixture.engine.restore_backup(&name, &file, false).await.unwrap();
            let copy = fixture.engine.database(&name).await.unwrap();
            let states =
                rows(&*copy, "SELECT count(DISTINCT coalesce(\"p\", 0)), count(*) FROM \"t\"", &[]).await;
            assert_eq!(states, json!([[1, 5000]]));
        }
        stop.store(true, Ordering::Relaxed);
        assert!(writer.await.unwrap() > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_takes_the_place_of_a_database_only_when_it_is_told_to() {
    for fixture in Fixture::both().await {
        fill(&*fixture.session).await;
        let scratch = fixture.engine.scratch();
        let file = tempfile::NamedTempFile::new_in(&scratch).unwrap().into_temp_path();
        fixture.engine.backup("test").await.unwrap().write_to(&mut fs::File::create(&file).unwrap()).unwrap();
        ok(&*fixture.session, "DELETE FROM \"t\" WHERE \"id\" > 10", &[]).await;
        let open = fixture.begin(None).await;
        ok(&*open, "DELETE FROM \"t\"", &[]).await;
        let refused = fixture.engine.restore_backup("test", &file, false).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::AlreadyExists);
        fixture.engine.restore_backup("test", &file, true).await.unwrap();
        assert!(open.commit().await.is_err());
        let restored = fixture.engine.database("test").await.unwrap();
        assert_eq!(rows(&*restored, "SELECT count(*) FROM \"t\"", &[]).await, json!([[5000]]));
        ok(&*restored, "DELETE FROM \"t\" WHERE \"id\" = 1", &[]).await;
        let key = error(&*restored, "INSERT INTO \"t\" VALUES (1, 2, 'x')", &[]).await;
        assert_eq!(key.code, ErrorCode::ForeignKeyViolation);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_is_refused_and_changes_nothing() {
    let [_, fixture] = Fixture::both().await;
    fill(&*fixture.session).await;
    let mut bytes = Vec::new();
    fixture.engine.backup("test").await.unwrap().write_to(&mut bytes).unwrap();
    let scratch = tempfile::tempdir_in(fixture.engine.scratch()).unwrap();
    let cut = bytes[..bytes.len() / 2].to_vec();
    let mut overwritten = bytes.clone();
    overwritten[8192..16384].fill(0x5a);
    let orphan = {
        let path = scratch.path().join("orphan");
        fs::write(&path, &bytes).unwrap();
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection
            .execute_batch("PRAGMA foreign_keys=OFF; PRAGMA journal_mode=DELETE; DELETE FROM p")
            .unwrap();
        drop(connection);
        fs::read(&path).unwrap()
    };
    for (damaged, says) in [
        (cut, "damaged"),
        (overwritten, "damaged"),
        (orphan, "foreign keys are broken"),
        (b"no database".to_vec(), "cannot be used"),
        (Vec::new(), "cannot be used"),
    ] {
        let file = scratch.path().join("file");
        fs::write(&file, damaged).unwrap();
        for replace in [false, true] {
            let name = if replace { "test" } else { "new" };
            let refused = fixture.engine.restore_backup(name, &file, replace).await.unwrap_err();
            assert_eq!(refused.code, ErrorCode::BadRequest, "{refused}");
            assert!(refused.message.contains(says), "{says}: {}", refused.message);
        }
    }
    assert_eq!(rows(&*fixture.session, "SELECT count(*) FROM \"t\"", &[]).await, json!([[5000]]));
    assert_eq!(fixture.engine.databases().await.unwrap(), ["test"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_definitions_cannot_be_used_or_show_what_is_others_is_refused() {
    for fixture in Fixture::both().await {
        fill(&*fixture.session).await;
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("file");
        let mut out = fs::File::create(&file).unwrap();
        fixture.engine.backup("test").await.unwrap().write_to(&mut out).unwrap();
        drop(out);
        let bytes = fs::read(&file).unwrap();
        for (definition, says) in [
            ("CREATE TABLE c (a CHECK (a > 0 OR length(load_extension('x'))))", ""),
            ("CREATE TABLE c (a, b AS (fts3_tokenizer('simple')))", ""),
            ("CREATE VIEW v AS SELECT * FROM PhantomDB_Answers", "the view \"v\""),
            (
                "CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM p WHERE id IN (SELECT write FROM phantomdb_answers); END",
                "the trigger \"r\"",
            ),
        ] {
            fs::write(&file, &bytes).unwrap();
            let connection = rusqlite::Connection::open(&file).unwrap();
            connection
                .execute_batch("PRAGMA journal_mode=DELETE; CREATE TABLE phantomdb_answers (write)")
                .unwrap();
            let made = connection.execute_batch(definition);
            drop(connection);
            if made.is_err() {
                // SQLite itself makes no such definition.
                continue;
            }
            let refused = fixture.engine.restore_backup("test", &file, true).await;
            if let Err(refused) = refused {
                assert_eq!(refused.code, ErrorCode::BadRequest, "{definition}: {refused}");
                let says = says.replace("the ", "its ");
                assert!(refused.message.contains(&says), "{definition}: {refused}");
            } else {
                assert!(says.is_empty(), "{definition}");
            }
            // It is the old database, or one that can be used.
            assert_eq!(
                rows(&*fixture.engine.database("test").await.unwrap(), "SELECT count(*) FROM \"t\"", &[])
                    .await,
                json!([[5000]])
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_with_which_no_file_can_be_made_is_refused_as_one() {
    for fixture in Fixture::both().await {
        let name = "\u{1f600}".repeat(63);
        let refused = fixture.engine.create_database(&name).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::BadRequest, "{refused}");
        assert!(refused.message.contains("240 bytes"), "{refused}");
        fixture.engine.create_database(&"\u{1f600}".repeat(60)).await.unwrap();
    }
}
