//! Tools of others on our cargo: each behaves as on the official one.
//!
//! The official cargo is the one of the toolchain that runs the tests. A tool or a cargo that is not installed is
//! skipped, with the reason.

#![allow(clippy::print_stderr, reason = "a test that skips says why")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests set up processes themselves"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cargo_test_support::compare::assert_e2e;
use cargo_test_support::paths::{self, CargoPathExt as _};
use cargo_test_support::registry::Package;
use cargo_test_support::{Project, cargo_test, process, project, str};
use serde_json::Value;

use support::{Database, ProjectExt as _, advisory, app_manifest, cargo_exe};

#[path = "../support/mod.rs"]
mod support;

/// The cargo of the toolchain, unless that is ours.
fn official_cargo() -> Option<PathBuf> {
    let cargo = Path::new(&paths::sysroot())
        .join("bin")
        .join(format!("cargo{}", std::env::consts::EXE_SUFFIX));
    let is_ours = |cargo: &Path| {
        let mut asked = process(cargo);
        asked
            .args(&["advisory", "--help"])
            .exec_with_output()
            .is_ok()
    };
    if !cargo.is_file() {
        eprintln!("skipped: the toolchain has no cargo of its own");
        return None;
    }
    if is_ours(&cargo) {
        eprintln!("skipped: the cargo of the toolchain is ours");
        return None;
    }
    Some(cargo)
}

/// Whether cargo finds this subcommand.
fn is_installed(subcommand: &str) -> bool {
    let program = format!("cargo-{subcommand}");
    let found = process(&program)
        .arg("--version")
        .exec_with_output()
        .is_ok()
        || process(&program).arg("--help").exec_with_output().is_ok();
    if !found {
        eprintln!("skipped: `{program}` is not installed");
    }
    found
}

/// Runs `line` with `cargo` as the one and only, in a target directory of its own.
fn run(cargo: &Path, project: &Project, line: &str) -> Output {
    command(cargo, project, line).output().unwrap()
}

fn command(cargo: &Path, project: &Project, line: &str) -> Command {
    let mut execs = project.process(cargo);
    for word in line.split_ascii_whitespace() {
        execs.arg(word);
    }
    let mut command = execs.build_command();
    // As with a toolchain of which it is part: whoever says `cargo` gets it.
    let own = paths::root().join("bin");
    own.rm_rf();
    own.mkdir_p();
    let name = format!("cargo{}", std::env::consts::EXE_SUFFIX);
    // No copy: while a test has a program open for writing, whatever another test starts keeps it from being run.
    std::fs::hard_link(cargo, own.join(&name)).unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let toolchain = Path::new(&paths::sysroot()).join("bin");
    let folders = [own, toolchain]
        .into_iter()
        .chain(std::env::split_paths(&path));
    command
        .env("PATH", std::env::join_paths(folders).unwrap())
        .env("CARGO", cargo)
        .env("CARGO_TERM_COLOR", "never");
    command
}

/// A package with an insecure dependency, a build script, a proc macro, a test and something for a linter to say.
fn package() -> Project {
    Package::new("leaky", "1.0.0").publish();
    Package::new("mac", "1.0.0").proc_macro(true).publish();
    Database::new().add(&advisory("leaky")).index();
    let package = project()
        .file(
            "Cargo.toml",
            &app_manifest("leaky = '1'\nmac = '1'").replace("app", "shop"),
        )
        .file("build.rs", "fn main() {}\n")
        .file(
            "src/lib.rs",
            "pub fn price(of: u32) -> u32 {\n    return of + 1;\n}\n\n\
             #[cfg(test)]\nmod tests {\n    #[test]\n    fn price() {\n        \
             assert_eq!(super::price(1), 2);\n    }\n}\n",
        )
        .build();
    package.cargo("generate-lockfile").run();
    package.cargo("fetch").run();
    package
}

const WARNING: &str = "warning: 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details";

/// Takes the one line out that only our cargo prints.
fn without_warning(stderr: Vec<u8>) -> String {
    let text = String::from_utf8(stderr).unwrap();
    let (ours, others): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| *line == WARNING);
    assert_eq!(ours.len(), 1, "{text}");
    others.iter().map(|line| format!("{line}\n")).collect()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// The lines of a stream of JSON, each of which has to be an object.
fn messages(stdout: Vec<u8>) -> Vec<Value> {
    text(stdout)
        .lines()
        .map(|line| {
            let message: Value =
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in: {line}"));
            assert!(message.is_object(), "{line}");
            message
        })
        .collect()
}

#[cargo_test]
fn metadata_is_the_same() {
    let Some(official) = official_cargo() else {
        return;
    };
    let package = package();
    let line = "metadata --format-version 1 --locked";

    let ours = run(&cargo_exe(), &package, line);
    let theirs = run(&official, &package, line);

    assert!(ours.status.success());
    assert_eq!(text(ours.stderr), text(theirs.stderr));
    // Parsed, since a newer cargo may write a field that an older one does not know.
    let ours: Value = serde_json::from_slice(&ours.stdout).unwrap();
    let theirs: Value = serde_json::from_slice(&theirs.stdout).unwrap();
    assert_eq!(ours["packages"].as_array().unwrap().len(), 3);
    assert_holds(&ours, &theirs, "");
}

