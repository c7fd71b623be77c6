//! A day of the calendar, since most rules about time are about days and years.

use std::fmt;

/// A day of the Gregorian calendar. Days order by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: i32,
    month: u8,
    day: u8,
}

impl Day {
    /// 1970-01-01.
    pub const EPOCH: Self = Self { year: 1970, month: 1, day: 1 };

    /// The day that `text` begins with: `YYYY-MM-DD`, alone or followed by `T` or a space and a time of day. The day is
    /// taken as written; the runner gives instants in UTC.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        let mut parts = date.split('-');
        let day = Self {
            year: digits(parts.next()?, 4)?.into(),
            month: digits(parts.next()?, 2)?.try_into().ok()?,
            day: digits(parts.next()?, 2)?.try_into().ok()?,
        };
        let alone = rest.is_empty() || rest.starts_with(['T', ' ']);
        (alone && parts.next().is_none() && day.exists()).then_some(day)
    }

    /// The year.
    pub fn year(self) -> i32 {
        self.year
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    pub fn day(self) -> u8 {
        self.day
    }

    /// Days from `earlier` to this day; negative when this day is the earlier one.
    pub fn days_since(self, earlier: Self) -> i64 {
        self.number() - earlier.number()
    }

    fn exists(self) -> bool {
        (1..=12).contains(&self.month) && (1..=self.month_length()).contains(&self.day)
    }

    fn month_length(self) -> u8 {
        let leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        match self.month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    /// Days since 0000-03-01. Years are counted from March, so that a leap day is the last day of its year.
    fn number(self) -> i64 {
        let (year, month, day) = (i64::from(self.year), i64::from(self.month), i64::from(self.day));
        let (year, months_since_march) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        // 153 days in each five months from March: 31, 30, 31, 30, 31.
        year * 365 + leap_days + (153 * months_since_march + 2) / 5 + day - 1
    }
}

fn digits(text: &str, count: usize) -> Option<u16> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).expect(text)
    }

    #[test]
    fn a_day_is_read_from_dates_timestamps_and_text() {
        for text in
            ["2026-02-28", "2026-02-28T23:59:59.999999Z", "2026-02-28T00:00:00.000000", "2026-02-28 10:00"]
        {
            assert_eq!(day(text).to_string(), "2026-02-28");
        }
        assert_eq!(
            (day("2024-02-29").year(), day("2024-02-29").month(), day("2024-02-29").day()),
            (2024, 2, 29)
        );
    }

    #[test]
    fn what_is_not_a_day_is_not_read() {
        for text in
            ["", "2026", "2026-2-28", "2026-02-30", "2025-02-29", "2026-13-01", "2026-00-10", "2026-01-00"]
        {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        for text in
            ["2026-02-281", "2026-02-28x", "+026-02-28", "2026/02/28", "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}"]
        {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }

    #[test]
    fn days_are_counted_over_months_years_and_leap_days() {
        let cases = [
            ("2026-03-01", "2026-02-28", 1),
            ("2024-03-01", "2024-02-28", 2),
            ("1970-01-01", "1970-01-01", 0),
            ("2026-01-01", "2027-01-01", -365),
            ("2000-03-01", "1900-03-01", 36_525),
        ];
        for (later, earlier, days) in cases {
            assert_eq!(day(later).days_since(day(earlier)), days, "{later} - {earlier}");
        }
    }
}
