//! All of an index turned back into what it was made of.

use super::Error;
use super::entry::Entry;
use super::read::Index;
use super::wire::{self, Cursor};
use crate::advisory::{Advisory, Kind, Range};
use crate::database::{Quarantined, Withdrawn};
use jiff::civil::Date;

/// Bytes that records of advisories may take in memory, beside their texts, which are as long as in the index. Those of
/// RustSec take less than 1 million.
const MAX_MEMORY: usize = 192 * 1024 * 1024;

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
    /// What others have sent may be made to grow when it is read: packages that lie in each other, many advisories with
    /// the same long text, or lists of texts without a letter. So everything has to lie where the compiler puts it, one
    /// thing behind the other, and as much memory is taken as the largest database needs.
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
        let mut memory = 0;
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
                let advisory = self.details(&entry)?;
                memory += taken(&advisory);
                if memory > MAX_MEMORY {
                    return Err(Error::Corrupt("it has too many advisories or texts"));
                }
                records.advisories.push(advisory);
                records.appeared.push(entry.appeared);
            }
        }
        if !cursor.is_empty() || counts != self.provenance.counts {
            return Err(LAYOUT);
        }
        Ok(records)
    }
}

/// Bytes of memory that an advisory takes, beside its texts.
fn taken(advisory: &Advisory) -> usize {
    let texts: usize = advisory.lists().iter().map(|list| list.len()).sum();
    size_of::<Advisory>() + texts * size_of::<String>() + advisory.ranges.len() * size_of::<Range>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisory::MAX_LIST;
    use crate::database::Snapshot;
    use crate::index::file::Sections;
    use crate::index::write::{Front, assemble};
    use crate::index::{Source, Verify, compile};
    use jiff::Timestamp;

    /// An index of two packages whose section *lookup* was changed, with checks that are right again.
    fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Result<Records, Error> {
        let bytes = compiled(
            ["bar", "foo"]
                .map(|package| Advisory::example(package, "A-1"))
                .into(),
        );
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

    fn compiled(advisories: Vec<Advisory>) -> Vec<u8> {
        let snapshot = Snapshot::example(advisories);
        let checked = Timestamp::UNIX_EPOCH;
        let source = Source {
            snapshot: &snapshot,
            checked,
        };
        compile(&[source], None, checked).unwrap()
    }

    #[test]
    fn texts_without_a_letter_are_counted() {
        // Each takes a byte in the index, and 24 in memory.
        let text_lists = MAX_MEMORY / size_of::<String>() / MAX_LIST;
        let records = |advisories: usize| {
            let many = (0..advisories).map(|number| Advisory {
                references: vec![String::new(); MAX_LIST],
                ..Advisory::example(&format!("package-{number:04}"), "A-1")
            });
            let bytes = compiled(many.collect());
            Index::from_bytes(&bytes, Verify::All).unwrap().records()
        };
        let most = text_lists - text_lists / 100;
        assert_eq!(records(most).unwrap().advisories.len(), most);
        assert!(matches!(records(text_lists), Err(Error::Corrupt(_))));
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
