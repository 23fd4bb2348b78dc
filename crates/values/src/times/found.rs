//! The day, the time of day and the offset that a template has found.

use phantomdb_protocol::Result;

use super::{
    calendar::{Civil, JULIAN_2000, is_leap_year, iso_week_start},
    errors::field_out_of_range,
    from_char::{Found, refuse},
    value::{MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND},
};

impl Found {
    /// The year with its sign; 0 is the year before 1.
    fn full_year(&mut self) -> i64 {
        let before_christ = self.era == 1;
        let century = if before_christ { -self.century } else { self.century };
        if self.year == 0 {
            return match century {
                0 => 0,
                century if century > 0 => (century - 1) * 100 + 1,
                century => century * 100 + 1,
            };
        }
        if century != 0 && self.year_digits <= 2 {
            let rest = self.year % 100;
            return match (rest, century < 0) {
                (0, negative) => century * 100 + i64::from(negative),
                (rest, true) => (century + 1) * 100 - rest + 1,
                (rest, false) => rest + (century - 1) * 100,
            };
        }
        let year = if before_christ { -self.year } else { self.year };
        if year < 0 { year + 1 } else { year }
    }

    pub(super) fn civil(&self, text: &str) -> Result<Civil> {
        let mut found = self.clone();
        let out_of_range = || field_out_of_range(text);
        let year = i32::try_from(found.full_year()).map_err(|_| out_of_range())?;
        let from_days = |days: i64| i32::try_from(days).map(Civil::from_days).map_err(|_| out_of_range());
        let by_weeks = found.by_weeks == Some(true);
        let mut civil = Civil::new(year, 1, 1);
        if found.julian != 0 {
            civil = from_days(found.julian - i64::from(JULIAN_2000))?;
        }
        if found.week != 0 {
            if by_weeks {
                let week = i32::try_from(found.week).map_err(|_| out_of_range())?;
                // Monday is the first day of such a week.
                let day = match found.weekday {
                    0 => 0,
                    1 => 6,
                    weekday => weekday - 2,
                };
                civil = from_days(iso_week_start(year, week) + day)?;
            } else {
                found.day_of_year = (found.week - 1) * 7 + 1;
            }
        }
        if found.week_of_month != 0 {
            found.day = (found.week_of_month - 1) * 7 + 1;
        }
        let part = |number: i64| i32::try_from(number).map_err(|_| out_of_range());
        if found.day != 0 {
            civil.day = part(found.day)?;
        }
        if found.month != 0 {
            civil.month = part(found.month)?;
        }
        if found.day_of_year != 0 && (civil.month <= 1 || civil.day <= 1) {
            if civil.year == 0 && found.era == 0 {
                return Err(refuse(text, "the day of a year needs the year"));
            }
            if by_weeks {
                civil = from_days(iso_week_start(year, 1) + found.day_of_year - 1)?;
            } else {
                let last = if is_leap_year(civil.year) { 366 } else { 365 };
                if !(1..=last).contains(&found.day_of_year) {
                    return Err(out_of_range());
                }
                let day = from_days(Civil::new(civil.year, 1, 1).days() + found.day_of_year - 1)?;
                if civil.month <= 1 {
                    civil.month = day.month;
                }
                if civil.day <= 1 {
                    civil.day = day.day;
                }
            }
        }
        if civil.exists() { Ok(civil) } else { Err(out_of_range()) }
    }

    pub(super) fn micros_of_day(&self, text: &str) -> Result<i64> {
        let (mut hour, mut minute, mut second) = (0, 0, 0);
        if self.second_of_day != 0 {
            hour = self.second_of_day / 3600;
            minute = self.second_of_day / 60 % 60;
            second = self.second_of_day % 60;
        }
        for (slot, given) in [(&mut hour, self.hour), (&mut minute, self.minute), (&mut second, self.second)]
        {
            if given != 0 {
                *slot = given;
            }
        }
        if self.twelve_hours {
            if !(1..=12).contains(&hour) {
                return Err(refuse(text, "the hours of a clock of twelve are 1 to 12"));
            }
            hour = hour % 12 + if self.afternoon { 12 } else { 0 };
        }
        let micros = self.millis * 1000 + self.micros;
        if !(0..24).contains(&hour)
            || !(0..60).contains(&minute)
            || !(0..60).contains(&second)
            || !(0..MICROS_PER_SECOND).contains(&micros)
        {
            return Err(field_out_of_range(text));
        }
        Ok(hour * MICROS_PER_HOUR + minute * MICROS_PER_MINUTE + second * MICROS_PER_SECOND + micros)
    }

    /// Seconds east of Greenwich.
    pub(super) fn offset(&self, text: &str) -> Result<i64> {
        if let Some(seconds) = self.zone_seconds {
            return Ok(seconds);
        }
        if !(0..=15).contains(&self.zone_hour) || !(0..60).contains(&self.zone_minute) {
            return Err(refuse(text, "the offset of its time zone is out of range"));
        }
        Ok(self.zone_sign * (self.zone_hour * 3600 + self.zone_minute * 60))
    }
}
