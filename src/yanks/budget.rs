//! How much registries may answer, all together and each about one package: what is kept of it lies in memory, in a file, and
//! in the index that each build reads.
//!
//! What a registry may answer grows with the packages that it is asked about, so that none takes from another what that one
//! needs. Of 761 crates of crates.io, the dependencies of some large projects, what is kept of one has 290 bytes in the mean
//! and 3,200 at the most, and its yanks have 90 in the mean and 1,700 at the most.

use anyhow::bail;

use super::kept::Answer;
use super::locked::MOST_PACKAGES;
use crate::yank::{self, MOST_REGISTRIES, Said};

/// Bytes of two kinds.
#[derive(Clone, Copy, Debug)]
struct Bytes {
    /// Of what is kept to ask again.
    kept: usize,
    /// In the index.
    yanks: usize,
}

/// For one package.
const MOST: Bytes = Bytes {
    kept: 64 * 1024,
    yanks: 16 * 1024,
};
/// For each package that a registry is asked about.
const EACH: Bytes = Bytes {
    kept: 2 * 1024,
    yanks: 256,
};
/// For all registries beside that, in equal parts.
const SHARED: Bytes = Bytes {
    kept: 4 * 1024 * 1024,
    yanks: 1024 * 1024,
};

/// What all answers of a refresh can have of the index is no more than it takes.
const _: () = assert!(MOST_PACKAGES * EACH.yanks + SHARED.yanks <= yank::MOST_BYTES);
/// However many registries there are, the part of each is that of one package.
const _: () = assert!(SHARED.yanks / (MOST_REGISTRIES / 2) >= MOST.yanks);
const _: () = assert!(SHARED.kept / (MOST_REGISTRIES / 2) >= MOST.kept);

/// What one registry may still answer.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    left: Bytes,
}

impl Budget {
    /// That of one of so many `registries` that is asked about so many `packages`.
    pub(super) fn new(registries: usize, packages: usize) -> Budget {
        let of = |shared: usize, each: usize| shared / registries.max(1) + packages * each;
        Budget {
            left: Bytes {
                kept: of(SHARED.kept, EACH.kept),
                yanks: of(SHARED.yanks, EACH.yanks),
            },
        }
    }

    /// Spends what the answer about the package `name` takes.
    ///
    /// # Errors
    ///
    /// If that is more than one package may have, or than is left. Then nothing is spent.
    pub(super) fn spend(
        &mut self,
        name: &str,
        answer: Option<&Answer>,
        said: &Said,
    ) -> anyhow::Result<()> {
        let takes = Bytes {
            kept: answer.map_or(0, Answer::weight) + name.len(),
            yanks: said.weight(name),
        };
        if takes.kept > MOST.kept || takes.yanks > MOST.yanks {
            bail!("its answer has more versions than a package may have");
        }
        let kept = self.left.kept.checked_sub(takes.kept);
        let yanks = self.left.yanks.checked_sub(takes.yanks);
        let Some((kept, yanks)) = kept.zip(yanks) else {
            bail!("its answers have more versions than a registry may have");
        };
        self.left = Bytes { kept, yanks };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use semver::{Prerelease, Version};

    use super::*;

    /// An answer with so many versions, all of them yanked, of 100 bytes each.
    fn answer(versions: u64) -> (Answer, Said) {
        let version = |number| Version {
            pre: Prerelease::new(&"x".repeat(90)).unwrap(),
            ..Version::new(1, 0, 10_000 + number)
        };
        let releases: Vec<_> = (0..versions)
            .map(|number| (version(number), true))
            .collect();
        let said = Said {
            asked: Timestamp::UNIX_EPOCH,
            yanked: releases
                .iter()
                .map(|(version, _)| version.clone())
                .collect(),
            vanished: Vec::new(),
        };
        (Answer::new(None, None, &releases), said)
    }

    fn spend(budget: &mut Budget, versions: u64) -> Result<(), String> {
        let (answer, said) = answer(versions);
        let spent = budget.spend("a", Some(&answer), &said);
        spent.map_err(|error| error.to_string())
    }

    #[test]
    fn one_package_has_a_limit() {
        let mut budget = Budget::new(1, 5000);
        assert_eq!(spend(&mut budget, 140), Ok(()));
        let more = spend(&mut budget, 160).unwrap_err();
        assert_eq!(more, "its answer has more versions than a package may have");
    }

    #[test]
    fn one_registry_has_a_limit_that_grows_with_what_is_asked() {
        let answers = |mut budget: Budget| {
            let all = (0..1000).map(|_| spend(&mut budget, 140));
            all.filter(Result::is_ok).count()
        };
        assert_eq!(answers(Budget::new(64, 1)), 1);
        assert_eq!(answers(Budget::new(1, 1)), 70);
        assert_eq!(answers(Budget::new(64, 5000)), 87);
    }

    #[test]
    fn what_does_not_fit_leaves_room_for_others() {
        let mut budget = Budget::new(64, 1);
        assert_eq!(spend(&mut budget, 100), Ok(()));
        let more = spend(&mut budget, 100).unwrap_err();
        assert_eq!(
            more,
            "its answers have more versions than a registry may have"
        );
        assert_eq!(spend(&mut budget, 10), Ok(()));
    }
}
