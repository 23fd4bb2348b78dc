//! Converts the JSON of a row to values of its columns.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use phantomdb_protocol::{ColumnType, Error, ErrorCode, Result, TableSchema, Value, data_type};
use serde_json::Value as Json;

/// The value for a column of that table. Objects and arrays go into JSON columns only, a blob is base64;
/// `{"type", "value"}` says the type itself, as a parameter of a statement does.
pub fn of_column(schema: &TableSchema, column: &str, json: &Json) -> Result<Value> {
    let wrong = |code, why: String| Error::new(code, why).with_table(schema.table.to_string());
    let Some(definition) =
        schema.columns.iter().find(|definition| definition.name.eq_ignore_ascii_case(column))
    else {
        let message = format!("table {} has no column {column}", schema.table);
        return Err(wrong(ErrorCode::UnknownColumn, message).with_columns([column]));
    };
    let mismatch = |why: &str| {
        let message = format!("column {column} of table {} {why}", schema.table);
        wrong(ErrorCode::TypeMismatch, message).with_columns([column])
    };
    let wire = data_type::wire_type(&definition.data_type).unwrap_or(ColumnType::Any);
    Ok(match (json, wire) {
        (Json::Null, _) => Value::Null,
        (_, ColumnType::Json) => Value::Json(json.to_string()),
        (Json::String(text), ColumnType::Blob) => {
            Value::Blob(BASE64.decode(text).map_err(|_| mismatch("takes base64"))?)
        }
        (Json::String(text), ColumnType::Integer) => {
            text.parse().map_or_else(|_| Value::String(text.clone()), Value::Integer)
        }
        (Json::String(text), _) => Value::String(text.clone()),
        (Json::Bool(boolean), _) => Value::Boolean(*boolean),
        (Json::Array(_), _) => return Err(mismatch("does not take an array: it is not a JSON column")),
        // A number, or an object that says its type.
        (json, _) => serde::Deserialize::deserialize(json)
            .map_err(|_| mismatch("does not take this object: it is not a JSON column"))?,
    })
}

#[cfg(test)]
mod tests {
    use phantomdb_protocol::TableName;
    use serde_json::json;

    use super::*;

    fn value(data_type: &str, json: Json) -> Result<Value> {
        let column = serde_json::from_value(json!({ "name": "c", "type": data_type })).unwrap();
        let schema = TableSchema {
            table: TableName::new("t"),
            columns: vec![column],
            primary_key: vec![],
            constraints: vec![],
            indexes: vec![],
            comment: None,
        };
        of_column(&schema, "c", &json)
    }

    #[test]
    fn it_takes_any_document_for_a_json_column() {
        assert_eq!(value("JSON", json!({ "a": [1] })).unwrap(), Value::Json(r#"{"a":[1]}"#.into()));
        assert_eq!(value("JSONB", json!("x")).unwrap(), Value::Json(r#""x""#.into()));
        assert_eq!(value("JSON", Json::Null).unwrap(), Value::Null);
    }

    #[test]
    fn it_takes_base64_for_a_blob_column() {
        assert_eq!(value("BLOB", json!("aGk=")).unwrap(), Value::Blob(b"hi".to_vec()));
        assert_eq!(value("BLOB", json!("%")).unwrap_err().code, ErrorCode::TypeMismatch);
    }

    #[test]
    fn it_takes_a_64_bit_integer_as_text() {
        assert_eq!(
            value("BIGINT", json!("9007199254740993")).unwrap(),
            Value::Integer(9_007_199_254_740_993)
        );
        assert_eq!(value("INTEGER", json!(5)).unwrap(), Value::Integer(5));
    }

    #[test]
    fn it_takes_a_value_that_says_its_type() {
        let decimal = json!({ "type": "decimal", "value": "1.10" });
        assert_eq!(value("DECIMAL(10,2)", decimal).unwrap(), Value::Decimal("1.10".into()));
    }

    #[test]
    fn it_refuses_documents_for_other_columns() {
        for document in [json!([1]), json!({ "a": 1 })] {
            let error = value("VARCHAR(10)", document).unwrap_err();
            assert_eq!(error.code, ErrorCode::TypeMismatch);
            assert_eq!(error.details.columns, ["c"]);
            assert_eq!(error.details.table.as_deref(), Some("t"));
        }
    }
}
