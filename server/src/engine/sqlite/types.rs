//! Declared types.

use phantomdb_protocol::ColumnType;

pub fn column_type_of_declared(decl: &str) -> ColumnType {
    let word = decl.split(['(', ' ', '_']).next().unwrap_or_default().to_uppercase();
    match word.as_str() {
        "INTEGER" | "SMALLINT" | "BIGINT" | "INT" => ColumnType::Integer,
        "BOOLEAN" => ColumnType::Boolean,
        "VARCHAR" | "TEXT" | "CHAR" => ColumnType::String,
        "REAL" | "DOUBLE" | "FLOAT" => ColumnType::Float,
        "DECIMAL" => ColumnType::Decimal,
        "TIMESTAMP" => ColumnType::Timestamp,
        "UUID" => ColumnType::Uuid,
        "JSON" => ColumnType::Json,
        "BLOB" => ColumnType::Blob,
        "DATE" => ColumnType::Date,
        "TIME" => ColumnType::Time,
        "ENUM" => ColumnType::Enum,
        _ => ColumnType::Any,
    }
}
