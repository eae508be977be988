//! What Cargo.lock held where the present work began, read from real git repositories.

use std::fs;
use std::path::{Path, PathBuf};

use cargo_advisory::baseline::{self, Baseline};
use cargo_test_support::compare::assert_e2e;
use cargo_test_support::prelude::IntoData;
use cargo_test_support::{git_process, paths};

mod base;
mod content;
mod history;
mod repository;

/// A work tree of git, in a folder of the test.
struct Work {
    root: PathBuf,
}

impl Work {
    /// An empty repository, where the branch is `main`.
    fn new(name: &str) -> Work {
        let work = Work::at(name);
        fs::create_dir_all(&work.root).unwrap();
        work.git("init --quiet --initial-branch main");
        work.identified()
    }

    /// A repository that there is.
    fn at(name: &str) -> Work {
        Work {
            root: paths::root().join(name),
        }
    }

    /// A clone of this repository as build servers make them, with more words for `git clone`.
    fn clone(&self, name: &str, words: &str) -> Work {
        let url = url::Url::from_file_path(&self.root).unwrap();
        git(
            &paths::root(),
            &format!("clone --quiet {words} {url} {name}"),
        );
        Work::at(name).identified()
    }

    fn identified(self) -> Work {
        self.git("config user.name tests");
        self.git("config user.email tests@tests.example");
        self
    }

    /// Runs git and gives what it printed.
    fn git(&self, line: &str) -> String {
        git(&self.root, line)
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Work {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// Commits all that the work tree holds, and gives the commit.
    fn commit(&self) -> String {
        self.git("add --all");
        self.git("commit --quiet --allow-empty --message change");
        self.git("rev-parse HEAD")
    }

    /// Commits a Cargo.lock with these packages, and gives the commit.
    fn lock(&self, packages: &[&str]) -> String {
        self.write("Cargo.lock", locked(packages)).commit()
    }

    fn lockfile(&self) -> PathBuf {
        self.root.join("Cargo.lock")
    }

    /// Compares with `base`, or else with what is found.
    #[track_caller]
    fn baseline(&self, base: Option<&str>) -> Baseline {
        let read = baseline::read(&self.lockfile(), base);
        read.unwrap_or_else(|error| panic!("{error:#}"))
    }

    #[track_caller]
    fn refuses(&self, base: Option<&str>, expected: impl IntoData) {
        refuses(&self.lockfile(), base, expected);
    }
}

#[track_caller]
fn git(folder: &Path, line: &str) -> String {
    let mut git = git_process(line);
    git.cwd(folder);
    let output = git.exec_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A Cargo.lock with these packages, each `NAME VERSION`.
fn locked(packages: &[&str]) -> String {
    let packages = packages.iter().map(|package| {
        let (name, version) = package.split_once(' ').unwrap();
        format!("\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n")
    });
    format!("version = 4\n{}", packages.collect::<String>())
}

/// The packages of the baseline, each `NAME VERSION`.
#[track_caller]
fn packages(baseline: &Baseline) -> Vec<String> {
    let lockfile = baseline.lockfile.as_ref().expect("there was a Cargo.lock");
    let packages = lockfile.packages.iter();
    packages
        .map(|package| format!("{} {}", package.name, package.version))
        .collect()
}

/// Holds what `baseline::read` says against `expected`, a cause a line.
#[track_caller]
fn refuses(lockfile: &Path, base: Option<&str>, expected: impl IntoData) {
    let error = baseline::read(lockfile, base).expect_err("there is no baseline");
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    assert_e2e().eq(causes.join("\n") + "\n", expected);
}
