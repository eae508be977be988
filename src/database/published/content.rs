//! The file of advisories: an index, packed by gzip.
//!
//! An index is what the compiler makes of databases anyway, it holds all that is known of their advisories, and reading it
//! is strict already. Packed, RustSec's has a third of the bytes. That is done here and not left to web servers because few
//! of them do it for files that they do not know, and those that do pack it again for each client.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use jiff::civil::Date;

use super::MAX_CONTENT;
use super::manifest::Manifest;
use crate::advisory::{Advisory, Kind};
use crate::database::layout::{is_crate_name, is_id};
use crate::database::parse::{MAX_REQUIREMENT, MAX_REQUIREMENTS};
use crate::database::{MAX_FILES, Progress, Quarantined, Refused, Snapshot};
use crate::index::{Error, Index, Verify};

/// Packs an index. The same bytes in are the same bytes out.
pub(super) fn pack(index: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(index)?;
    encoder.finish()
}

/// The snapshot that `content`, which belongs to `manifest`, was made of.
///
/// # Errors
///
/// [`Refused`] if it is nothing that `cargo advisory export` makes.
pub(super) fn snapshot(
    url: &str,
    content: &[u8],
    manifest: Manifest,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Snapshot, Refused> {
    let index = Index::from_bytes(&unpack(content)?, Verify::All)
        .map_err(|error| Refused(unusable(&error)))?;
    let fault = |what: &str| Refused(format!("its file is not sound: {what}"));
    // Each takes many times the memory of the bytes that it is told in, so they are counted before they are read.
    if index.entries().take(MAX_FILES + 1).count() > MAX_FILES {
        return Err(fault("it has too many advisories"));
    }
    let mut records = index.records().map_err(|error| Refused(unusable(&error)))?;
    if records.advisories.len() != manifest.advisories {
        return Err(fault("it has not as many advisories as its manifest says"));
    }
    if !records.advisories.iter().all(is_sound) {
        return Err(fault("an advisory in it is none that a database can have"));
    }
    if !records.quarantined.iter().all(is_bounded) {
        return Err(fault("a quarantined record in it"));
    }
    let withdrawn = &mut records.withdrawn;
    if !withdrawn
        .iter()
        .all(|gone| is_crate_name(&gone.package) && is_id(&gone.id))
    {
        return Err(fault("a withdrawn advisory in it"));
    }
    withdrawn.sort();
    progress(Progress::Parsing {
        done: records.advisories.len(),
    });
    Ok(Snapshot {
        url: url.to_owned(),
        commit: None,
        committed: None,
        descends: None,
        published: Some(manifest.published()),
        advisories: records.advisories,
        appeared: records.appeared,
        quarantined: records.quarantined,
        withdrawn: records.withdrawn,
    })
}

/// At most [`MAX_CONTENT`] bytes are ever unpacked.
fn unpack(content: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut index = Vec::new();
    MultiGzDecoder::new(content)
        .take(MAX_CONTENT + 1)
        .read_to_end(&mut index)
        .map_err(|_| Refused("its file cannot be unpacked".to_owned()))?;
    if index.len() as u64 > MAX_CONTENT {
        let most = MAX_CONTENT / 1024 / 1024;
        return Err(Refused(format!(
            "its file has more than {most} MiB when it is unpacked"
        )));
    }
    Ok(index)
}

/// What an [`Error`] means for the index of somebody else.
fn unusable(error: &Error) -> String {
    match error {
        Error::TooOld { found } => format!(
            "its file has the format {found} of an older cargo-advisory; its publisher has to use this version"
        ),
        Error::TooNew { found } => {
            format!("its file has the format {found} of a newer cargo-advisory; use that version")
        }
        Error::Empty => "it holds no advisory".to_owned(),
        Error::Corrupt(what) => format!("its file is not sound: {what}"),
        _ => "its file is not an index of advisories".to_owned(),
    }
}

/// Whether a file in a database could have led to it, as far as others rely on that.
fn is_sound(advisory: &Advisory) -> bool {
    let requirements = advisory.patched.len() + advisory.unaffected.len();
    is_crate_name(&advisory.package)
        && is_id(&advisory.id)
        && advisory.kind != Kind::Yanked
        && advisory.date.parse::<Date>().is_ok()
        && requirements <= MAX_REQUIREMENTS
        && advisory.ranges.len() <= MAX_REQUIREMENTS + 1
        && [&advisory.patched, &advisory.unaffected]
            .into_iter()
            .flatten()
            .all(|requirement| requirement.len() <= MAX_REQUIREMENT)
}

fn is_bounded(record: &Quarantined) -> bool {
    let name = record.package.as_deref();
    record.path.chars().count() <= 200
        && record.reason.chars().count() <= 200
        && name.is_none_or(|name| name.chars().count() <= 200)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Withdrawn;
    use crate::database::published::Origin;
    use crate::index::{Source, compile, timeless};
    use jiff::Timestamp;

    fn made() -> Snapshot {
        let advisories = [("bar", "A-1"), ("foo", "A-2")].map(|(package, id)| Advisory {
            aliases: vec!["CVE-2024-1".to_owned()],
            ..Advisory::example(package, id)
        });
        Snapshot {
            appeared: vec![jiff::civil::date(2024, 2, 3), jiff::civil::date(2024, 1, 2)],
            quarantined: vec![Quarantined {
                path: "crates/baz/A-3.md".to_owned(),
                package: Some("baz".to_owned()),
                reason: "it is not UTF-8".to_owned(),
            }],
            withdrawn: vec![Withdrawn {
                package: "foo".to_owned(),
                id: "A-4".to_owned(),
            }],
            ..Snapshot::example(advisories.into())
        }
    }

    fn compiled(snapshot: &Snapshot) -> Vec<u8> {
        let now = Timestamp::constant(1_790_000_000, 0);
        let source = Source {
            snapshot,
            checked: now,
        };
        timeless(&compile(&[source], None, now).unwrap()).unwrap()
    }

    fn read(index: &[u8], advisories: usize) -> Result<Snapshot, Refused> {
        let content = pack(index).unwrap();
        let origin = Origin {
            url: "https://example.com/db".to_owned(),
            commit: None,
            committed: None,
            checked: Timestamp::UNIX_EPOCH,
        };
        let manifest = Manifest::new(&content, advisories, vec![origin]);
        snapshot("https://example.com/db", &content, manifest, &|_| {})
    }

    fn refused(index: &[u8]) -> String {
        read(index, 2).unwrap_err().to_string()
    }

    #[test]
    fn what_goes_in_comes_out() {
        let mut found = read(&compiled(&made()), 2).unwrap();
        assert!(found.published.take().is_some());
        assert_eq!(found, made());
    }

    #[test]
    fn what_no_database_can_have_is_refused() {
        let change = |change: fn(&mut Snapshot)| {
            let mut snapshot = made();
            change(&mut snapshot);
            refused(&compiled(&snapshot))
        };
        for error in [
            change(|made| made.advisories[1].package = "foo/../bar".to_owned()),
            change(|made| made.advisories[1].id = "../A".to_owned()),
            change(|made| made.advisories[1].date = "soon".to_owned()),
            change(|made| made.advisories[1].kind = Kind::Yanked),
            change(|made| made.advisories[1].patched = vec!["*".to_owned(); 65]),
            change(|made| made.advisories[1].patched = vec![" ".repeat(257)]),
            change(|made| made.withdrawn[0].id = "\u{1b}".to_owned()),
            change(|made| made.quarantined[0].reason = "x".repeat(201)),
            change(|made| made.advisories.truncate(1)),
        ] {
            assert!(error.starts_with("its file is not sound: "), "{error}");
        }
        assert_eq!(refused(b"<html>"), "its file is not an index of advisories");
    }

    #[test]
    fn more_advisories_than_a_database_can_have_are_refused() {
        let many = MAX_FILES + 1;
        let mut snapshot = made();
        snapshot.advisories = (0..many)
            .map(|number| Advisory::example("foo", &format!("A-{number:06}")))
            .collect();
        snapshot.appeared = vec![jiff::civil::date(2024, 2, 3); many];
        snapshot.withdrawn.clear();
        let refused = read(&compiled(&snapshot), many).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "its file is not sound: it has too many advisories"
        );
    }

    #[test]
    fn what_grows_without_end_is_refused() {
        let zeros = vec![0; MAX_CONTENT as usize + 1];
        assert_eq!(
            refused(&zeros),
            "its file has more than 64 MiB when it is unpacked"
        );
        let content = pack(b"cut off").unwrap();
        let cut = unpack(&content[..content.len() - 1]).unwrap_err();
        assert_eq!(cut.to_string(), "its file cannot be unpacked");
    }
}
