//! What cargo calls: the only way from cargo into this crate.
//!
//! # Purpose
//!
//! Every compiling command resolves, makes its unit graph and then calls [`Extension::before_compile`]. There the graph
//! is checked, and one line said or the build failed, before anything of the graph is compiled or run.
//!
//! # Failure
//!
//! Outside a denial the check cannot fail a build: whatever goes wrong becomes one note. Two things are errors always,
//! because nothing else would show them: a configuration that is not understood, and a finding that policy denies.
//! Under `--deny-advisories` whatever keeps the check from a full answer is an error too.
//!
//! # Performance
//!
//! A build without findings pays for reading the configuration and the index and for one look-up a package. All that
//! only findings need (how packages are used, the advisories' details) is asked for after there are any.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::bail;
use cargo::core::compiler::BuildContext;
use cargo::core::extension::{Exec, Extension};
use cargo::util::command_prelude::heading;
use cargo::util::context::WarningHandling;
use cargo::{CargoResult, GlobalContext};
use clap::{Arg, ArgMatches, Command};
use jiff::Timestamp;
use semver::Version;

use crate::check::{Finding, check};
use crate::config::Config;
use crate::graph::build::{BuildGraph, Sources};
use crate::index::Verify;
use crate::policy::{Policy, Strictness, Verdict};
use crate::problem::{self, Problem};
use crate::report::line::{Heading, Hint, WIDTH_OF_NO_TERMINAL, line};
use crate::{command, denial};

/// The commands that compile, and so have the flag.
const COMPILING: [&str; 12] = [
    "bench", "build", "check", "doc", "fix", "install", "package", "publish", "run", "rustc",
    "rustdoc", "test",
];

/// Of these, the commands that lay the packages just made over a registry.
const OVERLAYING: [&str; 2] = ["package", "publish"];

/// Makes cargo call this crate. To be called once, before cargo's command line is.
pub fn register() {
    cargo::core::extension::register(Advisories::default());
}

/// The state of one process.
#[derive(Default)]
struct Advisories {
    denies: AtomicBool,
    overlays: AtomicBool,
    noted: AtomicBool,
    /// What was warned of. A process that builds more than one graph (`cargo install a b`) says each thing once.
    told: Mutex<HashSet<Told>>,
}

#[derive(PartialEq, Eq, Hash)]
struct Told {
    package: String,
    version: Version,
    id: Option<String>,
}

impl Extension for Advisories {
    fn commands(&self) -> Vec<Command> {
        vec![command::cli()]
    }

    fn exec(&self, name: &str) -> Option<Exec> {
        (name == command::NAME).then_some(command::exec)
    }

    fn exec_without_git(&self, name: &str, args: &ArgMatches) -> Option<Exec> {
        (name == command::NAME && command::needs_no_git(args)).then_some(command::exec)
    }

    fn args(&self, name: &str) -> Vec<Arg> {
        if COMPILING.contains(&name) {
            vec![denial::flag().help_heading(heading::COMPILATION_OPTIONS)]
        } else {
            Vec::new()
        }
    }

    fn before_command(
        &self,
        _gctx: &GlobalContext,
        name: &str,
        args: &ArgMatches,
    ) -> CargoResult<()> {
        if COMPILING.contains(&name) {
            self.denies
                .store(args.get_flag(denial::FLAG), Ordering::Relaxed);
        }
        self.overlays
            .store(OVERLAYING.contains(&name), Ordering::Relaxed);
        Ok(())
    }

    fn before_compile(&self, bcx: &BuildContext<'_, '_>) -> CargoResult<()> {
        let gctx = bcx.gctx;
        let config = Config::load(gctx)?;
        let policy = Policy {
            rules: config.rules.clone(),
            strictness: denial::strictness(gctx, self.denies.load(Ordering::Relaxed))?,
        };
        if !config.enabled {
            return denial::refuse_unchecked(&config, &policy);
        }
        let sources = if self.overlays.load(Ordering::Relaxed) {
            Sources::Overlaid
        } else if gctx.cli_unstable().build_std.is_some() {
            Sources::Merged
        } else {
            Sources::Plain
        };
        let judged = self
            .judge(bcx, &config, &policy, sources)
            .unwrap_or_else(Judged::from);
        self.say(gctx, &policy, judged)
    }
}

/// What there is to say of one graph.
#[derive(Default)]
struct Judged {
    denied: Option<String>,
    warning: Option<String>,
    problems: Vec<Problem>,
}

impl From<Problem> for Judged {
    fn from(problem: Problem) -> Judged {
        Judged {
            problems: vec![problem],
            ..Judged::default()
        }
    }
}

impl Advisories {
    fn judge(
        &self,
        bcx: &BuildContext<'_, '_>,
        config: &Config,
        policy: &Policy,
        sources: Sources,
    ) -> Result<Judged, Problem> {
        let verify = match policy.strictness {
            Strictness::DenyAdvisories => Verify::All,
            Strictness::Rules | Strictness::DenyWarnings => Verify::Used,
        };
        let index = problem::open_index(config, verify)?;
        let mut graph = BuildGraph::new(bcx, sources).map_err(Problem::Failed)?;
        let hits = check(&graph.graph, &index).map_err(|error| Problem::of_index(config, error))?;
        let mut judged = Judged {
            problems: problem::problems(&graph.graph, &hits, &index, config, Timestamp::now()),
            ..Judged::default()
        };
        if hits.is_empty() {
            return Ok(judged);
        }

        graph.add_uses(bcx);
        let findings = hits.findings(&graph.graph);
        let width = bcx
            .gctx
            .shell()
            .err_width()
            .diagnostic_terminal_width()
            .unwrap_or(WIDTH_OF_NO_TERMINAL);
        match policy.verdict(&findings) {
            Verdict::Silent => {}
            Verdict::Warn(warned) => {
                let warned = self.not_told_yet(warned);
                if !warned.is_empty() {
                    judged.warning = Some(line(&Heading::Warning, &warned, Hint::Details, width));
                }
            }
            Verdict::Deny(denied) => {
                let heading = Heading::denied(policy, &denied);
                judged.denied = Some(line(&heading, &denied, Hint::Details, width));
            }
        }
        Ok(judged)
    }

    /// Leaves out what this process warned of before, and remembers the rest.
    fn not_told_yet<'f, 'g>(&self, findings: Vec<&'f Finding<'g>>) -> Vec<&'f Finding<'g>> {
        let mut told = self.told.lock().expect("no panic while telling");
        findings
            .into_iter()
            .filter(|finding| {
                told.insert(Told {
                    package: finding.package.name.clone(),
                    version: finding.package.version.clone(),
                    id: finding.id().map(str::to_owned),
                })
            })
            .collect()
    }

    /// One line at the most.
    fn say(&self, gctx: &GlobalContext, policy: &Policy, judged: Judged) -> CargoResult<()> {
        if let Some(denied) = judged.denied {
            bail!(denied);
        }
        denial::refuse_on(policy, &judged.problems)?;
        let hidden = gctx.warning_handling()? == WarningHandling::Allow;
        if let Some(warning) = judged.warning.filter(|_| !hidden) {
            gctx.shell().warn(warning)?;
        } else if let Some(problem) = judged.problems.first()
            && !self.noted.swap(true, Ordering::Relaxed)
        {
            gctx.shell().note(problem)?;
        }
        Ok(())
    }
}
