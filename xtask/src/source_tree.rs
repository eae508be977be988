//! A generated folder that is always whole: the old one, the new one, or none.
//!
//! # Filesystem
//!
//! Beside the tree stand, while one is made: `<tree>.new`, the next one; `<tree>.old`, the one that it replaces;
//! `<tree>.fetch`, for cargo to fetch in. A tree is complete once its stamp is written, which is the last thing before
//! it is renamed into place; nothing is ever changed in place. What a killed run leaves is cleaned up by the next one.
//!
//! # Locking
//!
//! `<tree>.lock` is held while anything is made. Reading the stamp takes no lock.
//!
//! # Modification times
//!
//! Cargo builds what has changed since the last build. A file that the old tree had with the same content keeps its
//! time, so that a tree made again is not built again; every other file is as new as it looks.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process::short;

/// The stamp's name inside the tree.
const STAMP: &str = ".made-by-cargo-xtask-fork.toml";
/// Traces of how cargo or git fetched a source, which are not part of it.
const NOT_SOURCE: [&str; 3] = [".cargo-ok", ".cargo_vcs_info.json", ".git"];

/// A generated folder.
pub struct SourceTree {
    folder: PathBuf,
}

impl SourceTree {
    /// The tree at `folder`, which need not exist.
    pub fn new(folder: PathBuf) -> SourceTree {
        SourceTree { folder }
    }

    /// Where the tree is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The stamp of a complete tree.
    pub fn stamp(&self) -> Option<String> {
        fs::read_to_string(self.folder.join(STAMP)).ok()
    }

    /// Replaces the tree by what `make` puts into a new folder, and stamps it. `make` is also given a scratch folder.
    ///
    /// When `make` fails the tree stays as it was.
    pub fn replace(&self, make: impl FnOnce(&Path, &Path) -> Result<String>) -> Result<()> {
        let [lock, new, old, scratch] = ["lock", "new", "old", "fetch"].map(|end| self.beside(end));
        if let Some(parent) = self.folder.parent() {
            fs::create_dir_all(parent)
                .with_context(|| format!("could not make `{}`", short(parent)))?;
        }
        let lock_file = File::create(&lock)
            .and_then(|file| file.lock().map(|()| file))
            .with_context(|| format!("could not lock `{}`", short(&lock)))?;
        self.clean_up()?;
        fs::create_dir(&new).with_context(|| format!("could not make `{}`", short(&new)))?;
        let made = make(&new, &scratch).and_then(|stamp| {
            keep_times(&self.folder, &new)?;
            fs::write(new.join(STAMP), stamp).context("could not write the stamp")
        });
        if made.is_ok() {
            if self.folder.exists() {
                rename(&self.folder, &old)?;
            }
            rename(&new, &self.folder)?;
        }
        self.clean_up()?;
        drop(lock_file);
        made
    }

    /// Removes what an interrupted run has left, and puts back the old tree if it was interrupted between its two renames.
    fn clean_up(&self) -> Result<()> {
        let old = self.beside("old");
        if old.join(STAMP).exists() && !self.folder.exists() {
            rename(&old, &self.folder)?;
        }
        // Without its stamp a half removed tree cannot be taken for a complete one.
        remove(&old.join(STAMP), |path| fs::remove_file(path))?;
        for end in ["old", "new", "fetch"] {
            remove(&self.beside(end), |path| fs::remove_dir_all(path))?;
        }
        Ok(())
    }

    fn beside(&self, end: &str) -> PathBuf {
        let mut path = self.folder.clone().into_os_string();
        path.push(".");
        path.push(end);
        path.into()
    }
}

/// Copies the source in `from` into the folder `to`, which exists.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    let entries =
        fs::read_dir(from).with_context(|| format!("could not read `{}`", from.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        if NOT_SOURCE.iter().any(|skipped| name == *skipped) {
            continue;
        }
        let (from, to) = (entry.path(), to.join(name));
        if entry.file_type()?.is_dir() {
            fs::create_dir(&to).with_context(|| format!("could not make `{}`", short(&to)))?;
            copy(&from, &to)?;
        } else {
            fs::copy(&from, &to).with_context(|| format!("could not copy `{}`", from.display()))?;
        }
    }
    Ok(())
}

/// Gives each file of `new` that is the same in `old` the time that it has there, and each folder with the same names.
fn keep_times(old: &Path, new: &Path) -> Result<()> {
    if !old.is_dir() {
        return Ok(());
    }
    let names = names(new)?;
    for name in &names {
        let (old, new) = (old.join(name), new.join(name));
        if new.is_dir() {
            keep_times(&old, &new)?;
        } else if old.is_file() && fs::read(&old)? == fs::read(&new)? {
            keep_time(&old, &new);
        }
    }
    if names == self::names(old)? {
        keep_time(old, new);
    }
    Ok(())
}

/// It only saves time, so that a file system that refuses is no reason to fail.
fn keep_time(old: &Path, new: &Path) {
    let _ = fs::metadata(old)
        .and_then(|metadata| metadata.modified())
        .and_then(|time| File::open(new)?.set_modified(time));
}

