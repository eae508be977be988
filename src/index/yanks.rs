//! The section *yanks*: what registries have said of yanked and removed versions.
//!
//! Nothing at all where no registry was asked. Else, in this order: the number of packages and the table of them by name,
//! see [`wire::row`](super::wire::row); registries other than crates.io; packages, each with its name and the number of its
//! registries and, for each, the number of the registry (0 is crates.io), when it was asked, the yanked versions and the
//! vanished ones. These two lists, and each version within, have the number of their bytes in front: a lookup compares
//! bytes, and decodes no version.

use super::Error;
use super::table::{self, Table};
use super::wire::{Cursor, prefix, put_bytes, put_number, put_str, put_time, put_version, row};
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
            let (of, asked) = self.head(&mut cursor)?;
            let (yanked, vanished) = (cursor.bytes()?, cursor.bytes()?);
            if of != registry {
                continue;
            }
            let yank = if contains(yanked, version)? {
                Yank::Yanked
            } else if contains(vanished, version)? {
                Yank::Vanished
            } else {
                Yank::None
            };
            return Ok(Some(Told { yank, asked }));
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
                let (registry, asked) = self.head(&mut cursor)?;
                let said = Said {
                    asked,
                    yanked: versions(cursor.bytes()?)?,
                    vanished: versions(cursor.bytes()?)?,
                };
                all.insert(name, registry.to_owned(), said);
            }
        }
        Ok(all)
    }

    /// Who was asked and when. The two lists come behind it.
    fn head<'a>(&'a self, cursor: &mut Cursor<'a>) -> Result<(RegistryRef<'a>, Timestamp), Error> {
        let registry = match cursor.number()?.checked_sub(1) {
            None => RegistryRef::CratesIo,
            Some(place) => usize::try_from(place)
                .ok()
                .and_then(|place| self.registries.get(place))
                .map(|source| RegistryRef::Other(source))
                .ok_or(Error::Corrupt("a registry"))?,
        };
        Ok((registry, cursor.time()?))
    }
}

/// Whether the list has this very version.
fn contains(list: &[u8], version: &Version) -> Result<bool, Error> {
    if list.is_empty() {
        return Ok(false);
    }
    let mut wanted = Vec::new();
    put_version(&mut wanted, version);
    let mut list = Cursor(list);
    while !list.is_empty() {
        if list.bytes()? == wanted {
            return Ok(true);
        }
    }
    Ok(false)
}

fn versions(list: &[u8]) -> Result<Vec<Version>, Error> {
    let mut list = Cursor(list);
    let mut versions = Vec::new();
    while !list.is_empty() {
        versions.push(Cursor(list.bytes()?).bound()?.to_version()?);
    }
    Ok(versions)
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
                let mut list = Vec::new();
                for version in versions {
                    let mut bytes = Vec::new();
                    put_version(&mut bytes, version);
                    put_bytes(&mut list, &bytes);
                }
                put_bytes(&mut records, &list);
            }
        }
    }
    // At most `MAX_FRONT / ROW` of them, or the limit above has been hit.
    let mut bytes = (yanks.packages().len() as u32).to_le_bytes().to_vec();
    bytes.extend(rows);
    bytes.extend(records);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    fn any_version() -> impl Strategy<Value = Version> {
        let number = || prop_oneof![any::<u64>(), 0..300_u64, Just(0)];
        let pre = "([a-z]{1,300})?";
        (number(), number(), number(), pre, "([a-z]{1,9})?").prop_map(|parts| {
            let (major, minor, patch, pre, build) = parts;
            let mut version = Version::new(major, minor, patch);
            version.pre = pre.parse().unwrap();
            version.build = build.parse().unwrap();
            version
        })
    }

    proptest! {
        #[test]
        fn what_was_said_takes_no_more_than_its_weight(
            packages in vec(("[a-z]{1,64}", btree_set(any_version(), 0..20)), 1..20),
        ) {
            let mut yanks = Yanks::default();
            for (name, versions) in packages {
                let said = Said {
                    asked: Timestamp::UNIX_EPOCH,
                    yanked: versions.iter().cloned().collect(),
                    vanished: versions.into_iter().collect(),
                };
                yanks.insert(&name, Registry::CratesIo, said);
            }
            let packages = yanks.packages().iter();
            let weight: usize = packages
                .flat_map(|(name, of)| of.values().map(move |said| said.weight(name)))
                .sum();
            // The number of packages and that of registries come once.
            prop_assert!(write(&yanks).unwrap().len() <= weight + 5);
        }
    }
}
