//! A pack of git's, looked at as it passes by.
//!
//! gix takes a pack at its word: it makes room for as many objects as the first bytes name, and for an object or what a
//! difference becomes as soon as their lengths are told. A few bytes can name more than there is memory, which ends the
//! process. So each byte is looked at here before gix sees it, and what no repository of advisories can have stops the
//! transfer. That objects are what their ids say, and that differences can be applied, is left to gix.
//!
//! # Memory
//!
//! A row for each object, of which there are [`MAX_OBJECTS`] at the most, and one buffer.

use std::io::{self, BufRead, Read};
use std::mem;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};
use flate2::{Decompress, FlushDecompress, Status};

use super::Refused;

/// Bytes of an object, packed or not: the same as for the objects of a repository on this machine.
pub(super) const MAX_OBJECT: u64 = 64 * 1024 * 1024;
/// Objects of a pack: as many files as a database may have, and five for each commit that is searched, which has a tree on
/// each of three levels and a file. For each, gix has some 130 bytes in memory.
const MAX_OBJECTS: u32 = 1_000_000;
/// Bytes before the first object.
const HEADER: usize = 12;
/// Bytes of an id, such as the one after the last object.
const ID: usize = 20;
/// Bytes that may come before the packed ones of an object: a length, and an id or a distance.
const MAX_HEAD: usize = 10 + ID;
/// Bytes that two lengths at the beginning of a difference may take.
const MAX_LEAD: usize = 2 * 10;
/// How often it is told how much has come.
const TICK: Duration = Duration::from_millis(50);

/// Reads a pack that somebody else sends. What is handed out has been looked at.
pub(super) struct Checked<'a> {
    pack: &'a mut dyn BufRead,
    /// Bytes that may come.
    most: usize,
    received: &'a dyn Fn(usize),
    told: Instant,
    check: Check,
    /// Bytes of the buffer of `pack` that have been looked at.
    seen: usize,
    fault: Option<anyhow::Error>,
}

impl<'a> Checked<'a> {
    /// At most `most` bytes are taken. `received` hears now and then how many have come.
    pub(super) fn new(
        pack: &'a mut dyn BufRead,
        most: usize,
        received: &'a dyn Fn(usize),
    ) -> Checked<'a> {
        Checked {
            pack,
            most,
            received,
            told: Instant::now(),
            check: Check::new(),
            seen: 0,
            fault: None,
        }
    }

    /// What was wrong with the pack, as opposed to with the way that it came: [`Refused`] if there was too much of it.
    pub(super) fn into_fault(self) -> Option<anyhow::Error> {
        self.fault
    }
}

impl BufRead for Checked<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.fault.is_some() {
            return Err(io::Error::other("the pack is not sound"));
        }
        let bytes = self.pack.fill_buf()?;
        let new = &bytes[self.seen..];
        let checked = if self.check.at + new.len() > self.most {
            let limit = self.most / 1024 / 1024;
            Err(Refused(format!("the server sends more than {limit} MiB")).into())
        } else {
            self.check.push(new)
        };
        if let Err(fault) = checked {
            self.fault = Some(fault);
            return Err(io::Error::other("the pack is not sound"));
        }
        self.seen = bytes.len();
        if self.told.elapsed() >= TICK {
            self.told = Instant::now();
            (self.received)(self.check.at);
        }
        Ok(bytes)
    }

    fn consume(&mut self, length: usize) {
        self.seen -= length;
        self.pack.consume(length);
    }
}

impl Read for Checked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut bytes = self.fill_buf()?;
        let length = bytes.read(buffer)?;
        self.consume(length);
        Ok(length)
    }
}

/// A pack, as far as it has come.
struct Check {
    /// Bytes that were looked at.
    at: usize,
    /// Objects that have not ended.
    left: u32,
    /// Those that have, in their order.
    objects: Vec<Object>,
    part: Part,
    inflate: Decompress,
    inflated: Box<[u8]>,
}

struct Object {
    /// Where it begins.
    at: usize,
    /// Its bytes, with all differences applied.
    size: u64,
}

