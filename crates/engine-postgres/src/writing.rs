//! Writes that commit by themselves: under the key of their call, when it has one, and with the place in the log that
//! they came to, when there are replicas to read from.

use std::{
    future::Future,
    sync::atomic::{AtomicI32, Ordering},
};

use futures_util::future::join;
use phantomdb_protocol::{ErrorCode, Result, ResultSet, Statement};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    answers::{self, Entry, cancelled},
    connection::{Connection, guard},
    in_one::InOne,
    native,
    plan::{Form, Plan},
    position::{self, Position},
    prepare,
    run::{Failure, Ready},
    session::{Lease, PostgresSession, once},
    work::{One, Work},
};
use phantomdb_engine::IdempotentCall;

/// A call with an idempotency key.
pub(super) struct KeyedCall {
    pub(super) once: IdempotentCall,
    /// Writes so far, those too that turn out not to be any.
    writes: AtomicI32,
}

impl KeyedCall {
    pub(super) fn new(once: &IdempotentCall) -> Self {
        Self { once: once.clone(), writes: AtomicI32::new(0) }
    }
}

impl PostgresSession {
    /// Where the answer of the next write is kept.
    fn entry(&self) -> Option<Entry> {
        let call = self.call.as_ref().filter(|_| self.database.answers.are_kept())?;
        Some(Entry { once: call.once.clone(), write: call.writes.fetch_add(1, Ordering::Relaxed) })
    }

    /// Gives up work that nobody waits for any more: what it holds is dropped, and its statement stopped with that.
    pub(super) async fn unless_cancelled<T>(
        &self,
        work: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        match &self.call {
            None => work.await,
            Some(call) => {
                call.once.cancelled.run_until_cancelled(work).await.unwrap_or_else(|| Err(cancelled()))
            }
        }
    }

    fn reach(&self, position: Option<Position>) {
        let mut reached = guard(&self.reached);
        *reached = position.max(*reached);
    }

    /// Runs a write by itself and takes down where the log is then.
    pub(super) async fn write(&self, plan: &Plan, statement: &Statement) -> Result<ResultSet> {
        let entry = self.entry().filter(|_| !statement.native || native::is_transactional(&statement.query));
        let lease = self.database.lease().await?;
        let kept = match entry {
            None => Ok(None),
            Some(entry) => self.keep(&lease, &entry, plan, statement).await,
        };
        let outcome = match kept {
            Ok(None) if self.database.is_tracked() => {
                let (outcome, position) = tracked(&lease, plan, statement).await;
                self.reach(position);
                outcome
            }
            Ok(None) => self.unless_cancelled(once(&lease, plan, statement)).await,
            Ok(Some(answer)) => Ok(answer),
            Err(error) => Err(error),
        };
        let is_over = |code| !matches!(code, ErrorCode::Unavailable | ErrorCode::StatementTimeout);
        if matches!(&outcome, Err(error) if !is_over(error.code)) {
            lease.condemn();
        }
        self.give_back(lease);
        outcome
    }

    /// A write whose answer is kept. None where none is, and nothing has run.
    async fn keep(
        &self,
        lease: &Lease,
        entry: &Entry,
        plan: &Plan,
        statement: &Statement,
    ) -> Result<Option<ResultSet>> {
        let bare = plan.single();
        if let (Some(bare), Some(form)) = (&bare, &plan.in_one)
            && form.takes(&plan.adapted, statement)
        {
            return self.keep_in_one(lease, entry, plan, (form, bare), statement).await;
        }
        if let Some(form) = bare
            && let Ok(prepared) = prepare::prepare(lease, &form, &statement.parameters, None).await
        {
            let ready = Ready::new(plan, prepared, statement)?;
            match self.keeping(lease, entry, &ready, true).await {
                Err(Failure::Stale(_)) => lease.forget(plan.id),
                kept => return kept.map_err(Failure::into_error),
            }
        }
        self.keeping(lease, entry, &One(plan, statement), false).await.map_err(Failure::into_error)
    }

