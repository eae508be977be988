//! The manifest of a snapshot: which file belongs to it, and what that was made of.
//!
//! # Compatibility
//!
//! A reader passes over fields that it does not know. Where it would get something wrong without them, the format is
//! counted up, and older readers say so.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{MAX_CONTENT, MAX_MANIFEST, Origin, Published};
use crate::database::{MAX_ORIGINS, Refused};

/// The format that is read and written here.
const FORMAT: u32 = 1;
/// Bytes of the URL of one.
const MAX_URL: usize = 2000;
/// What the names of files of advisories end with. No server takes it for something that is to be unpacked on the way.
pub(super) const ENDING: &str = ".snapshot";

/// What a manifest says, checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    format: u32,
    pub(super) index: File,
    /// How many can match.
    pub(super) advisories: usize,
    pub(super) databases: Vec<Origin>,
}

/// The file of advisories.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct File {
    /// Its hash and [`ENDING`].
    pub(super) name: String,
    /// In bytes, as it is handed out.
    pub(super) length: u64,
    /// In hex.
    pub(super) blake3: String,
}

impl Manifest {
    pub(super) fn new(content: &[u8], advisories: usize, databases: Vec<Origin>) -> Manifest {
        let blake3 = blake3::hash(content).to_hex().to_string();
        Manifest {
            format: FORMAT,
            index: File {
                name: format!("{blake3}{ENDING}"),
                length: content.len() as u64,
                blake3,
            },
            advisories,
            databases,
        }
    }

    /// # Errors
    ///
    /// If it is none, one of another format, or one with something in it that cannot be.
    pub(super) fn read(bytes: &[u8]) -> Result<Manifest, Refused> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let none = || {
            Refused(
                "what is there is not the manifest of a snapshot, which `cargo advisory export` makes"
                    .to_owned(),
            )
        };
        // In a field that is not known any bytes would pass, and an array for an object.
        let text = std::str::from_utf8(bytes).map_err(|_| none())?;
        if !text.trim_start().starts_with('{') {
            return Err(none());
        }
        let Head { format } = serde_json::from_str(text).map_err(|_| none())?;
        if format > FORMAT {
            return Err(Refused(format!(
                "its manifest has the format {format} of a newer cargo-advisory; use that version, or have one made with \
                 this one"
            )));
        }
        let manifest: Manifest = serde_json::from_str(text).map_err(|_| none())?;
        match manifest.fault() {
            None => Ok(manifest),
            Some(fault) => Err(Refused(format!("its manifest is not sound: {fault}"))),
        }
    }

    /// One object on several lines, for people look at it too.
    pub(super) fn write(&self) -> anyhow::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        if bytes.len() as u64 > MAX_MANIFEST {
            anyhow::bail!("a manifest of so many databases is too long");
        }
        if let Some(fault) = self.fault() {
            anyhow::bail!("the manifest would not be sound: {fault}");
        }
        Ok(bytes)
    }

    pub(super) fn published(self) -> Published {
        Published {
            content: self.index.blake3,
            origins: self.databases,
        }
    }

    /// What of it cannot be.
    fn fault(&self) -> Option<&'static str> {
        let hash = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        };
        let File {
            name,
            length,
            blake3,
        } = &self.index;
        if blake3.len() != 64 || !hash(blake3) {
            return Some("its hash");
        }
        if name.strip_suffix(ENDING) != Some(blake3) {
            return Some("the name of its file");
        }
        if *length > MAX_CONTENT {
            return Some("its file is longer than 64 MiB");
        }
        if self.databases.is_empty() || self.databases.len() > MAX_ORIGINS {
            return Some("the number of its databases");
        }
        for origin in &self.databases {
            if origin.url.len() > MAX_URL {
                return Some("the URL of a database");
            }
            let commit = origin.commit.as_deref();
            if commit.is_some_and(|commit| !matches!(commit.len(), 40 | 64) || !hash(commit)) {
                return Some("the commit of a database");
            }
            let times = [Some(origin.checked), origin.committed];
            if times
                .into_iter()
                .flatten()
                .any(|time| time < Timestamp::UNIX_EPOCH)
            {
                return Some("the time of a database");
            }
        }
        None
    }
}

