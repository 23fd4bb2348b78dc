//! UUIDs.

use phantomdb_protocol::{Error, ErrorCode, Result};
use uuid::Uuid;

/// Reads a UUID in any form that PostgreSQL takes: 32 hexadecimal digits in upper or lower case, a hyphen behind any four of
/// them, and braces around all. Returns the form that is stored.
pub fn parse(text: &str) -> Result<String> {
    read(text).map(|id| id.hyphenated().to_string()).ok_or_else(|| {
        let shown: String = text.chars().take(60).collect();
        Error::new(ErrorCode::TypeMismatch, format!("'{shown}' is not a UUID"))
    })
}

fn read(text: &str) -> Option<Uuid> {
    let braced = text.strip_prefix('{');
    let mut rest = match braced {
        Some(inner) => inner.strip_suffix('}')?,
        None => text,
    }
    .as_bytes();
    let mut bytes = [0; 16];
    for (index, byte) in bytes.iter_mut().enumerate() {
        let [high, low, after @ ..] = rest else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
        rest = after;
        // A hyphen may follow each pair of bytes but the last.
        if index % 2 == 1 && index < 15 {
            rest = rest.strip_prefix(b"-").unwrap_or(rest);
        }
    }
    rest.is_empty().then(|| Uuid::from_bytes(bytes))
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// `uuid_extract_version`: None when the UUID is of another variant than that of RFC 9562.
pub fn version(text: &str) -> Result<Option<i64>> {
    let id = read(text).ok_or_else(|| Error::new(ErrorCode::TypeMismatch, "that is not a UUID"))?;
    let is_rfc = id.get_variant() == uuid::Variant::RFC4122;
    Ok(is_rfc.then(|| i64::try_from(id.get_version_num()).unwrap_or(0)))
}

/// `uuid_extract_timestamp`: the microseconds since 1970 in a UUID of version 1 or 7; None for the others.
pub fn microseconds(text: &str) -> Result<Option<i64>> {
    if !matches!(version(text)?, Some(1 | 7)) {
        return Ok(None);
    }
    let time = read(text).and_then(|id| id.get_timestamp());
    Ok(time.and_then(|time| {
        let (seconds, nanoseconds) = time.to_unix();
        i64::try_from(seconds).ok()?.checked_mul(1_000_000)?.checked_add(i64::from(nanoseconds / 1000))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_every_form() {
        let stored = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        for text in [
            stored,
            "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
            "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}",
            "a0eebc999c0b4ef8bb6d6bb9bd380a11",
            "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11",
        ] {
            assert_eq!(parse(text).unwrap(), stored, "{text}");
        }
        for text in [
            "",
            " a0eebc999c0b4ef8bb6d6bb9bd380a11",
            "a0eebc9-99c0b4ef8bb6d6bb9bd380a11",
            "a0eebc999c0b4ef8bb6d6bb9bd380a1",
            "a0eebc999c0b4ef8bb6d6bb9bd380a11-",
            "{a0eebc999c0b4ef8bb6d6bb9bd380a11",
            "a0eebc999c0b4ef8bb6d6bb9bd380a1g",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn it_tells_version_and_time() {
        assert_eq!(version("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11").unwrap(), Some(4));
        assert_eq!(version("00000000-0000-0000-0000-000000000000").unwrap(), None);
        assert_eq!(microseconds("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11").unwrap(), None);
        assert_eq!(
            microseconds("017F22E2-79B0-7CC3-98C4-DC0C0C07398F").unwrap(),
            Some(1_645_557_742_000_000)
        );
        assert_eq!(
            microseconds("C232AB00-9414-11EC-B3C8-9F6BDECED846").unwrap(),
            Some(1_645_557_742_000_000)
        );
    }
}
