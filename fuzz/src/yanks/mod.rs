//! `src/yanks` without what asks.

#[path = "../../../src/yanks/answer.rs"]
pub mod answer;
#[path = "../../../src/yanks/kept.rs"]
#[allow(dead_code, reason = "nothing is kept here")]
pub mod kept;

/// Where the packages of a registry are, and whether it wants a token, as its `config.json` says.
pub fn config(body: &[u8]) -> Option<(String, bool)> {
    let config = answer::Config::read(body)?;
    Some((config.downloads, config.auth_required))
}
