//! What was read of a database, as plain data.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::advisory::Advisory;

/// Databases that a published snapshot can be made of.
pub const MAX_ORIGINS: usize = 32;
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
    /// What it is made of, if it was published as a snapshot.
    pub published: Option<Published>,
    /// By package and id, which together are unique.
    pub advisories: Vec<Advisory>,
    /// The day on which each of `advisories` appeared, in their order, where whoever published them tells; else empty.
    pub appeared: Vec<Date>,
    /// By path.
    pub quarantined: Vec<Quarantined>,
    /// By package and id.
    pub withdrawn: Vec<Withdrawn>,
}

#[cfg(test)]
impl Snapshot {
    /// One of a folder for tests, with these advisories.
    pub(crate) fn example(advisories: Vec<Advisory>) -> Snapshot {
        Snapshot {
            url: "https://example.com/db".to_owned(),
            commit: None,
            committed: None,
            descends: None,
            published: None,
            advisories,
            appeared: Vec::new(),
            quarantined: Vec::new(),
            withdrawn: Vec::new(),
        }
    }
}

/// What a snapshot was made of, as its publisher says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// BLAKE3 of the file of advisories, in hex.
    pub content: String,
    /// At least one.
    pub origins: Vec<Origin>,
}

/// A database that somebody else has read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// As it was configured there. Foreign text.
    pub url: String,
    /// In hex, if it was a git repository.
    #[serde(default)]
    pub commit: Option<String>,
    /// The committer's date of `commit`.
    #[serde(default)]
    pub committed: Option<Timestamp>,
    /// When the database was last seen there to be in this state.
    pub checked: Timestamp,
}

impl Published {
    /// When the publisher last looked at all of its databases.
    pub fn checked(&self) -> Timestamp {
        let checked = self.origins.iter().map(|origin| origin.checked);
        checked.min().unwrap_or(Timestamp::MIN)
    }

    /// Whether it was made of this database alone.
    pub fn is_all_of(&self, url: &str) -> bool {
        self.origins.iter().all(|origin| origin.url == url)
    }
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
