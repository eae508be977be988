//! Forward only: what speaks against putting a database in the place of what the index was made from.
//!
//! # What it is for
//!
//! Databases are not signed. Whoever gets between us and one, or into the account that publishes it, can hide an advisory
//! most easily by showing an older state, another history, or fewer advisories. None of that happens in a database that is
//! only ever added to, so it is refused, and builds go on with the index that they have, while it is young enough.
//!
//! # The rules
//!
//! - The new commit is the last one or a descendant of it. A history that is cut off before it proves nothing.
//! - What was a git repository does not become a folder without one.
//! - Of the advisories that the index holds of a database, at least 99 of 100 are still there, by package and id, in this
//!   database or in another one of the list. One may always go. A withdrawn one is there; one that cannot be read is not.
//! - The commit is dated at most a day ahead of the clock.
//!
//! The owner of a database may have reasons to break all but the last of them, so these can be accepted.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use jiff::Timestamp;

use super::record::Record;
use crate::database::{Known, Snapshot};
use crate::freshness::is_ahead;
use crate::index::Index;
use crate::report::counted;

/// Of so many advisories one may go.
const KEPT: usize = 100;

/// What is known of the state before.
#[derive(Clone, Copy, Debug)]
pub struct Last<'a> {
    /// None where there is none that can be read.
    index: Option<&'a Index>,
    /// Of the last attempt. Only believed where there is no index.
    record: Option<&'a Record>,
}

/// Why a database would be refused.
#[derive(Debug, PartialEq, Eq)]
pub struct Objection {
    /// As configured.
    pub database: String,
    pub reason: Reason,
}

/// Displayed as a clause about the database, with nothing in it that others wrote.
#[derive(Debug, PartialEq, Eq)]
pub enum Reason {
    /// The new commit does not descend from the last one.
    Rewritten { from: Known, to: Known },
    /// Whether it does cannot be told.
    Unproven { from: Known, to: Known },
    /// It was a git repository.
    NoCommit { from: Known },
    /// So many of its advisories are gone.
    Lost { lost: usize, of: usize },
    /// The new commit is dated more than a day ahead.
    Future { to: Known, now: Timestamp },
}

impl<'a> Last<'a> {
    pub fn new(index: Option<&'a Index>, record: Option<&'a Record>) -> Last<'a> {
        Last { index, record }
    }

    /// The last commit of this database. Nothing is known of a folder.
    pub fn known(&self, database: &str) -> Option<Known> {
        if let Some(index) = self.index {
            let mut databases = index.databases().iter();
            let info = databases.find(|info| info.url == database)?;
            return Some(Known {
                commit: info.commit.clone()?,
                committed: info.committed?,
            });
        }
        let mut floors = self.record?.databases.iter();
        let floor = floors.find(|floor| floor.url == database)?;
        Some(Known {
            commit: floor.commit.clone(),
            committed: floor.committed,
        })
    }

    /// How many advisories the index holds of each database, by its place, and how many of these are nowhere in
    /// `snapshots`.
    fn counts(&self, snapshots: &[Snapshot]) -> BTreeMap<usize, (usize, usize)> {
        let mut counts = BTreeMap::new();
        let Some(index) = self.index else {
            return counts;
        };
        let there: HashSet<(&str, &str)> = snapshots
            .iter()
            .flat_map(|snapshot| {
                let advisories = snapshot.advisories.iter();
                let withdrawn = snapshot.withdrawn.iter();
                advisories
                    .map(|advisory| (advisory.package.as_str(), advisory.id.as_str()))
                    .chain(withdrawn.map(|gone| (gone.package.as_str(), gone.id.as_str())))
            })
            .collect();
        // An entry that cannot be read is none that anybody would miss.
        for entry in index.entries().flatten() {
            let (held, lost) = counts.entry(entry.database).or_insert((0, 0));
            *held += 1;
            *lost += usize::from(!there.contains(&(entry.package, entry.id)));
        }
        counts
    }
}

/// What speaks against `snapshots`, the databases of one index in their order, after `last`.
pub fn objections(snapshots: &[Snapshot], last: &Last<'_>, now: Timestamp) -> Vec<Objection> {
    let counts = last.counts(snapshots);
    let mut objections = Vec::new();
    for (place, snapshot) in snapshots.iter().enumerate() {
        let mut object = |reason| {
            objections.push(Objection {
                database: snapshot.url.clone(),
                reason,
            });
        };
        let to = commit(snapshot);
        if let Some(to) = &to
            && is_ahead(to.committed, now)
        {
            object(Reason::Future {
                to: to.clone(),
                now,
            });
        }
        match (last.known(&snapshot.url), to) {
            (Some(from), Some(to)) if from.commit != to.commit => match snapshot.descends {
                Some(true) => {}
                Some(false) => object(Reason::Rewritten { from, to }),
                None => object(Reason::Unproven { from, to }),
            },
            (Some(from), None) => object(Reason::NoCommit { from }),
            (Some(_), Some(_)) | (None, _) => {}
        }
        let (of, lost) = counts.get(&place).copied().unwrap_or_default();
        if lost > (of / KEPT).max(1) {
            object(Reason::Lost { lost, of });
        }
    }
    objections
}

fn commit(snapshot: &Snapshot) -> Option<Known> {
    Some(Known {
        commit: snapshot.commit.clone()?,
        committed: snapshot.committed?,
    })
}

impl Reason {
    /// Whether whoever refreshes may say that it is right all the same.
    pub fn may_be_accepted(&self) -> bool {
        !matches!(self, Reason::Future { .. })
    }
}

/// A commit with its date.
struct Shown<'a>(&'a Known);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Those of a record are as good as foreign.
        let commit = crate::report::Untrusted(&self.0.commit);
        write!(f, "{commit} of {:.0}", self.0.committed)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Rewritten { from, to } => write!(
                f,
                "its commit {} does not come after {}, which the index was made from: its history was rewritten or went back",
                Shown(to),
                Shown(from)
            ),
            Reason::Unproven { from, to } => write!(
                f,
                "it cannot be told whether its commit {} comes after {}, which the index was made from: its history is cut \
                 off or too long (`git fetch --unshallow` completes a clone)",
                Shown(to),
                Shown(from)
            ),
            Reason::NoCommit { from } => write!(
                f,
                "it is a folder without commits, and the index was made from its commit {}",
                Shown(from)
            ),
            Reason::Lost { lost, of } => write!(
                f,
                "{lost} of its {} are gone, and no more than 1 in {KEPT} may go at once",
                counted(*of, "advisory", "advisories")
            ),
            Reason::Future { to, now } => write!(
                f,
                "its commit {} lies in the future, for it is {now:.0} now; set the clock, or wait for a commit with a \
                 right date",
                Shown(to)
            ),
        }
    }
}
