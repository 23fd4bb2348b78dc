//! Runs the statements of a change.

use phantomdb_protocol::Result;
use rusqlite::Connection;

use super::foreign_keys::CurrentTables;
use crate::constraint_error;

/// Runs statements. An error names what was violated.
pub(super) fn run(conn: &Connection, sql: &str) -> Result<()> {
    conn.execute_batch(sql).map_err(|error| constraint_error::explain(error, None, &CurrentTables(conn)))
}
