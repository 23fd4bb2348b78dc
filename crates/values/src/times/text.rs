//! How dates and times are written: as they are stored, and as PostgreSQL prints them.

use std::fmt::{self, Write as _};

use super::{
    calendar::Civil,
    value::{Clock, Date, Interval, MICROS_PER_DAY, MICROS_PER_SECOND, TimeOfDay, Timestamp},
};

const INFINITY: &str = "infinity";
const NEGATIVE_INFINITY: &str = "-infinity";

impl fmt::Display for Civil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Display for Clock {
    /// `HH:MM:SS`, with as many decimals as are needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.hour, self.minute, self.second)?;
        if self.micros == 0 {
            return Ok(());
        }
        let decimals = format!("{:06}", self.micros);
        write!(f, ".{}", decimals.trim_end_matches('0'))
    }
}

impl Timestamp {
    /// The form in which a timestamp is stored: `2020-01-01T00:00:00.123Z`. Microseconds follow the Z,
    /// `2020-01-01T00:00:00.123Z456`, so that the order of the texts is the order in time.
    pub fn stored(self) -> String {
        match self {
            Self::INFINITY => INFINITY.to_owned(),
            Self::NEGATIVE_INFINITY => NEGATIVE_INFINITY.to_owned(),
            _ => {
                let clock = self.clock();
                let mut text = String::with_capacity(27);
                let (millis, micros) = (clock.micros / 1000, clock.micros % 1000);
                let whole = Clock { micros: 0, ..clock };
                let _ = write!(text, "{}T{whole}.{millis:03}Z", self.civil());
                if micros > 0 {
                    let _ = write!(text, "{micros:03}");
                }
                text
            }
        }
    }

    /// Reads the form in which a timestamp is stored, and no other.
    pub fn from_stored(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        match text {
            INFINITY => return Some(Self::INFINITY),
            NEGATIVE_INFINITY => return Some(Self::NEGATIVE_INFINITY),
            _ if !(bytes.len() == 24 || bytes.len() == 27) => return None,
            _ => {}
        }
        if bytes[10] != b'T' || bytes[19] != b'.' || bytes[23] != b'Z' {
            return None;
        }
        let civil = civil_of(&bytes[..10])?;
        let seconds = clock_of(&bytes[11..19])?;
        let millis = digits(&bytes[20..23])?;
        let micros = if bytes.len() == 27 { digits(&bytes[24..])? } else { 0 };
        let of_day = i64::from(seconds) * MICROS_PER_SECOND + i64::from(millis) * 1000 + i64::from(micros);
        if of_day > MICROS_PER_DAY {
            return None;
        }
        // Year 0 is read, for files of other origin; it is never written.
        Some(Self(civil.days() * MICROS_PER_DAY + of_day))
    }

    /// Returns whether the text is how a finite timestamp is stored. Another text of the same time, with the hour 24, is not,
    /// and neither is one of the year 0.
    pub fn is_stored_as(text: &str) -> bool {
        let is_finite = |read: Self| Self::new(read.micros()).is_ok();
        text.get(11..13) != Some("24") && Self::from_stored(text).is_some_and(is_finite)
    }

    /// ISO 8601 in UTC, with milliseconds, or with microseconds when there are any.
    pub fn wire(self) -> String {
        wire_of_stored(&self.stored()).into_owned()
    }

    /// `2020-01-01 00:00:00.5`.
    pub fn text(self) -> String {
        match self {
            Self::INFINITY => INFINITY.to_owned(),
            Self::NEGATIVE_INFINITY => NEGATIVE_INFINITY.to_owned(),
            _ => format!("{} {}", self.civil(), self.clock()),
        }
    }

    /// `2020-01-01 00:00:00.5+00`.
    pub fn text_with_zone(self) -> String {
        let mut text = self.text();
        if self.is_finite() {
            text.push_str("+00");
        }
        text
    }

