//! Folders of the cache: made for this user alone, and never reached through a link.

use super::file::is_ours;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

/// Makes the folder at `path` and those above it, for this user alone, unless they are there.
///
/// # Errors
/// If one of them cannot be made, or something else is in its place.
pub(crate) fn make(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

/// Whether a folder of ours is at `path` itself, and not where a link there leads to.
pub(crate) fn is_own(path: &Path) -> bool {
    let meta = path.symlink_metadata();
    meta.is_ok_and(|meta| is_own_folder(&meta))
}

/// The same for what is known of it already, without a link followed.
pub(super) fn is_own_folder(meta: &Metadata) -> bool {
    meta.is_dir() && is_ours(meta)
}

/// The same for a regular file.
pub(crate) fn is_own_file(meta: &Metadata) -> bool {
    meta.is_file() && is_ours(meta)
}

/// Whether a name may end so that the crate `tempfile` has made up, behind a prefix of ours.
pub(crate) fn is_made_up(ending: &str) -> bool {
    /// As many as it takes unless it is told otherwise.
    const LENGTH: usize = 6;
    ending.len() == LENGTH && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Whether this is a hash of ours, or the first `digits` of one.
pub(crate) fn is_hash(text: &str, digits: usize) -> bool {
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == digits && text.bytes().all(is_digit)
}
