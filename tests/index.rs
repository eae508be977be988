//! The file format under damage, and the store that keeps it.

use cargo_advisory::advisory::{Advisory, Kind, Range, Registry, RegistryRef, Severity};
use cargo_advisory::database::{Quarantined, Snapshot, Withdrawn};
use cargo_advisory::index::store::Store;
use cargo_advisory::index::{
    Error, Format, Index, Seen, Source, Told, Verify, compile, compile_with,
};
use cargo_advisory::yank::{Said, Yank, Yanks};
use jiff::Timestamp;
use jiff::civil::Date;
use semver::Version;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

const URL: &str = "https://example.com/db";

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn advisory(package: &str, id: &str, fixed: Option<&str>) -> Advisory {
    Advisory {
        id: id.to_owned(),
        package: package.to_owned(),
        kind: Kind::Vulnerability,
        title: "Title".to_owned(),
        description: "Text.".to_owned(),
        date: "2024-01-02".to_owned(),
        url: Some("https://example.com/a".to_owned()),
        references: vec!["https://example.com/b".to_owned()],
        aliases: vec!["CVE-2024-1".to_owned()],
        related: Vec::new(),
        cvss: None,
        severity: Some(Severity::High),
        patched: vec![">=1.2.3".to_owned()],
        unaffected: Vec::new(),
        affected_os: vec!["windows".to_owned(), "linux".to_owned()],
        affected_arch: Vec::new(),
        affected_functions: vec!["bar::baz (<1)".to_owned()],
        registry: Registry::CratesIo,
        ranges: vec![Range {
            introduced: None,
            fixed: fixed.map(|version| version.parse().unwrap()),
        }],
    }
}

/// Two packages, one of them from two registries; something quarantined; something withdrawn.
fn snapshot() -> Snapshot {
    let mut other = advisory("foo", "RUSTSEC-2024-0003", None);
    other.kind = Kind::Unmaintained;
    other.severity = None;
    other.registry = Registry::Other("sparse+https://registry.example/".to_owned());
    Snapshot {
        url: URL.to_owned(),
        commit: Some("c".repeat(40)),
        committed: Some(time(1_700_000_000)),
        descends: None,
        published: None,
        appeared: Vec::new(),
        advisories: vec![
            advisory(
                "bar-of-some-length",
                "RUSTSEC-2024-0001",
                Some("1.2.3-rc.1+b"),
            ),
            advisory("foo", "RUSTSEC-2024-0002", Some("2.0.0")),
            other,
        ],
        quarantined: vec![Quarantined {
            path: "crates/baz/RUSTSEC-2024-0004.md".to_owned(),
            package: Some("baz".to_owned()),
            reason: "it is not UTF-8".to_owned(),
        }],
        withdrawn: vec![Withdrawn {
            package: "foo".to_owned(),
            id: "RUSTSEC-2024-0005".to_owned(),
        }],
    }
}

fn compiled(snapshots: &[Snapshot]) -> Vec<u8> {
    let sources: Vec<_> = snapshots
        .iter()
        .map(|snapshot| Source {
            snapshot,
            checked: time(1_700_000_100),
        })
        .collect();
    compile_with(&sources, &yanks(), None, time(1_700_000_200)).unwrap()
}

/// Two packages, one of them from two registries.
fn yanks() -> Yanks {
    let said = |asked, yanked: &[&str], vanished: &[&str]| {
        let versions = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Said {
            asked: time(asked),
            yanked: versions(yanked),
            vanished: versions(vanished),
        }
    };
    let mut yanks = Yanks::default();
    yanks.insert(
        "foo",
        Registry::CratesIo,
        said(1_700_000_000, &["0.1.0", "1.2.3-rc.1"], &["2.0.0"]),
    );
    yanks.insert("foo", OTHER.to_owned(), said(1_700_000_001, &[], &[]));
    yanks.insert(
        "bar-of-some",
        Registry::CratesIo,
        said(1_700_000_002, &[], &["1.2.3"]),
    );
    yanks
}

