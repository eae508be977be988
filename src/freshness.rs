//! How old an index is, as far as the clock can be believed. The only place that subtracts times.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Unit};

use crate::fault::defect;

/// The age of an index as seen at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Younger than half of the limit.
    Fresh { age: SignedDuration },
    /// Past half of the limit: worth a note.
    Aging { age: SignedDuration },
    /// Past the limit: a denial cannot rely on it. Both times, for it may be the clock that is wrong.
    Stale { made: Timestamp, now: Timestamp },
    /// One of two clocks is wrong, this one or that of `doubt`.
    Unknown { doubt: Doubt, now: Timestamp },
}

/// Why a clock is not believed: at this time, which lies ahead of it, something happened already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// This program was built.
    Built(Timestamp),
    /// The index was made.
    Made(Timestamp),
    /// A refresh was tried.
    Seen(Timestamp),
}

/// A clock and what speaks against it.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    pub now: Timestamp,
    /// When this program was built, at the earliest: see [`built`].
    pub built: Timestamp,
    /// When a refresh was last tried, as far as that is known.
    pub seen: Option<Timestamp>,
}

/// How far two honest clocks may lie apart.
const TOLERANCE: SignedDuration = SignedDuration::from_hours(24);
/// How long to wait after one attempt to refresh before the next one, whatever came of it.
const PAUSE: SignedDuration = SignedDuration::from_mins(15);
/// When Rust 1.97 and its cargo, of which this program is made, were about to appear.
const UPSTREAM: Timestamp = Timestamp::constant(1_782_864_000, 0);

/// A moment before which this program cannot have been built: the date in `SOURCE_DATE_EPOCH` when it was, in seconds,
/// which `cargo xtask build` sets to the date of the commit, so that two builds of a commit are the same. Without it, that
/// of the cargo within.
pub fn built() -> Timestamp {
    option_env!("SOURCE_DATE_EPOCH")
        .and_then(|seconds| Timestamp::from_second(seconds.parse().ok()?).ok())
        .map_or(UPSTREAM, |built| built.max(UPSTREAM))
}

/// Whether `time` lies further ahead of `now` than two honest clocks may lie apart.
pub fn is_ahead(time: Timestamp, now: Timestamp) -> bool {
    time.duration_since(now) > TOLERANCE
}

/// The earliest time at which something can have been said that counts at `now`, if it counts for `limit`.
pub fn counts_from(now: Timestamp, limit: SignedDuration) -> Timestamp {
    now.saturating_sub(limit).unwrap_or(Timestamp::MIN)
}

/// Whether an index whose oldest part was compared with its source at `checked` is to be refreshed, if that is wanted
/// from an age of `every` on. One from the future is, as nobody knows its age. Before this program was built no clock is
/// right, and no server's certificate valid.
pub fn is_due(checked: Timestamp, now: Timestamp, every: SignedDuration) -> bool {
    is_possible(now) && (is_ahead(checked, now) || now.duration_since(checked) >= every)
}

/// Whether a clock that shows `now` can be right, as far as this program knows by itself.
pub fn is_possible(now: Timestamp) -> bool {
    now >= built()
}

/// Whether what began at `begun` may still go on, if it takes no longer than `limit`.
pub fn may_go_on(begun: Timestamp, now: Timestamp, limit: SignedDuration) -> bool {
    let age = now.duration_since(begun);
    !age.is_negative() && age <= limit
}

/// When a refresh may be tried again without being asked for, after the attempt at `last`. An attempt that is still to
/// come, by this clock, holds nobody up.
pub fn next_attempt(last: Timestamp, now: Timestamp) -> Timestamp {
    if last > now {
        return now;
    }
    last.checked_add(PAUSE).unwrap_or(now)
}

impl Clock {
    /// The clock that shows `now`, held against when this program was built and when a refresh was last tried.
    pub fn new(now: Timestamp, seen: Option<Timestamp>) -> Clock {
        let built = built();
        Clock { now, built, seen }
    }

    /// What speaks against it, most of all.
    fn doubt(&self, made: Timestamp) -> Option<Doubt> {
        if defect!("any-clock") {
            None
        } else if self.now < self.built {
            Some(Doubt::Built(self.built))
        } else if is_ahead(made, self.now) {
            Some(Doubt::Made(made))
        } else {
            let seen = self.seen.filter(|seen| is_ahead(*seen, self.now));
            seen.map(Doubt::Seen)
        }
    }
}

