//! Reading an index, whose bytes are not trusted.

use super::entry::{Entries, Entry};
use super::file::{Details, Parts};
use super::provenance::Provenance;
use super::table::{self, Table};
use super::wire::{self, Cursor};
use super::yanks::{Told, YankSection};
use super::{DatabaseInfo, Error};
use crate::advisory::{Advisory, Kind, RegistryRef};
use crate::database::Quarantined;
use crate::fault::defect;
use crate::yank::Yanks;
use jiff::Timestamp;
use semver::Version;
use std::path::Path;

/// How much of an index is verified when it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// What a build uses. The details of an advisory are verified when they are read.
    Used,
    /// The whole file.
    All,
}

/// An open index. It stays what it was when another one takes its place on disk.
#[derive(Debug)]
pub struct Index {
    /// The section *lookup*.
    pub(super) lookup: Vec<u8>,
    /// The table of packages within it.
    table: Table,
    registries: Vec<String>,
    pub(super) provenance: Provenance,
    yanks: YankSection,
    pub(super) details: Details,
}

impl Index {
    /// Opens an index.
    ///
    /// # Errors
    /// Every [`Error`] but [`Error::OtherDatabases`].
    pub fn open(path: &Path, verify: Verify) -> Result<Index, Error> {
        Index::new(Parts::open(path, verify)?)
    }

    /// The same for bytes in memory.
    ///
    /// # Errors
    /// Those that are about the content.
    pub fn from_bytes(bytes: &[u8], verify: Verify) -> Result<Index, Error> {
        Index::new(Parts::of(bytes, verify)?)
    }

    fn new(parts: Parts) -> Result<Index, Error> {
        let provenance = Provenance::read(&parts.provenance)?;
        let mut cursor = Cursor(&parts.lookup);
        let table = Table::read(&mut cursor)?;
        let registries = cursor.list()?;
        Ok(Index {
            lookup: parts.lookup,
            table,
            registries,
            provenance,
            yanks: YankSection::read(parts.yanks)?,
            details: parts.details,
        })
    }

    /// When the index was made, to the second.
    pub fn made(&self) -> Timestamp {
        self.provenance.made
    }

    /// What the index was made from, in the order of the configuration.
    pub fn databases(&self) -> &[DatabaseInfo] {
        &self.provenance.databases
    }

    /// How many advisories can match.
    pub fn advisories(&self) -> usize {
        self.provenance
            .counts
            .iter()
            .fold(0, |sum, &count| sum.saturating_add(count))
    }

    /// How many of them are of this kind.
    pub fn count(&self, kind: Kind) -> usize {
        self.provenance.counts[kind as usize]
    }

    /// How many advisories were left out because RustSec has taken them back.
    pub fn withdrawn(&self) -> usize {
        self.provenance.withdrawn.len()
    }

    /// The records that were left out because they could not be used.
    pub fn quarantined(&self) -> &[Quarantined] {
        &self.provenance.quarantined
    }

    /// Whether a quarantined record is about this package, or may be for all one can tell.
    pub fn quarantined_for(&self, package: &str) -> bool {
        self.quarantined()
            .iter()
            .any(|record| record.package.as_deref().is_none_or(|name| name == package))
    }

    /// The advisories that affect this version of this package, given the registry that it really comes
    /// from.
    ///
    /// An `Err` says that the index is damaged, and that there may be more advisories than were found.
    pub fn affecting<'a>(
        &'a self,
        package: &str,
        version: &Version,
        registry: RegistryRef<'_>,
    ) -> impl Iterator<Item = Result<Entry<'a>, Error>> {
        self.package(package).filter_map(move |entry| {
            let affected = entry.and_then(|entry| {
                let affected = entry.registry() == registry && entry.affects(version)?;
                Ok(affected.then_some(entry))
            });
            affected.transpose()
        })
    }

    /// All advisories of a package, by id.
    ///
    /// An `Err` says that the index is damaged, and that there may be more advisories than were found.
    pub fn package(&self, package: &str) -> impl Iterator<Item = Result<Entry<'_>, Error>> {
        Entries::new(self, self.find(package))
    }

    /// All advisories, by package and id.
    ///
    /// An `Err` says that the index is damaged, and that there may be more advisories than were found.
    pub fn entries(&self) -> impl Iterator<Item = Result<Entry<'_>, Error>> {
        self.rows().iter().flat_map(|row| {
            let (_, at) = wire::read_row(row);
            Entries::new(self, self.record(at).map(Some))
        })
    }

    /// What `registry` said of this version of this package when it was last asked. None where it was not, or not about
    /// this package.
    ///
    /// # Errors
    /// If the index is damaged.
    pub fn yank(
        &self,
        package: &str,
        version: &Version,
        registry: RegistryRef<'_>,
    ) -> Result<Option<Told>, Error> {
        self.yanks.told(package, version, registry)
    }

    /// All that registries have said of yanks.
    ///
    /// # Errors
    /// If the index is damaged.
    pub fn yanks(&self) -> Result<Yanks, Error> {
        self.yanks.all()
    }

    /// All there is to know about an advisory.
    ///
    /// # Errors
    /// If its text cannot be read or is not what it was when the index was made.
    pub fn details(&self, entry: &Entry<'_>) -> Result<Advisory, Error> {
        let bytes = self.details.read(entry.details)?;
        entry.with_details(Cursor(&bytes))
    }

    /// The name of the registry that has this number in the index.
    pub(super) fn registry(&self, number: u64) -> Result<RegistryRef<'_>, Error> {
        let Some(place) = number.checked_sub(1) else {
            return Ok(RegistryRef::CratesIo);
        };
        usize::try_from(place)
            .ok()
            .and_then(|place| self.registries.get(place))
            .map(|source| RegistryRef::Other(source))
            .ok_or(Error::Corrupt("a registry"))
    }

    /// What the index has about a package.
    fn find(&self, package: &str) -> Result<Option<Cursor<'_>>, Error> {
        if defect!("slow-lookup") {
            for row in self.rows() {
                self.record(wire::read_row(row).1)?.bytes()?;
            }
        }
        self.table.find(&self.lookup, package)
    }

    /// The table of packages.
    pub(super) fn rows(&self) -> &[[u8; wire::ROW]] {
        self.table.rows(&self.lookup)
    }

    /// The package that a row of the table leads to.
    fn record(&self, at: u32) -> Result<Cursor<'_>, Error> {
        table::record(&self.lookup, at)
    }
}
