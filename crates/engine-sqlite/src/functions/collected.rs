//! The values that an aggregate keeps until its group or its frame ends. They are counted with the memory of SQLite, and are no
//! more than a value may have.

use std::collections::VecDeque;

use phantomdb_protocol::{Error, ErrorCode, Result};
use phantomdb_values::{arrays::Item, text::limit::LONGEST_RESULT};
use rusqlite::types::Value;

use crate::heap::Share;

/// A value with a size.
pub(super) trait Weighed {
    /// The bytes of its texts.
    fn bytes(&self) -> usize;
}

impl Weighed for Item {
    fn bytes(&self) -> usize {
        match self {
            Self::Null | Self::Boolean(_) | Self::Integer(_) | Self::Float(_) => 0,
            Self::Text(text) | Self::Document(text) => text.len(),
            Self::Array(items) => items.iter().map(|item| size_of::<Self>() + item.bytes()).sum(),
        }
    }
}

impl Weighed for Value {
    fn bytes(&self) -> usize {
        match self {
            Self::Null | Self::Integer(_) | Self::Real(_) => 0,
            Self::Text(text) => text.len(),
            Self::Blob(bytes) => bytes.len(),
        }
    }
}

impl Weighed for f64 {
    fn bytes(&self) -> usize {
        0
    }
}

impl Weighed for String {
    fn bytes(&self) -> usize {
        self.len()
    }
}

impl<T: Weighed> Weighed for Option<T> {
    fn bytes(&self) -> usize {
        self.as_ref().map_or(0, T::bytes)
    }
}

impl<A: Weighed, B: Weighed> Weighed for (A, B) {
    fn bytes(&self) -> usize {
        self.0.bytes() + self.1.bytes()
    }
}

/// Values in the order of their rows.
pub(super) struct Collected<T> {
    values: VecDeque<T>,
    /// The bytes of their texts.
    bytes: usize,
    share: Share,
}

impl<T> Default for Collected<T> {
    fn default() -> Self {
        Self { values: VecDeque::new(), bytes: 0, share: Share::default() }
    }
}

impl<T: Weighed> Collected<T> {
    /// Adds a value. Fails with `TOO_LARGE` when they are too many.
    pub(super) fn push(&mut self, value: T) -> Result<()> {
        let bytes = value.bytes();
        if self.bytes + bytes > LONGEST_RESULT {
            let message = format!(
                "the values of an aggregate function have more than {} MB; aggregate fewer rows at a time",
                LONGEST_RESULT >> 20
            );
            return Err(Error::new(ErrorCode::TooLarge, message));
        }
        self.share.add(size_of::<T>() + bytes)?;
        self.bytes += bytes;
        self.values.push_back(value);
        Ok(())
    }

    /// Takes the first value away, which has left the frame.
    pub(super) fn remove_first(&mut self) {
        let Some(value) = self.values.pop_front() else { return };
        let bytes = value.bytes();
        self.bytes -= bytes;
        self.share.remove(size_of::<T>() + bytes);
    }

    pub(super) const fn values(&self) -> &VecDeque<T> {
        &self.values
    }

    /// The values, in one piece.
    pub(super) fn slice(&mut self) -> &[T] {
        self.values.make_contiguous()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_as_much_as_a_value_may_have_at_a_time() {
        let mut collected = Collected::default();
        let half = || Some("a".repeat(LONGEST_RESULT / 2));
        for value in [half(), None, half()] {
            collected.push(value).unwrap();
        }
        assert_eq!(collected.push(Some("a".to_owned())).unwrap_err().code, ErrorCode::TooLarge);
        // The first value leaves the frame.
        collected.remove_first();
        collected.push(half()).unwrap();
        assert_eq!((collected.values().len(), collected.bytes), (3, LONGEST_RESULT));
        (0..4).for_each(|_| collected.remove_first());
        assert_eq!((collected.values().len(), collected.bytes), (0, 0));
    }
}
