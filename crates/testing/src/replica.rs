//! A PostgreSQL primary with a streaming replica.

use std::{process::Child, time::Duration};

use phantomdb_engine_postgres::{PostgresEngine, PostgresOptions};

use crate::postgres::start_script;

/// The two servers. They stop when this is dropped.
pub struct Servers {
    child: Child,
    primary: String,
    replica: String,
}

impl Servers {
    pub fn start() -> Self {
        let (child, [primary, replica]) = start_script("replica.mjs", &[], ["primary", "replica"]);
        Self { child, primary, replica }
    }

    /// An engine on both, with a second replica that cannot be reached.
    pub fn engine(&self, max_lag: Duration) -> PostgresEngine {
        let replicas = vec!["postgres://nobody@127.0.0.1:1/postgres".to_owned(), self.replica.clone()];
        let options = PostgresOptions { replicas, max_lag, ..PostgresOptions::default() };
        PostgresEngine::open(&self.primary, options).unwrap()
    }

    /// Pauses the replay of the replica, or resumes it.
    pub async fn pause(&self, pause: bool) {
        let (client, connection) =
            tokio_postgres::connect(&self.replica, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let call = if pause { "SELECT pg_wal_replay_pause()" } else { "SELECT pg_wal_replay_resume()" };
        client.batch_execute(call).await.unwrap();
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
