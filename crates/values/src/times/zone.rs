//! Time zones: by offset, by abbreviation, and by name from the database that is compiled in.

use std::sync::LazyLock;

use jiff::{
    civil::DateTime,
    tz::{Offset, TimeZone, TimeZoneDatabase},
};
use phantomdb_protocol::Result;

use super::{
    calendar::{Civil, UNIX_DAYS},
    errors::{timestamp_out_of_range, unknown_zone, zone_out_of_range},
    value::{Interval, MICROS_PER_DAY, MICROS_PER_SECOND, Timestamp},
};

/// The database that is compiled in, so that every machine knows the same zones.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The abbreviations that PostgreSQL reads, with their minutes east of Greenwich.
///
/// Source: its view `pg_timezone_abbrevs`, version 18.
const ABBREVIATIONS: &str = "\
ACDT|630 ACSST|630 ACST|570 ACT|-300 ACWST|525 ADT|-180 AEDT|660 AESST|660 AEST|600 AFT|270 AKDT|-480 \
AKST|-540 ALMST|420 ALMT|360 AMST|240 AMT|-240 ANAST|720 ANAT|720 ARST|-180 ART|-180 AST|-240 AWSST|540 \
AWST|480 AZOST|0 AZOT|-60 AZST|240 AZT|240 BDST|120 BDT|360 BNT|480 BORT|480 BOT|-240 BRA|-180 BRST|-120 \
BRT|-180 BST|60 BTT|360 CADT|630 CAST|570 CCT|480 CDT|-300 CEST|120 CET|60 CETDST|120 CHADT|825 CHAST|765 \
CHUT|600 CKT|-600 CLST|-180 CLT|-180 COT|-300 CST|-360 CXT|420 DAVT|420 DDUT|600 EASST|-300 EAST|-300 \
EAT|180 EDT|-240 EEST|180 EET|120 EETDST|180 EGST|0 EGT|-60 EST|-300 FET|180 FJST|780 FJT|720 FKST|-180 \
FKT|-180 FNST|-60 FNT|-120 GALT|-360 GAMT|-540 GEST|240 GET|240 GFT|-180 GILT|720 GMT|0 GYT|-240 HKT|480 \
HST|-600 ICT|420 IDT|180 IOT|360 IRKST|480 IRKT|480 IRT|210 IST|120 JAYT|540 JST|540 KDT|600 KGST|360 \
KGT|360 KOST|660 KRAST|420 KRAT|420 KST|540 LHDT|660 LHST|630 LIGT|600 LINT|840 LKT|330 MAGST|660 MAGT|660 \
MART|-570 MAWT|300 MDT|-360 MEST|120 MESZ|120 MET|60 METDST|120 MEZ|60 MHT|720 MMT|390 MPT|600 MSD|240 \
MSK|180 MST|-420 MUST|300 MUT|240 MVT|300 MYT|480 NDT|-150 NFT|-210 NOVST|420 NOVT|420 NPT|345 NST|-210 \
NUT|-660 NZDT|780 NZST|720 NZT|720 OMSST|360 OMST|360 PDT|-420 PET|-300 PETST|720 PETT|720 PGT|600 PHT|480 \
PKST|360 PKT|300 PMDT|-120 PMST|-180 PONT|660 PST|-480 PWT|540 PYST|-180 PYT|-180 RET|240 SADT|630 SAST|120 \
SCT|240 SGT|480 TAHT|-600 TFT|300 TJT|300 TKT|780 TMT|300 TOT|780 TRUT|600 TVT|720 UCT|0 ULAST|540 ULAT|480 \
UT|0 UTC|0 UYST|-120 UYT|-180 UZST|360 UZT|300 VET|-240 VLAST|600 VLAT|600 VOLT|180 VUT|660 WADT|480 \
WAKT|720 WAST|420 WAT|60 WDT|540 WET|0 WETDST|60 WFT|720 WGST|-120 WGT|-180 XJT|360 YAKST|540 YAKT|540 \
YAPT|600 YEKST|360 YEKT|300 Z|0 ZULU|0";

