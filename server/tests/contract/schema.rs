//! Definitions, descriptions, changes of tables.

use phantomdb_protocol::{
    AlterOperation, Constraint, ErrorCode, ReferentialAction, Result, TableName, TableSchema,
};
use phantomdb_server::engine::Session;

use crate::fixture::Fixture;
use crate::queries::USERS;
use crate::support::{all, ask, error, ok};

const FAMILY: [&str; 6] = [
    "CREATE TABLE p (id SERIAL PRIMARY KEY, name TEXT NOT NULL, kind ENUM('a','b') DEFAULT 'a', CONSTRAINT long_name CHECK (length(name) < 9))",
    "CREATE TABLE c (id SERIAL PRIMARY KEY, p_id INTEGER REFERENCES p (id) ON DELETE CASCADE ON UPDATE CASCADE)",
    "CREATE INDEX p_name ON p (lower(name) DESC) WHERE kind = 'a'",
    "INSERT INTO p (name) VALUES ('x'), ('y'), ('z')",
    "INSERT INTO c (p_id) VALUES (1), (2)",
    "DELETE FROM p WHERE name = 'z'",
];

async fn describe<S: Session + ?Sized>(session: &S, table: &str) -> TableSchema {
    session.describe(&TableName::new(table)).await.unwrap()
}

