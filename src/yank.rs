//! What registries say of yanked and removed versions, as plain data.

use std::cmp::Reverse;
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

    /// Bytes that it takes in the index as what was said of the package `name`, at the most.
    pub fn weight(&self, name: &str) -> usize {
        /// A row of the table, and numbers of one record.
        const HEAD: usize = 48;
        /// The lengths of a version and its parts, each below 2 MiB.
        const LENGTHS: usize = 9;
        // No digit takes more than a byte.
        let number = |number: u64| number.checked_ilog10().unwrap_or(0) as usize + 1;
        let of_versions: usize = self
            .told()
            .map(|(version, _)| {
                let Version {
                    major,
                    minor,
                    patch,
                    pre,
                    build,
                } = version;
                let numbers = number(*major) + number(*minor) + number(*patch);
                numbers + pre.len() + build.len() + LENGTHS
            })
            .sum();
        HEAD + name.len() + of_versions
    }
}

/// What registries have said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Yanks {
    packages: BTreeMap<String, BTreeMap<Registry, Said>>,
}

/// Bytes that all of it takes in the index, at the most: each build reads them. Answers of one refresh are
/// [kept below](crate::yanks::budget).
pub const MOST_BYTES: usize = 2304 * 1024;
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
        self.bounded(&asked).within(MOST_BYTES, now)
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

    /// Leaves out what was said the longest ago, where all of it takes more than `limit` bytes. What was said at `now` comes
    /// before what a wrong clock has dated later.
    fn within(mut self, limit: usize, now: Timestamp) -> Yanks {
        let all = self.packages.iter().flat_map(|(name, of)| {
            of.iter()
                .map(move |(registry, said)| (name, registry, said))
        });
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|(_, _, said)| (said.asked != now, Reverse(said.asked)));
        let mut left = limit;
        all.retain(
            |(name, _, said)| match left.checked_sub(said.weight(name)) {
                Some(rest) => {
                    left = rest;
                    false
                }
                None => true,
            },
        );
        let over = all.into_iter();
        let over: Vec<(String, Registry)> = over
            .map(|(name, registry, _)| (name.clone(), registry.clone()))
            .collect();
        for (name, registry) in over {
            if let Some(of) = self.packages.get_mut(&name) {
                of.remove(&registry);
            }
        }
        self.packages.retain(|_, of| !of.is_empty());
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

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: SignedDuration = SignedDuration::from_hours(1);
    const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

    /// That `name` has a yanked version which takes this many KiB.
    fn said(yanks: &mut Yanks, name: &str, asked: Timestamp, kibibytes: usize) {
        let pre = "x".repeat(kibibytes * 1024);
        let said = Said {
            asked,
            yanked: vec![format!("1.0.0-{pre}").parse().unwrap()],
            vanished: Vec::new(),
        };
        yanks.insert(name, Registry::CratesIo, said);
    }

    #[test]
    fn what_was_said_the_longest_ago_gives_way() {
        let mut old = Yanks::default();
        said(&mut old, "a", NOW - HOUR * 3, 400);
        said(&mut old, "b", NOW - HOUR, 900);
        said(&mut old, "c", NOW - HOUR * 2, 900);
        said(&mut old, "d", NOW - HOUR * 4, 1);
        said(&mut old, "e", NOW, 1);
        let mut answers = Yanks::default();
        said(&mut answers, "e", NOW, 1000);

        let known = old.after(answers, NOW);

        assert!(known.packages().keys().eq(["a", "b", "d", "e"]));
    }

    /// Else nothing new would ever be known until then.
    #[test]
    fn what_is_dated_in_the_future_gives_way() {
        let mut old = Yanks::default();
        said(&mut old, "a", NOW + HOUR * 3, 2000);
        let mut answers = Yanks::default();
        said(&mut answers, "b", NOW, 1000);

        let known = old.after(answers, NOW);

        assert!(known.packages().keys().eq(["b"]));
    }

    #[test]
    fn all_that_is_known_is_bounded() {
        let mut answers = Yanks::default();
        for number in 0..1000 {
            said(&mut answers, &format!("a{number}"), NOW, 16);
        }

        let known = Yanks::default().after(answers, NOW);

        let weights = known.packages().iter();
        let weight: usize = weights
            .flat_map(|(name, of)| of.values().map(|said| said.weight(name)))
            .sum();
        assert!(weight <= MOST_BYTES && weight > MOST_BYTES - 32 * 1024);
    }
}
