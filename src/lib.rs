//! cargo with security advisories built in: a step between resolution and compilation that checks the resolved graph
//! against a cached index of advisories and yanks, and says so in one line, or fails under `--deny-advisories`.
//!
//! The modules in the order of the flow. Left half, its own process (`cargo advisory update`, which builds start too):
//! [`database`] reads advisories, over [`http`] where they are remote, [`yanks`] asks registries, [`index`] compiles both,
//! [`refresh`] does it all. Right half, inside a build: [`extension`] is what cargo calls, [`graph`] turns cargo's unit graph
//! into plain data, [`check`] joins graph and index into findings, [`policy`] makes a verdict of them and [`report`] words
//! it. [`command`] holds `cargo advisory`, and [`remedy`] finds the way out of a finding, with cargo's own resolver.
//! [`baseline`] tells with git which findings are new.
//!
//! Only `extension`, `graph`, `remedy`, `config`, `denial`, `message` and `command` name cargo's types.

pub mod advisory;
pub mod baseline;
pub mod check;
pub mod command;
pub mod config;
pub mod database;
pub mod denial;
pub mod extension;
pub mod fault;
pub mod freshness;
pub mod graph;
pub mod http;
pub mod ignore;
pub mod index;
pub mod memory;
pub mod message;
pub mod policy;
pub mod problem;
pub mod refresh;
pub mod remedy;
pub mod report;
mod scrap;
mod sealed;
pub mod yank;
pub mod yanks;
