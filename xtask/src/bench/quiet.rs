//! A world in which nothing is found: the real advisories without those that upstream's package has, and the real
//! registries without a yank.
//!
//! It is as large as the real one, so that looking up costs the same.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::setting::Setting;
use crate::process;

/// Where that world is.
pub struct Quiet {
    /// A home of cargo.
    pub home: PathBuf,
    pub database: PathBuf,
}

impl Quiet {
    /// Makes it, for the package that is built, of which `found` are the advisories.
    pub fn make(setting: &Setting, found: &[String]) -> Result<Quiet> {
        let home = home()?;
        let folder = setting.folder.join("quiet");
        let quiet = Quiet {
            home: folder.join("home"),
            database: folder.join("advisory-db"),
        };
        super::empty(&quiet.database)?;
        copy(
            &setting.database.join("crates"),
            &quiet.database.join("crates"),
            &|path, bytes| {
                let id = path.file_stem().and_then(|id| id.to_str());
                let is_found = id.is_some_and(|id| found.iter().any(|found| found == id));
                (!is_found).then_some(bytes)
            },
        )?;

        let registry = quiet.home.join("registry");
        super::empty(&registry.join("index"))?;
        for shared in ["cache", "src"] {
            link(&home.join("registry").join(shared), &registry.join(shared))?;
        }
        if home.join("config.toml").exists() {
            link(&home.join("config.toml"), &quiet.home.join("config.toml"))?;
        }
        copy(
            &home.join("registry/index"),
            &registry.join("index"),
            &|_, bytes| Some(without_yanks(bytes)),
        )?;
        setting.update(&quiet.database)?;
        Ok(quiet)
    }
}

/// Cargo's real home.
fn home() -> Result<PathBuf> {
    let home = match env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => env::home_dir()
            .context("you have no home folder")?
            .join(".cargo"),
    };
    home.canonicalize()
        .with_context(|| format!("there is no `{}`", home.display()))
}

/// The ids of the advisories that the package has, used in a build or not.
pub fn found(setting: &Setting) -> Result<Vec<String>> {
    let mut advisory = setting.command(&setting.ours);
    advisory
        .args(["advisory", "--format", "json"])
        .current_dir(&setting.package);
    setting.with_advisories(&mut advisory, &setting.database);
    let answer = process::output(&mut advisory)?;
    let report: Report = serde_json::from_slice(&answer.stdout)
        .context("`cargo advisory --format json` gave an unknown answer")?;
    Ok(report
        .findings
        .into_iter()
        .filter_map(|finding| finding.id)
        .collect())
}

#[derive(Deserialize)]
struct Report {
    findings: Vec<Finding>,
}

#[derive(Deserialize)]
struct Finding {
    id: Option<String>,
}

/// The index of a registry as it would be if nothing had been yanked.
fn without_yanks(bytes: Vec<u8>) -> Vec<u8> {
    // Both as crates.io writes it, and as JSON is often written.
    [r#""yanked":"#, r#""yanked": "#]
        .iter()
        .fold(bytes, |bytes, key| {
            let (yes, no) = (format!("{key}true"), format!("{key}false"));
            replaced(&bytes, yes.as_bytes(), no.as_bytes())
        })
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + to.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// A file's new content, given its path and content.
type Change<'a> = dyn Fn(&Path, Vec<u8>) -> Option<Vec<u8>> + 'a;

/// Copies the folder `from`, each file as `change` makes it; without those that it makes nothing of.
fn copy(from: &Path, to: &Path, change: &Change<'_>) -> Result<()> {
    let failed = || format!("could not copy `{}`", from.display());
    fs::create_dir_all(to).with_context(failed)?;
    for entry in fs::read_dir(from).with_context(failed)? {
        let entry = entry.with_context(failed)?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().with_context(failed)?.is_dir() {
            copy(&path, &to, change)?;
        } else if let Some(bytes) = change(&path, fs::read(&path).with_context(failed)?) {
            fs::write(to, bytes).with_context(failed)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn link(to: &Path, new: &Path) -> Result<()> {
    if new.is_symlink() {
        fs::remove_file(new)
            .with_context(|| format!("could not remove `{}`", process::short(new)))?;
    }
    std::os::unix::fs::symlink(to, new)
        .with_context(|| format!("could not make `{}`", process::short(new)))
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> Result<()> {
    anyhow::bail!("figures can be made on Unix only")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_yanked_any_more() {
        let index = br#"{"a":1,"yanked":true}{"yanked": true}{"yanked":false}"#;
        let expected = br#"{"a":1,"yanked":false}{"yanked": false}{"yanked":false}"#;
        assert_eq!(without_yanks(index.to_vec()), expected);
    }

    #[test]
    fn a_copy_leaves_out_what_is_not_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from");
        fs::create_dir_all(from.join("b")).unwrap();
        fs::write(from.join("b/keep"), "1").unwrap();
        fs::write(from.join("b/drop"), "2").unwrap();
        let to = folder.path().join("to");
        copy(&from, &to, &|path, bytes| {
            (!path.ends_with("drop")).then_some(bytes)
        })
        .unwrap();
        assert_eq!(fs::read(to.join("b/keep")).unwrap(), b"1");
        assert!(!to.join("b/drop").exists());
    }
}
