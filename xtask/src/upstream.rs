//! Where upstream's source comes from: a release that `cargo-patch/upstream.toml` lists, or a commit.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use toml::Value;

use crate::process;

/// The releases that our patches fit.
#[derive(Deserialize)]
pub struct Releases {
    /// The version taken when none is named.
    pub default: String,
    /// Versions, each with the SHA-256 of its crate.
    releases: BTreeMap<String, String>,
}

impl Releases {
    /// Reads `upstream.toml` in `folder`.
    pub fn load(folder: &Path) -> Result<Releases> {
        let path = folder.join("upstream.toml");
        let text = fs::read_to_string(&path)
            .with_context(|| format!("could not read `{}`", process::short(&path)))?;
        toml::from_str(&text).with_context(|| format!("in `{}`", process::short(&path)))
    }

    /// The release with this version.
    pub fn get(&self, version: &str) -> Result<Source> {
        let Some(checksum) = self.releases.get(version) else {
            let known = self.releases.keys().map(String::as_str).collect::<Vec<_>>();
            bail!(
                "cargo {version} is not in `cargo-patch/upstream.toml`, which lists {}; \
                 add it there with its checksum, or use `--git URL --rev REV`",
                known.join(", ")
            );
        };
        Ok(Source::Release {
            version: version.to_string(),
            checksum: checksum.clone(),
        })
    }
}

/// One state of upstream's source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A crate in the registry.
    Release { version: String, checksum: String },
    /// A commit of a git repository.
    Git { url: String, rev: String },
}

impl Source {
    /// A commit, which must be named by its hash: anything else could move.
    pub fn git(url: String, rev: String) -> Result<Source> {
        ensure!(
            (7..=40).contains(&rev.len()) && rev.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "`--rev {rev}` is not a commit; give 7 to 40 of its hexadecimal digits"
        );
        Ok(Source::Git { url, rev })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Release { version, .. } => write!(f, "cargo {version}"),
            Source::Git { url, rev } => write!(f, "cargo at {rev} of {url}"),
        }
    }
}

/// Upstream's source as cargo has fetched and verified it.
pub struct Fetched {
    /// Its folder, which belongs to cargo: read only.
    pub folder: PathBuf,
    /// The full hash of a commit.
    pub commit: Option<String>,
}

/// Has cargo fetch `source`, through a package made in `scratch` that depends on it.
///
/// Tried without the network first: what cargo already has is enough.
pub fn fetch(source: &Source, scratch: &Path) -> Result<Fetched> {
    write_package(source, scratch)?;
    let host = process::stdout(Command::new("rustc").args(["--print", "host-tuple"]))?;
    let metadata = || {
        let mut cargo = process::cargo();
        cargo.current_dir(scratch).args([
            "metadata",
            "--format-version=1",
            "--filter-platform",
            &host,
        ]);
        cargo
    };
    let offline = process::output(metadata().arg("--offline"))?;
    let answer = if offline.status.success() {
        offline.stdout
    } else {
        eprintln!("fetching {source}");
        let online = process::output(metadata().stderr(Stdio::inherit()))?;
        ensure!(online.status.success(), "cargo could not fetch {source}");
        online.stdout
    };
    let answer: Metadata =
        serde_json::from_slice(&answer).context("`cargo metadata` gave an unknown answer")?;
    let manifest = answer
        .packages
        .into_iter()
        .find(|package| package.name == "cargo")
        .with_context(|| format!("`cargo metadata` does not mention {source}"))?
        .manifest_path;
    let folder = manifest
        .parent()
        .with_context(|| format!("`{}` has no folder", manifest.display()))?
        .to_path_buf();
    let commit = verify(source, scratch)?;
    Ok(Fetched { folder, commit })
}

