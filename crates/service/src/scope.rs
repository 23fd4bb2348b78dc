//! What a call runs under, and where.

use std::{
    ops::Deref,
    sync::{Arc, OnceLock},
};

use phantomdb_protocol::CallContext;

use super::transactions::Turn;
use phantomdb_engine::{IdempotentCall, Session};

/// What travels beside a call, and the call as the engine knows it when it has a key.
pub(super) struct Scope {
    context: CallContext,
    pub(super) once: Option<IdempotentCall>,
    /// Where the call writes, which knows how far the database has come then.
    session: OnceLock<Arc<dyn Session>>,
}

impl Scope {
    pub(super) fn of(context: CallContext) -> Self {
        Self { context, once: None, session: OnceLock::new() }
    }

    pub(super) fn once(context: CallContext, once: IdempotentCall) -> Self {
        Self { context, once: Some(once), session: OnceLock::new() }
    }

    /// The call is run in this session, unless it is in one already.
    pub(super) fn runs_in(&self, session: &Arc<dyn Session>) {
        self.session.get_or_init(|| Arc::clone(session));
    }

    /// How far the database has come with what the call wrote.
    pub(super) fn reached(&self) -> Option<String> {
        self.session.get()?.position()
    }
}

impl Deref for Scope {
    type Target = CallContext;

    fn deref(&self) -> &CallContext {
        &self.context
    }
}

/// Where a statement runs: by itself, or as one of a transaction.
pub(super) enum Place {
    Alone(Arc<dyn Session>),
    Within(Turn),
}

impl Deref for Place {
    type Target = dyn Session;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Alone(session) => &**session,
            Self::Within(turn) => &*turn.session,
        }
    }
}