    /// `2020-01-01T00:00:00.5`, as it stands in a document.
    pub fn document_text(self) -> String {
        self.text().replacen(' ', "T", 1)
    }

    /// `2020-01-01T00:00:00.5+00:00`, as it stands in a document.
    pub fn document_text_with_zone(self) -> String {
        let mut text = self.document_text();
        if self.is_finite() {
            text.push_str("+00:00");
        }
        text
    }
}

/// Returns whether the text is a timestamp with milliseconds as it travels, which is its stored form too.
pub fn is_wire(text: &str) -> bool {
    text.len() == 24 && Timestamp::is_stored_as(text)
}

/// The stored form of a timestamp as ISO 8601 writes it: the microseconds stand before the Z.
pub fn wire_of_stored(stored: &str) -> std::borrow::Cow<'_, str> {
    match (stored.len(), stored.split_once('Z')) {
        (27, Some((before, micros))) if micros.len() == 3 => format!("{before}{micros}Z").into(),
        _ => stored.into(),
    }
}

impl fmt::Display for Date {
    /// The stored form, which PostgreSQL prints too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::INFINITY => f.write_str(INFINITY),
            Self::NEGATIVE_INFINITY => f.write_str(NEGATIVE_INFINITY),
            _ => self.civil().fmt(f),
        }
    }
}

impl Date {
    /// Reads the stored form, and no other.
    pub fn from_stored(text: &str) -> Option<Self> {
        match text {
            INFINITY => Some(Self::INFINITY),
            NEGATIVE_INFINITY => Some(Self::NEGATIVE_INFINITY),
            _ if text.len() == 10 => i32::try_from(civil_of(text.as_bytes())?.days()).ok().map(Self),
            _ => None,
        }
    }

    /// Returns whether the text is how a date is stored. Year 0 is read, for files of other origin, and is not.
    pub fn is_stored_as(text: &str) -> bool {
        Self::from_stored(text).is_some_and(|read| !read.is_finite() || read.civil().year > 0)
    }
}

impl fmt::Display for TimeOfDay {
    /// As PostgreSQL prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Clock::of(self.0).fmt(f)
    }
}

impl TimeOfDay {
    /// The stored form: `HH:MM:SS`, with three or six decimals when there are any.
    pub fn stored(self) -> String {
        let clock = Clock::of(self.0);
        let whole = Clock { micros: 0, ..clock };
        match clock.micros {
            0 => whole.to_string(),
            micros if micros % 1000 == 0 => format!("{whole}.{:03}", micros / 1000),
            micros => format!("{whole}.{micros:06}"),
        }
    }

    /// Reads the stored form, and no other.
    pub fn from_stored(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let seconds = i64::from(clock_of(bytes.get(..8)?)?) * MICROS_PER_SECOND;
        let micros = match &bytes[8..] {
            [] => 0,
            [b'.', decimals @ ..] if decimals.len() == 3 => i64::from(digits(decimals)?) * 1000,
            [b'.', decimals @ ..] if decimals.len() == 6 => i64::from(digits(decimals)?),
            _ => return None,
        };
        Self::new(seconds + micros).ok()
    }
}

impl fmt::Display for Interval {
    /// `1 year 2 mons -3 days +04:05:06.7`, which is the stored form too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::INFINITY => return f.write_str(INFINITY),
            Self::NEGATIVE_INFINITY => return f.write_str(NEGATIVE_INFINITY),
            _ => {}
        }
        let mut first = true;
        let mut after_negative = false;
        for (count, unit) in [(self.months / 12, "year"), (self.months % 12, "mon"), (self.days, "day")] {
            if count != 0 {
                let space = if first { "" } else { " " };
                let plus = if after_negative && count > 0 { "+" } else { "" };
                let plural = if count == 1 { "" } else { "s" };
                write!(f, "{space}{plus}{count} {unit}{plural}")?;
                first = false;
                after_negative = count < 0;
            }
        }
        if self.micros == 0 && !first {
            return Ok(());
        }
        let space = if first { "" } else { " " };
        let sign = match (self.micros < 0, after_negative) {
            (true, _) => "-",
            (false, true) => "+",
            (false, false) => "",
        };
        // The length of the smallest number does not fit the type.
        let length = i128::from(self.micros).unsigned_abs();
        let (seconds, micros) = (length / 1_000_000, length % 1_000_000);
        write!(f, "{space}{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
        if micros == 0 {
            return Ok(());
        }
        let decimals = format!("{micros:06}");
        write!(f, ".{}", decimals.trim_end_matches('0'))
    }
}

