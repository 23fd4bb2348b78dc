//! The service: an engine, and the state that outlives one call.

use std::sync::{
    Arc, Weak,
    atomic::{AtomicU64, Ordering},
};

use phantomdb_engine::Engine;
use phantomdb_protocol::{Call, CallContext, Error, ErrorCode, Result, Statement};
use phantomdb_sql::calls::Fragments;

use super::{
    context::{CallSession, ExecutionContext},
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
            transactions: OpenTransactions::new(options.transactions_max, options.server_name.clone()),
            options,
            idempotency: Idempotency::default(),
            fragments: Fragments::default(),
            snapshots,
            statements: AtomicU64::new(0),
        })
    }

    pub async fn call(&self, call: Call, context: CallContext) -> Result<Reply> {
        let request_id = context.request_id.clone();
        let reply = if context.idempotency_key.is_some() && !call.only_reads() {
            self.call_once(call, context).await
        } else {
            self.reply(call, &ExecutionContext::new(context, None)).await
        };
        reply.map_err(|mut error| {
            error.request_id = Some(request_id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string()));
            error
        })
    }

    /// Runs the call, or answers with the reply that its idempotency key already has.
    async fn call_once(&self, call: Call, context: CallContext) -> Result<Reply> {
        let Some(this) = self.this.upgrade() else { return Err(Error::internal("the service has ended")) };
        let key = context.idempotency_key.as_deref().unwrap_or_default();
        let keyed = idempotent_call(key, &call, &context)?;
        let run = move |keyed| {
            let (this, call) = (Arc::clone(&this), call.clone());
            let context = ExecutionContext::new(context.clone(), Some(keyed));
            async move { this.reply(call, &context).await }
        };
        self.idempotency.run_once(&keyed, run).await.map(Arc::unwrap_or_clone)
    }

    async fn reply(&self, call: Call, context: &ExecutionContext) -> Result<Reply> {
        let body = self.run(call, context).await?;
        Ok(Reply { body, position: context.position_after() })
    }

    /// Fails when the engine cannot serve.
    pub async fn ready(&self) -> Result<()> {
        self.engine.version().await.map(drop)
    }

    /// True when there is such a database, and also when the engine cannot tell: a call then fails with its error.
    pub async fn has_database(&self, name: &str) -> bool {
        let found = self.engine.database(name).await;
        !found.is_err_and(|error| error.code == ErrorCode::UnknownDatabase)
    }

    /// The number of statements run so far.
    pub fn statement_count(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    pub(super) fn count_statements(&self, count: usize) {
        self.statements.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// The number of transactions that are open now.
    pub fn open_transaction_count(&self) -> usize {
        self.transactions.count()
    }

    /// Rolls back the open transactions that this token began.
    pub async fn release(&self, token: &str) {
        self.transactions.rollback_all(Some(token)).await;
    }

    /// Rolls back every open transaction, after the calls that run in it.
    pub async fn roll_back_open(&self) {
        self.transactions.rollback_all(None).await;
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
        if let Some(id) = &context.transaction {
            let turn = self.transactions.turn(id, context.token.as_deref(), database).await;
            return turn.map(CallSession::InTransaction);
        }
        let mut session = self.engine.database(database).await?;
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
