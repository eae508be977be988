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
//! only findings need (how packages are used, the advisories' details) is asked for after there are any. An index that has
//! grown old is [refreshed in the background](crate::command::background), which a build starts and does not wait for.

mod judge;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use anyhow::bail;
use cargo::core::Workspace;
use cargo::core::compiler::BuildContext;
use cargo::core::extension::{Exec, Extension};
use cargo::util::command_prelude::heading;
use cargo::util::important_paths::find_root_manifest_for_wd;
use cargo::{CargoResult, GlobalContext};
use cargo_util::paths;
use clap::{Arg, ArgMatches, Command};
use semver::Version;

use self::judge::Judge;
use crate::check::check;
use crate::command::background::{self, Check};
use crate::command::registries::crates_io;
use crate::config::Config;
use crate::fault::{self, defect};
use crate::freshness::counts_from;
use crate::graph::build::{BuildGraph, Sources};
use crate::graph::workspace;
use crate::index::Index;
use crate::policy::{Judged, Policy, Selection, Verdict, today};
use crate::problem::{self, Problem};
use crate::report::decision;
use crate::report::line::{Heading, Hint, line_beside};
use crate::yanks::seen;
use crate::{command, denial};

/// The commands that compile, and so have the flag.
const COMPILING: [&str; 12] = [
    "bench", "build", "check", "doc", "fix", "install", "package", "publish", "run", "rustc",
    "rustdoc", "test",
];

/// Of these, the commands that lay the packages just made over a registry.
const OVERLAYING: [&str; 2] = ["package", "publish"];

/// The command that builds what is nobody's workspace, unless it is told a path.
const INSTALLING: &str = "install";

/// Makes cargo call this crate. To be called once, before cargo's command line is.
pub fn register() {
    cargo::core::extension::register(Advisories::default());
}

/// The command that ends as the program that it has built.
const RUNNING: &str = "run";

/// Why the locks here are never poisoned.
const NO_PANIC: &str = "nothing panics under the lock";

/// The state of one process.
#[derive(Default)]
struct Advisories {
    command: Mutex<Asked>,
    noted: AtomicBool,
    /// What was warned of. A process that builds more than one graph (`cargo install a b`) says each thing once.
    told: Mutex<HashSet<Told>>,
}

/// What the command line says.
#[derive(Clone, Default)]
struct Asked {
    denial: Option<Selection>,
    /// The packages just made are laid over a registry.
    overlays: bool,
    /// What was built is then run in the place of this process.
    runs: bool,
    manifests: Manifests,
}

/// Whose manifests may hold ignores.
#[derive(Clone, Default)]
enum Manifests {
    /// That of the workspace that is built.
    #[default]
    Built,
    /// None: what is installed from elsewhere has no say in how it is judged.
    None,
    /// That of the workspace whose packages are made, which has this member. What is built is an unpacked copy that has
    /// lost it.
    Packaged { member: PathBuf },
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
        gctx: &GlobalContext,
        name: &str,
        args: &ArgMatches,
    ) -> CargoResult<()> {
        let mut asked = Asked::default();
        if COMPILING.contains(&name) {
            asked.denial = denial::selection(args);
        }
        if OVERLAYING.contains(&name) {
            asked.overlays = true;
            // What is wrong with the manifest, or that there is none, is for the command to say.
            let given = args.get_one::<String>("manifest-path");
            let member = match given {
                Some(path) => Some(paths::normalize_path(&gctx.cwd().join(path))),
                None => find_root_manifest_for_wd(gctx.cwd()).ok(),
            };
            if let Some(member) = member {
                asked.manifests = Manifests::Packaged { member };
            }
        } else if name == INSTALLING && !args.contains_id("path") {
            asked.manifests = Manifests::None;
        }
        asked.runs = name == RUNNING;
        *self.command.lock().expect(NO_PANIC) = asked;
        Ok(())
    }

    fn before_compile(&self, bcx: &BuildContext<'_, '_>) -> CargoResult<()> {
        let gctx = bcx.gctx;
        let config = Config::load(gctx)?;
        let asked = self.command.lock().expect(NO_PANIC).clone();
        let strictness = denial::strictness(gctx, asked.denial)?;
        if !config.enabled {
            return denial::refuse_unchecked(&config, &strictness);
        }
        let mut root = bcx.ws.root().to_owned();
        let mut lockfile = workspace::lockfile(bcx.ws);
        // What is installed from elsewhere has no lockfile that anybody comes back to.
        let is_own = !matches!(asked.manifests, Manifests::None);
        let policy = match asked.manifests {
            Manifests::Built => config.policy(Some(bcx.ws), strictness)?,
            Manifests::None => config.policy(None, strictness)?,
            Manifests::Packaged { member } => {
                // The command has loaded it before, and said what there was to say.
                let ws = workspace::quietly(gctx, || Workspace::new(&member, gctx))?;
                root = ws.root().to_owned();
                lockfile = workspace::lockfile(&ws);
                config.policy(Some(&ws), strictness)?
            }
        };
        let sources = if asked.overlays {
            Sources::Overlaid
        } else if gctx.cli_unstable().build_std.is_some() {
            Sources::Merged
        } else {
            Sources::Plain
        };
        if is_own {
            seen::note_workspace(&config.cache_dir, &lockfile, SystemTime::now(), || {
                crates_io(gctx)
            });
        }
        let strictness = &policy.strictness;
        let check = Check {
            becomes_another: asked.runs,
            ..Check::new(strictness.verify(), strictness.is_denial())
        };
        let opened = background::open_index(gctx, &config, check);
        let judge = Judge {
            bcx,
            config: &config,
            policy: &policy,
            root,
            lockfile,
            // After a refresh, if there was one.
            now: fault::now(),
        };
        let said = match opened {
            Err(_) if defect!("unreadable-is-clean") => Said::default(),
            opened => opened
                .and_then(|index| self.judge(&judge, &index, sources))
                .unwrap_or_else(Said::from),
        };
        self.say(gctx, &policy, said)
    }
}

