//! The graph of a whole workspace: what building everything in it would compile, and what Cargo.lock holds beside it.

use cargo::CargoResult;
use cargo::core::Workspace;
use cargo::core::compiler::{UnitInterner, UserIntent};
use cargo::ops::{self, CompileFilter, CompileOptions, Packages};

use super::Graph;
use super::build::{BuildGraph, Sources};

/// The packages of every member's every target on this host with the default features, and as
/// [`Scope::Unbuilt`](super::Scope::Unbuilt) the rest of Cargo.lock.
///
/// # Errors
///
/// Where cargo could not build either: the workspace does not resolve, or a package cannot be downloaded.
pub fn read(ws: &Workspace<'_>) -> CargoResult<Graph> {
    let mut options = CompileOptions::new(ws.gctx(), UserIntent::Build)?;
    options.spec = Packages::All(Vec::new());
    options.filter = CompileFilter::new_all_targets();
    // Nothing is compiled, so that it could not be is not for us to say.
    options.honor_rust_version = Some(false);
    let interner = UnitInterner::new();
    let bcx = ops::create_bcx(ws, &options, &interner, None)?;
    let mut graph = BuildGraph::new(&bcx, Sources::Plain)?;
    graph.add_uses(&bcx);
    if let Some(locked) = ops::load_pkg_lockfile(ws)? {
        graph.add_unbuilt(&bcx, locked.iter())?;
    }
    Ok(graph.graph)
}
