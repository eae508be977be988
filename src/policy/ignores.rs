//! Ignores: which findings they cover, and when one should go.

use std::path::PathBuf;

use super::{Facts, Policy};
use crate::advisory::Kind;
use crate::check::Finding;
use crate::graph::{Package, Yanked, through};
use crate::ignore::{Ignore, What, While};

/// One entry of `advisory.ignore`, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub ignore: Ignore,
    /// The file, variable or flag, as told to users.
    pub by: String,
    /// The file, where it is one.
    pub file: Option<PathBuf>,
    /// It is the workspace's own. Others may have been written for another workspace.
    pub own: bool,
}

/// Why an ignore that names a finding does not cover it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lapse {
    /// The last day of it is over.
    Expired,
    /// `while = "unfixable"`, and there is a remedy.
    Fixable,
    /// It names a package, and the finding is malicious code. That has to be named by its advisory: what a package turns
    /// into later must not be ignored unseen.
    Malicious,
    /// `while = "unbuilt"`, and the build uses the package.
    Built,
    /// `while = "unbuilt"`, and no build is known.
    NoBuild,
    /// `via`, and some path leads past the crates that are named, or none is known.
    OtherPath,
}

/// An ignore that should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stale<'p> {
    pub entry: &'p Entry,
    /// None where there is nothing left that it could cover.
    pub lapse: Option<Lapse>,
}

impl Entry {
    /// Whether the entry is about `finding`.
    pub(super) fn names(&self, finding: &Finding<'_>) -> bool {
        match &self.ignore.what {
            What::Id(_) => finding
                .entry
                .is_some_and(|entry| self.ignore.what.names_advisory(entry.id, entry.aliases())),
            What::Package { .. } => self.names_package(finding.package),
        }
    }

    fn names_package(&self, package: &Package) -> bool {
        let what = &self.ignore.what;
        what.names_package(&package.name, &package.version)
    }

    /// Why the entry does not hold for `finding`, paths aside.
    fn lapse(&self, finding: &Finding<'_>, facts: &Facts<'_>) -> Option<Lapse> {
        if self.ignore.has_expired(facts.today) {
            return Some(Lapse::Expired);
        }
        let by_package = matches!(self.ignore.what, What::Package { .. });
        if by_package && finding.kind == Kind::Malicious {
            return Some(Lapse::Malicious);
        }
        match self.ignore.condition {
            None => None,
            Some(While::Unfixable) => (facts.fixable)(finding).then_some(Lapse::Fixable),
            Some(While::Unbuilt) => match finding.package.usage {
                None => Some(Lapse::NoBuild),
                Some(_) => (!finding.package.is_unbuilt()).then_some(Lapse::Built),
            },
        }
    }
}

/// The entry that covers `finding`. Else those that name it, and why they do not.
///
/// Entries with `via` cover together what each of them covers in part.
pub(super) fn cover<'p>(
    policy: &'p Policy,
    finding: &Finding<'_>,
    facts: &Facts<'_>,
) -> Result<&'p Entry, Vec<(&'p Entry, Lapse)>> {
    let mut lapsed = Vec::new();
    let mut partial: Vec<(&Entry, &str)> = Vec::new();
    for entry in policy.ignores.iter().filter(|entry| entry.names(finding)) {
        match (entry.lapse(finding, facts), &entry.ignore.via) {
            (Some(lapse), _) => lapsed.push((entry, lapse)),
            (None, Some(via)) => partial.push((entry, via)),
            (None, None) => return Ok(entry),
        }
    }
    if let Some((first, _)) = partial.first() {
        let via: Vec<&str> = partial.iter().map(|(_, via)| *via).collect();
        if through::leads_only_through(facts.graph, finding.position, &via) {
            return Ok(first);
        }
        let partial = partial.iter().map(|(entry, _)| (*entry, Lapse::OtherPath));
        lapsed.extend(partial);
    }
    Err(lapsed)
}

/// The entries that should go: those whose last day is over, and where all of the workspace was looked at, its own that no
/// finding needs.
pub(super) fn stale<'p>(
    policy: &'p Policy,
    findings: &[Finding<'_>],
    facts: &Facts<'_>,
) -> Vec<Stale<'p>> {
    let lapse_of = |entry: &Entry| -> Option<Option<Lapse>> {
        if entry.ignore.has_expired(facts.today) {
            return Some(Some(Lapse::Expired));
        }
        if !facts.complete || !entry.own {
            return None;
        }
        let lapses: Vec<Option<Lapse>> = findings
            .iter()
            .filter(|finding| entry.names(finding))
            .map(|finding| entry.lapse(finding, facts))
            .collect();
        let Some(first) = lapses.first() else {
            return (!may_be_needed(entry, facts)).then_some(None);
        };
        // It is needed as long as it holds for one of them, and where another build may still leave the package out.
        let lapsed = |lapse: &Option<Lapse>| match lapse {
            None => false,
            Some(Lapse::Built) => !facts.selected,
            Some(_) => true,
        };
        lapses.iter().all(lapsed).then_some(*first)
    };
    policy
        .ignores
        .iter()
        .filter_map(|entry| {
            let lapse = lapse_of(entry)?;
            Some(Stale { entry, lapse })
        })
        .collect()
}

/// Whether there may be a finding that `entry` names, though none was found here.
fn may_be_needed(entry: &Entry, facts: &Facts<'_>) -> bool {
    let mut packages = facts.graph.packages.iter();
    facts.elsewhere.iter().any(|finding| entry.names(finding))
        || packages.any(|package| {
            !matches!(package.yanked, Yanked::Yes | Yanked::No) && entry.names_package(package)
        })
}