const OTHER: RegistryRef<'_> = RegistryRef::Other("sparse+https://registry.example/");

/// What a check would learn from an index.
#[allow(clippy::type_complexity, reason = "nobody names it")]
fn findings(index: &Index) -> Result<(Vec<(Advisory, usize)>, Vec<Option<Told>>, Yanks), Error> {
    let mut found = Vec::new();
    let mut yanked = Vec::new();
    for package in ["bar-of-some-length", "bar-of-some", "foo", "quux", ""] {
        for version in ["0.1.0", "1.2.3-rc.1", "1.2.3", "2.0.0"] {
            let version: Version = version.parse().unwrap();
            for registry in [RegistryRef::CratesIo, OTHER] {
                yanked.push(index.yank(package, &version, registry)?);
                for entry in index.affecting(package, &version, registry) {
                    let entry = entry?;
                    found.push((index.details(&entry)?, entry.os().count()));
                }
            }
        }
    }
    Ok((found, yanked, index.yanks()?))
}

#[test]
fn what_registries_have_said_comes_out() {
    let index = Index::from_bytes(&compiled(&[snapshot()]), Verify::All).unwrap();

    assert_eq!(index.yanks().unwrap(), yanks());
    let yank = |name: &str, version: &str, registry| {
        let told = index.yank(name, &version.parse().unwrap(), registry);
        told.unwrap().map(|told| told.yank)
    };
    for (name, version, expected) in [
        ("foo", "0.1.0", Some(Yank::Yanked)),
        ("foo", "1.2.3-rc.1", Some(Yank::Yanked)),
        ("foo", "1.2.3", Some(Yank::None)),
        ("foo", "2.0.0", Some(Yank::Vanished)),
        ("foo", "2.0.0+build", Some(Yank::None)),
        ("bar-of-some", "1.2.3", Some(Yank::Vanished)),
        ("bar-of-some-length", "1.2.3", None),
        ("", "1.2.3", None),
    ] {
        assert_eq!(
            yank(name, version, RegistryRef::CratesIo),
            expected,
            "{name} {version}"
        );
    }
    assert_eq!(yank("foo", "0.1.0", OTHER), Some(Yank::None));
    assert_eq!(yank("bar-of-some", "1.2.3", OTHER), None);
    let nobody = RegistryRef::Other("sparse+https://nobody.example/");
    assert_eq!(yank("foo", "0.1.0", nobody), None);
}

#[test]
fn where_no_registry_was_asked_nothing_is_known() {
    let snapshot = snapshot();
    let source = Source {
        snapshot: &snapshot,
        checked: time(0),
    };
    let index =
        Index::from_bytes(&compile(&[source], None, time(0)).unwrap(), Verify::All).unwrap();

    assert!(index.yanks().unwrap().is_empty());
    let version = "0.1.0".parse().unwrap();
    assert_eq!(
        index.yank("foo", &version, RegistryRef::CratesIo).unwrap(),
        None
    );
}

#[test]
fn what_goes_in_comes_out() {
    let snapshot = snapshot();
    let index = Index::from_bytes(&compiled(std::slice::from_ref(&snapshot)), Verify::All).unwrap();

    assert_eq!(index.made(), time(1_700_000_200));
    let [database] = index.databases() else {
        panic!("one database");
    };
    assert_eq!(database.url, URL);
    assert_eq!(database.commit, snapshot.commit);
    assert_eq!(database.committed, snapshot.committed);
    assert_eq!(database.checked, time(1_700_000_100));
    assert_eq!(index.advisories(), 3);
    assert_eq!(index.count(Kind::Vulnerability), 2);
    assert_eq!(index.count(Kind::Unmaintained), 1);
    assert_eq!(index.withdrawn(), 1);
    assert_eq!(index.quarantined(), snapshot.quarantined);
    assert!(index.quarantined_for("baz") && !index.quarantined_for("foo"));

    let all: Vec<_> = index
        .entries()
        .map(|entry| index.details(&entry.unwrap()).unwrap())
        .collect();
    assert_eq!(all, snapshot.advisories);
    let ids = |package| {
        let ids = index.package(package).map(|entry| entry.unwrap().id);
        ids.collect::<Vec<_>>()
    };
    assert_eq!(ids("foo"), ["RUSTSEC-2024-0002", "RUSTSEC-2024-0003"]);
    assert!(ids("fo").is_empty() && ids("fooo").is_empty());
}

