//! What is remembered of a workspace from one run to the next: what a build has said, and which findings have a remedy.
//!
//! # Failure
//!
//! A memory that cannot be read is empty, and one that cannot be written is lost. Then a build says again what it has said
//! before, and takes what the index knows of patched versions for a remedy: more is said, not less.
//!
//! # Trust
//!
//! It lies in the user's own cache, not in the workspace, so that nobody can deliver a workspace together with the memory
//! that all has been said.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::check::Finding;
use crate::policy::Judged;
use crate::scrap::{Scrap, Scraps};

/// The folder of the cache.
const FOLDER: &str = "workspaces";
const ENDING: &str = "json";
/// Bytes of a memory. One of 1,000 findings has a fifth of it.
const MOST_BYTES: u64 = 1024 * 1024;
/// How many sets of findings are remembered as said. A workspace has about as many as there are ways to build it.
const MOST_TOLD: usize = 64;
/// How long a remedy that was found, or not, is believed in. Releases appear and are yanked.
const BELIEVED: SignedDuration = SignedDuration::from_hours(7 * 24);
/// What was not written for so long belongs to a workspace that is gone.
const FORGOTTEN: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The memory of one workspace.
#[derive(Debug)]
pub struct Memory {
    scraps: Scraps,
    own: Scrap,
    content: Content,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    /// When each set of findings was warned of last, by the hash of the set.
    told: BTreeMap<String, Timestamp>,
    remedies: Option<Remedies>,
}

/// What was found out about the findings of one Cargo.lock and one index.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Remedies {
    of: Basis,
    found: Timestamp,
    fixable: Vec<Fixable>,
}

/// What remedies depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// Hash of Cargo.lock, in hex.
    pub lockfile: String,
    /// When the index was made.
    pub index: Timestamp,
}

