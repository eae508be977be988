//! The graph of a build, made of cargo's unit graph: only what is compiled, for the platforms that it is compiled for.

use std::cell::Ref;
use std::collections::hash_map::Entry;
use std::rc::Rc;

use cargo::CargoResult;
use cargo::core::compiler::unit_graph::UnitDep;
use cargo::core::compiler::{BuildContext, CompileKind, Unit};
use cargo::core::dependency::DepKind;
use cargo::core::{PackageId, SourceId};
use cargo::sources::source::SourceMap;
use cargo::util::cache_lock::{CacheLock, CacheLockMode};
use cargo_platform::Cfg;
use futures::FutureExt as _;
use rustc_hash::{FxHashMap, FxHashSet};
use semver::Version;

use super::{Graph, Package, Platform, Scope, Source, Usage, Yanked};
use crate::advisory::Registry;

/// A graph and the cargo packages that it was made of.
#[derive(Debug)]
pub struct BuildGraph {
    pub graph: Graph,
    /// One for each of `graph.packages`, in the same order.
    pub(super) ids: Vec<PackageId>,
    /// One for each of `graph.platforms`, in the same order.
    pub(super) kinds: Vec<CompileKind>,
}

/// How cargo's sources stand when the graph is made.
///
/// A registry answers from memory for every package that it has handed out: it keeps what it read of its index for the
/// checksum. To read on it needs cargo's package cache lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sources {
    /// As the resolve left them.
    Plain,
    /// Two sets in one (`-Zbuild-std`), of which a source of the one may stand for the other's and not know a package.
    Merged,
    /// With the packages just made laid over a registry (`package`, `publish`), which need not know them.
    Overlaid,
}

impl BuildGraph {
    /// The packages that `bcx` compiles. [`BuildGraph::add_uses`] adds how each is used.
    ///
    /// Runs in every build, so it visits each unit once and asks about each package once.
    ///
    /// # Errors
    ///
    /// When the package cache cannot be locked, with other than [`Sources::Plain`].
    pub fn new(bcx: &BuildContext<'_, '_>, sources: Sources) -> CargoResult<BuildGraph> {
        let _lock = match sources {
            Sources::Plain => None,
            Sources::Merged | Sources::Overlaid => Some(lock(bcx)?),
        };
        let mut graph = Graph::default();
        let mut ids = Vec::new();
        let mut kinds: Vec<CompileKind> = Vec::new();
        let mut known: FxHashMap<Key, usize> = FxHashMap::default();
        let mut known_sources = KnownSources::new(bcx);
        for unit in bcx.unit_graph.keys() {
            if unit.skip_non_compile_time_dep {
                continue;
            }
            let platform = match kinds.iter().position(|kind| *kind == unit.kind) {
                Some(platform) => platform,
                None => {
                    kinds.push(unit.kind);
                    graph.platforms.push(platform_of(bcx, unit.kind));
                    kinds.len() - 1
                }
            };
            let id = unit.pkg.package_id();
            let package = *known.entry(key(id)).or_insert_with(|| {
                ids.push(id);
                let mut package = known_sources.package(id);
                if package.yanked == Yanked::Unknown && sources == Sources::Overlaid {
                    // What the registry has never heard of is what was laid over it.
                    package.yanked = Yanked::No;
                }
                graph.packages.push(package);
                ids.len() - 1
            });
            graph.packages[package]
                .platforms
                .get_or_insert_default()
                .insert(platform);
        }
        Ok(BuildGraph { graph, ids, kinds })
    }

    /// Adds how each package is used in `bcx`, the build that the graph was made of.
    ///
    /// Apart from the rest because it walks every edge, and only findings need it.
    pub fn add_uses(&mut self, bcx: &BuildContext<'_, '_>) {
        let usages = usages(bcx);
        for (package, id) in self.graph.packages.iter_mut().zip(&self.ids) {
            package.usage = usages.get(&key(*id)).copied();
        }
    }

