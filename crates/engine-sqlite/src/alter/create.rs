//! What SQLite does not look at when it creates something.

use phantomdb_protocol::{Error, ErrorCode, Result};
use rusqlite::Connection;

use super::key_types;
use crate::adapt::Created;
use crate::schema_rows::{SchemaRow, SchemaRows};
use crate::stored::stored_name;

/// Runs the statements that create a table, a view or an index.
pub(crate) fn created<T>(conn: &Connection, created: &Created, run: impl FnOnce() -> Result<T>) -> Result<T> {
    let rows = SchemaRows::read(conn)?;
    refuse_other_case(&rows, created)?;
    let outcome = run()?;
    if created.is_table && may_have_keys(&rows, created) {
        key_types::refuse_unlike(conn, &created.name, &[])?;
    }
    Ok(outcome)
}

/// True unless the table is new, refers to no other, and none refers to it.
fn may_have_keys(before: &SchemaRows, created: &Created) -> bool {
    let stored = stored_name(&created.name);
    created.has_foreign_keys || before.find(&stored).is_some() || before.mentioning(&stored).next().is_some()
}

/// Fails with `ALREADY_EXISTS` where a name differs in case alone from one that is there. With IF NOT EXISTS, SQLite would
/// do nothing, and what was created could not be found.
fn refuse_other_case(rows: &SchemaRows, created: &Created) -> Result<()> {
    let stored = stored_name(&created.name);
    match rows.find(&stored) {
        Some(SchemaRow { object, name: found, table: _, sql: _ }) if found != stored => {
            let message = format!(
                "there is {} \"{found}\", and \"{stored}\" differs from it in case alone: SQLite has room for one of them",
                object.name()
            );
            Err(Error::new(ErrorCode::AlreadyExists, message).with_table(stored))
        }
        _ => Ok(()),
    }
}
