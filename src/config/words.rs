//! The words that values of the table are written in, and how a message lists those that are allowed.

use jiff::SignedDuration;

use crate::advisory::Severity;
use crate::database::Key;
use crate::policy::{Condition, Level};

const DAY: SignedDuration = SignedDuration::from_hours(24);
const LONGEST_MAX_AGE: SignedDuration = SignedDuration::from_hours(90 * 24);
/// The longest time of grace. Who needs longer ignores the advisory, and says why.
const LONGEST_GRACE: u16 = 90;

pub(super) fn ages() -> String {
    format!(
        "hours and days such as `36h` and `14d`, at most `{}d`",
        LONGEST_MAX_AGE.as_hours() / DAY.as_hours()
    )
}

/// `36h`, `14d`.
fn age(text: &str) -> Option<SignedDuration> {
    let (count, hours) = match text.split_at_checked(text.len().checked_sub(1)?)? {
        (count, "h") => (count, 1),
        (count, "d") => (count, 24),
        _ => return None,
    };
    if !count.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let hours = i64::from(count.parse::<u32>().ok()?).checked_mul(hours)?;
    Some(SignedDuration::from_hours(hours)).filter(|age| *age > SignedDuration::ZERO)
}

pub(super) fn age_within_limit(text: &str) -> Option<SignedDuration> {
    age(text).filter(|age| *age <= LONGEST_MAX_AGE)
}

/// The value of `refresh` under which builds leave the index alone.
pub(super) const NEVER: &str = "never";

/// `24h`, `never`.
pub(super) fn refresh(text: &str) -> Option<Option<SignedDuration>> {
    match text {
        NEVER => Some(None),
        age => age_within_limit(age).map(Some),
    }
}

/// None for `any`, which is no condition.
pub(super) fn scope(word: &str) -> Option<Option<Condition>> {
    match word {
        "any" => Some(None),
        "runtime" => Some(Some(Condition::Runtime)),
        "direct" => Some(Some(Condition::Direct)),
        _ => None,
    }
}

/// Without `none`: all advisories are at least that severe.
const SEVERITIES: [Severity; 4] = [
    Severity::Low,
    Severity::Medium,
    Severity::High,
    Severity::Critical,
];

pub(super) fn severity(word: &str) -> Option<Condition> {
    let mut severities = SEVERITIES.into_iter();
    let severity = severities.find(|severity| severity.as_str() == word);
    severity.map(Condition::MinSeverity)
}

pub(super) fn grace(word: &str) -> Option<Condition> {
    let days = u16::try_from(age(word)?.as_hours() / 24).ok()?;
    let is_allowed = word.ends_with('d') && days <= LONGEST_GRACE;
    is_allowed.then_some(Condition::Grace(days))
}

pub(super) fn levels() -> String {
    quoted(Level::ALL.iter().map(|level| level.as_str()))
}

pub(super) fn scopes() -> String {
    quoted(["any", "runtime", "direct"])
}

pub(super) fn severities() -> String {
    quoted(SEVERITIES.map(|severity| severity.as_str()))
}

pub(super) fn graces() -> String {
    format!("days such as `14d`, at most `{LONGEST_GRACE}d`")
}

/// Keys with blanks between them. None where one of them is no key, and where there is none.
pub(super) fn keys(text: &str) -> Option<Vec<Key>> {
    let keys: Option<Vec<Key>> = text.split_ascii_whitespace().map(Key::parse).collect();
    keys.filter(|keys| !keys.is_empty())
}

/// Whether a database is no path.
pub(super) fn is_address(value: &str) -> bool {
    value.contains("://") || is_short_ssh(value)
}

/// `user:password@host:path`, with or without a path or a password, which is refused where it is used.
fn is_short_ssh(value: &str) -> bool {
    value.split_once('@').is_some_and(|(user, host)| {
        !user.contains(['/', '\\']) && (user.contains(':') || host.contains(':'))
    })
}

pub(super) fn quoted(words: impl IntoIterator<Item: std::fmt::Display>) -> String {
    words
        .into_iter()
        .map(|word| format!("`{word}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_whole_hours_and_days_within_the_limit() {
        let hours = |text| age_within_limit(text).map(|age| age.as_hours());
        for (text, expected) in [
            ("1h", Some(1)),
            ("36h", Some(36)),
            ("014d", Some(14 * 24)),
            ("90d", Some(90 * 24)),
            ("2160h", Some(90 * 24)),
            ("91d", None),
            ("2161h", None),
            ("0d", None),
            ("+14d", None),
            ("-14d", None),
            ("1.5d", None),
            (" 1d", None),
            ("14", None),
            ("14D", None),
            ("d", None),
            ("", None),
            ("4294967296h", None),
            ("1\u{e4}", None),
            ("\u{661}d", None),
        ] {
            assert_eq!(hours(text), expected, "{text:?}");
        }
    }

    /// A path is shown where it cannot be read, and an address may hold a password.
    #[test]
    fn what_may_hold_a_password_is_no_path() {
        for address in ["me@host:path", "me:hunter2@host:path", "me:hunter2@host"] {
            assert!(is_address(address), "{address}");
        }
        for path in ["db", "../a:b", "/home/a:b@c", "c@d"] {
            assert!(!is_address(path), "{path}");
        }
    }

    #[test]
    fn grace_is_told_in_days() {
        assert_eq!(grace("90d"), Some(Condition::Grace(90)));
        for text in ["91d", "24h", "+1d", "0d", "65536d"] {
            assert_eq!(grace(text), None, "{text}");
        }
    }
}
