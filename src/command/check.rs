//! `cargo advisory [check]`: every finding of a workspace or of lockfiles, for people or for tools.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::anyhow;
use cargo::util::command_prelude::{ArgMatchesExt as _, flag, multi_opt, opt};
use cargo::{CargoResult, CliError, CliResult, GlobalContext};
use clap::{ArgAction, ArgMatches, Command, value_parser};

use super::answer::{Answer, Judge, coverage};
use super::background::{self, Check};
use super::document::{self, Kept};
use super::{page, print, recursive, registries, selection};
use crate::check::Coverage;
use crate::config::{Config, DEFAULT_DATABASE};
use crate::denial;
use crate::fault;
use crate::graph::lockfile;
use crate::graph::path::Paths;
use crate::graph::workspace::{self, Edges};
use crate::policy::Judgement;
use crate::problem::{self, Problem};
use crate::report::formats::Document;
use crate::report::human::{self, Detailed, Form};
use crate::report::json;
use crate::report::link::Link;
use crate::report::{Configured, counted};
use crate::yanks::seen;

/// The flag that takes folders.
const RECURSIVE: &str = "recursive";

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
            opt(
                RECURSIVE,
                "Check every Cargo.lock below these folders instead of a workspace",
            )
            .value_name("DIR")
            .value_parser(value_parser!(PathBuf))
            .num_args(1..)
            .action(ArgAction::Append)
            .conflicts_with_all(["lockfile", "manifest-path", "tree", "explain-policy"])
            .conflicts_with_all(selection::FLAGS),
        )
        .arg(
            opt("format", "How to print what was found")
                .value_name("FORMAT")
                .value_parser(Format::all().map(|(name, _)| name).collect::<Vec<_>>())
                .default_value("human"),
        )
        .arg(flag(
            "tree",
            "Draw all paths to each package, not only the shortest one",
        ))
        .arg(flag("no-remedies", "Do not look for remedies"))
        .arg(
            flag(
                "explain-policy",
                "Tell which rules and ignores decide on each finding",
            )
            .conflicts_with_all(["format", "tree"]),
        )
        .arg(denial::flag());
    selection::with_args(command)
}

/// Whether nothing but lockfiles is looked at, and no workspace.
pub(super) fn reads_lockfiles_alone(args: &ArgMatches) -> bool {
    args.contains_id("lockfile") || args.contains_id(RECURSIVE)
}

