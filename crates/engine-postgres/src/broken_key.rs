//! The columns of a foreign key whose parent's row was to go: PostgreSQL names the key alone, the catalog knows the rest.

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::{
    catalog::{self, DEFAULT_SCHEMA},
    connection::Connection,
    session::Database,
};

/// Where the error of a statement leaves out the columns of a foreign key, puts them in. The connection must be one that
/// takes statements. What cannot be found out is left out.
pub(super) async fn name_columns(connection: &Connection, error: &mut Error) {
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

fn lacks_columns(error: &Error) -> bool {
    error.code == ErrorCode::ForeignKeyViolation && error.details.columns.is_empty()
}

impl Database {
    /// The outcome of a statement that has given its connection back, with the columns of the key it broke.
    pub(super) async fn explained<T>(&self, outcome: Result<T>) -> Result<T> {
        match outcome {
            Err(mut error) if lacks_columns(&error) => {
                if let Ok(lease) = self.lease().await {
                    name_columns(&lease, &mut error).await;
                    lease.give_back();
                }
                Err(error)
            }
            outcome => outcome,
        }
    }
}
