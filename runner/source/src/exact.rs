//! The one written form of dates, timestamps, uuids and decimals, and nothing that only looks like them.
//!
//! Invariant: these functions never round, never guess and never accept what they would print differently in meaning.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

/// A plain decimal as printed by a database: no exponent, no leading zeros, trailing zeros kept.
pub(crate) fn decimal(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    if !all_digits(whole) || fraction.is_some_and(|fraction| !all_digits(fraction)) {
        return None;
    }
    let significant = whole.trim_start_matches('0');
    let whole = if significant.is_empty() { "0" } else { significant };
    Some(match fraction {
        Some(fraction) => format!("{sign}{whole}.{fraction}"),
        None => format!("{sign}{whole}"),
    })
}

/// A decimal written with exactly `scale` fractional digits, if that takes no rounding.
pub(crate) fn rescaled(text: &str, scale: usize) -> Option<String> {
    let plain = decimal(text)?;
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let kept = fraction.get(..scale.min(fraction.len()))?;
    let dropped = fraction.get(kept.len()..)?;
    if dropped.bytes().any(|digit| digit != b'0') {
        return None;
    }
    // A database prints no negative zero.
    let whole = if whole.bytes().chain(kept.bytes()).all(|byte| matches!(byte, b'-' | b'0')) {
        whole.trim_start_matches('-')
    } else {
        whole
    };
    Some(if scale == 0 { whole.to_owned() } else { format!("{whole}.{kept:0<scale$}") })
}

/// `YYYY-MM-DD`, a day that exists, in the years 1 to 9999.
pub(crate) fn date(text: &str) -> Option<String> {
    civil_date(text).map(|date| date.to_string())
}

/// A wall clock's reading: a date, `T` or a space, a time of day; printed with `T` and six fractional digits.
pub(crate) fn wall_clock(text: &str) -> Option<String> {
    civil_date_time(text).map(six_digits)
}

/// An instant: as [`wall_clock`] with `Z` or a numeric offset; printed in UTC with `Z`.
pub(crate) fn instant(text: &str) -> Option<String> {
    let (local, offset) = match text.strip_suffix(['Z', 'z']) {
        Some(local) => (local, Offset::UTC),
        None => {
            // The date has hyphens of its own, so only the time of day is searched for a sign.
            let sign = 10 + text.get(10..)?.find(['+', '-'])?;
            (text.get(..sign)?, numeric_offset(text.get(sign..)?)?)
        }
    };
    let ahead = SignedDuration::from_secs(offset.seconds().into());
    let utc = civil_date_time(local)?.checked_sub(ahead).ok()?;
    (1..=9999).contains(&utc.year()).then(|| six_digits(utc) + "Z")
}

/// Whether a printed timestamp needs no more than `digits` fractional digits.
pub(crate) fn fits_digits(timestamp: &str, digits: u32) -> bool {
    let fraction = timestamp.split_once('.').map_or("", |(_, fraction)| fraction.trim_end_matches('Z'));
    let kept = usize::try_from(digits).unwrap_or(usize::MAX).min(fraction.len());
    fraction.bytes().skip(kept).all(|digit| digit == b'0')
}

/// A lower-case hyphenated uuid, from one in either case.
pub(crate) fn uuid(text: &str) -> Option<String> {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let hex = groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()));
    (hex && lengths == [8, 4, 4, 4, 12]).then(|| text.to_ascii_lowercase())
}

/// Whether a printed uuid's version is 8 or more, and its variant bit is not set.
pub(crate) fn lacks_variant(uuid: &str) -> bool {
    let high = |at: usize| uuid.as_bytes().get(at).is_some_and(|digit| *digit >= b'8');
    high(14) && !high(19)
}

/// A whole number in its only spelling: no plus, no leading zeros, no `-0`.
pub(crate) fn integer(text: &str) -> Option<i128> {
    text.parse::<i128>().ok().filter(|number| number.to_string() == text)
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    all_digits(text).then(|| text.parse().ok())?
}

fn six_digits(reading: DateTime) -> String {
    format!("{reading:.6}")
}

fn civil_date(text: &str) -> Option<Date> {
    let &[year, month, day] = text.split('-').collect::<Vec<_>>().as_slice() else { return None };
    if year.len() != 4 || month.len() != 2 || day.len() != 2 {
        return None;
    }
    Date::new(number(year)?, number(month)?, number(day)?).ok().filter(|date| date.year() >= 1)
}

fn civil_date_time(text: &str) -> Option<DateTime> {
    let date = civil_date(text.get(..10)?)?;
    let clock = text.get(10..)?.strip_prefix(['T', 't', ' '])?;
    let (clock, fraction) = match clock.split_once('.') {
        Some((clock, fraction)) if all_digits(fraction) => (clock, fraction),
        Some(_) => return None,
        None => (clock, "0"),
    };
    let &[hour, minute, second] = clock.split(':').collect::<Vec<_>>().as_slice() else { return None };
    if [hour, minute, second].iter().any(|part| part.len() != 2) {
        return None;
    }
    let micros = fraction.get(..6.min(fraction.len()))?;
    if fraction.get(micros.len()..)?.bytes().any(|digit| digit != b'0') {
        return None;
    }
    let nanos = number::<i32>(&format!("{micros:0<6}"))?.checked_mul(1000)?;
    Some(date.to_datetime(Time::new(number(hour)?, number(minute)?, number(second)?, nanos).ok()?))
}

