//! Which findings are new. Pure: two lockfiles, held against the same index.
//!
//! A package that Cargo.lock held before is old, and so is all that is found in it: that an advisory was published
//! meanwhile is not what the present work did. A package that was moved to another version keeps the advisories that it
//! had; but for each version that went, one that came is excused and no more.
//!
//! What is new is told for the whole of Cargo.lock, not for the part of it that one build uses: every command says the
//! same.

use std::collections::{HashMap, HashSet};

use semver::Version;

use crate::advisory::RegistryRef;
use crate::check::{Finding, Hits};
use crate::graph::{Graph, Package};

/// A lockfile with what was found in it, as [`check`](crate::check::check) finds it.
#[derive(Clone, Copy, Debug)]
pub struct Checked<'a> {
    pub graph: &'a Graph,
    pub hits: &'a Hits<'a>,
}

/// What the present work brought in.
#[derive(Debug)]
pub struct News<'a> {
    /// The packages that were there before.
    held: HashSet<Release<'a>>,
    /// Packages that only moved, each with the id of an advisory that it had before.
    moved: HashSet<(Release<'a>, &'a str)>,
}

impl<'a> News<'a> {
    /// What Cargo.lock has `now` that it had not `before`. `before` is None where there was no Cargo.lock.
    pub fn new(before: Option<Checked<'a>>, now: Checked<'a>) -> News<'a> {
        let Some(before) = before else {
            return News {
                held: HashSet::new(),
                moved: HashSet::new(),
            };
        };
        let held = releases(before.graph);
        let kept = releases(now.graph);
        let gone = by_advisory(before, |release| !kept.contains(release));
        let came = by_advisory(now, |release| !held.contains(release));
        let mut moved = HashSet::new();
        for (advisory, came) in came {
            let gone = gone.get(&advisory).map_or(0, Vec::len);
            moved.extend(came.into_iter().take(gone).map(|came| (came, advisory.id)));
        }
        News { held, moved }
    }

    /// Whether `finding` is new. It may be one of any build with that Cargo.lock.
    pub fn has(&self, finding: &Finding<'_>) -> bool {
        let release = Release::of(finding.package);
        let moved = |id| self.moved.contains(&(release, id));
        !self.held.contains(&release) && !finding.id().is_some_and(moved)
    }
}

/// One version of a crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Release<'a> {
    name: Crate<'a>,
    version: &'a Version,
}

/// A crate of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Crate<'a> {
    name: &'a str,
    source: Source<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Source<'a> {
    /// However Cargo.lock writes it: formats differ in that.
    Registry(RegistryRef<'a>),
    /// As Cargo.lock writes it, none for a path.
    Other(Option<&'a str>),
}

impl<'a> Release<'a> {
    fn of(package: &'a Package) -> Release<'a> {
        let source = &package.source;
        Release {
            name: Crate {
                name: &package.name,
                source: match &source.registry {
                    Some(registry) => Source::Registry(registry.borrow()),
                    None => Source::Other(source.id.as_deref()),
                },
            },
            version: &package.version,
        }
    }
}

/// An advisory of one crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Affected<'a> {
    name: Crate<'a>,
    id: &'a str,
}

fn releases(graph: &Graph) -> HashSet<Release<'_>> {
    graph.packages.iter().map(Release::of).collect()
}

