//! The values of a window's frame, kept so that a result can be computed anew when the first one leaves.

use std::collections::VecDeque;

/// As many values are kept at most. A group is no frame, and may have more rows than there is memory.
const MOST: usize = 1 << 16;

/// The latest values in their order, as long as they are few.
#[derive(Debug)]
pub struct Frame<T> {
    values: VecDeque<T>,
    complete: bool,
}

impl<T> Default for Frame<T> {
    fn default() -> Self {
        Self { values: VecDeque::new(), complete: true }
    }
}

impl<T> Frame<T> {
    pub fn push(&mut self, value: T) {
        if !self.complete {
            return;
        }
        if self.values.len() == MOST {
            self.give_up();
            return;
        }
        self.values.push_back(value);
    }

    /// Keeps no values any longer: they are too many, or too large.
    pub fn give_up(&mut self) {
        self.complete = false;
        self.values = VecDeque::new();
    }

    pub fn remove_first(&mut self) {
        self.values.pop_front();
    }

    /// The values; none when they were too many to be kept.
    pub const fn values(&self) -> Option<&VecDeque<T>> {
        if self.complete { Some(&self.values) } else { None }
    }
}
