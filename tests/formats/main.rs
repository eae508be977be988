//! `cargo advisory --format` for other programs: each format against a reader that others wrote, on what a command prints
//! and on answers made by hand, which hold what no database could.

mod answers;
mod commands;
mod cyclonedx;
mod github;
mod markdown;
mod openvex;
mod sarif;
mod schemas;

#[path = "../support/mod.rs"]
mod support;
