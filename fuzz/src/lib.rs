//! What the fuzzers run, and the part of cargo-advisory that they run it on.
//!
//! Building cargo with the instructions of a fuzzer takes many minutes. What reads foreign bytes knows nothing of cargo,
//! so these modules are taken in from their files, and none of cargo is built. Each is the same file that the product is
//! made of, in the same place below the root.

#[path = "../../src/advisory.rs"]
pub mod advisory;
#[path = "../../src/check.rs"]
pub mod check;
pub mod database;
#[path = "../../src/fault.rs"]
#[allow(unexpected_cfgs, reason = "nothing here is ever broken on purpose")]
pub mod fault;
pub mod graph;
#[path = "../../src/index/mod.rs"]
pub mod index;
#[allow(dead_code, reason = "what words findings is not here")]
pub mod report;

#[path = "../../src/yank.rs"]
#[allow(dead_code, reason = "what asks registries is not here")]
pub mod yank;

pub mod draw;
pub mod memory;
pub mod naive;
pub mod quiet;
pub mod targets;

// The reader of lockfiles asks cargo for the two addresses of crates.io. Here they are made up: all that counts is whether
// a text is one of them.
extern crate self as cargo;

/// Stands in for the module of cargo's with this name.
pub mod sources {
    pub const CRATES_IO_INDEX: &str = "https://main.example/index";

    /// Stands in for the module of cargo's with this name.
    pub mod registry {
        pub const CRATES_IO_HTTP_INDEX: &str = "sparse+https://main.example/";
    }
}
