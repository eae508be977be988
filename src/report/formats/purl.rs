//! Package URLs, by which tools for bills of materials know packages.

use packageurl::PackageUrl;
use semver::Version;

use crate::advisory::Registry;
use crate::graph::lockfile::source_of;
use crate::report::json::{FindingInfo, StepInfo};

/// The package URL of a finding's package.
pub(super) fn of_finding(finding: &FindingInfo<'_>) -> Option<String> {
    purl(finding.package, finding.version, finding.source)
}

/// The package URL of a package on a path.
pub(super) fn of_step(step: &StepInfo<'_>) -> Option<String> {
    purl(step.package, step.version, step.source)
}

/// `pkg:cargo/time@0.1.43`. The registry is named where it is not crates.io, for the specification takes that for granted.
/// None for a package without a name, which only a broken lockfile has.
fn purl(name: &str, version: &Version, source: Option<&str>) -> Option<String> {
    let mut purl = PackageUrl::new("cargo", name).ok()?;
    purl.with_version(version.to_string()).ok()?;
    if let Some((qualifier, url)) = source.and_then(place) {
        purl.add_qualifier(qualifier, url).ok()?;
    }
    Some(purl.to_string())
}

/// The qualifier that tells where a package with this source is from.
fn place(source: &str) -> Option<(&'static str, &str)> {
    match source_of(Some(source)).registry {
        Some(Registry::CratesIo) => None,
        Some(Registry::Other(_)) => {
            let (_, url) = source.split_once('+')?;
            Some(("repository_url", url))
        }
        // As it is: `git+https://...`.
        None => Some(("vcs_url", source)),
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use super::*;

    fn of(name: &str, version: &str, source: Option<&str>) -> String {
        purl(name, &version.parse().unwrap(), source).unwrap()
    }

    #[test]
    fn crates_io_is_taken_for_granted() {
        let crates_io = "registry+https://github.com/rust-lang/crates.io-index";
        for source in [None, Some(crates_io)] {
            assert_eq!(of("time", "0.1.43", source), "pkg:cargo/time@0.1.43");
        }
    }

    #[test]
    fn what_separates_is_encoded() {
        assert_eq!(
            of("time", "1.0.0-rc.1+a.b", None),
            "pkg:cargo/time@1.0.0-rc.1%2Ba.b"
        );
        assert_eq!(
            of(
                "time",
                "1.0.0",
                Some("sparse+https://r.example/index/?a=b&c")
            ),
            "pkg:cargo/time@1.0.0?repository_url=https:%2F%2Fr.example%2Findex%2F%3Fa%3Db%26c"
        );
    }

    /// Read back by the parser of the crate, every part is what it was.
    #[test]
    fn a_hostile_name_stays_a_name() {
        for name in [
            "a@b",
            "a/b",
            "a?b=c#d",
            "a\nb",
            "%41",
            "ü\u{202e}",
            "pkg:npm/x",
        ] {
            let text = of(name, "1.0.0", Some("git+https://g.example/a#0123"));
            assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text}");
            let read = PackageUrl::from_str(&text).unwrap();
            assert_eq!(read.ty(), "cargo");
            assert_eq!(read.name(), name);
            assert_eq!(read.version(), Some("1.0.0"));
            assert_eq!(read.qualifiers()["vcs_url"], "git+https://g.example/a#0123");
        }
        assert_eq!(purl("", &Version::new(1, 0, 0), None), None);
    }
}