/// The abbreviations that have meant different offsets, with the zone that says which at which time.
///
/// Source: PostgreSQL's set of abbreviations `Default`.
const OF_ZONES: &str = "\
ART|America/Argentina/Buenos_Aires ARST|America/Argentina/Buenos_Aires CLT|America/Santiago \
GYT|America/Guyana PYT|America/Asuncion VET|America/Caracas DAVT|Antarctica/Davis MAWT|Antarctica/Mawson \
AMST|Asia/Yerevan ANAST|Asia/Anadyr ANAT|Asia/Anadyr AZST|Asia/Baku AZT|Asia/Baku GEST|Asia/Tbilisi \
GET|Asia/Tbilisi IRKST|Asia/Irkutsk IRKT|Asia/Irkutsk KGT|Asia/Bishkek KRAST|Asia/Krasnoyarsk \
KRAT|Asia/Krasnoyarsk LKT|Asia/Colombo MAGST|Asia/Magadan MAGT|Asia/Magadan NOVST|Asia/Novosibirsk \
NOVT|Asia/Novosibirsk OMSST|Asia/Omsk OMST|Asia/Omsk PETST|Asia/Kamchatka PETT|Asia/Kamchatka \
SGT|Asia/Singapore TMT|Asia/Ashgabat ULAT|Asia/Ulaanbaatar VLAST|Asia/Vladivostok VLAT|Asia/Vladivostok \
YAKST|Asia/Yakutsk YAKT|Asia/Yakutsk YEKT|Asia/Yekaterinburg FKST|Atlantic/Stanley FKT|Atlantic/Stanley \
LHDT|Australia/Lord_Howe MSK|Europe/Moscow VOLT|Europe/Volgograd IOT|Indian/Chagos \
CKT|Pacific/Rarotonga EASST|Pacific/Easter EAST|Pacific/Easter KOST|Pacific/Kosrae LINT|Pacific/Kiritimati \
NUT|Pacific/Niue TKT|Pacific/Fakaofo";

/// A time zone.
#[derive(Debug, Clone)]
pub enum Zone {
    /// Seconds east of Greenwich.
    Fixed(i64),
    Rules(TimeZone),
    /// An abbreviation, which has the offset that it had in the zone at that time.
    Abbreviation(TimeZone, &'static str),
}

impl Zone {
    pub const UTC: Self = Self::Fixed(0);

    /// The zone with that abbreviation or name, in upper or lower case, or with that rule of POSIX.
    pub fn find(name: &str) -> Result<Self> {
        Self::by_name(name).ok_or_else(|| unknown_zone(name))
    }

    /// The zone of a timestamp that is made of numbers. Numeric offsets count to the east here.
    pub fn find_for_input(name: &str) -> Result<Self> {
        match input_offset(name) {
            Some(seconds) => seconds.map(Self::Fixed).ok_or_else(|| zone_out_of_range(name)),
            None => Self::find(name),
        }
    }

    /// The moment after an interval, whose days and months are those of the zone's clocks.
    pub fn plus(&self, utc: Timestamp, interval: Interval) -> Result<Timestamp> {
        if !utc.is_finite() || !interval.is_finite() {
            return utc.plus(interval);
        }
        let clocks = Interval { micros: 0, ..interval };
        let moved =
            if clocks == Interval::default() { utc } else { self.utc(self.local(utc)?.plus(clocks)?)? };
        moved.plus(Interval { micros: interval.micros, ..Interval::default() })
    }

    pub(super) fn by_name(name: &str) -> Option<Self> {
        Self::by_abbreviation(name)
            .or_else(|| ZONES.get(name).ok().map(Self::Rules))
            .or_else(|| Self::by_rule(name))
    }

    pub(super) fn by_abbreviation(name: &str) -> Option<Self> {
        let in_zone = OF_ZONES.split_whitespace().find_map(|entry| {
            let (abbreviation, zone) = entry.split_once('|')?;
            let zone = abbreviation.eq_ignore_ascii_case(name).then(|| ZONES.get(zone).ok())??;
            Some(Self::Abbreviation(zone, abbreviation))
        });
        let fixed = || {
            ABBREVIATIONS.split_whitespace().find_map(|entry| {
                let (abbreviation, minutes) = entry.split_once('|')?;
                let minutes: i64 =
                    abbreviation.eq_ignore_ascii_case(name).then(|| minutes.parse().ok())??;
                Some(Self::Fixed(minutes * 60))
            })
        };
        in_zone.or_else(fixed)
    }

    /// `EST5EDT,M3.2.0,M11.1.0`, and shorter than POSIX allows: `+3`, `UTC-5:30`. Hours count to the west.
    fn by_rule(name: &str) -> Option<Self> {
        let at = name.find(['+', '-'])?;
        let (abbreviation, offset) = name.split_at(at);
        if abbreviation.bytes().all(|byte| byte.is_ascii_alphabetic())
            && let Some(seconds) = posix_offset(offset)
        {
            return Some(Self::Fixed(-seconds));
        }
        TimeZone::posix(name).ok().map(Self::Rules)
    }

