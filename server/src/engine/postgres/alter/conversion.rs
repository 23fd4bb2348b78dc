//! What the values of a column become when its type changes.

use crate::engine::sql::{seal::quote_identifier, types::SqlType};

/// Types that have casts among themselves which round and check as an assignment does.
const fn is_number(data_type: &SqlType) -> bool {
    matches!(
        data_type,
        SqlType::TinyInt
            | SqlType::SmallInt
            | SqlType::MediumInt
            | SqlType::Integer
            | SqlType::BigInt
            | SqlType::Real
            | SqlType::Float
            | SqlType::Double
            | SqlType::Decimal(_)
    )
}

const fn is_text(data_type: &SqlType) -> bool {
    matches!(
        data_type,
        SqlType::Varchar(_) | SqlType::Char(_) | SqlType::Text | SqlType::CiText | SqlType::Enum(_)
    )
}

/// The expression that gives the values of a column in its new type.
///
/// By way of text, where there is no other: that is right for every type and every empty column, and a value that does
/// not fit is refused when it is met. The length of a text is checked by the assignment that follows, which a cast would
/// not do: it cuts.
pub(super) fn between(column: &str, from: &SqlType, to: &SqlType) -> String {
    let column = quote_identifier(column);
    match (from, to) {
        _ if is_number(from) && is_number(to) => format!("{column}::{}", target(to)),
        (SqlType::Timestamp, SqlType::Date) => format!("({column} AT TIME ZONE 'UTC')::date"),
        (SqlType::Timestamp, SqlType::Time) => format!("({column} AT TIME ZONE 'UTC')::time"),
        (SqlType::Date, SqlType::Timestamp) => format!("{column}::timestamp AT TIME ZONE 'UTC'"),
        (SqlType::Timestamp, _) if is_text(to) => {
            format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')")
        }
        (SqlType::Boolean, _) if is_number(to) => format!("{column}::int4::{}", target(to)),
        (_, SqlType::Boolean) if is_number(from) => format!("{column} <> 0"),
        (SqlType::Blob, _) if is_text(to) => format!("convert_from({column}, 'UTF8')"),
        (_, SqlType::Blob) => format!("convert_to({column}::text, 'UTF8')"),
        _ if is_text(to) => format!("{column}::text"),
        _ => format!("{column}::text::{}", target(to)),
    }
}

/// The type without what an assignment checks.
fn target(to: &SqlType) -> &'static str {
    match to {
        SqlType::TinyInt | SqlType::SmallInt => "int2",
        SqlType::MediumInt | SqlType::Integer => "int4",
        SqlType::BigInt => "int8",
        SqlType::Real | SqlType::Float | SqlType::Double => "float8",
        SqlType::Decimal(_) => "numeric",
        SqlType::Boolean => "bool",
        SqlType::Timestamp => "timestamptz",
        SqlType::Date => "date",
        SqlType::Time => "time",
        SqlType::Uuid => "uuid",
        SqlType::Json | SqlType::Jsonb => "jsonb",
        SqlType::Blob => "bytea",
        _ => "text",
    }
}
