//! The sets of characters that a pattern names.

use crate::text::{
    case::{simple_lower, simple_upper},
    property::{self, CharacterSet},
};

/// The set of a class such as `[:alpha:]`; None when there is no such class.
pub(super) fn named(name: &str, ignores_case: bool) -> Option<&'static CharacterSet> {
    Some(match name {
        "upper" | "lower" if ignores_case => &property::ALPHA,
        "alnum" => &property::ALNUM,
        "alpha" => &property::ALPHA,
        "ascii" => &property::ASCII,
        "blank" => &property::BLANK,
        "cntrl" => &property::CONTROL,
        "digit" => &property::DIGIT,
        "graph" => &property::GRAPH,
        "lower" => &property::LOWER,
        "print" => &property::PRINT,
        "punct" => &property::PUNCT,
        "space" => &property::SPACE,
        "upper" => &property::UPPER,
        "word" => &property::WORD,
        "xdigit" => &property::HEX_DIGIT,
        _ => return None,
    })
}

/// A character, in both cases when case is ignored.
pub(super) fn character(c: char, ignores_case: bool) -> Vec<(char, char)> {
    if !ignores_case {
        return vec![(c, c)];
    }
    [c, simple_lower(c), simple_upper(c)].into_iter().map(|c| (c, c)).collect()
}

/// The characters from one to another, in both cases when case is ignored.
pub(super) fn range(from: char, to: char, ignores_case: bool) -> Vec<(char, char)> {
    let mut ranges = vec![(from, to)];
    if ignores_case {
        let cased = property::CASED.ranges().iter().map(|(first, last)| (*first.max(&from), *last.min(&to)));
        for c in cased.flat_map(|(first, last)| first..=last) {
            let others = [simple_lower(c), simple_upper(c)];
            ranges.extend(others.into_iter().filter(|other| *other != c).map(|other| (other, other)));
        }
    }
    ranges
}
