//! The remedies of all findings of a workspace.

use std::collections::BTreeSet;

use cargo::CargoResult;
use cargo::core::PackageId;

use super::Change;
use super::attempt::Goal;
use super::search::{self, Found, Reach};
use super::world::World;
use crate::check::Finding;
use crate::graph::Package;
use crate::graph::build::source_of;

/// The findings of one package of Cargo.lock.
#[derive(Clone, Debug)]
pub struct Case {
    pub package: PackageId,
    /// Ids of the advisories. None for a yank.
    pub findings: BTreeSet<Option<String>>,
}

impl Case {
    pub fn new(package: PackageId) -> Case {
        Case {
            package,
            findings: BTreeSet::new(),
        }
    }
}

/// The findings that somebody wants to be rid of, whatever versions their packages have meanwhile.
#[derive(Debug)]
pub struct Interest {
    /// The packages of Cargo.lock that were yanked.
    yanked: BTreeSet<PackageId>,
    /// Names of packages and ids of advisories, worst first.
    advisories: Vec<(String, String)>,
    /// In the order of the worst finding of each.
    names: Vec<String>,
    /// What was in Cargo.lock from the start.
    old: BTreeSet<PackageId>,
}

impl Interest {
    /// Takes interest in `findings`.
    pub fn new(world: &World<'_, '_>, findings: &[Finding<'_>]) -> Interest {
        let mut interest = Interest {
            yanked: BTreeSet::new(),
            advisories: Vec::new(),
            names: Vec::new(),
            old: world.locked.iter().collect(),
        };
        for finding in findings {
            let name = &finding.package.name;
            if !interest.names.contains(name) {
                interest.names.push(name.clone());
            }
            match finding.id() {
                Some(id) => interest.advisories.push((name.clone(), id.to_owned())),
                None => interest.yanked.extend(locked(world, finding.package)),
            }
        }
        interest
    }

    /// Takes interest in the advisories of what has come into Cargo.lock since: a package that nobody looks after may come
    /// with a remedy, and can have a remedy of its own.
    ///
    /// # Errors
    ///
    /// When the index is damaged.
    pub fn add_new(&mut self, world: &World<'_, '_>) -> CargoResult<()> {
        for package in world.locked.iter().filter(|id| !self.old.contains(id)) {
            let name = package.name().to_string();
            for (id, _) in world.advisories(package)?.iter() {
                let advisory = (name.clone(), (*id).to_owned());
                if !self.advisories.contains(&advisory) {
                    self.advisories.push(advisory);
                    if !self.names.contains(&name) {
                        self.names.push(name.clone());
                    }
                }
            }
        }
        Ok(())
    }

    /// The packages that have such findings now, the worst first.
    ///
    /// # Errors
    ///
    /// When the index is damaged.
    pub fn cases(&self, world: &World<'_, '_>) -> CargoResult<Vec<Case>> {
        let mut cases = Vec::new();
        for name in &self.names {
            for package in world.locked_of(name.into()).iter().copied() {
                let found = world.advisories(package)?;
                let known = found
                    .iter()
                    .filter(|(id, _)| {
                        let mut advisories = self.advisories.iter();
                        advisories.any(|(of, advisory)| of == name && advisory == id)
                    })
                    .map(|(id, _)| Some((*id).to_owned()));
                let yank = self.yanked.contains(&package).then_some(None);
                let findings: BTreeSet<_> = known.chain(yank).collect();
                if !findings.is_empty() {
                    cases.push(Case { package, findings });
                }
            }
        }
        Ok(cases)
    }
}

/// `package` of a graph in Cargo.lock.
pub fn locked(world: &World<'_, '_>, package: &Package) -> Option<PackageId> {
    world
        .locked_of((&package.name).into())
        .iter()
        .copied()
        .find(|id| {
            *id.version() == package.version && source_of(id.source_id()).id == package.source.id
        })
}

/// Some of a package's findings and the remedy that they share.
#[derive(Debug)]
pub struct Remedied {
    pub findings: BTreeSet<Option<String>>,
    pub found: Found,
}

/// The remedies of one package's findings: one for all of them where there is one, else one for each.
///
/// # Errors
///
/// As [`search::find`].
pub fn remedies(world: &World<'_, '_>, case: &Case, reach: Reach) -> CargoResult<Vec<Remedied>> {
    let mut open = Vec::new();
    let mut together = BTreeSet::new();
    for id in &case.findings {
        // Those that no release is without must not keep the others from their remedy.
        if search::has_successor(world, &goal(case, [id]))? {
            together.insert(id.clone());
        } else {
            open.push(BTreeSet::from([id.clone()]));
        }
    }
    let mut remedies = Vec::new();
    if together.len() > 1 {
        let found = search::find(world, &goal(case, &together), reach)?;
        if matches!(found.remedy.change, Change::None(_)) {
            open.extend(together.into_iter().map(|id| BTreeSet::from([id])));
        } else {
            remedies.push(Remedied {
                findings: together,
                found,
            });
        }
    } else {
        open.extend((!together.is_empty()).then_some(together));
    }
    for findings in open {
        let found = search::find(world, &goal(case, &findings), reach)?;
        remedies.push(Remedied { findings, found });
    }
    Ok(remedies)
}

fn goal<'a>(case: &Case, ids: impl IntoIterator<Item = &'a Option<String>>) -> Goal {
    Goal {
        package: case.package,
        advisories: ids.into_iter().flatten().cloned().collect(),
    }
}
