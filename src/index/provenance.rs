//! The section *provenance*: when an index was made and from what, and what was left out.
//!
//! In this order: time of making; number of advisories of each kind; number of withdrawn ones; the
//! databases; the quarantined records.

use super::wire::{Cursor, put_number, put_option, put_str, put_time};
use super::{DatabaseInfo, Error, MAX_DATABASES};
use crate::advisory::Kind;
use crate::database::{MAX_QUARANTINED, Quarantined};
use jiff::Timestamp;

#[derive(Debug)]
pub(super) struct Provenance {
    pub(super) made: Timestamp,
    /// How many advisories there are of each kind, by `kind as usize`.
    pub(super) counts: [usize; Kind::ALL.len()],
    pub(super) withdrawn: usize,
    pub(super) databases: Vec<DatabaseInfo>,
    pub(super) quarantined: Vec<Quarantined>,
}

impl Provenance {
    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_time(&mut out, self.made);
        for count in self.counts {
            put_number(&mut out, count as u64);
        }
        put_number(&mut out, self.withdrawn as u64);
        put_number(&mut out, self.databases.len() as u64);
        for database in &self.databases {
            put_str(&mut out, &database.url);
            put_option(&mut out, database.commit.as_deref());
            out.push(u8::from(database.committed.is_some()));
            if let Some(committed) = database.committed {
                put_time(&mut out, committed);
            }
            put_time(&mut out, database.checked);
        }
        put_number(&mut out, self.quarantined.len() as u64);
        for record in &self.quarantined {
            put_str(&mut out, &record.path);
            put_option(&mut out, record.package.as_deref());
            put_str(&mut out, &record.reason);
        }
        out
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Provenance, Error> {
        let mut cursor = Cursor(bytes);
        let number = |cursor: &mut Cursor<'_>| {
            usize::try_from(cursor.number()?).map_err(|_| Error::Corrupt("a number"))
        };
        let made = cursor.time()?;
        let mut counts = [0; Kind::ALL.len()];
        for count in &mut counts {
            *count = number(&mut cursor)?;
        }
        let withdrawn = number(&mut cursor)?;
        let databases = (0..cursor.at_most(MAX_DATABASES)?)
            .map(|_| {
                Ok(DatabaseInfo {
                    url: cursor.string()?,
                    commit: cursor.option()?,
                    committed: cursor.flag()?.then(|| cursor.time()).transpose()?,
                    checked: cursor.time()?,
                })
            })
            .collect::<Result<_, _>>()?;
        let quarantined = (0..cursor.at_most(MAX_QUARANTINED)?)
            .map(|_| {
                Ok(Quarantined {
                    path: cursor.string()?,
                    package: cursor.option()?,
                    reason: cursor.string()?,
                })
            })
            .collect::<Result<_, _>>()?;
        if !cursor.is_empty() {
            return Err(Error::Corrupt("its provenance"));
        }
        if counts.iter().all(|&count| count == 0) {
            return Err(Error::Empty);
        }
        Ok(Provenance {
            made,
            counts,
            withdrawn,
            databases,
            quarantined,
        })
    }
}