/// The names in `folder`, sorted, without the stamp's.
fn names(folder: &Path) -> Result<Vec<std::ffi::OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        if name != STAMP {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to)
        .with_context(|| format!("could not rename `{}` to `{}`", short(from), short(to)))
}

fn remove(path: &Path, remove: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<()> {
    match remove(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("could not remove `{}`", short(path)))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;
    use std::time::{Duration, SystemTime};

    struct World {
        home: tempfile::TempDir,
        tree: SourceTree,
    }

    impl World {
        fn new() -> World {
            let home = tempfile::tempdir().unwrap();
            let tree = SourceTree::new(home.path().join("tree"));
            World { home, tree }
        }

        fn make(&self, text: &str, stamp: &str) {
            let make = |new: &Path, _: &Path| {
                fs::create_dir(new.join("src"))?;
                fs::write(new.join("src/same.rs"), "same")?;
                fs::write(new.join("src/lib.rs"), text)?;
                Ok(stamp.to_string())
            };
            self.tree.replace(make).unwrap();
        }

        fn text(&self) -> String {
            fs::read_to_string(self.tree.folder().join("src/lib.rs")).unwrap()
        }

        fn names(&self) -> Vec<String> {
            let names = names(self.home.path()).unwrap();
            names
                .into_iter()
                .map(|name| name.into_string().unwrap())
                .collect()
        }

        fn time(&self, path: &str) -> SystemTime {
            let path = self.tree.folder().join(path);
            fs::metadata(path).unwrap().modified().unwrap()
        }

        fn make_older(&self, path: &str) -> SystemTime {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
            let file = File::open(self.tree.folder().join(path)).unwrap();
            file.set_modified(time).unwrap();
            time
        }
    }

    #[test]
    fn a_new_tree_replaces_the_old_one_and_leaves_nothing_beside() {
        let world = World::new();
        assert_eq!(world.tree.stamp(), None);
        world.make("one", "stamp 1");
        world.make("two", "stamp 2");
        assert_eq!(world.text(), "two");
        assert_eq!(world.tree.stamp().as_deref(), Some("stamp 2"));
        assert_eq!(world.names(), ["tree", "tree.lock"]);
    }

    #[test]
    fn a_failure_leaves_the_old_tree() {
        let world = World::new();
        world.make("one", "stamp 1");
        let failed = world.tree.replace(|new, scratch| {
            fs::create_dir(scratch)?;
            fs::write(new.join("half"), "")?;
            bail!("no")
        });
        assert!(failed.is_err());
        assert_eq!(
            (world.text().as_str(), world.tree.stamp().as_deref()),
            ("one", Some("stamp 1"))
        );
        assert_eq!(world.names(), ["tree", "tree.lock"]);
    }

    #[test]
    fn what_a_killed_run_left_is_cleaned_up() {
        let world = World::new();
        world.make("one", "stamp 1");
        for left in ["tree.new/src", "tree.old/src", "tree.fetch/src"] {
            fs::create_dir_all(world.home.path().join(left)).unwrap();
        }
        world.make("two", "stamp 2");
        assert_eq!(world.text(), "two");
        assert_eq!(world.names(), ["tree", "tree.lock"]);
    }

    #[test]
    fn killed_between_the_renames_the_old_tree_comes_back() {
        let world = World::new();
        world.make("one", "stamp 1");
        fs::rename(world.tree.folder(), world.home.path().join("tree.old")).unwrap();
        assert!(world.tree.replace(|_, _| bail!("no")).is_err());
        assert_eq!(world.text(), "one");
    }

    #[test]
    fn a_half_removed_old_tree_does_not_come_back() {
        let world = World::new();
        fs::create_dir_all(world.home.path().join("tree.old/src")).unwrap();
        assert!(world.tree.replace(|_, _| bail!("no")).is_err());
        assert_eq!(world.names(), ["tree.lock"]);
    }

    #[test]
    fn only_changed_files_get_a_new_time() {
        let world = World::new();
        world.make("one", "stamp 1");
        let old = ["src/same.rs", "src/lib.rs", "src", ""].map(|path| world.make_older(path))[0];
        world.make("two", "stamp 2");
        assert_eq!(world.time("src/same.rs"), old);
        assert_eq!(world.time("src"), old);
        assert_ne!(world.time("src/lib.rs"), old);
    }

    #[test]
    fn a_copy_has_no_traces_of_fetching() {
        let world = World::new();
        let from = world.home.path().join("from");
        fs::create_dir_all(from.join(".git/objects")).unwrap();
        fs::create_dir_all(from.join("src")).unwrap();
        for name in [
            ".cargo-ok",
            ".cargo_vcs_info.json",
            "src/lib.rs",
            "Cargo.toml",
        ] {
            fs::write(from.join(name), name).unwrap();
        }
        let to = world.home.path().join("to");
        fs::create_dir(&to).unwrap();
        copy(&from, &to).unwrap();
        assert_eq!(names(&to).unwrap(), ["Cargo.toml", "src"]);
        assert_eq!(fs::read(to.join("src/lib.rs")).unwrap(), b"src/lib.rs");
    }
}
