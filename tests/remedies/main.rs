//! Remedies: what `cargo advisory fix` changes is all that has to change, and it is enough.

mod fix;
mod manifests;
mod proof;
mod real;
mod releases;
mod sources;
mod worlds;

#[path = "../support/mod.rs"]
mod support;