impl Freshness {
    /// `made` is when the oldest part of the index was compared with its source.
    pub fn new(made: Timestamp, clock: &Clock, limit: SignedDuration) -> Freshness {
        let now = clock.now;
        if let Some(doubt) = clock.doubt(made) {
            return Freshness::Unknown { doubt, now };
        }
        let age = now.duration_since(made).max(SignedDuration::ZERO);
        if age > limit {
            Freshness::Stale { made, now }
        } else if age > limit / 2 {
            Freshness::Aging { age }
        } else {
            Freshness::Fresh { age }
        }
    }

    /// The age in words.
    pub fn age(&self) -> String {
        match self {
            Freshness::Fresh { age } | Freshness::Aging { age } => words(*age),
            Freshness::Stale { made, now } => words(now.duration_since(*made)),
            Freshness::Unknown { .. } => "of unknown age".to_owned(),
        }
    }
}

/// How long before `now` something was, `3 hours ago`; `some time ago` where it is still to come.
pub fn ago(time: Timestamp, now: Timestamp) -> String {
    let age = now.duration_since(time);
    if age.is_negative() {
        return "some time ago".to_owned();
    }
    format!("{} ago", words(age))
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

    const MADE: Timestamp = Timestamp::constant(1_790_000_000, 0);

    fn after(age: SignedDuration) -> Freshness {
        Freshness::new(MADE, &Clock::new(MADE + age, None), DAY * 14)
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
    fn a_clock_before_the_build_is_not_believed() {
        let now = MADE;
        let with = |built| {
            Freshness::new(
                MADE,
                &Clock {
                    now,
                    built,
                    seen: None,
                },
                DAY * 14,
            )
        };
        assert_eq!(
            with(now),
            Freshness::Fresh {
                age: SignedDuration::ZERO
            }
        );
        let later = now + SignedDuration::from_secs(1);
        let doubt = Doubt::Built(later);
        assert_eq!(with(later), Freshness::Unknown { doubt, now });
        assert!(built() >= UPSTREAM && built() <= Timestamp::now());
    }

    #[test]
    fn a_clock_may_fall_behind_what_was_seen_by_a_day() {
        let now = MADE + DAY;
        let with = |seen| Freshness::new(MADE, &Clock::new(now, Some(seen)), DAY * 14);
        assert_eq!(with(now + DAY), Freshness::Fresh { age: DAY });
        let seen = now + DAY + SignedDuration::from_secs(1);
        let doubt = Doubt::Seen(seen);
        assert_eq!(with(seen), Freshness::Unknown { doubt, now });
    }

    #[test]
    fn after_an_attempt_there_is_a_pause() {
        let minutes = SignedDuration::from_mins;
        assert_eq!(next_attempt(MADE, MADE + minutes(1)), MADE + minutes(15));
        assert_eq!(next_attempt(MADE, MADE + DAY), MADE + minutes(15));
        assert_eq!(next_attempt(MADE + DAY, MADE), MADE);
        assert_eq!(next_attempt(Timestamp::MAX, Timestamp::MAX), Timestamp::MAX);
    }

    #[test]
    fn a_refresh_is_due_from_its_age_on_and_under_clocks_that_may_be_right() {
        let due = |age| is_due(MADE, MADE + age, DAY);
        assert!(!due(SignedDuration::ZERO));
        assert!(!due(DAY - SignedDuration::from_nanos(1)));
        assert!(due(DAY));
        assert!(!due(-DAY));
        assert!(due(-DAY - SignedDuration::from_secs(1)));
        assert!(!is_due(MADE, built() - SignedDuration::from_secs(1), DAY));
    }

    #[test]
    fn what_began_goes_on_no_longer_than_its_limit() {
        let minute = SignedDuration::from_mins(1);
        assert!(may_go_on(MADE, MADE, minute));
        assert!(may_go_on(MADE, MADE + minute, minute));
        assert!(!may_go_on(MADE, MADE + minute * 2, minute));
        assert!(!may_go_on(MADE + minute, MADE, minute));
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
