//! `cargo advisory ...`: what it prints where, and what it exits with.

mod cautions;
mod deny;
mod details;
mod explain;
mod format;
mod help;
mod lockfile;
mod recursive;
mod remedies;
mod remedy_search;
mod schema;
mod selection;
mod status;
mod update;
mod workspace;

#[path = "../support/mod.rs"]
mod support;
