//! Compiling databases into the bytes of an index.

use super::file::Sections;
use super::provenance::Provenance;
use super::read::{Index, Verify};
use super::table;
use super::wire::{self, check, put_date, put_list, put_number, put_option, put_str, put_version};
use super::{
    DatabaseInfo, Error, FORMAT, MAX_DATABASES, MAX_DETAILS, MAX_FRONT, MAX_INDEX, MAX_WITHDRAWN,
    Seen, yanks,
};
use crate::advisory::{Advisory, Kind, MAX_LIST, MAX_RANGES, Range, Registry};
use crate::database::{MAX_QUARANTINED, Snapshot, Withdrawn};
use crate::yank::Yanks;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};

/// A database that goes into an index.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    pub snapshot: &'a Snapshot,
    /// When the database was last seen to be in this state.
    pub checked: Timestamp,
}

/// The bytes of an index. The same input makes the same bytes.
///
/// An advisory that several databases have, by package and id, is taken from the first of them; if the
/// first says that it is withdrawn, it is.
///
/// `old` is the index that the new one takes the place of: its advisories have appeared when it says, and
/// those that it does not have appear `now`. Without it nothing is known of that, and each counts from
/// the day on which, as it says, the problem was reported. Those of a published snapshot have appeared when
/// that says, which is the same for all who read it.
///
/// # Errors
/// [`Error::Empty`] without any advisory, and [`Error::TooLarge`] or [`Error::TooMany`] where a reader would refuse the
/// result.
pub fn compile(
    sources: &[Source<'_>],
    old: Option<&Index>,
    now: Timestamp,
) -> Result<Vec<u8>, Error> {
    compile_with(sources, &Yanks::default(), old, now)
}

/// The same with what registries have said of yanks.
///
/// # Errors
/// Those of [`compile`].
pub fn compile_with(
    sources: &[Source<'_>],
    yanks: &Yanks,
    old: Option<&Index>,
    now: Timestamp,
) -> Result<Vec<u8>, Error> {
    let appearances = Appearances::new(old, now);
    let chosen = choose(sources);
    if chosen.packages.is_empty() {
        return Err(Error::Empty);
    }
    let lookup = lookup(&chosen.packages, &appearances)?;
    let provenance = provenance(sources, &chosen, now);
    at_most(MAX_DATABASES, "databases", sources.len())?;
    at_most(
        MAX_QUARANTINED,
        "records that cannot be read",
        provenance.quarantined.len(),
    )?;
    at_most(
        MAX_WITHDRAWN,
        "withdrawn advisories",
        provenance.withdrawn.len(),
    )?;
    let provenance = provenance.write();
    let front = Front {
        provenance: &provenance,
        lookup: &lookup.bytes,
        yanks: &yanks_beside(provenance.len() + lookup.bytes.len(), yanks)?,
    };
    assemble(&front, lookup.details, |put| {
        for pick in chosen.packages.values().flatten() {
            put(&details(pick.advisory));
        }
    })
}

/// The same index, whose databases were `seen`, each in its order, to be in the same state once more,
/// with these yanks.
///
/// # Errors
/// If `bytes` are not a sound index.
pub(super) fn seen_again(bytes: &[u8], seen: &[Seen], yanks: &Yanks) -> Result<Vec<u8>, Error> {
    with_provenance(bytes, yanks, |provenance| {
        for (database, seen) in provenance.databases.iter_mut().zip(seen) {
            database.checked = seen.checked;
            database.published.clone_from(&seen.published);
        }
    })
}

/// The same index without what may change though no advisory does, such as times, commits and yanks: as long as the
/// advisories are the same, so are its bytes.
///
/// # Errors
/// If `bytes` are not a sound index.
pub fn timeless(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    with_provenance(bytes, &Yanks::default(), |provenance| {
        provenance.made = Timestamp::UNIX_EPOCH;
        for database in &mut provenance.databases {
            database.commit = None;
            database.committed = None;
            database.checked = Timestamp::UNIX_EPOCH;
            database.published = None;
        }
    })
}

fn with_provenance(
    bytes: &[u8],
    yanks: &Yanks,
    change: impl FnOnce(&mut Provenance),
) -> Result<Vec<u8>, Error> {
    let sections = Sections::of(bytes, Verify::All)?;
    let mut provenance = Provenance::read(sections.provenance)?;
    change(&mut provenance);
    let details = sections.details;
    let provenance = provenance.write();
    let front = Front {
        provenance: &provenance,
        lookup: sections.lookup,
        yanks: &yanks_beside(provenance.len() + sections.lookup.len(), yanks)?,
    };
    assemble(&front, details.len() as u64, |put| put(details))
}

/// The section *yanks*, or nothing where a front with so many bytes of `others` has no room for it: advisories come first,
/// and without an answer it is not known whether something is yanked.
fn yanks_beside(others: usize, yanks: &Yanks) -> Result<Vec<u8>, Error> {
    let mut bytes = yanks::write(yanks)?;
    if (wire::HEADER + others + bytes.len()) as u64 > MAX_FRONT {
        bytes.clear();
    }
    Ok(bytes)
}

/// The sections that a build reads.
pub(super) struct Front<'a> {
    pub(super) provenance: &'a [u8],
    pub(super) lookup: &'a [u8],
    pub(super) yanks: &'a [u8],
}

/// Puts a header before the sections. The last one, by far the longest, is given as its length and in
/// pieces, so that it is in memory only once.
pub(super) fn assemble(
    sections: &Front<'_>,
    details: u64,
    pieces: impl Fn(&mut dyn FnMut(&[u8])),
) -> Result<Vec<u8>, Error> {
    let Front {
        provenance,
        lookup,
        yanks,
    } = sections;
    let front = (wire::HEADER + provenance.len() + lookup.len() + yanks.len()) as u64;
    let total = front + details;
    limit(front, MAX_FRONT)?;
    limit(total, MAX_INDEX)?;

    let mut out = Vec::with_capacity(total as usize);
    out.resize(wire::HEADER, 0);
    for section in [provenance, lookup, yanks] {
        out.extend(*section);
    }
    pieces(&mut |piece| out.extend(piece));

    let details = out.get(front as usize..).unwrap_or_default();
    let mut header = total.to_le_bytes().to_vec();
    for section in [*provenance, *lookup, *yanks, details] {
        header.extend((section.len() as u64).to_le_bytes());
        header.extend(check(section));
    }
    let check = check(&header);
    let header = [&wire::preamble(FORMAT), header.as_slice(), &check].concat();
    out.splice(..wire::HEADER, header);
    Ok(out)
}

pub(super) fn limit(found: u64, limit: u64) -> Result<(), Error> {
    if found > limit {
        return Err(Error::TooLarge { found, limit });
    }
    Ok(())
}

fn at_most(limit: usize, what: &'static str, found: usize) -> Result<(), Error> {
    if found > limit {
        return Err(Error::TooMany { what, found, limit });
    }
    Ok(())
}

/// What goes in, and what stays out.
struct Chosen<'a> {
    /// By id.
    packages: BTreeMap<&'a str, Vec<Pick<'a>>>,
    withdrawn: Vec<&'a Withdrawn>,
}

