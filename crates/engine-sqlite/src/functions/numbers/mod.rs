//! Operators, functions and casts of numbers. What they compute is in `phantomdb_values::numbers`.

mod casts;
mod chance;
mod floats;
mod integers;
mod numerics;
mod patterns;
#[cfg(test)]
mod tests;
pub(super) mod values;

use rusqlite::Connection;

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    integers::register(conn)?;
    floats::register(conn)?;
    numerics::register(conn)?;
    casts::register(conn)?;
    patterns::register(conn)?;
    chance::register(conn)
}
