//! Definitions and descriptions.

use phantomdb_engine::Session;
use phantomdb_protocol::{Constraint, ErrorCode, ReferentialAction, TableName, TableSchema};
use serde_json::json;

use super::fixture::{ContractTest, Fixture, contract_tests};
use super::queries::USERS;
use super::session::{all, ask, error, ok, rows};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    a_description_says_all_of_a_table,
    every_type_is_described_as_it_was_declared,
    schemas_are_part_of_the_name,
    schemas_are_listed_from_their_making_to_their_dropping,
    a_definition_is_read_back_whatever_its_checks_use,
    comments_follow_their_tables_and_columns,
    views_are_listed_with_their_queries,
    a_table_that_views_read_is_dropped_with_them_or_not_at_all,
    a_foreign_key_may_point_to_its_own_table,
    many_who_make_the_same_at_once_find_it_made
];

async fn views_are_listed_with_their_queries(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &[
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)",
        "CREATE VIEW named AS SELECT id, lower(name) AS low FROM t WHERE name ILIKE 'a%' AND name <> '*/'",
        "CREATE SCHEMA crm",
        "CREATE VIEW crm.few (number) AS SELECT id FROM t WHERE id < 3",
        "INSERT INTO t VALUES (1, 'Ann'), (2, 'bob'), (7, 'Al')",
    ])
    .await;
    let views = session.views().await.unwrap();
    let names: Vec<_> = views.iter().map(|view| (view.schema.as_deref(), view.name.as_str())).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.contains(&(None, "named")) && names.contains(&(Some("crm"), "few")), "{names:?}");
    assert_eq!(tables(session).await, ["t"]);
    // Each query is PhantomDB SQL, and gives the rows of its view.
    for view in &views {
        let query = view.query.as_ref().unwrap();
        let name = view.schema.as_ref().map_or(view.name.clone(), |schema| format!("{schema}.{}", view.name));
        let of_view = rows(session, &format!("SELECT * FROM {name} ORDER BY 1"), &[]).await;
        let of_query = rows(session, &format!("SELECT * FROM ({query}) AS q ORDER BY 1"), &[]).await;
        assert_eq!(of_view, of_query, "{query}");
    }
    ok(session, "DROP VIEW crm.few", &[]).await;
    let transaction = fixture.begin(None).await;
    ok(&*transaction, "DROP VIEW named", &[]).await;
    assert_eq!(transaction.views().await.unwrap(), []);
    transaction.rollback().await.unwrap();
    assert_eq!(session.views().await.unwrap().len(), 1);
}

pub(super) async fn describe<S: Session + ?Sized>(session: &S, table: &str) -> TableSchema {
    session.describe(&TableName::new(table)).await.unwrap()
}

/// The names of the constraints, the primary key first.
pub(super) fn names(schema: &TableSchema) -> Vec<&str> {
    let mut names: Vec<&str> = schema.constraints.iter().filter_map(Constraint::name).collect();
    let is_key = |name: &&str| {
        schema
            .constraints
            .iter()
            .any(|c| c.name() == Some(name) && matches!(c, Constraint::PrimaryKey { .. }))
    };
    names.sort_by_key(|name| (!is_key(name), name.to_string()));
    names
}

pub(super) async fn tables<S: Session + ?Sized>(session: &S) -> Vec<String> {
    session.tables().await.unwrap().iter().map(ToString::to_string).collect()
}

async fn a_description_says_all_of_a_table(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &[
        USERS,
        "CREATE TABLE t (id BIGINT, a VARCHAR(10) NOT NULL DEFAULT 'it''s', b INTEGER DEFAULT -5 UNIQUE, \
         u INTEGER REFERENCES \"Users\" (id) ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED, \
         CONSTRAINT both UNIQUE (a, b), CHECK (b > 0), PRIMARY KEY (id))",
        "CREATE UNIQUE INDEX i ON t (a DESC, lower(a)) WHERE b > 1",
        "COMMENT ON TABLE t IS 'whole'",
        "COMMENT ON COLUMN t.a IS 'part'",
    ])
    .await;
    described_users(&describe(session, "Users").await);
    described_keys(&describe(session, "t").await);
    described_indexes(&describe(session, "t").await);
}