    /// The zone that lies so far to the east. Fails when the interval has months or days.
    pub fn from_interval(interval: Interval) -> Result<Self> {
        if interval.months != 0 || interval.days != 0 || !interval.is_finite() {
            return Err(unknown_zone(&interval.to_string()));
        }
        Ok(Self::Fixed(interval.micros / MICROS_PER_SECOND))
    }

    /// Seconds east of Greenwich at a moment of UTC.
    pub(super) fn offset_at(&self, utc: Timestamp) -> i64 {
        match self {
            Self::Fixed(seconds) => *seconds,
            Self::Rules(zone) => zone.to_offset(instant(utc)).seconds().into(),
            Self::Abbreviation(zone, name) => offset_of_abbreviation(zone, name, instant(utc)),
        }
    }

    /// The local time at a moment of UTC.
    pub fn local(&self, utc: Timestamp) -> Result<Timestamp> {
        if utc.is_finite() { Timestamp::new(self.shifted(utc).0) } else { Ok(utc) }
    }

    /// The local time at a moment of UTC, which may be a little beyond the years of a timestamp.
    pub(super) fn shifted(&self, utc: Timestamp) -> Timestamp {
        if utc.is_finite() { Timestamp(utc.0 + self.offset_at(utc) * MICROS_PER_SECOND) } else { utc }
    }

    /// The moment of UTC at which it is that time there. A time that is skipped or occurs twice is in standard time.
    pub fn utc(&self, local: Timestamp) -> Result<Timestamp> {
        if !local.is_finite() {
            return Ok(local);
        }
        let offset = self.offset_of_local(local.0)?;
        Timestamp::from_wide(i128::from(local.0) - i128::from(offset * MICROS_PER_SECOND))
    }

    /// Seconds east of Greenwich when it is that time there.
    pub(super) fn offset_of_local(&self, local: i64) -> Result<i64> {
        match self {
            Self::Fixed(seconds) => Ok(*seconds),
            Self::Rules(zone) => offset_of_local(zone, local),
            Self::Abbreviation(zone, name) => {
                let utc = Timestamp(local - offset_of_local(zone, local)? * MICROS_PER_SECOND);
                Ok(offset_of_abbreviation(zone, name, instant(utc)))
            }
        }
    }
}

/// Seconds east of Greenwich when it is that time in the zone.
fn offset_of_local(zone: &TimeZone, local: i64) -> Result<i64> {
    // jiff's times end before the year 9999 does.
    const LAST: i64 = Civil::new(9999, 12, 29).days() * MICROS_PER_DAY;
    let civil: DateTime = Offset::UTC.to_datetime(instant(Timestamp(local.min(LAST))));
    let utc = zone.to_ambiguous_timestamp(civil).later().map_err(|_| timestamp_out_of_range())?;
    let seconds = Offset::UTC.to_timestamp(civil).map_err(|_| timestamp_out_of_range())?;
    Ok(seconds.as_second() - utc.as_second())
}

/// Seconds east of Greenwich that an abbreviation means in a zone: what it meant last, or what it will mean first. An
/// abbreviation that the zone never uses stands for the zone.
fn offset_of_abbreviation(zone: &TimeZone, name: &str, at: jiff::Timestamp) -> i64 {
    /// The rules of a zone go on for ever.
    const LATER_CHANGES: usize = 200;
    let now = zone.to_offset_info(at);
    let known = (now.abbreviation() == name)
        .then(|| now.offset())
        .or_else(|| {
            zone.preceding(at).find(|change| change.abbreviation() == name).map(|change| change.offset())
        })
        .or_else(|| {
            let mut later = zone.following(at).take(LATER_CHANGES);
            later.find(|change| change.abbreviation() == name).map(|change| change.offset())
        });
    known.unwrap_or_else(|| now.offset()).seconds().into()
}

/// jiff's timestamp, which ends one day before the year 9999 does.
fn instant(utc: Timestamp) -> jiff::Timestamp {
    let micros = utc.0.saturating_add(i64::from(UNIX_DAYS) * MICROS_PER_DAY);
    jiff::Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    })
}

