//! The way out of a finding. Every remedy was resolved by cargo's own resolver, in memory, before anybody is told of it.
//!
//! From the outside in: [`plan`] takes the findings of a workspace, package by package. [`search`] tries the kinds of
//! change in turn, the smallest first: Cargo.lock alone, a requirement in a manifest (whose lines [`manifest`] knows), a
//! feature. `smallest` finds the fewest moves for each, by one [`attempt`] after the other: a resolve in which little may
//! change. [`world`] is what they all work on, the workspace with its Cargo.lock, with the [`releases`] that registries have;
//! [`rules`] are the project's own about these, and [`caution`] looks at what a remedy moves to.
//!
//! The types here are plain data for reports.

use std::path::PathBuf;

use jiff::Timestamp;
use semver::Version;

pub mod attempt;
pub mod caution;
mod feature;
pub mod manifest;
pub mod plan;
pub mod releases;
pub mod rules;
pub mod search;
mod smallest;
pub mod world;

/// What makes a finding go away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    pub change: Change,
    /// What happens to Cargo.lock, by name. Nothing where there is no change to be made.
    pub moves: Vec<Move>,
    /// The dependents that exclude every version without the finding, as they are now.
    pub held_back_by: Vec<Dependent>,
}

impl Remedy {
    /// Whether there is something to change at all.
    pub fn exists(&self) -> bool {
        !matches!(self.change, Change::None(_))
    }
}

/// What somebody has to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Cargo.lock alone.
    Lockfile,
    /// Requirements in manifests, and Cargo.lock after them.
    Manifest(Vec<Edit>),
    /// Features of a dependency, and Cargo.lock after them.
    Feature(Switch),
    /// There is nothing to change to.
    None(Obstacle),
}

impl Change {
    /// The word used in JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            Change::Lockfile => "lockfile",
            Change::Manifest(_) => "manifest",
            Change::Feature(_) => "feature",
            Change::None(_) => "none",
        }
    }
}

/// What becomes of one package of Cargo.lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    pub package: String,
    /// None for a package that is added.
    pub from: Option<Version>,
    /// None for a package that nothing needs any more.
    pub to: Option<Version>,
    /// What to know before one takes the new version.
    pub cautions: Vec<Caution>,
}

/// What tells an honest successor from one that somebody was pushed on to: it is worth a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caution {
    /// Published less than [`YOUNG_DAYS`] ago.
    Young { published: Timestamp },
    /// It has a build script, and the version before had none.
    BuildScript,
    /// It brings packages that were not in Cargo.lock, by name.
    NewDependencies(Vec<String>),
    /// It was not downloaded, so that nobody has looked for a build script.
    NotDownloaded,
}

/// How many days old a release is before nobody calls it young.
pub const YOUNG_DAYS: i64 = 7;

/// A requirement in a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub manifest: PathBuf,
    /// Counted from 1.
    pub line: usize,
    /// The tables and the key that hold it.
    pub key: Vec<String>,
    pub from: String,
    pub to: String,
}

/// Features that a manifest switches on, to be left out: those of a dependency, or the default ones of the package itself
/// (`features.default`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    pub manifest: PathBuf,
    /// Counted from 1.
    pub line: usize,
    /// The tables and the key of the dependency.
    pub key: Vec<String>,
    /// The features that are lost.
    pub without: Vec<String>,
    /// What the dependency should say then: whether it has its default features, and the features to name.
    pub default_features: bool,
    pub features: Vec<String>,
}

/// A package that depends on another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependent {
    pub package: String,
    pub version: Version,
    /// One of the workspace's own, whose manifest can be changed.
    pub member: bool,
    pub requirement: String,
}

/// Why there is nothing to change to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// No release is without the finding.
    NoPatch,
    /// The only releases without the finding were yanked.
    PatchYanked(Vec<Version>),
    /// The releases without it need a newer Rust than the project allows: the oldest of them, and the Rust it needs.
    RustVersion { version: Version, needs: String },
    /// The releases without it are younger than the project allows.
    TooYoung(Version),
    /// There is such a release, and no change of this workspace's manifests leads to it.
    OutOfReach(Version),
}
