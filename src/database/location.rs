//! Where a database is, as the configuration says.

use super::published;
use crate::fault::defect;
use crate::report::Configured;
use anyhow::bail;
use std::path::{Path, PathBuf};
use url::Url;

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
        // A URL is read as if these were not there, so it would have more than one name.
        if address.trim() != address || address.contains(char::is_control) {
            bail!("`{}` is not a database; {ALLOWED}", Configured(configured));
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
            "ht\ntps://example.com/db",
            "\u{1}https://example.com/db",
            "https://example.com/db ",
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
}
