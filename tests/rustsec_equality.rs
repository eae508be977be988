//! What the index finds, held against the crate `rustsec`, against a naive reading of the requirements,
//! and against a search through the advisories one by one.
//!
//! The real advisories and lockfiles are not part of the repository. `ADVISORY_TEST_DATA` names a folder
//! with `advisory-db` and `lockfiles` in it; without it, the tests that need them pass unseen.

#![allow(clippy::print_stdout, reason = "a skipped test says so")]
#![allow(
    clippy::disallowed_methods,
    reason = "where the data is comes from the environment"
)]

#[path = "../fuzz/src/naive.rs"]
#[allow(unreachable_pub, reason = "the fuzzers use it too")]
mod naive;

use cargo_advisory::advisory::{Advisory, Kind, Range, Registry, RegistryRef, Severity};
use cargo_advisory::database::parse::{Parsed, parse};
use cargo_advisory::database::{Loaded, Location, Snapshot, load};
use cargo_advisory::index::{Index, Source, Verify, compile};
use jiff::Timestamp;
use naive::meets;
use proptest::prelude::*;
use rustsec::database::Query;
use rustsec::{Collection, Database, Lockfile};
use semver::{BuildMetadata, Prerelease, Version};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The folder of data, or `None` after saying that there is none.
fn data() -> Option<PathBuf> {
    let folder = match std::env::var_os("ADVISORY_TEST_DATA") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
    };
    if !folder.join("advisory-db/crates").is_dir() {
        println!(
            "skipped: set ADVISORY_TEST_DATA to a folder with `advisory-db` and `lockfiles` in it"
        );
        return None;
    }
    folder.canonicalize().ok()
}

/// RustSec's database, read by us and by `rustsec`.
struct Real {
    index: Index,
    snapshot: Snapshot,
    theirs: Database,
}

static REAL: LazyLock<Option<Real>> = LazyLock::new(|| {
    let folder = data()?.join("advisory-db");
    let location = Location::parse(folder.to_str().unwrap()).unwrap();
    let Loaded::Snapshot(snapshot) = load(&location, None, None, &|_| {}).unwrap() else {
        unreachable!("a folder has no commit");
    };
    Some(Real {
        index: index(&snapshot),
        snapshot,
        theirs: Database::open(&folder).unwrap(),
    })
});

fn bytes(snapshot: &Snapshot) -> Vec<u8> {
    let checked = Timestamp::UNIX_EPOCH;
    compile(&[Source { snapshot, checked }], None, checked).unwrap()
}

fn index(snapshot: &Snapshot) -> Index {
    Index::from_bytes(&bytes(snapshot), Verify::All).unwrap()
}

/// A snapshot that is published is an index, and a machine that reads it has the same as one that reads the database.
#[test]
fn the_real_database_can_be_read_from_its_index() {
    let Some(real) = &*REAL else { return };
    let read = made_of(&real.index, &real.snapshot);
    assert_eq!(read.advisories, real.snapshot.advisories);
    assert_eq!(read.withdrawn, real.snapshot.withdrawn);
    assert_eq!(read.quarantined, real.snapshot.quarantined);
    assert!(bytes(&read) == bytes(&real.snapshot));
}

fn ids<'a>(
    index: &'a Index,
    package: &str,
    version: &Version,
    registry: RegistryRef<'_>,
) -> Vec<&'a str> {
    index
        .affecting(package, version, registry)
        .map(|entry| entry.unwrap().id)
        .collect()
}

#[test]
fn real_lockfiles_have_the_same_findings() {
    let (Some(real), Some(data)) = (&*REAL, data()) else {
        return;
    };
    let mut lockfiles = 0;
    for file in data.join("lockfiles").read_dir().unwrap() {
        let path = file.unwrap().path();
        let lockfile = Lockfile::load(&path).unwrap();
        let (mut ours, mut theirs) = (BTreeSet::new(), BTreeSet::new());
        for package in &lockfile.packages {
            let Some(source) = &package.source else {
                continue;
            };
            let query = Query::new()
                .collection(Collection::Crates)
                .withdrawn(false)
                .package(package);
            let source_text = source.to_string();
            let registry = if source.is_default_registry() {
                RegistryRef::CratesIo
            } else {
                RegistryRef::Other(&source_text)
            };
            let key = |id: &str| {
                (
                    package.name.to_string(),
                    package.version.clone(),
                    id.to_owned(),
                )
            };
            theirs.extend(
                real.theirs
                    .query(&query)
                    .iter()
                    .map(|found| key(found.id().as_str())),
            );
            let found = ids(
                &real.index,
                package.name.as_str(),
                &package.version,
                registry,
            );
            ours.extend(found.into_iter().map(key));
        }
        assert!(!theirs.is_empty(), "{}", path.display());
        assert_eq!(ours, theirs, "{}", path.display());
        lockfiles += 1;
    }
    assert!(lockfiles > 0);
}

