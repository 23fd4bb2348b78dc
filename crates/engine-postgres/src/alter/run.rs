//! Runs the statements of a change of the schema.

use phantomdb_protocol::{Error, ErrorCode, Result};
use tokio_postgres::error::SqlState;

use crate::{connection::Connection, error};

/// Runs one statement of a change.
pub(crate) async fn run(connection: &Connection, sql: &str) -> Result<()> {
    connection.client().batch_execute(sql).await.map_err(|error| match error.as_db_error() {
        // When two callers create the same object at once, one of them gets an error about PostgreSQL's catalog.
        Some(database) if database.schema() == Some("pg_catalog") => {
            Error::new(ErrorCode::AlreadyExists, "somebody else has made the same at this moment")
        }
        _ => error::explain(&error),
    })
}

/// Runs a statement with `IF NOT EXISTS`. PostgreSQL checks first and creates afterwards: when two callers do so at
/// once, one of them gets a duplicate. Its statement is run again, and finds the object.
pub(crate) async fn run_if_not_exists(connection: &Connection, sql: &str) -> Result<()> {
    const SAVEPOINT: &str = "SAVEPOINT phantomdb_if_not_exists";
    let client = connection.client();
    let Err(error) = client.batch_execute(&format!("{SAVEPOINT}; {sql}; RELEASE {SAVEPOINT}")).await else {
        return Ok(());
    };
    let made_meanwhile = [
        SqlState::UNIQUE_VIOLATION,
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_OBJECT,
        SqlState::DUPLICATE_SCHEMA,
    ];
    if error.code().is_none_or(|code| !made_meanwhile.contains(code)) {
        return Err(error::explain(&error));
    }
    run(connection, &format!("ROLLBACK TO {SAVEPOINT}; {sql}; RELEASE {SAVEPOINT}")).await
}
