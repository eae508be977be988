//! Any bytes as an index, as they are and with their checks made right: an error or an index, and memory for little more
//! than the bytes themselves.

use crate::database::{Quarantined, Snapshot};
use crate::draw::Draw;
use crate::index::{Error, Index, Source, Verify, compile};
use crate::memory::peak_of;
use jiff::Timestamp;
use semver::Version;
use std::hint::black_box;
use std::sync::LazyLock;

/// What may be allocated beside the bytes of the index.
const MORE: usize = 1 << 20;

const PREAMBLE: usize = 32;
const CHECK: usize = 16;
const SECTIONS: usize = 4;
const HEADER: usize = PREAMBLE + 8 + SECTIONS * (8 + CHECK) + CHECK;

pub(super) fn run(data: &[u8]) {
    for verify in [Verify::Used, Verify::All] {
        look_at(data, verify);
    }
    if let Some(repaired) = repaired(data) {
        look_at(&repaired, Verify::All);
    }
}

fn look_at(bytes: &[u8], verify: Verify) {
    let (index, peak) = peak_of(|| Index::from_bytes(bytes, verify));
    assert!(
        peak <= bytes.len() + MORE,
        "{peak} bytes are held to open an index of {}",
        bytes.len()
    );
    if let Ok(index) = index {
        let (_, peak) = peak_of(|| read_all(&index));
        assert!(
            peak <= bytes.len() + MORE,
            "{peak} bytes are held to read an index of {}",
            bytes.len()
        );
    }
}

/// Everything that can be asked of an index, up to the first error.
fn read_all(index: &Index) -> Result<(), Error> {
    let versions = ["0.0.0", "1.2.3-rc.1", "18446744073709551615.0.0"]
        .map(|version| version.parse::<Version>().expect("it is one"));
    black_box(index.advisories());
    black_box(index.quarantined_for("foo"));
    for entry in index.entries() {
        let entry = entry?;
        black_box(
            entry
                .aliases()
                .chain(entry.os())
                .chain(entry.arch())
                .count(),
        );
        for version in &versions {
            let affected = entry.affects(version)?;
            black_box(entry.ends_after(version)?);
            let found = index.affecting(entry.package, version, entry.registry());
            // A table out of order may lead elsewhere, but never to another package.
            for found in found {
                assert_eq!(found?.package, entry.package);
            }
            if let Ok(advisory) = index.details(&entry) {
                assert_eq!(advisory.affects(version), affected, "{version}");
            }
        }
    }
    Ok(())
}

/// The same bytes with a header that fits: what an attacker would write who knows the format.
pub fn repaired(data: &[u8]) -> Option<Vec<u8>> {
    let content = data.get(HEADER..)?;
    let check = |bytes: &[u8]| blake3::hash(bytes).as_bytes()[..CHECK].to_vec();
    let mut header = (data.len() as u64).to_le_bytes().to_vec();
    let mut rest = content;
    for place in 0..SECTIONS {
        let at = PREAMBLE + 8 + place * (8 + CHECK);
        let stated = u64::from_le_bytes(data[at..at + 8].try_into().expect("they are eight"));
        let length = match place + 1 {
            SECTIONS => rest.len(),
            _ => (stated % (rest.len() as u64 + 1)) as usize,
        };
        let (section, others) = rest.split_at(length);
        header.extend((length as u64).to_le_bytes());
        header.extend(check(section));
        rest = others;
    }
    header.extend(check(&header));
    Some([&SEED[..PREAMBLE], &header, content].concat())
}

static SEED: LazyLock<Vec<u8>> = LazyLock::new(seed);

/// An index of this format, to begin with.
pub fn seed() -> Vec<u8> {
    let bytes: Vec<u8> = (0..=255).cycle().take(700).collect();
    let first = Draw(&bytes).snapshot("https://a.example/db");
    let second = Snapshot {
        commit: Some("c".repeat(40)),
        committed: Some(Timestamp::UNIX_EPOCH),
        quarantined: vec![Quarantined {
            path: "crates/baz/RUSTSEC-2024-0001.md".to_owned(),
            package: Some("baz".to_owned()),
            reason: "it is not UTF-8".to_owned(),
        }],
        ..Draw(&bytes[99..]).snapshot("https://b.example/db")
    };
    let sources = [&first, &second].map(|snapshot| Source {
        snapshot,
        checked: Timestamp::UNIX_EPOCH,
    });
    compile(&sources, None, Timestamp::UNIX_EPOCH).expect("it holds advisories")
}