/// The names of the constraints, the primary key first.
fn names(schema: &TableSchema) -> Vec<&str> {
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

async fn tables<S: Session + ?Sized>(session: &S) -> Vec<String> {
    session.tables().await.unwrap().iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_description_says_all_of_a_table() {
    for fixture in Fixture::each().await {
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
        let users = describe(session, "Users").await;
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
        assert_eq!(names(&users), ["Users_pkey", "Users_name_key"]);
        let id = &users.columns[0];
        assert!(id.primary_key && id.auto_increment && !id.allow_null && id.default.is_none());
        let name = &users.columns[1];
        assert!(name.unique && !name.allow_null && !name.auto_increment);
        assert_eq!(name.default.as_deref(), Some("'x'"));

        let schema = describe(session, "t").await;
        assert_eq!(
            (schema.primary_key.as_slice(), schema.comment.as_deref()),
            (["id".to_owned()].as_slice(), Some("whole"))
        );
        assert_eq!(names(&schema), ["t_pkey", "both", "t_b_check", "t_b_key", "t_u_fkey"]);
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
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_is_described_as_it_was_declared() {
    const TYPES: [&str; 24] = [
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
        "DATE",
        "TIME",
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
    ];
    for fixture in Fixture::each().await {
        let session = &*fixture.session;
        let columns: Vec<String> = TYPES.iter().enumerate().map(|(n, name)| format!("c{n} {name}")).collect();
        ok(session, &format!("CREATE TABLE t ({})", columns.join(", ")), &[]).await;
        let described =
            |schema: TableSchema| schema.columns.into_iter().map(|c| c.data_type).collect::<Vec<_>>();
        let schema = describe(session, "t").await;
        assert!(schema.constraints.is_empty(), "{:?}", schema.constraints);
        assert_eq!(described(schema), TYPES);
        // And one by one, added to a table that is there and changed from another type.
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
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_kept_when_the_type_of_their_column_changes() {
    for fixture in Fixture::each().await {
        let session = &*fixture.session;
        for (from, value, to, expected) in [
            ("INTEGER", "7", "VARCHAR(5)", "7"),
            ("INTEGER", "7", "BIGINT", "7"),
            ("INTEGER", "7", "DOUBLE PRECISION", "7"),
            ("INTEGER", "7", "DECIMAL(10,2)", "7.00"),
            ("INTEGER", "0", "BOOLEAN", "false"),
            ("TEXT", "' 12 '", "INTEGER", "12"),
            ("TEXT", "'yes'", "BOOLEAN", "true"),
            ("TEXT", "'2026-01-02T03:04:05Z'", "TIMESTAMP", "2026-01-02T03:04:05.000Z"),
            ("TEXT", "'1.005'", "DECIMAL(10,2)", "1.01"),
            ("TEXT", "'{\"a\":1}'", "JSON", "{\"a\":1}"),
            (
                "TEXT",
                "'0193C2C5-8f0b-7e0f-8c0a-0123456789ab'",
                "UUID",
                "0193c2c5-8f0b-7e0f-8c0a-0123456789ab",
            ),
            ("TEXT", "'b'", "ENUM('a','b')", "b"),
            ("TEXT", "'hi'", "BLOB", "aGk="),
            ("TIMESTAMP", "'2026-01-02T03:04:05.678Z'", "TEXT", "2026-01-02T03:04:05.678Z"),
            ("TIMESTAMP", "'2026-01-02T23:04:05Z'", "DATE", "2026-01-02"),
            ("DATE", "'2026-01-02'", "TIMESTAMP", "2026-01-02T00:00:00.000Z"),
            ("ENUM('a','b')", "'b'", "ENUM('b','c')", "b"),
            (
                "UUID",
                "'0193c2c5-8f0b-7e0f-8c0a-0123456789ab'",
                "VARCHAR(36)",
                "0193c2c5-8f0b-7e0f-8c0a-0123456789ab",
            ),
            ("VARCHAR(20)", "'short'", "CHAR(5)", "short"),
        ] {
            all(
                session,
                &[
                    &format!("CREATE TABLE t (x {from}, y INTEGER DEFAULT 1)"),
                    &format!("INSERT INTO t (x) VALUES ({value}), (NULL)"),
                    &format!("ALTER TABLE t ALTER COLUMN x TYPE {to}"),
                ],
            )
            .await;
            assert_eq!(ask(session, "SELECT x FROM t WHERE x IS NOT NULL").await, expected, "{from} to {to}");
            assert_eq!(ask(session, "SELECT count(*) FROM t").await, "2");
            ok(session, "DROP TABLE t", &[]).await;
        }
        for (from, value, to, code) in [
            ("TEXT", "'x'", "INTEGER", ErrorCode::TypeMismatch),
            ("BIGINT", "3000000000", "INTEGER", ErrorCode::OutOfRange),
            ("TEXT", "'too long'", "VARCHAR(3)", ErrorCode::OutOfRange),
            ("INTEGER", "1", "UUID", ErrorCode::TypeMismatch),
            ("TEXT", "'c'", "ENUM('a','b')", ErrorCode::CheckViolation),
        ] {
            all(
                session,
                &[&format!("CREATE TABLE t (x {from})"), &format!("INSERT INTO t VALUES ({value})")],
            )
            .await;
            let refused = error(session, &format!("ALTER TABLE t ALTER COLUMN x TYPE {to}"), &[]).await;
            assert_eq!(refused.code, code, "{from} to {to}: {}", refused.message);
            assert_eq!(describe(session, "t").await.columns[0].data_type, from);
            ok(session, "DROP TABLE t", &[]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn schemas_are_part_of_the_name() {
    for fixture in Fixture::each().await {
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
        assert_eq!(session.tables().await.unwrap(), [table.clone()]);
        assert_eq!(session.describe(&table).await.unwrap().indexes[1].name, "t_x");
        all(session, &["DROP INDEX s.t_x", "DELETE FROM s.t WHERE t.x = 'b'", "DROP SCHEMA s CASCADE"]).await;
        assert!(session.tables().await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn schemas_are_listed_from_their_making_to_their_dropping() {
    for fixture in Fixture::each().await {
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
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_moves_to_another_schema_whatever_is_there() {
    for fixture in Fixture::each().await {
        let session = &*fixture.session;
        all(
            session,
            &[
                "CREATE TABLE a.one (id INTEGER, x TEXT)",
                "CREATE TABLE a.two (id INTEGER)",
                "CREATE TABLE b.one (id INTEGER)",
                "INSERT INTO a.one VALUES (1, 'kept')",
                "ALTER TABLE a.one RENAME TO b.two",
            ],
        )
        .await;
        assert_eq!(tables(session).await, ["a.two", "b.one", "b.two"]);
        assert_eq!(ask(session, "SELECT * FROM b.two").await, "1|kept");
        let taken = error(session, "ALTER TABLE b.two RENAME TO a.two", &[]).await;
        assert_eq!(taken.code, ErrorCode::AlreadyExists);
        assert_eq!(tables(session).await, ["a.two", "b.one", "b.two"]);
    }
}

/// With the transaction a user has open or not, and children that would be deleted with their parents.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_keeps_rows_children_indexes_checks_and_numbers() {
    for in_transaction in [false, true] {
        for fixture in Fixture::each().await {
            let session = &*fixture.session;
            all(session, &FAMILY).await;
            let transaction = fixture.begin(None).await;
            let changing: &dyn Session = if in_transaction {
                ok(&*transaction, "INSERT INTO c (p_id) VALUES (1)", &[]).await;
                &*transaction.clone().as_session()
            } else {
                session
            };
            all(changing, &[
                "ALTER TABLE p ALTER COLUMN name TYPE VARCHAR(5)",
                "ALTER TABLE p ADD COLUMN made TIMESTAMP NOT NULL DEFAULT now(), ADD CONSTRAINT one UNIQUE (name)",
                "ALTER TABLE p DROP COLUMN made",
            ])
            .await;
            transaction.commit().await.unwrap();
            let children = if in_transaction { "3" } else { "2" };
            assert_eq!(ask(session, "SELECT count(*) FROM c").await, children);
            assert_eq!(ask(session, "SELECT id, name, kind FROM p ORDER BY id").await, "1|x|a 2|y|a");
            assert_eq!(
                ask(session, "INSERT INTO p (name) VALUES ('w') RETURNING id").await,
                "4",
                "numbers are not used again"
            );
            let schema = describe(session, "p").await;
            assert_eq!(schema.columns[1].data_type, "VARCHAR(5)");
            assert_eq!(schema.columns[2].data_type, "ENUM('a','b')");
            assert_eq!(schema.columns[2].default.as_deref(), Some("'a'"));
            assert_eq!(names(&schema), ["p_pkey", "long_name", "one"]);
            let indexes: Vec<_> = schema.indexes.iter().map(|index| index.name.as_str()).collect();
            assert_eq!(indexes, ["p_pkey", "one", "p_name"]);
            let orphan = error(session, "INSERT INTO c (p_id) VALUES (77)", &[]).await;
            assert_eq!(orphan.code, ErrorCode::ForeignKeyViolation);
            ok(session, "DELETE FROM p WHERE id = 1", &[]).await;
            assert_eq!(ask(session, "SELECT count(*) FROM c").await, "1", "and they still cascade");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_rows_contradict_is_refused_and_leaves_nothing() {
    for fixture in Fixture::each().await {
        let session = &*fixture.session;
        all(session, &FAMILY).await;
        let before = (describe(session, "p").await, describe(session, "c").await);
        for (sql, code) in [
            ("ALTER TABLE c ALTER COLUMN p_id TYPE UUID", ErrorCode::TypeMismatch),
            ("ALTER TABLE p ADD CONSTRAINT short CHECK (length(name) > 1)", ErrorCode::CheckViolation),
            (
                "ALTER TABLE c ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES p (id), ADD CONSTRAINT u UNIQUE (nothing)",
                ErrorCode::UnknownColumn,
            ),
            ("ALTER TABLE p DROP COLUMN id", ErrorCode::ForeignKeyViolation),
            ("ALTER TABLE p DROP CONSTRAINT nothing", ErrorCode::UnknownConstraint),
            ("ALTER TABLE p DROP CONSTRAINT p_pkey", ErrorCode::ForeignKeyViolation),
            ("ALTER TABLE p ADD COLUMN n INTEGER NOT NULL", ErrorCode::NotNullViolation),
            ("ALTER TABLE p ADD COLUMN name TEXT", ErrorCode::AlreadyExists),
            ("ALTER TABLE p ADD COLUMN f INTEGER REFERENCES nobody (id)", ErrorCode::UnknownTable),
            ("ALTER TABLE p ADD PRIMARY KEY (name)", ErrorCode::AlreadyExists),
            ("ALTER TABLE p RENAME COLUMN nothing TO something", ErrorCode::UnknownColumn),
            ("ALTER TABLE p RENAME TO c", ErrorCode::AlreadyExists),
            ("ALTER TABLE nothing RENAME TO something", ErrorCode::UnknownTable),
            ("CREATE TABLE p (id INTEGER)", ErrorCode::AlreadyExists),
            ("CREATE INDEX p_name ON p (name)", ErrorCode::AlreadyExists),
            ("CREATE INDEX other ON nothing (name)", ErrorCode::UnknownTable),
            ("CREATE INDEX other ON p (nothing)", ErrorCode::UnknownColumn),
            ("DROP INDEX nothing", ErrorCode::NotFound),
            ("DROP TABLE nothing", ErrorCode::UnknownTable),
            ("COMMENT ON COLUMN p.nothing IS 'x'", ErrorCode::UnknownColumn),
        ] {
            let refused = error(session, sql, &[]).await;
            assert_eq!(refused.code, code, "{sql}: {}", refused.message);
            assert_eq!(ask(session, "SELECT count(*) FROM c").await, "2");
            assert_eq!((describe(session, "p").await, describe(session, "c").await), before, "{sql}");
        }
        let transaction = fixture.begin(None).await;
        ok(&*transaction, "INSERT INTO p (name) VALUES ('v')", &[]).await;
        let orphans = "ALTER TABLE p ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES c (id)";
        let refused = error(&*transaction, orphans, &[]).await;
        assert_eq!(
            (refused.code, refused.details.referenced_table.as_deref()),
            (ErrorCode::ForeignKeyViolation, Some("c"))
        );
        transaction.commit().await.unwrap();
        assert_eq!(ask(session, "SELECT count(*) FROM p").await, "3", "the transaction went on");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn constraints_come_and_go_by_name() {
    for fixture in Fixture::each().await {
        let session = &*fixture.session;
        all(session, &FAMILY).await;
        all(session, &[
            "ALTER TABLE c DROP CONSTRAINT c_p_id_fkey",
            "INSERT INTO c (p_id) VALUES (77)",
            "DELETE FROM c WHERE p_id = 77",
            "ALTER TABLE c ADD CONSTRAINT back FOREIGN KEY (p_id) REFERENCES p (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED",
            "DELETE FROM p WHERE id = 1",
        ])
        .await;
        assert_eq!(ask(session, "SELECT p_id FROM c ORDER BY id").await, "∅ 2");
        all(
            session,
            &[
                "ALTER TABLE c DROP CONSTRAINT back",
                "ALTER TABLE p DROP CONSTRAINT p_pkey",
                "ALTER TABLE p ADD CONSTRAINT again PRIMARY KEY (id)",
            ],
        )
        .await;
        assert_eq!(describe(session, "p").await.primary_key, ["id"]);
        all(
            session,
            &[
                "ALTER TABLE c ADD FOREIGN KEY (p_id) REFERENCES p (id)",
                "ALTER TABLE p RENAME COLUMN kind TO sort",
                "ALTER TABLE p RENAME TO q",
            ],
        )
        .await;
        assert_eq!(describe(session, "q").await.columns[2].data_type, "ENUM('a','b')");
        let child = describe(session, "c").await;
        assert_eq!(child.columns[1].references.as_ref().unwrap().table.name, "q");
        assert_eq!(names(&child), ["c_pkey", "c_p_id_fkey"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_columns_and_tables_may_differ_in_case_in_a_change() {
    for fixture in Fixture::each().await {
        let session = &*fixture.session;
        all(
            session,
            &[
                "CREATE TABLE \"Users\" (\"firstName\" TEXT, UNIQUE (\"FIRSTNAME\"))",
                "ALTER TABLE users RENAME COLUMN firstname TO \"lastName\"",
                "ALTER TABLE USERS ADD COLUMN n INTEGER, DROP COLUMN LASTNAME",
            ],
        )
        .await;
        let schema = describe(session, "users").await;
        assert_eq!((schema.table.name.as_str(), schema.columns[0].name.as_str()), ("Users", "n"));
        ok(session, "DROP TABLE users", &[]).await;
        assert!(session.tables().await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_a_parent_never_takes_rows_of_its_children() {
    for fixture in Fixture::each().await {
        let session = &*fixture.session;
        all(session, &FAMILY).await;
        let refused = error(session, "DROP TABLE p", &[]).await;
        assert_eq!(
            (refused.code, refused.details.table.as_deref(), refused.details.constraint.as_deref()),
            (ErrorCode::ForeignKeyViolation, Some("c"), Some("c_p_id_fkey"))
        );
        ok(session, "DROP TABLE IF EXISTS p CASCADE", &[]).await;
        assert_eq!(ask(session, "SELECT count(*) FROM c").await, "2");
        all(session, &["INSERT INTO c (p_id) VALUES (5)", "DROP TABLE IF EXISTS p, c"]).await;
        assert!(session.tables().await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_is_read_back_whatever_its_checks_use() {
    for fixture in Fixture::each().await {
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
        assert_eq!(
            error(session, "INSERT INTO t (a) VALUES ('no')", &[]).await.code,
            ErrorCode::CheckViolation
        );
        ok(session, "INSERT INTO t (a, c, f) VALUES ('y', DEFAULT, 1), ('xz', false, DEFAULT)", &[]).await;
        assert_eq!(ask(session, "SELECT a, c, f FROM t ORDER BY a").await, "xx|true|-1 xz|false|-1 y|true|1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_follow_their_tables_and_columns() {
    for fixture in Fixture::each().await {
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
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_key_needs_its_table() {
    for fixture in Fixture::each().await {
        let session = &*fixture.session;
        ok(session, "CREATE TABLE p (id INTEGER PRIMARY KEY)", &[]).await;
        let refused = error(session, "CREATE TABLE c (id INTEGER REFERENCES nobody (id))", &[]).await;
        assert_eq!(refused.code, ErrorCode::UnknownTable);
        assert_eq!(
            refused.message,
            "there is no table \"nobody\" for a foreign key to point to; create it first"
        );
        ok(
            session,
            "CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id), me INTEGER REFERENCES c (id))",
            &[],
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_type_is_known_after_any_number_of_changes() {
    for fixture in Fixture::each().await {
        let session = &*fixture.session;
        all(
            session,
            &[
                "CREATE TABLE t (at TIMESTAMP NOT NULL, price DECIMAL(5,2), key UUID)",
                "ALTER TABLE t ADD CONSTRAINT one UNIQUE (at)",
                "ALTER TABLE t ADD CONSTRAINT two UNIQUE (key)",
                "ALTER TABLE t DROP CONSTRAINT one",
            ],
        )
        .await;
        let types: Vec<String> =
            describe(session, "t").await.columns.into_iter().map(|column| column.data_type).collect();
        assert_eq!(types, ["TIMESTAMP", "DECIMAL(5,2)", "UUID"]);
    }
}

async fn alter<S: Session + ?Sized>(session: &S, operation: AlterOperation) -> Result<()> {
    session.alter(&TableName::new("t"), vec![operation]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_default_that_came_as_a_constraint_goes_as_one() {
    for fixture in Fixture::each().await {
        let session = &*fixture.session;
        ok(session, "CREATE TABLE t (id INTEGER, role TEXT)", &[]).await;
        let constraint = Constraint::Default {
            name: Some("t_role_df".into()),
            column: "role".into(),
            value: "'guest'".into(),
        };
        alter(session, AlterOperation::AddConstraint { constraint: constraint.clone() }).await.unwrap();
        assert_eq!(describe(session, "t").await.constraints, [constraint]);
        ok(session, "INSERT INTO t (id) VALUES (1)", &[]).await;
        alter(session, AlterOperation::DropConstraint { name: "t_role_df".into() }).await.unwrap();
        ok(session, "INSERT INTO t (id) VALUES (2)", &[]).await;
        assert_eq!(ask(session, "SELECT role FROM t ORDER BY id").await, "guest ∅");
        assert!(describe(session, "t").await.constraints.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_are_applied_in_order_and_all_or_nothing() {
    for fixture in Fixture::each().await {
        let session = &*fixture.session;
        all(session, &["CREATE TABLE t (id INTEGER, a TEXT)", "INSERT INTO t VALUES (1, 'x')"]).await;
        let column = |definition: serde_json::Value| serde_json::from_value(definition).unwrap();
        let added =
            column(serde_json::json!({ "name": "b", "type": "INTEGER", "default": "5", "comment": "new" }));
        let changed = column(serde_json::json!({
            "name": "c", "type": "VARCHAR(10)", "allowNull": false, "default": "'none'", "unique": true,
        }));
        let operations = vec![
            AlterOperation::AddColumn { column: added },
            AlterOperation::RenameColumn { from: "b".into(), to: "c".into() },
            AlterOperation::ChangeColumn { column: changed },
            AlterOperation::RenameTable { to: TableName::new("u") },
        ];
        let mut failing = operations.clone();
        failing.push(AlterOperation::DropColumn { name: "nothing".into() });
        let refused = session.alter(&TableName::new("t"), failing).await.unwrap_err();
        assert_eq!(
            (refused.code, refused.details.columns),
            (ErrorCode::UnknownColumn, vec!["nothing".to_owned()])
        );
        assert_eq!(tables(session).await, ["t"]);
        session.alter(&TableName::new("t"), operations).await.unwrap();
        let schema = describe(session, "u").await;
        let column = &schema.columns[2];
        assert_eq!((column.name.as_str(), column.data_type.as_str()), ("c", "VARCHAR(10)"));
        assert_eq!((column.default.as_deref(), column.comment.as_deref()), (Some("'none'"), Some("new")));
        assert!(column.unique && !column.allow_null);
        assert_eq!(ask(session, "SELECT * FROM u").await, "1|x|5");
    }
}
