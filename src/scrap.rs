//! Scraps: small files of JSON in the cache that nothing depends on. One that cannot be read is as good as none, and one that
//! cannot be written is done without.
//!
//! # What is touched
//!
//! A folder of scraps that is a link, or that another user owns, is left alone as a whole: nothing is read, written or
//! removed there. In one of ours nothing counts, and nothing is removed, but regular files with names as we make them.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::index::{folder, read_at_most};

/// Hex digits of the hash in a name.
const DIGITS: usize = 32;
/// How the ending of a file begins that is being written. `tempfile` makes up the rest.
const TEMPORARY: &str = "tmp-";

/// A folder of scraps.
#[derive(Clone, Debug)]
pub(crate) struct Scraps {
    folder: PathBuf,
    endings: &'static [&'static str],
}

/// A scrap, whether it is there or not, by the name of its file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Scrap(String);

impl Scraps {
    /// The folder `name` of the cache, for scraps of these `endings`.
    pub(crate) fn new(cache_dir: &Path, name: &str, endings: &'static [&'static str]) -> Scraps {
        Scraps {
            folder: cache_dir.join(name),
            endings,
        }
    }

    /// The scrap about `path`.
    pub(crate) fn about(&self, path: &Path, ending: &str) -> Scrap {
        let name = blake3::hash(path.as_os_str().as_encoded_bytes()).to_hex();
        let name = name.get(..DIGITS).unwrap_or(&name);
        Scrap(format!("{name}.{ending}"))
    }

    /// What it holds, if it is a regular file of ours of at most `limit` bytes.
    pub(crate) fn read<T: DeserializeOwned>(&self, scrap: &Scrap, limit: u64) -> Option<T> {
        serde_json::from_slice(&read_at_most(&self.path(scrap)?, limit).ok()?).ok()
    }

    /// Puts `content` into it, all at once, in a folder that is made if need be. Whether that worked.
    pub(crate) fn write(&self, scrap: &Scrap, content: &impl Serialize) -> bool {
        let write = || {
            folder::make(&self.folder)?;
            let path = self.path(scrap).ok_or(io::ErrorKind::NotADirectory)?;
            let hash = scrap.0.get(..DIGITS).unwrap_or_default();
            let mut temporary = tempfile::Builder::new()
                .prefix(&format!("{hash}.{TEMPORARY}"))
                .tempfile_in(&self.folder)?;
            // A path that is not UTF-8 has no JSON.
            temporary.write_all(&serde_json::to_vec(content)?)?;
            temporary.persist(path)?;
            io::Result::Ok(())
        };
        write().is_ok()
    }

    /// How long ago it was written. None where it is not there, or where that is still to come.
    pub(crate) fn age(&self, scrap: &Scrap, now: SystemTime) -> Option<Duration> {
        let modified = self.path(scrap)?.symlink_metadata().ok()?.modified().ok()?;
        now.duration_since(modified).ok()
    }

    /// Those that are there, with their age, which is none where it is still to come.
    pub(crate) fn list(&self, now: SystemTime) -> Vec<(Duration, Scrap)> {
        let files = self.files().filter(|(name, _)| self.is_scrap(name));
        files
            .map(|(name, modified)| {
                let age = now.duration_since(modified).unwrap_or_default();
                (age, Scrap(name))
            })
            .collect()
    }

    /// Removes one. Whether that works is of no account.
    pub(crate) fn remove(&self, scrap: &Scrap) {
        if let Some(path) = self.path(scrap) {
            let _ = fs::remove_file(path);
        }
    }

    /// Removes those that are older than `age`, and what was left of the writing of some.
    pub(crate) fn forget(&self, age: Duration, now: SystemTime) {
        for (name, modified) in self.files() {
            if now.duration_since(modified).is_ok_and(|old| old > age) {
                self.remove(&Scrap(name));
            }
        }
    }

    /// Every file with a name of ours, and when it was written.
    fn files(&self) -> impl Iterator<Item = (String, SystemTime)> {
        let is_own = folder::is_own(&self.folder);
        let entries = is_own.then(|| fs::read_dir(&self.folder).ok()).flatten();
        entries.into_iter().flatten().flatten().filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            if !self.is_scrap(&name) && !is_temporary(&name) {
                return None;
            }
            // Of a link that is the link's own.
            let meta = entry.metadata().ok()?;
            let is_ours = folder::is_own_file(&meta);
            is_ours.then_some((name, meta.modified().ok()?))
        })
    }

    fn is_scrap(&self, name: &str) -> bool {
        parts(name).is_some_and(|ending| self.endings.contains(&ending))
    }

    /// Where it is. None if that is no folder of ours.
    fn path(&self, scrap: &Scrap) -> Option<PathBuf> {
        folder::is_own(&self.folder).then(|| self.folder.join(&scrap.0))
    }
}

