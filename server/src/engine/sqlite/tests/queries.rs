//! Queries, functions, types of results.

use super::*;

#[test]
fn it_selects_what_sequelize_writes() {
    let database = Database::with(&[
        USERS,
        "INSERT INTO \"Users\" (\"name\", \"meta\", \"on\") VALUES ('Ann', '{\"a\":{\"b\":\"x\"}}', true), ('bob', '{\"a\":1}', 'f')",
    ]);
    let select = "SELECT \"User\".\"id\", \"User\".\"name\" AS \"n\" FROM \"Users\" AS \"User\" WHERE \
                  (\"User\".\"meta\"#>>'{a,b}') = $1 AND \"User\".\"name\" LIKE $2 ORDER BY \"User\".\"id\" DESC NULLS LAST LIMIT 10 OFFSET $3";
    assert_eq!(
        database.sql(select),
        "SELECT \"User\".\"id\", \"User\".\"name\" AS \"n\" FROM \"Users\" AS \"User\" WHERE \
         (phantomdb_json_path_text(\"User\".\"meta\", '{a,b}')) = ?1 AND \"User\".\"name\" LIKE ?2 ESCAPE '\\' \
         ORDER BY \"User\".\"id\" DESC LIMIT 10 OFFSET ?3"
    );
    assert_eq!(show(&database.rows(select, &[text("x"), text("A%"), Value::Integer(0)])), "1|Ann");
    assert_eq!(database.ask("SELECT name FROM `Users` WHERE name ILIKE 'B%'"), "bob");
    assert_eq!(database.ask("SELECT name FROM `Users` WHERE name ~ '^A' AND name !~* 'X'"), "Ann");
    assert_eq!(database.ask("SELECT name FROM \"Users\" WHERE \"on\" = 'true'"), "Ann");
    assert_eq!(database.ask("SELECT name FROM \"Users\" WHERE \"on\" IS NOT TRUE"), "bob");
    assert_eq!(database.ask("SELECT name FROM \"Users\" WHERE name LIKE ANY (ARRAY['A%', 'z%'])"), "Ann");
    assert_eq!(database.ask("SELECT name FROM \"Users\" WHERE id = ANY (VALUES (2), (3))"), "bob");
    assert_eq!(database.ask("SELECT name FROM \"Users\" WHERE id <> ALL (ARRAY[1])"), "bob");
    assert_eq!(database.ask("SELECT name FROM \"Users\" WHERE id >= ALL (SELECT id FROM \"Users\")"), "bob");
    assert_eq!(database.ask("SELECT \"id\" FROM \"Users\" OFFSET 1"), "2");
    assert_eq!(
        database.ask("SELECT meta->'a', meta->>'a' FROM \"Users\" ORDER BY id"),
        "{\"b\":\"x\"}|{\"b\":\"x\"} 1|1"
    );
    assert_eq!(database.ask("SELECT name FROM \"Users\" WHERE meta @> '{\"a\":1}'"), "bob");
    assert_eq!(database.ask("SELECT (SELECT 1) UNION (SELECT 2 UNION SELECT 3) ORDER BY 1 DESC"), "3 2 1");
    assert_eq!(database.ask("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT sum(i) FROM n"), "6");
    assert_eq!(
        database.adapt("SELECT id FROM \"Users\" FOR NO KEY UPDATE OF \"Users\" SKIP LOCKED").kind,
        crate::engine::sqlite::adapt::Kind::LockingRead
    );
}