#[test]
fn an_advisory_has_appeared_when_the_index_before_says_so() {
    let day = |day: &str| day.parse::<Date>().unwrap();
    let appeared = |index: &Index, id: &str| {
        let entries = index.entries().map(Result::unwrap);
        let mut days = entries
            .filter(|entry| entry.id == id)
            .map(|entry| entry.appeared);
        days.next().unwrap()
    };
    let compiled = |ids: &[(&str, &str)], old: Option<&Index>, now: &str| {
        let mut snapshot = snapshot();
        snapshot.advisories = ids
            .iter()
            .map(|(id, date)| Advisory {
                date: (*date).to_owned(),
                ..advisory("foo", id, None)
            })
            .collect();
        let source = Source {
            snapshot: &snapshot,
            checked: time(0),
        };
        let bytes = compile(&[source], old, now.parse().unwrap()).unwrap();
        Index::from_bytes(&bytes, Verify::All).unwrap()
    };
    let (old, new, late) = (
        "RUSTSEC-2024-0001",
        "RUSTSEC-2024-0002",
        "RUSTSEC-2024-0003",
    );

    // Of the first index nobody knows what is new in it, and nothing is from the future.
    let first = compiled(
        &[(old, "2024-01-31"), (new, "2025-01-01")],
        None,
        "2024-06-01T23:59:00Z",
    );
    assert_eq!(appeared(&first, old), day("2024-01-31"));
    assert_eq!(appeared(&first, new), day("2024-06-01"));

    // What a later one finds new is new, whatever it says.
    let ids = [
        (old, "2024-01-31"),
        (new, "2025-01-01"),
        (late, "2020-01-01"),
    ];
    let second = compiled(&ids, Some(&first), "2024-07-01T00:00:00Z");
    assert_eq!(appeared(&second, old), day("2024-01-31"));
    assert_eq!(appeared(&second, new), day("2024-06-01"));
    assert_eq!(appeared(&second, late), day("2024-07-01"));

    // A clock that was set back makes nothing appear later than now.
    let third = compiled(&ids, Some(&second), "2024-06-15T00:00:00Z");
    assert_eq!(appeared(&third, late), day("2024-06-15"));
}

#[test]
fn a_record_of_no_package_concerns_every_package() {
    let mut snapshot = snapshot();
    snapshot.quarantined[0].package = None;
    let index = Index::from_bytes(&compiled(&[snapshot]), Verify::All).unwrap();
    assert!(index.quarantined_for("anything"));
}

#[test]
fn an_advisory_is_for_one_registry() {
    let index = Index::from_bytes(&compiled(&[snapshot()]), Verify::All).unwrap();
    let ids = |registry| {
        let version = Version::new(0, 1, 0);
        let found = index.affecting("foo", &version, registry);
        found.map(|entry| entry.unwrap().id).collect::<Vec<_>>()
    };
    assert_eq!(ids(RegistryRef::CratesIo), ["RUSTSEC-2024-0002"]);
    assert_eq!(ids(OTHER), ["RUSTSEC-2024-0003"]);
    assert!(ids(RegistryRef::Other("sparse+https://example.com/")).is_empty());
}

#[test]
fn the_first_database_wins() {
    let mut second = snapshot();
    second.url = "https://example.com/second".to_owned();
    // The first one has the same id for another version, and has taken this one back.
    second.advisories[0].title = "Another title".to_owned();
    second
        .advisories
        .push(advisory("foo", "RUSTSEC-2024-0005", None));
    second
        .advisories
        .push(advisory("foo", "RUSTSEC-2024-0006", None));

    let index = Index::from_bytes(&compiled(&[snapshot(), second]), Verify::All).unwrap();
    assert_eq!(index.withdrawn(), 1);
    let found: Vec<_> = index
        .entries()
        .map(|entry| {
            let entry = entry.unwrap();
            let title = index.details(&entry).unwrap().title;
            (entry.id, entry.database, title)
        })
        .collect();
    let title = || "Title".to_owned();
    assert_eq!(
        found,
        [
            ("RUSTSEC-2024-0001", 0, title()),
            ("RUSTSEC-2024-0002", 0, title()),
            ("RUSTSEC-2024-0003", 0, title()),
            ("RUSTSEC-2024-0006", 1, title()),
        ]
    );
}

