//! The state of an open transaction: its connection, its savepoints and whether it has ended.
//!
//! After an error PostgreSQL accepts nothing but the end of the transaction. In PhantomDB a statement that fails is
//! undone, and the transaction goes on; so each statement runs behind a savepoint. It costs no round trip: it is sent
//! with the statement, as is the release of the savepoint before, and after a statement that changes nothing the next
//! one uses the same savepoint.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use futures_util::future::join;
use phantomdb_engine::{ENDED_BY_CONFLICT, ended, ends_transaction};
use phantomdb_protocol::{Error, ErrorCode, Result, ResultSet, Statement};
use phantomdb_sql::{Kind, printer::quote_identifier};

use crate::{
    batch::{self, SingleStatement, StatementList},
    cancel::{CancelOnDrop, Canceller},
    database::Lease,
    foreign_key_error::name_columns,
    idempotency_store::KeyedWrite,
    limited_access,
    plan_cache::Plan,
    prepare,
    rows::empty_result,
    run::ReadyStatement,
    run_error::RunError,
    transaction_work::{NoWork, TransactionWork},
    wal_position::{self, WalPosition},
};

/// The savepoint that a statement runs behind. There are two, which take turns: the one before is released when the
/// next one is set. If that fails, no statement that succeeded is undone with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StatementSavepoint {
    None,
    /// The transaction is unchanged since the savepoint was set.
    Fresh(bool),
    Used(bool),
}

const fn savepoint_name(first: bool) -> &'static str {
    if first { "phantomdb_a" } else { "phantomdb_b" }
}

enum Phase {
    /// BEGIN will be sent with the first statement.
    NotBegun(String),
    Open,
    Ended(Error),
}

pub(crate) struct TransactionState {
    lease: Option<Lease>,
    phase: Phase,
    savepoint: StatementSavepoint,
    /// The user's own savepoints, in order.
    savepoints: Vec<String>,
    /// True when the caller of the last statement has gone away, so that the statement was cancelled.
    is_interrupted: Arc<AtomicBool>,
    /// True when a statement ended the transaction and its caller, who got the error, has yet to roll back.
    failed: bool,
}

impl TransactionState {
    pub(crate) fn new(lease: Lease, begin: String) -> Self {
        Self {
            lease: Some(lease),
            phase: Phase::NotBegun(begin),
            savepoint: StatementSavepoint::None,
            savepoints: Vec::new(),
            is_interrupted: Arc::default(),
            failed: false,
        }
    }

    /// Cancels what the transaction runs. `None` once it has ended.
    pub(crate) fn canceller(&self) -> Option<Canceller> {
        self.lease.as_ref().map(|lease| lease.canceller())
    }

    fn lease(&self) -> Result<&Lease> {
        match (&self.phase, &self.lease) {
            (Phase::Ended(error), _) => Err(error.clone()),
            (_, Some(lease)) => Ok(lease),
            (_, None) => Err(ended("is being ended")),
        }
    }

    pub(crate) async fn execute(&mut self, plan: &Plan, statement: &Statement) -> Result<ResultSet> {
        self.lease()?;
        match &plan.adapted.kind {
            Kind::Nothing => return Ok(empty_result()),
            Kind::Savepoint(name) => return self.set_savepoint(name).await,
            Kind::RollbackTo(name) => return self.end_savepoints(name, false).await,
            Kind::Release(name) => return self.end_savepoints(name, true).await,
            kind => kind.refuse_control()?,
        }
        self.undo_interrupted().await?;
        let known = prepare::find_prepared(self.lease()?, plan.id, &statement.parameters);
        if let Some(prepared) = known.filter(|_| plan.single_statement(statement).is_some()) {
            // Errors in the values are found before anything is sent.
            let ready = ReadyStatement::new(plan, prepared, statement)?;
            match self.behind_savepoint(plan.adapted.pure, &ready).await {
                Err(RunError::StalePlan(_)) => self.lease()?.forget(plan.id),
                outcome => return outcome.map_err(RunError::into_error),
            }
        }
        self.atomically(&SingleStatement(plan, statement)).await
    }

    /// Fails with `FORBIDDEN` when the statement calls a function that can do more than read.
    pub(crate) async fn refuse_functions(&mut self, plan: &Plan) -> Result<()> {
        self.undo_interrupted().await?;
        limited_access::refuse_functions(self.lease()?, plan).await
    }

    /// Runs statements of which all take effect or none. After an error the transaction is as it was before the first
    /// of them.
    pub(crate) async fn execute_all(
        &mut self,
        plans: &[Arc<Plan>],
        statements: &[Statement],
    ) -> Result<Vec<ResultSet>> {
        for (index, plan) in plans.iter().enumerate() {
            batch::refuse_savepoints(plan).map_err(|error| error.in_statement(index))?;
        }
        self.atomically(&StatementList(plans, statements)).await
    }

