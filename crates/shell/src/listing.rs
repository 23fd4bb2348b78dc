//! Lists of the shell's own, in the form of a result: so that they are shown, and can be read by programs, as results are.

use phantomdb_protocol::{Column, ColumnType, ResultSet};
use serde_json::{Value as Json, value::to_raw_value};

/// A result with text columns of these names. None is NULL.
pub(crate) fn listing<const N: usize>(names: [&str; N], rows: &[[Option<String>; N]]) -> ResultSet {
    let columns = names.iter().map(|name| Column::new(*name, ColumnType::String)).collect();
    let values: Vec<Vec<Json>> = rows
        .iter()
        .map(|row| row.iter().map(|text| text.clone().map_or(Json::Null, Json::String)).collect())
        .collect();
    let rows = to_raw_value(&values).unwrap_or_else(|_| serde_json::value::RawValue::NULL.to_owned());
    ResultSet { columns, rows, affected_rows: 0 }
}

/// `yes` or `no`.
pub(crate) fn yes(is: bool) -> Option<String> {
    Some(if is { "yes" } else { "no" }.to_owned())
}
