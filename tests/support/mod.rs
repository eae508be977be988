//! A world for one test: registries and projects from cargo's own kit, and an advisory database beside them.

#![allow(dead_code, reason = "each theme uses its part")]
#![allow(
    unreachable_pub,
    reason = "what a test uses of it is public to that test"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "tests set up processes themselves"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use cargo::sources::CRATES_IO_INDEX;
use cargo_advisory::index::store::Store;
use cargo_advisory::refresh::Refresh;
use cargo_test_support::compare::assert_e2e;
use cargo_test_support::prelude::IntoData;
use cargo_test_support::registry::Package;
use cargo_test_support::{Execs, Project, execs, git, paths, process};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

pub mod schema;

/// The cargo that is tested.
pub fn cargo_exe() -> PathBuf {
    snapbox::cmd::cargo_bin!("cargo").to_path_buf()
}

/// Runs our cargo with the words of `line`.
pub fn cargo(line: &str) -> Execs {
    let exe = cargo_exe();
    let mut command = process(&exe);
    command.env("CARGO", &exe);
    let mut execs = execs().with_process_builder(command);
    execs.env(REFRESH, "never");
    add_words(&mut execs, line);
    execs
}

/// The variable by which builds start no refresh in tests that are about something else.
pub const REFRESH: &str = "CARGO_ADVISORY_REFRESH";

/// Runs our cargo without root's right to write to any file.
pub fn cargo_without_privileges(app: &Project, line: &str) -> Execs {
    let is_root = app.root().metadata().unwrap().uid() == 0;
    let exe = cargo_exe();
    let mut command = if is_root {
        let mut command = process("setpriv");
        command
            .arg("--bounding-set=-dac_override,-dac_read_search")
            .arg(&exe);
        command
    } else {
        process(&exe)
    };
    command.env("CARGO", &exe).cwd(app.root());
    let mut execs = execs().with_process_builder(command);
    execs.env(REFRESH, "never");
    add_words(&mut execs, line);
    execs
}

/// What tests do with a project.
pub trait ProjectExt {
    /// Runs our cargo with the words of `line` in the project's folder.
    fn cargo(&self, line: &str) -> Execs;
}

impl ProjectExt for Project {
    fn cargo(&self, line: &str) -> Execs {
        let exe = cargo_exe();
        let mut execs = self.process(&exe);
        execs.env("CARGO", exe).env(REFRESH, "never");
        add_words(&mut execs, line);
        execs
    }
}

fn add_words(execs: &mut Execs, line: &str) {
    for word in line.split_ascii_whitespace() {
        execs.arg(word);
    }
}

/// Adds lines of TOML to the configuration of the test's user.
pub fn configure(toml: &str) {
    let path = paths::cargo_home().join("config.toml");
    let mut text = fs::read_to_string(&path).unwrap_or_default();
    write!(text, "\n{toml}\n").unwrap();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// What lies in the default cache directory: the content of each file by its name. What is remembered of the last refresh
/// does not count, see [`record`], nor does the empty file that a refresh locks.
pub fn cached() -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = fs::read_dir(paths::cargo_home().join("advisory")) else {
        return BTreeMap::new();
    };
    entries
        .map(Result::unwrap)
        // Those are what is remembered of workspaces.
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .filter(|(name, _)| !name.ends_with(".refresh") && !name.ends_with(".lock"))
        .collect()
}

/// Where it is remembered what came of the last refresh, for the one list of databases of a test.
pub fn record() -> PathBuf {
    let entries = fs::read_dir(paths::cargo_home().join("advisory")).unwrap();
    let mut paths = entries.map(|entry| entry.unwrap().path());
    paths
        .find(|path| path.extension().is_some_and(|end| end == "refresh"))
        .unwrap()
}

/// What tests do with a command.
pub trait ExecsExt {
    /// Runs the command and compares what it says of itself: its warnings, errors and notes, a line each, and how it
    /// ended unless all went well.
    fn tells(&mut self, expected: impl IntoData);

    /// Runs the command and gives what it wrote to stdout.
    fn run_stdout(&mut self) -> String;

