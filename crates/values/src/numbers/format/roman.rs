//! Roman numerals.

use phantomdb_protocol::{Error, ErrorCode, Result};

const NUMERALS: [(&str, i64); 13] = [
    ("M", 1000),
    ("CM", 900),
    ("D", 500),
    ("CD", 400),
    ("C", 100),
    ("XC", 90),
    ("L", 50),
    ("XL", 40),
    ("X", 10),
    ("IX", 9),
    ("V", 5),
    ("IV", 4),
    ("I", 1),
];

/// The longest numeral, 3888.
const LONGEST: usize = 15;

/// The number in Roman numerals; `#` for one that has none.
pub(super) fn write(mut number: i64) -> String {
    if !(1..=3999).contains(&number) {
        return "#".repeat(LONGEST);
    }
    let mut text = String::new();
    for (numeral, value) in NUMERALS {
        while number >= value {
            text.push_str(numeral);
            number -= value;
        }
    }
    text
}

/// Reads the numeral that the text begins with, after white space.
pub(super) fn read(text: &str) -> Result<i64> {
    let numeral: String = text
        .trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}')
        .chars()
        .map(|c| c.to_ascii_uppercase())
        .take_while(|c| "MDCLXVI".contains(*c))
        .take(LONGEST)
        .collect();
    let mut rest = numeral.as_str();
    let mut number = 0;
    for (name, value) in NUMERALS {
        while let Some(after) = rest.strip_prefix(name) {
            number += value;
            rest = after;
        }
    }
    // Only one spelling of a number is right.
    if number == 0 || write(number) != numeral {
        return Err(Error::new(ErrorCode::TypeMismatch, "the text is no Roman numeral"));
    }
    Ok(number)
}
