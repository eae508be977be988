//! The stable JSON form. Fields are only ever added.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{Asked, Status};
use crate::advisory::Kind;
use crate::index::Index;
use crate::refresh::record::{Outcome, Record};
use crate::report::json::{IndexInfo, ProblemInfo};

/// One object on one line.
#[derive(Debug, Serialize)]
pub struct StatusInfo<'a> {
    /// The file, whether it is there or not.
    pub path: String,
    /// Null where there is none that can be used.
    pub index: Option<HeldInfo<'a>>,
    /// Null where none has ended, as far as is known.
    pub last_refresh: Option<RefreshInfo<'a>>,
    /// When a refresh began that has not ended: it is under way, or was killed.
    pub refresh_begun: Option<Timestamp>,
    /// What a build would note, whatever it is of.
    pub problems: Vec<ProblemInfo>,
}

/// What the index holds.
#[derive(Debug, Serialize)]
pub struct HeldInfo<'a> {
    #[serde(flatten)]
    pub index: IndexInfo<'a>,
    /// How many advisories of each kind there are, without the withdrawn ones.
    pub kinds: BTreeMap<&'static str, usize>,
    pub withdrawn: usize,
    pub quarantined: Vec<QuarantinedInfo<'a>>,
    pub registries: &'a [Asked<'a>],
}

/// A file that was not understood.
#[derive(Debug, Serialize)]
pub struct QuarantinedInfo<'a> {
    /// Within its database.
    pub path: &'a str,
    pub reason: &'a str,
}

/// A refresh that has ended.
#[derive(Debug, Serialize)]
pub struct RefreshInfo<'a> {
    /// `updated`, `refused` or `failed`.
    pub outcome: &'static str,
    /// When it began.
    pub tried: Timestamp,
    /// Null where the index was updated.
    pub reason: Option<&'a str>,
}

impl<'a> Status<'a> {
    /// The same for tools.
    pub fn info(&self) -> StatusInfo<'a> {
        StatusInfo {
            path: self.path.display().to_string(),
            index: self
                .index
                .map(|index| HeldInfo::new(index, self.registries)),
            last_refresh: self.record.and_then(RefreshInfo::new),
            refresh_begun: self.record.and_then(|record| record.begun),
            problems: self.problems.iter().map(ProblemInfo::from).collect(),
        }
    }
}

impl<'a> HeldInfo<'a> {
    fn new(index: &'a Index, registries: &'a [Asked<'a>]) -> HeldInfo<'a> {
        // Yanks come from registries and are never part of a database.
        let kinds = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Yanked);
        let quarantined = index.quarantined().iter();
        HeldInfo {
            index: IndexInfo::new(index),
            kinds: kinds
                .map(|kind| (kind.as_str(), index.count(kind)))
                .collect(),
            withdrawn: index.withdrawn(),
            quarantined: quarantined
                .map(|file| QuarantinedInfo {
                    path: &file.path,
                    reason: &file.reason,
                })
                .collect(),
            registries,
        }
    }
}

impl<'a> RefreshInfo<'a> {
    fn new(record: &'a Record) -> Option<RefreshInfo<'a>> {
        let (outcome, reason) = match &record.outcome {
            Outcome::Pending => return None,
            Outcome::Updated => ("updated", None),
            Outcome::Refused { reason } => ("refused", Some(reason.as_str())),
            Outcome::Failed { reason } => ("failed", Some(reason.as_str())),
        };
        Some(RefreshInfo {
            outcome,
            tried: record.at,
            reason,
        })
    }
}
