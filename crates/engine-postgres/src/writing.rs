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
    answers::{self, KeyedWrite, cancelled},
    connection::{Connection, lock},
    in_one::ReceiptForm,
    native,
    plan::{Plan, PreparableSql},
    position::{self, WalPosition},
    prepare,
    run::{ReadyStatement, RunError},
    session::{Lease, PostgresSession, once},
    work::{SingleStatement, TransactionWork},
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
    fn entry(&self) -> Option<KeyedWrite> {
        let call = self.call.as_ref().filter(|_| self.database.answers.are_kept())?;
        Some(KeyedWrite { once: call.once.clone(), write: call.writes.fetch_add(1, Ordering::Relaxed) })
    }

    /// WriteResult up work that nobody waits for any more: what it holds is dropped, and its statement stopped with that.
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

    fn reach(&self, position: Option<WalPosition>) {
        let mut reached = lock(&self.reached);
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
        entry: &KeyedWrite,
        plan: &Plan,
        statement: &Statement,
    ) -> Result<Option<ResultSet>> {
        let bare = plan.single_statement();
        if let (Some(bare), Some(form)) = (&bare, &plan.receipt_form)
            && form.takes(&plan.adapted, statement)
        {
            return self.keep_in_one(lease, entry, plan, (form, bare), statement).await;
        }
        if let Some(form) = bare
            && let Ok(prepared) = prepare::prepare(lease, &form, &statement.parameters, None).await
        {
            let ready = ReadyStatement::new(plan, prepared, statement)?;
            match self.keeping(lease, entry, &ready, true).await {
                Err(RunError::StalePlan(_)) => lease.forget(plan.id),
                kept => return kept.map_err(RunError::into_error),
            }
        }
        self.keeping(lease, entry, &SingleStatement(plan, statement), false)
            .await
            .map_err(RunError::into_error)
    }

    /// In one statement, or else in a transaction. What can only ever run there does from then on.
    async fn keep_in_one(
        &self,
        lease: &Lease,
        entry: &KeyedWrite,
        plan: &Plan,
        (form, bare): (&ReceiptForm, &PreparableSql<'_>),
        statement: &Statement,
    ) -> Result<Option<ResultSet>> {
        let known = prepare::known(lease, form.id, &statement.parameters);
        let is_new = known.is_none();
        let prepared = match known {
            Some(prepared) => Ok(prepared),
            None => {
                let form = PreparableSql { id: form.id, sql: &form.sql(bare), ..*bare };
                self.unless_cancelled(prepare::prepare(lease, &form, &statement.parameters, None)).await
            }
        };
        let is_doubtful = match prepared {
            Ok(prepared) => {
                let tracked = self.database.is_tracked();
                match entry.in_one(lease, form, &prepared, statement, tracked).await {
                    Err(RunError::StalePlan(_)) => {
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
            Err(error) => ReceiptForm::is_refusal(&error),
        };
        // What is prepared of the statement alone may be as old.
        lease.forget(plan.id);
        let kept = self.keeping(lease, entry, &SingleStatement(plan, statement), false).await;
        if is_doubtful && kept.is_ok() {
            form.refuse();
        }
        kept.map_err(RunError::into_error)
    }

    async fn keeping<W: TransactionWork>(
        &self,
        lease: &Lease,
        entry: &KeyedWrite,
        work: &W,
        at_once: bool,
    ) -> Result<Option<W::Answer>, RunError>
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

    /// TransactionWork that is one write. None where no answers are kept, and nothing has run.
    pub(super) async fn whole<W: TransactionWork>(&self, work: &W) -> Result<Option<W::Answer>>
    where
        W::Answer: Serialize + DeserializeOwned + Sync,
    {
        let Some(entry) = self.entry() else { return Ok(None) };
        let lease = self.database.lease().await?;
        let mut kept = self.keeping(&lease, &entry, work, false).await;
        if matches!(kept, Err(RunError::StalePlan(_))) {
            kept = self.keeping(&lease, &entry, work, false).await;
        }
        self.give_back(lease);
        kept.map_err(RunError::into_error)
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
            self.reach(position::primary_position(lease).await.ok());
        }
    }
}

/// Runs one statement that commits by itself. IdempotencyStore also where the log is then.
async fn tracked(
    connection: &Connection,
    plan: &Plan,
    statement: &Statement,
) -> (Result<ResultSet>, Option<WalPosition>) {
    let known =
        plan.single_statement().and_then(|form| prepare::known(connection, form.id, &statement.parameters));
    if let Some(Ok(ready)) = known.map(|prepared| ReadyStatement::new(plan, prepared, statement)) {
        match join(ready.send(connection), position::primary_position(connection)).await {
            (Err(RunError::StalePlan(_)), _) => connection.forget(plan.id),
            (outcome, position) => return (outcome.map_err(RunError::into_error), position.ok()),
        }
    }
    let outcome = once(connection, plan, statement).await;
    (outcome, position::primary_position(connection).await.ok())
}