/// An advisory that goes in.
struct Pick<'a> {
    /// The place of its database.
    database: usize,
    advisory: &'a Advisory,
    /// If its database tells.
    appeared: Option<Date>,
}

fn choose<'a>(sources: &[Source<'a>]) -> Chosen<'a> {
    let mut seen = BTreeSet::new();
    let mut chosen = Chosen {
        packages: BTreeMap::new(),
        withdrawn: Vec::new(),
    };
    for (database, source) in sources.iter().enumerate() {
        // The ids of one database are unique; only those of the databases before it count.
        let mut found = Vec::new();
        for withdrawn in &source.snapshot.withdrawn {
            let key = (withdrawn.package.as_str(), withdrawn.id.as_str());
            if !seen.contains(&key) {
                chosen.withdrawn.push(withdrawn);
                found.push(key);
            }
        }
        for (place, advisory) in source.snapshot.advisories.iter().enumerate() {
            let key = (advisory.package.as_str(), advisory.id.as_str());
            if !seen.contains(&key) {
                let package = chosen.packages.entry(key.0).or_default();
                package.push(Pick {
                    database,
                    advisory,
                    appeared: source.snapshot.appeared.get(place).copied(),
                });
                found.push(key);
            }
        }
        seen.extend(found);
    }
    for advisories in chosen.packages.values_mut() {
        advisories.sort_by(|a, b| a.advisory.id.cmp(&b.advisory.id));
    }
    chosen
}

