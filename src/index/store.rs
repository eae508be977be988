//! Where indexes are kept, one for each list of databases, and how one takes the place of another.

use super::file::{self, Sections};
use super::provenance::Provenance;
use super::{DatabaseInfo, Error, Index, Seen, Verify, seen_again};
use crate::fault::defect;
use crate::yank::Yanks;
use anyhow::{Context as _, bail};
use cargo_util::Sha256;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tempfile::NamedTempFile;

/// What lies about for longer was left behind by a process that was killed: a refresh takes a minute
/// at the most.
const STALE: Duration = Duration::from_secs(60 * 60);

/// A file that lies beside an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// The [record](crate::refresh::record) of the last refresh.
    Record,
    /// What registries [have answered](crate::yanks::kept).
    Registries,
}

/// A folder of indexes.
#[derive(Clone, Debug)]
pub struct Store {
    dir: PathBuf,
}

impl Store {
    pub fn new(dir: impl Into<PathBuf>) -> Store {
        Store { dir: dir.into() }
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the index of these databases is. Their order counts, and every byte of their URLs, so that
    /// nobody's index can stand in for another's.
    pub fn path_for(&self, databases: &[String]) -> PathBuf {
        self.dir.join(format!("{}.bin", stem(databases)))
    }

    /// Opens the index of these databases.
    ///
    /// # Errors
    /// Every [`Error`]; [`Error::OtherDatabases`] if the index names others than these.
    pub fn open(&self, databases: &[String], verify: Verify) -> Result<Index, Error> {
        let index = Index::open(&self.path_for(databases), verify)?;
        check_databases(index.databases(), databases)?;
        Ok(index)
    }

    /// Puts `bytes` in the place of the index of these databases, all at once: a reader sees the old
    /// index or the new one, also after a crash. `now` only serves to tell old temporary files.
    ///
    /// # Errors
    /// If `bytes` are no index of these databases, if the folder cannot be written to, and if a newer
    /// version of this program has left an index there; the old index stays as it is.
    pub fn publish(
        &self,
        databases: &[String],
        bytes: &[u8],
        now: SystemTime,
    ) -> anyhow::Result<PathBuf> {
        let sections = Sections::of(bytes, Verify::All)?;
        let provenance = Provenance::read(sections.provenance)?;
        check_databases(&provenance.databases, databases)?;

        self.create_dir()?;
        let path = self.path_for(databases);
        // Whatever else is there gives way, or turns out to be in the way below.
        if let Err(error @ Error::TooNew { .. }) = file::check_format(&path) {
            bail!("cannot replace `{}`: {error}", path.display());
        }
        self.remove_stale(now);

        if defect!("in-place") {
            fs::write(&path, bytes).with_context(|| self.cannot_write())?;
            return Ok(path);
        }
        let mut temporary = self.temporary(databases)?;
        temporary
            .write_all(bytes)
            .and_then(|()| temporary.as_file().sync_all())
            .with_context(|| self.cannot_write())?;
        replace(temporary, &path)?;
        sync_dir(&self.dir).with_context(|| self.cannot_write())?;
        Ok(path)
    }

    /// What lies beside the index of these databases, if it is a regular file of ours of at most `limit` bytes.
    pub fn read_beside(&self, databases: &[String], what: Beside, limit: u64) -> Option<Vec<u8>> {
        file::read_at_most(&self.path_beside(databases, what), limit).ok()
    }

    /// Puts `bytes` there, all at once. It need not outlive a crash.
    ///
    /// # Errors
    /// If the folder cannot be written to.
    pub fn write_beside(
        &self,
        databases: &[String],
        what: Beside,
        bytes: &[u8],
    ) -> anyhow::Result<()> {
        self.write(databases, &self.path_beside(databases, what), bytes)
    }

    fn write(&self, databases: &[String], path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
        self.create_dir()?;
        let mut temporary = self.temporary(databases)?;
        temporary
            .write_all(bytes)
            .with_context(|| self.cannot_write())?;
        replace(temporary, path)
    }

    /// Opens the file beside the index of these databases that whoever refreshes it locks. It is empty and stays.
    ///
    /// # Errors
    /// If the folder cannot be written to, or something else lies there.
    pub fn open_lock(&self, databases: &[String]) -> anyhow::Result<fs::File> {
        self.create_dir()?;
        let path = self.dir.join(format!("{}.{LOCK}", stem(databases)));
        file::open_for_lock(&path)
            .with_context(|| format!("cannot open the lock `{}`", path.display()))
    }

    fn path_beside(&self, databases: &[String], what: Beside) -> PathBuf {
        let ending = match what {
            Beside::Record => "refresh",
            Beside::Registries => "registries",
        };
        self.dir.join(format!("{}.{ending}", stem(databases)))
    }

    /// A file that is about to take the place of another, created exclusively and for its owner alone.
    fn temporary(&self, databases: &[String]) -> anyhow::Result<NamedTempFile> {
        tempfile::Builder::new()
            .prefix(&format!("{}.tmp-", stem(databases)))
            .tempfile_in(&self.dir)
            .with_context(|| self.cannot_write())
    }

    /// Notes in the index of these databases that all of them were `seen`, in their order, to be as they are in it, and puts
    /// `yanks` in the place of those that it has. `now` only serves to tell old temporary files.
    ///
    /// # Errors
    /// If there is no sound index of these databases, and those of [`Store::publish`].
    pub fn seen_again(
        &self,
        databases: &[String],
        seen: &[Seen],
        yanks: &Yanks,
        now: SystemTime,
    ) -> anyhow::Result<PathBuf> {
        let bytes = file::read_whole(&self.path_for(databases))?;
        self.publish(databases, &seen_again(&bytes, seen, yanks)?, now)
    }

    /// The bytes of the index of these databases, and the index that they are.
    ///
    /// # Errors
    /// Those of [`Store::open`] with [`Verify::All`].
    pub fn read(&self, databases: &[String]) -> Result<(Vec<u8>, Index), Error> {
        let bytes = file::read_whole(&self.path_for(databases))?;
        let index = Index::from_bytes(&bytes, Verify::All)?;
        check_databases(index.databases(), databases)?;
        Ok((bytes, index))
    }

    /// What is [kept](Store::keep) of this URL, if it is a regular file of ours of at most `limit` bytes.
    pub fn kept(&self, url: &str, limit: u64) -> Option<Vec<u8>> {
        file::read_at_most(&self.kept_path(url), limit).ok()
    }

    /// Keeps `bytes` that were made of what is behind this URL, all at once. They need not outlive a crash.
    ///
    /// # Errors
    /// If the folder cannot be written to.
    pub fn keep(&self, url: &str, bytes: &[u8]) -> anyhow::Result<()> {
        self.write(&[url.to_owned()], &self.kept_path(url), bytes)
    }

    fn kept_path(&self, url: &str) -> PathBuf {
        self.dir.join(format!("{}.{KEPT}", stem(&[url.to_owned()])))
    }

    fn cannot_write(&self) -> String {
        format!(
            "cannot write to the folder `{}`; make it writable, or set `advisory.cache-dir` to another one",
            self.dir.display()
        )
    }

    /// Makes the folder, for this user alone, unless it is there, and removes what killed processes left in it.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn prepare(&self, now: SystemTime) -> anyhow::Result<()> {
        self.create_dir()?;
        self.remove_stale(now);
        Ok(())
    }

