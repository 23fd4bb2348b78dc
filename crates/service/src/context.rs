//! The context in which a call runs, and the session that it runs in.

use std::{
    ops::Deref,
    sync::{Arc, OnceLock},
};

use phantomdb_engine::{IdempotentCall, Session};
use phantomdb_protocol::{CallContext, Error, ErrorCode, Result};

use super::open_transactions::TransactionTurn;

/// The context of a call, with all that the engine needs to run the call once.
pub(super) struct ExecutionContext {
    context: CallContext,
    /// The call as the engine knows it, when it has an idempotency key.
    pub(super) idempotent_call: Option<IdempotentCall>,
    /// The session in which the call writes. It knows the position of the database after that.
    session: OnceLock<Arc<dyn Session>>,
}

impl ExecutionContext {
    pub(super) fn new(context: CallContext, idempotent_call: Option<IdempotentCall>) -> Self {
        Self { context, idempotent_call, session: OnceLock::new() }
    }

    /// Sets the session in which the call writes, unless it is set already.
    pub(super) fn set_session(&self, session: &Arc<dyn Session>) {
        self.session.get_or_init(|| Arc::clone(session));
    }

    /// The position of the database after what the call wrote.
    pub(super) fn position_after(&self) -> Option<String> {
        self.session.get()?.position()
    }

    /// Refuses a call that cannot be part of a transaction.
    pub(super) fn refuse_in_transaction(&self) -> Result<()> {
        if self.transaction.is_none() {
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
