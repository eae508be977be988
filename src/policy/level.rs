//! What a finding leads to.

use std::fmt;
use std::str::FromStr;

/// What a finding leads to, the least first.
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

    /// The next lower level. Nothing is below [`Level::Allow`].
    #[must_use]
    pub fn lower(self) -> Level {
        match self {
            Level::Deny => Level::Warn,
            Level::Warn | Level::Allow => Level::Allow,
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
