//! `repeat`: a warning that was said already need not be said again. A denial always is.

use std::fs;

use cargo_test_support::cargo_test;
use cargo_test_support::paths;
use cargo_test_support::registry::Package;
use cargo_test_support::str;
use jiff::{SignedDuration, Timestamp};

use crate::support::{
    Database, ExecsExt as _, ProjectExt as _, advisory, app, app_manifest, locked,
};
use crate::{NOTHING, app_with, set};

const LEAKY: &str = "[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details\n";

#[cargo_test]
fn by_default_and_with_always_each_build_says_it() {
    let app = app_with(&advisory("leaky"));

    app.cargo("check").tells(LEAKY);
    app.cargo("check").tells(LEAKY);
    set(&app, "repeat = 'always'");
    app.cargo("check").tells(LEAKY);
    app.cargo("check").tells(LEAKY);
}

#[cargo_test]
fn the_same_findings_are_said_once() {
    let app = app_with(&advisory("leaky"));
    for repeat in ["on-change", "daily"] {
        set(&app, &format!("repeat = '{repeat}'"));
        forget();

        app.cargo("check").tells(LEAKY);
        app.cargo("check").tells(NOTHING);
        app.cargo("build --release").tells(NOTHING);
    }
}

#[cargo_test]
fn other_findings_are_said_again() {
    let app = app_with(&advisory("leaky"));
    set(&app, "repeat = 'on-change'");
    app.cargo("check").tells(LEAKY);

    let second = advisory("leaky").id("RUSTSEC-2020-0002");
    let database = Database::at("advisory-db");
    database.add(&second).index();

    app.cargo("check").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details

"#]]);
    app.cargo("check").tells(NOTHING);
    // What is known of a set that was there before is not forgotten.
    fs::remove_file(database.path().join("crates/leaky/RUSTSEC-2020-0002.md")).unwrap();
    database.index();
    app.cargo("check").tells(NOTHING);
}

#[cargo_test]
fn another_version_is_another_finding() {
    let app = app_with(&advisory("leaky"));
    set(&app, "repeat = 'on-change'");
    app.cargo("check").tells(LEAKY);

    Package::new("leaky", "1.0.1").publish();
    app.cargo("update").run();

    app.cargo("check").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.1 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]]);
}

#[cargo_test]
fn daily_says_it_again_a_day_later() {
    let app = app_with(&advisory("leaky"));
    set(&app, "repeat = 'daily'");
    app.cargo("check").tells(LEAKY);

    told(SignedDuration::from_hours(23));
    app.cargo("check").tells(NOTHING);
    told(SignedDuration::from_hours(25));
    app.cargo("check").tells(LEAKY);
    app.cargo("check").tells(NOTHING);
    // It was said at a time that is to come: the clock was set back.
    told(SignedDuration::from_hours(-48));
    app.cargo("check").tells(LEAKY);

    set(&app, "repeat = 'on-change'");
    told(SignedDuration::from_hours(24 * 80));
    app.cargo("check").tells(NOTHING);
}

#[cargo_test]
fn a_denial_is_said_every_time() {
    let app = app_with(&advisory("leaky"));
    set(&app, "repeat = 'on-change'");
    app.cargo("check").tells(LEAKY);

    for _ in 0..2 {
        app.cargo("check --deny-advisories").tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    }
}

#[cargo_test]
fn what_was_hidden_was_not_said() {
    let app = app_with(&advisory("leaky"));
    set(&app, "repeat = 'on-change'");

    app.cargo("check --quiet").tells(NOTHING);
    app.cargo("check --config build.warnings='allow'")
        .tells(NOTHING);
    app.cargo("check").tells(LEAKY);
    app.cargo("check").tells(NOTHING);
}

#[cargo_test]
fn cargo_advisory_says_everything_every_time() {
    let app = app_with(&advisory("leaky"));
    set(&app, "repeat = 'on-change'");
    app.cargo("check").tells(LEAKY);

    for _ in 0..2 {
        let text = app.cargo("advisory").run_stdout();
        assert!(text.contains("RUSTSEC-2020-0001"), "{text}");
    }
    // Nor does a build count as told what only `cargo advisory` said.
    forget();
    app.cargo("advisory").run();
    app.cargo("check").tells(LEAKY);
}

#[cargo_test]
fn workspaces_are_told_apart() {
    let first = app_with(&advisory("leaky"));
    let second = cargo_test_support::project()
        .at("second")
        .file("Cargo.toml", &app_manifest("leaky = '1'"))
        .file("src/main.rs", "fn main() {}")
        .file(".cargo/config.toml", "[advisory]\nrepeat = 'on-change'\n")
        .build();
    set(&first, "repeat = 'on-change'");

    first.cargo("check").tells(LEAKY);
    second.cargo("check").tells(LEAKY);
    first.cargo("check").tells(NOTHING);
    second.cargo("check").tells(NOTHING);
}

#[cargo_test]
fn without_a_place_to_remember_each_build_says_it() {
    let app = app_with(&advisory("leaky"));
    set(&app, "repeat = 'on-change'");
    fs::write(paths::cargo_home().join("advisory/workspaces"), "").unwrap();

    app.cargo("check").tells(LEAKY);
    app.cargo("check").tells(LEAKY);
}

#[cargo_test]
fn a_word_that_is_not_known_lists_the_good_ones() {
    Database::new().add(&advisory("leaky")).index();
    let app = app("");
    set(&app, "repeat = 'weekly'");

    for command in ["check", "advisory"] {
        app.cargo(command).tells(str![[r#"
[ERROR] bad value `weekly` for `advisory.repeat` in `[ROOT]/foo/.cargo/config.toml`, line 2; allowed are `always`, `on-change`, `daily`
[EXIT_STATUS] 101

"#]]);
    }
    set(&app, "repeat = 1");
    app.cargo("check").tells(str![[r#"
[ERROR] error in [ROOT]/foo/.cargo/config.toml, line 2: `advisory.repeat` expected a string, but found a integer; allowed are `always`, `on-change`, `daily`
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn where_nothing_is_found_nothing_is_remembered() {
    Package::new("sound", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = locked("sound = '1'");
    set(&app, "repeat = 'on-change'");

    app.cargo("check").tells(NOTHING);

    assert!(!paths::cargo_home().join("advisory/workspaces").exists());
}

/// Removes all memories.
fn forget() {
    let _ = fs::remove_dir_all(paths::cargo_home().join("advisory/workspaces"));
}

/// Has the only memory say that all was told so long ago.
fn told(ago: SignedDuration) {
    let folder = paths::cargo_home().join("advisory/workspaces");
    let entry = fs::read_dir(folder).unwrap().next().unwrap().unwrap();
    let text = fs::read_to_string(entry.path()).unwrap();
    let mut memory: serde_json::Value = serde_json::from_str(&text).unwrap();
    let then = (Timestamp::now() - ago).to_string();
    for time in memory["told"].as_object_mut().unwrap().values_mut() {
        *time = then.clone().into();
    }
    fs::write(entry.path(), memory.to_string()).unwrap();
}
