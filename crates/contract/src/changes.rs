//! INSERT, UPDATE, DELETE, TRUNCATE.

use phantomdb_protocol::{Cell, ColumnType, ErrorCode, Statement, TableName, Value};

use super::fixture::{ContractTest, Fixture, contract_tests};
use super::queries::USERS;
use super::session::{all, ask, ask_with, error, ok, text};

/// The tests of this file.
pub(super) const TESTS: &[ContractTest] = contract_tests![
    an_upsert_meets_a_row_once,
    it_inserts_with_defaults_and_conversions,
    it_upserts_by_columns_by_condition_and_by_constraint,
    an_upsert_tells_for_each_row_whether_it_was_made,
    a_key_that_is_not_an_identity_must_be_given,
    it_changes_rows_from_other_tables,
    a_written_table_has_an_alias_and_returns_columns_of_others,
    truncate_restarts_numbers_and_follows_references,
    tables_that_refer_to_each_other_are_emptied_together
];

async fn it_inserts_with_defaults_and_conversions(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, USERS, &[]).await;
    let insert = "INSERT INTO \"Users\" (\"id\",\"name\",\"age\",\"at\",\"price\",\"on\") \
                  VALUES (DEFAULT,$1,$2,'2026-01-02 03:04:05+01','1.005',$3) RETURNING \"id\",\"at\",\"price\",\"on\"";
    let inserted = ask_with(session, insert, &[text("ann"), text("7"), Value::Boolean(true)]).await;
    assert_eq!(inserted, "1|2026-01-02T02:04:05.000Z|1.01|true");
    for (age, name, code) in [
        (text("seven"), "bob", ErrorCode::TypeMismatch),
        (Value::Integer(1 << 40), "bob", ErrorCode::OutOfRange),
        (Value::Null, "a name too long", ErrorCode::OutOfRange),
    ] {
        let refused = error(session, insert, &[text(name), age, Value::Null]).await;
        assert_eq!(refused.code, code, "{}", refused.message);
    }
    let next = ask(session, "INSERT INTO \"Users\" DEFAULT VALUES RETURNING \"id\" > 1, \"name\"").await;
    assert_eq!(next, "true|x");
    let twice = "INSERT INTO \"Users\" (\"id\") VALUES (DEFAULT), (99) ON CONFLICT DO NOTHING";
    assert_eq!(ok(session, twice, &[]).await.affected_rows, 0);
}

async fn it_upserts_by_columns_by_condition_and_by_constraint(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &[USERS, "INSERT INTO \"Users\" (\"name\", age) VALUES ('a', 1)"]).await;
    let upsert = |target: &str| {
        format!(
            "INSERT INTO \"Users\" (\"name\", \"age\") VALUES ('a', 2) ON CONFLICT {target} \
             DO UPDATE SET \"age\"=EXCLUDED.\"age\" + \"Users\".\"age\" RETURNING \"age\""
        )
    };
    assert_eq!(ask(session, &upsert("(\"name\")")).await, "3");
    assert_eq!(ask(session, &upsert("ON CONSTRAINT \"Users_name_key\"")).await, "5");
    all(
        session,
        &[
            "ALTER TABLE \"Users\" DROP CONSTRAINT \"Users_name_key\"",
            "CREATE UNIQUE INDEX u ON \"Users\" (lower(\"name\")) WHERE \"age\" > 0",
        ],
    )
    .await;
    assert_eq!(ask(session, &upsert("(lower(\"name\")) WHERE \"age\" > 0")).await, "7");
    assert_eq!(ask(session, "SELECT count(*) FROM \"Users\"").await, "1");
}

