//! Tries the kinds of change in turn, the smallest first: Cargo.lock alone, then a line of a manifest, then a feature.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use cargo::CargoResult;
use cargo::core::{PackageId, Resolve};
use semver::{Version, VersionReq};

use super::attempt::{Edge, Freedom, Goal, attempt, is_same_crate};
use super::manifest::{self, Place};
use super::world::{World, are_compatible, requirement};
use super::{Change, Dependent, Edit, Move, Obstacle, Remedy, feature};

/// How far a search goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Only what Cargo.lock alone can change.
    Lockfile,
    /// What manifests can change too.
    Manifests,
}

/// A remedy and what it makes of Cargo.lock.
#[derive(Debug)]
pub struct Found {
    pub remedy: Remedy,
    /// None where there is no change to be made.
    pub resolve: Option<Resolve>,
    /// What members require after it.
    pub requirements: BTreeMap<Edge, VersionReq>,
}

/// Looks for the smallest change that makes `goal` go away.
///
/// # Errors
///
/// When a registry cannot be asked, or the index or a manifest cannot be read.
pub fn find(world: &World<'_, '_>, goal: &Goal, reach: Reach) -> CargoResult<Found> {
    let successors = Successors::new(world, goal)?;
    let held_back_by = if successors.usable.is_empty() {
        Vec::new()
    } else {
        held_back_by(world, goal, &successors.usable)
    };
    // A package without a successor can still go, where newer dependents do without it.
    if let Some(resolve) = lockfile(world, goal, &successors.usable)? {
        return Ok(Found::new(world, Change::Lockfile, held_back_by, resolve));
    }
    if reach == Reach::Manifests {
        if let Some((edits, requirements, resolve)) = requirements(world, goal)? {
            let change = Change::Manifest(edits);
            return Ok(Found {
                requirements,
                ..Found::new(world, change, held_back_by, resolve)
            });
        }
        if let Some((switch, resolve)) = feature::find(world, goal)? {
            let change = Change::Feature(switch);
            let moves = resolve
                .as_ref()
                .map(|resolve| moves(&world.locked, resolve));
            return Ok(Found {
                remedy: Remedy {
                    change,
                    moves: moves.unwrap_or_default(),
                    held_back_by,
                },
                resolve,
                requirements: BTreeMap::new(),
            });
        }
    }
    Ok(Found::nothing(successors.obstacle(), held_back_by))
}

/// Whether a later release is without what has to go.
///
/// # Errors
///
/// When the registry cannot be asked, or the index is damaged.
pub fn has_successor(world: &World<'_, '_>, goal: &Goal) -> CargoResult<bool> {
    Ok(!Successors::new(world, goal)?.usable.is_empty())
}

impl Found {
    fn new(
        world: &World<'_, '_>,
        change: Change,
        held_back_by: Vec<Dependent>,
        resolve: Resolve,
    ) -> Found {
        Found {
            remedy: Remedy {
                change,
                moves: moves(&world.locked, &resolve),
                held_back_by,
            },
            resolve: Some(resolve),
            requirements: BTreeMap::new(),
        }
    }

    pub(super) fn nothing(obstacle: Obstacle, held_back_by: Vec<Dependent>) -> Found {
        Found {
            remedy: Remedy {
                change: Change::None(obstacle),
                moves: Vec::new(),
                held_back_by,
            },
            resolve: None,
            requirements: BTreeMap::new(),
        }
    }
}

/// The later releases of the package that has to go, by what speaks for and against them.
struct Successors {
    /// Oldest first.
    usable: Vec<Version>,
    yanked: Vec<Version>,
    too_new_for_rust: Vec<(Version, String)>,
    too_young: Vec<Version>,
}

