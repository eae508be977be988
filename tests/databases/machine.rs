//! Whatever happens to a database, to the cache and to the clock, in whatever order: commits only go forward, a refusal
//! changes nothing, a denial passes only on an index that is whole and in age, and the next refresh against a good source
//! succeeds.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use cargo_advisory::check::check;
use cargo_advisory::config::{Config, Repeat};
use cargo_advisory::graph::lockfile;
use cargo_advisory::index::Verify;
use cargo_advisory::index::store::Store;
use cargo_advisory::policy::{Level, Rules};
use cargo_advisory::problem::{open_index, problems};
use cargo_advisory::refresh::Refresh;
use cargo_advisory::refresh::record::Record;
use cargo_test_support::{cargo_test, paths};
use git2::Oid;
use jiff::{SignedDuration, Timestamp};
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
    /// The index is gone, and what is remembered is not.
    DeleteIndex,
    /// All of the cache is gone.
    DeleteAll,
    /// The clock shows so many hours more than it should.
    Clock(i64),
    /// A refresh is killed: it has published nothing yet, but for so many bytes of its temporary file.
    KillBefore(usize),
    /// A refresh is killed: it has published, and not remembered it.
    KillAfter,
    Refresh,
    /// A build with `--deny-advisories`, for which the clock shows so many hours more.
    Build(i64),
}