/// The seconds of `+3`, `-5:30` and `+5:30:15`.
fn posix_offset(text: &str) -> Option<i64> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut seconds = 0;
    let mut unit = 3600;
    for part in rest.split(':') {
        if unit == 0 || part.is_empty() || part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number: i64 = part.parse().ok()?;
        if number > if unit == 3600 { 167 } else { 59 } {
            return None;
        }
        seconds += number * unit;
        unit /= 60;
    }
    Some(sign * seconds)
}

/// The seconds of a numeric offset in the forms that PostgreSQL reads: `+1`, `+130`, `+1:`, `-10:00:10`. None for another
/// text, and none within for an offset that is too large.
fn input_offset(text: &str) -> Option<Option<i64>> {
    const MOST_HOURS: i64 = 15;
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let mut rest = &text[1..];
    let mut number = || -> Option<i64> {
        let (digits, after) = rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count());
        rest = after.strip_prefix(':').unwrap_or(after);
        if digits.is_empty() { Some(0) } else { digits.parse().ok() }
    };
    let has_delimiter = text.contains(':');
    let (mut hours, mut minutes) = (number()?, 0);
    if has_delimiter {
        minutes = number()?;
    } else if text.len() > 3 {
        (hours, minutes) = (hours / 100, hours % 100);
    }
    let seconds = if has_delimiter { number()? } else { 0 };
    if !rest.is_empty() || !text[1..].starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let is_allowed = hours <= MOST_HOURS && minutes < 60 && seconds < 60;
    Some(is_allowed.then_some(sign * (hours * 3600 + minutes * 60 + seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_stored(text).unwrap()
    }

    #[test]
    fn zones_are_known_without_the_files_of_the_machine() {
        let berlin = Zone::find("europe/BERLIN").unwrap();
        assert_eq!(berlin.local(at("2020-07-01T00:00:00.000Z")).unwrap().text(), "2020-07-01 02:00:00");
        assert_eq!(berlin.utc(at("2020-01-01T00:00:00.000Z")).unwrap().text(), "2019-12-31 23:00:00");
        // Skipped, and twice.
        assert_eq!(berlin.utc(at("2020-03-29T02:30:00.000Z")).unwrap().text(), "2020-03-29 01:30:00");
        assert_eq!(berlin.utc(at("2020-10-25T02:30:00.000Z")).unwrap().text(), "2020-10-25 01:30:00");
        assert_eq!(Zone::find("nowhere").unwrap_err().code, phantomdb_protocol::ErrorCode::TypeMismatch);
    }

    #[test]
    fn an_abbreviation_means_what_it_meant_then() {
        let moscow = Zone::find("msk").unwrap();
        for (local, utc) in [
            ("2011-03-27T01:59:59.000Z", "2011-03-26T22:59:59.000Z"),
            ("2011-03-27T04:00:00.000Z", "2011-03-27T00:00:00.000Z"),
            ("2014-10-26T00:00:00.000Z", "2014-10-25T20:00:00.000Z"),
            ("2020-01-01T03:00:00.000Z", "2020-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(moscow.utc(at(local)).unwrap(), at(utc), "{local}");
        }
        assert_eq!(moscow.local(at("2011-03-26T23:00:00.000Z")).unwrap(), at("2011-03-27T03:00:00.000Z"));
        assert_eq!(moscow.local(at("2014-10-25T21:00:00.000Z")).unwrap(), at("2014-10-26T01:00:00.000Z"));
    }

    #[test]
    fn an_offset_of_a_time_made_of_numbers_counts_to_the_east() {
        for (text, seconds) in [
            ("+1", 3600),
            ("+1:", 3600),
            ("+1:0", 3600),
            ("+100", 3600),
            ("-10", -36_000),
            ("+1030", 37_800),
            ("+10:00:", 36_000),
            ("-10:00:1", -36_001),
            ("+10:00:10", 36_010),
            ("+15:59:59", 57_599),
        ] {
            assert_eq!(Zone::find_for_input(text).unwrap().offset_at(Timestamp(0)), seconds, "{text}");
        }
        for refused in ["+16", "-16", "+1:60", "+1600", "+", "+:", "+1x", "1"] {
            assert!(Zone::find_for_input(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn offsets_of_posix_count_to_the_west() {
        for (name, seconds) in [("PST", -28_800), ("utc", 0), ("+03", -10_800), ("UTC-5:30", 19_800)] {
            assert_eq!(Zone::find(name).unwrap().offset_at(Timestamp(0)), seconds, "{name}");
        }
    }
}
