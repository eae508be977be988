//! Joins a graph and an index into findings. Pure: no clock, no environment, nothing printed.

use std::cmp::Reverse;

use semver::Version;

use crate::advisory::{Kind, Registry, Severity};
use crate::graph::{Graph, Package, PlatformSet, Scope, Yanked};
use crate::index::{self, Entry, Index};

/// One package of the graph with one advisory or yank.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'g> {
    pub package: &'g Package,
    /// The package's position in the graph.
    pub position: usize,
    pub kind: Kind,
    /// None for a yank, which comes from a registry.
    pub entry: Option<Entry<'g>>,
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

/// What was found, and what could not be looked at.
#[derive(Debug)]
pub struct Hits<'i> {
    hits: Vec<(usize, Option<Entry<'i>>)>,
    /// Advisories that speak of other platforms than those that the package is compiled for.
    elsewhere: Vec<(usize, Option<Entry<'i>>)>,
    /// Packages with an advisory that was not understood, as positions in the graph.
    pub quarantined: Vec<usize>,
    /// Packages whose source could not tell whether they are yanked, as positions in the graph.
    pub yanks_unknown: Vec<usize>,
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
    hits: &[(usize, Option<Entry<'i>>)],
    graph: &'g Graph,
) -> impl Iterator<Item = Finding<'g>> {
    hits.iter().map(|(package, entry)| Finding {
        package: &graph.packages[*package],
        position: *package,
        kind: entry.map_or(Kind::Yanked, |entry| entry.kind),
        entry: *entry,
    })
}

/// Looks up every package of `graph` in `index`.
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
    };
    for (position, package) in graph.packages.iter().enumerate() {
        let Some(registry) = package.source.registry.as_ref().map(Registry::borrow) else {
            continue;
        };
        for entry in index.affecting(&package.name, &package.version, registry) {
            let entry = entry?;
            if concerns(&entry, graph, package.platforms) {
                hits.hits.push((position, Some(entry)));
            } else {
                hits.elsewhere.push((position, Some(entry)));
            }
        }
        if index.quarantined_for(&package.name) {
            hits.quarantined.push(position);
        }
    }
    for (position, package) in graph.packages.iter().enumerate() {
        match package.yanked {
            Yanked::Yes => hits.hits.push((position, None)),
            Yanked::No | Yanked::NotAsked => {}
            Yanked::Unknown => hits.yanks_unknown.push(position),
        }
    }
    Ok(hits)
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
