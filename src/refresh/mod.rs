//! Bringing the index up to date: databases in, one published file out. Never inside a build.
//!
//! # Failure
//!
//! The old index stays until the new one is complete, and for good where a database is not [fit to follow on
//! it](forward). Each attempt is [recorded](record) beside the index, before it begins and when it has ended.
//!
//! # Processes
//!
//! One process at a time refreshes an index: whose [turn] it is. A build starts a [process] of its own for it.

pub mod bounds;
pub mod forward;
pub mod process;
pub mod record;
pub mod turn;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime};

use anyhow::{Context as _, bail};
use jiff::Timestamp;

use crate::database::{self, Loaded, Location, Network, Progress, Refused, Snapshot};
use crate::fault::defect;
use crate::index::store::Store;
use crate::index::{self, Index, Seen, Verify};
use crate::report::Configured;
use crate::yank::Yanks;
use crate::yanks;
use crate::yanks::ask::{Before, Question, Unanswered};
use crate::yanks::kept::Kept;
use bounds::Bounds;
use forward::{Last, Objection};
use record::Record;

/// What to refresh, and from where.
#[derive(Debug)]
pub struct Refresh<'a> {
    pub store: &'a Store,
    /// As configured, in order.
    pub databases: &'a [String],
    /// None when offline: then only local databases can be read.
    pub network: Option<&'a Network>,
    pub now: Timestamp,
}

/// What a refresh may do beyond what is usual, and when it has to end.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// Databases that may have been rewritten or lost advisories.
    pub accepted: Vec<String>,
    /// What to ask registries.
    pub questions: Vec<Question>,
    /// How much of it all there is.
    pub bounds: Bounds,
    /// Once it is set nothing is published any more.
    pub stop: Arc<AtomicBool>,
}

/// What a refresh has led to.
#[derive(Debug)]
pub struct Refreshed {
    pub index: Index,
    /// What was taken although it would have been refused: the database and why, as [`Objection`] displays it.
    pub accepted: Vec<(String, String)>,
    /// Registries of which something stays as it was known before.
    pub unanswered: Vec<Unanswered>,
}

type Report<'a> = &'a (dyn Fn(&str, Progress) + Sync);