    fn create_dir(&self) -> anyhow::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder.create(&self.dir).with_context(|| {
            format!(
                "cannot make the folder `{}`; set `advisory.cache-dir` to another one",
                self.dir.display()
            )
        })
    }

    /// Removes temporary files of processes that were killed. Whether that works is of no account.
    fn remove_stale(&self, now: SystemTime) {
        let Ok(entries) = fs::read_dir(&self.dir) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let is_folder = name.starts_with(FETCHED);
            let is_stale = || {
                let meta = entry.metadata()?;
                let age = now.duration_since(meta.modified()?);
                let is_right = if is_folder {
                    meta.is_dir()
                } else {
                    meta.is_file()
                };
                io::Result::Ok(is_right && age.is_ok_and(|age| age > STALE))
            };
            if is_folder && is_stale().unwrap_or(false) {
                let _ = fs::remove_dir_all(entry.path());
            } else if is_temporary(name) && is_stale().unwrap_or(false) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn replace(temporary: NamedTempFile, path: &Path) -> anyhow::Result<()> {
    temporary
        .persist(path)
        .map_err(|error| error.error)
        .with_context(|| {
            let path = path.display();
            format!("cannot replace `{path}`; if it is not a file, remove it")
        })?;
    Ok(())
}

fn check_databases(found: &[DatabaseInfo], databases: &[String]) -> Result<(), Error> {
    if !found.iter().map(|database| &database.url).eq(databases) && !defect!("any-database") {
        return Err(Error::OtherDatabases);
    }
    Ok(())
}

/// How the folders of fetches begin that [`crate::database`] makes here.
pub const FETCHED: &str = "fetch-";
/// How the names of locks end.
const LOCK: &str = "lock";
/// How the names of what is kept of snapshots end.
const KEPT: &str = "snapshot";
const STEM: &str = "index-";
/// Hex digits of the hash in a name.
const DIGITS: usize = 32;

/// The name of a file without its ending.
fn stem(databases: &[String]) -> String {
    let mut hasher = Sha256::new();
    for url in databases {
        // With their lengths, or `["ab", "c"]` would be `["a", "bc"]`.
        hasher.update(&(url.len() as u64).to_le_bytes());
        hasher.update(url.as_bytes());
    }
    let hash = hasher.finish_hex();
    format!("{STEM}{}", hash.get(..DIGITS).unwrap_or(&hash))
}

/// Whether this is the name of one of our temporary files.
fn is_temporary(name: &str) -> bool {
    name.strip_prefix(STEM)
        .and_then(|rest| rest.split_at_checked(DIGITS))
        .is_some_and(|(hash, rest)| {
            hash.bytes().all(|byte| byte.is_ascii_hexdigit()) && rest.starts_with(".tmp-")
        })
}

/// Makes a rename last. Where folders cannot be opened, the system has no notion of it.
fn sync_dir(dir: &Path) -> io::Result<()> {
    #[cfg(unix)]
    fs::File::open(dir)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_depend_on_every_byte_and_the_order() {
        let store = Store::new("/cache");
        let path = |urls: &[&str]| {
            let urls: Vec<_> = urls.iter().map(|url| (*url).to_owned()).collect();
            store.path_for(&urls)
        };
        let paths = [
            path(&["https://a", "https://b"]),
            path(&["https://b", "https://a"]),
            path(&["https://ahttps://b"]),
            path(&["https://a"]),
            path(&["https://a/"]),
            path(&[]),
        ];
        for (i, a) in paths.iter().enumerate() {
            for b in &paths[i + 1..] {
                assert_ne!(a, b);
            }
        }
        let name = paths[0].file_name().unwrap().to_str().unwrap();
        assert_eq!(name.len(), "index-.bin".len() + DIGITS);
    }

    #[test]
    fn names_of_temporary_files() {
        let stem = stem(&[]);
        assert!(is_temporary(&format!("{stem}.tmp-Ab3")));
        for other in [
            format!("{stem}.bin"),
            "index-.tmp-1".to_owned(),
            format!("x{stem}.tmp-1"),
        ] {
            assert!(!is_temporary(&other), "{other}");
        }
    }
}
