//! The context in which a call runs, and the session that it runs in.

use std::{
    mem,
    ops::Deref,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use phantomdb_engine::{IdempotentCall, Session};
use phantomdb_protocol::{CallContext, Error, ErrorCode, Result};
use tokio::runtime::Handle;

use super::{
    grant::Grant,
    open_transactions::{OpenTransactions, TransactionTurn},
};

/// The context of a call, with all that the engine needs to run the call once.
pub(super) struct ExecutionContext {
    context: CallContext,
    pub(super) grant: Arc<Grant>,
    /// The call as the engine knows it, when it has an idempotency key.
    pub(super) idempotent_call: Option<IdempotentCall>,
    /// The session in which the call writes. It knows the position of the database after that.
    session: OnceLock<Arc<dyn Session>>,
    /// The transaction that began with the call.
    begun: OnceLock<UnansweredTransaction>,
}

/// A transaction that began with a call whose caller does not know of it yet. It is rolled back when the caller goes away
/// before it is answered.
pub(super) struct UnansweredTransaction {
    pub(super) transactions: Arc<OpenTransactions>,
    pub(super) id: String,
    pub(super) owner: Option<String>,
    pub(super) is_answered: AtomicBool,
}

impl Drop for UnansweredTransaction {
    fn drop(&mut self) {
        if self.is_answered.load(Ordering::Relaxed) {
            return;
        }
        let (transactions, id, owner) =
            (Arc::clone(&self.transactions), mem::take(&mut self.id), self.owner.take());
        // Without a runtime the whole service is about to end.
        if let Ok(runtime) = Handle::try_current() {
            // It fails when the transaction has ended by itself.
            runtime.spawn(async move { transactions.rollback(&id, owner.as_deref()).await });
        }
    }
}

impl ExecutionContext {
    pub(super) fn new(
        context: CallContext,
        grant: Arc<Grant>,
        idempotent_call: Option<IdempotentCall>,
    ) -> Self {
        Self { context, grant, idempotent_call, session: OnceLock::new(), begun: OnceLock::new() }
    }

    /// Notes the transaction that began with the call.
    pub(super) fn set_begun(&self, begun: UnansweredTransaction) {
        self.begun.get_or_init(|| begun);
    }

    /// Notes that the caller is about to be answered. The transaction that began with the call is then the caller's.
    pub(super) fn answered(&self) {
        if let Some(begun) = self.begun.get() {
            begun.is_answered.store(true, Ordering::Relaxed);
        }
    }

    /// Sets the session in which the call writes, unless it is set already.
    pub(super) fn set_session(&self, session: &Arc<dyn Session>) {
        self.session.get_or_init(|| Arc::clone(session));
    }

    /// The position of the database after what the call wrote.
    pub(super) fn position_after(&self) -> Option<String> {
        self.session.get()?.position()
    }

    /// True when the call is part of a transaction, or begins one.
    pub(super) fn is_in_transaction(&self) -> bool {
        self.transaction.is_some() || self.new_transaction.is_some()
    }

    /// Refuses a call that cannot be part of a transaction.
    pub(super) fn refuse_in_transaction(&self) -> Result<()> {
        if !self.is_in_transaction() {
            return Ok(());
        }
        let message = "this call cannot run inside a transaction: send it without PhantomDB-Transaction";
        Err(Error::new(ErrorCode::BadRequest, message))
    }
}

impl Deref for ExecutionContext {
    type Target = CallContext;

    fn deref(&self) -> &CallContext {
        &self.context
    }
}

/// The session that a statement runs in.
pub(super) enum CallSession {
    /// Each statement is a transaction of its own.
    Autocommit(Arc<dyn Session>),
    /// The statement is part of a transaction.
    InTransaction(TransactionTurn),
}

impl Deref for CallSession {
    type Target = dyn Session;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Autocommit(session) => &**session,
            Self::InTransaction(turn) => &*turn.session,
        }
    }
}
