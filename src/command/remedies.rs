//! The remedies of a workspace's findings, looked for beside a bar.

use std::collections::{BTreeMap, HashMap};

use cargo::CargoResult;
use cargo::core::Workspace;
use cargo::util::{Progress, ProgressStyle};
use jiff::Timestamp;

use crate::check::Finding;
use crate::index::Index;
use crate::remedy::search::Reach;
use crate::remedy::world::World;
use crate::remedy::{Remedy, caution, plan};

/// Remedies, each shared by the findings that it makes go away.
#[derive(Debug, Default)]
pub(super) struct Remedies {
    remedies: Vec<Remedy>,
    /// By the package's position in the graph and the advisory's id.
    of: HashMap<(usize, Option<String>), usize>,
}

impl Remedies {
    /// Looks for the remedies of `findings`.
    ///
    /// # Errors
    ///
    /// When Cargo.lock does not resolve, or a registry cannot be asked.
    pub(super) fn find(
        ws: &Workspace<'_>,
        index: &Index,
        findings: &[Finding<'_>],
        now: Timestamp,
    ) -> CargoResult<Remedies> {
        let mut remedies = Remedies::default();
        if findings.is_empty() {
            return Ok(remedies);
        }
        let world = World::load(ws, index, now)?;
        // By package of the graph; a package that is not in Cargo.lock has no remedy.
        let mut cases: BTreeMap<usize, plan::Case> = BTreeMap::new();
        for finding in findings {
            let Some(package) = plan::locked(&world, finding.package) else {
                continue;
            };
            cases
                .entry(finding.position)
                .or_insert_with(|| plan::Case::new(package))
                .findings
                .insert(finding.id().map(str::to_owned));
        }
        world.ask_for(cases.values().map(|case| case.package))?;
        let mut bar = Progress::with_style("Resolving", ProgressStyle::Ratio, ws.gctx());
        let mut found = Vec::new();
        for (done, (position, case)) in cases.iter().enumerate() {
            bar.tick(done, cases.len(), &format!(": {}", case.package.name()))?;
            for remedied in plan::remedies(&world, case, Reach::Manifests)? {
                for id in remedied.findings {
                    remedies.of.insert((*position, id), found.len());
                }
                found.push(remedied.found);
            }
        }
        bar.clear();
        drop(bar);
        caution::add(&world, &mut found)?;
        remedies.remedies = found.into_iter().map(|found| found.remedy).collect();
        Ok(remedies)
    }

    /// The remedy of `finding`, where one was looked for.
    pub(super) fn of(&self, finding: &Finding<'_>) -> Option<&Remedy> {
        let key = (finding.position, finding.id().map(str::to_owned));
        self.of.get(&key).map(|place| &self.remedies[*place])
    }
}
