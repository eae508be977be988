//! A pack of git's that somebody sends: what is let through is what a naive reading of the whole finds sound, however the
//! bytes come.
//!
//! The first byte says how many come at a time.

use crate::database::passed;
use crate::memory::{peak_of, time_of};
use flate2::{Decompress, FlushDecompress, Status};
use std::collections::HashMap;
use std::time::Duration;

const MAX_OBJECTS: u32 = 1_000_000;
const MAX_OBJECT: u64 = 64 * 1024 * 1024;
/// What is held for each byte of a pack, its copy included, and beside.
const PER_BYTE: usize = 8;
const MORE: usize = 256 * 1024;
/// What is unpacked at a time.
const ROOM: usize = 64 * 1024;
/// A few kilobytes unpack to megabytes, in a build with all checks of a fuzzer.
const LIMIT: Duration = Duration::from_secs(5);

pub(super) fn run(data: &[u8]) {
    let Some((&step, pack)) = data.split_first() else {
        return;
    };

    let (((out, fault), peak), time) = time_of(|| peak_of(|| passed(pack, pack.len().max(1))));

    assert!(time <= LIMIT, "it took {time:?}");
    let most = pack.len() * PER_BYTE + MORE;
    assert!(peak <= most, "{peak} bytes are held for {}", pack.len());
    assert!(pack.starts_with(&out), "something else comes out");
    match read(pack) {
        Err(Fault::Wrong) => assert!(fault.is_some(), "it is let through"),
        // That it ends too early is for whoever reads it to see.
        Ok(()) | Err(Fault::Short) => {
            assert_eq!(fault, None);
            assert_eq!(out.len(), pack.len());
        }
    }
    // In which words it is told may depend on how much of it has come.
    let in_steps = passed(pack, usize::from(step) + 1).1;
    assert_eq!(in_steps.is_some(), fault.is_some());
}

#[derive(Debug)]
enum Fault {
    Wrong,
    Short,
}

/// What an object is the difference from.
enum Base {
    None,
    /// One of this size.
    Of(u64),
    Named,
}

/// Reads a whole pack, one object after the other.
fn read(pack: &[u8]) -> Result<(), Fault> {
    let mut rest = pack;
    let header = take(&mut rest, 12)?;
    if !header.starts_with(b"PACK\0\0\0\x02") {
        return Err(Fault::Wrong);
    }
    let count = header[8..]
        .iter()
        .fold(0, |count, byte| count << 8 | u32::from(*byte));
    if count > MAX_OBJECTS {
        return Err(Fault::Wrong);
    }
    let mut sizes = HashMap::new();
    for _ in 0..count {
        let at = pack.len() - rest.len();
        let size = object(&mut rest, at, &sizes)?;
        sizes.insert(at, size);
    }
    take(&mut rest, 20)?;
    match rest {
        [] => Ok(()),
        _ => Err(Fault::Wrong),
    }
}

/// Reads the object that begins at `at`. Returns its size with all differences applied.
fn object(rest: &mut &[u8], at: usize, sizes: &HashMap<usize, u64>) -> Result<u64, Fault> {
    let first = take(rest, 1)?[0];
    let mut size = u128::from(first & 0x0f);
    if first & 0x80 != 0 {
        size |= number(rest, 8)? << 4;
    }
    let base = match first >> 4 & 7 {
        1..=4 => Base::None,
        6 => Base::Of(base(rest, at, sizes)?),
        7 => {
            take(rest, 20)?;
            Base::Named
        }
        _ => return Err(Fault::Wrong),
    };
    let size = bounded(size)?;
    let mut inflate = Decompress::new(true);
    let mut unpacked = Vec::new();
    loop {
        let before = (inflate.total_in(), inflate.total_out());
        unpacked.reserve(ROOM);
        let packed = &rest[before.0 as usize..];
        let status = inflate.decompress_vec(packed, &mut unpacked, FlushDecompress::None);
        match status {
            Err(_) => return Err(Fault::Wrong),
            Ok(_) if unpacked.len() as u64 > size => return Err(Fault::Wrong),
            Ok(Status::StreamEnd) => break,
            Ok(_) if (inflate.total_in(), inflate.total_out()) == before => {
                return Err(Fault::Short);
            }
            Ok(_) => {}
        }
    }
    if (unpacked.len() as u64) < size {
        return Err(Fault::Wrong);
    }
    *rest = &rest[inflate.total_in() as usize..];
    let mut lead = unpacked.as_slice();
    let mut length = || number(&mut lead, 9).map_err(|_| Fault::Wrong);
    match base {
        Base::None => Ok(size),
        Base::Of(of) if u128::from(of) != length()? => Err(Fault::Wrong),
        Base::Of(_) => bounded(length()?),
        Base::Named => {
            bounded(length()?)?;
            bounded(length()?)
        }
    }
}

/// The size of the object that is named by how far back it begins.
fn base(rest: &mut &[u8], at: usize, sizes: &HashMap<usize, u64>) -> Result<u64, Fault> {
    let mut distance = 0_u128;
    for place in 0.. {
        let byte = take(rest, 1)?[0];
        if place > 8 {
            return Err(Fault::Wrong);
        }
        distance = distance << 7 | u128::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
        distance += 1;
    }
    let distance = usize::try_from(distance).map_err(|_| Fault::Wrong)?;
    let base = at.checked_sub(distance).and_then(|base| sizes.get(&base));
    base.copied().ok_or(Fault::Wrong)
}

/// A number of at most so many bytes, the lowest first. It takes one more to see that there are too many.
fn number(rest: &mut &[u8], most: u32) -> Result<u128, Fault> {
    let mut number = 0;
    for place in 0..most {
        let byte = take(rest, 1)?[0];
        number |= u128::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    take(rest, 1)?;
    Err(Fault::Wrong)
}

fn bounded(size: u128) -> Result<u64, Fault> {
    match u64::try_from(size) {
        Ok(size) if size <= MAX_OBJECT => Ok(size),
        _ => Err(Fault::Wrong),
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Fault> {
    let (head, tail) = rest.split_at_checked(length).ok_or(Fault::Short)?;
    *rest = tail;
    Ok(head)
}
