//! A git repository whose history a test writes commit by commit.

use std::path::PathBuf;

use cargo_test_support::paths;
use git2::{Oid, Repository, Signature, Time};
use jiff::{SignedDuration, Timestamp};

use crate::support::{advisory, configure};

/// The repository `advisory-db` of the test.
pub(crate) struct History {
    repository: Repository,
}

impl History {
    pub(crate) fn new() -> History {
        let repository = cargo_test_support::git::init(&paths::root().join("advisory-db"));
        History { repository }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.repository.workdir().unwrap().to_owned()
    }

    pub(crate) fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Makes it the database of the test's user by its path.
    pub(crate) fn is_the_database(&self) {
        let path = self.path();
        let path = path.to_str().unwrap().trim_end_matches('/');
        configure(&format!("[advisory]\ndatabases = ['{path}']"));
    }

    /// Commits a database of these advisories of `leaky`, by their number, so many hours ago, and goes there.
    pub(crate) fn commit(
        &self,
        advisories: impl IntoIterator<Item = u32>,
        parent: Option<Oid>,
        hours_ago: i64,
    ) -> Oid {
        let mut leaky = self.repository.treebuilder(None).unwrap();
        for number in advisories {
            let id = format!("RUSTSEC-2020-{number:04}");
            let text = advisory("leaky").id(&id).text();
            let blob = self.repository.blob(text.as_bytes()).unwrap();
            leaky.insert(format!("{id}.md"), blob, 0o100_644).unwrap();
        }
        let mut root = self.repository.treebuilder(None).unwrap();
        if !leaky.is_empty() {
            let mut crates = self.repository.treebuilder(None).unwrap();
            let leaky = leaky.write().unwrap();
            crates.insert("leaky", leaky, 0o040_000).unwrap();
            let crates = crates.write().unwrap();
            root.insert("crates", crates, 0o040_000).unwrap();
        }
        let root = self.repository.find_tree(root.write().unwrap()).unwrap();
        let then = Timestamp::now() - SignedDuration::from_hours(hours_ago);
        let time = Time::new(then.as_second(), 0);
        let author = Signature::new("a test", "test@tests.example", &time).unwrap();
        let parent = parent.map(|parent| self.repository.find_commit(parent).unwrap());
        let parents: Vec<_> = parent.iter().collect();
        let commit = self
            .repository
            .commit(None, &author, &author, "Change", &root, &parents)
            .unwrap();
        self.go_to(commit);
        commit
    }

    /// Moves the branch, as a forced push does.
    pub(crate) fn go_to(&self, commit: Oid) {
        self.repository
            .reference("refs/heads/main", commit, true, "a test")
            .unwrap();
        self.repository.set_head("refs/heads/main").unwrap();
    }
}
