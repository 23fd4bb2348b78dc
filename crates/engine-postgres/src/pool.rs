//! The pool of connections to one database.

use std::{sync::Arc, time::Duration};

use deadpool::{
    Runtime,
    managed::{self, Metrics, Object, PoolError, QueueMode, RecycleError, RecycleResult, TimeoutType},
};
use phantomdb_protocol::{Error, ErrorCode, Result};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{connection::Connection, error, options::PostgresOptions};

/// Opens connections to one database. Recycling one takes no round trip: what a statement leaves behind is undone with
/// its transaction, and a lost connection is recognised without asking.
pub(crate) struct Manager {
    config: tokio_postgres::Config,
    tls: MakeRustlsConnect,
    options: Arc<PostgresOptions>,
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = Error;

    async fn create(&self) -> Result<Connection> {
        // The future is large, and would be a part of every future that asks for a connection.
        Box::pin(Connection::open(&self.config, self.tls.clone(), &self.options)).await
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<Error> {
        if !connection.is_usable() {
            return Err(RecycleError::message(
                "the connection was lost or left in the middle of a statement",
            ));
        }
        Ok(())
    }
}

/// The connections to one database of one server.
#[derive(Clone)]
pub(crate) struct Pool {
    pool: managed::Pool<Manager>,
}

/// A connection from the pool, which goes back when it is dropped.
pub(crate) type PooledConnection = Object<Manager>;

impl Pool {
    pub(crate) fn new(
        config: tokio_postgres::Config,
        tls: MakeRustlsConnect,
        options: &Arc<PostgresOptions>,
    ) -> Result<Self> {
        let manager = Manager { config, tls, options: Arc::clone(options) };
        let pool = managed::Pool::builder(manager)
            .max_size(options.connections.max(1))
            .wait_timeout(Some(options.acquire_timeout))
            .runtime(Runtime::Tokio1)
            // The connection that was used last is preferred: the server's process is still awake, with its data in the
            // caches.
            .queue_mode(QueueMode::Lifo)
            .build()
            .map_err(|error| Error::internal(format!("the pool cannot be built: {error}")))?;
        Ok(Self { pool })
    }

    pub(crate) async fn get(&self) -> Result<PooledConnection> {
        self.pool.get().await.map_err(|failure| match failure {
            PoolError::Backend(error) => error,
            PoolError::Closed => error::engine_closed(),
            PoolError::Timeout(TimeoutType::Wait) => all_busy(self.pool.manager().options.acquire_timeout),
            other => Error::internal(format!("no connection to the database: {other}")),
        })
    }

    /// Closes the idle connections. When one was lost, the others probably are too.
    pub(crate) fn forget_idle(&self) {
        self.pool.retain(|_, _| false);
    }

    pub(crate) fn status(&self) -> deadpool::Status {
        self.pool.status()
    }

    /// Closes the pool. Connections in use are closed when they come back.
    pub(crate) fn close(&self) {
        self.pool.close();
    }
}

fn all_busy(waited: Duration) -> Error {
    Error::new(
        ErrorCode::Unavailable,
        format!(
            "no connection to the database came free within {} ms; keep transactions short, or start the server \
             with more connections (--engine-connections)",
            waited.as_millis()
        ),
    )
}
