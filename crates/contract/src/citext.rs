//! Texts without case: `CITEXT`, as PostgreSQL's extension of that name has it.

use serde_json::{Value as Json, json};

use super::{
    fixture::{ContractTest, Fixture, contract_tests},
    session::{all, ask, ask_with, ok, rows, text},
};
use phantomdb_engine::Session;

pub(super) const TESTS: &[ContractTest] = contract_tests![
    a_pattern_ignores_case_where_the_text_does,
    functions_ignore_case_where_the_text_does,
    a_name_that_other_columns_have_is_judged_by_each,
    definitions_ignore_case,
    changes_of_a_table_are_seen_at_once,
];

async fn with_tables(session: &dyn Session) {
    all(
        session,
        &[
            "CREATE TABLE t (id INTEGER PRIMARY KEY, c CITEXT, d TEXT)",
            "INSERT INTO t VALUES (1, 'Abc', 'Abc'), (2, 'ABD', 'abd'), (3, 'xyz', 'ab%')",
        ],
    )
    .await;
}

async fn a_pattern_ignores_case_where_the_text_does(fixture: &Fixture) {
    let session = &*fixture.session;
    with_tables(session).await;
    for (condition, expected) in [
        ("c LIKE 'ab%'", "1 2"),
        ("t.c LIKE 'ab_'", "1 2"),
        ("c NOT LIKE 'ab%'", "3"),
        ("c ILIKE 'ab%'", "1 2"),
        ("c LIKE 'ab!%' ESCAPE '!'", ""),
        ("c ~~ 'abc'", "1"),
        ("c !~~ 'abc'", "2 3"),
        ("c ~ '^ab'", "1 2"),
        ("c !~ '^ab'", "3"),
        ("c ~ '^X'", "3"),
        ("c SIMILAR TO '(abc|XYZ)'", "1 3"),
        ("c NOT SIMILAR TO 'ab_'", "3"),
        ("c LIKE ANY (ARRAY['abc', 'X%'])", "1 3"),
        ("c LIKE d", "1 2"),
        ("c ~ d", "1 2"),
        // The type of the left side decides, and a literal has that of its pattern.
        ("d LIKE c", "1"),
        ("'aBD' LIKE c", "2"),
        ("'aBD' ~ c", "2"),
        ("c::text LIKE 'ab%'", ""),
        ("lower(c) LIKE 'AB%'", ""),
        ("coalesce(c, '') LIKE 'ab%'", "1 2"),
        ("coalesce(c, d) LIKE 'ab%'", ""),
        ("CASE WHEN id > 0 THEN c END LIKE 'ab%'", "1 2"),
        ("d LIKE 'ab%'", "2 3"),
        ("d::citext LIKE 'AB%'", "1 2 3"),
        ("id LIKE '1%'", "1"),
        (
            "EXISTS (SELECT 1 FROM (SELECT c AS e FROM t AS u WHERE u.id = t.id) AS s WHERE s.e LIKE 'ab%')",
            "1 2",
        ),
        ("(SELECT max(u.c) FROM t AS u WHERE u.id = t.id) LIKE 'ab%'", "1 2"),
        ("EXISTS (WITH s(e) AS (SELECT t.c) SELECT 1 FROM s WHERE e LIKE 'ab%')", "1 2"),
    ] {
        let sql = format!("SELECT id FROM t WHERE {condition} ORDER BY id");
        assert_eq!(ask(session, &sql).await, expected, "{condition}");
    }
    for (condition, parameter, expected) in [
        ("c LIKE $1", "ab%", "1 2"),
        ("c NOT LIKE $1", "ab%", "3"),
        ("c ~ $1", "^ab", "1 2"),
        ("c SIMILAR TO $1", "abc", "1"),
        ("$1 LIKE c", "aBD", "2"),
        ("coalesce(c, '') LIKE $1", "ab%", "1 2"),
        ("d LIKE $1", "ab%", "2 3"),
    ] {
        let sql = format!("SELECT id FROM t WHERE {condition} ORDER BY id");
        assert_eq!(ask_with(session, &sql, &[text(parameter)]).await, expected, "{condition}");
    }
    let named = ok(session, "SELECT coalesce(c, '') LIKE 'ab%' FROM t WHERE id = 1", &[]).await;
    assert_eq!(named.columns[0].name, "?column?");
}

