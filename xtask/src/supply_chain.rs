//! The check of our own dependencies: our cargo, run on the workspaces of this repository.
//!
//! What is ignored, why and until when stands in the manifest of each of them. An ignore that has nothing left to ignore
//! fails too.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::process;
use crate::product::{self, Profile};

/// The workspaces of this repository.
const MANIFESTS: [&str; 3] = ["Cargo.toml", "xtask/Cargo.toml", "fuzz/Cargo.toml"];

/// Checks them all, and that the check can fail.
pub fn check() -> Result<()> {
    let Some(database) = database()? else {
        eprintln!(
            "skipped: there are no advisories here; set ADVISORY_TEST_DATA to a folder with RustSec's `advisory-db`"
        );
        return Ok(());
    };
    let ours = Ours {
        binary: product::build(Profile::Fast)?,
        database,
        cache: process::target("supply-chain"),
    };
    ours.run(&["update"])?;

    let mut ignored = 0;
    for manifest in MANIFESTS {
        eprintln!("--> {manifest}");
        ours.run(&[
            "check",
            "--deny-advisories",
            "--locked",
            "--no-remedies",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--manifest-path",
            manifest,
        ])
        .with_context(|| {
            format!("the dependencies of `{manifest}` have advisories, or ignores that should go")
        })?;
        ignored += ignores(manifest)?;
    }
    // The manifests have no say in what a lockfile holds.
    if ignored > 0 {
        ours.must_fail(&[
            "check",
            "--deny-advisories",
            "--no-remedies",
            "--lockfile",
            "Cargo.lock",
        ])?;
    }
    Ok(())
}

/// RustSec's advisories: where the tests look for them. None where there are none, which a CI system may not overlook.
fn database() -> Result<Option<PathBuf>> {
    let folder = env::var_os("ADVISORY_TEST_DATA")
        .map_or_else(|| process::root().join("../shared/data"), PathBuf::from);
    let database = folder.join("advisory-db");
    if database.join("crates").is_dir() {
        let database = database.canonicalize();
        return database.context("in the folder of advisories").map(Some);
    }
    ensure!(
        env::var_os("CI").is_none(),
        "there is no `{}`; set ADVISORY_TEST_DATA to a folder with RustSec's `advisory-db`",
        process::short(&database)
    );
    Ok(None)
}

/// How many ignores of advisories a manifest has. One of a yank proves nothing about a lockfile alone, which does not tell.
fn ignores(manifest: &str) -> Result<usize> {
    let about = || format!("in `{manifest}`");
    let text = fs::read_to_string(process::root().join(manifest)).with_context(about)?;
    Ok(ignored_advisories(&text.parse().with_context(about)?))
}

fn ignored_advisories(manifest: &toml::Table) -> usize {
    let entries = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("metadata")?.get("advisory")?.get("ignore"))
        .and_then(toml::Value::as_array);
    entries.map_or(0, |entries| {
        let about_an_advisory = |entry: &&toml::Value| entry.get("id").is_some();
        entries.iter().filter(about_an_advisory).count()
    })
}

/// Our cargo with the advisories.
struct Ours {
    binary: PathBuf,
    database: PathBuf,
    cache: PathBuf,
}

impl Ours {
    fn advisory(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = product::ours(&self.binary)?;
        command
            .current_dir(process::root())
            .arg("advisory")
            .args(arguments)
            .env("CARGO_ADVISORY_DATABASES", &self.database)
            .env("CARGO_ADVISORY_CACHE_DIR", &self.cache)
            .env("CARGO_ADVISORY_STALE_IGNORES", "deny");
        process::remove_set_by_cargo_run(&mut command);
        Ok(command)
    }

    fn run(&self, arguments: &[&str]) -> Result<()> {
        process::run(&mut self.advisory(arguments)?, "`cargo advisory`")
    }

    /// A check that passes whatever it is given is worth nothing.
    fn must_fail(&self, arguments: &[&str]) -> Result<()> {
        let output = process::output(&mut self.advisory(arguments)?)?;
        let message = String::from_utf8_lossy(&output.stderr);
        if output.status.code() != Some(101) || !message.contains("denied by `--deny-advisories`") {
            bail!(
                "without the ignores of the manifests nothing was denied ({}):\n{message}",
                output.status
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ignores_of_advisories_count() {
        let count = |text: &str| ignored_advisories(&text.parse().unwrap());
        assert_eq!(count("[workspace]\n"), 0);
        assert_eq!(
            count("[workspace.metadata.advisory]\nignore = [{ id = \"A\" }, { package = \"b\" }]"),
            1
        );
    }

    #[test]
    fn every_workspace_of_the_repository_is_checked() {
        let root = process::root();
        let mut found = vec!["Cargo.toml".to_owned()];
        for entry in fs::read_dir(root).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let manifest = format!("{name}/Cargo.toml");
            let text = fs::read_to_string(root.join(&manifest)).unwrap_or_default();
            if text.contains("[workspace]") {
                found.push(manifest);
            }
        }
        found.sort();
        let mut known = MANIFESTS.map(str::to_owned);
        known.sort();
        assert_eq!(found, known);
        assert!(root.join("Cargo.lock").is_file());
    }
}
