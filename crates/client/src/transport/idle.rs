//! Connections that wait for the next request: those of a client, or those that a caller has for itself.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::connect::Sender;

/// A connection that was idle for longer is not used again, as a firewall or proxy on the way may have dropped it.
const IDLE_MAX: Duration = Duration::from_secs(90);

tokio::task_local! {
    static OWN: Connections;
}

/// Connections that the calls of one caller share, and no other caller uses.
///
/// A connection of hyper makes progress only where its task runs. A caller that drives a tokio runtime of its own, and only
/// while it waits for a call, must therefore not share connections with callers elsewhere: a call would wait for a task
/// that nobody runs. Such a caller makes its calls within [`Connections::scope`], always with the same client.
#[derive(Clone, Default)]
pub struct Connections(Arc<Mutex<Idle>>);

/// By the URL of the server; the connection used last is at the end.
type Idle = HashMap<String, Vec<IdleConnection>>;

struct IdleConnection {
    sender: Sender,
    since: Instant,
}

impl Connections {
    /// Runs a future whose calls use these connections.
    pub async fn scope<F: Future>(&self, future: F) -> F::Output {
        OWN.scope(self.clone(), future).await
    }

    /// The connections of the scope that this runs in, if there is one.
    pub(super) fn of_scope() -> Option<Self> {
        OWN.try_with(Clone::clone).ok()
    }

    /// A connection to a server. Its task may still have to see that the last response was read.
    pub(super) fn take(&self, base: &str) -> Option<Sender> {
        let mut idle = self.0.lock();
        let connections = idle.get_mut(base)?;
        while let Some(last) = connections.pop() {
            if last.since.elapsed() > IDLE_MAX {
                // The others have been idle for even longer.
                connections.clear();
            } else if !last.sender.is_closed() {
                return Some(last.sender);
            }
        }
        None
    }

    /// Keeps a connection, unless `is_closed` says that no call follows.
    pub(super) fn keep(&self, base: &str, sender: Sender, is_closed: impl Fn() -> bool) {
        let mut idle = self.0.lock();
        // Within the lock: whoever closes empties the connections after they say so.
        if is_closed() {
            return;
        }
        let connection = IdleConnection { sender, since: Instant::now() };
        match idle.get_mut(base) {
            Some(connections) => connections.push(connection),
            None => drop(idle.insert(base.to_owned(), vec![connection])),
        }
    }

    pub(super) fn clear(&self) {
        self.0.lock().clear();
    }
}