    /// Runs work that is undone when it fails. When a prepared statement no longer fits its tables, the work is run
    /// once more.
    pub(crate) async fn atomically<W: TransactionWork>(&mut self, work: &W) -> Result<W::Output> {
        self.undo_interrupted().await?;
        // The savepoint must exist before anything is prepared.
        self.behind_savepoint(true, &NoWork).await.map_err(RunError::into_error)?;
        match self.behind_savepoint(false, work).await {
            Err(RunError::StalePlan(_)) => match self.behind_savepoint(false, work).await {
                // The second time it is the error of the statement itself.
                Err(failure @ RunError::StalePlan(_)) => {
                    let failure = RunError::Failed(failure.into_error());
                    Err(self.with_key_columns(failure).await.into_error())
                }
                outcome => outcome.map_err(RunError::into_error),
            },
            outcome => outcome.map_err(RunError::into_error),
        }
    }

    /// Sends work together with its savepoint. `pure` means that the work changes nothing.
    async fn behind_savepoint<W: TransactionWork>(
        &mut self,
        pure: bool,
        work: &W,
    ) -> Result<W::Output, RunError> {
        let (prefix, turn) = self.statements_before();
        // This holds until the outcome is known.
        self.savepoint = StatementSavepoint::Used(turn);
        self.lease()?;
        self.phase = Phase::Open;
        let outcome = {
            let lease = self.lease()?;
            let running = CancelOnDrop::new(lease.canceller(), &self.is_interrupted);
            let outcome = match &prefix {
                None => (Ok(()), work.run(lease).await),
                Some(sql) => join(lease.run(sql), work.run(lease)).await,
            };
            running.finish();
            outcome
        };
        match outcome {
            (Ok(()), Ok(answer)) => {
                self.savepoint =
                    if pure { StatementSavepoint::Fresh(turn) } else { StatementSavepoint::Used(turn) };
                Ok(answer)
            }
            (Err(error), _) => Err(RunError::Failed(self.abort(error).await)),
            (Ok(()), Err(RunError::Failed(error))) if ends_transaction(error.code) => {
                Err(RunError::Failed(self.abort(error).await))
            }
            (Ok(()), Err(failure)) => {
                let sql = format!("ROLLBACK TO SAVEPOINT {}", savepoint_name(turn));
                let lease = self.lease()?;
                // Its caller may go away before it is undone, and a request to cancel must not hit what undoes it.
                self.is_interrupted.store(true, Ordering::Relaxed);
                lease.settled().await;
                match lease.run(&sql).await {
                    Ok(()) => {
                        self.is_interrupted.store(false, Ordering::Relaxed);
                        self.savepoint = StatementSavepoint::Fresh(turn);
                        Err(self.with_key_columns(failure).await)
                    }
                    Err(_) => Err(RunError::Failed(self.abort(failure.into_error()).await)),
                }
            }
        }
    }

    /// Adds the columns of the violated foreign key to the error of a statement that was undone.
    async fn with_key_columns(&self, failure: RunError) -> RunError {
        match (failure, &self.lease) {
            (RunError::Failed(mut error), Some(lease)) => {
                name_columns(lease, &mut error).await;
                RunError::Failed(error)
            }
            (failure, _) => failure,
        }
    }

    /// The statements to send before a statement, and which of the two savepoints it runs behind.
    fn statements_before(&self) -> (Option<String>, bool) {
        if let Phase::NotBegun(begin) = &self.phase {
            return (Some(format!("{begin}; SAVEPOINT {}", savepoint_name(true))), true);
        }
        match self.savepoint {
            StatementSavepoint::None => (Some(format!("SAVEPOINT {}", savepoint_name(true))), true),
            StatementSavepoint::Fresh(turn) => (None, turn),
            StatementSavepoint::Used(turn) => {
                let next = !turn;
                let sql =
                    format!("RELEASE SAVEPOINT {}; SAVEPOINT {}", savepoint_name(turn), savepoint_name(next));
                (Some(sql), next)
            }
        }
    }

    /// Ends the transaction after an error that it cannot survive, which frees its locks. Gives the error back.
    async fn abort(&mut self, error: Error) -> Error {
        let _ = self.send_end("ROLLBACK").await;
        self.failed = true;
        let gave_way = ends_transaction(error.code);
        self.phase =
            Phase::Ended(ended(if gave_way { ENDED_BY_CONFLICT } else { "was rolled back by a failure" }));
        error
    }

    /// Undoes a statement whose caller has gone away. What is sent after this no earlier request to cancel can hit.
    async fn undo_interrupted(&mut self) -> Result<()> {
        self.lease()?.settled().await;
        if !self.is_interrupted.load(Ordering::Relaxed) {
            return Ok(());
        }
        let (StatementSavepoint::Fresh(turn) | StatementSavepoint::Used(turn)) = self.savepoint else {
            self.is_interrupted.store(false, Ordering::Relaxed);
            return Ok(());
        };
        let sql = format!("ROLLBACK TO SAVEPOINT {}", savepoint_name(turn));
        let lease = self.lease()?;
        // Where the server did not say that it is done, the cancellation may hit this statement.
        let mut undone = lease.run(&sql).await;
        if undone.is_err() {
            undone = lease.run(&sql).await;
        }
        if undone.is_err() {
            let error = ended("was rolled back because a statement of it was interrupted");
            return Err(self.abort(error).await);
        }
        self.savepoint = StatementSavepoint::Fresh(turn);
        self.is_interrupted.store(false, Ordering::Relaxed);
        Ok(())
    }