/// `+HH`, `+HH:MM` or `+HH:MM:SS`, as Postgres and RFC 3339 write them.
fn numeric_offset(text: &str) -> Option<Offset> {
    let negative = text.starts_with('-');
    let mut seconds = 0_i32;
    let mut unit = 3600;
    for part in text.get(1..)?.split(':') {
        if part.len() != 2 || unit == 0 {
            return None;
        }
        seconds = seconds.checked_add(number::<i32>(part)?.checked_mul(unit)?)?;
        unit /= 60;
    }
    Offset::from_seconds(if negative { -seconds } else { seconds }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Into<Option<&'static str>> + Copy>(form: fn(&str) -> Option<String>, cases: &[(&str, T)]) {
        for (text, expected) in cases {
            assert_eq!(form(text).as_deref(), (*expected).into(), "{text}");
        }
    }

    #[test]
    fn decimals_keep_trailing_zeros_and_lose_leading_ones() {
        check(
            decimal,
            &[
                ("0", Some("0")),
                ("10.50", Some("10.50")),
                ("-0.00", Some("-0.00")),
                ("000012.300", Some("12.300")),
                ("123456789012345678901234567890.1", Some("123456789012345678901234567890.1")),
                ("", None),
                ("-", None),
                ("1.", None),
                (".5", None),
                ("+1", None),
                ("1e3", None),
                ("NaN", None),
                ("Infinity", None),
                ("1,5", None),
                ("١", None),
            ],
        );
    }

    #[test]
    fn rescaling_pads_but_never_rounds() {
        let cases = [
            ("5", 2, Some("5.00")),
            ("5.1", 2, Some("5.10")),
            ("5.100", 2, Some("5.10")),
            ("1.005", 2, None),
            ("5.00", 0, Some("5")),
            ("5.01", 0, None),
            ("-0.00", 2, Some("0.00")),
            ("-0.01", 2, Some("-0.01")),
        ];
        for (text, scale, expected) in cases {
            assert_eq!(rescaled(text, scale).as_deref(), expected, "{text} at {scale}");
        }
    }

    #[test]
    fn dates_exist_and_have_four_digit_years() {
        check(
            date,
            &[
                ("2024-02-29", Some("2024-02-29")),
                ("0001-01-01", Some("0001-01-01")),
                ("9999-12-31", Some("9999-12-31")),
                ("2023-02-29", None),
                ("0000-00-00", None),
                ("2024-00-10", None),
                ("0000-01-01", None),
                ("2024-1-1", None),
                ("10000-01-01", None),
                ("infinity", None),
                ("2024-01-01 BC", None),
                ("-2024-01-01", None),
            ],
        );
    }

    #[test]
    fn wall_clocks_have_six_digits_and_no_offset() {
        check(
            wall_clock,
            &[
                ("2026-01-02 03:04:05", Some("2026-01-02T03:04:05.000000")),
                ("2026-01-02T03:04:05.12", Some("2026-01-02T03:04:05.120000")),
                ("2026-01-02 03:04:05.123456", Some("2026-01-02T03:04:05.123456")),
                ("2026-01-02 03:04:05.1234560", Some("2026-01-02T03:04:05.123456")),
                ("2026-01-02 03:04:05.1234567", None),
                ("2026-01-02 24:00:00", None),
                ("2026-01-02 23:59:60", None),
                ("2026-01-02 03:04", None),
                ("2026-01-02 03:04:05Z", None),
                ("2026-01-02 03:04:05+00", None),
                ("2026-01-02", None),
                ("0000-00-00 00:00:00", None),
            ],
        );
    }

    #[test]
    fn instants_are_printed_in_utc() {
        check(
            instant,
            &[
                ("2026-01-02 03:04:05.5+00", Some("2026-01-02T03:04:05.500000Z")),
                ("2026-01-02T03:04:05Z", Some("2026-01-02T03:04:05.000000Z")),
                ("2026-01-02T03:04:05+05:30", Some("2026-01-01T21:34:05.000000Z")),
                ("1890-01-02 03:04:05-00:19:32", Some("1890-01-02T03:23:37.000000Z")),
                ("9999-12-31 23:59:59.999999+00", Some("9999-12-31T23:59:59.999999Z")),
                ("9999-12-31 23:59:59-01", None),
                ("2026-01-02T03:04:05", None),
                ("2026-01-02T03:04:05+5", None),
                ("2026-01-02T03:04:05+00:00:00:00", None),
                ("0001-01-01T00:00:00+01:00", None),
                ("infinity", None),
            ],
        );
    }

    #[test]
    fn uuids_are_hyphenated() {
        check(
            uuid,
            &[
                ("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", Some("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")),
                ("{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}", None),
                ("a0eebc999c0b4ef8bb6d6bb9bd380a11", None),
                ("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g", None),
            ],
        );
        for (start, lacks) in [("7caa-01c4", false), ("8caa-71c4", true), ("fcaa-81c4", false)] {
            assert_eq!(lacks_variant(&format!("818f3d3b-caf0-{start}-fa4b7e3aeab4")), lacks, "{start}");
        }
    }

    #[test]
    fn integers_have_one_spelling() {
        for (text, expected) in
            [("0", Some(0)), ("-5", Some(-5)), ("18446744073709551615", Some(u64::MAX.into()))]
        {
            assert_eq!(integer(text), expected);
        }
        for text in ["", "+5", "05", "-0", "5.0", "1abc", " 5", "5 ", "1e3"] {
            assert_eq!(integer(text), None, "{text}");
        }
    }
}
