//! `cargo advisory [check]`: every finding of a workspace or of lockfiles, for people or for tools.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use cargo::util::command_prelude::{ArgMatchesExt as _, CommandExt as _, multi_opt, opt};
use cargo::{CargoResult, CliError, CliResult, GlobalContext};
use clap::{ArgMatches, Command};
use jiff::Timestamp;

use super::print;
use crate::check::{Finding, check};
use crate::config::Config;
use crate::denial;
use crate::graph::{Graph, Package, Scope, Yanked, lockfile, workspace};
use crate::index::{Index, Verify};
use crate::policy::{Policy, Verdict};
use crate::problem::{self, Problem};
use crate::report::human::{self, Detailed};
use crate::report::json::{FindingInfo, IndexInfo, PackageInfo, ProblemInfo, Report};
use crate::report::line::{Heading, Hint, WIDTH_OF_NO_TERMINAL, line};
use crate::report::{Configured, counted};

pub(super) fn cli() -> Command {
    with_args(Command::new("check")).about("Check a workspace or lockfiles")
}

/// Adds the flags of `cargo advisory check`, which `cargo advisory` alone has too.
pub(super) fn with_args(command: Command) -> Command {
    command
        .arg(multi_opt(
            "lockfile",
            "PATH",
            "Check this Cargo.lock instead of a workspace",
        ))
        .arg(
            opt("format", "How to print what was found")
                .value_name("FORMAT")
                .value_parser(["human", "json"])
                .default_value("human"),
        )
        .arg(denial::flag())
        .arg_manifest_path()
}

pub(super) fn names_lockfiles(args: &ArgMatches) -> bool {
    args.contains_id("lockfile")
}

pub(super) fn exec(gctx: &mut GlobalContext, args: &ArgMatches) -> CliResult {
    let config = Config::load(gctx)?;
    let policy = Policy {
        rules: config.rules.clone(),
        strictness: denial::strictness(gctx, args.get_flag(denial::FLAG))?,
    };
    if !config.enabled {
        denial::refuse_unchecked(&config, &policy)?;
    }
    let index = problem::open_index(&config, Verify::All).map_err(Problem::into_error)?;
    let lockfiles: Vec<PathBuf> = args
        .get_many::<String>("lockfile")
        .into_iter()
        .flatten()
        .map(|path| gctx.cwd().join(path))
        .collect();
    let answer = Answer {
        gctx,
        config: &config,
        policy: &policy,
        index: &index,
        json: args
            .get_one::<String>("format")
            .is_some_and(|format| format == "json"),
        several: lockfiles.len() > 1,
    };
    let mut failures = Vec::new();
    if lockfiles.is_empty() {
        let ws = args.workspace(gctx)?;
        failures.extend(answer.give(&workspace::read(&ws)?, None)?);
    }
    for path in &lockfiles {
        // One bad file keeps no other from its answer.
        let failure = match lockfile::read(path) {
            Ok(graph) => answer.give(&graph, Some(path))?,
            Err(error) => Some(error),
        };
        failures.extend(failure);
    }
    let Some(last) = failures.pop() else {
        return Ok(());
    };
    for failure in &failures {
        cargo::display_error(failure, &mut gctx.shell());
    }
    Err(CliError::new(last, 101))
}

/// All that the answers of one command share.
struct Answer<'a> {
    gctx: &'a GlobalContext,
    config: &'a Config,
    policy: &'a Policy,
    index: &'a Index,
    json: bool,
    /// There are several answers, so they are kept apart.
    several: bool,
}

