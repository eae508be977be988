//! A snapshot goes forward only, and is as old as what its publisher saw.

use std::fs;

use cargo_test_support::registry::Package;
use cargo_test_support::{cargo_test, paths, str};
use jiff::{SignedDuration, Timestamp};

use crate::server::Answer;
use crate::support::{ExecsExt as _, ProjectExt as _, advisory, cached, cargo, locked};
use crate::world::{World, public, refuses};

fn manifest() -> Vec<u8> {
    fs::read(public().join("manifest.json")).unwrap()
}

/// What the user has is of 2 hours ago, what is handed out now of 30.
fn goes_back() -> World {
    let world = World::new();
    world.database.add(&advisory("leaky"));
    world.publish(30);
    let old = manifest();
    world.publish(2);
    cargo("advisory update").run();
    fs::write(public().join("manifest.json"), old).unwrap();
    world
}

#[cargo_test]
fn an_older_snapshot_is_refused_until_there_is_a_newer_one() {
    Package::new("fine", "1.0.0").publish();
    let world = goes_back();

    refuses(str![[r#"
[UPDATING] advisory database `sparse+https://127.0.0.1:[..]/public/`
[ERROR] the database `sparse+https://127.0.0.1:[..]/public/` was refused, and the index stays as it is

Caused by:
  its publisher looked for news at [..]Z, and at [..]Z for what the index was made from: it is an old snapshot; whoever knows that this is right runs `cargo advisory update --accept-rewrite sparse+https://127.0.0.1:[..]/public/`

"#]]);
    // What was kept of it meanwhile does not change that.
    refuses(str![[r#"
...
  its publisher looked for news at [..]
"#]]);

    locked("fine = '1'").cargo("check").tells(str![[r#"
[NOTE] the last refresh of the advisory index, less than a minute ago, was refused; `cargo advisory status` shows why

"#]]);
    world.publish(1);
    cargo("advisory update").run();
}

#[cargo_test]
fn who_knows_that_an_older_one_is_right_can_say_so() {
    let world = goes_back();

    cargo(&format!("advisory update --accept-rewrite {}", world.url()))
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `sparse+https://127.0.0.1:[..]/public/`
[WARNING] the database `sparse+https://127.0.0.1:[..]/public/` was taken, as `--accept-rewrite` says: its publisher looked for news at [..]Z, and at [..]Z for what the index was made from: it is an old snapshot
     Updated index to 1 advisory (1 vulnerability)

"#]])
        .run();

    cargo("advisory status")
        .with_stdout_contains("    checked  [..]Z, 30 hours ago")
        .run();
}

#[cargo_test]
fn an_index_that_is_damaged_does_not_let_a_snapshot_go_back() {
    let world = goes_back();
    let mut names = cached().into_keys();
    let name = names.find(|name| name.ends_with(".bin")).unwrap();
    fs::write(paths::cargo_home().join("advisory").join(name), "rubbish").unwrap();

    refuses(str![[r#"
...
  its publisher looked for news at [..]
"#]]);

    world.publish(1);
    cargo("advisory update").run();
}

/// As a publisher does whose clone was reset, with a new look at it.
#[cargo_test]
fn a_database_within_it_does_not_go_back() {
    let world = World::new();
    world.database.add(&advisory("leaky")).commit();
    world.publish(2);
    cargo("advisory update").run();
    let commit = |key: &str, value: serde_json::Value| {
        world.is_well();
        world.publish(1);
        let mut manifest: serde_json::Value = serde_json::from_slice(&manifest()).unwrap();
        manifest["databases"][0][key] = value;
        let answer = Answer::status("200 OK").body(manifest.to_string());
        world.answers("manifest.json", answer);
    };

    commit("committed", "2020-01-01T00:00:00Z".into());
    refuses(str![[r#"
...
  `[..]` within it is at a commit of 2020-01-01T00:00:00Z, and at one of [..]Z in what the index was made from: it is an old snapshot; whoever knows that this is right runs `cargo advisory update --accept-rewrite sparse+https://127.0.0.1:[..]/public/`

"#]]);

    commit("committed", serde_json::Value::Null);
    refuses(str![[r#"
...
  `[..]` within it is at no commit, and at one of [..]Z in what the index was made from: it is an old snapshot; whoever knows that this is right runs `cargo advisory update --accept-rewrite sparse+https://127.0.0.1:[..]/public/`

"#]]);
}

#[cargo_test]
fn advisories_do_not_vanish() {
    let world = World::new();
    for number in 1..=4 {
        let id = format!("RUSTSEC-2020-{number:04}");
        world.database.add(&advisory("leaky").id(&id));
    }
    world.publish(3);
    cargo("advisory update").run();
    // The publisher has a new cache, which knows of nothing that could be gone.
    fs::remove_dir_all(paths::root().join("publisher")).unwrap();
    for number in 2..=3 {
        let id = format!("RUSTSEC-2020-{number:04}.md");
        fs::remove_file(world.database.path().join("crates/leaky").join(id)).unwrap();
    }
    world.publish(1);

    refuses(str![[r#"
[UPDATING] advisory database `sparse+https://127.0.0.1:[..]/public/`
[ERROR] the database `sparse+https://127.0.0.1:[..]/public/` was refused, and the index stays as it is

Caused by:
  2 of its 4 advisories are gone, and no more than 1 in 100 may go at once; whoever knows that this is right runs `cargo advisory update --accept-rewrite sparse+https://127.0.0.1:[..]/public/`

"#]]);
}

#[cargo_test]
fn a_look_from_tomorrow_is_taken_and_one_from_next_week_is_not() {
    let world = World::new();
    world.database.add(&advisory("leaky"));
    world.publish(1);
    let looked = |hours: i64| {
        let mut manifest: serde_json::Value = serde_json::from_slice(&manifest()).unwrap();
        let then = Timestamp::now() + SignedDuration::from_hours(hours);
        manifest["databases"][0]["checked"] = then.to_string().into();
        let answer = Answer::status("200 OK").body(manifest.to_string());
        world.answers("manifest.json", answer);
    };

    looked(24 * 7);
    refuses(str![[r#"
[UPDATING] advisory database `sparse+https://127.0.0.1:[..]/public/`
[ERROR] the database `sparse+https://127.0.0.1:[..]/public/` was refused, and the index stays as it is

Caused by:
  its publisher looked for news at [..]Z, which lies in the future, for it is [..]Z now; set the clock, or have its publisher set theirs and make it again

"#]]);
    cargo(&format!("advisory update --accept-rewrite {}", world.url()))
        .with_status(101)
        .with_stderr_contains(
            "  its publisher looked for news at [..]Z, which lies in the future, [..]",
        )
        .run();

    looked(20);
    cargo("advisory update").run();
    cargo("advisory status")
        .with_stdout_contains("    checked  [..]Z, less than a minute ago")
        .run();
}

/// A mirror that hands out the same for ever hides what is new. The age tells.
#[cargo_test]
fn a_frozen_mirror_goes_stale() {
    Package::new("fine", "1.0.0").publish();
    let world = World::configured("max-age = '36h'");
    world.database.add(&advisory("leaky"));
    world.publish(20);
    let app = locked("fine = '1'");
    cargo("advisory update").tells(str![[r#"
[WARNING] the publisher of `sparse+https://127.0.0.1:[..]/public/` has not looked for news for 20 hours, with a limit of 36 hours (`advisory.max-age`); have them look, or set `advisory.databases` to another database

"#]]);
    app.cargo("check").tells(str![[r#"
[NOTE] the advisory index is 20 hours old; 36 hours is the limit (`advisory.max-age`); at the last update the publisher of `sparse+https://127.0.0.1:[..]/public/` had not looked for news since; once they have, run `cargo advisory update`

"#]]);

    // Two asked for the first time now, when nobody has looked for 40 hours.
    fs::remove_dir_all(paths::root().join("publisher")).unwrap();
    fs::remove_dir_all(paths::cargo_home().join("advisory")).unwrap();
    world.publish(40);
    for _ in 0..2 {
        cargo("advisory update").tells(str![[r#"
[WARNING] the publisher of `sparse+https://127.0.0.1:[..]/public/` has not looked for news for 40 hours, over the limit of 36 hours (`advisory.max-age`); have them look, or set `advisory.databases` to another database

"#]]);
        app.cargo("check --deny-advisories").tells(str![[r#"
[ERROR] the advisory index is 40 hours old, over the limit of 36 hours (`advisory.max-age`): it was last checked at [..]Z and it is [..]Z now; at the last update the publisher of `sparse+https://127.0.0.1:[..]/public/` had not looked for news since; once they have, run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
    }

    // Somebody has looked again.
    world.publish(1);
    cargo("advisory update").tells("");
    app.cargo("check --deny-advisories").tells("");
}
