//! The errors of dates and times.

use phantomdb_protocol::{Error, ErrorCode};

pub(super) fn mismatch(text: &str, what: &str) -> Error {
    let shown: String = text.chars().take(60).collect();
    Error::new(ErrorCode::TypeMismatch, format!("'{shown}' is not {what}"))
}

pub(super) fn field_out_of_range(text: &str) -> Error {
    let shown: String = text.chars().take(60).collect();
    Error::new(ErrorCode::OutOfRange, format!("a field of '{shown}' is out of range"))
}

pub(super) fn timestamp_out_of_range() -> Error {
    Error::new(ErrorCode::OutOfRange, "the timestamp is out of range; it must be in the years 1 to 9999")
}

pub(super) fn date_out_of_range() -> Error {
    Error::new(ErrorCode::OutOfRange, "the date is out of range; it must be in the years 1 to 9999")
}

pub(super) fn time_out_of_range() -> Error {
    Error::new(ErrorCode::OutOfRange, "the time of day is out of range")
}

pub(super) fn interval_out_of_range() -> Error {
    Error::new(ErrorCode::OutOfRange, "the interval is out of range")
}

pub(super) fn unknown_zone(name: &str) -> Error {
    let shown: String = name.chars().take(60).collect();
    Error::new(ErrorCode::TypeMismatch, format!("there is no time zone '{shown}'"))
}

pub(super) fn zone_out_of_range(name: &str) -> Error {
    let shown: String = name.chars().take(60).collect();
    Error::new(ErrorCode::TypeMismatch, format!("the time zone '{shown}' is out of range"))
}

pub(super) fn division_by_zero() -> Error {
    Error::new(ErrorCode::OutOfRange, "division by zero")
}
