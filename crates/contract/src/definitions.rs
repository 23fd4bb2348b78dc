//! Definitions of columns, keys, types and indexes, as applications and their migrations write them.

use phantomdb_protocol::{AlterOperation, ColumnDefinition, Constraint, ErrorCode, TableName};

use super::fixture::{ContractTest, Fixture, contract_tests};
use super::schema::describe;
use super::session::{all, ask, error, ok, run};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    a_column_is_added_with_a_default_that_is_no_constant,
    a_key_column_changes_its_type_and_stays_the_key,
    a_change_that_changes_nothing_keeps_everything,
    the_comments_of_a_view_go_with_it,
    an_enum_lists_each_value_once,
    a_refused_value_of_an_enum_is_named_with_the_values_that_are_allowed,
    indexes_and_constraints_are_renamed,
    statements_about_types_of_enums_are_taken_or_explained,
    indexes_are_made_and_dropped_concurrently,
    no_message_shows_a_name_of_our_own,
    a_default_is_a_value_of_its_column,
    a_default_of_another_type_is_refused,
    a_default_has_the_digits_and_the_range_of_its_column,
    a_default_needs_no_parentheses,
    a_definition_has_no_sub_query,
    a_string_is_indexed_as_a_value,
];

async fn a_column_is_added_with_a_default_that_is_no_constant(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &["CREATE TABLE t (id INTEGER)", "CREATE INDEX i ON t (id)", "INSERT INTO t VALUES (1), (2)"],
    )
    .await;
    for (index, (definition, count)) in [
        ("TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP", "1"),
        ("TIMESTAMP DEFAULT now()", "1"),
        ("DATE NOT NULL DEFAULT CURRENT_DATE", "1"),
        ("UUID NOT NULL DEFAULT gen_random_uuid()", "2"),
        ("TEXT NOT NULL DEFAULT lower('X')", "1"),
        ("INTEGER NOT NULL DEFAULT (1 + 2)", "1"),
        ("TEXT NOT NULL DEFAULT 'a(b)'", "1"),
        ("INTEGER NOT NULL DEFAULT -5", "1"),
        ("DECIMAL(5,2) NOT NULL DEFAULT 1.5", "1"),
        ("BOOLEAN NOT NULL DEFAULT true", "1"),
        ("BOOLEAN NOT NULL DEFAULT NOT true", "1"),
        ("DECIMAL(5,2) DEFAULT 1.0 + 2", "1"),
    ]
    .into_iter()
    .enumerate()
    {
        ok(session, &format!("ALTER TABLE t ADD COLUMN c{index} {definition}"), &[]).await;
        let found = ask(session, &format!("SELECT count(DISTINCT c{index}) FROM t")).await;
        assert_eq!(found, count, "{definition}");
    }
    assert_eq!(
        ask(session, "SELECT c4, c5, c6, c7, c8, c10, c11 FROM t WHERE id = 1").await,
        "x|3|a(b)|-5|1.50|false|3.00"
    );
    assert_eq!(describe(session, "t").await.indexes.len(), 1);
}

