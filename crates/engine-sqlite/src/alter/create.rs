//! What SQLite does not look at when it creates something.

use phantomdb_protocol::{Error, ErrorCode, Result};
use rusqlite::Connection;

use super::key_types;
use crate::adapt::Created;
use crate::catalog;
use crate::stored::stored_name;

/// Runs the statements that create a table, a view or an index.
pub(crate) fn created<T>(conn: &Connection, created: &Created, run: impl FnOnce() -> Result<T>) -> Result<T> {
    refuse_other_case(conn, created)?;
    let outcome = run()?;
    if created.is_table {
        key_types::refuse_unlike(conn, &created.name, &[])?;
    }
    Ok(outcome)
}

/// Fails with `ALREADY_EXISTS` where a name differs in case alone from one that is there. With IF NOT EXISTS, SQLite would
/// do nothing, and what was created could not be found.
fn refuse_other_case(conn: &Connection, created: &Created) -> Result<()> {
    let stored = stored_name(&created.name);
    match catalog::object_in_any_case(conn, &stored)? {
        Some((object, found)) if found != stored => {
            let message = format!(
                "there is {} \"{found}\", and \"{stored}\" differs from it in case alone: SQLite has room for one of them",
                object.name()
            );
            Err(Error::new(ErrorCode::AlreadyExists, message).with_table(stored))
        }
        _ => Ok(()),
    }
}
