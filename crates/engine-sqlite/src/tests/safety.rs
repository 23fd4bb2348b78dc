//! Names and values that must never become SQL, and constructs that are refused.

use super::*;

#[test]
fn a_construct_that_sqlite_lacks_is_refused_by_name_and_position() {
    let database = Database::with(&[USERS]);
    for (sql, named, position) in [
        ("SELECT * FROM \"Users\" TABLESAMPLE SYSTEM (1)", "TABLESAMPLE", 15),
        ("SELECT id FROM \"Users\" LIMIT 1, 2", "LIMIT", 30),
    ] {
        let (code, message, at) = refused(&database, sql);
        assert!(matches!(code, ErrorCode::Unsupported | ErrorCode::SyntaxError), "{sql}: {message}");
        assert!(message.contains(named), "{sql}: {message}");
        assert_eq!(at, Some(position), "{sql}: {message}");
    }
}

#[test]
fn an_expression_that_is_too_deep_for_sqlite_is_refused() {
    let sql = format!("SELECT {}", vec!["1"; 50_000].join(" + "));
    assert_eq!(refused(&Database::new(), &sql).0, ErrorCode::TooLarge);
    let sql = format!("SELECT {}", vec!["1"; 9_000].join(" + "));
    assert_eq!(refused(&Database::new(), &sql).0, ErrorCode::SyntaxError);
}

#[test]
fn the_name_of_a_type_never_becomes_sql() {
    let database = Database::new();
    assert!(adapt("SELECT CAST(1 AS boolean) OR 1=1--)", &database).is_ok());
    assert!(adapt("SELECT CAST(x AS \"text) OR 1=1--\")", &database).is_err());
}

mod any_expression {
    use proptest::prelude::*;

    use super::*;

    /// Random expressions over columns, literals and the values of `others`.
    fn expression(others: Vec<&'static str>) -> impl Strategy<Value = String> {
        let name = "[ -~äé’]{1,12}".prop_map(|name| format!("\"t\".\"{}\"", name.replace('"', "\"\"")));
        let literal = any::<String>()
            .prop_filter("no NUL", |text| !text.contains('\0'))
            .prop_map(|text| format!("'{}'", text.replace('\'', "''")));
        let leaf = prop_oneof![
            name,
            literal,
            any::<i32>().prop_map(|n| n.to_string()),
            prop::sample::select(others).prop_map(str::to_owned),
        ];
        leaf.prop_recursive(6, 48, 3, |inner| {
            let operators = prop::sample::select(vec![
                "AND",
                "OR",
                "=",
                "<>",
                "<",
                "LIKE",
                "NOT LIKE",
                "ILIKE",
                "||",
                "IS DISTINCT FROM",
                "->>",
                "#>>",
                "~",
            ]);
            prop_oneof![
                (inner.clone(), operators, inner.clone()).prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
                inner.clone().prop_map(|a| format!("NOT ({a})")),
                inner.clone().prop_map(|a| format!("({a}) IS NOT NULL")),
                prop::collection::vec(inner.clone(), 1..4)
                    .prop_map(|list| format!("(1) IN ({})", list.join(", "))),
                (inner.clone(), inner.clone(), inner)
                    .prop_map(|(a, b, c)| format!("CASE WHEN {a} THEN {b} ELSE {c} END")),
            ]
        })
    }

