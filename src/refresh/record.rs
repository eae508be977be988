//! The last attempts to refresh an index, as it is remembered beside the index.
//!
//! # Purpose
//!
//! A build tells that the last refresh was refused, and `cargo advisory status` why. Whoever refreshes without being asked
//! leaves a pause after each attempt. So that a refresh that is killed counts too, it is written down before it begins. A
//! clock that has gone back since is not believed. And an index that is damaged does not take along which commits must not
//! be gone behind, and how many advisories there were.
//!
//! # Trust
//!
//! It decides nothing in favour of a database: it is asked only where there is no index, and then a database has to follow
//! on its commits and to hold as many advisories. One that is damaged, longer than [`MOST_BYTES`], somebody else's or no
//! regular file is as good as none.

use anyhow::Context as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::database::{Published, Refused};
use crate::freshness::next_attempt;
use crate::index::store::{Beside, Store};
use crate::index::{Index, Verify};
use crate::sealed;
use crate::yanks::ask::Unanswered;

/// Bytes of a record. That of one database has some 500.
pub const MOST_BYTES: u64 = 256 * 1024;
/// Characters of a reason that are kept.
const MOST_REASON: usize = 2000;

/// The last attempt that has ended, and the one after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// When it began.
    pub at: Timestamp,
    /// The latest time that an attempt began at, since the last one that succeeded: the clock was there.
    pub seen: Timestamp,
    /// When another attempt began, which is under way, or was killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<Timestamp>,
    pub outcome: Outcome,
    /// What the last attempt that succeeded has put into the index.
    pub databases: Vec<Floor>,
    /// The same for databases that are snapshots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub snapshots: Vec<SnapshotFloor>,
    /// How many advisories that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// Registries of which something has stayed as it was known before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<Silent>,
}

/// A registry that has left something unanswered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Silent {
    /// As [`Registry::name`](crate::advisory::Registry::name) has it.
    pub registry: String,
    /// Packages that it was asked about.
    pub asked: usize,
    /// Those of them of which there is no answer.
    pub missing: usize,
    /// Partly foreign text.
    pub reason: String,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Outcome {
    /// None has ended yet.
    Pending,
    Updated,
    /// A database was read, and not taken.
    Refused {
        /// Partly foreign text.
        reason: String,
    },
    /// A database could not be read, or the index not be written.
    Failed {
        /// Partly foreign text.
        reason: String,
    },
}

/// A commit of a database that the next one must not lie behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Floor {
    /// The database, as configured.
    pub url: String,
    pub commit: String,
    pub committed: Timestamp,
}

/// A state of a snapshot that the next one must not lie behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotFloor {
    /// The database, as configured.
    pub url: String,
    pub published: Published,
}

/// How many advisories an index holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// Those that can match, of each database in their order.
    pub advisories: Vec<usize>,
    /// Those that were withdrawn, of all databases.
    pub withdrawn: usize,
}

/// What the next state of the databases must not lie behind.
#[derive(Clone, Debug, Default)]
struct State {
    databases: Vec<Floor>,
    snapshots: Vec<SnapshotFloor>,
    held: Option<Held>,
}

impl Record {
    /// Of an attempt that begins at `now`. What came of the one before still holds.
    pub fn begun(now: Timestamp, store: &Store, databases: &[String]) -> Record {
        let before = Record::load(store, databases).unwrap_or_else(|| {
            let index = store.open(databases, Verify::Used).ok();
            let state = index.as_ref().map(State::of).unwrap_or_default();
            Record::new(now, Outcome::Pending, state)
        });
        Record {
            seen: before.seen.max(now),
            begun: Some(now),
            ..before
        }
    }

