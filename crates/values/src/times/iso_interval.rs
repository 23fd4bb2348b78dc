//! Reads intervals in the forms of ISO 8601.

use super::{
    field::Unit,
    interval_sum::{Reading, Refusal, Sum},
    value::Interval,
};

/// The text that is still to be read.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.0.chars().next()?;
        self.0 = &self.0[next.len_utf8()..];
        Some(next)
    }

    /// A number, whole and fraction, and how many digits it begins with. It is read as a float, as PostgreSQL does, so of a
    /// large number only some decimals are kept.
    fn number(&mut self) -> Reading<(i64, f64, usize)> {
        const MOST: f64 = 1.0e15;
        let text = &self.0[..number_length(self.0)];
        let number: f64 = text.parse().map_err(|_| Refusal::Form)?;
        if number.abs() > MOST {
            return Err(Refusal::Range);
        }
        self.0 = &self.0[text.len()..];
        let unsigned = text.trim_start_matches('-');
        let digits = unsigned.bytes().take_while(u8::is_ascii_digit).count();
        #[expect(clippy::cast_possible_truncation, reason = "at most 10^15")]
        Ok((number.trunc() as i64, number.fract(), digits))
    }

    /// Adds the next number of the alternative form.
    fn part(&mut self, sum: &mut Sum, unit: Unit) -> Reading<()> {
        let (whole, fraction, _) = self.number()?;
        sum.add(unit, whole, fraction)
    }
}

/// The length of the number at the beginning: `-1.5e3`.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits =
        |from: usize| bytes[from.min(bytes.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut end = usize::from(bytes.first() == Some(&b'-'));
    end += digits(end);
    if bytes.get(end) == Some(&b'.') {
        end += 1 + digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let signed = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if digits(signed) > 0 {
            end = signed + digits(signed);
        }
    }
    end
}

/// `P1Y2M3DT4H5M6.7S`, `P0001-02-03T04:05:06` and `P00010203T040506`.
pub(super) fn by_iso(text: &str) -> Reading<Interval> {
    let mut rest = Rest(text.strip_prefix('P').filter(|rest| !rest.is_empty()).ok_or(Refusal::Form)?);
    let mut sum = Sum::default();
    let mut in_time = false;
    // True when a unit was read, after which there is no alternative form.
    let mut found = false;
    while !rest.0.is_empty() {
        if let Some(time) = rest.0.strip_prefix('T') {
            (in_time, found, rest) = (true, false, Rest(time));
            continue;
        }
        let (whole, fraction, digits) = rest.number()?;
        let designator = rest.next();
        let unit = match (designator, in_time) {
            (Some('Y'), false) => Unit::Year,
            (Some('M'), false) => Unit::Month,
            (Some('W'), false) => Unit::Week,
            (Some('D'), false) => Unit::Day,
            (Some('H'), true) => Unit::Hour,
            (Some('M'), true) => Unit::Minute,
            (Some('S'), true) => Unit::Second,
            (None | Some('T' | '-'), false) if !found => {
                let goes_on = if digits == 8 && designator != Some('-') {
                    sum.add(Unit::Year, whole / 10_000, 0.0)?;
                    sum.add(Unit::Month, whole / 100 % 100, 0.0)?;
                    sum.add(Unit::Day, whole % 100, 0.0)?;
                    designator.is_some()
                } else {
                    sum.add(Unit::Year, whole, fraction)?;
                    designator == Some('T')
                        || designator == Some('-') && months_and_days(&mut sum, &mut rest)?
                };
                if !goes_on {
                    return sum.finish(false);
                }
                in_time = true;
                continue;
            }
            (None | Some(':'), true) if !found => {
                if digits == 6 && designator.is_none() {
                    sum.add(Unit::Hour, whole / 10_000, 0.0)?;
                    sum.add(Unit::Minute, whole / 100 % 100, 0.0)?;
                    sum.add(Unit::Second, whole % 100, 0.0)?;
                    // PostgreSQL takes the decimals of this form for those of a microsecond.
                    sum.add(Unit::Microseconds, 0, fraction)?;
                } else {
                    sum.add(Unit::Hour, whole, fraction)?;
                    if designator.is_some() {
                        minutes_and_seconds(&mut sum, &mut rest)?;
                    }
                }
                return sum.finish(false);
            }
            _ => return Err(Refusal::Form),
        };
        sum.add(unit, whole, fraction)?;
        found = true;
    }
    sum.finish(false)
}

/// The rest of a date `0001-02-03`. Returns whether a time follows.
fn months_and_days(sum: &mut Sum, rest: &mut Rest<'_>) -> Reading<bool> {
    rest.part(sum, Unit::Month)?;
    match rest.next() {
        None => return Ok(false),
        Some('T') => return Ok(true),
        Some('-') => {}
        Some(_) => return Err(Refusal::Form),
    }
    rest.part(sum, Unit::Day)?;
    match rest.next() {
        None => Ok(false),
        Some('T') => Ok(true),
        Some(_) => Err(Refusal::Form),
    }
}

/// The rest of a time `04:05:06`.
fn minutes_and_seconds(sum: &mut Sum, rest: &mut Rest<'_>) -> Reading<()> {
    rest.part(sum, Unit::Minute)?;
    match rest.next() {
        None => return Ok(()),
        Some(':') => {}
        Some(_) => return Err(Refusal::Form),
    }
    rest.part(sum, Unit::Second)?;
    if rest.0.is_empty() { Ok(()) } else { Err(Refusal::Form) }
}