async fn a_key_column_changes_its_type_and_stays_the_key(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE p (id SERIAL PRIMARY KEY, name TEXT)",
            "CREATE TABLE c (p_id INTEGER REFERENCES p (id))",
            "INSERT INTO p (name) VALUES ('a'), ('b')",
            "INSERT INTO c VALUES (1)",
            "CREATE TABLE q (code VARCHAR(5) PRIMARY KEY, n INTEGER)",
            "INSERT INTO q VALUES ('x', 1)",
            "CREATE TABLE r (a INTEGER, b INTEGER, PRIMARY KEY (a, b))",
            "INSERT INTO r VALUES (1, 2)",
            "CREATE TABLE s (id INTEGER PRIMARY KEY)",
            "INSERT INTO s VALUES (4)",
        ],
    )
    .await;
    for (table, name, data_type) in
        [("p", "id", "BIGINT"), ("q", "code", "VARCHAR(20)"), ("r", "a", "BIGINT"), ("s", "id", "TEXT")]
    {
        let column = ColumnDefinition::new(name, data_type);
        let change = vec![AlterOperation::ChangeColumn { column, using: None }];
        session.alter(&TableName::new(table), change).await.unwrap();
    }
    let schema = describe(session, "p").await;
    assert_eq!(schema.primary_key, ["id"]);
    let key = &schema.columns[0];
    assert_eq!((key.data_type.as_str(), key.auto_increment, key.allow_null), ("BIGINT", true, false));
    all(session, &["INSERT INTO p (name) VALUES ('c')", "INSERT INTO p (id, name) VALUES (5000000000, 'd')"])
        .await;
    // PostgreSQL numbers a row again that is sent twice under one key.
    assert_eq!(ask(session, "SELECT count(*), max(id) FROM p").await, "4|5000000000");
    assert_eq!(error(session, "INSERT INTO c VALUES (77)", &[]).await.code, ErrorCode::ForeignKeyViolation);
    for (table, key, data_type) in [("q", "code", "VARCHAR(20)"), ("r", "a", "BIGINT"), ("s", "id", "TEXT")] {
        let schema = describe(session, table).await;
        assert!(schema.primary_key.contains(&key.to_owned()), "{table}");
        assert_eq!(schema.columns[0].data_type, data_type, "{table}");
        assert!(!schema.columns[0].allow_null, "{table}");
    }
    assert_eq!(error(session, "INSERT INTO q VALUES ('x', 2)", &[]).await.code, ErrorCode::UniqueViolation);
    assert_eq!(error(session, "INSERT INTO r VALUES (1, 2)", &[]).await.code, ErrorCode::UniqueViolation);
    assert_eq!(error(session, "INSERT INTO r VALUES (NULL, 2)", &[]).await.code, ErrorCode::NotNullViolation);
    all(session, &["INSERT INTO q VALUES ('longer than five', 2)", "INSERT INTO s VALUES ('five')"]).await;
    assert_eq!(ask(session, "SELECT id FROM s ORDER BY id").await, "4 five");
}

async fn a_change_that_changes_nothing_keeps_everything(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE p (id SERIAL PRIMARY KEY)",
            "CREATE TABLE t (id SERIAL PRIMARY KEY, name VARCHAR(9) NOT NULL DEFAULT 'x' UNIQUE, kind ENUM('a','b'), \
             at TIMESTAMP DEFAULT now(), p_id INTEGER REFERENCES p (id) ON DELETE SET NULL, price DECIMAL(5,2) DEFAULT 1.50, \
             CONSTRAINT positive CHECK (price > 0))",
            "CREATE INDEX by_kind ON t (kind DESC) WHERE kind = 'a'",
            "COMMENT ON COLUMN t.name IS 'the name'",
            "INSERT INTO t (name) VALUES ('one')",
        ],
    )
    .await;
    let before = describe(session, "t").await;
    let changes = before
        .columns
        .iter()
        .filter(|column| !column.primary_key)
        .map(|column| AlterOperation::ChangeColumn { column: column.clone(), using: None });
    session.alter(&TableName::new("t"), changes.collect()).await.unwrap();
    let after = describe(session, "t").await;
    let sorted = |constraints: &[Constraint]| {
        let mut names: Vec<String> =
            constraints.iter().filter_map(|constraint| constraint.name().map(str::to_owned)).collect();
        names.sort();
        names
    };
    assert_eq!(before.columns, after.columns);
    assert_eq!(before.indexes, after.indexes);
    assert_eq!(sorted(&before.constraints), sorted(&after.constraints));
    assert_eq!(ask(session, "SELECT id, name, price FROM t").await, "1|one|1.50");
}

