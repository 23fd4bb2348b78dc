//! How the values of a column are converted when its type changes.

use phantomdb_protocol::ColumnType;
use phantomdb_sql::{printer::quote_identifier, types::SqlType};

fn is_text(data_type: &SqlType) -> bool {
    matches!(data_type.column_type(), ColumnType::String | ColumnType::Enum)
}

/// The expression that converts the values of a column to its new type.
///
/// Types without a conversion of their own go by way of text: that is right for every type and for an empty column, and
/// a value that does not fit is refused. The length of a text is checked by the assignment that follows. A cast would
/// cut it instead.
pub(crate) fn expression(column: &str, from: &SqlType, to: &SqlType) -> String {
    let column = quote_identifier(column);
    match (from, to) {
        // These casts round and check as an assignment does.
        _ if from.is_number() && to.is_number() => format!("{column}::{}", target_type(to)),
        (SqlType::Timestamp(_), SqlType::Date) => format!("({column} AT TIME ZONE 'UTC')::date"),
        (SqlType::Timestamp(_), SqlType::Time(_)) => format!("({column} AT TIME ZONE 'UTC')::time"),
        (SqlType::Date, SqlType::Timestamp(_)) => format!("{column}::timestamp AT TIME ZONE 'UTC'"),
        (SqlType::Timestamp(_), _) if is_text(to) => {
            // Microseconds when there are any.
            let decimals = format!(
                "CASE date_part('microseconds', {column})::int8 % 1000 WHEN 0 THEN 'MS' ELSE 'US' END"
            );
            let template = format!("'YYYY-MM-DD\"T\"HH24:MI:SS.' || {decimals} || '\"Z\"'");
            format!("to_char({column} AT TIME ZONE 'UTC', {template})")
        }
        (SqlType::Boolean, _) if to.is_number() => format!("{column}::int4::{}", target_type(to)),
        (_, SqlType::Boolean) if from.is_number() => format!("{column} <> 0"),
        (SqlType::Blob, _) if is_text(to) => format!("convert_from({column}, 'UTF8')"),
        (_, SqlType::Blob) => format!("convert_to({column}::text, 'UTF8')"),
        _ if is_text(to) => format!("{column}::text"),
        _ => format!("{column}::text::{}", target_type(to)),
    }
}

/// The type without its length or precision, which the assignment checks.
fn target_type(to: &SqlType) -> String {
    let name = match to {
        SqlType::Array(element) => return format!("{}[]", target_type(element)),
        SqlType::TinyInt | SqlType::SmallInt => "int2",
        SqlType::MediumInt | SqlType::Integer => "int4",
        SqlType::BigInt => "int8",
        SqlType::Real | SqlType::Float | SqlType::Double => "float8",
        SqlType::Decimal(_) => "numeric",
        SqlType::Boolean => "bool",
        SqlType::Timestamp(_) => "timestamptz",
        SqlType::Date => "date",
        SqlType::Time(_) => "time",
        SqlType::Uuid => "uuid",
        SqlType::Json | SqlType::Jsonb => "jsonb",
        SqlType::Blob => "bytea",
        _ => "text",
    };
    name.to_owned()
}
