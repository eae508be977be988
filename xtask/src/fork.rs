//! `cargo xtask fork`: upstream's source with our patches, in `cargo-patch/made-by-cargo-xtask-fork`.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::patch::{self, Patches};
use crate::process;
use crate::source_tree::{self, SourceTree};
use crate::upstream::{self, Releases, Source};

/// Raised when trees are made in another way, so that old ones are made again.
const FORMAT: u32 = 1;

/// What a tree was made from. Equal stamps mean equal trees.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Stamp {
    format: u32,
    /// The default release at that time: a tree of another source stays until the default changes.
    default: String,
    /// The full hash of a commit.
    commit: Option<String>,
    source: Source,
    patches: Patches,
}

impl Stamp {
    fn of(tree: &SourceTree) -> Option<Stamp> {
        toml::from_str(&tree.stamp()?).ok()
    }
}

/// The patched source.
pub fn tree() -> SourceTree {
    SourceTree::new(process::cargo_patch().join("made-by-cargo-xtask-fork"))
}

/// Makes the patched source of the given release or repository and commit; by default the default release.
pub fn run(version: Option<String>, git: Option<(String, String)>) -> Result<()> {
    let releases = Releases::load(&process::cargo_patch())?;
    let source = match git {
        Some((url, rev)) => Source::git(url, rev)?,
        None => releases.get(version.as_deref().unwrap_or(&releases.default))?,
    };
    let (tree, patches) = (tree(), our_patches()?);
    let what = format!("{source} with {} patches", patches.len());
    let folder = process::short(tree.folder());
    match make(&tree, releases.default, source, patches)? {
        true => eprintln!("made `{folder}` from {what}"),
        false => eprintln!("`{folder}` is up to date: {what}"),
    }
    Ok(())
}

/// Makes sure that the patched source fits our patches. A source that was chosen by hand stays.
pub fn ensure() -> Result<()> {
    let releases = Releases::load(&process::cargo_patch())?;
    let tree = tree();
    let chosen = Stamp::of(&tree).filter(|stamp| stamp.default == releases.default);
    let source = match chosen.map(|stamp| stamp.source) {
        Some(source @ Source::Git { .. }) => source,
        Some(Source::Release { version, .. }) => releases.get(&version)?,
        None => releases.get(&releases.default)?,
    };
    if make(&tree, releases.default, source.clone(), our_patches()?)? {
        eprintln!("made `{}` from {source}", process::short(tree.folder()));
    }
    Ok(())
}

/// Makes `tree` upstream's unchanged source of the default release.
pub fn ensure_pristine(tree: &SourceTree) -> Result<()> {
    let releases = Releases::load(&process::cargo_patch())?;
    let source = releases.get(&releases.default)?;
    make(tree, releases.default, source, Patches::new())?;
    Ok(())
}

/// Checks our patches.
pub fn check() -> Result<()> {
    let patches = our_patches()?;
    let added = patch::check(&patches)?;
    eprintln!("{} patches add {added} lines", patches.len());
    Ok(())
}

fn our_patches() -> Result<Patches> {
    patch::load(&process::cargo_patch().join("patches"))
}

/// Makes `tree` unless it is already what it would become. Returns whether it was made.
fn make(tree: &SourceTree, default: String, source: Source, patches: Patches) -> Result<bool> {
    let mut stamp = Stamp {
        format: FORMAT,
        default,
        commit: None,
        source,
        patches,
    };
    if let Some(old) = Stamp::of(tree) {
        stamp.commit = old.commit.clone();
        if old == stamp {
            return Ok(false);
        }
    }
    tree.replace(|new, scratch| {
        let fetched = upstream::fetch(&stamp.source, scratch)?;
        source_tree::copy(&fetched.folder, new)?;
        patch::apply(&stamp.patches, new, &stamp.source.to_string())?;
        stamp.commit = fetched.commit;
        toml::to_string(&stamp).context("could not write the stamp")
    })?;
    Ok(true)
}