/// Whether `newer` says all that `older` does.
fn assert_holds(newer: &Value, older: &Value, place: &str) {
    match (newer, older) {
        (Value::Object(newer), Value::Object(older)) => {
            for (key, value) in older {
                let place = format!("{place}.{key}");
                let found = newer.get(key).unwrap_or_else(|| panic!("no {place}"));
                assert_holds(found, value, &place);
            }
        }
        (Value::Array(newer), Value::Array(older)) => {
            assert_eq!(newer.len(), older.len(), "{place}");
            for (position, (newer, older)) in newer.iter().zip(older).enumerate() {
                assert_holds(newer, older, &format!("{place}[{position}]"));
            }
        }
        _ => assert_eq!(newer, older, "{place}"),
    }
}

#[cargo_test]
fn an_editor_reads_a_check_line_by_line() {
    let package = package();

    let output = run(
        &cargo_exe(),
        &package,
        "check --workspace --all-targets --keep-going --message-format=json-diagnostic-rendered-ansi",
    );

    assert!(output.status.success());
    without_warning(output.stderr);
    let messages = messages(output.stdout);
    let reasons: Vec<&str> = messages
        .iter()
        .map(|message| message["reason"].as_str().unwrap())
        .collect();
    for reason in &reasons {
        assert!(
            [
                "advisory-report",
                "compiler-artifact",
                "compiler-message",
                "build-script-executed",
                "build-finished"
            ]
            .contains(reason),
            "{reason}"
        );
    }
    assert_eq!(reasons.last(), Some(&"build-finished"));
    assert_eq!(messages.last().unwrap()["success"], true);
}

#[cargo_test]
fn an_editor_is_told_the_same_beside_the_report() {
    let Some(official) = official_cargo() else {
        return;
    };
    let package = package();
    let line = "check --workspace --all-targets --message-format=json";
    // What depends on the cargo is in the names of files; the order depends on which job is done first.
    let told = |stdout: Vec<u8>| {
        let mut told: Vec<String> = messages(stdout)
            .iter()
            .filter(|message| message["reason"] != "advisory-report")
            .map(|message| {
                format!(
                    "{} {} {} {}",
                    message["reason"], message["package_id"], message["target"], message["message"]
                )
            })
            .collect();
        told.sort();
        told
    };

    let ours = run(&cargo_exe(), &package, &format!("{line} --target-dir ours"));
    let theirs = run(&official, &package, &format!("{line} --target-dir theirs"));

    assert!(ours.status.success());
    let ours = told(ours.stdout);
    assert!(ours.len() > 4, "{ours:?}");
    assert_eq!(ours, told(theirs.stdout));
}

#[cargo_test]
fn a_denied_check_tells_an_editor_what_was_found_and_nothing_else() {
    let package = package();

    let output = run(
        &cargo_exe(),
        &package,
        "check --message-format=json --deny-advisories",
    );

    assert_eq!(output.status.code(), Some(101));
    let messages = messages(output.stdout);
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["reason"], "advisory-report");
    assert_e2e().eq(text(output.stderr), str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]]);
}

#[cargo_test]
fn clippy_says_the_same_beside_the_warning() {
    let Some(official) = official_cargo() else {
        return;
    };
    if !is_installed("clippy") {
        return;
    }
    let package = package();

    let ours = run(&cargo_exe(), &package, "clippy --target-dir ours");
    let theirs = run(&official, &package, "clippy --target-dir theirs");

    assert_eq!(ours.status.code(), theirs.status.code());
    assert_eq!(text(ours.stdout), text(theirs.stdout));
    let theirs = text(theirs.stderr);
    assert!(theirs.contains("needless_return"), "{theirs}");
    // Two packages without dependencies are compiled in any order.
    let sorted = |text: String| {
        let text = assert_e2e().redactions().redact(&text);
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(without_warning(ours.stderr)), sorted(theirs));
}

#[cargo_test]
fn clippy_hands_a_denial_on() {
    if !is_installed("clippy") {
        return;
    }
    let package = package();

    let output = run(&cargo_exe(), &package, "clippy --deny-advisories");

    assert_eq!(output.status.code(), Some(101));
    assert_e2e().eq(text(output.stderr), str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]]);
}

