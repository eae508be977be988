//! Which package of a graph depends on which, and why.

use super::Scope;

/// That one package depends on another. A pair of packages has one edge at the most: the strongest of its reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    /// A position in [`Graph::packages`](super::Graph::packages): the dependent.
    pub from: usize,
    /// A position in [`Graph::packages`](super::Graph::packages): the dependency.
    pub to: usize,
    /// None where only a lockfile is known, which does not tell.
    pub kind: Option<DependencyKind>,
    /// `to` is a proc macro: it runs while building, and what it depends on with it.
    pub proc_macro: bool,
    /// What the manifest of `from` calls `to`, where that is not its name.
    pub renamed: Option<String>,
    /// Of an optional dependency: the features of `from` that ask for it, by name. In a build only those that are on.
    pub features: Vec<String>,
    /// One at least of these features is among those that `from` has on by default.
    pub by_default: bool,
    /// Of a dependency for some platforms: which, as the manifest writes it, `cfg(windows)`.
    pub platform: Option<String>,
    /// Features of the workspace's members that turn one of these features on, where that is what the build lacks and
    /// `from` is no member itself: for whoever works on a member those are the nearest to reach.
    pub turned_on_by: Vec<Switch>,
    /// What the build lacks for this edge. Nothing where it is part of the build, or where `from` itself is not.
    pub lacks: Vec<Lack>,
}

impl Edge {
    /// The scope that everything behind this edge has at the least.
    pub fn scope(&self) -> Scope {
        match self.kind {
            Some(DependencyKind::Dev) => Scope::Dev,
            Some(DependencyKind::Build) => Scope::Build,
            Some(DependencyKind::Normal) | None if self.proc_macro => Scope::Build,
            Some(DependencyKind::Normal) | None => Scope::Runtime,
        }
    }

    /// Sorts the reasons why `from` depends on `to`, the strongest first.
    pub fn strength(&self) -> impl Ord + '_ {
        (
            self.lacks.len(),
            self.scope(),
            self.features.len(),
            &self.platform,
            &self.features,
            &self.renamed,
        )
    }
}

/// A feature of a package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Switch {
    /// A position in [`Graph::packages`](super::Graph::packages).
    pub package: usize,
    pub feature: String,
}

/// The table of the manifest that names a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DependencyKind {
    Normal,
    Build,
    Dev,
}

impl DependencyKind {
    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            DependencyKind::Normal => "normal",
            DependencyKind::Build => "build",
            DependencyKind::Dev => "dev",
        }
    }
}

/// What would have to be otherwise for a build to use a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// One of the edge's features.
    Feature,
    /// The edge's platform.
    Platform,
    /// Tests, examples or benchmarks of the dependent.
    Dev,
    /// It cannot be told: the dependent is built and does not use it.
    Use,
}

impl Lack {
    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Lack::Feature => "feature",
            Lack::Platform => "platform",
            Lack::Dev => "dev",
            Lack::Use => "use",
        }
    }
}