    async fn set_savepoint(&mut self, savepoint: &str) -> Result<ResultSet> {
        self.undo_interrupted().await?;
        let sql = format!("SAVEPOINT {}", quote_identifier(savepoint));
        self.send_savepoint_statement(&sql).await?;
        self.savepoints.push(savepoint.to_owned());
        Ok(empty_result())
    }

    /// Rolls back to a savepoint, or releases it. Both end the savepoints that were set after it.
    async fn end_savepoints(&mut self, savepoint: &str, release: bool) -> Result<ResultSet> {
        self.undo_interrupted().await?;
        let Some(index) = self.savepoints.iter().rposition(|known| known == savepoint) else {
            return Err(Error::new(ErrorCode::BadRequest, format!("no such savepoint: {savepoint}")));
        };
        let verb = if release { "RELEASE SAVEPOINT" } else { "ROLLBACK TO SAVEPOINT" };
        self.send_savepoint_statement(&format!("{verb} {}", quote_identifier(savepoint))).await?;
        self.savepoints.truncate(if release { index } else { index + 1 });
        Ok(empty_result())
    }

    /// Sends a savepoint statement of the user's. The statement's own savepoint is released with it, so that the user's
    /// is not within it.
    async fn send_savepoint_statement(&mut self, sql: &str) -> Result<()> {
        let before = match (&self.phase, self.savepoint) {
            (Phase::NotBegun(begin), _) => format!("{begin}; "),
            (_, StatementSavepoint::None) => String::new(),
            (_, StatementSavepoint::Fresh(turn) | StatementSavepoint::Used(turn)) => {
                format!("RELEASE SAVEPOINT {}; ", savepoint_name(turn))
            }
        };
        let outcome = self.lease()?.run(&format!("{before}{sql}")).await;
        self.phase = Phase::Open;
        self.savepoint = StatementSavepoint::None;
        match outcome {
            Ok(()) => Ok(()),
            Err(error) => Err(self.abort(error).await),
        }
    }

    /// Commits the transaction. With a key it stores that the transaction was committed under this key. Gives the
    /// position of the log after it, if `tracked`.
    pub(crate) async fn commit(
        &mut self,
        key: Option<&KeyedWrite>,
        tracked: bool,
    ) -> Result<Option<WalPosition>> {
        self.undo_interrupted().await?;
        let outcome = match self.phase {
            // The transaction was never begun.
            Phase::NotBegun(_) => self.send_end("").await.map(|()| None),
            _ => self.send_commit(key, tracked).await,
        };
        let how =
            if outcome.is_ok() { "was committed" } else { "could not be committed and was rolled back" };
        self.phase = Phase::Ended(ended(how));
        outcome
    }

    /// Rolls back at the caller's request.
    pub(crate) async fn end(&mut self) -> Result<()> {
        if self.failed {
            return Ok(());
        }
        self.lease()?;
        self.roll_back().await;
        Ok(())
    }

    pub(crate) const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Ended(_))
    }

    /// Rolls back, if the transaction is open.
    pub(crate) async fn roll_back(&mut self) {
        if self.is_over() {
            return;
        }
        let sql = if matches!(self.phase, Phase::NotBegun(_)) { "" } else { "ROLLBACK" };
        let _ = self.send_end(sql).await;
        self.phase = Phase::Ended(ended("was rolled back"));
    }

    /// Ends the transaction and gives the connection back. When that fails, the connection is not used again.
    async fn send_end(&mut self, sql: &str) -> Result<()> {
        let Some(lease) = self.lease.take() else { return Ok(()) };
        // The connection is the next caller's then.
        lease.settled().await;
        let outcome = if sql.is_empty() { Ok(()) } else { lease.run(sql).await };
        if let Err(error) = &outcome {
            tracing::debug!(%error, "a transaction could not be ended");
            lease.mark_unusable();
        }
        lease.give_back();
        outcome
    }

    async fn send_commit(&mut self, key: Option<&KeyedWrite>, tracked: bool) -> Result<Option<WalPosition>> {
        let Some(lease) = self.lease.take() else { return Ok(None) };
        let committing = async {
            match key.zip(lease.receipt_insert.get()) {
                Some((key, keeping)) => key.commit_transaction(&lease, keeping).await,
                None => lease.run("COMMIT").await,
            }
        };
        let asking = async { if tracked { wal_position::primary_position(&lease).await.ok() } else { None } };
        let (outcome, position) = join(committing, asking).await;
        // A commit that is refused rolls back. Any other error leaves the state of the connection in doubt.
        if matches!(&outcome, Err(error) if error.code == ErrorCode::Unavailable) {
            lease.mark_unusable();
        }
        lease.give_back();
        outcome.map(|()| position)
    }
}