/// Compares what cargo locked with what we want. Returns the full hash of a commit.
fn verify(source: &Source, scratch: &Path) -> Result<Option<String>> {
    let lock = fs::read_to_string(scratch.join("Cargo.lock"))
        .context("cargo wrote no Cargo.lock for the fetched source")?;
    let lock: Lock = toml::from_str(&lock).context("cargo wrote an unknown Cargo.lock")?;
    let locked = lock
        .package
        .into_iter()
        .find(|package| package.name == "cargo")
        .with_context(|| format!("cargo did not lock {source}"))?;
    match source {
        Source::Release { checksum, .. } => {
            let found = locked.checksum.as_deref().unwrap_or("none");
            ensure!(
                found == checksum,
                "{source} has the checksum {found}, `cargo-patch/upstream.toml` says {checksum}; \
                 do not build it before it is known why"
            );
            Ok(None)
        }
        Source::Git { rev, .. } => {
            let commit = locked
                .source
                .as_deref()
                .and_then(|source| source.rsplit_once('#'));
            match commit {
                Some((_, commit)) if commit.starts_with(&rev.to_ascii_lowercase()) => {
                    Ok(Some(commit.to_string()))
                }
                _ => bail!("cargo did not pin {source} to that commit"),
            }
        }
    }
}

/// A package that depends on `source`, with our own Cargo.lock, so that nothing else needs to be fetched for it.
fn write_package(source: &Source, scratch: &Path) -> Result<()> {
    let dependency = match source {
        Source::Release { version, .. } => format!("version = \"={version}\""),
        Source::Git { url, rev } => {
            let (url, rev) = (Value::from(url.as_str()), Value::from(rev.as_str()));
            format!("git = {url}\nrev = {rev}")
        }
    };
    let manifest = format!(
        "[package]\nname = \"fetch-upstream\"\nedition = \"2024\"\nversion = \"0.0.0\"\n\
         [lib]\npath = \"lib.rs\"\n\
         [workspace]\n\
         [dependencies.cargo]\n{dependency}\n"
    );
    fs::create_dir_all(scratch)?;
    fs::write(scratch.join("Cargo.toml"), manifest)?;
    fs::write(scratch.join("lib.rs"), "")?;
    let lock = process::root().join("Cargo.lock");
    if lock.exists() {
        fs::copy(lock, scratch.join("Cargo.lock"))?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<MetadataPackage>,
}

#[derive(Deserialize)]
struct MetadataPackage {
    name: String,
    manifest_path: PathBuf,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<LockedPackage>,
}

#[derive(Deserialize)]
struct LockedPackage {
    name: String,
    source: Option<String>,
    checksum: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(checksum: &str) -> tempfile::TempDir {
        let scratch = tempfile::tempdir().unwrap();
        let lock = format!(
            "version = 4\n[[package]]\nname = \"cargo\"\nversion = \"1.2.3\"\nchecksum = \"{checksum}\"\n"
        );
        fs::write(scratch.path().join("Cargo.lock"), lock).unwrap();
        scratch
    }

    #[test]
    fn a_release_with_another_checksum_is_refused() {
        let source = Source::Release {
            version: "1.2.3".to_string(),
            checksum: "aa".to_string(),
        };
        verify(&source, locked("aa").path()).unwrap();
        let error = verify(&source, locked("bb").path())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("checksum bb") && error.contains("says aa"),
            "{error}"
        );
    }

    #[test]
    fn a_branch_is_not_a_commit() {
        let git = |rev: &str| Source::git("url".to_string(), rev.to_string());
        git("0123abc").unwrap();
        for rev in ["main", "abc", "deadbeer", "v1.0.0-beta"] {
            assert!(git(rev).is_err(), "{rev}");
        }
    }

    #[test]
    fn the_listed_releases_are_readable() {
        let releases = Releases::load(&process::cargo_patch()).unwrap();
        releases.get(&releases.default).unwrap();
        let error = releases.get("0.1.0").err().unwrap().to_string();
        assert!(error.contains("cargo 0.1.0"), "{error}");
    }
}
