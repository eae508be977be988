//! Features that a workspace could do without: the smallest one whose loss drops a package from the build.
//!
//! What is looked at is the build with the default features of all members. Whether the code still compiles without the
//! feature is not for a resolver to say, so nobody but the user makes this change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;

use cargo::CargoResult;
use cargo::core::resolver::features::CliFeatures;
use cargo::core::{Dependency, FeatureValue, PackageId, Resolve};
use cargo::util::interning::InternedString;

use super::Switch;
use super::attempt::{Edge, Freedom, Goal, attempt};
use super::manifest::{self, Switches};
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
    let spots = spots(world, goal)?;
    // A feature that somebody asked for, then one of the default ones.
    let mut single: Vec<(&Spot, Loss)> = spots
        .iter()
        .flat_map(|spot| spot.singles().map(move |loss| (spot, loss)))
        .collect();
    single.sort_by_key(|(_, loss)| loss.default);
    for (spot, loss) in single {
        if let Some(found) = switched(world, goal, spot, &loss)? {
            return Ok(Some(found));
        }
    }
    // Then several at one place, of which those come back that do no harm.
    for spot in &spots {
        for mut loss in spot.several() {
            if !drops_built(world, goal, spot, &loss)? {
                continue;
            }
            for feature in loss.features.clone() {
                let mut less = loss.clone();
                less.features.remove(&feature);
                if less != loss && drops_built(world, goal, spot, &less)? {
                    loss = less;
                }
            }
            if let Some(found) = switched(world, goal, spot, &loss)? {
                return Ok(Some(found));
            }
        }
    }
    own(world, goal)
}

/// The default feature of a member that the package comes in with. Cargo.lock keeps what it brings, for whoever turns it
/// on.
fn own(world: &World<'_, '_>, goal: &Goal) -> CargoResult<Option<(Switch, Option<Resolve>)>> {
    let leading = world.leading([goal.package]);
    for member in world.ws.members() {
        let id = member.package_id();
        let defaults = member.summary().features().get("default");
        let line = world.manifests.default_features_line(member)?;
        let (Some(defaults), Some(line), true) = (defaults, line, leading.contains(&id)) else {
            continue;
        };
        for feature in defaults {
            let left: BTreeSet<FeatureValue> = defaults
                .iter()
                .filter(|other| *other != feature)
                .cloned()
                .collect();
            let features: Vec<String> = left.iter().map(ToString::to_string).collect();
            let without = CliFeatures {
                features: Rc::new(left),
                all_features: false,
                uses_default_features: false,
            };
            let freedom = Freedom {
                movable: BTreeSet::from([goal.package]),
                drops: true,
                built: Some(CliFeatures::new_all(false)),
                own: BTreeMap::from([(id, without)]),
                ..Freedom::default()
            };
            if attempt(world, goal, &freedom)?.is_some() {
                let switch = Switch {
                    manifest: super::search::shown(member.manifest_path(), world.ws.root())
                        .to_owned(),
                    line,
                    key: manifest::DEFAULT_FEATURES.map(str::to_owned).to_vec(),
                    without: vec![feature.to_string()],
                    default_features: true,
                    features,
                };
                return Ok(Some((switch, None)));
            }
        }
    }
    Ok(None)
}

fn drops_built(world: &World<'_, '_>, goal: &Goal, spot: &Spot, loss: &Loss) -> CargoResult<bool> {
    Ok(drops(world, goal, spot.without(loss), true)?.is_some())
}

/// The switch that is `loss` at `spot`, if it drops the package, and what it makes of Cargo.lock.
fn switched(
    world: &World<'_, '_>,
    goal: &Goal,
    spot: &Spot,
    loss: &Loss,
) -> CargoResult<Option<(Switch, Option<Resolve>)>> {
    if !drops_built(world, goal, spot, loss)? {
        return Ok(None);
    }
    let resolve = drops(world, goal, spot.without(loss), false)?;
    Ok(Some((spot.switch(world, loss), resolve)))
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

/// What is taken away at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Loss {
    features: BTreeSet<InternedString>,
    /// `default` goes too, and what it stands for is named instead, but for what is lost.
    default: bool,
}

/// A place in a manifest that switches features of a dependency on, and the edges that it does so for: one, or in
/// `[workspace.dependencies]` one for each member that inherits it.
struct Spot {
    place: Switches,
    /// The features that are named here.
    named: Vec<InternedString>,
    /// Whether it is here that `default` can be left out, and what that stands for.
    defaults: Option<Vec<InternedString>>,
    edges: Vec<SwitchedOn>,
}

