//! Which packages Cargo.lock held where the present work began, so that what is new can be told from what was there.
//!
//! # What is compared
//!
//! The baseline is the Cargo.lock of the merge base: the commit from which `HEAD` and another branch went apart. Of
//! several merge bases the latest is taken, as git itself does. What was committed to the other branch since does not
//! count, for or against.
//!
//! # What is trusted
//!
//! The repository is the one that holds Cargo.lock, found from its folder upwards, and nothing else is consulted: no
//! configuration of the user or the system, no `GIT_*` variable, no hook, no filter, no program and no network. `GIT_DIR`
//! does not count either: what Cargo.lock lies in decides, wherever cargo is called from. A repository that belongs to
//! another user is read like any other, as nothing in it is run: containers check out as one user and build as another.
//! Nothing is written. Objects are as they were committed, whatever `refs/replace` says; their sizes are bounded.
//!
//! # Limits
//!
//! History that a clone lacks is history that is not there. In a shallow clone an older merge base than the true one may
//! be found; it is still a commit that both sides have.
//!
//! In a pack that somebody made by hand, objects can be differences from each other in a circle, and unpacking them takes
//! all memory, as it does with git. Neither a clone nor a fetch leaves such a pack.

mod base;
pub mod news;
mod tree;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use gix::bstr::ByteSlice as _;
use gix::discover::upwards;
use gix::prelude::ReferenceExt as _;
use gix::{ObjectId, Repository, head};

use self::news::{Checked, News};
use crate::check::{Hits, check};
use crate::database::git::options;
use crate::graph::{Graph, lockfile};
use crate::index::Index;
use crate::report::{Configured, Untrusted, untrusted};
use base::{Base, commit_at, commit_of};

/// What Cargo.lock held before.
#[derive(Debug)]
pub struct Baseline {
    /// The commit that holds it, in hex.
    pub commit: String,
    /// What `HEAD` was compared with, as one would name it: `origin/main`. It is foreign text.
    pub base: String,
    /// None where there was no Cargo.lock at that commit: then everything is new.
    pub lockfile: Option<Graph>,
}

/// Reads the baseline of `lockfile`, a Cargo.lock in the work tree of a git repository.
///
/// `base` is a branch, a tag or a commit in hex. Without one it is the default branch of the remote that the current
/// branch tracks, else of `origin`, else of the only remote.
///
/// # Errors
///
/// Whenever it cannot be told what is new, with what to do about it: there is no repository, no commit, no such base or
/// no common commit; Cargo.lock is not in git; or what git holds of it is no lockfile.
pub fn read(lockfile: &Path, base: Option<&str>) -> anyhow::Result<Baseline> {
    Checkout::of(lockfile)
        .and_then(|checkout| checkout.baseline(base))
        .with_context(|| {
            let shown = lockfile.display().to_string();
            format!("failed to tell what is new in `{}`", Configured(&shown))
        })
}

/// A lockfile and its baseline, both held against the same index.
#[derive(Debug)]
pub struct Compared<'i> {
    before: Option<(Graph, Hits<'i>)>,
    now: (Graph, Hits<'i>),
}

impl<'i> Compared<'i> {
    /// Reads `lockfile` and its baseline. `base` as for [`read`].
    ///
    /// # Errors
    ///
    /// Those of [`read`]; when `lockfile` is none, and when the index is damaged.
    pub fn read(
        lockfile: &Path,
        base: Option<&str>,
        index: &'i Index,
    ) -> anyhow::Result<Compared<'i>> {
        let checked = |graph: Graph| {
            let hits = check(&graph, index)?;
            anyhow::Ok((graph, hits))
        };
        let before = read(lockfile, base)?.lockfile;
        Ok(Compared {
            before: before.map(checked).transpose()?,
            now: checked(lockfile::read(lockfile)?)?,
        })
    }

    /// What is new in the lockfile.
    pub fn news(&self) -> News<'_> {
        let before = self.before.as_ref();
        News::new(
            before.map(|(graph, hits)| Checked { graph, hits }),
            Checked {
                graph: &self.now.0,
                hits: &self.now.1,
            },
        )
    }
}

/// A repository, and where in its work tree the lockfile is.
struct Checkout {
    repo: Repository,
    lockfile: PathBuf,
}

impl Checkout {
    fn of(lockfile: &Path) -> anyhow::Result<Checkout> {
        let (Some(folder), Some(name)) = (lockfile.parent(), lockfile.file_name()) else {
            bail!("it is no path of a file");
        };
        // Of a folder that is a link, the repository is the one that it leads into. What the lockfile itself is, the
        // commit says.
        let folder = real(folder)?;
        let repo = open(&folder)?;
        let Some(work_tree) = repo.workdir() else {
            let repository = repo.git_dir().display().to_string();
            bail!(
                "the git repository `{}` has no work tree that could hold it",
                Configured(&repository)
            );
        };
        let work_tree = real(work_tree)?;
        let Ok(folder) = folder.strip_prefix(&work_tree) else {
            let work_tree = work_tree.display().to_string();
            bail!(
                "it lies outside the work tree `{}` of its git repository",
                Configured(&work_tree)
            );
        };
        let lockfile = folder.join(name);
        Ok(Checkout { repo, lockfile })
    }

