//! A database of the server, and the connections to it.

use std::{
    ops::Deref,
    sync::{Arc, OnceLock},
};

use phantomdb_protocol::{Error, Result, Statement};

use crate::{
    connection::Connection,
    foreign_key_error::{lacks_columns, name_columns},
    idempotency_store::IdempotencyStore,
    pipeline::Pipeline,
    plan_cache::{Plan, PlanCache},
    pool::{Pool, PooledConnection},
    replicas::Replicas,
    server_traits::ServerTraits,
};

/// A database of the server.
pub(crate) struct Database {
    /// The connections to the server that takes writes.
    pub(crate) primary: Pool,
    /// Those of its connections on which reads travel together.
    pub(crate) pipeline: Option<Pipeline>,
    /// Those to its replicas, in their order.
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

    /// Whether callers are told how far the log has come: without replicas nobody needs to know.
    pub(crate) fn is_tracked(&self) -> bool {
        !self.readers.is_empty()
    }

    /// A connection to a replica.
    pub(crate) async fn lease_of(&self, replica: usize) -> Result<Lease> {
        let pool = self.readers.get(replica).ok_or_else(|| Error::internal("there is no such replica"))?;
        Ok(Lease { lent: pool.get().await?, done: false })
    }

    pub(crate) async fn lease(&self) -> Result<Lease> {
        let lent = self.primary.get().await?;
        self.traits.get_or_init(|| lent.traits);
        Ok(Lease { lent, done: false })
    }

    /// What the statement is. Which server runs it can be decided by that, so no connection is taken for it, but for
    /// the first one, which tells what kind of server it is.
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

    /// The outcome of a statement that has given its connection back, with the columns of the key it broke.
    pub(crate) async fn explained<T>(&self, outcome: Result<T>) -> Result<T> {
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

/// A connection while work is done on it. When whoever waits for the work goes away, the server is told to stop, and
/// the connection is not used again: the order to stop may come late.
pub(crate) struct Lease {
    lent: PooledConnection,
    done: bool,
}

impl Lease {
    /// The work is done, and has left nothing behind; or the connection is condemned, and what it may still run is
    /// stopped.
    pub(crate) fn give_back(mut self) {
        self.done = self.lent.can_be_used();
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
            self.lent.condemn();
            self.lent.canceller().spawn();
        }
    }
}