impl Successors {
    fn new(world: &World<'_, '_>, goal: &Goal) -> CargoResult<Successors> {
        let mut successors = Successors {
            usable: Vec::new(),
            yanked: Vec::new(),
            too_new_for_rust: Vec::new(),
            too_young: Vec::new(),
        };
        for release in world.releases_of(goal.package)?.iter() {
            let id = release.summary.package_id();
            let version = id.version().clone();
            let affected = world
                .advisories(id)?
                .iter()
                .any(|(id, _)| goal.advisories.contains(*id));
            // Nobody is sent to a pre-release who is not there already.
            let unwanted = !version.pre.is_empty() && goal.package.version().pre.is_empty();
            if affected || unwanted || version <= *goal.package.version() {
                continue;
            }
            if release.yanked {
                successors.yanked.push(version);
            } else if !world.rules.allows_rust(&release.summary) {
                let needs = release.summary.rust_version().map(ToString::to_string);
                successors
                    .too_new_for_rust
                    .push((version, needs.unwrap_or_default()));
            } else if !world.rules.allows_age(&release.summary) {
                successors.too_young.push(version);
            } else {
                successors.usable.push(version);
            }
        }
        Ok(successors)
    }

    /// Why none is to be had.
    fn obstacle(mut self) -> Obstacle {
        if !self.usable.is_empty() {
            Obstacle::OutOfReach(self.usable.swap_remove(0))
        } else if !self.too_young.is_empty() {
            Obstacle::TooYoung(self.too_young.swap_remove(0))
        } else if !self.too_new_for_rust.is_empty() {
            let (version, needs) = self.too_new_for_rust.swap_remove(0);
            Obstacle::RustVersion { version, needs }
        } else if !self.yanked.is_empty() {
            Obstacle::PatchYanked(self.yanked)
        } else {
            Obstacle::NoPatch
        }
    }
}

/// The dependents of the package whose requirements none of `versions` meets.
fn held_back_by(world: &World<'_, '_>, goal: &Goal, versions: &[Version]) -> Vec<Dependent> {
    let mut found = BTreeSet::new();
    for dependent in world.locked.iter() {
        for (dep, target) in world.dependencies(dependent) {
            let Some(requirement) = requirement(dep).filter(|_| target == goal.package) else {
                continue;
            };
            if !versions.iter().any(|version| requirement.matches(version)) {
                found.insert(Dependent {
                    package: dependent.name().to_string(),
                    version: dependent.version().clone(),
                    member: world.ws.is_member_id(dependent),
                    requirement: requirement.to_string(),
                });
            }
        }
    }
    found.into_iter().collect()
}

/// How many releases nearer than one that is known to work are tried.
const NEARER: usize = 16;

/// Changes Cargo.lock alone.
fn lockfile(
    world: &World<'_, '_>,
    goal: &Goal,
    usable: &[Version],
) -> CargoResult<Option<Resolve>> {
    let alone = Freedom {
        movable: BTreeSet::from([goal.package]),
        ..Freedom::default()
    };
    if let Some(resolve) = attempt(world, goal, &alone)? {
        return newest(world, goal, alone, resolve).map(Some);
    }
    let freedom = Freedom {
        movable: world.locked.iter().filter(|id| moves_at_all(*id)).collect(),
        ..Freedom::default()
    };
    nearest(world, goal, usable, freedom)
}

/// Resolves with `freedom`, so that the package that has to go moves no further than it must.
///
/// When the resolver meets a conflict, it goes on to the next release of the package that it looks at before it goes back
/// on what it has chosen for others, so that its first answer can be too far.
fn nearest(
    world: &World<'_, '_>,
    goal: &Goal,
    usable: &[Version],
    mut freedom: Freedom,
) -> CargoResult<Option<Resolve>> {
    let Some(mut resolve) = attempt(world, goal, &freedom)? else {
        return Ok(None);
    };
    let reached = resolve
        .iter()
        .filter(|id| is_same_crate(*id, goal.package) && !world.locked.contains(id))
        .map(|id| id.version().clone())
        .min();
    if let Some(reached) = reached {
        for version in usable
            .iter()
            .filter(|version| **version < reached)
            .take(NEARER)
        {
            freedom.target = Some(version.clone());
            if let Some(nearer) = attempt(world, goal, &freedom)? {
                resolve = nearer;
                break;
            }
            freedom.target = None;
        }
    }
    let (freedom, resolve) = fewest(world, goal, freedom, resolve)?;
    let resolve = lower(world, goal, &freedom, resolve)?;
    newest(world, goal, freedom, resolve).map(Some)
}

fn moves_at_all(id: PackageId) -> bool {
    id.source_id().is_registry()
}

