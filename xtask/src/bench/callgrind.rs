//! Instructions, which a profiler counts exactly, where times scatter.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::setting::Setting;
use super::table::{self, Budget, Row};
use crate::process;

/// Matches our extension's method by its name in the binary.
const HOOK: &str = "*Advisories*before_compile*";

/// What our extension executes, against all of a process. `complete` is given a command that runs `binary`.
pub fn row(setting: &Setting, binary: &Path, complete: impl Fn(Command) -> Command) -> Result<Row> {
    let name = "… instructions";
    if process::output(Command::new("valgrind").arg("--version")).is_err() {
        return Ok(Row::alone(
            name,
            "not counted: valgrind is not installed".to_string(),
        ));
    }
    let count = |options: &[String]| {
        let profile = setting.folder.join("callgrind.out");
        let mut valgrind = setting.command("valgrind");
        valgrind
            .args(["--tool=callgrind", "--quiet"])
            .arg(format!("--callgrind-out-file={}", profile.display()))
            .args(options)
            .arg(binary);
        let output = process::output(&mut complete(valgrind))?;
        ensure!(
            output.status.success(),
            "valgrind failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let text = fs::read_to_string(&profile).context("valgrind left no profile")?;
        total(&text).context("the profile has no total")
    };
    let hook = count(&[format!("--toggle-collect={HOOK}")])?;
    ensure!(hook > 0, "the binary has no function `{HOOK}`");
    let all = count(&[])?;
    let percent = hook as f64 / all as f64 * 100.0;
    Ok(Row {
        what: name.to_string(),
        ours: format!("{} million", table::digits(hook as f64 / 1e6)),
        against: format!("all: {} million", table::digits(all as f64 / 1e6)),
        result: format!("{percent:.2}%"),
        budget: Some(Budget::new("0.5%", percent, 0.5)),
    })
}

/// The total of callgrind's file.
fn total(profile: &str) -> Option<u64> {
    let mut lines = profile.lines();
    lines.find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_found() {
        assert_eq!(total("version: 1\nfn=(1) a\ntotals: 1234\n"), Some(1234));
        assert_eq!(total("version: 1\n"), None);
    }
}
