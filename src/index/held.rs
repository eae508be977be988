//! Which folders of fetches are somebody's: who makes one holds a lock in it, which the system lets go of when the process
//! ends, however it does.
//!
//! # Filesystems
//!
//! Where there are no locks, the lock stays empty, and its folder is somebody's until it is old.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use super::file;

/// The lock in a folder. It is empty until it is held for the first time.
const NAME: &str = "held";

/// Holds the folder until what it returns is dropped. None where there are no locks.
///
/// # Errors
///
/// If nothing can be written there.
pub fn hold(folder: &Path) -> anyhow::Result<Option<File>> {
    let mut lock = file::open_for_lock(&folder.join(NAME))?;
    if lock.try_lock().is_err() {
        return Ok(None);
    }
    lock.write_all(b"\n")?;
    Ok(Some(lock))
}

/// Whether whoever has held the folder is gone.
pub(super) fn is_abandoned(folder: &Path) -> bool {
    let path = folder.join(NAME);
    let was_held = path
        .symlink_metadata()
        .is_ok_and(|meta| meta.is_file() && meta.len() > 0);
    was_held && file::open_for_lock(&path).is_ok_and(|lock| lock.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_abandoned_once_its_holder_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_abandoned(folder.path()), "it is just being made");

        let held = hold(folder.path()).unwrap();
        assert!(held.is_some());
        assert!(!is_abandoned(folder.path()));

        drop(held);
        assert!(is_abandoned(folder.path()));
    }

    #[test]
    fn one_that_was_never_held_is_not() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(NAME), "").unwrap();
        assert!(!is_abandoned(folder.path()));

        std::fs::remove_file(folder.path().join(NAME)).unwrap();
        std::fs::create_dir(folder.path().join(NAME)).unwrap();
        assert!(!is_abandoned(folder.path()));
    }
}
