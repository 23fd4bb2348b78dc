//! Compares statements with what PostgreSQL answered.

use super::*;

/// Statements with one value, and after a tab the text of PostgreSQL's answer: a value, `NULL`, or `ERROR` and the code.
const DOCUMENTS_AND_ARRAYS: &str = include_str!("answers/documents_and_arrays.tsv");

const TABLE: [&str; 2] = [
    "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, s TEXT, b BOOLEAN, d DECIMAL(10,2), f DOUBLE PRECISION, j JSONB, u UUID, dt DATE, g TEXT)",
    "INSERT INTO t VALUES (1,10,'a',TRUE,1.50,0.5,'{\"a\":1,\"b\":[1,2,{\"c\":\"x\"}]}','a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11','2020-01-01','x'),(2,20,'b\"q',FALSE,-2.25,1e20,'[1,\"a\",null]','a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12','2020-02-29','x'),(3,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'y'),(4,10,'',TRUE,0.00,-0.5,'5',NULL,'1999-12-31','y')",
];

fn code(code: ErrorCode) -> String {
    format!("ERROR {}", serde_json::to_string(&code).unwrap().trim_matches('"'))
}

fn answer(database: &Database, sql: &str) -> String {
    let adapted = match adapt(sql, database) {
        Ok(adapted) => adapted,
        Err(error) => return code(error.code),
    };
    let [statement] = adapted.statements.as_slice() else { return "several statements".to_owned() };
    match database.0.query_row(statement, [], |row| row.get::<_, Value>(0)) {
        Ok(Value::Null) => "NULL".to_owned(),
        Ok(value) => show(&[vec![value]]),
        Err(error) => code(crate::error::from_sqlite(error).code),
    }
}

#[test]
fn statements_with_documents_and_arrays_answer_as_postgresql() {
    let database = Database::with(&TABLE);
    let mut different = Vec::new();
    for line in DOCUMENTS_AND_ARRAYS.lines() {
        let (sql, expected) = line.split_once('\t').unwrap();
        let found = answer(&database, sql);
        if found != expected {
            different.push(format!("{sql}\n  is {found}\n  not {expected}"));
        }
    }
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}

#[test]
fn what_sqlite_cannot_keep_is_refused() {
    let database = Database::with(&TABLE);
    for sql in ["SELECT array_fill('1'::jsonb, ARRAY[2,2])", "SELECT (array_fill('1'::json, ARRAY[1,1]))[1]"]
    {
        assert_eq!(answer(&database, sql), "ERROR UNSUPPORTED", "{sql}");
    }
    assert_eq!(answer(&database, "SELECT array_fill('1'::jsonb, ARRAY[2])::text"), "{1,1}");
    for large in ["ARRAY[42,2147483647,0]", "ARRAY[1,2147483647,0]", "ARRAY[2147483647,0]"] {
        assert_eq!(
            answer(&database, &format!("SELECT array_fill(1, {large})")),
            "ERROR TOO_LARGE",
            "{large}"
        );
    }
    assert_eq!(answer(&database, "SELECT array_fill(1, ARRAY[0,2147483646])::text"), "{}");
}

#[test]
fn a_part_is_computed_when_postgresql_computes_it() {
    let database = Database::with(&TABLE);
    for (sql, expected) in [
        // Floats that are no numbers, in an array that was read from a text.
        ("SELECT CAST('{NaN,1}' AS DOUBLE PRECISION[])::INTEGER[]", "ERROR OUT_OF_RANGE"),
        ("SELECT CAST('{Infinity}' AS REAL[])::BIGINT[]", "ERROR OUT_OF_RANGE"),
        ("SELECT CAST('{Infinity}' AS DOUBLE PRECISION[])::NUMERIC[]::TEXT", "{Infinity}"),
        // A pattern is read although there is no text to match.
        ("SELECT substring(s, 'a', 'xx') FROM t WHERE id = 3", "ERROR TYPE_MISMATCH"),
        ("SELECT s SIMILAR TO 'a' ESCAPE 'xx' FROM t WHERE id = 3", "ERROR TYPE_MISMATCH"),
        ("SELECT s SIMILAR TO 'a' FROM t WHERE id = 3", "NULL"),
        // A literal is read before the statement runs.
        ("SELECT count(*) FROM t WHERE id = 'abc'", "ERROR TYPE_MISMATCH"),
        (
            "SELECT CASE WHEN id = 1 THEN 1 ELSE CAST('x' AS INTEGER) END FROM t WHERE id = 1",
            "ERROR TYPE_MISMATCH",
        ),
        ("SELECT chr(0) || CAST('x' AS INTEGER)", "ERROR TYPE_MISMATCH"),
        ("SELECT 1 FROM t WHERE id > 9 AND n = '99999999999'", "ERROR OUT_OF_RANGE"),
        // An output that is a number is no place of another.
        ("SELECT 5 AS x FROM t GROUP BY 1", "5"),
    ] {
        assert_eq!(answer(&database, sql), expected, "{sql}");
    }
    for groups in ["1", "x"] {
        let sql =
            format!("SELECT 5 AS x, row_number() OVER () AS r FROM t GROUP BY {groups} HAVING count(*) > 0");
        assert_eq!(database.ask(&sql), "5|1", "{groups}");
    }
}

#[test]
fn a_check_may_have_the_text_of_a_clock() {
    let database = Database::with(&[]);
    for check in ["s <> 'a,''now'')'", "s <> 'date(''now'')'", "s <> 'now'"] {
        let sql = format!("CREATE TABLE k (s TEXT, CHECK ({check}))");
        assert!(adapt(&sql, &database).is_ok(), "{check}");
    }
    for check in [
        "d < now()",
        "d < current_date",
        "age(d) > INTERVAL '1 day'",
        "coalesce(d, localtimestamp) > '2020-01-01'",
    ] {
        let sql = format!("CREATE TABLE k (d TIMESTAMP, CHECK ({check}))");
        assert_eq!(adapt(&sql, &database).map(drop).unwrap_err().code, ErrorCode::Unsupported, "{check}");
    }
}
