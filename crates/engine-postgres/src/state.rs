//! What a transaction is in the middle of.
//!
//! After an error PostgreSQL takes nothing more but the end of the transaction. A statement of PhantomDB that fails is
//! undone, and the transaction goes on; so each statement runs behind a savepoint. It costs no round trip: it travels
//! with the statement, as does the end of the one before, and a statement that changes nothing leaves it as good as new.

use std::sync::Arc;

use futures_util::future::join;
use phantomdb_protocol::{Error, ErrorCode, Result, ResultSet, Statement};
use tokio::task::JoinHandle;

use super::{
    answers::Entry,
    broken_key,
    connection::{Canceller, guard},
    group,
    plan::Plan,
    position::{self, Position},
    prepare,
    run::{Failure, Ready, empty},
    session::Lease,
    work::{All, Nothing, One, Work},
};
use phantomdb_engine::{ENDED_BY_CONFLICT, ended, ends_transaction};
use phantomdb_sql::{Kind, printer::quote_identifier};

/// How it stands with the savepoint behind which a statement runs. There are two, which take turns: the one before is
/// given up when the next one is set, and if that does not come to be, nothing of what is done is undone with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guard {
    None,
    /// Nothing was changed since it was set.
    Fresh(bool),
    Used(bool),
}

const fn name(first: bool) -> &'static str {
    if first { "phantomdb_a" } else { "phantomdb_b" }
}

enum Phase {
    /// With the statement that begins it.
    NotBegun(String),
    Open,
    Ended(Error),
}

pub(super) struct State {
    lease: Option<Lease>,
    phase: Phase,
    guard: Guard,
    /// The user's own, in order.
    savepoints: Vec<String>,
    interrupted: Interrupted,
    /// It ended with a statement, whose caller was told so and has yet to roll back.
    failed: bool,
}

/// A statement that nobody waits for any more is being cancelled.
type Interrupted = Arc<std::sync::Mutex<Option<Option<JoinHandle<()>>>>>;

/// Cancels the statement that runs when it is dropped before its end.
struct Running {
    canceller: Option<Canceller>,
    interrupted: Interrupted,
}

impl Running {
    fn finish(mut self) {
        self.canceller = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(canceller) = self.canceller.take() {
            *guard(&self.interrupted) = Some(canceller.spawn());
        }
    }
}

impl State {
    pub(super) fn new(lease: Lease, begin: String) -> Self {
        Self {
            lease: Some(lease),
            phase: Phase::NotBegun(begin),
            guard: Guard::None,
            savepoints: Vec::new(),
            interrupted: Arc::default(),
            failed: false,
        }
    }

    fn lease(&self) -> Result<&Lease> {
        match (&self.phase, &self.lease) {
            (Phase::Ended(error), _) => Err(error.clone()),
            (_, Some(lease)) => Ok(lease),
            (_, None) => Err(ended("is being ended")),
        }
    }

    pub(super) async fn execute(&mut self, plan: &Plan, statement: &Statement) -> Result<ResultSet> {
        self.lease()?;
        match &plan.adapted.kind {
            Kind::Nothing => return Ok(empty()),
            Kind::Savepoint(name) => return self.savepoint(name).await,
            Kind::RollbackTo(name) => return self.end_savepoints(name, false).await,
            Kind::Release(name) => return self.end_savepoints(name, true).await,
            kind => kind.refuse_control()?,
        }
        self.recover().await?;
        let known = prepare::known(self.lease()?, plan.id, &statement.parameters);
        if let Some(prepared) = known.filter(|_| plan.single().is_some()) {
            // What is wrong with the values is known before anything is sent.
            let ready = Ready::new(plan, prepared, statement)?;
            match self.behind_guard(plan.adapted.pure, &ready).await {
                Err(Failure::Stale(_)) => self.lease()?.forget(plan.id),
                outcome => return outcome.map_err(Failure::into_error),
            }
        }
        self.guarded(&One(plan, statement)).await
    }

    /// All or nothing: after an error it is as it was before the first of them.
    pub(super) async fn execute_all(
        &mut self,
        plans: &[Arc<Plan>],
        statements: &[Statement],
    ) -> Result<Vec<ResultSet>> {
        plans.iter().try_for_each(|plan| group::refuse_savepoints(plan))?;
        self.guarded(&All(plans, statements)).await
    }

