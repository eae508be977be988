//! Joins a graph and an index into findings. Pure: no clock, no environment, nothing printed.

use std::cmp::Reverse;

use jiff::Timestamp;
use semver::Version;

use crate::advisory::{Kind, Registry, Severity};
use crate::graph::{Graph, Package, PlatformSet, Scope, Yanked};
use crate::index::{self, Entry, Index, Told};
use crate::yank::Yank;

/// One package of the graph with one advisory or yank.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'g> {
    pub package: &'g Package,
    /// The package's position in the graph.
    pub position: usize,
    pub kind: Kind,
    /// None for a yank, which comes from a registry.
    pub entry: Option<Entry<'g>>,
    /// It is a yank of a version that its registry does not know any more.
    pub vanished: bool,
}

impl<'g> Finding<'g> {
    /// The advisory's id, none for a yank.
    pub fn id(&self) -> Option<&'g str> {
        self.entry.map(|entry| entry.id)
    }

    /// As the advisory's CVSS vector gives it. None where it is not scored.
    pub fn severity(&self) -> Option<Severity> {
        self.entry.and_then(|entry| entry.severity)
    }

    /// What is told of a yank.
    pub fn yank(&self) -> &'static str {
        match self.vanished {
            true => "removed from its registry",
            false => "yanked from its registry",
        }
    }

    /// Sorts worst first: kind, severity (not scored after the scored), scope, then name, version and id.
    pub fn rank(&self) -> Rank<'g> {
        Rank {
            kind: self.kind,
            severity: (self.severity().is_none(), self.severity()),
            scope: self.package.scope(),
            name: &self.package.name,
            version: &self.package.version,
            // The newest advisory of equals is the one that a user has not seen yet.
            id: Reverse(self.id()),
        }
    }
}

/// See [`Finding::rank`].
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank<'g> {
    kind: Kind,
    severity: (bool, Option<Severity>),
    scope: Scope,
    name: &'g str,
    version: &'g Version,
    id: Reverse<Option<&'g str>>,
}

/// What is wrong with a package.
#[derive(Clone, Copy, Debug)]
enum What<'i> {
    Advisory(Entry<'i>),
    Yanked,
    Vanished,
}

/// What was found, and what could not be looked at.
#[derive(Debug)]
pub struct Hits<'i> {
    hits: Vec<(usize, What<'i>)>,
    /// Advisories that speak of other platforms than those that the package is compiled for.
    elsewhere: Vec<(usize, What<'i>)>,
    /// Packages with an advisory that was not understood, as positions in the graph.
    pub quarantined: Vec<usize>,
    /// How many packages from registries there are of which cargo's sources say whether they are yanked.
    known_to_cargo: usize,
    /// The other packages that may have been yanked, as positions in the graph, and what the last refresh was told of each.
    left_to_index: Vec<(usize, Option<Told>)>,
}

/// Of how many packages from registries it is known whether they are yanked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    pub known: usize,
    pub unknown: usize,
    /// How many of the unknown ones are so because the answer about them is too old.
    pub outdated: usize,
    /// When a registry was asked about those that are known from the index, at the earliest.
    pub asked: Option<Timestamp>,
}

impl Coverage {
    /// That of both.
    pub fn and(self, other: Coverage) -> Coverage {
        Coverage {
            known: self.known + other.known,
            unknown: self.unknown + other.unknown,
            outdated: self.outdated + other.outdated,
            asked: self.asked.into_iter().chain(other.asked).min(),
        }
    }
}

/// What an answer of a registry is worth. That something was yanked is told whatever its age: a yank that was taken back
/// does less harm than one that is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worth {
    Known(Timestamp),
    Outdated,
    Nothing,
}

impl Worth {
    /// That of what was `told`, where answers from before `since` are too old.
    fn of(told: Option<Told>, since: Timestamp) -> Worth {
        match told {
            None => Worth::Nothing,
            Some(Told {
                yank: Yank::None,
                asked,
            }) if asked < since => Worth::Outdated,
            Some(Told { asked, .. }) => Worth::Known(asked),
        }
    }
}

impl<'i> Hits<'i> {
    /// Whether there is no finding.
    pub fn is_empty(&self) -> bool {
        self.hits.is_empty()
    }