#[test]
fn any_and_all_of_a_query_are_unknown_where_a_null_leaves_them_open() {
    let database =
        Database::with(&[USERS, "INSERT INTO \"Users\" (\"name\", age) VALUES ('a', 1), ('b', NULL)"]);
    assert_eq!(database.ask("SELECT name FROM \"Users\" WHERE age < ALL (SELECT 2 UNION SELECT 3)"), "a");
    assert_eq!(database.ask("SELECT name FROM \"Users\" WHERE NOT (age > ANY (SELECT 2))"), "a");
    for (expression, expected) in [
        ("1 > ANY (SELECT age FROM \"Users\")", "NULL"),
        ("2 > ANY (SELECT age FROM \"Users\")", "true"),
        ("2 > ALL (SELECT age FROM \"Users\")", "NULL"),
        ("1 > ALL (SELECT age FROM \"Users\")", "false"),
        ("NULL > ALL (SELECT 1 WHERE false)", "true"),
        ("NULL > ANY (SELECT 1 WHERE false)", "false"),
    ] {
        let query = format!("SELECT coalesce(CAST({expression} AS TEXT), 'NULL')");
        assert_eq!(database.ask(&query), expected, "{expression}");
    }
}

#[test]
fn arithmetic_is_of_numbers_dates_and_documents() {
    let database = Database::with(&[
        USERS,
        "INSERT INTO \"Users\" (\"name\", \"meta\") VALUES ('3 Ann', '{\"a\":1,\"b\":2}')",
    ]);
    for (expression, expected) in [
        ("DATE '2020-03-01' - DATE '2020-02-01'", "29"),
        ("DATE '2020-02-28' + 2", "2020-03-01"),
        ("DATE '2020-03-01' - 1", "2020-02-29"),
        ("'5' + 1", "6"),
        ("(meta ? 'a')::text", "true"),
        ("(meta ?| ARRAY['x','b'])::text", "true"),
        ("(meta ?& ARRAY['x','b'])::text", "false"),
        ("name COLLATE \"C\"", "3 Ann"),
        ("meta - 'a'", "{\"b\":2}"),
        ("meta - 'x'", "{\"a\":1,\"b\":2}"),
        ("CAST('[1,2,3]' AS JSONB) - 1", "[1,3]"),
        ("CAST('[1,2,3]' AS JSONB) - (-1)", "[1,2]"),
        ("CAST('[\"a\",\"b\"]' AS JSONB) - 'a'", "[\"b\"]"),
    ] {
        assert_eq!(database.ask(&format!("SELECT {expression} FROM \"Users\"")), expected, "{expression}");
    }
    for expression in ["name + 1", "now() - now()", "now() + 1", "name * 2", "\"on\" + 1", "meta * 2"] {
        let (code, message, _) = refused(&database, &format!("SELECT {expression} FROM \"Users\""));
        assert_eq!(code, ErrorCode::TypeMismatch, "{expression}");
        assert!(message.contains("cannot stand beside"), "{message}");
    }
}

#[test]
fn nulls_sort_as_in_postgresql_and_indexes_of_columns_without_null_stay_usable() {
    let database = Database::with(&[
        USERS,
        "INSERT INTO \"Users\" (\"name\", age) VALUES ('a', 1), ('b', NULL), ('c', 2)",
    ]);
    assert_eq!(database.ask("SELECT name FROM \"Users\" ORDER BY age"), "a c b");
    assert_eq!(database.ask("SELECT name FROM \"Users\" ORDER BY age DESC"), "b c a");
    assert_eq!(database.ask("SELECT name FROM \"Users\" ORDER BY age DESC NULLS LAST"), "c a b");
    assert_eq!(
        database.sql("SELECT id FROM \"Users\" ORDER BY id, name"),
        "SELECT \"id\" FROM \"Users\" ORDER BY \"id\", \"name\""
    );
}

#[test]
fn precedence_is_that_of_postgresql() {
    let database = Database::new();
    assert_eq!(database.ask("SELECT 1 + 2 || 'x'"), "3x");
    assert_eq!(database.ask("SELECT true = 'a' LIKE 'a'"), "1");
    assert_eq!(database.ask("SELECT 7 / 2, 7 % 4, 2 ^ 3, -7 / 2"), "3|3|8.0|-3");
}

