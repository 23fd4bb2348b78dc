use phantomdb_protocol::{Error, ErrorCode, ForeignKeySide, TableName};

use super::fixture::{ContractTest, Fixture, contract_tests};
use super::session::{error, ok, rows, statement};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    it_names_table_columns_and_constraint_of_what_was_violated,
    it_names_what_is_not_there_or_there_already,
    it_says_which_rows_point_to_the_one_that_was_to_go,
    an_unknown_table_names_the_one_whose_name_differs_in_case,
    an_atomic_batch_says_which_statement_failed
];

fn columns(error: &Error) -> Vec<&str> {
    error.details.columns.iter().map(String::as_str).collect()
}

async fn it_names_table_columns_and_constraint_of_what_was_violated(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE \"p\" (\"id\" INTEGER PRIMARY KEY)", &[]).await;
    ok(
        session,
        "CREATE TABLE \"t\" (\"a\" INTEGER, \"b\" INTEGER NOT NULL, \"p\" INTEGER, \
         CONSTRAINT \"ab\" UNIQUE (\"a\", \"b\"), CONSTRAINT \"small\" CHECK (\"a\" < 10), \
         CONSTRAINT \"to_p\" FOREIGN KEY (\"p\") REFERENCES \"p\" (\"id\"))",
        &[],
    )
    .await;
    ok(session, "INSERT INTO \"t\" (\"a\", \"b\") VALUES (1, 2)", &[]).await;

    let unique = error(session, "INSERT INTO \"t\" (\"a\", \"b\") VALUES (1, 2)", &[]).await;
    assert_eq!(unique.code, ErrorCode::UniqueViolation);
    assert_eq!(unique.details.table.as_deref(), Some("t"));
    assert_eq!(columns(&unique), ["a", "b"]);
    assert_eq!(unique.details.constraint.as_deref(), Some("ab"));

    let null = error(session, "INSERT INTO \"t\" (\"a\", \"b\") VALUES (1, NULL)", &[]).await;
    assert_eq!(null.code, ErrorCode::NotNullViolation);
    assert_eq!((null.details.table.as_deref(), columns(&null)), (Some("t"), vec!["b"]));

    let check = error(session, "UPDATE \"t\" SET \"a\" = 11", &[]).await;
    assert_eq!(check.code, ErrorCode::CheckViolation);
    assert_eq!(check.details.constraint.as_deref(), Some("small"));
    assert_eq!(check.details.table.as_deref(), Some("t"));

    let key = error(session, "INSERT INTO \"t\" (\"b\", \"p\") VALUES (3, 7)", &[]).await;
    assert_eq!(key.code, ErrorCode::ForeignKeyViolation);
    assert_eq!(key.details.table.as_deref(), Some("t"));
    assert_eq!(key.details.constraint.as_deref(), Some("to_p"));
    assert_eq!(key.details.referenced_table.as_deref(), Some("p"));
    assert_eq!(columns(&key), ["p"]);

    ok(session, "INSERT INTO \"p\" (\"id\") VALUES (5)", &[]).await;
    ok(session, "UPDATE \"t\" SET \"p\" = 5", &[]).await;
    let parent = error(session, "DELETE FROM \"p\"", &[]).await;
    assert_eq!(parent.code, ErrorCode::ForeignKeyViolation);
    assert_eq!(parent.details.constraint.as_deref(), Some("to_p"));
    assert_eq!(columns(&parent), ["p"]);
    let transaction = fixture.begin(None).await;
    let within = error(&*transaction, "UPDATE \"p\" SET \"id\" = 6", &[]).await;
    assert_eq!((within.code, columns(&within)), (ErrorCode::ForeignKeyViolation, vec!["p"]));
    let batch = || vec![statement("DELETE FROM \"p\"", &[])];
    let within = transaction.execute_batch(batch(), true).await.unwrap_err();
    assert_eq!(columns(&within), ["p"]);
    transaction.rollback().await.unwrap();
    let alone = session.execute_batch(batch(), true).await.unwrap_err();
    assert_eq!(columns(&alone), ["p"]);
    let each = session.execute_batch(batch(), false).await.unwrap();
    assert_eq!(columns(each[0].as_ref().unwrap_err()), ["p"]);
}

