use phantomdb_protocol::{BeginTransaction, ErrorCode, IsolationLevel};
use serde_json::json;

use super::{
    fixture::{ContractTest, Fixture, contract_tests},
    numbers::{ALL, INSERT, TABLE, n},
    session::{error, ok, rows, statement},
};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    it_shows_others_nothing_before_the_commit_and_everything_after,
    it_goes_back_to_savepoints_made_before_and_after_the_first_write,
    it_goes_on_after_a_statement_that_failed,
    it_rolls_back_a_transaction_that_is_dropped_and_lets_the_next_writer_in,
    it_undoes_a_change_of_the_schema_with_its_transaction,
    it_refuses_to_write_in_a_transaction_that_only_reads,
    it_refuses_begin_and_commit_as_statements,
    it_rolls_back_when_a_deferred_foreign_key_is_broken_at_the_commit,
    it_checks_deferred_foreign_keys_when_they_become_immediate,
    it_reads_what_others_have_committed_unless_it_has_one_snapshot
];

async fn it_shows_others_nothing_before_the_commit_and_everything_after(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, TABLE, &[]).await;
    let transaction = fixture.begin(None).await;
    ok(&*transaction, INSERT, &n(1)).await;
    assert_eq!(rows(&*transaction, ALL, &[]).await, json!([[1]]));
    assert_eq!(rows(session, ALL, &[]).await, json!([]));
    transaction.commit().await.unwrap();
    assert_eq!(rows(session, ALL, &[]).await, json!([[1]]));
    assert_eq!(transaction.commit().await.unwrap_err().code, ErrorCode::TransactionExpired);
    assert_eq!(error(&*transaction, ALL, &[]).await.code, ErrorCode::TransactionExpired);
}

async fn it_goes_back_to_savepoints_made_before_and_after_the_first_write(fixture: &Fixture) {
    ok(&*fixture.session, TABLE, &[]).await;
    let transaction = fixture.begin(None).await;
    ok(&*transaction, "SAVEPOINT \"a\"", &[]).await;
    ok(&*transaction, "SAVEPOINT \"b\"", &[]).await;
    ok(&*transaction, "RELEASE SAVEPOINT \"b\"", &[]).await;
    ok(&*transaction, INSERT, &n(1)).await;
    ok(&*transaction, "SAVEPOINT \"c\"", &[]).await;
    ok(&*transaction, INSERT, &n(2)).await;
    ok(&*transaction, "ROLLBACK TO SAVEPOINT \"c\"", &[]).await;
    assert_eq!(rows(&*transaction, ALL, &[]).await, json!([[1]]));
    ok(&*transaction, "ROLLBACK TO SAVEPOINT \"a\"", &[]).await;
    assert_eq!(rows(&*transaction, ALL, &[]).await, json!([]));
    let gone = error(&*transaction, "ROLLBACK TO SAVEPOINT \"b\"", &[]).await;
    assert_eq!(gone.code, ErrorCode::BadRequest);
    ok(&*transaction, INSERT, &n(3)).await;
    transaction.commit().await.unwrap();
    assert_eq!(rows(&*fixture.session, ALL, &[]).await, json!([[3]]));
    let outside = error(&*fixture.session, "SAVEPOINT \"a\"", &[]).await;
    assert_eq!(outside.code, ErrorCode::BadRequest);
}

async fn it_goes_on_after_a_statement_that_failed(fixture: &Fixture) {
    ok(&*fixture.session, TABLE, &[]).await;
    let transaction = fixture.begin(None).await;
    ok(&*transaction, INSERT, &n(1)).await;
    let two = "INSERT INTO \"t\" (\"x\") VALUES (2), (1)";
    assert_eq!(error(&*transaction, two, &[]).await.code, ErrorCode::UniqueViolation);
    let batch = vec![statement(INSERT, &n(4)), statement(INSERT, &n(1))];
    assert!(transaction.execute_batch(batch, true).await.is_err());
    ok(&*transaction, INSERT, &n(3)).await;
    transaction.commit().await.unwrap();
    assert_eq!(rows(&*fixture.session, ALL, &[]).await, json!([[1], [3]]));
}

async fn it_rolls_back_a_transaction_that_is_dropped_and_lets_the_next_writer_in(fixture: &Fixture) {
    ok(&*fixture.session, TABLE, &[]).await;
    let transaction = fixture.begin(None).await;
    ok(&*transaction, INSERT, &n(1)).await;
    drop(transaction);
    ok(&*fixture.session, INSERT, &n(2)).await;
    assert_eq!(rows(&*fixture.session, ALL, &[]).await, json!([[2]]));
}

async fn it_undoes_a_change_of_the_schema_with_its_transaction(fixture: &Fixture) {
    let session = &*fixture.session;
    let transaction = fixture.begin(None).await;
    ok(&*transaction, TABLE, &[]).await;
    ok(&*transaction, INSERT, &n(1)).await;
    assert_eq!(transaction.tables().await.unwrap().len(), 1);
    assert_eq!(error(session, ALL, &[]).await.code, ErrorCode::UnknownTable);
    transaction.rollback().await.unwrap();
    assert_eq!(error(session, ALL, &[]).await.code, ErrorCode::UnknownTable);
    // The schema has the same version number as the one that was rolled back.
    ok(session, "CREATE TABLE \"t\" (\"x\" TEXT)", &[]).await;
    ok(session, "INSERT INTO \"t\" (\"x\") VALUES ('one')", &[]).await;
    assert_eq!(rows(session, ALL, &[]).await, json!([["one"]]));
}

