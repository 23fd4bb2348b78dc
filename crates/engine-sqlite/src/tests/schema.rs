//! Definitions, the catalog, and changes of tables.

use super::*;

#[test]
fn a_table_is_created_with_named_constraints_and_declared_types() {
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

const FAMILY: [&str; 6] = [
    "CREATE TABLE p (id SERIAL PRIMARY KEY, name TEXT NOT NULL, kind ENUM('a','b') DEFAULT 'a', CONSTRAINT long_name CHECK (length(name) < 9))",
    "CREATE TABLE c (id SERIAL PRIMARY KEY, p_id INTEGER REFERENCES p (id) ON DELETE CASCADE ON UPDATE CASCADE)",
    "CREATE INDEX p_name ON p (lower(name) DESC) WHERE kind = 'a'",
    "INSERT INTO p (name) VALUES ('x'), ('y'), ('z')",
    "INSERT INTO c (p_id) VALUES (1), (2)",
    "DELETE FROM p WHERE name = 'z'",
];

/// ALTER TABLE rebuilds the table, inside and outside of a transaction. The rows of its children must survive.
#[test]
fn a_rebuilt_table_keeps_rows_children_indexes_checks_and_numbers() {
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
fn a_change_that_rows_contradict_is_refused_and_undone() {
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
        let error = crate::alter::apply(&database.0, &change).expect_err(sql);
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
    let error = crate::alter::apply(&database.0, &change).unwrap_err();
    assert_eq!(
        (error.code, error.details.referenced_table.as_deref()),
        (ErrorCode::ForeignKeyViolation, Some("p"))
    );
}

#[test]
fn the_catalog_reads_tables_that_other_programs_made() {
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
        crate::catalog::read_table(&database.0, &TableName::new("none")).unwrap_err().code,
        ErrorCode::UnknownTable
    );
}

/// After each change of the schema, SQLite compiles a cached statement again when it next runs.
#[test]
fn what_a_change_of_the_schema_has_to_know_takes_one_query() {
    use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    let mut database = Database::with(&FAMILY);
    let compiled = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&compiled);
    let count = move |context: AuthContext<'_>| {
        if context.action == AuthAction::Select {
            counted.fetch_add(1, Ordering::Relaxed);
        }
        Authorization::Allow
    };
    database.0.authorizer(Some(count)).unwrap();
    let queries = |work: &dyn Fn()| {
        database.0.flush_prepared_statement_cache();
        compiled.store(0, Ordering::Relaxed);
        work();
        compiled.load(Ordering::Relaxed)
    };
    assert_eq!(queries(&|| database.run("DROP TABLE IF EXISTS none")), 1);
    assert_eq!(queries(&|| database.run("DROP TABLE c")), 1);
    assert_eq!(queries(&|| drop(database.table(&TableName::new("p")))), 1);
}
