//! Which feature turns on what, in one package and across packages.

use std::collections::BTreeSet;

use cargo::core::{Dependency, FeatureValue, PackageId, Resolve, Summary};
use cargo::util::interning::InternedString;
use rustc_hash::{FxHashMap, FxHashSet};

use super::Switch;

/// The features of a package that ask for its optional dependency `name` themselves, by name.
pub(super) fn asking(
    summary: &Summary,
    name: InternedString,
) -> impl Iterator<Item = InternedString> {
    summary
        .features()
        .iter()
        .filter(move |(_, values)| {
            values.iter().any(|value| match value {
                FeatureValue::Dep { dep_name } => *dep_name == name,
                FeatureValue::DepFeature { dep_name, weak, .. } => !weak && *dep_name == name,
                FeatureValue::Feature(_) => false,
            })
        })
        .map(|(feature, _)| *feature)
}

/// `feature` and all the features of the same package that it turns on.
pub(super) fn implied(summary: &Summary, feature: InternedString) -> FxHashSet<InternedString> {
    let mut implied = FxHashSet::default();
    let mut open = vec![feature];
    while let Some(feature) = open.pop() {
        if !implied.insert(feature) {
            continue;
        }
        for value in summary.features().get(&feature).into_iter().flatten() {
            match value {
                FeatureValue::Feature(next) => open.push(*next),
                // `package/feature` turns on the feature `package` too, where the dependency has made one.
                FeatureValue::DepFeature {
                    dep_name,
                    weak: false,
                    ..
                } => open.push(*dep_name),
                FeatureValue::Dep { .. } | FeatureValue::DepFeature { .. } => {}
            }
        }
    }
    implied
}

/// A feature of the package at a position of the graph, or with none that package itself.
type Node = (usize, Option<InternedString>);

/// For each feature of a resolve's packages, and each package, what turns it on or brings it in.
pub(super) struct Switches {
    by: FxHashMap<Node, Vec<Node>>,
}

impl Switches {
    /// Looks at every feature of every package of `locked` that has a position.
    pub(super) fn new(locked: &Resolve, positions: &FxHashMap<PackageId, usize>) -> Switches {
        let mut switches = Switches {
            by: FxHashMap::default(),
        };
        for id in locked.iter() {
            if let Some(&package) = positions.get(&id) {
                switches.add(locked, positions, id, package);
            }
        }
        switches
    }

    fn add(
        &mut self,
        locked: &Resolve,
        positions: &FxHashMap<PackageId, usize>,
        id: PackageId,
        package: usize,
    ) {
        let mut dependencies: FxHashMap<InternedString, Vec<(usize, &Dependency)>> =
            FxHashMap::default();
        for (dependency, manifest_deps) in locked.deps(id) {
            let Some(&position) = positions.get(&dependency) else {
                continue;
            };
            for manifest_dep in manifest_deps {
                let named = dependencies.entry(manifest_dep.name_in_toml()).or_default();
                named.push((position, manifest_dep));
                if !manifest_dep.is_optional() {
                    self.add_dependency((package, None), position, manifest_dep);
                }
            }
        }
        for (feature, values) in locked.summary(id).features() {
            let node = (package, Some(*feature));
            for value in values {
                let (name, asked) = match value {
                    FeatureValue::Feature(next) => {
                        self.add_switch((package, Some(*next)), node);
                        continue;
                    }
                    FeatureValue::Dep { dep_name } => (dep_name, None),
                    FeatureValue::DepFeature {
                        dep_name,
                        dep_feature,
                        ..
                    } => (dep_name, Some(*dep_feature)),
                };
                for (position, manifest_dep) in dependencies.get(name).into_iter().flatten() {
                    if manifest_dep.is_optional() {
                        self.add_dependency(node, *position, manifest_dep);
                    }
                    if asked.is_some() {
                        self.add_switch((*position, asked), node);
                    }
                }
            }
        }
    }

    /// `by` brings in the package at `position`, with the features that the manifest asks for.
    fn add_dependency(&mut self, by: Node, position: usize, manifest_dep: &Dependency) {
        self.add_switch((position, None), by);
        for feature in manifest_dep.features() {
            self.add_switch((position, Some(*feature)), by);
        }
        if manifest_dep.uses_default_features() {
            self.add_switch((position, Some("default".into())), by);
        }
    }

    fn add_switch(&mut self, node: Node, by: Node) {
        self.by.entry(node).or_default().push(by);
    }

    /// The features of members that turn on one of `features` of a package, by position and name. Of a member's features
    /// that turn on each other only the nearest. What a package that `is_built` asks for anyway does not count.
    pub(super) fn of_members(
        &self,
        package: usize,
        features: &[String],
        is_member: impl Fn(usize) -> bool,
        is_built: impl Fn(usize) -> bool,
    ) -> Vec<Switch> {
        let mut found = BTreeSet::new();
        let mut open: Vec<Node> = features
            .iter()
            .map(|feature| (package, Some(feature.as_str().into())))
            .collect();
        let mut visited: FxHashSet<Node> = open.iter().copied().collect();
        while let Some(node) = open.pop() {
            match node {
                (package, Some(feature)) if is_member(package) => {
                    found.insert(Switch {
                        package,
                        feature: feature.to_string(),
                    });
                }
                (package, None) if is_member(package) || is_built(package) => {}
                _ => {
                    let by = self.by.get(&node).into_iter().flatten();
                    open.extend(by.filter(|next| visited.insert(**next)));
                }
            }
        }
        found.into_iter().collect()
    }
}
