//! What a server does with a call, whichever way it came: over HTTP, or from the process it is embedded in.

mod answer;
mod idempotency;
mod scope;
mod snapshots;
mod transactions;

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use phantomdb_protocol::{
    Batch, BeginTransaction, Call, CallContext, Databases, Deleted, EngineInfo, Error, ErrorCode, Find,
    InsertRows, Limits, Named, Result, ServerInfo, Statement, TableCreated, TableName, Tables,
    TransactionBegun, Updated, inserted, records, transaction_id::database_of,
};

pub use self::idempotency::KEY_LENGTH_MAX as IDEMPOTENCY_KEY_LENGTH_MAX;
pub use self::snapshots::{SnapshotLimits, Snapshots};
use self::{
    idempotency::Idempotency,
    scope::{Place, Scope},
    transactions::Transactions,
};
use phantomdb_engine::Engine;
use phantomdb_sql::calls::{Fragments, rows as statement, schema};
use phantomdb_sql::types::describe_types;

/// The limits a service keeps.
#[derive(Debug, Clone)]
pub struct ServiceOptions {
    /// Idle time after which a transaction is rolled back, unless it was begun with its own.
    pub transaction_timeout: Duration,
    /// The longest idle time a transaction may ask for; a longer wish gets this.
    pub transaction_timeout_max: Duration,
    /// Transactions open at once.
    pub transactions_max: usize,
    /// Statements in one request.
    pub batch_max: usize,
    /// Whether a statement may be in the engine's own SQL (`native`), which reaches it untouched.
    pub allow_native: bool,
    /// Whether states of databases may be kept and restored, which discards what everybody has written since.
    pub allow_snapshots: bool,
    /// Snapshots that are kept at once.
    pub snapshots: SnapshotLimits,
    /// The name of this server among several over the same databases, see [`is_server_name`]. The ids of its
    /// transactions end with it.
    pub server_name: Option<String>,
    /// The URL under which callers reach this very server, which they are told when they begin a transaction.
    pub advertise: Option<String>,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self {
            transaction_timeout: Duration::from_secs(60),
            transaction_timeout_max: Duration::from_secs(600),
            transactions_max: 10_000,
            batch_max: 10_000,
            allow_native: true,
            allow_snapshots: true,
            snapshots: SnapshotLimits { count: 100, bytes: 1 << 30 },
            server_name: None,
            advertise: None,
        }
    }
}

/// What a call answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// JSON text, empty when there is nothing to say.
    pub body: String,
    /// How far the database has come with what the call wrote, see [`phantomdb_engine::Session::position`]: who shows it reads that.
    pub position: Option<String>,
}

/// Runs calls on an engine.
pub struct Service {
    me: Weak<Self>,
    engine: Arc<dyn Engine>,
    options: ServiceOptions,
    transactions: Arc<Transactions>,
    idempotency: Idempotency,
    fragments: Fragments,
    snapshots: Arc<Snapshots>,
    statements: AtomicU64,
}

impl Service {
    pub fn new(engine: Arc<dyn Engine>, options: ServiceOptions) -> Arc<Self> {
        let snapshots = Arc::new(Snapshots::with_limits(options.snapshots));
        Self::with_snapshots(engine, options, snapshots)
    }