#[test]
fn nothing_is_not_an_index() {
    let mut snapshot = snapshot();
    snapshot.advisories.clear();
    let source = Source {
        snapshot: &snapshot,
        checked: time(0),
    };
    assert!(matches!(
        compile(&[source], None, time(0)),
        Err(Error::Empty)
    ));
    assert!(matches!(compile(&[], None, time(0)), Err(Error::Empty)));
}

#[test]
fn every_truncation_is_an_error() {
    let bytes = compiled(&[snapshot()]);
    for length in 0..bytes.len() {
        for verify in [Verify::Used, Verify::All] {
            assert!(
                Index::from_bytes(&bytes[..length], verify).is_err(),
                "{length}"
            );
        }
    }
}

/// Damage where a build looks is an error at once; damage to the text of an advisory is one as soon as
/// that is read.
#[test]
fn every_bit_flip_is_an_error_or_harmless() {
    let mut bytes = compiled(&[snapshot()]);
    let pristine = findings(&Index::from_bytes(&bytes, Verify::All).unwrap()).unwrap();
    assert!(pristine.0.len() > 5);
    for at in 0..bytes.len() {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            assert!(Index::from_bytes(&bytes, Verify::All).is_err(), "{at}");
            if let Ok(found) = Index::from_bytes(&bytes, Verify::Used).and_then(|i| findings(&i)) {
                assert_eq!(found, pristine, "{at}");
            }
            bytes[at] ^= 1 << bit;
        }
    }
}

