//! What remedies are resolved in: the workspace and its Cargo.lock.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::mem;
use std::rc::Rc;

use anyhow::Context as _;
use cargo::CargoResult;
use cargo::core::registry::PackageRegistry;
use cargo::core::resolver::HasDevUnits;
use cargo::core::resolver::features::CliFeatures;
use cargo::core::{Dependency, PackageId, Resolve, Summary, Workspace};
use cargo::ops;
use cargo::util::OptVersionReq;
use cargo::util::cache_lock::{CacheLock, CacheLockMode};
use cargo::util::interning::InternedString;
use jiff::Timestamp;
use semver::{Version, VersionReq};

use super::attempt::Edge;
use super::manifest::Manifests;
use super::releases::{Question, Release};
use super::rules::Rules;
use crate::advisory::{Kind, Registry};
use crate::graph::build::source_of;
use crate::graph::workspace::quietly;
use crate::index::Index;

/// The state of a workspace that remedies start from. Holds cargo's package cache lock.
pub struct World<'w, 'gctx> {
    pub ws: &'w Workspace<'gctx>,
    pub index: &'w Index,
    pub rules: Rules,
    pub manifests: Manifests,
    /// Cargo.lock, as cargo resolves it now.
    pub locked: Resolve,
    packages: HashMap<PackageId, Locked>,
    /// The packages that depend on each, with the place among their dependencies.
    dependents: HashMap<PackageId, Vec<(PackageId, usize)>>,
    advisories: RefCell<HashMap<PackageId, Advisories<'w>>>,
    by_name: HashMap<InternedString, Vec<PackageId>>,
    /// What a `[patch]` offers.
    patched: HashSet<PackageId>,
    pub(super) registry: PackageRegistry<'gctx>,
    pub(super) releases: RefCell<HashMap<Question, Rc<Vec<Release>>>>,
    _lock: CacheLock<'gctx>,
}

/// One package of Cargo.lock.
#[derive(Debug)]
struct Locked {
    /// With the requirements that its manifest has.
    summary: Summary,
    /// What each of its dependencies leads to, in their order. None for one that is not in use.
    targets: Vec<Option<PackageId>>,
}

impl<'w, 'gctx> World<'w, 'gctx> {
    /// Reads Cargo.lock and resolves it as it is, for which cargo needs no network.
    ///
    /// # Errors
    ///
    /// Without a Cargo.lock, or when it does not resolve.
    pub fn load(
        ws: &'w Workspace<'gctx>,
        index: &'w Index,
        now: Timestamp,
    ) -> CargoResult<World<'w, 'gctx>> {
        let lock = ws
            .gctx()
            .acquire_package_cache_lock(CacheLockMode::DownloadExclusive)?;
        let previous = ops::load_pkg_lockfile(ws)?
            .context("there is no Cargo.lock; run `cargo generate-lockfile`")?;
        let mut registry = ws.package_registry()?;
        let locked = quietly(ws.gctx(), || {
            ops::resolve_with_previous(
                &mut registry,
                ws,
                &CliFeatures::new_all(true),
                HasDevUnits::Yes,
                Some(&previous),
                None,
                &[],
                true,
            )
        })?;
        // From here on it is for us to say what stays.
        registry.clear_lock();
        let patched = registry
            .patches()
            .values()
            .flatten()
            .map(Summary::package_id)
            .collect();
        let mut world = World {
            ws,
            index,
            rules: Rules::load(ws, now)?,
            manifests: Manifests::default(),
            locked: previous,
            packages: HashMap::new(),
            dependents: HashMap::new(),
            advisories: RefCell::default(),
            by_name: HashMap::new(),
            patched,
            registry,
            releases: RefCell::default(),
            _lock: lock,
        };
        world.accept(locked, &BTreeMap::new());
        Ok(world)
    }

    /// Goes on from `resolve`, in which members require what `requirements` says. Returns what Cargo.lock was before.
    pub fn accept(
        &mut self,
        resolve: Resolve,
        requirements: &BTreeMap<Edge, VersionReq>,
    ) -> Resolve {
        let mut packages = HashMap::new();
        let mut by_name: HashMap<_, Vec<PackageId>> = HashMap::new();
        for id in resolve.iter() {
            by_name.entry(id.name()).or_default().push(id);
            let known = self.packages.remove(&id).map(|known| known.summary);
            let summary = known.unwrap_or_else(|| resolve.summary(id).clone());
            let summary =
                summary.map_dependencies(|dep| match requirements.get(&Edge::new(id, &dep)) {
                    Some(requirement) => with_requirement(dep, requirement.clone()),
                    None => as_in_manifest(dep),
                });
            let targets = targets(&resolve, &summary);
            packages.insert(id, Locked { summary, targets });
        }
        self.dependents.clear();
        for (id, Locked { targets, .. }) in &packages {
            for (place, target) in targets.iter().enumerate() {
                if let Some(target) = target {
                    let dependents = self.dependents.entry(*target).or_default();
                    dependents.push((*id, place));
                }
            }
        }
        self.packages = packages;
        self.by_name = by_name;
        mem::replace(&mut self.locked, resolve)
    }