    /// In one statement, or else in a transaction. What can only ever run there does from then on.
    async fn keep_in_one(
        &self,
        lease: &Lease,
        entry: &Entry,
        plan: &Plan,
        (form, bare): (&InOne, &Form<'_>),
        statement: &Statement,
    ) -> Result<Option<ResultSet>> {
        let known = prepare::known(lease, form.id, &statement.parameters);
        let is_new = known.is_none();
        let prepared = match known {
            Some(prepared) => Ok(prepared),
            None => {
                let form = Form { id: form.id, sql: &form.sql(bare), ..*bare };
                self.unless_cancelled(prepare::prepare(lease, &form, &statement.parameters, None)).await
            }
        };
        let is_doubtful = match prepared {
            Ok(prepared) => {
                let tracked = self.database.is_tracked();
                match entry.in_one(lease, form, &prepared, statement, tracked).await {
                    Err(Failure::Stale(_)) => {
                        lease.forget(form.id);
                        is_new
                    }
                    Err(failure) => return Err(failure.into_error()),
                    Ok((answer, position)) => {
                        self.reach(position);
                        return Ok(Some(answer));
                    }
                }
            }
            Err(error) => InOne::is_refusal(&error),
        };
        // What is prepared of the statement alone may be as old.
        lease.forget(plan.id);
        let kept = self.keeping(lease, entry, &One(plan, statement), false).await;
        if is_doubtful && kept.is_ok() {
            form.refuse();
        }
        kept.map_err(Failure::into_error)
    }

    async fn keeping<W: Work>(
        &self,
        lease: &Lease,
        entry: &Entry,
        work: &W,
        at_once: bool,
    ) -> Result<Option<W::Answer>, Failure>
    where
        W::Answer: Serialize + DeserializeOwned + Sync,
    {
        let tracked = self.database.is_tracked();
        let kept = entry.once(lease, &self.database.answers, work, at_once, tracked).await?;
        Ok(kept.map(|(answer, position)| {
            self.reach(position);
            answer
        }))
    }

    /// Work that is one write. None where no answers are kept, and nothing has run.
    pub(super) async fn whole<W: Work>(&self, work: &W) -> Result<Option<W::Answer>>
    where
        W::Answer: Serialize + DeserializeOwned + Sync,
    {
        let Some(entry) = self.entry() else { return Ok(None) };
        let lease = self.database.lease().await?;
        let mut kept = self.keeping(&lease, &entry, work, false).await;
        if matches!(kept, Err(Failure::Stale(_))) {
            kept = self.keeping(&lease, &entry, work, false).await;
        }
        self.give_back(lease);
        kept.map_err(Failure::into_error)
    }

    fn give_back(&self, lease: Lease) {
        if self.call.is_some() && lease.can_be_used() && self.database.answers.forget_now() {
            tokio::spawn(async move {
                answers::forget(&lease).await;
                lease.give_back();
            });
            return;
        }
        lease.give_back();
    }

    /// Takes down where the log is after what was done on the connection.
    pub(super) async fn track(&self, lease: &Lease) {
        if self.database.is_tracked() {
            self.reach(position::written(lease).await.ok());
        }
    }
}

/// Runs one statement that commits by itself. Answers also where the log is then.
async fn tracked(
    connection: &Connection,
    plan: &Plan,
    statement: &Statement,
) -> (Result<ResultSet>, Option<Position>) {
    let known = plan.single().and_then(|form| prepare::known(connection, form.id, &statement.parameters));
    if let Some(Ok(ready)) = known.map(|prepared| Ready::new(plan, prepared, statement)) {
        match join(ready.send(connection), position::written(connection)).await {
            (Err(Failure::Stale(_)), _) => connection.forget(plan.id),
            (outcome, position) => return (outcome.map_err(Failure::into_error), position.ok()),
        }
    }
    let outcome = once(connection, plan, statement).await;
    (outcome, position::written(connection).await.ok())
}