/// What the next byte belongs to.
enum Part {
    Header(Vec<u8>),
    Head(Vec<u8>),
    Packed(Packed),
    /// The id at the end, of which so many bytes are still to come.
    Id(usize),
}

/// An object that is being unpacked.
struct Packed {
    at: usize,
    head: Head,
    /// Bytes that were unpacked.
    done: u64,
    /// The first of them, where they tell lengths.
    lead: Vec<u8>,
}

/// What is said of an object before its packed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    /// Unpacked bytes.
    size: u64,
    base: Base,
}

/// What an object is the difference from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    None,
    /// The object that begins so many bytes before.
    Before(u64),
    /// One that is named by its id. Which one that is cannot be told here.
    Named,
}

impl Check {
    fn new() -> Check {
        Check {
            at: 0,
            left: 0,
            objects: Vec::new(),
            part: Part::Header(Vec::with_capacity(HEADER)),
            inflate: Decompress::new(true),
            inflated: vec![0; 32 * 1024].into(),
        }
    }

    /// Looks at the bytes that come next.
    ///
    /// # Errors
    ///
    /// If they are not what gix may see.
    fn push(&mut self, mut bytes: &[u8]) -> anyhow::Result<()> {
        while let Some(&first) = bytes.first() {
            let taken = match &mut self.part {
                Part::Header(header) => {
                    header.push(first);
                    if let Ok(header) = header.as_slice().try_into() {
                        self.left = objects(header)?;
                        self.part = self.next_part();
                    }
                    1
                }
                Part::Head(bytes) => {
                    bytes.push(first);
                    let length = bytes.len();
                    if let Some(head) = Head::read(bytes)? {
                        let at = self.at + 1 - length;
                        self.part = Part::Packed(self.start(at, head)?);
                    }
                    1
                }
                Part::Packed(_) => self.unpack(bytes)?,
                Part::Id(0) => bail!("the server sends more than a pack"),
                Part::Id(left) => {
                    *left -= 1;
                    1
                }
            };
            self.at += taken;
            bytes = &bytes[taken..];
        }
        Ok(())
    }

    fn next_part(&self) -> Part {
        match self.left {
            0 => Part::Id(ID),
            _ => Part::Head(Vec::with_capacity(MAX_HEAD)),
        }
    }

    fn start(&mut self, at: usize, head: Head) -> anyhow::Result<Packed> {
        bounded(head.size)?;
        if let Base::Before(distance) = head.base {
            self.base(at, distance)?;
        }
        self.inflate.reset(true);
        Ok(Packed {
            at,
            head,
            done: 0,
            lead: Vec::new(),
        })
    }

    /// The object that begins `distance` before `at`.
    fn base(&self, at: usize, distance: u64) -> anyhow::Result<&Object> {
        usize::try_from(distance)
            .ok()
            .and_then(|distance| at.checked_sub(distance))
            .and_then(|base| {
                let place = self.objects.binary_search_by_key(&base, |object| object.at);
                self.objects.get(place.ok()?)
            })
            .ok_or_else(|| anyhow!("a difference in its pack is from nothing that is in there"))
    }

    /// Unpacks what there is of an object, and says how many bytes belong to it.
    fn unpack(&mut self, bytes: &[u8]) -> anyhow::Result<usize> {
        let Part::Packed(packed) = &mut self.part else {
            return Ok(0);
        };
        let mut taken = 0;
        loop {
            let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self
                .inflate
                .decompress(&bytes[taken..], &mut self.inflated, FlushDecompress::None)
                .map_err(|_| anyhow!("an object in its pack cannot be unpacked"))?;
            taken += (self.inflate.total_in() - before_in) as usize;
            let made = (self.inflate.total_out() - before_out) as usize;
            packed.done += made as u64;
            if packed.done > packed.head.size {
                bail!("an object in its pack is longer than it says");
            }
            if packed.head.base != Base::None {
                let missing = MAX_LEAD.saturating_sub(packed.lead.len()).min(made);
                packed.lead.extend(&self.inflated[..missing]);
            }
            match status {
                Status::StreamEnd => break,
                // There is more to come out of what has gone in.
                _ if made == self.inflated.len() => {}
                _ if taken == bytes.len() => return Ok(taken),
                _ => bail!("an object in its pack cannot be unpacked"),
            }
        }
        if packed.done < packed.head.size {
            bail!("an object in its pack is shorter than it says");
        }
        let (at, head) = (packed.at, packed.head);
        let lead = mem::take(&mut packed.lead);
        let size = match head.base {
            Base::None => head.size,
            Base::Before(_) | Base::Named => {
                let mut lead = lead.as_slice();
                let (from, to) = (length(&mut lead)?, length(&mut lead)?);
                if let Base::Before(distance) = head.base
                    && self.base(at, distance)?.size != from
                {
                    bail!("a difference in its pack is from an object of another length");
                }
                bounded(from)?;
                bounded(to)?
            }
        };
        self.objects.push(Object { at, size });
        self.left -= 1;
        self.part = self.next_part();
        Ok(taken)
    }
}

