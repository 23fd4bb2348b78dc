//! Properties of the translator: whatever stands in a plan, the text is one statement, and the values come out of it
//! as they went in.

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use sqlparser::{
    ast::{Expr, SetExpr, Statement, Value as Literal, visit_expressions},
    dialect::PostgreSqlDialect,
    parser::Parser,
};
use std::ops::ControlFlow;

use super::{sql::Mode, translate};

fn statement(sql: &str) -> Statement {
    let mut parsed = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap_or_else(|e| panic!("{e}: {sql}"));
    assert_eq!(parsed.len(), 1, "{sql}");
    parsed.remove(0)
}

/// Strings that have broken other generators, and any others.
fn nasty() -> impl Strategy<Value = String> {
    prop_oneof![
        "[^\u{0}]{0,12}",
        Just("'; DROP TABLE x; --".to_owned()),
        Just("\\' OR 1=1 --".to_owned()),
        Just("$1 $$ $name :name ? /* */".to_owned()),
        Just("a\"b`c]d".to_owned()),
        Just("\u{2019}\u{02bc}\u{ff07}".to_owned()),
        Just("TO_DATE('x') OR 1=1".to_owned()),
    ]
}

fn leaf() -> impl Strategy<Value = Json> {
    let value = prop_oneof![
        nasty().prop_map(|s| json!({ "v": s })),
        any::<i32>().prop_map(|i| json!({ "v": i })),
        any::<bool>().prop_map(|b| json!({ "v": b })),
        Just(json!({ "v": null })),
    ];
    let column = prop_oneof![
        nasty().prop_map(|s| json!({ "c": format!("c{s}") })),
        (nasty(), nasty()).prop_map(|(a, b)| json!({ "p": [format!("t{a}"), format!("c{b}")] })),
        (nasty(), nasty()).prop_map(|(a, b)| json!({ "j": [{ "c": "doc" }, [format!("k{}", a.replace("::", ":")), b.replace("::", ":")]] })),
    ];
    let operator = prop::sample::select(vec![
        "eq",
        "ne",
        "gt",
        "lte",
        "like",
        "iLike",
        "regexp",
        "is",
        "not",
        "startsWith",
    ]);
    let single = (column.clone(), operator, value.clone())
        .prop_filter_map("startsWith takes text", |(left, operator, right)| {
            (operator != "startsWith" || right["v"].is_string())
                .then(|| json!({ "o": [left, operator, right] }))
        })
        .boxed();
    let lists = prop::sample::select(vec!["in", "notIn", "between", "eqAny", "likeAny", "notLikeAll"]);
    let several = (column, lists, prop::collection::vec(value, 2..5)).prop_map(|(left, operator, list)| {
        let right = json!({ "list": list });
        match operator {
            "eqAny" => json!({ "o": [left, "eq", { "any": right }] }),
            "likeAny" => json!({ "o": [left, "like", { "any": right }] }),
            "notLikeAll" => json!({ "o": [left, "notLike", { "all": right }] }),
            "between" => json!({ "o": [left, "between", { "list": [list[0], list[1]] }] }),
            other => json!({ "o": [left, other, right] }),
        }
    });
    prop_oneof![3 => single, 1 => several]
}

fn order() -> impl Strategy<Value = Json> {
    let item = (nasty(), nasty(), prop::sample::select(vec!["ASC", "DESC NULLS LAST", "NULLS FIRST"]));
    prop::collection::vec(item, 0..3).prop_map(|items| {
        let items = items.into_iter().map(|(table, column, direction)| match table.as_str() {
            "" => json!({ "e": { "c": format!("c{column}") }, "dir": direction, "own": true }),
            _ => json!({ "e": { "p": [format!("a{table}"), format!("c{column}")] }, "dir": direction }),
        });
        Json::Array(items.collect())
    })
}

