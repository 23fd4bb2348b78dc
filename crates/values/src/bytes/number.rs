//! Bits and bytes by their number, and integers as bytes.

use phantomdb_protocol::{Error, ErrorCode, Result};

use crate::text::limit::invalid;

fn index(bytes: &[u8], number: i64, unit: i64) -> Result<usize> {
    let count = i64::try_from(bytes.len()).unwrap_or(i64::MAX).saturating_mul(unit);
    if !(0..count).contains(&number) {
        return Err(invalid(format!("the index {number} is not between 0 and {}", count - 1)));
    }
    usize::try_from(number / unit).map_err(|_| invalid("the index is out of range"))
}

/// `get_byte`.
pub fn byte(bytes: &[u8], number: i64) -> Result<i64> {
    Ok(i64::from(bytes[index(bytes, number, 1)?]))
}

/// `set_byte`. Of the new value the lowest eight bits count.
pub fn with_byte(bytes: &[u8], number: i64, value: i64) -> Result<Vec<u8>> {
    let index = index(bytes, number, 1)?;
    let mut bytes = bytes.to_vec();
    bytes[index] = value.to_le_bytes()[0];
    Ok(bytes)
}

/// `get_bit`. The lowest bit of each byte comes first.
pub fn bit(bytes: &[u8], number: i64) -> Result<i64> {
    Ok(i64::from(bytes[index(bytes, number, 8)?] >> (number % 8) & 1))
}

/// `set_bit`.
pub fn with_bit(bytes: &[u8], number: i64, value: i64) -> Result<Vec<u8>> {
    let index = index(bytes, number, 8)?;
    let mut bytes = bytes.to_vec();
    match value {
        0 => bytes[index] &= !(1 << (number % 8)),
        1 => bytes[index] |= 1 << (number % 8),
        _ => return Err(invalid("the new bit must be 0 or 1")),
    }
    Ok(bytes)
}

/// `bit_count`.
pub fn bit_count(bytes: &[u8]) -> i64 {
    bytes.iter().map(|byte| i64::from(byte.count_ones())).sum()
}

/// The bytes of an integer, the most significant one first.
pub fn from_integer(value: i64, width: usize) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    bytes[bytes.len().saturating_sub(width)..].to_vec()
}

/// The integer of at most `width` bytes that those bytes are.
pub fn to_integer(bytes: &[u8], width: usize) -> Result<i64> {
    if bytes.len() > width {
        let what = match width {
            2 => "smallint",
            4 => "integer",
            _ => "bigint",
        };
        return Err(Error::new(ErrorCode::OutOfRange, format!("{what} out of range")));
    }
    let unsigned = bytes.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "the bits are what is asked for"
    )]
    Ok(match width {
        2 => i64::from(unsigned as i16),
        4 => i64::from(unsigned as i32),
        _ => unsigned as i64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_and_changes_bytes_and_bits() {
        assert_eq!(byte(b"abc", 1).unwrap(), 98);
        assert_eq!(with_byte(b"abc", 1, 1000).unwrap(), [b'a', 0xe8, b'c']);
        assert_eq!((bit(&[1, 2], 0).unwrap(), bit(&[1, 2], 9).unwrap(), bit(&[1, 2], 8).unwrap()), (1, 1, 0));
        assert_eq!(with_bit(&[0, 255], 8, 0).unwrap(), [0, 254]);
        assert!(byte(b"abc", 3).is_err() && byte(b"", 0).is_err() && bit(b"a", -1).is_err());
        assert!(with_bit(b"a", 0, 2).is_err());
        assert_eq!(bit_count(&[255, 1]), 9);
    }

    #[test]
    fn integers_are_big_endian() {
        assert_eq!(from_integer(-1, 2), [255, 255]);
        assert_eq!(from_integer(1, 4), [0, 0, 0, 1]);
        assert_eq!(to_integer(&[1, 2], 4).unwrap(), 258);
        assert_eq!(to_integer(&[255; 4], 4).unwrap(), -1);
        assert_eq!(to_integer(&[255; 4], 8).unwrap(), 4_294_967_295);
        assert_eq!(to_integer(&[], 8).unwrap(), 0);
        assert_eq!(to_integer(&[0; 5], 4).unwrap_err().code, ErrorCode::OutOfRange);
    }
}
