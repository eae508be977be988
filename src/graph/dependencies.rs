//! The edges of a build's graph: why each package depends on which, in the words of the manifests.

use std::collections::BTreeSet;
use std::collections::hash_map::Entry;

use cargo::core::compiler::{BuildContext, CompileKind, Unit};
use cargo::core::dependency::DepKind;
use cargo::core::{Dependency, PackageId, Resolve, Summary};
use cargo::util::interning::InternedString;
use rustc_hash::{FxHashMap, FxHashSet};

use super::build::{BuildGraph, Key, key};
use super::features::{Switches, asking, implied};
use super::{DependencyKind, Edge, Lack, PlatformSet};

impl BuildGraph {
    /// Adds which package of `bcx`, the build that the graph was made of, depends on which, and which features are on.
    ///
    /// Apart from the rest because it walks every edge, and only findings need it.
    pub fn add_edges(&mut self, bcx: &BuildContext<'_, '_>) {
        let positions = self.positions();
        let mut edges = Edges::default();
        let mut features: FxHashMap<usize, BTreeSet<InternedString>> = FxHashMap::default();
        for (unit, dependencies) in &bcx.unit_graph {
            // A package that is not part of the graph is not compiled either.
            let Some(&from) = positions.get(&key(unit.pkg.package_id())) else {
                continue;
            };
            features.entry(from).or_default().extend(&unit.features);
            for dependency in dependencies {
                let Some(&to) = positions.get(&key(dependency.unit.pkg.package_id())) else {
                    continue;
                };
                let proc_macro = dependency.unit.target.proc_macro();
                match &dependency.manifest_deps.0 {
                    Some(manifest_deps) => {
                        for manifest_dep in manifest_deps {
                            let on = |feature| unit.features.contains(&feature);
                            edges.add(Edge {
                                from,
                                to,
                                proc_macro,
                                ..edge(manifest_dep, unit.pkg.summary(), on)
                            });
                        }
                    }
                    // No manifest names the standard library.
                    None if dependency.unit.is_std => edges.add(Edge {
                        from,
                        to,
                        kind: Some(DependencyKind::Normal),
                        proc_macro,
                        ..Edge::default()
                    }),
                    // Between the units of one package, and between build scripts along the edges that are there already.
                    None => {}
                }
            }
        }
        for (package, features) in features {
            let features = features.iter().map(ToString::to_string).collect();
            self.graph.packages[package].features = Some(features);
        }
        self.graph.edges = edges.edges;
        self.graph.roots = self.roots(bcx, &positions);
    }

    /// Adds which package of `bcx` depends on which, and nothing else: enough to tell whether there is a way.
    ///
    /// Costs a tenth of [`BuildGraph::add_edges`].
    pub fn add_links(&mut self, bcx: &BuildContext<'_, '_>) {
        let positions = self.positions();
        let position = |unit: &Unit| positions.get(&key(unit.pkg.package_id())).copied();
        // An edge is big, and to move them all as there come more takes longer than to make them.
        let most = bcx.unit_graph.values().map(Vec::len).sum();
        self.graph.edges.reserve_exact(most);
        for (unit, dependencies) in &bcx.unit_graph {
            let Some(from) = position(unit) else {
                continue;
            };
            let ends = dependencies.iter().filter_map(|dep| position(&dep.unit));
            let links = ends.filter(|to| *to != from).map(|to| Edge {
                from,
                to,
                ..Edge::default()
            });
            self.graph.edges.extend(links);
        }
        self.graph.roots = self.roots(bcx, &positions);
    }

    /// The members, and what else was asked for.
    fn roots(&self, bcx: &BuildContext<'_, '_>, positions: &FxHashMap<Key, usize>) -> Vec<usize> {
        let asked = bcx.roots.iter();
        let roots: BTreeSet<usize> = asked
            .filter_map(|unit| positions.get(&key(unit.pkg.package_id())).copied())
            .chain((0..self.graph.packages.len()).filter(|at| self.graph.packages[*at].member))
            .collect();
        roots.into_iter().collect()
    }

    /// Adds the edges that Cargo.lock holds beside those of the build, each with what the build lacks for it.
    /// `locked` is the resolve of the whole workspace. To be called after [`BuildGraph::add_edges`].
    pub fn add_locked_edges(&mut self, bcx: &BuildContext<'_, '_>, locked: &Resolve) {
        // By what they say: ids of one resolve need not be those of another, even where they are equal.
        let ids = self.ids.iter().enumerate();
        let positions: FxHashMap<PackageId, usize> =
            ids.map(|(position, id)| (*id, position)).collect();
        let tested: FxHashSet<PackageId> = bcx
            .roots
            .iter()
            .filter(|unit| needs_dev_dependencies(unit))
            .map(|unit| unit.pkg.package_id())
            .collect();
        let mut edges = Edges::from(std::mem::take(&mut self.graph.edges));
        let built = edges.edges.len();
        for id in locked.iter() {
            let Some(&from) = positions.get(&id) else {
                continue;
            };
            let summary = locked.summary(id);
            // Which features a package that is not built would have is known only as far as the whole lockfile goes.
            let unbuilt = self.graph.packages[from].is_unbuilt();
            let on = |feature| !unbuilt || locked.features(id).contains(&feature);
            for (dependency, manifest_deps) in locked.deps(id) {
                let Some(&to) = positions.get(&dependency) else {
                    continue;
                };
                if from == to || edges.position(from, to).is_some_and(|known| known < built) {
                    continue;
                }
                for manifest_dep in manifest_deps {
                    let mut edge = Edge {
                        from,
                        to,
                        ..edge(manifest_dep, summary, on)
                    };
                    edge.lacks = self.lacks(bcx, manifest_dep, &edge, tested.contains(&id));
                    edges.add(edge);
                }
            }
        }
        let lacking = |edge: &&mut Edge| {
            edge.lacks.contains(&Lack::Feature) && !self.graph.packages[edge.from].member
        };
        let mut lacking = edges.edges[built..].iter_mut().filter(lacking).peekable();
        if lacking.peek().is_some() {
            let switches = Switches::new(locked, &positions);
            let packages = &self.graph.packages;
            for edge in lacking {
                edge.turned_on_by = switches.of_members(
                    edge.from,
                    &edge.features,
                    |position| packages[position].member,
                    |position| !packages[position].is_unbuilt(),
                );
            }
        }
        self.graph.edges = edges.edges;
    }

