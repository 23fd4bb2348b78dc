//! The calendar: days since 2000-01-01, years, months and weeks. Gregorian in both directions, as PostgreSQL counts.

/// A day of the calendar. The year before 1 is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Civil {
    pub year: i32,
    pub month: i32,
    pub day: i32,
}

/// The days from 0000-03-01 to 2000-01-01.
const DAYS_TO_2000: i64 = 730_425;
/// The days of 400 years.
const DAYS_PER_CYCLE: i64 = 146_097;
/// The Julian day of 2000-01-01.
pub const JULIAN_2000: i32 = 2_451_545;
/// The days from 1970-01-01 to 2000-01-01.
pub const UNIX_DAYS: i32 = 10_957;

impl Civil {
    pub const fn new(year: i32, month: i32, day: i32) -> Self {
        Self { year, month, day }
    }

    /// The day that is so many days after 2000-01-01.
    #[expect(clippy::cast_possible_truncation, reason = "the days of an i32 are of a year that fits one")]
    pub const fn from_days(days: i32) -> Self {
        let shifted = days as i64 + DAYS_TO_2000;
        let cycle = shifted.div_euclid(DAYS_PER_CYCLE);
        let day_of_cycle = shifted.rem_euclid(DAYS_PER_CYCLE);
        let year_of_cycle = (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36_524
            - day_of_cycle / (DAYS_PER_CYCLE - 1))
            / 365;
        let day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
        // The year begins in March here, so that its last day is that of February.
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_cycle + cycle * 400 + (month <= 2) as i64;
        Self { year: year as i32, month: month as i32, day: day as i32 }
    }

    /// The days since 2000-01-01. A day beyond the end of its month counts on in the next one.
    pub const fn days(self) -> i64 {
        let year = self.year as i64 - (self.month <= 2) as i64;
        let cycle = year.div_euclid(400);
        let year_of_cycle = year.rem_euclid(400);
        let shifted_month = if self.month > 2 { self.month - 3 } else { self.month + 9 } as i64;
        let day_of_year = (153 * shifted_month + 2) / 5 + self.day as i64 - 1;
        let day_of_cycle = year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year;
        cycle * DAYS_PER_CYCLE + day_of_cycle - DAYS_TO_2000
    }

    /// Returns whether there is such a day.
    pub const fn exists(self) -> bool {
        self.month >= 1
            && self.month <= 12
            && self.day >= 1
            && self.day <= days_of_month(self.year, self.month)
    }

    /// The number of the day in its year, from 1.
    pub const fn day_of_year(self) -> i32 {
        self.distance_from(Self::new(self.year, 1, 1)) + 1
    }

    /// The day of the week: 0 is Sunday.
    pub const fn weekday(self) -> i32 {
        // 2000-01-01 was a Saturday.
        #[expect(clippy::cast_possible_truncation, reason = "less than 7")]
        let weekday = (self.days() + 6).rem_euclid(7) as i32;
        weekday
    }

    /// The ISO year and week, and the day of the week, of which 1 is Monday.
    pub const fn iso_week(self) -> (i32, i32, i32) {
        let weekday = if self.weekday() == 0 { 7 } else { self.weekday() };
        // The week belongs to the year of its Thursday.
        #[expect(clippy::cast_possible_truncation, reason = "near a day of an i32")]
        let thursday = Self::from_days((self.days() + 4 - weekday as i64) as i32);
        (thursday.year, (thursday.day_of_year() - 1) / 7 + 1, weekday)
    }

    #[expect(clippy::cast_possible_truncation, reason = "both days are of one year")]
    const fn distance_from(self, other: Self) -> i32 {
        (self.days() - other.days()) as i32
    }

    /// The Julian day.
    pub const fn julian(self) -> i64 {
        self.days() + JULIAN_2000 as i64
    }
}

/// The days since 2000-01-01 of the Monday with which a week of an ISO year begins.
pub const fn iso_week_start(year: i32, week: i32) -> i64 {
    let january_4 = Civil::new(year, 1, 4);
    let (_, _, weekday) = january_4.iso_week();
    january_4.days() - (weekday as i64 - 1) + (week as i64 - 1) * 7
}

pub const fn is_leap_year(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub const fn days_of_month(year: i32, month: i32) -> i32 {
    match month {
        2 if is_leap_year(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_is_found_again() {
        for days in (-1_000_000..3_000_000).step_by(37) {
            let civil = Civil::from_days(days);
            assert!(civil.exists());
            assert_eq!(civil.days(), i64::from(days), "{civil:?}");
        }
        assert_eq!(Civil::from_days(0), Civil::new(2000, 1, 1));
        assert_eq!(Civil::from_days(-730_119), Civil::new(1, 1, 1));
        assert_eq!(Civil::new(1970, 1, 1).days(), i64::from(-UNIX_DAYS));
    }

    #[test]
    fn a_week_belongs_to_the_year_of_its_thursday() {
        assert_eq!(Civil::new(2021, 1, 3).iso_week(), (2020, 53, 7));
        assert_eq!(Civil::new(2024, 12, 30).iso_week(), (2025, 1, 1));
        assert_eq!(iso_week_start(2025, 1), Civil::new(2024, 12, 30).days());
        assert_eq!(Civil::new(2024, 12, 31).day_of_year(), 366);
    }
}
