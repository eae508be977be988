//! `cargo xtask bench`: our cargo against the installed one.

use anyhow::{Result, bail};

/// Measures both in pairs, in one run, and prints a Markdown table.
pub fn run() -> Result<()> {
    bail!("nothing is measured yet")
}
