//! A session in which each statement commits by itself.

use std::{
    ops::Deref,
    sync::{Arc, OnceLock},
};

use async_trait::async_trait;
use futures_util::future::join_all;
use phantomdb_protocol::{
    AlterOperation, Error, ErrorCode, Result, ResultSet, Statement, TableName, TableSchema,
};

use super::{
    adapt::Traits,
    catalog,
    connection::Connection,
    group,
    plan::{Plan, Plans},
    pool::{Lent, Pool},
    prepare,
    run::{Failure, Ready, empty},
    work::{Alter, One},
};
use crate::engine::{Session, sql::Kind};

/// Statements that travel together.
pub(super) const WINDOW: usize = 128;

/// A database of the server.
pub(super) struct Database {
    /// The connections to the server that takes writes.
    pub(super) primary: Pool,
    plans: Arc<Plans>,
    traits: OnceLock<Traits>,
}

impl Database {
    pub(super) fn new(primary: Pool, plans: Arc<Plans>) -> Self {
        Self { primary, plans, traits: OnceLock::new() }
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
                let lease = self.lease().await?;
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
    lent: Lent,
    done: bool,
}

impl Lease {
    /// The work is done, and has left nothing behind.
    pub(super) fn give_back(mut self) {
        self.done = true;
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
    database: Arc<Database>,
}

impl PostgresSession {
    pub(super) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }

    async fn run(&self, plan: &Plan, statement: &Statement) -> Result<ResultSet> {
        let lease = self.database.lease().await?;
        let outcome = once(&lease, plan, statement).await;
        if matches!(&outcome, Err(error) if error.code == ErrorCode::Unavailable) {
            lease.condemn();
        }
        lease.give_back();
        match outcome {
            // A server that was restarted has cut all connections; what only reads can be done again.
            Err(error) if plan.adapted.pure && error.code == ErrorCode::Unavailable => {
                self.database.primary.forget_idle();
                let lease = self.database.lease().await?;
                let outcome = once(&lease, plan, statement).await;
                lease.give_back();
                outcome
            }
            outcome => outcome,
        }
    }

    async fn each(&self, statements: &[Statement]) -> Result<Vec<Result<ResultSet>>> {
        let mut plans = Vec::with_capacity(statements.len());
        for statement in statements {
            plans.push(self.database.plan(statement).await.and_then(|plan| allowed(&plan).map(|()| plan)));
        }
        let lease = self.database.lease().await?;
        let answers = each_on(&lease, &plans, statements).await;
        lease.give_back();
        Ok(answers)
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

/// Runs one statement that commits by itself.
async fn once(connection: &Connection, plan: &Plan, statement: &Statement) -> Result<ResultSet> {
    if plan.adapted.kind == Kind::Nothing {
        return Ok(empty());
    }
    let Some(sql) = plan.single() else {
        return group::in_transaction(connection, &One(plan, statement)).await;
    };
    if let Some(prepared) = prepare::known(connection, plan, &statement.parameters) {
        match Ready::new(plan, prepared, statement)?.send(connection).await {
            Err(Failure::Stale(_)) => connection.forget(plan.id),
            outcome => return outcome.map_err(Failure::into_error),
        }
    }
    let prepared = prepare::prepare(connection, plan, sql, &statement.parameters, None).await?;
    Ready::new(plan, prepared, statement)?.send(connection).await.map_err(Failure::into_error)
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
        let ready: Vec<Ready<'_>> = rest
            .take(WINDOW)
            .map_while(|(plan, statement)| {
                let plan = plan.as_ref().ok().filter(|plan| plan.single().is_some())?;
                let prepared = prepare::known(connection, plan, &statement.parameters)?;
                Ready::new(plan, prepared, statement).ok()
            })
            .collect();
        if ready.len() > 1 {
            let outcomes = join_all(ready.iter().map(|ready| ready.send(connection))).await;
            answers.extend(outcomes.into_iter().map(|outcome| outcome.map_err(Failure::into_error)));
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
        self.run(&plan, &statement).await
    }

    async fn execute_batch(
        &self,
        statements: Vec<Statement>,
        atomic: bool,
    ) -> Result<Vec<Result<ResultSet>>> {
        if !atomic {
            return self.each(&statements).await;
        }
        let mut plans = Vec::with_capacity(statements.len());
        for statement in &statements {
            let plan = self.database.plan(statement).await?;
            allowed(&plan)?;
            plans.push(plan);
        }
        let lease = self.database.lease().await?;
        let answers = group::committed(&lease, &plans, &statements).await;
        lease.give_back();
        Ok(answers?.into_iter().map(Ok).collect())
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
        let lease = self.database.lease().await?;
        let outcome = group::in_transaction(&lease, &Alter(table, &operations)).await;
        lease.give_back();
        outcome
    }
}
