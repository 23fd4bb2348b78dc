//! The words of dates and times.

use super::super::calendar::{MONTHS, WEEKDAYS};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Special {
    Infinity,
    NegativeInfinity,
    Epoch,
}

/// A word that says what the number behind it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefix {
    Julian,
    Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Special(Special),
    Now,
    /// A day so far from today.
    Today(i64),
    AllBalls,
    Month(i32),
    Weekday,
    Am,
    Pm,
    Bc,
    Ad,
    Ignored,
    DaylightSaving,
    Prefix(Prefix),
}

pub(super) fn word(text: &str) -> Option<Word> {
    let by_name = |names: &[&str], shortest: usize| {
        names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text) || name[..shortest].eq_ignore_ascii_case(text))
    };
    if let Some(month) = by_name(&MONTHS, 3) {
        return i32::try_from(month + 1).ok().map(Word::Month);
    }
    if by_name(&WEEKDAYS, 3).is_some() {
        return Some(Word::Weekday);
    }
    Some(match text {
        "sept" => Word::Month(9),
        "tues" | "weds" | "thur" | "thurs" => Word::Weekday,
        "infinity" => Word::Special(Special::Infinity),
        "epoch" => Word::Special(Special::Epoch),
        "now" => Word::Now,
        "today" => Word::Today(0),
        "tomorrow" => Word::Today(1),
        "yesterday" => Word::Today(-1),
        "allballs" => Word::AllBalls,
        "am" => Word::Am,
        "pm" => Word::Pm,
        "bc" => Word::Bc,
        "ad" => Word::Ad,
        "at" | "on" => Word::Ignored,
        "dst" => Word::DaylightSaving,
        "j" | "jd" | "julian" => Word::Prefix(Prefix::Julian),
        "t" => Word::Prefix(Prefix::Time),
        _ => return None,
    })
}

/// Returns whether digits may follow the word without a space: `j2451187` are two fields, `est5edt` is one.
pub(in super::super) fn is_word(text: &str) -> bool {
    matches!(text, "y" | "m" | "d" | "h" | "mm" | "s" | "dow" | "doy" | "isodow" | "isoyear")
        || word(text).is_some()
}
