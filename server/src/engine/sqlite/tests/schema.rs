//! Definitions, the catalog, changes of tables.

use super::*;

#[test]
fn it_creates_a_table_with_named_constraints_and_the_declared_types() {
    let database = Database::new();
    assert_eq!(
        database.sql(USERS),
        "CREATE TABLE \"Users\" (\"id\" INTEGER CONSTRAINT \"Users_pkey\" PRIMARY KEY AUTOINCREMENT, \
         \"name\" VARCHAR(10) NOT NULL DEFAULT 'x' CONSTRAINT \"Users_name_key\" UNIQUE, \
         \"role\" ENUM_TEXT CONSTRAINT \"phantomdb_enum_role\" CHECK (\"role\" IN ('a', 'b')), \
         \"age\" INTEGER, \"on\" BOOLEAN, \"at\" TIMESTAMP_TEXT, \"price\" DECIMAL_TEXT(10,2) COLLATE decimal, \
         \"meta\" JSON_TEXT)"
    );
}

#[test]
fn schemas_are_part_of_the_name() {
    let database = Database::with(&[
        "CREATE TABLE s.t (id INTEGER PRIMARY KEY, x TEXT)",
        "CREATE INDEX t_x ON s.t (x)",
        "INSERT INTO s.t (id, x) VALUES (1, 'a')",
        "UPDATE \"s\".\"t\" SET x = 'b' WHERE \"s\".\"t\".id = 1",
    ]);
    assert_eq!(database.ask("SELECT s.t.x, t.id FROM s.t"), "b|1");
    assert_eq!(
        database.ask("SELECT t.* FROM \"public\".\"t2\" t".replace("public\".\"t2", "s\".\"t").as_str()),
        "1|b"
    );
    let schema = crate::engine::sqlite::catalog::list_tables(&database.0).unwrap();
    assert_eq!(schema, [TableName { name: "t".into(), schema: Some("s".into()) }]);
    assert_eq!(database.table(&schema[0]).unwrap().indexes[1].name, "t_x");
    database.run("DROP INDEX s.t_x");
    database.run("DELETE FROM s.t WHERE t.x = 'b'");
    database.run("DROP SCHEMA s CASCADE");
    assert!(crate::engine::sqlite::catalog::list_tables(&database.0).unwrap().is_empty());
}

const FAMILY: [&str; 6] = [
    "CREATE TABLE p (id SERIAL PRIMARY KEY, name TEXT NOT NULL, kind ENUM('a','b') DEFAULT 'a', CONSTRAINT long_name CHECK (length(name) < 9))",
    "CREATE TABLE c (id SERIAL PRIMARY KEY, p_id INTEGER REFERENCES p (id) ON DELETE CASCADE ON UPDATE CASCADE)",
    "CREATE INDEX p_name ON p (lower(name) DESC) WHERE kind = 'a'",
    "INSERT INTO p (name) VALUES ('x'), ('y'), ('z')",
    "INSERT INTO c (p_id) VALUES (1), (2)",
    "DELETE FROM p WHERE name = 'z'",
];

/// Rebuilds, with the transaction a user has open or not, and children that would be deleted with their parents.
#[test]
fn a_rebuild_keeps_rows_children_indexes_checks_and_numbers() {
    for in_transaction in [false, true] {
        let database = Database::with(&FAMILY);
        database
            .0
            .execute_batch("CREATE TRIGGER g AFTER INSERT ON p BEGIN UPDATE c SET p_id = p_id; END")
            .unwrap();
        if in_transaction {
            database.0.execute_batch("BEGIN IMMEDIATE; INSERT INTO c (p_id) VALUES (1)").unwrap();
        }
        database.run("ALTER TABLE p ALTER COLUMN name TYPE VARCHAR(5)");
        database.run("ALTER TABLE p ADD COLUMN made TIMESTAMP NOT NULL DEFAULT now(), ADD CONSTRAINT one UNIQUE (name)");
        database.run("ALTER TABLE p DROP COLUMN made");
        if in_transaction {
            database.0.execute_batch("COMMIT").unwrap();
        }
        let children = if in_transaction { "3" } else { "2" };
        assert_eq!(database.ask("SELECT count(*) FROM c"), children);
        assert_eq!(database.ask("SELECT id, name, kind FROM p ORDER BY id"), "1|x|a 2|y|a");
        assert_eq!(
            database.ask("INSERT INTO p (name) VALUES ('w') RETURNING id"),
            "4",
            "numbers are not used again"
        );
        let schema = database.table(&TableName::new("p")).unwrap();
        assert_eq!(schema.columns[1].data_type, "VARCHAR(5)");
        assert_eq!(schema.columns[2].data_type, "ENUM('a','b')");
        assert_eq!(schema.columns[2].default.as_deref(), Some("'a'"));
        let names: Vec<_> = schema.constraints.iter().filter_map(|constraint| constraint.name()).collect();
        assert_eq!(names, ["p_pkey", "long_name", "one"]);
        assert_eq!(
            schema.indexes.iter().map(|index| index.name.as_str()).collect::<Vec<_>>(),
            ["p_pkey", "one", "p_name"]
        );
        let sql: String = database
            .0
            .query_row("SELECT sql FROM sqlite_schema WHERE name = 'c'", [], |row| row.get(0))
            .unwrap();
        assert!(sql.contains("REFERENCES \"p\""), "{sql}");
        assert!(
            database.try_rows("INSERT INTO c (p_id) VALUES (77)", &[]).is_err(),
            "foreign keys are on again"
        );
        database.run("DELETE FROM p WHERE id = 1");
        assert_eq!(database.ask("SELECT count(*) FROM c"), "1", "and still cascade");
    }
}

