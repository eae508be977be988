//! The file around the content: its header, its sections, and opening it with care.

use super::entry::Place;
use super::read::Verify;
use super::wire::{self, Check, Cursor, check};
use super::{Error, MAX_DETAILS, MAX_FRONT, MAX_INDEX};
use crate::fault::defect;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// The sections of an index, verified as far as was asked for.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) provenance: Vec<u8>,
    pub(super) lookup: Vec<u8>,
    pub(super) yanks: Vec<u8>,
    pub(super) details: Details,
}

/// Where the section *details* is.
#[derive(Debug)]
pub(super) enum Details {
    Memory(Vec<u8>),
    /// In this file, from `start` on.
    File {
        file: File,
        start: u64,
        length: u64,
    },
}

impl Parts {
    pub(super) fn open(path: &Path, verify: Verify) -> Result<Parts, Error> {
        let (mut file, length) = open(path)?;
        let header = Header::read(&read(&mut file, length.min(wire::HEADER as u64))?, length)?;
        let parts = Parts {
            provenance: header.provenance.read(&mut file)?,
            lookup: header.lookup.read(&mut file)?,
            yanks: header.yanks.read(&mut file)?,
            details: Details::Memory(Vec::new()),
        };
        if verify == Verify::All {
            header.details.verify(&mut file)?;
        }
        let Section { length, .. } = header.details;
        let start = header.total.saturating_sub(length);
        let details = Details::File {
            file,
            start,
            length,
        };
        Ok(Parts { details, ..parts })
    }

    pub(super) fn of(bytes: &[u8], verify: Verify) -> Result<Parts, Error> {
        let sections = Sections::of(bytes, verify)?;
        Ok(Parts {
            provenance: sections.provenance.to_vec(),
            lookup: sections.lookup.to_vec(),
            yanks: sections.yanks.to_vec(),
            details: Details::Memory(sections.details.to_vec()),
        })
    }
}

/// The same without a copy.
pub(super) struct Sections<'a> {
    pub(super) provenance: &'a [u8],
    pub(super) lookup: &'a [u8],
    pub(super) yanks: &'a [u8],
    pub(super) details: &'a [u8],
}

impl<'a> Sections<'a> {
    pub(super) fn of(bytes: &'a [u8], verify: Verify) -> Result<Sections<'a>, Error> {
        let header = Header::read(bytes, bytes.len() as u64)?;
        let mut rest = Cursor(bytes);
        rest.take(wire::HEADER)?;
        let mut section = |section: Section, verify| {
            let length = usize::try_from(section.length).map_err(|_| Error::Truncated)?;
            let bytes = rest.take(length)?;
            if verify == Verify::All {
                section.compare(check(bytes))?;
            }
            Ok(bytes)
        };
        Ok(Sections {
            provenance: section(header.provenance, Verify::All)?,
            lookup: section(header.lookup, Verify::All)?,
            yanks: section(header.yanks, Verify::All)?,
            details: section(header.details, verify)?,
        })
    }
}

/// What the first bytes say about the others.
struct Header {
    total: u64,
    provenance: Section,
    lookup: Section,
    yanks: Section,
    details: Section,
}

#[derive(Clone, Copy)]
struct Section {
    length: u64,
    check: Check,
}

impl Header {
    /// Reads the header at the start of `bytes`, the first ones of a file of `length` bytes.
    fn read(bytes: &[u8], length: u64) -> Result<Header, Error> {
        wire::check_format(bytes)?;
        let bytes = bytes
            .get(wire::PREAMBLE..wire::HEADER)
            .ok_or(Error::Truncated)?;
        let (bytes, found) = bytes
            .split_last_chunk::<{ wire::CHECK }>()
            .ok_or(Error::Truncated)?;
        if check(bytes) != *found && !defect!("no-check") {
            return Err(Error::Corrupt("its header"));
        }
        let mut cursor = Cursor(bytes);
        let total = cursor.u64()?;
        let mut section = || {
            Ok(Section {
                length: cursor.u64()?,
                check: cursor.check()?,
            })
        };
        let header = Header {
            total,
            provenance: section()?,
            lookup: section()?,
            yanks: section()?,
            details: section()?,
        };

        // From here on the lengths of the sections are known to fit into the file.
        let front = (wire::HEADER as u64)
            .checked_add(header.provenance.length)
            .and_then(|sum| sum.checked_add(header.lookup.length))
            .and_then(|sum| sum.checked_add(header.yanks.length))
            .ok_or(Error::Corrupt("its header"))?;
        if front.checked_add(header.details.length) != Some(total) {
            return Err(Error::Corrupt("its header"));
        }
        if length < total {
            return Err(Error::Truncated);
        }
        if length > total {
            return Err(Error::Corrupt("there is more after its end"));
        }
        for (found, limit) in [(total, MAX_INDEX), (front, MAX_FRONT)] {
            if found > limit {
                return Err(Error::TooLarge { found, limit });
            }
        }
        Ok(header)
    }
}

impl Section {
    fn compare(&self, found: Check) -> Result<(), Error> {
        if found != self.check && !defect!("no-check") {
            return Err(Error::Corrupt("the check of a section"));
        }
        Ok(())
    }