/// What there is to say of one graph.
#[derive(Default)]
struct Said {
    denied: Option<String>,
    /// An ignore that should go, where that fails the build.
    stale: Option<String>,
    /// Tells of `problems`, too.
    warning: Option<String>,
    problems: Vec<Problem>,
}

impl From<Problem> for Said {
    fn from(problem: Problem) -> Said {
        Said {
            problems: vec![problem],
            ..Said::default()
        }
    }
}

impl Advisories {
    fn judge(
        &self,
        judge: &Judge<'_, '_, '_>,
        index: &Index,
        sources: Sources,
    ) -> Result<Said, Problem> {
        let Judge {
            bcx,
            config,
            policy,
            now,
            ..
        } = *judge;
        let mut graph = BuildGraph::new(bcx, sources).map_err(Problem::Failed)?;
        let hits = check(&graph.graph, index).map_err(|error| Problem::of_index(config, error))?;
        let mut said = Said {
            problems: problem::problems(&graph.graph, &hits, index, config, now),
            ..Said::default()
        };
        if policy.denies_stale_ignores() {
            let stale = policy.expired_ignore(today(now));
            said.stale = stale.as_ref().map(decision::stale_line);
        }
        if hits.is_empty() {
            return Ok(said);
        }

        graph.add_uses(bcx);
        let for_tools = bcx.build_config.emit_json();
        if for_tools {
            graph.add_edges(bcx);
        } else if policy.asks_for_paths(&hits.findings(&graph.graph)) {
            graph.add_links(bcx);
        }
        let graph = &graph.graph;
        let judgement = judge
            .judgement(graph, &hits.findings(graph), index)
            .map_err(Problem::NewsUnknown)?;
        let verdict = judgement.verdict();
        if for_tools && !matches!(verdict, Verdict::Silent) {
            let yanks = hits.coverage(counts_from(now, config.max_age));
            let printed = judge.print_messages(graph, &judgement, index, yanks, &said.problems);
            said.problems.extend(printed.err().map(Problem::Failed));
        }
        match verdict {
            Verdict::Silent => {}
            Verdict::Warn(warned) => {
                let warned = self.not_told_yet(warned);
                let is_shown = denial::shows_warnings(bcx.gctx).map_err(Problem::Failed)?;
                if is_shown && !warned.is_empty() && !judge.was_said(&warned) {
                    let width = denial::width(bcx.gctx);
                    let beside: Vec<String> = match self.noted.load(Ordering::Relaxed) {
                        true => Vec::new(),
                        false => said.problems.iter().map(Problem::brief).collect(),
                    };
                    let heading = Heading::Warning;
                    let line = line_beside(&heading, &warned, &beside, Hint::Details, width);
                    said.warning = Some(line);
                }
            }
            Verdict::Deny(denied) => {
                let strictness = &policy.strictness;
                let line = denial::line(bcx.gctx, strictness, &denied, &said.problems);
                said.denied = Some(line);
            }
        }
        Ok(said)
    }

    /// Leaves out what this process warned of before, and remembers the rest.
    fn not_told_yet<'j, 'g, 'p>(
        &self,
        findings: Vec<&'j Judged<'g, 'p>>,
    ) -> Vec<&'j Judged<'g, 'p>> {
        let mut told = self.told.lock().expect(NO_PANIC);
        findings
            .into_iter()
            .filter(|judged| {
                let finding = &judged.finding;
                told.insert(Told {
                    package: finding.package.name.clone(),
                    version: finding.package.version.clone(),
                    id: finding.id().map(str::to_owned),
                })
            })
            .collect()
    }

    /// One line at the most.
    fn say(&self, gctx: &GlobalContext, policy: &Policy, said: Said) -> CargoResult<()> {
        if let Some(denied) = said.denied {
            if defect!("late-verdict") {
                return gctx.shell().error(denied);
            }
            bail!(denied);
        }
        denial::refuse_on(&policy.strictness, &said.problems)?;
        if let Some(stale) = said.stale {
            bail!(stale);
        }
        let Some(problem) = said.problems.first() else {
            return match said.warning {
                Some(warning) => gctx.shell().warn(warning),
                None => Ok(()),
            };
        };
        // A warning tells of it, too.
        let was_noted = self.noted.swap(true, Ordering::Relaxed);
        match said.warning {
            Some(warning) => gctx.shell().warn(warning),
            None if was_noted => Ok(()),
            None => gctx.shell().note(problem),
        }
    }
}
