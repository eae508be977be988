//! What the index holds, from where and how old it is, what came of the last refresh, and who has told of yanks.

mod human;
mod info;

use std::collections::BTreeSet;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::advisory::Registry;
use crate::index::Index;
use crate::problem::Problem;
use crate::refresh::record::{Record, Silent};
use crate::yank::Yanks;

/// All that there is to tell of one index.
#[derive(Clone, Copy, Debug)]
pub struct Status<'a> {
    /// Where the index is, or would be.
    pub path: &'a Path,
    /// None where there is none that can be used.
    pub index: Option<&'a Index>,
    /// By what `index` says and `record` adds.
    pub registries: &'a [Asked<'a>],
    /// What is remembered of the last refresh.
    pub record: Option<&'a Record>,
    /// The gravest first. Where there is no index the first one says why.
    pub problems: &'a [Problem],
    /// Past it a denial does not believe the index.
    pub max_age: SignedDuration,
    pub now: Timestamp,
}

/// A registry that refreshes have asked about yanks.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Asked<'a> {
    /// As [`Registry::name`] has it. Foreign text.
    pub registry: &'a str,
    /// Of how many crates the index holds an answer.
    pub crates: usize,
    /// When the last of these answers came, null where there is none.
    pub asked: Option<Timestamp>,
    /// When the oldest of them came.
    pub oldest: Option<Timestamp>,
    /// What the last refresh has asked in vain.
    pub unanswered: Option<Unanswered<'a>>,
}

/// Questions that a registry has not answered.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Unanswered<'a> {
    /// Crates of which there is no answer.
    pub crates: usize,
    /// Crates that it was asked about.
    pub of: usize,
    /// Partly foreign text.
    pub reason: &'a str,
}

impl<'a> Asked<'a> {
    /// Those that have answered, and then those that never did.
    pub fn all(yanks: &'a Yanks, silent: &'a [Silent]) -> Vec<Asked<'a>> {
        let of = |name: &str| silent.iter().find(|silent| silent.registry == name);
        let answered: BTreeSet<&str> = yanks.registries().map(Registry::name).collect();
        let mut all: Vec<Asked<'a>> = yanks
            .registries()
            .map(|registry| {
                let (asked, oldest) = yanks.asked(registry).unzip();
                Asked {
                    registry: registry.name(),
                    crates: yanks.count(registry),
                    asked,
                    oldest,
                    unanswered: of(registry.name()).map(Unanswered::from),
                }
            })
            .collect();
        let never = silent
            .iter()
            .filter(|silent| !answered.contains(silent.registry.as_str()));
        all.extend(never.map(|silent| Asked {
            registry: &silent.registry,
            crates: 0,
            asked: None,
            oldest: None,
            unanswered: Some(Unanswered::from(silent)),
        }));
        all
    }
}

impl<'a> From<&'a Silent> for Unanswered<'a> {
    fn from(silent: &'a Silent) -> Unanswered<'a> {
        Unanswered {
            crates: silent.missing,
            of: silent.asked,
            reason: &silent.reason,
        }
    }
}
