//! INSERT, UPDATE, DELETE, TRUNCATE.

use super::*;

#[test]
fn values_are_converted_by_functions_that_name_their_column() {
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
        "phantomdb:TYPE_MISMATCH:column \"age\" of \"Users\": 'seven' is not an integer"
    );
}

#[test]
fn an_upsert_by_an_index_of_expressions_is_written_as_sqlite_has_it() {
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
        "INSERT INTO \"Users\" (\"name\", \"age\") VALUES (phantomdb_assign_text('a', 10, 'Users', 'name'), 2) \
         ON CONFLICT(lower(\"name\")) WHERE (\"age\" > 0) DO UPDATE SET \
         \"age\" = phantomdb_assign_int(\"EXCLUDED\".\"age\" + \"Users\".\"age\", 32, 'Users', 'age') RETURNING \"age\""
    );
}

#[test]
fn an_upsert_may_meet_a_row_twice_and_tells_each_time_whether_it_was_made() {
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
