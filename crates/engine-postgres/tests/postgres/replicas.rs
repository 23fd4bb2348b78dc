//! A real primary with a streaming replica.

use std::{sync::Arc, time::Duration};

use phantomdb_engine::{Engine, Session};
use phantomdb_engine_postgres::{PostgresEngine, PostgresOptions};
use phantomdb_protocol::{BeginTransaction, Value};
use phantomdb_testing::{ok, postgres::replica::Servers, rows, statement};
use serde_json::{Value as Json, json};

const COUNT: &str = r#"SELECT count(*) FROM "t""#;
const MAX_LAG: Duration = Duration::from_millis(1500);

async fn count(session: &dyn Session) -> Json {
    rows(session, COUNT, &[]).await[0][0].clone()
}

/// Writes a row and gives the position after it.
async fn insert(engine: &PostgresEngine, number: i64) -> String {
    let session = engine.database("app").await.unwrap();
    let insert = statement(r#"INSERT INTO "t" ("n") VALUES ($1)"#, &[Value::Integer(number)]);
    session.execute(insert).await.unwrap();
    session.position().unwrap()
}

async fn session(engine: &PostgresEngine, seen: Option<&str>) -> Arc<dyn Session> {
    let session = engine.database("app").await.unwrap();
    match seen {
        Some(position) => session.seen(position).unwrap(),
        None => session,
    }
}

/// Waits until a read without a position gives this.
async fn until(engine: &PostgresEngine, expected: u64) {
    for _ in 0..100 {
        if count(&*session(engine, None).await).await == json!(expected) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{expected} rows were never read");
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_go_to_a_replica_that_keeps_up_and_see_the_writes_of_their_caller() {
    let servers = Servers::start().await;
    let engine = servers.engine(MAX_LAG);
    engine.create_database("app").await.unwrap();
    ok(&*session(&engine, None).await, r#"CREATE TABLE "t" ("n" INTEGER)"#, &[]).await;
    let first = insert(&engine, 1).await;
    // By then the probes have found it.
    tokio::time::sleep(2 * MAX_LAG).await;
    until(&engine, 1).await;

    servers.pause(true).await;
    let second = insert(&engine, 2).await;
    assert!(second > first);
    assert_eq!(count(&*session(&engine, None).await).await, 1, "it is read from the replica");
    assert_eq!(count(&*session(&engine, Some(&first)).await).await, 1, "the replica has that");
    for seen in [second.as_str(), "FFFFFFFFFFFFFFFF", "not a position"] {
        assert_eq!(count(&*session(&engine, Some(seen)).await).await, 2, "{seen}");
    }
    let plain = session(&engine, None).await;
    for locking in [r#"SELECT "n" FROM "t" FOR UPDATE"#, r#"SELECT "n", pg_backend_pid() FROM "t""#] {
        assert_eq!(rows(&*plain, locking, &[]).await.as_array().map(Vec::len), Some(2), "{locking}");
    }
    let native = phantomdb_protocol::Statement { native: true, ..statement(COUNT, &[]) };
    assert_eq!(plain.execute(native).await.unwrap().rows.get(), "[[2]]");

    let begin = BeginTransaction { database: "app".to_owned(), ..BeginTransaction::default() };
    let transaction = engine.begin(&begin).await.unwrap();
    let within = Arc::clone(&transaction).as_session();
    assert_eq!(count(&*within).await, 2, "a transaction reads where it writes");
    ok(&*within, r#"INSERT INTO "t" ("n") VALUES (3)"#, &[]).await;
    transaction.commit().await.unwrap();
    let third = transaction.position().unwrap();
    assert!(third > second);
    assert_eq!(count(&*session(&engine, Some(&third)).await).await, 3);

    tokio::time::sleep(MAX_LAG + Duration::from_millis(500)).await;
    assert_eq!(count(&*session(&engine, None).await).await, 3, "it is too far behind now");
    servers.pause(false).await;
    tokio::time::sleep(MAX_LAG).await;
    servers.pause(true).await;
    insert(&engine, 4).await;
    assert_eq!(count(&*session(&engine, None).await).await, 3, "it is read from again");
    servers.pause(false).await;
    until(&engine, 4).await;
    engine.close().await.unwrap();
}

#[tokio::test]
async fn it_refuses_a_lag_that_is_too_small_and_a_url_that_cannot_be_read() {
    let open = |replica: &str, max_lag| {
        let replicas = vec![replica.to_owned()];
        let options = PostgresOptions { replicas, max_lag, ..PostgresOptions::default() };
        PostgresEngine::open("postgres://localhost/postgres", options)
    };
    for (replica, max_lag) in [("postgres://h/d", Duration::ZERO), ("mysql://u:secret@h/d", MAX_LAG)] {
        let refused = open(replica, max_lag).err().unwrap();
        assert_eq!(refused.code, phantomdb_protocol::ErrorCode::BadRequest);
        assert!(!refused.message.contains("secret"), "{}", refused.message);
    }
}
