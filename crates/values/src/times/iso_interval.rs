//! Reads intervals in the forms of ISO 8601.

use super::{
    field::Unit,
    read_interval::{Reading, Refusal, Sum},
    value::Interval,
};

/// `P1Y2M3DT4H5M6.7S`, `P0001-02-03T04:05:06` and `P00010203T040506`.
pub(super) fn by_iso(text: &str) -> Reading<Interval> {
    let mut rest = text.strip_prefix('P').filter(|rest| !rest.is_empty()).ok_or(Refusal::Form)?;
    let mut sum = Sum::default();
    let mut in_time = false;
    let mut found = false;
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix('T') {
            if in_time {
                return Err(Refusal::Form);
            }
            (in_time, rest) = (true, time);
            continue;
        }
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-' && c != '+' || c == 'T')
            .unwrap_or(rest.len());
        let digits = rest[..end].trim_start_matches(['+', '-']);
        let unit = rest[end..].chars().next();
        let is_alternative =
            !found && (unit.is_none() || matches!(unit, Some('T' | ':')) || digits.contains('-'));
        if is_alternative || (in_time && matches!(unit, None | Some(':'))) {
            alternative(&mut sum, rest, in_time)?;
            return sum.finish(false);
        }
        let unit = match (unit, in_time) {
            (Some('Y'), false) => Unit::Year,
            (Some('M'), false) => Unit::Month,
            (Some('W'), false) => Unit::Week,
            (Some('D'), false) => Unit::Day,
            (Some('H'), true) => Unit::Hour,
            (Some('M'), true) => Unit::Minute,
            (Some('S'), true) => Unit::Second,
            _ => return Err(Refusal::Form),
        };
        let (whole, fraction) = decimal(&rest[..end])?;
        sum.add(unit, whole, fraction)?;
        found = true;
        rest = &rest[end + 1..];
    }
    sum.finish(false)
}

/// A signed number with decimals.
fn decimal(text: &str) -> Reading<(i64, f64)> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if !decimals.bytes().all(|byte| byte.is_ascii_digit()) || (whole.is_empty() && decimals.is_empty()) {
        return Err(Refusal::Form);
    }
    let fraction: f64 = format!("0.{decimals}0").parse().map_err(|_| Refusal::Form)?;
    let negative = whole.starts_with('-');
    let digits = whole.strip_prefix(['+', '-']).unwrap_or(whole);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || (digits.is_empty() && decimals.is_empty()) {
        return Err(Refusal::Form);
    }
    let number: i64 = if digits.is_empty() { 0 } else { digits.parse().map_err(|_| Refusal::Range)? };
    Ok(if negative { (-number, -fraction) } else { (number, fraction) })
}

/// The alternative form of ISO 8601, from its date or its time on.
fn alternative(sum: &mut Sum, text: &str, in_time: bool) -> Reading<()> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) if !in_time => (date, Some(time)),
        None if in_time => ("", Some(text)),
        None => (text, None),
        Some(_) => return Err(Refusal::Form),
    };
    if !date.is_empty() {
        // A sign of the first number is not a delimiter.
        let start = usize::from(date.starts_with('-'));
        let parts: Vec<&str> = if date[start..].contains('-') {
            let mut parts: Vec<&str> = date[start..].splitn(3, '-').collect();
            parts[0] = &date[..start + parts[0].len()];
            parts
        } else if date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()) {
            vec![&date[..4], &date[4..6], &date[6..]]
        } else {
            vec![date]
        };
        for (part, unit) in parts.iter().zip([Unit::Year, Unit::Month, Unit::Day]) {
            let (whole, fraction) = decimal(part)?;
            sum.add(unit, whole, fraction)?;
        }
    }
    let Some(time) = time else { return Ok(()) };
    if time.is_empty() {
        return Err(Refusal::Form);
    }
    let whole = time.split('.').next().unwrap_or_default();
    let parts: Vec<&str> = if time.contains(':') {
        time.split(':').collect()
    } else if whole.len() == 6 {
        vec![&time[..2], &time[2..4], &time[4..]]
    } else {
        vec![time]
    };
    if parts.len() > 3 {
        return Err(Refusal::Form);
    }
    for (part, unit) in parts.iter().zip([Unit::Hour, Unit::Minute, Unit::Second]) {
        let (whole, fraction) = decimal(part)?;
        sum.add(unit, whole, fraction)?;
    }
    Ok(())
}