    /// Runs `cargo advisory --format json` and holds each line of the answer against the schema in `docs`.
    fn answers(&mut self) -> Vec<Value>;

    /// [`ExecsExt::answers`] where there is one line.
    fn answer(&mut self) -> Value;

    /// The same for `cargo advisory status --format json`.
    fn status(&mut self) -> Value;
}

impl ExecsExt for Execs {
    #[track_caller]
    fn tells(&mut self, expected: impl IntoData) {
        let output = self.without_status().run();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let mut told = String::new();
        for line in stderr.lines() {
            if ["warning: ", "error: ", "note: "]
                .iter()
                .any(|word| line.starts_with(word))
            {
                writeln!(told, "{line}").unwrap();
            }
        }
        if output.code != Some(0) {
            writeln!(told, "exit code {}", output.code.unwrap_or(-1)).unwrap();
        }
        assert_e2e().eq(told, expected);
    }

    #[track_caller]
    fn run_stdout(&mut self) -> String {
        String::from_utf8(self.run().stdout).unwrap()
    }

    #[track_caller]
    fn answers(&mut self) -> Vec<Value> {
        let text = self.run_stdout();
        let answers: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        for answer in &answers {
            schema::accepts(answer).unwrap_or_else(|error| panic!("{error}\nin {answer:#}"));
        }
        answers
    }

    #[track_caller]
    fn answer(&mut self) -> Value {
        let mut answers = self.answers();
        assert_eq!(answers.len(), 1, "{answers:?}");
        answers.remove(0)
    }

    #[track_caller]
    fn status(&mut self) -> Value {
        let text = self.run_stdout();
        let status: Value = serde_json::from_str(&text).unwrap();
        let accepted = schema::Form::Status.accepts(&status);
        accepted.unwrap_or_else(|error| panic!("{error}\nin {status:#}"));
        status
    }
}

/// An advisory database in RustSec's layout, in a folder.
pub struct Database {
    root: PathBuf,
}

/// The id of the advisory that [`Database::add`] makes when a test does not care.
pub const ID: &str = "RUSTSEC-2020-0001";

impl Database {
    /// An empty database that is the configured one of the test's user.
    pub fn new() -> Database {
        let database = Database::at("advisory-db");
        configure(&format!(
            "[advisory]\ndatabases = ['{}']",
            database.root.display()
        ));
        database
    }

    /// An empty database in the folder `name` of the test.
    pub fn at(name: &str) -> Database {
        let root = paths::root().join(name);
        fs::create_dir_all(root.join("crates")).unwrap();
        Database { root }
    }

    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Adds `advisory`.
    pub fn add(&self, advisory: &Advisory) -> &Database {
        self.file(&advisory.path(), &advisory.text())
    }

    /// Adds any file.
    pub fn file(&self, path: &str, text: &str) -> &Database {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// Commits what the folder holds, as a git repository.
    pub fn commit(&self) -> &Database {
        let repo = git2::Repository::open(&self.root).unwrap_or_else(|_| git::init(&self.root));
        let mut index = repo.index().unwrap();
        index.clear().unwrap();
        index.write().unwrap();
        git::add(&repo);
        git::commit(&repo);
        self
    }

    /// Makes the index as `cargo advisory update` did `hours` ago.
    pub fn index_made(&self, hours: i64) -> &Database {
        let store = Store::new(paths::cargo_home().join("advisory"));
        let refresh = Refresh {
            store: &store,
            databases: &[self.root.to_str().unwrap().to_owned()],
            network: None,
            now: Timestamp::now() - SignedDuration::from_hours(hours),
        };
        refresh.run(&|_, _| {}).unwrap();
        self
    }

    /// Makes the index with `cargo advisory update`.
    pub fn index(&self) -> &Database {
        cargo("advisory update").run();
        self
    }
}

/// One advisory, a vulnerability in every version unless said otherwise.
#[derive(Clone)]
pub struct Advisory {
    id: String,
    package: String,
    title: String,
    date: String,
    head: String,
    patched: Vec<String>,
    unaffected: Vec<String>,
    rest: String,
}

/// A vulnerability of `package` with [`ID`].
pub fn advisory(package: &str) -> Advisory {
    Advisory {
        id: ID.to_owned(),
        package: package.to_owned(),
        title: format!("`{package}` can be attacked"),
        date: "2020-01-01".to_owned(),
        head: String::new(),
        patched: Vec::new(),
        unaffected: Vec::new(),
        rest: String::new(),
    }
}

impl Advisory {
    pub fn id(mut self, id: &str) -> Advisory {
        self.id = id.to_owned();
        self
    }

