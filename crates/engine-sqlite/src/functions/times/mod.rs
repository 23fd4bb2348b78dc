//! Dates, times of day, timestamps and intervals: their casts, operators and functions.
//!
//! A timestamp with a zone and one without have the same stored form, and most of their functions are one.

mod aggregates;
mod casts;
mod fields;
mod make;
mod older;
mod operators;
mod templates;
#[cfg(test)]
mod tests;
pub(super) mod values;

use rusqlite::Connection;

use values::compare_intervals;

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    conn.create_collation("interval", compare_intervals)?;
    casts::register(conn)?;
    operators::register(conn)?;
    fields::register(conn)?;
    make::register(conn)?;
    older::register(conn)?;
    templates::register(conn)?;
    aggregates::register(conn)
}
