//! Any bytes as an advisory's file: a record or a reason, in time, and what the crate `rustsec` makes of them.

use crate::advisory::Advisory;
use crate::database::parse::{MAX_FILE, Parsed, parse};
use crate::memory::time_of;
use crate::quiet::quietly;
use semver::Version;
use std::time::Duration;

/// A release build has 10 ms for 256 KiB. One with all checks of a fuzzer is slower.
const LIMIT: Duration = Duration::from_millis(200);

/// How the reasons begin, or what they hold, for which we refuse what `rustsec` reads: our own limits, what its linter
/// would not pass, and what it panics on later.
const OUR_REASONS: [&str; 8] = [
    "KiB",
    "over the limit",
    "over 256 bytes",
    "a number that is too big",
    "does not belong to the collection",
    "nested",
    "the crate `rustsec` cannot read it",
    "it does not start with a block of TOML",
];

pub(super) fn run(data: &[u8]) {
    let text = std::str::from_utf8(data).ok();
    let theirs = text.and_then(|text| quietly(|| text.parse::<rustsec::Advisory>().ok())?);
    let (package, id) = match &theirs {
        Some(theirs) => (theirs.metadata.package.as_str(), theirs.id().as_str()),
        None => ("foo", "RUSTSEC-2024-0001"),
    };

    let (ours, time) = time_of(|| parse(data, package, id));

    assert!(time <= LIMIT, "it took {time:?}");
    match (ours, &theirs) {
        (Ok(Parsed::Advisory(ours)), Some(theirs)) => {
            assert!(data.len() <= MAX_FILE);
            assert!(!theirs.withdrawn());
            agree(&ours, theirs);
        }
        (Ok(Parsed::Withdrawn), Some(theirs)) => assert!(theirs.withdrawn()),
        (Ok(ours), None) => panic!("`rustsec` does not read it: {ours:?}"),
        (Err(reason), theirs) => {
            assert!(reason.chars().count() <= 200 && !reason.contains('\n'));
            let known = OUR_REASONS.iter().any(|known| reason.contains(known));
            assert!(theirs.is_none() || known, "`rustsec` reads it: {reason}");
        }
    }
}

fn agree(ours: &Advisory, theirs: &rustsec::Advisory) {
    assert_eq!(ours.id, theirs.id().as_str());
    assert_eq!(ours.title, theirs.title());
    let bounds = ours.ranges.iter().flat_map(|range| {
        let bounds = [&range.introduced, &range.fixed];
        bounds.into_iter().flatten().flat_map(around)
    });
    for version in bounds.chain([Version::new(0, 0, 0)]) {
        assert_eq!(
            ours.affects(&version),
            theirs.versions.is_vulnerable(&version),
            "{version}"
        );
    }
}

/// A version, those beside it, and their first pre-releases.
pub(super) fn around(version: &Version) -> Vec<Version> {
    let (major, minor, patch) = (version.major, version.minor, version.patch);
    let mut all = vec![version.clone(), Version::new(major, minor, patch)];
    all.extend(
        patch
            .checked_sub(1)
            .map(|patch| Version::new(major, minor, patch)),
    );
    all.extend(
        patch
            .checked_add(1)
            .map(|patch| Version::new(major, minor, patch)),
    );
    all.extend(
        minor
            .checked_add(1)
            .map(|minor| Version::new(major, minor, 0)),
    );
    all.extend(major.checked_add(1).map(|major| Version::new(major, 0, 0)));
    for place in 0..all.len() {
        let pre = semver::Prerelease::new("0").expect("it is one");
        all.push(Version {
            pre,
            ..all[place].clone()
        });
    }
    all
}