/// A file is read in another way than bytes in memory.
#[test]
fn every_damaged_byte_of_a_file_is_an_error_or_harmless() {
    let mut bytes = compiled(&[snapshot()]);
    let pristine = findings(&Index::from_bytes(&bytes, Verify::All).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    for at in 0..bytes.len() {
        bytes[at] ^= 0x10;
        fs::write(&path, &bytes).unwrap();
        assert!(Index::open(&path, Verify::All).is_err(), "{at}");
        if let Ok(found) = Index::open(&path, Verify::Used).and_then(|index| findings(&index)) {
            assert_eq!(found, pristine, "{at}");
        }
        bytes[at] ^= 0x10;
    }
}

/// The same with the checks made right again, as an attacker would: anything may be found, but nothing
/// may panic or take long.
#[test]
fn damage_with_right_checks_is_survived() {
    let bytes = compiled(&[snapshot()]);
    let mut sound = 0;
    for at in HEADER..bytes.len() {
        for value in [
            0,
            1,
            2,
            0x7f,
            0x80,
            0xff,
            bytes[at] ^ 1,
            bytes[at].wrapping_add(1),
        ] {
            let mut bytes = bytes.clone();
            bytes[at] = value;
            make_checks_right(&mut bytes);
            if let Ok(index) = Index::from_bytes(&bytes, Verify::All) {
                sound += usize::from(findings(&index).is_ok());
                index.entries().for_each(|entry| {
                    let _ = entry.and_then(|entry| index.details(&entry));
                });
            }
        }
    }
    assert!(sound > 0);
}

/// A number that is stated to be huge is refused before anything is allocated for it.
#[test]
fn stated_sizes_are_not_believed() {
    let bytes = compiled(&[snapshot()]);
    for at in HEADER..bytes.len() {
        let mut bytes = bytes.clone();
        for byte in bytes[at..].iter_mut().take(9) {
            *byte = 0xff;
        }
        make_checks_right(&mut bytes);
        let _ = Index::from_bytes(&bytes, Verify::All).and_then(|index| findings(&index));
    }
    // The lengths of the file and of its sections.
    for at in [32, 40, 64, 88, 112] {
        for value in [0, u64::MAX, 1 << 40] {
            let mut bytes = bytes.clone();
            bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
            let check = blake3::hash(&bytes[32..HEADER - 16]);
            bytes[HEADER - 16..HEADER].copy_from_slice(&check.as_bytes()[..16]);
            assert!(Index::from_bytes(&bytes, Verify::Used).is_err(), "{at}");
        }
    }
}

/// Of empty texts, ranges without bounds and the like there can be as many as there are bytes, and each takes dozens of
/// bytes in memory. So there is an end to them, and nothing is written that could not be read again.
#[test]
fn nothing_is_made_that_holds_more_than_is_read() {
    let made = |change: &dyn Fn(&mut Snapshot), databases: usize| {
        let mut snapshot = snapshot();
        change(&mut snapshot);
        let source = Source {
            snapshot: &snapshot,
            checked: time(0),
        };
        let bytes = compile(&vec![source; databases], None, time(0))?;
        Index::from_bytes(&bytes, Verify::All)
            .and_then(|index| findings(&index))
            .map(drop)
    };
    let over = |change: &dyn Fn(&mut Snapshot), databases| match made(change, databases) {
        Err(Error::TooMany { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    let texts = |count: usize| vec![String::new(); count];
    let ranges = |count: usize| {
        let all = Range {
            introduced: None,
            fixed: None,
        };
        vec![all; count]
    };
    for (most, what) in [(false, ""), (true, "texts in a list of one advisory")] {
        let count = 4096 + usize::from(most);
        for list in [
            |advisory: &mut Advisory, list| advisory.references = list,
            |advisory: &mut Advisory, list| advisory.affected_os = list,
            |advisory: &mut Advisory, list| advisory.aliases = list,
        ] {
            let change = |snapshot: &mut Snapshot| list(&mut snapshot.advisories[0], texts(count));
            if most {
                assert_eq!(over(&change, 1), what);
            } else {
                made(&change, 1).unwrap();
            }
        }
    }
    made(&|s| s.advisories[0].ranges = ranges(128), 1).unwrap();
    let too_many = over(&|s| s.advisories[0].ranges = ranges(129), 1);
    assert_eq!(too_many, "ranges of one advisory");

    made(&|_| {}, 64).unwrap();
    // Each of the 65 has the quarantined record of the snapshot too.
    assert_eq!(over(&|_| {}, 65), "databases");
    let repeat = |snapshot: &mut Snapshot, count| {
        snapshot.quarantined = vec![snapshot.quarantined[0].clone(); count];
    };
    made(&|s| repeat(s, 1000), 1).unwrap();
    let too_many = over(&|s| repeat(s, 501), 2);
    assert_eq!(too_many, "records that cannot be read");
    let registries = |snapshot: &mut Snapshot, count: usize| {
        snapshot.advisories = (0..count)
            .map(|number| {
                let mut advisory = advisory("foo", &format!("RUSTSEC-2024-{number:04}"), None);
                advisory.registry = Registry::Other(format!("sparse+https://{number}.example/"));
                advisory
            })
            .collect();
    };
    made(&|s| registries(s, 4096), 1).unwrap();
    assert_eq!(over(&|s| registries(s, 4097), 1), "registries");
}

const HEADER: usize = 152;

/// As the essay in `src/index/mod.rs` describes them.
fn make_checks_right(bytes: &mut [u8]) {
    let check = |bytes: &[u8]| <[u8; 16]>::try_from(&blake3::hash(bytes).as_bytes()[..16]).unwrap();
    let mut start = HEADER;
    for section in 0..4 {
        let at = 40 + section * 24;
        let length = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
        let right = check(&bytes[start..start + length]);
        bytes[at + 8..at + 24].copy_from_slice(&right);
        start += length;
    }
    let right = check(&bytes[32..HEADER - 16]);
    bytes[HEADER - 16..HEADER].copy_from_slice(&right);
}

fn with_format(format: u16) -> Vec<u8> {
    let mut bytes = compiled(&[snapshot()]);
    bytes[8..10].copy_from_slice(&format.to_le_bytes());
    let check = blake3::hash(&bytes[..16]);
    bytes[16..32].copy_from_slice(&check.as_bytes()[..16]);
    bytes
}

#[test]
fn other_formats_say_so() {
    let error = |format| Index::from_bytes(&with_format(format), Verify::Used).unwrap_err();
    assert!(matches!(error(3), Error::TooOld { found: Format(3) }));
    assert!(matches!(error(5), Error::TooNew { found: Format(5) }));
    assert!(error(0).to_string().contains("run `cargo advisory update`"));
    assert!(error(5).to_string().contains("newer cargo-advisory"));
}

fn open_error(path: &Path) -> Error {
    Index::open(path, Verify::Used).unwrap_err()
}

#[test]
fn only_a_sound_regular_file_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let good = compiled(&[snapshot()]);
    let sound = file("good", &good);
    for verify in [Verify::Used, Verify::All] {
        let index = Index::open(&sound, verify).unwrap();
        let expected = findings(&Index::from_bytes(&good, verify).unwrap()).unwrap();
        assert_eq!(findings(&index).unwrap(), expected);
    }

    assert!(matches!(
        open_error(&folder.path().join("none")),
        Error::Missing
    ));
    assert!(matches!(open_error(folder.path()), Error::NotAFile));
    assert!(matches!(open_error(&file("empty", b"")), Error::NotAnIndex));
    assert!(matches!(
        open_error(&file("nul", &vec![0; good.len()])),
        Error::NotAnIndex
    ));
    assert!(matches!(
        open_error(&file("short", &good[..20])),
        Error::Truncated
    ));
    let longer = [good.as_slice(), b"\0"].concat();
    assert!(matches!(
        open_error(&file("longer", &longer)),
        Error::Corrupt(_)
    ));

    let sparse = file("sparse", &good);
    let grown = fs::File::options().write(true).open(&sparse).unwrap();
    grown.set_len(1 << 30).unwrap();
    assert!(matches!(open_error(&sparse), Error::TooLarge { .. }));
    grown.set_len(1 << 28).unwrap();
    assert!(matches!(open_error(&sparse), Error::Corrupt(_)));
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good");
    fs::write(&good, compiled(&[snapshot()])).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&good, &link).unwrap();
    assert!(matches!(open_error(&link), Error::NotAFile));

    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if made.is_ok_and(|status| status.success()) {
        assert!(matches!(open_error(&pipe), Error::NotAFile));
    }
}

/// An open index keeps to its file, whatever happens to the name.
#[test]
fn details_come_from_the_file_that_was_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let bytes = compiled(&[snapshot()]);
    fs::write(&path, &bytes).unwrap();
    let index = Index::open(&path, Verify::Used).unwrap();
    let expected = findings(&index).unwrap();

    let mut other = snapshot();
    other.advisories[0].title = "Another".to_owned();
    let new = folder.path().join("new");
    fs::write(&new, compiled(&[other])).unwrap();
    fs::rename(&new, &path).unwrap();
    assert_eq!(findings(&index).unwrap(), expected);

    // Cut off in place, after it was opened: the text is missed, and not made up.
    let index = Index::open(&path, Verify::Used).unwrap();
    fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(200)
        .unwrap();
    assert!(matches!(findings(&index), Err(Error::Truncated)));
}

#[test]
fn publishing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path().join("a/b"));
    let databases = [URL.to_owned()];
    let bytes = compiled(&[snapshot()]);
    let now = SystemTime::now();
    assert!(matches!(
        store.open(&databases, Verify::All),
        Err(Error::Missing)
    ));

    let path = store.publish(&databases, &bytes, now).unwrap();
    assert_eq!(path, store.path_for(&databases));
    store.open(&databases, Verify::All).unwrap();
    assert_eq!(fs::read(&path).unwrap(), bytes);

    // Damage, NULs and old formats are replaced.
    for bad in [
        &bytes[..bytes.len() / 2],
        &vec![0; 500],
        &with_format(0),
        b"",
    ] {
        fs::write(&path, bad).unwrap();
        store.publish(&databases, &bytes, now).unwrap();
        store.open(&databases, Verify::All).unwrap();
    }
    // A newer format is not, though damage to the bytes that say so is.
    let newer = with_format(7);
    fs::write(&path, &newer).unwrap();
    let error = format!("{:#}", store.publish(&databases, &bytes, now).unwrap_err());
    assert!(
        error.contains("cannot replace") && error.contains("newer cargo-advisory"),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), newer);
    let mut flipped = bytes.clone();
    flipped[8] ^= 2;
    fs::write(&path, flipped).unwrap();
    store.publish(&databases, &bytes, now).unwrap();

    // Another list of databases has another place, and another's index in ours is refused.
    let others = ["https://example.com/other".to_owned()];
    assert!(store.publish(&others, &bytes, now).is_err());
    fs::copy(&path, store.path_for(&others)).unwrap();
    assert!(matches!(
        store.open(&others, Verify::Used),
        Err(Error::OtherDatabases)
    ));
}

