//! What registries have answered, as it is kept from one refresh to the next, so that the next answer can be "as before".
//!
//! Cargo's own cache of the same answers is neither read nor written: cargo does so under a lock that builds wait for. One
//! file that is damaged, too long or somebody else's is as good as none: then everything is answered in full once more.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::answer::Release;
use crate::index::store::{Beside, Store};
use crate::sealed;

/// Bytes of the file. 5,000 packages have some 2 million, and [never](super::budget) 15.
const MOST_BYTES: u64 = 24 * 1024 * 1024;

/// The answers of all registries, by the URL of the index that was asked, and then by package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kept(BTreeMap<String, BTreeMap<String, Answer>>);

/// The last full answer about one package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What the server calls this answer.
    etag: Option<String>,
    /// The server's date of it.
    modified: Option<String>,
    /// Every version, the yanked ones with `!` behind them, apart by spaces.
    versions: String,
}

impl Answer {
    /// `etag` and `modified` are what the server sent along, fit to be sent back.
    pub fn new(etag: Option<String>, modified: Option<String>, releases: &[Release]) -> Answer {
        let versions: Vec<String> = releases
            .iter()
            .map(|(version, yanked)| format!("{version}{}", if *yanked { "!" } else { "" }))
            .collect();
        Answer {
            etag,
            modified,
            versions: versions.join(" "),
        }
    }

    /// The lines of a request that ask whether the answer is still the same. None where the server cannot tell.
    pub fn condition(&self) -> Option<String> {
        match (&self.etag, &self.modified) {
            (Some(etag), _) => Some(format!("If-None-Match: {etag}")),
            (None, Some(modified)) => Some(format!("If-Modified-Since: {modified}")),
            (None, None) => None,
        }
    }

    /// Bytes that are kept of it, more or less.
    pub(super) fn weight(&self) -> usize {
        let validators = [&self.etag, &self.modified].into_iter().flatten();
        self.versions.len() + validators.map(String::len).sum::<usize>()
    }

    /// None if there is something that is no version.
    pub fn releases(&self) -> Option<Vec<Release>> {
        let words = self.versions.split(' ').filter(|word| !word.is_empty());
        words
            .map(|word| {
                let version = word.strip_suffix('!');
                let yanked = version.is_some();
                Some((version.unwrap_or(word).parse().ok()?, yanked))
            })
            .collect()
    }
}

impl Kept {
    /// What the registry whose index is at `url` has answered about the package `name`.
    pub fn of(&self, url: &str, name: &str) -> Option<&Answer> {
        self.0.get(url)?.get(name)
    }

    pub fn insert(&mut self, url: &str, name: &str, answer: Answer) {
        let of = self.0.entry(url.to_owned()).or_default();
        of.insert(name.to_owned(), answer);
    }

    /// The answers beside the index of these databases. None at all where there is no sound file.
    pub fn load(store: &Store, databases: &[String]) -> Kept {
        let bytes = store.read_beside(databases, Beside::Registries, MOST_BYTES);
        bytes.and_then(|bytes| read(&bytes)).unwrap_or_default()
    }

    /// Puts them in the place of those that are there.
    ///
    /// # Errors
    ///
    /// When the folder cannot be written to.
    pub fn save(&self, store: &Store, databases: &[String]) -> anyhow::Result<()> {
        let bytes = sealed::seal(&serde_json::to_vec(self)?);
        store.write_beside(databases, Beside::Registries, &bytes)
    }
}

fn read(bytes: &[u8]) -> Option<Kept> {
    serde_json::from_slice(sealed::open(bytes)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn releases() -> Vec<Release> {
        vec![
            ("1.0.0".parse().unwrap(), false),
            ("1.0.1-rc.1+b".parse().unwrap(), true),
        ]
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().join("cache"));
        assert_eq!(Kept::load(&store, &[]), Kept::default());
        let mut kept = Kept::default();
        let answer = Answer::new(Some("\"1\"".to_owned()), None, &releases());
        kept.insert("https://r.example/", "a", answer);

        kept.save(&store, &[]).unwrap();

        let loaded = Kept::load(&store, &[]);
        assert_eq!(loaded, kept);
        let answer = loaded.of("https://r.example/", "a").unwrap();
        assert_eq!(answer.releases(), Some(releases()));
        assert_eq!(loaded.of("https://s.example/", "a"), None);
    }

    #[test]
    fn a_damaged_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        let mut kept = Kept::default();
        kept.insert("u", "a", Answer::new(None, None, &releases()));
        kept.save(&store, &[]).unwrap();
        let bytes = store
            .read_beside(&[], Beside::Registries, MOST_BYTES)
            .unwrap();
        assert!(read(&bytes).is_some());
        for at in 0..bytes.len() {
            assert_eq!(read(&bytes[..at]), None);
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            assert_eq!(read(&bytes), None, "{at}");
        }
    }

    #[test]
    fn a_server_is_asked_with_the_better_of_what_it_said() {
        let condition = |etag: Option<&str>, modified: Option<&str>| {
            let [etag, modified] = [etag, modified].map(|text| text.map(str::to_owned));
            Answer::new(etag, modified, &[]).condition()
        };
        assert_eq!(
            condition(Some("\"1\""), Some("today")).unwrap(),
            "If-None-Match: \"1\""
        );
        assert_eq!(
            condition(None, Some("today")).unwrap(),
            "If-Modified-Since: today"
        );
        assert_eq!(condition(None, None), None);
    }
}