#[test]
fn all_real_advisories_are_in_the_index() {
    let Some(real) = &*REAL else { return };
    assert_eq!(real.snapshot.quarantined, []);
    let ours: BTreeSet<_> = real
        .index
        .entries()
        .map(|entry| entry.unwrap().id)
        .collect();
    let theirs: BTreeSet<_> = real
        .theirs
        .iter()
        .filter(|theirs| {
            theirs.metadata.collection == Some(Collection::Crates) && !theirs.withdrawn()
        })
        .map(|theirs| theirs.id().as_str())
        .collect();
    assert_eq!(ours, theirs);
    assert_eq!(real.index.advisories(), ours.len());

    let details = real
        .index
        .entries()
        .map(|entry| real.index.details(&entry.unwrap()).unwrap());
    assert!(details.eq(real.snapshot.advisories.iter().cloned()));
}

/// At every bound of every real advisory, and one step to each side of it.
#[test]
fn real_bounds_agree() {
    let Some(real) = &*REAL else { return };
    let mut compared = 0;
    for theirs in real.theirs.iter() {
        if theirs.metadata.collection != Some(Collection::Crates) {
            continue;
        }
        let package = theirs.metadata.package.as_str();
        let requirements: Vec<_> = theirs
            .versions
            .patched()
            .iter()
            .chain(theirs.versions.unaffected())
            .collect();
        let mut versions = vec![Version::new(0, 0, 0), Version::new(u64::MAX, 0, 0)];
        for range in rustsec::osv::ranges_for_advisory(&theirs.versions) {
            versions.extend([range.introduced, range.fixed].into_iter().flatten());
        }
        for comparator in requirements
            .iter()
            .flat_map(|requirement| &requirement.comparators)
        {
            versions.push(named(comparator));
        }
        let around: BTreeSet<_> = versions.iter().flat_map(neighbours).collect();
        for version in around {
            let expected = theirs.versions.is_vulnerable(&version);
            let naive = !requirements
                .iter()
                .any(|requirement| meets(&version, &requirement.to_string()));
            assert_eq!(naive, expected, "{} and {version}", theirs.id());
            let ours = ids(&real.index, package, &version, RegistryRef::CratesIo);
            assert_eq!(
                ours.contains(&theirs.id().as_str()),
                expected && !theirs.withdrawn(),
                "{} and {version}",
                theirs.id()
            );
            compared += 1;
        }
    }
    assert!(compared > 10_000, "{compared}");
}

fn named(comparator: &semver::Comparator) -> Version {
    Version {
        pre: comparator.pre.clone(),
        ..Version::new(
            comparator.major,
            comparator.minor.unwrap_or(0),
            comparator.patch.unwrap_or(0),
        )
    }
}

/// A version and those that are one step away from it.
fn neighbours(version: &Version) -> Vec<Version> {
    let (major, minor, patch) = (version.major, version.minor, version.patch);
    let mut numbers = vec![(major, minor, patch), (major, minor + 1, 0)];
    numbers.extend(patch.checked_sub(1).map(|patch| (major, minor, patch)));
    numbers.extend(patch.checked_add(1).map(|patch| (major, minor, patch)));
    numbers.extend(minor.checked_sub(1).map(|minor| (major, minor, patch)));
    numbers.extend(major.checked_sub(1).map(|major| (major, minor, patch)));
    numbers.extend(major.checked_add(1).map(|major| (major, 0, 0)));
    let longer = format!("{}.0", version.pre);
    let mut pres = vec!["", "0", "alpha", "alpha.1", "rc.1", version.pre.as_str()];
    if !version.pre.is_empty() {
        pres.push(&longer);
    }
    let mut all = Vec::new();
    for (major, minor, patch) in numbers {
        for pre in &pres {
            for build in ["", "1"] {
                all.push(Version {
                    pre: Prerelease::new(pre).unwrap(),
                    build: BuildMetadata::new(build).unwrap(),
                    ..Version::new(major, minor, patch)
                });
            }
        }
    }
    all
}

fn any_pre() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "", "", "", "0", "1", "9", "10", "alpha", "alpha.0", "alpha.1", "beta", "rc.1", "rc.10",
        "rc-2", "0a", "A", "x.7.z.92",
    ])
}