/// Includes, of any names and conditions, nested.
fn includes() -> impl Strategy<Value = Json> {
    let include = |below: BoxedStrategy<Json>| {
        let flags = prop::array::uniform5(any::<bool>());
        (nasty(), nasty(), prop::option::of(condition()), prop::option::of(condition()), flags, below).prop_map(
            |(alias, name, on, filter, [required, inside, filters, either, between], below)| {
                let through = between.then(|| {
                    json!({ "table": { "name": format!("b{name}") }, "as": format!("b{alias}"), "primaryKey": null,
                        "where": filter, "sourceField": "s", "targetField": "t" })
                });
                json!({ "as": format!("a{alias}"), "table": { "name": format!("t{name}") },
                    "left": { "attribute": format!("k{alias}"), "field": "k" }, "right": "id", "required": required,
                    "or": either, "on": on, "where": filter, "subQuery": inside, "subQueryFilter": filters,
                    "attributes": [{ "e": { "c": name }, "as": name }], "through": through, "include": below })
            },
        )
    };
    let none = Just(json!([])).boxed();
    let deep = include(none).prop_map(|include| json!([include])).boxed();
    prop::collection::vec(include(deep), 0..3).prop_map(Json::Array)
}

fn condition() -> impl Strategy<Value = Json> {
    leaf().prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| json!({ "and": items })),
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| json!({ "or": items })),
            inner.prop_map(|item| json!({ "not": item })),
        ]
    })
}

fn strings_of(statement: &Statement) -> Vec<String> {
    let mut found = Vec::new();
    let _ = visit_expressions(statement, |expr| {
        if let Expr::Value(value) = expr
            && let Literal::SingleQuotedString(s) = &value.value
        {
            found.push(s.clone());
        }
        ControlFlow::<()>::Continue(())
    });
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_condition_is_one_statement_bound_and_inlined(condition in condition()) {
        let plan = json!({ "from": [{ "table": { "name": "t" }, "as": "T" }], "where": condition }).to_string();
        for mode in [Mode::Bound, Mode::Inline] {
            let translated = translate("select", &plan, mode).expect("a translation");
            let Statement::Query(query) = statement(&translated.sql) else { panic!("{}", translated.sql) };
            let SetExpr::Select(select) = *query.body else { panic!("{}", translated.sql) };
            prop_assert!(select.selection.is_some());
        }
    }

    #[test]
    fn any_include_order_and_limit_are_one_statement(
        condition in condition(), include in includes(), order in order(), limited in any::<bool>()
    ) {
        let plan = json!({
            "from": [{ "table": { "name": "t" }, "as": "T" }], "columns": [{ "e": { "c": "id" } }],
            "include": include, "where": condition, "order": order, "limit": { "v": 5 }, "subQuery": limited,
        })
        .to_string();
        for mode in [Mode::Bound, Mode::Inline] {
            let translated = translate("select", &plan, mode).expect("a translation");
            prop_assert!(matches!(statement(&translated.sql), Statement::Query(_)));
        }
    }

    #[test]
    fn a_string_comes_out_of_the_text_as_it_went_in(text in nasty(), key in nasty()) {
        let plan = json!({ "from": [{ "table": { "name": "t" } }], "where": { "o": [{ "c": format!("c{key}") }, "eq", { "v": text }] } });
        let inlined = translate("select", &plan.to_string(), Mode::Inline).expect("a translation");
        prop_assert_eq!(strings_of(&statement(&inlined.sql)), vec![text.clone()]);
        let bound = translate("select", &plan.to_string(), Mode::Bound).expect("a translation");
        prop_assert_eq!(bound.parameters, vec![phantomdb_protocol::Value::String(text)]);
    }

    #[test]
    fn a_json_path_is_one_literal_whatever_its_keys(keys in prop::collection::vec(nasty(), 1..4)) {
        let keys: Vec<String> = keys.into_iter().map(|k| k.replace("::", ":")).collect();
        let plan = json!({ "from": [{ "table": { "name": "t" } }], "where": { "o": [{ "j": [{ "c": "doc" }, keys] }, "eq", { "v": 1 }] } });
        let translated = translate("select", &plan.to_string(), Mode::Inline).expect("a translation");
        prop_assert_eq!(strings_of(&statement(&translated.sql)).len(), 1);
    }
}