impl Answer<'_> {
    /// Checks `graph` and prints what was found. Returns what the command must fail with in the end.
    fn give(&self, graph: &Graph, lockfile: Option<&Path>) -> CargoResult<Option<anyhow::Error>> {
        let hits = check(graph, self.index)
            .map_err(|error| Problem::of_index(self.config, error).into_error())?;
        let problems = problem::problems(graph, &hits, self.index, self.config, Timestamp::now());
        let findings = hits.findings(graph);
        if self.json {
            self.print_json(graph, &findings, &problems, lockfile)?;
        } else {
            self.print_human(graph, &findings, lockfile)?;
        }
        let refused = denial::refuse_on(self.policy, &problems).err();
        if refused.is_none() {
            for problem in &problems {
                self.gctx.shell().note(problem)?;
            }
        }
        if !self.json {
            self.say_summary(graph)?;
        }
        let failure = match self.policy.verdict(&findings) {
            Verdict::Silent | Verdict::Warn(_) => refused,
            Verdict::Deny(denied) => {
                let heading = Heading::denied(self.policy, &denied);
                let width = self.gctx.shell().err_width().diagnostic_terminal_width();
                let width = width.unwrap_or(WIDTH_OF_NO_TERMINAL);
                Some(anyhow!(line(&heading, &denied, Hint::None, width)))
            }
        };
        Ok(match lockfile {
            Some(path) => failure.map(|error| error.context(format!("in `{}`", path.display()))),
            None => failure,
        })
    }

    fn print_json(
        &self,
        graph: &Graph,
        findings: &[Finding<'_>],
        problems: &[Problem],
        lockfile: Option<&Path>,
    ) -> CargoResult<()> {
        let report = Report {
            lockfile: lockfile.map(|path| path.display().to_string()),
            index: IndexInfo::new(self.index),
            packages: graph.packages.len(),
            findings: findings
                .iter()
                .map(|finding| FindingInfo::new(finding, self.index, self.policy))
                .collect::<Result<_, _>>()
                .map_err(|error| Problem::of_index(self.config, error).into_error())?,
            ignored: [],
            unchecked: unchecked(graph).map(PackageInfo::from).collect(),
            problems: problems
                .iter()
                .map(|problem| ProblemInfo {
                    code: problem.code(),
                    message: problem.to_string(),
                })
                .collect(),
        };
        let mut answer = serde_json::to_string(&report)?;
        answer.push('\n');
        // In the log of a build server `##[` starts a command wherever it stands. `#` is only ever inside a string here.
        print(self.gctx, answer.replace("##", "#\\u0023").as_bytes())
    }

    fn print_human(
        &self,
        graph: &Graph,
        findings: &[Finding<'_>],
        lockfile: Option<&Path>,
    ) -> CargoResult<()> {
        let detailed = findings
            .iter()
            .map(|finding| {
                Ok(Detailed {
                    finding,
                    advisory: finding
                        .entry
                        .map(|entry| self.index.details(&entry))
                        .transpose()
                        .map_err(|error| Problem::of_index(self.config, error).into_error())?,
                })
            })
            .collect::<CargoResult<Vec<_>>>()?;
        let (unbuilt, built): (Vec<_>, Vec<_>) = detailed.into_iter().partition(|detailed| {
            detailed
                .finding
                .package
                .usage
                .is_some_and(|usage| usage.scope == Scope::Unbuilt)
        });
        let mut answer = Vec::new();
        if let Some(path) = lockfile {
            writeln!(answer, "{}", Configured(&path.display().to_string()))?;
        }
        human::write(&mut answer, &built, self.policy)?;
        if !unbuilt.is_empty() {
            if !built.is_empty() {
                writeln!(answer)?;
            }
            writeln!(answer, "not in this build, only in Cargo.lock:")?;
            human::write(&mut answer, &unbuilt, self.policy)?;
        }
        human::write_unchecked(&mut answer, unchecked(graph))?;
        if self.several {
            writeln!(answer)?;
        }
        print(self.gctx, &answer)
    }

    fn say_summary(&self, graph: &Graph) -> CargoResult<()> {
        let asked = graph
            .packages
            .iter()
            .any(|package| package.yanked != Yanked::NotAsked);
        let age = problem::freshness(self.index, self.config, Timestamp::now()).age();
        self.gctx.shell().status(
            "Checked",
            format!(
                "{} against {} of an index {} old{}",
                counted(graph.packages.len(), "package", "packages"),
                counted(self.index.advisories(), "advisory", "advisories"),
                age,
                if asked {
                    ""
                } else {
                    "; yanks are not known from a lockfile alone"
                }
            ),
        )
    }
}

/// The dependencies that were not checked, by name.
fn unchecked(graph: &Graph) -> impl Iterator<Item = &Package> {
    let mut unchecked: Vec<&Package> = graph
        .packages
        .iter()
        .filter(|package| package.is_unchecked())
        .collect();
    unchecked.sort_by_key(|package| (&package.name, &package.version));
    unchecked.into_iter()
}