/// An edge with its features.
struct SwitchedOn {
    edge: Edge,
    now: Features,
    /// The features that are named at another place too, from where they stay on.
    elsewhere: Vec<InternedString>,
    /// The same of `default`.
    default_elsewhere: bool,
}

/// The places that lead to the package.
fn spots(world: &World<'_, '_>, goal: &Goal) -> CargoResult<Vec<Spot>> {
    let leading = world.leading([goal.package]);
    let mut spots: BTreeMap<(PathBuf, Vec<String>), Spot> = BTreeMap::new();
    for member in world.ws.members() {
        for (dep, target) in world.dependencies(member.package_id()) {
            if !leading.contains(&target) {
                continue;
            }
            let places = world.manifests.switches(world.ws, member, dep)?;
            for (position, place) in places.iter().enumerate() {
                let others = || places.iter().enumerate().filter(|(p, _)| *p != position);
                // Of two places the workspace's is the last one, and decides of `default` unless a member asks for it.
                let decides = position + 1 == places.len() && dep.uses_default_features();
                let spot = spots
                    .entry((place.manifest.clone(), place.key.clone()))
                    .or_insert_with(|| Spot {
                        place: place.clone(),
                        named: interned(&place.features),
                        defaults: decides.then(|| defaults(world, target)),
                        edges: Vec::new(),
                    });
                spot.edges.push(SwitchedOn {
                    edge: Edge::new(member.package_id(), dep),
                    now: Features::of(dep),
                    elsewhere: others()
                        .flat_map(|(_, other)| interned(&other.features))
                        .collect(),
                    default_elsewhere: others().any(|(_, other)| other.asks_for_default),
                });
            }
        }
    }
    Ok(spots.into_values().collect())
}

fn interned(features: &[String]) -> Vec<InternedString> {
    features.iter().map(InternedString::from).collect()
}

impl Spot {
    /// Each feature alone.
    fn singles(&self) -> impl Iterator<Item = Loss> {
        let loss = |default: bool| {
            move |feature: &InternedString| Loss {
                features: BTreeSet::from([*feature]),
                default,
            }
        };
        let named = self.named.iter().map(loss(false));
        named.chain(self.defaults.iter().flatten().map(loss(true)))
    }

    /// All that are named, and then the default ones as well.
    fn several(&self) -> Vec<Loss> {
        let named: BTreeSet<InternedString> = self.named.iter().copied().collect();
        let mut several = Vec::new();
        if named.len() > 1 {
            several.push(Loss {
                features: named.clone(),
                default: false,
            });
        }
        if let Some(defaults) = &self.defaults {
            several.push(Loss {
                features: named.into_iter().chain(defaults.iter().copied()).collect(),
                default: true,
            });
        }
        several
    }

    /// What is to be named here after `loss`.
    fn left(&self, loss: &Loss) -> Vec<InternedString> {
        let defaults = self.defaults.iter().flatten().filter(|_| loss.default);
        let left: BTreeSet<InternedString> = self
            .named
            .iter()
            .chain(defaults)
            .filter(|feature| !loss.features.contains(*feature))
            .copied()
            .collect();
        left.into_iter().collect()
    }

    /// The features of the edges after `loss`.
    fn without(&self, loss: &Loss) -> BTreeMap<Edge, Features> {
        let edges = self.edges.iter();
        edges
            .map(|on| {
                let mut named = self.left(loss);
                named.extend(&on.elsewhere);
                named.sort();
                named.dedup();
                let features = Features {
                    default: on.now.default && (!loss.default || on.default_elsewhere),
                    named,
                };
                (on.edge.clone(), features)
            })
            .collect()
    }

    fn switch(&self, world: &World<'_, '_>, loss: &Loss) -> Switch {
        let words = |features: &mut dyn Iterator<Item = &InternedString>| -> Vec<String> {
            features.map(ToString::to_string).collect()
        };
        let default = self.edges.iter().any(|on| on.now.default);
        Switch {
            manifest: super::search::shown(&self.place.manifest, world.ws.root()).to_owned(),
            line: self.place.line,
            key: self.place.key.clone(),
            without: words(&mut loss.features.iter()),
            default_features: default && !loss.default,
            features: words(&mut self.left(loss).iter()),
        }
    }
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
