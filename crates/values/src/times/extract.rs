//! The fields of dates, times and intervals: `extract`, `date_part` and `date_trunc`.

use bigdecimal::{BigDecimal, RoundingMode};
use phantomdb_protocol::Result;

use super::{
    calendar::{Civil, UNIX_DAYS, iso_week_start},
    errors::timestamp_out_of_range,
    field::Unit,
    value::{
        Clock, Date, Interval, MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND,
        TimeOfDay, Timestamp,
    },
    zone::Zone,
};

/// A field's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// So many units, each of which is a tenth of the unit before as often as the scale says.
    Number {
        unscaled: i128,
        scale: u32,
    },
    /// A Julian day with its fraction.
    Exact(BigDecimal),
    Infinity,
    NegativeInfinity,
    /// An infinite time has no such field.
    None,
}

impl Part {
    const fn whole(number: i64) -> Self {
        Self::Number { unscaled: number as i128, scale: 0 }
    }

    const fn scaled(unscaled: i128, scale: u32) -> Self {
        Self::Number { unscaled, scale }
    }

    /// The value as a numeric prints; none for NULL.
    pub fn numeric(&self) -> Option<String> {
        Some(match self {
            Self::Number { unscaled, scale: 0 } => unscaled.to_string(),
            Self::Number { unscaled, scale } => {
                let unit = 10_u128.pow(*scale);
                let sign = if *unscaled < 0 { "-" } else { "" };
                let size = unscaled.unsigned_abs();
                format!("{sign}{}.{:0width$}", size / unit, size % unit, width = *scale as usize)
            }
            Self::Exact(number) => number.to_plain_string(),
            Self::Infinity => "Infinity".to_owned(),
            Self::NegativeInfinity => "-Infinity".to_owned(),
            Self::None => return None,
        })
    }

    /// The value as a float; none for NULL.
    pub fn float(&self) -> Option<f64> {
        match self {
            Self::Infinity => Some(f64::INFINITY),
            Self::NegativeInfinity => Some(f64::NEG_INFINITY),
            _ => self.numeric()?.parse().ok(),
        }
    }
}

fn century(year: i32) -> i32 {
    if year > 0 { (year + 99) / 100 } else { -((99 - (year - 1)) / 100) }
}

fn millennium(year: i32) -> i32 {
    if year > 0 { (year + 999) / 1000 } else { -((999 - (year - 1)) / 1000) }
}

fn decade(year: i32) -> i32 {
    year.div_euclid(10)
}

/// The field of a day, when a day has it.
fn of_day(unit: Unit, civil: Civil) -> Option<i64> {
    Some(i64::from(match unit {
        Unit::Day => civil.day,
        Unit::Month => civil.month,
        Unit::Quarter => (civil.month - 1) / 3 + 1,
        Unit::Week => civil.iso_week().1,
        // There is no year 0.
        Unit::Year => civil.year - i32::from(civil.year <= 0),
        Unit::Decade => decade(civil.year),
        Unit::Century => century(civil.year),
        Unit::Millennium => millennium(civil.year),
        Unit::IsoYear => {
            let year = civil.iso_week().0;
            year - i32::from(year <= 0)
        }
        Unit::DayOfWeek => civil.weekday(),
        Unit::IsoDayOfWeek => civil.iso_week().2,
        Unit::DayOfYear => civil.day_of_year(),
        Unit::Julian => return Some(civil.julian()),
        _ => return None,
    }))
}

/// The field of a time of day, when it has it.
fn of_clock(unit: Unit, clock: Clock) -> Option<Part> {
    let micros = i128::from(clock.second * MICROS_PER_SECOND + clock.micros);
    Some(match unit {
        Unit::Microseconds => Part::scaled(micros, 0),
        Unit::Milliseconds => Part::scaled(micros, 3),
        Unit::Second => Part::scaled(micros, 6),
        Unit::Minute => Part::whole(clock.minute),
        Unit::Hour => Part::whole(clock.hour),
        _ => return None,
    })
}

/// The field of an infinite time: infinite when it grows with time, none when it comes again.
fn of_infinity(unit: Unit, is_positive: bool) -> Part {
    match unit {
        Unit::Year
        | Unit::Decade
        | Unit::Century
        | Unit::Millennium
        | Unit::Julian
        | Unit::IsoYear
        | Unit::Epoch => {
            if is_positive {
                Part::Infinity
            } else {
                Part::NegativeInfinity
            }
        }
        _ => Part::None,
    }
}

