//! The folder that a fetch goes into.
//!
//! # Locking
//!
//! Several processes may fetch side by side, each for its own list of databases, and one that is killed leaves what it has
//! received. So each holds a lock within its folder for as long as it lives, and the folder of one that does not is
//! [removed](crate::index::store::Store::prepare).

use std::fs::File;
use std::path::Path;

use anyhow::Context as _;
use gix::Repository;
use tempfile::TempDir;

use super::git::options;
use crate::index::held::hold;
use crate::index::store::FETCHED;

/// An empty repository that is removed when it is dropped.
pub(super) struct Throwaway {
    repository: Repository,
    _lock: Option<File>,
    _folder: TempDir,
}

impl Throwaway {
    /// One in this folder, which is there.
    ///
    /// # Errors
    ///
    /// If nothing can be written there.
    pub(super) fn new(within: &Path) -> anyhow::Result<Throwaway> {
        let folder = tempfile::Builder::new()
            .prefix(FETCHED)
            .tempdir_in(within)
            .with_context(|| format!("cannot make a folder in `{}`", within.display()))?;
        let lock = hold(folder.path())
            .with_context(|| format!("cannot write to `{}`", folder.path().display()))?;
        let repository = gix::ThreadSafeRepository::init_opts(
            folder.path().join("repository"),
            gix::create::Kind::Bare,
            gix::create::Options::default(),
            options(),
        )
        .with_context(|| format!("cannot make a repository in `{}`", folder.path().display()))?
        .to_thread_local();
        Ok(Throwaway {
            repository,
            _lock: lock,
            _folder: folder,
        })
    }

    pub(super) fn repository(&self) -> &Repository {
        &self.repository
    }
}