/// How many objects there are.
fn objects(header: [u8; HEADER]) -> anyhow::Result<u32> {
    let [b'P', b'A', b'C', b'K', 0, 0, 0, 2, count @ ..] = header else {
        bail!("the server sends no pack of version 2");
    };
    let count = u32::from_be_bytes(count);
    if count > MAX_OBJECTS {
        bail!("its pack is to hold {count} objects; at most {MAX_OBJECTS} are taken");
    }
    Ok(count)
}

fn bounded(size: u64) -> anyhow::Result<u64> {
    if size > MAX_OBJECT {
        let most = MAX_OBJECT / 1024 / 1024;
        bail!("an object in its pack is to have {size} bytes; at most {most} MiB are taken");
    }
    Ok(size)
}

impl Head {
    /// None while bytes are missing.
    fn read(bytes: &[u8]) -> anyhow::Result<Option<Head>> {
        let mut rest = bytes.iter().copied();
        let Some(first) = rest.next() else {
            return Ok(None);
        };
        let mut size = u64::from(first & 0x0f);
        let mut last = first;
        let mut shift = 4;
        while last & 0x80 != 0 {
            let Some(byte) = rest.next() else {
                return Ok(None);
            };
            if shift > 63 - 7 {
                bail!("the length of an object in its pack has no end");
            }
            size |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            last = byte;
        }
        let base = match first >> 4 & 7 {
            1..=4 => Base::None,
            6 => match distance(rest)? {
                Some(distance) => Base::Before(distance),
                None => return Ok(None),
            },
            7 if rest.len() < ID => return Ok(None),
            7 => Base::Named,
            _ => bail!("an object in its pack is of no known kind"),
        };
        Ok(Some(Head { size, base }))
    }
}

/// How far back the base of a difference lies.
fn distance(bytes: impl Iterator<Item = u8>) -> anyhow::Result<Option<u64>> {
    let mut distance = 0_u64;
    for (place, byte) in bytes.enumerate() {
        if place > 8 {
            bail!("a difference in its pack is from nothing that is in there");
        }
        distance = distance << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Ok(Some(distance));
        }
        distance += 1;
    }
    Ok(None)
}