#[test]
fn a_change_that_rows_contradict_is_refused_and_leaves_nothing() {
    let database = Database::with(&FAMILY);
    for sql in [
        "ALTER TABLE c ALTER COLUMN p_id TYPE UUID",
        "ALTER TABLE p ADD CONSTRAINT short CHECK (length(name) > 1)",
        "ALTER TABLE c ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES p (id), ADD CONSTRAINT u UNIQUE (nothing)",
        "ALTER TABLE p DROP COLUMN id",
        "ALTER TABLE p DROP CONSTRAINT nothing",
    ] {
        let change = database.adapt(sql).change.unwrap();
        database.0.execute_batch("SAVEPOINT s").unwrap();
        let error = crate::engine::sqlite::alter::apply(&database.0, &change).expect_err(sql);
        assert_ne!(error.code, ErrorCode::Internal, "{sql}: {error}");
        database.0.execute_batch("ROLLBACK TO s; RELEASE s").unwrap();
        assert_eq!(database.ask("SELECT count(*) FROM c"), "2");
    }
    database
        .0
        .execute_batch(
            "PRAGMA foreign_keys = OFF; INSERT INTO c (p_id) VALUES (99); PRAGMA foreign_keys = ON",
        )
        .unwrap();
    let change =
        database.adapt("ALTER TABLE c ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES p (id)").change.unwrap();
    database.0.execute_batch("SAVEPOINT s").unwrap();
    let error = crate::engine::sqlite::alter::apply(&database.0, &change).unwrap_err();
    assert_eq!(
        (error.code, error.details.referenced_table.as_deref()),
        (ErrorCode::ForeignKeyViolation, Some("p"))
    );
}

#[test]
fn constraints_come_and_go_by_name() {
    let database = Database::with(&FAMILY);
    database.run("ALTER TABLE c DROP CONSTRAINT c_p_id_fkey");
    database.run("INSERT INTO c (p_id) VALUES (77)");
    database.run("DELETE FROM c WHERE p_id = 77");
    database.run("ALTER TABLE c ADD CONSTRAINT back FOREIGN KEY (p_id) REFERENCES p (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED");
    database.run("DELETE FROM p WHERE id = 1");
    assert_eq!(database.ask("SELECT p_id FROM c ORDER BY id"), "∅ 2");
    database.run("ALTER TABLE c DROP CONSTRAINT back");
    database.run("ALTER TABLE p DROP CONSTRAINT p_pkey");
    database.run("ALTER TABLE p ADD CONSTRAINT again PRIMARY KEY (id)");
    let schema = database.table(&TableName::new("p")).unwrap();
    assert_eq!(schema.primary_key, ["id"]);
    database.run("ALTER TABLE c ADD FOREIGN KEY (p_id) REFERENCES p (id)");
    database.run("ALTER TABLE p RENAME COLUMN kind TO sort");
    database.run("ALTER TABLE p RENAME TO q");
    assert_eq!(database.table(&TableName::new("q")).unwrap().columns[2].data_type, "ENUM('a','b')");
    assert_eq!(
        database.table(&TableName::new("c")).unwrap().columns[1].references.as_ref().unwrap().table.name,
        "q"
    );
}

