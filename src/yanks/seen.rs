//! The lockfiles that builds and checks have seen lately: what a refresh asks registries about.
//!
//! Each has a small file in the cache whose time of modification says when it was seen last. A build looks at that time and
//! seldom does more: a file is written once a day.
//!
//! # Failure
//!
//! A lockfile that could not be remembered is not asked about, and what cargo knows of its yanks is all that is known. A
//! build says nothing of that.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::scrap::{Scrap, Scraps};

/// The folder of the cache.
const FOLDER: &str = "lockfiles";
/// How the name of a file ends about a lockfile that was seen alone, and of one that was seen with its workspace.
const ALONE: &str = "lockfile";
const WITH_WORKSPACE: &str = "workspace";
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
    write(cache_dir, path, now, ALONE, || None);
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
    write(cache_dir, path, now, WITH_WORKSPACE, crates_io);
}

fn write(
    cache_dir: &Path,
    path: &Path,
    now: SystemTime,
    ending: &str,
    crates_io: impl FnOnce() -> Option<String>,
) {
    let scraps = scraps(cache_dir);
    let scrap = scraps.about(path, ending);
    if scraps.age(&scrap, now).is_some_and(|age| age < NOTED) {
        return;
    }
    let seen = Seen {
        path: path.to_owned(),
        crates_io: crates_io(),
    };
    // See above: whether it works is of no account.
    scraps.write(&scrap, &seen);
}

/// The lockfiles that were seen lately, the last one first, and removes the files about the others.
pub fn lockfiles(cache_dir: &Path, now: SystemTime) -> Vec<Seen> {
    let scraps = scraps(cache_dir);
    scraps.forget(FORGOTTEN, now);
    // One from the future was seen just now, by a clock that is wrong.
    let mut found: Vec<(Duration, Scrap)> = scraps.list(now);
    found.sort();
    for (_, scrap) in found.drain(found.len().min(MOST_LOCKFILES)..) {
        // If that does not work it is looked at again the next time.
        scraps.remove(&scrap);
    }
    let mut lockfiles: Vec<Seen> = Vec::new();
    for seen in found
        .iter()
        .filter_map(|(_, scrap)| scraps.read::<Seen>(scrap, MOST_BYTES))
    {
        match lockfiles.iter_mut().find(|known| known.path == seen.path) {
            // What its workspace says holds, however the lockfile was looked at since.
            Some(known) => known.crates_io = known.crates_io.take().or(seen.crates_io),
            None => lockfiles.push(seen),
        }
    }
    lockfiles
}

fn scraps(cache_dir: &Path) -> Scraps {
    Scraps::new(cache_dir, FOLDER, &[ALONE, WITH_WORKSPACE])
}

#[cfg(test)]
mod tests {
    use std::fs;

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
        let path = |digit: &str| folder.join(format!("{}.{ALONE}", digit.repeat(32)));
        fs::write(path("a"), "").unwrap();
        let more = "{\"path\":\"/b\",\"crates_io\":null,\"more\":1}";
        fs::write(path("b"), more).unwrap();
        fs::write(path("c"), vec![b' '; MOST_BYTES as usize + 1]).unwrap();
        fs::create_dir(path("d")).unwrap();
        let other = "{\"path\":\"/b\",\"crates_io\":null}";
        fs::write(folder.join("notes.lockfile"), other).unwrap();

        let [seen] = &lockfiles(cache.path(), now)[..] else {
            panic!("one lockfile");
        };
        assert_eq!(
            seen.crates_io.as_deref(),
            Some("registry+https://r.example/")
        );
    }
}