fn digits(bytes: &[u8]) -> Option<i32> {
    bytes
        .iter()
        .try_fold(0_i32, |number, byte| byte.is_ascii_digit().then(|| number * 10 + i32::from(byte - b'0')))
}

/// `YYYY-MM-DD`.
fn civil_of(bytes: &[u8]) -> Option<Civil> {
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let civil = Civil::new(digits(&bytes[..4])?, digits(&bytes[5..7])?, digits(&bytes[8..])?);
    civil.exists().then_some(civil)
}

/// The seconds of `HH:MM:SS`.
fn clock_of(bytes: &[u8]) -> Option<i32> {
    if bytes.len() != 8 || bytes[2] != b':' || bytes[5] != b':' {
        return None;
    }
    let (hour, minute, second) = (digits(&bytes[..2])?, digits(&bytes[3..5])?, digits(&bytes[6..])?);
    let midnight = hour == 24 && minute == 0 && second == 0;
    (midnight || (hour < 24 && minute < 60 && second < 60)).then_some(hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_stored_timestamps_is_the_order_in_time() {
        let texts = [
            "-infinity",
            "0001-01-01T00:00:00.000Z",
            "1999-12-31T23:59:59.999Z999",
            "2000-01-01T00:00:00.000Z",
            "2000-01-01T00:00:00.000Z001",
            "2000-01-01T00:00:00.001Z",
            "9999-12-31T23:59:59.999Z999",
            "infinity",
        ];
        let times: Vec<Timestamp> = texts.iter().map(|text| Timestamp::from_stored(text).unwrap()).collect();
        assert!(texts.is_sorted() && times.is_sorted());
        for (text, time) in texts.iter().zip(&times) {
            assert_eq!(*text, time.stored());
        }
        assert_eq!(wire_of_stored(texts[2]), "1999-12-31T23:59:59.999999Z");
        assert_eq!(wire_of_stored(texts[3]), texts[3]);
        assert_eq!(times[2].text_with_zone(), "1999-12-31 23:59:59.999999+00");
    }

    #[test]
    fn an_interval_is_written_as_postgresql_prints_it() {
        let text = |months, days, micros| Interval { months, days, micros }.to_string();
        assert_eq!(text(14, 3, 14_706_700_000), "1 year 2 mons 3 days 04:05:06.7");
        assert_eq!(text(0, 0, 0), "00:00:00");
        assert_eq!(text(-14, 3, 14_706_000_000), "-1 years -2 mons +3 days 04:05:06");
        assert_eq!(text(0, -3, 14_706_000_000), "-3 days +04:05:06");
        assert_eq!(text(1, 0, -1), "1 mon -00:00:00.000001");
        assert_eq!(text(0, 0, i64::MIN), "-2562047788:00:54.775808");
    }

    #[test]
    fn a_time_of_day_is_stored_with_no_three_or_six_decimals() {
        for text in ["00:00:00", "23:59:59.500", "23:59:59.500001", "24:00:00"] {
            assert_eq!(TimeOfDay::from_stored(text).unwrap().stored(), text);
        }
        for text in ["24:00:01", "1:00:00", "10:60:00", "10:00:00.5"] {
            assert_eq!(TimeOfDay::from_stored(text), None, "{text}");
        }
    }
}
