//! Parts of byte strings by position, and finding one in another.

use phantomdb_protocol::Result;

use crate::text::{
    limit::check,
    pad::Side,
    slice::{overlay_rest, range},
};

/// `substring(bytes from … for …)`. Positions count from 1.
pub fn substring(bytes: &[u8], from: i64, length: Option<i64>) -> Result<&[u8]> {
    let range = range(from, length)?;
    let end = range.end.min(bytes.len());
    Ok(bytes.get(range.start.min(end)..end).unwrap_or_default())
}

/// `overlay(bytes placing … from … for …)`.
pub fn overlay(bytes: &[u8], new: &[u8], from: i64, length: Option<i64>) -> Result<Vec<u8>> {
    let rest = overlay_rest(from, length.unwrap_or_else(|| i64::try_from(new.len()).unwrap_or(i64::MAX)))?;
    let (head, tail) = (substring(bytes, 1, Some(from - 1))?, substring(bytes, rest, None)?);
    check(head.len() + new.len() + tail.len())?;
    Ok([head, new, tail].concat())
}

/// `position`: where one first occurs in the other, from 1; 0 when it does not.
pub fn position(bytes: &[u8], wanted: &[u8]) -> i64 {
    let found = if wanted.is_empty() { Some(0) } else { find(bytes, wanted) };
    found.and_then(|index| i64::try_from(index + 1).ok()).unwrap_or(0)
}

/// Finds by Knuth, Morris and Pratt, so that the time grows with the sum of the lengths.
fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let mut borders = vec![0; wanted.len()];
    let mut matched = 0;
    for index in 1..wanted.len() {
        while matched > 0 && wanted[index] != wanted[matched] {
            matched = borders[matched - 1];
        }
        matched += usize::from(wanted[index] == wanted[matched]);
        borders[index] = matched;
    }
    matched = 0;
    for (index, byte) in bytes.iter().enumerate() {
        while matched > 0 && *byte != wanted[matched] {
            matched = borders[matched - 1];
        }
        matched += usize::from(*byte == wanted[matched]);
        if matched == wanted.len() {
            return Some(index + 1 - matched);
        }
    }
    None
}

/// `btrim`, `ltrim` and `rtrim`: without those bytes at the ends.
pub fn trim<'a>(bytes: &'a [u8], removed: &[u8], side: Side) -> &'a [u8] {
    let mut set = [false; 256];
    for byte in removed {
        set[usize::from(*byte)] = true;
    }
    let stays = |byte: &u8| !set[usize::from(*byte)];
    let start = if side == Side::Right { Some(0) } else { bytes.iter().position(stays) };
    let end = if side == Side::Left {
        Some(bytes.len())
    } else {
        bytes.iter().rposition(stays).map(|last| last + 1)
    };
    match (start, end) {
        (Some(start), Some(end)) => bytes.get(start..end).unwrap_or_default(),
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_cuts_replaces_and_trims() {
        assert_eq!(substring(b"abcd", 2, Some(2)).unwrap(), b"bc");
        assert_eq!(substring(b"abcd", -1, Some(3)).unwrap(), b"a");
        assert_eq!(substring(b"abcd", 9, None).unwrap(), b"");
        assert!(substring(b"a", 1, Some(-1)).is_err());
        assert_eq!(overlay(b"abcdef", b"XY", 2, None).unwrap(), b"aXYdef");
        assert_eq!(trim(b"xxaxbxx", b"x", Side::Both), b"axb");
        assert_eq!(trim(b"xxaxx", b"x", Side::Left), b"axx");
        assert_eq!(trim(b"xxaxx", b"x", Side::Right), b"xxa");
        assert_eq!(trim(b"xxx", b"x", Side::Both), b"");
    }

    proptest! {
        #[test]
        fn it_finds_the_first_occurrence(
            bytes in proptest::collection::vec(0_u8..3, 0..30),
            wanted in proptest::collection::vec(0_u8..3, 1..4),
        ) {
            let expected = bytes.windows(wanted.len()).position(|part| part == wanted);
            prop_assert_eq!(find(&bytes, &wanted), expected);
        }
    }
}