#[test]
fn dropping_a_parent_never_takes_rows_of_its_children() {
    let database = Database::with(&FAMILY);
    let change = database.adapt("DROP TABLE p").change.unwrap();
    assert_eq!(
        crate::engine::sqlite::alter::apply(&database.0, &change).unwrap_err().code,
        ErrorCode::ForeignKeyViolation
    );
    database.run("DROP TABLE IF EXISTS p CASCADE");
    assert_eq!(database.ask("SELECT count(*) FROM c"), "2");
    database.run("INSERT INTO c (p_id) VALUES (5)");
    database.run("DROP TABLE IF EXISTS p, c");
}

#[test]
fn the_catalog_reads_tables_that_others_made() {
    let database = Database::new();
    database
        .0
        .execute_batch(
            "CREATE TABLE a (x, y int unsigned DEFAULT 5, z DATETIME, PRIMARY KEY (x, y)) WITHOUT ROWID; \
         CREATE TABLE [b c] (id INTEGER PRIMARY KEY, n NUMERIC(5,1) NOT NULL)",
        )
        .unwrap();
    let schema = database.table(&TableName::new("a")).unwrap();
    assert_eq!(schema.primary_key, ["x", "y"]);
    assert_eq!(schema.columns[2].data_type, "TIMESTAMP");
    let schema = database.table(&TableName::new("b c")).unwrap();
    assert!(schema.columns[0].auto_increment);
    assert_eq!(schema.columns[1].data_type, "DECIMAL(5,1)");
    assert_eq!(
        crate::engine::sqlite::catalog::read_table(&database.0, &TableName::new("none")).unwrap_err().code,
        ErrorCode::UnknownTable
    );
}

#[test]
fn a_definition_is_read_back_whatever_its_checks_use() {
    let database = Database::with(&[
        "CREATE TABLE t (a TEXT CHECK (a ILIKE 'x%' OR a ~ '^y'), b JSON DEFAULT '{}', c BOOLEAN NOT NULL DEFAULT TRUE, \
         d TIMESTAMP DEFAULT CURRENT_TIMESTAMP, e UUID DEFAULT gen_random_uuid(), f INTEGER DEFAULT -1, g TEXT DEFAULT lower('X'), \
         h DATE DEFAULT '2026-01-02', CHECK (a IS DISTINCT FROM g AND f BETWEEN -5 AND 5 AND (b->>'k') IS NULL), UNIQUE (a, f))",
        "INSERT INTO t (a) VALUES ('xx')",
    ]);
    let schema = database.table(&TableName::new("t")).unwrap();
    let defaults: Vec<_> =
        schema.columns.iter().map(|column| column.default.as_deref().unwrap_or("-")).collect();
    assert_eq!(
        defaults,
        ["-", "'{}'", "true", "now()", "gen_random_uuid()", "-1", "lower('X')", "'2026-01-02'"]
    );
    let names: Vec<_> = schema.constraints.iter().filter_map(|constraint| constraint.name()).collect();
    assert_eq!(names, ["t_a_check", "t_check", "t_a_f_key"]);
    assert_eq!(database.ask("SELECT c, f, g, h, length(e), length(d) FROM t"), "1|-1|x|2026-01-02|36|24");
    assert!(database.try_rows("INSERT INTO t (a) VALUES ('no')", &[]).is_err());
    database.run("INSERT INTO t (a, c, f) VALUES ('y', DEFAULT, 1), ('xz', false, DEFAULT)");
    assert_eq!(database.ask("SELECT a, c, f FROM t ORDER BY a"), "xx|1|-1 xz|0|-1 y|1|1");
}

#[test]
fn schemas_are_listed_from_their_making_to_their_dropping() {
    let database = Database::with(&["CREATE TABLE \"my.t\" (id INTEGER)"]);
    let tables = || crate::engine::sqlite::catalog::list_tables(&database.0).unwrap();
    assert_eq!(database.ask("SHOW SCHEMAS"), "");
    assert_eq!(tables(), [TableName::new("my.t")], "a dot alone makes no schema");
    database.run("CREATE SCHEMA b");
    database.run("CREATE SCHEMA IF NOT EXISTS b");
    database.run("CREATE TABLE a.t (id INTEGER PRIMARY KEY)");
    database.run("ALTER TABLE \"my.t\" RENAME TO \"c\".\"t\"");
    assert_eq!(database.ask("SHOW SCHEMAS"), "a b c");
    assert_eq!(tables().iter().map(ToString::to_string).collect::<Vec<_>>(), ["a.t", "c.t"]);
    let apply = |sql: &str| {
        let change = database.adapt(sql).change.unwrap();
        crate::engine::sqlite::alter::apply(&database.0, &change).map_err(|error| error.code)
    };
    assert_eq!(apply("CREATE SCHEMA b"), Err(ErrorCode::AlreadyExists));
    assert_eq!(apply("DROP SCHEMA a"), Err(ErrorCode::BadRequest), "it has a table");
    assert_eq!(apply("DROP SCHEMA nobody"), Err(ErrorCode::NotFound));
    database.run("DROP SCHEMA a CASCADE");
    database.run("DROP SCHEMA IF EXISTS c, nobody CASCADE");
    assert_eq!(database.ask("SHOW SCHEMAS"), "b");
    assert!(tables().is_empty());
}

