//! Writes that commit by themselves: under the key of their call, when it has one, and with the position in the log that
//! they reached, when there are replicas to read from.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
    },
};

use futures_util::future::join;
use parking_lot::Mutex;
use phantomdb_engine::{IdempotentCall, deadline};
use phantomdb_protocol::{ErrorCode, Result, ResultSet, Statement};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    autocommit::run_statement,
    batch::SingleStatement,
    connection::Connection,
    database::{Database, Lease},
    deadline::until_deadline,
    idempotency_store::{self, KeyedWrite, cancelled},
    plan_cache::{Plan, PreparableSql},
    prepare,
    receipt_sql::ReceiptForm,
    run::ReadyStatement,
    run_error::RunError,
    transaction_work::TransactionWork,
    wal_position::{self, WalPosition},
};

/// A call with an idempotency key.
pub(crate) struct KeyedCall {
    pub(crate) call: IdempotentCall,
    /// The number of writes so far, including calls that turned out to write nothing.
    writes: AtomicI32,
}

impl KeyedCall {
    pub(crate) fn new(call: &IdempotentCall) -> Self {
        Self { call: call.clone(), writes: AtomicI32::new(0) }
    }
}

/// Runs the writes of one session.
pub(crate) struct AutocommitWriter {
    pub(crate) database: Arc<Database>,
    pub(crate) call: Option<KeyedCall>,
    /// The position of the log after the last write.
    position: Mutex<Option<WalPosition>>,
}

impl AutocommitWriter {
    pub(crate) fn new(database: Arc<Database>, call: Option<KeyedCall>) -> Self {
        Self { database, call, position: Mutex::default() }
    }

    pub(crate) fn position(&self) -> Option<WalPosition> {
        *self.position.lock()
    }

    /// The key under which the receipt of the next write is stored.
    fn next_keyed_write(&self) -> Option<KeyedWrite> {
        let call = self.call.as_ref().filter(|_| self.database.idempotency_store.is_available())?;
        Some(KeyedWrite { call: call.call.clone(), write: call.writes.fetch_add(1, Ordering::Relaxed) })
    }

    /// Runs work until its call is cancelled. What the work holds is dropped then, and its statement stopped with it.
    pub(crate) async fn unless_cancelled<T>(
        &self,
        work: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        match &self.call {
            None => work.await,
            Some(call) => {
                call.call.cancelled.run_until_cancelled(work).await.unwrap_or_else(|| Err(cancelled()))
            }
        }
    }

    fn advance_to(&self, position: Option<WalPosition>) {
        let mut reached = self.position.lock();
        *reached = position.max(*reached);
    }

    /// Runs a write by itself and remembers the position of the log after it.
    pub(crate) async fn write(&self, plan: &Plan, statement: &Statement) -> Result<ResultSet> {
        let write = self.next_keyed_write().filter(|_| !plan.adapted.outside_transaction);
        let lease = deadline::unless_passed(self.database.lease()).await?;
        let outcome = until_deadline(&lease, self.write_on(&lease, write, plan, statement)).await;
        let is_final = |code| !matches!(code, ErrorCode::Unavailable | ErrorCode::StatementTimeout);
        if matches!(&outcome, Err(error) if !is_final(error.code)) {
            lease.mark_unusable();
        }
        self.give_back(lease);
        outcome
    }

    async fn write_on(
        &self,
        lease: &Lease,
        write: Option<KeyedWrite>,
        plan: &Plan,
        statement: &Statement,
    ) -> Result<ResultSet> {
        if let Some(write) = write
            && let Some(answer) = self.run_keyed(lease, &write, plan, statement).await?
        {
            return Ok(answer);
        }
        if self.database.is_tracked() {
            let (outcome, position) = run_tracked(lease, plan, statement).await;
            self.advance_to(position);
            return outcome;
        }
        self.unless_cancelled(run_statement(lease, plan, statement)).await
    }

    /// Runs a write and stores its receipt. Gives none, and runs nothing, when no receipts can be stored.
    async fn run_keyed(
        &self,
        lease: &Lease,
        write: &KeyedWrite,
        plan: &Plan,
        statement: &Statement,
    ) -> Result<Option<ResultSet>> {
        let bare = plan.single_statement(statement);
        if let (Some(bare), Some(form)) = (&bare, &plan.receipt_form)
            && form.takes(&plan.adapted, statement)
        {
            return self.run_with_receipt(lease, write, plan, (form, bare), statement).await;
        }
        if let Some(form) = bare
            && let Ok(prepared) = prepare::prepare(lease, &form, &statement.parameters, None).await
        {
            let ready = ReadyStatement::new(plan, prepared, statement)?;
            match self.run_in_transaction(lease, write, &ready, true).await {
                Err(RunError::StalePlan(_)) => lease.forget(plan.id),
                stored => return stored.map_err(RunError::into_error),
            }
        }
        self.run_in_new_transaction(lease, write, &SingleStatement(plan, statement)).await
    }

