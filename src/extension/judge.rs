//! What policy makes of the graph of one build, and what that build tells besides its line.

use std::cell::LazyCell;
use std::fs;
use std::path::PathBuf;

use cargo::CargoResult;
use cargo::core::compiler::{BuildContext, MessageFormat};
use jiff::{SignedDuration, Timestamp};

use crate::baseline::Compared;
use crate::check::{Coverage, Finding};
use crate::config::{Config, Repeat};
use crate::graph::Graph;
use crate::graph::path::Paths;
use crate::index::Index;
use crate::memory::{Basis, Memory};
use crate::message;
use crate::policy::{Facts, Judged, Judgement, Level, Policy, may_be_fixable, today};
use crate::problem::Problem;
use crate::report::json::Report;

/// What the check of one graph takes.
pub(super) struct Judge<'a, 'b, 'gctx> {
    pub(super) bcx: &'a BuildContext<'b, 'gctx>,
    pub(super) config: &'a Config,
    pub(super) policy: &'a Policy,
    /// The root of the workspace, which has a memory.
    pub(super) root: PathBuf,
    /// The Cargo.lock that the graph was resolved to.
    pub(super) lockfile: PathBuf,
    pub(super) now: Timestamp,
}

impl Judge<'_, '_, '_> {
    fn memory(&self) -> Memory {
        Memory::load(&self.config.cache_dir, &self.root)
    }

    /// What policy makes of `findings`.
    pub(super) fn judgement<'g>(
        &self,
        graph: &'g Graph,
        findings: &[Finding<'g>],
        index: &Index,
    ) -> CargoResult<Judgement<'g, '_>> {
        let compared = match self.policy.strictness.since() {
            Some(since) => {
                let base = since.base.as_deref().or(self.config.base.as_deref());
                Some(Compared::read(&self.lockfile, base, index)?)
            }
            None => None,
        };
        let news = compared.as_ref().map(Compared::news);
        // A build resolves once, so it looks for no remedy itself.
        let remembered = LazyCell::new(|| {
            let memory =
                Some(self.memory()).filter(|memory| memory.knows_remedies(index.made()))?;
            let lockfile = fs::read(&self.lockfile).ok()?;
            Some((memory, Basis::new(&lockfile, index.made())))
        });
        let facts = Facts {
            today: today(self.now),
            graph,
            fixable: &|finding| {
                let remembered = remembered.as_ref();
                remembered
                    .and_then(|(memory, basis)| memory.fixable(basis, finding, self.now))
                    .unwrap_or_else(|| may_be_fixable(finding))
            },
            new: &|finding| news.as_ref().is_none_or(|news| news.has(finding)),
            complete: false,
            selected: true,
            elsewhere: &[],
        };
        Ok(self.policy.judge(findings, &facts))
    }

    /// Prints what was found for tools.
    pub(super) fn print_messages(
        &self,
        graph: &Graph,
        judgement: &Judgement<'_, '_>,
        index: &Index,
        yanks: Coverage,
        problems: &[Problem],
    ) -> CargoResult<()> {
        let paths = Paths::new(graph);
        let report = Report::new(index, &paths, judgement, yanks, problems, |_| None)?;
        message::report(self.bcx.gctx, &report)?;
        if let MessageFormat::Json {
            render_diagnostics: false,
            short,
            ansi,
        } = self.bcx.build_config.message_format
            && self.config.editor
        {
            let look = message::Look {
                short,
                colours: ansi,
            };
            for judged in &judgement.findings {
                if judged.level() > Level::Allow {
                    let entry = judged.finding.entry;
                    let advisory = entry.map(|entry| index.details(&entry)).transpose()?;
                    message::diagnostic(self.bcx.ws, judged, advisory.as_ref(), &paths, look)?;
                }
            }
        }
        Ok(())
    }

    /// Whether a build that says everything once has said this. If not, it has from now on.
    pub(super) fn was_said(&self, warned: &[&Judged<'_, '_>]) -> bool {
        let every = match self.config.repeat {
            Repeat::Always => return false,
            Repeat::OnChange => None,
            Repeat::Daily => Some(SignedDuration::from_hours(24)),
        };
        let mut memory = self.memory();
        let was_said = memory.told(warned).is_some_and(|told| {
            let age = self.now.duration_since(told);
            every.is_none_or(|every| age >= SignedDuration::ZERO && age < every)
        });
        if !was_said {
            memory.tell(warned, self.now);
        }
        was_said
    }
}