    /// Of an attempt at `now` that led to `index`, with registries that have left something unanswered.
    pub fn updated(now: Timestamp, index: &Index, unanswered: &[Unanswered]) -> Record {
        let silent = unanswered.iter().map(|unanswered| Silent {
            registry: unanswered.registry.name().to_owned(),
            asked: unanswered.asked,
            missing: unanswered.missing,
            reason: unanswered.reason.clone(),
        });
        Record {
            unanswered: silent.collect(),
            ..Record::new(now, Outcome::Updated, State::of(index))
        }
    }

    /// Of an attempt at `now` that ended with `error`, and has left the index of these databases as it was.
    pub fn failed(
        now: Timestamp,
        store: &Store,
        databases: &[String],
        error: &anyhow::Error,
    ) -> Record {
        let before = Record::load(store, databases);
        let reason = format!("{error:#}");
        let outcome = match error.is::<Refused>() {
            true => Outcome::Refused { reason },
            false => Outcome::Failed { reason },
        };
        // Of the two the index is the one that counts.
        let state = match (store.open(databases, Verify::Used), &before) {
            (Ok(index), _) => State::of(&index),
            (Err(_), Some(before)) => before.state(),
            (Err(_), None) => State::default(),
        };
        let record = Record::new(now, outcome, state);
        Record {
            seen: before.map_or(now, |before| before.seen.max(now)),
            ..record
        }
    }

    fn new(now: Timestamp, outcome: Outcome, state: State) -> Record {
        Record {
            at: now,
            seen: now,
            begun: None,
            outcome,
            databases: state.databases,
            snapshots: state.snapshots,
            held: state.held,
            unanswered: Vec::new(),
        }
    }

    fn state(&self) -> State {
        State {
            databases: self.databases.clone(),
            snapshots: self.snapshots.clone(),
            held: self.held.clone(),
        }
    }

    /// The record beside the index of these databases, if there is a sound one.
    pub fn load(store: &Store, databases: &[String]) -> Option<Record> {
        Record::read(&store.read_beside(databases, Beside::Record, MOST_BYTES)?)
    }

    /// Puts it in the place of the one that is there.
    ///
    /// # Errors
    ///
    /// When the folder cannot be written to.
    pub fn save(mut self, store: &Store, databases: &[String]) -> anyhow::Result<()> {
        let reason = match &mut self.outcome {
            Outcome::Refused { reason } | Outcome::Failed { reason } => Some(reason),
            Outcome::Pending | Outcome::Updated => None,
        };
        let silent = self.unanswered.iter_mut();
        for reason in reason
            .into_iter()
            .chain(silent.map(|silent| &mut silent.reason))
        {
            if let Some((end, _)) = reason.char_indices().nth(MOST_REASON) {
                reason.truncate(end);
            }
        }
        let bytes = self.write().context("a record has no JSON")?;
        store.write_beside(databases, Beside::Record, &bytes)
    }

    /// When the last attempt began that has ended.
    pub fn ended(&self) -> Option<Timestamp> {
        (self.outcome != Outcome::Pending).then_some(self.at)
    }

    /// When a refresh may be tried again without being asked for.
    pub fn next_attempt(&self, now: Timestamp) -> Timestamp {
        let ended = next_attempt(self.at, now);
        match self.begun {
            Some(begun) => next_attempt(begun, now).max(ended),
            None => ended,
        }
    }

    fn read(bytes: &[u8]) -> Option<Record> {
        serde_json::from_slice(sealed::open(bytes)?).ok()
    }

    fn write(&self) -> serde_json::Result<Vec<u8>> {
        Ok(sealed::seal(&serde_json::to_vec(self)?))
    }
}

impl State {
    fn of(index: &Index) -> State {
        State {
            databases: floors(index),
            snapshots: snapshot_floors(index),
            held: Some(held(index)),
        }
    }
}

fn held(index: &Index) -> Held {
    let mut advisories = vec![0; index.databases().len()];
    // An entry that cannot be read is none that anybody would miss.
    for entry in index.entries().flatten() {
        if let Some(count) = advisories.get_mut(entry.database) {
            *count += 1;
        }
    }
    Held {
        advisories,
        withdrawn: index.withdrawn(),
    }
}