    /// The packages of the build of `graph` of which neither their source nor the index can tell whether they are yanked, as
    /// positions, and whether that is for an answer from before `since`, which is too old.
    pub fn yanks_unknown(
        &self,
        graph: &Graph,
        since: Timestamp,
    ) -> impl Iterator<Item = (usize, bool)> {
        let unknown = |position: &usize| graph.packages[*position].yanked == Yanked::Unknown;
        self.left_to_index
            .iter()
            .filter(move |(position, _)| unknown(position))
            .filter_map(move |(position, told)| match Worth::of(*told, since) {
                Worth::Known(_) => None,
                worth => Some((*position, worth == Worth::Outdated)),
            })
    }

    /// How far yanks are known, where answers from before `since` are too old.
    pub fn coverage(&self, since: Timestamp) -> Coverage {
        let mut coverage = Coverage {
            known: self.known_to_cargo,
            ..Coverage::default()
        };
        for (_, told) in &self.left_to_index {
            match Worth::of(*told, since) {
                Worth::Known(asked) => {
                    coverage.known += 1;
                    coverage.asked = coverage.asked.into_iter().chain([asked]).min();
                }
                Worth::Outdated => {
                    coverage.unknown += 1;
                    coverage.outdated += 1;
                }
                Worth::Nothing => coverage.unknown += 1,
            }
        }
        coverage
    }

    /// The packages with a finding, as positions in the graph, some of them more than once.
    pub fn packages(&self) -> impl Iterator<Item = usize> {
        self.hits.iter().map(|(package, _)| *package)
    }

    /// The findings, worst first. `graph` is the one that was checked, with its uses filled in meanwhile.
    pub fn findings<'g>(&self, graph: &'g Graph) -> Vec<Finding<'g>>
    where
        'i: 'g,
    {
        let mut findings: Vec<Finding<'g>> = joined(&self.hits, graph).collect();
        findings.sort_by(|a, b| a.rank().cmp(&b.rank()));
        findings
    }

    /// What would be findings on other platforms, in no particular order.
    pub fn elsewhere<'g>(&self, graph: &'g Graph) -> Vec<Finding<'g>>
    where
        'i: 'g,
    {
        joined(&self.elsewhere, graph).collect()
    }
}

fn joined<'g, 'i: 'g>(
    hits: &[(usize, What<'i>)],
    graph: &'g Graph,
) -> impl Iterator<Item = Finding<'g>> {
    hits.iter().map(|(package, what)| {
        let entry = match what {
            What::Advisory(entry) => Some(*entry),
            What::Yanked | What::Vanished => None,
        };
        Finding {
            package: &graph.packages[*package],
            position: *package,
            kind: entry.map_or(Kind::Yanked, |entry| entry.kind),
            entry,
            vanished: matches!(what, What::Vanished),
        }
    })
}

/// Looks up every package of `graph` in `index`.
///
/// Whether a package is yanked goes by [`yank`]. How old an answer is that says that it is not counts [later](Hits::coverage).
///
/// A package is held against the advisories of the registry that it comes from, and `affected.os` and `affected.arch`
/// against the platforms that it is compiled for; where those are not known every platform counts, as in RustSec.
///
/// # Errors
///
/// When a record of the index is damaged.
pub fn check<'i>(graph: &Graph, index: &'i Index) -> Result<Hits<'i>, index::Error> {
    let mut hits = Hits {
        hits: Vec::new(),
        elsewhere: Vec::new(),
        quarantined: Vec::new(),
        known_to_cargo: 0,
        left_to_index: Vec::new(),
    };
    for (position, package) in graph.packages.iter().enumerate() {
        let Some(registry) = package.source.registry.as_ref().map(Registry::borrow) else {
            continue;
        };
        for entry in index.affecting(&package.name, &package.version, registry) {
            let entry = entry?;
            if concerns(&entry, graph, package.platforms) {
                hits.hits.push((position, What::Advisory(entry)));
            } else {
                hits.elsewhere.push((position, What::Advisory(entry)));
            }
        }
        if index.quarantined_for(&package.name) {
            hits.quarantined.push(position);
        }
    }
    for (position, package) in graph.packages.iter().enumerate() {
        let registry = package.source.registry.as_ref().map(Registry::borrow);
        let told = match registry {
            // What cargo makes of its own packages it knows best.
            Some(registry) if !package.member => {
                index.yank(&package.name, &package.version, registry)?
            }
            _ => None,
        };
        match yank(package.yanked, told.map(|told| told.yank)) {
            Some(Yank::Vanished) => hits.hits.push((position, What::Vanished)),
            Some(Yank::Yanked) => hits.hits.push((position, What::Yanked)),
            Some(Yank::None) | None => {}
        }
        match package.yanked {
            Yanked::Unknown => hits.left_to_index.push((position, told)),
            _ if package.member || registry.is_none() => {}
            Yanked::NotAsked => hits.left_to_index.push((position, told)),
            Yanked::Yes | Yanked::No => hits.known_to_cargo += 1,
        }
    }
    Ok(hits)
}

