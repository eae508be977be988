//! The checked record that everything else works on: one advisory, with its versions already
//! turned into ranges.
//!
//! Text in here (ids, titles, names, URLs) is foreign. It is sound UTF-8 and bounded in length,
//! nothing more: whoever prints it makes it harmless first.

use semver::Version;
use std::fmt;

/// The most texts in a list of an [`Advisory`]. What reads one from foreign bytes allocates for no more.
pub const MAX_LIST: usize = 4096;
/// The most ranges of an [`Advisory`]: 64 requirements make 65 at the most.
pub const MAX_RANGES: usize = 128;

/// One RustSec advisory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advisory {
    /// Such as `RUSTSEC-2020-0071`: ASCII letters, digits and `-`.
    pub id: String,
    /// Name of the crate, as in Cargo.lock.
    pub package: String,
    pub kind: Kind,
    /// One line of plain text.
    pub title: String,
    /// Markdown.
    pub description: String,
    /// When the problem was first reported: `YYYY-MM-DD`.
    pub date: String,
    pub url: Option<String>,
    pub references: Vec<String>,
    /// Ids of the same problem in other databases.
    pub aliases: Vec<String>,
    /// Ids of other problems that have to do with this one.
    pub related: Vec<String>,
    /// The CVSS vector.
    pub cvss: Option<String>,
    /// What the CVSS vector amounts to, `None` where the advisory is not scored.
    pub severity: Option<Severity>,
    /// Requirements that patched versions meet, in RustSec's notation: `>=1.2.3, <2`.
    pub patched: Vec<String>,
    /// Requirements that versions meet which never had the problem.
    pub unaffected: Vec<String>,
    /// Values of `target_os`; empty means every one.
    pub affected_os: Vec<String>,
    /// Values of `target_arch`; empty means every one.
    pub affected_arch: Vec<String>,
    /// Paths of functions, each followed by its version requirements: `time::now (<0.2)`.
    pub affected_functions: Vec<String>,
    pub registry: Registry,
    /// The affected versions. They follow from `patched` and `unaffected`.
    pub ranges: Vec<Range>,
}

impl Advisory {
    /// Whether this version has the problem.
    pub fn affects(&self, version: &Version) -> bool {
        self.ranges.iter().any(|range| range.contains(version))
    }

    /// All that it has several of, but for ranges.
    pub fn lists(&self) -> [&[String]; 8] {
        [
            &self.references,
            &self.aliases,
            &self.related,
            &self.patched,
            &self.unaffected,
            &self.affected_os,
            &self.affected_arch,
            &self.affected_functions,
        ]
    }

    /// The score of the CVSS vector, from 0.0 to 10.0 in steps of a tenth. `None` where the advisory is not scored.
    pub fn score(&self) -> Option<f64> {
        let cvss: cvss::Cvss = self.cvss.as_ref()?.parse().ok()?;
        Some((cvss.score() * 10.0).round() / 10.0)
    }

    /// The version of CVSS that the vector is written in: `3.1`.
    pub fn cvss_version(&self) -> Option<&str> {
        let (version, _) = self.cvss.as_ref()?.strip_prefix("CVSS:")?.split_once('/')?;
        Some(version)
    }
}

/// The versions from `introduced` up to, but without, `fixed`; `None` leaves that side open.
///
/// The order is that of [`Version`], as in the crate `rustsec`: SemVer precedence with
/// pre-releases taking part, and build metadata as the last key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    pub introduced: Option<Version>,
    pub fixed: Option<Version>,
}

impl Range {
    pub fn contains(&self, version: &Version) -> bool {
        self.introduced.as_ref().is_none_or(|from| version >= from)
            && self.fixed.as_ref().is_none_or(|to| version < to)
    }
}

/// What an advisory says about a crate, the worst first.
///
/// No advisory has the kind [`Yanked`](Kind::Yanked), which comes from a registry; it is listed here
/// because findings of all kinds are sorted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Malicious,
    Vulnerability,
    Unsound,
    Yanked,
    Unmaintained,
    Notice,
}

