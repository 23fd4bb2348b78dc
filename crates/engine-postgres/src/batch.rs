//! Runs statements in one transaction, so that all of them take effect or none does.

use std::sync::Arc;

use futures_util::future::{join, join_all};
use phantomdb_engine::Deadline;
use phantomdb_protocol::{Error, ErrorCode, Result, ResultSet, Statement};
use phantomdb_sql::Kind;

use crate::{
    alter,
    connection::Connection,
    insert_rows::{InsertRows, Within},
    plan_cache::Plan,
    prepare,
    rows::empty_result,
    run::ReadyStatement,
    run_error::RunError,
    transaction_work::TransactionWork,
};

/// The most statements that are sent before the first result is read.
pub(crate) const PIPELINE_MAX: usize = 128;

/// Says whether a transaction can write.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mode {
    ReadWrite,
    /// PostgreSQL refuses every write, and no statement can change that.
    ReadOnly,
}

impl Mode {
    const fn begin(self) -> &'static str {
        match self {
            Self::ReadWrite => "BEGIN",
            Self::ReadOnly => "BEGIN READ ONLY",
        }
    }
}

/// Runs work between BEGIN and COMMIT. When a prepared statement no longer fits its tables, the work is run once more.
pub(crate) async fn in_transaction<W: TransactionWork>(
    connection: &Connection,
    mode: Mode,
    work: &W,
) -> Result<W::Output> {
    let mut again = true;
    loop {
        connection.run(mode.begin()).await?;
        let failure = match work.run(connection).await {
            Ok(answer) => match connection.run("COMMIT").await {
                Ok(()) => return Ok(answer),
                Err(error) => RunError::Failed(error),
            },
            Err(failure) => failure,
        };
        if let Err(error) = connection.run("ROLLBACK").await {
            // The connection was lost, and the transaction with it.
            tracing::debug!(%error, "a transaction could not be rolled back");
        }
        match failure {
            RunError::StalePlan(_) if again => again = false,
            failure => return Err(failure.into_error()),
        }
    }
}

/// Runs one statement in the open transaction. After an error the caller rolls back.
pub(crate) async fn run_in_open_transaction(
    connection: &Connection,
    plan: &Plan,
    statement: &Statement,
) -> Result<ResultSet, RunError> {
    if plan.adapted.kind == Kind::Nothing {
        return Ok(empty_result());
    }
    connection.note(&plan.adapted.session);
    if let Some(change) = &plan.adapted.catalog_change {
        return Ok(alter::apply(connection, change).await.map(|()| empty_result())?);
    }
    if !statement.rows.is_empty() {
        return InsertRows::new(plan, statement, Within::Transaction)?.run(connection).await;
    }
    let Some(form) = plan.single_statement(statement) else {
        for sql in &plan.adapted.statements {
            connection.run(sql).await?;
        }
        return Ok(empty_result());
    };
    let prepared = prepare::prepare_in_transaction(connection, &form, &statement.parameters).await?;
    ReadyStatement::new(plan, prepared, statement)?.send(connection).await
}

/// Runs all statements in a transaction of their own. When all of them are prepared, they are sent together with its
/// BEGIN and COMMIT.
pub(crate) async fn run_and_commit(
    connection: &Connection,
    mode: Mode,
    plans: &[Arc<Plan>],
    statements: &[Statement],
) -> Result<Vec<ResultSet>> {
    if statements.len() <= PIPELINE_MAX
        && let Some(ready) = ready_statements(connection, plans, statements)?
        && may_commit_at_once(connection, mode, &ready)
    {
        match send_transaction(connection, mode, &ready).await {
            Err(RunError::StalePlan(_)) => plans.iter().for_each(|plan| connection.forget(plan.id)),
            outcome => return outcome.map_err(RunError::into_error),
        }
    }
    in_transaction(connection, mode, &StatementList(plans, statements)).await
}

/// The statements with their parameters; none when one of them has to be prepared first.
fn ready_statements<'a>(
    connection: &Connection,
    plans: &'a [Arc<Plan>],
    statements: &'a [Statement],
) -> Result<Option<Vec<ReadyStatement<'a>>>> {
    let mut ready = Vec::with_capacity(statements.len());
    for (index, (plan, statement)) in plans.iter().zip(statements).enumerate() {
        match plan
            .single_statement(statement)
            .and_then(|form| prepare::find_prepared(connection, form.id, &statement.parameters))
        {
            Some(prepared) => ready.push(
                ReadyStatement::new(plan, prepared, statement).map_err(|error| error.in_statement(index))?,
            ),
            None => return Ok(None),
        }
    }
    Ok(Some(ready))
}

