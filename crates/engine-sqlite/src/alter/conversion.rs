//! The values of a column whose definition changes.

use phantomdb_protocol::{ColumnDefinition, Result, TableSchema};
use phantomdb_sql::printer::quote_identifier;
use phantomdb_sql::types::SqlType;
use sqlparser::ast::CreateTable;

use crate::{adapt, types};

/// The SQL that gives the values of a column for its new definition. It is the name of the column alone when every value
/// may stay as it is.
pub(super) fn values(
    schema: &TableSchema,
    old: &ColumnDefinition,
    new: &ColumnDefinition,
    using: Option<&str>,
    before: &CreateTable,
) -> Result<String> {
    let declared = before
        .columns
        .iter()
        .find(|column| column.name.value.eq_ignore_ascii_case(&old.name))
        .map(|column| column.data_type.to_string());
    let (from, to) = (SqlType::parse(&old.data_type), SqlType::parse(&new.data_type));
    if let (None, Some(declared), Ok(from), Ok(to)) = (using, declared, from, to)
        && is_our_own(&declared, &from, old)
        && fits(&from, &to)
    {
        return Ok(quote_identifier(&old.name));
    }
    adapt::conversion(schema, &ColumnDefinition { name: old.name.clone(), ..new.clone() }, using)
}

/// True when PhantomDB declared the column, so that its values are in the stored form of the type.
fn is_our_own(declared: &str, data_type: &SqlType, column: &ColumnDefinition) -> bool {
    let without_blanks = |name: &str| name.replace(' ', "").to_ascii_uppercase();
    without_blanks(declared) == without_blanks(&types::declared(data_type))
        || (column.auto_increment && declared.eq_ignore_ascii_case("INTEGER"))
}

/// True when every stored value of one type is a stored value of the other. The values of an ENUM have a check.
fn fits(from: &SqlType, to: &SqlType) -> bool {
    let is_text = |data_type: &SqlType| {
        matches!(
            data_type,
            SqlType::Text | SqlType::Varchar(_) | SqlType::Char(_) | SqlType::CiText | SqlType::Enum(_)
        )
    };
    let is_float =
        |data_type: &SqlType| matches!(data_type, SqlType::Real | SqlType::Float | SqlType::Double);
    match (from, to) {
        _ if from == to => true,
        _ if from.is_integer() && to.is_integer() => from.bits() <= to.bits(),
        (
            SqlType::Varchar(Some(n)) | SqlType::Char(Some(n)),
            SqlType::Varchar(Some(m)) | SqlType::Char(Some(m)),
        ) => n <= m,
        (_, SqlType::Varchar(Some(_)) | SqlType::Char(Some(_))) => false,
        _ if is_text(from) && is_text(to) => true,
        (SqlType::Json | SqlType::Jsonb, SqlType::Json | SqlType::Jsonb) => true,
        _ => is_float(from) && is_float(to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_when_a_type_grows_and_are_converted_when_it_shrinks() {
        let parsed = |name: &str| SqlType::parse(name).unwrap();
        for (from, to, stay) in [
            ("VARCHAR(5)", "VARCHAR(9)", true),
            ("VARCHAR(9)", "VARCHAR(5)", false),
            ("VARCHAR(9)", "TEXT", true),
            ("TEXT", "VARCHAR(9)", false),
            ("INTEGER", "BIGINT", true),
            ("BIGINT", "INTEGER", false),
            ("INTEGER", "TEXT", false),
            ("ENUM('a')", "ENUM('b')", true),
            ("ENUM('a')", "VARCHAR(1)", false),
            ("TEXT", "JSON", false),
            ("DECIMAL(5,2)", "DECIMAL(9,4)", false),
        ] {
            assert_eq!(fits(&parsed(from), &parsed(to)), stay, "{from} to {to}");
        }
    }
}