fn provenance(sources: &[Source<'_>], chosen: &Chosen<'_>, now: Timestamp) -> Provenance {
    let mut counts = [0; Kind::ALL.len()];
    for pick in chosen.packages.values().flatten() {
        counts[pick.advisory.kind as usize] += 1;
    }
    let databases = sources
        .iter()
        .map(|Source { snapshot, checked }| DatabaseInfo {
            url: snapshot.url.clone(),
            commit: snapshot.commit.clone(),
            committed: snapshot.committed,
            checked: *checked,
            published: snapshot.published.clone(),
        });
    Provenance {
        made: now,
        counts,
        withdrawn: chosen.withdrawn.iter().copied().cloned().collect(),
        databases: databases.collect(),
        quarantined: sources
            .iter()
            .flat_map(|source| source.snapshot.quarantined.iter().cloned())
            .collect(),
    }
}

struct Lookup {
    bytes: Vec<u8>,
    /// Bytes of the section *details*.
    details: u64,
}

/// When advisories have appeared.
struct Appearances<'a> {
    /// By package and id. None without an old index.
    known: Option<BTreeMap<(&'a str, &'a str), Date>>,
    today: Date,
}

impl<'a> Appearances<'a> {
    fn new(old: Option<&'a Index>, now: Timestamp) -> Appearances<'a> {
        // One that cannot be read is as good as none.
        let known = old.and_then(|old| {
            old.entries()
                .map(|entry| entry.map(|entry| ((entry.package, entry.id), entry.appeared)))
                .collect::<Result<_, _>>()
                .ok()
        });
        Appearances {
            known,
            today: now.to_zoned(TimeZone::UTC).date(),
        }
    }

    fn of(&self, pick: &Pick<'_>) -> Date {
        let advisory = pick.advisory;
        let day = match (pick.appeared, &self.known) {
            (Some(day), _) => day,
            (None, Some(known)) => {
                let key = (advisory.package.as_str(), advisory.id.as_str());
                known.get(&key).copied().unwrap_or(self.today)
            }
            // It may have lain in the database for long.
            (None, None) => advisory.date.parse().unwrap_or(Date::MIN),
        };
        day.min(self.today)
    }
}

/// Section *lookup*: number of packages; table of packages by name, see [`wire::row`]; registries other
/// than crates.io; packages, each with its name, the number of its advisories and, each with its length
/// in front, the advisories.
fn lookup(
    packages: &BTreeMap<&str, Vec<Pick<'_>>>,
    appearances: &Appearances<'_>,
) -> Result<Lookup, Error> {
    let registries: BTreeSet<&str> = packages
        .values()
        .flatten()
        .filter_map(|pick| match &pick.advisory.registry {
            Registry::CratesIo => None,
            Registry::Other(source) => Some(source.as_str()),
        })
        .collect();
    at_most(MAX_LIST, "registries", registries.len())?;
    // 0 stands for crates.io.
    let registries: BTreeMap<&str, u64> = registries.into_iter().zip(1..).collect();

    let mut table = Vec::new();
    let mut records = Vec::new();
    let mut text_start = 0;
    put_number(&mut records, registries.len() as u64);
    for source in registries.keys() {
        put_str(&mut records, source);
    }
    let start = table::START + packages.len() * wire::ROW;
    for (&name, picks) in packages {
        let at = start + records.len();
        limit(at as u64, MAX_FRONT)?;
        table.extend(wire::row(wire::prefix(name.as_bytes()), at as u32));

        put_str(&mut records, name);
        put_number(&mut records, picks.len() as u64);
        for pick in picks {
            let advisory = pick.advisory;
            let registry = match &advisory.registry {
                Registry::CratesIo => 0,
                Registry::Other(source) => registries[source.as_str()],
            };
            check_lists(advisory)?;
            let text = details(advisory);
            limit(text.len() as u64, MAX_DETAILS)?;
            let mut entry = entry(advisory, pick.database, registry);
            put_date(&mut entry, appearances.of(pick));
            put_number(&mut entry, text_start);
            put_number(&mut entry, text.len() as u64);
            entry.extend(check(&text));
            text_start += text.len() as u64;

            put_number(&mut records, entry.len() as u64);
            records.extend(entry);
        }
    }

    // At most `MAX_FRONT / ROW` of them, or the limit above has been hit.
    let mut bytes = (packages.len() as u32).to_le_bytes().to_vec();
    bytes.extend(table);
    bytes.extend(records);
    Ok(Lookup {
        bytes,
        details: text_start,
    })
}

fn check_lists(advisory: &Advisory) -> Result<(), Error> {
    at_most(MAX_RANGES, "ranges of one advisory", advisory.ranges.len())?;
    let lists = advisory.lists();
    lists
        .into_iter()
        .try_for_each(|list| at_most(MAX_LIST, "texts in a list of one advisory", list.len()))
}

/// An advisory in *lookup*, up to where its details are.
fn entry(advisory: &Advisory, database: usize, registry: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(96);
    out.push(advisory.kind as u8);
    // 0 stands for "not scored".
    out.push(advisory.severity.map_or(0, |severity| severity as u8 + 1));
    put_number(&mut out, database as u64);
    put_number(&mut out, registry);
    put_str(&mut out, &advisory.id);
    put_number(&mut out, advisory.ranges.len() as u64);
    for Range { introduced, fixed } in &advisory.ranges {
        out.push(u8::from(introduced.is_some()) | u8::from(fixed.is_some()) << 1);
        for version in [introduced, fixed].into_iter().flatten() {
            put_version(&mut out, version);
        }
    }
    put_list(&mut out, &advisory.affected_os);
    put_list(&mut out, &advisory.affected_arch);
    put_list(&mut out, &advisory.aliases);
    out
}

/// An advisory in *details*: what is left of it.
fn details(advisory: &Advisory) -> Vec<u8> {
    let mut out = Vec::with_capacity(advisory.description.len() + 512);
    put_str(&mut out, &advisory.title);
    put_str(&mut out, &advisory.description);
    put_str(&mut out, &advisory.date);
    put_option(&mut out, advisory.url.as_deref());
    put_option(&mut out, advisory.cvss.as_deref());
    for list in [
        &advisory.references,
        &advisory.related,
        &advisory.patched,
        &advisory.unaffected,
        &advisory.affected_functions,
    ] {
        put_list(&mut out, list);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yank::Said;

    #[test]
    fn yanks_give_way_to_advisories() {
        let mut yanks = Yanks::default();
        let said = Said {
            asked: Timestamp::UNIX_EPOCH,
            yanked: vec!["1.0.0".parse().unwrap()],
            vanished: Vec::new(),
        };
        yanks.insert("a", Registry::CratesIo, said);
        let bytes = yanks::write(&yanks).unwrap();
        let room = MAX_FRONT as usize - wire::HEADER - bytes.len();

        assert_eq!(yanks_beside(room, &yanks).unwrap(), bytes);
        assert!(yanks_beside(room + 1, &yanks).unwrap().is_empty());
    }
}
