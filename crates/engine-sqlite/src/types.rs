//! The type names of columns in SQLite. A name decides the affinity of its column, and the catalog reads the type from it.

use phantomdb_protocol::{ColumnType, data_type::SQLITE_TEXT};

pub use phantomdb_sql::types::SqlType;

/// The type that a declared name stands for; [`SqlType::Other`] for a name that is not known.
pub fn from_declared(declared: &str) -> SqlType {
    let (name, arguments) = declared.split_once('(').unwrap_or((declared, ""));
    let name = name.trim_end();
    let plain = match name.len().checked_sub(SQLITE_TEXT.len()).and_then(|end| name.split_at_checked(end)) {
        Some((plain, suffix)) if suffix.eq_ignore_ascii_case(SQLITE_TEXT) => plain,
        _ => name,
    };
    // The values of an ENUM are in a check beside it.
    if plain.eq_ignore_ascii_case("ENUM") && plain.len() < name.len() {
        return SqlType::Enum(Vec::new());
    }
    SqlType::from_name(&format!("{plain}({arguments}"))
        .unwrap_or_else(|| SqlType::Other(declared.trim().to_owned()))
}

/// The name with which a column of that type is declared.
pub fn declared(data_type: &SqlType) -> String {
    match (data_type, data_type.info()) {
        (SqlType::Enum(_), Some(info)) => info.sqlite_name(),
        (_, Some(info)) if info.sqlite_text => data_type.name_with_suffix(SQLITE_TEXT),
        _ => data_type.name(),
    }
}

/// The collation by which SQLite compares columns of that type.
pub fn collation(data_type: &SqlType) -> Option<&'static str> {
    data_type.info().and_then(|info| info.sqlite_collation)
}

/// The protocol's type for the values of a column that is declared with that name.
pub fn column_type_of_declared(declared: &str) -> ColumnType {
    match from_declared(declared) {
        SqlType::Other(name) => by_affinity(&name),
        data_type => data_type.column_type(),
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
}
