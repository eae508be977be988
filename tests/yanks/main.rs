//! Yanks that a refresh asks registries for: servers behind TLS, honest, broken and nosy ones.

#![cfg(unix)]

mod aged;
mod answers;
mod broken;
mod figure;
mod known;
mod much;
mod privacy;
mod registry;

#[path = "../support/server.rs"]
mod server;
#[path = "../support/mod.rs"]
mod support;