#[cargo_test]
fn nextest_runs_the_same_tests() {
    let Some(official) = official_cargo() else {
        return;
    };
    if !is_installed("nextest") {
        return;
    }
    let package = package();
    package.change_file(
        "tests/failing.rs",
        "#[test]\nfn fails() {\n    panic!(\"as it should\");\n}\n",
    );
    let line = "nextest run --no-fail-fast --show-progress none --status-level all --final-status-level none";
    // `PASS [   0.003s] shop tests::price`, in the order in which they end.
    let results = |output: &Output| {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let mut results: Vec<String> = text
            .lines()
            .filter_map(|line| {
                let (status, rest) = line.trim().split_once(" [")?;
                let (_, name) = rest.split_once(']')?;
                let name = name.rsplit(") ").next()?.trim();
                ["PASS", "FAIL"]
                    .contains(&status)
                    .then(|| format!("{status} {name}"))
            })
            .collect();
        results.sort();
        results
    };

    let ours = run(&cargo_exe(), &package, &format!("{line} --target-dir ours"));
    let theirs = run(&official, &package, &format!("{line} --target-dir theirs"));

    let stderr = String::from_utf8_lossy(&ours.stderr);
    assert_eq!(
        results(&ours),
        ["FAIL shop::failing fails", "PASS shop tests::price"],
        "{stderr}"
    );
    assert_eq!(results(&ours), results(&theirs));
    assert_eq!(ours.status.code(), theirs.status.code());
    assert_eq!(text(ours.stdout), text(theirs.stdout));
    assert!(stderr.contains(WARNING), "{stderr}");
}

#[cargo_test]
fn nextest_stops_at_a_denial() {
    if !is_installed("nextest") {
        return;
    }
    let package = package();

    let output = command(&cargo_exe(), &package, "nextest run")
        .env("CARGO_BUILD_WARNINGS", "deny")
        .output()
        .unwrap();

    let stderr = text(output.stderr);
    assert_eq!(output.status.code(), Some(101), "{stderr}");
    assert!(
        stderr.contains("error: 1 insecure dependency denied by `build.warnings`: leaky 1.0.0"),
        "{stderr}"
    );
    assert!(!stderr.contains("Compiling"), "{stderr}");
}

#[cargo_test]
fn fmt_finds_and_mends_the_same() {
    let Some(official) = official_cargo() else {
        return;
    };
    if !is_installed("fmt") {
        return;
    }
    let package = package();
    package.change_file("src/lib.rs", "pub   fn price( ) { }\n");

    let ours = run(&cargo_exe(), &package, "fmt --check");
    let theirs = run(&official, &package, "fmt --check");

    assert_eq!(ours.status.code(), Some(1));
    assert_eq!(theirs.status.code(), Some(1));
    assert_eq!(text(ours.stdout), text(theirs.stdout));
    assert_eq!(text(ours.stderr), text(theirs.stderr));
    assert!(run(&cargo_exe(), &package, "fmt").status.success());
    assert_eq!(package.read_file("src/lib.rs"), "pub fn price() {}\n");
}

/// Whatever calls `cargo` again gets the one that it was called by.
#[cfg(unix)]
#[cargo_test]
fn a_subcommand_of_others_is_told_of_our_cargo() {
    let package = package();
    let bin = paths::cargo_home().join("bin");
    bin.mkdir_p();
    let tool = bin.join("cargo-ask");
    let script = paths::root().join("ask");
    std::fs::write(
        &script,
        "#!/bin/sh\n\"$CARGO\" check --quiet && echo checked\n",
    )
    .unwrap();
    // Written by another process, for the reason above.
    let install = Command::new("install")
        .args(["-m", "755"])
        .args([&script, &tool])
        .status();
    assert!(install.unwrap().success());

    let quiet = run(&cargo_exe(), &package, "ask");
    let denied = command(&cargo_exe(), &package, "ask")
        .env("CARGO_ADVISORY_VULNERABILITY", "deny")
        .output()
        .unwrap();

    assert_eq!(text(quiet.stdout), "checked\n");
    assert_eq!(text(quiet.stderr), "");
    assert_e2e().eq(text(denied.stderr), str![[r#"
[ERROR] 1 insecure dependency denied by `advisory.vulnerability`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]]);
    assert_eq!(text(denied.stdout), "");
}

/// So that a user can go back and forth.
#[cargo_test]
fn the_official_cargo_does_not_mind_our_configuration() {
    let Some(official) = official_cargo() else {
        return;
    };
    let package = package();
    package.change_file(
        ".cargo/config.toml",
        "[advisory]\nvulnerability = 'deny'\ndatabases = ['more']\n",
    );

    let output = run(&official, &package, "check");

    let stderr = text(output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(!stderr.contains("warning"), "{stderr}");
    assert!(!stderr.contains("advisory"), "{stderr}");
}

/// The other cargo's artifacts are as good as one's own where the versions agree; at the least nothing is damaged.
#[cargo_test]
fn both_can_take_turns_in_one_target_directory() {
    let Some(official) = official_cargo() else {
        return;
    };
    let package = package();

    for cargo in [&cargo_exe(), &official, &cargo_exe(), &official] {
        let output = run(cargo, &package, "check");

        assert!(output.status.success(), "{}", text(output.stderr));
    }
}