fn is_temporary(name: &str) -> bool {
    let made_up = parts(name).and_then(|ending| ending.strip_prefix(TEMPORARY));
    made_up.is_some_and(folder::is_made_up)
}

/// The ending of a name that is the hash of something before it.
fn parts(name: &str) -> Option<&str> {
    let (hash, ending) = name.split_once('.')?;
    folder::is_hash(hash, DIGITS).then_some(ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGE: Duration = Duration::from_secs(60);

    fn scraps(cache: &Path) -> Scraps {
        Scraps::new(cache, "scraps", &["one", "two"])
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_written_is_read_until_it_is_forgotten() {
        let cache = tempfile::tempdir().unwrap();
        let scraps = scraps(&cache.path().join("cache"));
        let scrap = scraps.about(Path::new("/a"), "one");
        let now = SystemTime::now();
        assert_eq!(scraps.read::<u8>(&scrap, 10), None);

        assert!(scraps.write(&scrap, &7));

        assert_eq!(scraps.read(&scrap, 10), Some(7));
        assert_eq!(scraps.read::<u8>(&scrap, 0), None);
        let other = scraps.about(Path::new("/a"), "two");
        assert_eq!(scraps.read::<u8>(&other, 10), None);
        let listed: Vec<Scrap> = scraps.list(now).into_iter().map(|(_, name)| name).collect();
        assert_eq!(listed, [scrap]);
        scraps.forget(AGE, now);
        assert_eq!(scraps.list(now).len(), 1);
        scraps.forget(AGE, now + AGE * 2);
        assert!(scraps.list(now).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn folders_are_made_for_the_user_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        let cache = root.path().join("cache");
        let scraps = scraps(&cache);

        assert!(scraps.write(&scraps.about(Path::new("/a"), "one"), &7));

        for folder in [cache.clone(), cache.join("scraps")] {
            let mode = folder.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{folder:?}");
        }
    }

    #[test]
    fn nothing_is_removed_but_files_with_names_of_ours() {
        let cache = tempfile::tempdir().unwrap();
        let scraps = scraps(cache.path());
        let hash = "0123456789abcdef0123456789abcdef";
        let folder = cache.path().join("scraps");
        fs::create_dir_all(folder.join(format!("{hash}.two"))).unwrap();
        let others = [
            "notes.txt".to_owned(),
            "one".to_owned(),
            hash.to_owned(),
            format!("{hash}.three"),
            format!("{hash}.one.bak"),
            format!("{hash}0.one"),
            format!("{}.one", hash.to_uppercase()),
            format!("{hash}.tmp-notes.txt"),
        ];
        for name in &others {
            fs::write(folder.join(name), "7").unwrap();
        }
        for ours in ["one", "tmp-Ab3456"] {
            fs::write(folder.join(format!("{hash}.{ours}")), "7").unwrap();
        }

        let later = SystemTime::now() + AGE * 2;
        assert_eq!(scraps.list(later).len(), 1);
        scraps.forget(AGE, later);

        let mut left = others.to_vec();
        left.push(format!("{hash}.two"));
        left.sort();
        assert_eq!(names(&folder), left);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_is_a_link_is_left_alone() {
        use std::os::unix::fs::symlink;
        let cache = tempfile::tempdir().unwrap();
        let precious = tempfile::tempdir().unwrap();
        let name = format!("{}.one", "0".repeat(DIGITS));
        fs::write(precious.path().join(&name), "7").unwrap();
        symlink(precious.path(), cache.path().join("scraps")).unwrap();
        let scraps = scraps(cache.path());
        let (scrap, later) = (Scrap(name.clone()), SystemTime::now() + AGE * 2);

        assert_eq!(scraps.read::<u8>(&scrap, 10), None);
        assert_eq!(scraps.age(&scrap, later), None);
        assert!(scraps.list(later).is_empty());
        assert!(!scraps.write(&scraps.about(Path::new("/a"), "one"), &8));
        scraps.forget(AGE, later);
        scraps.remove(&scrap);

        assert_eq!(names(precious.path()), [name]);
        assert!(cache.path().join("scraps").is_symlink());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_a_link_is_not_followed() {
        use std::os::unix::fs::symlink;
        let cache = tempfile::tempdir().unwrap();
        let precious = cache.path().join("precious");
        fs::write(&precious, "7").unwrap();
        let scraps = scraps(cache.path());
        let scrap = scraps.about(Path::new("/a"), "one");
        fs::create_dir(cache.path().join("scraps")).unwrap();
        symlink(&precious, cache.path().join("scraps").join(&scrap.0)).unwrap();

        assert_eq!(scraps.read::<u8>(&scrap, 10), None);
        assert!(scraps.list(SystemTime::now()).is_empty());
        assert!(scraps.write(&scrap, &8));

        assert_eq!(scraps.read(&scrap, 10), Some(8));
        assert_eq!(fs::read_to_string(&precious).unwrap(), "7");
    }
}
