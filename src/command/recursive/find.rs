//! The lockfiles below some folders.
//!
//! # What is found
//!
//! Every file that is called Cargo.lock. What `.gitignore` says does not count: many libraries leave their Cargo.lock out of
//! git, and are built with it all the same. Hidden folders are looked into, for actions and tools of a repository have
//! lockfiles too.
//!
//! # What is passed over
//!
//! - `.git`.
//! - Build folders of cargo: `target` beside a Cargo.toml or a Cargo.lock, or with the tag that cargo puts there. Any other
//!   folder of that name may hold somebody's sources.
//! - Links, as what they lead to is looked at where it is. A Cargo.lock that is one is told of, unless it leads to one that
//!   was found. Links to folders are too many to be told of: those of a package manager lead to thousands.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{anyhow, bail};
use ignore::{DirEntry, WalkBuilder, WalkState};

use crate::report::Configured;

const LOCKFILE: &str = "Cargo.lock";

/// What lies below some folders.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Each once, by path.
    pub(super) lockfiles: BTreeSet<PathBuf>,
    /// Links that are called Cargo.lock and lead to none of `lockfiles`.
    pub(super) links: BTreeSet<PathBuf>,
    /// Why something could not be looked at.
    pub(super) failures: BTreeSet<String>,
    /// The folders that were named, each once, by path.
    pub(super) folders: BTreeSet<PathBuf>,
}

impl Found {
    /// Looks below `folders`. Paths are told as they really are, so that folders may overlap.
    ///
    /// # Errors
    ///
    /// When one of `folders` is none. What cannot be read below them is among the failures.
    pub(super) fn below(folders: impl Iterator<Item = PathBuf>) -> anyhow::Result<Found> {
        let folders = folders
            .map(|folder| real(&folder))
            .collect::<anyhow::Result<BTreeSet<_>>>()?;
        let mut named = folders.iter();
        let Some(first) = named.next() else {
            return Ok(Found::default());
        };
        let mut walk = WalkBuilder::new(first);
        for folder in named {
            walk.add(folder);
        }
        walk.standard_filters(false)
            .follow_links(false)
            .filter_entry(|entry| !is_passed_over(entry));
        let found = Mutex::new(Found::default());
        walk.build_parallel().run(|| {
            Box::new(|met| {
                match met {
                    Ok(entry) if entry.file_name() != LOCKFILE => {}
                    met => found
                        .lock()
                        .expect("nothing panics under the lock")
                        .add(met),
                }
                WalkState::Continue
            })
        });
        let mut found = found.into_inner().expect("nothing panics under the lock");
        let lockfiles = &found.lockfiles;
        found
            .links
            .retain(|link| !canonicalize(link).is_ok_and(|file| lockfiles.contains(&file)));
        Ok(Found { folders, ..found })
    }

    fn add(&mut self, met: Result<DirEntry, ignore::Error>) {
        let entry = match met {
            Ok(entry) => entry,
            Err(error) => {
                self.failures.insert(format!(
                    "failed to look for lockfiles: {}; make it readable, or name the folders beside it",
                    Configured(&error.to_string())
                ));
                return;
            }
        };
        let kind = entry.file_type();
        let path = entry.into_path();
        match kind {
            Some(kind) if kind.is_file() => {
                self.lockfiles.insert(path);
            }
            Some(kind) if kind.is_symlink() => {
                self.links.insert(path);
            }
            Some(kind) if kind.is_dir() => {}
            _ => {
                // To read it could take forever.
                let shown = path.display().to_string();
                self.failures.insert(format!(
                    "`{}` is no regular file; remove it",
                    Configured(&shown)
                ));
            }
        }
    }

    /// The folders that were named and have no lockfile.
    pub(super) fn without(&self) -> impl Iterator<Item = &PathBuf> {
        self.folders.iter().filter(|folder| {
            // What lies in a folder comes right behind it.
            let mut from = self.lockfiles.range(folder.as_path().to_owned()..);
            !from.next().is_some_and(|first| first.starts_with(folder))
        })
    }
}

/// Where a folder that was named really is.
fn real(folder: &Path) -> anyhow::Result<PathBuf> {
    let shown = folder.display().to_string();
    let real = canonicalize(folder).map_err(|error| {
        anyhow!(
            "failed to look for lockfiles below `{}`: {error}; name a folder that exists",
            Configured(&shown)
        )
    })?;
    if !real.is_dir() {
        bail!(
            "failed to look for lockfiles below `{}`: it is no folder; `--lockfile` checks a single lockfile",
            Configured(&shown)
        );
    }
    Ok(real)
}

#[expect(
    clippy::disallowed_methods,
    reason = "whether paths lead to the same shows only where they really are"
)]
fn canonicalize(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path)
}

fn is_passed_over(entry: &DirEntry) -> bool {
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    is_folder && (entry.file_name() == ".git" || is_build_folder(entry.path()))
}

/// Whether cargo builds into this folder.
fn is_build_folder(folder: &Path) -> bool {
    if !folder.ends_with("target") {
        return false;
    }
    let beside = |name| folder.with_file_name(name).is_file();
    beside("Cargo.toml") || beside(LOCKFILE) || folder.join("CACHEDIR.TAG").is_file()
}
