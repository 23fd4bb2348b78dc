//! Structured calls as statements of PhantomDB SQL: identifiers quoted, values bound.

use std::collections::HashSet;

use phantomdb_protocol::{
    Cell, DeleteRows, Error, ErrorCode, Find, InsertRows, OnConflict, Result, Statement, TableName,
    TableSchema, UpdateRows, Value,
    ddl::{push_identifier, push_identifiers, push_table},
};
use serde_json::Map;

use crate::calls::{column_value, fragment::Condition, fragment_cache::Fragments};

fn push_parameter(sql: &mut String, parameters: &mut Vec<Value>, value: Value) {
    parameters.push(value);
    sql.push('$');
    sql.push_str(&parameters.len().to_string());
}

fn statement(query: String, parameters: Vec<Value>) -> Statement {
    Statement { query, parameters, ..Statement::default() }
}

/// The text, unless it is missing or blank.
fn given(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

pub fn find(fragments: &Fragments, table: &TableName, find: &Find) -> Result<Statement> {
    let mut sql = String::with_capacity(128);
    let mut parameters = Vec::new();
    sql.push_str("SELECT ");
    match given(find.columns.as_ref()) {
        Some(text) => sql.push_str(&fragments.columns(text)?),
        None => sql.push('*'),
    }
    sql.push_str(" FROM ");
    push_table(&mut sql, table)?;
    if let Some(text) = given(find.condition.as_ref()) {
        push_where(&mut sql, &mut parameters, fragments.condition(text)?);
    }
    if let Some(text) = given(find.order_by.as_ref()) {
        sql.push_str(" ORDER BY ");
        sql.push_str(&fragments.order_by(text)?);
    }
    for (keyword, count) in [(" LIMIT ", find.limit), (" OFFSET ", find.offset)] {
        if let Some(count) = count {
            sql.push_str(keyword);
            let count = i64::try_from(count).map_err(|_| {
                let message = format!("{} is beyond 64 bits", keyword.trim().to_lowercase());
                Error::new(ErrorCode::OutOfRange, message)
            })?;
            push_parameter(&mut sql, &mut parameters, Value::Integer(count));
        }
    }
    Ok(statement(sql, parameters))
}

/// The literals of a condition are numbered from `$1`, so it comes before any other parameter.
fn push_where(sql: &mut String, parameters: &mut Vec<Value>, condition: Condition) {
    sql.push_str(" WHERE ");
    sql.push_str(&condition.sql);
    parameters.extend(condition.literals);
}

/// The condition of a call that changes rows. The call must have one, or `all`.
fn condition_or_all<'a>(condition: Option<&'a String>, all: bool, what: &str) -> Result<Option<&'a str>> {
    match (given(condition), all) {
        (None, false) => Err(Error::new(
            ErrorCode::BadRequest,
            format!("{what} without a condition needs all=true: it is about every row of the table"),
        )),
        (Some(_), true) => {
            Err(Error::new(ErrorCode::BadRequest, format!("{what} takes a condition or all=true, not both")))
        }
        (condition, _) => Ok(condition),
    }
}

pub fn update(fragments: &Fragments, schema: &TableSchema, update: &UpdateRows) -> Result<Statement> {
    if update.data.is_empty() {
        return Err(Error::new(ErrorCode::BadRequest, "an update needs at least one column in data"));
    }
    let mut parameters = Vec::new();
    let mut tail = String::new();
    if let Some(text) = condition_or_all(update.condition.as_ref(), update.all, "an update")? {
        push_where(&mut tail, &mut parameters, fragments.condition(text)?);
    }
    let mut sql = String::from("UPDATE ");
    push_table(&mut sql, &schema.table)?;
    for (index, (column, json)) in update.data.iter().enumerate() {
        sql.push_str(if index == 0 { " SET " } else { ", " });
        push_identifier(&mut sql, column)?;
        sql.push_str(" = ");
        push_parameter(&mut sql, &mut parameters, column_value::of_column(schema, column, json)?);
    }
    sql.push_str(&tail);
    Ok(statement(sql, parameters))
}

pub fn delete(fragments: &Fragments, table: &TableName, delete: &DeleteRows) -> Result<Statement> {
    let mut sql = String::from("DELETE FROM ");
    let mut parameters = Vec::new();
    push_table(&mut sql, table)?;
    if let Some(text) = condition_or_all(delete.condition.as_ref(), delete.all, "a delete")? {
        push_where(&mut sql, &mut parameters, fragments.condition(text)?);
    }
    Ok(statement(sql, parameters))
}

