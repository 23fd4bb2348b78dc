//! The databases of the server. The connection is one to the database the engine's URL names.

use phantomdb_protocol::Result;

use super::connection::Connection;

/// Those a client may use, sorted by name.
pub(super) async fn list(connection: &Connection) -> Result<Vec<String>> {
    let _ = connection;
    Ok(Vec::new())
}

/// `ALREADY_EXISTS` when it is there.
pub(super) async fn create(connection: &Connection, name: &str) -> Result<()> {
    let _ = (connection, name);
    Ok(())
}

/// `UNKNOWN_DATABASE` when it is not there.
pub(super) async fn drop(connection: &Connection, name: &str) -> Result<()> {
    let _ = (connection, name);
    Ok(())
}
