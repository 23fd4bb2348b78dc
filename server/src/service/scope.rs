//! What a call runs under, and where.

use std::{ops::Deref, sync::Arc};

use phantomdb_protocol::CallContext;

use super::transactions::Turn;
use crate::engine::{Once, Session};

/// What travels beside a call, and the call as the engine knows it when it has a key.
pub(super) struct Scope {
    context: CallContext,
    pub(super) once: Option<Once>,
}

impl Scope {
    pub(super) fn of(context: CallContext) -> Self {
        Self { context, once: None }
    }

    pub(super) fn once(context: CallContext, once: Once) -> Self {
        Self { context, once: Some(once) }
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