#[test]
fn comments_follow_their_tables_and_columns() {
    let database = Database::with(&[
        "CREATE TABLE t (a INTEGER, b INTEGER)",
        "COMMENT ON TABLE t IS 'it''s'",
        "COMMENT ON COLUMN t.a IS 'first'",
        "COMMENT ON COLUMN t.b IS 'second'",
        "COMMENT ON COLUMN t.b IS NULL",
        "ALTER TABLE t RENAME COLUMN a TO c",
        "ALTER TABLE t ALTER COLUMN c TYPE TEXT",
        "ALTER TABLE t RENAME TO u",
    ]);
    let comments = |table: &str| {
        let schema = database.table(&TableName::new(table)).unwrap();
        let columns: Vec<Option<String>> =
            schema.columns.iter().map(|column| column.comment.clone()).collect();
        (schema.comment.clone(), columns)
    };
    assert_eq!(comments("u"), (Some("it's".into()), vec![Some("first".into()), None]));
    database.run("DROP TABLE u");
    database.run("CREATE TABLE u (c INTEGER)");
    assert_eq!(comments("u"), (None, vec![None]));
}

#[test]
fn a_foreign_key_needs_its_table() {
    let database = Database::with(&["CREATE TABLE p (id INTEGER PRIMARY KEY)"]);
    let (code, message, _) = refused(&database, "CREATE TABLE c (id INTEGER REFERENCES nobody (id))");
    assert_eq!(code, ErrorCode::UnknownTable);
    assert_eq!(message, "there is no table \"nobody\" for a foreign key to point to; create it first");
    database.run(
        "CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id), me INTEGER REFERENCES c (id))",
    );
}

#[test]
fn tables_that_refer_to_each_other_are_emptied_together() {
    let database = Database::with(&[
        "CREATE TABLE a (id INTEGER PRIMARY KEY, b INTEGER)",
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a (id))",
        "ALTER TABLE a ADD CONSTRAINT fk FOREIGN KEY (b) REFERENCES b (id)",
        "INSERT INTO a VALUES (1, NULL)",
        "INSERT INTO b VALUES (1, 1)",
        "UPDATE a SET b = 1",
    ]);
    database.0.execute_batch("BEGIN").unwrap();
    database.run("TRUNCATE TABLE a CASCADE");
    database.0.execute_batch("COMMIT").unwrap();
    assert_eq!(database.ask("SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b)"), "0|0");
}

#[test]
fn a_declared_type_is_known_after_any_number_of_rebuilds() {
    let database = Database::with(&[
        "CREATE TABLE t (at TIMESTAMP NOT NULL, price DECIMAL(5,2), key UUID)",
        "ALTER TABLE t ADD CONSTRAINT one UNIQUE (at)",
        "ALTER TABLE t ADD CONSTRAINT two UNIQUE (key)",
        "ALTER TABLE t DROP CONSTRAINT one",
    ]);
    let types: Vec<String> =
        database.table(&TableName::new("t")).unwrap().columns.iter().map(|c| c.data_type.clone()).collect();
    assert_eq!(types, ["TIMESTAMP", "DECIMAL(5,2)", "UUID"]);
}

#[test]
fn a_default_that_came_as_a_constraint_goes_as_one() {
    use phantomdb_protocol::{AlterOperation, Constraint};
    let database = Database::with(&["CREATE TABLE t (id INTEGER, role TEXT)"]);
    let table = TableName::new("t");
    let alter = |operation| crate::engine::sqlite::alter::alter(&database.0, &table, &[operation]).unwrap();
    let constraint = Constraint::Default {
        name: Some("t_role_df".into()),
        column: "role".into(),
        value: "'guest'".into(),
    };
    alter(AlterOperation::AddConstraint { constraint: constraint.clone() });
    assert_eq!(database.table(&table).unwrap().constraints, [constraint]);
    database.run("INSERT INTO t (id) VALUES (1)");
    alter(AlterOperation::DropConstraint { name: "t_role_df".into() });
    database.run("INSERT INTO t (id) VALUES (2)");
    assert_eq!(database.ask("SELECT role FROM t ORDER BY id"), "guest ∅");
    assert!(database.table(&table).unwrap().constraints.is_empty());
}
