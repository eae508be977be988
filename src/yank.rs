//! What registries say of yanked and removed versions, as plain data.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use semver::Version;

use crate::advisory::Registry;

/// What a registry says of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yank {
    /// It is there.
    None,
    /// It must not be chosen any more.
    Yanked,
    /// It was there, and the registry does not know it any more.
    Vanished,
}

/// What a registry said of one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// When it was asked, to the second.
    pub asked: Timestamp,
    /// In order.
    pub yanked: Vec<Version>,
    /// Locked versions that the registry does not know any more, in order.
    pub vanished: Vec<Version>,
}

impl Said {
    /// What the registry made of `version`.
    pub fn of(&self, version: &Version) -> Yank {
        if self.vanished.contains(version) {
            Yank::Vanished
        } else if self.yanked.contains(version) {
            Yank::Yanked
        } else {
            Yank::None
        }
    }

    /// The yanked and the vanished versions.
    pub fn told(&self) -> impl Iterator<Item = (&Version, Yank)> {
        let yanked = self.yanked.iter().map(|version| (version, Yank::Yanked));
        let vanished = self
            .vanished
            .iter()
            .map(|version| (version, Yank::Vanished));
        yanked.chain(vanished)
    }
}

/// What registries have said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Yanks {
    packages: BTreeMap<String, BTreeMap<Registry, Said>>,
}

/// Registries that are known, of which no more than half are asked at a time.
pub const MOST_REGISTRIES: usize = 128;
/// What is not asked about any more is believed for so long.
const BELIEVED: SignedDuration = SignedDuration::from_hours(30 * 24);

impl Yanks {
    /// What is known after `answers` came at `now`, where this was known before.
    pub fn after(mut self, answers: Yanks, now: Timestamp) -> Yanks {
        for of in self.packages.values_mut() {
            of.retain(|_, said| now.duration_since(said.asked) < BELIEVED);
        }
        let asked = answers.registries().cloned().collect();
        for (name, of) in answers.packages {
            self.packages.entry(name).or_default().extend(of);
        }
        self.packages.retain(|_, of| !of.is_empty());
        self.bounded(&asked)
    }

    /// Leaves out the registries that are not among `asked` where there are more than anybody has.
    fn bounded(mut self, asked: &BTreeSet<Registry>) -> Yanks {
        if self.registries().count() > MOST_REGISTRIES {
            for of in self.packages.values_mut() {
                of.retain(|registry, _| asked.contains(registry));
            }
            self.packages.retain(|_, of| !of.is_empty());
        }
        self
    }

    /// Whether no registry has said anything.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
    }

    /// By name.
    pub fn packages(&self) -> &BTreeMap<String, BTreeMap<Registry, Said>> {
        &self.packages
    }

    /// What `registry` said of the package `name`.
    pub fn of(&self, name: &str, registry: &Registry) -> Option<&Said> {
        self.packages.get(name)?.get(registry)
    }

    /// Puts it in the place of what `registry` has said of the package `name` before.
    pub fn insert(&mut self, name: &str, registry: Registry, said: Said) {
        let of = self.packages.entry(name.to_owned()).or_default();
        of.insert(registry, said);
    }

    /// Every registry once.
    pub fn registries(&self) -> impl Iterator<Item = &Registry> {
        let registries: BTreeSet<_> = self.packages.values().flat_map(BTreeMap::keys).collect();
        registries.into_iter()
    }

    /// How many packages `registry` was asked about.
    pub fn count(&self, registry: &Registry) -> usize {
        self.said_by(registry).count()
    }

    /// When `registry` answered last and, of the package that it was not asked about for the longest time, when that was.
    pub fn asked(&self, registry: &Registry) -> Option<(Timestamp, Timestamp)> {
        let times = || self.said_by(registry).map(|said| said.asked);
        times().max().zip(times().min())
    }

    fn said_by(&self, registry: &Registry) -> impl Iterator<Item = &Said> {
        let packages = self.packages.values();
        packages.filter_map(move |of| of.get(registry))
    }
}
