//! Values that must never become SQL, and text that is refused.

use phantomdb_protocol::{ErrorCode, TableName};

use super::fixture::{ContractTest, Fixture, contract_tests};
use super::session::{ask, ask_with, error, ok, text};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    it_refuses_more_than_one_statement_and_says_where_the_second_begins,
    deep_nesting_is_an_error_and_long_chains_work,
    strings_and_identifiers_never_become_sql,
    names_and_values_of_definitions_never_become_sql,
    an_unknown_quoted_identifier_is_no_string
];

const TRICKS: [&str; 16] = [
    "\\' OR 1=1 --",
    "a''b",
    "''",
    "'",
    "\\",
    "--",
    "/* */",
    "$1",
    ":name",
    "?",
    "\u{2019}",
    "x\"y",
    "TO_DATE('x') OR 1=1",
    "SELECT tbl_name FROM sqlite_master",
    "a')) = 1 OR 1=1-- ",
    "\\''; DROP TABLE x; --",
];

async fn it_refuses_more_than_one_statement_and_says_where_the_second_begins(fixture: &Fixture) {
    let session = &*fixture.session;
    let two = error(session, "SELECT 1; DROP TABLE x", &[]).await;
    assert_eq!((two.code, two.details.position), (ErrorCode::SyntaxError, Some(11)));
    let broken = error(session, "SELECT 'ä',\n  )", &[]).await;
    assert_eq!((broken.code, broken.details.position), (ErrorCode::SyntaxError, Some(15)));
    assert_eq!(error(session, " ; ", &[]).await.code, ErrorCode::SyntaxError);
    assert_eq!(ask(session, "SELECT 1;;").await, "1");
}

async fn deep_nesting_is_an_error_and_long_chains_work(fixture: &Fixture) {
    let session = &*fixture.session;
    for (depth, code) in [(1_000, ErrorCode::SyntaxError), (100_000, ErrorCode::TooLarge)] {
        let parentheses = format!("SELECT {}1{}", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(error(session, &parentheses, &[]).await.code, code);
        let negations = format!("SELECT {}true", "NOT ".repeat(depth));
        assert_eq!(error(session, &negations, &[]).await.code, code);
    }
    let chain = format!("SELECT {}", vec!["1 = 2"; 5_000].join(" OR "));
    assert_eq!(ask(session, &chain).await, "false");
    let nested = format!("SELECT {}1{}", "(".repeat(60), ")".repeat(60));
    assert_eq!(ask(session, &nested).await, "1");
}

async fn strings_and_identifiers_never_become_sql(fixture: &Fixture) {
    let session = &*fixture.session;
    for value in TRICKS {
        let literal = format!("SELECT '{}'", value.replace('\'', "''"));
        assert_eq!(ask(session, &literal).await, value);
        assert_eq!(ask_with(session, "SELECT CAST($1 AS TEXT)", &[text(value)]).await, value);
        let name = value.replace('"', "\"\"");
        let sql = format!("SELECT \"t\".\"{name}\" FROM (SELECT 1 AS \"{name}\") AS \"t\"");
        assert_eq!(ok(session, &sql, &[]).await.columns[0].name, value, "{sql}");
    }
    assert_eq!(error(session, "SELECT 'a\0b'", &[]).await.code, ErrorCode::TypeMismatch);
}

async fn names_and_values_of_definitions_never_become_sql(fixture: &Fixture) {
    let session = &*fixture.session;
    for (number, value) in TRICKS.iter().enumerate() {
        let (name, literal) = (value.replace('"', "\"\""), value.replace('\'', "''"));
        ok(
            session,
            &format!(
                "CREATE TABLE \"{name}\" (\"{name}\" TEXT DEFAULT '{literal}' CHECK (\"{name}\" <> '{literal}x'), \
                 \"role\" ENUM('{literal}', 'b'))"
            ),
            &[],
        )
        .await;
        ok(session, &format!("COMMENT ON COLUMN \"{name}\".\"{name}\" IS '{literal}'"), &[]).await;
        ok(
            session,
            &format!("CREATE INDEX \"i{number}\" ON \"{name}\" (\"{name}\") WHERE \"{name}\" <> '{literal}'"),
            &[],
        )
        .await;
        let schema = session.describe(&TableName::new(*value)).await.unwrap();
        let column = &schema.columns[0];
        assert_eq!(column.name, *value);
        assert_eq!(column.default.as_deref(), Some(format!("'{literal}'").as_str()));
        assert_eq!(column.comment.as_deref(), Some(*value));
        assert_eq!(schema.columns[1].data_type, format!("ENUM('{literal}','b')"));
        let inserted = format!("INSERT INTO \"{name}\" (\"role\") VALUES ('{literal}') RETURNING \"{name}\"");
        assert_eq!(ask(session, &inserted).await, *value);
    }
    let mut names: Vec<&str> = TRICKS.to_vec();
    names.sort_unstable();
    let tables = session.tables().await.unwrap();
    assert_eq!(tables.iter().map(|table| table.name.as_str()).collect::<Vec<_>>(), names);
}

async fn an_unknown_quoted_identifier_is_no_string(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE t (a TEXT)", &[]).await;
    assert_eq!(error(session, "SELECT \"nothing\" FROM t", &[]).await.code, ErrorCode::UnknownColumn);
}
