//! `cargo advisory check --recursive`: all lockfiles below some folders, on all processors.
//!
//! Each lockfile is judged as `--lockfile` does it, on whichever thread is free, and put into words there. Answers are printed
//! in the order of the paths and dropped, so that memory does not grow with their number.

mod find;
mod in_order;

use std::collections::HashSet;
use std::mem;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};
use cargo::util::{Progress, ProgressStyle};
use cargo::{CargoResult, CliError, CliResult, GlobalContext};

use self::find::Found;
use self::in_order::in_order;
use super::answer::{Failure, Judge, coverage};
use super::print;
use crate::check::Coverage;
use crate::denial;
use crate::fault;
use crate::graph::lockfile;
use crate::problem;
use crate::report::{Configured, brief, counted, json};

/// The forms in which one answer after the other can be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A table for each lockfile with findings.
    Table,
    /// An object on a line for each lockfile.
    Json,
}

/// Where to look, and what could not be looked at.
#[derive(Debug)]
pub(super) struct Fleet {
    /// By path. At least one.
    pub(super) lockfiles: Vec<PathBuf>,
    /// Each in a line.
    pub(super) failures: Vec<String>,
}

/// Looks for lockfiles below `folders`, and tells of what was passed over. A denial must not pass over a Cargo.lock that is
/// a link: it could not be looked into.
///
/// # Errors
///
/// When one of `folders` is none, and when there is no lockfile at all: that must never read as "nothing found".
pub(super) fn find<'f>(
    gctx: &GlobalContext,
    folders: impl Iterator<Item = &'f PathBuf>,
    is_denial: bool,
) -> CargoResult<Fleet> {
    let mut found = Found::below(folders.map(|folder| gctx.cwd().join(folder)))?;
    let told = |link: &str| {
        format!("{link} is a link, which is not followed; name the folder that it leads to")
    };
    if is_denial {
        let links = found.links.iter().map(|link| told(&quoted(link)));
        found.failures.extend(links);
    } else if let Some((first, count)) = first_of(found.links.iter()) {
        gctx.shell().note(match count {
            1 => told(&first),
            _ => format!(
                "{count} files called Cargo.lock are links, which are not followed, such as {first}; name the folders that \
                 they lead to"
            ),
        })?;
    }
    if found.lockfiles.is_empty() {
        for failure in &found.failures {
            gctx.shell().error(failure)?;
        }
        let folders: Vec<String> = found.folders.iter().map(|path| quoted(path)).collect();
        bail!(
            "there is no Cargo.lock below {}; name other folders, or make one with `cargo generate-lockfile`",
            folders.join(", ")
        );
    }
    if let Some((first, count)) = first_of(found.without()) {
        gctx.shell().note(match count {
            1 => format!("there is no Cargo.lock below {first}"),
            _ => format!("there is no Cargo.lock below {count} of the folders, such as {first}"),
        })?;
    }
    Ok(Fleet {
        lockfiles: found.lockfiles.into_iter().collect(),
        failures: found.failures.into_iter().collect(),
    })
}

/// The first path and how many there are.
fn first_of<'p>(mut paths: impl Iterator<Item = &'p PathBuf>) -> Option<(String, usize)> {
    let first = quoted(paths.next()?);
    Some((first, 1 + paths.count()))
}

fn quoted(path: &Path) -> String {
    format!("`{}`", Configured(&path.display().to_string()))
}

