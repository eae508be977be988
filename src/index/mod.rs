//! The index: one file with all that a build has to know about advisories.
//!
//! # Purpose
//!
//! A build cannot afford to read a thousand advisory files. A refresh compiles them into one file, in
//! which a build finds the advisories of a package by a binary search, and reads the text of an advisory
//! only if it has something to say about it.
//!
//! # Layout
//!
//! All numbers are little-endian. Checks are the first 16 bytes of the BLAKE3 hash.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | magic |
//! | 2 | format |
//! | 6 | zero |
//! | 16 | check of the 16 bytes before |
//! | 8 | length of the file |
//! | 4 × (8 + 16) | length and check of each section |
//! | 16 | check of the 104 bytes before |
//! | ... | section *provenance*: when it was made and from what, and what was left out |
//! | ... | section *lookup*: a sorted table of packages, then the packages, each with its advisories |
//! | ... | section *yanks*: a sorted table of packages, then the packages, each with what its registries say; nothing where none was asked |
//! | ... | section *details*: a record of text for each advisory, whose place and check *lookup* holds |
//!
//! `provenance.rs`, `write.rs` and `yanks.rs` have the sections in full.
//!
//! # Compatibility
//!
//! The first 32 bytes are the same in every format, forever, so that a program can tell an index of
//! another format from a damaged one. An older format is made anew by the next refresh. A newer one
//! belongs to a newer version of this program and is never overwritten.
//!
//! # Performance
//!
//! A build reads all but the details, and verifies what it reads. Nothing is decoded for the packages
//! that it does not ask about, and nothing is allocated to compare versions without pre-release parts.
//!
//! # Hostile input
//!
//! The bytes are not trusted, whatever their checks say. Reading them never panics, recurses or
//! allocates more than the file is long, and each failure is an [`Error`]. A damaged record is an error
//! too: nothing that cannot be read is taken for "no advisory".
//!
//! # Filesystems
//!
//! The file is read into memory instead of being mapped, because a mapped file that someone truncates
//! kills the process. Links are not followed, and nothing but a regular file is opened.

mod entry;
mod file;
#[allow(
    dead_code,
    reason = "the fuzzers, which take this in, keep nothing in folders of it"
)]
pub(crate) mod folder;
pub mod held;
mod provenance;
mod read;
mod records;
pub mod store;
mod table;
mod wire;
mod write;
mod yanks;

pub use entry::Entry;
#[allow(
    unused_imports,
    reason = "the fuzzers, which take this in, export nothing"
)]
pub(crate) use file::read_at_most;
pub use read::{Index, Verify};
pub use records::Records;
use write::seen_again;
pub use write::{Source, compile, compile_with, timeless};
pub use yanks::Told;

use crate::database::Published;
use jiff::Timestamp;
use std::{fmt, io};

/// The number of a file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Format(pub u16);

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The format that this version reads and writes.
pub const FORMAT: Format = Format(4);

/// Bytes of an index: 100 times RustSec's database makes 150 million.
pub const MAX_INDEX: u64 = 512 * 1024 * 1024;
/// Bytes of an index without its details, which is what a build holds in memory.
pub const MAX_FRONT: u64 = 64 * 1024 * 1024;
/// Bytes of one record of the details. An advisory file has at most a quarter of it.
pub const MAX_DETAILS: u64 = 1024 * 1024;
/// Databases of one index.
pub const MAX_DATABASES: usize = 64;
/// Withdrawn advisories of one index. RustSec's database has 13.
pub const MAX_WITHDRAWN: usize = 5000;

/// A database that the index was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseInfo {
    /// As it was configured.
    pub url: String,
    /// In hex, if it was a git repository.
    pub commit: Option<String>,
    /// The committer's date of `commit`.
    pub committed: Option<Timestamp>,
    /// When the database was last seen to be in this state. For a snapshot that is when its publisher last looked.
    pub checked: Timestamp,
    /// What it was made of, if it is a snapshot.
    pub published: Option<Published>,
}

impl DatabaseInfo {
    /// Whether all of it comes from the database at `url`.
    pub fn is_all_of(&self, url: &str) -> bool {
        let published = self.published.as_ref();
        self.url == url || published.is_some_and(|published| published.is_all_of(url))
    }
}

/// That a database was seen to be in the state that it has in the index.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When.
    pub checked: Timestamp,
    /// What it is made of by now, if it is a snapshot.
    pub published: Option<Published>,
}

/// Why an index cannot be used.
#[derive(Debug)]
pub enum Error {
    /// There is no such file.
    Missing,
    Io(io::Error),
    /// A link, a folder, a device.
    NotAFile,
    /// It belongs to neither this user nor root.
    NotOurs,
    TooLarge {
        found: u64,
        limit: u64,
    },
    /// It would hold more of something than a reader takes.
    TooMany {
        what: &'static str,
        found: usize,
        limit: usize,
    },
    NotAnIndex,
    TooOld {
        found: Format,
    },
    TooNew {
        found: Format,
    },
    /// It is shorter than it says.
    Truncated,
    /// What is wrong first.
    Corrupt(&'static str),
    /// It is sound, but without any advisory, and must not pass for a clean bill.
    Empty,
    /// It was made from other databases.
    OtherDatabases,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UPDATE: &str = "run `cargo advisory update`";
        match self {
            Error::Missing => write!(f, "there is no index of advisories yet; {UPDATE}"),
            Error::Io(error) => write!(
                f,
                "the index of advisories cannot be read: {error}; make it readable, or set `advisory.cache-dir` to \
                 another folder"
            ),
            Error::NotAFile => write!(
                f,
                "the index of advisories is not a regular file; remove it and {UPDATE}"
            ),
            Error::NotOurs => write!(
                f,
                "the index of advisories belongs to another user; set `advisory.cache-dir` to a folder of your own"
            ),
            Error::TooLarge { found, limit } => write!(
                f,
                "the index of advisories has {found} bytes, over the limit of {limit}; {UPDATE}"
            ),
            Error::TooMany { what, found, limit } => write!(
                f,
                "an index of advisories cannot hold {found} {what}, over the limit of {limit}"
            ),
            Error::NotAnIndex => write!(f, "the file is not an index of advisories; {UPDATE}"),
            Error::TooOld { found } => write!(
                f,
                "the index of advisories has the old format {found}; {UPDATE}"
            ),
            Error::TooNew { found } => write!(
                f,
                "the index of advisories has the format {found} of a newer cargo-advisory; use that version, \
                 or set `advisory.cache-dir` to another folder"
            ),
            Error::Truncated => write!(f, "the index of advisories is cut off; {UPDATE}"),
            Error::Corrupt(what) => {
                write!(f, "the index of advisories is damaged ({what}); {UPDATE}")
            }
            Error::Empty => write!(f, "the index of advisories is empty; {UPDATE}"),
            Error::OtherDatabases => write!(
                f,
                "the index of advisories was made from other databases; {UPDATE}"
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io(error) => Some(error),
            _ => None,
        }
    }
}