async fn an_upsert_tells_for_each_row_whether_it_was_made(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            USERS,
            "CREATE TABLE pets (owner VARCHAR(10) REFERENCES \"Users\" (\"name\") ON UPDATE CASCADE)",
            "INSERT INTO \"Users\" (\"name\", \"age\") VALUES ('b', 1), ('d', 1)",
            "INSERT INTO pets VALUES ('d')",
        ],
    )
    .await;
    let upsert = |set: &str| {
        format!(
            "INSERT INTO \"Users\" (\"name\", \"age\") VALUES ('a', 2), ('b', 2), ('c', 2), ('d', 2) \
             ON CONFLICT (\"name\") {set} RETURNING \"name\", phantomdb_created() AS \"__phantomdb_created\""
        )
    };
    let update = upsert("DO UPDATE SET \"age\"=EXCLUDED.\"age\"");
    assert_eq!(ask(session, &update).await, "a|true b|false c|true d|false");
    assert_eq!(ask(session, &upsert("DO NOTHING")).await, "");
    ok(session, "DELETE FROM \"Users\" WHERE \"name\" IN ('a', 'c')", &[]).await;
    assert_eq!(ask(session, &upsert("DO NOTHING")).await, "a|true c|true");
    ok(session, "DELETE FROM \"Users\" WHERE \"name\" = 'c'", &[]).await;
    let renamed = upsert("DO UPDATE SET \"name\"='x' || EXCLUDED.\"name\"");
    assert_eq!(ask(session, &renamed).await, "xa|false xb|false c|true xd|false");
    assert_eq!(ask(session, "SELECT owner FROM pets").await, "xd");
    let columns = ok(session, &upsert("DO NOTHING"), &[]).await.columns;
    assert_eq!(columns[1].column_type, ColumnType::Boolean);
}

async fn a_key_that_is_not_an_identity_must_be_given(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE t (id INTEGER PRIMARY KEY, b BIGINT)", &[]).await;
    let missing = error(session, "INSERT INTO t (b) VALUES (1)", &[]).await;
    assert_eq!((missing.code, missing.details.columns), (ErrorCode::NotNullViolation, vec!["id".to_owned()]));
    let null = error(session, "INSERT INTO t (id) VALUES ($1)", &[Value::Null]).await;
    assert_eq!(null.code, ErrorCode::NotNullViolation);
    all(session, &["CREATE TABLE s (id BIGSERIAL, PRIMARY KEY (id))", "INSERT INTO s (id) VALUES (DEFAULT)"])
        .await;
    let column = &session.describe(&TableName::new("s")).await.unwrap().columns[0];
    assert_eq!(
        (column.data_type.as_str(), column.auto_increment, column.primary_key),
        ("BIGINT", true, true)
    );
    assert_eq!(ask(session, "INSERT INTO s (id) VALUES (9000000000) RETURNING id").await, "9000000000");
}

async fn it_changes_rows_from_other_tables(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE a (id INTEGER PRIMARY KEY, x INTEGER)",
            "CREATE TABLE b (a_id INTEGER, y INTEGER)",
            "INSERT INTO a VALUES (1, 0), (2, 0)",
            "INSERT INTO b SELECT id, 7 FROM a ON CONFLICT DO NOTHING",
        ],
    )
    .await;
    for (sql, expected) in [
        ("UPDATE a SET x = b.y + 1 FROM b WHERE b.a_id = a.id AND a.id = 1 RETURNING a.id, x", "1|8"),
        ("DELETE FROM a USING b WHERE a.id = b.a_id AND a.x = 8 RETURNING a.id", "1"),
        ("SELECT id FROM a", "2"),
        ("WITH c AS (SELECT 2 AS id) DELETE FROM a WHERE id IN (SELECT id FROM c) RETURNING id", "2"),
        ("UPDATE b SET (a_id, y) = (DEFAULT, 3) WHERE a_id = 1 RETURNING a_id, y", "∅|3"),
    ] {
        assert_eq!(ask(session, sql).await, expected, "{sql}");
    }
}

