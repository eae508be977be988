//! Ignores: `cargo advisory ignore` changes the lines that it has to, and no other byte.

mod add;
mod forms;
mod import;
mod prune;

#[path = "../support/mod.rs"]
mod support;
