//! The packages themselves.

use std::rc::Rc;

use semver::Version;

use super::Edge;
use crate::advisory::Registry;

/// The packages that are checked together.
#[derive(Debug, Default)]
pub struct Graph {
    /// In no particular order, each once.
    pub packages: Vec<Package>,
    /// What [`PlatformSet`] counts in.
    pub platforms: Vec<Platform>,
    /// Which package depends on which. Empty where nobody asked: [`super::build::BuildGraph::add_edges`] fills it in.
    pub edges: Vec<Edge>,
    /// Where paths begin, as positions in `packages`: the workspace's members, and what else the build was asked for.
    /// Filled in with the edges.
    pub roots: Vec<usize>,
}

impl Graph {
    /// The dependencies of which no advisory speaks, by name.
    pub fn unchecked(&self) -> impl Iterator<Item = &Package> {
        let packages = self.packages.iter();
        let mut unchecked: Vec<&Package> =
            packages.filter(|package| package.is_unchecked()).collect();
        unchecked.sort_by_key(|package| (&package.name, &package.version));
        unchecked.into_iter()
    }

    /// Whether an edge is part of the build. Where no build is known, every one is.
    pub fn is_built(&self, edge: &Edge) -> bool {
        edge.lacks.is_empty() && !self.packages[edge.from].is_unbuilt()
    }
}

/// One package of a graph.
#[derive(Debug)]
pub struct Package {
    pub name: String,
    pub version: Version,
    pub source: Rc<Source>,
    /// One of the workspace's own. In a lockfile alone, whatever has no source.
    pub member: bool,
    pub yanked: Yanked,
    /// The platforms that it is compiled for. None where that is not known: then every platform counts.
    pub platforms: Option<PlatformSet>,
    /// None where nobody asked: [`super::build::BuildGraph::add_uses`] fills it in.
    pub usage: Option<Usage>,
    /// The features that are on in the build, by name. None where that is not known or nobody asked:
    /// [`super::build::BuildGraph::add_edges`] fills it in.
    pub features: Option<Vec<String>>,
}

impl Package {
    /// Whether a build is known and does not use it.
    pub fn is_unbuilt(&self) -> bool {
        self.usage
            .is_some_and(|usage| usage.scope == Scope::Unbuilt)
    }

    /// Whether a workspace member depends on it itself. Where that is not known it counts as direct.
    pub fn is_direct(&self) -> bool {
        self.usage.is_none_or(|usage| usage.direct)
    }

    /// Whether it is a dependency of which no advisory speaks, because it comes from no registry.
    pub fn is_unchecked(&self) -> bool {
        self.source.registry.is_none() && !self.member
    }

    /// How the package is used in the build, `unbuilt` where it is in no build.
    pub fn scope(&self) -> Scope {
        self.usage.map_or(Scope::Unbuilt, |usage| usage.scope)
    }
}

/// Where a package comes from, before source replacement.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// As Cargo.lock writes it. None for a path.
    pub id: Option<String>,
    /// None for sources that no advisory speaks of: paths, git repositories, patches.
    pub registry: Option<Registry>,
}

/// What is known of a package's yank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yanked {
    Yes,
    No,
    /// The source was asked and could not tell.
    Unknown,
    /// There is no source to ask: a lockfile alone does not say.
    NotAsked,
}

/// How a package is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    pub scope: Scope,
    /// A workspace member depends on it itself.
    pub direct: bool,
}

/// How a package is used in a build. The strongest use of a package is its scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Compiled into what is built.
    Runtime,
    /// Runs while building: build scripts, proc macros and what they depend on.
    Build,
    /// Only for tests, examples and benchmarks.
    Dev,
    /// Only in Cargo.lock.
    Unbuilt,
}

impl Scope {
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Runtime => "runtime",
            Scope::Build => "build",
            Scope::Dev => "dev",
            Scope::Unbuilt => "unbuilt",
        }
    }
}

/// A platform in rustc's words, `target_os` and `target_arch`.
#[derive(Debug, PartialEq, Eq)]
pub struct Platform {
    pub os: String,
    pub arch: String,
}

/// Some of [`Graph::platforms`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlatformSet(u64);

impl PlatformSet {
    /// How many platforms one graph can tell apart. Cargo compiles for one or two; past this a package counts as
    /// compiled for every platform, which finds more, not less.
    pub const MOST: usize = u64::BITS as usize;

    /// Every platform.
    pub fn all() -> PlatformSet {
        PlatformSet(u64::MAX)
    }

    pub fn insert(&mut self, platform: usize) {
        if platform < Self::MOST {
            self.0 |= 1 << platform;
        } else {
            self.0 = u64::MAX;
        }
    }

    pub fn contains(self, platform: usize) -> bool {
        platform >= Self::MOST || self.0 & (1 << platform) != 0
    }
}