#[test]
fn casts_mean_what_they_mean_in_postgresql() {
    let database = Database::new();
    assert_eq!(
        database.ask(
            "SELECT '12'::int, CAST(2.5 AS INTEGER), 'yes'::boolean, CAST('1.005' AS DECIMAL(10,2)), 5::text, \
             'abcdef'::varchar(3), '2026-05-06T07:08:09Z'::date, '2026-05-06'::timestamp, true::text"
        ),
        "12|2|1|1.01|5|abc|2026-05-06|2026-05-06T00:00:00.000Z|true"
    );
    let failed = database.try_rows("SELECT 'x'::int", &[]).unwrap_err().to_string();
    assert!(failed.contains("phantomdb:TYPE_MISMATCH:'x' is not an integer"), "{failed}");
}

#[test]
fn functions_answer_as_in_postgresql() {
    let database = Database::new();
    for (sql, expected) in [
        ("lower('ÄB'), upper('ß'), length('äö'), char_length('abc')", "äb|SS|2|3"),
        ("substring('hello' from 2 for 3), position('l' in 'hello'), trim(both 'x' from 'xax')", "ell|3|a"),
        ("greatest(1, NULL, 3), least(2, 1), nullif(1, 1), coalesce(NULL, 4)", "3|1|∅|4"),
        (
            "round(2.567, 2), round(2.5), ceil(1.2), floor(-1.2), abs(-3), power(2, 3), mod(7, 3)",
            "2.57|3.0|2.0|-2.0|3|8.0|1",
        ),
        ("extract(year from '2026-05-06'::timestamp), date_part('dow', '2026-05-06')", "2026|3"),
        ("date_trunc('month', '2026-05-06T07:08:09Z'::timestamp)", "2026-05-01T00:00:00.000Z"),
        (
            "to_char('2026-05-06T17:08:09Z'::timestamp, 'YYYY-MM-DD HH24:MI:SS Mon')",
            "2026-05-06 17:08:09 May",
        ),
        (
            "'2026-01-31'::timestamp + interval '1 month', '2026-01-31'::timestamp - interval '1' day",
            "2026-02-28T00:00:00.000Z|2026-01-30T00:00:00.000Z",
        ),
        (
            "md5('a'), concat('a', NULL, 1), concat_ws('-', 'a', 'b'), replace('aba', 'a', 'c')",
            "0cc175b9c0f1b6a831c399e269772661|a1|a-b|cbc",
        ),
        (
            "json_build_object('a', 1, 'b', true), json_array_length('[1,2]'), jsonb_typeof('[1]'::jsonb)",
            "{\"a\":1,\"b\":true}|2|array",
        ),
        (
            "jsonb_set('{\"a\":1}', '{b}', '2'), '{\"a\":[1,2]}'::jsonb #>> '{a,1}', '{\"a\":null}'::json ->> 'a'",
            "{\"a\":1,\"b\":2}|2|∅",
        ),
        ("1 IS DISTINCT FROM NULL, NULL IS NOT DISTINCT FROM NULL", "1|1"),
    ] {
        assert_eq!(database.ask(&format!("SELECT {sql}")), expected, "{sql}");
    }
    assert_eq!(
        database.ask(
            "SELECT string_agg(x, ',' ORDER BY x DESC), bool_or(x > 'a') FROM (VALUES ('a'), ('b')) AS v (x)"
        ),
        "b,a|1"
    );
    assert_eq!(
        database.ask("SELECT json_agg(x), count(*) FILTER (WHERE x > 1) FROM (VALUES (1), (2)) AS v (x)"),
        "[1,2]|1"
    );
    assert_eq!(database.ask("SELECT row_number() OVER (PARTITION BY x ORDER BY x), sum(x) OVER () FROM (VALUES (1), (2)) AS v (x)"), "1|3 1|3");
    assert!(database.ask("SELECT version()").starts_with("PhantomDB"));
    assert_eq!(
        database.ask("SELECT length(gen_random_uuid()), random() < 1, now() > '2020-01-01'"),
        "36|1|1"
    );
}

