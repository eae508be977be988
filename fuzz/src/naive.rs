//! A reading of version requirements to hold others against.

use semver::{Prerelease, Version};

/// Whether a version meets a requirement in RustSec's reading: pre-releases are versions like any
/// other, what a requirement leaves out is zero, and build metadata does not count.
///
/// Written from the documentation of Cargo and SemVer alone, on text, to share nothing with the rest.
pub fn meets(version: &Version, requirement: &str) -> bool {
    requirement.split(',').map(str::trim).all(|part| {
        let digits = part.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
        let (operator, text) = part.split_at(digits);
        let (numbers, pre) = text.split_once('-').unwrap_or((text, ""));
        let given: Vec<u64> = numbers.split('.').map(|n| n.parse().unwrap()).collect();
        let number = |place: usize| given.get(place).copied().unwrap_or(0);
        let low = Version {
            pre: Prerelease::new(pre).unwrap(),
            ..Version::new(number(0), number(1), number(2))
        };
        // Everything from the first pre-release of `(major, minor, patch)` on is too high.
        let below = |major, minor, patch| {
            (version.major, version.minor, version.patch) < (major, minor, patch)
        };
        let order = version.cmp_precedence(&low);
        match operator.trim() {
            ">" => order.is_gt(),
            ">=" => order.is_ge(),
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            "=" => order.is_eq(),
            "~" if given.len() == 1 => order.is_ge() && below(number(0) + 1, 0, 0),
            "~" => order.is_ge() && below(number(0), number(1) + 1, 0),
            "^" | "" => {
                order.is_ge()
                    && match given[..] {
                        [0, 0, patch] => below(0, 0, patch + 1),
                        [0, minor, ..] => below(0, minor + 1, 0),
                        _ => below(number(0) + 1, 0, 0),
                    }
            }
            other => panic!("what is `{other}`?"),
        }
    })
}
