//! `string_agg`: values with a delimiter before each but the first.

use std::collections::VecDeque;

use phantomdb_protocol::Result;

use crate::text::limit::check;

/// The values so far, with the delimiter in front of each.
#[derive(Debug, Default)]
pub struct Concatenation {
    bytes: Vec<u8>,
    /// Where what is still there begins.
    start: usize,
    /// The lengths of each delimiter and each value.
    lengths: VecDeque<(usize, usize)>,
}

impl Concatenation {
    /// Adds a value. Fails with `TOO_LARGE` when the result would be too long.
    pub fn add(&mut self, value: &[u8], delimiter: &[u8]) -> Result<()> {
        check(self.bytes.len() - self.start + value.len() + delimiter.len())?;
        self.bytes.extend_from_slice(delimiter);
        self.bytes.extend_from_slice(value);
        self.lengths.push_back((delimiter.len(), value.len()));
        Ok(())
    }

    /// Takes the first value away. Returns how long it was, with its delimiter.
    pub fn remove_first(&mut self) -> usize {
        let Some((delimiter, value)) = self.lengths.pop_front() else { return 0 };
        self.start += delimiter + value;
        if self.start > self.bytes.len() / 2 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        delimiter + value
    }

    /// The values with the delimiters between them; none of nothing.
    pub fn joined(&self) -> Option<&[u8]> {
        let (delimiter, _) = self.lengths.front()?;
        self.bytes.get(self.start + delimiter..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_delimiter_is_not_shown() {
        let mut all = Concatenation::default();
        assert_eq!(all.joined(), None);
        for (value, delimiter) in [("a", "1"), ("", "2"), ("c", "")] {
            all.add(value.as_bytes(), delimiter.as_bytes()).unwrap();
        }
        assert_eq!(all.joined(), Some(b"a2c".as_slice()));
        all.remove_first();
        assert_eq!(all.joined(), Some(b"c".as_slice()));
        all.remove_first();
        all.remove_first();
        assert_eq!(all.joined(), None);
    }
}