impl Basis {
    /// `lockfile` is what Cargo.lock holds.
    pub fn new(lockfile: &[u8], index: Timestamp) -> Basis {
        Basis {
            lockfile: blake3::hash(lockfile).to_hex().to_string(),
            index,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixable {
    package: String,
    version: Version,
    source: Option<String>,
    id: Option<String>,
    fixable: bool,
}

impl Fixable {
    fn is_of(&self, finding: &Finding<'_>) -> bool {
        let package = finding.package;
        self.package == package.name
            && self.version == package.version
            && self.source == package.source.id
            && self.id.as_deref() == finding.id()
    }
}

impl Memory {
    /// What is remembered of the workspace at `root`.
    pub fn load(cache_dir: &Path, root: &Path) -> Memory {
        let scraps = Scraps::new(cache_dir, FOLDER, &[ENDING]);
        let own = scraps.about(root, ENDING);
        let content = scraps.read(&own, MOST_BYTES).unwrap_or_default();
        Memory {
            scraps,
            own,
            content,
        }
    }

    /// When exactly these findings were warned of last.
    pub fn told(&self, findings: &[&Judged<'_, '_>]) -> Option<Timestamp> {
        self.content.told.get(&set(findings)).copied()
    }

    /// Remembers that these findings were warned of.
    pub fn tell(&mut self, findings: &[&Judged<'_, '_>], now: Timestamp) {
        let told = &mut self.content.told;
        told.insert(set(findings), now);
        while told.len() > MOST_TOLD {
            let oldest = told.iter().min_by_key(|(_, time)| **time);
            let Some(oldest) = oldest.map(|(set, _)| set.clone()) else {
                break;
            };
            told.remove(&oldest);
        }
        self.save();
    }

    /// Whether there is anything to know of findings that were made with the index of this time.
    pub fn knows_remedies(&self, index: Timestamp) -> bool {
        let remedies = self.content.remedies.as_ref();
        remedies.is_some_and(|remedies| remedies.of.index == index)
    }

    /// Whether `finding` has a remedy, where that was found out for the same Cargo.lock and index not long ago.
    pub fn fixable(&self, basis: &Basis, finding: &Finding<'_>, now: Timestamp) -> Option<bool> {
        let remedies = self.content.remedies.as_ref()?;
        let age = now.duration_since(remedies.found);
        if remedies.of != *basis || age < SignedDuration::ZERO || age > BELIEVED {
            return None;
        }
        let mut fixable = remedies.fixable.iter();
        let found = fixable.find(|fixable| fixable.is_of(finding))?;
        Some(found.fixable)
    }

    /// Remembers which findings have a remedy.
    pub fn find<'f>(
        &mut self,
        basis: Basis,
        findings: impl Iterator<Item = (&'f Finding<'f>, bool)>,
        now: Timestamp,
    ) {
        let fixable = findings.map(|(finding, fixable)| Fixable {
            package: finding.package.name.clone(),
            version: finding.package.version.clone(),
            source: finding.package.source.id.clone(),
            id: finding.id().map(str::to_owned),
            fixable,
        });
        self.content.remedies = Some(Remedies {
            of: basis,
            found: now,
            fixable: fixable.collect(),
        });
        self.save();
    }

    /// Writes the memory, all at once, and removes what belongs to workspaces that are gone. Whether that works is of no
    /// account.
    fn save(&self) {
        if self.scraps.write(&self.own, &self.content) {
            self.scraps.forget(FORGOTTEN, SystemTime::now());
        }
    }
}

/// The same for the same findings, in any order.
fn set(findings: &[&Judged<'_, '_>]) -> String {
    let mut keys: Vec<String> = findings
        .iter()
        .map(|judged| {
            let finding = &judged.finding;
            let package = finding.package;
            format!(
                "{:?}",
                (
                    &package.name,
                    package.version.to_string(),
                    &package.source.id,
                    finding.id(),
                    finding.kind.as_str(),
                )
            )
        })
        .collect();
    keys.sort_unstable();
    keys.dedup();
    blake3::hash(keys.join("\n").as_bytes())
        .to_hex()
        .to_string()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn memory(folder: &Path) -> Memory {
        Memory::load(folder, Path::new("/work"))
    }

    #[test]
    fn what_is_no_memory_is_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        memory(folder.path()).save();
        let mut written = fs::read_dir(folder.path().join(FOLDER)).unwrap();
        let path = written.next().unwrap().unwrap().path();
        for bytes in [
            b"".to_vec(),
            b"{}".to_vec(),
            b"{\"told\":{},\"remedies\":null,\"more\":1}".to_vec(),
            b"{\"told\":{\"a\":\"yesterday\"},\"remedies\":null}".to_vec(),
            vec![b'['; 100_000],
            vec![b' '; MOST_BYTES as usize + 1],
        ] {
            fs::write(&path, &bytes).unwrap();
            assert!(memory(folder.path()).content.told.is_empty());
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let mut blocked = memory(folder.path());
        blocked.tell(&[], Timestamp::UNIX_EPOCH);
        assert!(memory(folder.path()).content.told.is_empty());
    }

    #[test]
    fn workspaces_have_memories_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::now();
        memory(folder.path()).tell(&[], now);

        assert_eq!(memory(folder.path()).told(&[]), Some(now));
        let other = Memory::load(folder.path(), Path::new("/work2"));
        assert_eq!(other.told(&[]), None);
    }

    #[test]
    fn of_many_sets_the_oldest_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let mut memory = memory(folder.path());
        let time = |n: i64| Timestamp::from_second(1_700_000_000 + n).unwrap();
        let sets = (0..MOST_TOLD).map(|n| (n.to_string(), time(n as i64)));
        memory.content.told = sets.collect();

        memory.tell(&[], time(-1));
        assert_eq!(memory.told(&[]), None);
        memory.tell(&[], time(1000));

        assert_eq!(memory.content.told.len(), MOST_TOLD);
        assert!(!memory.content.told.contains_key("0"));
        assert!(memory.content.told.contains_key("1"));
    }
}
