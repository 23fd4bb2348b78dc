//! Foreign keys of rows that are inserted together. Rows of a table may reference each other in any order, as in one
//! statement, so the keys are checked after the last of them.

use phantomdb_protocol::{Constraint, Result};
use phantomdb_sql::Catalog as _;
use rusqlite::{Connection, ffi};

use crate::adapt::WriteTarget;
use crate::constraint_error::{broken_foreign_keys, broken_key_error};
use crate::error;
use crate::plan_cache::SchemaView;
use crate::stored::table_name;
use crate::violated_key::foreign_key;
use phantomdb_sql::names::same_table;

/// Runs `work`, which inserts rows into `target` in an open transaction, and then checks the keys.
pub(super) fn checked_at_the_end(
    target: Option<&WriteTarget>,
    schema: &SchemaView<'_>,
    work: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let connection = schema.connection;
    // Keys to other tables are the same after each row as after the last. A transaction that defers its keys, or has
    // broken ones, checks them when it commits.
    let references_itself = target.is_some_and(|target| references_itself(target, schema));
    if !references_itself || is_deferred(connection)? || has_broken_keys(connection)? {
        return work();
    }
    connection.execute_batch("PRAGMA defer_foreign_keys = ON").map_err(error::from_sqlite)?;
    let outcome = work().and_then(|()| {
        if !has_broken_keys(connection)? {
            return Ok(());
        }
        let broken = broken_foreign_keys(connection, "PRAGMA foreign_key_check")?;
        Err(broken
            .first()
            .map_or_else(|| foreign_key(target, schema), |key| broken_key_error(key, connection, schema)))
    });
    connection.execute_batch("PRAGMA defer_foreign_keys = OFF").map_err(error::from_sqlite)?;
    outcome
}

fn references_itself(target: &WriteTarget, schema: &SchemaView<'_>) -> bool {
    let name = table_name(&target.table);
    schema.table(&name).is_some_and(|table| {
        table.constraints.iter().any(|constraint| {
            matches!(constraint, Constraint::ForeignKey { name: _, columns: _, references } if same_table(&references.table, &name))
        })
    })
}

fn is_deferred(connection: &Connection) -> Result<bool> {
    connection.query_row("PRAGMA defer_foreign_keys", [], |row| row.get(0)).map_err(error::from_sqlite)
}

/// True while a row references one that does not exist, which SQLite takes until the end of the transaction.
pub(super) fn has_broken_keys(connection: &Connection) -> Result<bool> {
    let (mut broken, mut highest) = (0, 0);
    // SAFETY: the handle is valid because the connection is borrowed and open, and both pointers are to integers that live
    // until the call returns.
    let code = unsafe {
        ffi::sqlite3_db_status(
            connection.handle(),
            ffi::SQLITE_DBSTATUS_DEFERRED_FKS,
            &raw mut broken,
            &raw mut highest,
            0,
        )
    };
    match code {
        ffi::SQLITE_OK => Ok(broken != 0),
        code => Err(error::by_code(code, "the foreign keys could not be checked")),
    }
}