/// Checks all of `fleet` and prints the answers. What fails for one lockfile keeps no other from its answer.
///
/// # Errors
///
/// In the end, when one is denied or could not be checked. At once, when stdout takes nothing.
pub(super) fn check(
    gctx: &GlobalContext,
    judge: &Judge<'_>,
    fleet: &Fleet,
    form: Form,
) -> CliResult {
    let mut teller = Teller {
        gctx,
        bar: Progress::with_style("Checking", ProgressStyle::Ratio, gctx),
        total: fleet.lockfiles.len(),
        text: String::new(),
        shown: Instant::now(),
        said: HashSet::new(),
        tally: Tally::default(),
    };
    for failure in &fleet.failures {
        gctx.shell().error(failure)?;
    }
    let processors = thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    let width = denial::width(gctx);
    let work = |path: &PathBuf| look(judge, path, form, width);
    teller.show()?;
    in_order(&fleet.lockfiles, processors, work, |path, answered| {
        teller.tell(path, answered)
    })?;
    teller.finish(judge)?;
    match teller.tally.error(fleet) {
        Some(error) => Err(CliError::new(error, 101)),
        None => Ok(()),
    }
}

/// What is left of the answer for one lockfile.
struct Told {
    /// What goes to stdout.
    text: String,
    notes: Vec<String>,
    warnings: Vec<String>,
    failure: Option<Failure>,
    packages: usize,
    findings: usize,
    ignored: usize,
    unchecked: usize,
    coverage: Coverage,
}

/// Checks one lockfile. Runs on any thread.
fn look(judge: &Judge<'_>, path: &Path, form: Form, width: usize) -> CargoResult<Told> {
    let graph = lockfile::read(path)?;
    let answer = judge.lockfile(graph, path)?;
    let judgement = judge.judgement(&answer)?;
    let conclusion = judge.conclusion(&answer, &judgement, &judgement.stale, width);
    let shown = path.display().to_string();
    let text = match form {
        Form::Table => {
            let mut text = String::new();
            brief::write(&mut text, &shown, &judgement.findings);
            text
        }
        Form::Json => json::line(&judge.report(&answer, &judgement, Some(shown))?)?,
    };
    Ok(Told {
        text,
        notes: conclusion.notes,
        warnings: conclusion.warnings,
        failure: conclusion.failure,
        packages: answer.graph.packages.len(),
        findings: judgement.findings.len(),
        ignored: judgement.ignored.len(),
        unchecked: answer.graph.unchecked().count(),
        coverage: answer.yanks(judge.config),
    })
}

/// Prints answers beside a bar.
struct Teller<'g> {
    gctx: &'g GlobalContext,
    bar: Progress<'g>,
    /// How many lockfiles there are.
    total: usize,
    /// What waits to be printed: each print takes the bar away for a moment.
    text: String,
    /// When the last of it was.
    shown: Instant,
    /// What is said once, as it mostly is the same for all lockfiles.
    said: HashSet<String>,
    tally: Tally,
}

