//! The graph of a workspace: what one build of it would compile, and what Cargo.lock holds beside it.

use std::path::PathBuf;

use cargo::CargoResult;
use cargo::GlobalContext;
use cargo::core::compiler::{UnitInterner, UserIntent};
use cargo::core::{Resolve, Workspace};
use cargo::ops::{self, CompileFilter, CompileOptions, Packages};
use cargo_util_terminal::Verbosity;

use super::Graph;
use super::build::{BuildGraph, Sources};

pub const LOCKFILE: &str = "Cargo.lock";

/// Where Cargo.lock is, or will be.
pub fn lockfile(ws: &Workspace<'_>) -> PathBuf {
    ws.lock_root().as_path_unlocked().join(LOCKFILE)
}

/// The build of everything: every member's every target on this host with the default features.
///
/// # Errors
///
/// When cargo's configuration of builds is wrong.
pub fn everything(gctx: &GlobalContext) -> CargoResult<CompileOptions> {
    let mut options = CompileOptions::new(gctx, UserIntent::Build)?;
    options.spec = Packages::All(Vec::new());
    options.filter = CompileFilter::new_all_targets();
    Ok(options)
}

/// Which edges of a graph are filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edges {
    /// Those that lead to what was found: where nothing was, there are none, and the edges beside the build take a second
    /// resolve, which only findings beside the build are worth.
    Found,
    /// All that Cargo.lock holds.
    All,
}

/// The packages of the build with `options`, and as [`Scope::Unbuilt`](super::Scope::Unbuilt) the rest of Cargo.lock.
///
/// `found` tells the positions of the packages that there is something to say about.
///
/// # Errors
///
/// Where cargo could not build either: the workspace does not resolve, or a package cannot be downloaded. And those of
/// `found`.
pub fn read(
    ws: &Workspace<'_>,
    mut options: CompileOptions,
    edges: Edges,
    found: impl FnOnce(&Graph) -> CargoResult<Vec<usize>>,
) -> CargoResult<Graph> {
    // Nothing is compiled, so that it could not be is not for us to say.
    options.honor_rust_version = Some(false);
    let interner = UnitInterner::new();
    let bcx = ops::create_bcx(ws, &options, &interner, None)?;
    let mut graph = BuildGraph::new(&bcx, Sources::Plain)?;
    graph.add_uses(&bcx);
    if let Some(locked) = ops::load_pkg_lockfile(ws)? {
        graph.add_unbuilt(&bcx, locked.iter())?;
    }
    let found = found(&graph.graph)?;
    let wanted = match edges {
        Edges::Found => found,
        Edges::All => (0..graph.graph.packages.len()).collect(),
    };
    if !wanted.is_empty() {
        graph.add_edges(&bcx);
    }
    if wanted
        .iter()
        .any(|position| graph.graph.packages[*position].is_unbuilt())
    {
        graph.add_locked_edges(&bcx, &resolve_again(ws)?);
    }
    Ok(graph.graph)
}

/// The resolve of the whole workspace, of which cargo keeps only the part that it builds.
fn resolve_again(ws: &Workspace<'_>) -> CargoResult<Resolve> {
    Ok(quietly(ws.gctx(), || ops::resolve_ws(ws, false))?.1)
}

/// Has cargo do again what it has done before, and say nothing: it said it all the first time.
pub(crate) fn quietly<T>(gctx: &GlobalContext, again: impl FnOnce() -> T) -> T {
    let verbosity = gctx.shell().verbosity();
    gctx.shell().set_verbosity(Verbosity::Quiet);
    let done = again();
    gctx.shell().set_verbosity(verbosity);
    done
}