fn described_users(users: &TableSchema) {
    let types: Vec<_> = users.columns.iter().map(|column| column.data_type.as_str()).collect();
    assert_eq!(
        types,
        [
            "INTEGER",
            "VARCHAR(10)",
            "ENUM('a','b')",
            "INTEGER",
            "BOOLEAN",
            "TIMESTAMP",
            "DECIMAL(10,2)",
            "JSON"
        ]
    );
    assert_eq!(names(users), ["Users_pkey", "Users_name_key"]);
    let id = &users.columns[0];
    assert!(id.primary_key && id.auto_increment && !id.allow_null && id.default.is_none());
    let name = &users.columns[1];
    assert!(name.unique && !name.allow_null && !name.auto_increment);
    assert_eq!(name.default.as_deref(), Some("'x'"));
}

fn described_keys(schema: &TableSchema) {
    assert_eq!(
        (schema.primary_key.as_slice(), schema.comment.as_deref()),
        (["id".to_owned()].as_slice(), Some("whole"))
    );
    assert_eq!(names(schema), ["t_pkey", "both", "t_b_check", "t_b_key", "t_u_fkey"]);
    let [id, a, b, u] = schema.columns.as_slice() else { panic!("{:?}", schema.columns) };
    assert!(id.primary_key && !id.auto_increment && !id.allow_null);
    assert_eq!(
        (a.default.as_deref(), a.comment.as_deref(), a.unique),
        (Some("'it''s'"), Some("part"), false)
    );
    assert_eq!((b.default.as_deref(), b.unique, b.allow_null), (Some("-5"), true, true));
    let reference = u.references.as_ref().unwrap();
    assert_eq!(
        (reference.table.to_string().as_str(), reference.columns.as_slice()),
        ("Users", ["id".to_owned()].as_slice())
    );
    assert_eq!(
        (reference.on_delete, reference.on_update),
        (Some(ReferentialAction::SetNull), Some(ReferentialAction::Cascade))
    );
    assert!(reference.deferrable && reference.initially_deferred);
    let check = schema.constraints.iter().find_map(|constraint| match constraint {
        Constraint::Check { expression, .. } => Some(expression.as_str()),
        _ => None,
    });
    assert_eq!(check, Some("\"b\" > 0"));
}

fn described_indexes(schema: &TableSchema) {
    let index = schema.indexes.iter().find(|index| index.name == "i").unwrap();
    assert!(index.unique && !index.primary && index.definition.is_some());
    assert_eq!((index.fields[0].column.as_deref(), index.fields[0].descending), (Some("a"), true));
    assert_eq!(
        (index.fields[1].expression.as_deref(), index.fields[1].descending),
        (Some("lower(\"a\")"), false)
    );
    assert_eq!(index.condition.as_deref(), Some("\"b\" > 1"));
    assert!(schema.indexes[0].primary);
    let indexed: Vec<_> = schema.indexes.iter().map(|index| index.name.as_str()).collect();
    assert!(["t_pkey", "both", "t_b_key", "i"].iter().all(|name| indexed.contains(name)), "{indexed:?}");
    assert_eq!(indexed.len(), 4);
}