/// A length at the beginning of a difference.
fn length(bytes: &mut &[u8]) -> anyhow::Result<u64> {
    let mut length = 0;
    for shift in (0..63).step_by(7) {
        let Some(byte) = bytes.split_off_first() else {
            break;
        };
        length |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(length);
        }
    }
    bail!("a difference in its pack does not say its lengths")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::write::ZlibEncoder;

    use super::*;

    const TREE: u8 = 2;
    const BLOB: u8 = 3;
    const BEFORE: u8 = 6;
    const NAMED: u8 = 7;

    /// A pack that may say anything of itself.
    struct Pack(Vec<u8>);

    impl Pack {
        fn of(count: u32) -> Pack {
            Pack([b"PACK\0\0\0\x02".as_slice(), &count.to_be_bytes()].concat())
        }

        /// Adds an object that says that it has `size` bytes, and where it begins.
        fn add(&mut self, kind: u8, size: u64, base: &[u8], content: &[u8]) -> usize {
            let at = self.0.len();
            let mut rest = size >> 4;
            self.0
                .push(kind << 4 | (size & 0xf) as u8 | u8::from(rest > 0) << 7);
            while rest > 0 {
                self.0
                    .push((rest & 0x7f) as u8 | u8::from(rest >> 7 > 0) << 7);
                rest >>= 7;
            }
            self.0.extend(base);
            let mut deflate = ZlibEncoder::new(Vec::new(), Default::default());
            deflate.write_all(content).unwrap();
            self.0.extend(deflate.finish().unwrap());
            at
        }

        fn blob(&mut self, content: &[u8]) -> usize {
            self.add(BLOB, content.len() as u64, &[], content)
        }

        /// Adds a difference from what begins at `base`, from and to so many bytes.
        fn difference(&mut self, base: usize, from: u64, to: u64) -> usize {
            let distance = back(self.0.len() - base);
            let delta = delta(from, to);
            self.add(BEFORE, delta.len() as u64, &distance, &delta)
        }

        fn end(mut self) -> Vec<u8> {
            self.0.extend([7; ID]);
            self.0
        }
    }

    fn number(mut number: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while number > 0x7f {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes
    }

    fn back(mut distance: usize) -> Vec<u8> {
        let mut bytes = vec![(distance & 0x7f) as u8];
        while distance > 0x7f {
            distance = (distance >> 7) - 1;
            bytes.insert(0, 0x80 | (distance & 0x7f) as u8);
        }
        bytes
    }

    fn delta(from: u64, to: u64) -> Vec<u8> {
        [number(from), number(to), b"\x02ab".to_vec()].concat()
    }

    /// Everything that comes out, where it comes in steps of so many bytes, or what is wrong with it.
    fn read(pack: &[u8], step: usize) -> Result<Vec<u8>, String> {
        let mut source = io::BufReader::with_capacity(step, pack);
        let mut checked = Checked::new(&mut source, pack.len(), &|_| {});
        let mut out = Vec::new();
        let result = checked.read_to_end(&mut out);
        match checked.into_fault() {
            None => Ok(out),
            Some(fault) => {
                assert!(result.is_err());
                Err(fault.to_string())
            }
        }
    }

    #[track_caller]
    fn wrong(pack: &[u8], expected: &str) {
        for step in [1, 7, 8192] {
            assert_eq!(read(pack, step).unwrap_err(), expected, "step {step}");
        }
    }

    #[test]
    fn what_is_sound_passes_byte_for_byte() {
        let mut pack = Pack::of(6);
        let text: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        let base = pack.blob(&text);
        pack.add(TREE, 0, &[], &[]);
        let next = pack.difference(base, text.len() as u64, MAX_OBJECT);
        pack.difference(next, MAX_OBJECT, 2);
        let named = delta(5, 2);
        pack.add(NAMED, named.len() as u64, &[9; ID], &named);
        pack.blob(b"");
        let pack = pack.end();
        for step in [1, 7, 8192, pack.len()] {
            assert!(read(&pack, step).as_ref() == Ok(&pack), "step {step}");
        }
        assert_eq!(read(&Pack::of(0).end(), 8192).unwrap().len(), HEADER + ID);
    }

    #[test]
    fn what_ends_too_early_is_left_to_who_reads() {
        let mut pack = Pack::of(1);
        pack.blob(b"text");
        let pack = pack.end();
        for end in 0..pack.len() {
            assert_eq!(read(&pack[..end], 8192).unwrap(), &pack[..end]);
        }
    }

    #[test]
    fn what_is_no_pack_is_refused() {
        let no_pack = "the server sends no pack of version 2";
        wrong(b"<html></html>", no_pack);
        wrong(b"PACK\0\0\0\x03\0\0\0\x01", no_pack);
        for kind in [0, 5] {
            let mut pack = Pack::of(1);
            pack.add(kind, 0, &[], &[]);
            wrong(&pack.end(), "an object in its pack is of no known kind");
        }
        let mut pack = Pack::of(1);
        pack.blob(b"text");
        pack.blob(b"more than the header says, by far");
        wrong(&pack.end(), "the server sends more than a pack");
    }

    #[test]
    fn too_many_objects_are_refused() {
        wrong(
            &Pack::of(u32::MAX).end(),
            "its pack is to hold 4294967295 objects; at most 1000000 are taken",
        );
        let most = Pack::of(MAX_OBJECTS).0;
        assert_eq!(read(&most, 8192), Ok(most));
    }

    /// Nothing after the length is let through.
    #[test]
    fn an_object_that_claims_too_much_is_refused() {
        for kind in [BLOB, TREE, BEFORE, NAMED] {
            for size in [MAX_OBJECT + 1, 1 << 46, 1 << 59] {
                let mut pack = Pack::of(2);
                let base = pack.blob(b"text");
                let at = pack.0.len();
                let to = match kind {
                    BEFORE => back(at - base),
                    NAMED => vec![9; ID],
                    _ => Vec::new(),
                };
                pack.add(kind, size, &to, b"x");
                wrong(
                    &pack.end(),
                    &format!(
                        "an object in its pack is to have {size} bytes; at most 64 MiB are taken"
                    ),
                );
            }
        }
        let mut pack = Pack::of(1);
        pack.0.extend([0xbf; 12]);
        wrong(&pack.0, "the length of an object in its pack has no end");
    }

    #[test]
    fn a_difference_that_becomes_too_much_is_refused() {
        for size in [MAX_OBJECT + 1, 1 << 46, 1 << 62] {
            let mut pack = Pack::of(2);
            let base = pack.blob(b"text");
            pack.difference(base, 4, size);
            let expected =
                format!("an object in its pack is to have {size} bytes; at most 64 MiB are taken");
            wrong(&pack.end(), &expected);

            for (from, to) in [(4, size), (size, 4)] {
                let mut pack = Pack::of(1);
                let delta = delta(from, to);
                pack.add(NAMED, delta.len() as u64, &[9; ID], &delta);
                wrong(&pack.end(), &expected);
            }
        }
        for lengths in [vec![0x80; 12], number(4), Vec::new(), number(1 << 63)] {
            let mut pack = Pack::of(2);
            let base = pack.blob(b"text");
            let distance = back(pack.0.len() - base);
            pack.add(BEFORE, lengths.len() as u64, &distance, &lengths);
            wrong(
                &pack.end(),
                "a difference in its pack does not say its lengths",
            );
        }
    }

    #[test]
    fn a_difference_from_something_else_is_refused() {
        for from in [0, 3, 5, 1 << 46] {
            let mut pack = Pack::of(2);
            let base = pack.blob(b"text");
            pack.difference(base, from, 2);
            wrong(
                &pack.end(),
                "a difference in its pack is from an object of another length",
            );
        }
        let nothing = "a difference in its pack is from nothing that is in there";
        for distance in [vec![0], back(1), back(1 << 20), vec![0xff; 10]] {
            let mut pack = Pack::of(2);
            pack.blob(b"text");
            let delta = delta(4, 2);
            pack.add(BEFORE, delta.len() as u64, &distance, &delta);
            wrong(&pack.end(), nothing);
        }
    }

    #[test]
    fn an_object_of_another_length_than_it_says_is_refused() {
        for (size, is) in [(3, "longer"), (5, "shorter")] {
            let mut pack = Pack::of(1);
            pack.add(BLOB, size, &[], b"text");
            let expected = format!("an object in its pack is {is} than it says");
            wrong(&pack.end(), &expected);
        }
        let mut pack = Pack::of(1);
        let at = pack.blob(b"text");
        pack.0[at + 4] ^= 0xff;
        wrong(&pack.end(), "an object in its pack cannot be unpacked");
    }

    #[test]
    fn no_more_is_taken_than_is_allowed() {
        let mut pack = Pack::of(1);
        pack.blob(&[7; 1000]);
        let pack = pack.end();
        let mut source = pack.as_slice();
        let mut checked = Checked::new(&mut source, pack.len() - 1, &|_| {});
        checked.read_to_end(&mut Vec::new()).unwrap_err();
        assert!(checked.into_fault().unwrap().is::<Refused>());
    }
}
