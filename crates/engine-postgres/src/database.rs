//! A database of the server, and the connections to it.

use std::{
    ops::Deref,
    sync::{Arc, OnceLock},
};

use phantomdb_protocol::{Error, Result, Statement};

use crate::{
    connection::Connection,
    foreign_key_error::{is_incomplete, name_columns},
    idempotency_store::IdempotencyStore,
    pipeline::Pipeline,
    plan_cache::{Plan, PlanCache},
    pool::{Pool, PooledConnection},
    replicas::Replicas,
    server_traits::ServerTraits,
};

/// A database of the server.
pub(crate) struct Database {
    /// The connections to the primary, which takes writes.
    pub(crate) primary: Pool,
    /// The connections on which reads are pipelined.
    pub(crate) pipeline: Option<Pipeline>,
    /// The connections to each of the replicas.
    readers: Vec<Pool>,
    pub(crate) replicas: Arc<Replicas>,
    pub(crate) idempotency_store: IdempotencyStore,
    plan_cache: Arc<PlanCache>,
    traits: OnceLock<ServerTraits>,
}

impl Database {
    pub(crate) fn new(
        primary: Pool,
        pipeline: Option<Pipeline>,
        readers: Vec<Pool>,
        plan_cache: Arc<PlanCache>,
        replicas: Arc<Replicas>,
    ) -> Self {
        Self {
            primary,
            pipeline,
            readers,
            replicas,
            idempotency_store: IdempotencyStore::default(),
            plan_cache,
            traits: OnceLock::new(),
        }
    }

    pub(crate) fn close(&self) {
        self.primary.close();
        self.pipeline.iter().for_each(Pipeline::close);
        self.readers.iter().for_each(Pool::close);
    }

    /// True when callers need the position of the log: without replicas no read could be too early.
    pub(crate) fn is_tracked(&self) -> bool {
        !self.readers.is_empty()
    }

    /// Takes a connection to a replica.
    pub(crate) async fn lease_replica(&self, replica: usize) -> Result<Lease> {
        let pool = self.readers.get(replica).ok_or_else(|| Error::internal("there is no such replica"))?;
        Ok(Lease { lent: pool.get().await?, done: false })
    }

    pub(crate) async fn lease(&self) -> Result<Lease> {
        let lent = self.primary.get().await?;
        self.traits.get_or_init(|| lent.traits);
        Ok(Lease { lent, done: false })
    }

    /// The plan of a statement. It decides which server runs the statement, so no connection is taken for it. Only the
    /// first plan takes one, to find out which kind of server it is.
    pub(crate) async fn plan(&self, statement: &Statement) -> Result<Arc<Plan>> {
        let traits = match self.traits.get() {
            Some(traits) => *traits,
            None => {
                let lease = Box::pin(self.lease()).await?;
                let traits = lease.traits;
                lease.give_back();
                traits
            }
        };
        self.plan_cache.plan(statement, traits)
    }

    /// Adds the columns of the violated foreign key to the error of a statement that has given its connection back.
    pub(crate) async fn with_key_columns<T>(&self, outcome: Result<T>) -> Result<T> {
        match outcome {
            Err(mut error) if is_incomplete(&error) => {
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

/// A connection while it is in use. When the work on it is dropped before its end, the server is told to cancel it, and
/// the connection is not used again, because the cancellation may come late.
pub(crate) struct Lease {
    lent: PooledConnection,
    done: bool,
}

impl Lease {
    /// Gives the connection back after work that left nothing behind. A connection that was marked unusable is closed, and
    /// what it may still run is cancelled.
    pub(crate) fn give_back(mut self) {
        self.done = self.lent.is_usable();
    }
}

impl Deref for Lease {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.lent
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.done {
            self.lent.mark_unusable();
            self.lent.canceller().spawn();
        }
    }
}
