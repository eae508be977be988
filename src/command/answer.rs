//! What `cargo advisory` has to say of one graph, before anybody words it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use cargo::core::Workspace;
use cargo::{CargoResult, GlobalContext};
use clap::ArgMatches;
use jiff::Timestamp;

use super::remedies::Remedies;
use super::selection;
use crate::baseline::Compared;
use crate::check::{Coverage, Finding, Hits, check};
use crate::config::Config;
use crate::denial;
use crate::fault;
use crate::freshness::{ago, counts_from, limit_words};
use crate::graph::Graph;
use crate::graph::path::Paths;
use crate::graph::workspace::{self, Edges};
use crate::index::Index;
use crate::memory::{Basis, Memory};
use crate::policy::{Facts, Judgement, Policy, Stale, Verdict, may_be_fixable, today};
use crate::problem::{self, Problem};
use crate::remedy::Remedy;
use crate::report::decision;
use crate::report::json::Report;
use crate::report::line::{self, Heading, Hint};
use crate::report::{Untrusted, counted};

/// What all answers of one command are made with. Threads can share it, as cargo's context is no part of it.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) config: &'a Config,
    pub(super) policy: &'a Policy,
    pub(super) index: &'a Index,
}

/// What was found in one graph.
#[derive(Debug)]
pub(super) struct Answer<'a> {
    pub(super) graph: Graph,
    pub(super) hits: Hits<'a>,
    /// None where none were looked for, or could not be.
    pub(super) remedies: Option<Remedies>,
    /// The Cargo.lock that the graph was resolved to, or is made of.
    pub(super) lockfile: PathBuf,
    /// It is all of a workspace.
    complete: bool,
    /// The build of a part of it was asked for.
    selected: bool,
    /// What kept the check from a full answer, the gravest first.
    pub(super) problems: Vec<Problem>,
}

/// What is to be told beside an answer.
#[derive(Debug)]
pub(super) struct Conclusion {
    /// What kept the check from a full answer, unless the command fails for it.
    pub(super) notes: Vec<String>,
    /// Which ignores should go, unless the command fails for one.
    pub(super) warnings: Vec<String>,
    /// What the command must fail with in the end.
    pub(super) failure: Option<Failure>,
}

/// Why a command must fail.
#[derive(Debug)]
pub(super) enum Failure {
    /// A finding is denied.
    Denied(String),
    /// A denial was asked for, and cannot be sure of its ground.
    Unsure(String),
}