async fn the_comments_of_a_view_go_with_it(fixture: &Fixture) {
    let session = &*fixture.session;
    let create = "CREATE VIEW v AS SELECT id FROM t";
    let comment = "COMMENT ON COLUMN v.id IS 'the key'";
    for drop in ["DROP VIEW v", "DROP TABLE t CASCADE", "ALTER TABLE t DROP COLUMN id CASCADE"] {
        all(session, &["CREATE TABLE t (id INTEGER, n INTEGER)", create, comment]).await;
        assert_eq!(describe(session, "v").await.columns[0].comment.as_deref(), Some("the key"));
        all(session, &[drop, "DROP TABLE IF EXISTS t", "CREATE TABLE t (id INTEGER)", create]).await;
        assert_eq!(describe(session, "v").await.columns[0].comment, None, "{drop}");
        all(session, &["DROP VIEW v", "DROP TABLE t"]).await;
    }
}

async fn an_enum_lists_each_value_once(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &["CREATE TABLE t (e ENUM('a','b','a'))", "INSERT INTO t VALUES ('a'), ('b')"]).await;
    assert_eq!(describe(session, "t").await.columns[0].data_type, "ENUM('a','b')");
    ok(session, "ALTER TABLE t ALTER COLUMN e TYPE ENUM('a','b','c','b')", &[]).await;
    assert_eq!(describe(session, "t").await.columns[0].data_type, "ENUM('a','b','c')");
}

async fn a_refused_value_of_an_enum_is_named_with_the_values_that_are_allowed(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &["CREATE TABLE t (id INTEGER, e ENUM('a','b'))", "INSERT INTO t VALUES (1, 'a'), (2, 'b')"],
    )
    .await;
    for sql in [
        "INSERT INTO t VALUES (3, 'x')",
        "UPDATE t SET e = 'x' WHERE id = 1",
        "INSERT INTO t SELECT 4, 'x'",
        "INSERT INTO t (id, e) VALUES (5, 'x') RETURNING id",
    ] {
        let refused = error(session, sql, &[]).await;
        assert_eq!(refused.code, ErrorCode::CheckViolation, "{sql}: {}", refused.message);
        for part in ["'x'", "\"e\"", "'a', 'b'"] {
            assert!(refused.message.contains(part), "{sql}: {}", refused.message);
        }
        assert_eq!(refused.details.columns, ["e"], "{sql}");
        assert_eq!(refused.details.table.as_deref(), Some("t"), "{sql}");
        assert_eq!(refused.details.constraint, None, "{sql}");
    }
    let refused = error(session, "ALTER TABLE t ALTER COLUMN e TYPE ENUM('a','c')", &[]).await;
    assert_eq!(refused.code, ErrorCode::CheckViolation);
    assert!(
        refused.message.contains("\"e\"") && !refused.message.contains("phantomdb"),
        "{}",
        refused.message
    );
}

async fn indexes_and_constraints_are_renamed(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE p (id INTEGER PRIMARY KEY)",
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, p_id INTEGER REFERENCES p (id), CHECK (a <> ''))",
            "CREATE UNIQUE INDEX i ON t (lower(a) DESC) WHERE id > 0",
            "ALTER INDEX i RENAME TO j",
            "ALTER INDEX IF EXISTS nothing RENAME TO k",
            "ALTER TABLE t RENAME CONSTRAINT t_pkey TO t_key",
            "ALTER TABLE t RENAME CONSTRAINT t_a_key TO one_a",
            "ALTER TABLE t RENAME CONSTRAINT t_p_id_fkey TO to_p",
            "ALTER TABLE t RENAME CONSTRAINT t_a_check TO not_empty",
        ],
    )
    .await;
    let schema = describe(session, "t").await;
    let mut names: Vec<&str> = schema.constraints.iter().filter_map(Constraint::name).collect();
    names.sort_unstable();
    assert_eq!(names, ["not_empty", "one_a", "t_key", "to_p"]);
    let index = schema.indexes.iter().find(|index| index.name == "j").unwrap();
    assert!(index.unique && index.fields[0].descending && index.condition.is_some(), "{index:?}");
    for (sql, code) in [
        ("ALTER INDEX i RENAME TO k", ErrorCode::NotFound),
        ("ALTER TABLE t RENAME CONSTRAINT nothing TO k", ErrorCode::UnknownConstraint),
        ("ALTER TABLE t RENAME CONSTRAINT to_p TO one_a", ErrorCode::AlreadyExists),
    ] {
        assert_eq!(error(session, sql, &[]).await.code, code, "{sql}");
    }
    all(session, &["INSERT INTO t VALUES (1, 'x', NULL)", "ALTER TABLE t DROP CONSTRAINT one_a"]).await;
    assert_eq!(
        error(session, "INSERT INTO t VALUES (2, 'X', NULL)", &[]).await.code,
        ErrorCode::UniqueViolation
    );
}

