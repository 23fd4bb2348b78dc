//! A read that is one of several in a request holds these.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use tokio::{sync::OwnedMutexGuard, task::AbortHandle};

use super::state::State;

/// A read holds this until its answer comes, or until it is given up.
pub(crate) struct Held {
    /// The session, whose statements run one after the other.
    pub(crate) _session: OwnedMutexGuard<State>,
    pub(crate) request: Option<Arc<Request>>,
}

impl Held {
    /// Lets go of the session. When nobody waits for the rest of the request any more, it is given up.
    pub(crate) fn end(self, is_given_up: bool) {
        let Some(request) = self.request else { return };
        if is_given_up {
            request.is_given_up.store(true, Ordering::SeqCst);
        }
        let was_last = request.wanted.fetch_sub(1, Ordering::SeqCst) == 1;
        // When all reads are answered, the request comes to its end and keeps its connection.
        if was_last
            && request.is_given_up.load(Ordering::SeqCst)
            && let Some(task) = request.task.get()
        {
            task.abort();
        }
    }
}

/// A request that is under way.
#[derive(Default)]
pub(crate) struct Request {
    /// The number of reads that somebody waits for.
    pub(crate) wanted: AtomicUsize,
    /// True once one of them was given up.
    pub(crate) is_given_up: AtomicBool,
    pub(crate) task: OnceLock<AbortHandle>,
}
