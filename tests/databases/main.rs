//! Where advisories come from: git repositories behind TLS and on this machine, sound ones and hostile ones.

#![cfg(unix)]

mod contents;
mod failures;
mod forward;
mod history;
mod https;
mod machine;
mod packs;
#[path = "../support/server.rs"]
mod server;
mod settings;

#[path = "../support/mod.rs"]
mod support;
