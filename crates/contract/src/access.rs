//! Sessions that may not do everything.

use phantomdb_protocol::{AlterOperation, BeginTransaction, ErrorCode, IsolationLevel};
use serde_json::json;

use super::{
    fixture::{ContractTest, Fixture, contract_tests},
    numbers::{ALL, INSERT, TABLE, n},
    session::{error, ok, rows, statement},
};
use phantomdb_engine::{Access, Session};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    it_only_reads_with_access_to_read,
    it_only_reads_in_a_transaction_with_access_to_read,
    it_changes_rows_but_no_tables_with_access_to_write,
    a_transaction_that_reads_only_writes_nothing_and_locks_nothing_whatever_else_is_asked,
];

const WRITES: [&str; 5] = [
    "INSERT INTO \"t\" (\"x\") VALUES (2)",
    "INSERT INTO \"t\" (\"x\") VALUES (3) RETURNING \"x\"",
    "UPDATE \"t\" SET \"x\" = \"x\" + 10",
    "DELETE FROM \"t\"",
    "SELECT * FROM \"t\" FOR UPDATE",
];

const CHANGES: [&str; 4] = [
    "CREATE TABLE \"more\" (\"x\" INTEGER)",
    "DROP TABLE \"t\"",
    "ALTER TABLE \"t\" ADD COLUMN \"more\" INTEGER",
    "CREATE INDEX \"more\" ON \"t\" (\"x\")",
];

/// Every statement is refused, alone and in a batch, and so is a change of the table.
async fn refuses<S: Session + ?Sized>(session: &S, statements: &[&str]) {
    for sql in statements {
        assert_eq!(error(session, sql, &[]).await.code, ErrorCode::Forbidden, "{sql}");
        let both = || vec![statement(ALL, &[]), statement(sql, &[])];
        assert_eq!(
            session.execute_batch(both(), true).await.unwrap_err().code,
            ErrorCode::Forbidden,
            "{sql}"
        );
        let each = session.execute_batch(both(), false).await.unwrap();
        assert!(each[0].is_ok() && each[1].as_ref().is_err_and(|error| error.code == ErrorCode::Forbidden));
    }
    let drop = vec![AlterOperation::DropColumn { name: "x".into(), cascade: false }];
    let table = phantomdb_protocol::TableName { name: "t".into(), schema: None };
    assert_eq!(session.alter(&table, drop).await.unwrap_err().code, ErrorCode::Forbidden);
    let native = phantomdb_protocol::Statement { native: true, ..statement("SELECT 1", &[]) };
    assert_eq!(session.execute(native).await.unwrap_err().code, ErrorCode::Forbidden);
}

async fn it_only_reads_with_access_to_read(fixture: &Fixture) {
    ok(&*fixture.session, TABLE, &[]).await;
    ok(&*fixture.session, INSERT, &n(1)).await;
    let session = fixture.engine.database_with("test", Access::Read).await.unwrap();
    refuses(&*session, &WRITES).await;
    refuses(&*session, &CHANGES).await;
    // A read sees what others have committed, each time.
    assert_eq!(rows(&*session, ALL, &[]).await, json!([[1]]));
    ok(&*fixture.session, INSERT, &n(2)).await;
    assert_eq!(rows(&*session, ALL, &[]).await, json!([[1], [2]]));
    assert_eq!(session.tables().await.unwrap().len(), 1);
    let both = vec![statement(ALL, &[]), statement("SELECT 1", &[])];
    assert_eq!(session.execute_batch(both, true).await.unwrap().len(), 2);
}

async fn it_only_reads_in_a_transaction_with_access_to_read(fixture: &Fixture) {
    ok(&*fixture.session, TABLE, &[]).await;
    ok(&*fixture.session, INSERT, &n(1)).await;
    for level in [IsolationLevel::ReadCommitted, IsolationLevel::Serializable] {
        let options = BeginTransaction {
            database: "test".to_owned(),
            isolation_level: Some(level),
            immediate: true,
            ..BeginTransaction::default()
        };
        let transaction = fixture.engine.begin_with(&options, Access::Read).await.unwrap();
        assert_eq!(rows(&*transaction, ALL, &[]).await, json!([[1]]));
        ok(&*transaction, "SAVEPOINT \"s\"", &[]).await;
        refuses(&*transaction, &WRITES).await;
        refuses(&*transaction, &CHANGES).await;
        ok(&*transaction, "ROLLBACK TO \"s\"", &[]).await;
        // It holds no lock.
        ok(&*fixture.session, "UPDATE \"t\" SET \"x\" = 1", &[]).await;
        assert_eq!(rows(&*transaction, ALL, &[]).await, json!([[1]]));
        transaction.commit().await.unwrap();
    }
}

async fn it_changes_rows_but_no_tables_with_access_to_write(fixture: &Fixture) {
    ok(&*fixture.session, TABLE, &[]).await;
    let session = fixture.engine.database_with("test", Access::Write).await.unwrap();
    refuses(&*session, &CHANGES).await;
    let options = BeginTransaction { database: "test".to_owned(), ..BeginTransaction::default() };
    let transaction = fixture.engine.begin_with(&options, Access::Write).await.unwrap();
    ok(&*transaction, INSERT, &n(1)).await;
    refuses(&*transaction, &CHANGES).await;
    transaction.commit().await.unwrap();
    for sql in WRITES {
        ok(&*session, sql, &[]).await;
    }
    assert_eq!(rows(&*session, ALL, &[]).await, json!([]));
}

async fn a_transaction_that_reads_only_writes_nothing_and_locks_nothing_whatever_else_is_asked(
    fixture: &Fixture,
) {
    ok(&*fixture.session, TABLE, &[]).await;
    ok(&*fixture.session, INSERT, &n(1)).await;
    for level in [IsolationLevel::ReadCommitted, IsolationLevel::Serializable] {
        let options = BeginTransaction {
            database: "test".to_owned(),
            isolation_level: Some(level),
            read_only: true,
            immediate: true,
            timeout: None,
        };
        let transaction = fixture.engine.begin(&options).await.unwrap();
        for sql in WRITES.into_iter().chain(CHANGES) {
            assert_eq!(error(&*transaction, sql, &[]).await.code, ErrorCode::BadRequest, "{sql}");
            let batch = vec![statement(sql, &[])];
            let refused = transaction.execute_batch(batch, true).await.unwrap_err();
            assert_eq!(refused.code, ErrorCode::BadRequest, "{sql}");
        }
        let rename = vec![AlterOperation::RenameColumn { from: "x".into(), to: "y".into() }];
        let table = phantomdb_protocol::TableName { name: "t".into(), schema: None };
        assert_eq!(transaction.alter(&table, rename).await.unwrap_err().code, ErrorCode::BadRequest);
        ok(&*fixture.session, "UPDATE \"t\" SET \"x\" = 1", &[]).await;
        assert_eq!(rows(&*transaction, ALL, &[]).await, json!([[1]]));
        transaction.commit().await.unwrap();
    }
    assert_eq!(rows(&*fixture.session, ALL, &[]).await, json!([[1]]));
}
