//! How values are written to bytes and read back: the two sides of each in one place.

use super::{Error, FORMAT, Format};
use crate::advisory::MAX_LIST;
use jiff::Timestamp;
use jiff::civil::Date;
use semver::{BuildMetadata, Prerelease, Version};
use std::cmp::Ordering;

pub(super) const MAGIC: [u8; 8] = *b"ADVINDEX";
/// Bytes that are the same in every format: magic, format, zeros and their check.
pub(super) const PREAMBLE: usize = 32;
pub(super) const HEADER: usize = PREAMBLE + 8 + 4 * (8 + CHECK) + CHECK;
pub(super) const CHECK: usize = 16;
/// One row of a table of names: the name's first bytes, and where its record is.
pub(super) const ROW: usize = 8 + 4;

pub(super) type Check = [u8; CHECK];

/// The first 16 bytes of BLAKE3: enough against accidents, and against forgery no check without a key
/// would do.
pub(super) fn check(bytes: &[u8]) -> Check {
    first(blake3::hash(bytes))
}

pub(super) fn first(hash: blake3::Hash) -> Check {
    let mut check = Check::default();
    check.copy_from_slice(&hash.as_bytes()[..CHECK]);
    check
}

/// The first eight bytes of a name as a number, so that most names can be told apart without looking
/// at them. Names hold no zero byte, so the numbers are ordered as the names are.
pub(super) fn prefix(name: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    for (byte, &from) in bytes.iter_mut().zip(name) {
        *byte = from;
    }
    u64::from_be_bytes(bytes)
}

/// A name's prefix, and where in the section its record is.
pub(super) fn row(prefix: u64, at: u32) -> [u8; ROW] {
    let row = u128::from(prefix) | u128::from(at) << 64;
    let mut bytes = [0; ROW];
    bytes.copy_from_slice(&row.to_le_bytes()[..ROW]);
    bytes
}

pub(super) fn read_row(row: &[u8; ROW]) -> (u64, u32) {
    let mut bytes = [0; 16];
    bytes[..ROW].copy_from_slice(row);
    let row = u128::from_le_bytes(bytes);
    (row as u64, (row >> 64) as u32)
}

pub(super) fn preamble(format: Format) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(format.0.to_le_bytes());
    bytes.extend([0; 6]);
    let check = check(&bytes);
    bytes.extend(check);
    bytes
}

/// Whether this is an index of our format, going by its first bytes alone.
pub(super) fn check_format(bytes: &[u8]) -> Result<(), Error> {
    if !bytes.starts_with(&MAGIC) {
        return Err(Error::NotAnIndex);
    }
    let bytes = bytes.get(..PREAMBLE).ok_or(Error::Truncated)?;
    let (bytes, found) = bytes.split_last_chunk::<CHECK>().ok_or(Error::Truncated)?;
    if check(bytes) != *found {
        return Err(Error::Corrupt("its first bytes"));
    }
    let mut cursor = Cursor(bytes);
    cursor.take(MAGIC.len())?;
    let found = Format(cursor.u16()?);
    match found.cmp(&FORMAT) {
        Ordering::Less => Err(Error::TooOld { found }),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(Error::TooNew { found }),
    }
}

pub(super) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend(bytes);
}

pub(super) fn put_str(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, text.as_bytes());
}

pub(super) fn put_option(out: &mut Vec<u8>, text: Option<&str>) {
    out.push(u8::from(text.is_some()));
    if let Some(text) = text {
        put_str(out, text);
    }
}

pub(super) fn put_list(out: &mut Vec<u8>, list: &[String]) {
    put_number(out, list.len() as u64);
    for text in list {
        put_str(out, text);
    }
}

/// To the second.
pub(super) fn put_time(out: &mut Vec<u8>, time: Timestamp) {
    out.extend(time.as_second().to_le_bytes());
}

pub(super) fn put_date(out: &mut Vec<u8>, date: Date) {
    out.extend(date.year().to_le_bytes());
    out.extend(date.month().to_le_bytes());
    out.extend(date.day().to_le_bytes());
}

pub(super) fn put_version(out: &mut Vec<u8>, version: &Version) {
    for number in [version.major, version.minor, version.patch] {
        put_number(out, number);
    }
    put_str(out, &version.pre);
    put_str(out, &version.build);
}