    /// Runs work that is undone when it fails. It is run once more when what was prepared before does not fit.
    pub(super) async fn guarded<W: Work>(&mut self, work: &W) -> Result<W::Answer> {
        self.recover().await?;
        // What has to be prepared is sent when the savepoint is known to be there.
        self.behind_guard(true, &Nothing).await.map_err(Failure::into_error)?;
        match self.behind_guard(false, work).await {
            Err(Failure::Stale(_)) => self.behind_guard(false, work).await.map_err(Failure::into_error),
            outcome => outcome.map_err(Failure::into_error),
        }
    }

    /// Sends work together with what guards it. `pure` says that it changes nothing.
    async fn behind_guard<W: Work>(&mut self, pure: bool, work: &W) -> Result<W::Answer, Failure> {
        let (prefix, turn) = self.prefix();
        // Until it is known how this ends.
        self.guard = Guard::Used(turn);
        self.lease()?;
        self.phase = Phase::Open;
        let outcome = {
            let lease = self.lease()?;
            let running =
                Running { canceller: Some(lease.canceller()), interrupted: Arc::clone(&self.interrupted) };
            let outcome = match &prefix {
                None => (Ok(()), work.run(lease).await),
                Some(sql) => join(lease.run(sql), work.run(lease)).await,
            };
            running.finish();
            outcome
        };
        match outcome {
            (Ok(()), Ok(answer)) => {
                self.guard = if pure { Guard::Fresh(turn) } else { Guard::Used(turn) };
                Ok(answer)
            }
            (Err(error), _) => Err(Failure::Told(self.fail(error).await)),
            (Ok(()), Err(Failure::Told(error))) if ends_transaction(error.code) => {
                Err(Failure::Told(self.fail(error).await))
            }
            (Ok(()), Err(failure)) => {
                let sql = format!("ROLLBACK TO SAVEPOINT {}", name(turn));
                match self.lease()?.run(&sql).await {
                    Ok(()) => {
                        self.guard = Guard::Fresh(turn);
                        Err(self.explained(failure).await)
                    }
                    Err(_) => Err(Failure::Told(self.fail(failure.into_error()).await)),
                }
            }
        }
    }

    /// The failure of a statement that was undone, with the columns of the key it broke.
    async fn explained(&self, failure: Failure) -> Failure {
        match (failure, &self.lease) {
            (Failure::Told(mut error), Some(lease)) => {
                broken_key::name_columns(lease, &mut error).await;
                Failure::Told(error)
            }
            (failure, _) => failure,
        }
    }

    /// What is sent before a statement, and which of the two savepoints it runs behind then.
    fn prefix(&self) -> (Option<String>, bool) {
        if let Phase::NotBegun(begin) = &self.phase {
            return (Some(format!("{begin}; SAVEPOINT {}", name(true))), true);
        }
        match self.guard {
            Guard::None => (Some(format!("SAVEPOINT {}", name(true))), true),
            Guard::Fresh(turn) => (None, turn),
            Guard::Used(turn) => {
                let next = !turn;
                let sql = format!("RELEASE SAVEPOINT {}; SAVEPOINT {}", name(turn), name(next));
                (Some(sql), next)
            }
        }
    }

    /// The server has ended the transaction, or it cannot go on: what it has locked is free when this is done. The
    /// answer is what to tell of it.
    async fn fail(&mut self, error: Error) -> Error {
        let _ = self.finish("ROLLBACK").await;
        self.failed = true;
        let gave_way = ends_transaction(error.code);
        self.phase =
            Phase::Ended(ended(if gave_way { ENDED_BY_CONFLICT } else { "was rolled back by a failure" }));
        error
    }

    /// After a statement that nobody waited for: undoes it.
    async fn recover(&mut self) -> Result<()> {
        let Some(cancelling) = guard(&self.interrupted).take() else {
            return self.lease().map(|_| ());
        };
        if let Some(task) = cancelling {
            // That it failed means there is nothing to wait for.
            let _ = task.await;
        }
        let (Guard::Fresh(turn) | Guard::Used(turn)) = self.guard else { return self.lease().map(|_| ()) };
        let sql = format!("ROLLBACK TO SAVEPOINT {}", name(turn));
        let lease = self.lease()?;
        // The order to stop may have come so late that it stops this.
        let mut undone = lease.run(&sql).await;
        if undone.is_err() {
            undone = lease.run(&sql).await;
        }
        if undone.is_err() {
            let error = ended("was rolled back because a statement of it was interrupted");
            return Err(self.fail(error).await);
        }
        self.guard = Guard::Fresh(turn);
        Ok(())
    }