async fn every_type_is_described_as_it_was_declared(fixture: &Fixture) {
    const TYPES: [&str; 39] = [
        "TINYINT",
        "SMALLINT",
        "MEDIUMINT",
        "INTEGER",
        "BIGINT",
        "VARCHAR(255)",
        "CHAR(3)",
        "TEXT",
        "CITEXT",
        "BOOLEAN",
        "TIMESTAMP",
        "TIMESTAMP(6)",
        "TIMESTAMP(0)",
        "DATE",
        "TIME",
        "TIME(6)",
        "REAL",
        "FLOAT",
        "DOUBLE PRECISION",
        "DECIMAL(10,2)",
        "DECIMAL",
        "UUID",
        "BLOB",
        "JSON",
        "JSONB",
        "ENUM('one')",
        "ENUM('a','it''s')",
        "INTEGER[]",
        "TINYINT[]",
        "VARCHAR(255)[]",
        "TEXT[]",
        "BOOLEAN[]",
        "FLOAT[]",
        "DOUBLE PRECISION[]",
        "DECIMAL(10,2)[]",
        "TIMESTAMP[]",
        "UUID[]",
        "JSON[]",
        "JSONB[]",
    ];
    let session = &*fixture.session;
    let columns: Vec<String> = TYPES.iter().enumerate().map(|(n, name)| format!("c{n} {name}")).collect();
    ok(session, &format!("CREATE TABLE t ({})", columns.join(", ")), &[]).await;
    let described = |schema: TableSchema| schema.columns.into_iter().map(|c| c.data_type).collect::<Vec<_>>();
    let schema = describe(session, "t").await;
    assert!(schema.constraints.is_empty(), "{:?}", schema.constraints);
    assert_eq!(described(schema), TYPES);
    // Each type again, for a column that is added to an existing table and then changed from another type.
    ok(session, "CREATE TABLE u (first INTEGER)", &[]).await;
    for (number, name) in TYPES.iter().enumerate() {
        ok(session, &format!("ALTER TABLE u ADD COLUMN c{number} TEXT"), &[]).await;
        ok(session, &format!("ALTER TABLE u ALTER COLUMN c{number} TYPE {name}"), &[]).await;
    }
    assert_eq!(described(describe(session, "u").await)[1..], TYPES);
    for number in 0..TYPES.len() {
        ok(session, &format!("ALTER TABLE u ALTER COLUMN c{number} TYPE TEXT"), &[]).await;
        ok(session, &format!("ALTER TABLE u RENAME COLUMN c{number} TO d{number}"), &[]).await;
    }
    let schema = describe(session, "u").await;
    assert!(schema.constraints.is_empty(), "{:?}", schema.constraints);
    assert!(described(schema)[1..].iter().all(|name| name == "TEXT"));
}

async fn schemas_are_part_of_the_name(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE s.t (id INTEGER PRIMARY KEY, x TEXT)",
            "CREATE INDEX t_x ON s.t (x)",
            "INSERT INTO s.t (id, x) VALUES (1, 'a')",
            "UPDATE \"s\".\"t\" SET x = 'b' WHERE \"s\".\"t\".id = 1",
        ],
    )
    .await;
    assert_eq!(ask(session, "SELECT s.t.x, t.id FROM s.t").await, "b|1");
    assert_eq!(ask(session, "SELECT t.* FROM \"s\".\"t\" t").await, "1|b");
    let table = TableName { name: "t".into(), schema: Some("s".into()) };
    assert_eq!(session.tables().await.unwrap(), std::slice::from_ref(&table));
    assert_eq!(session.describe(&table).await.unwrap().indexes[1].name, "t_x");
    all(session, &["DROP INDEX s.t_x", "DELETE FROM s.t WHERE t.x = 'b'", "DROP SCHEMA s CASCADE"]).await;
    assert!(session.tables().await.unwrap().is_empty());
}

async fn schemas_are_listed_from_their_making_to_their_dropping(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE \"my.t\" (id INTEGER)", &[]).await;
    assert_eq!(ask(session, "SHOW SCHEMAS").await, "");
    assert_eq!(session.tables().await.unwrap(), [TableName::new("my.t")], "a dot alone makes no schema");
    all(
        session,
        &[
            "CREATE SCHEMA b",
            "CREATE SCHEMA IF NOT EXISTS b",
            "CREATE TABLE a.t (id INTEGER PRIMARY KEY)",
            "ALTER TABLE \"my.t\" RENAME TO \"c\".\"t\"",
        ],
    )
    .await;
    assert_eq!(ask(session, "SHOW SCHEMAS").await, "a b c");
    assert_eq!(tables(session).await, ["a.t", "c.t"]);
    for (sql, code) in [
        ("CREATE SCHEMA b", ErrorCode::AlreadyExists),
        ("DROP SCHEMA a", ErrorCode::BadRequest),
        ("DROP SCHEMA nobody", ErrorCode::NotFound),
    ] {
        assert_eq!(error(session, sql, &[]).await.code, code, "{sql}");
    }
    all(session, &["DROP SCHEMA a CASCADE", "DROP SCHEMA IF EXISTS c, nobody CASCADE"]).await;
    assert_eq!(ask(session, "SHOW SCHEMAS").await, "b");
    assert!(session.tables().await.unwrap().is_empty());
}

