//! The names of tables, views and indexes, whose case counts.

use phantomdb_protocol::ErrorCode;

use super::fixture::{ContractTest, Fixture, contract_tests};
use super::schema::describe;
use super::session::{all, ask, error, ok, run};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    a_drop_takes_nothing_whose_name_differs_in_case,
    no_statement_finds_a_table_in_another_case,
    what_is_created_is_there_or_refused,
    a_drop_of_another_kind_is_refused,
    a_view_that_another_reads_is_dropped_with_it_or_not_at_all,
];

const OBJECTS: [&str; 4] = [
    "CREATE TABLE \"Users\" (id INTEGER PRIMARY KEY, name TEXT)",
    "INSERT INTO \"Users\" VALUES (1, 'a')",
    "CREATE INDEX \"Names\" ON \"Users\" (name)",
    "CREATE VIEW \"Few\" AS SELECT id FROM \"Users\"",
];

async fn a_drop_takes_nothing_whose_name_differs_in_case(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &OBJECTS).await;
    for statement in [
        "DROP VIEW IF EXISTS few",
        "DROP INDEX IF EXISTS names",
        "ALTER TABLE IF EXISTS users ADD COLUMN x INTEGER",
        "ALTER INDEX IF EXISTS names RENAME TO other",
    ] {
        ok(session, statement, &[]).await;
        assert_eq!(ask(session, "SELECT id FROM \"Few\"").await, "1", "{statement}");
        let table = describe(session, "Users").await;
        assert_eq!(table.columns.len(), 2, "{statement}");
        assert!(table.indexes.iter().any(|index| index.name == "Names"), "{statement}");
    }
    for (statement, code) in [
        ("DROP TABLE users", ErrorCode::UnknownTable),
        ("DROP VIEW few", ErrorCode::UnknownTable),
        ("DROP INDEX names", ErrorCode::NotFound),
        ("ALTER INDEX names RENAME TO other", ErrorCode::NotFound),
    ] {
        assert_eq!(error(session, statement, &[]).await.code, code, "{statement}");
    }
    all(session, &["DROP VIEW \"Few\"", "DROP INDEX \"Names\"", "DROP TABLE IF EXISTS \"Users\""]).await;
    assert_eq!(error(session, "SELECT 1 FROM \"Users\"", &[]).await.code, ErrorCode::UnknownTable);
}

async fn no_statement_finds_a_table_in_another_case(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &OBJECTS).await;
    for statement in [
        "SELECT 1 FROM users",
        "SELECT 1 FROM \"Users\" WHERE EXISTS (SELECT 1 FROM users)",
        "INSERT INTO users VALUES (2, 'b')",
        "UPDATE users SET name = 'x'",
        "UPDATE \"Users\" SET name = 'x' FROM users",
        "DELETE FROM users",
        "DELETE FROM \"Users\" USING users",
        "TRUNCATE users",
        "ALTER TABLE users ADD COLUMN x INTEGER",
        "ALTER TABLE users RENAME TO others",
        "COMMENT ON TABLE users IS 'x'",
        "COMMENT ON COLUMN users.id IS 'x'",
        "CREATE INDEX i ON users (name)",
        "CREATE VIEW v AS SELECT id FROM users",
        "CREATE TABLE c AS SELECT id FROM users",
        "CREATE TABLE c (u_id INTEGER REFERENCES users (id))",
        "CREATE TABLE c (u_id INTEGER, FOREIGN KEY (u_id) REFERENCES users (id))",
        "SELECT id FROM few",
        "WITH \"Q\" AS (SELECT 1) SELECT 1 FROM q",
    ] {
        let refused = error(session, statement, &[]).await;
        assert_eq!(refused.code, ErrorCode::UnknownTable, "{statement}: {}", refused.message);
    }
    assert_eq!(ask(session, "SELECT * FROM \"Users\"").await, "1|a");
}

/// An engine that has no room for two names that differ in case says so. It does not take the one for the other.
async fn what_is_created_is_there_or_refused(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &OBJECTS).await;
    for (create, found) in [
        ("CREATE TABLE IF NOT EXISTS users (code TEXT)", "SELECT code FROM users"),
        ("CREATE TABLE IF NOT EXISTS few (code TEXT)", "SELECT code FROM few"),
        ("CREATE TABLE IF NOT EXISTS users AS SELECT 1 AS code", "SELECT code FROM users"),
        ("CREATE VIEW few (code) AS SELECT 2", "SELECT code FROM few"),
        ("CREATE VIEW users (code) AS SELECT 2", "SELECT code FROM users"),
    ] {
        match run(session, create, &[]).await {
            Ok(_) => {
                ok(session, found, &[]).await;
                let object = if create.contains("VIEW") { "VIEW" } else { "TABLE" };
                let name = if create.contains("few") { "few" } else { "users" };
                ok(session, &format!("DROP {object} {name}"), &[]).await;
            }
            Err(refused) => {
                assert_eq!(refused.code, ErrorCode::AlreadyExists, "{create}: {}", refused.message);
                let there = if create.contains("few") { "\"Few\"" } else { "\"Users\"" };
                assert!(refused.message.contains(there), "{create}: {}", refused.message);
            }
        }
    }
    match run(session, "CREATE INDEX IF NOT EXISTS names ON \"Users\" (id)", &[]).await {
        Ok(_) => {
            let indexes = describe(session, "Users").await.indexes;
            assert!(["names", "Names"].iter().all(|name| indexes.iter().any(|index| index.name == *name)));
        }
        Err(refused) => assert_eq!(refused.code, ErrorCode::AlreadyExists, "{}", refused.message),
    }
    // The same name is no other one.
    ok(session, "CREATE TABLE IF NOT EXISTS \"Users\" (code TEXT)", &[]).await;
    ok(session, "CREATE INDEX IF NOT EXISTS \"Names\" ON \"Users\" (name)", &[]).await;
}

async fn a_drop_of_another_kind_is_refused(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &OBJECTS).await;
    for statement in [
        "DROP VIEW \"Users\"",
        "DROP VIEW IF EXISTS \"Users\"",
        "DROP TABLE \"Few\"",
        "DROP TABLE IF EXISTS \"Few\"",
        "COMMENT ON TABLE \"Few\" IS 'x'",
    ] {
        error(session, statement, &[]).await;
    }
    assert_eq!(ask(session, "SELECT name FROM \"Few\" JOIN \"Users\" USING (id)").await, "a");
}

async fn a_view_that_another_reads_is_dropped_with_it_or_not_at_all(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &OBJECTS).await;
    ok(session, "CREATE VIEW \"Fewer\" AS SELECT id FROM \"Few\"", &[]).await;
    error(session, "DROP VIEW \"Few\"", &[]).await;
    assert_eq!(ask(session, "SELECT id FROM \"Fewer\"").await, "1");
    ok(session, "DROP VIEW \"Few\" CASCADE", &[]).await;
    for view in ["Few", "Fewer"] {
        let refused = error(session, &format!("SELECT 1 FROM \"{view}\""), &[]).await;
        assert_eq!(refused.code, ErrorCode::UnknownTable);
    }
    all(session, &[OBJECTS[3], "CREATE VIEW more AS SELECT id FROM \"Few\"", "DROP VIEW \"Few\", more"])
        .await;
}