impl File {
    /// Whether `content` is this file.
    pub(super) fn is(&self, content: &[u8]) -> bool {
        self.check(content).is_ok()
    }

    /// # Errors
    ///
    /// If `content` is another file.
    pub(super) fn check(&self, content: &[u8]) -> Result<(), Refused> {
        let found = content.len() as u64;
        if found != self.length {
            return Err(Refused(format!(
                "its file has {found} bytes, and {} according to its manifest",
                self.length
            )));
        }
        if blake3::hash(content).to_hex().as_str() != self.blake3 {
            return Err(Refused(
                "its file is not the one that its manifest names: their hashes differ".to_owned(),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let origin = Origin {
            url: "https://example.com/db".to_owned(),
            commit: Some("c".repeat(40)),
            committed: Some(Timestamp::constant(1_780_000_000, 0)),
            checked: Timestamp::constant(1_790_000_000, 0),
        };
        Manifest::new(b"content", 3, vec![origin])
    }

    fn refused(text: &str) -> String {
        Manifest::read(text.as_bytes()).unwrap_err().to_string()
    }

    /// The values of a sound one, without the names of their fields.
    fn array() -> String {
        let Manifest {
            format,
            index,
            advisories,
            databases,
        } = manifest();
        serde_json::to_string(&(format, index, advisories, databases)).unwrap()
    }

    #[test]
    fn what_is_written_is_read_and_what_is_unknown_passed_over() {
        let bytes = manifest().write().unwrap();
        assert_eq!(Manifest::read(&bytes).unwrap(), manifest());
        let text = String::from_utf8(bytes).unwrap();
        let more = text.replacen('{', "{\"later\": [1],", 1);
        assert_eq!(Manifest::read(more.as_bytes()).unwrap(), manifest());
    }

    #[test]
    fn what_is_none_and_what_is_newer_says_so() {
        for text in [
            "",
            "{}",
            "<html>",
            "[1]",
            "{\"format\": 1}",
            &"[".repeat(60_000),
            &array(),
        ] {
            assert!(refused(text).contains("not the manifest"), "{text:.80}");
        }
        let text = String::from_utf8(manifest().write().unwrap()).unwrap();
        let mut bytes = text.replacen('{', "{\"later\": \"?\",", 1).into_bytes();
        assert!(Manifest::read(&bytes).is_ok());
        let at = bytes.iter().position(|byte| *byte == b'?').unwrap();
        bytes[at] = 0xff;
        assert!(Manifest::read(&bytes).is_err(), "it is not UTF-8");
        let newer = refused("{\"format\": 2, \"index\": 1}");
        assert!(
            newer.contains("format 2 of a newer cargo-advisory"),
            "{newer}"
        );
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let hash = manifest().index.blake3;
        let other = "0".repeat(64);
        let name = format!("\"{hash}.snapshot\"");
        let text = String::from_utf8(manifest().write().unwrap()).unwrap();
        for (from, to) in [
            (name.as_str(), "\"../../../etc/passwd\""),
            (&name, "\"https://example.com/\""),
            (&name, "\"\""),
            (&format!("\"{hash}\""), &format!("\"{other}\"")),
            (&format!("\"{hash}\""), "\"\""),
            ("\"length\": 7", "\"length\": 67108865"),
            (&"c".repeat(40), "HEAD"),
            ("https://example.com/db", &"x".repeat(2001)),
            ("2026", "1950"),
        ] {
            assert!(text.contains(from), "{from}");
            let refused = refused(&text.replace(from, to));
            assert!(
                refused.starts_with("its manifest is not sound: "),
                "{refused}"
            );
        }
        let mut none = manifest();
        none.databases.clear();
        assert!(none.write().is_err());
    }

    #[test]
    fn a_file_is_told_by_its_length_and_hash() {
        let file = manifest().index;
        assert!(file.is(b"content"));
        let error = |content: &[u8]| file.check(content).unwrap_err().to_string();
        assert_eq!(
            error(b"conten"),
            "its file has 6 bytes, and 7 according to its manifest"
        );
        assert!(error(b"c0ntent").contains("their hashes differ"));
    }
}
