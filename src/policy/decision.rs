//! How one finding comes by its level, step by step.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::ignores::{self, Entry, Lapse};
use super::strictness::{Unselected, is_runtime};
use super::{Condition, Facts, Level, Policy, Set, Strictness};
use crate::advisory::Kind;
use crate::check::Finding;

/// A level, and the steps that led to it.
#[derive(Clone, Debug)]
pub struct Decision<'p> {
    pub level: Level,
    /// In the order in which they were taken.
    pub steps: Vec<Step<'p>>,
}

/// One thing that had a say.
#[derive(Clone, Copy, Debug)]
pub enum Step<'p> {
    /// The finding is ignored. Nothing else has a say then.
    Ignored(&'p Entry),
    /// An ignore names the finding, but does not hold.
    Lapsed(&'p Entry, Lapse),
    /// A known build does not use the package.
    Unbuilt,
    /// The rule of the kind.
    Rule(Kind, &'p Set<Level>),
    /// A condition of the rule is not met, which drops the level to this one.
    Unmet(&'p Set<Condition>, Level),
    /// `--deny-advisories` or `build.warnings` makes a denial of a warning.
    Raised,
    /// `--deny-advisories=...` could have, but does not select the finding.
    Unselected(Unselected),
    /// The time of grace drops the level to this one.
    Grace(&'p Set<Condition>, Grace, Level),
}

/// A time of grace that is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grace {
    /// The first day after it.
    pub over: Date,
    /// How many days are left until then, at least one.
    pub left: u16,
}

impl<'p> Decision<'p> {
    pub(super) fn new(
        policy: &'p Policy,
        finding: &Finding<'_>,
        facts: &Facts<'_>,
    ) -> Decision<'p> {
        let mut decision = Decision {
            level: Level::Allow,
            steps: Vec::new(),
        };
        match ignores::cover(policy, finding, facts) {
            Ok(entry) => {
                decision.steps.push(Step::Ignored(entry));
                return decision;
            }
            Err(lapsed) => {
                let lapsed = lapsed.into_iter();
                decision
                    .steps
                    .extend(lapsed.map(|(entry, lapse)| Step::Lapsed(entry, lapse)));
            }
        }
        if finding.package.is_unbuilt() {
            decision.steps.push(Step::Unbuilt);
            return decision;
        }
        decision.apply_rule(policy, finding, facts);
        decision
    }

    fn apply_rule(&mut self, policy: &'p Policy, finding: &Finding<'_>, facts: &Facts<'_>) {
        let rule = policy.rules.of(finding.kind);
        self.level = rule.level.value;
        self.steps.push(Step::Rule(finding.kind, &rule.level));
        let unmet = |condition: &&Set<Condition>| !is_met(condition.value, finding, facts);
        if let Some(condition) = rule.conditions.iter().find(unmet) {
            self.drop_by(|level| Step::Unmet(condition, level));
        }
        if self.level == Level::Warn {
            let selected = match &policy.strictness {
                Strictness::Rules => None,
                Strictness::DenyWarnings => Some(Ok(())),
                Strictness::DenyAdvisories(selection) => Some(selection.select(finding, facts)),
            };
            match selected {
                None => {}
                Some(Ok(())) => {
                    self.level = Level::Deny;
                    self.steps.push(Step::Raised);
                }
                Some(Err(reason)) => self.steps.push(Step::Unselected(reason)),
            }
        }
        let grace = rule.conditions.iter().find_map(|condition| {
            let grace = grace(condition.value, finding, facts.today)?;
            Some((condition, grace))
        });
        if let Some((condition, grace)) = grace {
            self.drop_by(|level| Step::Grace(condition, grace, level));
        }
    }

    fn drop_by(&mut self, step: impl FnOnce(Level) -> Step<'p>) {
        if self.level > Level::Allow {
            self.level = self.level.lower();
            self.steps.push(step(self.level));
        }
    }

    /// The ignore that covers the finding.
    pub fn ignored(&self) -> Option<&'p Entry> {
        self.steps.iter().find_map(|step| match step {
            Step::Ignored(entry) => Some(*entry),
            _ => None,
        })
    }

    /// Whether a rule alone denies the finding, whatever was asked for.
    pub fn is_denied_by_rule(&self) -> bool {
        self.level == Level::Deny && !self.steps.iter().any(|step| matches!(step, Step::Raised))
    }

    /// The day on which the time of grace is over that spares the finding now.
    pub fn grace_until(&self) -> Option<Date> {
        self.steps.iter().find_map(|step| match step {
            Step::Grace(_, grace, _) => Some(grace.over),
            _ => None,
        })
    }
}

/// Whether a condition that is about the finding alone is met. Grace is about time.
fn is_met(condition: Condition, finding: &Finding<'_>, facts: &Facts<'_>) -> bool {
    match condition {
        Condition::Runtime => is_runtime(finding),
        Condition::Direct => finding.package.is_direct(),
        Condition::MinSeverity(floor) => finding
            .severity()
            .is_none_or(|severity| severity.at_least(floor)),
        Condition::Fixable => (facts.fixable)(finding),
        Condition::Grace(_) => true,
    }
}

/// The time of grace, where it is not over.
///
/// An advisory that is to appear in the future shows that the clock is wrong, by more than a time zone where it is more than
/// a day. Then nobody knows how much of the time is left, and there is none.
fn grace(condition: Condition, finding: &Finding<'_>, today: Date) -> Option<Grace> {
    let Condition::Grace(days) = condition else {
        return None;
    };
    let appeared = finding.entry?.appeared;
    let over = appeared.saturating_add(i64::from(days).days());
    let left = today.until(over).ok()?.get_days();
    let left = u16::try_from(left).ok().filter(|left| *left > 0)?;
    (left <= days.saturating_add(1)).then_some(Grace { over, left })
}
