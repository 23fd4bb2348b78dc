//! Sizes for people to read.

/// `pg_size_pretty`: a number of bytes in the unit that leaves at most five digits.
pub fn pretty(bytes: i64) -> String {
    const UNITS: [&str; 6] = ["bytes", "kB", "MB", "GB", "TB", "PB"];
    let (mut size, mut unit) = (i128::from(bytes), 0);
    // Beyond bytes the size is kept in halves of the unit, so that it can be rounded at the end.
    while unit + 1 < UNITS.len() && size.abs() >= if unit == 0 { 10 * 1024 } else { 20 * 1024 - 1 } {
        size /= if unit == 0 { 512 } else { 1024 };
        unit += 1;
    }
    if unit > 0 {
        size = (size + size.signum()) / 2;
    }
    format!("{size} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_the_unit_that_postgresql_takes() {
        let cases = [
            (0, "0 bytes"),
            (10_239, "10239 bytes"),
            (10_240, "10 kB"),
            (10_485_247, "10239 kB"),
            (10_485_248, "10 MB"),
            (-10_240, "-10 kB"),
            (10_752, "11 kB"),
            (-10_752, "-11 kB"),
            (1_000_000_000, "954 MB"),
            (i64::MAX, "8192 PB"),
            (i64::MIN, "-8192 PB"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(pretty(bytes), expected, "{bytes}");
        }
    }
}