    /// A statement with the expression, and its adapted text unless the types of the expression do not fit.
    fn adapted(expression: &str) -> Result<(String, Option<String>), TestCaseError> {
        let database = Database::new();
        // The columns of this table are not known, so they may have any type.
        let sql = format!("SELECT 1 FROM \"sqlite_t\" AS \"t\" WHERE {expression}");
        match adapt(&sql, &database) {
            Ok(adapted) => {
                prop_assert_eq!(adapted.statements.len(), 1);
                Ok((sql, Some(adapted.statements.join("; "))))
            }
            // A literal beside a boolean must be a boolean, as in PostgreSQL.
            Err(error) => {
                prop_assert_eq!(error.code, ErrorCode::TypeMismatch);
                Ok((sql, None))
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

        /// The adapted text is one statement that has every literal of the original.
        #[test]
        fn an_adapted_statement_stays_one_and_keeps_its_literals(expression in expression(vec!["TRUE"])) {
            let (sql, Some(adapted)) = adapted(&expression)? else { return Ok(()) };
            let again = crate::adapt::literals_of(&adapted).unwrap();
            for literal in crate::adapt::literals_of(&sql).unwrap() {
                prop_assert!(again.contains(&literal), "{literal:?} is lost in {adapted}");
            }
        }

        /// An operator over a NULL is NULL, and the literals beside it go with it. No text becomes SQL.
        #[test]
        fn an_adapted_statement_with_nulls_stays_one(expression in expression(vec!["TRUE", "NULL"])) {
            let (_, Some(adapted)) = adapted(&expression)? else { return Ok(()) };
            prop_assert!(crate::adapt::literals_of(&adapted).is_ok(), "not one statement: {adapted}");
        }

        #[test]
        fn a_string_comes_back_as_it_went_in(value in any::<String>(), name in any::<String>()) {
            prop_assume!(!value.contains('\0') && !name.contains('\0') && !name.is_empty());
            let database = Database::new();
            let sql = format!("SELECT '{}' AS \"{}\"", value.replace('\'', "''"), name.replace('"', "\"\""));
            prop_assert_eq!(database.rows(&sql, &[]), vec![vec![text(&value)]]);
            let adapted = database.sql(&sql);
            let statement = database.0.prepare(&adapted).unwrap();
            prop_assert_eq!(statement.column_name(0).unwrap(), name.as_str());
        }
    }
}

/// Each of these repeats its operand when it is written out.
#[test]
fn operators_within_each_other_do_not_grow_without_end() {
    let database = Database::new();
    let nested = |depth: usize, outer: &str| {
        format!("SELECT {}", (0..depth).fold("1".to_owned(), |inner, _| outer.replace("inner", &inner)))
    };
    for outer in [
        "CAST(inner < ANY (ARRAY[1, 2]) AS INTEGER)",
        "CAST(inner BETWEEN 1 AND 2.5 AS INTEGER)",
        "CAST((inner, 1) IN ((1, 2), (3, 4)) AS INTEGER)",
        "CAST(nullif(inner, 1.5) AS INTEGER)",
    ] {
        assert!(!database.adapt(&nested(3, outer)).statements.is_empty(), "{outer}");
        assert_eq!(refused(&database, &nested(60, outer)).0, ErrorCode::TooLarge, "{outer}");
    }
}

/// SQLite asks the progress handler once in so many steps of a statement, and counts on from one run to the next.
#[test]
fn no_statement_is_stopped_after_it_has_taken_effect() {
    use std::time::Duration;

    use phantomdb_engine::{Access, ResultLimits};
    use phantomdb_protocol::Statement;

    use crate::connection::{self, Location, Mode};
    use crate::executor::Executor;
    use crate::memory_vfs::MemoryFile;
    use crate::plan_cache::PlanCache;

    let statement = |query: &str| Statement { query: query.to_owned(), ..Statement::default() };
    let location = Location::Memory(MemoryFile::new().unwrap());
    let limited = connection::open(&location, true, Duration::ZERO, Mode::ReadWrite).unwrap();
    limited.execute_batch("CREATE TABLE t (n INTEGER)").unwrap();
    let executor = Executor {
        connection: &limited,
        plans: PlanCache::for_connection(None, &limited).unwrap(),
        access: Access::Write,
        results: &ResultLimits::default(),
    };
    let insert = statement("INSERT INTO t (n) VALUES (1)");
    let prepared = executor.prepare(&insert).unwrap();
    limited.budget.limit(0);
    for _ in 0..1000 {
        executor.run(&insert, &prepared).unwrap();
        executor.all_or_nothing(true, || Ok(())).unwrap();
    }
    // These end near the step after which they are to be stopped.
    for rows in 20..300 {
        limited.budget.lift();
        let fill = format!("INSERT INTO t (n) SELECT 0 FROM generate_series(1, {rows})");
        for query in ["DELETE FROM t", &fill] {
            let query = statement(query);
            executor.run(&query, &executor.prepare(&query).unwrap()).unwrap();
        }
        // A row takes another number of steps in each.
        for tests in 0..14 {
            let query = format!("UPDATE t SET n = n + 1 WHERE n < 99{}", " AND n + 1 < 999".repeat(tests));
            let update = statement(&query);
            let prepared = executor.prepare(&update).unwrap();
            let sum = || limited.query_row("SELECT sum(n) FROM t", [], |row| row.get::<_, i64>(0)).unwrap();
            let before = sum();
            limited.budget.limit(0);
            let outcome = executor.run(&update, &prepared);
            limited.budget.lift();
            assert_eq!(outcome.is_ok(), sum() == before + rows, "{query}, {rows} rows: {outcome:?}");
        }
    }
    limited.budget.limit(0);
    let endless =
        statement("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r");
    let prepared = executor.prepare(&endless).unwrap();
    assert!(executor.run(&endless, &prepared).is_err(), "a long statement is stopped");
}
