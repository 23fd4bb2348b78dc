//! Dates and times in the form in which they are stored: text that compares as the time does.

use jiff::{
    Span,
    civil::{Date, DateTime, Time},
};

/// `2026-01-01T00:00:00.000Z`; a time without a zone is UTC.
pub fn stored_timestamp(text: &str) -> Option<String> {
    parse(text).map(timestamp_text)
}

pub fn stored_date(text: &str) -> Option<String> {
    if is_plain_date(text) {
        return text.parse::<Date>().ok().map(|date| date.to_string());
    }
    parse(text).map(|at| at.date().to_string())
}

/// `HH:MM:SS`, with milliseconds when there are any.
pub fn stored_time(text: &str) -> Option<String> {
    let time = match text.bytes().filter(|byte| *byte == b':').count() {
        1 if text.len() == 5 => format!("{text}:00").parse::<Time>().ok()?,
        _ if text.len() > 2 && text.as_bytes().get(2) == Some(&b':') => {
            text.trim_end_matches('Z').parse::<Time>().ok()?
        }
        _ => parse(text)?.time(),
    };
    let seconds = format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    let milliseconds = time.subsec_nanosecond() / 1_000_000;
    Some(if milliseconds == 0 { seconds } else { format!("{seconds}.{milliseconds:03}") })
}

fn is_plain_date(text: &str) -> bool {
    text.len() == 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-'
}

/// `2026-01-01T00:00:00.000Z`.
pub fn timestamp_text(at: DateTime) -> String {
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.subsec_nanosecond() / 1_000_000
    )
}

/// Reads a moment in UTC from ISO 8601 as people write it: with `T` or a space, with or without an offset, or a date alone.
pub fn parse(text: &str) -> Option<DateTime> {
    if is_plain_date(text) {
        return text.parse::<Date>().ok().map(|date| date.to_datetime(Time::midnight()));
    }
    if text.len() < 16 || !text.is_ascii() {
        return None;
    }
    let (date, rest) = text.split_at(10);
    let clock = rest.trim_start_matches(['T', 't', ' ']);
    let end = clock.find(['Z', 'z', '+', '-']).unwrap_or(clock.len());
    let (clock, zone) = clock.split_at(end);
    let clock = clock.trim_end();
    let time =
        if clock.len() == 5 { format!("{clock}:00").parse().ok()? } else { clock.parse::<Time>().ok()? };
    let local = date.parse::<Date>().ok()?.to_datetime(time);
    let seconds = offset_seconds(zone)?;
    local.checked_sub(Span::new().try_seconds(seconds).ok()?).ok()
}

fn offset_seconds(zone: &str) -> Option<i64> {
    if zone.is_empty() || zone.eq_ignore_ascii_case("Z") {
        return Some(0);
    }
    let (sign, digits) = zone.split_at(1);
    let digits: String = digits.chars().filter(|c| *c != ':').collect();
    let number = |range: std::ops::Range<usize>| digits.get(range).map(str::parse::<i64>);
    let hours = number(0..2)?.ok()?;
    let minutes = number(2..4).transpose().ok()?.unwrap_or(0);
    let seconds = hours * 3600 + minutes * 60;
    (hours < 16 && minutes < 60).then_some(if sign == "-" { -seconds } else { seconds })
}
