//! A session in which each statement commits by itself.

use std::sync::Arc;

use async_trait::async_trait;
use phantomdb_engine::{Access, Deadline, IdempotentCall, Session, deadline};
use phantomdb_protocol::{
    AlterOperation, Column, Result, ResultSet, Statement, StatementDescription, TableName, TableSchema,
    ViewDefinition,
};
use phantomdb_sql::{Kind, unknown_function::located};

use crate::{
    autocommit::{refuse_savepoints, run_each},
    autocommit_write::{AutocommitWriter, KeyedCall},
    batch::{self, Mode, StatementList},
    catalog,
    database::Database,
    deadline::{explained, until_deadline},
    exact_types,
    foreign_key_error::name_columns,
    idempotency_store::KeyedWrite,
    limited_access::{self, check_plan},
    plan_cache::Plan,
    read_routing::{self, ReadingCaller, SeenPosition},
    schema_work::ApplyAlterations,
    wal_position::WalPosition,
};

/// Statements on a database, each in a transaction of its own.
pub struct PostgresSession {
    writer: AutocommitWriter,
    seen: SeenPosition,
    access: Access,
}

impl PostgresSession {
    pub(crate) fn new(database: Arc<Database>, access: Access) -> Self {
        Self { writer: AutocommitWriter::new(database, None), seen: SeenPosition::Nothing, access }
    }

    /// The plan of a statement that the access allows and that can stand alone.
    async fn plan(&self, statement: &Statement) -> Result<Arc<Plan>> {
        self.writer.database.prepare_to_plan().await?;
        let plan = self.writer.database.plan(statement).await?;
        check_plan(self.access, &plan, statement)?;
        refuse_savepoints(&plan)?;
        Ok(plan)
    }

    async fn execute_each(&self, statements: &[Statement]) -> Result<Vec<Result<ResultSet>>> {
        let mut plans = Vec::with_capacity(statements.len());
        for statement in statements {
            plans.push(self.plan(statement).await);
        }
        let lease = deadline::unless_passed(self.writer.database.lease()).await?;
        let running = async { Ok(run_each(&lease, &plans, statements).await) };
        let mut answers = until_deadline(&lease, running).await?;
        if let Some(deadline) = Deadline::passed() {
            let explained = |answer: Result<_>| answer.map_err(|error| explained(error, deadline));
            answers = answers.into_iter().map(explained).collect();
        }
        for error in answers.iter_mut().filter_map(|answer| answer.as_mut().err()) {
            name_columns(&lease, error).await;
        }
        self.writer.track(&lease).await;
        lease.give_back();
        Ok(answers)
    }
}

