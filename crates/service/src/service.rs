//! The service: an engine, and the state that outlives one call.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use phantomdb_engine::{Backup, Deadline, Engine, EngineStatistics, deadline};
use phantomdb_protocol::{Call, CallContext, Error, ErrorCode, Result, Statement};
use phantomdb_sql::calls::Fragments;

use super::{
    context::{CallSession, ExecutionContext},
    grant::Grant,
    idempotency::{Idempotency, idempotent_call},
    open_transactions::OpenTransactions,
    options::ServiceOptions,
    reply::Reply,
    snapshots::Snapshots,
};

/// Runs calls on an engine.
pub struct Service {
    this: Weak<Self>,
    pub(super) engine: Arc<dyn Engine>,
    pub(super) options: ServiceOptions,
    pub(super) transactions: Arc<OpenTransactions>,
    idempotency: Idempotency,
    pub(super) fragments: Fragments,
    pub(super) snapshots: Arc<Snapshots>,
    statements: AtomicU64,
}

impl Service {
    pub fn new(engine: Arc<dyn Engine>, options: ServiceOptions) -> Arc<Self> {
        let snapshots = Arc::new(Snapshots::with_limits(options.snapshots));
        Self::with_snapshots(engine, options, snapshots)
    }

    /// Makes a service that shares its snapshots with others.
    pub fn with_snapshots(
        engine: Arc<dyn Engine>,
        options: ServiceOptions,
        snapshots: Arc<Snapshots>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            this: Weak::clone(this),
            engine,
            transactions: OpenTransactions::new(
                options.transactions_max,
                options.transaction_age_max,
                options.server_name.clone(),
            ),
            options,
            idempotency: Idempotency::default(),
            fragments: Fragments::default(),
            snapshots,
            statements: AtomicU64::new(0),
        })
    }

    /// Runs a call, if the grant allows it.
    pub async fn call(&self, call: Call, context: CallContext, grant: Arc<Grant>) -> Result<Reply> {
        let request_id = context.request_id.clone();
        let reply = if let Err(refused) = grant.check_call(&call) {
            Err(refused)
        } else if context.idempotency_key.is_some() && !call.only_reads() {
            match &context.new_transaction {
                None => self.call_once(call, context, grant).await,
                Some(_) => Err(begins_once()),
            }
        } else {
            self.reply(call, &ExecutionContext::new(context, grant, None)).await
        };
        reply.map_err(|mut error| {
            error.request_id = Some(request_id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string()));
            error
        })
    }

    /// Runs the call, or answers with the reply that its idempotency key already has.
    async fn call_once(&self, call: Call, context: CallContext, grant: Arc<Grant>) -> Result<Reply> {
        let Some(this) = self.this.upgrade() else { return Err(Error::internal("the service has ended")) };
        let key = context.idempotency_key.as_deref().unwrap_or_default();
        let keyed = idempotent_call(key, &call, &context)?;
        let run = move |keyed| {
            let (this, call) = (Arc::clone(&this), call.clone());
            let context = ExecutionContext::new(context.clone(), Arc::clone(&grant), Some(keyed));
            async move { this.reply(call, &context).await }
        };
        self.idempotency.run_once(&keyed, run).await.map(Arc::unwrap_or_clone)
    }

    async fn reply(&self, call: Call, context: &ExecutionContext) -> Result<Reply> {
        let asked = context.statement_timeout.map(Duration::from_millis);
        let deadline = Deadline::new(self.options.statement_timeout, asked);
        let body = deadline::within(deadline, self.run(call, context)).await;
        context.answered();
        Ok(Reply { body: body?, position: context.position_after() })
    }

    /// Fails when the engine cannot serve.
    pub async fn ready(&self) -> Result<()> {
        self.engine.check_ready().await
    }

    /// Begins a backup of a database.
    pub async fn backup(&self, database: &str, context: &CallContext) -> Result<Box<dyn Backup>> {
        refuse_transaction(context)?;
        self.engine.backup(database).await
    }

    /// The directory for the file that [`Self::restore_backup`] takes.
    pub fn scratch(&self) -> PathBuf {
        self.engine.scratch()
    }

    /// Makes a database of the file of a backup: see [`Engine::restore_backup`].
    pub async fn restore_backup(
        &self,
        database: &str,
        file: &Path,
        replace: bool,
        context: &CallContext,
    ) -> Result<()> {
        refuse_transaction(context)?;
        self.engine.restore_backup(database, file, replace).await
    }

    /// True when there is such a database, and also when the engine cannot tell: a call then fails with its error.
    pub async fn has_database(&self, name: &str) -> bool {
        let found = self.engine.database(name).await;
        !found.is_err_and(|error| error.code == ErrorCode::UnknownDatabase)
    }

    /// The name of the engine: `sqlite` or `postgres`.
    pub fn engine_name(&self) -> &'static str {
        self.engine.name()
    }

    /// The number of statements run so far.
    pub fn statement_count(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    pub(super) fn count_statements(&self, count: usize) {
        self.statements.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// What the engine is doing now.
    pub async fn engine_statistics(&self) -> EngineStatistics {
        self.engine.statistics().await
    }

    /// The number of transactions that are open now.
    pub fn open_transaction_count(&self) -> usize {
        self.transactions.count()
    }

    /// The open transactions of the databases that the grant covers, the oldest first, and who waits for whom in them.
    pub async fn open_transactions(&self, grant: &Grant) -> Result<phantomdb_protocol::OpenTransactions> {
        let waits = self.engine.lock_waits().await?;
        let covers = |database: &str| grant.covers(database);
        let waits = self.transactions.describe_waits(waits, covers);
        let transactions = self.transactions.list(covers);
        Ok(phantomdb_protocol::OpenTransactions { transactions, waits })
    }

    /// Rolls back a transaction of any caller in the databases that the grant covers, after the call that runs in it. Fails
    /// with `TRANSACTION_EXPIRED` when there is no such transaction.
    pub async fn end_transaction(&self, id: &str, grant: &Grant) -> Result<()> {
        let owner = self.transactions.owner_of(id, |database| grant.covers(database))?;
        let (transactions, id) = (Arc::clone(&self.transactions), id.to_owned());
        // It runs on a task of its own, like every rollback.
        let ending = tokio::spawn(async move { transactions.rollback(&id, owner.as_deref()).await });
        ending.await.map_err(|_| Error::internal("the end of the transaction broke off"))?
    }

    /// Rolls back the open transactions that this token began.
    pub async fn release(&self, token: &str) {
        self.transactions.rollback_all(Some(token)).await;
    }

    /// Rolls back every open transaction, after the calls that run in it.
    pub async fn roll_back_open(&self) {
        self.transactions.rollback_all(None).await;
    }

    /// Interrupts every statement that runs. The service can only be closed then.
    pub fn interrupt(&self) {
        self.engine.interrupt();
    }

    /// Rolls back every open transaction and closes the engine.
    pub async fn close(&self) -> Result<()> {
        self.roll_back_open().await;
        self.engine.close().await
    }

    /// Fails with `TOO_LARGE` for more statements than one request may have.
    pub fn refuse_too_many(&self, count: usize) -> Result<()> {
        let most = self.options.batch_max;
        if count <= most {
            return Ok(());
        }
        let message =
            format!("one request has at most {most} statements, this one has {count}; send them in parts");
        Err(Error::new(ErrorCode::TooLarge, message))
    }

    /// The session that a call runs in: that of its transaction if it names one.
    pub(super) async fn session(&self, database: &str, context: &ExecutionContext) -> Result<CallSession> {
        let access = context.grant.access(database)?;
        if let Some(new) = &context.new_transaction {
            // On the heap, so that the futures of all other calls stay small.
            let begun = Box::pin(self.begin_with_call(database, new, context)).await;
            return begun.map(CallSession::InTransaction);
        }
        if let Some(id) = &context.transaction {
            let turn = self.transactions.turn(id, context.token.as_deref(), database, access).await;
            return turn.map(CallSession::InTransaction);
        }
        let mut session = self.engine.database_with(database, access).await?;
        if let Some(seen) = context.position.as_ref().and_then(|seen| Arc::clone(&session).seen(seen)) {
            session = seen;
        }
        if let Some(keyed) =
            context.idempotent_call.as_ref().and_then(|call| Arc::clone(&session).keyed(call))
        {
            session = keyed;
        }
        context.set_session(&session);
        Ok(CallSession::Autocommit(session))
    }

    /// Runs a statement that changes rows, and returns how many.
    pub(super) async fn execute(&self, session: &CallSession, statement: Statement) -> Result<u64> {
        self.count_statements(1);
        Ok(session.execute(statement).await?.affected_rows)
    }
}

fn refuse_transaction(context: &CallContext) -> Result<()> {
    if context.transaction.is_none() && context.new_transaction.is_none() {
        return Ok(());
    }
    let message = "a backup is not part of a transaction; send it without the header PhantomDB-Transaction";
    Err(Error::new(ErrorCode::BadRequest, message))
}

/// A stored answer would be that of a transaction which has ended.
fn begins_once() -> Error {
    let message = "a call that begins a transaction takes no idempotency key; give one to the commit";
    Error::new(ErrorCode::BadRequest, message)
}