    /// What the build lacks for `edge`, which is not part of it. `tested` tells whether it has tests, examples or
    /// benchmarks of the dependent.
    fn lacks(
        &self,
        bcx: &BuildContext<'_, '_>,
        manifest_dep: &Dependency,
        edge: &Edge,
        tested: bool,
    ) -> Vec<Lack> {
        let from = &self.graph.packages[edge.from];
        let mut lacks = Vec::new();
        if manifest_dep.is_optional()
            && let Some(on) = &from.features
            && !edge.features.iter().any(|feature| on.contains(feature))
        {
            lacks.push(Lack::Feature);
        }
        let platforms = from.platforms.unwrap_or_else(PlatformSet::all);
        let activated =
            |kind: &CompileKind| bcx.target_data.dep_platform_activated(manifest_dep, *kind);
        let mut kinds = self
            .kinds
            .iter()
            .enumerate()
            .filter(|(position, _)| platforms.contains(*position));
        if !kinds.any(|(_, kind)| activated(kind)) {
            lacks.push(Lack::Platform);
        }
        if edge.kind == Some(DependencyKind::Dev) && !tested {
            lacks.push(Lack::Dev);
        }
        if lacks.is_empty() && !from.is_unbuilt() {
            lacks.push(Lack::Use);
        }
        lacks
    }

    fn positions(&self) -> FxHashMap<Key, usize> {
        let ids = self.ids.iter().enumerate();
        ids.map(|(position, id)| (key(*id), position)).collect()
    }
}

/// Edges, of which each pair of packages has one: the strongest.
#[derive(Default)]
struct Edges {
    edges: Vec<Edge>,
    /// The position of the edge from one package to another.
    known: FxHashMap<(usize, usize), usize>,
}

impl From<Vec<Edge>> for Edges {
    fn from(edges: Vec<Edge>) -> Edges {
        let known = edges.iter().enumerate();
        Edges {
            known: known
                .map(|(position, edge)| ((edge.from, edge.to), position))
                .collect(),
            edges,
        }
    }
}

impl Edges {
    fn position(&self, from: usize, to: usize) -> Option<usize> {
        self.known.get(&(from, to)).copied()
    }

    fn add(&mut self, edge: Edge) {
        if edge.from == edge.to {
            return;
        }
        match self.known.entry((edge.from, edge.to)) {
            Entry::Vacant(new) => {
                new.insert(self.edges.len());
                self.edges.push(edge);
            }
            Entry::Occupied(known) => {
                let known = &mut self.edges[*known.get()];
                if edge.strength() < known.strength() {
                    *known = edge;
                }
            }
        }
    }
}

/// What a manifest, of which cargo keeps a summary, says of a dependency. Of an optional one `on` tells which of the
/// features that ask for it count.
fn edge(manifest_dep: &Dependency, summary: &Summary, on: impl Fn(InternedString) -> bool) -> Edge {
    let features: Vec<InternedString> = if manifest_dep.is_optional() {
        asking(summary, manifest_dep.name_in_toml())
            .filter(|feature| on(*feature))
            .collect()
    } else {
        Vec::new()
    };
    Edge {
        kind: Some(match manifest_dep.kind() {
            DepKind::Normal => DependencyKind::Normal,
            DepKind::Build => DependencyKind::Build,
            DepKind::Development => DependencyKind::Dev,
        }),
        renamed: manifest_dep
            .explicit_name_in_toml()
            .map(|name| name.to_string()),
        by_default: !features.is_empty() && {
            let default = InternedString::from("default");
            on(default) && {
                let implied = implied(summary, default);
                features.iter().any(|feature| implied.contains(feature))
            }
        },
        features: features.iter().map(ToString::to_string).collect(),
        platform: manifest_dep.platform().map(ToString::to_string),
        ..Edge::default()
    }
}

/// Whether a root of a build takes the dev-dependencies of its package with it.
fn needs_dev_dependencies(root: &Unit) -> bool {
    let target = &root.target;
    root.mode.is_any_test() || target.is_test() || target.is_bench() || target.is_example()
}
