//! The views that depend on what is dropped. SQLite keeps them, and they fail when they are used; a broken view also keeps
//! every table from being renamed.

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_sql::printer::quote_identifier;
use rusqlite::Connection;

use super::execute::run;
use crate::comments;
use crate::schema_rows::{Object, SchemaRows};

/// Runs a change that drops something. A view that can be read no more is dropped too with `cascade`, and makes the change
/// fail without it.
pub(super) fn kept(
    conn: &Connection,
    rows: &SchemaRows,
    cascade: bool,
    change: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let mut readable = views(rows);
    readable.retain(|view| can_be_read(conn, view));
    change()?;
    if readable.is_empty() {
        return Ok(());
    }
    let mut views = views(&SchemaRows::read(conn)?);
    views.retain(|view| readable.contains(view) && !can_be_read(conn, view));
    match views.first() {
        Some(view) if !cascade => {
            let message = format!(
                "the view \"{view}\" depends on what is dropped; drop the view first, or use CASCADE"
            );
            Err(Error::new(ErrorCode::ForeignKeyViolation, message).with_table(view))
        }
        _ => views.iter().try_for_each(|view| drop_view(conn, view)),
    }
}

/// Drops the view that is stored under this name, and the comments on its columns.
pub(super) fn drop_view(conn: &Connection, view: &str) -> Result<()> {
    run(conn, &format!("DROP VIEW {}", quote_identifier(view)))?;
    comments::drop_stored(conn, view)
}

/// The names of the views in SQLite.
fn views(rows: &SchemaRows) -> Vec<String> {
    rows.iter().filter(|row| row.object == Object::View).map(|row| row.name.to_owned()).collect()
}

/// SQLite looks up all that a view names when it prepares a query of it.
fn can_be_read(conn: &Connection, view: &str) -> bool {
    conn.prepare(&format!("SELECT 1 FROM {}", quote_identifier(view))).is_ok()
}
