//! Aggregates, of groups and of window frames. What they compute is in `phantomdb_values::aggregates`.

mod bits;
mod exact;
mod floats;
mod integers;
mod ordered;
mod strict_aggregate;
mod text;

use rusqlite::Connection;

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    integers::register(conn)?;
    exact::register(conn)?;
    floats::register(conn)?;
    bits::register(conn)?;
    text::register(conn)?;
    ordered::register(conn)
}
