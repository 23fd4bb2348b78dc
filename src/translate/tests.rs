//! Properties of the translator: any plan is translated to exactly one statement, and values are not changed.

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use sqlparser::{
    ast::{Expr, SetExpr, Statement, Value as Literal, visit_expressions},
    dialect::PostgreSqlDialect,
    parser::Parser,
};
use std::ops::ControlFlow;

use super::{Translated, find_template::FindTemplate, sql::Values, translate};

fn bound(kind: &str, plan: &Json) -> phantomdb_protocol::Result<Translated> {
    translate(kind, &plan.to_string(), Values::bound(0))
}

/// The text of a plan with inlined values.
fn text(kind: &str, plan: &Json, values: Json) -> phantomdb_protocol::Result<String> {
    let values = serde_json::from_value(values).expect("values");
    translate(kind, &plan.to_string(), Values::inlined(values)).map(|translated| translated.sql)
}

fn statement(sql: &str) -> Statement {
    let mut parsed = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap_or_else(|e| panic!("{e}: {sql}"));
    assert_eq!(parsed.len(), 1, "{sql}");
    parsed.remove(0)
}

#[test]
fn a_long_list_is_one_parameter_and_literals_in_a_text() {
    let plan = |operator: &str, kind: &str| {
        json!({
            "table": { "name": "t" },
            "where": { "o": [{ "c": "a" }, operator, { "bl": [0, kind] }] },
        })
    };
    let sql = |operator| bound("delete", &plan(operator, "n")).unwrap().sql;
    assert_eq!(sql("in"), r#"DELETE FROM "t" WHERE "a" = ANY($1)"#);
    assert_eq!(sql("notIn"), r#"DELETE FROM "t" WHERE "a" <> ALL($1)"#);
    let list = |elements: &str| json!([{ "type": "json", "value": elements }]);
    assert_eq!(
        text("delete", &plan("notIn", "s"), list(r#"["it's", null, 5]"#)).unwrap(),
        r#"DELETE FROM "t" WHERE "a" NOT IN ('it''s', NULL, 5)"#
    );
    assert_eq!(
        text("delete", &plan("in", "x"), list(r#"["\\x00ff"]"#)).unwrap(),
        r#"DELETE FROM "t" WHERE "a" IN (X'00ff')"#
    );
    assert!(text("delete", &plan("in", "x"), list(r#"["\\x0'; --"]"#)).is_err());
    assert!(text("delete", &plan("in", "n"), list(r#"{"a": 1}"#)).is_err());
    assert!(bound("delete", &plan("gt", "n")).is_err());
    let document = json!({
        "table": { "name": "t" },
        "where": { "o": [{ "j": [{ "c": "doc" }, ["a"]] }, "in", { "bl": [0, "n"] }] },
    });
    let sql = bound("delete", &document).unwrap().sql;
    assert_eq!(sql, r##"DELETE FROM "t" WHERE CAST(("doc"#>>'{a}') AS DOUBLE PRECISION) = ANY($1)"##);
}

/// Strings that have broken other generators, and arbitrary ones.
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

/// Nested includes with arbitrary names and conditions.
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
    fn any_condition_is_one_statement_with_its_values_bound_or_written(condition in condition()) {
        let (condition, values) = with_bound_values(&condition);
        let plan = select_where(condition);
        let translated = bound("select", &plan).expect("a translation");
        prop_assert!(translated.order.iter().copied().eq(0..values.len()));
        for sql in [translated.sql, text("select", &plan, Json::Array(values)).expect("a translation")] {
            let Statement::Query(query) = statement(&sql) else { panic!("{sql}") };
            let SetExpr::Select(select) = *query.body else { panic!("{sql}") };
            prop_assert!(select.selection.is_some());
        }
    }

    #[test]
    fn a_value_that_is_written_into_the_text_is_the_constant(condition in condition()) {
        let (with_values, values) = with_bound_values(&condition);
        let written = text("select", &select_where(with_values), Json::Array(values)).expect("a translation");
        // `IS true` is a keyword, which a bound value cannot replace.
        let constant = text("select", &select_where(condition), json!([])).expect("a translation");
        prop_assume!(!constant.contains(" IS "));
        prop_assert_eq!(written, constant);
    }

    #[test]
    fn a_string_in_the_text_is_the_string_that_was_given(value in nasty(), key in nasty()) {
        let plan = select_where(json!({ "o": [{ "c": format!("c{key}") }, "eq", { "b": [0, "s"] }] }));
        let inlined = text("select", &plan, json!([value])).expect("a translation");
        prop_assert_eq!(strings_of(&statement(&inlined)), vec![value]);
        prop_assert_eq!(strings_of(&statement(&bound("select", &plan).expect("a translation").sql)), Vec::<String>::new());
    }

    #[test]
    fn a_find_call_has_the_condition_of_its_text(condition in condition()) {
        let (with_values, values) = with_bound_values(&condition);
        let mut plan = select_where(with_values);
        plan["find"] = json!(true);
        let given: Vec<phantomdb_protocol::Value> =
            values.iter().map(|value| serde_json::from_value(value.clone()).expect("a value")).collect();
        let written = text("expression", &json!({ "e": plan["where"] }), Json::Array(values)).expect("a translation");
        // A path through an association is not a finder on one table.
        if let Some(template) = bound("select", &plan).expect("a translation").find {
            let again: FindTemplate =
                serde_json::from_value(serde_json::to_value(&template).expect("JSON")).expect("a template");
            prop_assert_eq!(&again, &template);
            prop_assert_eq!(again.filled(&given).expect("a find call").condition, Some(written));
        }
    }

    #[test]
    fn any_include_order_and_limit_are_one_statement(
        condition in condition(), include in includes(), order in order(), limited in any::<bool>()
    ) {
        let plan = json!({
            "from": [{ "table": { "name": "t" }, "as": "T" }], "columns": [{ "e": { "c": "id" } }],
            "include": include, "where": condition, "order": order, "limit": { "v": 5 }, "subQuery": limited,
        });
        for sql in [bound("select", &plan).expect("a translation").sql, text("select", &plan, json!([])).expect("a translation")] {
            prop_assert!(matches!(statement(&sql), Statement::Query(_)));
        }
    }

    #[test]
    fn a_json_path_is_one_literal_whatever_its_keys(keys in prop::collection::vec(nasty(), 1..4)) {
        let keys: Vec<String> = keys.into_iter().map(|k| k.replace("::", ":")).collect();
        let plan = select_where(json!({ "o": [{ "j": [{ "c": "doc" }, keys] }, "eq", { "b": [0, "n"] }] }));
        let written = text("select", &plan, json!([1])).expect("a translation");
        prop_assert_eq!(strings_of(&statement(&written)).len(), 1);
    }
}

/// Replaces each constant of a condition except null by a bound value, and returns the values.
fn with_bound_values(condition: &Json) -> (Json, Vec<Json>) {
    fn bind(node: &mut Json, values: &mut Vec<Json>) {
        let kind = match node.get("v") {
            Some(Json::Number(_)) => "n",
            Some(Json::Bool(_)) => "b",
            Some(Json::String(_)) => "s",
            _ => {
                match node {
                    Json::Array(items) => items.iter_mut().for_each(|item| bind(item, values)),
                    Json::Object(fields) => fields.values_mut().for_each(|field| bind(field, values)),
                    _ => {}
                }
                return;
            }
        };
        values.push(node["v"].take());
        *node = json!({ "b": [values.len() - 1, kind] });
    }
    let (mut with_values, mut values) = (condition.clone(), Vec::new());
    bind(&mut with_values, &mut values);
    (with_values, values)
}

fn refusal(kind: &str, plan: Json) -> String {
    match bound(kind, &plan) {
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
    for cast in [
        "integer) OR (1=1",
        "text--",
        "int'",
        "varchar(1; DROP)",
        "",
        "[]",
        "text[] OR 1=1",
        "text[1=1]",
        "text[",
        "text[](1",
    ] {
        let message = refusal(
            "select",
            select_where(json!({ "o": [{ "cast": [{ "c": "a" }, cast] }, "eq", { "v": 1 }] })),
        );
        assert!(message.starts_with("Invalid cast type"), "{message}");
    }
}

#[test]
fn a_function_name_holds_nothing_but_a_name() {
    for name in ["", "lower(1) OR f", "x; DROP TABLE t; --", "a b", "1x"] {
        let message =
            refusal("select", select_where(json!({ "o": [{ "f": [name, []] }, "eq", { "v": 1 }] })));
        assert!(message.contains("is not a function's name"), "{message}");
    }
}

#[test]
fn an_unknown_operator_is_refused() {
    let message = refusal("select", select_where(json!({ "o": [{ "c": "a" }, "= 1 OR 1 =", { "v": 1 }] })));
    assert!(message.contains("is not an operator"), "{message}");
}

#[test]
fn every_operator_has_names_of_its_own() {
    let table = serde_json::to_value(super::OPERATORS).expect("JSON");
    let names: Vec<&str> = table
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|operator| operator["names"].as_array().expect("a list"))
        .map(|name| name.as_str().expect("a name"))
        .collect();
    for name in &names {
        assert_eq!(names.iter().filter(|other| other == &name).count(), 1, "{name}");
    }
}

#[test]
fn a_misspelt_where_is_an_error_rather_than_a_statement_about_all_rows() {
    let condition = json!({ "o": [{ "c": "a" }, "eq", { "v": 1 }] });
    let table = json!({ "name": "t" });
    for (kind, plan) in [
        ("delete", json!({ "table": table, "wehre": condition })),
        ("update", json!({ "table": table, "set": [["a", { "v": 2 }]], "wehre": condition })),
        ("select", json!({ "from": [{ "table": table }], "wehre": condition })),
    ] {
        let message = refusal(kind, plan);
        assert!(message.contains("unknown field `wehre`"), "{message}");
    }
}

#[test]
fn no_part_of_a_plan_has_a_field_that_is_ignored() {
    let item = json!({ "e": { "c": "a" } });
    let include = json!({ "as": "i", "table": { "name": "i" }, "left": { "attribute": "k", "field": "k" }, "right": "k" });
    let through = json!({ "table": { "name": "j" }, "as": "j", "primaryKey": null, "sourceField": "s", "targetField": "t" });
    let grouped = json!({ "limit": 1, "key": { "c": "k" }, "values": [] });
    let extended = |object: &Json| {
        let mut object = object.clone();
        object["surplus"] = json!(1);
        object
    };
    let with = |object: &Json, field: &str, value: Json| {
        let mut object = object.clone();
        object[field] = value;
        object
    };
    let select = json!({ "from": [{ "table": { "name": "t" } }] });
    let parts = [
        ("from", json!([{ "table": { "name": "t" }, "surplus": 1 }])),
        ("columns", json!([extended(&item)])),
        ("order", json!([extended(&item)])),
        ("lock", json!({ "strength": "UPDATE", "surplus": 1 })),
        ("include", json!([extended(&include)])),
        ("include", json!([with(&include, "left", extended(&include["left"]))])),
        ("include", json!([with(&include, "through", extended(&through))])),
        ("groupedLimit", extended(&grouped)),
    ];
    for (field, part) in parts {
        let message = refusal("select", with(&select, field, part));
        assert!(message.contains("unknown field `surplus`"), "{field}: {message}");
    }
    let insert = json!({ "table": { "name": "t" }, "columns": [], "rows": [] });
    for (kind, plan) in [
        ("insert", extended(&insert)),
        ("insert", with(&insert, "onConflict", json!({ "surplus": 1 }))),
        ("expression", extended(&item)),
    ] {
        let message = refusal(kind, plan);
        assert!(message.contains("unknown field `surplus`"), "{kind}: {message}");
    }
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
    let plan = select_where(json!({ "o": [{ "c": "a" }, "eq", { "b": [0, "s"] }] }));
    assert!(text("select", &plan, json!(["a\u{0}b"])).is_err());
    let constant = select_where(json!({ "o": [{ "c": "a" }, "eq", { "v": "a\u{0}b" }] }));
    assert!(bound("select", &constant).is_err());
}

#[test]
fn deep_nesting_is_refused_rather_than_overflowing_the_stack() {
    let mut condition = json!({ "c": "a" });
    for _ in 0..110 {
        condition = json!({ "not": condition });
    }
    assert!(bound("select", &select_where(condition)).is_err());
}

#[test]
fn it_keeps_the_conditions_of_a_list_of_one_together() {
    let is = |name: &str| json!({ "o": [{ "c": name }, "eq", { "v": 1 }] });
    let either = json!({ "or": [is("a"), is("b")] });
    for nested in
        [json!({ "or": [either] }), json!({ "and": [either] }), json!({ "or": [{ "and": [either] }] })]
    {
        let plan = json!({ "e": { "and": [is("tenant"), nested] } });
        let sql = text("expression", &plan, json!([])).unwrap();
        assert_eq!(sql, r#""tenant" = 1 AND ("a" = 1 OR "b" = 1)"#);
    }
    let plan = json!({ "e": { "and": [is("tenant"), { "or": [{ "l": "a OR b" }] }] } });
    let sql = text("expression", &plan, json!([])).unwrap();
    assert_eq!(sql, r#""tenant" = 1 AND (a OR b)"#);
}

#[test]
fn a_value_that_is_used_twice_is_two_parameters() {
    let key = json!({ "o": [{ "c": "a" }, "eq", { "b": [1, "n"] }] });
    let plan = json!({ "e": { "and": [key, { "o": [{ "c": "b" }, "eq", { "b": [0, "s"] }] }, key] } });
    let translated = translate("expression", &plan.to_string(), Values::bound(2)).unwrap();
    assert_eq!(translated.sql, r#""a" = $3 AND "b" = $4 AND "a" = $5"#);
    assert_eq!(translated.order, [1, 0, 1]);
}

#[test]
fn a_value_that_was_not_given_is_an_error() {
    let plan = select_where(json!({ "o": [{ "c": "a" }, "eq", { "b": [1, "s"] }] }));
    assert!(text("select", &plan, json!(["x"])).is_err());
    let template = FindTemplate { parts: vec!["a = ".to_owned(), String::new()], ..FindTemplate::default() };
    assert!(template.filled(&[]).is_err());
}

#[test]
fn a_path_is_cast_to_the_type_of_the_value_beside_it() {
    for (kind, cast) in [("n", "DOUBLE PRECISION"), ("d", "DECIMAL"), ("b", "BOOLEAN"), ("t", "TIMESTAMP")] {
        let plan = json!({ "e": { "o": [{ "j": [{ "c": "doc" }, ["k"]] }, "eq", { "b": [0, kind] }] } });
        assert_eq!(
            bound("expression", &plan).unwrap().sql,
            format!(r##"CAST(("doc"#>>'{{k}}') AS {cast}) = $1"##)
        );
    }
    let plan = json!({ "e": { "o": [{ "j": [{ "c": "doc" }, ["k"]] }, "eq", { "b": [0, "s"] }] } });
    assert_eq!(bound("expression", &plan).unwrap().sql, r##"("doc"#>>'{k}') = $1"##);
}
