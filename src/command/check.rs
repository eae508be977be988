//! `cargo advisory [check]`: every finding of a workspace or of lockfiles, for people or for tools.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use cargo::core::Workspace;
use cargo::util::command_prelude::{ArgMatchesExt as _, flag, multi_opt, opt};
use cargo::{CargoResult, CliError, CliResult, GlobalContext};
use clap::{ArgMatches, Command};
use jiff::Timestamp;

use super::remedies::Remedies;
use super::{page, print, selection};
use crate::check::{Finding, Hits, check};
use crate::config::{Config, DEFAULT_DATABASE};
use crate::denial;
use crate::graph::path::Paths;
use crate::graph::{Graph, Package, Yanked, lockfile, workspace};
use crate::index::{Index, Verify};
use crate::policy::{Policy, Strictness, Verdict};
use crate::problem::{self, Problem};
use crate::report::human::{self, Detailed, Form};
use crate::report::json::{FindingInfo, IndexInfo, PackageInfo, ProblemInfo, Report};
use crate::report::line::{Heading, Hint, WIDTH_OF_NO_TERMINAL, line};
use crate::report::link::Link;
use crate::report::{Configured, Untrusted, counted};

pub(super) fn cli() -> Command {
    with_args(Command::new("check")).about("Check a workspace or lockfiles")
}

