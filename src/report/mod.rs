//! What a person or a tool reads. Everything printed is worded here, from the same findings.

use std::fmt::Write as _;

pub mod brief;
pub mod decision;
pub mod explain;
pub mod formats;
pub mod html;
pub mod human;
pub mod json;
pub mod line;
pub mod link;
pub mod markdown;
mod page;
mod paragraph;
pub mod path;
pub mod releases;
pub mod remedy;
pub mod remedy_info;
pub mod status;
pub mod tree;
pub mod untrusted;

pub use page::Page;
pub use untrusted::{Configured, Untrusted};

/// `1 package`, `2 packages`; irregular words are given whole.
pub fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Adds to a string, which cannot fail.
fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text)
        .expect("a string takes all that is written");
}
