//! Cargo.lock as a commit holds it.

use std::path::{Component, Path};

use anyhow::{Context as _, bail};
use gix::bstr::{BString, ByteSlice as _};
use gix::objs::tree::EntryKind;
use gix::{ObjectId, Repository};

use super::foreign;
use crate::graph::{Graph, lockfile};
use crate::report::Configured;

const MISSING: &str = "what the commit holds is missing or damaged; in a partial clone `git show COMMIT:PATH` fetches a \
                       file, and `git fsck` tells what is damaged";

/// The packages of the lockfile at `path`, relative to the work tree. None where the commit has no such file.
///
/// # Errors
///
/// When there is something else, or what there is cannot be read.
pub(super) fn read(
    repo: &Repository,
    commit: ObjectId,
    path: &Path,
) -> anyhow::Result<Option<Graph>> {
    let shown = path.display().to_string();
    let content = || -> anyhow::Result<Option<Vec<u8>>> {
        let Some((kind, id)) = entry(repo, commit, path)? else {
            return Ok(None);
        };
        let what = match kind {
            EntryKind::Blob | EntryKind::BlobExecutable => return content(repo, id).map(Some),
            EntryKind::Link => "a link",
            EntryKind::Commit => "a submodule",
            EntryKind::Tree => "a folder",
        };
        bail!("it is {what} there, or lies behind one; {ANOTHER}");
    };
    let name = format!("{shown} at {commit}");
    let content = content().with_context(|| format!("failed to read `{}`", Configured(&name)))?;
    content
        .map(|content| lockfile::parse(&content, &name, ANOTHER))
        .transpose()
}

/// What helps when history holds no lockfile to compare with.
const ANOTHER: &str = "compare with a branch or commit where it is sound";

/// Whether the commit has anything at `path`, relative to the work tree.
pub(super) fn holds(repo: &Repository, commit: ObjectId, path: &Path) -> anyhow::Result<bool> {
    entry(repo, commit, path).map(|entry| entry.is_some())
}

/// What is at `path`. Of a path that leads through a link or a submodule it is that.
fn entry(
    repo: &Repository,
    commit: ObjectId,
    path: &Path,
) -> anyhow::Result<Option<(EntryKind, ObjectId)>> {
    let commit = repo.find_commit(commit).map_err(foreign).context(MISSING)?;
    let mut found = (
        EntryKind::Tree,
        commit.tree_id().map_err(foreign).context(MISSING)?.detach(),
    );
    for component in path.components() {
        match found.0 {
            EntryKind::Tree => {}
            EntryKind::Link | EntryKind::Commit => return Ok(Some(found)),
            EntryKind::Blob | EntryKind::BlobExecutable => return Ok(None),
        }
        let Component::Normal(name) = component else {
            bail!("it is no path in a commit");
        };
        let name: BString = gix::path::os_str_into_bstr(name).map_err(foreign)?.into();
        match child(repo, found.1, &name)? {
            Some(child) => found = child,
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

/// What a folder has under this name.
fn child(
    repo: &Repository,
    folder: ObjectId,
    name: &BString,
) -> anyhow::Result<Option<(EntryKind, ObjectId)>> {
    let folder = repo.find_tree(folder).map_err(foreign).context(MISSING)?;
    for entry in folder.iter() {
        let entry = entry.map_err(foreign).context(MISSING)?;
        if entry.filename().as_bytes() == name.as_bytes() {
            return Ok(Some((entry.mode().kind(), entry.object_id())));
        }
    }
    Ok(None)
}

fn content(repo: &Repository, id: ObjectId) -> anyhow::Result<Vec<u8>> {
    // A few bytes can unpack to any length.
    let header = repo.find_header(id).map_err(foreign).context(MISSING)?;
    if header.size() > lockfile::MAX_LENGTH {
        bail!(
            "it is longer than {} MiB; {ANOTHER}",
            lockfile::MAX_LENGTH >> 20
        );
    }
    let mut blob = repo.find_blob(id).map_err(foreign).context(MISSING)?;
    Ok(blob.take_data())
}
