//! All of an index turned back into what it was made of.

use super::Error;
use super::entry::Entry;
use super::read::Index;
use super::wire::{self, Cursor};
use crate::advisory::{Advisory, Kind};
use crate::database::{Quarantined, Withdrawn};
use jiff::civil::Date;

/// What an index holds of its databases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records {
    /// By package and id, which together are unique.
    pub advisories: Vec<Advisory>,
    /// The day on which each of them appeared, in their order.
    pub appeared: Vec<Date>,
    /// Database by database.
    pub quarantined: Vec<Quarantined>,
    /// Database by database.
    pub withdrawn: Vec<Withdrawn>,
}

impl Index {
    /// Everything that [`compile`](super::compile) has put in.
    ///
    /// What others have sent may be made to grow when it is read: packages that lie in each other, or many advisories with
    /// the same long text. So everything has to lie where the compiler puts it, one thing behind the other.
    ///
    /// # Errors
    /// If the index is damaged, or nothing that the compiler makes.
    pub fn records(&self) -> Result<Records, Error> {
        const LAYOUT: Error = Error::Corrupt("the order of its records");
        let mut cursor = Cursor(&self.lookup);
        let packages = cursor.u32()? as usize;
        cursor.take(packages.saturating_mul(wire::ROW))?;
        cursor.list()?;

        let mut records = Records {
            advisories: Vec::new(),
            appeared: Vec::new(),
            quarantined: self.provenance.quarantined.clone(),
            withdrawn: self.provenance.withdrawn.clone(),
        };
        let mut counts = [0; Kind::ALL.len()];
        let mut last_package = None;
        let mut text_end = 0;
        for row in self.rows() {
            let (prefix, at) = wire::read_row(row);
            if at as usize != self.lookup.len() - cursor.0.len() {
                return Err(LAYOUT);
            }
            let package = cursor.str()?;
            if prefix != wire::prefix(package.as_bytes()) || last_package >= Some(package) {
                return Err(LAYOUT);
            }
            last_package = Some(package);
            let mut last_id = None;
            for _ in 0..cursor.count()? {
                let entry = Entry::read(self, package, cursor.bytes()?)?;
                if last_id >= Some(entry.id) || entry.details.start != text_end {
                    return Err(LAYOUT);
                }
                last_id = Some(entry.id);
                text_end = text_end.saturating_add(entry.details.length);
                counts[entry.kind as usize] += 1;
                records.advisories.push(self.details(&entry)?);
                records.appeared.push(entry.appeared);
            }
        }
        if !cursor.is_empty() || counts != self.provenance.counts {
            return Err(LAYOUT);
        }
        Ok(records)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Snapshot;
    use crate::index::file::Sections;
    use crate::index::write::{Front, assemble};
    use crate::index::{Source, Verify, compile};
    use jiff::Timestamp;

    /// An index of two packages whose section *lookup* was changed, with checks that are right again.
    fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Result<Records, Error> {
        let advisories = ["bar", "foo"].map(|package| Advisory::example(package, "A-1"));
        let snapshot = Snapshot::example(advisories.into());
        let checked = Timestamp::UNIX_EPOCH;
        let source = Source {
            snapshot: &snapshot,
            checked,
        };
        let bytes = compile(&[source], None, checked).unwrap();
        let Sections {
            provenance,
            lookup,
            yanks,
            details,
        } = Sections::of(&bytes, Verify::All).unwrap();
        let mut lookup = lookup.to_vec();
        change(&mut lookup);
        let length = details.len() as u64;
        let front = Front {
            provenance,
            lookup: &lookup,
            yanks,
        };
        let bytes = assemble(&front, length, |put| put(details)).unwrap();
        Index::from_bytes(&bytes, Verify::All).unwrap().records()
    }

    #[test]
    fn nothing_is_read_twice() {
        assert_eq!(changed(|_| {}).unwrap().advisories.len(), 2);
        for change in [
            // The second row leads to the first package.
            (|lookup: &mut Vec<u8>| lookup.copy_within(4..4 + wire::ROW, 4 + wire::ROW))
                as fn(&mut Vec<u8>),
            // The first row leads past its package.
            |lookup| lookup[4 + 8] += 1,
            // The first row has the prefix of another name.
            |lookup| lookup[4 + 7] ^= 1,
            // There is more than the packages.
            |lookup| lookup.push(0),
            // The second package has the name of the first.
            |lookup| {
                let place = lookup.windows(3).rposition(|name| name == b"foo").unwrap();
                lookup[place..place + 3].copy_from_slice(b"bar");
            },
        ] {
            assert!(matches!(changed(change), Err(Error::Corrupt(_))));
        }
    }
}
