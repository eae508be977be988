//! Compiling databases into the bytes of an index.

use super::file::Sections;
use super::provenance::Provenance;
use super::read::{Index, Verify};
use super::wire::{self, check, put_date, put_list, put_number, put_option, put_str, put_version};
use super::{DatabaseInfo, Error, FORMAT, MAX_DATABASES, MAX_DETAILS, MAX_FRONT, MAX_INDEX};
use crate::advisory::{Advisory, Kind, MAX_LIST, MAX_RANGES, Range, Registry};
use crate::database::{MAX_QUARANTINED, Snapshot};
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
/// the day on which, as it says, the problem was reported.
///
/// # Errors
/// [`Error::Empty`] without any advisory, and [`Error::TooLarge`] or [`Error::TooMany`] where a reader would refuse the
/// result.
pub fn compile(
    sources: &[Source<'_>],
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
    let provenance = provenance.write();
    assemble(&provenance, &lookup.bytes, lookup.details, |put| {
        for (_, advisory) in chosen.packages.values().flatten() {
            put(&details(advisory));
        }
    })
}

/// The same index, whose databases were seen to be in the same state once more.
///
/// # Errors
/// If `bytes` are not a sound index.
pub(super) fn seen_again(bytes: &[u8], checked: Timestamp) -> Result<Vec<u8>, Error> {
    let sections = Sections::of(bytes, Verify::All)?;
    let mut provenance = Provenance::read(sections.provenance)?;
    for database in &mut provenance.databases {
        database.checked = checked;
    }
    let details = sections.details;
    assemble(
        &provenance.write(),
        sections.lookup,
        details.len() as u64,
        |put| put(details),
    )
}

/// Puts a header before the sections. The last one, by far the longest, is given as its length and in
/// pieces, so that it is in memory only once.
fn assemble(
    provenance: &[u8],
    lookup: &[u8],
    details: u64,
    pieces: impl Fn(&mut dyn FnMut(&[u8])),
) -> Result<Vec<u8>, Error> {
    let front = (wire::HEADER + provenance.len() + lookup.len()) as u64;
    let total = front + details;
    limit(front, MAX_FRONT)?;
    limit(total, MAX_INDEX)?;

    let mut out = Vec::with_capacity(total as usize);
    out.resize(wire::HEADER, 0);
    out.extend(provenance);
    out.extend(lookup);
    pieces(&mut |piece| out.extend(piece));

    let details = out.get(front as usize..).unwrap_or_default();
    let mut header = total.to_le_bytes().to_vec();
    for section in [provenance, lookup, details] {
        header.extend((section.len() as u64).to_le_bytes());
        header.extend(check(section));
    }
    let check = check(&header);
    let header = [&wire::preamble(FORMAT), header.as_slice(), &check].concat();
    out.splice(..wire::HEADER, header);
    Ok(out)
}

fn limit(found: u64, limit: u64) -> Result<(), Error> {
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
    /// Each with the place of its database, by id.
    packages: BTreeMap<&'a str, Vec<(usize, &'a Advisory)>>,
    withdrawn: usize,
}

fn choose<'a>(sources: &[Source<'a>]) -> Chosen<'a> {
    let mut seen = BTreeSet::new();
    let mut chosen = Chosen {
        packages: BTreeMap::new(),
        withdrawn: 0,
    };
    for (database, source) in sources.iter().enumerate() {
        // The ids of one database are unique; only those of the databases before it count.
        let mut found = Vec::new();
        for withdrawn in &source.snapshot.withdrawn {
            let key = (withdrawn.package.as_str(), withdrawn.id.as_str());
            if !seen.contains(&key) {
                chosen.withdrawn += 1;
                found.push(key);
            }
        }
        for advisory in &source.snapshot.advisories {
            let key = (advisory.package.as_str(), advisory.id.as_str());
            if !seen.contains(&key) {
                let package = chosen.packages.entry(key.0).or_default();
                package.push((database, advisory));
                found.push(key);
            }
        }
        seen.extend(found);
    }
    for advisories in chosen.packages.values_mut() {
        advisories.sort_by(|(_, a), (_, b)| a.id.cmp(&b.id));
    }
    chosen
}

fn provenance(sources: &[Source<'_>], chosen: &Chosen<'_>, now: Timestamp) -> Provenance {
    let mut counts = [0; Kind::ALL.len()];
    for (_, advisory) in chosen.packages.values().flatten() {
        counts[advisory.kind as usize] += 1;
    }
    let databases = sources
        .iter()
        .map(|Source { snapshot, checked }| DatabaseInfo {
            url: snapshot.url.clone(),
            commit: snapshot.commit.clone(),
            committed: snapshot.committed,
            checked: *checked,
        });
    Provenance {
        made: now,
        counts,
        withdrawn: chosen.withdrawn,
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

    fn of(&self, advisory: &Advisory) -> Date {
        let day = match &self.known {
            Some(known) => {
                let key = (advisory.package.as_str(), advisory.id.as_str());
                known.get(&key).copied().unwrap_or(self.today)
            }
            // It may have lain in the database for long.
            None => advisory.date.parse().unwrap_or(Date::MIN),
        };
        day.min(self.today)
    }
}

/// Section *lookup*: number of packages; table of packages by name, see [`wire::row`]; registries other
/// than crates.io; packages, each with its name, the number of its advisories and, each with its length
/// in front, the advisories.
fn lookup(
    packages: &BTreeMap<&str, Vec<(usize, &Advisory)>>,
    appearances: &Appearances<'_>,
) -> Result<Lookup, Error> {
    let registries: BTreeSet<&str> = packages
        .values()
        .flatten()
        .filter_map(|(_, advisory)| match &advisory.registry {
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
    let start = 4 + packages.len() * wire::ROW;
    for (&name, advisories) in packages {
        let at = start + records.len();
        limit(at as u64, MAX_FRONT)?;
        table.extend(wire::row(wire::prefix(name.as_bytes()), at as u32));

        put_str(&mut records, name);
        put_number(&mut records, advisories.len() as u64);
        for &(database, advisory) in advisories {
            let registry = match &advisory.registry {
                Registry::CratesIo => 0,
                Registry::Other(source) => registries[source.as_str()],
            };
            check_lists(advisory)?;
            let text = details(advisory);
            limit(text.len() as u64, MAX_DETAILS)?;
            let mut entry = entry(advisory, database, registry);
            put_date(&mut entry, appearances.of(advisory));
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