/// The bytes that are still to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let (head, tail) = self.0.split_at_checked(length).ok_or(END)?;
        self.0 = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (head, tail) = self.0.split_first_chunk().ok_or(END)?;
        self.0 = tail;
        Ok(*head)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Error> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Error> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn check(&mut self) -> Result<Check, Error> {
        self.array()
    }

    pub(super) fn number(&mut self) -> Result<u64, Error> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit.
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Error::Corrupt("a number"))
    }

    /// A number of things of which each takes a byte at least. This bounds what a reader allocates for
    /// them, and how long it is busy.
    pub(super) fn count(&mut self) -> Result<usize, Error> {
        let count = self.length()?;
        if count > self.0.len() {
            return Err(END);
        }
        Ok(count)
    }

    fn length(&mut self) -> Result<usize, Error> {
        usize::try_from(self.number()?).map_err(|_| END)
    }

    /// Some bytes with their number in front.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Error> {
        let length = self.length()?;
        self.take(length)
    }

    pub(super) fn str(&mut self) -> Result<&'a str, Error> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Error::Corrupt("text that is not UTF-8"))
    }

    pub(super) fn string(&mut self) -> Result<String, Error> {
        self.str().map(str::to_owned)
    }

    pub(super) fn flag(&mut self) -> Result<bool, Error> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Error::Corrupt("a flag")),
        }
    }

    pub(super) fn option(&mut self) -> Result<Option<String>, Error> {
        self.flag()?.then(|| self.string()).transpose()
    }

    pub(super) fn list(&mut self) -> Result<Vec<String>, Error> {
        (0..self.at_most(MAX_LIST)?)
            .map(|_| self.string())
            .collect()
    }

    /// The same as [`Cursor::count`] for what takes many times more in memory than here.
    pub(super) fn at_most(&mut self, most: usize) -> Result<usize, Error> {
        let count = self.count()?;
        if count > most {
            return Err(Error::Corrupt("a list is too long"));
        }
        Ok(count)
    }

    pub(super) fn time(&mut self) -> Result<Timestamp, Error> {
        let seconds = self.array().map(i64::from_le_bytes)?;
        Timestamp::from_second(seconds).map_err(|_| Error::Corrupt("a date"))
    }

    pub(super) fn date(&mut self) -> Result<Date, Error> {
        let year = self.array().map(i16::from_le_bytes)?;
        let [month, day] = self
            .array()
            .map(|bytes: [u8; 2]| bytes.map(u8::cast_signed))?;
        Date::new(year, month, day).map_err(|_| Error::Corrupt("a day"))
    }

    pub(super) fn bound(&mut self) -> Result<Bound<'a>, Error> {
        Ok(Bound {
            numbers: [self.number()?, self.number()?, self.number()?],
            pre: self.str()?,
            build: self.str()?,
        })
    }
}

const END: Error = Error::Corrupt("a record ends too early");

/// A version that is still part of the index.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound<'a> {
    numbers: [u64; 3],
    pre: &'a str,
    build: &'a str,
}

impl Bound<'_> {
    /// How `version` compares with this one, in the order of [`Version`].
    pub(super) fn compare(&self, version: &Version) -> Result<Ordering, Error> {
        let numbers = [version.major, version.minor, version.patch].cmp(&self.numbers);
        if numbers.is_ne() {
            return Ok(numbers);
        }
        let pre = match (version.pre.is_empty(), self.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            _ => version.pre.cmp(&self.pre()?),
        };
        if pre.is_ne() || (version.build.is_empty() && self.build.is_empty()) {
            return Ok(pre);
        }
        Ok(version.build.cmp(&self.build()?))
    }

    pub(super) fn to_version(self) -> Result<Version, Error> {
        let [major, minor, patch] = self.numbers;
        Ok(Version {
            major,
            minor,
            patch,
            pre: self.pre()?,
            build: self.build()?,
        })
    }

    fn pre(&self) -> Result<Prerelease, Error> {
        Prerelease::new(self.pre).map_err(|_| Error::Corrupt("a version"))
    }

    fn build(&self) -> Result<BuildMetadata, Error> {
        BuildMetadata::new(self.build).map_err(|_| Error::Corrupt("a version"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn identifiers() -> impl Strategy<Value = String> {
        let identifier = prop_oneof!["0|[1-9][0-9]{0,3}", "[0-9]{0,2}[a-cA-C-][a-c0-2-]{0,2}"];
        prop::collection::vec(identifier, 0..3).prop_map(|identifiers| identifiers.join("."))
    }

    prop_compose! {
        fn version()(
            numbers in prop::array::uniform3(prop_oneof![0..3_u64, any::<u64>()]),
            pre in identifiers(),
            build in identifiers(),
        ) -> Version {
            let [major, minor, patch] = numbers;
            let pre = Prerelease::new(&pre).unwrap();
            let build = BuildMetadata::new(&build).unwrap();
            Version { major, minor, patch, pre, build }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn versions_keep_their_order(mut a in version(), b in version(), same in 0..4) {
            // Versions drawn at random seldom have anything in common.
            if same > 0 {
                (a.major, a.minor, a.patch) = (b.major, b.minor, b.patch);
            }
            if same > 2 {
                a.pre = b.pre.clone();
            }
            let mut bytes = Vec::new();
            put_version(&mut bytes, &b);
            let bound = Cursor(&bytes).bound().unwrap();
            prop_assert_eq!(bound.compare(&a).unwrap(), a.cmp(&b));
            prop_assert_eq!(bound.compare(&b).unwrap(), Ordering::Equal);
            prop_assert_eq!(bound.to_version().unwrap(), b);
        }

        #[test]
        fn numbers_come_back(number in prop_oneof![any::<u64>(), 0..300_u64, Just(u64::MAX)]) {
            let mut bytes = Vec::new();
            put_number(&mut bytes, number);
            let mut cursor = Cursor(&bytes);
            prop_assert_eq!(cursor.number().unwrap(), number);
            prop_assert!(cursor.is_empty());
        }

        #[test]
        fn rows_come_back(prefix in any::<u64>(), at in any::<u32>()) {
            prop_assert_eq!(read_row(&row(prefix, at)), (prefix, at));
        }

        #[test]
        fn prefixes_are_ordered_as_names_are(a in "[ab_-]{0,10}", b in "[ab_-]{0,10}") {
            let prefixes = prefix(a.as_bytes()).cmp(&prefix(b.as_bytes()));
            prop_assert!(prefixes.is_eq() || prefixes == a.cmp(&b));
        }
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        for bytes in [&[0xff; 10][..], &[0x80; 11], &[0x80], &[]] {
            assert!(Cursor(bytes).number().is_err());
        }
    }
}