async fn a_written_table_has_an_alias_and_returns_columns_of_others(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, name TEXT)",
            "CREATE TABLE h (t_id INTEGER, n INTEGER, at DATE)",
            "CREATE TABLE s.k (n INTEGER, word TEXT)",
            "INSERT INTO t VALUES (1, 10, 'x'), (2, 20, 'y'), (3, 30, 'z')",
            "INSERT INTO h VALUES (1, 7, '2026-01-02'), (2, 8, '2026-01-03')",
            "INSERT INTO s.k VALUES (7, 'seven'), (8, 'eight')",
        ],
    )
    .await;
    for (sql, expected) in [
        ("UPDATE t x SET a = 11 WHERE x.id = 1 RETURNING x.a", "11"),
        ("UPDATE t AS x SET a = x.a + 1 WHERE x.id = 1 RETURNING id, a", "1|12"),
        ("UPDATE t SET a = h.n FROM h WHERE h.t_id = t.id AND t.id = 1 RETURNING h.n", "7"),
        (
            "UPDATE t SET a = h.n FROM h WHERE h.t_id = t.id AND t.id = 1 RETURNING h.n + 1 AS more, t.a",
            "8|7",
        ),
        (
            "UPDATE t x SET a = y.n FROM h y WHERE y.t_id = x.id AND x.id = 2 RETURNING x.id, y.n, at",
            "2|8|2026-01-03",
        ),
        ("UPDATE t SET a = 0 FROM h WHERE h.t_id = t.id AND t.id = 2 RETURNING *", "2|0|y|2|8|2026-01-03"),
        ("UPDATE t SET a = 0 FROM h WHERE h.t_id = t.id AND t.id = 2 RETURNING t.*", "2|0|y"),
        (
            "UPDATE t SET a = 0 FROM h JOIN s.k ON k.n = h.n WHERE h.t_id = t.id AND t.id = 1 RETURNING h.n, word",
            "7|seven",
        ),
        ("DELETE FROM t x WHERE x.id = 3 RETURNING x.name", "z"),
        (
            "DELETE FROM t x USING h WHERE h.t_id = x.id AND x.id = 2 RETURNING x.id, h.n, h.*",
            "2|8|2|8|2026-01-03",
        ),
        ("SELECT id FROM t", "1"),
        (
            "UPDATE t SET a = 0 FROM (SELECT 1 AS id) AS o WHERE o.id = t.id RETURNING (SELECT max(t_id) FROM h)",
            "2",
        ),
    ] {
        assert_eq!(ask(session, sql).await, expected, "{sql}");
    }
    for ambiguous in [
        "UPDATE t SET a = 0 FROM (SELECT 1 AS id) AS o WHERE o.id = t.id RETURNING id",
        "DELETE FROM t USING (SELECT 1 AS id) AS o WHERE o.id = t.id RETURNING t.id, id + 1",
    ] {
        assert_eq!(error(session, ambiguous, &[]).await.code, ErrorCode::SyntaxError, "{ambiguous}");
    }
}

async fn truncate_restarts_numbers_and_follows_references(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE p (id SERIAL PRIMARY KEY)",
            "CREATE TABLE c (id SERIAL PRIMARY KEY, p_id INTEGER REFERENCES p (id) ON DELETE CASCADE)",
            "INSERT INTO p DEFAULT VALUES",
            "INSERT INTO c (p_id) VALUES (1)",
        ],
    )
    .await;
    let refused = error(session, "TRUNCATE TABLE p", &[]).await;
    assert_eq!((refused.code, refused.details.table.as_deref()), (ErrorCode::ForeignKeyViolation, Some("p")));
    ok(session, "TRUNCATE TABLE p RESTART IDENTITY CASCADE", &[]).await;
    assert_eq!(ask(session, "SELECT count(*) FROM c").await, "0");
    assert_eq!(ask(session, "INSERT INTO p DEFAULT VALUES RETURNING id").await, "1");
    assert_eq!(error(session, "TRUNCATE TABLE nothing", &[]).await.code, ErrorCode::UnknownTable);
}