/// Takes back from a way out the moves that it does not need.
fn fewest(
    world: &World<'_, '_>,
    goal: &Goal,
    mut freedom: Freedom,
    mut resolve: Resolve,
) -> CargoResult<(Freedom, Resolve)> {
    // What did not move needs no freedom.
    freedom.movable = gone(world, &resolve);
    freedom.movable.insert(goal.package);
    let idle = idle(world, goal, &resolve);
    let one_by_one = idle.iter().map(|id| BTreeSet::from([*id]));
    for candidates in [idle.clone()].into_iter().chain(one_by_one) {
        if candidates.is_disjoint(&freedom.movable) {
            continue;
        }
        let mut less = freedom.clone();
        less.movable.retain(|id| !candidates.contains(id));
        if let Some(smaller) = attempt(world, goal, &less)? {
            less.movable = gone(world, &smaller);
            less.movable.insert(goal.package);
            (freedom, resolve) = (less, smaller);
        }
    }
    Ok((freedom, resolve))
}

/// Takes the newest of what is new to Cargo.lock, as cargo would. What moves stays where it is in `resolve`.
fn newest(
    world: &World<'_, '_>,
    goal: &Goal,
    mut freedom: Freedom,
    resolve: Resolve,
) -> CargoResult<Resolve> {
    if !adds(world, &resolve) {
        return Ok(resolve);
    }
    let mut versions: HashMap<_, BTreeSet<Version>> = HashMap::new();
    for id in successors(world, &resolve) {
        versions
            .entry(id.name())
            .or_default()
            .insert(id.version().clone());
    }
    freedom.versions = Some(versions);
    Ok(attempt(world, goal, &freedom)?.unwrap_or(resolve))
}

/// Whether `resolve` has anything that takes no other package's place.
fn adds(world: &World<'_, '_>, resolve: &Resolve) -> bool {
    let added = resolve
        .iter()
        .filter(|id| !world.locked.contains(id))
        .count();
    added > successors(world, resolve).len()
}

/// The packages that moved and that nothing required to move: neither what stayed, nor what moved for a reason.
fn idle(world: &World<'_, '_>, goal: &Goal, resolve: &Resolve) -> BTreeSet<PackageId> {
    let gone = gone(world, resolve);
    let is_new = |id: PackageId| !world.locked.contains(&id);
    let mut active: Vec<PackageId> = resolve
        .iter()
        .filter(|id| !is_new(*id) || is_same_crate(*id, goal.package))
        .collect();
    let mut seen: BTreeSet<PackageId> = active.iter().copied().collect();
    let mut needed = BTreeSet::from([goal.package]);
    while let Some(dependent) = active.pop() {
        for (target, deps) in resolve.deps(dependent) {
            let replaced = gone.iter().filter(|old| {
                is_same_crate(**old, target) && are_compatible(old.version(), target.version())
            });
            let mut for_a_reason = is_new(target);
            for old in replaced {
                let excluded = deps
                    .iter()
                    .filter_map(requirement)
                    .any(|requirement| !requirement.matches(old.version()));
                for_a_reason = excluded || needed.contains(old);
                if excluded {
                    needed.insert(*old);
                }
            }
            if for_a_reason && seen.insert(target) {
                active.push(target);
            }
        }
    }
    // What merely went needs no successor, and no freedom either.
    let moved = successors(world, resolve);
    gone.difference(&needed)
        .copied()
        .filter(|old| moved.iter().any(|new| is_same_crate(*old, *new)))
        .collect()
}

/// Moves packages less far, as long as that works and no other moves further.
fn lower(
    world: &World<'_, '_>,
    goal: &Goal,
    freedom: &Freedom,
    mut resolve: Resolve,
) -> CargoResult<Resolve> {
    let mut settled = BTreeSet::new();
    loop {
        let moved = successors(world, &resolve);
        let Some(candidate) = moved
            .iter()
            .copied()
            .filter(|id| !settled.contains(id))
            .find(|id| could_be_lower(world, &resolve, *id))
        else {
            return Ok(resolve);
        };
        let mut less = freedom.clone();
        for other in &moved {
            let limit = next(other.version());
            let known = less
                .below
                .entry(other.name())
                .or_insert_with(|| limit.clone());
            *known = limit.max(known.clone());
        }
        less.below
            .insert(candidate.name(), candidate.version().clone());
        match attempt(world, goal, &less)? {
            Some(lowered) => resolve = lowered,
            None => {
                settled.insert(candidate);
            }
        }
    }
}

