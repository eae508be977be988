//! The age of the index: fresh, worth a note, too old to deny by, or unknown.

use cargo_advisory::index::store::Store;
use cargo_advisory::refresh::Refresh;
use cargo_test_support::cargo_test;
use cargo_test_support::registry::Package;
use cargo_test_support::str;
use cargo_test_support::{Project, paths};
use jiff::{SignedDuration, Timestamp};

use crate::NOTHING;
use crate::support::{Database, ExecsExt as _, ProjectExt as _, advisory, app};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A project that depends on `clean`, and an index of this age, with an advisory about `about`.
fn app_with_index_of_age(age: SignedDuration, about: &str) -> Project {
    Package::new("clean", "1.0.0").publish();
    let database = Database::new();
    database.add(&advisory(about));
    Refresh {
        store: &Store::new(paths::cargo_home().join("advisory")),
        databases: &[database.path().display().to_string()],
        network: None,
        now: Timestamp::now() - age,
    }
    .run(&|_, _| {})
    .unwrap();
    app("clean = '1'")
}

#[cargo_test]
fn within_half_of_its_time_an_index_is_fresh() {
    let app = app_with_index_of_age(DAY * 6, "other");

    app.cargo("check").tells(NOTHING);
    app.cargo("check --deny-advisories").tells(NOTHING);
}

#[cargo_test]
fn past_half_of_its_time_an_index_is_worth_a_note_and_still_denies() {
    let app = app_with_index_of_age(DAY * 8, "other");

    app.cargo("check").tells(str![[r#"
[NOTE] the advisory index is 8 days old; 14 days is the limit (`advisory.max-age`); run `cargo advisory update`

"#]]);
    app.cargo("check --deny-advisories").tells(str![[r#"
[NOTE] the advisory index is 8 days old; 14 days is the limit (`advisory.max-age`); run `cargo advisory update`

"#]]);
}

#[cargo_test]
fn past_its_time_an_index_cannot_pass_a_denial() {
    let app = app_with_index_of_age(DAY * 15, "other");

    app.cargo("check").with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] clean v1.0.0 (registry `dummy-registry`)
[NOTE] the advisory index is 15 days old, over the limit of 14 days (`advisory.max-age`): it was last checked at [..]Z and it is [..]Z now; run `cargo advisory update`
[CHECKING] clean v1.0.0
[CHECKING] app v0.1.0 ([ROOT]/foo)
[FINISHED] `dev` profile [unoptimized + debuginfo] target(s) in [ELAPSED]s

"#]]).run();
    app.cargo("check --deny-advisories").tells(str![[r#"
[ERROR] the advisory index is 15 days old, over the limit of 14 days (`advisory.max-age`): it was last checked at [..]Z and it is [..]Z now; run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn an_index_from_the_future_is_of_unknown_age() {
    let app = app_with_index_of_age(DAY * -3, "other");

    app.cargo("check").tells(str![[r#"
[NOTE] the age of the advisory index is unknown: it was made at [..]Z and it is [..]Z now; set the clock or run `cargo advisory update`

"#]]);
    app.cargo("check --deny-advisories").tells(str![[r#"
[ERROR] the age of the advisory index is unknown: it was made at [..]Z and it is [..]Z now; set the clock or run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn clocks_may_differ_by_less_than_a_day() {
    let app = app_with_index_of_age(SignedDuration::from_hours(-23), "other");

    app.cargo("check").tells(NOTHING);
    app.cargo("check --deny-advisories").tells(NOTHING);
}

#[cargo_test]
fn the_limit_may_be_set() {
    let app = app_with_index_of_age(DAY * 15, "other");

    let with_limit = |limit: &str| {
        let mut check = app.cargo("check --deny-advisories");
        check.env("CARGO_ADVISORY_MAX_AGE", limit);
        check
    };
    with_limit("90d").tells(NOTHING);
    with_limit("359h").tells(str![[r#"
[ERROR] the advisory index is 15 days old, over the limit of 359 hours (`advisory.max-age`): it was last checked at [..]Z and it is [..]Z now; run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
    with_limit("91d").tells(str![[r#"
[ERROR] bad value `91d` for `advisory.max-age` in environment variable `CARGO_ADVISORY_MAX_AGE`; allowed are hours and days such as `36h` and `14d`, at most `90d`
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn a_workspace_cannot_set_the_limit() {
    let app = app_with_index_of_age(DAY * 15, "other");
    app.change_file(".cargo/config.toml", "[advisory]\nmax-age = '90d'\n");

    app.cargo("check --deny-advisories").tells(str![[r#"
[ERROR] `advisory.max-age` may not be set in `[ROOT]/foo/.cargo/config.toml`; set it in the user's own configuration, `[ROOT]/home/.cargo/config.toml`, in the environment or with `--config`
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn what_an_old_index_finds_is_told_with_its_age() {
    let app = app_with_index_of_age(DAY * 15, "clean");

    app.cargo("check").tells(str![[r#"
[WARNING] 1 insecure dependency: clean 1.0.0 (RUSTSEC-2020-0001); index 15 days old; run `cargo advisory` for details

"#]]);
    app.cargo("check --deny-advisories").tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: clean 1.0.0 (RUSTSEC-2020-0001); index 15 days old; run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn quiet_hides_the_note() {
    let app = app_with_index_of_age(DAY * 15, "other");

    app.cargo("check --quiet").with_stderr_data("").run();
}