impl Teller<'_> {
    fn tell(&mut self, path: &Path, answered: CargoResult<Told>) -> CargoResult<()> {
        /// How long an answer waits at the most, and how often the bar moves.
        const PAUSE: Duration = Duration::from_millis(100);
        /// Bytes of answers that wait at the most, but for the last one.
        const MOST: usize = 1024 * 1024;

        self.tally.lockfiles += 1;
        match answered {
            Ok(told) => self.tell_answer(path, told)?,
            Err(error) => {
                self.tally.unread += 1;
                self.print()?;
                // It names the lockfile.
                self.gctx.shell().error(format!("{error:#}"))?;
            }
        }
        if self.text.len() >= MOST || self.shown.elapsed() >= PAUSE {
            self.show()?;
        }
        Ok(())
    }

    fn tell_answer(&mut self, path: &Path, told: Told) -> CargoResult<()> {
        self.text.push_str(&told.text);
        for note in told.notes {
            if self.is_news(&note)? {
                self.gctx.shell().note(note)?;
            }
        }
        for warning in told.warnings {
            if self.is_news(&warning)? {
                self.gctx.shell().warn(warning)?;
            }
        }
        match told.failure {
            None => {}
            Some(Failure::Denied(line)) => {
                self.tally.denied += 1;
                self.print()?;
                let error = format!("{}: {line}", quoted(path));
                self.gctx.shell().error(error)?;
            }
            Some(Failure::Unsure(problem)) => {
                self.tally.unsure += 1;
                if self.is_news(&problem)? {
                    self.gctx.shell().error(problem)?;
                }
            }
        }
        self.tally.packages += told.packages;
        self.tally.findings += told.findings;
        self.tally.with_findings += usize::from(told.findings > 0);
        self.tally.ignored += told.ignored;
        self.tally.unchecked += told.unchecked;
        self.tally.coverage = self.tally.coverage.and(told.coverage);
        Ok(())
    }

    /// Whether this was not said before. If so, what comes before it is printed.
    fn is_news(&mut self, text: &str) -> CargoResult<bool> {
        if self.said.contains(text) {
            return Ok(false);
        }
        self.said.insert(text.to_owned());
        self.print()?;
        Ok(true)
    }

    /// Prints what waits.
    fn print(&mut self) -> CargoResult<()> {
        let text = mem::take(&mut self.text);
        match text.is_empty() {
            true => Ok(()),
            false => print(self.gctx, text.as_bytes()),
        }
    }

    /// Prints what waits, and moves the bar.
    fn show(&mut self) -> CargoResult<()> {
        self.print()?;
        self.bar.tick_now(self.tally.lockfiles, self.total, "")?;
        self.shown = Instant::now();
        Ok(())
    }

    /// Prints the rest and the summary.
    fn finish(&mut self, judge: &Judge<'_>) -> CargoResult<()> {
        self.show()?;
        self.bar.clear();
        let tally = &self.tally;
        let mut shell = self.gctx.shell();
        let now = fault::now();
        let age = problem::freshness(judge.index, judge.config, now).age();
        shell.status(
            "Checked",
            format!(
                "{} with {} against {} of an index {age} old{}",
                counted(tally.lockfiles - tally.unread, "lockfile", "lockfiles"),
                counted(tally.packages, "package", "packages"),
                counted(judge.index.advisories(), "advisory", "advisories"),
                coverage(&tally.coverage, judge.config, now)
            ),
        )?;
        shell.status("Found", tally.found())
    }
}

/// How much was seen.
#[derive(Default)]
struct Tally {
    lockfiles: usize,
    packages: usize,
    findings: usize,
    /// Lockfiles with findings.
    with_findings: usize,
    ignored: usize,
    unchecked: usize,
    coverage: Coverage,
    denied: usize,
    /// Lockfiles of which a denial could not be sure.
    unsure: usize,
    /// Lockfiles without an answer.
    unread: usize,
}

impl Tally {
    /// `3 findings in 2 lockfiles; 1 ignored; 4 dependencies are unchecked, from no registry`.
    fn found(&self) -> String {
        let mut found = match self.findings {
            0 => "nothing".to_owned(),
            findings => format!(
                "{} in {}",
                counted(findings, "finding", "findings"),
                counted(self.with_findings, "lockfile", "lockfiles")
            ),
        };
        if self.ignored > 0 {
            found.push_str(&format!("; {} ignored", self.ignored));
        }
        if self.unchecked > 0 {
            let unchecked = counted(self.unchecked, "dependency is", "dependencies are");
            found.push_str(&format!("; {unchecked} unchecked, from no registry"));
        }
        found
    }

    /// What the command must fail with, each part of which was told before.
    fn error(&self, fleet: &Fleet) -> Option<anyhow::Error> {
        let mut parts = Vec::new();
        for (count, what) in [
            (self.denied, "denied"),
            (self.unsure, "not fully checked"),
            (self.unread, "not checked"),
        ] {
            if count > 0 {
                // How many there are is told once.
                let all = match parts.is_empty() {
                    true => format!(" of {}", counted(self.lockfiles, "lockfile", "lockfiles")),
                    false => String::new(),
                };
                parts.push(format!("{count}{all} {what}"));
            }
        }
        if !fleet.failures.is_empty() {
            let places = counted(fleet.failures.len(), "place", "places");
            parts.push(format!("{places} not looked into"));
        }
        (!parts.is_empty()).then(|| anyhow!(parts.join(", ")))
    }
}
