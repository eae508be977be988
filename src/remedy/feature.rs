//! Features that a workspace could do without: the smallest one whose loss drops a package from the build.
//!
//! What is looked at is the build with the default features of all members. Whether the code still compiles without the
//! feature is not for a resolver to say, so nobody but the user makes this change.

use std::collections::{BTreeMap, BTreeSet};

use cargo::CargoResult;
use cargo::core::resolver::features::CliFeatures;
use cargo::core::{Dependency, FeatureValue, Package, PackageId, Resolve};
use cargo::util::interning::InternedString;

use super::Switch;
use super::attempt::{Edge, Freedom, Goal, attempt};
use super::world::World;

/// The features of a dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Features {
    pub default: bool,
    pub named: Vec<InternedString>,
}

impl Features {
    fn of(dep: &Dependency) -> Features {
        Features {
            default: dep.uses_default_features(),
            named: dep.features().to_vec(),
        }
    }
}

/// Finds the first switch that drops the package, of those that take the least away, and what it makes of Cargo.lock.
/// There that is nothing where a feature that nobody builds with holds on to the package.
///
/// # Errors
///
/// When a manifest cannot be read.
pub(super) fn find(
    world: &World<'_, '_>,
    goal: &Goal,
) -> CargoResult<Option<(Switch, Option<Resolve>)>> {
    if drops(world, goal, BTreeMap::new(), true)?.is_some() {
        // The default build does without it already.
        return Ok(None);
    }
    let leading = world.leading([goal.package]);
    let mut candidates = Vec::new();
    for member in world.ws.members() {
        for (dep, target) in world.dependencies(member.package_id()) {
            if leading.contains(&target) {
                candidates.extend(candidates_of(world, member, dep, target)?);
            }
        }
    }
    // A feature that somebody asked for, then one of the default ones, then all of these.
    candidates.sort_by_key(|candidate| candidate.loss);
    for candidate in candidates {
        let features = BTreeMap::from([(candidate.edge, candidate.features)]);
        if drops(world, goal, features.clone(), true)?.is_some() {
            let resolve = drops(world, goal, features, false)?;
            return Ok(Some((candidate.switch, resolve)));
        }
    }
    Ok(None)
}

/// Resolves without the package. None where something needs it.
fn drops(
    world: &World<'_, '_>,
    goal: &Goal,
    features: BTreeMap<Edge, Features>,
    defaults_only: bool,
) -> CargoResult<Option<Resolve>> {
    let freedom = Freedom {
        movable: BTreeSet::from([goal.package]),
        drops: true,
        features,
        built: defaults_only.then(|| CliFeatures::new_all(false)),
        ..Freedom::default()
    };
    attempt(world, goal, &freedom)
}

/// A switch and what it takes away.
struct Candidate {
    edge: Edge,
    features: Features,
    switch: Switch,
    loss: Loss,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Loss {
    Named,
    OneOfDefault,
    Default,
}

fn candidates_of(
    world: &World<'_, '_>,
    member: &Package,
    dep: &Dependency,
    target: PackageId,
) -> CargoResult<Vec<Candidate>> {
    let Some(place) = world.manifests.locate(world.ws, member, dep)? else {
        return Ok(Vec::new());
    };
    let now = Features::of(dep);
    let mut choices = Vec::new();
    for feature in &now.named {
        let mut less = now.clone();
        less.named.retain(|other| other != feature);
        choices.push((Loss::Named, vec![*feature], less));
    }
    if now.default {
        let defaults = defaults(world, target);
        for feature in &defaults {
            let mut less = now.clone();
            less.default = false;
            let others = defaults.iter().filter(|other| *other != feature);
            less.named.extend(others.copied());
            less.named.sort();
            less.named.dedup();
            choices.push((Loss::OneOfDefault, vec![*feature], less));
        }
        let less = Features {
            default: false,
            named: now.named.clone(),
        };
        choices.push((Loss::Default, defaults, less));
    }
    let edge = Edge::new(member.package_id(), dep);
    Ok(choices
        .into_iter()
        .map(|(loss, without, features)| Candidate {
            edge: edge.clone(),
            switch: Switch {
                manifest: super::search::shown(&place.manifest, world.ws.root()).to_owned(),
                line: place.line,
                key: place.key.clone(),
                without: without.iter().map(ToString::to_string).collect(),
                default_features: features.default,
                features: features.named.iter().map(ToString::to_string).collect(),
            },
            features,
            loss,
        })
        .collect())
}

/// The features that `default` stands for and that a manifest can name instead of it.
fn defaults(world: &World<'_, '_>, package: PackageId) -> Vec<InternedString> {
    let (summary, _) = world.package(package);
    let values = summary.features().get("default");
    values
        .into_iter()
        .flatten()
        .filter_map(|value| match value {
            FeatureValue::Feature(feature) => Some(*feature),
            FeatureValue::Dep { .. } | FeatureValue::DepFeature { .. } => None,
        })
        .collect()
}