/// In hours.
const YEAR: i64 = 365 * 24;
/// The default of `advisory.max-age`, and how far two clocks may lie apart.
const MAX_AGE: SignedDuration = SignedDuration::from_hours(14 * 24);
const TOLERANCE: SignedDuration = SignedDuration::from_hours(24);

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
        1 => Just(Step::DeleteIndex),
        1 => Just(Step::DeleteAll),
        2 => prop::sample::select(vec![0, 1, -1, -48, 10 * 24, 15 * 24, 10 * YEAR, -60 * YEAR])
            .prop_map(Step::Clock),
        1 => any::<usize>().prop_map(Step::KillBefore),
        1 => Just(Step::KillAfter),
        8 => Just(Step::Refresh),
        4 => prop::sample::select(vec![0, 0, -23, -48, 13 * 24, 15 * 24]).prop_map(Step::Build),
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
    /// Where the last refresh that succeeded was, and when, by the clock of then.
    taken: Option<State>,
    taken_at: Timestamp,
    /// Where the last one was that was also remembered. A killed one may not have been.
    remembered: Option<State>,
    /// What the clock shows too much.
    ahead: SignedDuration,
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
            taken_at: Timestamp::UNIX_EPOCH,
            remembered: None,
            ahead: SignedDuration::ZERO,
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
            Step::DeleteIndex => {
                let _ = fs::remove_file(self.index());
            }
            Step::DeleteAll => {
                let _ = fs::remove_dir_all(self.store.dir());
                (self.taken, self.remembered) = (None, None);
            }
            Step::Clock(hours) => self.ahead = SignedDuration::from_hours(*hours),
            Step::KillBefore(length) => {
                let old = self.files();
                if self.try_refresh().is_some() {
                    let new = fs::read(self.index()).unwrap();
                    self.put_back(&old);
                    let left = self.index().with_extension("tmp-Killed");
                    fs::write(left, &new[..length % new.len()]).unwrap();
                }
            }
            Step::KillAfter => {
                let [_, record] = self.files();
                let before = self.remembered.clone();
                self.refresh();
                let [index, _] = self.files();
                self.put_back(&[index, record]);
                self.remembered = before;
            }
            Step::Refresh => self.refresh(),
            Step::Build(hours) => {
                let before = self.ahead;
                self.ahead += SignedDuration::from_hours(*hours);
                let _ = self.build();
                self.ahead = before;
            }
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::now() + self.ahead
    }

    fn index(&self) -> PathBuf {
        self.store.path_for(&self.databases)
    }

    /// The index and what is remembered.
    fn files(&self) -> [(PathBuf, Option<Vec<u8>>); 2] {
        [self.index(), self.index().with_extension("refresh")].map(|path| {
            let bytes = fs::read(&path).ok();
            (path, bytes)
        })
    }

    fn put_back(&self, files: &[(PathBuf, Option<Vec<u8>>)]) {
        for (path, bytes) in files {
            match bytes {
                Some(bytes) => fs::write(path, bytes).unwrap(),
                None => drop(fs::remove_file(path)),
            }
        }
    }

    /// Checks a graph with one package, the one that all advisories are about. Where a denial could pass if nothing was
    /// found, everything has to be found that the last refresh has taken. Whether one could.
    fn build(&self) -> bool {
        let config = Config {
            enabled: true,
            enabled_by: None,
            databases: self.databases.to_vec(),
            snapshot_keys: Vec::new(),
            cache_dir: self.store.dir().to_owned(),
            max_age: MAX_AGE,
            refresh: None,
            rules: Rules::default(),
            ignores: Vec::new(),
            stale_ignores: Level::Warn,
            repeat: Repeat::Always,
            editor: false,
            base: None,
        };
        let lockfile = format!(
            "[[package]]\nname = \"leaky\"\nversion = \"0.1.0\"\nsource = \"registry+{}\"\n",
            cargo::sources::CRATES_IO_INDEX
        );
        let graph = lockfile::parse(lockfile.as_bytes(), "Cargo.lock", "").unwrap();
        let now = self.now();
        let Ok(index) = open_index(&config, Verify::Used) else {
            return false;
        };
        let Ok(hits) = check(&graph, &index) else {
            return false;
        };
        let problems = problems(&graph, &hits, &index, &config, now);
        if problems.iter().any(|problem| problem.fails_denial()) {
            return false;
        }

        let (_, advisories) = self.taken.as_ref().expect("nothing was ever taken");
        let found: BTreeSet<_> = hits
            .findings(&graph)
            .iter()
            .map(|finding| finding.id().unwrap().to_owned())
            .collect();
        let expected = advisories.iter().map(|n| format!("RUSTSEC-2020-{n:04}"));
        assert_eq!(found, expected.collect());
        let age = now.duration_since(self.taken_at);
        assert!(age >= -TOLERANCE && age <= MAX_AGE, "passed at {age:#}");
        true
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
            now: self.now(),
        };
        let index = refresh.run(&|_, _| {}).ok()?;
        index.databases()[0].commit.clone()
    }

    /// Refreshes, and looks at what has come of it.
    fn refresh(&mut self) {
        let before = fs::read(self.index()).ok();
        let readable = self.store.open(&self.databases, Verify::All).is_ok();
        let now = self.now();

        let commit = self.try_refresh();

        let Some(commit) = commit else {
            let after = fs::read(self.index()).ok();
            assert!(after == before, "a refusal has changed the index");
            if self.store.open(&self.databases, Verify::Used).is_ok() {
                self.remembered = self.taken.clone();
            }
            return;
        };
        let (tip, advisories) = self.tip();
        assert_eq!(commit, tip.to_string());
        // Without the index, what is remembered has to do.
        let floor = if readable {
            &self.taken
        } else {
            &self.remembered
        };
        if let Some((floor, _)) = floor {
            let repository = self.history.repository();
            assert!(
                *floor == tip || repository.graph_descendant_of(tip, *floor).unwrap(),
                "{floor} was taken, then {tip}"
            );
        }
        let record = Record::load(&self.store, &self.databases).unwrap();
        assert_eq!(record.databases[0].commit, commit);
        self.taken = Some((tip, advisories));
        self.taken_at = now;
        self.remembered = self.taken.clone();
    }

    /// The source is good again: on top of what was taken, with nothing gone.
    fn heals(&mut self) {
        self.ahead = SignedDuration::ZERO;
        if let Some((taken, mut advisories)) = self.taken.clone() {
            advisories.insert(self.fresh());
            self.commit(Some(taken), advisories, 0);
        } else {
            self.commit(None, BTreeSet::from([9001]), 0);
        }
        let tip = self.tip().0.to_string();
        assert_eq!(self.try_refresh(), Some(tip));
        self.taken = Some(self.tip());
        self.taken_at = self.now();
        assert!(self.build(), "a denial fails on a good index");
    }
}

#[cargo_test]
fn commits_only_go_forward_denials_are_sound_and_a_good_source_heals() {
    let config = ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let steps = prop::collection::vec(step(), 1..20);
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
