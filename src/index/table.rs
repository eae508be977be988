//! A sorted table of names at the beginning of a section, and the records that its rows lead to.

use super::Error;
use super::wire::{self, Cursor};
use std::cmp::Ordering;
use std::ops::Range;

/// Where the table is within its section: a number of rows, the rows by name, see [`wire::row`], and then the records, each
/// with its name in front.
#[derive(Clone, Debug)]
pub(super) struct Table(Range<usize>);

impl Table {
    /// Reads the number at the start of `section`. What is left of it comes after the table.
    pub(super) fn read(section: &mut Cursor<'_>) -> Result<Table, Error> {
        let rows = section.u32()? as usize;
        let length = rows.checked_mul(wire::ROW).ok_or(TABLE)?;
        section.take(length)?;
        Ok(Table(START..START + length))
    }

    /// The rows of the table in `section`.
    pub(super) fn rows<'a>(&self, section: &'a [u8]) -> &'a [[u8; wire::ROW]] {
        let table = section.get(self.0.clone()).unwrap_or_default();
        table.as_chunks().0
    }

    /// The record with this name.
    pub(super) fn find<'a>(
        &self,
        section: &'a [u8],
        name: &str,
    ) -> Result<Option<Cursor<'a>>, Error> {
        let wanted = wire::prefix(name.as_bytes());
        let mut rows = self.rows(section);
        while let Some(row) = rows.get(rows.len() / 2) {
            let (before, from) = rows.split_at(rows.len() / 2);
            let (prefix, at) = wire::read_row(row);
            let order = match prefix.cmp(&wanted) {
                Ordering::Equal => record(section, at)?.bytes()?.cmp(name.as_bytes()),
                order => order,
            };
            rows = match order {
                Ordering::Less => from.get(1..).unwrap_or_default(),
                Ordering::Greater => before,
                Ordering::Equal => return record(section, at).map(Some),
            };
        }
        Ok(None)
    }
}

/// What a row of the table leads to.
pub(super) fn record(section: &[u8], at: u32) -> Result<Cursor<'_>, Error> {
    let record = section.get(at as usize..).ok_or(TABLE)?;
    Ok(Cursor(record))
}

/// Bytes of the number of rows.
pub(super) const START: usize = 4;
const TABLE: Error = Error::Corrupt("a table of names");
