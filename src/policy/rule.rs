//! The rules: for each kind a level, and the conditions under which it holds.

use std::fmt;

use super::Level;
use crate::advisory::{Kind, Severity};

/// A value, and where it was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set<T> {
    pub value: T,
    /// As told to users: a file with its line, a variable, a flag. None for what holds by default.
    pub by: Option<String>,
}

impl<T> From<T> for Set<T> {
    fn from(value: T) -> Set<T> {
        Set { value, by: None }
    }
}

/// The level of a kind, and when it holds. A finding that does not meet all conditions drops to the next lower level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub level: Set<Level>,
    pub conditions: Vec<Set<Condition>>,
}

impl Rule {
    /// The level, with no conditions.
    pub fn always(level: impl Into<Set<Level>>) -> Rule {
        Rule {
            level: level.into(),
            conditions: Vec::new(),
        }
    }
}

/// What must be true of a finding for its rule to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The package is compiled into what is built. Where that is not known it counts as true.
    Runtime,
    /// A workspace member depends on the package itself. Where that is not known it counts as true.
    Direct,
    /// The advisory is as severe as this. One that is not scored counts as such.
    MinSeverity(Severity),
    /// There is a remedy.
    Fixable,
    /// So many days have passed since the advisory appeared in the index.
    Grace(u16),
}

/// As one would write it in the configuration.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Runtime => f.write_str("scope = \"runtime\""),
            Condition::Direct => f.write_str("scope = \"direct\""),
            Condition::MinSeverity(severity) => write!(f, "min-severity = \"{severity}\""),
            Condition::Fixable => f.write_str("fixable = true"),
            Condition::Grace(days) => write!(f, "grace = \"{days}d\""),
        }
    }
}

/// One rule for each kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules([Rule; Kind::ALL.len()]);

impl Default for Rules {
    fn default() -> Rules {
        Rules(Kind::ALL.map(|kind| match kind {
            Kind::Malicious => Rule::always(Level::Deny),
            Kind::Vulnerability | Kind::Unsound | Kind::Yanked => Rule::always(Level::Warn),
            Kind::Unmaintained => Rule {
                level: Level::Warn.into(),
                conditions: vec![Condition::Direct.into()],
            },
            Kind::Notice => Rule::always(Level::Allow),
        }))
    }
}

impl Rules {
    pub fn of(&self, kind: Kind) -> &Rule {
        &self.0[kind as usize]
    }

    pub fn of_mut(&mut self, kind: Kind) -> &mut Rule {
        &mut self.0[kind as usize]
    }
}
