//! Where advisories come from: a git repository or a folder in RustSec's layout, or a snapshot that somebody made of such
//! and [publishes](published).
//!
//! # Quarantine
//!
//! One bad record must not disable all the others, nor go unnoticed. It is left out, and kept by name
//! and reason, so that a check can tell whether it might have concerned a graph.
//!
//! # Memory
//!
//! Files are parsed while the next ones are read. What is kept is bounded by [`MAX_FILES`],
//! [`MAX_TEXT`] and [`MAX_QUARANTINED`], each of which fails the whole database.

mod cure;
mod fetch;
mod folder;
pub(crate) mod git;
mod layout;
mod location;
mod pack;
pub mod parse;
mod progress;
pub mod published;
mod refused;
mod sizes;
mod snapshot;
mod throwaway;
mod transport;

pub use layout::{MAX_FILES, MAX_TEXT};
pub use location::Location;
pub use progress::Progress;
pub use published::Key;
pub use refused::Refused;
pub use snapshot::{
    MAX_ORIGINS, MAX_QUARANTINED, Origin, Published, Quarantined, Snapshot, Withdrawn,
};

use crate::http::Client;
use crate::report::Configured;
use anyhow::{Context as _, anyhow, bail};
use jiff::{SignedDuration, Timestamp};
use std::path::PathBuf;

/// How far the clocks of those who commit may disagree.
pub const SKEW: SignedDuration = SignedDuration::from_hours(24);

/// What is needed to use the network. Offline means that there is none of it.
#[derive(Clone, Debug)]
pub struct Network {
    /// Who asks. A fetch ends with an error once it is to stop.
    pub client: Client,
    /// An existing folder in which a throwaway repository can be made. What was fetched of snapshots is kept there.
    pub scratch: PathBuf,
    /// Who may sign snapshots. None means that they need no signature.
    pub keys: Vec<Key>,
}

/// What the index holds of this database by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub commit: String,
    pub committed: Timestamp,
}

/// When there is something to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Want {
    /// Where a repository is at another commit than the known one.
    News,
    /// Always.
    All,
}

/// What [`load`] found.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there are as many as databases")]
pub enum Loaded {
    /// The repository is at the commit that is known.
    Unchanged,
    Snapshot(Snapshot),
}

/// Reads a database, over the network if it is remote.
///
/// # Errors
/// If it is remote and there is no `network`, and if it cannot be fetched or read. [`Refused`] is among the causes if it is
/// no advisory database or an empty one, or exceeds a limit. A bad record is no error: see [`Quarantined`].
pub fn load(
    location: &Location,
    network: Option<&Network>,
    known: Option<&Known>,
    progress: &(dyn Fn(Progress) + Sync),
) -> anyhow::Result<Loaded> {
    load_what(Want::News, location, network, known, progress)
}

/// The same, also where the repository is at the commit that is known.
///
/// # Errors
/// Those of [`load`].
pub fn load_whole(
    location: &Location,
    network: Option<&Network>,
    known: Option<&Known>,
    progress: &(dyn Fn(Progress) + Sync),
) -> anyhow::Result<Snapshot> {
    match load_what(Want::All, location, network, known, progress)? {
        Loaded::Snapshot(snapshot) => Ok(snapshot),
        Loaded::Unchanged => bail!("`{}` was not read", Configured(location.url())),
    }
}

fn load_what(
    want: Want,
    location: &Location,
    network: Option<&Network>,
    known: Option<&Known>,
    progress: &(dyn Fn(Progress) + Sync),
) -> anyhow::Result<Loaded> {
    let url = location.url();
    match (location, network) {
        (Location::Local { path, .. }, _) if git::is_repository(path) => {
            git::read_local(path, url, known, want, progress)
        }
        (Location::Local { path, .. }, _) => folder::read(path, url, progress),
        (Location::Remote { .. }, Some(network)) => {
            fetch::fetch(url, network, known, want, progress)
        }
        (Location::Snapshot { .. }, Some(network)) => {
            published::fetch(url, network, progress).map(Loaded::Snapshot)
        }
        (Location::Remote { .. } | Location::Snapshot { .. }, None) => {
            Err(anyhow!("it needs the network"))
        }
    }
    .with_context(|| format!("cannot read the database `{}`", Configured(url)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_database_needs_the_network() {
        let location = Location::parse("https://example.com/db").unwrap();
        let error = load(&location, None, None, &|_| {}).unwrap_err();
        assert_eq!(
            format!("{error:#}"),
            "cannot read the database `https://example.com/db`: it needs the network"
        );
    }
}
