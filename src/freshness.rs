//! How old an index is. The only place that subtracts times.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Unit};

/// The age of an index as seen at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Younger than half of the limit.
    Fresh { age: SignedDuration },
    /// Past half of the limit: worth a note.
    Aging { age: SignedDuration },
    /// Past the limit: a denial cannot rely on it.
    Stale { age: SignedDuration },
    /// Made more than a day in the future: one of the two clocks is wrong, so the age is unknown.
    Unknown { made: Timestamp, now: Timestamp },
}

/// How far two honest clocks may lie apart.
const TOLERANCE: SignedDuration = SignedDuration::from_hours(24);

impl Freshness {
    /// `made` is when the oldest part of the index was compared with its source.
    pub fn new(made: Timestamp, now: Timestamp, limit: SignedDuration) -> Freshness {
        let age = now.duration_since(made);
        if age < -TOLERANCE {
            return Freshness::Unknown { made, now };
        }
        let age = age.max(SignedDuration::ZERO);
        if age > limit {
            Freshness::Stale { age }
        } else if age > limit / 2 {
            Freshness::Aging { age }
        } else {
            Freshness::Fresh { age }
        }
    }

    /// The age in words.
    pub fn age(&self) -> String {
        match self {
            Freshness::Fresh { age } | Freshness::Aging { age } | Freshness::Stale { age } => {
                words(*age)
            }
            Freshness::Unknown { .. } => "of unknown age".to_owned(),
        }
    }
}

/// A duration in its largest whole unit, days only from two on: `3 hours`, `14 days`.
pub fn words(duration: SignedDuration) -> String {
    match (duration.as_mins(), duration.as_hours()) {
        (minutes, _) if minutes < 1 => "less than a minute".to_owned(),
        (minutes, _) if minutes < 60 => in_units(minutes, "minute"),
        (_, hours) if hours < 48 => in_units(hours, "hour"),
        (_, hours) => in_units(hours / 24, "day"),
    }
}

/// How long before `now` a day was, in its largest whole unit: `today`, `3 days ago`, `2 years ago`. None where it is no
/// day, `YYYY-MM-DD`, or one that is still to come.
pub fn since(day: &str, now: Timestamp) -> Option<String> {
    let day: Date = day.parse().ok()?;
    let today = now.to_zoned(TimeZone::UTC).date();
    let span = today.since((Unit::Year, day)).ok()?;
    let (count, unit) = match (span.get_years(), span.get_months(), span.get_days()) {
        _ if span.is_negative() => return None,
        (0, 0, 0) => return Some("today".to_owned()),
        (0, 0, days) => (i64::from(days), "day"),
        (0, months, _) => (i64::from(months), "month"),
        (years, ..) => (i64::from(years), "year"),
    };
    Some(format!("{} ago", in_units(count, unit)))
}

/// A limit, which is a number of hours, without rounding: `14 days`, `359 hours`.
pub fn limit_words(limit: SignedDuration) -> String {
    match limit.as_hours() {
        hours if hours % 24 == 0 => in_units(hours / 24, "day"),
        hours => in_units(hours, "hour"),
    }
}

fn in_units(count: i64, unit: &str) -> String {
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn after(age: SignedDuration) -> Freshness {
        let made = Timestamp::from_second(1_790_000_000).unwrap();
        Freshness::new(made, made + age, DAY * 14)
    }

    #[test]
    fn half_of_the_limit_is_worth_a_note_and_the_limit_itself_still_holds() {
        assert_eq!(after(DAY * 7), Freshness::Fresh { age: DAY * 7 });
        assert!(matches!(
            after(DAY * 7 + SignedDuration::from_secs(1)),
            Freshness::Aging { .. }
        ));
        assert!(matches!(after(DAY * 14), Freshness::Aging { .. }));
        assert!(matches!(
            after(DAY * 14 + SignedDuration::from_secs(1)),
            Freshness::Stale { .. }
        ));
    }

    #[test]
    fn an_index_from_tomorrow_is_new_and_one_from_next_week_is_of_unknown_age() {
        assert_eq!(
            after(-DAY),
            Freshness::Fresh {
                age: SignedDuration::ZERO
            }
        );
        assert!(matches!(after(-(DAY * 2)), Freshness::Unknown { .. }));
    }

    #[test]
    fn ages_are_told_in_one_unit() {
        assert_eq!(words(SignedDuration::from_secs(59)), "less than a minute");
        assert_eq!(words(SignedDuration::from_mins(1)), "1 minute");
        assert_eq!(words(SignedDuration::from_hours(47)), "47 hours");
        assert_eq!(words(DAY * 2), "2 days");
        assert_eq!(words(DAY * 2 + SignedDuration::from_hours(23)), "2 days");
    }

    #[test]
    fn days_are_told_in_one_unit_up_to_today() {
        let now: Timestamp = "2026-03-01T00:30:00Z".parse().unwrap();
        for (day, expected) in [
            ("2026-03-01", Some("today")),
            ("2026-02-28", Some("1 day ago")),
            ("2026-02-02", Some("27 days ago")),
            ("2026-02-01", Some("1 month ago")),
            ("2025-03-02", Some("11 months ago")),
            ("2025-03-01", Some("1 year ago")),
            ("2016-03-02", Some("9 years ago")),
            ("2026-03-02", None),
            ("soon", None),
        ] {
            assert_eq!(since(day, now).as_deref(), expected, "{day}");
        }
    }

    #[test]
    fn limits_are_told_without_rounding() {
        assert_eq!(limit_words(DAY), "1 day");
        assert_eq!(limit_words(DAY * 14), "14 days");
        assert_eq!(limit_words(SignedDuration::from_hours(359)), "359 hours");
    }
}
