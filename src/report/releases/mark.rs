//! What an advisory says of a release.

use anstyle::Style;
use cargo_util_terminal::style;
use semver::{Version, VersionReq};

use crate::advisory::Advisory;

/// What stands on the line for a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    Affected,
    Unaffected,
    Patched,
}

impl Mark {
    /// RustSec's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Mark::Affected => "affected",
            Mark::Unaffected => "unaffected",
            Mark::Patched => "patched",
        }
    }

    /// What `advisory` says of `version`.
    ///
    /// Which versions are affected, the ranges say, as everywhere. A pre-release meets few requirements, so what it is if
    /// it is not affected goes by the order: it is patched if some affected version is older.
    pub fn of(version: &Version, advisory: &Advisory) -> Mark {
        let meets = |requirements: &[String]| {
            requirements.iter().any(|requirement| {
                VersionReq::parse(requirement).is_ok_and(|requirement| requirement.matches(version))
            })
        };
        if advisory.affects(version) {
            Mark::Affected
        } else if meets(&advisory.unaffected) {
            Mark::Unaffected
        } else if meets(&advisory.patched) {
            Mark::Patched
        } else {
            let older_is_affected = advisory.ranges.iter().any(|range| {
                range
                    .introduced
                    .as_ref()
                    .is_none_or(|first| first < version)
            });
            if older_is_affected {
                Mark::Patched
            } else {
                Mark::Unaffected
            }
        }
    }

    pub(super) fn letter(self) -> char {
        match self {
            Mark::Affected => 'x',
            Mark::Unaffected => '.',
            Mark::Patched => 'o',
        }
    }

    pub(super) fn style(self) -> Style {
        match self {
            Mark::Affected => style::ERROR,
            Mark::Unaffected => Style::new().dimmed(),
            Mark::Patched => style::GOOD,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::advisory::Range;

    pub(in crate::report::releases) fn advisory(
        patched: &[&str],
        unaffected: &[&str],
        ranges: &[(&str, &str)],
    ) -> Advisory {
        let version = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Advisory {
            patched: owned(patched),
            unaffected: owned(unaffected),
            ranges: ranges
                .iter()
                .map(|(introduced, fixed)| Range {
                    introduced: version(introduced),
                    fixed: version(fixed),
                })
                .collect(),
            ..Advisory::example("leaky", "RUSTSEC-2020-0001")
        }
    }

    #[test]
    fn pre_releases_go_by_the_order() {
        let advisory = advisory(&[">=1.2.0"], &["<1.0.0"], &[("1.0.0", "1.2.0")]);
        for (version, mark) in [
            ("1.0.0-rc.1", Mark::Unaffected),
            ("1.0.0", Mark::Affected),
            ("1.2.0-rc.1", Mark::Affected),
            ("1.2.0", Mark::Patched),
            ("1.3.0-rc.1", Mark::Patched),
        ] {
            assert_eq!(
                Mark::of(&version.parse().unwrap(), &advisory),
                mark,
                "{version}"
            );
        }
    }

    #[test]
    fn code_that_was_removed_later_is_unaffected_there() {
        let advisory = advisory(&[], &[">=2.0.0"], &[("", "2.0.0")]);
        let mark = |version: &str| Mark::of(&version.parse().unwrap(), &advisory);
        assert_eq!(mark("1.9.0"), Mark::Affected);
        assert_eq!(mark("2.0.0"), Mark::Unaffected);
    }
}