async fn functions_ignore_case_where_the_text_does(fixture: &Fixture) {
    let session = &*fixture.session;
    with_tables(session).await;
    let cases: [(&str, Json); 22] = [
        ("strpos(c, 'B')", json!(2)),
        ("strpos(c, d)", json!(1)),
        ("strpos(d, 'B')", json!(0)),
        ("position('B' IN c)", json!(0)),
        ("replace(c, 'a', '-')", json!("-bc")),
        ("replace(d, 'a', '-')", json!("Abc")),
        ("replace('a.b.A'::citext, '.', 'A')", json!("aAbAA")),
        ("split_part(c, 'B', 1)", json!("A")),
        ("split_part(c, 'B', 2)", json!("c")),
        ("split_part(c, 'B', 3)", json!(null)),
        ("translate(c, 'ab', 'xy')", json!("xyc")),
        ("regexp_replace(c, 'a', 'z')", json!("zbc")),
        ("regexp_replace(c, 'a', 'z', 'c')", json!("Abc")),
        ("regexp_replace(c, 'B|C', '-', 'g')", json!("A--")),
        ("regexp_match(c, '(a)(B)')", json!(["A", "b"])),
        ("regexp_match(c, 'a', 'c')", json!(null)),
        ("(SELECT m FROM regexp_matches(c, 'B.') AS m)", json!(["bc"])),
        ("regexp_split_to_array(c, 'B')", json!(["A", "c"])),
        ("(SELECT string_agg(p, '+') FROM regexp_split_to_table(c, 'B') AS p)", json!("A+c")),
        ("(SELECT string_agg(p, '+') FROM regexp_split_to_table(c, 'B', 'c') AS p)", json!("Abc")),
        ("starts_with(c, 'a')", json!(false)),
        ("typeof(replace(c, 'a', '-'))", json!("text")),
    ];
    for (expression, expected) in cases {
        let sql = format!("SELECT {expression} AS x FROM t WHERE id = 1");
        assert_eq!(rows(session, &sql, &[]).await, json!([[expected]]), "{expression}");
    }
    let found = ask_with(session, "SELECT strpos(c, $1) FROM t WHERE id = 1", &[text("B")]).await;
    assert_eq!(found, "2");
}

async fn a_name_that_other_columns_have_is_judged_by_each(fixture: &Fixture) {
    let session = &*fixture.session;
    with_tables(session).await;
    all(
        session,
        &[
            "CREATE TABLE n (id INTEGER PRIMARY KEY, c INTEGER)",
            "INSERT INTO n VALUES (1, 12), (2, 21)",
            "CREATE TABLE s (id INTEGER PRIMARY KEY, c TEXT)",
            "INSERT INTO s VALUES (1, 'Abc'), (2, 'abd')",
        ],
    )
    .await;
    for (sql, expected) in [
        ("SELECT id FROM n WHERE c LIKE '1%'", "1"),
        ("SELECT id FROM n WHERE c ~ '1$'", "2"),
        ("SELECT id FROM s WHERE c LIKE 'ab%'", "2"),
        ("SELECT id FROM s WHERE c SIMILAR TO 'ab_'", "2"),
        ("SELECT id FROM t WHERE c LIKE 'ab%' ORDER BY id", "1 2"),
        ("SELECT id FROM t WHERE c SIMILAR TO 'ab_' ORDER BY id", "1 2"),
        ("SELECT id FROM (SELECT id, id AS c FROM t) AS q WHERE c LIKE '1%'", "1"),
    ] {
        assert_eq!(ask(session, sql).await, expected, "{sql}");
    }
}

async fn definitions_ignore_case(fixture: &Fixture) {
    let session = &*fixture.session;
    all(
        session,
        &[
            "CREATE TABLE k (id INTEGER PRIMARY KEY, c CITEXT CHECK (c LIKE 'ab%'), \
             g BOOLEAN GENERATED ALWAYS AS (c ~ '^abc') STORED)",
            "CREATE UNIQUE INDEX k_c ON k ((1)) WHERE c LIKE 'abd'",
            "INSERT INTO k (id, c) VALUES (1, 'ABC'), (2, 'abd')",
            "ALTER TABLE k ADD CONSTRAINT k_short CHECK (c NOT LIKE '%TOOLONG')",
        ],
    )
    .await;
    assert_eq!(ask(session, "SELECT g FROM k ORDER BY id").await, "true false");
    for refused in ["'xyz'", "'Abtoolong'", "'ABD'"] {
        let sql = format!("INSERT INTO k (id, c) VALUES (3, {refused})");
        super::session::error(session, &sql, &[]).await;
    }
}

async fn changes_of_a_table_are_seen_at_once(fixture: &Fixture) {
    let session = &*fixture.session;
    all(session, &["CREATE TABLE r (id INTEGER, c TEXT)", "INSERT INTO r VALUES (1, 'Abc')"]).await;
    let count = "SELECT count(*) FROM r WHERE c LIKE 'a%'";
    assert_eq!(ask(session, count).await, "0");
    ok(session, "ALTER TABLE r ALTER COLUMN c TYPE CITEXT", &[]).await;
    assert_eq!(ask(session, count).await, "1");
    ok(session, "ALTER TABLE r RENAME COLUMN c TO e", &[]).await;
    assert_eq!(ask(session, "SELECT count(*) FROM r WHERE e LIKE 'a%'").await, "1");
    ok(session, "ALTER TABLE r ADD COLUMN f CITEXT DEFAULT 'B'", &[]).await;
    assert_eq!(ask(session, "SELECT count(*) FROM r WHERE f LIKE 'b'").await, "1");
    ok(session, "CREATE VIEW v (h) AS SELECT f FROM r", &[]).await;
    assert_eq!(ask(session, "SELECT count(*) FROM v WHERE h LIKE 'b'").await, "1");
    let transaction = fixture.begin(None).await;
    let inside = &*transaction;
    ok(inside, "CREATE TABLE q (i CITEXT)", &[]).await;
    ok(inside, "INSERT INTO q VALUES ('Z')", &[]).await;
    assert_eq!(ask(inside, "SELECT count(*) FROM q WHERE i LIKE 'z'").await, "1");
    transaction.rollback().await.unwrap();
}