impl Timestamp {
    /// A field of a timestamp. One with a zone, which is UTC here, has the fields of its zone.
    pub fn part(self, field: &str, with_zone: bool) -> Result<Part> {
        let unit = Unit::find(field)?;
        let what = if with_zone { "a timestamp with a time zone" } else { "a timestamp without a time zone" };
        if !self.is_finite() {
            return Ok(of_infinity(unit, self == Self::INFINITY));
        }
        if matches!(unit, Unit::Timezone | Unit::TimezoneHour | Unit::TimezoneMinute) {
            return if with_zone { Ok(Part::whole(0)) } else { Err(unit.unsupported(what)) };
        }
        if unit == Unit::Epoch {
            let micros = i128::from(self.0) + i128::from(UNIX_DAYS) * i128::from(MICROS_PER_DAY);
            return Ok(Part::scaled(micros, 6));
        }
        if unit == Unit::Julian {
            return Ok(Part::Exact(julian(self)));
        }
        let of_day = of_day(unit, self.civil()).map(Part::whole);
        of_day.or_else(|| of_clock(unit, self.clock())).ok_or_else(|| unit.unsupported(what))
    }

    /// The time with everything smaller than the field at its begin.
    pub fn truncated(self, field: &str) -> Result<Self> {
        let truncated = self.truncated_to(Unit::find(field)?)?;
        if truncated.is_finite() { Self::new(truncated.0) } else { Ok(truncated) }
    }

    /// As [`Self::truncated`], without a look at the years, which are those of another zone perhaps.
    fn truncated_to(self, unit: Unit) -> Result<Self> {
        let refuse = || unit.unsupported("date_trunc of a timestamp");
        let begins_day = |civil: Civil| Ok(Self(civil.days() * MICROS_PER_DAY));
        let civil = self.civil();
        let year = |year: i32| begins_day(Civil::new(year, 1, 1));
        match unit {
            Unit::Timezone | Unit::TimezoneHour | Unit::TimezoneMinute => Err(refuse()),
            _ if !unit.is_begun() => Err(unit.without_begin()),
            _ if !self.is_finite() => Ok(self),
            Unit::Week => {
                let (year, week, _) = civil.iso_week();
                let days = i32::try_from(iso_week_start(year, week)).map_err(|_| timestamp_out_of_range())?;
                begins_day(Civil::from_days(days))
            }
            Unit::Month => begins_day(Civil { day: 1, ..civil }),
            Unit::Quarter => begins_day(Civil { day: 1, month: (civil.month - 1) / 3 * 3 + 1, ..civil }),
            Unit::Year => year(civil.year),
            Unit::Decade => year(decade(civil.year) * 10),
            Unit::Century => year(century(civil.year) * 100 - 99),
            Unit::Millennium => year(millennium(civil.year) * 1000 - 999),
            _ => {
                let length = unit.micros().ok_or_else(refuse)?;
                Ok(Self(self.0.div_euclid(length) * length))
            }
        }
    }

    /// As [`Self::truncated`], with days and more of a zone.
    pub fn truncated_in(self, field: &str, zone: &Zone) -> Result<Self> {
        let unit = Unit::find(field)?;
        let local = zone.shifted(self).truncated_to(unit)?;
        // Within an hour that occurs twice, the moment stays in its half.
        if unit.micros().is_some_and(|length| length < MICROS_PER_DAY) && self.is_finite() {
            return Self::new(local.0 - zone.offset_at(self) * MICROS_PER_SECOND);
        }
        zone.utc(local)
    }
}

/// The Julian day, with so many decimals as PostgreSQL's division of numerics gives: 16 digits at least.
fn julian(at: Timestamp) -> BigDecimal {
    let micros = at.micros_of_day();
    let day = BigDecimal::from(at.civil().julian());
    let scale = quotient_scale(micros);
    let fraction = BigDecimal::from(micros) / BigDecimal::from(MICROS_PER_DAY);
    (day + fraction.with_scale_round(scale, RoundingMode::HalfUp)).with_scale(scale)
}

/// The decimals of the quotient of a number of microseconds and a day's.
fn quotient_scale(micros: i64) -> i64 {
    // PostgreSQL counts digits of base 10,000: 864|0000|0000 has three of them.
    let (mut weight, mut first) = (0, micros);
    while first >= 10_000 {
        first /= 10_000;
        weight += 1;
    }
    let mut quotient_weight = weight - 2;
    if first <= 864 {
        quotient_weight -= 1;
    }
    (16 - quotient_weight * 4).max(0)
}

