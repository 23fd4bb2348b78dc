//! Values of other types in documents: how PostgreSQL writes floats and times there.

/// A float as PostgreSQL prints a `double precision`: the shortest digits that are read as the same number.
pub fn float_text(float: f64) -> String {
    with_exponent(&format!("{float:e}"), 15)
}

/// A float as PostgreSQL prints a `real`.
#[expect(clippy::cast_possible_truncation, reason = "the value is one of 32 bits")]
pub fn real_text(float: f64) -> String {
    with_exponent(&format!("{:e}", float as f32), 6)
}

/// Writes `1.5e20` as `1.5e+20`, and with fewer than `digits` digits before the point as a plain number.
fn with_exponent(scientific: &str, digits: i32) -> String {
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return match scientific {
            "inf" => "Infinity".to_owned(),
            "-inf" => "-Infinity".to_owned(),
            other => other.to_owned(),
        };
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    if !(-4..digits).contains(&exponent) {
        let of = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{mantissa}e{of}{:02}", exponent.unsigned_abs());
    }
    let all: String = mantissa.chars().filter(|c| *c != '.').collect();
    let point = exponent + 1;
    if point <= 0 {
        let zeros = "0".repeat(usize::try_from(-point).unwrap_or(0));
        return format!("{sign}0.{zeros}{all}");
    }
    let point = usize::try_from(point).unwrap_or(0);
    if all.len() <= point {
        return format!("{sign}{all}{}", "0".repeat(point - all.len()));
    }
    format!("{sign}{}.{}", &all[..point], &all[point..])
}

/// The date, the time of day, and the fraction of a stored timestamp without zeros at its end.
///
/// The stored form is `2020-01-01T00:00:00.123Z456`, where the digits behind the Z are microseconds.
fn parts(stored: &str) -> Option<(&str, &str, String)> {
    let (date, time) = stored.split_once('T')?;
    let (clock, micros) = time.split_once('Z')?;
    let (clock, millis) = clock.split_once('.').unwrap_or((clock, "000"));
    let fraction = format!("{millis}{micros}");
    Some((date, clock, fraction.trim_end_matches('0').to_owned()))
}

fn timestamp(stored: &str, between: char, zone: &str) -> String {
    let Some((date, clock, fraction)) = parts(stored) else { return stored.to_owned() };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{date}{between}{clock}{point}{fraction}{zone}")
}

/// A stored timestamp as PostgreSQL writes it into a document. `zoned` is true for a `timestamptz`.
pub fn timestamp_json(stored: &str, zoned: bool) -> String {
    timestamp(stored, 'T', if zoned { "+00:00" } else { "" })
}

/// A stored timestamp as PostgreSQL prints it.
pub fn timestamp_text(stored: &str, zoned: bool) -> String {
    timestamp(stored, ' ', if zoned { "+00" } else { "" })
}

/// A stored time of day as PostgreSQL prints it: without zeros at the end of its fraction.
pub fn time_text(stored: &str) -> &str {
    if stored.contains('.') { stored.trim_end_matches('0').trim_end_matches('.') } else { stored }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_printed_as_postgresql_prints_them() {
        for (float, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.5, "1.5"),
            (1e14, "100000000000000"),
            (1e15, "1e+15"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-2.5e-300, "-2.5e-300"),
            (f64::INFINITY, "Infinity"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(float_text(float), expected);
        }
        assert_eq!(real_text(f64::from(0.1_f32)), "0.1");
        assert_eq!(real_text(1e6), "1e+06");
    }

    #[test]
    fn times_are_printed_as_postgresql_prints_them() {
        assert_eq!(timestamp_json("2020-01-01T00:00:00.000Z", true), "2020-01-01T00:00:00+00:00");
        assert_eq!(timestamp_json("2020-01-01T00:00:00.120Z", false), "2020-01-01T00:00:00.12");
        assert_eq!(timestamp_text("2020-01-01T00:00:00.000Z456", true), "2020-01-01 00:00:00.000456+00");
        assert_eq!(timestamp_text("infinity", true), "infinity");
        assert_eq!(time_text("01:02:03.120"), "01:02:03.12");
        assert_eq!(time_text("01:02:30"), "01:02:30");
    }
}
