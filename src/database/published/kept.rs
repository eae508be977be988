//! What was last fetched of a snapshot, as it is kept in the cache.
//!
//! It is trusted no more than the server that it came from: all that is read from it goes through the same checks again. One
//! that is damaged, of another URL or somebody else's is as good as none, and costs fetching the snapshot again.

use serde::{Deserialize, Serialize};

use super::{MAX_CONTENT, MAX_MANIFEST, MAX_SIGNATURE};
use crate::index::store::Store;
use crate::sealed;

/// Bytes of it. In JSON a byte of a manifest takes six at the most.
const MOST_BYTES: u64 = MAX_CONTENT + 6 * (MAX_MANIFEST + MAX_SIGNATURE) + 16 * 1024;

/// The files of a snapshot, and what the server wants to hear about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// Of the manifest.
    pub(super) etag: Option<String>,
    /// Of the manifest.
    pub(super) last_modified: Option<String>,
    pub(super) manifest: Vec<u8>,
    pub(super) signature: Option<Vec<u8>>,
    /// The file of advisories.
    pub(super) content: Vec<u8>,
}

/// The line before the file of advisories.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    url: String,
    etag: Option<String>,
    last_modified: Option<String>,
    manifest: String,
    signature: Option<String>,
}

impl Kept {
    pub(super) fn load(store: &Store, url: &str) -> Option<Kept> {
        Kept::read(&store.kept(url, MOST_BYTES)?, url)
    }

    /// # Errors
    ///
    /// If the cache cannot be written to.
    pub(super) fn save(&self, store: &Store, url: &str) -> anyhow::Result<()> {
        store.keep(url, &self.write(url)?)
    }

    pub(super) fn read(bytes: &[u8], url: &str) -> Option<Kept> {
        let sealed = sealed::open(bytes)?;
        let end = sealed.iter().position(|byte| *byte == b'\n')?;
        let (line, content) = sealed.split_at_checked(end)?;
        let line: Line = serde_json::from_slice(line).ok()?;
        (line.url == url).then(|| Kept {
            etag: line.etag,
            last_modified: line.last_modified,
            manifest: line.manifest.into_bytes(),
            signature: line.signature.map(String::into_bytes),
            content: content.get(1..).unwrap_or_default().to_vec(),
        })
    }

    pub(super) fn write(&self, url: &str) -> anyhow::Result<Vec<u8>> {
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).map(str::to_owned);
        let line = Line {
            url: url.to_owned(),
            etag: self.etag.clone(),
            last_modified: self.last_modified.clone(),
            manifest: text(&self.manifest)?,
            signature: self.signature.as_deref().map(text).transpose()?,
        };
        let line = serde_json::to_vec(&line)?;
        Ok(sealed::seal(&[&line, &b"\n"[..], &self.content].concat()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "sparse+https://example.com/advisories/";

    fn kept() -> Kept {
        Kept {
            etag: Some("W/\"1\"".to_owned()),
            last_modified: None,
            manifest: b"{\n}\n".to_vec(),
            signature: Some(b"a\nb\n".to_vec()),
            content: b"\n\0\xff\n".to_vec(),
        }
    }

    #[test]
    fn what_is_kept_of_a_url_is_found_under_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().join("cache"));
        assert_eq!(Kept::load(&store, URL), None);

        kept().save(&store, URL).unwrap();

        assert_eq!(Kept::load(&store, URL), Some(kept()));
        assert_eq!(Kept::load(&store, &URL[..URL.len() - 1]), None);
        assert_eq!(Kept::read(&kept().write(URL).unwrap(), "another"), None);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_makes_it_none() {
        let bytes = kept().write(URL).unwrap();
        for at in 0..bytes.len() {
            assert_eq!(Kept::read(&bytes[..at], URL), None, "cut at {at}");
            for bit in 0..8 {
                let mut bytes = bytes.clone();
                bytes[at] ^= 1 << bit;
                assert_eq!(Kept::read(&bytes, URL), None, "bit {bit} of byte {at}");
            }
        }
    }
}