impl<'a> Judge<'a> {
    /// Looks at the build of a workspace that `args` select, and for remedies unless they ask for none. `edges` are those that
    /// are told of.
    ///
    /// # Errors
    ///
    /// Where cargo could not build either, and when the index is damaged.
    pub(super) fn workspace(
        &self,
        ws: &Workspace<'_>,
        args: &ArgMatches,
        edges: Edges,
    ) -> CargoResult<Answer<'a>> {
        let options = selection::options(ws.gctx(), ws, args)?;
        let mut hits = None;
        let graph = workspace::read(ws, options, edges, |graph| {
            let hits = hits.insert(self.check(graph)?);
            Ok(hits.packages().collect())
        })?;
        let hits = hits.expect("a graph that was read was looked at");
        let remedies = if args.get_flag("no-remedies") {
            None
        } else {
            self.remedies(ws, &hits.findings(&graph))?
        };
        let answer = Answer {
            complete: true,
            selected: selection::is_given(args),
            ..self.answer(graph, workspace::lockfile(ws), hits, remedies)
        };
        self.remember(ws, &answer);
        Ok(answer)
    }

    /// Looks at the build of everything in a workspace, and for no remedies.
    ///
    /// # Errors
    ///
    /// Where cargo could not build either, and when the index is damaged.
    pub(super) fn everything(&self, ws: &Workspace<'_>) -> CargoResult<Answer<'a>> {
        let mut hits = None;
        let graph = workspace::read(
            ws,
            workspace::everything(ws.gctx())?,
            Edges::Found,
            |graph| {
                let hits = hits.insert(self.check(graph)?);
                // How a package comes in is asked by ignores alone.
                Ok(match self.policy.asks_for_paths(&hits.findings(graph)) {
                    true => hits.packages().collect(),
                    false => Vec::new(),
                })
            },
        )?;
        let hits = hits.expect("a graph that was read was looked at");
        Ok(Answer {
            complete: true,
            ..self.answer(graph, workspace::lockfile(ws), hits, None)
        })
    }

    /// `answer`, with the remedies of its findings.
    ///
    /// # Errors
    ///
    /// When nothing can be said about them.
    pub(super) fn with_remedies(
        &self,
        ws: &Workspace<'_>,
        answer: Answer<'a>,
    ) -> CargoResult<Answer<'a>> {
        let remedies = self.remedies(ws, &answer.findings())?;
        Ok(Answer { remedies, ..answer })
    }

    /// Looks at the graph of a lockfile alone, which resolves to nothing and so has no remedies.
    ///
    /// # Errors
    ///
    /// When the index is damaged.
    pub(super) fn lockfile(&self, graph: Graph, path: &Path) -> CargoResult<Answer<'a>> {
        let hits = self.check(&graph)?;
        Ok(self.answer(graph, path.to_owned(), hits, None))
    }

    /// What policy makes of `answer`.
    ///
    /// # Errors
    ///
    /// When it is asked what is new, and that cannot be told.
    pub(super) fn judgement<'r>(&self, answer: &'r Answer<'_>) -> CargoResult<Judgement<'r, 'a>> {
        let findings = answer.findings();
        let since = self.policy.strictness.since();
        let compared = match since.filter(|_| !findings.is_empty()) {
            Some(since) => {
                let base = since.base.as_deref().or(self.config.base.as_deref());
                Some(Compared::read(&answer.lockfile, base, self.index)?)
            }
            None => None,
        };
        let news = compared.as_ref().map(Compared::news);
        let facts = Facts {
            today: today(fault::now()),
            graph: &answer.graph,
            fixable: &|finding| {
                let remedy = answer.remedy(finding);
                remedy.map_or_else(|| may_be_fixable(finding), Remedy::exists)
            },
            new: &|finding| news.as_ref().is_none_or(|news| news.has(finding)),
            // What was not understood may be what is ignored.
            complete: answer.complete && answer.hits.quarantined.is_empty(),
            selected: answer.selected,
            elsewhere: &answer.hits.elsewhere(&answer.graph),
        };
        Ok(self.policy.judge(&findings, &facts))
    }

    /// `answer` as tools read it. `lockfile` is the one that was asked about, where one was named.
    ///
    /// # Errors
    ///
    /// When the index is damaged.
    pub(super) fn report<'r>(
        &self,
        answer: &'r Answer<'a>,
        judgement: &Judgement<'r, 'r>,
        lockfile: Option<String>,
    ) -> CargoResult<Report<'r>>
    where
        'a: 'r,
    {
        let paths = Paths::new(&answer.graph);
        let problems = &answer.problems;
        let yanks = answer.yanks(self.config);
        let report = Report::new(self.index, &paths, judgement, yanks, problems, |finding| {
            answer.remedy(finding)
        });
        Ok(Report {
            lockfile,
            ..report.map_err(|error| Problem::of_index(self.config, error).into_error())?
        })
    }

    /// Tells what kept the check from a full answer, and, unless that was told, which ignores should go. Returns what the
    /// command must fail with in the end.
    pub(super) fn conclude(
        &self,
        gctx: &GlobalContext,
        answer: &Answer<'_>,
        judgement: &Judgement<'_, '_>,
        stale_told: bool,
    ) -> CargoResult<Option<anyhow::Error>> {
        let stale = match stale_told {
            true => &[],
            false => judgement.stale.as_slice(),
        };
        let conclusion = self.conclusion(answer, judgement, stale, denial::width(gctx));
        for note in &conclusion.notes {
            gctx.shell().note(note)?;
        }
        for warning in &conclusion.warnings {
            gctx.shell().warn(warning)?;
        }
        Ok(conclusion.failure.map(|failure| match failure {
            Failure::Denied(line) | Failure::Unsure(line) => anyhow!(line),
        }))
    }

    /// What is to be told beside `answer`. `stale` are the ignores that should go. A denial is told in `width` columns.
    pub(super) fn conclusion(
        &self,
        answer: &Answer<'_>,
        judgement: &Judgement<'_, '_>,
        stale: &[Stale<'_>],
        width: usize,
    ) -> Conclusion {
        let strictness = &self.policy.strictness;
        let denied = match judgement.verdict() {
            Verdict::Silent | Verdict::Warn(_) => None,
            Verdict::Deny(denied) => {
                let heading = Heading::denied(strictness, &denied);
                Some(line::line(&heading, &denied, Hint::None, width))
            }
        };
        let refused = match denied {
            Some(_) => None,
            None => denial::refuse_on(strictness, &answer.problems).err(),
        };
        let refused = refused.map(|error| error.to_string());
        let problems = answer.problems.iter().map(Problem::to_string);
        let notes = problems
            .filter(|problem| refused.as_ref() != Some(problem))
            .collect();
        let mut stale = stale.iter().map(decision::stale_line);
        let stale_error = match self.policy.denies_stale_ignores() {
            true => stale.next(),
            false => None,
        };
        let warnings = match stale_error {
            Some(_) => Vec::new(),
            None => stale.collect(),
        };
        let unsure = || refused.or(stale_error).map(Failure::Unsure);
        let failure = denied.map(Failure::Denied).or_else(unsure);
        Conclusion {
            notes,
            warnings,
            failure,
        }
    }

    fn check(&self, graph: &Graph) -> CargoResult<Hits<'a>> {
        check(graph, self.index).map_err(|error| Problem::of_index(self.config, error).into_error())
    }

    fn answer(
        &self,
        graph: Graph,
        lockfile: PathBuf,
        hits: Hits<'a>,
        remedies: Option<Remedies>,
    ) -> Answer<'a> {
        let now = fault::now();
        let problems = problem::problems(&graph, &hits, self.index, self.config, now);
        Answer {
            graph,
            hits,
            remedies,
            lockfile,
            complete: false,
            selected: false,
            problems,
        }
    }

    /// Remembers for builds, which look for no remedies, what has one. What was found offline is not the whole truth.
    fn remember(&self, ws: &Workspace<'_>, answer: &Answer<'_>) {
        if answer.remedies.is_none() || ws.gctx().offline_flag().is_some() {
            return;
        }
        let Ok(lockfile) = fs::read(&answer.lockfile) else {
            return;
        };
        let findings = answer.findings();
        let fixable = findings.iter().filter_map(|finding| {
            let remedy = answer.remedy(finding)?;
            Some((finding, remedy.exists()))
        });
        Memory::load(&self.config.cache_dir, ws.root()).find(
            Basis::new(&lockfile, self.index.made()),
            fixable,
            fault::now(),
        );
    }

    /// Looks for the remedies of `findings`. That there are none to be had, as without a network, keeps nobody from the
    /// findings.
    fn remedies(
        &self,
        ws: &Workspace<'_>,
        findings: &[Finding<'_>],
    ) -> CargoResult<Option<Remedies>> {
        let gctx = ws.gctx();
        let offline = gctx.offline_flag();
        match Remedies::find(ws, self.index, findings, fault::now()) {
            Ok(remedies) => {
                if let Some(flag) = offline.filter(|_| !findings.is_empty()) {
                    gctx.shell().note(format!(
                        "with {flag}, remedies were looked for among the releases that cargo has seen before"
                    ))?;
                }
                Ok(Some(remedies))
            }
            Err(error) => {
                // What was done and why it failed. What lies between says the same in other words.
                let cause = error.root_cause().to_string();
                let cause = cause.lines().next().unwrap_or_default();
                gctx.shell().note(format!(
                    "remedies could not be looked for: {}: {}",
                    Untrusted(&error.to_string()),
                    Untrusted(cause)
                ))?;
                Ok(None)
            }
        }
    }
}

