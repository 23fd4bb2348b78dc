//! One connection to a PostgreSQL server.

use tokio_postgres::Client;

/// A connection, with the statements that are prepared on it.
pub(super) struct Connection {
    client: Client,
}

impl Connection {
    /// For what is not a statement of a user's: the catalog, the databases.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }
}