async fn statements_about_types_of_enums_are_taken_or_explained(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "DROP TYPE IF EXISTS \"enum_t_e\"", &[]).await;
    ok(session, "DROP TYPE IF EXISTS \"public\".\"enum_t_e\" CASCADE", &[]).await;
    ok(session, "DROP TYPE \"enum_t_e\"", &[]).await;
    assert_eq!(error(session, "DROP TYPE something", &[]).await.code, ErrorCode::NotFound);
    for sql in ["CREATE TYPE mood AS ENUM ('sad', 'ok')", "ALTER TYPE mood ADD VALUE 'happy'"] {
        let refused = error(session, sql, &[]).await;
        assert_eq!(refused.code, ErrorCode::Unsupported, "{sql}: {}", refused.message);
        assert!(refused.message.contains("ENUM("), "{sql}: {}", refused.message);
    }
}

async fn indexes_are_made_and_dropped_concurrently(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE t (a TEXT, b TEXT)",
            "INSERT INTO t VALUES ('x', 'y')",
            "CREATE INDEX CONCURRENTLY i ON t (a)",
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS j ON t (b)",
        ],
    )
    .await;
    assert_eq!(describe(session, "t").await.indexes.len(), 2);
    all(
        session,
        &[
            "DROP INDEX CONCURRENTLY i",
            "DROP INDEX CONCURRENTLY IF EXISTS j",
            "DROP INDEX CONCURRENTLY IF EXISTS j",
        ],
    )
    .await;
    assert_eq!(describe(session, "t").await.indexes.len(), 0);
    let refused = error(session, "DROP INDEX CONCURRENTLY nothing", &[]).await;
    assert!(matches!(refused.code, ErrorCode::NotFound | ErrorCode::UnknownConstraint), "{refused:?}");
}

async fn no_message_shows_a_name_of_our_own(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE line (id INTEGER PRIMARY KEY, a TEXT, e ENUM('x','y'), n INTEGER)",
            "INSERT INTO line VALUES (1, NULL, 'x', -1), (2, 'same', 'y', 1), (3, 'same', 'y', 1)",
        ],
    )
    .await;
    for sql in [
        "ALTER TABLE line ALTER COLUMN a SET NOT NULL",
        "ALTER TABLE line ALTER COLUMN a SET NOT NULL, ADD CONSTRAINT one UNIQUE (id, n)",
        "ALTER TABLE line ADD CONSTRAINT k CHECK (n > 0)",
        "ALTER TABLE line ADD CONSTRAINT k CHECK (n > 0), ADD CONSTRAINT one UNIQUE (id, n)",
        "ALTER TABLE line ADD CONSTRAINT k UNIQUE (a)",
        "ALTER TABLE line ADD CONSTRAINT k CHECK (nothing > 0)",
        "ALTER TABLE line ADD CONSTRAINT k UNIQUE (nothing)",
        "ALTER TABLE line ALTER COLUMN e TYPE ENUM('y')",
        "ALTER TABLE line ALTER COLUMN e TYPE ENUM('y'), ADD CONSTRAINT one UNIQUE (id, n)",
        "ALTER TABLE line ADD COLUMN more INTEGER NOT NULL",
        "ALTER TABLE line ADD COLUMN more INTEGER PRIMARY KEY",
        "ALTER TABLE line DROP CONSTRAINT phantomdb_enum_e",
        "INSERT INTO line (id, e) VALUES (9, 'z')",
        "INSERT INTO line (id, n) VALUES (9, 'z')",
        "SELECT sum(a) FROM line",
    ] {
        let Err(refused) = session.execute(super::session::statement(sql, &[])).await else { continue };
        // The name in the statement is the caller's.
        let shown = refused.message.replace("\"phantomdb_enum_e\"", "");
        assert!(!shown.contains("phantomdb"), "{sql}: {}", refused.message);
        assert!(!refused.message.contains("\"\""), "{sql}: {}", refused.message);
        let named = refused.details.constraint.unwrap_or_default();
        assert!(!named.contains("phantomdb") || sql.contains(&named), "{sql}: {named}");
        assert_ne!(refused.details.table.as_deref(), Some("phantomdb_new_line"), "{sql}");
    }
    assert_eq!(ask(session, "SELECT count(*) FROM line").await, "3");
}

