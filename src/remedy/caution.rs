//! What to know of a release before one moves to it.
//!
//! In August 2026 good versions were yanked to push people on to a malicious one. A remedy must not push: what is very
//! young, or runs or brings what was not there before, is said to.

use std::collections::BTreeSet;

use cargo::CargoResult;
use cargo::core::{PackageId, PackageSet, Resolve};

use super::attempt::is_same_crate;
use super::search::Found;
use super::world::World;
use super::{Caution, Move, YOUNG_DAYS};

/// Adds to the moves of all `founds` what to know of them. Downloads what they move to, to look for build scripts.
///
/// # Errors
///
/// When cargo's sources cannot be read at all. A package that cannot be downloaded has a caution of its own.
pub fn add<'f>(
    world: &World<'_, '_>,
    founds: impl IntoIterator<Item = &'f mut Found>,
) -> CargoResult<()> {
    let changes = founds.into_iter().filter_map(|found| {
        let after = found.resolve.as_ref()?;
        Some((after, &mut found.remedy.moves[..]))
    });
    add_to(world, &world.locked, changes)
}

/// Adds to moves what to know of them. Each of the `changes` makes a state of Cargo.lock out of `before`.
///
/// # Errors
///
/// As [`add`].
pub fn add_to<'f>(
    world: &World<'_, '_>,
    before: &Resolve,
    changes: impl IntoIterator<Item = (&'f Resolve, &'f mut [Move])>,
) -> CargoResult<()> {
    let changes: Vec<_> = changes.into_iter().collect();
    let pairs = changes
        .iter()
        .flat_map(|(after, moves)| moves.iter().filter_map(|step| pair(before, after, step)))
        .collect();
    let packages = Packages::load(world, &pairs)?;
    for (after, moves) in changes {
        for step in moves {
            step.cautions = match pair(before, after, step) {
                Some((old, new)) => cautions(world, before, after, &packages, old, new),
                None => added(before, after, step)
                    .and_then(|new| young(world, after, new))
                    .into_iter()
                    .collect(),
            };
        }
    }
    Ok(())
}

/// Whether all that is new in `resolve` is at hand, or can be downloaded.
///
/// # Errors
///
/// When cargo's sources cannot be read at all.
pub fn can_be_had(world: &World<'_, '_>, resolve: &Resolve) -> CargoResult<bool> {
    let new: BTreeSet<(PackageId, PackageId)> = resolve
        .iter()
        .filter(|id| !world.locked.contains(id))
        .map(|id| (id, id))
        .collect();
    let packages = Packages::load(world, &new)?;
    Ok(new
        .iter()
        .all(|(id, _)| packages.has_build_script(*id).is_some()))
}

/// The packages of a move from one version to another.
fn pair(before: &Resolve, after: &Resolve, step: &Move) -> Option<(PackageId, PackageId)> {
    let (from, to) = (step.from.as_ref()?, step.to.as_ref()?);
    let new = after
        .iter()
        .find(|id| id.name() == *step.package && id.version() == to && !before.contains(id))?;
    let old = before
        .iter()
        .find(|id| is_same_crate(*id, new) && id.version() == from)?;
    Some((old, new))
}

/// The package of a move that only adds one. Whoever takes it along says that it is new.
fn added(before: &Resolve, after: &Resolve, step: &Move) -> Option<PackageId> {
    let to = step.to.as_ref().filter(|_| step.from.is_none())?;
    after
        .iter()
        .find(|id| id.name() == *step.package && id.version() == to && !before.contains(id))
}

fn young(world: &World<'_, '_>, after: &Resolve, new: PackageId) -> Option<Caution> {
    let summary = after.summary(new);
    let published = summary
        .pubtime()
        .filter(|_| world.rules.is_younger(summary, YOUNG_DAYS))?;
    Some(Caution::Young { published })
}

fn cautions(
    world: &World<'_, '_>,
    before: &Resolve,
    after: &Resolve,
    packages: &Packages<'_>,
    old: PackageId,
    new: PackageId,
) -> Vec<Caution> {
    let mut cautions: Vec<Caution> = young(world, after, new).into_iter().collect();
    match (
        packages.has_build_script(old),
        packages.has_build_script(new),
    ) {
        (_, None) => cautions.push(Caution::NotDownloaded),
        (Some(false), Some(true)) => cautions.push(Caution::BuildScript),
        _ => {}
    }
    let brought: BTreeSet<String> = after
        .deps(new)
        .map(|(target, _)| target.name())
        .filter(|name| before.iter().all(|known| known.name() != *name))
        .map(|name| name.to_string())
        .collect();
    if !brought.is_empty() {
        cautions.push(Caution::NewDependencies(brought.into_iter().collect()));
    }
    cautions
}

/// The packages to look into.
struct Packages<'gctx> {
    set: PackageSet<'gctx>,
}

impl<'gctx> Packages<'gctx> {
    fn load(
        world: &World<'_, 'gctx>,
        pairs: &BTreeSet<(PackageId, PackageId)>,
    ) -> CargoResult<Packages<'gctx>> {
        let ids: BTreeSet<PackageId> = pairs.iter().flat_map(|(old, new)| [*old, *new]).collect();
        let ids: Vec<PackageId> = ids.into_iter().collect();
        let mut registry = world.ws.package_registry()?;
        registry.add_sources(ids.iter().map(|id| id.source_id()))?;
        let set = registry.get(&ids)?;
        // All at once where that works. Where it does not, each is looked at alone, and said not to be there.
        if world.ws.gctx().offline_flag().is_none() {
            let _ = set.get_many(ids);
        }
        Ok(Packages { set })
    }

    /// None where it cannot be had.
    fn has_build_script(&self, id: PackageId) -> Option<bool> {
        let package = self.set.get_one(id).ok()?;
        let mut targets = package.targets().iter();
        Some(targets.any(|target| target.is_custom_build()))
    }
}