async fn it_says_which_rows_point_to_the_one_that_was_to_go(fixture: &Fixture) {
    let session = &*fixture.session;
    for text in [
        "CREATE TABLE p (id INTEGER PRIMARY KEY)",
        // Rows that go or change together with those of p are not in the way.
        "CREATE TABLE gone (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE)",
        "CREATE TABLE freed (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p ON DELETE SET NULL ON UPDATE CASCADE)",
        "CREATE TABLE of_freed (id INTEGER PRIMARY KEY, f INTEGER REFERENCES freed)",
        "CREATE TABLE kept (id INTEGER PRIMARY KEY, g INTEGER CONSTRAINT to_gone REFERENCES gone)",
        "INSERT INTO p VALUES (1)",
        "INSERT INTO gone VALUES (2, 1)",
        "INSERT INTO freed VALUES (3, 1)",
        "INSERT INTO of_freed VALUES (4, 3)",
        "INSERT INTO kept VALUES (5, 2)",
    ] {
        ok(session, text, &[]).await;
    }
    let two = "CREATE TABLE two (a INTEGER CONSTRAINT to_p REFERENCES p, b INTEGER REFERENCES gone)";
    ok(session, two, &[]).await;
    ok(session, "INSERT INTO two VALUES (1, NULL)", &[]).await;
    let moved = error(session, "UPDATE two SET a = 9", &[]).await;
    assert_eq!(moved.message, "\"a\" of \"two\" would point to a row of \"p\" that is not there");
    assert_eq!((moved.details.constraint.as_deref(), columns(&moved)), (Some("to_p"), vec!["a"]));
    ok(session, "DROP TABLE two", &[]).await;
    for text in ["DELETE FROM p", "DELETE FROM gone", "UPDATE gone SET id = 8"] {
        let refused = error(session, text, &[]).await;
        assert_eq!(refused.message, "rows of \"kept\" point to the row of \"gone\"", "{text}");
        assert_eq!(refused.details.side, Some(ForeignKeySide::Parent), "{text}");
        let names = (refused.details.table.as_deref(), refused.details.constraint.as_deref());
        assert_eq!((names, columns(&refused)), ((Some("kept"), Some("to_gone")), vec!["g"]), "{text}");
    }
}

async fn it_names_what_is_not_there_or_there_already(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE \"t\" (\"a\" INTEGER)", &[]).await;
    let table = error(session, "SELECT * FROM \"nothing\"", &[]).await;
    assert_eq!((table.code, table.details.table.as_deref()), (ErrorCode::UnknownTable, Some("nothing")));
    let column = error(session, "SELECT \"missing\" FROM \"t\"", &[]).await;
    assert_eq!((column.code, columns(&column)), (ErrorCode::UnknownColumn, vec!["missing"]));
    let insert = error(session, "INSERT INTO \"t\" (\"missing\") VALUES (1)", &[]).await;
    assert_eq!((insert.code, columns(&insert)), (ErrorCode::UnknownColumn, vec!["missing"]));
    let again = error(session, "CREATE TABLE \"t\" (\"a\" INTEGER)", &[]).await;
    assert_eq!(again.code, ErrorCode::AlreadyExists);
    let unknown = error(session, "SELECT CAST(1 AS nothing)", &[]).await;
    assert_eq!(unknown.code, ErrorCode::Unsupported, "{}", unknown.message);
    assert_eq!(error(session, "SELECT 1 +", &[]).await.code, ErrorCode::SyntaxError);
}

async fn an_unknown_table_names_the_one_whose_name_differs_in_case(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE \"Users\" (\"a\" INTEGER)", &[]).await;
    let wanted = "there is no table \"users\"; there is \"Users\"";
    let statements = [
        "SELECT * FROM users",
        "SELECT count(*) FROM (SELECT 1 FROM users u) s",
        "INSERT INTO users VALUES (1)",
        "UPDATE users SET a = 1",
        "DELETE FROM users",
        "TRUNCATE users",
        "DROP TABLE users",
        "ALTER TABLE users ADD COLUMN b INTEGER",
        "CREATE INDEX i ON users (a)",
        "CREATE TABLE t (a INTEGER REFERENCES users)",
    ];
    for text in statements {
        let alone = error(session, text, &[]).await;
        assert_eq!(alone.code, ErrorCode::UnknownTable, "{text}");
        assert!(alone.message.starts_with(wanted), "{text}: {}", alone.message);
        let transaction = fixture.begin(None).await;
        let within = error(&*transaction, text, &[]).await;
        assert!(within.message.starts_with(wanted), "{text} in a transaction: {}", within.message);
        transaction.rollback().await.unwrap();
    }
    let described = session.describe(&TableName::new("users")).await.unwrap_err();
    assert_eq!((described.code, described.message.as_str()), (ErrorCode::UnknownTable, wanted));
    let batch = || vec![statement("SELECT 1", &[]), statement("SELECT * FROM users", &[])];
    let each = session.execute_batch(batch(), false).await.unwrap();
    assert!(each[1].as_ref().unwrap_err().message.starts_with(wanted));
    let whole = session.execute_batch(batch(), true).await.unwrap_err();
    assert!(whole.message.contains(wanted), "{}", whole.message);
}

async fn an_atomic_batch_says_which_statement_failed(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE \"t\" (\"a\" INTEGER NOT NULL)", &[]).await;
    let insert = || statement("INSERT INTO \"t\" VALUES (1)", &[]);
    for failing in [
        "INSERT INTO \"t\" VALUES (NULL)",
        "INSERT INTO \"t\" VALUES ('x')",
        "SELECT nothing FROM \"t\"",
        "SELECT 1 +",
        "SAVEPOINT s",
    ] {
        // The second time, an engine knows the statements.
        for _ in 0..2 {
            let batch = || vec![insert(), insert(), statement(failing, &[]), insert()];
            let alone = session.execute_batch(batch(), true).await.unwrap_err();
            assert_eq!(alone.details.statement, Some(2), "{failing}");
            if failing != "SAVEPOINT s" {
                let transaction = fixture.begin(None).await;
                let within = transaction.execute_batch(batch(), true).await.unwrap_err();
                assert_eq!(within.details.statement, Some(2), "{failing}");
                transaction.rollback().await.unwrap();
            }
        }
    }
    assert_eq!(rows(session, "SELECT \"a\" FROM \"t\"", &[]).await, serde_json::json!([]));
}