    pub fn title(mut self, title: &str) -> Advisory {
        self.title = title.to_owned();
        self
    }

    /// The day on which it was reported.
    pub fn date(mut self, date: &str) -> Advisory {
        self.date = date.to_owned();
        self
    }

    /// Patched where this requirement holds: `>= 1.0.1`. There may be several.
    pub fn patched(mut self, requirement: &str) -> Advisory {
        self.patched.push(requirement.to_owned());
        self
    }

    /// Never had the problem where this requirement holds: `< 1.0.0`. There may be several.
    pub fn unaffected(mut self, requirement: &str) -> Advisory {
        self.unaffected.push(requirement.to_owned());
        self
    }

    /// `unsound`, `unmaintained`, `notice`.
    pub fn informational(self, kind: &str) -> Advisory {
        self.field("informational", &format!("\"{kind}\""))
    }

    pub fn malicious(self) -> Advisory {
        self.field("categories", "[\"malicious\"]")
    }

    /// A field of `[advisory]`, as TOML.
    pub fn field(mut self, key: &str, value: &str) -> Advisory {
        writeln!(self.head, "{key} = {value}").unwrap();
        self
    }

    /// Tables behind `[advisory]`, as TOML: `[affected]` and the like.
    pub fn tables(mut self, toml: &str) -> Advisory {
        self.rest = toml.to_owned();
        self
    }

    fn path(&self) -> String {
        format!("crates/{}/{}.md", self.package, self.id)
    }

    pub fn text(&self) -> String {
        let Advisory {
            id,
            package,
            title,
            date,
            head,
            patched,
            unaffected,
            rest,
        } = self;
        format!(
            "```toml\n[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"{date}\"\n{head}\n{rest}\n\
             [versions]\npatched = {patched:?}\nunaffected = {unaffected:?}\n```\n\n# {title}\n\nWhat happens.\n"
        )
    }
}

/// A project `app` with the given lines under `[dependencies]`, and a program that does nothing.
pub fn app(dependencies: &str) -> Project {
    cargo_test_support::project()
        .file("Cargo.toml", &app_manifest(dependencies))
        .file("src/main.rs", "fn main() {}")
        .build()
}

/// [`app`], locked to what the registry has now.
pub fn locked(dependencies: &str) -> Project {
    lock(app(dependencies))
}

/// `app`, locked to what the registry has now.
pub fn lock(app: Project) -> Project {
    app.cargo("generate-lockfile").run();
    app
}

/// The time so many days ago, as registries write it.
pub fn days_ago(days: i64) -> String {
    let then = Timestamp::now() - SignedDuration::from_hours(24 * days);
    then.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A project `app` locked to a version of `gone` that has been yanked since.
pub fn app_locked_to_yanked() -> Project {
    let checksum = Package::new("gone", "1.0.0").yanked(true).publish();
    cargo_test_support::project()
        .file("Cargo.toml", &app_manifest("gone = '1'"))
        .file("src/main.rs", "fn main() {}")
        .file(
            "Cargo.lock",
            &format!(
                "version = 4\n\n\
                 [[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"gone\"]\n\n\
                 [[package]]\nname = \"gone\"\nversion = \"1.0.0\"\n\
                 source = \"registry+{CRATES_IO_INDEX}\"\nchecksum = \"{checksum}\"\n"
            ),
        )
        .build()
}

/// The manifest of [`app`].
pub fn app_manifest(dependencies: &str) -> String {
    format!(
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\n{dependencies}\n"
    )
}
