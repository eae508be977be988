//! A publisher, its web server, and the test's user as one of those who read it.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use cargo_advisory::index::store::Store;
use cargo_advisory::refresh::Refresh;
use cargo_test_support::prelude::IntoData;
use cargo_test_support::{Execs, paths};
use jiff::{SignedDuration, Timestamp};

use crate::server::{Answer, Server};
use crate::support::{Database, cached, cargo, configure};

pub(crate) struct World {
    /// What the publisher makes snapshots of.
    pub(crate) database: Database,
    pub(crate) server: Server,
    /// What the server answers instead of a file, by name.
    answers: Arc<Mutex<HashMap<String, Answer>>>,
}

impl World {
    /// Nothing is published yet, and the user reads what will be.
    pub(crate) fn new() -> World {
        World::configured("")
    }

    /// The same with more lines of TOML in the user's `[advisory]`.
    pub(crate) fn configured(toml: &str) -> World {
        let world = World::unconfigured();
        configure(&format!(
            "[advisory]\ndatabases = ['{}']\n{toml}",
            world.url()
        ));
        world
    }

    /// The same where the user reads nothing.
    pub(crate) fn unconfigured() -> World {
        let answers: Arc<Mutex<HashMap<String, Answer>>> = Arc::default();
        let server = Server::new({
            let answers = answers.clone();
            let folder = public();
            move |request| {
                let name = request.path.strip_prefix("/public/").unwrap_or_default();
                if let Some(answer) = answers.lock().unwrap().get(name) {
                    return Some(answer.clone());
                }
                let Ok(bytes) = fs::read(folder.join(name)) else {
                    return Some(Answer::status("404 Not Found"));
                };
                let etag = format!("\"{}\"", &blake3::hash(&bytes).to_hex()[..16]);
                if request.header("if-none-match") == Some(&etag) {
                    return Some(Answer::status("304 Not Modified"));
                }
                Some(Answer::status("200 OK").header("ETag", &etag).body(bytes))
            }
        });
        server.is_trusted();
        World {
            database: Database::at("advisory-db"),
            server,
            answers,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("sparse+{}/", self.server.url("public"))
    }

    /// The publisher looked at its database so many hours ago, and publishes that.
    pub(crate) fn publish(&self, hours_ago: i64) {
        let refresh = Refresh {
            store: &Store::new(publishers_cache()),
            databases: &[self.database.path().to_str().unwrap().to_owned()],
            network: None,
            now: Timestamp::now() - SignedDuration::from_hours(hours_ago),
        };
        refresh.run(&|_, _| {}).unwrap();
        self.export().run();
    }

    /// The publisher's `cargo advisory export`.
    pub(crate) fn export(&self) -> Execs {
        self.publishers("advisory export public")
    }

    /// Runs our cargo as the publisher.
    pub(crate) fn publishers(&self, line: &str) -> Execs {
        let mut execs = cargo(line);
        execs
            // Cargo joins lists from several places.
            .env("CARGO_HOME", paths::root().join("publishers-home"))
            .env("CARGO_ADVISORY_DATABASES", self.database.path())
            .env("CARGO_ADVISORY_CACHE_DIR", publishers_cache());
        execs
    }

    /// From now on the server answers this instead of the file `name`.
    pub(crate) fn answers(&self, name: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(name.to_owned(), answer);
    }

    /// The server hands out files again.
    pub(crate) fn is_well(&self) {
        self.answers.lock().unwrap().clear();
    }

    /// The names that are asked for while `run` runs.
    pub(crate) fn asked(&self, run: impl FnOnce()) -> Vec<String> {
        let before = self.server.requests().len();
        run();
        let requests = self.server.requests();
        requests[before..]
            .iter()
            .map(|request| {
                let name = request.path.rsplit('/').next().unwrap_or_default();
                match name.strip_suffix(".snapshot") {
                    Some(_) => "the file".to_owned(),
                    None => name.to_owned(),
                }
            })
            .collect()
    }
}

/// The folder that is served.
pub(crate) fn public() -> PathBuf {
    paths::root().join("public")
}

fn publishers_cache() -> PathBuf {
    paths::root().join("publisher")
}

/// The one file of advisories that is served.
pub(crate) fn file() -> PathBuf {
    let entries = fs::read_dir(public()).unwrap();
    let mut files = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "snapshot"));
    let file = files.next().unwrap();
    assert_eq!(files.next(), None);
    file
}

/// The user's indexes, without what else lies beside them.
pub(crate) fn indexes() -> Vec<Vec<u8>> {
    let cached = cached().into_iter();
    cached
        .filter(|(name, _)| name.ends_with(".bin"))
        .map(|(_, bytes)| bytes)
        .collect()
}

/// An update fails, and leaves the index as it is.
#[track_caller]
pub(crate) fn refuses(expected: impl IntoData) {
    let before = indexes();

    cargo("advisory update")
        .with_status(101)
        .with_stdout_data("")
        .with_stderr_data(expected)
        .run();

    assert!(indexes() == before, "the index has changed");
}
