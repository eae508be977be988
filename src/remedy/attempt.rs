//! One resolve in which little may change.
//!
//! Cargo's resolver decides, over a registry that offers it for each package what is there now, and beside it only the
//! releases that a remedy may move to. All that must stay is locked edge by edge, so that nothing else can move.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::future::poll_fn;
use std::task::Poll;

use cargo::CargoResult;
use cargo::core::dependency::DepKind;
use cargo::core::resolver::features::{CliFeatures, RequestedFeatures};
use cargo::core::resolver::{
    self, ResolveOpts, ResolveVersion, VersionOrdering, VersionPreferences,
};
use cargo::core::{Dependency, PackageId, Registry, Resolve, SourceId, Summary};
use cargo::sources::IndexSummary;
use cargo::sources::source::QueryKind;
use cargo::util::OptVersionReq;
use cargo::util::interning::InternedString;
use semver::{Version, VersionReq};

use super::feature::Features;
use super::releases::{Question, Release, at_least};
use super::world::{World, are_compatible, requirement};
use crate::advisory::Kind;

/// What has to go.
#[derive(Clone, Debug)]
pub struct Goal {
    /// The package of Cargo.lock that has the findings.
    pub package: PackageId,
    /// Ids of the advisories that the new version must not have. A yanked version is never taken.
    pub advisories: BTreeSet<String>,
}

/// A requirement of a workspace member.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Edge {
    pub member: PackageId,
    pub name_in_toml: InternedString,
    pub kind: DepKind,
    pub platform: Option<String>,
}

impl Edge {
    pub fn new(member: PackageId, dep: &Dependency) -> Edge {
        Edge {
            member,
            name_in_toml: dep.name_in_toml(),
            kind: dep.kind(),
            platform: dep.platform().map(ToString::to_string),
        }
    }
}

/// What one resolve may change.
#[derive(Clone, Debug, Default)]
pub struct Freedom {
    /// The packages of Cargo.lock that may move.
    pub movable: BTreeSet<PackageId>,
    /// Of these, the ones whose dependents are looked at; of the rest of Cargo.lock nothing is resolved that does not meet
    /// what moves. None to resolve all of it.
    pub near: Option<BTreeSet<PackageId>>,
    /// What some members are taken to require instead.
    pub requirements: BTreeMap<Edge, VersionReq>,
    /// The version that takes the place of the package that has to go.
    pub target: Option<Version>,
    /// Of these crates no other new versions than these. Of what else is new, the newest.
    pub versions: Option<HashMap<InternedString, BTreeSet<Version>>>,
    /// Crates, each with the version that it must stay below.
    pub below: HashMap<InternedString, Version>,
    /// The package that has to go is to go altogether: nothing may take its place.
    pub drops: bool,
    /// The features that some members' dependencies have instead.
    pub features: BTreeMap<Edge, Features>,
    /// The features of the members that count. None for all, as for Cargo.lock.
    pub built: Option<CliFeatures>,
    /// Members that have other features than `built`.
    pub own: BTreeMap<PackageId, CliFeatures>,
}

impl Freedom {
    /// The packages of Cargo.lock that are resolved, and not only held against requirements. None for all.
    pub fn leading(&self, world: &World<'_, '_>) -> Option<BTreeSet<PackageId>> {
        let near = self.near.as_ref()?;
        Some(world.leading(near.iter().copied()))
    }
}

/// What kept a resolve from a way out, as far as more freedom would help.
#[derive(Debug, Default)]
pub struct Stuck {
    /// Packages that take the place of releases that were asked for.
    pub occupants: BTreeSet<PackageId>,
    /// Packages whose requirements exclude such releases.
    pub holders: BTreeSet<PackageId>,
}

/// Resolves the workspace with `goal` gone. None where the resolver finds no way.
///
/// # Errors
///
/// When a registry cannot be asked, or the index is damaged.
pub fn attempt(
    world: &World<'_, '_>,
    goal: &Goal,
    freedom: &Freedom,
) -> CargoResult<Option<Resolve>> {
    Ok(try_resolve(world, goal, freedom)?.ok())
}

/// The same, and what was in the way where there is none.
///
/// # Errors
///
/// As [`attempt`].
pub fn try_resolve(
    world: &World<'_, '_>,
    goal: &Goal,
    freedom: &Freedom,
) -> CargoResult<Result<Resolve, Stuck>> {
    loop {
        let offer = Offer {
            world,
            goal,
            freedom,
            leading: freedom.leading(world),
            missing: RefCell::default(),
            stuck: RefCell::default(),
            failure: RefCell::default(),
        };
        let resolved = offer.resolve();
        if let Some(failure) = offer.failure.into_inner() {
            return Err(failure);
        }
        let missing = offer.missing.into_inner();
        if !missing.is_empty() {
            world.ask(missing)?;
            continue;
        }
        // All other errors say that there is no way.
        let Ok(mut resolved) = resolved else {
            return Ok(Err(offer.stuck.into_inner()));
        };
        resolved.register_used_patches(world.patches());
        resolved.merge_from(&world.locked)?;
        resolved.set_version(world.locked.version());
        return Ok(Ok(resolved));
    }
}

