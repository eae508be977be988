//! Scraps: small files of JSON in the cache that nothing depends on. One that cannot be read is as good as none, and one that
//! cannot be written is done without.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::index::read_at_most;

/// What the file at `path` holds, if it is a regular file of ours of at most `limit` bytes.
pub(crate) fn read<T: DeserializeOwned>(path: &Path, limit: u64) -> Option<T> {
    serde_json::from_slice(&read_at_most(path, limit).ok()?).ok()
}

/// Puts `content` into the file at `path`, all at once, in a folder that is made if need be. Whether that worked.
pub(crate) fn write(path: &Path, content: &impl Serialize) -> bool {
    let write = || {
        let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        fs::create_dir_all(folder)?;
        let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
        // A path that is not UTF-8 has no JSON.
        temporary.write_all(&serde_json::to_vec(content)?)?;
        temporary.persist(path)?;
        io::Result::Ok(())
    };
    write().is_ok()
}

/// Where the scrap about `path` lies in `folder`.
pub(crate) fn about(path: &Path, folder: &Path, ending: &str) -> PathBuf {
    let name = blake3::hash(path.as_os_str().as_encoded_bytes()).to_hex();
    let name = name.get(..32).unwrap_or(&name);
    folder.join(format!("{name}.{ending}"))
}
