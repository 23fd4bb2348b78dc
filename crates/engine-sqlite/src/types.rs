//! The names that SQLite declares columns with. They decide the affinity, and the type is read out of them again.

use phantomdb_protocol::{ColumnType, data_type::SQLITE_TEXT};

pub use phantomdb_sql::types::SqlType;

/// The type behind a declared SQLite type name. A name that PhantomDB does not have is [`SqlType::Other`].
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

/// The name to declare a column with in SQLite.
pub fn declared(data_type: &SqlType) -> String {
    match (data_type, data_type.info()) {
        (SqlType::Enum(_), Some(info)) => info.sqlite_name(),
        (_, Some(info)) if info.sqlite_text => data_type.name_with_suffix(SQLITE_TEXT),
        _ => data_type.name(),
    }
}

/// The collation that columns of this type compare with.
pub fn collation(data_type: &SqlType) -> Option<&'static str> {
    data_type.info().and_then(|info| info.sqlite_collation)
}

/// How the values of a column travel that SQLite declares with this name.
pub fn column_type_of_declared(declared: &str) -> ColumnType {
    match from_declared(declared) {
        SqlType::Other(name) => by_affinity(&name),
        known => known.column_type(),
    }
}

/// How the values of a column of this PhantomDB SQL type travel.
pub fn column_type_of_sql(data_type: &str) -> ColumnType {
    let name = data_type.trim_start();
    if name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("ENUM(")) {
        return ColumnType::Enum;
    }
    column_type_of_declared(name)
}

/// How the values travel in a table that another client made, by SQLite's own rules of affinity.
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
    fn a_column_of_a_type_made_elsewhere_travels_by_its_affinity() {
        assert_eq!(column_type_of_declared("UNSIGNED SHORTINT"), ColumnType::Integer);
        assert_eq!(column_type_of_declared("NATIVE CHARACTER(70)"), ColumnType::String);
        assert_eq!(column_type_of_declared("GEOMETRY"), ColumnType::Any);
    }
}