#[async_trait]
impl Session for PostgresSession {
    async fn execute(&self, statement: Statement) -> Result<ResultSet> {
        let plan = self.plan(&statement).await?;
        let outcome = if plan.adapted.pure || self.access.only_reads() {
            let caller = ReadingCaller { seen: self.seen, access: self.access };
            let read = read_routing::read(&self.writer.database, caller, &plan, &statement);
            let read = deadline::unless_passed(read);
            let outcome = if self.writer.call.is_none() {
                read.await
            } else {
                Box::pin(self.writer.unless_cancelled(read)).await
            };
            match outcome {
                Err(error) => Box::pin(self.writer.database.with_key_columns(Err(error))).await,
                read => read,
            }
        } else {
            Box::pin(async {
                let outcome = self.writer.write(&plan, &statement).await;
                self.writer.database.with_key_columns(outcome).await
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
        if !atomic && self.writer.call.is_none() && !self.access.only_reads() {
            return self.execute_each(&statements).await;
        }
        if !atomic {
            let mut answers = Vec::with_capacity(statements.len());
            for statement in statements {
                answers.push(self.execute(statement).await);
            }
            return Ok(answers);
        }
        let mut plans = Vec::with_capacity(statements.len());
        for (index, statement) in statements.iter().enumerate() {
            plans.push(self.plan(statement).await.map_err(|error| error.in_statement(index))?);
        }
        if self.access.only_reads() {
            let lease = self.writer.database.lease().await?;
            let answers = limited_access::read_all(&lease, self.access, &plans, &statements).await;
            lease.give_back();
            return Ok(answers?.into_iter().map(Ok).collect());
        }
        let whole = self.writer.run_work(&StatementList(&plans, &statements)).await;
        if let Some(answers) = self.writer.database.with_key_columns(whole).await? {
            return Ok(answers.into_iter().map(Ok).collect());
        }
        let lease = deadline::unless_passed(self.writer.database.lease()).await?;
        let running = batch::run_and_commit(&lease, Mode::ReadWrite, &plans, &statements);
        let answers = until_deadline(&lease, running).await;
        self.writer.track(&lease).await;
        lease.give_back();
        Ok(self.writer.database.with_key_columns(answers).await?.into_iter().map(Ok).collect())
    }

    async fn add_exact_types(&self, statement: &Statement, columns: &mut [Column]) -> Result<()> {
        let plan = self.plan(statement).await?;
        let found = deadline::unless_passed(async {
            let lease = self.writer.database.lease().await?;
            let found = exact_types::find(&lease, &plan).await;
            lease.give_back();
            found
        });
        exact_types::add(found.await, columns)
    }

    async fn describe_statement(&self, query: &str) -> Result<StatementDescription> {
        let statement = Statement { query: query.to_owned(), ..Statement::default() };
        let plan = self.writer.database.plan(&statement).await?;
        let described = deadline::unless_passed(async {
            let lease = self.writer.database.lease().await?;
            let described = exact_types::describe(&lease, &plan).await;
            lease.give_back();
            described
        });
        described.await.map_err(|error| located(error, query))
    }

    async fn tables(&self) -> Result<Vec<TableName>> {
        deadline::unless_passed(async {
            let lease = self.writer.database.lease().await?;
            let tables = catalog::tables(&lease).await;
            lease.give_back();
            tables
        })
        .await
    }

    async fn views(&self) -> Result<Vec<ViewDefinition>> {
        deadline::unless_passed(async {
            let lease = self.writer.database.lease().await?;
            let views = catalog::views(&lease).await;
            lease.give_back();
            views
        })
        .await
    }

    async fn describe(&self, table: &TableName) -> Result<TableSchema> {
        deadline::unless_passed(async {
            let lease = self.writer.database.lease().await?;
            let schema = catalog::describe(&lease, table).await;
            lease.give_back();
            schema
        })
        .await
    }

    async fn alter(&self, table: &TableName, operations: Vec<AlterOperation>) -> Result<()> {
        self.access.check(&Kind::Schema)?;
        self.writer.database.foresee(&operations);
        if let Some(()) = self.writer.run_work(&ApplyAlterations(table, &operations)).await? {
            return Ok(());
        }
        let lease = deadline::unless_passed(self.writer.database.lease()).await?;
        let work = ApplyAlterations(table, &operations);
        let running = batch::in_transaction(&lease, Mode::ReadWrite, &work);
        let outcome = until_deadline(&lease, running).await;
        self.writer.track(&lease).await;
        lease.give_back();
        outcome
    }

    fn keyed(self: Arc<Self>, call: &IdempotentCall) -> Option<Arc<dyn Session>> {
        let call = KeyedCall::new(call);
        let database = Arc::clone(&self.writer.database);
        let writer = AutocommitWriter::new(database, Some(call));
        Some(Arc::new(Self { writer, seen: self.seen, access: self.access }))
    }

    async fn has_run(&self) -> Result<bool> {
        let Some(call) = &self.writer.call else { return Ok(false) };
        let first = KeyedWrite { call: call.call.clone(), write: 0 };
        let lease = self.writer.database.lease().await?;
        let kept = first.is_stored(&lease).await;
        lease.give_back();
        kept
    }

    fn seen(self: Arc<Self>, position: &str) -> Option<Arc<dyn Session>> {
        let seen = WalPosition::from_token(position).map_or(SeenPosition::Unknown, SeenPosition::UpTo);
        Some(Arc::new(Self { seen, ..Self::new(Arc::clone(&self.writer.database), self.access) }))
    }

    fn position(&self) -> Option<String> {
        self.writer.position().map(WalPosition::token)
    }
}