fn any_build() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "", "", "0", "00", "1", "01", "abc", "a.1", "1.a"])
}

prop_compose! {
    fn any_version()(
        numbers in prop::array::uniform3(prop_oneof![5 => 0..4_u64, 1 => any::<u64>()]),
        pre in any_pre(),
        build in any_build(),
    ) -> Version {
        let [major, minor, patch] = numbers;
        Version {
            pre: Prerelease::new(pre).unwrap(),
            build: BuildMetadata::new(build).unwrap(),
            ..Version::new(major, minor, patch)
        }
    }
}

prop_compose! {
    /// `>=1.2.3-rc.1, <2` and the like: most are sound one by one, and many a list of them is not.
    fn any_requirement()(
        operators in prop::sample::select(vec![
            vec![">"], vec![">="], vec!["<"], vec!["<="], vec!["="], vec!["^"], vec!["~"],
            vec![">=", "<"], vec![">", "<"], vec![">", "<="], vec![">=", "<="],
        ]),
        numbers in prop::array::uniform2(prop::array::uniform3(0..4_u64)),
        given in prop::array::uniform2(1..4_usize),
        pres in prop::array::uniform2(any_pre()),
    ) -> String {
        let mut parts = Vec::new();
        for (place, operator) in operators.into_iter().enumerate() {
            let numbers: Vec<_> = numbers[place].iter().take(given[place]).map(u64::to_string).collect();
            let pre = match (given[place], pres[place]) {
                (1 | 2, _) | (_, "") => String::new(),
                (_, pre) => format!("-{pre}"),
            };
            parts.push(format!("{operator}{}{pre}", numbers.join(".")));
        }
        parts.join(", ")
    }
}

fn any_ranges() -> impl Strategy<Value = Vec<Range>> {
    let bound = || prop::option::weighted(0.8, any_version());
    let range = (bound(), bound()).prop_map(|(introduced, fixed)| Range { introduced, fixed });
    prop::collection::vec(range, 0..4)
}

const PACKAGES: [&str; 8] = [
    "a",
    "ab",
    "abcdefgh",
    "abcdefghi",
    "abcdefghj",
    "abcdefg",
    "_",
    "zz-top",
];

const SOURCES: [&str; 2] = ["sparse+https://a.example/", "registry+https://b.example/"];

fn any_registry() -> impl Strategy<Value = Registry> {
    prop_oneof![
        3 => Just(Registry::CratesIo),
        1 => prop::sample::select(SOURCES.to_vec()).prop_map(|url| Registry::Other(url.to_owned())),
    ]
}

prop_compose! {
    fn any_advisory()(
        package in prop::sample::select(PACKAGES.to_vec()),
        number in 0..40,
        kind in prop::sample::select(Kind::ALL.to_vec()),
        severity in prop::option::of(prop::sample::select(Severity::ALL.to_vec())),
        ranges in any_ranges(),
        registry in any_registry(),
        texts in prop::collection::vec("\\PC{0,20}", 3),
    ) -> Advisory {
        Advisory {
            id: format!("RUSTSEC-2024-{number:04}"),
            package: package.to_owned(),
            kind,
            title: texts[0].clone(),
            description: texts[1].clone(),
            date: "2024-01-02".to_owned(),
            url: None,
            references: texts.clone(),
            aliases: Vec::new(),
            related: Vec::new(),
            cvss: None,
            severity,
            patched: texts[1..].to_vec(),
            unaffected: Vec::new(),
            affected_os: texts[2..].to_vec(),
            affected_arch: Vec::new(),
            affected_functions: Vec::new(),
            registry,
            ranges,
        }
    }
}

fn any_snapshot() -> impl Strategy<Value = Snapshot> {
    prop::collection::vec(any_advisory(), 1..30).prop_map(|mut advisories| {
        let key = |advisory: &Advisory| (advisory.package.clone(), advisory.id.clone());
        advisories.sort_by_key(key);
        advisories.dedup_by_key(|advisory| key(advisory));
        Snapshot {
            url: "https://example.com/db".to_owned(),
            commit: None,
            committed: None,
            descends: None,
            published: None,
            appeared: Vec::new(),
            advisories,
            quarantined: Vec::new(),
            withdrawn: Vec::new(),
        }
    })
}