async fn tables_that_refer_to_each_other_are_emptied_together(fixture: &Fixture) {
    all(
        &*fixture.session,
        &[
            "CREATE TABLE a (id INTEGER PRIMARY KEY, b INTEGER)",
            "CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a (id))",
            "ALTER TABLE a ADD CONSTRAINT fk FOREIGN KEY (b) REFERENCES b (id)",
            "INSERT INTO a VALUES (1, NULL)",
            "INSERT INTO b VALUES (1, 1)",
            "UPDATE a SET b = 1",
        ],
    )
    .await;
    let transaction = fixture.begin(None).await;
    ok(&*transaction, "TRUNCATE TABLE a CASCADE", &[]).await;
    transaction.commit().await.unwrap();
    let left = "SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b)";
    assert_eq!(ask(&*fixture.session, left).await, "0|0");
}

async fn an_upsert_meets_a_row_once(fixture: &Fixture) {
    let session = &*fixture.session;
    ok(session, "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, u TEXT UNIQUE)", &[]).await;
    ok(session, "INSERT INTO t VALUES (1, 5, 'a')", &[]).await;
    for sql in [
        "INSERT INTO t (id, n) VALUES (2, 1), (2, 2) ON CONFLICT (id) DO UPDATE SET n = EXCLUDED.n",
        "INSERT INTO t (id, n) VALUES (1, 1), (1, 2) ON CONFLICT (id) DO UPDATE SET n = EXCLUDED.n RETURNING n",
        "INSERT INTO t (id, n) VALUES (2, 1), (2, 2) ON CONFLICT (id) DO UPDATE SET n = 7 WHERE false",
        "INSERT INTO t (id, u) VALUES (2, 'b'), (3, 'b') ON CONFLICT (u) DO UPDATE SET n = 7",
        "INSERT INTO t AS x (id, n) SELECT 2, i FROM generate_series(1, 2) AS g(i) ON CONFLICT (id) DO UPDATE SET n = x.n",
        "WITH w AS (INSERT INTO t (id, n) VALUES (2, 1), (2, 2) ON CONFLICT (id) DO UPDATE SET n = 7 RETURNING id) SELECT id FROM w",
    ] {
        let refused = error(session, sql, &[]).await;
        assert_eq!(refused.code, ErrorCode::BadRequest, "{sql}");
        assert!(refused.message.contains("second time"), "{sql}: {}", refused.message);
        assert_eq!(ask(session, "SELECT id, n, u FROM t").await, "1|5|a", "{sql}");
    }
    for (sql, expected) in [
        (
            "INSERT INTO t (id, n) VALUES (1, 6), (2, 1) ON CONFLICT (id) DO UPDATE SET n = EXCLUDED.n",
            "1|6 2|1",
        ),
        (
            "INSERT INTO t (id, n) VALUES (2, 3) ON CONFLICT (id) DO UPDATE SET n = t.n + 1 WHERE t.n = 1",
            "1|6 2|2",
        ),
        ("INSERT INTO t (id, n) VALUES (2, 3) ON CONFLICT (id) DO UPDATE SET n = 9 WHERE t.n = 1", "1|6 2|2"),
        ("INSERT INTO t (id, n) VALUES (3, 1), (3, 2) ON CONFLICT DO NOTHING", "1|6 2|2 3|1"),
    ] {
        ok(session, sql, &[]).await;
        assert_eq!(ask(session, "SELECT id, n FROM t ORDER BY id").await, expected, "{sql}");
    }
    let rows = Statement {
        query: "INSERT INTO t (id, n) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET n = EXCLUDED.n"
            .to_owned(),
        rows: vec![vec![Cell::Value(Value::Integer(4)), Cell::Value(Value::Integer(1))]; 2],
        ..Statement::default()
    };
    assert_eq!(session.execute(rows).await.unwrap_err().code, ErrorCode::BadRequest);
    assert_eq!(ask(session, "SELECT count(*) FROM t").await, "3");
}
