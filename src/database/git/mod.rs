//! A git repository as a database: the tree of one commit, read from the object database.
//!
//! Nothing but the repository itself is consulted: no configuration of the user or the system, no
//! `GIT_*` variable, no credential helper, no hook, and never a work tree.

mod history;
mod tree;
#[cfg(test)]
pub(super) mod world;

use std::path::Path;

use anyhow::{Context as _, anyhow};

pub(super) use self::history::descends;
pub(super) use self::tree::snapshot;
use super::{Known, Loaded, Progress, Want, sizes};

const SETTINGS: [&str; 3] = [
    // One object; the longest file that is read is far below.
    "gitoxide.objects.allocLimit=67108864",
    // The commit that was named, not what `refs/replace` puts in its place.
    "gitoxide.objects.noReplace=true",
    "gitoxide.credentials.terminalPrompt=false",
];

/// Whether this folder is a repository, bare or with a work tree. Folders above it do not count.
pub(super) fn is_repository(path: &Path) -> bool {
    path.join(".git").exists()
        || (path.join("HEAD").is_file()
            && path.join("objects").is_dir()
            && path.join("refs").is_dir())
}

/// Reads the commit at `HEAD` of a repository on this machine.
pub(super) fn read_local(
    path: &Path,
    url: &str,
    known: Option<&Known>,
    want: Want,
    progress: &(dyn Fn(Progress) + Sync),
) -> anyhow::Result<Loaded> {
    sizes::check(path)?;
    let repo =
        gix::open_opts(path, options()).context("it cannot be opened as a git repository")?;
    let head = repo
        .head_id()
        .map_err(|_| anyhow!("its `HEAD` leads to no commit; commit something or name a folder"))?
        .detach();
    if want == Want::News && known.is_some_and(|known| known.commit == head.to_string()) {
        return Ok(Loaded::Unchanged);
    }
    let descends = match known {
        Some(known) => descends(&repo, head, known)?,
        None => None,
    };
    snapshot(&repo, head, url, descends, progress).map(Loaded::Snapshot)
}

/// How every repository is opened.
pub(crate) fn options() -> gix::open::Options {
    gix::open::Options::isolated()
        .with(gix::sec::Trust::Full)
        .config_overrides(SETTINGS)
}

#[cfg(test)]
mod tests {
    use super::world::{START, World, known};
    use crate::database::{Location, load_whole};

    #[test]
    fn all_is_read_again_where_it_is_wanted() {
        let world = World::new();
        let first = world.commit(world.database(&[1], vec![]), &[], 0);
        let location = Location::parse(world.folder.path().to_str().unwrap()).unwrap();
        let known = known(first, START);
        let snapshot = load_whole(&location, None, Some(&known), &|_| {}).unwrap();
        assert_eq!(snapshot.descends, Some(true));
        assert_eq!(snapshot.advisories.len(), 1);
    }
}
