//! INSERT, UPDATE, DELETE, TRUNCATE.

use super::*;

#[test]
fn an_assigned_value_is_converted_by_a_function_that_names_its_column() {
    let database = Database::with(&[USERS]);
    assert_eq!(
        database.sql(
            "INSERT INTO \"Users\" (\"id\",\"name\",\"age\") VALUES (DEFAULT,$1,5) RETURNING \"id\",\"on\""
        ),
        "INSERT INTO \"Users\" (\"name\", \"age\") VALUES (phantomdb_assign_text(?1, 10, 'Users', 'name'), 5) \
         RETURNING \"id\", \"on\""
    );
    let insert = "INSERT INTO \"Users\" (\"age\") VALUES ($1)";
    let failed = database.try_rows(insert, &[text("seven")]).unwrap_err();
    assert_eq!(
        failed.to_string(),
        "phantomdb:TYPE_MISMATCH:column \"age\" of \"Users\": 'seven' is not an integer\u{1}Users\u{1}age"
    );
}

#[test]
fn an_upsert_by_an_index_of_expressions_repeats_the_expressions() {
    let database = Database::with(&[USERS]);
    let upsert = |target: &str| {
        format!(
            "INSERT INTO \"Users\" (\"name\", \"age\") VALUES ('a', 2) ON CONFLICT {target} \
             DO UPDATE SET \"age\"=EXCLUDED.\"age\" + \"Users\".\"age\" RETURNING \"age\""
        )
    };
    database.run("CREATE UNIQUE INDEX u ON \"Users\" (lower(\"name\")) WHERE \"age\" > 0");
    assert_eq!(
        database.sql(&upsert("(lower(\"name\")) WHERE \"age\" > 0")),
        "INSERT INTO \"Users\" (\"name\", \"age\") VALUES ('a', 2) \
         ON CONFLICT(lower(\"name\")) WHERE (\"age\" > 0) DO UPDATE SET \
         \"age\" = phantomdb_assign_int(phantomdb_int4_add(\"EXCLUDED\".\"age\", \"Users\".\"age\"), 32, 'Users', 'age') \
         WHERE phantomdb_first_write('Users', \"Users\".\"rowid\") RETURNING \"age\""
    );
}

#[test]
fn an_upsert_reports_for_each_row_whether_it_was_inserted() {
    let database = Database::with(&[
        USERS,
        "CREATE TABLE pets (owner VARCHAR(10) REFERENCES \"Users\" (\"name\") ON UPDATE CASCADE)",
        "INSERT INTO \"Users\" (\"name\", \"age\") VALUES ('b', 1), ('d', 1)",
        "INSERT INTO pets VALUES ('d')",
    ]);
    let upsert = |set: &str| {
        format!(
            "INSERT INTO \"Users\" (\"name\", \"age\") VALUES ('a', 2), ('b', 2), ('c', 2), ('d', 2), ('a', 3) \
             ON CONFLICT (\"name\") {set} RETURNING \"name\", phantomdb_created() AS \"__phantomdb_created\""
        )
    };
    assert_eq!(database.ask(&upsert("DO UPDATE SET \"age\"=EXCLUDED.\"age\"")), "a|1 b|0 c|1 d|0 a|0");
    assert_eq!(database.ask(&upsert("DO NOTHING")), "");
    database.run("DELETE FROM \"Users\" WHERE \"name\" IN ('a', 'c')");
    assert_eq!(database.ask(&upsert("DO NOTHING")), "a|1 c|1");
    database.run("DELETE FROM \"Users\" WHERE \"name\" = 'c'");
    let renamed = upsert("DO UPDATE SET \"name\"='x' || EXCLUDED.\"name\"");
    assert_eq!(database.ask(&renamed), "xa|0 xb|0 c|1 xd|0 a|1");
    assert_eq!(database.ask("SELECT owner FROM pets"), "xd");
    let types = database.adapt(&renamed).column_types;
    assert_eq!(types.last().copied().flatten(), Some(phantomdb_protocol::ColumnType::Boolean));
}