async fn a_definition_is_read_back_whatever_its_checks_use(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &[
        "CREATE TABLE t (a TEXT CHECK (a ILIKE 'x%' OR a ~ '^y'), b JSON DEFAULT '{}', c BOOLEAN NOT NULL DEFAULT TRUE, \
         d TIMESTAMP DEFAULT CURRENT_TIMESTAMP, e UUID DEFAULT gen_random_uuid(), f INTEGER DEFAULT -1, g TEXT DEFAULT lower('X'), \
         h DATE DEFAULT '2026-01-02', i TIMESTAMP DEFAULT '2026-01-02T03:04:05Z', j DECIMAL(5,2) DEFAULT 1.50, \
         CHECK (a IS DISTINCT FROM g AND f BETWEEN -5 AND 5 AND (b->>'k') IS NULL), UNIQUE (a, f))",
        "INSERT INTO t (a) VALUES ('xx')",
    ])
    .await;
    let schema = describe(session, "t").await;
    let defaults: Vec<_> =
        schema.columns.iter().map(|column| column.default.as_deref().unwrap_or("-")).collect();
    assert_eq!(
        defaults,
        [
            "-",
            "'{}'",
            "true",
            "now()",
            "gen_random_uuid()",
            "-1",
            "lower('X')",
            "'2026-01-02'",
            "'2026-01-02T03:04:05.000Z'",
            "1.50",
        ]
    );
    assert_eq!(names(&schema), ["t_a_check", "t_a_f_key", "t_check"]);
    let row = "SELECT c, f, g, h, i, j, length(e::text), d > '2020-01-01' FROM t";
    assert_eq!(ask(session, row).await, "true|-1|x|2026-01-02|2026-01-02T03:04:05.000Z|1.50|36|true");
    assert_eq!(error(session, "INSERT INTO t (a) VALUES ('no')", &[]).await.code, ErrorCode::CheckViolation);
    ok(session, "INSERT INTO t (a, c, f) VALUES ('y', DEFAULT, 1), ('xz', false, DEFAULT)", &[]).await;
    assert_eq!(ask(session, "SELECT a, c, f FROM t ORDER BY a").await, "xx|true|-1 xz|false|-1 y|true|1");
}

async fn comments_follow_their_tables_and_columns(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE t (a INTEGER, b INTEGER)",
            "COMMENT ON TABLE t IS 'it''s'",
            "COMMENT ON COLUMN t.a IS 'first'",
            "COMMENT ON COLUMN t.b IS 'second'",
            "COMMENT ON COLUMN t.b IS NULL",
            "ALTER TABLE t RENAME COLUMN a TO c",
            "ALTER TABLE t ALTER COLUMN c TYPE TEXT",
            "ALTER TABLE t RENAME TO u",
        ],
    )
    .await;
    let comments = |schema: TableSchema| {
        (schema.comment, schema.columns.into_iter().map(|column| column.comment).collect::<Vec<_>>())
    };
    let expected = (Some("it's".into()), vec![Some("first".into()), None]);
    assert_eq!(comments(describe(session, "u").await), expected);
    all(session, &["DROP TABLE u", "CREATE TABLE u (c INTEGER)"]).await;
    assert_eq!(comments(describe(session, "u").await), (None, vec![None]));
}

async fn a_foreign_key_may_point_to_its_own_table(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE p (id INTEGER PRIMARY KEY)", &[]).await;
    ok(
        session,
        "CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id), me INTEGER REFERENCES c (id))",
        &[],
    )
    .await;
}

async fn many_who_make_the_same_at_once_find_it_made(fixture: &Fixture) {
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let session = std::sync::Arc::clone(&fixture.session);
        tasks.push(tokio::spawn(async move {
            let create = "CREATE TABLE IF NOT EXISTS busy.t (id INTEGER PRIMARY KEY, name CITEXT)";
            ok(&*session, create, &[]).await;
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(tables(&*fixture.session).await, ["busy.t"]);
}

async fn a_table_that_views_read_is_dropped_with_them_or_not_at_all(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE t (id INTEGER PRIMARY KEY)", &[]).await;
    ok(session, "CREATE VIEW named AS SELECT id FROM t", &[]).await;
    ok(session, "CREATE VIEW more AS SELECT id FROM named", &[]).await;
    for drop in ["DROP TABLE t", "DROP TABLE IF EXISTS t"] {
        assert_eq!(error(session, drop, &[]).await.code, ErrorCode::ForeignKeyViolation);
    }
    assert_eq!(rows(session, "SELECT id FROM more", &[]).await, json!([]));
    ok(session, "DROP TABLE t CASCADE", &[]).await;
    assert!(session.views().await.unwrap().is_empty());
    ok(session, "CREATE TABLE t (id INTEGER PRIMARY KEY)", &[]).await;
}