/// That the one database of an index is as it was.
fn seen(checked: Timestamp) -> [Seen; 1] {
    [Seen {
        checked,
        published: None,
    }]
}

/// A database that has not changed is not read again; only the note of when it was seen is made anew.
#[test]
fn seen_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let databases = [URL.to_owned()];
    let later = time(1_700_009_000);
    assert!(
        store
            .seen_again(&databases, &seen(later), &yanks(), later.into())
            .is_err()
    );

    let bytes = compiled(&[snapshot()]);
    store
        .publish(&databases, &bytes, SystemTime::now())
        .unwrap();
    let before = store.open(&databases, Verify::All).unwrap();
    store
        .seen_again(&databases, &seen(later), &yanks(), later.into())
        .unwrap();
    let after = store.open(&databases, Verify::All).unwrap();
    assert_eq!(after.databases()[0].checked, later);
    assert_eq!(after.databases()[0].commit, before.databases()[0].commit);
    assert_eq!(after.made(), before.made());
    assert_eq!(findings(&after).unwrap(), findings(&before).unwrap());
    store
        .seen_again(
            &databases,
            &seen(time(1_700_000_100)),
            &yanks(),
            later.into(),
        )
        .unwrap();
    assert_eq!(fs::read(store.path_for(&databases)).unwrap(), bytes);
}