pub(super) fn exec(gctx: &mut GlobalContext, args: &ArgMatches) -> CliResult {
    let config = Config::load(gctx)?;
    let strictness = denial::strictness(gctx, denial::selection(args))?;
    if !config.enabled {
        denial::refuse_unchecked(&config, &strictness)?;
    }
    let is_denial = strictness.is_denial();
    let check = Check::new(strictness.verify(), is_denial);
    let index = background::open_index(gctx, &config, check).map_err(Problem::into_error)?;
    let fleet = match args.get_many::<PathBuf>(RECURSIVE) {
        Some(folders) => Some(recursive::find(gctx, folders, is_denial)?),
        None => None,
    };
    let lockfiles: Vec<PathBuf> = match &fleet {
        Some(fleet) => fleet.lockfiles.clone(),
        None => args
            .get_many::<String>("lockfile")
            .into_iter()
            .flatten()
            .map(|path| gctx.cwd().join(path))
            .collect(),
    };
    let ws = match lockfiles.is_empty() {
        true => Some(args.workspace(gctx)?),
        false => None,
    };
    let policy = config.policy(ws.as_ref(), strictness)?;
    let judge = Judge {
        config: &config,
        policy: &policy,
        index: &index,
    };
    let format = Format::of(args);
    if let (Some(fleet), Some(form)) = (&fleet, format.of_a_fleet()) {
        return recursive::check(gctx, &judge, fleet, form);
    }
    let teller = Teller {
        gctx,
        judge,
        explain_policy: args.get_flag("explain-policy"),
        format,
        tree: args.get_flag("tree"),
        several: lockfiles.len() > 1,
        stale_told: Cell::new(false),
    };
    // What could not be looked at, of which a document tells too.
    let mut unread = fleet.map_or(Vec::new(), |fleet| fleet.failures);
    let mut failures: Vec<_> = unread.iter().map(|text| anyhow!("{text}")).collect();
    let mut kept = Vec::new();
    let now = SystemTime::now();
    if let Some(ws) = ws {
        let lockfile = workspace::lockfile(&ws);
        let crates_io = || registries::crates_io(ws.gctx());
        seen::note_workspace(&config.cache_dir, &lockfile, now, crates_io);
        let answer = teller.judge.workspace(&ws, args, Edges::Found)?;
        failures.extend(teller.tell(&answer, None)?);
        kept.push(Kept {
            answer,
            asked: None,
        });
    }
    for path in lockfiles {
        // One bad file keeps no other from its answer.
        match lockfile::read(&path) {
            Ok(graph) => {
                seen::note(&config.cache_dir, &path, now);
                let answer = teller.judge.lockfile(graph, &path)?;
                failures.extend(teller.tell(&answer, Some(&path))?);
                kept.push(Kept {
                    answer,
                    asked: Some(path),
                });
            }
            Err(error) => {
                unread.push(format!("{error:#}"));
                failures.push(error);
            }
        }
    }
    if let Format::Document(format) = teller.format {
        document::print_all(gctx, &teller.judge, format, &kept, unread)?;
    }
    let Some(last) = failures.pop() else {
        return Ok(());
    };
    for failure in &failures {
        cargo::display_error(failure, &mut gctx.shell());
    }
    Err(CliError::new(last, 101))
}

/// How the answers of one command are told.
struct Teller<'a> {
    gctx: &'a GlobalContext,
    judge: Judge<'a>,
    format: Format,
    /// Why each finding has its level is told, and nothing else.
    explain_policy: bool,
    /// Paths are told as trees.
    tree: bool,
    /// There are several answers, so they are kept apart.
    several: bool,
    /// What ignores should go was told. It is the same for all lockfiles.
    stale_told: Cell<bool>,
}

/// The values of `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Human,
    Json,
    /// One document for all answers.
    Document(Document),
}

impl Format {
    /// By name, in the order in which help lists them.
    fn all() -> impl Iterator<Item = (&'static str, Format)> {
        let documents = Document::ALL.map(|(name, format)| (name, Format::Document(format)));
        [("human", Format::Human), ("json", Format::Json)]
            .into_iter()
            .chain(documents)
    }

    fn of(args: &ArgMatches) -> Format {
        let given = args.get_one::<String>("format");
        Format::all()
            .find(|(name, _)| given.is_some_and(|given| given == name))
            .map_or(Format::Human, |(_, format)| format)
    }

    /// The form in which the answers for any number of lockfiles are printed, one after the other. None where they become one
    /// document.
    fn of_a_fleet(self) -> Option<recursive::Form> {
        match self {
            Format::Human => Some(recursive::Form::Table),
            Format::Json => Some(recursive::Form::Json),
            Format::Document(_) => None,
        }
    }
}