#[test]
fn a_write_names_the_table_that_it_changes() {
    use crate::adapt::{WriteKind, WriteTarget};
    let database = Database::with(&[USERS, "CREATE TABLE s.t (x INTEGER)"]);
    let insert = |reads_rows| WriteKind::Insert { reads_rows };
    for (sql, table, kind) in [
        ("INSERT INTO \"Users\" (name) VALUES ('SELECT')", "Users", insert(false)),
        ("INSERT INTO \"Users\" DEFAULT VALUES", "Users", insert(false)),
        ("INSERT INTO s.t SELECT 1", "s.t", insert(true)),
        ("INSERT INTO s.t VALUES ((SELECT 1))", "s.t", insert(true)),
        ("WITH a AS (SELECT 1) INSERT INTO s.t SELECT * FROM a", "s.t", insert(true)),
        ("UPDATE public.\"Users\" AS u SET name = 'x'", "Users", WriteKind::Update),
        ("DELETE FROM s.t USING \"Users\" WHERE t.x = age", "s.t", WriteKind::Delete),
        ("WITH a AS (SELECT 1) DELETE FROM s.t", "s.t", WriteKind::Delete),
        ("TRUNCATE TABLE s.t", "s.t", WriteKind::Delete),
    ] {
        let WriteTarget { table: written, kind: how, assigned } = database.adapt(sql).target.expect(sql);
        assert_eq!((written.as_str(), how), (table, kind), "{sql}");
        assert_eq!(assigned, (kind == WriteKind::Update).then(|| vec!["name".to_owned()]), "{sql}");
    }
    for sql in ["SELECT 1", "CREATE TABLE u (x INTEGER)", "DROP TABLE s.t", "EXPLAIN DELETE FROM s.t"] {
        assert_eq!(database.adapt(sql).target, None, "{sql}");
    }
}

#[test]
fn an_alias_may_stand_without_the_word_as() {
    let database = Database::with(&[
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)",
        "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)",
    ]);
    database.run("UPDATE t x SET n = x.n + 10 WHERE x.id = 1");
    database.run("DELETE FROM t x WHERE x.id = 2");
    assert_eq!(database.ask("SELECT x.id, x.n FROM t x ORDER BY x.id"), "1|11 3|3");
}

#[test]
fn a_with_query_that_changes_rows_stands_beside_no_part_that_would_see_the_change() {
    let database = Database::with(&[
        "CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER)",
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a (id) ON DELETE CASCADE)",
        "CREATE TABLE c (id INTEGER PRIMARY KEY)",
        "CREATE VIEW seen AS SELECT id FROM a",
    ]);
    for main in [
        "SELECT id FROM a",
        "SELECT id FROM x WHERE id IN (SELECT id FROM a)",
        "SELECT id FROM b",
        "SELECT id FROM seen",
        "UPDATE a SET n = 1",
        "INSERT INTO a SELECT 1, id FROM x",
    ] {
        let (code, message, _) =
            refused(&database, &format!("WITH x AS (DELETE FROM a RETURNING id) {main}"));
        assert_eq!(code, ErrorCode::Unsupported, "{main}: {message}");
    }
    let (code, message, _) = refused(
        &database,
        "WITH old AS (SELECT id FROM a), x AS (DELETE FROM a RETURNING id) SELECT old.id FROM old, x",
    );
    assert_eq!(code, ErrorCode::Unsupported, "{message}");
    for allowed in [
        "WITH x AS (DELETE FROM a RETURNING id) SELECT x.id FROM x, c",
        "WITH x AS (INSERT INTO a VALUES (1, 2) RETURNING id) SELECT b.id FROM b, x",
        "WITH old AS (SELECT id FROM a), x AS (DELETE FROM a WHERE id IN (SELECT id FROM old) RETURNING id) SELECT id FROM x",
    ] {
        assert_eq!(database.adapt(allowed).steps.len(), 1, "{allowed}");
    }
}