fn refusal(kind: &str, plan: Json) -> String {
    match translate(kind, &plan.to_string(), Mode::Bound) {
        Ok(translated) => panic!("translated: {}", translated.sql),
        Err(error) => error.message,
    }
}

fn select_where(condition: Json) -> Json {
    json!({ "from": [{ "table": { "name": "t" } }], "where": condition })
}

#[test]
fn ghsa_6457_6jrx_69cr_a_cast_in_a_json_path_is_one_of_a_closed_list() {
    for cast in ["text) OR 1=1--", "integer) UNION SELECT 1 --", "", "TEXT; DROP TABLE t"] {
        let key = format!("role::{cast}");
        let message = refusal(
            "select",
            select_where(json!({ "o": [{ "j": [{ "c": "metadata" }, [key]] }, "eq", { "v": 1 }] })),
        );
        assert!(message.starts_with("Invalid cast type"), "{message}");
    }
}

#[test]
fn a_cast_type_holds_nothing_but_a_type() {
    for cast in ["integer) OR (1=1", "text--", "int'", "varchar(1; DROP)", ""] {
        let message = refusal(
            "select",
            select_where(json!({ "o": [{ "cast": [{ "c": "a" }, cast] }, "eq", { "v": 1 }] })),
        );
        assert!(message.starts_with("Invalid cast type"), "{message}");
    }
}

#[test]
fn a_function_is_called_by_a_name_only() {
    for name in ["", "lower(1) OR f", "x; DROP TABLE t; --", "a b", "1x"] {
        let message =
            refusal("select", select_where(json!({ "o": [{ "f": [name, []] }, "eq", { "v": 1 }] })));
        assert!(message.contains("is not a function's name"), "{message}");
    }
}

#[test]
fn an_operator_that_nobody_knows_is_refused() {
    let message = refusal("select", select_where(json!({ "o": [{ "c": "a" }, "= 1 OR 1 =", { "v": 1 }] })));
    assert!(message.contains("is not an operator"), "{message}");
}

#[test]
fn cve_2015_1369_a_direction_is_one_of_a_closed_list() {
    let order = json!([{ "e": { "c": "id" }, "dir": "DESC; --" }]);
    let message = refusal("select", json!({ "from": [{ "table": { "name": "t" } }], "order": order }));
    assert!(message.contains("is not a direction"), "{message}");
}

#[test]
fn cve_2016_10550_a_limit_is_a_number() {
    let plan = json!({ "from": [{ "table": { "name": "t" } }], "limit": { "v": "1; DROP TABLE x" } });
    assert!(refusal("select", plan).contains("limit must be a whole number"));
}

#[test]
fn a_nul_character_is_refused_rather_than_cut() {
    let plan = select_where(json!({ "o": [{ "c": "a" }, "eq", { "v": "a\u{0}b" }] })).to_string();
    assert!(translate("select", &plan, Mode::Inline).is_err());
}

#[test]
fn nesting_without_end_is_refused_rather_than_overflowing_the_stack() {
    let mut condition = json!({ "c": "a" });
    for _ in 0..110 {
        condition = json!({ "not": condition });
    }
    assert!(translate("select", &select_where(condition).to_string(), Mode::Bound).is_err());
}

#[test]
fn it_keeps_what_stands_in_a_list_of_one_together() {
    let is = |name: &str| json!({ "o": [{ "c": name }, "eq", { "v": 1 }] });
    let either = json!({ "or": [is("a"), is("b")] });
    for nested in
        [json!({ "or": [either] }), json!({ "and": [either] }), json!({ "or": [{ "and": [either] }] })]
    {
        let plan = json!({ "e": { "and": [is("tenant"), nested] } }).to_string();
        let sql = translate("expression", &plan, Mode::Inline).unwrap().sql;
        assert_eq!(sql, r#""tenant" = 1 AND ("a" = 1 OR "b" = 1)"#);
    }
    let plan = json!({ "e": { "and": [is("tenant"), { "or": [{ "l": "a OR b" }] }] } }).to_string();
    let sql = translate("expression", &plan, Mode::Inline).unwrap().sql;
    assert_eq!(sql, r#""tenant" = 1 AND (a OR b)"#);
}