fn floors(index: &Index) -> Vec<Floor> {
    let floors = index.databases().iter().filter_map(|database| {
        Some(Floor {
            url: database.url.clone(),
            commit: database.commit.clone()?,
            committed: database.committed?,
        })
    });
    floors.collect()
}

fn snapshot_floors(index: &Index) -> Vec<SnapshotFloor> {
    let floors = index.databases().iter().filter_map(|database| {
        Some(SnapshotFloor {
            url: database.url.clone(),
            published: database.published.clone()?,
        })
    });
    floors.collect()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn record(reason: &str) -> Record {
        Record {
            at: Timestamp::constant(1_790_000_000, 0),
            seen: Timestamp::constant(1_790_000_100, 0),
            begun: None,
            outcome: Outcome::Refused {
                reason: reason.to_owned(),
            },
            databases: vec![Floor {
                url: "https://example.com/db".to_owned(),
                commit: "c".repeat(40),
                committed: Timestamp::constant(1_780_000_000, 0),
            }],
            snapshots: vec![SnapshotFloor {
                url: "sparse+https://example.com/snapshot/".to_owned(),
                published: Published {
                    content: "0".repeat(64),
                    origins: Vec::new(),
                },
            }],
            held: Some(Held {
                advisories: vec![3, 0],
                withdrawn: 1,
            }),
            unanswered: Vec::new(),
        }
    }

    #[test]
    fn what_is_saved_is_loaded_by_who_asks_for_the_same_databases() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().join("cache"));
        let databases = ["https://example.com/db".to_owned()];
        assert_eq!(Record::load(&store, &databases), None);

        record("why").save(&store, &databases).unwrap();

        assert_eq!(Record::load(&store, &databases), Some(record("why")));
        assert_eq!(Record::load(&store, &[]), None);
    }

    #[test]
    fn an_attempt_that_begins_leaves_what_came_of_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        let before = record("why");
        let now = before.seen + SignedDuration::from_hours(1);
        let pause = now + SignedDuration::from_mins(15);
        let first = Record::begun(now, &store, &[]);
        assert_eq!(first.outcome, Outcome::Pending);
        assert_eq!(first.next_attempt(now), pause);

        before.clone().save(&store, &[]).unwrap();
        let begun = Record::begun(now, &store, &[]);

        assert_eq!(begun.next_attempt(now), pause);
        let expected = Record {
            seen: now,
            begun: Some(now),
            ..before
        };
        assert_eq!(begun, expected);
        begun.save(&store, &[]).unwrap();
        assert_eq!(Record::load(&store, &[]), Some(expected));
    }

    #[test]
    fn a_reason_without_end_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());

        record(&"ä".repeat(1_000_000)).save(&store, &[]).unwrap();

        let cut = record(&"ä".repeat(MOST_REASON));
        assert_eq!(Record::load(&store, &[]), Some(cut));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_makes_it_none() {
        let bytes = record("why").write().unwrap();
        assert_eq!(Record::read(&bytes), Some(record("why")));
        for at in 0..bytes.len() {
            assert_eq!(Record::read(&bytes[..at]), None, "cut at {at}");
            for bit in 0..8 {
                let mut bytes = bytes.clone();
                bytes[at] ^= 1 << bit;
                assert_eq!(Record::read(&bytes), None, "bit {bit} of byte {at}");
            }
        }
    }

    #[test]
    fn what_has_its_check_may_still_be_none() {
        for json in [
            "".to_owned(),
            "{}".to_owned(),
            "[".repeat(100_000),
            serde_json::to_string(&record("why"))
                .unwrap()
                .replacen('{', "{\"more\":1,", 1),
        ] {
            let bytes = sealed::seal(json.as_bytes());
            assert_eq!(Record::read(&bytes), None, "{json:.80}");
        }
    }
}
