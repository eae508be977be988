//! `cargo xtask fmt`: formatting of what is ours.
//!
//! Plain `cargo fmt` would format upstream's tests as well, which are a target of our package.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::{fork, process, product};

/// Formats our files.
pub fn write() -> Result<()> {
    process::run(&mut rustfmt(our_files()?), "rustfmt")
}

/// Names our files that are not formatted, and fails if there are any.
pub fn check() -> Result<()> {
    let mut files = our_files()?;
    files.push(fork::tree().folder().join("src/cargo/core/extension.rs"));
    let mut rustfmt = rustfmt(files);
    rustfmt.args(["--check", "--files-with-diff"]);
    process::run(&mut rustfmt, "rustfmt")
        .context("these files are not formatted; run `cargo xtask fmt`")
}

fn rustfmt(files: Vec<PathBuf>) -> Command {
    let mut rustfmt = Command::new("rustfmt");
    rustfmt
        .current_dir(process::root())
        .arg("--edition=2024")
        .args(files);
    rustfmt
}

/// The root files of our targets; rustfmt finds their modules.
fn our_files() -> Result<Vec<PathBuf>> {
    let mut files = our_targets()?;
    files.push(process::root().join("xtask/src/main.rs"));
    for file in ["lib.rs", "main.rs"] {
        files.push(process::root().join("fuzz/src").join(file));
    }
    files.push(process::root().join("fuzz/tests/corpus.rs"));
    files.push(process::cargo_patch().join("cli/build.rs"));
    Ok(files)
}

/// The root files of our package's targets, without those that are upstream's.
fn our_targets() -> Result<Vec<PathBuf>> {
    let mut metadata = product::cargo("metadata", &[])?;
    let text = process::stdout(metadata.args(["--no-deps", "--format-version=1"]))?;
    let metadata: Metadata =
        serde_json::from_str(&text).context("`cargo metadata` gave an unknown answer")?;
    let targets = metadata
        .packages
        .into_iter()
        .flat_map(|package| package.targets);
    let files = targets.map(|target| target.src_path);
    Ok(files
        .filter(|file| !file.starts_with(fork::tree().folder()))
        .collect())
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<MetadataPackage>,
}

#[derive(Deserialize)]
struct MetadataPackage {
    targets: Vec<MetadataTarget>,
}

#[derive(Deserialize)]
struct MetadataTarget {
    src_path: PathBuf,
}