    /// The summary of a package of Cargo.lock with the requirements of its manifest, and what each of its dependencies
    /// leads to.
    pub fn package(&self, id: PackageId) -> (&Summary, &[Option<PackageId>]) {
        let locked = &self.packages[&id];
        (&locked.summary, &locked.targets)
    }

    /// The packages of Cargo.lock with this name.
    pub fn locked_of(&self, name: InternedString) -> &[PackageId] {
        self.by_name.get(&name).map_or(&[], Vec::as_slice)
    }

    /// The dependencies of a package of Cargo.lock that are in use, each with what it leads to.
    pub fn dependencies(&self, id: PackageId) -> impl Iterator<Item = (&Dependency, PackageId)> {
        let Locked { summary, targets } = &self.packages[&id];
        summary
            .dependencies()
            .iter()
            .zip(targets)
            .filter_map(|(dep, target)| Some((dep, (*target)?)))
    }

    /// What `[patch]` tables offer.
    pub fn patches(&self) -> impl Iterator<Item = &Summary> {
        self.registry.patches().values().flatten()
    }

    /// Whether `id` may be what `dep` asks for, were it not for requirements on versions.
    pub fn is_of(&self, dep: &Dependency, id: PackageId) -> bool {
        dep.package_name() == id.name()
            && (dep.source_id() == id.source_id() || self.patched.contains(&id))
    }

    /// The ids of the advisories about this version, whatever the platform.
    ///
    /// # Errors
    ///
    /// When the index is damaged.
    pub fn advisories(&self, id: PackageId) -> CargoResult<Advisories<'w>> {
        if let Some(known) = self.advisories.borrow().get(&id) {
            return Ok(known.clone());
        }
        let found = match source_of(id.source_id()).registry {
            None => Rc::default(),
            Some(registry) => self
                .index
                .affecting(&id.name(), id.version(), Registry::borrow(&registry))
                .map(|entry| {
                    let entry = entry.map_err(|error| anyhow::anyhow!("{error}"))?;
                    Ok((entry.id, entry.kind))
                })
                .collect::<CargoResult<Rc<[_]>>>()?,
        };
        self.advisories.borrow_mut().insert(id, found.clone());
        Ok(found)
    }

    /// The packages that depend on `id`, each with its dependency.
    pub fn dependents(&self, id: PackageId) -> impl Iterator<Item = (PackageId, &Dependency)> {
        let dependents = self.dependents.get(&id).map_or(&[][..], Vec::as_slice);
        dependents
            .iter()
            .map(|(id, place)| (*id, &self.packages[id].summary.dependencies()[*place]))
    }

    /// The packages that lead to any of `ids`, and these.
    pub fn leading(&self, ids: impl IntoIterator<Item = PackageId>) -> BTreeSet<PackageId> {
        let mut open: Vec<PackageId> = ids.into_iter().collect();
        let mut found: BTreeSet<PackageId> = open.iter().copied().collect();
        while let Some(next) = open.pop() {
            for (dependent, _) in self.dependents.get(&next).into_iter().flatten() {
                if found.insert(*dependent) {
                    open.push(*dependent);
                }
            }
        }
        found
    }
}

/// The ids and kinds of a version's advisories.
pub type Advisories<'i> = Rc<[(&'i str, Kind)]>;

/// What each dependency of `package` leads to.
fn targets(resolve: &Resolve, package: &Summary) -> Vec<Option<PackageId>> {
    let id = package.package_id();
    let found: HashMap<Edge, PackageId> = resolve
        .deps(id)
        .flat_map(|(target, deps)| deps.iter().map(move |dep| (Edge::new(id, dep), target)))
        .collect();
    package
        .dependencies()
        .iter()
        .map(|dep| found.get(&Edge::new(id, dep)).copied())
        .collect()
}

/// `dep` without what Cargo.lock made of its requirement.
fn as_in_manifest(dep: Dependency) -> Dependency {
    match dep.version_req() {
        OptVersionReq::Locked(_, requirement) => {
            let requirement = requirement.clone();
            with_requirement(dep, requirement)
        }
        _ => dep,
    }
}

/// The requirement as its manifest has it.
pub fn requirement(dep: &Dependency) -> Option<&VersionReq> {
    match dep.version_req() {
        OptVersionReq::Locked(_, requirement)
        | OptVersionReq::Precise(_, requirement)
        | OptVersionReq::Req(requirement) => Some(requirement),
        OptVersionReq::Any => None,
    }
}

fn with_requirement(mut dep: Dependency, requirement: VersionReq) -> Dependency {
    dep.set_source_id(dep.source_id().without_precise());
    dep.set_version_req(OptVersionReq::Req(requirement));
    dep
}

/// Versions of one crate of which cargo takes no two at once, by
/// [cargo's reading of SemVer](https://doc.rust-lang.org/cargo/reference/resolver.html#semver-compatibility).
pub fn are_compatible(a: &Version, b: &Version) -> bool {
    if a.major != 0 || b.major != 0 {
        return a.major == b.major;
    }
    if a.minor != 0 || b.minor != 0 {
        return a.minor == b.minor;
    }
    a.patch == b.patch
}