    /// A service that shares its snapshots with others.
    pub fn with_snapshots(
        engine: Arc<dyn Engine>,
        options: ServiceOptions,
        snapshots: Arc<Snapshots>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: Weak::clone(me),
            engine,
            transactions: Transactions::new(options.transactions_max, options.server_name.clone()),
            options,
            idempotency: Idempotency::default(),
            fragments: Fragments::default(),
            snapshots,
            statements: AtomicU64::new(0),
        })
    }

    pub async fn call(&self, call: Call, context: CallContext) -> Result<Reply> {
        let request_id = context.request_id.clone();
        let answer = if context.idempotency_key.is_some() && !call.only_reads() {
            self.once(call, context).await
        } else {
            self.reply(call, &Scope::of(context)).await
        };
        answer.map_err(|mut error| {
            error.request_id = Some(request_id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string()));
            error
        })
    }

    /// Whether the engine can serve.
    pub async fn ready(&self) -> Result<()> {
        self.engine.version().await.map(drop)
    }

    /// Whether there is such a database. What keeps the engine from telling, a call is told.
    pub async fn has_database(&self, name: &str) -> bool {
        let found = self.engine.database(name).await;
        !found.is_err_and(|error| error.code == ErrorCode::UnknownDatabase)
    }

    /// Statements run so far.
    pub fn statement_count(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Transactions open now.
    pub fn open_transaction_count(&self) -> usize {
        self.transactions.open_count()
    }

    /// Rolls back the open transactions that this token began.
    pub async fn release(&self, token: &str) {
        self.transactions.rollback_all(Some(token)).await;
    }

    /// Rolls back every open transaction, after the calls that run in it.
    pub async fn roll_back_open(&self) {
        self.transactions.rollback_all(None).await;
    }

    /// Rolls back what is open and closes the engine.
    pub async fn close(&self) -> Result<()> {
        self.roll_back_open().await;
        self.engine.close().await
    }

    async fn once(&self, call: Call, context: CallContext) -> Result<Reply> {
        let Some(me) = self.me.upgrade() else { return Err(Error::internal("the service has ended")) };
        let once =
            idempotency::once_of(context.idempotency_key.as_deref().unwrap_or_default(), &call, &context)?;
        let run = move |once| {
            let (me, call, scope) = (Arc::clone(&me), call.clone(), Scope::once(context.clone(), once));
            async move { me.reply(call, &scope).await }
        };
        let answer = self.idempotency.once(&once, run).await;
        answer.map(Arc::unwrap_or_clone)
    }

    async fn reply(&self, call: Call, scope: &Scope) -> Result<Reply> {
        let body = self.run(call, scope).await?;
        Ok(Reply { body, position: scope.reached() })
    }

    async fn run(&self, call: Call, scope: &Scope) -> Result<String> {
        match call {
            Call::Query { database, statement } => {
                self.refuse_native(std::slice::from_ref(&statement))?;
                self.statements.fetch_add(1, Ordering::Relaxed);
                let place = self.place(&database, scope).await?;
                answer::json(&place.execute(statement).await?)
            }
            Call::Find { database, table, find } => self.find(&database, &table, &find, scope).await,
            // The rest is rarer, and its state would make the two above heavier to move.
            other => Box::pin(self.run_rare(other, scope)).await,
        }
    }

    async fn run_rare(&self, call: Call, scope: &Scope) -> Result<String> {
        match call {
            Call::ServerInfo => self.info().await,
            Call::ListDatabases
            | Call::CreateDatabase { .. }
            | Call::DropDatabase { .. }
            | Call::CreateSnapshot { .. }
            | Call::RestoreSnapshot { .. }
            | Call::DropSnapshot { .. }
            | Call::BeginTransaction(_)
            | Call::CommitTransaction { .. }
            | Call::RollbackTransaction { .. } => self.run_outside(call, scope).await,
            Call::InsertRows { database, table, insert } => {
                self.insert(&database, &table, &insert, scope).await
            }
            Call::UpdateRows { database, table, update } => {
                let place = self.place(&database, scope).await?;
                let schema = place.describe(&table).await?;
                let statement = statement::update(&self.fragments, &schema, &update)?;
                let updated = self.execute(&place, statement).await?;
                answer::json(&Updated { updated })
            }
            Call::DeleteRows { database, table, delete } => {
                let statement = statement::delete(&self.fragments, &table, &delete)?;
                let place = self.place(&database, scope).await?;
                let deleted = self.execute(&place, statement).await?;
                answer::json(&Deleted { deleted })
            }
            Call::Batch { database, batch } => {
                self.refuse_native(&batch.statements)?;
                self.batch(&database, batch, scope).await
            }
            Call::ListTables { database } => {
                let tables = self.place(&database, scope).await?.tables().await?;
                answer::json(&Tables { tables })
            }
            Call::DescribeTable { database, table } => {
                let mut schema = self.place(&database, scope).await?.describe(&table).await?;
                describe_types(&mut schema);
                answer::json(&schema)
            }
            call => self.change_schema(call, scope).await,
        }
    }

    /// `TOO_LARGE` for more statements than one request may have.
    pub fn refuse_too_many(&self, count: usize) -> Result<()> {
        let most = self.options.batch_max;
        if count <= most {
            return Ok(());
        }
        let message =
            format!("one request has at most {most} statements, this one has {count}; send them in parts");
        Err(Error::new(ErrorCode::TooLarge, message))
    }

    fn refuse_native(&self, statements: &[Statement]) -> Result<()> {
        if self.options.allow_native || statements.iter().all(|statement| !statement.native) {
            return Ok(());
        }
        let message =
            "this server takes PhantomDB SQL only; a statement in the engine's own SQL (native) is forbidden";
        Err(Error::new(ErrorCode::Forbidden, message))
    }

    /// Where the call runs: in its transaction if it names one.
    async fn place(&self, database: &str, scope: &Scope) -> Result<Place> {
        if let Some(id) = &scope.transaction {
            return self.transactions.turn(id, scope.token.as_deref(), database).await.map(Place::Within);
        }
        let mut session = self.engine.database(database).await?;
        if let Some(seen) = scope.position.as_ref().and_then(|seen| Arc::clone(&session).seen(seen)) {
            session = seen;
        }
        if let Some(keyed) = scope.once.as_ref().and_then(|once| Arc::clone(&session).keyed(once)) {
            session = keyed;
        }
        scope.runs_in(&session);
        Ok(Place::Alone(session))
    }

    /// Runs a statement that changes rows; answers how many.
    async fn execute(&self, place: &Place, statement: Statement) -> Result<u64> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        Ok(place.execute(statement).await?.affected_rows)
    }

    async fn find(&self, database: &str, table: &TableName, find: &Find, scope: &Scope) -> Result<String> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let statement = statement::find(&self.fragments, table, find)?;
        let place = self.place(database, scope).await?;
        let result = place.execute(statement).await?;
        if scope.rows_as_arrays { answer::json(&result) } else { records(&result) }
    }

    async fn insert(
        &self,
        database: &str,
        table: &TableName,
        insert: &InsertRows,
        scope: &Scope,
    ) -> Result<String> {
        let place = self.place(database, scope).await?;
        let schema = place.describe(table).await?;
        let mut statements = statement::insert(&schema, insert)?;
        self.statements.fetch_add(statements.len() as u64, Ordering::Relaxed);
        let results = match (statements.pop(), statements.is_empty()) {
            (None, _) => Vec::new(),
            (Some(statement), true) => vec![place.execute(statement).await?],
            (Some(statement), false) => {
                statements.push(statement);
                let results = place.execute_batch(statements, true).await?;
                results.into_iter().collect::<Result<_>>()?
            }
        };
        inserted(&results)
    }

    async fn batch(&self, database: &str, batch: Batch, scope: &Scope) -> Result<String> {
        self.refuse_too_many(batch.statements.len())?;
        self.statements.fetch_add(batch.statements.len() as u64, Ordering::Relaxed);
        let place = self.place(database, scope).await?;
        answer::batch(place.execute_batch(batch.statements, batch.atomic).await?)
    }

    async fn info(&self) -> Result<String> {
        let limits = Limits {
            transaction_timeout: milliseconds(self.options.transaction_timeout),
            transaction_timeout_max: milliseconds(self.options.transaction_timeout_max),
            transactions: self.options.transactions_max,
            batch_statements: self.options.batch_max,
            snapshots: if self.options.allow_snapshots { self.options.snapshots.count } else { 0 },
            snapshot_bytes: self.options.snapshots.bytes,
        };
        answer::json(&ServerInfo {
            name: "phantomdb".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            engine: EngineInfo { name: self.engine.name().to_owned(), version: self.engine.version().await? },
            limits,
        })
    }

    /// Calls that are not about what is inside one database; a transaction cannot hold them.
    async fn run_outside(&self, call: Call, scope: &Scope) -> Result<String> {
        if scope.transaction.is_some() && !call.only_reads() {
            let message = "this call cannot run inside a transaction: send it without PhantomDB-Transaction";
            return Err(Error::new(ErrorCode::BadRequest, message));
        }
        match call {
            Call::CreateDatabase { name, if_not_exists, template } => {
                match self.create_database(&name, template.as_deref(), scope).await {
                    Err(error) if if_not_exists && error.code == ErrorCode::AlreadyExists => {}
                    created => created?,
                }
                answer::json(&Named { name })
            }
            Call::DropDatabase { name } => {
                self.drop_database(&name).await?;
                Ok(String::new())
            }
            Call::CreateSnapshot { .. } | Call::RestoreSnapshot { .. } | Call::DropSnapshot { .. } => {
                self.run_on_snapshot(call, scope).await
            }
            Call::BeginTransaction(options) => self.begin(options, scope).await,
            Call::CommitTransaction { id } => self.end(id, scope, true).await,
            Call::RollbackTransaction { id } => self.end(id, scope, false).await,
            _ => answer::json(&Databases { databases: self.engine.databases().await? }),
        }
    }

    async fn begin(&self, options: BeginTransaction, scope: &Scope) -> Result<String> {
        let timeout = options.timeout.map_or(self.options.transaction_timeout, Duration::from_millis);
        let timeout = timeout.clamp(Duration::from_millis(1), self.options.transaction_timeout_max);
        let place = self.transactions.reserve()?;
        let transaction = self.engine.begin(&options).await?;
        let id = self.transactions.add(place, transaction, options, scope.token.clone(), timeout);
        answer::json(&TransactionBegun {
            transaction_id: id,
            timeout: milliseconds(timeout),
            server: self.options.advertise.clone(),
        })
    }

    /// Ends a transaction on a task of its own, so that a caller who goes away does not leave it half ended.
    async fn end(&self, id: String, scope: &Scope, commit: bool) -> Result<String> {
        let (transactions, owner, once) =
            (Arc::clone(&self.transactions), scope.token.clone(), scope.once.clone());
        let database = database_of(&id);
        let ending = tokio::spawn(async move {
            match commit {
                true => transactions.commit(&id, owner.as_deref(), once.as_ref()).await.map(Some),
                false => transactions.rollback(&id, owner.as_deref()).await.map(|()| None),
            }
        });
        let ended =
            ending.await.unwrap_or_else(|_| Err(Error::internal("the end of the transaction broke off")));
        match (ended, database) {
            // The commit may have been made by a server that stopped before it could say so.
            (Err(error), Some(database)) if commit && is_unknown(&error) => {
                let place = self.place(&database, scope).await;
                if matches!(place, Ok(place) if place.has_run().await?) {
                    Ok(String::new())
                } else {
                    Err(error)
                }
            }
            (ended, _) => {
                if let Some(session) = ended? {
                    scope.runs_in(&session);
                }
                Ok(String::new())
            }
        }
    }

    async fn change_schema(&self, call: Call, scope: &Scope) -> Result<String> {
        match call {
            Call::CreateTable { database, table } => {
                let mut statements = schema::create_table(&table)?;
                let place = self.place(&database, scope).await?;
                self.statements.fetch_add(statements.len() as u64, Ordering::Relaxed);
                if statements.len() == 1 {
                    place.execute(statements.remove(0)).await?;
                } else {
                    let results = place.execute_batch(statements, true).await?;
                    results.into_iter().collect::<Result<Vec<_>>>()?;
                }
                answer::json(&TableCreated { table: table.table })
            }
            Call::DropTable { database, table, if_exists } => {
                let place = self.place(&database, scope).await?;
                self.execute(&place, schema::drop_table(&table, if_exists)?).await?;
                Ok(String::new())
            }
            Call::AlterTable { database, table, operations } => {
                self.place(&database, scope).await?.alter(&table, operations).await?;
                Ok(String::new())
            }
            Call::CreateIndex { database, table, index } => {
                let place = self.place(&database, scope).await?;
                self.execute(&place, schema::create_index(&table, &index)?).await?;
                answer::json(&Named { name: index.name })
            }
            Call::DropIndex { database, table, name } => {
                let place = self.place(&database, scope).await?;
                let gone = place.has_run().await?;
                if !gone && !place.describe(&table).await?.indexes.iter().any(|index| index.name == name) {
                    let message = format!("table {table} has no index {name}");
                    return Err(Error::new(ErrorCode::NotFound, message).with_table(table.to_string()));
                }
                self.execute(&place, schema::drop_index(&table, &name)?).await?;
                Ok(String::new())
            }
            _ => Err(Error::internal("the call has no place here")),
        }
    }
}

/// Whether it is not known here how the transaction ended.
fn is_unknown(error: &Error) -> bool {
    matches!(error.code, ErrorCode::TransactionExpired | ErrorCode::WrongServer)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
