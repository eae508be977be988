//! `src/database/published` without what fetches, and with a lower limit of what is unpacked, so that a file that grows
//! without end is soon at it.

#[path = "../../../../src/database/published/content.rs"]
mod content;
#[path = "../../../../src/database/published/exchange.rs"]
mod exchange;
#[path = "../../../../src/database/published/kept.rs"]
#[allow(dead_code, reason = "nothing is kept here")]
mod kept;
#[path = "../../../../src/database/published/manifest.rs"]
mod manifest;
#[path = "../../../../src/database/published/signature.rs"]
mod signature;

use self::exchange::Exchange;
use self::kept::Kept;
use self::manifest::Manifest;
pub use self::signature::Key;
use super::{Origin, Published, Snapshot};
use crate::http::{Request, Response};

pub(super) const PREFIX: &str = "sparse+";
pub const MANIFEST: &str = "manifest.json";
pub const SIGNATURE: &str = "manifest.json.minisig";
const MAX_MANIFEST: u64 = 64 * 1024;
const MAX_SIGNATURE: u64 = 8 * 1024;
pub const MAX_CONTENT: u64 = 64 * 1024;

/// What was fetched once.
#[derive(Debug, PartialEq, Eq)]
pub struct Fetched(Kept);

impl Fetched {
    pub fn manifest(&self) -> &[u8] {
        &self.0.manifest
    }

    pub fn signature(&self) -> Option<&[u8]> {
        self.0.signature.as_deref()
    }

    pub fn content(&self) -> &[u8] {
        &self.0.content
    }

    /// The same, written to the cache and read from there.
    pub fn again(&self, url: &str) -> Option<Fetched> {
        Kept::read(&self.0.write(url).ok()?, url).map(Fetched)
    }
}

/// Reads the snapshot at `url` from who answers to `ask`.
pub fn fetch(
    url: &str,
    keys: &[Key],
    ask: &dyn Fn(Request) -> anyhow::Result<Response>,
    before: Option<&Fetched>,
) -> anyhow::Result<(Fetched, Snapshot)> {
    let exchange = Exchange {
        folder: "https://a.example/".to_owned(),
        keys,
        ask,
        progress: &|_| {},
    };
    let before = before.map(|Fetched(kept)| kept);
    let (kept, snapshot) = exchange.run(url, before)?;
    Ok((Fetched(kept), snapshot))
}

/// The files of a snapshot that holds this index, as `cargo advisory export` makes them.
pub fn export(
    index: &[u8],
    advisories: usize,
    origins: Vec<Origin>,
) -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
    let content = content::pack(index)?;
    let manifest = Manifest::new(&content, advisories, origins).write()?;
    Ok((manifest, content))
}

/// Whether a manifest that is read, written and read again is the same. None if it is not sound.
pub fn survives(manifest: &[u8]) -> Option<bool> {
    let first = Manifest::read(manifest).ok()?;
    let written = first.write().ok();
    let second = written.and_then(|bytes| Manifest::read(&bytes).ok());
    Some(second == Some(first))
}
