//! What follows from findings: the level of each, and the verdict on all.

use std::fmt;
use std::str::FromStr;

use crate::advisory::Kind;
use crate::check::Finding;

/// What a finding leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing is said.
    Allow,
    /// The line is printed, the build goes on.
    Warn,
    /// The build fails before anything of the graph runs.
    Deny,
}

impl Level {
    pub const ALL: [Level; 3] = [Level::Allow, Level::Warn, Level::Deny];

    pub fn as_str(self) -> &'static str {
        match self {
            Level::Allow => "allow",
            Level::Warn => "warn",
            Level::Deny => "deny",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no level.
#[derive(Debug, PartialEq, Eq)]
pub struct UnknownLevel;

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(word: &str) -> Result<Level, UnknownLevel> {
        Level::ALL
            .into_iter()
            .find(|level| level.as_str() == word)
            .ok_or(UnknownLevel)
    }
}

/// The level of a kind, and which packages it holds for. For others the finding is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    pub level: Level,
    /// Only packages that a workspace member depends on itself.
    pub direct: bool,
}

impl From<Level> for Rule {
    fn from(level: Level) -> Rule {
        Rule {
            level,
            direct: false,
        }
    }
}

/// One rule for each kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    pub malicious: Rule,
    pub vulnerability: Rule,
    pub unsound: Rule,
    pub yanked: Rule,
    pub unmaintained: Rule,
    pub notice: Rule,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            malicious: Level::Deny.into(),
            vulnerability: Level::Warn.into(),
            unsound: Level::Warn.into(),
            yanked: Level::Warn.into(),
            unmaintained: Rule {
                level: Level::Warn,
                direct: true,
            },
            notice: Level::Allow.into(),
        }
    }
}

impl Rules {
    pub fn of(&self, kind: Kind) -> Rule {
        match kind {
            Kind::Malicious => self.malicious,
            Kind::Vulnerability => self.vulnerability,
            Kind::Unsound => self.unsound,
            Kind::Yanked => self.yanked,
            Kind::Unmaintained => self.unmaintained,
            Kind::Notice => self.notice,
        }
    }

    pub fn of_mut(&mut self, kind: Kind) -> &mut Rule {
        match kind {
            Kind::Malicious => &mut self.malicious,
            Kind::Vulnerability => &mut self.vulnerability,
            Kind::Unsound => &mut self.unsound,
            Kind::Yanked => &mut self.yanked,
            Kind::Unmaintained => &mut self.unmaintained,
            Kind::Notice => &mut self.notice,
        }
    }
}

/// Who asked for more than the rules say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// Nobody.
    #[default]
    Rules,
    /// `build.warnings = "deny"`: what would have warned is denied.
    DenyWarnings,
    /// `--deny-advisories`: the same, and "could not check" is an error too.
    DenyAdvisories,
}

/// Rules and strictness together.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    pub rules: Rules,
    pub strictness: Strictness,
}

impl Policy {
    /// The level of a finding. What a known build does not use is allowed.
    pub fn level(&self, finding: &Finding<'_>) -> Level {
        let rule = self.rules.of(finding.kind);
        let level = if finding.package.is_unbuilt() || rule.direct && !finding.package.is_direct() {
            Level::Allow
        } else {
            rule.level
        };
        match (level, self.strictness) {
            (Level::Warn, Strictness::DenyWarnings | Strictness::DenyAdvisories) => Level::Deny,
            (level, _) => level,
        }
    }

    /// The findings that decide, and what they lead to: those denied where there are any, else those warned of.
    pub fn verdict<'f, 'g>(&self, findings: &'f [Finding<'g>]) -> Verdict<'f, 'g> {
        let at = |level| -> Vec<&'f Finding<'g>> {
            findings
                .iter()
                .filter(|finding| self.level(finding) == level)
                .collect()
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

/// What policy makes of the findings.
#[derive(Debug)]
pub enum Verdict<'f, 'g> {
    Silent,
    Warn(Vec<&'f Finding<'g>>),
    Deny(Vec<&'f Finding<'g>>),
}
