//! What holds for every remedy in every world.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_test_support::Project;
use cargo_test_support::compare::assert_e2e;
use cargo_test_support::prelude::IntoData;
use semver::Version;
use serde_json::Value;

use crate::support::{Database, ProjectExt as _, advisory};

/// An index in which `leaky` has a vulnerability that is patched where one of these requirements holds.
pub(crate) fn leaky_is_patched(requirements: &[&str]) {
    let advisory = requirements
        .iter()
        .fold(advisory("leaky"), |advisory, patched| {
            advisory.patched(patched)
        });
    Database::new().add(&advisory).index();
}

/// Runs `cargo advisory fix` with the words of `flags`, and proves that it did what it said, all of it and nothing beside
/// it:
///
/// - no finding is left;
/// - Cargo.lock differs in the packages that were named and in no other, and none is older than before;
/// - Cargo.lock is what cargo itself would make of the manifests;
/// - there is nothing more to fix.
#[track_caller]
pub(crate) fn fixes(app: &Project, flags: &str, says: impl IntoData) {
    let before = State::of(app);
    assert!(!before.findings.is_empty(), "there is nothing to fix");
    let after = fixed(app, flags, says, &before);
    assert_eq!(after.findings, [""; 0], "findings are left");
}

/// As [`fixes`], where these findings stay: `leaky 1.0.0 RUSTSEC-2020-0001`.
#[track_caller]
pub(crate) fn fixes_all_but(app: &Project, flags: &str, left: &[&str], says: impl IntoData) {
    let before = State::of(app);
    let after = fixed(app, flags, says, &before);
    assert_ne!(after.lockfile, before.lockfile, "nothing changed");
    assert_eq!(after.findings, left);
}

/// Runs `cargo advisory fix` with the words of `flags`, and proves that it changes nothing.
#[track_caller]
pub(crate) fn leaves(app: &Project, flags: &str, says: impl IntoData) {
    let before = State::of(app);
    assert!(!before.findings.is_empty(), "there is nothing to fix");
    run(app, flags, says);
    assert_eq!(State::of(app), before);
}

#[track_caller]
fn fixed(app: &Project, flags: &str, says: impl IntoData, before: &State) -> State {
    let told = run(app, flags, says);
    let written = app.read_lockfile();
    // Cargo would write it just so, or it would refuse.
    app.cargo("metadata --locked --format-version 1").run();
    let after = State::of(app);
    assert_eq!(
        after.lockfile, written,
        "cargo writes Cargo.lock differently"
    );
    Change::between(&before.lockfile, &after.lockfile).is_told_by(&told);

    app.cargo(&format!("advisory fix {flags}")).run();
    assert_eq!(State::of(app), after, "another run changed more");
    after
}

/// Runs `cargo advisory fix` with the words of `flags`. Returns what it says, without what cargo says of downloads.
#[track_caller]
fn run(app: &Project, flags: &str, says: impl IntoData) -> String {
    let output = app.cargo(&format!("advisory fix {flags}")).run();
    let mut told = String::new();
    for line in String::from_utf8(output.stderr).unwrap().lines() {
        let is_download = ["Downloading ", "Downloaded ", "Updating `"]
            .iter()
            .any(|start| line.trim_start().starts_with(start));
        if !is_download {
            writeln!(told, "{line}").unwrap();
        }
    }
    assert_e2e().eq(told.as_str(), says);
    told
}

/// All of a project that a remedy can change, and why it would.
#[derive(Debug, PartialEq)]
struct State {
    lockfile: String,
    manifests: BTreeMap<PathBuf, String>,
    findings: Vec<String>,
}

impl State {
    fn of(app: &Project) -> State {
        let mut manifests = BTreeMap::new();
        find_manifests(&app.root(), &mut manifests);
        let output = app
            .cargo("advisory --format json --no-remedies")
            .run()
            .stdout;
        State {
            lockfile: app.read_lockfile(),
            manifests,
            findings: findings(&serde_json::from_slice(&output).unwrap()),
        }
    }
}