/// Whether there is an older release than `moved` that all who depend on it could use, and that is new too.
fn could_be_lower(world: &World<'_, '_>, resolve: &Resolve, moved: PackageId) -> bool {
    let Ok(releases) = world.releases_of(moved) else {
        return false;
    };
    let requirements: Vec<&VersionReq> = resolve
        .iter()
        .flat_map(|dependent| resolve.deps(dependent))
        .filter(|(target, _)| *target == moved)
        .flat_map(|(_, deps)| deps.iter().filter_map(requirement))
        .collect();
    let oldest = world
        .locked_of(moved.name())
        .iter()
        .filter(|old| is_same_crate(**old, moved))
        .map(|old| old.version())
        .min();
    releases.iter().any(|release| {
        let version = release.summary.version();
        !release.yanked
            && version < moved.version()
            && oldest.is_none_or(|oldest| version > oldest)
            && requirements
                .iter()
                .all(|requirement| requirement.matches(version))
    })
}

/// The first version that is above `version`, for all that a registry can hold.
fn next(version: &Version) -> Version {
    Version {
        pre: semver::Prerelease::new("0").expect("a number is a pre-release"),
        ..Version::new(version.major, version.minor, version.patch + 1)
    }
}

/// What took the place of packages of Cargo.lock, in `resolve`.
fn successors(world: &World<'_, '_>, resolve: &Resolve) -> Vec<PackageId> {
    let gone = gone(world, resolve);
    resolve
        .iter()
        .filter(|new| {
            !world.locked.contains(new) && gone.iter().any(|old| is_same_crate(*old, *new))
        })
        .collect()
}

/// The packages that may move and are not in `resolve` any more.
fn gone(world: &World<'_, '_>, resolve: &Resolve) -> BTreeSet<PackageId> {
    world
        .locked
        .iter()
        .filter(|id| moves_at_all(*id) && !resolve.contains(id))
        .collect()
}

/// Edits of manifests, what members require then, and what that makes of Cargo.lock.
type Required = (Vec<Edit>, BTreeMap<Edge, VersionReq>, Resolve);

/// Changes requirements of members, as few as it takes.
fn requirements(world: &World<'_, '_>, goal: &Goal) -> CargoResult<Option<Required>> {
    let leading = world.dependents(goal.package);
    let places = places(world, goal, &leading)?;
    if places.is_empty() {
        return Ok(None);
    }
    let all: Vec<&Requirement> = places.iter().collect();
    let Some(resolve) = attempt(world, goal, &without(world, &all))? else {
        return Ok(None);
    };
    // Only those count that have to be changed for it, and of these as few as it takes.
    let mut chosen = all;
    chosen.retain(|requirement| !requirement.is_met(&resolve));
    for place in chosen.clone() {
        let fewer: Vec<_> = chosen
            .iter()
            .copied()
            .filter(|other| *other != place)
            .collect();
        if chosen.len() > 1 && attempt(world, goal, &without(world, &fewer))?.is_some() {
            chosen = fewer;
        }
    }
    match attempt(world, goal, &without(world, &chosen))? {
        Some(resolve) => prove(world, goal, &chosen, &resolve),
        None => Ok(None),
    }
}

/// A line of a manifest that requires the package, or what leads to it, and the edges that it stands for: one, or with
/// `workspace = true` one for each member that inherits it.
#[derive(Debug, PartialEq)]
struct Requirement {
    place: Place,
    edges: Vec<Edge>,
    target: PackageId,
}

/// The lines that could be changed.
fn places(
    world: &World<'_, '_>,
    goal: &Goal,
    leading: &BTreeSet<PackageId>,
) -> CargoResult<Vec<Requirement>> {
    let mut found: BTreeMap<(std::path::PathBuf, Vec<String>), Requirement> = BTreeMap::new();
    for member in world.ws.members() {
        let id = member.package_id();
        for (dep, target) in world.dependencies(id) {
            if !leading.contains(&target) || !moves_at_all(target) {
                continue;
            }
            let Some(place) = world.manifests.locate(world.ws, member, dep)? else {
                continue;
            };
            found
                .entry((place.manifest.clone(), place.key.clone()))
                .or_insert_with(|| Requirement {
                    place,
                    edges: Vec::new(),
                    target,
                })
                .edges
                .push(Edge::new(id, dep));
        }
    }
    let mut found: Vec<Requirement> = found.into_values().collect();
    found.sort_by_key(|requirement| requirement.target != goal.package);
    Ok(found)
}