impl Date {
    /// A field of a date.
    pub fn part(self, field: &str) -> Result<Part> {
        let unit = Unit::find(field)?;
        let probe = of_day(unit, Civil::new(2000, 1, 1));
        if probe.is_none() && unit != Unit::Epoch {
            return Err(unit.unsupported("a date"));
        }
        if !self.is_finite() {
            return Ok(of_infinity(unit, self == Self::INFINITY));
        }
        if unit == Unit::Epoch {
            return Ok(Part::whole((i64::from(self.0) + i64::from(UNIX_DAYS)) * 86_400));
        }
        of_day(unit, self.civil()).map(Part::whole).ok_or_else(|| unit.unsupported("a date"))
    }
}

impl TimeOfDay {
    /// A field of a time of day.
    pub fn part(self, field: &str) -> Result<Part> {
        let unit = Unit::find(field)?;
        if unit == Unit::Epoch {
            return Ok(Part::scaled(self.0.into(), 6));
        }
        of_clock(unit, Clock::of(self.0)).ok_or_else(|| unit.unsupported("a time of day"))
    }
}

impl Interval {
    /// A field of an interval.
    pub fn part(self, field: &str) -> Result<Part> {
        let unit = Unit::find(field)?;
        let refuse = || unit.unsupported("an interval");
        let (years, months) = (self.months / 12, self.months % 12);
        let days = i64::from(self.days);
        let number = match unit {
            Unit::Epoch => {
                // A year has 365.25 days here, and a month 30.
                let quarter_days =
                    i128::from(years) * 1461 + i128::from(months) * 120 + i128::from(self.days) * 4;
                let micros = quarter_days * i128::from(MICROS_PER_DAY / 4) + i128::from(self.micros);
                Part::scaled(micros, 6)
            }
            Unit::Year => Part::whole(years.into()),
            Unit::Decade => Part::whole((years / 10).into()),
            Unit::Century => Part::whole((years / 100).into()),
            Unit::Millennium => Part::whole((years / 1000).into()),
            Unit::Quarter => {
                let quarter = if self.months >= 0 { months / 3 + 1 } else { -(-months / 3 + 1) };
                Part::whole(quarter.into())
            }
            Unit::Month => Part::whole(months.into()),
            Unit::Week => Part::whole(days / 7),
            Unit::Day => Part::whole(days),
            Unit::Hour => Part::whole(self.micros / MICROS_PER_HOUR),
            Unit::Minute => Part::whole(self.micros / MICROS_PER_MINUTE % 60),
            Unit::Second => Part::scaled((self.micros % MICROS_PER_MINUTE).into(), 6),
            Unit::Milliseconds => Part::scaled((self.micros % MICROS_PER_MINUTE).into(), 3),
            Unit::Microseconds => Part::scaled((self.micros % MICROS_PER_MINUTE).into(), 0),
            _ => return Err(refuse()),
        };
        if self.is_finite() {
            return Ok(number);
        }
        let grows = matches!(
            unit,
            Unit::Epoch
                | Unit::Year
                | Unit::Decade
                | Unit::Century
                | Unit::Millennium
                | Unit::Day
                | Unit::Hour
        );
        Ok(match (grows, self == Self::INFINITY) {
            (false, _) => Part::None,
            (true, true) => Part::Infinity,
            (true, false) => Part::NegativeInfinity,
        })
    }

    /// A field as PostgreSQL's `date_part` computes it, in floats.
    #[expect(clippy::cast_precision_loss, reason = "PostgreSQL adds floats too")]
    pub fn float_part(self, field: &str) -> Result<Option<f64>> {
        if !self.is_finite() || Unit::find(field)? != Unit::Epoch {
            return Ok(self.part(field)?.float());
        }
        let (years, months) = (f64::from(self.months / 12), f64::from(self.months % 12));
        let seconds = self.micros as f64 / 1e6;
        Ok(Some(seconds + years * 31_557_600.0 + months * 2_592_000.0 + f64::from(self.days) * 86_400.0))
    }

    /// The interval without what is smaller than the field.
    pub fn truncated(self, field: &str) -> Result<Self> {
        let unit = Unit::find(field)?;
        let to_months = |count: i32| Self { months: self.months / count * count, days: 0, micros: 0 };
        let truncated = match unit {
            Unit::Millennium => to_months(12_000),
            Unit::Century => to_months(1200),
            Unit::Decade => to_months(120),
            Unit::Year => to_months(12),
            Unit::Quarter => to_months(3),
            Unit::Month => to_months(1),
            Unit::Day => Self { micros: 0, ..self },
            Unit::Hour | Unit::Minute | Unit::Second | Unit::Milliseconds | Unit::Microseconds => {
                let length = unit.micros().unwrap_or(1);
                Self { micros: self.micros / length * length, ..self }
            }
            _ if !unit.is_begun() => return Err(unit.without_begin()),
            _ => return Err(unit.unsupported("date_trunc of an interval")),
        };
        Ok(if self.is_finite() { truncated } else { self })
    }
}
