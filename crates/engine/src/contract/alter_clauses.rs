//! Every clause of an ALTER TABLE is applied or refused by name.

use phantomdb_protocol::{Constraint, ErrorCode};

use super::schema::describe;
use super::session::{all, ask, error, ok};
use super::{ContractTest, Fixture, contract_tests};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    a_conversion_with_another_expression_is_refused_and_changes_nothing,
    if_exists_and_if_not_exists_leave_alone_what_is_done_already,
    clauses_that_would_have_no_effect_are_refused_by_name,
    a_constraint_of_an_added_column_keeps_its_name
];

async fn a_conversion_with_another_expression_is_refused_and_changes_nothing(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &["CREATE TABLE t (cents INTEGER, other INTEGER)", "INSERT INTO t VALUES (5, 7)"]).await;
    for using in ["cents * 100", "other", "other::TEXT", "cents::BIGINT", "lower(cents::TEXT)"] {
        let statement = format!("ALTER TABLE t ALTER COLUMN cents TYPE TEXT USING {using}");
        let refused = error(session, &statement, &[]).await;
        assert_eq!(refused.code, ErrorCode::Unsupported, "{using}");
        assert!(refused.message.contains("USING"), "{}", refused.message);
    }
    assert_eq!(describe(session, "t").await.columns[0].data_type, "INTEGER");
    for (to, using) in
        [("TEXT", "cents::TEXT"), ("BIGINT", "CAST(cents AS BIGINT)"), ("VARCHAR(9)", "(cents)")]
    {
        ok(session, &format!("ALTER TABLE t ALTER COLUMN cents TYPE {to} USING {using}"), &[]).await;
        assert_eq!(describe(session, "t").await.columns[0].data_type, to);
    }
    assert_eq!(ask(session, "SELECT * FROM t").await, "5|7");
}

async fn if_exists_and_if_not_exists_leave_alone_what_is_done_already(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE t (id INTEGER, a TEXT, CONSTRAINT ids UNIQUE (id))",
            "INSERT INTO t VALUES (1, 'x')",
            "ALTER TABLE t ADD COLUMN IF NOT EXISTS a INTEGER NOT NULL",
            "ALTER TABLE t ADD COLUMN IF NOT EXISTS b INTEGER DEFAULT 2",
            "ALTER TABLE t DROP COLUMN IF EXISTS nothing",
            "ALTER TABLE t DROP CONSTRAINT IF EXISTS nothing",
            "ALTER TABLE IF EXISTS nothing ADD COLUMN c INTEGER",
            "ALTER TABLE IF EXISTS t ADD COLUMN c INTEGER DEFAULT 3",
        ],
    )
    .await;
    assert_eq!(ask(session, "SELECT * FROM t").await, "1|x|2|3");
    assert_eq!(describe(session, "t").await.columns[1].data_type, "TEXT");
    assert_eq!(describe(session, "t").await.constraints.len(), 1);
    all(session, &["ALTER TABLE t DROP CONSTRAINT IF EXISTS ids", "ALTER TABLE t DROP COLUMN IF EXISTS b"])
        .await;
    assert!(describe(session, "t").await.constraints.is_empty());
    assert_eq!(ask(session, "SELECT * FROM t").await, "1|x|3");
    for (statement, code) in [
        ("ALTER TABLE t ADD COLUMN a INTEGER", ErrorCode::AlreadyExists),
        ("ALTER TABLE t DROP COLUMN nothing", ErrorCode::UnknownColumn),
        ("ALTER TABLE t DROP CONSTRAINT nothing", ErrorCode::UnknownConstraint),
        ("ALTER TABLE nothing ADD COLUMN c INTEGER", ErrorCode::UnknownTable),
        ("ALTER TABLE nothing ADD COLUMN IF NOT EXISTS c INTEGER", ErrorCode::UnknownTable),
    ] {
        assert_eq!(error(session, statement, &[]).await.code, code, "{statement}");
    }
}

async fn clauses_that_would_have_no_effect_are_refused_by_name(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &["CREATE TABLE p (id INTEGER PRIMARY KEY)", "CREATE TABLE t (a INTEGER, b TEXT)"]).await;
    for (operation, clause) in [
        ("DROP COLUMN a CASCADE", "CASCADE"),
        ("DROP CONSTRAINT nothing CASCADE", "CASCADE"),
        ("ADD CONSTRAINT c CHECK (a > 0) NOT VALID", "NOT VALID"),
        ("ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES p (id) MATCH FULL", "MATCH FULL"),
        ("ADD CONSTRAINT c UNIQUE NULLS NOT DISTINCT (a)", "NULLS NOT DISTINCT"),
        ("ADD CONSTRAINT c UNIQUE (a) DEFERRABLE", "deferrable"),
        ("ADD CONSTRAINT c UNIQUE (a) INITIALLY DEFERRED", "deferrable"),
        ("ADD COLUMN c TEXT COLLATE \"C\"", "COLLATE"),
        ("ADD COLUMN c INTEGER UNIQUE DEFERRABLE", "deferrable"),
    ] {
        let refused = error(session, &format!("ALTER TABLE t {operation}"), &[]).await;
        assert_eq!(refused.code, ErrorCode::Unsupported, "{operation}: {}", refused.message);
        assert!(refused.message.contains(clause), "{operation}: {}", refused.message);
    }
    let schema = describe(session, "t").await;
    assert_eq!((schema.columns.len(), schema.constraints.len()), (2, 0));
    ok(session, "ALTER TABLE ONLY t DROP COLUMN b RESTRICT", &[]).await;
    assert_eq!(describe(session, "t").await.columns.len(), 1);
}

async fn a_constraint_of_an_added_column_keeps_its_name(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE p (id INTEGER PRIMARY KEY)",
            "CREATE TABLE t (a INTEGER)",
            "ALTER TABLE t ADD COLUMN b INTEGER CONSTRAINT only_b UNIQUE",
            "ALTER TABLE t ADD COLUMN c INTEGER CONSTRAINT to_p REFERENCES p (id)",
            "ALTER TABLE t ADD COLUMN d INTEGER CONSTRAINT positive CHECK (d > 0)",
        ],
    )
    .await;
    let schema = describe(session, "t").await;
    let mut names: Vec<&str> = schema.constraints.iter().filter_map(Constraint::name).collect();
    names.sort_unstable();
    assert_eq!(names, ["only_b", "positive", "to_p"]);
}
