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
pub mod parse;
pub mod published;
mod snapshot;
mod transport;

pub use published::Key;
pub use snapshot::{
    MAX_ORIGINS, MAX_QUARANTINED, Origin, Published, Quarantined, Snapshot, Withdrawn,
};

use crate::fault::defect;
use crate::http::Client;
use crate::report::Configured;
use anyhow::{Context as _, anyhow, bail};
use jiff::{SignedDuration, Timestamp};
use std::fmt;
use std::path::{Path, PathBuf};
use url::Url;

/// Advisory files in one database. RustSec's has 1,200.
pub const MAX_FILES: usize = 200_000;
/// Bytes in all advisory files of one database. RustSec's has 1.3 million.
pub const MAX_TEXT: usize = 128 * 1024 * 1024;

/// How far the clocks of those who commit may disagree.
pub const SKEW: SignedDuration = SignedDuration::from_hours(24);

/// A configured database, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A git repository behind an `https` URL.
    Remote { url: String },
    /// A git repository, of which the commit at `HEAD` is read, or a plain folder.
    Local { url: String, path: PathBuf },
    /// A snapshot that is published behind an `https` URL, with `sparse+` before it.
    Snapshot { url: String },
}

impl Location {
    /// Checks what the configuration says. The disk is not looked at.
    ///
    /// # Errors
    /// For everything that is no `https` URL, `file` URL or absolute path. What the URL holds beside
    /// its host and path may be secret and is not repeated.
    pub fn parse(configured: &str) -> anyhow::Result<Location> {
        const ALLOWED: &str = "allowed are `https://` and `sparse+https://` URLs without a user name, `file://` URLs and \
                               absolute paths";

        let url = configured.to_owned();
        if Path::new(configured).is_absolute() {
            let path = PathBuf::from(configured);
            return Ok(Location::Local { url, path });
        }
        let (address, is_snapshot) = match configured.strip_prefix(published::PREFIX) {
            Some(address) => (address, true),
            None => (configured, false),
        };
        let Ok(parsed) = Url::parse(address) else {
            // `user:password@host:path` is no URL, and the password no text for a log.
            if configured.contains('@') {
                bail!("a database cannot be fetched with a user name; {ALLOWED}");
            }
            bail!("`{}` is not a database; {ALLOWED}", Configured(configured));
        };
        if !parsed.username().is_empty() || parsed.password().is_some() || configured.contains('@')
        {
            if defect!("tell-secrets") {
                bail!("a database cannot be fetched with a user name, as in {configured}");
            }
            bail!("a database cannot be fetched with a user name; {ALLOWED}");
        }
        if parsed.query().is_some() || parsed.fragment().is_some() {
            bail!("the URL of a database cannot have a `?` or `#`; {ALLOWED}");
        }
        match parsed.scheme() {
            "https" if is_snapshot => Ok(Location::Snapshot { url }),
            scheme if is_snapshot => {
                bail!("a snapshot cannot be fetched over `{scheme}`; {ALLOWED}")
            }
            "https" => Ok(Location::Remote { url }),
            "file" => match parsed.to_file_path() {
                Ok(path) => Ok(Location::Local { url, path }),
                Err(()) => bail!(
                    "`{}` names no path on this machine; {ALLOWED}",
                    Configured(configured)
                ),
            },
            scheme => bail!("a database cannot be fetched over `{scheme}`; {ALLOWED}"),
        }
    }

    /// Exactly what was configured: it names the database in the index.
    pub fn url(&self) -> &str {
        match self {
            Location::Remote { url } | Location::Local { url, .. } | Location::Snapshot { url } => {
                url
            }
        }
    }

    /// Whether reading it needs the network.
    pub fn is_remote(&self) -> bool {
        matches!(self, Location::Remote { .. } | Location::Snapshot { .. })
    }
}

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

/// How far [`load`] has got.
#[derive(Clone, Copy, Debug)]
pub enum Progress {
    /// Nothing but its beginning.
    Started,
    /// Bytes received from the network.
    Fetching { received: usize },
    /// Files read.
    Parsing { done: usize },
    /// Packages that a registry, and no database, has answered about.
    Asking { done: usize, total: usize },
}

/// What [`load`] found.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there are as many as databases")]
pub enum Loaded {
    /// The repository is at the commit that is known.
    Unchanged,
    Snapshot(Snapshot),
}

/// What a database turned out to hold is not fit to be taken, for the reason that is displayed. Unlike a failure to read
/// it, this is worth telling whoever goes on with an older index.
#[derive(Debug)]
pub struct Refused(pub String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

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
    fn locations() {
        let remote = "https://github.com/RustSec/advisory-db";
        assert_eq!(
            Location::parse(remote).unwrap(),
            Location::Remote {
                url: remote.to_owned()
            }
        );
        let here = std::env::temp_dir();
        let there = Url::from_file_path(&here).unwrap();
        for local in [here.to_str().unwrap(), there.as_str()] {
            let location = Location::parse(local).unwrap();
            assert_eq!(location.url(), local);
            assert!(!location.is_remote());
        }
    }

    #[test]
    fn snapshots() {
        for url in [
            "sparse+https://example.com/advisories/",
            "sparse+https://example.com",
        ] {
            let location = Location::parse(url).unwrap();
            assert!(location.is_remote());
            assert_eq!(
                location,
                Location::Snapshot {
                    url: url.to_owned()
                }
            );
        }
    }

    #[test]
    fn refused_locations_keep_their_secrets() {
        for refused in [
            "http://example.com/db",
            "ssh://git@example.com/hunter2",
            "ssh://example.com/db",
            "git://example.com/db",
            "git@example.com:hunter2/db",
            "me:hunter2@example.com:db",
            "https://me:hunter2@example.com/db",
            "https://hunter2@example.com/db",
            "https://example.com/db?token=hunter2",
            "https://example.com/db#hunter2",
            "https://me:hunter2@[/db",
            "ftp://example.com/db",
            "sparse+http://example.com/db/",
            "sparse+file:///db/",
            "sparse+sparse+https://example.com/db/",
            "sparse+https://me:hunter2@example.com/db/",
            "sparse+https://example.com/db/?token=hunter2",
            "sparse+https://example.com/db/#hunter2",
            "relative/path",
            "",
        ] {
            let error = format!("{:#}", Location::parse(refused).unwrap_err());
            assert!(
                error.contains("allowed are `https://` and `sparse+https://`"),
                "{refused}: {error}"
            );
            assert!(!error.contains("hunter2"), "{refused}: {error}");
        }
    }

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
