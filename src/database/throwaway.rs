//! The folder that a fetch goes into.

use std::path::Path;

use anyhow::Context as _;
use gix::Repository;
use tempfile::TempDir;

use super::git::options;
use crate::index::store::FETCHED;

/// An empty repository that is removed when it is dropped.
pub(super) struct Throwaway {
    repository: Repository,
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
            _folder: folder,
        })
    }

    pub(super) fn repository(&self) -> &Repository {
        &self.repository
    }
}
