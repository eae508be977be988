//! Where indexes are kept, one for each list of databases, and how one takes the place of another.

use super::file::{self, Sections};
use super::folder::{self, is_hash, is_made_up};
use super::held::is_abandoned;
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
/// at the most. Clocks of other machines may be off by some more.
const STALE: Duration = Duration::from_secs(5 * 60);

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
            .prefix(&format!("{}{TEMPORARY}", stem(databases)))
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
        folder::make(&self.dir).with_context(|| {
            format!(
                "cannot make the folder `{}`; set `advisory.cache-dir` to another one",
                self.dir.display()
            )
        })
    }

    /// Removes what processes that were killed have left, by names that nobody else gives. Whether that works is of no
    /// account.
    fn remove_stale(&self, now: SystemTime) {
        let Ok(entries) = fs::read_dir(&self.dir) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let (is_folder, is_file) = (is_fetched(name), is_temporary(name));
            if !is_folder && !is_file {
                continue;
            }
            // Of a link that is the link's own.
            let Ok(meta) = entry.metadata() else { continue };
            let age = meta.modified().map(|modified| now.duration_since(modified));
            let is_old = matches!(age, Ok(Ok(age)) if age > STALE);
            let is_gone = || is_old || is_abandoned(&entry.path());
            if is_folder && folder::is_own_folder(&meta) && is_gone() {
                let _ = fs::remove_dir_all(entry.path());
            } else if is_file && is_old && folder::is_own_file(&meta) {
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

/// How the folders of fetches begin that [`crate::database`] makes here. `tempfile` makes up the rest.
pub const FETCHED: &str = "cargo-advisory-fetch-";
/// How the names of locks end.
const LOCK: &str = "lock";
/// How the names of what is kept of snapshots end.
const KEPT: &str = "snapshot";
const STEM: &str = "index-";
/// What stands between the stem of a temporary file and what `tempfile` makes up.
const TEMPORARY: &str = ".tmp-";
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
        .and_then(|rest| rest.split_once(TEMPORARY))
        .is_some_and(|(hash, made_up)| is_hash(hash, DIGITS) && is_made_up(made_up))
}

/// Whether this is the name of the folder of a fetch.
fn is_fetched(name: &str) -> bool {
    name.strip_prefix(FETCHED).is_some_and(is_made_up)
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
    fn what_we_make_up_has_names_of_ours_and_nothing_else_has() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path());
        let temporary = store.temporary(&[]).unwrap();
        let mut fetched = tempfile::Builder::new();
        let fetched = fetched.prefix(FETCHED).tempdir_in(dir.path()).unwrap();
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(is_temporary(&name(temporary.path())));
        assert!(is_fetched(&name(fetched.path())));

        let stem = stem(&[]);
        for other in [
            format!("{stem}.bin"),
            format!("{stem}.tmp-"),
            format!("{stem}.tmp-Ab3"),
            format!("{stem}.tmp-Ab3456.txt"),
            format!("x{stem}.tmp-Ab3456"),
            "index-.tmp-Ab3456".to_owned(),
            format!("{}.tmp-Ab3456", stem.to_uppercase()),
            "fetch-mydata".to_owned(),
            "fetch-a1B2c3".to_owned(),
            "cargo-advisory-fetch-".to_owned(),
            "cargo-advisory-fetch-my-data".to_owned(),
            "cargo-advisory-fetch-of-all-data".to_owned(),
        ] {
            assert!(!is_temporary(&other) && !is_fetched(&other), "{other}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_in_the_place_of_files_are_neither_read_nor_written_through() {
        let dir = tempfile::tempdir().unwrap();
        let precious = dir.path().join("precious");
        fs::write(&precious, "precious").unwrap();
        let store = Store::new(dir.path());
        let beside = [Beside::Record, Beside::Registries];
        for path in beside
            .map(|what| store.path_beside(&[], what))
            .into_iter()
            .chain([
                store.kept_path("u"),
                store.dir.join(format!("{}.{LOCK}", stem(&[]))),
            ])
        {
            std::os::unix::fs::symlink(&precious, path).unwrap();
        }

        for what in beside {
            assert_eq!(store.read_beside(&[], what, 100), None);
            store.write_beside(&[], what, b"new").unwrap();
            assert_eq!(store.read_beside(&[], what, 100).unwrap(), b"new");
        }
        assert_eq!(store.kept("u", 100), None);
        store.keep("u", b"new").unwrap();
        assert_eq!(store.kept("u", 100).unwrap(), b"new");
        assert!(store.open_lock(&[]).is_err());

        assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
    }

    #[test]
    fn what_is_old_is_removed_if_it_is_ours() {
        let dir = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join("precious"), "").unwrap();
        let path = |name: &str| dir.path().join(name);
        let ours = [
            format!("{}.tmp-Ab3456", stem(&[])),
            "cargo-advisory-fetch-Ab3456".to_owned(),
        ];
        let others = [
            format!("{}.tmp-folder", stem(&[])),
            "cargo-advisory-fetch-a0file".to_owned(),
            "fetch-mydata".to_owned(),
            "notes.txt".to_owned(),
        ];
        fs::write(path(&ours[0]), "").unwrap();
        fs::create_dir_all(path(&ours[1]).join("objects")).unwrap();
        fs::create_dir(path(&others[0])).unwrap();
        fs::write(path(&others[1]), "").unwrap();
        fs::create_dir_all(path(&others[2]).join("data")).unwrap();
        fs::write(path(&others[3]), "").unwrap();
        #[cfg(unix)]
        for name in ["cargo-advisory-fetch-a0link", "fetch-a0link"] {
            std::os::unix::fs::symlink(elsewhere.path(), path(name)).unwrap();
            std::os::unix::fs::symlink(elsewhere.path(), path(&ours[1]).join(name)).unwrap();
        }
        let store = Store::new(dir.path());

        store.prepare(SystemTime::now()).unwrap();
        assert!(ours.iter().all(|name| path(name).exists()), "too early");
        store.prepare(SystemTime::now() + STALE * 2).unwrap();

        assert!(!ours.iter().any(|name| path(name).exists()));
        assert!(others.iter().all(|name| path(name).exists()));
        assert!(elsewhere.path().join("precious").exists());
        #[cfg(unix)]
        assert!(path("cargo-advisory-fetch-a0link").is_symlink());
    }
}
