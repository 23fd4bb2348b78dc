//! Finding and replacing, in a time that grows with the length of the text.

use std::collections::HashMap;

use phantomdb_protocol::Result;

use super::limit::{check, invalid};

/// `position` and `strpos`: where a text first occurs in another one, from 1; 0 when it does not.
pub fn position(text: &str, wanted: &str) -> i64 {
    let found = text.find(wanted).map(|index| text[..index].chars().count() + 1);
    found.and_then(|position| i64::try_from(position).ok()).unwrap_or(0)
}

/// `replace`. Nothing is replaced when the text to replace is empty.
pub fn replace(text: &str, from: &str, to: &str) -> Result<String> {
    if from.is_empty() {
        return Ok(text.to_owned());
    }
    if to.len() > from.len() {
        let matches = text.matches(from).count();
        check(text.len().saturating_add(matches.saturating_mul(to.len() - from.len())))?;
    }
    Ok(text.replace(from, to))
}

/// `translate`: each character of `from` becomes the one at its place in `to`, or goes when there is none.
pub fn translate(text: &str, from: &str, to: &str) -> String {
    let mut places = HashMap::new();
    let mut to = to.chars();
    for c in from.chars() {
        let target = to.next();
        places.entry(c).or_insert(target);
    }
    text.chars().filter_map(|c| places.get(&c).copied().unwrap_or(Some(c))).collect()
}

/// `split_part`: the part with that number, counted from the end when it is negative. Fails for 0.
pub fn split_part<'a>(text: &'a str, separator: &str, number: i64) -> Result<&'a str> {
    let index = usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX);
    let Some(index) = index.checked_sub(1) else {
        return Err(invalid(
            "the number of a part must not be zero; parts count from 1, or from -1 at the end",
        ));
    };
    if separator.is_empty() || text.is_empty() {
        return Ok(if index == 0 { text } else { "" });
    }
    let parts = || text.split(separator);
    let index = if number > 0 { Some(index) } else { parts().count().checked_sub(index + 1) };
    Ok(index.and_then(|index| parts().nth(index)).unwrap_or(""))
}

/// `ascii`: the code point of the first character, 0 when there is none.
pub fn ascii(text: &str) -> i64 {
    text.chars().next().map_or(0, |c| i64::from(u32::from(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_and_replaces() {
        assert_eq!(
            [position("éab", "ab"), position("ab", ""), position("ab", "c"), position("", "")],
            [2, 1, 0, 1]
        );
        assert_eq!(replace("aaa", "a", "bc").unwrap(), "bcbcbc");
        assert_eq!(replace("abc", "", "x").unwrap(), "abc");
        assert!(replace(&"a".repeat(100_000), "a", &"b".repeat(10_000)).is_err());
        assert_eq!(translate("12345", "143", "ax"), "a2x5");
        assert_eq!(translate("aa", "aa", "xy"), "xx");
    }

    #[test]
    fn parts_count_from_both_ends() {
        let part = |number| split_part("a,b,c", ",", number).unwrap();
        assert_eq!([part(1), part(3), part(4), part(-1), part(-3), part(-4)], ["a", "c", "", "c", "a", ""]);
        assert_eq!(split_part("abc", "", -1).unwrap(), "abc");
        assert_eq!(split_part("abc", "", 2).unwrap(), "");
        assert!(split_part("a", ",", 0).is_err());
        assert_eq!(split_part("a", ",", i64::MIN).unwrap(), "");
    }
}
