//! Snapshots: what one machine has made of databases, as a few files that any web server or CDN can hand out.
//!
//! # Purpose
//!
//! Ten thousand machines that ask a git server each day are a load, and each of them needs a way to it. A snapshot is made
//! once, by `cargo advisory export`, and read by all.
//!
//! # Layout
//!
//! A folder with `manifest.json`, the [manifest](manifest), the file of advisories that it names, and
//! `manifest.json.minisig` if it is signed. The file is named after its content, so a manifest always finds the file that
//! belongs to it, also while both are replaced. It holds an index without what changes though no advisory does, so that a
//! day without news costs each machine one question and no answer.
//!
//! # Trust
//!
//! The manifest covers the file by its hash, and the signature covers the manifest. Without a key, whoever hands out the
//! files decides what is in them, as with any database; that it goes only [forward](crate::refresh::forward) holds for both.
//! The bytes are foreign: their length is limited before and while they are unpacked, and names in them are held against
//! the rules that hold for databases.
//!
//! # Cost
//!
//! One question where nothing is new. What was fetched last is [kept](kept) with what the server wants to hear about it, also
//! because the index is made of all databases, and a change of another one must not fetch this one again.

mod content;
mod exchange;
pub mod export;
mod kept;
mod manifest;
mod signature;

use self::exchange::Exchange;
use self::kept::Kept;
pub use self::signature::Key;
use super::{Network, Origin, Progress, Published, Snapshot};
use crate::index::store::Store;

/// What the URL of a snapshot begins with, before that of its folder.
pub(super) const PREFIX: &str = "sparse+";
/// The name of the manifest.
pub const MANIFEST: &str = "manifest.json";
/// The name of its signature, as minisign has it.
const SIGNATURE: &str = "manifest.json.minisig";
/// Bytes of a manifest. That of one database has some 500.
const MAX_MANIFEST: u64 = 64 * 1024;
/// Bytes of a signature. One with a long comment has some 500.
const MAX_SIGNATURE: u64 = 8 * 1024;
/// Bytes of a file of advisories, packed or not. RustSec's has 1.1 million when it is unpacked.
const MAX_CONTENT: u64 = 64 * 1024 * 1024;

/// Reads the snapshot at `url`, from what is kept where the server says that it is still the same.
///
/// # Errors
///
/// If it cannot be fetched, is not what its manifest says, or is not signed although `network` has keys.
pub(super) fn fetch(
    url: &str,
    network: &Network,
    progress: &(dyn Fn(Progress) + Sync),
) -> anyhow::Result<Snapshot> {
    let store = Store::new(&network.scratch);
    let exchange = Exchange {
        folder: folder(url),
        keys: &network.keys,
        ask: &|request| network.client.get(request),
        progress,
    };
    let before = Kept::load(&store, url);
    let (after, snapshot) = exchange.run(url, before.as_ref())?;
    if before.as_ref() != Some(&after) {
        after.save(&store, url)?;
    }
    Ok(snapshot)
}

/// The URL of the folder, with a `/` at its end.
fn folder(url: &str) -> String {
    let address = url.strip_prefix(PREFIX).unwrap_or(url);
    format!("{}/", address.strip_suffix('/').unwrap_or(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_ends_in_a_slash() {
        for url in [
            "sparse+https://example.com/a",
            "sparse+https://example.com/a/",
        ] {
            assert_eq!(folder(url), "https://example.com/a/");
        }
    }
}
