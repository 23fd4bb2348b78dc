use phantomdb_protocol::{ErrorCode, IsolationLevel, Value};
use phantomdb_sql::cursor::CURSORS_MAX;
use serde_json::json;

use super::{
    fixture::{ContractTest, Fixture, contract_tests},
    numbers::{ALL, INSERT, TABLE, n},
    session::{error, ok, rows},
};
use phantomdb_engine::Session;

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    it_reads_a_result_in_parts,
    it_reads_the_state_in_which_a_cursor_was_declared,
    it_shows_no_later_write_of_its_own_transaction,
    it_takes_parameters_and_keeps_types,
    it_goes_on_with_a_cursor_after_a_statement_that_failed,
    it_refuses_cursors_that_do_more_than_read,
    it_says_which_cursor_is_missing_or_open_already,
    it_limits_the_open_cursors_of_a_transaction,
    it_reads_all_rows_when_asked_for_more_than_there_are
];

const DECLARE: &str = "DECLARE \"C 1\" NO SCROLL CURSOR FOR SELECT \"x\" FROM \"t\" ORDER BY \"x\"";
const FETCH: &str = "FETCH 2 FROM \"C 1\"";

async fn with_numbers(fixture: &Fixture, count: i64) {
    ok(&*fixture.session, TABLE, &[]).await;
    for x in 1..=count {
        ok(&*fixture.session, INSERT, &n(x)).await;
    }
}

async fn it_reads_a_result_in_parts(fixture: &Fixture) {
    with_numbers(fixture, 5).await;
    for level in [None, Some(IsolationLevel::RepeatableRead)] {
        let transaction = fixture.begin(level).await;
        let declared = ok(&*transaction, DECLARE, &[]).await;
        assert_eq!((declared.columns.len(), declared.rows.get()), (0, "[]"));
        assert_eq!(rows(&*transaction, FETCH, &[]).await, json!([[1], [2]]));
        assert_eq!(rows(&*transaction, "FETCH NEXT FROM \"C 1\"", &[]).await, json!([[3]]));
        assert_eq!(rows(&*transaction, FETCH, &[]).await, json!([[4], [5]]));
        let last = ok(&*transaction, FETCH, &[]).await;
        assert_eq!((last.columns[0].name.as_str(), last.rows.get()), ("x", "[]"));
        ok(&*transaction, "CLOSE \"C 1\"", &[]).await;
        transaction.commit().await.unwrap();
    }
}

async fn it_reads_the_state_in_which_a_cursor_was_declared(fixture: &Fixture) {
    with_numbers(fixture, 3).await;
    let transaction = fixture.begin(None).await;
    ok(&*transaction, DECLARE, &[]).await;
    ok(&*fixture.session, "DELETE FROM \"t\" WHERE \"x\" < 3", &[]).await;
    ok(&*fixture.session, INSERT, &n(4)).await;
    // Each statement of the transaction still sees what is committed when it begins.
    assert_eq!(rows(&*transaction, ALL, &[]).await, json!([[3], [4]]));
    assert_eq!(rows(&*transaction, FETCH, &[]).await, json!([[1], [2]]));
    ok(&*transaction, INSERT, &n(5)).await;
    assert_eq!(rows(&*transaction, FETCH, &[]).await, json!([[3]]));
    transaction.commit().await.unwrap();
    assert_eq!(rows(&*fixture.session, ALL, &[]).await, json!([[3], [4], [5]]));
}

async fn it_shows_no_later_write_of_its_own_transaction(fixture: &Fixture) {
    with_numbers(fixture, 3).await;
    for level in [None, Some(IsolationLevel::Serializable)] {
        let transaction = fixture.begin(level).await;
        ok(&*transaction, "UPDATE \"t\" SET \"x\" = 10 WHERE \"x\" = 1", &[]).await;
        ok(&*transaction, DECLARE, &[]).await;
        assert_eq!(rows(&*transaction, "FETCH 1 FROM \"C 1\"", &[]).await, json!([[2]]));
        ok(&*transaction, "UPDATE \"t\" SET \"x\" = \"x\" + 100", &[]).await;
        ok(&*transaction, INSERT, &n(4)).await;
        assert_eq!(rows(&*transaction, "FETCH 9 FROM \"C 1\"", &[]).await, json!([[3], [10]]));
        transaction.rollback().await.unwrap();
    }
    let transaction = fixture.begin(Some(IsolationLevel::RepeatableRead)).await;
    ok(&*transaction, DECLARE, &[]).await;
    ok(&*transaction, INSERT, &n(4)).await;
    assert_eq!(rows(&*transaction, "FETCH 9 FROM \"C 1\"", &[]).await, json!([[1], [2], [3]]));
    transaction.rollback().await.unwrap();
}

