//! A run of upstream's tests held against the lists of what may fail.
//!
//! Three lists in `cargo-patch`: `upstream-failures.txt`, tests that fail with the unpatched cargo on our machines as well;
//! `help-pages.txt`, tests that fail because a help page has gained a line of ours; `findings.txt`, tests whose graph has a
//! finding, so that our line is rightly printed. Each line is a test's name and, after `#`, the reason.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::libtest::{self, Outcome, Run};
use crate::process;

/// Tests that fail with the unpatched cargo.
pub const FAILURES: &str = "upstream-failures.txt";
/// Tests that fail because a help page has gained a line.
const HELP_PAGES: &str = "help-pages.txt";
/// Tests whose graph has a finding.
const FINDINGS: &str = "findings.txt";

/// Tests that may fail, with the list that says so.
pub type Known = BTreeMap<String, &'static str>;

/// Reads the lists.
pub fn load_known() -> Result<Known> {
    let mut known = Known::new();
    for list in [FAILURES, HELP_PAGES, FINDINGS] {
        let path = process::cargo_patch().join(list);
        let text = fs::read_to_string(&path)
            .with_context(|| format!("could not read `{}`", process::short(&path)))?;
        for name in parse_list(&text) {
            if let Some(other) = known.insert(name.to_string(), list) {
                bail!("`{name}` is both in `{other}` and in `{list}`, or twice");
            }
        }
    }
    Ok(known)
}

fn parse_list(text: &str) -> impl Iterator<Item = &str> {
    let names = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    names.filter(|name| !name.is_empty())
}

/// A run held against the lists.
#[derive(Debug, Default, PartialEq)]
pub struct Report {
    passed: usize,
    ignored: usize,
    /// Failures by the list that explains them.
    expected: BTreeMap<&'static str, usize>,
    /// Failures that no list explains.
    pub new: Vec<String>,
    /// Failed once, passed alone.
    pub flaky: Vec<String>,
    /// Listed tests that passed or no longer exist, with the list.
    stale: Vec<(String, &'static str)>,
    /// Tests that failed because of a finding. With every level at `allow` they must pass.
    findings: Vec<String>,
}

impl Report {
    /// Holds `run` against `known`; `names` are all tests of the suite.
    pub fn of(run: &Run, known: &Known, names: &[String]) -> Report {
        let mut report = Report {
            ignored: run.names(Outcome::Ignored).len(),
            ..Report::default()
        };
        for (name, outcome) in &run.outcomes {
            match (outcome, known.get(name)) {
                (Outcome::Passed, list) => {
                    report.passed += 1;
                    report.stale.extend(list.map(|list| (name.clone(), *list)));
                }
                (Outcome::Failed, Some(list)) => {
                    *report.expected.entry(list).or_default() += 1;
                    if *list == FINDINGS {
                        report.findings.push(name.clone());
                    }
                }
                (Outcome::Failed, None) => report.new.push(name.clone()),
                (Outcome::Ignored, _) => {}
            }
        }
        let gone = known.iter().filter(|(name, _)| !names.contains(name));
        report
            .stale
            .extend(gone.map(|(name, list)| (name.clone(), *list)));
        report
    }

    /// Runs each new failure again, alone; those that pass now are flaky.
    pub fn rerun(&mut self, mut again: impl FnMut(&str) -> Result<Run>) -> Result<()> {
        for name in std::mem::take(&mut self.new) {
            match again(&name)?.outcomes.get(&name) {
                Some(Outcome::Passed) => self.flaky.push(name),
                _ => self.new.push(name),
            }
        }
        Ok(())
    }

    /// Runs each test that failed because of a finding again, where findings are allowed; those that fail even so are new.
    pub fn allow(&mut self, mut again: impl FnMut(&str) -> Result<Run>) -> Result<()> {
        for name in &self.findings {
            if again(name)?.outcomes.get(name) != Some(&Outcome::Passed) {
                self.new.push(name.clone());
            }
        }
        Ok(())
    }

    /// Prints new failures with their messages, notes, and a summary.
    pub fn print(&self, run: &Run) {
        for name in &self.new {
            eprintln!("---- {name}\n{}\n", libtest::tail(run.message(name), 60));
        }
        for (name, list) in &self.stale {
            eprintln!("note: `{name}` passed or is gone; `{list}` need not list it");
        }
        for name in &self.flaky {
            eprintln!("note: `{name}` failed, and passed when run again alone");
        }
        for name in &self.new {
            eprintln!("failed: {name}");
        }
        let mut summary = format!("upstream: {} passed, {} ignored", self.passed, self.ignored);
        for (list, count) in &self.expected {
            summary.push_str(&format!(", {count} failed as in `{list}`"));
            if *list == FINDINGS {
                summary.push_str(" and passed where findings are allowed");
            }
        }
        eprintln!(
            "{summary}, {} passed when run again, {} failed",
            self.flaky.len(),
            self.new.len()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(outcomes: &[(&str, Outcome)]) -> Run {
        Run {
            outcomes: outcomes
                .iter()
                .map(|(name, outcome)| (name.to_string(), *outcome))
                .collect(),
            ..Run::default()
        }
    }

    #[test]
    fn failures_are_held_against_the_lists() {
        let known = Known::from([
            ("a::known".to_string(), FAILURES),
            ("a::mended".to_string(), HELP_PAGES),
            ("a::gone".to_string(), FAILURES),
            ("b::not_run".to_string(), FAILURES),
            ("c::found".to_string(), FINDINGS),
            ("c::broken".to_string(), FINDINGS),
        ]);
        let names = [
            "a::known",
            "a::mended",
            "a::new",
            "a::shaky",
            "b::not_run",
            "c::broken",
            "c::found",
        ]
        .map(String::from);
        let first = run(&[
            ("a::known", Outcome::Failed),
            ("a::mended", Outcome::Passed),
            ("a::new", Outcome::Failed),
            ("a::shaky", Outcome::Failed),
            ("c::found", Outcome::Failed),
            ("c::broken", Outcome::Failed),
        ]);
        let mut report = Report::of(&first, &known, &names);
        report
            .rerun(|name| {
                let outcome = if name == "a::shaky" {
                    Outcome::Passed
                } else {
                    Outcome::Failed
                };
                Ok(run(&[(name, outcome)]))
            })
            .unwrap();
        report
            .allow(|name| {
                let outcome = match name {
                    "c::found" => Outcome::Passed,
                    _ => Outcome::Failed,
                };
                Ok(run(&[(name, outcome)]))
            })
            .unwrap();
        let expected = Report {
            passed: 1,
            ignored: 0,
            expected: BTreeMap::from([(FAILURES, 1), (FINDINGS, 2)]),
            new: vec!["a::new".to_string(), "c::broken".to_string()],
            findings: vec!["c::broken".to_string(), "c::found".to_string()],
            flaky: vec!["a::shaky".to_string()],
            stale: vec![
                ("a::mended".to_string(), HELP_PAGES),
                ("a::gone".to_string(), FAILURES),
            ],
        };
        assert_eq!(report, expected);
    }

    #[test]
    fn lists_have_names_and_reasons() {
        let text = "# why\n\na::b\nc::d  # the reason\n";
        assert_eq!(parse_list(text).collect::<Vec<_>>(), ["a::b", "c::d"]);
    }
}
