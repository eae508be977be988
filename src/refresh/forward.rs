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
//!   Where the index cannot be read it is their number that is held against what it was, database by database.
//! - The commit is dated at most a day ahead of the clock.
//! - A snapshot was made of databases that its publisher has looked at no earlier than those of the last one: all of them
//!   together, and each that both were made of. The commit of none of these is older by more than a day, or gone. Whether
//!   they follow on each other was for the publisher to tell.
//! - Nobody has looked at a database more than a day ahead of the clock.
//!
//! The owner of a database may have reasons to break all but those about the clock, so these can be accepted.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use jiff::Timestamp;

use super::record::Record;
use crate::database::{Known, Loaded, Published, SKEW, Snapshot};
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
    /// The publisher of a snapshot looked at its databases earlier than the one before.
    Older { from: Timestamp, to: Timestamp },
    /// In a snapshot a database is at an older commit, or at none.
    OlderCommit {
        /// Foreign text.
        origin: String,
        from: Timestamp,
        to: Option<Timestamp>,
    },
    /// The publisher of a snapshot looked at its databases more than a day ahead.
    CheckedInFuture { checked: Timestamp, now: Timestamp },
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

    /// What the last snapshot of this database was made of.
    fn published(&self, database: &str) -> Option<&'a Published> {
        if let Some(index) = self.index {
            let mut databases = index.databases().iter();
            let info = databases.find(|info| info.url == database)?;
            return info.published.as_ref();
        }
        let mut floors = self.record?.snapshots.iter();
        let floor = floors.find(|floor| floor.url == database)?;
        Some(&floor.published)
    }

    /// Whether the index holds this very snapshot, though its databases may have been looked at again.
    pub fn holds(&self, snapshot: &Snapshot) -> bool {
        let Some(published) = &snapshot.published else {
            return false;
        };
        let known = self.published(&snapshot.url);
        self.index.is_some() && known.is_some_and(|known| known.content == published.content)
    }

    /// How many advisories the index holds of each database, by its place, and how many of these are nowhere in
    /// `snapshots`.
    fn counts(&self, snapshots: &[Snapshot]) -> BTreeMap<usize, (usize, usize)> {
        let mut counts = BTreeMap::new();
        let Some(index) = self.index else {
            return self.recorded_counts(snapshots);
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

    /// The same where the numbers are all that is known.
    fn recorded_counts(&self, snapshots: &[Snapshot]) -> BTreeMap<usize, (usize, usize)> {
        let Some(held) = self.record.and_then(|record| record.held.as_ref()) else {
            return BTreeMap::new();
        };
        // Of an advisory that several databases have, an index takes the first.
        let mut seen = HashSet::new();
        let mut there = Vec::new();
        let mut withdrawn = 0;
        for snapshot in snapshots {
            let mut found = Vec::new();
            for gone in &snapshot.withdrawn {
                found.push((gone.package.as_str(), gone.id.as_str()));
            }
            found.retain(|key| !seen.contains(key));
            withdrawn += found.len();
            let before = found.len();
            for advisory in &snapshot.advisories {
                let key = (advisory.package.as_str(), advisory.id.as_str());
                if !seen.contains(&key) {
                    found.push(key);
                }
            }
            there.push(found.len() - before);
            seen.extend(found);
        }
        // One that was withdrawn meanwhile is there, whichever database it is of.
        let withdrawn = withdrawn.saturating_sub(held.withdrawn);
        let advisories = held.advisories.iter().zip(there);
        advisories
            .map(|(held, there)| (*held, held.saturating_sub(there + withdrawn)))
            .enumerate()
            .collect()
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
        if let Some(published) = &snapshot.published
            && let Some(reason) = publication(published, last.published(&snapshot.url), now)
        {
            object(reason);
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

/// What speaks against databases that are as the index has them: of snapshots, what they were made of.
pub fn objections_to_same(loaded: &[Loaded], last: &Last<'_>, now: Timestamp) -> Vec<Objection> {
    let objections = loaded.iter().filter_map(|loaded| {
        let Loaded::Snapshot(snapshot) = loaded else {
            return None;
        };
        let published = snapshot.published.as_ref()?;
        Some(Objection {
            database: snapshot.url.clone(),
            reason: publication(published, last.published(&snapshot.url), now)?,
        })
    });
    objections.collect()
}

/// What speaks against what a snapshot was made of, after what the last one was made of.
fn publication(to: &Published, from: Option<&Published>, now: Timestamp) -> Option<Reason> {
    let checked = to.origins.iter().map(|origin| origin.checked);
    if let Some(checked) = checked.max().filter(|checked| is_ahead(*checked, now)) {
        return Some(Reason::CheckedInFuture { checked, now });
    }
    let from = from?;
    if to.checked() < from.checked() {
        return Some(Reason::Older {
            from: from.checked(),
            to: to.checked(),
        });
    }
    for new in &to.origins {
        let mut known = from.origins.iter();
        let Some(old) = known.find(|old| old.url == new.url) else {
            continue;
        };
        if new.checked < old.checked {
            return Some(Reason::Older {
                from: old.checked,
                to: new.checked,
            });
        }
        if let Some(from) = old.committed
            && new
                .committed
                .is_none_or(|to| from.duration_since(to) > SKEW)
        {
            return Some(Reason::OlderCommit {
                origin: new.url.clone(),
                from,
                to: new.committed,
            });
        }
    }
    None
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
        !matches!(self, Reason::Future { .. } | Reason::CheckedInFuture { .. })
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
            Reason::Older { from, to } => write!(
                f,
                "its publisher looked for news at {to:.0}, and at {from:.0} for what the index was made from: it is an old \
                 snapshot"
            ),
            Reason::OlderCommit { origin, from, to } => {
                let origin = crate::report::Untrusted(origin);
                write!(f, "`{origin}` within it is at ")?;
                match to {
                    Some(to) => write!(f, "a commit of {to:.0}")?,
                    None => write!(f, "no commit")?,
                }
                write!(
                    f,
                    ", and at one of {from:.0} in what the index was made from: it is an old snapshot"
                )
            }
            Reason::CheckedInFuture { checked, now } => write!(
                f,
                "its publisher looked for news at {checked:.0}, which lies in the future, for it is {now:.0} now; set the \
                 clock, or have its publisher set theirs and make it again"
            ),
        }
    }
}
