//! Functions on text.

use md5::{Digest as _, Md5};
use rusqlite::{Connection, types::Value};

use super::{Arguments, pure, volatile};

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
    Ok(())
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

/// The most characters that a function adds to its argument.
const MAX_CHARACTERS: usize = 10_000_000;

fn repeat(text: &str, times: i64) -> String {
    let times = usize::try_from(times).unwrap_or(0);
    text.repeat(times.min(MAX_CHARACTERS / text.len().max(1)))
}

/// `left` and `right`. A negative count leaves out that many characters on the other side.
fn cut(text: &str, count: i64, from_end: bool) -> String {
    let length = text.chars().count();
    let wanted = if count < 0 {
        length.saturating_sub(usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX))
    } else {
        usize::try_from(count).unwrap_or(usize::MAX).min(length)
    };
    if from_end { text.chars().skip(length - wanted).collect() } else { text.chars().take(wanted).collect() }
}

/// `substring`. Positions count from 1, and the length includes positions before the text.
fn substring(text: &str, from: i64, length: i64) -> String {
    let end = from.saturating_add(length.max(0));
    let start = usize::try_from(from.max(1) - 1).unwrap_or(0);
    let count = usize::try_from(end.saturating_sub(from.max(1)).max(0)).unwrap_or(usize::MAX);
    text.chars().skip(start).take(count).collect()
}

fn pad(text: &str, length: i64, fill: &str, left: bool) -> String {
    let length = usize::try_from(length).unwrap_or(0).min(MAX_CHARACTERS);
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
