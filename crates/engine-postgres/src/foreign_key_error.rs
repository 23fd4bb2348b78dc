//! Completes the error of a foreign key. PostgreSQL names only the key when the row that is referenced was to be deleted
//! or changed; the catalog has its columns.

use phantomdb_protocol::{Error, ErrorCode};

use crate::{catalog, connection::Connection, schemas::DEFAULT_SCHEMA};

/// Where the error of a statement leaves out the columns of a foreign key, puts them in. The connection must be one that
/// takes statements. What cannot be found out is left out.
pub(crate) async fn name_columns(connection: &Connection, error: &mut Error) {
    if !lacks_columns(error) {
        return;
    }
    let (Some(table), Some(constraint)) = (&error.details.table, &error.details.constraint) else { return };
    let (schema, table) = table.split_once('.').unwrap_or((DEFAULT_SCHEMA, table));
    match catalog::key_columns(connection.client(), schema, table, constraint).await {
        Ok(columns) => error.details.columns = columns,
        Err(error) => tracing::debug!(%error, "the columns of a foreign key could not be found out"),
    }
}

pub(crate) fn lacks_columns(error: &Error) -> bool {
    error.code == ErrorCode::ForeignKeyViolation && error.details.columns.is_empty()
}
