//! INSERT, UPDATE, DELETE, TRUNCATE.

use super::*;

#[test]
fn it_inserts_with_defaults_and_conversions() {
    let database = Database::with(&[USERS]);
    assert_eq!(
        database.sql(
            "INSERT INTO \"Users\" (\"id\",\"name\",\"age\") VALUES (DEFAULT,$1,5) RETURNING \"id\",\"on\""
        ),
        "INSERT INTO \"Users\" (\"name\", \"age\") VALUES (phantomdb_assign_text(?1, 10, 'Users', 'name'), 5) \
         RETURNING \"id\", \"on\""
    );
    let insert = "INSERT INTO \"Users\" (\"id\",\"name\",\"age\",\"at\",\"price\",\"on\") \
                  VALUES (DEFAULT,$1,$2,'2026-01-02 03:04:05+01','1.005',$3) RETURNING \"id\",\"at\",\"price\",\"on\"";
    let rows = database.rows(insert, &[text("ann"), text("7"), Value::Integer(1)]);
    assert_eq!(show(&rows), "1|2026-01-02T02:04:05.000Z|1.01|1");
    let failed = database.try_rows(insert, &[text("bob"), text("seven"), Value::Null]).unwrap_err();
    assert_eq!(
        failed.to_string(),
        "phantomdb:TYPE_MISMATCH:column \"age\" of \"Users\": 'seven' is not an integer"
    );
    let failed = database.try_rows(insert, &[text("bob"), Value::Integer(1 << 40), Value::Null]).unwrap_err();
    assert!(failed.to_string().starts_with("phantomdb:OUT_OF_RANGE:column \"age\""), "{failed}");
    let failed = database.try_rows(insert, &[text("a name too long"), Value::Null, Value::Null]).unwrap_err();
    assert!(failed.to_string().starts_with("phantomdb:OUT_OF_RANGE:column \"name\""), "{failed}");
    assert_eq!(database.ask("INSERT INTO \"Users\" DEFAULT VALUES RETURNING \"id\", \"name\""), "2|x");
    assert_eq!(
        database.ask("INSERT INTO \"Users\" (\"id\") VALUES (DEFAULT), (9) ON CONFLICT DO NOTHING"),
        ""
    );
}

#[test]
fn it_upserts_by_columns_by_condition_and_by_constraint() {
    let database = Database::with(&[USERS, "INSERT INTO \"Users\" (\"name\", age) VALUES ('a', 1)"]);
    let upsert = |target: &str| {
        format!(
            "INSERT INTO \"Users\" (\"name\", \"age\") VALUES ('a', 2) ON CONFLICT {target} \
             DO UPDATE SET \"age\"=EXCLUDED.\"age\" + \"Users\".\"age\" RETURNING \"age\""
        )
    };
    assert_eq!(database.ask(&upsert("(\"name\")")), "3");
    assert_eq!(database.ask(&upsert("ON CONSTRAINT \"Users_name_key\"")), "5");
    database.run("CREATE UNIQUE INDEX u ON \"Users\" (lower(\"name\")) WHERE \"age\" > 0");
    assert_eq!(
        database.sql(&upsert("(lower(\"name\")) WHERE \"age\" > 0")),
        "INSERT INTO \"Users\" (\"name\", \"age\") VALUES (phantomdb_assign_text('a', 10, 'Users', 'name'), 2) \
         ON CONFLICT(lower(\"name\")) WHERE (\"age\" > 0) DO UPDATE SET \
         \"age\" = phantomdb_assign_int(\"EXCLUDED\".\"age\" + \"Users\".\"age\", 32, 'Users', 'age') RETURNING \"age\""
    );
    assert_eq!(database.ask("SELECT count(*) FROM \"Users\""), "1");
}

#[test]
fn an_upsert_tells_for_each_row_whether_it_was_made() {
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
fn a_key_that_is_not_an_identity_must_be_given() {
    let database = Database::with(&["CREATE TABLE t (id INTEGER PRIMARY KEY, b BIGINT)"]);
    let error = adapt("INSERT INTO t (b) VALUES (1)", &database).unwrap_err();
    assert_eq!((error.code, error.details.columns), (ErrorCode::NotNullViolation, vec!["id".to_owned()]));
    let failed = database.try_rows("INSERT INTO t (id) VALUES ($1)", &[Value::Null]).unwrap_err();
    assert!(failed.to_string().starts_with("phantomdb:NOT_NULL_VIOLATION:"), "{failed}");
    let database = Database::with(&[
        "CREATE TABLE t (id BIGSERIAL, PRIMARY KEY (id))",
        "INSERT INTO t (id) VALUES (DEFAULT)",
    ]);
    let column = &database.table(&TableName::new("t")).unwrap().columns[0];
    assert_eq!(
        (column.data_type.as_str(), column.auto_increment, column.primary_key),
        ("BIGINT", true, true)
    );
    assert_eq!(database.ask("INSERT INTO t (id) VALUES (9000000000) RETURNING id"), "9000000000");
}

#[test]
fn it_changes_rows_from_other_tables() {
    let database = Database::with(&[
        "CREATE TABLE a (id INTEGER PRIMARY KEY, x INTEGER)",
        "CREATE TABLE b (a_id INTEGER, y INTEGER)",
        "INSERT INTO a VALUES (1, 0), (2, 0)",
        "INSERT INTO b SELECT id, '7' FROM a ON CONFLICT DO NOTHING",
    ]);
    assert_eq!(
        database.ask("UPDATE a SET x = b.y + 1 FROM b WHERE b.a_id = a.id AND a.id = 1 RETURNING a.id, x"),
        "1|8"
    );
    database.run("DELETE FROM a USING b WHERE a.id = b.a_id AND a.x = 8");
    assert_eq!(database.ask("SELECT id FROM a"), "2");
    assert_eq!(
        database.ask("WITH c AS (SELECT 2 AS id) DELETE FROM a WHERE id IN (SELECT id FROM c) RETURNING id"),
        "2"
    );
    assert_eq!(database.ask("UPDATE b SET (a_id, y) = (DEFAULT, 3) WHERE a_id = 1 RETURNING a_id, y"), "∅|3");
}

#[test]
fn truncate_restarts_numbers_and_follows_references() {
    let database = Database::with(&[
        "CREATE TABLE p (id SERIAL PRIMARY KEY)",
        "CREATE TABLE c (id SERIAL PRIMARY KEY, p_id INTEGER REFERENCES p (id) ON DELETE CASCADE)",
        "INSERT INTO p DEFAULT VALUES",
        "INSERT INTO c (p_id) VALUES (1)",
    ]);
    assert_eq!(refused(&database, "TRUNCATE TABLE p").0, ErrorCode::ForeignKeyViolation);
    database.run("TRUNCATE TABLE p RESTART IDENTITY CASCADE");
    assert_eq!(database.ask("SELECT count(*) FROM c"), "0");
    assert_eq!(database.ask("INSERT INTO p DEFAULT VALUES RETURNING id"), "1");
}
