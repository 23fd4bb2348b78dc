//! Parts of text by position. Positions count characters from 1.

use std::ops::Range;

use phantomdb_protocol::{Error, ErrorCode, Result};

use super::limit::{check, invalid};

/// The positions that `substring(… from … for …)` means, from 0, in a value of any length.
///
/// Positions before the value count, so that `substring('abc' from -1 for 3)` is `a`. Fails when the length is negative.
pub fn range(from: i64, length: Option<i64>) -> Result<Range<usize>> {
    let start = usize::try_from(from.max(1) - 1).unwrap_or(usize::MAX);
    let Some(length) = length else { return Ok(start..usize::MAX) };
    if length < 0 {
        return Err(invalid("the length of a substring must not be negative"));
    }
    let end = usize::try_from((from - 1).saturating_add(length).max(0)).unwrap_or(usize::MAX);
    Ok(start.min(end)..end)
}

/// `substring(text from … for …)`.
pub fn substring(text: &str, from: i64, length: Option<i64>) -> Result<&str> {
    let range = range(from, length)?;
    let rest = skip(text, range.start);
    Ok(&rest[..rest.len() - skip(rest, range.len()).len()])
}

/// The text behind that many characters.
pub(crate) fn skip(text: &str, characters: usize) -> &str {
    if text.is_ascii() {
        return text.get(characters..).unwrap_or("");
    }
    text.char_indices().nth(characters).map_or("", |(index, _)| &text[index..])
}

/// `left`: the first characters, or all but the last ones when the count is negative.
pub fn left(text: &str, count: i64) -> &str {
    let kept = counted(text, count);
    &text[..text.len() - skip(text, kept).len()]
}

/// `right`: the last characters, or all but the first ones when the count is negative.
pub fn right(text: &str, count: i64) -> &str {
    let dropped = text.chars().count() - counted(text, count);
    skip(text, dropped)
}

fn counted(text: &str, count: i64) -> usize {
    let length = text.chars().count();
    let amount = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if count < 0 { length.saturating_sub(amount) } else { amount.min(length) }
}

/// `overlay(text placing … from … for …)`. Without a length as much is replaced as is put in.
///
/// Fails when the position is not positive.
pub fn overlay(text: &str, new: &str, from: i64, length: Option<i64>) -> Result<String> {
    let length = length.unwrap_or_else(|| i64::try_from(new.chars().count()).unwrap_or(i64::MAX));
    let rest = overlay_rest(from, length)?;
    let (head, tail) = (substring(text, 1, Some(from - 1))?, substring(text, rest, None)?);
    check(head.len() + new.len() + tail.len())?;
    Ok([head, new, tail].concat())
}

/// The position at which the text behind an overlay starts.
pub fn overlay_rest(from: i64, length: i64) -> Result<i64> {
    if from <= 0 {
        return Err(invalid("the position of an overlay must be positive"));
    }
    let rest = from.saturating_add(length);
    if i32::try_from(rest).is_err() {
        return Err(Error::new(ErrorCode::OutOfRange, "integer out of range"));
    }
    Ok(rest)
}

/// `reverse`.
pub fn reverse(text: &str) -> String {
    text.chars().rev().collect()
}

/// The first characters, when text becomes a `varchar(length)` in a cast.
pub fn truncate(text: &str, length: i64) -> &str {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if text.len() <= length { text } else { &text[..text.len() - skip(text, length).len()] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substring_counts_the_positions_before_the_text() {
        let cases: [(i64, Option<i64>, &str); 9] = [
            (2, None, "bcdé"),
            (2, Some(2), "bc"),
            (-1, Some(3), "a"),
            (0, Some(1), ""),
            (5, Some(10), "é"),
            (9, Some(1), ""),
            (-5, None, "abcdé"),
            (2, Some(i64::MAX), "bcdé"),
            (i64::from(i32::MIN), Some(i64::from(i32::MAX)), ""),
        ];
        for (from, length, expected) in cases {
            assert_eq!(substring("abcdé", from, length).unwrap(), expected, "{from} {length:?}");
        }
        assert_eq!(substring("abc", 1, Some(-1)).unwrap_err().code, ErrorCode::TypeMismatch);
    }

    #[test]
    fn left_and_right_take_negative_counts() {
        for (count, of_left, of_right) in
            [(2, "äb", "cd"), (-1, "äbc", "bcd"), (0, "", ""), (9, "äbcd", "äbcd"), (-9, "", "")]
        {
            assert_eq!((left("äbcd", count), right("äbcd", count)), (of_left, of_right), "{count}");
        }
    }

    #[test]
    fn overlay_replaces_as_much_as_it_puts_in() {
        assert_eq!(overlay("abcdef", "XY", 2, None).unwrap(), "aXYdef");
        assert_eq!(overlay("abcdef", "X", 3, Some(-1)).unwrap(), "abXbcdef");
        assert_eq!(overlay("abcdef", "X", 9, Some(0)).unwrap(), "abcdefX");
        assert!(overlay("abcdef", "X", 0, None).is_err());
    }
}