/// True when COMMIT can be sent with the statements: none of them has a result that could be too large once others have
/// taken effect.
fn may_commit_at_once(connection: &Connection, mode: Mode, ready: &[ReadyStatement<'_>]) -> bool {
    matches!(mode, Mode::ReadOnly)
        || connection.results.are_none()
        || ready.iter().all(|ready| ready.plan.adapted.pure)
        || ready.iter().all(|ready| ready.prepared.columns.is_empty() || ready.plan.adapted.returns_given_row)
}

async fn send_transaction(
    connection: &Connection,
    mode: Mode,
    ready: &[ReadyStatement<'_>],
) -> Result<Vec<ResultSet>, RunError> {
    let work = join_all(ready.iter().map(|ready| ready.send(connection)));
    let (begun, (outcomes, ended)) =
        join(connection.run(mode.begin()), join(work, connection.run("COMMIT"))).await;
    begun?;
    // After an error COMMIT rolls back, and reports success.
    let answers = outcomes
        .into_iter()
        .enumerate()
        .map(|(index, outcome)| outcome.map_err(|failure| failure.in_statement(index)))
        .collect::<Result<Vec<_>, _>>()?;
    ended?;
    Ok(answers)
}

/// Runs the statements in the open transaction, in order, until one fails. Consecutive statements that are prepared
/// already are pipelined.
pub(crate) async fn run_in_order(
    connection: &Connection,
    plans: &[Arc<Plan>],
    statements: &[Statement],
) -> Result<Vec<ResultSet>, RunError> {
    let mut answers = Vec::with_capacity(statements.len());
    while answers.len() < statements.len() {
        Deadline::check()?;
        let done = answers.len();
        let mut window = Vec::new();
        for (plan, statement) in plans.iter().zip(statements).skip(done).take(PIPELINE_MAX) {
            let Some(prepared) = plan
                .single_statement(statement)
                .and_then(|form| prepare::find_prepared(connection, form.id, &statement.parameters))
            else {
                break;
            };
            let ready = ReadyStatement::new(plan, prepared, statement);
            window.push(ready.map_err(|error| error.in_statement(done + window.len()))?);
        }
        if window.is_empty() {
            let answer = run_in_open_transaction(connection, &plans[done], &statements[done]).await;
            answers.push(answer.map_err(|failure| failure.in_statement(done))?);
            continue;
        }
        for outcome in join_all(window.iter().map(|ready| ready.send(connection))).await {
            match outcome {
                Ok(answer) => answers.push(answer),
                Err(failure) => {
                    if matches!(failure, RunError::StalePlan(_)) {
                        plans.iter().for_each(|plan| connection.forget(plan.id));
                    }
                    return Err(failure.in_statement(answers.len()));
                }
            }
        }
    }
    Ok(answers)
}

/// Refuses savepoints in an atomic batch: they would be lost with the savepoint that the batch runs behind.
pub(crate) fn refuse_savepoints(plan: &Plan) -> Result<()> {
    match &plan.adapted.kind {
        Kind::Savepoint(_) | Kind::RollbackTo(_) | Kind::Release(_) => Err(Error::new(
            ErrorCode::BadRequest,
            "a batch that is atomic takes no savepoints; send them by themselves",
        )),
        kind => kind.refuse_control(),
    }
}

/// A statement that may have to be prepared first.
pub(crate) struct SingleStatement<'a>(pub(crate) &'a Plan, pub(crate) &'a Statement);

impl TransactionWork for SingleStatement<'_> {
    type Output = ResultSet;

    async fn run(&self, connection: &Connection) -> Result<ResultSet, RunError> {
        run_in_open_transaction(connection, self.0, self.1).await
    }
}

/// Statements that run in order.
pub(crate) struct StatementList<'a>(pub(crate) &'a [Arc<Plan>], pub(crate) &'a [Statement]);

impl TransactionWork for StatementList<'_> {
    type Output = Vec<ResultSet>;

    async fn run(&self, connection: &Connection) -> Result<Vec<ResultSet>, RunError> {
        run_in_order(connection, self.0, self.1).await
    }
}
