//! The section *provenance*: when an index was made and from what, and what was left out.
//!
//! In this order: time of making; number of advisories of each kind; the withdrawn ones; the
//! databases; the quarantined records.

use super::wire::{Cursor, put_number, put_option, put_str, put_time};
use super::{DatabaseInfo, Error, MAX_DATABASES, MAX_WITHDRAWN};
use crate::advisory::Kind;
use crate::database::{MAX_ORIGINS, MAX_QUARANTINED, Origin, Published, Quarantined, Withdrawn};
use jiff::Timestamp;

#[derive(Debug)]
pub(super) struct Provenance {
    pub(super) made: Timestamp,
    /// How many advisories there are of each kind, by `kind as usize`.
    pub(super) counts: [usize; Kind::ALL.len()],
    /// Source by source.
    pub(super) withdrawn: Vec<Withdrawn>,
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
        put_number(&mut out, self.withdrawn.len() as u64);
        for withdrawn in &self.withdrawn {
            put_str(&mut out, &withdrawn.package);
            put_str(&mut out, &withdrawn.id);
        }
        put_number(&mut out, self.databases.len() as u64);
        for database in &self.databases {
            put_str(&mut out, &database.url);
            put_state(&mut out, database.commit.as_deref(), database.committed);
            put_time(&mut out, database.checked);
            out.push(u8::from(database.published.is_some()));
            if let Some(published) = &database.published {
                put_published(&mut out, published);
            }
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
        let withdrawn = (0..cursor.at_most(MAX_WITHDRAWN)?)
            .map(|_| {
                Ok(Withdrawn {
                    package: cursor.string()?,
                    id: cursor.string()?,
                })
            })
            .collect::<Result<_, _>>()?;
        let databases = (0..cursor.at_most(MAX_DATABASES)?)
            .map(|_| {
                Ok(DatabaseInfo {
                    url: cursor.string()?,
                    commit: cursor.option()?,
                    committed: cursor.flag()?.then(|| cursor.time()).transpose()?,
                    checked: cursor.time()?,
                    published: cursor.flag()?.then(|| published(&mut cursor)).transpose()?,
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

fn put_state(out: &mut Vec<u8>, commit: Option<&str>, committed: Option<Timestamp>) {
    put_option(out, commit);
    out.push(u8::from(committed.is_some()));
    if let Some(committed) = committed {
        put_time(out, committed);
    }
}

fn put_published(out: &mut Vec<u8>, published: &Published) {
    put_str(out, &published.content);
    put_number(out, published.origins.len() as u64);
    for origin in &published.origins {
        put_str(out, &origin.url);
        put_state(out, origin.commit.as_deref(), origin.committed);
        put_time(out, origin.checked);
    }
}

fn published(cursor: &mut Cursor<'_>) -> Result<Published, Error> {
    let content = cursor.string()?;
    let origins = (0..cursor.at_most(MAX_ORIGINS)?)
        .map(|_| {
            Ok(Origin {
                url: cursor.string()?,
                commit: cursor.option()?,
                committed: cursor.flag()?.then(|| cursor.time()).transpose()?,
                checked: cursor.time()?,
            })
        })
        .collect::<Result<_, _>>()?;
    Ok(Published { content, origins })
}
