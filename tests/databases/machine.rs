//! Whatever happens to a database and to the cache, in whatever order: commits only go forward, a refusal changes
//! nothing, and the next refresh against a good source succeeds.

use std::collections::BTreeSet;
use std::fs;

use cargo_advisory::index::Verify;
use cargo_advisory::index::store::Store;
use cargo_advisory::refresh::Refresh;
use cargo_test_support::{cargo_test, paths};
use git2::Oid;
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::history::History;

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// A commit on top, with one more advisory.
    Publish,
    /// A commit on top, without so many of the advisories.
    Remove(usize),
    /// The branch goes back by so many commits.
    Rewind(usize),
    /// The newest commit is made anew, one hour later.
    Rewrite,
    /// A history that has nothing to do with the one before.
    Replace,
    /// A commit on top that is dated next year.
    Misdate,
    /// A byte of the index is changed.
    FlipIndex(usize),
    CutIndex(usize),
    /// What is remembered of the last refresh is changed, while there is an index.
    FlipRecord(usize),
    Refresh,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Publish),
        1 => (0..5_usize).prop_map(Step::Remove),
        1 => (1..4_usize).prop_map(Step::Rewind),
        1 => Just(Step::Rewrite),
        1 => Just(Step::Replace),
        1 => Just(Step::Misdate),
        1 => any::<usize>().prop_map(Step::FlipIndex),
        1 => any::<usize>().prop_map(Step::CutIndex),
        1 => any::<usize>().prop_map(Step::FlipRecord),
        6 => Just(Step::Refresh),
    ]
}

/// A commit with its advisories.
type State = (Oid, BTreeSet<u32>);

struct World {
    history: History,
    store: Store,
    databases: [String; 1],
    /// From the first commit to that of the branch.
    line: Vec<State>,
    /// Where the last refresh that succeeded was.
    taken: Option<State>,
    next: u32,
}

impl World {
    fn new() -> World {
        let folder = paths::root().join("advisory-db");
        let _ = fs::remove_dir_all(&folder);
        let _ = fs::remove_dir_all(paths::root().join("cache"));
        let mut world = World {
            history: History::new(),
            store: Store::new(paths::root().join("cache")),
            databases: [folder.to_str().unwrap().to_owned()],
            line: Vec::new(),
            taken: None,
            next: 1,
        };
        world.commit(None, BTreeSet::from([9001, 9002, 9003]), 1);
        world
    }

    fn commit(&mut self, parent: Option<Oid>, advisories: BTreeSet<u32>, hours_ago: i64) {
        let ids = advisories.iter().copied();
        let commit = self.history.commit(ids, parent, hours_ago);
        self.line.push((commit, advisories));
    }

    fn tip(&self) -> State {
        self.line.last().unwrap().clone()
    }

    fn fresh(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    fn take(&mut self, step: &Step) {
        let (tip, mut advisories) = self.tip();
        match step {
            Step::Publish => {
                advisories.insert(self.fresh());
                self.commit(Some(tip), advisories, 1);
            }
            Step::Remove(count) => {
                let rest = advisories.into_iter().skip(*count).collect();
                self.commit(Some(tip), rest, 1);
            }
            Step::Rewind(count) => {
                let left = self.line.len().saturating_sub(*count).max(1);
                self.line.truncate(left);
                self.history.go_to(self.tip().0);
            }
            Step::Rewrite => {
                self.line.pop();
                let parent = self.line.last().map(|(commit, _)| *commit);
                advisories.insert(self.fresh());
                self.commit(parent, advisories, 0);
            }
            Step::Replace => {
                self.line.clear();
                advisories.insert(self.fresh());
                self.commit(None, advisories, 0);
            }
            Step::Misdate => {
                self.commit(Some(tip), advisories, -24 * 365);
            }
            Step::FlipIndex(at) => self.damage("bin", |bytes| {
                let at = at % bytes.len().max(1);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1;
                }
            }),
            Step::CutIndex(at) => self.damage("bin", |bytes| {
                bytes.truncate(at % bytes.len().max(1));
            }),
            Step::FlipRecord(at) => {
                if self.store.open(&self.databases, Verify::All).is_ok() {
                    self.damage("refresh", |bytes| {
                        let at = at % bytes.len().max(1);
                        if let Some(byte) = bytes.get_mut(at) {
                            *byte ^= 1;
                        }
                    });
                    // Nothing survives the loss of both. A refresh, refused or not, writes it anew.
                    self.refresh();
                }
            }
            Step::Refresh => self.refresh(),
        }
    }

    fn damage(&self, ending: &str, damage: impl FnOnce(&mut Vec<u8>)) {
        let path = self.store.path_for(&self.databases).with_extension(ending);
        if let Ok(mut bytes) = fs::read(&path) {
            damage(&mut bytes);
            fs::write(path, bytes).unwrap();
        }
    }

    fn try_refresh(&self) -> Option<String> {
        let refresh = Refresh {
            store: &self.store,
            databases: &self.databases,
            network: None,
            now: Timestamp::now(),
        };
        let index = refresh.run(&|_, _| {}).ok()?;
        index.databases()[0].commit.clone()
    }

    /// Refreshes, and looks at what has come of it.
    fn refresh(&mut self) {
        let before = fs::read(self.store.path_for(&self.databases)).ok();

        let commit = self.try_refresh();

        let Some(commit) = commit else {
            let after = fs::read(self.store.path_for(&self.databases)).ok();
            assert!(after == before, "a refusal has changed the index");
            return;
        };
        let (tip, advisories) = self.tip();
        assert_eq!(commit, tip.to_string());
        if let Some((taken, _)) = &self.taken {
            let repository = self.history.repository();
            assert!(
                *taken == tip || repository.graph_descendant_of(tip, *taken).unwrap(),
                "{taken} was taken, then {tip}"
            );
        }
        self.taken = Some((tip, advisories));
    }

    /// The source is good again: on top of what was taken, with nothing gone.
    fn heals(&mut self) {
        if let Some((taken, mut advisories)) = self.taken.clone() {
            advisories.insert(self.fresh());
            self.commit(Some(taken), advisories, 0);
        } else {
            self.commit(None, BTreeSet::from([9001]), 0);
        }
        let tip = self.tip().0.to_string();
        assert_eq!(self.try_refresh(), Some(tip));
    }
}

#[cargo_test]
fn commits_only_go_forward_and_a_good_source_heals() {
    let config = ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let steps = prop::collection::vec(step(), 1..16);
    TestRunner::new(config)
        .run(&steps, |steps| {
            let mut world = World::new();
            for step in &steps {
                world.take(step);
            }
            world.heals();
            Ok(())
        })
        .unwrap();
}