async fn it_refuses_to_write_in_a_transaction_that_only_reads(fixture: &Fixture) {
    ok(&*fixture.session, TABLE, &[]).await;
    let options =
        BeginTransaction { database: "test".to_owned(), read_only: true, ..BeginTransaction::default() };
    let transaction = fixture.engine.begin(&options).await.unwrap();
    assert_eq!(error(&*transaction, INSERT, &n(1)).await.code, ErrorCode::BadRequest);
    assert_eq!(rows(&*transaction, ALL, &[]).await, json!([]));
    transaction.commit().await.unwrap();
}

async fn it_refuses_begin_and_commit_as_statements(fixture: &Fixture) {
    let transaction = fixture.begin(None).await;
    for sql in ["BEGIN", "COMMIT", "ROLLBACK"] {
        assert_eq!(error(&*fixture.session, sql, &[]).await.code, ErrorCode::BadRequest);
        assert_eq!(error(&*transaction, sql, &[]).await.code, ErrorCode::BadRequest);
    }
}

async fn it_rolls_back_when_a_deferred_foreign_key_is_broken_at_the_commit(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, TABLE, &[]).await;
    ok(
        session,
        "CREATE TABLE \"c\" (\"y\" INTEGER, CONSTRAINT \"fk\" FOREIGN KEY (\"y\") REFERENCES \"t\" (\"x\") \
         DEFERRABLE INITIALLY IMMEDIATE)",
        &[],
    )
    .await;
    let transaction = fixture.begin(None).await;
    ok(&*transaction, "SET CONSTRAINTS ALL DEFERRED", &[]).await;
    ok(&*transaction, "INSERT INTO \"c\" (\"y\") VALUES (7)", &[]).await;
    let broken = transaction.commit().await.unwrap_err();
    assert_eq!(broken.code, ErrorCode::ForeignKeyViolation);
    assert_eq!(broken.details.table.as_deref(), Some("c"));
    assert_eq!(broken.details.constraint.as_deref(), Some("fk"));
    assert_eq!(rows(session, "SELECT count(*) FROM \"c\"", &[]).await, json!([[0]]));
    ok(session, INSERT, &n(1)).await;
}

async fn it_checks_deferred_foreign_keys_when_they_become_immediate(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, TABLE, &[]).await;
    ok(
        session,
        "CREATE TABLE \"c\" (\"y\" INTEGER, CONSTRAINT \"fk\" FOREIGN KEY (\"y\") REFERENCES \"t\" (\"x\") \
         DEFERRABLE INITIALLY IMMEDIATE)",
        &[],
    )
    .await;
    let transaction = fixture.begin(None).await;
    ok(&*transaction, "SET CONSTRAINTS ALL DEFERRED", &[]).await;
    ok(&*transaction, "INSERT INTO \"c\" (\"y\") VALUES (7)", &[]).await;
    let broken = error(&*transaction, "SET CONSTRAINTS ALL IMMEDIATE", &[]).await;
    assert_eq!(broken.code, ErrorCode::ForeignKeyViolation);
    assert_eq!(broken.details.constraint.as_deref(), Some("fk"));
    // The transaction goes on with the checks deferred.
    ok(&*transaction, INSERT, &n(7)).await;
    ok(&*transaction, "SET CONSTRAINTS ALL IMMEDIATE", &[]).await;
    let at_once = error(&*transaction, "INSERT INTO \"c\" (\"y\") VALUES (8)", &[]).await;
    assert_eq!(at_once.code, ErrorCode::ForeignKeyViolation);
    transaction.commit().await.unwrap();
    assert_eq!(rows(session, "SELECT count(*) FROM \"c\"", &[]).await, json!([[1]]));
}

async fn it_reads_what_others_have_committed_unless_it_has_one_snapshot(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, TABLE, &[]).await;
    ok(session, INSERT, &n(1)).await;
    let committed = fixture.begin(Some(IsolationLevel::ReadCommitted)).await;
    let snapshot = fixture.begin(Some(IsolationLevel::RepeatableRead)).await;
    assert_eq!(rows(&*committed, ALL, &[]).await, json!([[1]]));
    assert_eq!(rows(&*snapshot, ALL, &[]).await, json!([[1]]));
    ok(session, "UPDATE \"t\" SET \"x\" = 2", &[]).await;
    assert_eq!(rows(&*committed, ALL, &[]).await, json!([[2]]));
    assert_eq!(rows(&*snapshot, ALL, &[]).await, json!([[1]]));
    let stale = error(&*snapshot, "UPDATE \"t\" SET \"x\" = 3", &[]).await;
    assert_eq!(stale.code, ErrorCode::SerializationFailure);
    let over = error(&*snapshot, ALL, &[]).await;
    assert_eq!(over.code, ErrorCode::TransactionExpired);
    assert!(over.message.contains("give way"), "{}", over.message);
    assert_eq!(snapshot.commit().await.unwrap_err().code, ErrorCode::TransactionExpired);
    ok(&*committed, INSERT, &n(4)).await;
    committed.commit().await.unwrap();
    snapshot.rollback().await.unwrap();
    assert_eq!(rows(session, ALL, &[]).await, json!([[2], [4]]));
}
