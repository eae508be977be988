//! The smallest set of moves that reaches a goal, and none of them further than it must.
//!
//! A search begins with the package that has to go and nothing else, and adds what was in the way of that: first what
//! takes the place of a release that was asked for, and whoever's requirements exclude one; when that is not enough, all
//! that leads to the package. Only what leads to packages that move is resolved on the way. Then it takes back what turns
//! out not to be needed, and resolves all of Cargo.lock once, which is the proof.

use std::collections::{BTreeSet, HashMap};

use cargo::CargoResult;
use cargo::core::{PackageId, Resolve};
use semver::{Version, VersionReq};

use super::attempt::{Freedom, Goal, Stuck, attempt, is_same_crate, try_resolve};
use super::world::{World, are_compatible, requirement};

/// How many releases nearer than one that is known to work are tried.
const NEARER: usize = 16;

/// What is looked for, and where.
pub(super) struct Search<'a, 'w, 'gctx> {
    pub(super) world: &'a World<'w, 'gctx>,
    pub(super) goal: &'a Goal,
    /// The releases that can take the package's place, the oldest first.
    pub(super) usable: &'a [Version],
}

/// A freedom and what was resolved with it.
struct Way {
    freedom: Freedom,
    resolve: Resolve,
}

impl Search<'_, '_, '_> {
    /// Finds the smallest way to the goal within `given`, which says what else is different. None where there is no way.
    ///
    /// # Errors
    ///
    /// When a registry cannot be asked, or the index is damaged.
    pub(super) fn find(&self, given: Freedom) -> CargoResult<Option<Resolve>> {
        let Some(way) = self.grow(given.clone())? else {
            return Ok(None);
        };
        let way = self.nearest(way)?;
        let way = self.fewest(way)?;
        let way = self.lower(way)?;
        if let Some(proven) = self.prove(way)? {
            return Ok(Some(proven));
        }
        // Something that was not looked at is in the way after all, such as two packages that link the same library.
        self.anywhere(given)
    }

    /// Finds any way to the goal within `given`, as far as members have to do with it.
    ///
    /// # Errors
    ///
    /// As [`Search::find`].
    pub(super) fn reach(&self, given: Freedom) -> CargoResult<Option<Resolve>> {
        Ok(self.grow(given)?.map(|way| way.resolve))
    }

    /// Begins with the package alone, and frees what is in the way until there is a way, or nothing in it any more.
    fn grow(&self, given: Freedom) -> CargoResult<Option<Way>> {
        let alone = BTreeSet::from([self.goal.package]);
        let mut freedom = Freedom {
            movable: alone.clone(),
            near: Some(alone),
            ..given
        };
        let mut everybody = false;
        loop {
            let stuck = match try_resolve(self.world, self.goal, &freedom)? {
                Ok(resolve) => return Ok(Some(Way { freedom, resolve })),
                Err(stuck) => stuck,
            };
            let Stuck {
                mut occupants,
                mut holders,
            } = stuck;
            holders.extend(self.excluding(&freedom)?);
            for found in [&mut occupants, &mut holders] {
                found.retain(|id| moves_at_all(*id) && !freedom.movable.contains(id));
            }
            if occupants.is_empty() && holders.is_empty() {
                if everybody {
                    return Ok(None);
                }
                everybody = true;
                holders = self.world.leading([self.goal.package]);
                holders.retain(|id| moves_at_all(*id));
            }
            freedom.movable.extend(occupants);
            freedom.movable.extend(holders.iter().copied());
            freedom.near.get_or_insert_default().extend(holders);
        }
    }

    /// The dependents of what has to move that exclude every release that it could move to.
    fn excluding(&self, freedom: &Freedom) -> CargoResult<BTreeSet<PackageId>> {
        let mut found = BTreeSet::new();
        for moving in freedom.near.iter().flatten() {
            let later: Vec<Version> = if *moving == self.goal.package {
                self.usable.to_vec()
            } else {
                let releases = self.world.releases_of(*moving)?;
                let later = releases.iter().filter(|release| {
                    !release.yanked && release.summary.version() > moving.version()
                });
                later
                    .map(|release| release.summary.version().clone())
                    .collect()
            };
            for (dependent, dep) in self.world.dependents(*moving) {
                let excludes = |requirement: &VersionReq| {
                    !later.iter().any(|version| requirement.matches(version))
                };
                if requirement(dep).is_none_or(excludes) {
                    found.insert(dependent);
                }
            }
        }
        Ok(found)
    }

    /// Looks for a nearer release of the package.
    ///
    /// When the resolver meets a conflict, it goes on to the next release of the package that it looks at before it goes
    /// back on what it has chosen for others, so that its first answer can be too far.
    fn nearest(&self, mut way: Way) -> CargoResult<Way> {
        let reached = way
            .resolve
            .iter()
            .filter(|id| is_same_crate(*id, self.goal.package) && !self.world.locked.contains(id))
            .map(|id| id.version().clone())
            .min();
        let Some(reached) = reached else {
            return Ok(way);
        };
        let nearer = self.usable.iter().take_while(|version| **version < reached);
        for version in nearer.take(NEARER) {
            let freedom = Freedom {
                target: Some(version.clone()),
                ..way.freedom.clone()
            };
            if let Some(resolve) = attempt(self.world, self.goal, &freedom)? {
                return Ok(Way { freedom, resolve });
            }
        }
        way.freedom.target = Some(reached);
        Ok(way)
    }

    /// Takes back the moves that nothing needs.
    fn fewest(&self, mut way: Way) -> CargoResult<Way> {
        // What did not move needs no freedom.
        way.freedom.movable = self.gone(&way);
        way.freedom.movable.insert(self.goal.package);
        let idle = self.idle(&way);
        let one_by_one = idle.iter().map(|id| BTreeSet::from([*id]));
        for candidates in [idle.clone()].into_iter().chain(one_by_one) {
            if candidates.is_disjoint(&way.freedom.movable) {
                continue;
            }
            let mut freedom = way.freedom.clone();
            freedom.movable.retain(|id| !candidates.contains(id));
            if let Some(resolve) = attempt(self.world, self.goal, &freedom)? {
                way = Way { freedom, resolve };
                way.freedom.movable = self.gone(&way);
                way.freedom.movable.insert(self.goal.package);
            }
        }
        Ok(way)
    }

    /// The packages that moved though nothing required them to: neither what stayed, nor what moved for a reason.
    fn idle(&self, way: &Way) -> BTreeSet<PackageId> {
        let world = self.world;
        let gone = self.gone(way);
        let is_new = |id: PackageId| !world.locked.contains(&id);
        let successor_of = |old: PackageId| {
            way.resolve
                .iter()
                .find(|new| is_new(*new) && is_same_crate(*new, old))
        };
        let mut active: Vec<PackageId> = way
            .resolve
            .iter()
            .filter(|id| !is_new(*id) || is_same_crate(*id, self.goal.package))
            .collect();
        let mut seen: BTreeSet<PackageId> = active.iter().copied().collect();
        let mut needed = BTreeSet::from([self.goal.package]);
        loop {
            while let Some(dependent) = active.pop() {
                for (target, deps) in way.resolve.deps(dependent) {
                    let replaced = gone.iter().filter(|old| {
                        is_same_crate(**old, target)
                            && are_compatible(old.version(), target.version())
                    });
                    let mut for_a_reason = is_new(target);
                    for old in replaced {
                        let excluded = deps
                            .iter()
                            .filter_map(requirement)
                            .any(|requirement| !requirement.matches(old.version()));
                        if excluded {
                            needed.insert(*old);
                        }
                        for_a_reason = needed.contains(old);
                    }
                    if for_a_reason && seen.insert(target) {
                        active.push(target);
                    }
                }
            }
            // Whoever excludes what its dependency moved to had to move out of the way.
            let held = gone.iter().copied().find(|old| {
                !needed.contains(old)
                    && world.dependencies(*old).any(|(dep, target)| {
                        let moved_to = successor_of(target).filter(|_| needed.contains(&target));
                        requirement(dep)
                            .zip(moved_to)
                            .is_some_and(|(requirement, new)| !requirement.matches(new.version()))
                    })
            });
            let Some(held) = held else {
                break;
            };
            needed.insert(held);
            active.extend(successor_of(held).filter(|new| seen.insert(*new)));
        }
        // What merely went needs no successor, and no freedom either.
        gone.into_iter()
            .filter(|old| !needed.contains(old) && successor_of(*old).is_some())
            .collect()
    }

    /// Moves packages less far, as long as that works and no other moves further.
    fn lower(&self, mut way: Way) -> CargoResult<Way> {
        if way.freedom.movable.len() == 1 {
            return Ok(way);
        }
        let mut settled = BTreeSet::new();
        loop {
            let moved = self.successors(&way);
            let mut candidate = None;
            for id in moved.iter().filter(|id| !settled.contains(*id)) {
                if self.could_be_lower(&way, *id)? {
                    candidate = Some(*id);
                    break;
                }
            }
            let Some(candidate) = candidate else {
                return Ok(way);
            };
            let mut freedom = way.freedom.clone();
            for other in &moved {
                let limit = next(other.version());
                let known = freedom
                    .below
                    .entry(other.name())
                    .or_insert_with(|| limit.clone());
                *known = limit.max(known.clone());
            }
            freedom
                .below
                .insert(candidate.name(), candidate.version().clone());
            match attempt(self.world, self.goal, &freedom)? {
                Some(resolve) => way.resolve = resolve,
                None => {
                    settled.insert(candidate);
                }
            }
        }
    }

    /// Whether there is an older release than `moved` that all could use that did not move themselves.
    fn could_be_lower(&self, way: &Way, moved: PackageId) -> CargoResult<bool> {
        if is_same_crate(moved, self.goal.package) {
            // That was looked for already.
            return Ok(false);
        }
        let requirements: Vec<&VersionReq> = way
            .resolve
            .iter()
            .filter(|dependent| self.world.locked.contains(dependent))
            .flat_map(|dependent| way.resolve.deps(dependent))
            .filter(|(target, _)| *target == moved)
            .flat_map(|(_, deps)| deps.iter().filter_map(requirement))
            .collect();
        let locked = self.world.locked_of(moved.name()).iter();
        let oldest = locked
            .filter(|old| is_same_crate(**old, moved))
            .map(|old| old.version())
            .min();
        let releases = self.world.releases_of(moved)?;
        Ok(releases.iter().any(|release| {
            let version = release.summary.version();
            !release.yanked
                && version < moved.version()
                && are_compatible(version, moved.version())
                && oldest.is_none_or(|oldest| version > oldest)
                && requirements
                    .iter()
                    .all(|requirement| requirement.matches(version))
        }))
    }

    /// Resolves all of Cargo.lock, with what moves going where it went, and of what is new the newest, as cargo takes it.
    fn prove(&self, way: Way) -> CargoResult<Option<Resolve>> {
        let mut versions: HashMap<_, BTreeSet<Version>> = HashMap::new();
        for id in self.successors(&way) {
            versions
                .entry(id.name())
                .or_default()
                .insert(id.version().clone());
        }
        let freedom = Freedom {
            near: None,
            versions: Some(versions),
            below: HashMap::new(),
            ..way.freedom
        };
        attempt(self.world, self.goal, &freedom)
    }

    /// Resolves with everything free to move, and takes back what it can.
    fn anywhere(&self, given: Freedom) -> CargoResult<Option<Resolve>> {
        let freedom = Freedom {
            movable: self
                .world
                .locked
                .iter()
                .filter(|id| moves_at_all(*id))
                .collect(),
            ..given
        };
        let Some(resolve) = attempt(self.world, self.goal, &freedom)? else {
            return Ok(None);
        };
        let way = self.fewest(Way { freedom, resolve })?;
        Ok(Some(way.resolve))
    }

    /// The packages that were free to move and are not there any more. Of those that nobody looked at only the ones count
    /// that have a successor.
    fn gone(&self, way: &Way) -> BTreeSet<PackageId> {
        let leading = way.freedom.leading(self.world);
        way.freedom
            .movable
            .iter()
            .copied()
            .filter(|old| !way.resolve.contains(old))
            .filter(|old| {
                leading.as_ref().is_none_or(|leading| leading.contains(old))
                    || way.resolve.iter().any(|new| {
                        is_same_crate(new, *old) && are_compatible(new.version(), old.version())
                    })
            })
            .collect()
    }

    /// What took the place of packages of Cargo.lock.
    fn successors(&self, way: &Way) -> Vec<PackageId> {
        let gone = self.gone(way);
        way.resolve
            .iter()
            .filter(|new| {
                !self.world.locked.contains(new) && gone.iter().any(|old| is_same_crate(*old, *new))
            })
            .collect()
    }
}

/// Whether there is anything to move to: paths and git repositories have one version.
pub(super) fn moves_at_all(id: PackageId) -> bool {
    id.source_id().is_registry()
}

/// The first version that is above `version`, for all that a registry can hold.
fn next(version: &Version) -> Version {
    Version {
        pre: semver::Prerelease::new("0").expect("a number is a pre-release"),
        ..Version::new(version.major, version.minor, version.patch + 1)
    }
}
