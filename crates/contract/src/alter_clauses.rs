//! Every clause of an ALTER TABLE is applied or refused by name.

use phantomdb_protocol::{Constraint, ErrorCode};

use super::fixture::{ContractTest, Fixture, contract_tests};
use super::schema::describe;
use super::session::{all, ask, error, ok};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    an_expression_after_using_gives_the_values,
    a_column_or_a_key_goes_with_the_foreign_keys_to_it_when_it_is_told_to_cascade,
    operations_of_one_statement_build_on_each_other,
    if_exists_and_if_not_exists_leave_alone_what_is_done_already,
    clauses_that_would_have_no_effect_are_refused_by_name,
    a_constraint_of_an_added_column_keeps_its_name
];

async fn an_expression_after_using_gives_the_values(fixture: &Fixture) {
    let session = &*fixture.session;
    for (to, using, expected) in [
        ("INTEGER", "cents * 100", "500"),
        ("BIGINT", "cents * 100", "500"),
        ("BIGINT", "other", "7"),
        ("TEXT", "other::TEXT", "7"),
        ("DECIMAL(10,2)", "cents / 2.0", "2.50"),
        ("TEXT", "CASE WHEN cents > 3 THEN 'many' ELSE 'few' END", "many"),
        ("BOOLEAN", "cents > 3", "true"),
        ("TEXT", "cents::TEXT", "5"),
        ("VARCHAR(9)", "(cents)", "5"),
    ] {
        all(
            session,
            &[
                "CREATE TABLE t (cents INTEGER, other INTEGER)",
                "CREATE INDEX by_cents ON t (cents)",
                "INSERT INTO t VALUES (5, 7)",
                &format!("ALTER TABLE t ALTER COLUMN cents TYPE {to} USING {using}"),
            ],
        )
        .await;
        assert_eq!(ask(session, "SELECT cents FROM t").await, expected, "{to} USING {using}");
        let schema = describe(session, "t").await;
        assert_eq!(schema.columns[0].data_type, to);
        assert_eq!(schema.indexes.len(), 1);
        ok(session, "DROP TABLE t", &[]).await;
    }
    all(session, &["CREATE TABLE t (cents INTEGER, other INTEGER)", "INSERT INTO t VALUES (5, 7)"]).await;
    for (using, code) in [
        ("nothing || 'x'", ErrorCode::UnknownColumn),
        ("sum(cents)", ErrorCode::SyntaxError),
        ("(SELECT max(cents) FROM t)", ErrorCode::Unsupported),
    ] {
        let refused =
            error(session, &format!("ALTER TABLE t ALTER COLUMN cents TYPE TEXT USING {using}"), &[]).await;
        assert_eq!(refused.code, code, "{using}: {}", refused.message);
    }
    assert_eq!(describe(session, "t").await.columns[0].data_type, "INTEGER");
    assert_eq!(ask(session, "SELECT * FROM t").await, "5|7");
}

async fn a_column_or_a_key_goes_with_the_foreign_keys_to_it_when_it_is_told_to_cascade(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE p (id INTEGER PRIMARY KEY, code TEXT UNIQUE, name TEXT)",
            "CREATE TABLE c (p_id INTEGER REFERENCES p (id), p_code TEXT REFERENCES p (code))",
            "INSERT INTO p VALUES (1, 'a', 'x')",
            "INSERT INTO c VALUES (1, 'a')",
        ],
    )
    .await;
    for operation in ["DROP COLUMN code", "DROP COLUMN code RESTRICT", "DROP CONSTRAINT p_pkey"] {
        let refused = error(session, &format!("ALTER TABLE p {operation}"), &[]).await;
        assert_eq!(refused.code, ErrorCode::ForeignKeyViolation, "{operation}: {}", refused.message);
        assert!(refused.message.contains("CASCADE"), "{}", refused.message);
    }
    ok(session, "ALTER TABLE p DROP COLUMN code CASCADE", &[]).await;
    assert_eq!(describe(session, "c").await.constraints.len(), 1);
    ok(session, "ALTER TABLE p DROP CONSTRAINT p_pkey CASCADE", &[]).await;
    assert_eq!(describe(session, "c").await.constraints.len(), 0);
    assert_eq!(ask(session, "SELECT * FROM c").await, "1|a");
    assert_eq!(ask(session, "SELECT * FROM p").await, "1|x");
}

async fn operations_of_one_statement_build_on_each_other(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE t (a INTEGER)",
            "INSERT INTO t VALUES (5)",
            "ALTER TABLE t ALTER COLUMN a TYPE BIGINT USING a * 2, ALTER COLUMN a SET NOT NULL, \
             ALTER COLUMN a SET DEFAULT 9, ADD COLUMN b TEXT, ALTER COLUMN b SET DEFAULT 'x', ADD CONSTRAINT k CHECK (b <> '')",
            "INSERT INTO t DEFAULT VALUES",
        ],
    )
    .await;
    assert_eq!(ask(session, "SELECT * FROM t ORDER BY a").await, "9|x 10|∅");
    let schema = describe(session, "t").await;
    assert_eq!(schema.columns[0].data_type, "BIGINT");
    assert!(!schema.columns[0].allow_null);
    assert_eq!(schema.columns[0].default.as_deref(), Some("9"));
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
