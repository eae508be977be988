//! Writing a snapshot into a folder that is being served.
//!
//! # Order
//!
//! The file of advisories comes first and the manifest, which names it, last, each all at once. Whoever has read the
//! manifest before finds the file of that one for another day.
//!
//! # Filesystems
//!
//! Nothing but what is named as here is replaced or removed. Links in the folder are neither followed nor kept; the folder
//! itself may be one.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail};

use super::manifest::{ENDING, Manifest};
use super::{MANIFEST, MAX_CONTENT, MAX_MANIFEST, Origin, SIGNATURE, content};
use crate::index::{self, Index};

/// How long a file stays after the manifest has named it last.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// What a process that was killed has left is not in use any more.
const STALE: Duration = Duration::from_secs(60 * 60);
/// How the names of files begin that are being written.
const TEMPORARY: &str = ".export-";

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The name of the file of advisories.
    pub file: String,
    /// Its bytes.
    pub length: u64,
    /// Whether the manifest differs from the one that was there, which else was left as it was.
    pub is_new: bool,
    /// Whether there is a signature, which may be of the manifest before.
    pub has_signature: bool,
}

/// Writes the snapshot of an index into `folder`, which is made if it is not there. `now` tells which files are old.
///
/// # Errors
///
/// If the index makes a snapshot that nobody would take, and if the folder cannot be written to.
pub fn export(
    folder: &Path,
    bytes: &[u8],
    index: &Index,
    now: SystemTime,
) -> anyhow::Result<Exported> {
    let (manifest, content) = snapshot(bytes, index)?;
    let name = manifest.index.name.clone();
    let manifest_bytes = manifest.write()?;

    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    let path = folder.join(&name);
    if index::read_at_most(&path, MAX_CONTENT).ok().as_ref() != Some(&content) {
        write(folder, &path, &content)?;
    }
    let path = folder.join(MANIFEST);
    let before = index::read_at_most(&path, MAX_MANIFEST).ok();
    let is_new = before.as_ref() != Some(&manifest_bytes);
    if is_new {
        if let Some(before) = before.and_then(|before| Manifest::read(&before).ok())
            && before.index.name != name
        {
            // From now on it is old.
            set_time(&folder.join(&before.index.name), now);
        }
        write(folder, &path, &manifest_bytes)?;
    }
    remove_old(folder, &name, now)?;
    sync(folder)?;
    Ok(Exported {
        length: manifest.index.length,
        file: name,
        is_new,
        has_signature: folder.join(SIGNATURE).symlink_metadata().is_ok(),
    })
}

/// The manifest and the file of advisories, seen to be what a reader takes.
fn snapshot(bytes: &[u8], index: &Index) -> anyhow::Result<(Manifest, Vec<u8>)> {
    let bytes = index::timeless(bytes)?;
    if bytes.len() as u64 > MAX_CONTENT {
        bail!(
            "the index has {} bytes, and a snapshot at most {MAX_CONTENT}",
            bytes.len()
        );
    }
    let content = content::pack(&bytes)?;
    let origins = index.databases().iter().map(|database| Origin {
        url: database.url.clone(),
        commit: database.commit.clone(),
        committed: database.committed,
        checked: database.checked,
    });
    let manifest = Manifest::new(&content, index.advisories(), origins.collect());
    content::snapshot("", &content, manifest.clone(), &|_| {})
        .context("the snapshot would not be taken by anybody")?;
    Ok((manifest, content))
}

/// Puts `bytes` in the place of what is at `path`, all at once.
fn write(folder: &Path, path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY);
    // A web server has another user. What that may read is up to the umask.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let cannot = || format!("cannot write `{}`", path.display());
    let mut temporary = builder.tempfile_in(folder).with_context(cannot)?;
    temporary
        .write_all(bytes)
        .and_then(|()| temporary.as_file().sync_all())
        .with_context(cannot)?;
    temporary
        .persist(path)
        .map_err(|error| error.error)
        .with_context(cannot)?;
    Ok(())
}

/// Removes what nobody needs any more. What cannot be removed is told, for it would pile up.
fn remove_old(folder: &Path, current: &str, now: SystemTime) -> anyhow::Result<()> {
    let cannot = || format!("cannot tidy up the folder `{}`", folder.display());
    for entry in fs::read_dir(folder).with_context(cannot)? {
        let entry = entry.with_context(cannot)?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let limit = if name.starts_with(TEMPORARY) {
            STALE
        } else if is_content(name) && name != current {
            KEPT
        } else {
            continue;
        };
        // Another export can be removing it as well.
        let Ok(meta) = entry.metadata() else { continue };
        let age = meta.modified().map(|then| now.duration_since(then));
        if meta.is_file() && matches!(age, Ok(Ok(age)) if age > limit) {
            match fs::remove_file(entry.path()) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(cannot);
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Whether this is the name of a file of advisories.
fn is_content(name: &str) -> bool {
    name.strip_suffix(ENDING)
        .is_some_and(|hash| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Without it the file merely goes sooner.
fn set_time(path: &Path, now: SystemTime) {
    let is_file = path.symlink_metadata().is_ok_and(|meta| meta.is_file());
    if is_file && let Ok(file) = OpenOptions::new().append(true).open(path) {
        let _ = file.set_modified(now);
    }
}

/// Makes renames last. Where folders cannot be opened, the system has no notion of it.
fn sync(folder: &Path) -> anyhow::Result<()> {
    if cfg!(unix) {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .with_context(|| format!("cannot write to the folder `{}`", folder.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_of_advisories() {
        let hash = "0123456789abcdef".repeat(4);
        assert!(is_content(&format!("{hash}.snapshot")));
        for other in [
            MANIFEST,
            SIGNATURE,
            ".snapshot",
            "a.snapshot",
            &hash,
            &format!("{hash}.snapshots"),
            &format!("x{hash}.snapshot"),
        ] {
            assert!(!is_content(other), "{other}");
        }
    }
}
