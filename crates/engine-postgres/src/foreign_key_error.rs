//! Completes errors from the catalog: those of foreign keys, of ENUM columns and of unknown tables. For a foreign key
//! PostgreSQL names only the key when the referenced row was to be deleted or changed; the catalog has its columns.

use phantomdb_protocol::{Error, ErrorCode};

use crate::{catalog, connection::Connection, enum_error, schemas::DEFAULT_SCHEMA, unknown_table};

/// Adds to an error what the catalog knows: the columns of its foreign key, the values of its ENUM, a table of a similar
/// name. The connection must be able to run a statement.
/// When the look-up fails, the error stays as it is.
pub(crate) async fn name_columns(connection: &Connection, error: &mut Error) {
    enum_error::name_values(connection, error).await;
    unknown_table::name_similar(connection, error).await;
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

/// True when the catalog can say more about the error.
pub(crate) fn is_incomplete(error: &Error) -> bool {
    error.details.failing_row.is_some() || lacks_columns(error) || unknown_table::lacks_similar(error)
}

fn lacks_columns(error: &Error) -> bool {
    error.code == ErrorCode::ForeignKeyViolation && error.details.columns.is_empty()
}
