//! The advisories in an index, decoded one by one as they are asked for.

use super::Error;
use super::read::Index;
use super::wire::{Check, Cursor};
use crate::advisory::{Advisory, Kind, MAX_LIST, MAX_RANGES, Range, RegistryRef, Severity};
use jiff::civil::Date;
use semver::Version;

/// An advisory, as far as a check needs it.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub package: &'a str,
    pub id: &'a str,
    pub kind: Kind,
    pub severity: Option<Severity>,
    /// Its place in [`Index::databases`].
    pub database: usize,
    registry: RegistryRef<'a>,
    ranges: Cursor<'a>,
    os: List<'a>,
    arch: List<'a>,
    aliases: List<'a>,
    /// The day on which the advisory came into the index. What the first index held counts from the day on which, as it
    /// says, the problem was reported.
    pub appeared: Date,
    pub(super) details: Place,
}

/// Where the text of an advisory is within the details.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) start: u64,
    pub(super) length: u64,
    pub(super) check: Check,
}

impl<'a> Entry<'a> {
    /// The registry whose packages it is about.
    pub fn registry(&self) -> RegistryRef<'a> {
        self.registry
    }

    /// The values of `target_os` that it is about; none means every one.
    pub fn os(&self) -> impl Iterator<Item = &'a str> {
        self.os
    }

    /// The values of `target_arch` that it is about; none means every one.
    pub fn arch(&self) -> impl Iterator<Item = &'a str> {
        self.arch
    }

    /// Ids of the same problem in other databases.
    pub fn aliases(&self) -> impl Iterator<Item = &'a str> {
        self.aliases
    }

    /// Whether this version is among the affected ones.
    ///
    /// # Errors
    /// If the index is damaged.
    pub fn affects(&self, version: &Version) -> Result<bool, Error> {
        let mut ranges = self.ranges;
        let mut affected = false;
        for _ in 0..ranges.count()? {
            let flags = ranges.u8()?;
            let introduced = flags & 1 == 0 || ranges.bound()?.compare(version)?.is_ge();
            let fixed = flags & 2 != 0 && ranges.bound()?.compare(version)?.is_ge();
            affected |= introduced && !fixed;
        }
        Ok(affected)
    }

    /// Whether there can be a later version without the problem: the range of affected versions that holds this one has an
    /// end. Whether such a version was released is not known here.
    ///
    /// # Errors
    /// If the index is damaged.
    pub fn ends_after(&self, version: &Version) -> Result<bool, Error> {
        let ranges = self.ranges()?;
        let mut holding = ranges.iter().filter(|range| range.contains(version));
        Ok(holding.all(|range| range.fixed.is_some()))
    }

    /// Joined with its text.
    pub(super) fn with_details(&self, mut text: Cursor<'_>) -> Result<Advisory, Error> {
        let advisory = Advisory {
            id: self.id.to_owned(),
            package: self.package.to_owned(),
            kind: self.kind,
            severity: self.severity,
            title: text.string()?,
            description: text.string()?,
            date: text.string()?,
            url: text.option()?,
            cvss: text.option()?,
            references: text.list()?,
            aliases: self.aliases().map(str::to_owned).collect(),
            related: text.list()?,
            patched: text.list()?,
            unaffected: text.list()?,
            affected_functions: text.list()?,
            affected_os: self.os().map(str::to_owned).collect(),
            affected_arch: self.arch().map(str::to_owned).collect(),
            registry: self.registry.to_owned(),
            ranges: self.ranges()?,
        };
        if !text.is_empty() {
            return Err(Error::Corrupt("the text of an advisory"));
        }
        Ok(advisory)
    }

    fn ranges(&self) -> Result<Vec<Range>, Error> {
        let mut ranges = self.ranges;
        (0..ranges.count()?)
            .map(|_| {
                let flags = ranges.u8()?;
                let mut version = |flag| {
                    (flags & flag != 0)
                        .then(|| ranges.bound()?.to_version())
                        .transpose()
                };
                Ok(Range {
                    introduced: version(1)?,
                    fixed: version(2)?,
                })
            })
            .collect()
    }

    pub(super) fn read(
        index: &'a Index,
        package: &'a str,
        bytes: &'a [u8],
    ) -> Result<Entry<'a>, Error> {
        let mut cursor = Cursor(bytes);
        let kind = Kind::ALL
            .get(usize::from(cursor.u8()?))
            .ok_or(Error::Corrupt("a kind"))?;
        let severity = match usize::from(cursor.u8()?).checked_sub(1) {
            None => None,
            Some(place) => Some(
                *Severity::ALL
                    .get(place)
                    .ok_or(Error::Corrupt("a severity"))?,
            ),
        };
        let database = usize::try_from(cursor.number()?)
            .ok()
            .filter(|&place| place < index.databases().len())
            .ok_or(Error::Corrupt("the place of a database"))?;
        let registry = index.registry(cursor.number()?)?;
        let id = cursor.str()?;
        let ranges = cursor;
        for _ in 0..cursor.at_most(MAX_RANGES)? {
            let flags = cursor.u8()?;
            if flags > 3 {
                return Err(Error::Corrupt("a range of versions"));
            }
            for _ in 0..flags.count_ones() {
                cursor.bound()?;
            }
        }
        let entry = Entry {
            package,
            id,
            kind: *kind,
            severity,
            database,
            registry,
            ranges,
            os: List::read(&mut cursor)?,
            arch: List::read(&mut cursor)?,
            aliases: List::read(&mut cursor)?,
            appeared: cursor.date()?,
            details: Place {
                start: cursor.number()?,
                length: cursor.number()?,
                check: cursor.check()?,
            },
        };
        if !cursor.is_empty() {
            return Err(Error::Corrupt("an advisory"));
        }
        Ok(entry)
    }
}

/// Some strings. They have been looked through once, so that going through them again cannot fail.
#[derive(Clone, Copy, Debug)]
struct List<'a> {
    left: usize,
    strings: Cursor<'a>,
}

impl<'a> List<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Result<List<'a>, Error> {
        let left = cursor.at_most(MAX_LIST)?;
        let strings = *cursor;
        for _ in 0..left {
            cursor.str()?;
        }
        Ok(List { left, strings })
    }
}

impl<'a> Iterator for List<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.left = self.left.checked_sub(1)?;
        self.strings.str().ok()
    }
}

/// The advisories of one package.
pub(super) struct Entries<'a> {
    index: &'a Index,
    package: &'a str,
    left: usize,
    record: Cursor<'a>,
    /// To be reported before anything else.
    error: Option<Error>,
}

impl<'a> Entries<'a> {
    /// `record` starts with the name of the package; without one, there are no advisories.
    pub(super) fn new(index: &'a Index, record: Result<Option<Cursor<'a>>, Error>) -> Entries<'a> {
        let mut entries = Entries {
            index,
            package: "",
            left: 0,
            record: Cursor(&[]),
            error: None,
        };
        if let Err(error) =
            record.and_then(|record| record.map_or(Ok(()), |record| entries.start(record)))
        {
            entries.error = Some(error);
        }
        entries
    }

    fn start(&mut self, mut record: Cursor<'a>) -> Result<(), Error> {
        self.package = record.str()?;
        self.left = record.count()?;
        self.record = record;
        Ok(())
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.error.take() {
            return Some(Err(error));
        }
        self.left = self.left.checked_sub(1)?;
        let entry = self
            .record
            .bytes()
            .and_then(|bytes| Entry::read(self.index, self.package, bytes));
        if entry.is_err() {
            // Where the next one starts cannot be told any more.
            self.left = 0;
        }
        Some(entry)
    }
}
