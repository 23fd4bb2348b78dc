//! Checks of statement parameters that every engine makes.

use std::borrow::Cow;

use jiff::civil::DateTime;
use phantomdb_protocol::{Error, ErrorCode, Result, Value};

use phantomdb_sql::time;

/// Fails with `BAD_REQUEST` unless the number of values is the number of parameters in the statement.
pub fn check_count(expected: usize, parameters: &[Value]) -> Result<()> {
    let given = parameters.len();
    if expected == given {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::BadRequest,
        format!("the statement has {expected} parameters, but {given} values were given"),
    ))
}

/// Fails with `TYPE_MISMATCH` for a NUL character. PostgreSQL cannot store one, so no engine accepts it.
pub fn check_text(text: &str, number: usize) -> Result<()> {
    if text.as_bytes().contains(&0) {
        return Err(Error::new(
            ErrorCode::TypeMismatch,
            format!("parameter ${number} has a NUL character, which no text can hold; store it as a blob"),
        ));
    }
    Ok(())
}

/// Returns the timestamp in its stored form. Fails with `TYPE_MISMATCH` when the text is not a timestamp.
pub fn timestamp(text: &str, number: usize) -> Result<Cow<'_, str>> {
    stored_timestamp(text).ok_or_else(|| {
        Error::new(
            ErrorCode::TypeMismatch,
            format!("parameter ${number} is not a timestamp; send one like 2026-01-01T00:00:00.000Z"),
        )
    })
}

/// Returns the timestamp in the only form that is stored: UTC with milliseconds, whose text order is the order in time.
fn stored_timestamp(text: &str) -> Option<Cow<'_, str>> {
    const SHAPE: &[u8] = b"dddd-dd-ddTdd:dd:dd.dddZ";
    let stored = text.len() == SHAPE.len()
        && text
            .bytes()
            .zip(SHAPE)
            .all(|(b, shape)| if *shape == b'd' { b.is_ascii_digit() } else { b == *shape });
    // `jiff::Timestamp` cannot be used here: it ends one day before the end of the year 9999.
    if stored && (exists(text.as_bytes()) || text.trim_end_matches('Z').parse::<DateTime>().is_ok()) {
        return Some(Cow::Borrowed(text));
    }
    time::stored_timestamp(text).map(Cow::Owned)
}

/// True for a usual time of a day that every month has, which most are: the full check takes longer than to store it.
fn exists(stored: &[u8]) -> bool {
    let two = |at: usize| match stored.get(at..at + 2) {
        Some([tens, ones]) => 10 * (tens - b'0') + (ones - b'0'),
        _ => u8::MAX,
    };
    let (month, day, hour, minute, second) = (two(5), two(8), two(11), two(14), two(17));
    let year_is_usual = stored.starts_with(b"19") || stored.starts_with(b"20");
    year_is_usual
        && (1..=12).contains(&month)
        && (1..=28).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_converts_timestamps_to_the_stored_form() {
        for (given, stored) in [
            ("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"),
            ("2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00.000Z"),
            ("2026-01-01 10:11:12", "2026-01-01T10:11:12.000Z"),
            ("2026-01-01T10:11:12.3456Z", "2026-01-01T10:11:12.345Z"),
            ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
            ("9999-12-31 23:59:59", "9999-12-31T23:59:59.000Z"),
            ("0001-01-01T00:00:00.000Z", "0001-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(stored_timestamp(given).as_deref(), Some(stored));
        }
        for wrong in [
            "2026-13-01T00:00:00.000Z",
            "2026-00-01T00:00:00.000Z",
            "2026-02-30T00:00:00.000Z",
            "2026-01-00T00:00:00.000Z",
            "2026-01-01T24:00:00.001Z",
            "2026-01-01T00:60:00.000Z",
        ] {
            assert_eq!(stored_timestamp(wrong), None, "{wrong}");
        }
        assert_eq!(stored_timestamp("soon"), None);
    }
}