    /// Runs a write and its receipt as one statement, or else in a transaction. A write that can only run in a
    /// transaction is run there from then on.
    async fn run_with_receipt(
        &self,
        lease: &Lease,
        write: &KeyedWrite,
        plan: &Plan,
        (form, bare): (&ReceiptForm, &PreparableSql<'_>),
        statement: &Statement,
    ) -> Result<Option<ResultSet>> {
        let known = prepare::find_prepared(lease, form.id, &statement.parameters);
        let is_new = known.is_none();
        let prepared = match known {
            Some(prepared) => Ok(prepared),
            None => {
                let is_limited = plan.adapted.may_change_before_rows() && !lease.results.are_none();
                let limits = Some(&lease.results).filter(|_| is_limited);
                let form = PreparableSql {
                    id: form.id,
                    sql: &form.sql(bare.sql, bare.adapted.parameter_count, limits),
                    ..*bare
                };
                self.unless_cancelled(prepare::prepare(lease, &form, &statement.parameters, None)).await
            }
        };
        let is_doubtful = match prepared {
            Ok(prepared) => {
                let tracked = self.database.is_tracked();
                match write.run_with_receipt(lease, form, &prepared, statement, tracked).await {
                    Err(RunError::StalePlan(error)) if ReceiptForm::is_not_small(&error) => true,
                    Err(RunError::StalePlan(_)) => {
                        lease.forget(form.id);
                        is_new
                    }
                    Err(failure) => return Err(failure.into_error()),
                    Ok((answer, position)) => {
                        self.advance_to(position);
                        return Ok(Some(answer));
                    }
                }
            }
            Err(error) => ReceiptForm::is_refusal(&error),
        };
        // The prepared form of the statement alone may be as old.
        lease.forget(plan.id);
        let stored = self.run_in_new_transaction(lease, write, &SingleStatement(plan, statement)).await;
        if is_doubtful && stored.is_ok() {
            form.refuse();
        }
        stored
    }

    /// Runs a write in a transaction, and again if a statement that was prepared before no longer fits the tables.
    async fn run_in_new_transaction<W: TransactionWork>(
        &self,
        lease: &Lease,
        write: &KeyedWrite,
        work: &W,
    ) -> Result<Option<W::Output>>
    where
        W::Output: Serialize + DeserializeOwned + Sync,
    {
        let mut stored = self.run_in_transaction(lease, write, work, false).await;
        if matches!(stored, Err(RunError::StalePlan(_))) {
            stored = self.run_in_transaction(lease, write, work, false).await;
        }
        stored.map_err(RunError::into_error)
    }

    async fn run_in_transaction<W: TransactionWork>(
        &self,
        lease: &Lease,
        write: &KeyedWrite,
        work: &W,
        at_once: bool,
    ) -> Result<Option<W::Output>, RunError>
    where
        W::Output: Serialize + DeserializeOwned + Sync,
    {
        let tracked = self.database.is_tracked();
        let stored =
            write.run_in_transaction(lease, &self.database.idempotency_store, work, at_once, tracked).await?;
        Ok(stored.map(|(answer, position)| {
            self.advance_to(position);
            answer
        }))
    }

    /// Runs work that is one write. Gives none, and runs nothing, when no receipts can be stored.
    pub(crate) async fn run_work<W: TransactionWork>(&self, work: &W) -> Result<Option<W::Output>>
    where
        W::Output: Serialize + DeserializeOwned + Sync,
    {
        let Some(write) = self.next_keyed_write() else { return Ok(None) };
        let lease = deadline::unless_passed(self.database.lease()).await?;
        let stored = until_deadline(&lease, self.run_in_new_transaction(&lease, &write, work)).await;
        self.give_back(lease);
        stored
    }

    fn give_back(&self, lease: Lease) {
        if self.call.is_some() && lease.is_usable() && self.database.idempotency_store.cleanup_is_due() {
            tokio::spawn(async move {
                idempotency_store::delete_old(&lease).await;
                lease.give_back();
            });
            return;
        }
        lease.give_back();
    }

    /// Remembers the position of the log after the work on this connection.
    pub(crate) async fn track(&self, lease: &Lease) {
        if self.database.is_tracked() {
            self.advance_to(wal_position::primary_position(lease).await.ok());
        }
    }
}

/// Runs one statement that commits by itself. Gives the position of the log after it too.
async fn run_tracked(
    connection: &Connection,
    plan: &Plan,
    statement: &Statement,
) -> (Result<ResultSet>, Option<WalPosition>) {
    let known = plan
        .single_statement(statement)
        .and_then(|form| prepare::find_prepared(connection, form.id, &statement.parameters));
    if let Some(Ok(ready)) = known.map(|prepared| ReadyStatement::new(plan, prepared, statement))
        && !ready.commits_after_rows(connection)
    {
        match join(ready.send_alone(connection), wal_position::primary_position(connection)).await {
            (Err(RunError::StalePlan(_)), _) => connection.forget(plan.id),
            (outcome, position) => return (outcome.map_err(RunError::into_error), position.ok()),
        }
    }
    let outcome = run_statement(connection, plan, statement).await;
    (outcome, wal_position::primary_position(connection).await.ok())
}