/// The snapshot that `index` was made of, with what is not about advisories from `other`.
fn made_of(index: &Index, other: &Snapshot) -> Snapshot {
    let records = index.records().unwrap();
    Snapshot {
        url: other.url.clone(),
        commit: other.commit.clone(),
        committed: other.committed,
        descends: None,
        published: None,
        advisories: records.advisories,
        appeared: records.appeared,
        quarantined: records.quarantined,
        withdrawn: records.withdrawn,
    }
}

fn near_a_bound() -> impl Strategy<Value = (prop::sample::Index, prop::sample::Index, Version)> {
    (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        any_version(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Random versions whose numbers are close to a bound of a real advisory.
    #[test]
    fn real_advisories_agree_near_their_bounds((which, bound, step) in near_a_bound()) {
        let Some(real) = &*REAL else { return Ok(()) };
        let theirs: Vec<_> = real.theirs.iter().filter(|a| a.metadata.collection == Some(Collection::Crates)).collect();
        let theirs = which.get(&theirs);
        let mut bounds = vec![Version::new(0, 0, 0)];
        for range in rustsec::osv::ranges_for_advisory(&theirs.versions) {
            bounds.extend([range.introduced, range.fixed].into_iter().flatten());
        }
        let bound = bound.get(&bounds);
        let version = Version {
            major: bound.major.wrapping_add(step.major).saturating_sub(1),
            minor: bound.minor.wrapping_add(step.minor).saturating_sub(1),
            patch: bound.patch.wrapping_add(step.patch).saturating_sub(1),
            ..step
        };
        let expected = theirs.versions.is_vulnerable(&version) && !theirs.withdrawn();
        let found = ids(&real.index, theirs.metadata.package.as_str(), &version, RegistryRef::CratesIo);
        prop_assert_eq!(found.contains(&theirs.id().as_str()), expected, "{} {}", theirs.id(), version);
    }

    /// Any list of requirements, written to a file: it is refused where `rustsec` refuses it, and means
    /// the same where not.
    #[test]
    fn requirements_mean_what_rustsec_says(
        patched in prop::collection::vec(any_requirement(), 0..3),
        unaffected in prop::collection::vec(any_requirement(), 0..2),
        versions in prop::collection::vec(any_version(), 20),
    ) {
        let text = format!(
            "```toml\n[advisory]\nid = \"RUSTSEC-2024-0001\"\npackage = \"foo\"\ndate = \"2024-01-02\"\n\
             [versions]\npatched = {patched:?}\nunaffected = {unaffected:?}\n```\n\n# Title\n\nText.\n"
        );
        let ours = match parse(text.as_bytes(), "foo", "RUSTSEC-2024-0001") {
            Ok(Parsed::Advisory(advisory)) => *advisory,
            Ok(Parsed::Withdrawn) => unreachable!("it is not"),
            Err(reason) => {
                let theirs = std::panic::catch_unwind(|| text.parse::<rustsec::Advisory>());
                prop_assert!(!matches!(theirs, Ok(Ok(_))), "{reason}");
                return Ok(());
            }
        };
        let theirs: rustsec::Advisory = text.parse().unwrap();
        let requirements: Vec<_> = patched.iter().chain(&unaffected).collect();
        for version in versions {
            let expected = theirs.versions.is_vulnerable(&version);
            prop_assert_eq!(ours.affects(&version), expected, "{}", version);
            let naive = !requirements.iter().any(|requirement| meets(&version, requirement));
            prop_assert_eq!(naive, expected, "{}", version);
        }
    }

    #[test]
    fn the_index_finds_what_a_search_finds(
        snapshot in any_snapshot(),
        versions in prop::collection::vec(any_version(), 5),
        registry in any_registry(),
    ) {
        let index = index(&snapshot);
        for package in PACKAGES.into_iter().chain(["", "abcdefghijk", "b", "\0", "ä"]) {
            for version in &versions {
                let expected: Vec<_> = snapshot
                    .advisories
                    .iter()
                    .filter(|a| a.package == package && a.registry == registry && a.affects(version))
                    .collect();
                let found: Vec<_> = index
                    .affecting(package, version, registry.borrow())
                    .map(|entry| index.details(&entry.unwrap()).unwrap())
                    .collect();
                prop_assert_eq!(found.iter().collect::<Vec<_>>(), expected);
            }
        }
    }

    #[test]
    fn what_an_index_was_made_of_can_be_read_from_it(snapshot in any_snapshot()) {
        prop_assert_eq!(bytes(&made_of(&index(&snapshot), &snapshot)), bytes(&snapshot));
    }

    #[test]
    fn the_same_databases_make_the_same_bytes(snapshot in any_snapshot()) {
        prop_assert_eq!(bytes(&snapshot), bytes(&snapshot));
    }
}
