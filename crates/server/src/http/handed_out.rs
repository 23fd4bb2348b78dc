//! The answers of a connection of which a part is with the caller, who may not take it.

use std::{collections::BTreeMap, time::Duration};

use axum::body::Bytes;
use parking_lot::Mutex;

/// The answers, each with the moment at which its last part was handed out.
#[derive(Debug, Default)]
pub(super) struct HandedOut(Mutex<Answers>);

#[derive(Debug, Default)]
struct Answers {
    since: BTreeMap<u64, u64>,
    next: u64,
}

impl HandedOut {
    /// Adds an answer. Returns its number.
    pub(super) fn add(&self, moment: u64) -> u64 {
        let mut answers = self.0.lock();
        answers.next += 1;
        let number = answers.next;
        answers.since.insert(number, moment);
        number
    }

    /// Removes an answer whose part the caller has taken.
    pub(super) fn remove(&self, number: u64) {
        self.0.lock().since.remove(&number);
    }

    /// The oldest moment, and how long its answer may wait: the answers of a connection share its speed. None without
    /// answers.
    pub(super) fn oldest(&self, limit: Duration) -> Option<(u64, Duration)> {
        let answers = self.0.lock();
        let oldest = answers.since.values().min()?;
        Some((*oldest, limit.saturating_mul(u32::try_from(answers.since.len()).unwrap_or(u32::MAX))))
    }
}

/// The largest part of an answer over HTTP/2. When it asks for the next part, the caller has taken of the one before.
const PART: usize = 16 << 10;

/// Takes the next part, and leaves the rest.
pub(super) fn take_part(data: &mut Bytes) -> Bytes {
    data.split_to(PART.min(data.len()))
}
