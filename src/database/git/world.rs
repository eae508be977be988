//! A repository for tests, made object by object.

use std::fs;

use gix::objs::tree::{Entry, EntryKind, EntryMode};
use gix::{ObjectId, Repository};
use jiff::Timestamp;

use super::options;
use crate::database::fetch::fetch;
use crate::database::{Known, Loaded, Location, Network, Snapshot, Want, load};
use crate::http::Client;

pub(in crate::database) const START: i64 = 1_700_000_000;

pub(in crate::database) fn known(commit: ObjectId, second: i64) -> Known {
    Known {
        commit: commit.to_string(),
        committed: Timestamp::from_second(second).unwrap(),
    }
}

/// A bare repository.
pub(in crate::database) struct World {
    pub(in crate::database) folder: tempfile::TempDir,
    pub(in crate::database) repo: Repository,
}

impl World {
    pub(in crate::database) fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let repo = gix::ThreadSafeRepository::init_opts(
            folder.path(),
            gix::create::Kind::Bare,
            gix::create::Options::default(),
            options(),
        );
        let repo = repo.unwrap().to_thread_local();
        World { folder, repo }
    }

    pub(in crate::database) fn tree(&self, entries: Vec<(&str, EntryKind, ObjectId)>) -> ObjectId {
        let entries = entries.into_iter().map(|(name, kind, oid)| Entry {
            mode: EntryMode::from(kind),
            filename: name.into(),
            oid,
        });
        let mut tree = gix::objs::Tree {
            entries: entries.collect(),
        };
        tree.entries.sort();
        self.repo.write_object(&tree).unwrap().detach()
    }

    /// The file of a good advisory of `foo`.
    pub(in crate::database) fn advisory(&self, number: u32) -> ObjectId {
        let text = format!(
            "```toml\n[advisory]\nid = \"RUSTSEC-2024-{number:04}\"\npackage = \"foo\"\n\
             date = \"2024-01-02\"\n[versions]\npatched = []\n```\n\n# Title\n\nText.\n"
        );
        self.repo.write_blob(text).unwrap().detach()
    }

    /// The tree of a database: a good advisory of `foo` for each number, and `others`.
    pub(in crate::database) fn database(
        &self,
        numbers: &[u32],
        others: Vec<(&str, EntryKind, ObjectId)>,
    ) -> ObjectId {
        let names: Vec<_> = numbers
            .iter()
            .map(|n| format!("RUSTSEC-2024-{n:04}.md"))
            .collect();
        let mut entries = others;
        for (&number, name) in numbers.iter().zip(&names) {
            entries.push((name, EntryKind::Blob, self.advisory(number)));
        }
        let foo = self.tree(entries);
        let crates = self.tree(vec![("foo", EntryKind::Tree, foo)]);
        self.tree(vec![("crates", EntryKind::Tree, crates)])
    }

    /// Commits at a second after [`START`] and moves the branch there.
    pub(in crate::database) fn commit(
        &self,
        tree: ObjectId,
        parents: &[ObjectId],
        second: i64,
    ) -> ObjectId {
        let signature = gix::actor::Signature {
            name: "A".into(),
            email: "a@example.com".into(),
            time: gix::date::Time::new(START + second, 0),
        };
        let commit = gix::objs::Commit {
            tree,
            parents: parents.iter().copied().collect(),
            author: signature.clone(),
            committer: signature,
            encoding: None,
            message: "M".into(),
            extra_headers: Vec::new(),
        };
        let id = self.repo.write_object(&commit).unwrap().detach();
        self.go_to(id);
        id
    }

    /// Moves the branch to a commit.
    pub(in crate::database) fn go_to(&self, commit: ObjectId) {
        let branch = self.folder.path().join("refs/heads/main");
        fs::create_dir_all(branch.parent().unwrap()).unwrap();
        fs::write(branch, format!("{commit}\n")).unwrap();
    }

    /// Reads the repository as it lies there.
    pub(in crate::database) fn read(&self, known: Option<&Known>) -> anyhow::Result<Loaded> {
        let location = Location::parse(self.folder.path().to_str().unwrap())?;
        load(&location, None, known, &|_| {})
    }

    /// Fetches it as if it were remote; `None` on machines that have no git to serve it.
    pub(in crate::database) fn fetch(
        &self,
        known: Option<&Known>,
    ) -> Option<anyhow::Result<Loaded>> {
        let git = std::process::Command::new("git").arg("--version").output();
        git.ok()?;
        let scratch = tempfile::tempdir().unwrap();
        let network = Network {
            client: Client::new(|_| Ok(()), true),
            scratch: scratch.path().to_owned(),
            keys: Vec::new(),
        };
        let url = url::Url::from_file_path(self.folder.path()).unwrap();
        let loaded = fetch(url.as_str(), &network, known, Want::News, &|_| {});
        assert_eq!(
            fs::read_dir(scratch.path()).unwrap().count(),
            0,
            "nothing is left"
        );
        Some(loaded)
    }
}

pub(in crate::database) fn snapshot(loaded: anyhow::Result<Loaded>) -> Snapshot {
    match loaded.unwrap() {
        Loaded::Snapshot(snapshot) => snapshot,
        Loaded::Unchanged => panic!("it is unchanged"),
    }
}