async fn it_takes_parameters_and_keeps_types(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE v (a INTEGER, b VARCHAR(9), c TIMESTAMP, d DECIMAL(9,2), e BOOLEAN)", &[])
        .await;
    let insert =
        "INSERT INTO v VALUES (1, 'x', '2024-01-02T03:04:05Z', 1.5, true), (2, NULL, NULL, NULL, NULL)";
    ok(session, insert, &[]).await;
    let query = "SELECT a, b, c, d, e, a * $2 AS f, sum(a) OVER () AS g FROM v WHERE a <= $1 ORDER BY a";
    let parameters = [Value::Integer(2), Value::Integer(3)];
    let whole = ok(session, query, &parameters).await;
    let transaction = fixture.begin(None).await;
    ok(&*transaction, &format!("DECLARE c CURSOR FOR {query}"), &parameters).await;
    let fetched = ok(&*transaction, "FETCH FORWARD 9 IN c", &[]).await;
    assert_eq!(fetched.columns, whole.columns);
    assert_eq!(fetched.rows.get(), whole.rows.get());
    transaction.rollback().await.unwrap();
}

async fn it_goes_on_with_a_cursor_after_a_statement_that_failed(fixture: &Fixture) {
    with_numbers(fixture, 3).await;
    let transaction = fixture.begin(None).await;
    ok(&*transaction, DECLARE, &[]).await;
    error(&*transaction, "SELECT * FROM nowhere", &[]).await;
    assert_eq!(rows(&*transaction, FETCH, &[]).await, json!([[1], [2]]));
    error(&*transaction, "SELECT * FROM nowhere", &[]).await;
    assert_eq!(rows(&*transaction, FETCH, &[]).await, json!([[3]]));
    transaction.commit().await.unwrap();
    assert_eq!(error(&*transaction, FETCH, &[]).await.code, ErrorCode::TransactionExpired);
}

async fn it_refuses_cursors_that_do_more_than_read(fixture: &Fixture) {
    with_numbers(fixture, 1).await;
    let transaction = fixture.begin(None).await;
    for query in [
        "INSERT INTO \"t\" VALUES (7) RETURNING \"x\"",
        "DELETE FROM \"t\"",
        "SELECT * FROM \"t\" FOR UPDATE",
    ] {
        let refused = error(&*transaction, &format!("DECLARE c CURSOR FOR {query}"), &[]).await;
        assert_eq!(refused.code, ErrorCode::Unsupported, "{query}");
    }
    let wrong = error(&*transaction, "DECLARE c CURSOR FOR SELECT 1 +", &[]).await;
    assert_eq!(wrong.code, ErrorCode::SyntaxError);
    let missing = error(&*transaction, "DECLARE c CURSOR FOR SELECT * FROM nowhere", &[]).await;
    assert_eq!(missing.code, ErrorCode::UnknownTable);
    transaction.commit().await.unwrap();
    assert_eq!(rows(&*fixture.session, ALL, &[]).await, json!([[1]]));
}

async fn it_says_which_cursor_is_missing_or_open_already(fixture: &Fixture) {
    with_numbers(fixture, 1).await;
    let transaction = fixture.begin(None).await;
    for missing in [FETCH, "CLOSE \"C 1\""] {
        let refused = error(&*transaction, missing, &[]).await;
        assert_eq!(refused.code, ErrorCode::BadRequest);
        assert!(refused.message.contains("\"C 1\""), "{}", refused.message);
    }
    ok(&*transaction, DECLARE, &[]).await;
    assert_eq!(error(&*transaction, DECLARE, &[]).await.code, ErrorCode::BadRequest);
    assert_eq!(rows(&*transaction, FETCH, &[]).await, json!([[1]]));
    transaction.rollback().await.unwrap();
    let session: &dyn Session = &*fixture.session;
    assert!(matches!(
        error(session, DECLARE, &[]).await.code,
        ErrorCode::BadRequest | ErrorCode::Unsupported
    ));
}

async fn it_limits_the_open_cursors_of_a_transaction(fixture: &Fixture) {
    let transaction = fixture.begin(None).await;
    for number in 0..CURSORS_MAX {
        ok(&*transaction, &format!("DECLARE c{number} CURSOR FOR SELECT {number}"), &[]).await;
    }
    let refused = error(&*transaction, "DECLARE more CURSOR FOR SELECT 1", &[]).await;
    assert_eq!(refused.code, ErrorCode::TooManyRequests);
    ok(&*transaction, "CLOSE c0", &[]).await;
    ok(&*transaction, "DECLARE more CURSOR FOR SELECT 7", &[]).await;
    assert_eq!(rows(&*transaction, "FETCH 1 FROM more", &[]).await, json!([[7]]));
    transaction.rollback().await.unwrap();
}

async fn it_reads_all_rows_when_asked_for_more_than_there_are(fixture: &Fixture) {
    with_numbers(fixture, 3).await;
    let transaction = fixture.begin(None).await;
    for count in [4, i64::from(i32::MAX), i64::from(i32::MAX) + 1, i64::MAX] {
        ok(&*transaction, DECLARE, &[]).await;
        let all = rows(&*transaction, &format!("FETCH {count} FROM \"C 1\""), &[]).await;
        assert_eq!(all, json!([[1], [2], [3]]), "{count}");
        ok(&*transaction, "CLOSE \"C 1\"", &[]).await;
    }
    transaction.rollback().await.unwrap();
}