impl Refresh<'_> {
    /// Reads every database and publishes a new index. `progress` hears of each database as it is read.
    ///
    /// The old index stays until the new one is complete.
    ///
    /// # Errors
    ///
    /// When a database cannot be read, holds no advisory or does not follow on what the index was made from, and when the
    /// index cannot be written. [`Refused`] is among the causes where it is the content that is not taken.
    pub fn run(&self, progress: Report<'_>) -> anyhow::Result<Index> {
        self.run_on(&Terms::default(), progress)
            .map(|refreshed| refreshed.index)
    }

    /// The same on `terms`.
    ///
    /// # Errors
    ///
    /// Those of [`Refresh::run`].
    pub fn run_on(&self, terms: &Terms, progress: Report<'_>) -> anyhow::Result<Refreshed> {
        let locations = self
            .databases
            .iter()
            .map(|database| Location::parse(database))
            .collect::<anyhow::Result<Vec<_>>>()?;
        // Where that cannot be written, neither can what comes of it.
        let _ =
            Record::begun(self.now, self.store, self.databases).save(self.store, self.databases);
        let refreshed = self.refresh(&locations, terms, progress);
        let record = match &refreshed {
            Ok(refreshed) => Record::updated(self.now, &refreshed.index, &refreshed.unanswered),
            Err(error) => Record::failed(self.now, self.store, self.databases, error),
        };
        // Where the cache cannot be written to, that is the error already. Without a record, the next attempt merely
        // comes sooner.
        let recorded = record.save(self.store, self.databases);
        let refreshed = refreshed?;
        recorded?;
        Ok(refreshed)
    }

    fn refresh(
        &self,
        locations: &[Location],
        terms: &Terms,
        progress: Report<'_>,
    ) -> anyhow::Result<Refreshed> {
        let started = Instant::now();
        if self.network.is_some() && locations.iter().any(Location::is_remote) {
            // What is fetched lies there meanwhile.
            self.store.prepare(SystemTime::from(self.now))?;
        }
        // An index that cannot be read is made anew. What the record tells of it still holds.
        let old = self.store.open(self.databases, Verify::All).ok();
        let record = Record::load(self.store, self.databases);
        let last = Last::new(old.as_ref(), record.as_ref());
        let whole = |location: &Location| {
            let progress = |event| progress(location.url(), event);
            let known = last.known(location.url());
            database::load_whole(location, self.network, known.as_ref(), &progress)
        };
        let loaded = locations
            .iter()
            .map(|location| {
                let progress = |event| progress(location.url(), event);
                progress(Progress::Started);
                if old.is_none() {
                    return whole(location).map(Loaded::Snapshot);
                }
                let known = last.known(location.url());
                match database::load(location, self.network, known.as_ref(), &progress) {
                    Err(_) if defect!("failure-is-no-news") => Ok(Loaded::Unchanged),
                    loaded => loaded,
                }
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        let mut accepted = Vec::new();
        let unchanged = loaded.iter().all(|loaded| match loaded {
            Loaded::Unchanged => true,
            Loaded::Snapshot(snapshot) => last.holds(snapshot),
        });
        let (path, answered) = if unchanged {
            for objection in forward::objections_to_same(&loaded, &last, self.now) {
                accepted.push(accept(objection, &terms.accepted)?);
            }
            let answered = self.ask(terms, old.as_ref(), started, progress);
            stop_here(terms)?;
            let seen: Vec<Seen> = loaded.iter().map(|loaded| self.seen(loaded)).collect();
            let now = SystemTime::from(self.now);
            let path = self
                .store
                .seen_again(self.databases, &seen, &answered.yanks, now)?;
            (path, answered)
        } else {
            // The index is made of all databases, so one that has changed means to read the others again.
            let snapshots = locations
                .iter()
                .zip(loaded)
                .map(|(location, loaded)| match loaded {
                    Loaded::Snapshot(snapshot) => Ok(snapshot),
                    Loaded::Unchanged => whole(location),
                })
                .collect::<anyhow::Result<Vec<Snapshot>>>()?;
            for objection in forward::objections(&snapshots, &last, self.now) {
                if defect!("any-history") {
                    continue;
                }
                accepted.push(accept(objection, &terms.accepted)?);
            }
            let answered = self.ask(terms, old.as_ref(), started, progress);
            stop_here(terms)?;
            let path = self.publish(&snapshots, &answered.yanks, old.as_ref())?;
            (path, answered)
        };
        if let Some(kept) = &answered.kept {
            kept.save(self.store, self.databases)?;
        }
        let index = Index::open(&path, Verify::All)
            .with_context(|| format!("the new index `{}` is unusable", path.display()))?;
        Ok(Refreshed {
            index,
            accepted,
            unanswered: answered.unanswered,
        })
    }

    /// What to note of a database that is as the index has it.
    fn seen(&self, loaded: &Loaded) -> Seen {
        match loaded {
            Loaded::Unchanged => Seen {
                checked: self.now,
                published: None,
            },
            Loaded::Snapshot(snapshot) => Seen {
                checked: self.checked(snapshot),
                published: snapshot.published.clone(),
            },
        }
    }

    /// When somebody last compared it with where it comes from, by our clock at the latest.
    fn checked(&self, snapshot: &Snapshot) -> Timestamp {
        let published = snapshot.published.as_ref();
        published.map_or(self.now, |published| published.checked().min(self.now))
    }

    /// Asks the registries. That one does not answer keeps nobody from the advisories.
    fn ask(
        &self,
        terms: &Terms,
        old: Option<&Index>,
        started: Instant,
        progress: Report<'_>,
    ) -> Answered {
        // An index that is damaged there is one that knows nothing.
        let old = old.and_then(|old| old.yanks().ok()).unwrap_or_default();
        let nothing = Yanks::default();
        let network = match self.network {
            Some(network) if !terms.questions.is_empty() => network,
            _ => {
                return Answered {
                    yanks: old.after(nothing, self.now),
                    kept: None,
                    unanswered: Vec::new(),
                };
            }
        };
        let kept = Kept::load(self.store, self.databases);
        let before = Before {
            yanks: &old,
            kept: &kept,
        };
        // What registries leave unanswered must not hold up advisories. Something is left for the writing.
        let time = terms.bounds.time;
        let end = (Instant::now() + time * 5 / 12).min(started + time * 5 / 6);
        let progress = |question: &Question, done| {
            let total = question.packages.len();
            progress(question.registry.name(), Progress::Asking { done, total });
        };
        let answers = yanks::ask::ask(
            &network.client,
            &terms.questions,
            before,
            self.now,
            end,
            &progress,
        );
        Answered {
            yanks: old.after(answers.yanks, self.now),
            kept: Some(answers.kept),
            unanswered: answers.unanswered,
        }
    }

    fn publish(
        &self,
        snapshots: &[Snapshot],
        yanks: &Yanks,
        old: Option<&Index>,
    ) -> anyhow::Result<PathBuf> {
        let sources: Vec<index::Source<'_>> = snapshots
            .iter()
            .map(|snapshot| index::Source {
                snapshot,
                checked: self.checked(snapshot),
            })
            .collect();
        let bytes = index::compile_with(&sources, yanks, old, self.now)?;
        self.store
            .publish(self.databases, &bytes, SystemTime::from(self.now))
    }
}

/// What is known of yanks in the end.
struct Answered {
    yanks: Yanks,
    /// None where nobody was asked.
    kept: Option<Kept>,
    unanswered: Vec<Unanswered>,
}

/// Lets an objection pass where its database is among those `accepted`, and says so.
fn accept(objection: Objection, accepted: &[String]) -> anyhow::Result<(String, String)> {
    let database = &objection.database;
    let shown = Configured(database);
    if objection.reason.may_be_accepted() {
        if accepted.contains(database) {
            return Ok((database.clone(), objection.reason.to_string()));
        }
        Err(Refused(format!(
            "{}; whoever knows that this is right runs `cargo advisory update --accept-rewrite {shown}`",
            objection.reason
        )))
    } else {
        Err(Refused(objection.reason.to_string()))
    }
    .with_context(|| format!("the database `{shown}` was refused, and the index stays as it is"))
}

fn stop_here(terms: &Terms) -> anyhow::Result<()> {
    if terms.stop.load(Ordering::Relaxed) {
        bail!("the refresh was stopped");
    }
    Ok(())
}
