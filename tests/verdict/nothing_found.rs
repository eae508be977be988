//! Where nothing is found a build is cargo's, byte for byte.

use std::fs;

use cargo_test_support::RawOutput;
use cargo_test_support::cargo_test;
use cargo_test_support::registry::Package;
use cargo_test_support::{Project, paths, project};

use crate::support::{Database, ProjectExt as _, advisory, app_manifest};

/// A project with a library, a program, tests and a documented function, and an index without a word on it.
fn app_with_everything() -> Project {
    Package::new("clean", "1.0.0")
        .file("src/lib.rs", "")
        .publish();
    Package::new("building", "1.0.0").publish();
    Package::new("testing", "1.0.0").publish();
    Database::new().add(&advisory("other")).index();
    project()
        .file(
            "Cargo.toml",
            &app_manifest(
                "clean = '1'\n\n[build-dependencies]\nbuilding = '1'\n\n[dev-dependencies]\ntesting = '1'",
            ),
        )
        .file("build.rs", "fn main() { println!(\"cargo::warning=from the build script\"); }")
        .file("src/lib.rs", "/// ```\n/// assert!(true);\n/// ```\npub fn documented() { let unused = 1; }")
        .file("src/main.rs", "fn main() { println!(\"from the program\"); }")
        .file("tests/all.rs", "#[test]\nfn passes() {}")
        .build()
}

/// How a command ended and what it said.
#[derive(Debug, PartialEq)]
struct Said {
    code: Option<i32>,
    stdout: Vec<String>,
    stderr: Vec<String>,
}

/// Runs `line` from scratch, with the check or without.
fn run(app: &Project, line: &str, checked: bool) -> Said {
    app.cargo("clean").run();
    let RawOutput {
        code,
        stdout,
        stderr,
    } = app
        .cargo(line)
        .env("CARGO_BUILD_JOBS", "1")
        .env("RUST_TEST_THREADS", "1")
        .env("CARGO_ADVISORY_ENABLED", checked.to_string())
        .without_status()
        .run();
    Said {
        code,
        stdout: lines(stdout),
        stderr: lines(stderr),
    }
}

/// The lines of `output`, without times, and sorted: cargo does not order jobs that do not wait for each other.
fn lines(output: Vec<u8>) -> Vec<String> {
    let output = String::from_utf8(output).unwrap();
    let output = regex::Regex::new(r"in \d+\.\d\ds")
        .unwrap()
        .replace_all(&output, "in TIMEs");
    let mut lines: Vec<String> = output.split_inclusive('\n').map(str::to_owned).collect();
    lines.sort();
    lines
}

#[cargo_test]
fn every_byte_is_as_without_the_check() {
    let app = app_with_everything();
    app.cargo("fetch").run();

    for line in [
        "build",
        "check --all-targets",
        "run",
        "test",
        "doc",
        "build --verbose",
        "build --message-format=json",
        "test --no-run --message-format=json",
        "check --message-format=short",
        "build --quiet",
    ] {
        assert_eq!(run(&app, line, true), run(&app, line, false), "{line}");
    }
}

#[cargo_test]
fn a_build_that_fails_fails_as_without_the_check() {
    let app = app_with_everything();
    app.cargo("fetch").run();
    app.change_file("src/main.rs", "fn main() { missing() }");

    let checked = run(&app, "build", true);
    assert_eq!(checked.code, Some(101));
    assert_eq!(checked, run(&app, "build", false));
}

#[cargo_test]
fn a_denial_that_finds_nothing_changes_no_byte() {
    let app = app_with_everything();
    app.cargo("fetch").run();

    assert_eq!(
        run(&app, "build --deny-advisories", true),
        run(&app, "build", false)
    );
}

#[cargo_test]
fn a_finding_adds_one_line_to_stderr_and_one_message_for_tools() {
    let app = app_with_everything();
    app.cargo("fetch").run();
    Database::at("advisory-db").add(&advisory("clean")).index();

    let ours = "warning: 1 insecure dependency: clean 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details\n";
    for (line, messages) in [("build --message-format=json", 1), ("test", 0), ("run", 0)] {
        let mut expected = run(&app, line, false);
        expected.stderr.push(ours.to_owned());
        expected.stderr.sort();
        let mut found = run(&app, line, true);
        let all = found.stdout.len();
        let is_ours = |line: &String| line.starts_with("{\"reason\":\"advisory-report\",");
        found.stdout.retain(|line| !is_ours(line));
        assert_eq!(all - found.stdout.len(), messages, "{line}");
        assert_eq!(found, expected, "{line}");
    }
}

#[cargo_test]
fn a_check_writes_no_file() {
    let app = app_with_everything();
    app.cargo("check").run();
    let before = home();

    app.cargo("check").run();
    app.cargo("check --deny-advisories").run();

    assert_eq!(home(), before);
}

/// Each file in the home of the test's user and its content, without what cargo itself writes at each run.
fn home() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = walkdir::WalkDir::new(paths::home())
        .into_iter()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            (
                entry.path().display().to_string(),
                fs::read(entry.path()).unwrap(),
            )
        })
        .filter(|(path, _)| !path.contains(".global-cache"))
        .collect();
    files.sort();
    files
}