impl Kind {
    /// Worst first, so that a kind's place is `kind as usize`.
    pub const ALL: [Kind; 6] = [
        Kind::Malicious,
        Kind::Vulnerability,
        Kind::Unsound,
        Kind::Yanked,
        Kind::Unmaintained,
        Kind::Notice,
    ];

    /// The word used in configuration and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Malicious => "malicious",
            Kind::Vulnerability => "vulnerability",
            Kind::Unsound => "unsound",
            Kind::Yanked => "yanked",
            Kind::Unmaintained => "unmaintained",
            Kind::Notice => "notice",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// CVSS's five words for a score, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Critical,
    High,
    Medium,
    Low,
    /// Scored, with a score of 0.0.
    None,
}

impl Severity {
    /// Worst first, so that a severity's place is `severity as usize`.
    pub const ALL: [Severity; 5] = [
        Severity::Critical,
        Severity::High,
        Severity::Medium,
        Severity::Low,
        Severity::None,
    ];

    /// The word used in configuration and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Critical => "critical",
            Severity::High => "high",
            Severity::Medium => "medium",
            Severity::Low => "low",
            Severity::None => "none",
        }
    }

    /// Whether this is as bad as `floor` or worse. (The order of the type is worst first, which
    /// makes `<=` easy to misread.)
    pub fn at_least(self, floor: Severity) -> bool {
        self <= floor
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The registry whose packages an advisory is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Registry {
    CratesIo,
    /// Kind, `+` and URL as in Cargo.lock, the URL as [`url::Url`] prints it:
    /// `sparse+https://registry.example/index/`. A source that is no registry can be written in an
    /// advisory; it is kept as it is and matches nothing.
    Other(String),
}

impl Registry {
    pub fn borrow(&self) -> RegistryRef<'_> {
        match self {
            Registry::CratesIo => RegistryRef::CratesIo,
            Registry::Other(source) => RegistryRef::Other(source),
        }
    }

    /// Cargo's name for crates.io, and the source of others. Foreign text.
    pub fn name(&self) -> &str {
        match self {
            Registry::CratesIo => "crates-io",
            Registry::Other(source) => source,
        }
    }
}

/// A borrowed [`Registry`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegistryRef<'a> {
    CratesIo,
    Other(&'a str),
}

impl RegistryRef<'_> {
    pub fn to_owned(self) -> Registry {
        match self {
            RegistryRef::CratesIo => Registry::CratesIo,
            RegistryRef::Other(source) => Registry::Other(source.to_owned()),
        }
    }
}

#[cfg(test)]
impl Advisory {
    /// One of crates.io for tests, which affects no version and has nothing that it need not have.
    pub(crate) fn example(package: &str, id: &str) -> Advisory {
        Advisory {
            id: id.to_owned(),
            package: package.to_owned(),
            kind: Kind::Vulnerability,
            title: "A title".to_owned(),
            description: String::new(),
            date: "2024-01-02".to_owned(),
            url: None,
            references: Vec::new(),
            aliases: Vec::new(),
            related: Vec::new(),
            cvss: None,
            severity: None,
            patched: Vec::new(),
            unaffected: Vec::new(),
            affected_os: Vec::new(),
            affected_arch: Vec::new(),
            affected_functions: Vec::new(),
            registry: Registry::CratesIo,
            ranges: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_in_order() {
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
        }
        for (place, severity) in Severity::ALL.into_iter().enumerate() {
            assert_eq!(severity as usize, place);
        }
        assert!(Severity::Critical.at_least(Severity::High));
        assert!(Severity::High.at_least(Severity::High));
        assert!(!Severity::Medium.at_least(Severity::High));
    }

    #[test]
    fn a_range_holds_its_start_and_not_its_end() {
        let range = Range {
            introduced: Some(Version::new(1, 0, 0)),
            fixed: Some(Version::new(1, 2, 0)),
        };
        for (version, expected) in [
            ("1.0.0-rc.1", false),
            ("1.0.0", true),
            ("1.0.0+build", true),
            ("1.2.0-alpha", true),
            ("1.2.0", false),
            ("1.2.0+build", false),
        ] {
            assert_eq!(
                range.contains(&version.parse().unwrap()),
                expected,
                "{version}"
            );
        }
    }
}
