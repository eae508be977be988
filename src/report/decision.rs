//! Why a finding has its level, in words.

use crate::policy::{Decision, Entry, Lapse, Level, Set, Stale, Step, Strictness, Unselected};
use crate::report::{Untrusted, counted};

/// What somebody should know who reads of the finding in one line: `denied in 5 days`. Mostly there is nothing.
pub fn note(decision: &Decision<'_>) -> Option<String> {
    decision.steps.iter().find_map(|step| match step {
        Step::Grace(_, grace, Level::Warn) => Some(format!("denied {}", within(grace.left))),
        Step::Grace(_, grace, _) => Some(format!("warned of {}", within(grace.left))),
        Step::Lapsed(entry, Lapse::Expired) => entry
            .ignore
            .until
            .map(|until| format!("ignored until {until}")),
        Step::Lapsed(_, Lapse::Fixable | Lapse::Built) => Some("no longer ignored".to_owned()),
        _ => None,
    })
}

/// All that had a say, one sentence each.
pub fn steps(decision: &Decision<'_>, strictness: &Strictness) -> Vec<String> {
    let steps = decision.steps.iter();
    steps.map(|step| sentence(step, strictness)).collect()
}

fn sentence(step: &Step<'_>, strictness: &Strictness) -> String {
    match step {
        Step::Ignored(entry) => {
            let until = entry.ignore.until;
            let until = until.map(|until| format!(" until {until}"));
            let condition = entry.ignore.condition;
            let condition = condition.map(|condition| format!(" while {condition}"));
            let via = entry.ignore.via.as_ref();
            let via = via.map(|via| format!(" on paths through {}", Untrusted(via)));
            format!(
                "ignored{}{}{}, as {} says: {}",
                until.unwrap_or_default(),
                condition.unwrap_or_default(),
                via.unwrap_or_default(),
                entry.by,
                Untrusted(&entry.ignore.reason)
            )
        }
        Step::Lapsed(entry, lapse) => {
            let what = entry.ignore.what.to_string();
            format!(
                "not ignored: the entry for {} in {} {}",
                Untrusted(&what),
                entry.by,
                lapsed(entry, *lapse)
            )
        }
        Step::Unbuilt => "`allow`, because this build does not use the package".to_owned(),
        Step::Rule(kind, level) => {
            format!("`advisory.{kind}` is `{}` {}", level.value, set(level))
        }
        Step::Unmet(condition, level) => format!(
            "drops to `{level}`, because `{}` {} is not met",
            condition.value,
            set(condition)
        ),
        Step::Raised => format!("denied, because of {}", asked(strictness)),
        Step::Unselected(reason) => {
            let reason = match reason {
                Unselected::Kind => "is for other kinds",
                Unselected::Unfixable => "leaves out what has no remedy",
                Unselected::NotRuntime => "leaves out what is not compiled into the program",
                Unselected::Old => "leaves out what was there before",
            };
            format!("stays `warn`, because {} {reason}", asked(strictness))
        }
        Step::Grace(condition, grace, level) => format!(
            "drops to `{level}` until {}, which is {}, because of `{}` {}",
            grace.over,
            within(grace.left),
            condition.value,
            set(condition)
        ),
    }
}

/// Why an ignore does not hold, after its name: `expired on 2026-01-31`.
pub fn lapsed(entry: &Entry, lapse: Lapse) -> String {
    let via = entry.ignore.via.as_deref().unwrap_or_default();
    match (lapse, entry.ignore.until) {
        (Lapse::Expired, Some(until)) => format!("expired on {until}"),
        (Lapse::Expired, None) => "expired".to_owned(),
        (Lapse::Fixable, _) => "ends where there is a remedy, and there is one".to_owned(),
        (Lapse::Malicious, _) => {
            "covers no malicious code, which only its `id` can ignore".to_owned()
        }
        (Lapse::NoBuild, _) => {
            "holds where no build uses the package, and of a lockfile alone no build is known"
                .to_owned()
        }
        (Lapse::Built, _) => "ends where a build uses the package, and one does".to_owned(),
        (Lapse::OtherPath, _) => {
            format!(
                "is for paths through {}, and there are others",
                Untrusted(via)
            )
        }
    }
}

/// Why an ignore should go.
pub fn stale(stale: &Stale<'_>) -> String {
    match stale.lapse {
        Some(lapse) => lapsed(stale.entry, lapse),
        None => "has nothing left to ignore".to_owned(),
    }
}

/// The line about an ignore that should go.
pub fn stale_line(stale: &Stale<'_>) -> String {
    let entry = stale.entry;
    format!(
        "the ignore of `{}` in {} {}; remove it{}",
        Untrusted(&entry.ignore.what.to_string()),
        entry.by,
        self::stale(stale),
        if entry.own {
            " with `cargo advisory ignore --prune`"
        } else {
            ""
        }
    )
}

/// Who asked for denial.
pub fn asked(strictness: &Strictness) -> String {
    match strictness {
        Strictness::DenyAdvisories(selection) if selection.typed.is_empty() => {
            "`--deny-advisories`".to_owned()
        }
        Strictness::DenyAdvisories(selection) => {
            format!("`--deny-advisories={}`", Untrusted(&selection.typed))
        }
        Strictness::DenyWarnings => "`build.warnings`".to_owned(),
        Strictness::Rules => "the rules".to_owned(),
    }
}

fn set<T>(value: &Set<T>) -> String {
    match &value.by {
        Some(by) => format!("in {by}"),
        None => "by default".to_owned(),
    }
}

fn within(days: u16) -> String {
    format!("in {}", counted(usize::from(days), "day", "days"))
}
