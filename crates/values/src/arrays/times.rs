//! Dates and times as elements of arrays.

use jiff::{Timestamp, civil};
use phantomdb_protocol::{Error, ErrorCode, Result};

use super::kind::Kind;
use crate::documents::beginning;

/// The stored form of a date or a time.
pub(super) fn input(text: &str, kind: Kind) -> Result<String> {
    let stored = match kind {
        _ if matches!(text, "infinity" | "-infinity") && !matches!(kind, Kind::Time | Kind::Interval) => {
            Some(text.to_owned())
        }
        Kind::Date => text.parse::<civil::Date>().ok().map(|date| date.to_string()),
        Kind::Time => text.parse::<civil::Time>().ok().map(|time| time.to_string()),
        Kind::Timestamp | Kind::TimestampTz => timestamp(text, kind == Kind::TimestampTz),
        _ => Some(text.to_owned()),
    };
    stored.ok_or_else(|| {
        Error::new(ErrorCode::TypeMismatch, format!("'{}' is not {}", beginning(text), kind.description()))
    })
}

/// `2020-01-01T00:00:00.000Z`, with the microseconds behind the Z when there are any.
fn timestamp(text: &str, zoned: bool) -> Option<String> {
    // `2020-01-01 00:00:00+00` is what PostgreSQL prints.
    let with_zone = text.replacen(' ', "T", 1);
    let moment = match with_zone.parse::<Timestamp>() {
        Ok(moment) if zoned => moment.to_zoned(jiff::tz::TimeZone::UTC).datetime(),
        _ => text
            .parse::<civil::DateTime>()
            .ok()
            .or_else(|| with_zone.trim_end_matches('Z').parse::<civil::DateTime>().ok())?,
    };
    let micros = moment.subsec_nanosecond() / 1000;
    let rest = micros % 1000;
    let rest = if rest == 0 { String::new() } else { format!("{rest:03}") };
    let date = moment.date();
    let time = moment.time();
    Some(format!(
        "{date}T{:02}:{:02}:{:02}.{:03}Z{rest}",
        time.hour(),
        time.minute(),
        time.second(),
        micros / 1000
    ))
}