async fn a_default_is_a_value_of_its_column(fixture: &Fixture) {
    let session = &*fixture.session;
    let create = "CREATE TABLE t (id INTEGER, a INTEGER DEFAULT 1.5, b BOOLEAN DEFAULT 'yes', c TEXT DEFAULT TRUE, \
                  d TEXT DEFAULT 1.50, e BOOLEAN DEFAULT 5, f DECIMAL DEFAULT 2.50, g VARCHAR(9) DEFAULT upper('x'), \
                  h DOUBLE PRECISION DEFAULT -1.5, i INTEGER DEFAULT -7, j INTEGER DEFAULT '8', \
                  k DECIMAL(5,2) DEFAULT '1.5', l DECIMAL(5,2) DEFAULT 2.005)";
    ok(session, create, &[]).await;
    let insert = "INSERT INTO t (id) VALUES (1) RETURNING a, b, c, d, e, f, g, h, i, j, k, l";
    assert_eq!(ask(session, insert).await, "2|true|true|1.50|true|2.50|X|-1.5|-7|8|1.50|2.01");
    ok(session, "CREATE TABLE s (id INTEGER, v VARCHAR(3) DEFAULT upper('abcdef'))", &[]).await;
    assert!(run(session, "INSERT INTO s (id) VALUES (1)", &[]).await.is_err());
}

async fn a_default_of_another_type_is_refused(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE u (id INTEGER, n INTEGER)", &[]).await;
    for column in [
        "INTEGER DEFAULT TRUE",
        "JSONB DEFAULT TRUE",
        "JSONB DEFAULT 5",
        "DATE DEFAULT 5",
        "UUID DEFAULT 5",
        "BLOB DEFAULT 5",
        "INTEGER[] DEFAULT 5",
        "BOOLEAN DEFAULT 'maybe'",
        "INTEGER DEFAULT 'x'",
        "DECIMAL(5,2) DEFAULT 'x'",
    ] {
        let refused = error(session, &format!("CREATE TABLE t (a {column})"), &[]).await;
        assert_eq!(refused.code, ErrorCode::TypeMismatch, "{column}");
        let refused = error(session, &format!("ALTER TABLE u ADD COLUMN a {column}"), &[]).await;
        assert_eq!(refused.code, ErrorCode::TypeMismatch, "{column}");
    }
    let refused = error(session, "ALTER TABLE u ALTER COLUMN n SET DEFAULT TRUE", &[]).await;
    assert_eq!(refused.code, ErrorCode::TypeMismatch);
}

