//! What `explain` is asked about: an advisory by its id, or a crate.

use anyhow::{anyhow, bail};
use cargo::CargoResult;
use semver::Version;

use crate::report::Untrusted;

/// Whether `what` can be an id at all. The names of most crates cannot, and need no search.
pub(super) fn may_be_id(what: &str) -> bool {
    what.contains('-')
        && what.bytes().any(|byte| byte.is_ascii_digit())
        && what
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Whether `what` has the form of an id of a database that advisories mostly come from. A crate may well be called `cve-rs`.
pub(super) fn looks_like_id(what: &str) -> bool {
    let after = |start: &str| {
        what.split_at_checked(start.len())
            .filter(|(head, _)| head.eq_ignore_ascii_case(start))
            .map(|(_, rest)| rest)
    };
    let numbered = ["RUSTSEC-", "CVE-", "MAL-"]
        .iter()
        .filter_map(|start| after(start))
        .any(|rest| {
            rest.split_once('-').is_some_and(|(year, number)| {
                [year, number]
                    .iter()
                    .all(|digits| digits.len() >= 4 && digits.bytes().all(|b| b.is_ascii_digit()))
            })
        });
    let grouped = after("GHSA-").is_some_and(|rest| {
        rest.split('-').count() == 3 && rest.split('-').all(|group| group.len() == 4)
    });
    numbered || grouped
}

/// The crate and version that `what`, which is not the id of an advisory, stands for.
pub(super) fn parse(what: &str) -> CargoResult<(&str, Option<Version>)> {
    let (name, version) = match what.split_once('@') {
        None => (what, None),
        Some((name, version)) => {
            let parsed = Version::parse(version).map_err(|error| {
                anyhow!(
                    "`{}` is not a version: {error}; give it whole, such as `{}@1.2.3`",
                    Untrusted(version),
                    Untrusted(name)
                )
            })?;
            (name, Some(parsed))
        }
    };
    let is_name = !name.is_empty()
        && name.len() <= 64
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if !is_name {
        bail!(
            "`{}` is neither the id of an advisory nor the name of a crate; give an id, such as \
             `RUSTSEC-2021-0003`, or `CRATE`, or `CRATE@VERSION`",
            Untrusted(what)
        );
    }
    Ok((name, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_from_crates() {
        for id in [
            "RUSTSEC-2021-0003",
            "cve-2021-25900",
            "GHSA-43w2-9j62-hq99",
            "MAL-2025-12345",
        ] {
            assert!(looks_like_id(id), "{id}");
        }
        for name in [
            "cve-rs",
            "mal-2000",
            "rustsec",
            "ghsa-client",
            "rustsec-é",
            "cve-2021-rs",
        ] {
            assert!(!looks_like_id(name), "{name}");
        }
    }
}