    /// Adds those of `locked` that the build does not use.
    ///
    /// # Errors
    ///
    /// When the package cache cannot be locked: nothing has loaded these packages yet.
    pub fn add_unbuilt(
        &mut self,
        bcx: &BuildContext<'_, '_>,
        locked: impl Iterator<Item = PackageId>,
    ) -> CargoResult<()> {
        let _lock = lock(bcx)?;
        let built: FxHashSet<PackageId> = self.ids.iter().copied().collect();
        let mut known_sources = KnownSources::new(bcx);
        for id in locked.filter(|id| !built.contains(id)) {
            let mut package = known_sources.package(id);
            if package.yanked == Yanked::Unknown {
                // Nobody waits for an answer about what is not built.
                package.yanked = Yanked::NotAsked;
            }
            package.usage = Some(Usage {
                scope: Scope::Unbuilt,
                direct: false,
            });
            self.graph.packages.push(package);
            self.ids.push(id);
        }
        Ok(())
    }
}

/// A package as a key. Cargo keeps each id once for the life of the process, so the place of its version tells it from all
/// others, and is far cheaper to hash than a name, a version and a URL.
pub(super) type Key = *const Version;

pub(super) fn key(id: PackageId) -> Key {
    std::ptr::from_ref(id.version())
}

/// The workspace's own packages.
fn members(bcx: &BuildContext<'_, '_>) -> FxHashSet<Key> {
    bcx.ws.members().map(|pkg| key(pkg.package_id())).collect()
}

/// Holds the lock under which cargo's sources may read their indexes.
fn lock<'b>(bcx: &BuildContext<'_, 'b>) -> CargoResult<CacheLock<'b>> {
    bcx.gctx
        .acquire_package_cache_lock(CacheLockMode::DownloadExclusive)
}

/// How each package of the unit graph is used.
fn usages(bcx: &BuildContext<'_, '_>) -> FxHashMap<Key, Usage> {
    let scopes = scopes(bcx);
    let members = members(bcx);
    let mut usages: FxHashMap<Key, Usage> = FxHashMap::default();
    for (unit, scope) in &scopes {
        let key = key(unit.pkg.package_id());
        let usage = usages.entry(key).or_insert_with(|| Usage {
            scope: *scope,
            // `cargo install NAME` makes a package from a registry the member of a workspace.
            direct: members.contains(&key),
        });
        usage.scope = usage.scope.min(*scope);
    }
    for unit in scopes
        .keys()
        .filter(|unit| members.contains(&key(unit.pkg.package_id())))
    {
        for dep in dependencies(bcx, unit) {
            if let Some(usage) = usages.get_mut(&key(dep.unit.pkg.package_id())) {
                usage.direct = true;
            }
        }
    }
    usages
}

/// The strongest scope in which each unit is reached from the roots.
fn scopes<'b>(bcx: &'b BuildContext<'_, '_>) -> FxHashMap<&'b Unit, Scope> {
    let mut scopes: FxHashMap<&Unit, Scope> = FxHashMap::default();
    let mut open: Vec<(&Unit, Scope)> = bcx
        .roots
        .iter()
        .map(|root| (root, entered(root, Scope::Runtime)))
        .collect();
    while let Some((unit, scope)) = open.pop() {
        match scopes.entry(unit) {
            Entry::Occupied(known) if *known.get() <= scope => continue,
            Entry::Occupied(mut known) => {
                known.insert(scope);
            }
            Entry::Vacant(new) => {
                new.insert(scope);
            }
        }
        for dep in dependencies(bcx, unit) {
            let scope = if is_dev_only(dep) {
                scope.max(Scope::Dev)
            } else {
                scope
            };
            open.push((&dep.unit, entered(&dep.unit, scope)));
        }
    }
    scopes
}

fn dependencies<'b>(bcx: &'b BuildContext<'_, '_>, unit: &Unit) -> &'b [UnitDep] {
    bcx.unit_graph.get(unit).map_or(&[], Vec::as_slice)
}

