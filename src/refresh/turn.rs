//! Whose turn it is to refresh an index: one process at a time, and without being asked once in a while.
//!
//! # Locking
//!
//! Who refreshes holds a lock on an empty file beside the index, which the system lets go of when the process ends,
//! however it does. Builds take it for as long as it takes to write down that a refresh is due, and never wait for it.
//!
//! # Filesystems
//!
//! Where there are no locks, or the file cannot be opened, everybody has a turn. That costs a fetch too many and harms
//! nothing, because an index is replaced by a rename. Of the builds that find a refresh due at once only the process of the
//! last one goes on even then, for it finds its own time [written down](claim).

use std::fs::{File, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::record::Record;
use crate::index::store::Store;

/// The right to refresh the index of some databases, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    /// None where there are no locks.
    _lock: Option<File>,
}

/// How often it is looked whether another process is done.
const TICK: Duration = Duration::from_millis(20);

impl Turn {
    /// None while another process has it.
    pub fn try_take(store: &Store, databases: &[String]) -> Option<Turn> {
        let Ok(file) = store.open_lock(databases) else {
            return Some(Turn { _lock: None });
        };
        match file.try_lock() {
            Ok(()) => Some(Turn { _lock: Some(file) }),
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Error(_)) => Some(Turn { _lock: None }),
        }
    }

    /// The same, after waiting for up to `patience`.
    pub fn take(store: &Store, databases: &[String], patience: Duration) -> Option<Turn> {
        let started = Instant::now();
        loop {
            let turn = Turn::try_take(store, databases);
            if turn.is_some() || started.elapsed() >= patience {
                return turn;
            }
            thread::sleep(TICK);
        }
    }
}

/// Writes down that a refresh begins at `now`, unless one is under way or was tried a short while ago. Whoever gets `true`
/// starts it, and nobody else does for a while.
///
/// # Errors
///
/// When it cannot be written down, and a refresh would fail as well.
pub fn claim(store: &Store, databases: &[String], now: Timestamp) -> anyhow::Result<bool> {
    let Some(_turn) = Turn::try_take(store, databases) else {
        return Ok(false);
    };
    let record = Record::load(store, databases);
    if record.is_some_and(|record| record.next_attempt(now) > now) {
        return Ok(false);
    }
    Record::begun(now, store, databases).save(store, databases)?;
    Ok(true)
}

/// Takes the turn for the refresh that was [claimed](claim) at `begun`. None where another process has made it since.
pub fn take_claimed(store: &Store, databases: &[String], begun: Timestamp) -> Option<Turn> {
    // Builds that look whether a refresh is due hold it for a moment.
    let patience = Duration::from_secs(2);
    let turn = Turn::take(store, databases, patience)?;
    let record = Record::load(store, databases)?;
    (record.begun == Some(begun)).then_some(turn)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

    struct World {
        _folder: tempfile::TempDir,
        store: Store,
        databases: [String; 1],
    }

    impl World {
        fn new() -> World {
            let folder = tempfile::tempdir().unwrap();
            World {
                store: Store::new(folder.path().join("cache")),
                _folder: folder,
                databases: ["https://example.com/db".to_owned()],
            }
        }

        fn turn(&self) -> Option<Turn> {
            Turn::try_take(&self.store, &self.databases)
        }

        fn claim(&self, now: Timestamp) -> bool {
            claim(&self.store, &self.databases, now).unwrap()
        }

        fn take_claimed(&self, begun: Timestamp) -> Option<Turn> {
            take_claimed(&self.store, &self.databases, begun)
        }
    }

    #[test]
    fn one_has_it_at_a_time_and_for_each_list_of_databases() {
        let world = World::new();
        let turn = world.turn().unwrap();
        assert!(world.turn().is_none());
        assert!(Turn::try_take(&world.store, &[]).is_some());

        drop(turn);
        assert!(world.turn().is_some());
    }

    #[test]
    fn of_all_who_find_a_refresh_due_one_may_start_it_and_after_a_pause_another() {
        let world = World::new();
        let minutes = SignedDuration::from_mins;
        assert!(world.claim(NOW));
        assert!(!world.claim(NOW));
        assert!(!world.claim(NOW + minutes(14)));
        assert!(world.claim(NOW + minutes(15)));

        assert!(world.take_claimed(NOW).is_none());
        assert!(world.take_claimed(NOW + minutes(15)).is_some());
    }

    #[test]
    fn nobody_starts_one_while_another_is_under_way() {
        let world = World::new();
        let _turn = world.turn();

        assert!(!world.claim(NOW));

        assert_eq!(Record::load(&world.store, &world.databases), None);
    }

    #[test]
    fn what_cannot_be_written_down_is_not_started() {
        let mut world = World::new();
        let file = world.store.dir().with_extension("file");
        std::fs::write(&file, "").unwrap();
        world.store = Store::new(file);

        assert!(claim(&world.store, &world.databases, NOW).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn whatever_lies_where_the_lock_should_be_everybody_has_a_turn() {
        for kind in ["folder", "link", "pipe"] {
            let world = World::new();
            drop(world.turn());
            let mut entries = std::fs::read_dir(world.store.dir()).unwrap();
            let lock = entries.next().unwrap().unwrap().path();
            std::fs::remove_file(&lock).unwrap();
            match kind {
                "folder" => std::fs::create_dir(&lock).unwrap(),
                "link" => std::os::unix::fs::symlink("/dev/null", &lock).unwrap(),
                _ => {
                    let mut mkfifo = std::process::Command::new("mkfifo");
                    assert!(mkfifo.arg(&lock).status().unwrap().success());
                }
            }

            let turn = world.turn();

            assert!(turn.is_some() && world.turn().is_some(), "{kind}");
        }
    }
}