#[test]
fn decimals_are_exact() {
    let database = Database::with(&[
        USERS,
        "INSERT INTO \"Users\" (\"name\", price) VALUES ('a', 0.1), ('b', '0.2'), ('c', 10)",
    ]);
    assert_eq!(
        database.ask("SELECT sum(price), avg(price), max(price), min(price) FROM \"Users\""),
        "10.30|3.4333333333333333|10.00|0.10"
    );
    assert_eq!(database.ask("SELECT name FROM \"Users\" WHERE price > 9 OR price = '0.20'"), "b c");
    assert_eq!(database.ask("SELECT price + 0.2 FROM \"Users\" ORDER BY price DESC"), "10.20 0.40 0.30");
    assert_eq!(database.ask("SELECT sum(price) > 9 FROM \"Users\""), "1");
}

#[test]
fn the_types_of_results_are_known() {
    use phantomdb_protocol::ColumnType::{Boolean, Decimal, Float, Integer, Json, String, Timestamp};
    let database = Database::with(&[USERS]);
    let types = |sql: &str| database.adapt(sql).column_types;
    assert_eq!(
        types(
            "SELECT count(*), max(at), on_, sum(price), avg(age), name IS NULL, now(), meta->'a', meta->>'a', 'x' \
               FROM (SELECT *, \"on\" AS on_ FROM \"Users\") AS u"
        ),
        [Integer, Timestamp, Boolean, Decimal, Float, Boolean, Timestamp, Json, String, String].map(Some)
    );
    assert_eq!(types("INSERT INTO \"Users\" (name) VALUES ('a') RETURNING *").len(), 8);
    assert_eq!(types("SELECT $1, coalesce(age, 1) FROM \"Users\""), [None, Some(Integer)]);
}

#[test]
fn times_are_compared_in_their_stored_form_without_wrapping_the_column() {
    let database = Database::with(&[USERS, "CREATE INDEX i ON \"Users\" (at)"]);
    assert_eq!(
        database.sql("SELECT id FROM \"Users\" AS u WHERE u.at > $1 AND at < '2026-01-01 01:00+01'"),
        "SELECT \"id\" FROM \"Users\" AS \"u\" WHERE \"u\".\"at\" > phantomdb_timestamp(?1) AND \
         \"at\" < '2026-01-01T00:00:00.000Z'"
    );
    let plan = database.ask("EXPLAIN SELECT id FROM \"Users\" WHERE at > $1");
    assert!(plan.contains("USING COVERING INDEX i (at>?)"), "{plan}");
    let plan = database.ask("EXPLAIN SELECT id FROM \"Users\" WHERE name LIKE 'abc%'");
    assert!(plan.contains("(name>? AND name<?)"), "{plan}");
}

