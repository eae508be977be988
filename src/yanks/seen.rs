//! The lockfiles that builds and checks have seen lately: what a refresh asks registries about.
//!
//! Each has a small file in the cache whose time of modification says when it was seen last. A build looks at that time and
//! seldom does more: a file is written once a day.
//!
//! # Failure
//!
//! A lockfile that could not be remembered is not asked about, and what cargo knows of its yanks is all that is known. A
//! build says nothing of that.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::scrap;

/// The folder of the cache.
const FOLDER: &str = "lockfiles";
/// How long it is not noted again that a lockfile was seen.
const NOTED: Duration = Duration::from_secs(24 * 60 * 60);
/// What was not seen for so long is asked about no more.
const FORGOTTEN: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How many lockfiles are asked about, those seen last.
pub const MOST_LOCKFILES: usize = 200;
/// Bytes of the file about one lockfile, which is little more than a path.
const MOST_BYTES: u64 = 64 * 1024;

/// A lockfile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Absolute.
    pub path: PathBuf,
    /// The source that cargo took for crates.io there, as Cargo.lock would write it. None where its workspace was not seen.
    pub crates_io: Option<String>,
}

/// Notes that the lockfile at `path`, which is absolute, was seen at `now`.
pub fn note(cache_dir: &Path, path: &Path, now: SystemTime) {
    write(cache_dir, path, now, "lockfile", || None);
}

/// The same where it was seen together with its workspace. `crates_io` tells the source that cargo takes for crates.io there,
/// and is only called if there is something to write.
pub fn note_workspace(
    cache_dir: &Path,
    path: &Path,
    now: SystemTime,
    crates_io: impl FnOnce() -> Option<String>,
) {
    // Where that cannot be told, it is no source that anybody has.
    let crates_io = || Some(crates_io().unwrap_or_default());
    write(cache_dir, path, now, "workspace", crates_io);
}

fn write(
    cache_dir: &Path,
    path: &Path,
    now: SystemTime,
    kind: &str,
    crates_io: impl FnOnce() -> Option<String>,
) {
    let file = scrap::about(path, &cache_dir.join(FOLDER), kind);
    if age(&file, now).is_some_and(|age| age < NOTED) {
        return;
    }
    let seen = Seen {
        path: path.to_owned(),
        crates_io: crates_io(),
    };
    // See above: whether it works is of no account.
    scrap::write(&file, &seen);
}

/// The lockfiles that were seen lately, the last one first, and removes the files about the others.
pub fn lockfiles(cache_dir: &Path, now: SystemTime) -> Vec<Seen> {
    let Ok(entries) = fs::read_dir(cache_dir.join(FOLDER)) else {
        return Vec::new();
    };
    let mut found: Vec<(Duration, PathBuf)> = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        // One from the future was seen just now, by a clock that is wrong.
        match age(&path, now).unwrap_or_default() {
            age if age > FORGOTTEN => remove(&path),
            age => found.push((age, path)),
        }
    }
    found.sort();
    for (_, path) in found.drain(found.len().min(MOST_LOCKFILES)..) {
        remove(&path);
    }
    let mut lockfiles: Vec<Seen> = Vec::new();
    for seen in found
        .iter()
        .filter_map(|(_, path)| scrap::read::<Seen>(path, MOST_BYTES))
    {
        match lockfiles.iter_mut().find(|known| known.path == seen.path) {
            // What its workspace says holds, however the lockfile was looked at since.
            Some(known) => known.crates_io = known.crates_io.take().or(seen.crates_io),
            None => lockfiles.push(seen),
        }
    }
    lockfiles
}

/// How long ago the file at `path` was written. None where there is none, or where that is still to come.
fn age(path: &Path, now: SystemTime) -> Option<Duration> {
    let modified = path.symlink_metadata().ok()?.modified().ok()?;
    now.duration_since(modified).ok()
}

fn remove(path: &Path) {
    // It is looked at again the next time.
    let _ = fs::remove_file(path);
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn paths(cache: &Path, now: SystemTime) -> Vec<PathBuf> {
        let seen = lockfiles(cache, now);
        seen.into_iter().map(|seen| seen.path).collect()
    }

    #[test]
    fn what_was_seen_is_told_for_thirty_days() {
        let cache = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        assert!(lockfiles(cache.path(), now).is_empty());

        note(cache.path(), Path::new("/a/Cargo.lock"), now);

        let known = [PathBuf::from("/a/Cargo.lock")];
        assert_eq!(paths(cache.path(), now + DAY * 29), known);
        assert_eq!(paths(cache.path(), now - DAY), known);
        assert!(paths(cache.path(), now + DAY * 31).is_empty());
        assert!(paths(cache.path(), now).is_empty(), "it was removed");
    }

    #[test]
    fn it_is_written_once_a_day() {
        let cache = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let path = Path::new("/a/Cargo.lock");
        let mut written = 0;
        for time in [now, now + DAY / 2, now + DAY * 2] {
            note_workspace(cache.path(), path, time, || {
                written += 1;
                None
            });
        }
        assert_eq!(written, 2);
    }

    #[test]
    fn what_a_workspace_says_of_its_lockfile_holds() {
        let cache = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let path = Path::new("/a/Cargo.lock");
        note(cache.path(), path, now);
        note_workspace(cache.path(), path, now - DAY, || None);
        note(cache.path(), path, now + DAY * 2);

        let seen = Seen {
            path: path.to_owned(),
            crates_io: Some(String::new()),
        };
        assert_eq!(lockfiles(cache.path(), now), [seen]);
    }

    #[test]
    fn of_many_the_last_ones_count() {
        let cache = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        for number in 0..MOST_LOCKFILES + 3 {
            let path = PathBuf::from(format!("/{number}/Cargo.lock"));
            note(cache.path(), &path, now);
        }
        assert_eq!(lockfiles(cache.path(), now).len(), MOST_LOCKFILES);
        assert_eq!(
            fs::read_dir(cache.path().join(FOLDER)).unwrap().count(),
            MOST_LOCKFILES
        );
    }

    #[test]
    fn what_is_no_note_is_passed_over() {
        let cache = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        note_workspace(cache.path(), Path::new("/a/Cargo.lock"), now, || {
            Some("registry+https://r.example/".to_owned())
        });
        let folder = cache.path().join(FOLDER);
        fs::write(folder.join("empty"), "").unwrap();
        fs::write(
            folder.join("more"),
            "{\"path\":\"/b\",\"crates_io\":null,\"more\":1}",
        )
        .unwrap();
        fs::write(folder.join("long"), vec![b' '; MOST_BYTES as usize + 1]).unwrap();
        fs::create_dir(folder.join("folder")).unwrap();

        let [seen] = &lockfiles(cache.path(), now)[..] else {
            panic!("one lockfile");
        };
        assert_eq!(
            seen.crates_io.as_deref(),
            Some("registry+https://r.example/")
        );
    }
}
