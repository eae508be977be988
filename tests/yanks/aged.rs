//! Answers that are older than an index may be.

use std::time::SystemTime;

use cargo_advisory::index::store::Store;
use cargo_advisory::index::{Seen, Verify};
use cargo_advisory::yank::{Said, Yanks};
use cargo_test_support::{cargo_test, paths, str};
use jiff::{SignedDuration, Timestamp};

use crate::registry::{Registry, crates_io, lockfile};
use crate::support::{Database, ExecsExt as _, advisory, cargo};

/// A lockfile with `hasty`, which was yanked, and `steady`, and an index that was told so `days` ago and has seen its
/// database just now.
fn told(days: i64) -> Registry {
    let registry = Registry::in_place_of_crates_io();
    registry
        .publish("hasty", "1.0.0")
        .yank("hasty", "1.0.0", true)
        .publish("steady", "1.0.0");
    let database = Database::new();
    database.add(&advisory("other")).index();
    let source = crates_io();
    lockfile(
        "old",
        &[("hasty", "1.0.0", &source), ("steady", "1.0.0", &source)],
    );
    check().run();
    cargo("advisory update").run();

    let store = Store::new(paths::cargo_home().join("advisory"));
    let databases = [database.path().to_str().unwrap().to_owned()];
    let index = store.open(&databases, Verify::All).unwrap();
    let mut aged = Yanks::default();
    for (name, of) in index.yanks().unwrap().packages() {
        for (registry, said) in of {
            let asked = said.asked - SignedDuration::from_hours(24 * days);
            let said = said.clone();
            aged.insert(name, registry.clone(), Said { asked, ..said });
        }
    }
    let seen = [Seen {
        checked: Timestamp::now(),
        published: None,
    }];
    let now = SystemTime::now();
    store.seen_again(&databases, &seen, &aged, now).unwrap();
    registry
}

fn check() -> cargo_test_support::Execs {
    cargo("advisory check --lockfile old/Cargo.lock")
}

#[cargo_test]
fn an_answer_in_age_counts() {
    let _registry = told(13);

    check()
        .with_stderr_data(str![[r#"
     Checked 3 packages against 1 advisory of an index less than a minute old

"#]])
        .run();
    let answer = check().arg("--format=json").answer();
    assert_eq!(answer["yanks"]["known"], 2);
    assert_eq!(answer["yanks"]["unknown"], 0);
}

/// That it was yanked is told all the same.
#[cargo_test]
fn an_answer_past_the_age_of_an_index_does_not_say_that_nothing_was_yanked() {
    let _registry = told(15);

    check()
        .with_stdout_data(str![[r#"
[ROOT]/old/Cargo.lock
hasty 1.0.0 (unbuilt)
    warn  yanked from its registry

"#]])
        .with_stderr_data(str![[r#"
     Checked 3 packages against 1 advisory of an index less than a minute old; yanks are not known of 1 package, of 1 because registries were asked more than 14 days ago; run `cargo advisory update`

"#]])
        .run();
    let answer = check().arg("--format=json").answer();
    assert_eq!(answer["yanks"]["known"], 1);
    assert_eq!(answer["yanks"]["unknown"], 1);

    cargo("advisory update").tells("");

    let answer = check().arg("--format=json").answer();
    assert_eq!(answer["yanks"]["known"], 2);
    assert_eq!(answer["yanks"]["unknown"], 0);
}

#[cargo_test]
fn how_old_an_answer_may_be_is_configured() {
    let _registry = told(15);

    let answer = check()
        .arg("--format=json")
        .arg("--config=advisory.max-age='20d'")
        .answer();

    assert_eq!(answer["yanks"]["unknown"], 0);
}

/// Tools hear of what is not known, in every answer.
#[cargo_test]
fn json_tells_how_far_yanks_are_known() {
    let _registry = told(0);
    let source = crates_io();
    lockfile(
        "more/one",
        &[("hasty", "1.0.0", &source), ("other", "1.0.0", &source)],
    );
    lockfile("more/two", &[("else", "1.0.0", &source)]);

    let output = cargo("advisory check --recursive more --format json").run();

    let text = String::from_utf8(output.stdout).unwrap();
    let yanks = |line: &str| {
        let answer: serde_json::Value = serde_json::from_str(line).unwrap();
        let yanks = &answer["yanks"];
        (
            yanks["known"].as_u64().unwrap(),
            yanks["unknown"].as_u64().unwrap(),
            yanks["asked"].is_string(),
        )
    };
    let told: Vec<_> = text.lines().map(yanks).collect();
    assert_eq!(told, [(1, 1, true), (0, 1, false)]);
}
