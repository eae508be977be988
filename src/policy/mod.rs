//! What follows from findings: the level of each, and the verdict on all.
//!
//! # The model
//!
//! A finding that an ignore covers counts for nothing, and so does one of a package that a known build does not use. For
//! any other, in this order:
//!
//! 1. the rule of its kind gives a level;
//! 2. where a condition of the rule is not met, the level drops by one;
//! 3. where denial was asked for, a warning becomes a denial;
//! 4. within the rule's time of grace, the level drops by one.
//!
//! Grace comes last because it is a promise of time: no flag takes it back.
//!
//! Pure: what findings do not hold themselves comes in as [`Facts`].

mod decision;
mod ignores;
mod level;
mod rule;
mod strictness;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::check::Finding;
use crate::graph::Graph;

pub use decision::{Decision, Grace, Step};
pub use ignores::{Entry, Lapse, Stale};
pub use level::{Level, UnknownLevel};
pub use rule::{Condition, Rule, Rules, Set};
pub use strictness::{Selection, Since, Strictness, Unselected};

/// All that users said about findings.
#[derive(Clone, Debug)]
pub struct Policy {
    pub rules: Rules,
    pub strictness: Strictness,
    pub ignores: Vec<Entry>,
    /// What an ignore leads to that is of no use any more. A denial of such fails only what was asked to deny.
    pub stale_ignores: Level,
}

/// What policy asks about findings beyond what they hold. The functions are called only where an answer depends on them.
pub struct Facts<'a> {
    /// In UTC, as all days are here.
    pub today: Date,
    /// The graph of the findings. Its edges are needed where [`Policy::asks_for_paths`] says so.
    pub graph: &'a Graph,
    /// Whether there is a remedy.
    pub fixable: &'a dyn Fn(&Finding<'_>) -> bool,
    /// Whether the change that is looked at brought the finding in.
    pub new: &'a dyn Fn(&Finding<'_>) -> bool,
    /// Whether the graph holds all that the workspace has, so that an ignore without a finding has nothing left to ignore.
    pub complete: bool,
    /// Whether that was asked about a part of the workspace, of which other builds may use less.
    pub selected: bool,
    /// What would be findings on other platforms.
    pub elsewhere: &'a [Finding<'a>],
}

/// Today, in UTC.
pub fn today(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

/// Whether `finding` can have a remedy, where none was looked for: the advisory names a version that ends it. That a yanked
/// release has a successor is likely, and what cannot be read may well be.
pub fn may_be_fixable(finding: &Finding<'_>) -> bool {
    let version = &finding.package.version;
    finding
        .entry
        .is_none_or(|entry| entry.ends_after(version).unwrap_or(true))
}

/// A finding and what became of it.
#[derive(Clone, Debug)]
pub struct Judged<'g, 'p> {
    pub finding: Finding<'g>,
    pub decision: Decision<'p>,
}

impl Judged<'_, '_> {
    pub fn level(&self) -> Level {
        self.decision.level
    }
}

/// What policy makes of findings.
#[derive(Debug)]
pub struct Judgement<'g, 'p> {
    /// Those that nobody ignores, in the order in which they came.
    pub findings: Vec<Judged<'g, 'p>>,
    /// The others.
    pub ignored: Vec<Judged<'g, 'p>>,
    /// Ignores that should go, in the order of the configuration.
    pub stale: Vec<Stale<'p>>,
}

impl Policy {
    /// Decides on all of `findings`.
    pub fn judge<'g>(&self, findings: &[Finding<'g>], facts: &Facts<'_>) -> Judgement<'g, '_> {
        let decided = findings.iter().map(|finding| Judged {
            finding: *finding,
            decision: Decision::new(self, finding, facts),
        });
        let (ignored, open) =
            decided.partition(|judged: &Judged<'_, '_>| judged.decision.ignored().is_some());
        Judgement {
            findings: open,
            ignored,
            stale: match self.stale_ignores {
                Level::Allow => Vec::new(),
                Level::Warn | Level::Deny => ignores::stale(self, findings, facts),
            },
        }
    }

    /// Whether an ignore that should go is an error.
    pub fn denies_stale_ignores(&self) -> bool {
        self.stale_ignores == Level::Deny && self.strictness.is_denial()
    }

    /// The first ignore whose last day is over.
    pub fn expired_ignore(&self, today: Date) -> Option<Stale<'_>> {
        let mut ignores = self.ignores.iter();
        let entry = ignores.find(|entry| entry.ignore.has_expired(today))?;
        Some(Stale {
            entry,
            lapse: Some(Lapse::Expired),
        })
    }

    /// Whether to judge `findings` takes the edges of their graph.
    pub fn asks_for_paths(&self, findings: &[Finding<'_>]) -> bool {
        self.ignores
            .iter()
            .filter(|entry| entry.ignore.via.is_some())
            .any(|entry| findings.iter().any(|finding| entry.names(finding)))
    }
}

impl<'g, 'p> Judgement<'g, 'p> {
    /// The findings that nobody ignores, without what was decided on them.
    pub fn open(&self) -> Vec<Finding<'g>> {
        self.findings.iter().map(|judged| judged.finding).collect()
    }

    /// The findings that decide, and what they lead to: those denied where there are any, else those warned of.
    pub fn verdict(&self) -> Verdict<'_, 'g, 'p> {
        let at = |level| -> Vec<&Judged<'g, 'p>> {
            let findings = self.findings.iter();
            findings.filter(|judged| judged.level() == level).collect()
        };
        let denied = at(Level::Deny);
        if !denied.is_empty() {
            return Verdict::Deny(denied);
        }
        let warned = at(Level::Warn);
        if warned.is_empty() {
            Verdict::Silent
        } else {
            Verdict::Warn(warned)
        }
    }
}

/// The end of it.
#[derive(Debug)]
pub enum Verdict<'j, 'g, 'p> {
    Silent,
    Warn(Vec<&'j Judged<'g, 'p>>),
    Deny(Vec<&'j Judged<'g, 'p>>),
}