/// The registry that the resolver sees.
struct Offer<'a, 'w, 'gctx> {
    world: &'a World<'w, 'gctx>,
    goal: &'a Goal,
    freedom: &'a Freedom,
    /// What of Cargo.lock is resolved. None for all.
    leading: Option<BTreeSet<PackageId>>,
    /// What was asked and is not known yet. Registries are asked between two resolves, all at once: a
    /// resolver that gives up drops its questions, and cargo's sources do not answer one again that was dropped.
    missing: RefCell<HashSet<Question>>,
    stuck: RefCell<Stuck>,
    /// The first failure of the index, which the resolver would take for a conflict.
    failure: RefCell<Option<anyhow::Error>>,
}

impl Registry for Offer<'_, '_, '_> {
    async fn query(
        &self,
        dep: &Dependency,
        kind: QueryKind,
        f: &mut dyn FnMut(IndexSummary),
    ) -> CargoResult<()> {
        if kind != QueryKind::Exact {
            // Only asked to word an error that nobody reads.
            return Ok(());
        }
        let offered = self.offered(dep).map_err(|error| {
            let message = anyhow::anyhow!("{error:#}");
            self.failure.borrow_mut().get_or_insert(error);
            message
        })?;
        let Some(offered) = offered else {
            // Not ready yet: the resolver goes on without, which is no conflict to it, until there is nothing more to do.
            yield_once().await;
            anyhow::bail!("not answered yet");
        };
        offered.into_iter().map(IndexSummary::Candidate).for_each(f);
        Ok(())
    }

    fn describe_source(&self, source: SourceId) -> String {
        source.to_string()
    }

    fn is_replaced(&self, _source: SourceId) -> bool {
        false
    }
}

