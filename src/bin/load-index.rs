//! Damages an index in many ways and loads it after each, in one process: a part of `cargo xtask faults` that would take
//! hours with a build for each case.
//!
//! `load-index every PATH` tries every truncation and every flip of a bit, `load-index COUNT PATH SEED` so many of them by
//! chance. It prints a line for each case that fails, `NUMBER<TAB>WHAT<TAB>REASON`, and how many were tried.
//!
//! `load-index next-format PATH` makes it an index of the format after ours.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a tool of the tests, without cargo"
)]

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use cargo_advisory::advisory::Advisory;
use cargo_advisory::index::{FORMAT, Index, Verify};

/// One damage.
#[derive(Clone, Copy)]
enum Damage {
    /// To this length.
    Cut(usize),
    Flip {
        byte: usize,
        bit: u8,
    },
}

/// So many advisories are read in every case.
const FEW: usize = 97;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments.as_slice() {
        ["every", path] => {
            let length = fs::metadata(path)?.len() as usize;
            let cuts = (0..length).map(Damage::Cut);
            let flips = (0..length * 8).map(|bit| Damage::Flip {
                byte: bit / 8,
                bit: (bit % 8) as u8,
            });
            try_all(Path::new(path), cuts.chain(flips))
        }
        ["next-format", path] => to_next_format(Path::new(path)),
        [count, path, seed] => {
            let length = fs::metadata(path)?.len() as usize;
            let mut random = Random(seed.parse()?);
            let chosen = (0..count.parse::<usize>()?).map(move |_| {
                let at = random.below(length);
                match random.below(9) {
                    8 => Damage::Cut(at),
                    bit => Damage::Flip {
                        byte: at,
                        bit: bit as u8,
                    },
                }
            });
            try_all(Path::new(path), chosen)
        }
        _ => bail!("usage: load-index every PATH | COUNT PATH SEED | next-format PATH"),
    }
}

fn try_all(path: &Path, damages: impl Iterator<Item = Damage>) -> anyhow::Result<()> {
    let sound = fs::read(path)?;
    let expected = content(path)?;
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut tried = 0;
    for damage in damages {
        damage.make(&mut file, &sound)?;
        if let Err(reason) = look(path, &expected, tried) {
            println!("{tried}\t{}\t{reason}", damage.words());
        }
        damage.mend(&mut file, &sound)?;
        tried += 1;
    }
    let mut left = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut left)?;
    if left != sound {
        bail!("the index was not put right");
    }
    println!("{tried}");
    Ok(())
}

/// Gives an index the number of the next format, with the check that belongs to it.
fn to_next_format(path: &Path) -> anyhow::Result<()> {
    let mut bytes = fs::read(path)?;
    let preamble = bytes.get_mut(..32).context("it is too short")?;
    let next = FORMAT.0 + 1;
    preamble[8..10].copy_from_slice(&next.to_le_bytes());
    let check = blake3::hash(&preamble[..16]);
    preamble[16..].copy_from_slice(&check.as_bytes()[..16]);
    fs::write(path, bytes)?;
    Ok(())
}

/// Every advisory, with its text.
fn content(path: &Path) -> anyhow::Result<Vec<Advisory>> {
    let index = Index::open(path, Verify::All).context("the index was not sound")?;
    let mut all = Vec::new();
    for entry in index.entries() {
        all.push(index.details(&entry?)?);
    }
    Ok(all)
}

/// Says what is wrong when a damaged index is taken for a sound one, or shows anything that was not in it.
fn look(path: &Path, expected: &[Advisory], case: usize) -> Result<(), String> {
    if Index::open(path, Verify::All).is_ok() {
        return Err("it passes as sound".to_owned());
    }
    // A build verifies the text of an advisory only when it has something to say about it.
    let Ok(index) = Index::open(path, Verify::Used) else {
        return Ok(());
    };
    let mut seen = 0;
    for (place, entry) in index.entries().enumerate() {
        let Ok(entry) = entry else { return Ok(()) };
        seen += 1;
        let known = expected.get(place);
        if known.is_none_or(|known| (&*known.package, &*known.id) != (entry.package, entry.id)) {
            return Err(format!("it has another {}", entry.id));
        }
        // Each text is verified for itself, so of many some are read in each case.
        if expected.len() > FEW && place % FEW != case % FEW {
            continue;
        }
        if let Ok(advisory) = index.details(&entry)
            && known != Some(&advisory)
        {
            return Err(format!("it shows another {}", advisory.id));
        }
    }
    if seen != expected.len() {
        return Err(format!("it has {seen} advisories, not {}", expected.len()));
    }
    Ok(())
}

impl Damage {
    fn words(self) -> String {
        match self {
            Damage::Cut(length) => format!("cut to {length} bytes"),
            Damage::Flip { byte, bit } => format!("bit {bit} of byte {byte} flipped"),
        }
    }

    fn make(self, file: &mut File, sound: &[u8]) -> anyhow::Result<()> {
        match self {
            Damage::Cut(length) => file.set_len(length as u64)?,
            Damage::Flip { byte, bit } => {
                file.seek(SeekFrom::Start(byte as u64))?;
                file.write_all(&[sound[byte] ^ (1 << bit)])?;
            }
        }
        Ok(())
    }

    fn mend(self, file: &mut File, sound: &[u8]) -> anyhow::Result<()> {
        let (from, to) = match self {
            Damage::Cut(length) => (length, sound.len()),
            Damage::Flip { byte, .. } => (byte, byte + 1),
        };
        file.seek(SeekFrom::Start(from as u64))?;
        file.write_all(&sound[from..to])?;
        Ok(())
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end.max(1) as u64) as usize
    }
}
