//! Snapshots: one machine publishes its index as files, a web server hands them out, and others read them.

#![cfg(unix)]

mod export;
mod failures;
mod forward;
#[path = "../support/server.rs"]
mod server;
mod signed;
mod story;
#[path = "../support/mod.rs"]
mod support;
mod world;
