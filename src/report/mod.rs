//! What a person or a tool reads. Everything printed is worded here, from the same findings.

pub mod columns;
pub mod explain;
pub mod human;
pub mod json;
pub mod line;
pub mod link;
pub mod markdown;
pub mod path;
pub mod releases;
pub mod remedy;
pub mod tree;
pub mod untrusted;
mod wrap;

pub use untrusted::{Configured, Untrusted};
pub use wrap::Page;

/// `1 package`, `2 packages`; irregular words are given whole.
pub fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