/// Writes one statement for all rows, which travel beside it. A column that a row leaves out gets its default. None when
/// there are no rows.
pub fn insert(schema: &TableSchema, insert: &InsertRows) -> Result<Option<Statement>> {
    let tail = insert_tail(insert)?;
    let is_one = match insert.rows.as_slice() {
        [] => return Ok(None),
        rows => rows.len() == 1,
    };
    let mut columns: Vec<&str> = Vec::new();
    let mut known = HashSet::new();
    for column in insert.rows.iter().flat_map(Map::keys) {
        if known.insert(column) {
            columns.push(column);
        }
    }
    let mut sql = String::from("INSERT INTO ");
    push_table(&mut sql, &schema.table)?;
    if columns.is_empty() {
        // Rows without any value are inserted through one column that takes its default.
        match schema.columns.first() {
            Some(column) if !is_one => columns.push(&column.name),
            _ => {
                sql.push_str(" DEFAULT VALUES");
                sql.push_str(&tail);
                return Ok(Some(statement(sql, Vec::new())));
            }
        }
    }
    sql.push_str(" (");
    push_identifiers(&mut sql, &columns)?;
    sql.push_str(") VALUES (");
    for number in 1..=columns.len() {
        sql.push_str(if number == 1 { "$" } else { ", $" });
        sql.push_str(&number.to_string());
    }
    sql.push(')');
    sql.push_str(&tail);
    if let [row] = insert.rows.as_slice() {
        let values = columns.iter().filter_map(|column| Some((column, row.get(*column)?)));
        let values = values.map(|(column, json)| column_value::of_column(schema, column, json));
        return Ok(Some(statement(sql, values.collect::<Result<_>>()?)));
    }
    let mut rows = Vec::with_capacity(insert.rows.len());
    for (row, number) in insert.rows.iter().zip(1..) {
        let cells = columns.iter().map(|column| match row.get(*column) {
            Some(json) => column_value::of_column(schema, column, json).map(Cell::Value),
            None => Ok(Cell::Default),
        });
        rows.push(cells.collect::<Result<_>>().map_err(|error| error.in_row(number))?);
    }
    Ok(Some(Statement { query: sql, rows, ..Statement::default() }))
}

fn insert_tail(insert: &InsertRows) -> Result<String> {
    let mut sql = String::new();
    if let Some(OnConflict { columns, update }) = &insert.on_conflict {
        sql.push_str(" ON CONFLICT");
        if !columns.is_empty() {
            sql.push_str(" (");
            push_identifiers(&mut sql, columns)?;
            sql.push(')');
        } else if !update.is_empty() {
            let message = "onConflict.update needs onConflict.columns: the key whose conflict it answers";
            return Err(Error::new(ErrorCode::BadRequest, message));
        }
        if update.is_empty() {
            sql.push_str(" DO NOTHING");
        }
        for (index, column) in update.iter().enumerate() {
            sql.push_str(if index == 0 { " DO UPDATE SET " } else { ", " });
            push_identifier(&mut sql, column)?;
            sql.push_str(" = EXCLUDED.");
            push_identifier(&mut sql, column)?;
        }
    }
    if !insert.returning.is_empty() {
        sql.push_str(" RETURNING ");
        if insert.returning.iter().any(|column| column == "*") {
            sql.push('*');
        } else {
            push_identifiers(&mut sql, &insert.returning)?;
        }
    }
    Ok(sql)
}

#[cfg(test)]
mod tests {
    use phantomdb_protocol::ColumnDefinition;
    use serde_json::{Value as Json, json};

    use super::*;

    fn users() -> TableSchema {
        let column = |name: &str, data_type: &str| -> ColumnDefinition {
            serde_json::from_value(json!({ "name": name, "type": data_type })).unwrap()
        };
        TableSchema {
            table: TableName::new("users"),
            columns: vec![column("id", "INTEGER"), column("name", "TEXT"), column("meta", "JSON")],
            primary_key: vec!["id".into()],
            constraints: vec![],
            indexes: vec![],
            comment: None,
        }
    }

    fn inserted(body: Json) -> Result<Statement> {
        let call: InsertRows = serde_json::from_value(body).unwrap();
        Ok(insert(&users(), &call)?.unwrap())
    }

    #[test]
    fn it_writes_a_find_with_bound_literals_limit_and_offset() {
        let call = Find {
            condition: Some("age > 18".into()),
            order_by: Some("name DESC".into()),
            limit: Some(10),
            offset: Some(5),
            columns: Some("id, name".into()),
        };
        let table = TableName { name: "us\"ers".into(), schema: Some("s".into()) };
        let statement = find(&Fragments::default(), &table, &call).unwrap();
        assert_eq!(
            statement.query,
            concat!(
                r#"SELECT "id", "name" FROM "s"."us""ers" WHERE "age" > $1 "#,
                r#"ORDER BY "name" DESC LIMIT $2 OFFSET $3"#
            )
        );
        assert_eq!(statement.parameters, [Value::Integer(18), Value::Integer(10), Value::Integer(5)]);
    }

