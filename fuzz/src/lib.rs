//! What the fuzzers run, and the part of cargo-advisory that they run it on.
//!
//! Building cargo with the instructions of a fuzzer takes many minutes. What reads foreign bytes knows nothing of cargo,
//! so these modules are taken in from their files, and none of cargo is built. Each is the same file that the product is
//! made of, in the same place below the root.

#[path = "../../src/advisory.rs"]
pub mod advisory;
#[path = "../../src/check.rs"]
pub mod check;
#[allow(
    dead_code,
    unfulfilled_lint_expectations,
    reason = "what asks cargo is not here, and nothing is banned"
)]
pub mod config;
pub mod database;
#[path = "../../src/fault.rs"]
#[allow(unexpected_cfgs, reason = "nothing here is ever broken on purpose")]
pub mod fault;
pub mod graph;
pub mod http;
#[path = "../../src/ignore.rs"]
pub mod ignore;
#[path = "../../src/index/mod.rs"]
pub mod index;
#[path = "../../src/policy/mod.rs"]
#[allow(dead_code, reason = "nothing is judged here")]
pub mod policy;
#[allow(dead_code, reason = "what words findings is not here")]
pub mod report;
#[path = "../../src/sealed.rs"]
mod sealed;
#[path = "../../src/yank.rs"]
#[allow(dead_code, reason = "what asks registries is not here")]
pub mod yank;
pub mod yanks;

pub mod draw;
pub mod memory;
pub mod naive;
pub mod quiet;
pub mod targets;

// The little of cargo that these modules name is made up: the two addresses of crates.io, for all that counts is whether a
// text is one of them, and the values of its configuration.
extern crate self as cargo;

pub use anyhow::Result as CargoResult;
pub use util::context::GlobalContext;

pub mod util;

/// Stands in for the module of cargo's with this name.
pub mod sources {
    pub const CRATES_IO_INDEX: &str = "https://main.example/index";

    /// Stands in for the module of cargo's with this name.
    pub mod registry {
        pub const CRATES_IO_HTTP_INDEX: &str = "sparse+https://main.example/";
    }
}
