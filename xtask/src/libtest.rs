//! The output of Rust's test harness, in its plain form.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::process;

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    Passed,
    Failed,
    Ignored,
}

/// One run of a suite.
#[derive(Debug, Default)]
pub struct Run {
    /// Each test that was run, by its name.
    pub outcomes: BTreeMap<String, Outcome>,
    /// Everything that was printed.
    pub text: String,
    /// Whether the harness reached its end.
    pub finished: bool,
}

impl Run {
    /// The names of the tests that ended so.
    pub fn names(&self, outcome: Outcome) -> Vec<&str> {
        let ended = self.outcomes.iter().filter(|(_, found)| **found == outcome);
        ended.map(|(name, _)| name.as_str()).collect()
    }

    /// What the failed test `name` printed.
    pub fn message(&self, name: &str) -> &str {
        let Some((_, text)) = self
            .text
            .split_once(&format!("\n---- {name} stdout ----\n"))
        else {
            return "";
        };
        let ends = ["\n---- ", "\nfailures:\n"].map(|end| text.find(end).unwrap_or(text.len()));
        text[..ends[0].min(ends[1])].trim_end()
    }

    fn add(&mut self, line: &str) {
        self.finished |= line.starts_with("test result: ");
        if let Some((name, outcome)) = parse(line) {
            self.outcomes.insert(name.to_string(), outcome);
        }
        self.text.push_str(line);
        self.text.push('\n');
    }
}

/// `test NAME ... ok`
fn parse(line: &str) -> Option<(&str, Outcome)> {
    let (name, outcome) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    let outcome = match outcome {
        "ok" => Outcome::Passed,
        "FAILED" => Outcome::Failed,
        _ if outcome.starts_with("ignored") => Outcome::Ignored,
        _ => return None,
    };
    Some((
        name.strip_suffix(" - should panic").unwrap_or(name),
        outcome,
    ))
}

/// Runs a suite of `total` tests and shows how far it is.
pub fn run(command: &mut Command, total: usize) -> Result<Run> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("could not start the tests")?;
    let stdout = child.stdout.take().context("the tests have no output")?;
    let mut run = Run::default();
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line.context("could not read what the tests print")?;
        let before = run.outcomes.len();
        run.add(&String::from_utf8_lossy(&line));
        if run.outcomes.len() > before {
            show_progress(&run, total);
        }
    }
    let status = child.wait().context("could not wait for the tests")?;
    if io::stderr().is_terminal() {
        eprintln!();
    }
    ensure!(
        run.finished,
        "the tests ended before their end ({status}); the last lines were:\n{}",
        tail(&run.text, 20)
    );
    Ok(run)
}

/// Rewrites one line on a terminal, prints one now and then elsewhere.
fn show_progress(run: &Run, total: usize) {
    let done = run.outcomes.len();
    let failed = run.names(Outcome::Failed).len();
    let text = format!(
        "{done} of {}, {failed} failed",
        process::plural(total, "test")
    );
    if io::stderr().is_terminal() {
        eprint!("\r  {text}  ");
        let _ = io::stderr().flush();
    } else if done.is_multiple_of(250) {
        eprintln!("  {text}");
    }
}

/// The names of the tests in a suite, from what it prints for `--list --format terse`.
pub fn list(command: &mut Command) -> Result<Vec<String>> {
    let text = process::stdout(command)?;
    let names = text.lines().filter_map(|line| line.strip_suffix(": test"));
    Ok(names.map(str::to_string).collect())
}

/// The last `count` lines of `text`.
pub fn tail(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "
running 4 tests
test build::simple ... ok
test build::slow has been running for over 60 seconds
test build::slow ... FAILED
test build::odd - should panic ... ok
test git::container ... ignored, needs docker

failures:

---- build::slow stdout ----
running `cargo build`
it was slow

---- other stdout ----
x

failures:
    build::slow

test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 1.00s
";

    #[test]
    fn outcomes_and_messages_are_read() {
        let mut run = Run::default();
        OUTPUT.lines().for_each(|line| run.add(line));
        assert!(run.finished);
        assert_eq!(run.names(Outcome::Passed), ["build::odd", "build::simple"]);
        assert_eq!(run.names(Outcome::Failed), ["build::slow"]);
        assert_eq!(run.names(Outcome::Ignored), ["git::container"]);
        assert_eq!(
            run.message("build::slow"),
            "running `cargo build`\nit was slow"
        );
        assert_eq!(run.message("other"), "x");
        assert_eq!(run.message("build::simple"), "");
    }

    #[test]
    fn a_suite_that_breaks_off_is_an_error() {
        let mut command = Command::new("echo");
        let error = super::run(command.arg("test a ... ok"), 2).unwrap_err();
        assert!(error.to_string().contains("test a ... ok"), "{error}");
    }
}
