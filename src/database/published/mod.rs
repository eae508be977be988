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
pub mod export;
mod kept;
mod manifest;
mod signature;

use anyhow::{Context as _, anyhow, bail};

use self::kept::Kept;
use self::manifest::Manifest;
pub use self::signature::Key;
use super::{Network, Origin, Progress, Published, Refused, Snapshot, cure};
use crate::http::{Request, Response};
use crate::index::store::Store;
use crate::report::untrusted;

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

/// What is asked of a server to read a snapshot.
struct Exchange<'a> {
    folder: String,
    keys: &'a [Key],
    ask: &'a dyn Fn(Request) -> anyhow::Result<Response>,
    progress: &'a (dyn Fn(Progress) + Sync),
}

impl Exchange<'_> {
    /// The snapshot, and what to keep of it.
    fn run(&self, url: &str, before: Option<&Kept>) -> anyhow::Result<(Kept, Snapshot)> {
        let mut kept = self.manifest(before)?;
        let same = before.filter(|before| before.manifest == kept.manifest);
        kept.signature = self.signature(&kept.manifest, same)?;
        let manifest = Manifest::read(&kept.manifest)?;
        kept.content = match before {
            Some(before) if manifest.index.is(&before.content) => before.content.clone(),
            _ => self.content(&manifest)?,
        };
        let snapshot = content::snapshot(url, &kept.content, manifest, self.progress)?;
        Ok((kept, snapshot))
    }

    /// The manifest, and what is to be told next time to the server that it came from.
    fn manifest(&self, before: Option<&Kept>) -> anyhow::Result<Kept> {
        let mut request = Request::get(format!("{}{MANIFEST}", self.folder), MAX_MANIFEST);
        if let Some(before) = before {
            let etag = before.etag.iter();
            let date = before.last_modified.iter();
            request.headers = etag
                .map(|etag| format!("If-None-Match: {etag}"))
                .chain(date.map(|date| format!("If-Modified-Since: {date}")))
                .collect();
        }
        let is_conditional = !request.headers.is_empty();
        let response = self.ask(request)?;
        match (response.status, before) {
            (304, Some(before)) if is_conditional => Ok(before.clone()),
            (200, _) => Ok(Kept {
                etag: response.etag,
                last_modified: response.last_modified,
                manifest: response.body,
                signature: None,
                content: Vec::new(),
            }),
            (404 | 410, _) => bail!("there is no snapshot at this address"),
            (status, _) => Err(unwanted(status)),
        }
    }

    /// A signature of this manifest that holds, unless none is needed. That of the `same` manifest may be kept.
    fn signature(&self, manifest: &[u8], same: Option<&Kept>) -> anyhow::Result<Option<Vec<u8>>> {
        let old = same.and_then(|kept| kept.signature.clone());
        if self.keys.is_empty() {
            return Ok(old);
        }
        if let Some(old) = old
            && signature::verify(self.keys, manifest, &old).is_ok()
        {
            return Ok(Some(old));
        }
        let request = Request::get(format!("{}{SIGNATURE}", self.folder), MAX_SIGNATURE);
        let response = self.ask(request)?;
        match response.status {
            200 => {
                signature::verify(self.keys, manifest, &response.body)?;
                Ok(Some(response.body))
            }
            404 | 410 => Err(Refused(signature::missing()).into()),
            status => Err(unwanted(status)),
        }
    }

    /// The file that belongs to `manifest`.
    fn content(&self, manifest: &Manifest) -> anyhow::Result<Vec<u8>> {
        let file = &manifest.index;
        // One byte more tells that it is longer.
        let limit = file.length.saturating_add(1);
        let request = Request::get(format!("{}{}", self.folder, file.name), limit);
        let response = self.ask(request)?;
        match response.status {
            200 => {
                file.check(&response.body)?;
                Ok(response.body)
            }
            404 | 410 => bail!(
                "the file that its manifest names, `{}`, is not there; its publisher runs `cargo advisory export` again",
                file.name
            ),
            status => Err(unwanted(status)),
        }
    }

    fn ask(&self, request: Request) -> anyhow::Result<Response> {
        let name = request.url.strip_prefix(&self.folder).unwrap_or_default();
        let name = name.to_owned();
        (self.ask)(request)
            .map_err(explain)
            .with_context(|| format!("`{name}` cannot be fetched"))
    }
}

/// What to do about a status that is no success.
fn unwanted(status: u32) -> anyhow::Error {
    match cure::of_status(status) {
        Some(cure) => anyhow!("HTTP status {status}").context(cure),
        None => anyhow!("the server answers with HTTP status {status}"),
    }
}

fn explain(error: anyhow::Error) -> anyhow::Error {
    let shown = untrusted::error(&error);
    match cure::of_error(&format!("{error:#}")) {
        Some(cure) => shown.context(cure),
        None => shown,
    }
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