    #[test]
    fn it_takes_a_blank_condition_as_none() {
        let call = Find { condition: Some(" ".into()), ..Find::default() };
        let statement = find(&Fragments::default(), &TableName::new("t"), &call).unwrap();
        assert_eq!(statement.query, r#"SELECT * FROM "t""#);
    }

    #[test]
    fn it_numbers_the_condition_of_an_update_before_its_data() {
        let call: UpdateRows =
            serde_json::from_value(json!({ "data": { "name": "B", "meta": [1] }, "condition": "id = 7" }))
                .unwrap();
        let statement = update(&Fragments::default(), &users(), &call).unwrap();
        assert_eq!(statement.query, r#"UPDATE "users" SET "name" = $2, "meta" = $3 WHERE "id" = $1"#);
        assert_eq!(
            statement.parameters,
            [Value::Integer(7), Value::String("B".into()), Value::Json("[1]".into())]
        );
    }

    #[test]
    fn it_changes_every_row_only_with_all() {
        let all = DeleteRows { condition: None, all: true };
        let none = DeleteRows { condition: Some(String::new()), all: false };
        let both = DeleteRows { condition: Some("a=1".into()), all: true };
        let table = TableName::new("t");
        assert_eq!(delete(&Fragments::default(), &table, &all).unwrap().query, r#"DELETE FROM "t""#);
        assert_eq!(delete(&Fragments::default(), &table, &none).unwrap_err().code, ErrorCode::BadRequest);
        assert_eq!(delete(&Fragments::default(), &table, &both).unwrap_err().code, ErrorCode::BadRequest);
    }

    #[test]
    fn it_inserts_rows_beside_one_statement() {
        let statement = inserted(json!({
            "rows": [{ "id": 1, "name": "a" }, { "name": "b", "id": 2 }, { "name": "c" }, {}],
            "returning": ["id"],
        }))
        .unwrap();
        assert_eq!(statement.query, r#"INSERT INTO "users" ("id", "name") VALUES ($1, $2) RETURNING "id""#);
        assert!(statement.parameters.is_empty());
        let text = |text: &str| Cell::Value(Value::String(text.into()));
        let number = |number| Cell::Value(Value::Integer(number));
        assert_eq!(
            statement.rows,
            [
                vec![number(1), text("a")],
                vec![number(2), text("b")],
                vec![Cell::Default, text("c")],
                vec![Cell::Default, Cell::Default],
            ]
        );
    }

    #[test]
    fn it_inserts_rows_without_values_and_a_single_row() {
        let several = inserted(json!({ "rows": [{}, {}] })).unwrap();
        assert_eq!(several.query, r#"INSERT INTO "users" ("id") VALUES ($1)"#);
        assert_eq!(several.rows, [[Cell::Default], [Cell::Default]]);
        let empty = inserted(json!({ "rows": [{}] })).unwrap();
        assert_eq!(empty.query, r#"INSERT INTO "users" DEFAULT VALUES"#);
        let one = inserted(json!({ "rows": [{ "name": "a" }] })).unwrap();
        assert_eq!(one.query, r#"INSERT INTO "users" ("name") VALUES ($1)"#);
        assert_eq!((one.parameters.len(), one.rows.len()), (1, 0));
    }

    #[test]
    fn it_writes_what_an_insert_does_on_a_conflict() {
        let text = |conflict: Json| inserted(json!({ "rows": [{ "id": 1 }], "onConflict": conflict }));
        let update = text(json!({ "columns": ["id"], "update": ["name"] })).unwrap();
        assert!(update.query.ends_with(r#" ON CONFLICT ("id") DO UPDATE SET "name" = EXCLUDED."name""#));
        assert!(text(json!({})).unwrap().query.ends_with(" ON CONFLICT DO NOTHING"));
        assert_eq!(text(json!({ "update": ["name"] })).unwrap_err().code, ErrorCode::BadRequest);
    }

    #[test]
    fn it_refuses_a_column_that_the_table_has_not() {
        let error = inserted(json!({ "rows": [{ "nme": "a" }] })).unwrap_err();
        assert_eq!(error.code, ErrorCode::UnknownColumn);
        assert_eq!(error.details.columns, ["nme"]);
    }
}
