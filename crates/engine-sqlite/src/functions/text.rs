//! Functions on text and numbers.

use std::cmp::Ordering;

use bigdecimal::RoundingMode;
use md5::{Digest as _, Md5};
use phantomdb_protocol::{Error, ErrorCode};
use rusqlite::{
    Connection,
    types::{Value, ValueRef},
};

use super::{Answer, Arguments, convert, decimal, pure, volatile};

pub(super) fn register(conn: &Connection) -> rusqlite::Result<()> {
    type Text = fn(&Arguments<'_>) -> String;
    let texts: [(&str, i32, Text); 14] = [
        ("lower", 1, |a| a.text(0).to_lowercase()),
        ("upper", 1, |a| a.text(0).to_uppercase()),
        ("initcap", 1, |a| initcap(&a.text(0))),
        ("md5", 1, |a| md5_hex(&a.text(0))),
        ("reverse", 1, |a| a.text(0).chars().rev().collect()),
        ("repeat", 2, |a| repeat(&a.text(0), a.integer(1))),
        ("phantomdb_left", 2, |a| cut(&a.text(0), a.integer(1), false)),
        ("phantomdb_right", 2, |a| cut(&a.text(0), a.integer(1), true)),
        ("phantomdb_substring", 2, |a| substring(&a.text(0), a.integer(1), i64::MAX)),
        ("phantomdb_substring", 3, |a| substring(&a.text(0), a.integer(1), a.integer(2))),
        ("lpad", 2, |a| pad(&a.text(0), a.integer(1), " ", true)),
        ("lpad", 3, |a| pad(&a.text(0), a.integer(1), &a.text(2), true)),
        ("rpad", 2, |a| pad(&a.text(0), a.integer(1), " ", false)),
        ("rpad", 3, |a| pad(&a.text(0), a.integer(1), &a.text(2), false)),
    ];
    for (name, count, function) in texts {
        pure(conn, name, count, move |a| {
            Ok(if a.any_null() { Value::Null } else { Value::Text(function(a)) })
        })?;
    }
    pure(conn, "split_part", 3, |a| {
        let (text, separator, wanted) = (a.text(0), a.text(1), a.integer(2));
        let parts: Vec<&str> =
            if separator.is_empty() { vec![&text] } else { text.split(&*separator).collect() };
        let index = usize::try_from(if wanted < 0 { wanted + parts.len() as i64 } else { wanted - 1 }).ok();
        let part = index.and_then(|index| parts.get(index)).copied().unwrap_or_default();
        Ok(if a.any_null() { Value::Null } else { Value::Text(part.to_owned()) })
    })?;
    pure(conn, "starts_with", 2, |a| {
        let starts = a.text(0).starts_with(&*a.text(1));
        Ok(if a.any_null() { Value::Null } else { Value::Integer(i64::from(starts)) })
    })?;
    pure(conn, "version", 0, |_| {
        let version = format!("PhantomDB {} (SQLite {})", env!("CARGO_PKG_VERSION"), rusqlite::version());
        Ok(Value::Text(version))
    })?;
    volatile(conn, "gen_random_uuid", 0, |_| Ok(Value::Text(uuid::Uuid::new_v4().hyphenated().to_string())))?;
    volatile(conn, "phantomdb_random", 0, |_| {
        let (high, _) = uuid::Uuid::new_v4().as_u64_pair();
        let (_, low) = uuid::Uuid::new_v4().as_u64_pair();
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a float")]
        let bits = ((high.rotate_left(16) ^ low) >> 11) as f64;
        Ok(Value::Real(bits / (1_u64 << 53) as f64))
    })?;
    numbers(conn)
}

fn numbers(conn: &Connection) -> rusqlite::Result<()> {
    pure(conn, "greatest", -1, |a| Ok(extreme(a, Ordering::Greater)))?;
    pure(conn, "least", -1, |a| Ok(extreme(a, Ordering::Less)))?;
    for (name, mode) in [("phantomdb_round", RoundingMode::HalfUp), ("phantomdb_trunc", RoundingMode::Down)] {
        pure(conn, name, -1, move |a| round(a, mode))?;
    }
    type Float = fn(f64) -> f64;
    let floats: [(&str, Float); 6] = [
        ("ceil", f64::ceil),
        ("floor", f64::floor),
        ("sqrt", f64::sqrt),
        ("exp", f64::exp),
        ("ln", f64::ln),
        ("log", f64::log10),
    ];
    for (name, function) in floats {
        pure(conn, name, 1, move |a| match a.value(0) {
            ValueRef::Integer(i) if name == "ceil" || name == "floor" => Ok(Value::Integer(i)),
            value => Ok(convert::to_f64(value).map(function).map_or(Value::Null, Value::Real)),
        })?;
    }
    pure(conn, "power", 2, |a| {
        let both = convert::to_f64(a.value(0)).zip(convert::to_f64(a.value(1)));
        Ok(both.map_or(Value::Null, |(base, exponent)| Value::Real(base.powf(exponent))))
    })?;
    pure(conn, "mod", 2, |a| {
        if a.any_null() {
            return Ok(Value::Null);
        }
        if let (ValueRef::Integer(x), ValueRef::Integer(y)) = (a.value(0), a.value(1)) {
            let zero = || Error::new(ErrorCode::OutOfRange, "division by zero");
            return x.checked_rem(y).map(Value::Integer).ok_or_else(zero);
        }
        convert::decimal_operation("%", a.value(0), a.value(1))
    })
}

/// An integer stays one; text is an exact number and stays one; a float is rounded as a float.
fn round(arguments: &Arguments<'_>, mode: RoundingMode) -> Answer {
    if arguments.any_null() {
        return Ok(Value::Null);
    }
    let places = if arguments.len() > 1 { arguments.integer(1) } else { 0 };
    let places = places.clamp(0, 1000);
    match arguments.value(0) {
        ValueRef::Integer(i) => Ok(Value::Integer(i)),
        ValueRef::Real(f) => {
            if !f.is_finite() || f.abs() > 1e15 {
                return Ok(Value::Real(f));
            }
            match convert::number(ValueRef::Real(f)) {
                Ok(number) => {
                    let rounded = number.with_scale_round(places, mode).to_plain_string();
                    Ok(rounded.parse().map_or(Value::Real(f), Value::Real))
                }
                Err(_) => Ok(Value::Real(f)),
            }
        }
        value => Ok(Value::Text(convert::number(value)?.with_scale_round(places, mode).to_plain_string())),
    }
}

fn extreme(arguments: &Arguments<'_>, wanted: Ordering) -> Value {
    let mut best = ValueRef::Null;
    for index in 0..arguments.len() {
        let value = arguments.value(index);
        if matches!(value, ValueRef::Null) {
            continue;
        }
        if matches!(best, ValueRef::Null) || compare(value, best) == wanted {
            best = value;
        }
    }
    convert::owned(best)
}

fn compare(left: ValueRef<'_>, right: ValueRef<'_>) -> Ordering {
    match (left, right) {
        (ValueRef::Integer(a), ValueRef::Integer(b)) => a.cmp(&b),
        (ValueRef::Text(a), ValueRef::Text(b)) => a.cmp(b),
        (ValueRef::Integer(_) | ValueRef::Real(_), ValueRef::Integer(_) | ValueRef::Real(_)) => {
            let both = convert::to_f64(left).zip(convert::to_f64(right));
            both.and_then(|(a, b)| a.partial_cmp(&b)).unwrap_or(Ordering::Equal)
        }
        _ => decimal::compare(&convert::text_of(left), &convert::text_of(right)),
    }
}

/// The MD5 digest as 32 hexadecimal digits, for SQL's `md5()`; not for anything secret.
fn md5_hex(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn initcap(text: &str) -> String {
    let mut start = true;
    let mut result = String::with_capacity(text.len());
    for c in text.chars() {
        if start {
            result.extend(c.to_uppercase());
        } else {
            result.extend(c.to_lowercase());
        }
        start = !c.is_alphanumeric();
    }
    result
}

/// The most characters a text function makes out of nothing.
const MOST: usize = 10_000_000;

fn repeat(text: &str, times: i64) -> String {
    let times = usize::try_from(times).unwrap_or(0);
    text.repeat(times.min(MOST / text.len().max(1)))
}

/// `left` and `right`; a negative count leaves out as many on the other side.
fn cut(text: &str, count: i64, from_end: bool) -> String {
    let length = text.chars().count();
    let wanted = if count < 0 {
        length.saturating_sub(usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX))
    } else {
        usize::try_from(count).unwrap_or(usize::MAX).min(length)
    };
    if from_end { text.chars().skip(length - wanted).collect() } else { text.chars().take(wanted).collect() }
}

/// Positions count from 1; what lies before it counts into the length.
fn substring(text: &str, from: i64, length: i64) -> String {
    let end = from.saturating_add(length.max(0));
    let start = usize::try_from(from.max(1) - 1).unwrap_or(0);
    let count = usize::try_from(end.saturating_sub(from.max(1)).max(0)).unwrap_or(usize::MAX);
    text.chars().skip(start).take(count).collect()
}

fn pad(text: &str, length: i64, fill: &str, left: bool) -> String {
    let length = usize::try_from(length).unwrap_or(0).min(MOST);
    let has = text.chars().count();
    if has >= length || fill.is_empty() {
        return text.chars().take(length).collect();
    }
    let padding: String = fill.chars().cycle().take(length - has).collect();
    if left { padding + text } else { text.to_owned() + &padding }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn md5_gives_the_digests_of_the_rfc() {
        assert_eq!(md5_hex(""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(md5_hex("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
        assert_eq!(md5_hex(&"a".repeat(120)), "5f61c0ccad4cac44c75ff505e1f1e537");
    }
}
