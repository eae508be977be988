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
    /// Packages of which neither their source nor the index can tell whether they are yanked, as positions in the graph.
    pub yanks_unknown: Vec<usize>,
    /// How far the index alone knows of yanks, where cargo was not asked.
    pub coverage: Coverage,
}

/// Of how many packages from registries it is known whether they are yanked, where a lockfile is all there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    pub known: usize,
    pub unknown: usize,
    /// When a registry was asked about the known ones, at the earliest.
    pub asked: Option<Timestamp>,
}

impl Coverage {
    fn add(&mut self, told: Option<Told>) {
        let Some(told) = told else {
            self.unknown += 1;
            return;
        };
        self.known += 1;
        self.asked = Some(self.asked.map_or(told.asked, |asked| asked.min(told.asked)));
    }

    /// That of both.
    pub fn and(self, other: Coverage) -> Coverage {
        Coverage {
            known: self.known + other.known,
            unknown: self.unknown + other.unknown,
            asked: self.asked.into_iter().chain(other.asked).min(),
        }
    }
}

impl<'i> Hits<'i> {
    /// Whether there is no finding.
    pub fn is_empty(&self) -> bool {
        self.hits.is_empty()
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
/// Whether a package is yanked goes by [`yank`].
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
        yanks_unknown: Vec::new(),
        coverage: Coverage::default(),
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
            Some(Yank::None) => {}
            None if package.yanked == Yanked::Unknown => hits.yanks_unknown.push(position),
            None => {}
        }
        // Without a build nobody knows how it is used.
        if package.yanked == Yanked::NotAsked && package.usage.is_none() && registry.is_some() {
            hits.coverage.add(told);
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
