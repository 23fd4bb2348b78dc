//! The task that ends transactions which have been idle for too long. There is one for all of them, since to start and to
//! stop a task costs more than a short transaction in memory.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{sync::Notify, time::Instant};

/// A collection whose members end when their time has come.
pub(super) trait Expiring: Send + Sync + 'static {
    /// Ends what has expired. Returns when the next one can expire, and how many are left.
    fn end_expired(self: &Arc<Self>) -> (Option<Instant>, usize);

    fn expiry(&self) -> &Expiry;
}

/// The least time between two looks at the transactions, for each of them: a look takes time for each.
const PAUSE: Duration = Duration::from_micros(10);

#[derive(Default)]
pub(super) struct Expiry {
    state: Mutex<State>,
    /// Tells the task that it must look earlier than it wanted to.
    earlier: Arc<Notify>,
}

#[derive(Default)]
enum State {
    #[default]
    NoTask,
    /// The task sleeps until this time.
    SleepsUntil(Instant),
}

impl Expiry {
    /// Sees to it that the task looks at the transactions at this time.
    pub(super) fn watch<T: Expiring>(&self, transactions: &Arc<T>, expires_at: Instant) {
        let mut state = self.state.lock();
        match *state {
            State::SleepsUntil(time) if time <= expires_at => {}
            State::SleepsUntil(_) => {
                *state = State::SleepsUntil(expires_at);
                self.earlier.notify_one();
            }
            State::NoTask => {
                *state = State::SleepsUntil(expires_at);
                tokio::spawn(run(Arc::downgrade(transactions), Arc::clone(&self.earlier)));
            }
        }
    }

    /// Ends what has expired. Returns false when nothing is left to watch, and the task is to end.
    fn look<T: Expiring>(&self, transactions: &Arc<T>) -> bool {
        // A transaction that begins meanwhile waits for this lock, and then says when it expires.
        let mut state = self.state.lock();
        let (next, count) = transactions.end_expired();
        let earliest = Instant::now() + PAUSE * u32::try_from(count).unwrap_or(u32::MAX);
        *state = next.map_or(State::NoTask, |next| State::SleepsUntil(next.max(earliest)));
        next.is_some()
    }

    /// The time until which the task is to sleep.
    fn wakes_at(&self) -> Option<Instant> {
        match *self.state.lock() {
            State::NoTask => None,
            State::SleepsUntil(time) => Some(time),
        }
    }
}

async fn run<T: Expiring>(transactions: Weak<T>, earlier: Arc<Notify>) {
    loop {
        let Some(wakes_at) = transactions.upgrade().and_then(|open| open.expiry().wakes_at()) else { return };
        if tokio::time::timeout_at(wakes_at, earlier.notified()).await.is_ok() {
            continue;
        }
        match transactions.upgrade() {
            Some(open) if open.expiry().look(&open) => {}
            _ => return,
        }
    }
}
