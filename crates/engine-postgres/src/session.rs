//! A session in which each statement commits by itself.

use std::{
    ops::Deref,
    sync::{Arc, Mutex, OnceLock},
};

use async_trait::async_trait;
use futures_util::future::join_all;
use phantomdb_protocol::{
    AlterOperation, Error, ErrorCode, Result, ResultSet, Statement, TableName, TableSchema,
};

use super::{
    adapt::ServerTraits,
    answers::{IdempotencyStore, KeyedWrite},
    broken_key, catalog,
    connection::{Connection, lock},
    group,
    plan::{Plan, PlanCache},
    pool::{Pool, PooledConnection},
    position::WalPosition,
    prepare,
    reading::{self, SeenPosition},
    replicas::Replicas,
    run::{ReadyStatement, RunError, empty},
    shared::Shared,
    work::{ApplyAlterations, SingleStatement, StatementList},
    writing::KeyedCall,
};
use phantomdb_engine::{IdempotentCall, Session};
use phantomdb_sql::{Kind, unknown_function::located};

/// Statements that travel together.
pub(super) const PIPELINE_MAX: usize = 128;

/// A database of the server.
pub(super) struct Database {
    /// The connections to the server that takes writes.
    pub(super) primary: Pool,
    /// Those of its connections on which reads travel together.
    pub(super) shared: Option<Shared>,
    /// Those to its replicas, in their order.
    readers: Vec<Pool>,
    pub(super) replicas: Arc<Replicas>,
    pub(super) answers: IdempotencyStore,
    plans: Arc<PlanCache>,
    traits: OnceLock<ServerTraits>,
}

impl Database {
    pub(super) fn new(
        primary: Pool,
        shared: Option<Shared>,
        readers: Vec<Pool>,
        plans: Arc<PlanCache>,
        replicas: Arc<Replicas>,
    ) -> Self {
        Self {
            primary,
            shared,
            readers,
            replicas,
            answers: IdempotencyStore::default(),
            plans,
            traits: OnceLock::new(),
        }
    }

    pub(super) fn close(&self) {
        self.primary.close();
        self.shared.iter().for_each(Shared::close);
        self.readers.iter().for_each(Pool::close);
    }

    /// Whether callers are told how far the log has come: without replicas nobody needs to know.
    pub(super) fn is_tracked(&self) -> bool {
        !self.readers.is_empty()
    }

    /// A connection to a replica.
    pub(super) async fn lease_of(&self, replica: usize) -> Result<Lease> {
        let pool = self.readers.get(replica).ok_or_else(|| Error::internal("there is no such replica"))?;
        Ok(Lease { lent: pool.get().await?, done: false })
    }

    pub(super) async fn lease(&self) -> Result<Lease> {
        let lent = self.primary.get().await?;
        self.traits.get_or_init(|| lent.traits);
        Ok(Lease { lent, done: false })
    }

