//! `string_agg`: values with a delimiter before each but the first.

use std::collections::VecDeque;

use phantomdb_protocol::{Error, ErrorCode, Result};

/// The most bytes of a result.
const MOST: usize = 1 << 29;

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
    /// Adds a value. `TOO_LARGE` beyond the limit of 512 MB.
    pub fn add(&mut self, value: &[u8], delimiter: &[u8]) -> Result<()> {
        if self.bytes.len() - self.start + value.len() + delimiter.len() > MOST {
            return Err(Error::new(ErrorCode::TooLarge, "the result of string_agg is longer than 512 MB"));
        }
        self.bytes.extend_from_slice(delimiter);
        self.bytes.extend_from_slice(value);
        self.lengths.push_back((delimiter.len(), value.len()));
        Ok(())
    }

    /// Takes the first value away.
    pub fn remove_first(&mut self) {
        let Some((delimiter, value)) = self.lengths.pop_front() else { return };
        self.start += delimiter + value;
        if self.start > self.bytes.len() / 2 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
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
