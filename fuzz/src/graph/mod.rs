//! `src/graph` without what asks cargo.

#[path = "../../../src/graph/edge.rs"]
mod edge;
#[path = "../../../src/graph/lockfile/mod.rs"]
pub mod lockfile;
#[path = "../../../src/graph/package.rs"]
mod package;
#[path = "../../../src/graph/through.rs"]
pub mod through;

pub use edge::{DependencyKind, Edge, Lack, Switch};
pub use package::{Graph, Package, Platform, PlatformSet, Scope, Source, Usage, Yanked};
