//! A database of the server, and the connections to it.

use std::{
    ops::Deref,
    sync::{Arc, OnceLock},
};

use phantomdb_protocol::{AlterOperation, Error, Result, Statement};

use super::database_code::DatabaseCode;
use crate::{
    connection::Connection,
    foreign_key_error::{is_incomplete, name_columns},
    idempotency_store::IdempotencyStore,
    pipeline::Pipeline,
    plan_cache::{DatabasePlans, Plan, PlanCache},
    pool::{Pool, PooledConnection},
    replicas::Replicas,
    server_traits::ServerTraits,
    stored_code::StoredCode,
};

/// A database of the server.
pub(crate) struct Database {
    /// The connections to the primary, which takes writes.
    pub(crate) primary: Pool,
    pipeline: Option<Pipeline>,
    /// The connections to each of the replicas.
    readers: Vec<Pool>,
    pub(crate) replicas: Arc<Replicas>,
    pub(crate) idempotency_store: IdempotencyStore,
    stored_code: Arc<StoredCode>,
    plans: Arc<DatabasePlans>,
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
            stored_code: Arc::default(),
            plans: Arc::new(DatabasePlans::new(plan_cache)),
            traits: OnceLock::new(),
        }
    }

    pub(crate) fn close(&self) {
        self.primary.close();
        self.pipeline.iter().for_each(Pipeline::close);
        self.readers.iter().for_each(Pool::close);
    }

    /// The connections on which reads are pipelined, unless the database has code that may change their sessions.
    pub(crate) fn pipeline(&self) -> Option<&Pipeline> {
        let (code, is_recent) = self.stored_code.latest()?;
        if !is_recent {
            self.look_again();
        }
        self.pipeline.as_ref().filter(|_| !code.changes_session)
    }

    /// Tells a connection what is known of the code of the database. What was found a while ago is looked for again in the
    /// background; only when nothing is known the caller waits for it.
    async fn tell_code(&self, lease: &Lease) {
        let code = match self.stored_code.latest() {
            Some((code, true)) => code,
            Some((code, false)) => {
                self.look_again();
                code
            }
            // The future is large, and rarely needed.
            None => Box::pin(look(&self.stored_code, &self.plans, lease)).await,
        };
        lease.set_code(code);
    }

    fn look_again(&self) {
        if !self.stored_code.begin_refresh() {
            return;
        }
        let (pool, stored_code) = (self.primary.clone(), Arc::clone(&self.stored_code));
        let plans = Arc::clone(&self.plans);
        tokio::spawn(async move {
            if let Ok(lent) = pool.get().await {
                let lease = Lease { lent, stored_code: Arc::clone(&stored_code), done: false };
                look(&stored_code, &plans, &lease).await;
                lease.give_back();
            }
            stored_code.end_refresh();
        });
    }

    /// True when callers need the position of the log: without replicas no read could be too early.
    pub(crate) fn is_tracked(&self) -> bool {
        !self.readers.is_empty()
    }

    /// Takes a connection to a replica.
    pub(crate) async fn lease_replica(&self, replica: usize) -> Result<Lease> {
        let pool = self.readers.get(replica).ok_or_else(|| Error::internal("there is no such replica"))?;
        let lease =
            Lease { lent: pool.get().await?, stored_code: Arc::clone(&self.stored_code), done: false };
        // The code of the primary is the replica's too, a little later.
        self.tell_code(&lease).await;
        Ok(lease)
    }

    pub(crate) async fn lease(&self) -> Result<Lease> {
        let lent = self.primary.get().await?;
        self.traits.get_or_init(|| lent.traits);
        let lease = Lease { lent, stored_code: Arc::clone(&self.stored_code), done: false };
        self.tell_code(&lease).await;
        Ok(lease)
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
        self.plans.plan(statement, traits)
    }

    /// Finds out what there is to know for a plan, when nothing is known or a statement may have changed it. The caller must
    /// hold no connection, as another one is taken.
    pub(crate) async fn prepare_to_plan(&self) -> Result<()> {
        if self.stored_code.latest().is_none() {
            Box::pin(self.lease()).await?.give_back();
        }
        Ok(())
    }

    /// Takes in what a change of a table means for the plans after it.
    pub(crate) fn foresee(&self, operations: &[AlterOperation]) {
        self.plans.learn(|known| known.with_new(&known.new_columns_of(operations)));
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

/// Looks at the catalog for the code of the database and for the columns that ignore case.
async fn look(stored_code: &StoredCode, plans: &DatabasePlans, lease: &Lease) -> Arc<DatabaseCode> {
    let (code, citext) = stored_code.look(lease).await;
    if let Some(found) = citext {
        plans.learn(|known| known.with_found(&found));
    }
    code
}

/// A connection while it is in use. When the work on it is dropped before its end, the server is told to cancel it, and
/// the connection is not used again, because the cancellation may come late.
pub(crate) struct Lease {
    lent: PooledConnection,
    stored_code: Arc<StoredCode>,
    done: bool,
}

impl Lease {
    /// Gives the connection back after its work. A connection whose session a statement may have changed is closed, and one
    /// whose session the code of the database may have changed is reset. One that was marked unusable is closed, and what
    /// it may still run is cancelled.
    pub(crate) fn give_back(mut self) {
        self.done = self.lent.is_usable();
        if !self.done {
            return;
        }
        if self.lent.is_changed() {
            self.lent.close();
            // It may have made a function.
            self.stored_code.expire();
        } else if self.lent.code().changes_session || self.stored_code.may_change_session() {
            // Somebody may have made code since the connection was taken.
            tokio::spawn(async move {
                if self.lent.reset().await.is_err() {
                    self.lent.close();
                }
            });
        }
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
            self.lent.canceller().spawn_twice();
            if self.lent.is_changed() {
                self.lent.close();
                self.stored_code.expire();
            }
        }
    }
}