/// Adds the flags of `cargo advisory check`, which `cargo advisory` alone has too.
pub(super) fn with_args(command: Command) -> Command {
    let command = command
        .arg(
            multi_opt(
                "lockfile",
                "PATH",
                "Check this Cargo.lock instead of a workspace",
            )
            .conflicts_with("manifest-path")
            .conflicts_with_all(selection::FLAGS),
        )
        .arg(
            opt("format", "How to print what was found")
                .value_name("FORMAT")
                .value_parser(["human", "json"])
                .default_value("human"),
        )
        .arg(flag(
            "tree",
            "Draw all paths to each package, not only the shortest one",
        ))
        .arg(flag("no-remedies", "Do not look for remedies"))
        .arg(denial::flag());
    selection::with_args(command)
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
    // As in a build: what is read is verified as it is read, and a denial takes no index that is damaged anywhere.
    let verify = match policy.strictness {
        Strictness::DenyAdvisories => Verify::All,
        Strictness::Rules | Strictness::DenyWarnings => Verify::Used,
    };
    let index = problem::open_index(&config, verify).map_err(Problem::into_error)?;
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
        tree: args.get_flag("tree"),
        several: lockfiles.len() > 1,
    };
    let mut failures = Vec::new();
    if lockfiles.is_empty() {
        let ws = args.workspace(gctx)?;
        let options = selection::options(gctx, &ws, args)?;
        let mut hits = None;
        let graph = workspace::read(&ws, options, |graph| {
            let hits = hits.insert(answer.check(graph)?);
            Ok(hits.packages().collect())
        })?;
        let hits = hits.expect("a graph that was read was looked at");
        let remedies = if args.get_flag("no-remedies") {
            Remedies::default()
        } else {
            answer.remedies(&ws, &hits.findings(&graph))?
        };
        failures.extend(answer.give(&graph, &hits, &remedies, None)?);
    }
    for path in &lockfiles {
        // One bad file keeps no other from its answer.
        let failure = match lockfile::read(path) {
            // A lockfile alone resolves to nothing.
            Ok(graph) => {
                let hits = answer.check(&graph)?;
                answer.give(&graph, &hits, &Remedies::default(), Some(path))?
            }
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
    /// Paths are told as trees.
    tree: bool,
    /// There are several answers, so they are kept apart.
    several: bool,
}

impl Answer<'_> {
    fn check(&self, graph: &Graph) -> CargoResult<Hits<'_>> {
        check(graph, self.index).map_err(|error| Problem::of_index(self.config, error).into_error())
    }

    /// Looks for the remedies of `findings`. That there are none to be had, as without a network, keeps nobody from the
    /// findings.
    fn remedies(&self, ws: &Workspace<'_>, findings: &[Finding<'_>]) -> CargoResult<Remedies> {
        let offline = self.gctx.offline_flag();
        match Remedies::find(ws, self.index, findings, Timestamp::now()) {
            Ok(remedies) => {
                if let Some(flag) = offline.filter(|_| !findings.is_empty()) {
                    self.gctx.shell().note(format!(
                        "with {flag}, remedies were looked for among the releases that cargo has seen before"
                    ))?;
                }
                Ok(remedies)
            }
            Err(error) => {
                // What was done and why it failed. What lies between says the same in other words.
                let cause = error.root_cause().to_string();
                let cause = cause.lines().next().unwrap_or_default();
                self.gctx.shell().note(format!(
                    "remedies could not be looked for: {}: {}",
                    Untrusted(&error.to_string()),
                    Untrusted(cause)
                ))?;
                Ok(Remedies::default())
            }
        }
    }

    /// Prints what was found in `graph`. Returns what the command must fail with in the end.
    fn give(
        &self,
        graph: &Graph,
        hits: &Hits<'_>,
        remedies: &Remedies,
        lockfile: Option<&Path>,
    ) -> CargoResult<Option<anyhow::Error>> {
        let problems = problem::problems(graph, hits, self.index, self.config, Timestamp::now());
        let findings = hits.findings(graph);
        if self.json {
            self.print_json(graph, &findings, remedies, &problems, lockfile)?;
        } else {
            self.print_human(graph, &findings, remedies, lockfile)?;
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
        remedies: &Remedies,
        problems: &[Problem],
        lockfile: Option<&Path>,
    ) -> CargoResult<()> {
        let paths = Paths::new(graph);
        let report = Report {
            lockfile: lockfile.map(|path| path.display().to_string()),
            index: IndexInfo::new(self.index),
            packages: graph.packages.len(),
            findings: findings
                .iter()
                .map(|finding| {
                    let remedy = remedies.of(finding);
                    FindingInfo::new(finding, self.index, self.policy, &paths, remedy)
                })
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
        remedies: &Remedies,
        lockfile: Option<&Path>,
    ) -> CargoResult<()> {
        let detailed = findings
            .iter()
            .map(|finding| {
                let advisory = finding
                    .entry
                    .map(|entry| self.index.details(&entry))
                    .transpose()
                    .map_err(|error| Problem::of_index(self.config, error).into_error())?;
                let database = finding
                    .entry
                    .and_then(|entry| self.index.databases().get(entry.database));
                let of_rustsec = database.is_some_and(|from| from.url == DEFAULT_DATABASE);
                Ok(Detailed {
                    finding,
                    link: advisory
                        .as_ref()
                        .and_then(|advisory| Link::of(advisory, of_rustsec)),
                    advisory,
                    remedy: remedies.of(finding),
                })
            })
            .collect::<CargoResult<Vec<_>>>()?;
        let (unbuilt, built): (Vec<_>, Vec<_>) = detailed
            .into_iter()
            .partition(|detailed| detailed.finding.package.is_unbuilt());
        let paths = Paths::new(graph);
        let form = Form {
            policy: self.policy,
            paths: &paths,
            page: page(self.gctx),
            tree: self.tree,
            now: Timestamp::now(),
        };
        let mut answer = String::new();
        if let Some(path) = lockfile {
            answer.push_str(&Configured(&path.display().to_string()).to_string());
            answer.push('\n');
        }
        human::write(&mut answer, &built, &form);
        if !unbuilt.is_empty() {
            if !built.is_empty() {
                answer.push('\n');
            }
            answer.push_str("not in this build:\n");
            human::write(&mut answer, &unbuilt, &form);
        }
        human::write_unchecked(&mut answer, unchecked(graph));
        if self.several {
            answer.push('\n');
        }
        print(self.gctx, answer.as_bytes())
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
