//! What comes after what in a repository.

use anyhow::Context as _;
use gix::revision::walk::Sorting;
use gix::traverse::commit::simple::CommitTimeOrder;
use gix::{ObjectId, Repository};

use crate::database::Known;

/// Commits that are searched for the known one. RustSec's database has 4,000.
const MAX_HISTORY: usize = 100_000;

/// Whether the known commit is `head` or one of its ancestors. None where history has been cut off or is longer than
/// anybody looks: the known commit may lie behind.
pub(in crate::database) fn descends(
    repo: &Repository,
    head: ObjectId,
    known: &Known,
) -> anyhow::Result<Option<bool>> {
    let Ok(commit) = ObjectId::from_hex(known.commit.as_bytes()) else {
        return Ok(Some(false));
    };
    let mut left = MAX_HISTORY;
    let walk = repo
        .rev_walk([head])
        .sorting(Sorting::ByCommitTime(CommitTimeOrder::NewestFirst))
        .all()
        .context("its history cannot be read")?;
    for ancestor in walk {
        if ancestor.context("its history cannot be read")?.id == commit {
            return Ok(Some(true));
        }
        left -= 1;
        if left == 0 {
            return Ok(None);
        }
    }
    Ok((!repo.is_shallow()).then_some(false))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::world::{START, World, known, snapshot};
    use crate::database::{Known, Loaded};

    /// Locally and remotely alike: unchanged, grown, rewritten.
    #[test]
    fn history_is_followed_from_the_known_commit() {
        let world = World::new();
        let first = world.commit(world.database(&[1], vec![]), &[], 0);
        let second = world.commit(world.database(&[1, 2], vec![]), &[first], 60);
        let both = |known: Option<&Known>| [Some(world.read(known)), world.fetch(known)];

        for loaded in both(None).into_iter().flatten() {
            let snapshot = snapshot(loaded);
            assert_eq!(snapshot.commit, Some(second.to_string()));
            assert_eq!((snapshot.advisories.len(), snapshot.descends), (2, None));
        }
        for loaded in both(Some(&known(second, START + 60))).into_iter().flatten() {
            assert!(matches!(loaded.unwrap(), Loaded::Unchanged));
        }

        let third = world.commit(world.database(&[1, 2, 3], vec![]), &[second], 120);
        let fourth = world.commit(world.database(&[1, 2, 3, 4], vec![]), &[third], 120);
        for ancestor in [
            known(first, START),
            known(second, START + 60),
            known(third, START + 120),
        ] {
            for loaded in both(Some(&ancestor)).into_iter().flatten() {
                let snapshot = snapshot(loaded);
                assert_eq!(snapshot.commit, Some(fourth.to_string()));
                assert_eq!(
                    (snapshot.advisories.len(), snapshot.descends),
                    (4, Some(true))
                );
            }
        }

        world.commit(world.database(&[5], vec![]), &[second], 180);
        for loaded in both(Some(&known(fourth, START + 120)))
            .into_iter()
            .flatten()
        {
            assert_eq!(snapshot(loaded).descends, Some(false));
        }
        // Further back than what is known: a server has no commits to send that are new enough.
        world.commit(world.database(&[1], vec![]), &[], -3 * 24 * 60 * 60);
        for loaded in both(Some(&known(fourth, START + 120)))
            .into_iter()
            .flatten()
        {
            let snapshot = snapshot(loaded);
            assert_eq!(
                (snapshot.advisories.len(), snapshot.descends),
                (1, Some(false))
            );
        }
    }

    /// Whose clock was wrong by years when it was committed does not matter: a server that is asked for the commits since
    /// the known one leaves out what lies before such a commit.
    #[test]
    fn dates_do_not_decide_what_comes_after_what() {
        const YEAR: i64 = 365 * 24 * 60 * 60;
        let world = World::new();
        let first = world.commit(world.database(&[1], vec![]), &[], 0);
        let early = world.commit(world.database(&[1, 2], vec![]), &[first], -YEAR);
        let late = world.commit(world.database(&[1, 2, 3], vec![]), &[early], 60);
        let both = |known: Known| [Some(world.read(Some(&known))), world.fetch(Some(&known))];

        for loaded in both(known(first, START)).into_iter().flatten() {
            let snapshot = snapshot(loaded);
            assert_eq!(snapshot.commit, Some(late.to_string()));
            assert_eq!(snapshot.descends, Some(true));
        }
        // And where the newest one is that early.
        world.commit(world.database(&[1, 2, 3], vec![]), &[late], -YEAR);
        for loaded in both(known(late, START + 60)).into_iter().flatten() {
            assert_eq!(snapshot(loaded).descends, Some(true));
        }
    }

    #[test]
    fn what_lies_behind_a_cut_in_history_is_not_denied() {
        let world = World::new();
        let first = world.commit(world.database(&[1], vec![]), &[], 0);
        let second = world.commit(world.database(&[2], vec![]), &[first], 60);
        let third = world.commit(world.database(&[3], vec![]), &[second], 120);
        fs::write(world.folder.path().join("shallow"), format!("{second}\n")).unwrap();
        let descends = |known| snapshot(world.read(Some(&known))).descends;
        assert_eq!(descends(known(second, START + 60)), Some(true));
        assert_eq!(descends(known(first, START)), None);
        assert!(matches!(
            world.read(Some(&known(third, START + 120))).unwrap(),
            Loaded::Unchanged
        ));
    }
}
