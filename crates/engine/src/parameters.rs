//! What every engine asks of the parameters of a statement.

use std::borrow::Cow;

use jiff::civil::DateTime;
use phantomdb_protocol::{Error, ErrorCode, Result, Value};

use phantomdb_sql::time;

/// `BAD_REQUEST` unless there are as many parameters as the statement has.
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

/// `TYPE_MISMATCH` for a NUL character: not every engine can store one, so none does.
pub fn check_text(text: &str, number: usize) -> Result<()> {
    if text.as_bytes().contains(&0) {
        return Err(Error::new(
            ErrorCode::TypeMismatch,
            format!("parameter ${number} has a NUL character, which no text can hold; store it as a blob"),
        ));
    }
    Ok(())
}

/// The timestamp in the one form that is stored. `TYPE_MISMATCH` when it is none.
pub fn timestamp(text: &str, number: usize) -> Result<Cow<'_, str>> {
    stored_timestamp(text).ok_or_else(|| {
        Error::new(
            ErrorCode::TypeMismatch,
            format!("parameter ${number} is not a timestamp; send one like 2026-01-01T00:00:00.000Z"),
        )
    })
}

/// A timestamp in the one form that is stored, so that comparing the text compares the time.
fn stored_timestamp(text: &str) -> Option<Cow<'_, str>> {
    const SHAPE: &[u8] = b"dddd-dd-ddTdd:dd:dd.dddZ";
    let stored = text.len() == SHAPE.len()
        && text
            .bytes()
            .zip(SHAPE)
            .all(|(b, shape)| if *shape == b'd' { b.is_ascii_digit() } else { b == *shape });
    // Not as jiff's `Timestamp`, which ends a day before the last one of the year 9999.
    if stored && text.trim_end_matches('Z').parse::<DateTime>().is_ok() {
        return Some(Cow::Borrowed(text));
    }
    time::stored_timestamp(text).map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_brings_timestamps_to_the_one_form_that_is_stored() {
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
        assert_eq!(stored_timestamp("2026-13-01T00:00:00.000Z"), None);
        assert_eq!(stored_timestamp("soon"), None);
    }
}