impl Teller<'_> {
    /// Prints `answer`. Returns what the command must fail with in the end.
    fn tell(
        &self,
        answer: &Answer<'_>,
        lockfile: Option<&Path>,
    ) -> CargoResult<Option<anyhow::Error>> {
        let judgement = self.judge.judgement(answer)?;
        match self.format {
            Format::Human if self.explain_policy => self.print_decisions(&judgement, lockfile)?,
            Format::Human => self.print_human(answer, &judgement, lockfile)?,
            Format::Json => self.print_json(answer, &judgement, lockfile)?,
            // It waits for the others.
            Format::Document(_) => {}
        }
        let stale_told = self.stale_told.replace(true);
        let failure = self
            .judge
            .conclude(self.gctx, answer, &judgement, stale_told)?;
        if self.format == Format::Human {
            // Of a build that is among the problems.
            let yanks = match lockfile {
                Some(_) => answer.yanks(self.judge.config),
                None => Coverage::default(),
            };
            self.say_summary(answer, &yanks)?;
        }
        Ok(match lockfile {
            Some(path) => failure.map(|error| error.context(format!("in `{}`", path.display()))),
            None => failure,
        })
    }

    fn print_decisions(
        &self,
        judgement: &Judgement<'_, '_>,
        lockfile: Option<&Path>,
    ) -> CargoResult<()> {
        let mut text = headed(lockfile);
        let findings = judgement.findings.iter();
        let judged: Vec<_> = findings.chain(&judgement.ignored).collect();
        let gctx = self.gctx;
        human::write_decisions(
            &mut text,
            &judged,
            &self.judge.policy.strictness,
            page(gctx),
        );
        if self.several {
            text.push('\n');
        }
        print(gctx, text.as_bytes())
    }

    fn print_json(
        &self,
        answer: &Answer<'_>,
        judgement: &Judgement<'_, '_>,
        lockfile: Option<&Path>,
    ) -> CargoResult<()> {
        let lockfile = lockfile.map(|path| path.display().to_string());
        let report = self.judge.report(answer, judgement, lockfile)?;
        print(self.gctx, json::line(&report)?.as_bytes())
    }

    fn print_human(
        &self,
        answer: &Answer<'_>,
        judgement: &Judgement<'_, '_>,
        lockfile: Option<&Path>,
    ) -> CargoResult<()> {
        let gctx = self.gctx;
        let Judge { config, index, .. } = self.judge;
        let detailed = judgement
            .findings
            .iter()
            .map(|judged| {
                let finding = &judged.finding;
                let advisory = finding
                    .entry
                    .map(|entry| index.details(&entry))
                    .transpose()
                    .map_err(|error| Problem::of_index(config, error).into_error())?;
                let database = finding
                    .entry
                    .and_then(|entry| index.databases().get(entry.database));
                let of_rustsec = database.is_some_and(|from| from.is_all_of(DEFAULT_DATABASE));
                Ok(Detailed {
                    finding,
                    decision: &judged.decision,
                    link: advisory
                        .as_ref()
                        .and_then(|advisory| Link::of(advisory, of_rustsec)),
                    advisory,
                    remedy: answer.remedy(finding),
                })
            })
            .collect::<CargoResult<Vec<_>>>()?;
        let (unbuilt, built): (Vec<_>, Vec<_>) = detailed
            .into_iter()
            .partition(|detailed| detailed.finding.package.is_unbuilt());
        let paths = Paths::new(&answer.graph);
        let form = Form {
            paths: &paths,
            page: page(gctx),
            tree: self.tree,
            now: fault::now(),
        };
        let mut text = headed(lockfile);
        human::write(&mut text, &built, &form);
        if !unbuilt.is_empty() {
            if !built.is_empty() {
                text.push('\n');
            }
            text.push_str("not in this build:\n");
            human::write(&mut text, &unbuilt, &form);
        }
        human::write_ignored(&mut text, &judgement.ignored, page(gctx));
        human::write_unchecked(&mut text, answer.graph.unchecked());
        if self.several {
            text.push('\n');
        }
        print(gctx, text.as_bytes())
    }

    fn say_summary(&self, answer: &Answer<'_>, yanks: &Coverage) -> CargoResult<()> {
        let gctx = self.gctx;
        let Judge { config, index, .. } = self.judge;
        let now = fault::now();
        let packages = answer.graph.packages.len();
        gctx.shell().status(
            "Checked",
            format!(
                "{} against {} of an index {} old{}",
                counted(packages, "package", "packages"),
                counted(index.advisories(), "advisory", "advisories"),
                problem::freshness(index, config, now).age(),
                coverage(yanks, config, now)
            ),
        )
    }
}

/// What an answer begins with: the lockfile that it is about, where one was named.
fn headed(lockfile: Option<&Path>) -> String {
    match lockfile {
        Some(path) => format!("{}\n", Configured(&path.display().to_string())),
        None => String::new(),
    }
}
