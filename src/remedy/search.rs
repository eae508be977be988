//! Tries the kinds of change in turn, the smallest first: Cargo.lock alone, then a line of a manifest, then a feature.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo::CargoResult;
use cargo::core::{PackageId, Resolve};
use semver::{Version, VersionReq};

use super::attempt::{Edge, Freedom, Goal, is_same_crate};
use super::manifest::{self, Place};
use super::smallest::{Search, moves_at_all};
use super::world::{World, requirement};
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
    let search = Search {
        world,
        goal,
        usable: &successors.usable,
    };
    // A package without a successor can still go, where newer dependents do without it.
    if let Some(resolve) = search.find(Freedom::default())? {
        return Ok(Found::new(world, Change::Lockfile, held_back_by, resolve));
    }
    if reach == Reach::Manifests {
        if let Some((edits, requirements, resolve)) = requirements(&search)? {
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
    for (dependent, dep) in world.dependents(goal.package) {
        let Some(requirement) = requirement(dep) else {
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
    found.into_iter().collect()
}

/// Edits of manifests, what members require then, and what that makes of Cargo.lock.
type Required = (Vec<Edit>, BTreeMap<Edge, VersionReq>, Resolve);

/// Changes requirements of members, as few as it takes.
fn requirements(search: &Search<'_, '_, '_>) -> CargoResult<Option<Required>> {
    let (world, goal) = (search.world, search.goal);
    let places = places(world, goal)?;
    let mut chosen: Vec<&Requirement> = places.iter().collect();
    if chosen.is_empty() {
        return Ok(None);
    }
    let reach = |chosen: &[&Requirement]| search.reach(without(chosen));
    let Some(mut resolve) = reach(&chosen)? else {
        return Ok(None);
    };
    // Only those count that have to be changed for it, and of these as few as it takes.
    chosen.retain(|requirement| !requirement.is_met(&resolve));
    for place in chosen.clone() {
        let fewer: Vec<&Requirement> = chosen
            .iter()
            .copied()
            .filter(|other| *other != place)
            .collect();
        if fewer.is_empty() {
            break;
        }
        if let Some(found) = reach(&fewer)? {
            (chosen, resolve) = (fewer, found);
        }
    }
    let Some((edits, requirements)) = worded(world, &chosen, &resolve)? else {
        return Ok(None);
    };
    // Once more with exactly these.
    let given = Freedom {
        requirements: requirements.clone(),
        ..Freedom::default()
    };
    let proven = search.find(given)?;
    Ok(proven.map(|proven| (edits, requirements, proven)))
}

/// A line of a manifest that requires the package, or what leads to it, and the edges that it stands for: one, or with
/// `workspace = true` one for each member that inherits it.
#[derive(Debug, PartialEq)]
struct Requirement {
    place: Place,
    edges: Vec<Edge>,
    target: PackageId,
}

/// The lines that could be changed, those that require the package itself first.
fn places(world: &World<'_, '_>, goal: &Goal) -> CargoResult<Vec<Requirement>> {
    let leading = world.leading([goal.package]);
    let mut found: BTreeMap<(PathBuf, Vec<String>), Requirement> = BTreeMap::new();
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

/// The chosen lines require nothing but no older version.
fn without(chosen: &[&Requirement]) -> Freedom {
    let edges = chosen.iter().flat_map(|requirement| &requirement.edges);
    Freedom {
        requirements: edges.map(|edge| (edge.clone(), VersionReq::STAR)).collect(),
        ..Freedom::default()
    }
}

/// Edits of manifests, and what members require then.
type Worded = (Vec<Edit>, BTreeMap<Edge, VersionReq>);

/// The chosen lines as they should be for `resolve`, and what members require then. None where a line cannot be read.
fn worded(
    world: &World<'_, '_>,
    chosen: &[&Requirement],
    resolve: &Resolve,
) -> CargoResult<Option<Worded>> {
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
    Ok(Some((edits, requirements)))
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
