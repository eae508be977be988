//! `cargo advisory` on a real workspace: its details against `cargo metadata`, and what remedies take on top.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::measure::{self, Contender};
use super::setting::Setting;
use super::table::{self, Budget, Row, Table};
use crate::process;
use crate::source_tree::{self, SourceTree};

/// The package, which was published with a Cargo.lock.
const NAME: &str = "nu";
const VERSION: &str = "0.44.0";

/// Measures the details and the remedies.
pub fn measure(setting: &Setting, runs: usize, table: &mut Table) -> Result<()> {
    let package = package(setting)?;
    let command = |args: &[&str]| {
        let mut command = setting.command(&setting.ours);
        command.current_dir(&package).args(args);
        setting.with_advisories(&mut command, &setting.database);
        command
    };
    // Downloads what the details look at, and what they look into for remedies.
    process::run(
        command(&["advisory", "--quiet"]).stdout(Stdio::null()),
        "`cargo advisory`",
    )?;
    let details = ["advisory", "--offline", "--no-remedies"];
    let answer = process::output(
        command(&["advisory", "--offline", "--format", "json"]).stderr(Stdio::null()),
    )?;
    let report: Report = serde_json::from_slice(&answer.stdout)
        .context("`cargo advisory --format json` gave an unknown answer")?;
    let remedies = report.remedied();
    ensure!(
        remedies > 0,
        "no remedy was found for any finding of {NAME} {VERSION}"
    );

    let what = format!(
        "`cargo advisory` without remedies, {} packages",
        report.packages
    );
    let mut contenders = [
        Contender::new(command(&details)),
        Contender::new(command(&[
            "metadata",
            "--locked",
            "--offline",
            "--format-version=1",
        ])),
    ];
    let [ours, metadata] = measure::in_turns(&what, &mut contenders, runs)?;
    let ratio = ours.ratio(&metadata, |usage| usage.wall).median;
    let row = Row::times(&what, &ours, "`cargo metadata`", &metadata);
    table.push(row.within(Budget::new("×3", ratio, 3.0)));

    let packages = report.packages_with_findings();
    let what = format!(
        "… with the remedies of {packages} packages, {remedies} of {} findings have one",
        report.findings.len()
    );
    let mut contenders = [
        Contender::new(command(&["advisory", "--offline"])),
        Contender::new(command(&details)),
    ];
    let [with, without] = measure::in_turns(&what, &mut contenders, runs.min(10))?;
    let seconds = with.difference(&without, |usage| usage.wall).median / 1000.0;
    let row = Row::times(&what, &with, "without", &without);
    table.push(Row {
        result: format!("+{} s", table::digits(seconds)),
        ..row
    });

    // The budget speaks of 26 packages; these have no more and no fewer.
    let each = seconds / packages as f64 * 26.0;
    let row = Row::alone(
        "… of 26 packages, at the same pace",
        format!("{} s", table::digits(each)),
    );
    table.push(row.within(Budget::new("2 s", each, 2.0)));
    Ok(())
}

/// The package as published, with everything that its Cargo.lock names in cargo's cache.
fn package(setting: &Setting) -> Result<PathBuf> {
    let tree = SourceTree::new(setting.folder.join(NAME));
    if tree.stamp().as_deref() != Some(VERSION) {
        super::say(&format!("fetch {NAME} {VERSION}"));
        tree.replace(|folder, scratch| {
            source_tree::copy(&fetch(scratch)?, folder)?;
            Ok(VERSION.to_owned())
        })?;
    }
    let mut fetch = process::cargo();
    fetch
        .current_dir(tree.folder())
        .args(["fetch", "--locked", "--quiet"]);
    process::run(&mut fetch, "`cargo fetch`")?;
    Ok(tree.folder().to_path_buf())
}

/// Has cargo fetch the package, and returns the folder that cargo keeps it in.
fn fetch(scratch: &Path) -> Result<PathBuf> {
    fs::create_dir_all(scratch)?;
    fs::write(
        scratch.join("Cargo.toml"),
        format!(
            "[package]\nname = \"fetch-{NAME}\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\
             [lib]\npath = \"lib.rs\"\n[workspace]\n[dependencies]\n{NAME} = \"={VERSION}\"\n"
        ),
    )?;
    fs::write(scratch.join("lib.rs"), "")?;
    let mut fetch = process::cargo();
    fetch.current_dir(scratch).args(["fetch", "--quiet"]);
    process::run(&mut fetch, "`cargo fetch`")?;
    // A program alone is no dependency, so that `cargo metadata` says nothing of it; cargo has unpacked it all the same.
    let home = match env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => env::home_dir()
            .context("there is no home folder")?
            .join(".cargo"),
    };
    for registry in fs::read_dir(home.join("registry/src"))? {
        let folder = registry?.path().join(format!("{NAME}-{VERSION}"));
        if folder.is_dir() {
            return Ok(folder);
        }
    }
    bail!("cargo could not fetch {NAME} {VERSION}")
}

/// What `cargo advisory --format json` prints.
#[derive(Deserialize)]
struct Report {
    packages: usize,
    findings: Vec<Finding>,
}

#[derive(Deserialize)]
struct Finding {
    package: String,
    version: String,
    remedy: Option<Remedy>,
}

#[derive(Deserialize)]
struct Remedy {
    kind: String,
}

impl Report {
    fn packages_with_findings(&self) -> usize {
        let mut packages: Vec<_> = self
            .findings
            .iter()
            .map(|finding| (&finding.package, &finding.version))
            .collect();
        packages.sort();
        packages.dedup();
        packages.len()
    }

    /// How many findings there is something to do about.
    fn remedied(&self) -> usize {
        self.findings
            .iter()
            .filter_map(|finding| finding.remedy.as_ref())
            .filter(|remedy| remedy.kind != "none")
            .count()
    }
}
