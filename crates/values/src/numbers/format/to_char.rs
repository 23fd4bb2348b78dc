//! `to_char(number, pattern)`.

use phantomdb_protocol::Result;

use super::{
    pattern::{Part, Pattern},
    roman,
    write::{Digits, write},
};
use crate::numbers::{Numeric, float::float8_text, integer::Width};

/// The most digits of a pattern. More would only be spaces.
const MOST_DIGITS: i64 = 16_383;

pub fn of_i32(number: i64, pattern: &str) -> Result<String> {
    of_integer(number, pattern, Width::Regular)
}

pub fn of_i64(number: i64, pattern: &str) -> Result<String> {
    of_integer(number, pattern, Width::Big)
}

fn of_integer(number: i64, pattern: &str, width: Width) -> Result<String> {
    let mut pattern = Pattern::to_write(pattern)?;
    if pattern.roman {
        return Ok(roman_text(number, &pattern));
    }
    match width {
        // PostgreSQL writes an integer as it writes a float, and a bigint as it writes a decimal.
        _ if !pattern.exponent => {}
        Width::Big => return scientific(&Numeric::from(number), &pattern),
        #[expect(clippy::cast_precision_loss, reason = "a float holds every integer of 32 bits")]
        _ => return Ok(with_exponent(&format!("{:.*e}", pattern.fraction, number as f64))),
    }
    let mut number = number;
    if pattern.shifted {
        let factor = width.from_f64(10_f64.powi(i32::try_from(pattern.shift).unwrap_or(i32::MAX)))?;
        number = width.multiply(number, factor)?;
        pattern.whole += pattern.shift;
    }
    let mut text = number.to_string();
    if pattern.fraction > 0 {
        text.push('.');
        text.push_str(&"0".repeat(pattern.fraction));
    }
    Ok(write(&pattern, &Digits::new(&text, &pattern)))
}

pub fn of_numeric(number: &Numeric, pattern: &str) -> Result<String> {
    let mut pattern = Pattern::to_write(pattern)?;
    if pattern.roman {
        let integer = number.to_i32().map_or(i64::from(i32::MAX), i64::from);
        return Ok(roman_text(integer, &pattern));
    }
    if pattern.exponent {
        return scientific(number, &pattern);
    }
    let mut number = number.clone();
    if pattern.shifted {
        let shift = i64::try_from(pattern.shift).unwrap_or(MOST_DIGITS);
        number = number.multiply(&Numeric::from(10).power(&Numeric::from(shift))?)?;
        pattern.whole += pattern.shift;
    }
    let text = number.round(i64::try_from(pattern.fraction).unwrap_or(MOST_DIGITS))?.to_string();
    Ok(write(&pattern, &Digits::new(&text, &pattern)))
}

pub fn of_f64(number: f64, pattern: &str) -> Result<String> {
    of_float(number, pattern, 15, |number, factor| number * factor)
}

pub fn of_f32(number: f32, pattern: &str) -> Result<String> {
    #[expect(clippy::cast_possible_truncation, reason = "a product of reals is a real")]
    of_float(f64::from(number), pattern, 6, |number, factor| f64::from(number as f32 * factor as f32))
}

/// A float shows as many digits as are sure to be right.
fn of_float(number: f64, pattern: &str, digits: usize, times: fn(f64, f64) -> f64) -> Result<String> {
    let mut pattern = Pattern::to_write(pattern)?;
    if pattern.roman {
        let integer = Width::Regular.from_f64(number).unwrap_or(i64::from(i32::MAX));
        return Ok(roman_text(integer, &pattern));
    }
    if pattern.exponent {
        if !number.is_finite() {
            return Ok(no_exponent(&pattern));
        }
        let text = format!("{number:.precision$e}", precision = pattern.fraction);
        return Ok(with_exponent(&text));
    }
    let mut number = number;
    if pattern.shifted {
        number = times(number, 10_f64.powi(i32::try_from(pattern.shift).unwrap_or(i32::MAX)));
        pattern.whole += pattern.shift;
    }
    if !number.is_finite() {
        let text = float8_text(number);
        pattern.fraction = pattern.fraction.min(digits.saturating_sub(text.trim_start_matches('-').len()));
        return Ok(write(&pattern, &Digits::new(&text, &pattern)));
    }
    let whole = format!("{:.0}", number.abs()).len();
    pattern.fraction = pattern.fraction.min(digits.saturating_sub(whole));
    let text = format!("{number:.precision$}", precision = pattern.fraction);
    Ok(write(&pattern, &Digits::new(&text, &pattern)))
}

fn roman_text(number: i64, pattern: &Pattern) -> String {
    let mut numeral = roman::write(number);
    if pattern.parts.contains(&Part::LowerRoman) {
        numeral.make_ascii_lowercase();
    }
    let mut text = String::new();
    for part in &pattern.parts {
        match part {
            Part::Roman | Part::LowerRoman if pattern.fill => text.push_str(&numeral),
            Part::Roman | Part::LowerRoman => text.push_str(&format!("{numeral:>15}")),
            Part::Literal(character) => text.push(*character),
            Part::Comma | Part::Group if pattern.fill => {}
            Part::Comma | Part::Group | Part::Currency => text.push(' '),
            _ => {}
        }
    }
    text
}

/// `1.23e+04`, where a positive number has a space for its sign.
fn scientific(number: &Numeric, pattern: &Pattern) -> Result<String> {
    let Numeric::Finite(decimal) = number else { return Ok(no_exponent(pattern)) };
    let exponent = if decimal.is_zero() { 0 } else { decimal.whole_digits() - 1 };
    let power = Numeric::parse(&format!("1e{exponent}"))?;
    let scale = i64::try_from(pattern.fraction).unwrap_or(MOST_DIGITS);
    let significand = number.divide_to_scale(&power, scale)?;
    Ok(with_exponent(&format!("{significand}e{exponent}")))
}

/// The exponent with a sign and at least two digits, and a space for the sign of a positive number.
fn with_exponent(text: &str) -> String {
    let (significand, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    let space = if significand.starts_with('-') { "" } else { " " };
    format!("{space}{significand}e{sign}{digits:0>2}")
}

/// What stands for NaN and infinities.
fn no_exponent(pattern: &Pattern) -> String {
    format!(" {}.{}", "#".repeat(pattern.whole), "#".repeat(pattern.fraction + 4))
}
