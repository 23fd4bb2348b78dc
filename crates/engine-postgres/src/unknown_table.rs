//! Completes the error for a table that does not exist: when the database has a table whose name differs only in case,
//! the message names it, as on SQLite.

use phantomdb_protocol::{Error, ErrorCode, TableName};

use crate::{catalog::similar::similar, connection::Connection};

/// Stands before the name of the table that there is.
const THERE_IS: &str = "; there is ";

/// Says in the error which table there is. When there is none, or the look-up fails, the error stays as it is.
pub(crate) async fn name_similar(connection: &Connection, error: &mut Error) {
    if !lacks_similar(error) {
        return;
    }
    let Some(asked) = error.details.table.as_deref().map(table_of) else { return };
    match similar(connection, &asked).await {
        Ok(Some(found)) if found != asked => {
            error.message = format!("{}{THERE_IS}\"{found}\"", error.message)
        }
        Ok(_) => {}
        Err(error) => tracing::debug!(%error, "the tables with a similar name could not be found out"),
    }
}

/// True when the catalog may know a table of a similar name.
pub(crate) fn lacks_similar(error: &Error) -> bool {
    error.code == ErrorCode::UnknownTable
        && error.details.table.is_some()
        && !error.message.contains(THERE_IS)
}

fn table_of(name: &str) -> TableName {
    match name.split_once('.') {
        Some((schema, name)) => TableName { name: name.to_owned(), schema: Some(schema.to_owned()) },
        None => TableName { name: name.to_owned(), schema: None },
    }
}
