//! How little is asked, and how much an answer may hold.

use cargo_test_support::{cargo_test, paths, str};
use filetime::FileTime;
use std::fs;

use crate::registry::{Registry, crates_io, lockfile};
use crate::server::Answer;
use crate::support::{Database, ExecsExt as _, advisory, cargo};

/// `count` packages of crates.io, all of them seen.
fn seen(registry: &Registry, count: usize) {
    let names: Vec<String> = (0..count).map(|number| format!("crate-{number}")).collect();
    let source = crates_io();
    let packages: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), "1.0.0", source.as_str()))
        .collect();
    for name in &names {
        registry.publish(name, "1.0.0");
    }
    Database::new().add(&advisory("other")).index();
    lockfile("old", &packages);
    cargo("advisory check --lockfile old/Cargo.lock").run();
}

#[cargo_test]
fn what_was_answered_is_not_sent_again() {
    let registry = Registry::in_place_of_crates_io();
    seen(&registry, 5);
    cargo("advisory update").run();
    let first = registry.requests();
    assert_eq!(first.len(), 5);
    assert!(
        first
            .iter()
            .all(|request| request.header("if-none-match").is_none())
    );

    registry.yank("crate-3", "1.0.0", true);
    cargo("advisory update").run();

    let second = &registry.requests()[5..];
    assert_eq!(second.len(), 5);
    assert!(
        second
            .iter()
            .all(|request| request.header("if-none-match").is_some())
    );
    let answer = cargo("advisory check --lockfile old/Cargo.lock --format json").answer();
    assert_eq!(answer["findings"][0]["package"], "crate-3");
    assert_eq!(answer["findings"].as_array().unwrap().len(), 1);
}

/// A version that was locked since is compared with what the server said when it last said anything.
#[cargo_test]
fn an_answer_is_good_for_versions_that_were_locked_later() {
    let registry = Registry::in_place_of_crates_io();
    seen(&registry, 2);
    registry
        .publish("crate-1", "2.0.0")
        .yank("crate-1", "2.0.0", true);
    cargo("advisory update").run();
    let source = crates_io();
    lockfile(
        "old",
        &[("crate-1", "2.0.0", &source), ("crate-0", "3.0.0", &source)],
    );

    // Which versions are yanked is known of all of them, and which have vanished after the next question.
    let check = || {
        let answer = cargo("advisory check --lockfile old/Cargo.lock --format json").answer();
        let findings = answer["findings"].as_array().unwrap().clone();
        findings
            .iter()
            .map(|finding| format!("{} {}", finding["package"], finding["vanished"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(check(), ["\"crate-1\" false"]);
    cargo("advisory update").run();
    assert_eq!(check(), ["\"crate-0\" true", "\"crate-1\" false"]);
}

#[cargo_test]
fn what_is_kept_of_answers_is_not_needed() {
    let registry = Registry::in_place_of_crates_io();
    seen(&registry, 2);
    registry.yank("crate-1", "1.0.0", true);
    cargo("advisory update").run();
    let kept = fs::read_dir(paths::cargo_home().join("advisory"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "registries"))
        .unwrap();
    let mut bytes = fs::read(&kept).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&kept, bytes).unwrap();

    cargo("advisory update").run();

    let second = &registry.requests()[2..];
    assert!(
        second
            .iter()
            .all(|request| request.header("if-none-match").is_none())
    );
    cargo("advisory check --lockfile old/Cargo.lock --deny-advisories")
        .with_status(101)
        .with_stderr_data(str![[r#"
     Checked 3 packages against 1 advisory of an index less than a minute old
[ERROR] in `[ROOT]/old/Cargo.lock`

Caused by:
  1 yanked dependency denied by `--deny-advisories`: crate-1 1.0.0 (yanked)

"#]])
        .run();
}

/// A crate with so many releases that its file is asked for apart from the others.
#[cargo_test]
fn a_long_answer_is_read_too() {
    let registry = Registry::in_place_of_crates_io();
    seen(&registry, 2);
    for patch in 0..1000 {
        registry.publish("crate-0", &format!("2.0.{patch}"));
    }
    registry.yank("crate-0", "1.0.0", true);
    let features = format!("\"features2\":{{\"{}\":[]}},\"cksum\"", "x".repeat(2048));
    let file = registry.file("crate-0").replace("\"cksum\"", &features);
    assert!(file.len() > 2 * 1024 * 1024);
    registry.answer_instead("cr/at/crate-0", Some(Answer::status("200 OK").body(file)));

    cargo("advisory update").tells("");

    let answer = cargo("advisory check --lockfile old/Cargo.lock --format json").answer();
    assert_eq!(answer["findings"][0]["package"], "crate-0");
    assert_eq!(registry.requests().len(), 3);
}

#[cargo_test]
fn a_lockfile_that_nobody_has_looked_at_for_long_is_asked_about_no_more() {
    let registry = Registry::in_place_of_crates_io();
    seen(&registry, 1);
    let long_ago = FileTime::from_unix_time(FileTime::now().unix_seconds() - 31 * 24 * 60 * 60, 0);
    let notes = paths::cargo_home().join("advisory/lockfiles");
    for note in fs::read_dir(&notes).unwrap() {
        filetime::set_file_times(note.unwrap().path(), long_ago, long_ago).unwrap();
    }

    cargo("advisory update").run();

    assert_eq!(registry.asked(), [""; 0]);
    assert_eq!(fs::read_dir(&notes).unwrap().count(), 0);
}

#[cargo_test]
fn a_lockfile_that_is_gone_or_broken_keeps_nobody() {
    let registry = Registry::in_place_of_crates_io();
    seen(&registry, 1);
    for folder in ["gone", "broken"] {
        let path = lockfile(folder, &[("crate-0", "1.0.0", &crates_io())]);
        cargo("advisory check --lockfile").arg(&path).run();
    }
    fs::remove_file(paths::root().join("gone/Cargo.lock")).unwrap();
    fs::write(paths::root().join("broken/Cargo.lock"), "<<<<<<<").unwrap();

    cargo("advisory update").tells("");

    assert_eq!(registry.asked(), ["cr/at/crate-0"]);
}
