//! Real projects, as they were published years ago, with the Cargo.lock of that time: all that `cargo advisory fix` promises
//! on them holds.
//!
//! The projects come from the registry, and so do the releases that they move to. The real advisories are not part of the
//! repository: `ADVISORY_TEST_DATA` names a folder with `advisory-db` in it; without it, these tests pass unseen.

#![allow(clippy::print_stdout, reason = "a skipped test says so")]
#![allow(
    clippy::disallowed_methods,
    reason = "where cargo and the data are comes from the environment"
)]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cargo_test_support::{cargo_test, paths};
use serde_json::Value;

use crate::proof::Change;
use crate::support::cargo_exe;

#[cargo_test]
fn ripgrep() {
    let Some(project) = Published::get("ripgrep", "12.1.0") else {
        return;
    };
    project.is_fixed("");
}

#[cargo_test]
fn bat() {
    let Some(project) = Published::get("bat", "0.15.4") else {
        return;
    };
    project.is_fixed("");
    project.is_fixed("--manifest");
}

#[cargo_test]
fn mdbook() {
    let Some(project) = Published::get("mdbook", "0.4.0") else {
        return;
    };
    project.is_fixed("");
}

/// The folder of the real advisories, or `None` after saying that there is none.
fn advisories() -> Option<PathBuf> {
    let folder = match env::var_os("ADVISORY_TEST_DATA") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
    };
    let advisories = folder.join("advisory-db");
    if !advisories.join("crates").is_dir() {
        println!("skipped: set ADVISORY_TEST_DATA to a folder with `advisory-db` in it");
        return None;
    }
    advisories.canonicalize().ok()
}

/// A package as its authors published it, in a folder of the test.
struct Published {
    root: PathBuf,
    advisories: PathBuf,
}

impl Published {
    /// Fetches `name` and its Cargo.lock. `None` without advisories to check it against.
    fn get(name: &str, version: &str) -> Option<Published> {
        let advisories = advisories()?;
        let wish = paths::root().join("wish");
        fs::create_dir_all(wish.join("src")).unwrap();
        fs::write(wish.join("src/lib.rs"), "").unwrap();
        let manifest = format!(
            "[package]\nname = 'wish'\nversion = '0.1.0'\nedition = '2021'\n\n\
             [dependencies]\n{name} = '={version}'\n"
        );
        fs::write(wish.join("Cargo.toml"), manifest).unwrap();
        told(&mut cargo(&outer_cargo(), &wish, &["fetch"]));
        let source = source_of(&format!("{name}-{version}"));
        let root = paths::root().join("project");
        copy(&source, &root);
        let published = Published { root, advisories };
        published.run("advisory update");
        Some(published)
    }

    /// Runs `cargo advisory fix` with the words of `flags`, and proves that it did what it said, all of it and nothing beside
    /// it.
    fn is_fixed(&self, flags: &str) {
        // What a newer cargo makes of an old Cargo.lock is no remedy.
        self.run("update --workspace");
        let before = self.files();
        let found = self.findings();
        assert!(!found.is_empty(), "there is nothing to fix");

        let rehearsed = self.run(&format!("advisory fix --dry-run {flags}"));
        assert!(self.files() == before, "a dry run changed something");
        let told = self.run(&format!("advisory fix {flags}"));
        let after = self.files();
        assert_eq!(moves(&rehearsed), moves(&told));
        Change::between(&before.lockfile, &after.lockfile).is_told_by(&told);

        self.run("metadata --locked --format-version 1");
        assert!(self.files() == after, "cargo writes Cargo.lock differently");
        let left = self.findings();
        assert!(left.len() < found.len(), "nothing was fixed");
        let mut new = left.iter().filter(|finding| !found.contains(finding));
        assert!(
            new.all(|finding| finding.is_mild),
            "something as bad has come: {left:?}"
        );

        self.run(&format!("advisory fix {flags}"));
        assert!(self.files() == after, "another run changed more");
    }

    fn files(&self) -> Files {
        let read = |name: &str| fs::read_to_string(self.root.join(name)).unwrap();
        Files {
            lockfile: read("Cargo.lock"),
            manifest: read("Cargo.toml"),
        }
    }

    fn findings(&self) -> Vec<Found> {
        let output = told(&mut self.cargo("advisory --format json --no-remedies"));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = report["findings"].as_array().unwrap().iter();
        findings
            .map(|finding| Found {
                package: finding["package"].as_str().unwrap().to_owned(),
                id: finding["id"].as_str().map(str::to_owned),
                is_mild: ["unmaintained", "notice"].contains(&finding["kind"].as_str().unwrap()),
            })
            .collect()
    }

    /// Runs our cargo with the words of `line`. Returns what it says on stderr.
    fn run(&self, line: &str) -> String {
        String::from_utf8(told(&mut self.cargo(line)).stderr).unwrap()
    }

    /// Our cargo with the registry of whoever runs the tests, and advisories of its own.
    fn cargo(&self, line: &str) -> Command {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let mut command = cargo(&cargo_exe(), &self.root, &words);
        command
            .env("CARGO_ADVISORY_CACHE_DIR", paths::root().join("cache"))
            .env("CARGO_ADVISORY_DATABASES", &self.advisories);
        command
    }
}

/// What a remedy can change.
#[derive(PartialEq)]
struct Files {
    lockfile: String,
    manifest: String,
}

/// A finding, whatever version its package has moved to meanwhile.
#[derive(Debug, PartialEq)]
struct Found {
    package: String,
    /// None for a yank.
    id: Option<String>,
    /// A package that nobody looks after any more can come with a remedy.
    is_mild: bool,
}

/// The lines of `told` that say what becomes of a package.
fn moves(told: &str) -> Vec<&str> {
    let words = ["Updating ", "Adding ", "Removing "];
    told.lines()
        .map(str::trim_start)
        .filter(|line| words.iter().any(|word| line.starts_with(word)) && !line.ends_with(" index"))
        .collect()
}

/// The folder of a package in the registry's sources, where cargo has just put it.
fn source_of(package: &str) -> PathBuf {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.unwrap_or_else(|| env::home_dir().unwrap().join(".cargo"));
    let registries = fs::read_dir(home.join("registry/src")).unwrap();
    registries
        .map(|registry| registry.unwrap().path().join(package))
        .find(|folder| folder.is_dir())
        .unwrap()
}

/// The cargo that runs the tests.
fn outer_cargo() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

/// A cargo in `folder`, as somebody would run it there.
fn cargo(exe: &Path, folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(exe);
    command.args(words).current_dir(folder);
    // What the cargo that runs the tests has set for them alone.
    for (name, _) in env::vars_os() {
        let name_of = name.to_string_lossy();
        let is_ours = name_of.starts_with("CARGO_ADVISORY_") || name_of.starts_with("CARGO_PKG_");
        if is_ours || ["CARGO", "CARGO_MANIFEST_DIR"].contains(&&*name_of) {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs `command`, which must succeed.
#[track_caller]
fn told(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{stderr}");
    output
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