    fn baseline(&self, base: Option<&str>) -> anyhow::Result<Baseline> {
        let head = self.head()?;
        let base = match base {
            Some(name) => Base::named(&self.repo, name)?,
            None => Base::of_remote(&self.repo)?,
        };
        let commit = self.merge_base(head, &base)?;
        let lockfile = tree::read(&self.repo, commit, &self.lockfile)?;
        if lockfile.is_none() && !tree::holds(&self.repo, head, &self.lockfile)? {
            bail!(
                "it is in no commit, neither at `HEAD` nor where it began; commit it (`.gitignore` may name it), so that \
                 there is something to compare with"
            );
        }
        Ok(Baseline {
            commit: commit.to_string(),
            base: base.name,
            lockfile,
        })
    }

    /// The commit that is checked out.
    fn head(&self) -> anyhow::Result<ObjectId> {
        let head = self.repo.head().map_err(foreign);
        let head = head.context("`HEAD` cannot be read")?;
        let commit = match head.kind {
            head::Kind::Symbolic(branch) => commit_of(branch.attach(&self.repo)),
            head::Kind::Detached { target, .. } => commit_at(&self.repo, target),
            head::Kind::Unborn(_) => {
                bail!("there is no commit at `HEAD` yet; commit something first")
            }
        };
        commit.context("the commit at `HEAD` cannot be read")
    }

    /// The commit from which `head` and `base` went apart.
    fn merge_base(&self, head: ObjectId, base: &Base) -> anyhow::Result<ObjectId> {
        const UNREADABLE: &str = "the history cannot be read; `git fsck` tells what is damaged";
        // Without the cache of commits, which nothing holds against the commits themselves.
        let mut commits = self.repo.revision_graph(None);
        let bases = self
            .repo
            .merge_bases_many_with_graph(head, &[base.commit], &mut commits)
            .map_err(foreign)
            .context(UNREADABLE)?;
        if let Some(best) = bases.first() {
            return Ok(best.detach());
        }
        let name = Configured(&base.name);
        if self.repo.is_shallow() {
            bail!(
                "`HEAD` and `{name}` have no common commit in this shallow clone; fetch the whole history: `git fetch \
                 --unshallow`, `fetch-depth: 0` in GitHub Actions, `GIT_DEPTH: 0` in GitLab CI"
            );
        }
        // The search takes a commit that is missing for one without parents.
        let history = self.repo.rev_walk([head, base.commit]).all();
        for commit in history.map_err(foreign).context(UNREADABLE)? {
            commit.map_err(foreign).context(UNREADABLE)?;
        }
        bail!(
            "`HEAD` and `{name}` have no common commit, their histories are unrelated; name another branch to compare \
             with"
        )
    }
}

/// Opens the repository whose work tree has `folder`.
fn open(folder: &Path) -> anyhow::Result<Repository> {
    let search = upwards::Options {
        // A folder that only looks like a repository, without the name, may be part of what somebody committed.
        dot_git_only: true,
        ..upwards::Options::default()
    };
    let path = match gix::discover::upwards_opts(folder, search) {
        Ok((gix::discover::repository::Path::LinkedWorkTree { work_dir, .. }, _)) => work_dir,
        Ok((gix::discover::repository::Path::WorkTree(work_dir), _)) => work_dir,
        Ok((gix::discover::repository::Path::Repository(git_dir), _)) => git_dir,
        Err(upwards::Error::NoGitRepository { .. }) => bail!("it lies in no git repository"),
        Err(upwards::Error::NoGitRepositoryWithinFs { limit, .. }) => {
            let limit = limit.display().to_string();
            bail!(
                "it lies in no git repository up to `{}`, where its file system ends",
                Configured(&limit)
            )
        }
        Err(error) => return Err(foreign(error)).context("its git repository cannot be found"),
    };
    let shown = path.display().to_string();
    let mut repo = gix::open_opts(path, options())
        .map_err(foreign)
        .with_context(|| {
            format!(
                "the git repository in `{}` cannot be opened",
                Configured(&shown)
            )
        })?;
    // In such a repository `HEAD` is a file that says something else.
    let references = repo.config_snapshot().string("extensions.refStorage");
    if let Some(format) = references.filter(|format| format.as_ref() != "files") {
        bail!(
            "its git repository keeps references as `{}`, which is not supported; `git refs migrate --ref-format=files` \
             changes that",
            Untrusted(&format.to_str_lossy())
        );
    }
    // In a shallow clone each missing commit would be looked for twice.
    repo.objects.refresh_never();
    Ok(repo)
}

fn real(folder: &Path) -> anyhow::Result<PathBuf> {
    // The folder of a bare file name is the current one.
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "where the links lead is the question"
    )]
    let real = std::fs::canonicalize(folder);
    real.map_err(|error| {
        let shown = folder.display().to_string();
        anyhow!(
            "its folder `{}` cannot be read: {error}",
            Configured(&shown)
        )
    })
}

/// An error of gix, whose text may hold what stands in the repository.
fn foreign(error: impl std::error::Error + Send + Sync + 'static) -> anyhow::Error {
    untrusted::error(&anyhow::Error::new(error))
}
