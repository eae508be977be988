//! The refresh in the background: when a build starts one, what it is given, and that nobody waits for it.

#![cfg(target_os = "linux")]

mod build_server;
mod due;
mod left;
mod world;
mod yanks;

#[path = "../yanks/registry.rs"]
mod registry;
#[path = "../support/server.rs"]
mod server;
#[path = "../support/mod.rs"]
mod support;