/// The findings of a report, each as `leaky 1.0.0 RUSTSEC-2020-0001`.
fn findings(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap_or("yanked");
            format!("{} {} {}", text("package"), text("version"), text("id"))
        })
        .collect()
}

fn find_manifests(folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find_manifests(&path, found);
        } else if path.ends_with("Cargo.toml") {
            let text = fs::read_to_string(&path).unwrap();
            found.insert(path, text);
        }
    }
}

/// The difference between two lockfiles.
#[derive(Debug)]
pub(crate) struct Change {
    removed: BTreeSet<(String, Version)>,
    added: BTreeSet<(String, Version)>,
}

impl Change {
    /// Compares two texts of Cargo.lock. What is in both must be the same in both, and can only lose a dependency that is
    /// gone and get one that is new.
    #[track_caller]
    pub(crate) fn between(before: &str, after: &str) -> Change {
        let (before, after) = (packages(before), packages(after));
        let only_in = |some: &Packages, others: &Packages| -> BTreeSet<(String, Version)> {
            let ids = some.keys().filter(|id| !others.contains_key(*id));
            ids.map(|(name, version, _)| (name.clone(), version.clone()))
                .collect()
        };
        let change = Change {
            removed: only_in(&before, &after),
            added: only_in(&after, &before),
        };
        for (id, (checksum, old)) in &before {
            let Some((new_checksum, new)) = after.get(id) else {
                continue;
            };
            assert_eq!(checksum, new_checksum, "{id:?}");
            for name in old.symmetric_difference(new) {
                let mut changed = change.removed.iter().chain(&change.added);
                assert!(changed.any(|(other, _)| other == name), "{id:?}: {name}");
            }
        }
        change
    }

    /// Proves that `told` names every package that differs and no other, and that nothing went back to an older version.
    #[track_caller]
    pub(crate) fn is_told_by(&self, told: &str) {
        let mut removed = BTreeSet::new();
        let mut added = BTreeSet::new();
        for line in told.lines() {
            match line.split_ascii_whitespace().collect::<Vec<_>>()[..] {
                ["Updating", name, from, "->", to, ..] => {
                    let (from, to) = (version(from), version(to));
                    assert!(from < to, "{line}");
                    removed.insert((name.to_owned(), from));
                    added.insert((name.to_owned(), to));
                }
                ["Adding", name, new] => {
                    added.insert((name.to_owned(), version(new)));
                }
                ["Removing", name, old] => {
                    removed.insert((name.to_owned(), version(old)));
                }
                _ => {}
            }
        }
        assert_eq!((&removed, &added), (&self.removed, &self.added), "{told}");
        for (name, new) in &added {
            let mut old = removed.iter().filter(|(other, _)| other == name);
            assert!(
                old.all(|(_, old)| old < new)
                    || self.added.iter().filter(|(other, _)| other == name).count() > 1,
                "{name} {new} is older than before"
            );
        }
    }
}

/// By name, version and source: the checksum, and the names of the dependencies.
type Packages = BTreeMap<(String, Version, String), (String, BTreeSet<String>)>;

fn packages(lockfile: &str) -> Packages {
    let lockfile: toml::Table = toml::from_str(lockfile).unwrap();
    let packages = lockfile["package"].as_array().unwrap().iter();
    packages
        .map(|package| {
            let text = |key: &str| {
                let value = package.get(key).and_then(toml::Value::as_str);
                value.unwrap_or_default().to_owned()
            };
            let dependencies = package.get("dependencies").and_then(|list| list.as_array());
            let names = dependencies.into_iter().flatten().map(|dependency| {
                let name = dependency.as_str().unwrap().split(' ').next();
                name.unwrap().to_owned()
            });
            let names = names.collect();
            let id = (
                text("name"),
                text("version").parse().unwrap(),
                text("source"),
            );
            (id, (text("checksum"), names))
        })
        .collect()
}

fn version(text: &str) -> Version {
    text.strip_prefix('v').unwrap().parse().unwrap()
}
