//! The type names of columns in SQLite. A name decides the affinity of its column, and the catalog reads the type from it.

use phantomdb_protocol::{ColumnType, data_type::SQLITE_TEXT};

use phantomdb_sql::typing::Type;

pub use phantomdb_sql::types::SqlType;

/// Ends the name of the elements' type in the declared name of an array: `VARCHAR_ARRAY_TEXT(10)`.
const ARRAY: &str = "_ARRAY";

fn without_suffix<'a>(name: &'a str, suffix: &str) -> Option<&'a str> {
    let (start, end) = name.split_at_checked(name.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(start)
}

/// The type that a declared name stands for; [`SqlType::Other`] for a name that is not known.
pub fn from_declared(declared: &str) -> SqlType {
    let (name, arguments) = declared.split_once('(').unwrap_or((declared, ""));
    let name = name.trim_end();
    let plain = without_suffix(name, SQLITE_TEXT).unwrap_or(name);
    if plain.len() < name.len()
        && let Some(element) = without_suffix(plain, ARRAY)
    {
        return SqlType::from_name(&format!("{element}({arguments}"))
            .and_then(|element| element.array().ok())
            .unwrap_or_else(|| SqlType::Other(declared.trim().to_owned()));
    }
    // The values of an ENUM are in a check beside it.
    if plain.eq_ignore_ascii_case("ENUM") && plain.len() < name.len() {
        return SqlType::Enum(Vec::new());
    }
    SqlType::from_name(declared)
        .or_else(|| SqlType::from_name(&format!("{plain}({arguments}")))
        .unwrap_or_else(|| SqlType::Other(declared.trim().to_owned()))
}

/// The name with which a column of that type is declared.
pub fn declared(data_type: &SqlType) -> String {
    if let Some(element) = data_type.element() {
        // SQLite wants one word: `DOUBLE PRECISION` is a `DOUBLE`.
        return element.name_with_suffix(&format!("{ARRAY}{SQLITE_TEXT}")).replace(" PRECISION", "");
    }
    match (data_type, data_type.info()) {
        (SqlType::Enum(_), Some(info)) => info.sqlite_name(),
        (_, Some(info)) if info.sqlite_text => data_type.name_with_suffix(SQLITE_TEXT),
        _ => data_type.name(),
    }
}

/// The name in PhantomDB SQL of the type of an expression; None for a type that no value has.
pub fn name_of(data_type: Type) -> Option<String> {
    sql_type_of(data_type).map(|data_type| data_type.name())
}

/// The type in PhantomDB SQL of an expression; None for a type that no value has.
pub fn sql_type_of(data_type: Type) -> Option<SqlType> {
    Some(match data_type {
        Type::Boolean => SqlType::Boolean,
        Type::SmallInt => SqlType::SmallInt,
        Type::Integer => SqlType::Integer,
        Type::BigInt => SqlType::BigInt,
        Type::Numeric => SqlType::Decimal(None),
        Type::Real => SqlType::Real,
        Type::Double => SqlType::Double,
        Type::Unknown | Type::Text | Type::Enum => SqlType::Text,
        Type::Varchar | Type::Char => SqlType::Varchar(None),
        Type::CiText => SqlType::CiText,
        Type::Bytea => SqlType::Blob,
        Type::Date => SqlType::Date,
        Type::Time => SqlType::Time(None),
        Type::Timestamp | Type::TimestampTz => SqlType::Timestamp(None),
        Type::Uuid => SqlType::Uuid,
        Type::Json | Type::Jsonb => SqlType::Jsonb,
        Type::Array(element) => {
            let array = sql_type_of(*element).and_then(|element| element.array().ok());
            array.unwrap_or_else(|| SqlType::Other(data_type.short_name()))
        }
        Type::Interval => SqlType::Other(data_type.short_name()),
        _ => return None,
    })
}

/// The collation by which SQLite compares columns of that type.
pub fn collation(data_type: &SqlType) -> Option<&'static str> {
    match data_type.element() {
        // Large integers are texts in an array, as decimals are.
        Some(SqlType::Decimal(_) | SqlType::BigInt) => Some("array_numeric"),
        Some(SqlType::Json | SqlType::Jsonb) => Some("array_jsonb"),
        Some(_) => Some("array"),
        None => data_type.info().and_then(|info| info.sqlite_collation),
    }
}

/// The protocol's type for the values of a column that is declared with that name.
pub fn column_type_of_declared(declared: &str) -> ColumnType {
    let data_type = from_declared(declared);
    match (&data_type, data_type.in_expressions()) {
        (SqlType::Other(name), Type::Other) => by_affinity(name),
        // An interval of a view.
        (SqlType::Other(_), known) => known.wire(),
        _ => data_type.column_type(),
    }
}

/// The protocol's type for the values of a column with that type in PhantomDB SQL.
pub fn column_type_of_sql(data_type: &str) -> ColumnType {
    let name = data_type.trim_start();
    if name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("ENUM(")) {
        return ColumnType::Enum;
    }
    column_type_of_declared(name)
}

/// The affinity by which SQLite stores values in a column that is declared with that name
/// (<https://sqlite.org/datatype3.html#determination_of_column_affinity>).
pub fn affinity(declared: &str) -> &'static str {
    let name = declared.to_ascii_uppercase();
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    if has(&["INT"]) {
        "INTEGER"
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        "TEXT"
    } else if name.is_empty() || has(&["BLOB"]) {
        "BLOB"
    } else if has(&["REAL", "FLOA", "DOUB"]) {
        "REAL"
    } else {
        "NUMERIC"
    }
}

/// The protocol's type by SQLite's own rules of affinity, for a column that another program declared.
fn by_affinity(declared: &str) -> ColumnType {
    let name = declared.to_ascii_uppercase();
    let has = |part: &str| name.contains(part);
    if has("INT") {
        ColumnType::Integer
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        ColumnType::String
    } else if has("BLOB") {
        ColumnType::Blob
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        ColumnType::Float
    } else {
        ColumnType::Any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_declared_type_is_read_by_its_affinity() {
        assert_eq!(column_type_of_declared("UNSIGNED SHORTINT"), ColumnType::Integer);
        assert_eq!(column_type_of_declared("NATIVE CHARACTER(70)"), ColumnType::String);
        assert_eq!(column_type_of_declared("GEOMETRY"), ColumnType::Any);
    }

    #[test]
    fn an_array_is_declared_by_one_word_and_read_back() {
        for name in ["INTEGER[]", "VARCHAR(20)[]", "DECIMAL(10,2)[]", "DOUBLE PRECISION[]", "TIMESTAMP[]"] {
            let data_type = SqlType::parse(name).unwrap();
            assert_eq!(from_declared(&declared(&data_type)), data_type, "{name}");
        }
        assert_eq!(declared(&SqlType::parse("VARCHAR(20)[]").unwrap()), "VARCHAR_ARRAY_TEXT(20)");
        assert_eq!(column_type_of_declared("INTEGER_ARRAY_TEXT"), ColumnType::Json);
    }
}
