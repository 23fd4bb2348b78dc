//! WITH queries that change rows.

use phantomdb_protocol::{ErrorCode, Value};
use serde_json::json;

use super::{
    fixture::{ContractTest, Fixture, contract_tests},
    session::{error, ok, rows},
};

pub(super) const TESTS: &[ContractTest] = contract_tests![
    rows_are_moved_from_table_to_table,
    returned_values_keep_their_types,
    several_changes_are_one_statement,
    a_change_that_nobody_reads_is_made,
];

const TABLES: [&str; 2] = [
    "CREATE TABLE \"jobs\" (\"id\" INTEGER PRIMARY KEY, \"state\" TEXT, \"price\" DECIMAL(10,2), \"at\" TIMESTAMP(6), \
     \"data\" BLOB, \"document\" JSONB, \"tags\" TEXT[], \"ratio\" DOUBLE PRECISION, \"done\" BOOLEAN)",
    "CREATE TABLE \"log\" (\"id\" INTEGER PRIMARY KEY, \"note\" TEXT NOT NULL UNIQUE)",
];
const ROWS: &str = "INSERT INTO \"jobs\" VALUES \
    (1, 'new', 9.50, '2026-01-02T03:04:05.000006Z', X'00FF', '{\"a\": 1.0}', '{x,y}', 'Infinity', TRUE), \
    (2, 'new', 10.25, NULL, NULL, NULL, NULL, NULL, FALSE), (3, 'old', 100, NULL, X'', '[]', '{}', 0.1, NULL)";

async fn make(fixture: &Fixture) {
    for statement in TABLES.into_iter().chain([ROWS]) {
        ok(&*fixture.session, statement, &[]).await;
    }
}

async fn rows_are_moved_from_table_to_table(fixture: &Fixture) {
    make(fixture).await;
    let session = &*fixture.session;
    let moved = "WITH moved AS (DELETE FROM \"jobs\" WHERE \"state\" = $1 RETURNING *) \
                 INSERT INTO \"log\" SELECT \"id\", \"state\" || \"id\" || $2 FROM moved WHERE \"price\" > 9.5 RETURNING \"note\"";
    let parameters = [Value::String("new".into()), Value::String("!".into())];
    assert_eq!(rows(session, moved, &parameters).await, json!([["new2!"]]));
    assert_eq!(rows(session, "SELECT \"id\" FROM \"jobs\"", &[]).await, json!([[3]]));
    // A part that fails undoes all.
    let failing = "WITH moved AS (DELETE FROM \"jobs\" RETURNING \"id\") INSERT INTO \"log\" SELECT \"id\", 'new2!' FROM moved";
    assert_eq!(error(session, failing, &[]).await.code, ErrorCode::UniqueViolation);
    assert_eq!(rows(session, "SELECT \"id\" FROM \"jobs\"", &[]).await, json!([[3]]));
}

async fn returned_values_keep_their_types(fixture: &Fixture) {
    make(fixture).await;
    let session = &*fixture.session;
    let all = rows(session, "SELECT * FROM \"jobs\" ORDER BY \"price\"", &[]).await;
    let updated = "WITH changed AS (UPDATE \"jobs\" SET \"state\" = \"state\" RETURNING *) SELECT * FROM changed ORDER BY \"price\"";
    assert_eq!(rows(session, updated, &[]).await, all);
    let computed = "WITH changed (\"n\", \"sum\") AS (UPDATE \"jobs\" SET \"price\" = \"price\" * 2 RETURNING \"id\" + 1, \"price\") \
         SELECT max(\"sum\"), count(*), min(\"n\") FROM changed WHERE \"sum\" > 19";
    assert_eq!(rows(session, computed, &[]).await, json!([["200.00", 2, 3]]));
}

async fn several_changes_are_one_statement(fixture: &Fixture) {
    make(fixture).await;
    let session = &*fixture.session;
    let both = "WITH chosen AS (SELECT \"id\" FROM \"jobs\" WHERE \"state\" = 'new' ORDER BY \"id\" LIMIT 1), \
                taken AS (UPDATE \"jobs\" SET \"state\" = 'taken' FROM chosen WHERE \"jobs\".\"id\" = chosen.\"id\" RETURNING \"jobs\".\"id\"), \
                noted AS (INSERT INTO \"log\" SELECT \"id\", 'taken' FROM taken ON CONFLICT (\"id\") DO NOTHING RETURNING \"id\", \"note\") \
                SELECT taken.\"id\", noted.\"note\" FROM taken JOIN noted ON noted.\"id\" = taken.\"id\"";
    assert_eq!(rows(session, both, &[]).await, json!([[1, "taken"]]));
    let states = rows(session, "SELECT \"state\" FROM \"jobs\" ORDER BY \"id\"", &[]).await;
    assert_eq!(states, json!([["taken"], ["new"], ["old"]]));
}

async fn a_change_that_nobody_reads_is_made(fixture: &Fixture) {
    make(fixture).await;
    let session = &*fixture.session;
    let quiet = "WITH gone AS (DELETE FROM \"jobs\" WHERE \"id\" > 1) SELECT 1 AS \"one\"";
    assert_eq!(rows(session, quiet, &[]).await, json!([[1]]));
    assert_eq!(rows(session, "SELECT \"id\" FROM \"jobs\"", &[]).await, json!([[1]]));
}
