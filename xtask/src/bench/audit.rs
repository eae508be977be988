//! A lockfile alone: `cargo advisory --lockfile` against `cargo audit`.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::measure::{self, Contender};
use super::setting::{LOCKFILE, Setting};
use super::table::{self, Budget, Row, Table};
use crate::process;

const PROGRAM: &str = "cargo-audit";

/// `cargo-audit`: what the variable `CARGO_AUDIT` names, or the installed one, or one in the target folder, where it
/// is put if `install` is set.
pub fn find(install: bool) -> Result<Option<PathBuf>> {
    if let Some(program) = env::var_os("CARGO_AUDIT") {
        let program = PathBuf::from(program);
        ensure!(program.is_file(), "CARGO_AUDIT names no program");
        return Ok(Some(program));
    }
    let tools = process::target("bench").join("tools");
    let name = Path::new(PROGRAM).with_extension(env::consts::EXE_EXTENSION);
    let path = env::var_os("PATH").unwrap_or_default();
    let installed = env::split_paths(&path)
        .chain([tools.join("bin")])
        .map(|folder| folder.join(&name))
        .find(|program| program.is_file());
    if installed.is_some() || !install {
        return Ok(installed);
    }
    super::say("install `cargo-audit` in the target folder");
    let mut cargo = process::cargo();
    cargo
        .args(["install", "--locked", PROGRAM, "--root"])
        .arg(&tools);
    process::run(&mut cargo, "`cargo install`")?;
    Ok(Some(tools.join("bin").join(name)))
}

/// Measures both on the same lockfile and database, after looking whether they find the same.
pub fn measure(
    setting: &Setting,
    audit: Option<&Path>,
    runs: usize,
    table: &mut Table,
) -> Result<()> {
    let lockfile = setting.lockfiles.join(LOCKFILE);
    let ours = || {
        let mut command = setting.command(&setting.ours);
        command.args(["advisory", "--lockfile"]).arg(&lockfile);
        setting.with_advisories(&mut command, &setting.database);
        command
    };
    let report = process::output(ours().args(["--format", "json"]))?;
    let report: Report = serde_json::from_slice(&report.stdout)
        .context("`cargo advisory --format json` gave an unknown answer")?;
    let what = format!("`cargo advisory --lockfile`, {} packages", report.packages);
    let Some(audit) = audit else {
        let [ours] = measure::in_turns(&what, &mut [Contender::new(ours())], runs)?;
        table.push(Row {
            against: "`cargo audit` is not installed: `--audit`".to_string(),
            ..Row::alone(
                what,
                table::milliseconds(ours.of(|usage| usage.wall).median),
            )
        });
        return Ok(());
    };

    let theirs = || {
        let mut command = setting.command(audit);
        // A lockfile alone does not say what is yanked; ours asks nobody either.
        command.args(["audit", "--no-fetch", "--no-yanked", "--db"]);
        command.arg(&setting.database).arg("--file").arg(&lockfile);
        command
    };
    let audited = process::output(theirs().arg("--json"))?;
    let found = audited_by(&audited.stdout)?;
    ensure!(
        found == report.found(),
        "`cargo audit` does not find what we find: {:?}",
        found.symmetric_difference(&report.found()).next()
    );
    let code = audited.status.code().context("`cargo audit` was killed")?;
    let mut contenders = [
        Contender::new(ours()),
        Contender::new(theirs()).ending_with(code),
    ];
    let [ours, theirs] = measure::in_turns(&what, &mut contenders, runs)?;
    let ratio = ours.ratio(&theirs, |usage| usage.wall).median;
    let what = format!("{what}, {} findings", found.len());
    let row = Row::times(&what, &ours, "`cargo audit`", &theirs);
    table.push(row.within(Budget::new("×0.25", ratio, 0.25)));
    Ok(())
}

/// Findings as advisory, package and version.
type Found = BTreeSet<(String, String, String)>;

/// What `cargo advisory --format json` prints.
#[derive(Deserialize)]
struct Report {
    packages: usize,
    findings: Vec<Finding>,
}

#[derive(Deserialize)]
struct Finding {
    id: String,
    package: String,
    version: String,
}

impl Report {
    fn found(&self) -> Found {
        let findings = self.findings.iter();
        findings
            .map(
                |Finding {
                     id,
                     package,
                     version,
                 }| (id.clone(), package.clone(), version.clone()),
            )
            .collect()
    }
}

/// What `cargo audit --json` prints.
#[derive(Deserialize)]
struct Audited {
    vulnerabilities: Vulnerabilities,
    warnings: BTreeMap<String, Vec<Audit>>,
}

#[derive(Deserialize)]
struct Vulnerabilities {
    list: Vec<Audit>,
}

#[derive(Deserialize)]
struct Audit {
    advisory: AuditAdvisory,
    package: AuditPackage,
}

#[derive(Deserialize)]
struct AuditAdvisory {
    id: String,
}

#[derive(Deserialize)]
struct AuditPackage {
    name: String,
    version: String,
}

fn audited_by(answer: &[u8]) -> Result<Found> {
    let answer: Audited =
        serde_json::from_slice(answer).context("`cargo audit --json` gave an unknown answer")?;
    let audits = answer.vulnerabilities.list.into_iter();
    Ok(audits
        .chain(answer.warnings.into_values().flatten())
        .map(|Audit { advisory, package }| (advisory.id, package.name, package.version))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_answers_are_understood() {
        let audit = r#"{"advisory": {"id": "X-1"}, "package": {"name": "a", "version": "1.0.0"}}"#;
        let answer = format!(
            r#"{{"vulnerabilities": {{"list": [{audit}]}}, "warnings": {{"unsound": [{}]}}}}"#,
            audit.replace("X-1", "X-2")
        );
        let report: Report = serde_json::from_str(
            r#"{"packages": 1, "findings": [
                {"id": "X-2", "package": "a", "version": "1.0.0"},
                {"id": "X-1", "package": "a", "version": "1.0.0"}]}"#,
        )
        .unwrap();
        assert_eq!(audited_by(answer.as_bytes()).unwrap(), report.found());
    }
}