    /// What the statement is. Which server runs it can be decided by that, so no connection is taken for it, but for
    /// the first one, which tells what kind of server it is.
    pub(super) async fn plan(&self, statement: &Statement) -> Result<Arc<Plan>> {
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
}

/// A connection while work is done on it. When whoever waits for the work goes away, the server is told to stop, and
/// the connection is not used again: the order to stop may come late.
pub(super) struct Lease {
    lent: PooledConnection,
    done: bool,
}

impl Lease {
    /// The work is done, and has left nothing behind; or the connection is condemned, and what it may still run is
    /// stopped.
    pub(super) fn give_back(mut self) {
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

/// Statements on a database, each in a transaction of its own.
pub struct PostgresSession {
    pub(super) database: Arc<Database>,
    seen: SeenPosition,
    pub(super) call: Option<KeyedCall>,
    /// Where the log was after the last write.
    pub(super) reached: Mutex<Option<WalPosition>>,
}

impl PostgresSession {
    pub(super) fn new(database: Arc<Database>) -> Self {
        Self { database, seen: SeenPosition::Nothing, call: None, reached: Mutex::default() }
    }

    async fn each(&self, statements: &[Statement]) -> Result<Vec<Result<ResultSet>>> {
        let mut plans = Vec::with_capacity(statements.len());
        for statement in statements {
            plans.push(self.database.plan(statement).await.and_then(|plan| allowed(&plan).map(|()| plan)));
        }
        let lease = self.database.lease().await?;
        let mut answers = each_on(&lease, &plans, statements).await;
        for error in answers.iter_mut().filter_map(|answer| answer.as_mut().err()) {
            broken_key::name_columns(&lease, error).await;
        }
        self.track(&lease).await;
        lease.give_back();
        Ok(answers)
    }
}

/// Runs a statement that only reads.
pub(super) async fn on_primary(database: &Database, plan: &Plan, statement: &Statement) -> Result<ResultSet> {
    let lease = database.lease().await?;
    let outcome = once(&lease, plan, statement).await;
    if matches!(&outcome, Err(error) if error.code == ErrorCode::Unavailable) {
        lease.condemn();
    }
    lease.give_back();
    match outcome {
        // A server that was restarted has cut all connections; what only reads can be done again.
        Err(error) if error.code == ErrorCode::Unavailable => {
            database.primary.forget_idle();
            Box::pin(async {
                let lease = database.lease().await?;
                let outcome = once(&lease, plan, statement).await;
                lease.give_back();
                outcome
            })
            .await
        }
        outcome => outcome,
    }
}

/// Refuses what belongs into a transaction or around one.
pub(super) fn allowed(plan: &Plan) -> Result<()> {
    match &plan.adapted.kind {
        Kind::Savepoint(_) | Kind::RollbackTo(_) | Kind::Release(_) => Err(Error::new(
            ErrorCode::BadRequest,
            "a savepoint can be used in a transaction only; begin one first",
        )),
        kind => kind.refuse_control(),
    }
}

/// Runs one statement that commits by itself. All but a statement that is prepared already is rare and large: apart, so
/// that the future of the others stays small, which is moved more than once.
pub(super) async fn once(connection: &Connection, plan: &Plan, statement: &Statement) -> Result<ResultSet> {
    if plan.adapted.kind == Kind::Nothing {
        return Ok(empty());
    }
    let Some(form) = plan.single_statement() else {
        return Box::pin(group::in_transaction(connection, &SingleStatement(plan, statement))).await;
    };
    if let Some(prepared) = prepare::known(connection, plan.id, &statement.parameters) {
        match ReadyStatement::new(plan, prepared, statement)?.send(connection).await {
            Err(RunError::StalePlan(_)) => connection.forget(plan.id),
            outcome => return outcome.map_err(RunError::into_error),
        }
    }
    Box::pin(async {
        let prepared = prepare::prepare(connection, &form, &statement.parameters, None).await?;
        ReadyStatement::new(plan, prepared, statement)?.send(connection).await.map_err(RunError::into_error)
    })
    .await
}

/// Each by itself; those that are prepared already travel together.
async fn each_on(
    connection: &Connection,
    plans: &[Result<Arc<Plan>>],
    statements: &[Statement],
) -> Vec<Result<ResultSet>> {
    let mut answers = Vec::with_capacity(statements.len());
    while answers.len() < statements.len() {
        let rest = plans.iter().zip(statements).skip(answers.len());
        let ready: Vec<ReadyStatement<'_>> = rest
            .take(PIPELINE_MAX)
            .map_while(|(plan, statement)| {
                let plan = plan.as_ref().ok().filter(|plan| plan.single_statement().is_some())?;
                let prepared = prepare::known(connection, plan.id, &statement.parameters)?;
                ReadyStatement::new(plan, prepared, statement).ok()
            })
            .collect();
        if ready.len() > 1 {
            let outcomes = join_all(ready.iter().map(|ready| ready.send(connection))).await;
            answers.extend(outcomes.into_iter().map(|outcome| outcome.map_err(RunError::into_error)));
            continue;
        }
        let index = answers.len();
        answers.push(match &plans[index] {
            Ok(plan) => once(connection, plan, &statements[index]).await,
            Err(error) => Err(error.clone()),
        });
    }
    answers
}

#[async_trait]
impl Session for PostgresSession {
    async fn execute(&self, statement: Statement) -> Result<ResultSet> {
        let plan = self.database.plan(&statement).await?;
        allowed(&plan)?;
        let outcome = if plan.adapted.pure {
            let read = reading::read(&self.database, self.seen, &plan, &statement);
            if self.call.is_none() { read.await } else { Box::pin(self.unless_cancelled(read)).await }
        } else {
            Box::pin(async {
                let outcome = self.write(&plan, &statement).await;
                self.database.explained(outcome).await
            })
            .await
        };
        outcome.map_err(|error| located(error, &statement.query))
    }

    async fn execute_batch(
        &self,
        statements: Vec<Statement>,
        atomic: bool,
    ) -> Result<Vec<Result<ResultSet>>> {
        if !atomic && self.call.is_none() {
            return self.each(&statements).await;
        }
        if !atomic {
            let mut answers = Vec::with_capacity(statements.len());
            for statement in statements {
                answers.push(self.execute(statement).await);
            }
            return Ok(answers);
        }
        let mut plans = Vec::with_capacity(statements.len());
        for statement in &statements {
            let plan = self.database.plan(statement).await?;
            allowed(&plan)?;
            plans.push(plan);
        }
        let whole = self.whole(&StatementList(&plans, &statements)).await;
        if let Some(answers) = self.database.explained(whole).await? {
            return Ok(answers.into_iter().map(Ok).collect());
        }
        let lease = self.database.lease().await?;
        let answers = group::committed(&lease, &plans, &statements).await;
        self.track(&lease).await;
        lease.give_back();
        Ok(self.database.explained(answers).await?.into_iter().map(Ok).collect())
    }

    async fn tables(&self) -> Result<Vec<TableName>> {
        let lease = self.database.lease().await?;
        let tables = catalog::tables(&lease).await;
        lease.give_back();
        tables
    }

    async fn describe(&self, table: &TableName) -> Result<TableSchema> {
        let lease = self.database.lease().await?;
        let schema = catalog::describe(&lease, table).await;
        lease.give_back();
        schema
    }

    async fn alter(&self, table: &TableName, operations: Vec<AlterOperation>) -> Result<()> {
        if let Some(()) = self.whole(&ApplyAlterations(table, &operations)).await? {
            return Ok(());
        }
        let lease = self.database.lease().await?;
        let outcome = group::in_transaction(&lease, &ApplyAlterations(table, &operations)).await;
        self.track(&lease).await;
        lease.give_back();
        outcome
    }

    fn keyed(self: Arc<Self>, once: &IdempotentCall) -> Option<Arc<dyn Session>> {
        let call = KeyedCall::new(once);
        let database = Arc::clone(&self.database);
        Some(Arc::new(Self { database, seen: self.seen, call: Some(call), reached: Mutex::default() }))
    }

    async fn has_run(&self) -> Result<bool> {
        let Some(call) = &self.call else { return Ok(false) };
        let first = KeyedWrite { once: call.once.clone(), write: 0 };
        let lease = self.database.lease().await?;
        let kept = first.is_kept(&lease).await;
        lease.give_back();
        kept
    }

    fn seen(self: Arc<Self>, position: &str) -> Option<Arc<dyn Session>> {
        let seen = WalPosition::of_token(position).map_or(SeenPosition::Unknown, SeenPosition::UpTo);
        Some(Arc::new(Self { seen, ..Self::new(Arc::clone(&self.database)) }))
    }

    fn position(&self) -> Option<String> {
        lock(&self.reached).map(WalPosition::token)
    }
}
