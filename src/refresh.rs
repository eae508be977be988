//! Bringing the index up to date: databases in, one published file out. Never inside a build.

use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::{Context as _, bail};
use jiff::Timestamp;

use crate::database::{self, Known, Loaded, Location, Network, Progress, Snapshot};
use crate::index::store::Store;
use crate::index::{self, Index, Verify};

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

impl Refresh<'_> {
    /// Reads every database and publishes a new index. `progress` hears of each database as it is read.
    ///
    /// The old index stays until the new one is complete.
    ///
    /// # Errors
    ///
    /// When a database cannot be read or holds no advisory, or the index cannot be written.
    pub fn run(&self, progress: &(dyn Fn(&str, Progress) + Sync)) -> anyhow::Result<Index> {
        let path = self.publish(progress)?;
        Index::open(&path, Verify::All)
            .with_context(|| format!("the new index `{}` is unusable", path.display()))
    }

    fn publish(&self, progress: &(dyn Fn(&str, Progress) + Sync)) -> anyhow::Result<PathBuf> {
        let locations = self
            .databases
            .iter()
            .map(|database| Location::parse(database))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let load = |location: &Location, known: Option<&Known>| {
            let progress = |event| progress(location.url(), event);
            database::load(location, self.network, known, &progress)
        };

        if self.network.is_some() && locations.iter().any(Location::is_remote) {
            // What is fetched lies there meanwhile.
            self.store.prepare(SystemTime::from(self.now))?;
        }
        // An index that cannot be read is made anew, as if there were none.
        let old = self.store.open(self.databases, Verify::All).ok();
        let loaded = locations
            .iter()
            .enumerate()
            .map(|(position, location)| {
                progress(location.url(), Progress::Started);
                let known = old.as_ref().and_then(|index| known(index, position));
                load(location, known.as_ref())
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        if loaded
            .iter()
            .all(|loaded| matches!(loaded, Loaded::Unchanged))
        {
            return self.store.seen_again(self.databases, self.now);
        }

        // The index is made of all databases, so one that has changed means to read the others again.
        let snapshots = locations
            .iter()
            .zip(loaded)
            .map(|(location, loaded)| match loaded {
                Loaded::Snapshot(snapshot) => Ok(snapshot),
                Loaded::Unchanged => match load(location, None)? {
                    Loaded::Snapshot(snapshot) => Ok(snapshot),
                    Loaded::Unchanged => bail!("`{}` was not read", location.url()),
                },
            })
            .collect::<anyhow::Result<Vec<Snapshot>>>()?;
        let sources: Vec<index::Source<'_>> = snapshots
            .iter()
            .map(|snapshot| index::Source {
                snapshot,
                checked: self.now,
            })
            .collect();
        let bytes = index::compile(&sources, old.as_ref(), self.now)?;
        self.store
            .publish(self.databases, &bytes, SystemTime::from(self.now))
    }
}

/// What `index` holds of its database at `position`. Nothing is known of a folder.
fn known(index: &Index, position: usize) -> Option<Known> {
    let database = index.databases().get(position)?;
    Some(Known {
        commit: database.commit.clone()?,
        committed: database.committed?,
    })
}