impl Offer<'_, '_, '_> {
    fn resolve(&self) -> CargoResult<Resolve> {
        let world = self.world;
        let mut preferences = VersionPreferences::default();
        if self.freedom.versions.is_none() {
            preferences.version_ordering(VersionOrdering::MinimumVersionsFirst);
        }
        preferences.rust_versions(world.rules.rust_versions.clone());
        for id in world.locked.iter() {
            preferences.prefer_package_id(id);
        }
        let all = || CliFeatures::new_all(true);
        let features = self.freedom.built.clone().unwrap_or_else(all);
        let members: Vec<(Summary, ResolveOpts)> = world
            .ws
            .members()
            .map(|member| {
                let id = member.package_id();
                let features = self.freedom.own.get(&id).unwrap_or(&features);
                let options = ResolveOpts {
                    dev_deps: true,
                    features: RequestedFeatures::CliFeatures(features.clone()),
                };
                (self.held(id), options)
            })
            .collect();
        resolver::resolve(
            &members,
            world.ws.root_replace(),
            self,
            &preferences,
            ResolveVersion::with_rust_version(world.ws.lowest_rust_version()),
            None,
        )
    }

    /// The candidates for `dep`. None where a registry has to be asked first.
    fn offered(&self, dep: &Dependency) -> CargoResult<Option<Vec<Summary>>> {
        let mut offered = Vec::new();
        let mut stays = dep.is_locked() || !dep.source_id().is_registry();
        for &id in self.world.locked_of(dep.package_name()) {
            // A locked requirement of something that stays is met as before, whatever it is.
            if self.world.is_of(dep, id)
                && dep.version_req().matches(id.version())
                && (dep.is_locked() || self.may_stay(id)?)
            {
                stays |= !self.freedom.movable.contains(&id);
                offered.push(self.held(id));
            }
        }
        // As cargo does: who can use what Cargo.lock has uses that.
        if stays {
            return Ok(Some(offered));
        }
        let question = self.world.question(dep);
        let Some(releases) = self.world.releases(&question) else {
            self.missing.borrow_mut().insert(question);
            return Ok(None);
        };
        for release in releases.iter() {
            let id = release.summary.package_id();
            if self.world.is_of(dep, id)
                && dep.version_req().matches(id.version())
                && self.is_successor(release)?
            {
                offered.push(release.summary.clone());
            }
        }
        Ok(Some(offered))
    }

    /// A package of Cargo.lock with all edges locked, but for those to what may move: these are as its manifest has them,
    /// and never lead to an older version.
    fn held(&self, id: PackageId) -> Summary {
        let (summary, targets) = self.world.package(id);
        let leads = self
            .leading
            .as_ref()
            .is_none_or(|leading| leading.contains(&id));
        if !leads && !self.world.ws.is_member_id(id) {
            return bystander(summary);
        }
        let mut targets = targets.iter();
        summary.clone().map_dependencies(|mut dep| {
            let target = *targets.next().expect("one target for each dependency");
            let edge = (id.source_id().is_path()).then(|| Edge::new(id, &dep));
            let features = edge
                .as_ref()
                .and_then(|edge| self.freedom.features.get(edge));
            if let Some(features) = features {
                dep.set_default_features(features.default);
                dep.set_features(features.named.iter().copied());
            }
            let Some(target) = target else {
                return dep;
            };
            if !self.freedom.movable.contains(&target) {
                if dep.source_id() == target.source_id() {
                    dep.lock_to(target);
                } else {
                    // A patch keeps the source that the manifest names.
                    dep.lock_version(target.version());
                }
                return dep;
            }
            let changed = edge.and_then(|edge| self.freedom.requirements.get(&edge));
            let own = requirement(&dep).cloned();
            let mut requirement = changed.cloned().or(own).unwrap_or(VersionReq::STAR);
            requirement.comparators.push(at_least(target.version()));
            dep.set_version_req(OptVersionReq::Req(requirement));
            dep
        })
    }

    /// Whether something that moves may use `id` of Cargo.lock.
    fn may_stay(&self, id: PackageId) -> CargoResult<bool> {
        if id == self.goal.package {
            return Ok(false);
        }
        Ok(id.name() != self.goal.package.name() || !self.has_goal(id)?)
    }

    /// Whether `release` may take the place of what moves, or be added beside it.
    fn is_successor(&self, release: &Release) -> CargoResult<bool> {
        let world = self.world;
        let id = release.summary.package_id();
        let locked: Vec<PackageId> = world
            .locked_of(id.name())
            .iter()
            .copied()
            .filter(|other| other.source_id() == id.source_id())
            .collect();
        if release.yanked
            || locked.contains(&id)
            || !world.rules.allows_rust(&release.summary)
            || !world.rules.allows_age(&release.summary)
        {
            return Ok(false);
        }
        let allowed = self
            .freedom
            .versions
            .as_ref()
            .and_then(|only| only.get(&id.name()));
        let below = self.freedom.below.get(&id.name());
        let target = self.freedom.target.as_ref();
        if is_same_crate(id, self.goal.package)
            && target.is_some_and(|target| target != id.version())
        {
            return Ok(false);
        }
        if allowed.is_some_and(|allowed| !allowed.contains(id.version()))
            || below.is_some_and(|below| id.version() >= below)
        {
            return Ok(false);
        }
        // What it takes the place of must be older and free to move, and so must be whoever could not use it.
        let replaced: Vec<PackageId> = locked
            .into_iter()
            .filter(|other| are_compatible(other.version(), id.version()))
            .collect();
        if replaced.iter().any(|old| old.version() > id.version())
            || !self.is_better(id, &replaced)?
        {
            return Ok(false);
        }
        for old in replaced {
            if !self.freedom.movable.contains(&old) {
                self.stuck.borrow_mut().occupants.insert(old);
                return Ok(false);
            }
            for (dependent, dep) in world.dependents(old) {
                let allows = |requirement: &VersionReq| requirement.matches(id.version());
                if !self.freedom.movable.contains(&dependent)
                    && !self.requires(dependent, dep).is_none_or(allows)
                {
                    self.stuck.borrow_mut().holders.insert(dependent);
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// What `dependent` requires, in this attempt.
    fn requires<'d>(&'d self, dependent: PackageId, dep: &'d Dependency) -> Option<&'d VersionReq> {
        let changed = if self.freedom.requirements.is_empty() {
            None
        } else {
            let edge = Edge::new(dependent, dep);
            self.freedom.requirements.get(&edge)
        };
        changed.or_else(|| requirement(dep))
    }

    /// Whether `id` has none of what has to go, and nothing as grave that was not there before.
    fn is_better(&self, id: PackageId, replaced: &[PackageId]) -> CargoResult<bool> {
        let is_goal = is_same_crate(id, self.goal.package);
        if is_goal && self.has_goal(id)? {
            return Ok(false);
        }
        let mut known: Vec<&str> = Vec::new();
        for old in replaced.iter().chain(is_goal.then_some(&self.goal.package)) {
            known.extend(self.world.advisories(*old)?.iter().map(|(id, _)| *id));
        }
        let found = self.world.advisories(id)?;
        Ok(found
            .iter()
            .all(|(id, kind)| *kind > Kind::Unsound || known.contains(id)))
    }

    fn has_goal(&self, id: PackageId) -> CargoResult<bool> {
        let found = self.world.advisories(id)?;
        Ok(found
            .iter()
            .any(|(id, _)| self.goal.advisories.contains(*id)))
    }
}

/// `package` without its dependencies, for those of a package that stays as it is stay too. Nobody builds from this.
fn bystander(package: &Summary) -> Summary {
    let features: BTreeMap<InternedString, Vec<InternedString>> = package
        .features()
        .keys()
        .map(|feature| (*feature, Vec::new()))
        .collect();
    let mut bystander = Summary::new(
        package.package_id(),
        Vec::new(),
        &features,
        package.links(),
        package.rust_version().cloned(),
    )
    .expect("features that include nothing cannot be wrong");
    if let Some(checksum) = package.checksum() {
        bystander.set_checksum(checksum.to_owned());
    }
    bystander
}

pub(super) fn is_same_crate(a: PackageId, b: PackageId) -> bool {
    a.name() == b.name() && a.source_id() == b.source_id()
}

/// Lets others run before it goes on.
async fn yield_once() {
    let mut yielded = false;
    poll_fn(|context| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