impl Answer<'_> {
    /// Worst first.
    pub(super) fn findings(&self) -> Vec<Finding<'_>> {
        self.hits.findings(&self.graph)
    }

    /// How far yanks are known.
    pub(super) fn yanks(&self, config: &Config) -> Coverage {
        let since = counts_from(fault::now(), config.max_age);
        self.hits.coverage(since)
    }

    /// The remedy of `finding`, where one was looked for.
    pub(super) fn remedy(&self, finding: &Finding<'_>) -> Option<&Remedy> {
        self.remedies.as_ref()?.of(finding)
    }
}

/// What a summary adds of yanks where lockfiles are all there is: how far they are not known, or only by an answer that is
/// too old.
pub(super) fn coverage(coverage: &Coverage, config: &Config, now: Timestamp) -> String {
    let Coverage {
        known,
        unknown,
        outdated,
        asked,
    } = *coverage;
    let since = counts_from(now, config.max_age);
    match (known, unknown, asked.filter(|asked| *asked < since)) {
        (_, 1.., _) if outdated > 0 => format!(
            "; yanks are not known of {}, of {outdated} because registries were asked more than {} ago; run `cargo advisory \
             update`",
            counted(unknown, "package", "packages"),
            limit_words(config.max_age)
        ),
        (0, 1.., _) => "; yanks are not known from a lockfile alone".to_owned(),
        (_, 1.., _) => format!(
            "; yanks are not known of {}",
            counted(unknown, "package", "packages")
        ),
        (_, 0, Some(asked)) => {
            format!("; registries were asked for yanks {}", ago(asked, now))
        }
        (_, 0, None) => String::new(),
    }
}
