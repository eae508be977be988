//! `src/report` without what words findings.

#[path = "../../../src/report/link.rs"]
pub mod link;
#[path = "../../../src/report/markdown/mod.rs"]
pub mod markdown;
#[path = "../../../src/report/page.rs"]
mod page;
#[path = "../../../src/report/paragraph.rs"]
mod paragraph;
#[path = "../../../src/report/untrusted.rs"]
pub mod untrusted;

pub use page::Page;
pub use untrusted::{Configured, Untrusted};

/// Adds to a string, which cannot fail.
fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    std::fmt::Write::write_fmt(out, text).expect("a string takes all that is written");
}
