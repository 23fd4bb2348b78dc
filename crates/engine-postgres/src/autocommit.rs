//! Runs statements that commit by themselves.

use std::sync::Arc;

use futures_util::future::join_all;
use phantomdb_engine::Deadline;
use phantomdb_protocol::{Error, ErrorCode, Result, ResultSet, Statement};
use phantomdb_sql::Kind;

use crate::{
    batch::{self, Mode, PIPELINE_MAX, SingleStatement},
    connection::Connection,
    insert_rows::{InsertRows, Within},
    plan_cache::Plan,
    prepare,
    rows::empty_result,
    run::ReadyStatement,
    run_error::RunError,
};

/// Refuses savepoints, which belong into a transaction, and statements that begin or end one.
pub(crate) fn refuse_savepoints(plan: &Plan) -> Result<()> {
    match &plan.adapted.kind {
        Kind::Savepoint(_) | Kind::RollbackTo(_) | Kind::Release(_) => Err(Error::new(
            ErrorCode::BadRequest,
            "a savepoint can be used in a transaction only; begin one first",
        )),
        kind => kind.refuse_control(),
    }
}

/// Runs one statement that commits by itself. A statement that is not prepared yet takes the boxed path: it is rare,
/// and its large future would make the common one large too, which is moved more than once.
pub(crate) async fn run_statement(
    connection: &Connection,
    plan: &Plan,
    statement: &Statement,
) -> Result<ResultSet> {
    if plan.adapted.kind == Kind::Nothing {
        return Ok(empty_result());
    }
    if !statement.rows.is_empty() {
        return Box::pin(insert_rows(connection, plan, statement)).await;
    }
    let Some(form) = plan.single_statement(statement) else {
        let work = SingleStatement(plan, statement);
        return Box::pin(batch::in_transaction(connection, Mode::ReadWrite, &work)).await;
    };
    if let Some(prepared) = prepare::find_prepared(connection, plan.id, &statement.parameters) {
        match ReadyStatement::new(plan, prepared, statement)?.send_alone(connection).await {
            Err(RunError::StalePlan(_)) => connection.forget(plan.id),
            outcome => return outcome.map_err(RunError::into_error),
        }
    }
    Box::pin(async {
        let prepared = prepare::prepare(connection, &form, &statement.parameters, None).await?;
        let ready = ReadyStatement::new(plan, prepared, statement)?;
        ready.send_alone(connection).await.map_err(RunError::into_error)
    })
    .await
}

/// Inserts rows that commit together. One statement for all of them needs no transaction around it.
async fn insert_rows(connection: &Connection, plan: &Plan, statement: &Statement) -> Result<ResultSet> {
    match InsertRows::new(plan, statement, Within::Nothing)?.run_alone(connection).await? {
        Some(answer) => Ok(answer),
        None => batch::in_transaction(connection, Mode::ReadWrite, &SingleStatement(plan, statement)).await,
    }
}

/// Runs each statement by itself. Consecutive statements that are prepared already are pipelined.
pub(crate) async fn run_each(
    connection: &Connection,
    plans: &[Result<Arc<Plan>>],
    statements: &[Statement],
) -> Vec<Result<ResultSet>> {
    let mut answers = Vec::with_capacity(statements.len());
    while answers.len() < statements.len() {
        if let Err(error) = Deadline::check() {
            answers.push(Err(error));
            continue;
        }
        let rest = plans.iter().zip(statements).skip(answers.len());
        let ready: Vec<ReadyStatement<'_>> = rest
            .take(PIPELINE_MAX)
            .map_while(|(plan, statement)| {
                let plan = plan.as_ref().ok().filter(|plan| plan.single_statement(statement).is_some())?;
                let prepared = prepare::find_prepared(connection, plan.id, &statement.parameters)?;
                let ready = ReadyStatement::new(plan, prepared, statement).ok()?;
                (!ready.commits_after_rows(connection)).then_some(ready)
            })
            .collect();
        if ready.len() > 1 {
            let outcomes = join_all(ready.iter().map(|ready| ready.send_alone(connection))).await;
            answers.extend(outcomes.into_iter().map(|outcome| outcome.map_err(RunError::into_error)));
            continue;
        }
        let index = answers.len();
        answers.push(match &plans[index] {
            Ok(plan) => run_statement(connection, plan, &statements[index]).await,
            Err(error) => Err(error.clone()),
        });
    }
    answers
}