    /// The next bytes of `from`, verified.
    fn read(&self, from: &mut impl Read) -> Result<Vec<u8>, Error> {
        let bytes = read(from, self.length)?;
        self.compare(check(&bytes))?;
        Ok(bytes)
    }

    /// The same without keeping them.
    fn verify(&self, from: &mut impl Read) -> Result<(), Error> {
        let mut hasher = blake3::Hasher::new();
        let read = hasher.update_reader(from.take(self.length));
        if read.map_err(Error::Io)?.count() < self.length {
            return Err(Error::Truncated);
        }
        self.compare(wire::first(hasher.finalize()))
    }
}

impl Details {
    /// The text of one advisory, verified.
    pub(super) fn read(&self, place: Place) -> Result<Vec<u8>, Error> {
        const OUTSIDE: Error = Error::Corrupt("the place of a text");
        let Place { start, length, .. } = place;
        let end = start.checked_add(length).ok_or(OUTSIDE)?;
        if length > MAX_DETAILS {
            return Err(OUTSIDE);
        }
        let bytes = match self {
            Details::Memory(bytes) => {
                let start = usize::try_from(start).map_err(|_| OUTSIDE)?;
                let end = usize::try_from(end).map_err(|_| OUTSIDE)?;
                bytes.get(start..end).ok_or(OUTSIDE)?.to_vec()
            }
            Details::File { length, .. } if end > *length => return Err(OUTSIDE),
            Details::File {
                file, start: first, ..
            } => {
                let at = first.checked_add(start).ok_or(OUTSIDE)?;
                // At most `MAX_DETAILS`.
                let mut bytes = vec![0; length as usize];
                read_at(file, &mut bytes, at).map_err(|error| match error.kind() {
                    io::ErrorKind::UnexpectedEof => Error::Truncated,
                    _ => Error::Io(error),
                })?;
                bytes
            }
        };
        if check(&bytes) != place.check {
            return Err(Error::Corrupt("the text of an advisory"));
        }
        Ok(bytes)
    }
}

/// Exactly `length` bytes, which the caller knows to be there.
fn read(from: &mut impl Read, length: u64) -> Result<Vec<u8>, Error> {
    let expected = usize::try_from(length).map_err(|_| Error::Truncated)?;
    // Cheaper than filling it with zeros first.
    let mut bytes = Vec::with_capacity(expected);
    from.take(length)
        .read_to_end(&mut bytes)
        .map_err(Error::Io)?;
    if bytes.len() < expected {
        return Err(Error::Truncated);
    }
    Ok(bytes)
}

/// Whether the file at `path` has our format, as far as its first bytes tell.
pub(super) fn check_format(path: &Path) -> Result<(), Error> {
    let (mut file, length) = open(path)?;
    wire::check_format(&read(&mut file, length.min(wire::PREAMBLE as u64))?)
}

pub(super) fn read_whole(path: &Path) -> Result<Vec<u8>, Error> {
    let (mut file, length) = open(path)?;
    read(&mut file, length)
}

/// The whole of another file, of at most `limit` bytes, opened with the same care.
pub(crate) fn read_at_most(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let (mut file, found) = open(path)?;
    if found > limit {
        return Err(Error::TooLarge { found, limit });
    }
    read(&mut file, found)
}

/// Opens an empty file of ours to be locked, and makes it where it is missing.
pub(super) fn open_for_lock(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    open_with(options, path).map(|(file, _)| file)
}

/// Opens a regular file of ours and says how long it is.
fn open(path: &Path) -> Result<(File, u64), Error> {
    let mut options = OpenOptions::new();
    options.read(true);
    let (file, meta) = open_with(options, path)?;
    let length = meta.len();
    if length > MAX_INDEX {
        return Err(Error::TooLarge {
            found: length,
            limit: MAX_INDEX,
        });
    }
    Ok((file, length))
}

/// Opens a regular file of ours. Nothing else is waited for or followed.
fn open_with(mut options: OpenOptions, path: &Path) -> Result<(File, Metadata), Error> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    #[cfg(not(unix))]
    if path.symlink_metadata().is_ok_and(|meta| meta.is_symlink()) {
        return Err(Error::NotAFile);
    }
    let file = options.open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::Missing,
        _ if is_link(&error) => Error::NotAFile,
        _ => Error::Io(error),
    })?;
    let meta = file.metadata().map_err(Error::Io)?;
    if !meta.is_file() {
        return Err(Error::NotAFile);
    }
    if !is_ours(&meta) {
        return Err(Error::NotOurs);
    }
    Ok((file, meta))
}

#[cfg(unix)]
fn is_link(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ELOOP)
}

#[cfg(not(unix))]
fn is_link(_: &io::Error) -> bool {
    false
}

/// What root has put there is as good as ours; what others have may change under our hands.
#[cfg(unix)]
pub(super) fn is_ours(meta: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    // SAFETY: it takes nothing and cannot fail.
    let me = unsafe { libc::geteuid() };
    [0, me].contains(&meta.uid())
}

#[cfg(not(unix))]
pub(super) fn is_ours(_: &Metadata) -> bool {
    true
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(windows)]
fn read_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
    use std::os::windows::fs::FileExt as _;
    while !bytes.is_empty() {
        match file.seek_read(bytes, at)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                bytes = &mut bytes[read..];
                at += read as u64;
            }
        }
    }
    Ok(())
}
