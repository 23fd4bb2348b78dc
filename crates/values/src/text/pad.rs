//! Repeating, padding and trimming.

use phantomdb_protocol::Result;

use super::{limit::check, slice::truncate};

/// `repeat`. Fails when the result would be too long.
pub fn repeat(text: &str, times: i64) -> Result<String> {
    let times = usize::try_from(times).unwrap_or(0);
    check(text.len().saturating_mul(times))?;
    Ok(text.repeat(times))
}

/// On which side a text is padded or trimmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
    Both,
}

/// `lpad` and `rpad`: a text of that many characters, filled up or cut off at the end.
pub fn pad(text: &str, length: i64, fill: &str, side: Side) -> Result<String> {
    let length = length.max(0);
    let missing = usize::try_from(length).unwrap_or(usize::MAX).saturating_sub(text.chars().count());
    if missing == 0 || fill.is_empty() {
        return Ok(truncate(text, length).to_owned());
    }
    // A character of the filling takes its share of the filling's bytes, and four at most.
    check(text.len().saturating_add(missing.saturating_mul(if fill.is_ascii() { 1 } else { 4 })))?;
    let padding = fill.chars().cycle().take(missing);
    Ok(if side == Side::Left {
        padding.chain(text.chars()).collect()
    } else {
        text.chars().chain(padding).collect()
    })
}

/// `btrim`, `ltrim` and `rtrim`: without those characters at the ends.
pub fn trim<'a>(text: &'a str, characters: &str, side: Side) -> &'a str {
    let set = CharacterSet::new(characters);
    let text = if side == Side::Right { text } else { text.trim_start_matches(|c| set.contains(c)) };
    if side == Side::Left { text } else { text.trim_end_matches(|c| set.contains(c)) }
}

/// Characters that are looked up, in a time that does not depend on their number.
struct CharacterSet {
    ascii: [bool; 128],
    others: std::collections::HashSet<char>,
}

impl CharacterSet {
    fn new(characters: &str) -> Self {
        let mut set = Self { ascii: [false; 128], others: std::collections::HashSet::new() };
        for c in characters.chars() {
            match set.ascii.get_mut(c as usize) {
                Some(slot) => *slot = true,
                None => {
                    set.others.insert(c);
                }
            }
        }
        set
    }

    fn contains(&self, c: char) -> bool {
        self.ascii.get(c as usize).copied().unwrap_or_else(|| self.others.contains(&c))
    }
}

/// A `char(length)` of text in a cast: cut off, or filled up with spaces.
pub fn pad_to_length(text: &str, length: i64) -> Result<String> {
    pad(text, length, " ", Side::Right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_fills_or_cuts() {
        let cases = [
            ("abc", 7, "xy", "xyxyabc", "abcxyxy"),
            ("abc", 2, "x", "ab", "ab"),
            ("abc", 5, "", "abc", "abc"),
            ("abc", -1, "x", "", ""),
            ("ä", 2, "ö", "öä", "äö"),
        ];
        for (text, length, fill, left, right) in cases {
            assert_eq!(pad(text, length, fill, Side::Left).unwrap(), left);
            assert_eq!(pad(text, length, fill, Side::Right).unwrap(), right);
        }
        assert!(pad("a", i64::from(i32::MAX), "b", Side::Left).is_err());
        assert!(repeat("abc", i64::from(i32::MAX)).is_err());
        assert_eq!(repeat("ab", -1).unwrap(), "");
        assert_eq!(repeat("", i64::from(i32::MAX)).unwrap(), "");
    }

    #[test]
    fn trimming_takes_a_set_of_characters() {
        assert_eq!(trim("xyéabcéx", "éxy", Side::Both), "abc");
        assert_eq!(trim("  a ", " ", Side::Left), "a ");
        assert_eq!(trim("  a ", " ", Side::Right), "  a");
        assert_eq!(trim("aaa", "", Side::Both), "aaa");
    }
}