async fn a_default_has_the_digits_and_the_range_of_its_column(fixture: &Fixture) {
    let session = &*fixture.session;
    let create = "CREATE TABLE t (id INTEGER, a TIME DEFAULT (TIME '23:59:59.999999'), b TIMESTAMP(0) DEFAULT \
                  (TIMESTAMP '2024-01-01 01:02:03.7'), c TIMESTAMP DEFAULT (TIMESTAMP '2024-01-01 01:02:03.4567'), \
                  d UUID DEFAULT gen_random_uuid(), e JSONB DEFAULT jsonb_build_object('x', 1), f TIMESTAMP DEFAULT now(), \
                  g INTEGER[] DEFAULT ARRAY[1, 2] || 3, n SMALLINT DEFAULT 99999)";
    ok(session, create, &[]).await;
    let insert =
        "INSERT INTO t (id, n) VALUES (1, 2) RETURNING a::text, b::text, c::text, e::text, g::text, n";
    let expected = "24:00:00|2024-01-01 01:02:04+00|2024-01-01 01:02:03.457+00|{\"x\": 1}|{1,2,3}|2";
    assert_eq!(ask(session, insert).await, expected);
    assert_eq!(error(session, "INSERT INTO t (id) VALUES (2)", &[]).await.code, ErrorCode::OutOfRange);
    ok(session, "ALTER TABLE t ADD COLUMN h TIME DEFAULT (TIME '23:59:59.999999')", &[]).await;
    assert_eq!(ask(session, "SELECT h::text FROM t").await, "24:00:00");
}

async fn a_default_needs_no_parentheses(fixture: &Fixture) {
    let session = &*fixture.session;
    let create = "CREATE TABLE t (id INTEGER, a BOOLEAN DEFAULT 1 IN (1), b BOOLEAN DEFAULT NOT TRUE, \
                  c BOOLEAN DEFAULT TRUE IS NULL, d BOOLEAN DEFAULT 'a' LIKE 'a%', e BOOLEAN DEFAULT 3 BETWEEN 1 AND 2)";
    ok(session, create, &[]).await;
    let insert = "INSERT INTO t (id) VALUES (1) RETURNING a, b, c, d, e";
    assert_eq!(ask(session, insert).await, "true|false|false|true|false");
}

async fn a_definition_has_no_sub_query(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE t (id INTEGER, n INTEGER)", &[]).await;
    for refused in [
        "CREATE TABLE u (n INTEGER CHECK (n IN (SELECT 1)))",
        "CREATE TABLE u (n INTEGER DEFAULT (SELECT 1))",
        "CREATE TABLE u (id INTEGER, n INTEGER DEFAULT (id + 1))",
        "CREATE TABLE u (n INTEGER, g INTEGER GENERATED ALWAYS AS ((SELECT 1)) STORED)",
        "CREATE INDEX i ON t (((SELECT 1)))",
        "CREATE INDEX i ON t (n) WHERE EXISTS (SELECT 1)",
    ] {
        let error = error(session, refused, &[]).await;
        assert_eq!(error.code, ErrorCode::Unsupported, "{refused}: {}", error.message);
    }
    // An index and a generated column cannot hold a value that changes with the time.
    for refused in [
        "CREATE INDEX i ON t ((n > 1 AND current_date > '2020-01-01'))",
        "CREATE TABLE u (n INTEGER, g BOOLEAN GENERATED ALWAYS AS (current_date > '2020-01-01') STORED)",
    ] {
        let error = error(session, refused, &[]).await;
        assert_eq!(error.code, ErrorCode::SyntaxError, "{refused}: {}", error.message);
    }
    let index = "CREATE INDEX i ON t (n) WHERE n > 1 AND now() > '2020-01-01'";
    assert_eq!(error(session, index, &[]).await.code, ErrorCode::SyntaxError);
}

async fn a_string_is_indexed_as_a_value(fixture: &Fixture) {
    let session = &*fixture.session;
    let create = "CREATE TABLE one (id INTEGER PRIMARY KEY, word TEXT)";
    all(session, &[create, "CREATE UNIQUE INDEX only_one ON one ((CAST('word' AS TEXT)))"]).await;
    ok(session, "INSERT INTO one VALUES (1, 'a')", &[]).await;
    let second = error(session, "INSERT INTO one VALUES (2, 'b')", &[]).await;
    assert_eq!(second.code, ErrorCode::UniqueViolation);
}
