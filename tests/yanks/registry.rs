//! A sparse registry whose files a test changes as it goes.

#![allow(dead_code, reason = "each theme uses its part")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use cargo::sources::CRATES_IO_INDEX;
use cargo_test_support::paths;

use crate::server::{Answer, Request, Server};
use crate::support::configure;

/// How Cargo.lock writes crates.io.
pub(crate) fn crates_io() -> String {
    format!("registry+{CRATES_IO_INDEX}")
}

/// A running registry. It answers conditional requests as the real ones do.
pub(crate) struct Registry {
    server: Server,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The versions of each package and whether they are yanked.
    packages: BTreeMap<String, Vec<(String, bool)>>,
    /// What is answered instead, by the path below `/index/`; empty for every path.
    instead: BTreeMap<String, Option<Answer>>,
    token: Option<String>,
}

impl Registry {
    /// An empty registry that nobody knows of, behind a certificate that the test's user trusts.
    pub(crate) fn new() -> Registry {
        let state = Arc::new(Mutex::new(State::default()));
        let server = Server::new({
            let state = state.clone();
            move |request| state.lock().unwrap().answer(request)
        });
        // All servers of a test are trusted together.
        let pem = fs::read_to_string(server.certificate()).unwrap();
        let all = paths::root().join("authorities.pem");
        let known = fs::read_to_string(&all);
        if known.is_err() {
            configure(&format!("[http]\ncainfo = '{}'", all.display()));
        }
        fs::write(&all, known.unwrap_or_default() + &pem).unwrap();
        Registry { server, state }
    }

    /// The mirror that the test's user has in the place of crates.io.
    pub(crate) fn in_place_of_crates_io() -> Registry {
        let registry = Registry::new();
        configure(&format!(
            "[source.crates-io]\nreplace-with = 'mirror'\n\n[source.mirror]\nregistry = '{}'",
            registry.source()
        ));
        registry
    }

    /// How Cargo.lock writes it.
    pub(crate) fn source(&self) -> String {
        format!("sparse+{}", self.server.url("index/"))
    }

    pub(crate) fn publish(&self, name: &str, version: &str) -> &Registry {
        self.change(|state| {
            let versions = state.packages.entry(name.to_owned()).or_default();
            versions.push((version.to_owned(), false));
        })
    }

    pub(crate) fn yank(&self, name: &str, version: &str, yanked: bool) -> &Registry {
        self.change(|state| {
            let versions = state.packages.get_mut(name).unwrap();
            let known = versions.iter_mut().find(|(known, _)| known == version);
            known.unwrap().1 = yanked;
        })
    }

    pub(crate) fn remove(&self, name: &str, version: &str) -> &Registry {
        self.change(|state| {
            let versions = state.packages.get_mut(name).unwrap();
            versions.retain(|(known, _)| known != version);
            if versions.is_empty() {
                state.packages.remove(name);
            }
        })
    }

    /// Has the registry answer this for the file at `path`, or for every one where that is empty; None hangs.
    pub(crate) fn answer_instead(&self, path: &str, answer: Option<Answer>) -> &Registry {
        self.change(|state| {
            state.instead.insert(path.to_owned(), answer);
        })
    }

    /// Has it answer as it should again.
    pub(crate) fn recover(&self) -> &Registry {
        self.change(|state| state.instead.clear())
    }

    /// Has it answer those alone that show this token.
    pub(crate) fn require(&self, token: &str) -> &Registry {
        self.change(|state| state.token = Some(token.to_owned()))
    }

    /// The file about `name`, as the registry has it.
    pub(crate) fn file(&self, name: &str) -> String {
        self.state.lock().unwrap().file(name).unwrap()
    }

    /// Everything that was asked so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }

    /// The paths below `/index/` that were asked for so far, by name.
    pub(crate) fn asked(&self) -> Vec<String> {
        let requests = self.requests();
        let below = requests.iter().map(|request| {
            let path = request.path.strip_prefix("/index/");
            path.unwrap_or(&request.path).to_owned()
        });
        let mut asked: Vec<String> = below.collect();
        asked.sort();
        asked
    }

    fn change(&self, change: impl FnOnce(&mut State)) -> &Registry {
        change(&mut self.state.lock().unwrap());
        self
    }
}

impl State {
    fn answer(&self, request: &Request) -> Option<Answer> {
        let path = request.path.strip_prefix("/index/").unwrap_or_default();
        if let Some(instead) = self.instead.get(path).or_else(|| self.instead.get("")) {
            return instead.clone();
        }
        if self.token.is_some() && request.header("authorization") != self.token.as_deref() {
            return Some(Answer::status("401 Unauthorized"));
        }
        if path == "config.json" {
            let required = self.token.is_some();
            let config =
                format!("{{\"dl\":\"https://nowhere.example\",\"auth-required\":{required}}}");
            return Some(Answer::status("200 OK").body(config));
        }
        let name = path.rsplit('/').next().unwrap_or_default();
        let Some(text) = self.file(name) else {
            return Some(Answer::status("404 Not Found"));
        };
        let etag = format!("\"{}\"", blake3::hash(text.as_bytes()).to_hex());
        Some(if request.header("if-none-match") == Some(&*etag) {
            Answer::status("304 Not Modified").header("ETag", &etag)
        } else {
            Answer::status("200 OK").header("ETag", &etag).body(text)
        })
    }

    fn file(&self, name: &str) -> Option<String> {
        let versions = self.packages.get(name)?;
        Some(
            versions
                .iter()
                .map(|(version, yanked)| line(name, version, *yanked))
                .collect(),
        )
    }
}

/// A line of the registry's index.
pub(crate) fn line(name: &str, version: &str, yanked: bool) -> String {
    format!(
        "{{\"name\":\"{name}\",\"vers\":\"{version}\",\"deps\":[],\"cksum\":\"{}\",\"features\":{{}},\"yanked\":{yanked}}}\n",
        "0".repeat(64)
    )
}

/// A Cargo.lock in a folder of its own, with these packages, each as `NAME VERSION SOURCE`.
pub(crate) fn lockfile(folder: &str, packages: &[(&str, &str, &str)]) -> PathBuf {
    let mut text = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n".to_owned();
    for (name, version, source) in packages {
        text.push_str(&format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{source}\"\n"
        ));
    }
    let folder = paths::root().join(folder);
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("Cargo.lock");
    fs::write(&path, text).unwrap();
    path
}