/// The scope of `unit` when it is reached in `scope`: what runs while building takes what it depends on with it.
fn entered(unit: &Unit, scope: Scope) -> Scope {
    if unit.target.proc_macro() || unit.target.is_custom_build() {
        scope.max(Scope::Build)
    } else {
        scope
    }
}

/// Whether only `[dev-dependencies]` name it. Edges that cargo adds itself have no entry in a manifest.
fn is_dev_only(dep: &UnitDep) -> bool {
    dep.manifest_deps.0.as_ref().is_some_and(|deps| {
        !deps.is_empty() && deps.iter().all(|dep| dep.kind() == DepKind::Development)
    })
}

/// The platform in rustc's own words. Empty where rustc did not say, which matches no advisory's list.
fn platform_of(bcx: &BuildContext<'_, '_>, kind: CompileKind) -> Platform {
    let cfg = bcx.target_data.info(kind).cfg();
    let value = |key: &str| {
        cfg.iter()
            .find_map(|cfg| match cfg {
                Cfg::KeyPair(name, value) if name.as_str() == key => Some(value.clone()),
                _ => None,
            })
            .unwrap_or_default()
    };
    Platform {
        os: value("target_os"),
        arch: value("target_arch"),
    }
}

/// The few sources of a graph, each looked up once.
struct KnownSources<'b, 'gctx> {
    loaded: Ref<'b, SourceMap<'gctx>>,
    known: Vec<KnownSource<'gctx>>,
    members: FxHashSet<Key>,
}

struct KnownSource<'gctx> {
    id: SourceId,
    source: Rc<Source>,
    /// As cargo loaded it to resolve.
    loaded: Option<Rc<dyn cargo::sources::source::Source + 'gctx>>,
}

impl<'b, 'gctx> KnownSources<'b, 'gctx> {
    fn new(bcx: &'b BuildContext<'_, 'gctx>) -> KnownSources<'b, 'gctx> {
        KnownSources {
            loaded: bcx.packages.sources(),
            known: Vec::new(),
            members: members(bcx),
        }
    }

    /// The package `id`, and whether it is yanked where it is from.
    fn package(&mut self, id: PackageId) -> Package {
        // Of the members only the package of `cargo install NAME` is from a registry. Cargo refuses to install it
        // yanked, and its source need not be among those of the dependencies.
        let member = self.members.contains(&key(id));
        let known = self.of(id.source_id());
        let yanked = if member { Yanked::No } else { known.yanked(id) };
        Package {
            name: id.name().to_string(),
            version: id.version().clone(),
            source: known.source.clone(),
            member,
            yanked,
            platforms: None,
            usage: None,
            features: None,
        }
    }

    fn of(&mut self, id: SourceId) -> &KnownSource<'gctx> {
        let position = match self.known.iter().position(|known| known.id == id) {
            Some(position) => position,
            None => {
                self.known.push(KnownSource {
                    id,
                    source: Rc::new(source_of(id)),
                    loaded: self.loaded.get(id).cloned(),
                });
                self.known.len() - 1
            }
        };
        &self.known[position]
    }
}

impl KnownSource<'_> {
    /// What it knows of the yank of `id`, one of its packages.
    fn yanked(&self, id: PackageId) -> Yanked {
        if !self.id.is_registry() {
            return Yanked::No;
        }
        let answer = self.loaded.as_ref().map(|source| source.is_yanked(id));
        match answer.and_then(|answer| answer.now_or_never()) {
            Some(Ok(true)) => Yanked::Yes,
            Some(Ok(false)) => Yanked::No,
            // Unreadable, or not known without waiting for the network.
            Some(Err(_)) | None => Yanked::Unknown,
        }
    }
}

pub(crate) fn source_of(id: SourceId) -> Source {
    if id.is_path() {
        return Source {
            id: None,
            registry: None,
        };
    }
    let name = id.without_precise().as_url().to_string();
    Source {
        registry: if id.is_crates_io() {
            Some(Registry::CratesIo)
        } else if id.is_remote_registry() {
            Some(Registry::Other(name.clone()))
        } else {
            None
        },
        id: Some(name),
    }
}