#[test]
fn joins_groups_and_unions_run_as_sequelize_writes_them() {
    let database = Database::with(&[
        "CREATE TABLE \"Users\" (\"id\" INTEGER GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, \"name\" VARCHAR(255), \"createdAt\" TIMESTAMP NOT NULL)",
        "CREATE TABLE IF NOT EXISTS \"Tasks\" (\"id\" INTEGER GENERATED BY DEFAULT AS IDENTITY, \"done\" BOOLEAN NOT NULL DEFAULT false, \"userId\" INTEGER REFERENCES \"Users\" (\"id\") ON DELETE CASCADE ON UPDATE CASCADE, PRIMARY KEY (\"id\"))",
        "INSERT INTO \"Users\" (\"id\",\"name\",\"createdAt\") VALUES (DEFAULT,'a','2026-01-01T00:00:00.000Z'),(DEFAULT,'b',now());",
        "INSERT INTO \"Tasks\" (\"id\",\"done\",\"userId\") VALUES (DEFAULT,true,1),(DEFAULT,DEFAULT,1),(DEFAULT,false,2)",
    ]);
    for (sql, expected) in [
        ("SELECT count(*) AS \"count\" FROM \"Users\" AS \"User\";", "2"),
        (
            "SELECT \"User\".\"id\", \"tasks\".\"id\" AS \"tasks.id\" FROM \"Users\" AS \"User\" LEFT OUTER JOIN ( \"Tasks\" AS \"tasks\" INNER JOIN \"Users\" AS \"tasks->u\" ON \"tasks\".\"userId\" = \"tasks->u\".\"id\" ) ON \"User\".\"id\" = \"tasks\".\"userId\" AND \"tasks\".\"done\" = true ORDER BY \"tasks\".\"id\"",
            "1|1 2|∅",
        ),
        (
            "SELECT \"User\".* FROM (SELECT * FROM (SELECT \"id\" FROM \"Users\" AS \"User\" ORDER BY \"id\" LIMIT 1) AS sub UNION ALL SELECT * FROM (SELECT \"id\" FROM \"Users\" WHERE \"id\" = 2) AS sub) AS \"User\"",
            "1 2",
        ),
        ("(SELECT 1 AS a ORDER BY 1 LIMIT 1) UNION ALL (SELECT 2 LIMIT 1)", "1 2"),
        ("SELECT 1 EXCEPT (SELECT 2 INTERSECT SELECT 1)", "1"),
        (
            "SELECT \"userId\", count(\"id\") AS \"n\" FROM \"Tasks\" GROUP BY \"userId\" HAVING count(*) > 1",
            "1|2",
        ),
        (
            "SELECT name FROM \"Users\" WHERE EXISTS (SELECT 1 FROM \"Tasks\" WHERE \"userId\" = \"Users\".id AND done) AND id IN (VALUES (1), (2))",
            "a",
        ),
        (
            "SELECT id FROM \"Users\" WHERE id BETWEEN 1 AND 2 AND name NOT IN ('a') AND (name, id) = ('b', 2)",
            "2",
        ),
        ("SELECT id FROM \"Users\" WHERE (((id = 1) OR (id = 2)) AND NOT (name = 'b'))", "1"),
        (
            "SELECT CASE WHEN id > 1 THEN 'x' ELSE 'y' END AS c FROM \"Users\" ORDER BY c FETCH FIRST 1 ROW ONLY",
            "x",
        ),
        ("VALUES (1, 'a'), (2, 'b')", "1|a 2|b"),
        ("SELECT E'a\\n', $tag$it's$tag$, X'4142'", "a\n|it's|[65, 66]"),
    ] {
        assert_eq!(database.ask(sql), expected, "{sql}");
    }
    database.run("CREATE VIEW v AS SELECT name FROM \"Users\" WHERE name ILIKE 'A'");
    assert_eq!(database.ask("SELECT * FROM v"), "a");
    assert_eq!(show(&database.rows("SELECT id FROM \"Users\" WHERE id = ANY($1)", &[text("[2,3]")])), "2");
}

#[test]
fn each_kind_of_statement_is_told() {
    use crate::engine::sqlite::adapt::Kind;
    let database = Database::with(&[USERS]);
    for (sql, kind) in [
        ("BEGIN", Kind::Begin),
        ("START TRANSACTION", Kind::Begin),
        ("COMMIT", Kind::Commit),
        ("ROLLBACK", Kind::Rollback),
        ("SAVEPOINT \"x\"", Kind::Savepoint("x".into())),
        ("ROLLBACK TO SAVEPOINT \"x\"", Kind::RollbackTo("x".into())),
        ("RELEASE SAVEPOINT \"x\"", Kind::Release("x".into())),
        ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", Kind::Nothing),
        ("SET CONSTRAINTS ALL DEFERRED", Kind::Write),
        ("COMMENT ON TABLE \"Users\" IS 'x'", Kind::Schema),
        ("CREATE SCHEMA IF NOT EXISTS s", Kind::Schema),
        ("SELECT 1", Kind::Read),
        ("SELECT id FROM \"Users\" FOR KEY SHARE", Kind::LockingRead),
        ("WITH a AS (SELECT 1) UPDATE \"Users\" SET age = 1", Kind::Write),
        ("DROP TABLE \"Users\"", Kind::Schema),
    ] {
        assert_eq!(database.adapt(sql).kind, kind, "{sql}");
    }
    assert_eq!(database.adapt("SELECT $2, $1, $2").parameter_count, 2);
    assert!(database.adapt("DELETE FROM \"Users\" RETURNING id").returns_rows);
    assert!(!database.adapt("DELETE FROM \"Users\"").returns_rows);
}
