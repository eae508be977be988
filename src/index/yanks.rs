//! The section *yanks*: what registries have said of yanked and removed versions.
//!
//! Nothing at all where no registry was asked. Else, in this order: the number of packages and the table of them by name,
//! see [`wire::row`](super::wire::row); registries other than crates.io; packages, each with its name and the number of its
//! registries and, for each, the number of the registry (0 is crates.io), when it was asked, the yanked versions and the
//! vanished ones.

use super::Error;
use super::table::{self, Table};
use super::wire::{Cursor, prefix, put_number, put_str, put_time, put_version, row};
use super::write::limit;
use super::{MAX_FRONT, wire};
use crate::advisory::{Registry, RegistryRef};
use crate::yank::{Said, Yank, Yanks};
use jiff::Timestamp;
use semver::Version;
use std::collections::BTreeMap;

/// What a registry said of one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    pub yank: Yank,
    /// When it was asked.
    pub asked: Timestamp,
}

/// The section, of which nothing is decoded before it is asked for.
#[derive(Debug)]
pub(super) struct YankSection {
    bytes: Vec<u8>,
    /// None for an empty section.
    table: Option<Table>,
    registries: Vec<String>,
}

/// What a registry said of one package, as far as it was read.
struct Record<'a> {
    registry: RegistryRef<'a>,
    asked: Timestamp,
    /// The versions of each kind, the yanked ones first.
    versions: [(usize, Cursor<'a>); 2],
}

impl YankSection {
    pub(super) fn read(bytes: Vec<u8>) -> Result<YankSection, Error> {
        let mut cursor = Cursor(&bytes);
        let (table, registries) = match cursor.is_empty() {
            true => (None, Vec::new()),
            false => (Some(Table::read(&mut cursor)?), cursor.list()?),
        };
        Ok(YankSection {
            bytes,
            table,
            registries,
        })
    }

    pub(super) fn told(
        &self,
        package: &str,
        version: &Version,
        registry: RegistryRef<'_>,
    ) -> Result<Option<Told>, Error> {
        let Some(table) = &self.table else {
            return Ok(None);
        };
        let Some(mut cursor) = table.find(&self.bytes, package)? else {
            return Ok(None);
        };
        cursor.bytes()?;
        for _ in 0..cursor.count()? {
            let record = self.record(&mut cursor)?;
            if record.registry == registry {
                return Ok(Some(Told {
                    yank: record.yank(version)?,
                    asked: record.asked,
                }));
            }
        }
        Ok(None)
    }

    pub(super) fn all(&self) -> Result<Yanks, Error> {
        let mut all = Yanks::default();
        let rows = match &self.table {
            Some(table) => table.rows(&self.bytes),
            None => &[],
        };
        for row in rows {
            let (_, at) = wire::read_row(row);
            let mut cursor = table::record(&self.bytes, at)?;
            let name = cursor.str()?;
            for _ in 0..cursor.count()? {
                let record = self.record(&mut cursor)?;
                let [yanked, vanished] = record.versions;
                let said = Said {
                    asked: record.asked,
                    yanked: versions(yanked)?,
                    vanished: versions(vanished)?,
                };
                all.insert(name, record.registry.to_owned(), said);
            }
        }
        Ok(all)
    }

    /// Reads a record and goes behind it.
    fn record<'a>(&'a self, cursor: &mut Cursor<'a>) -> Result<Record<'a>, Error> {
        let registry = match cursor.number()?.checked_sub(1) {
            None => RegistryRef::CratesIo,
            Some(place) => usize::try_from(place)
                .ok()
                .and_then(|place| self.registries.get(place))
                .map(|source| RegistryRef::Other(source))
                .ok_or(Error::Corrupt("a registry"))?,
        };
        let asked = cursor.time()?;
        let mut kind = || {
            let count = cursor.count()?;
            let first = *cursor;
            for _ in 0..count {
                cursor.bound()?;
            }
            Ok((count, first))
        };
        Ok(Record {
            registry,
            asked,
            versions: [kind()?, kind()?],
        })
    }
}

impl Record<'_> {
    fn yank(&self, version: &Version) -> Result<Yank, Error> {
        for ((count, mut cursor), yank) in self
            .versions
            .into_iter()
            .zip([Yank::Yanked, Yank::Vanished])
        {
            for _ in 0..count {
                if cursor.bound()?.compare(version)?.is_eq() {
                    return Ok(yank);
                }
            }
        }
        Ok(Yank::None)
    }
}

fn versions((count, mut cursor): (usize, Cursor<'_>)) -> Result<Vec<Version>, Error> {
    (0..count).map(|_| cursor.bound()?.to_version()).collect()
}

/// The bytes of the section.
pub(super) fn write(yanks: &Yanks) -> Result<Vec<u8>, Error> {
    if yanks.is_empty() {
        return Ok(Vec::new());
    }
    // 0 stands for crates.io.
    let registries: BTreeMap<&str, u64> = yanks
        .registries()
        .filter_map(|registry| match registry {
            Registry::CratesIo => None,
            Registry::Other(source) => Some(source.as_str()),
        })
        .zip(1..)
        .collect();
    let mut rows = Vec::new();
    let mut records = Vec::new();
    put_number(&mut records, registries.len() as u64);
    for source in registries.keys() {
        put_str(&mut records, source);
    }
    let start = table::START + yanks.packages().len() * wire::ROW;
    for (name, of) in yanks.packages() {
        let at = start + records.len();
        limit(at as u64, MAX_FRONT)?;
        rows.extend(row(prefix(name.as_bytes()), at as u32));
        put_str(&mut records, name);
        put_number(&mut records, of.len() as u64);
        for (registry, said) in of {
            put_number(
                &mut records,
                match registry {
                    Registry::CratesIo => 0,
                    Registry::Other(source) => registries[source.as_str()],
                },
            );
            put_time(&mut records, said.asked);
            for versions in [&said.yanked, &said.vanished] {
                put_number(&mut records, versions.len() as u64);
                for version in versions {
                    put_version(&mut records, version);
                }
            }
        }
    }
    // At most `MAX_FRONT / ROW` of them, or the limit above has been hit.
    let mut bytes = (yanks.packages().len() as u32).to_le_bytes().to_vec();
    bytes.extend(rows);
    bytes.extend(records);
    Ok(bytes)
}
