//! Functions on documents. [`phantomdb_values::documents`] says what they compute.

mod aggregates;
mod build;
mod casts;
mod expand;
mod operators;
#[cfg(test)]
mod tests;
mod values;

use phantomdb_values::documents::{self};
use rusqlite::Connection;

use super::{decimal, result::FunctionResult, scalar::Arguments};
use crate::functions::times::values::compare_intervals;

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    conn.create_collation("jsonb", documents::compare_texts)?;
    // Values that are JSON already, in the order of what they were before. NaN and intervals have quotes.
    conn.create_collation("json_number", |a, b| decimal::compare(unquoted(a), unquoted(b)))?;
    conn.create_collation("json_interval", |a, b| compare_intervals(unquoted(a), unquoted(b)))?;
    casts::register(conn)?;
    operators::register(conn)?;
    build::register(conn)?;
    expand::register(conn)?;
    aggregates::register(conn)
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text)
}