impl Requirement {
    /// Whether `resolve` meets it as it is.
    fn is_met(&self, resolve: &Resolve) -> bool {
        let requirement = VersionReq::parse(&self.place.requirement);
        target(resolve, &self.edges[0]).is_none_or(|version| {
            requirement.is_ok_and(|requirement| requirement.matches(&version))
        })
    }
}

/// Lets everything move, and the chosen lines require nothing but no older version.
fn without(world: &World<'_, '_>, chosen: &[&Requirement]) -> Freedom {
    let edges = chosen.iter().flat_map(|requirement| &requirement.edges);
    Freedom {
        requirements: edges.map(|edge| (edge.clone(), VersionReq::STAR)).collect(),
        movable: world.locked.iter().filter(|id| moves_at_all(*id)).collect(),
        ..Freedom::default()
    }
}

/// Words the new requirements, and resolves once more with exactly these.
fn prove(
    world: &World<'_, '_>,
    goal: &Goal,
    chosen: &[&Requirement],
    resolve: &Resolve,
) -> CargoResult<Option<Required>> {
    let mut edits = Vec::new();
    let mut requirements = BTreeMap::new();
    for requirement in chosen {
        let Some(version) = target(resolve, &requirement.edges[0]) else {
            continue;
        };
        let Ok(old) = VersionReq::parse(&requirement.place.requirement) else {
            return Ok(None);
        };
        if old.matches(&version) {
            continue;
        }
        let new = manifest::requirement_for(&requirement.place.requirement, &old, &version);
        for edge in &requirement.edges {
            requirements.insert(edge.clone(), VersionReq::parse(&new)?);
        }
        edits.push(requirement.place.clone().edit(world.ws.root(), new));
    }
    let mut movable = gone(world, resolve);
    movable.insert(goal.package);
    let freedom = Freedom {
        movable,
        requirements,
        ..Freedom::default()
    };
    let Some(proven) = attempt(world, goal, &freedom)? else {
        return Ok(None);
    };
    let requirements = freedom.requirements.clone();
    let (freedom, proven) = fewest(world, goal, freedom, proven)?;
    let proven = newest(world, goal, freedom, proven)?;
    Ok(Some((edits, requirements, proven)))
}

/// The version that `edge` leads to.
fn target(resolve: &Resolve, edge: &Edge) -> Option<Version> {
    resolve
        .deps(edge.member)
        .find(|(_, deps)| deps.iter().any(|dep| Edge::new(edge.member, dep) == *edge))
        .map(|(id, _)| id.version().clone())
}

/// What differs between two states of Cargo.lock, by name: each package that is gone with what took its place.
pub fn moves(before: &Resolve, after: &Resolve) -> Vec<Move> {
    let mut added: Vec<PackageId> = after.iter().filter(|id| !before.contains(id)).collect();
    let mut removed: Vec<PackageId> = before.iter().filter(|id| !after.contains(id)).collect();
    added.sort();
    removed.sort();
    let mut moves = Vec::new();
    for old in removed {
        let successor = added
            .iter()
            .position(|new| is_same_crate(*new, old) && new.version() > old.version());
        moves.push(Move {
            package: old.name().to_string(),
            from: Some(old.version().clone()),
            to: successor.map(|place| added.remove(place).version().clone()),
            cautions: Vec::new(),
        });
    }
    moves.extend(added.into_iter().map(|new| Move {
        package: new.name().to_string(),
        from: None,
        to: Some(new.version().clone()),
        cautions: Vec::new(),
    }));
    moves.sort_by(|a, b| (&a.package, &a.from, &a.to).cmp(&(&b.package, &b.from, &b.to)));
    moves
}

/// The path of `manifest` as a user in `root` would name it.
pub(super) fn shown<'p>(manifest: &'p Path, root: &Path) -> &'p Path {
    manifest.strip_prefix(root).unwrap_or(manifest)
}