/// The chosen releases that an advisory affects, each once, the lowest version first.
fn by_advisory<'a>(
    checked: Checked<'a>,
    chosen: impl Fn(&Release<'a>) -> bool,
) -> HashMap<Affected<'a>, Vec<Release<'a>>> {
    let mut releases: HashMap<Affected<'a>, Vec<Release<'a>>> = HashMap::new();
    for finding in checked.hits.findings(checked.graph) {
        let release = Release::of(finding.package);
        if let Some(id) = finding.id()
            && chosen(&release)
        {
            let name = release.name;
            let affected = releases.entry(Affected { name, id }).or_default();
            affected.push(release);
        }
    }
    for releases in releases.values_mut() {
        releases.sort_by_key(|release| release.version);
        releases.dedup();
    }
    releases
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::advisory::{Advisory, Range, Registry};
    use crate::check::check;
    use crate::database::Snapshot;
    use crate::graph::tests::package;
    use crate::graph::{self, Yanked};
    use crate::index::{self, Index, Verify};

    /// An index where each crate of `affected` has an advisory for the versions below the given one.
    fn index(affected: &[(&str, &str, u64)]) -> Index {
        let advisories = affected.iter().map(|(id, name, fixed)| Advisory {
            ranges: vec![Range {
                introduced: None,
                fixed: Some(Version::new(*fixed, 0, 0)),
            }],
            ..Advisory::example(name, id)
        });
        let snapshot = Snapshot::example(advisories.collect());
        let source = index::Source {
            snapshot: &snapshot,
            checked: Timestamp::UNIX_EPOCH,
        };
        let bytes = index::compile(&[source], None, Timestamp::UNIX_EPOCH).unwrap();
        Index::from_bytes(&bytes, Verify::All).unwrap()
    }

    /// A graph of `NAME@MAJOR` of crates.io; one with `!` behind it is yanked.
    fn graph(releases: &[&str]) -> Graph {
        let packages = releases.iter().map(|release| {
            let yanked = release.ends_with('!');
            let (name, major) = release.trim_end_matches('!').split_once('@').unwrap();
            Package {
                version: Version::new(major.parse().unwrap(), 0, 0),
                source: Rc::new(graph::Source {
                    id: Some("registry+https://crates.example/".to_owned()),
                    registry: Some(Registry::CratesIo),
                }),
                yanked: if yanked {
                    Yanked::Yes
                } else {
                    Yanked::NotAsked
                },
                ..package(name, true)
            }
        });
        Graph {
            packages: packages.collect(),
            ..Graph::default()
        }
    }

    /// The new findings of a build of all that is locked `now`, as `NAME@MAJOR ID`.
    fn new(index: &Index, before: Option<&Graph>, now: &Graph) -> Vec<String> {
        let hits = check(now, index).unwrap();
        let hits_before = before.map(|graph| check(graph, index).unwrap());
        let before = before
            .zip(hits_before.as_ref())
            .map(|(graph, hits)| Checked { graph, hits });
        let news = News::new(
            before,
            Checked {
                graph: now,
                hits: &hits,
            },
        );
        let mut new: Vec<String> = hits
            .findings(now)
            .iter()
            .filter(|finding| news.has(finding))
            .map(|finding| {
                let Package { name, version, .. } = finding.package;
                let id = finding.id().unwrap_or("yanked");
                format!("{name}@{} {id}", version.major)
            })
            .collect();
        new.sort();
        new
    }

    fn new_of(before: &[&str], now: &[&str]) -> Vec<String> {
        let index = index(&[("ID-1", "a", 10), ("ID-2", "a", 5), ("ID-3", "b", 10)]);
        new(&index, Some(&graph(before)), &graph(now))
    }

    #[test]
    fn what_was_there_before_is_old() {
        assert!(new_of(&["a@1", "b@1!"], &["b@1!", "a@1"]).is_empty());
    }

    #[test]
    fn what_came_is_new() {
        assert_eq!(new_of(&["a@1"], &["a@1", "b@1"]), ["b@1 ID-3"]);
        assert_eq!(new_of(&["c@1"], &["c@1", "c@2!"]), ["c@2 yanked"]);
    }

    #[test]
    fn what_only_moved_is_old_for_the_advisories_that_it_had() {
        assert!(new_of(&["a@1"], &["a@2"]).is_empty());
        // Back to where there is one more.
        assert_eq!(new_of(&["a@7"], &["a@2"]), ["a@2 ID-2"]);
        // It was free of them.
        assert_eq!(new_of(&["a@11"], &["a@7"]), ["a@7 ID-1"]);
    }

    #[test]
    fn a_yank_does_not_move() {
        assert_eq!(new_of(&["c@1!"], &["c@2!"]), ["c@2 yanked"]);
    }

    #[test]
    fn a_version_that_stayed_excuses_nothing() {
        assert_eq!(new_of(&["a@7"], &["a@7", "a@8"]), ["a@8 ID-1"]);
    }

    #[test]
    fn each_version_that_went_excuses_one() {
        assert_eq!(new_of(&["a@6"], &["a@9", "a@8", "a@7"]).len(), 2);
        assert_eq!(new_of(&["a@5", "a@6"], &["a@9", "a@7"]), [""; 0]);
        // However often a lockfile names it.
        assert_eq!(new_of(&["a@6", "a@6"], &["a@8", "a@7"]), ["a@8 ID-1"]);
    }

    #[test]
    fn the_same_name_from_elsewhere_is_another_crate() {
        let index = index(&[("ID-1", "a", 10)]);
        let elsewhere = |registry: Option<Registry>| {
            let mut before = graph(&["a@1"]);
            before.packages[0].source = Rc::new(graph::Source {
                id: Some("registry+https://crates.example/".to_owned()),
                registry,
            });
            before
        };
        let other = elsewhere(Some(Registry::Other("registry+https://r.example/".into())));
        for before in [other, elsewhere(None)] {
            for now in ["a@1", "a@2"] {
                assert_eq!(new(&index, Some(&before), &graph(&[now])).len(), 1);
            }
        }
    }

    #[test]
    fn how_a_lockfile_writes_the_registry_does_not_matter() {
        let index = index(&[("ID-1", "a", 10)]);
        let mut before = graph(&["a@1"]);
        before.packages[0].source = Rc::new(graph::Source {
            id: Some("sparse+https://crates.example/".to_owned()),
            registry: Some(Registry::CratesIo),
        });
        assert!(new(&index, Some(&before), &graph(&["a@1"])).is_empty());
    }

    /// What a build takes of Cargo.lock does not decide what is new of it.
    #[test]
    fn a_part_of_the_lockfile_has_its_part_of_the_news() {
        let index = index(&[("ID-1", "a", 10)]);
        let (before, now, built) = (graph(&["a@1"]), graph(&["a@2", "a@3"]), graph(&["a@3"]));
        let [hits_before, hits, hits_built] =
            [&before, &now, &built].map(|graph| check(graph, &index).unwrap());
        let news = News::new(
            Some(Checked {
                graph: &before,
                hits: &hits_before,
            }),
            Checked {
                graph: &now,
                hits: &hits,
            },
        );
        let findings = hits_built.findings(&built);
        assert!(news.has(&findings[0]));
    }

    const RELEASES: [&str; 12] = [
        "a@1", "a@2", "a@3", "a@4", "a@5", "a@6", "b@1", "b@2", "b@3", "c@1!", "c@2!", "c@3",
    ];

    fn any_lockfile() -> impl Strategy<Value = Vec<&'static str>> {
        proptest::sample::subsequence(RELEASES.to_vec(), 0..=RELEASES.len()).prop_shuffle()
    }

    proptest! {
        #[test]
        fn nothing_is_new_in_the_same_lockfile(same in any_lockfile()) {
            prop_assert!(new_of(&same, &same).is_empty());
        }

        #[test]
        fn everything_is_new_without_one_before(now in any_lockfile()) {
            let index = index(&[("ID-1", "a", 5), ("ID-2", "a", 3), ("ID-3", "b", 3)]);
            let now = graph(&now);
            let all = check(&now, &index).unwrap().findings(&now).len();
            prop_assert_eq!(new(&index, None, &now).len(), all);
            prop_assert_eq!(new(&index, Some(&graph(&[])), &now).len(), all);
        }

        #[test]
        fn the_more_there_was_the_less_is_new(
            before in any_lockfile(), more in any_lockfile(), now in any_lockfile()
        ) {
            let less = new_of(&[before.clone(), more].concat(), &now);
            let all = new_of(&before, &now);
            prop_assert!(less.iter().all(|new| all.contains(new)), "{less:?} of {all:?}");
        }

        /// Which of several is excused may change with what comes beside it, but not how many are.
        #[test]
        fn the_more_there_is_the_more_is_new(
            before in any_lockfile(), now in any_lockfile(), more in any_lockfile()
        ) {
            let mut both = [now.clone(), more].concat();
            both.sort_unstable();
            both.dedup();
            prop_assert!(new_of(&before, &now).len() <= new_of(&before, &both).len());
        }

        #[test]
        fn the_order_of_packages_does_not_matter(before in any_lockfile(), now in any_lockfile()) {
            let reversed = |releases: &[&'static str]| -> Vec<&'static str> {
                releases.iter().rev().copied().collect()
            };
            prop_assert_eq!(new_of(&before, &now), new_of(&reversed(&before), &reversed(&now)));
        }

        /// For each advisory there are at least as many new ones as there are more affected versions than before.
        #[test]
        fn what_grew_is_never_silent(before in any_lockfile(), now in any_lockfile()) {
            let affected = |releases: &[&str]| releases.iter().filter(|name| name.starts_with('b')).count();
            let grown = affected(&now).saturating_sub(affected(&before));
            let new = new_of(&before, &now);
            let new = new.iter().filter(|new| new.ends_with("ID-3")).count();
            prop_assert!(new >= grown, "{new} of {grown}");
        }
    }
}
