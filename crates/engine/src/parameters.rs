//! Checks of statement parameters that every engine makes.

use std::borrow::Cow;

use phantomdb_protocol::{Error, ErrorCode, Result, Value};

use phantomdb_values::times::{Timestamp, is_wire, wire_of_stored};

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

/// Returns the timestamp in the form in which it travels: ISO 8601 in UTC, with milliseconds, or with microseconds when
/// there are any. Fails with `TYPE_MISMATCH` when the text is not a timestamp.
pub fn timestamp(text: &str, number: usize) -> Result<Cow<'_, str>> {
    if is_wire(text) {
        return Ok(Cow::Borrowed(text));
    }
    stored_timestamp(text, number).map(|stored| wire_of_stored(&stored).into_owned().into())
}

/// Returns the timestamp in its stored form, whose order as text is the order in time. Fails with `TYPE_MISMATCH` when the
/// text is not a timestamp.
pub fn stored_timestamp(text: &str, number: usize) -> Result<Cow<'_, str>> {
    if is_wire(text) {
        return Ok(Cow::Borrowed(text));
    }
    if let Some(stored) = stored_of_micros(text) {
        return Ok(Cow::Owned(stored));
    }
    let begins_well =
        text.trim_start().starts_with(|c: char| c.is_ascii_digit()) || text.ends_with("nfinity");
    let read = begins_well.then(|| Timestamp::read_with_zone(text)).and_then(Result::ok);
    read.map(|at| at.stored().into()).ok_or_else(|| {
        Error::new(
            ErrorCode::TypeMismatch,
            format!("parameter ${number} is not a timestamp; send one like 2026-01-01T00:00:00.000Z"),
        )
    })
}

/// The stored form of a timestamp that travels with six decimals, `2020-01-01T00:00:00.123456Z`. None for a text of another
/// form, which may be a timestamp all the same: this is a short way for the form that clients with microseconds send.
fn stored_of_micros(text: &str) -> Option<String> {
    let (before, micros) = text.strip_suffix('Z')?.split_at_checked(23)?;
    // The hour 24 is one of the next day.
    if micros.len() != 3 || before.get(11..13) == Some("24") {
        return None;
    }
    let stored = if micros == "000" { [before, "Z"].concat() } else { [before, "Z", micros].concat() };
    let read = Timestamp::from_stored(&stored)?;
    Timestamp::new(read.micros()).is_ok().then_some(stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_way_to_the_stored_form_gives_what_the_long_one_gives() {
        for text in [
            "2026-01-01T12:30:15.123456Z",
            "2026-01-01T12:30:15.123000Z",
            "0001-01-01T00:00:00.000001Z",
            "9999-12-31T23:59:59.999999Z",
            "2024-02-29T00:00:00.000000Z",
        ] {
            let long = Timestamp::read_with_zone(text).unwrap().stored();
            assert_eq!(stored_of_micros(text), Some(long), "{text}");
        }
        for text in [
            "0000-01-01T00:00:00.000001Z",
            "2026-02-29T00:00:00.000001Z",
            "2026-01-01T24:00:00.000001Z",
            "2026-01-01T24:00:00.000000Z",
            "2026-01-01T00:00:00.123Z",
            "2026-01-01T00:00:00.12345Z",
            "2026-01-01T00:00:00.12345xZ",
            "2026-01-01 00:00:00.123456Z",
            "2026-01-01T00:00:00.1234567Z",
            "2026-01-01T00:00:00.12äZ",
            "infinity",
            "Z",
        ] {
            assert_eq!(stored_of_micros(text), None, "{text}");
        }
    }

    #[test]
    fn it_converts_timestamps_to_the_stored_form() {
        for (given, stored, wire) in [
            ("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"),
            ("2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"),
            ("2026-01-01 10:11:12", "2026-01-01T10:11:12.000Z", "2026-01-01T10:11:12.000Z"),
            ("2026-01-01T10:11:12.3456Z", "2026-01-01T10:11:12.345Z600", "2026-01-01T10:11:12.345600Z"),
            ("2026-01-01T10:11:12.345678Z", "2026-01-01T10:11:12.345Z678", "2026-01-01T10:11:12.345678Z"),
            ("2026-01-01T10:11:12.345000Z", "2026-01-01T10:11:12.345Z", "2026-01-01T10:11:12.345Z"),
            ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
            ("9999-12-31 23:59:59", "9999-12-31T23:59:59.000Z", "9999-12-31T23:59:59.000Z"),
            ("0001-01-01T00:00:00.000Z", "0001-01-01T00:00:00.000Z", "0001-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(stored_timestamp(given, 1).unwrap(), stored);
            assert_eq!(timestamp(given, 1).unwrap(), wire);
        }
        for refused in ["2026-13-01T00:00:00.000Z", "soon", "today", "2026-02-30T00:00:00.000Z", ""] {
            assert!(stored_timestamp(refused, 1).is_err() && timestamp(refused, 1).is_err(), "{refused}");
        }
        for wrong in [
            "2026-00-01T00:00:00.000Z",
            "2026-01-00T00:00:00.000Z",
            "2026-01-01T24:00:00.001Z",
            "2026-01-01T00:60:00.000Z",
        ] {
            assert!(stored_timestamp(wrong, 1).is_err(), "{wrong}");
        }
    }
}