    async fn savepoint(&mut self, savepoint: &str) -> Result<ResultSet> {
        self.recover().await?;
        let sql = format!("SAVEPOINT {}", quote_identifier(savepoint));
        self.control(&sql).await?;
        self.savepoints.push(savepoint.to_owned());
        Ok(empty())
    }

    /// Goes back to a savepoint, or gives it up. Both end those that were set after it.
    async fn end_savepoints(&mut self, savepoint: &str, release: bool) -> Result<ResultSet> {
        self.recover().await?;
        let Some(index) = self.savepoints.iter().rposition(|known| known == savepoint) else {
            return Err(Error::new(ErrorCode::BadRequest, format!("no such savepoint: {savepoint}")));
        };
        let verb = if release { "RELEASE SAVEPOINT" } else { "ROLLBACK TO SAVEPOINT" };
        self.control(&format!("{verb} {}", quote_identifier(savepoint))).await?;
        self.savepoints.truncate(if release { index } else { index + 1 });
        Ok(empty())
    }

    /// Sends a savepoint statement of the user's. The guard is given up with it, so that the user's is not within it.
    async fn control(&mut self, sql: &str) -> Result<()> {
        let before = match (&self.phase, self.guard) {
            (Phase::NotBegun(begin), _) => format!("{begin}; "),
            (_, Guard::None) => String::new(),
            (_, Guard::Fresh(turn) | Guard::Used(turn)) => format!("RELEASE SAVEPOINT {}; ", name(turn)),
        };
        let outcome = self.lease()?.run(&format!("{before}{sql}")).await;
        self.phase = Phase::Open;
        self.guard = Guard::None;
        match outcome {
            Ok(()) => Ok(()),
            Err(error) => Err(self.fail(error).await),
        }
    }

    /// With a key it is committed that it was under this key. Answers where the log is then, if that is `tracked`.
    pub(super) async fn commit(&mut self, key: Option<&Entry>, tracked: bool) -> Result<Option<Position>> {
        self.recover().await?;
        let outcome = match self.phase {
            // Nothing was done.
            Phase::NotBegun(_) => self.finish("").await.map(|()| None),
            _ => self.finish_commit(key, tracked).await,
        };
        let how =
            if outcome.is_ok() { "was committed" } else { "could not be committed and was rolled back" };
        self.phase = Phase::Ended(ended(how));
        outcome
    }

    /// As the caller wished.
    pub(super) async fn end(&mut self) -> Result<()> {
        if self.failed {
            return Ok(());
        }
        self.lease()?;
        self.roll_back().await;
        Ok(())
    }

    pub(super) const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Ended(_))
    }

    /// Rolls back, if there is anything to roll back.
    pub(super) async fn roll_back(&mut self) {
        if self.is_over() {
            return;
        }
        let cancelling = guard(&self.interrupted).take().flatten();
        if let Some(task) = cancelling {
            let _ = task.await;
        }
        let sql = if matches!(self.phase, Phase::NotBegun(_)) { "" } else { "ROLLBACK" };
        let _ = self.finish(sql).await;
        self.phase = Phase::Ended(ended("was rolled back"));
    }

    /// Ends the transaction and gives the connection back; where that fails, nobody gets it again.
    async fn finish(&mut self, sql: &str) -> Result<()> {
        let Some(lease) = self.lease.take() else { return Ok(()) };
        let outcome = if sql.is_empty() { Ok(()) } else { lease.run(sql).await };
        if let Err(error) = &outcome {
            tracing::debug!(%error, "a transaction could not be ended");
            lease.condemn();
        }
        lease.give_back();
        outcome
    }

    async fn finish_commit(&mut self, key: Option<&Entry>, tracked: bool) -> Result<Option<Position>> {
        let Some(lease) = self.lease.take() else { return Ok(None) };
        let committing = async {
            match key.zip(lease.keeping.get()) {
                Some((key, keeping)) => key.commit_open(&lease, keeping).await,
                None => lease.run("COMMIT").await,
            }
        };
        let asking = async { if tracked { position::written(&lease).await.ok() } else { None } };
        let (outcome, position) = join(committing, asking).await;
        // A commit that is refused rolls back by itself; anything else leaves the connection in doubt.
        if matches!(&outcome, Err(error) if error.code == ErrorCode::Unavailable) {
            lease.condemn();
        }
        lease.give_back();
        outcome.map(|()| position)
    }
}