#[test]
fn publishing_clears_up_after_killed_processes() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let databases = [URL.to_owned()];
    let stem = store.path_for(&databases).with_extension("");
    let stem = stem.file_name().unwrap().to_str().unwrap();
    let left = folder.path().join(format!("{stem}.tmp-Xyz123"));
    let theirs = folder.path().join("notes.tmp-Xyz123");
    fs::write(&left, "half an index").unwrap();
    fs::write(&theirs, "").unwrap();

    let bytes = compiled(&[snapshot()]);
    let now = SystemTime::now();
    store.publish(&databases, &bytes, now).unwrap();
    assert!(left.exists(), "it may belong to a process that still runs");
    let later = now + Duration::from_secs(2 * 60 * 60);
    store.publish(&databases, &bytes, later).unwrap();
    assert!(!left.exists() && theirs.exists());
}

#[test]
fn failures_to_publish_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let databases = [URL.to_owned()];
    let bytes = compiled(&[snapshot()]);
    let error = |store: &Store| {
        let error = store.publish(&databases, &bytes, SystemTime::now());
        format!("{:#}", error.unwrap_err())
    };

    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let message = error(&Store::new(file.join("cache")));
    assert!(
        message.contains("set `advisory.cache-dir` to another one"),
        "{message}"
    );

    let store = Store::new(folder.path());
    fs::create_dir_all(store.path_for(&databases).join("in the way")).unwrap();
    let message = error(&store);
    assert!(
        message.contains("if it is not a file, remove it"),
        "{message}"
    );
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 2, "no temporary file stays");
}
