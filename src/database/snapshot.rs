//! What was read of a database, as plain data.

use jiff::Timestamp;

use crate::advisory::Advisory;

/// Records that can be set aside before a database as a whole is not to be trusted.
pub const MAX_QUARANTINED: usize = 1000;

/// A database as it was at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// As [`Location::url`](super::Location::url) has it.
    pub url: String,
    /// The commit, in hex, if it is a git repository.
    pub commit: Option<String>,
    /// The committer's date of `commit`.
    pub committed: Option<Timestamp>,
    /// Whether the known commit is `commit` or among its ancestors; `None` if nothing was known, if the
    /// history at hand is too short to tell, or for a folder.
    pub descends: Option<bool>,
    /// By package and id, which together are unique.
    pub advisories: Vec<Advisory>,
    /// By path.
    pub quarantined: Vec<Quarantined>,
    /// By package and id.
    pub withdrawn: Vec<Withdrawn>,
}

/// A record that could not be used. All of it is foreign text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quarantined {
    /// Within the database.
    pub path: String,
    /// The crate that it is about, if that can be told.
    pub package: Option<String>,
    /// At most 200 characters on one line.
    pub reason: String,
}

/// An advisory that RustSec has taken back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Withdrawn {
    pub package: String,
    pub id: String,
}
