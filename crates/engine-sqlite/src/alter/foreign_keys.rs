//! The check that a change leaves no foreign key pointing to a missing row.

use std::collections::BTreeMap;
use std::sync::Arc;

use phantomdb_protocol::{Error, ErrorCode, Result, TableName, TableSchema};
use phantomdb_sql::Catalog;
use phantomdb_sql::printer::quote_identifier;
use rusqlite::Connection;

use crate::constraint_error::{BrokenKey, broken_foreign_keys, broken_key_error};
use crate::deferred_keys::has_broken_keys;
use crate::schema_rows::SchemaRows;
use crate::stored::stored_name;
use crate::{catalog, error};

/// The tables whose keys are checked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope<'a> {
    /// A table with a new key.
    Table(&'a str),
    /// A table whose rows are written anew: the keys of others point to them.
    Everything,
}

/// Runs a change, and fails when it breaks a foreign key. A key that was broken before may stay so.
pub(super) fn checked(
    conn: &Connection,
    scope: Scope<'_>,
    change: impl FnOnce() -> Result<()>,
) -> Result<()> {
    // The check itself fails when a key references columns that are not unique. Then nothing can be compared.
    let before = broken(conn, scope).ok();
    change()?;
    let Some(before) = before else { return Ok(()) };
    let after = broken(conn, scope)?;
    let mut more: BTreeMap<_, i64> = BTreeMap::new();
    before.iter().for_each(|key| *more.entry(key.row()).or_insert(0) -= 1);
    after.iter().for_each(|key| *more.entry(key.row()).or_insert(0) += 1);
    let is_new = |key: &&BrokenKey| more.get(&key.row()).is_some_and(|count| *count > 0);
    match after.iter().find(is_new) {
        Some(key) => Err(broken_key_error(key, conn, &CurrentTables(conn))),
        None => Ok(()),
    }
}

fn broken(conn: &Connection, scope: Scope<'_>) -> Result<Vec<BrokenKey>> {
    let pragma = match scope {
        Scope::Table(table) => format!("PRAGMA foreign_key_check({})", quote_identifier(table)),
        Scope::Everything => "PRAGMA foreign_key_check".to_owned(),
    };
    broken_foreign_keys(conn, &pragma).map_err(|failure| {
        let message = format!("a foreign key cannot be checked: {}", failure.message);
        Error::new(ErrorCode::ForeignKeyViolation, message)
    })
}

/// The tables as they are now, while they change.
pub(super) struct CurrentTables<'a>(pub(super) &'a Connection);

impl Catalog for CurrentTables<'_> {
    fn table(&self, name: &TableName) -> Option<Arc<TableSchema>> {
        catalog::find_table(self.0, name).ok().map(Arc::new)
    }
}

/// Drops tables by `work`, with foreign keys switched off where SQLite would look at them: where something may have a key to
/// a table, or a key is broken that is checked at the end of the transaction. The switch has every statement of the connection
/// compiled again, twice.
pub(super) fn ignored_for_drop(
    conn: &Connection,
    rows: &SchemaRows,
    tables: &[TableName],
    work: impl FnOnce() -> Result<()>,
) -> Result<()> {
    if tables.iter().any(|table| rows.is_mentioned(&stored_name(table))) || has_broken_keys(conn)? {
        return switched_off(conn, work);
    }
    work()
}

/// Switches foreign keys off while `work` runs. Unlike the pragma, this switch works inside a transaction.
pub(super) fn switched_off(conn: &Connection, work: impl FnOnce() -> Result<()>) -> Result<()> {
    use rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY;

    let enforced = conn.db_config(SQLITE_DBCONFIG_ENABLE_FKEY).map_err(error::from_sqlite)?;
    conn.set_db_config(SQLITE_DBCONFIG_ENABLE_FKEY, false).map_err(error::from_sqlite)?;
    let outcome = work();
    conn.set_db_config(SQLITE_DBCONFIG_ENABLE_FKEY, enforced).map_err(error::from_sqlite)?;
    outcome
}