/// What a registry makes of a version, by what `cargo` knows of it and what it `told` the last refresh. None if nobody knows.
///
/// A version is yanked if its registry says so, be it to cargo or to the last refresh: of two answers it cannot be told
/// which is the newer one, and a yank that was taken back does less harm than one that is not told. Of a version that has
/// vanished from its registry only a refresh can know, for cargo goes by what it has seen before.
pub fn yank(cargo: Yanked, told: Option<Yank>) -> Option<Yank> {
    match (cargo, told) {
        (_, Some(Yank::Vanished)) => Some(Yank::Vanished),
        (Yanked::Yes, _) | (_, Some(Yank::Yanked)) => Some(Yank::Yanked),
        (Yanked::No, _) | (_, Some(Yank::None)) => Some(Yank::None),
        (Yanked::Unknown | Yanked::NotAsked, None) => None,
    }
}

/// Whether the advisory speaks of one of the platforms.
fn concerns(entry: &Entry<'_>, graph: &Graph, platforms: Option<PlatformSet>) -> bool {
    let Some(platforms) = platforms else {
        return true;
    };
    let listed = |mut words: Box<dyn Iterator<Item = &str> + '_>, word: &str| {
        let mut empty = true;
        let found = words.by_ref().any(|listed| {
            empty = false;
            listed == word
        });
        empty || found
    };
    graph
        .platforms
        .iter()
        .enumerate()
        .filter(|(position, _)| platforms.contains(*position))
        .any(|(_, platform)| {
            listed(Box::new(entry.os()), &platform.os)
                && listed(Box::new(entry.arch()), &platform.arch)
        })
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use jiff::SignedDuration;

    use super::*;
    use crate::graph::Source;

    #[test]
    fn what_is_not_yanked_is_known_for_a_time() {
        let since = Timestamp::UNIX_EPOCH;
        let told = |yank, seconds| {
            let asked = since + SignedDuration::from_secs(seconds);
            Some(Told { yank, asked })
        };
        let cases = [
            (Yanked::Unknown, None),
            (Yanked::Unknown, told(Yank::None, -1)),
            (Yanked::Unknown, told(Yank::None, 0)),
            (Yanked::Unknown, told(Yank::Yanked, -1)),
            (Yanked::Unknown, told(Yank::Vanished, -1)),
            (Yanked::NotAsked, None),
            (Yanked::NotAsked, told(Yank::None, -1)),
            (Yanked::NotAsked, told(Yank::None, 7)),
        ];
        let package = |yanked| Package {
            name: "a".to_owned(),
            version: Version::new(1, 0, 0),
            source: Rc::new(Source {
                id: None,
                registry: Some(Registry::CratesIo),
            }),
            member: false,
            yanked,
            platforms: None,
            usage: None,
            features: None,
        };
        let graph = Graph {
            packages: cases.iter().map(|(yanked, _)| package(*yanked)).collect(),
            ..Graph::default()
        };
        let told = cases.into_iter().map(|(_, told)| told);
        let hits = Hits {
            hits: Vec::new(),
            elsewhere: Vec::new(),
            quarantined: Vec::new(),
            known_to_cargo: 3,
            left_to_index: told.enumerate().collect(),
        };

        let unknown: Vec<_> = hits.yanks_unknown(&graph, since).collect();
        assert_eq!(unknown, [(0, false), (1, true)]);
        let expected = Coverage {
            known: 3 + 4,
            unknown: 4,
            outdated: 2,
            asked: Some(since - SignedDuration::from_secs(1)),
        };
        assert_eq!(hits.coverage(since), expected);
    }
}
