//! A refresh that was refused: builds go on with the index from before, and say so.

use std::fs;

use cargo_test_support::registry::Package;
use cargo_test_support::{Project, cargo_test, str};

use crate::NOTHING;
use crate::support::{Database, ExecsExt as _, ProjectExt as _, advisory, app, cargo, record};

#[track_caller]
fn fails_to_update() {
    cargo("advisory update")
        .with_status(101)
        .with_stderr_contains("[ERROR] [..]database `[ROOT]/advisory-db`[..]")
        .run();
}

fn numbered(number: u32) -> crate::support::Advisory {
    advisory("leaky").id(&format!("RUSTSEC-2020-000{number}"))
}

/// A database that has lost two of its three advisories since the index was made, so many hours ago, and a project that
/// depends on `clean` and this.
fn refused(dependency: &str, hours: i64) -> (Project, Database) {
    Package::new("clean", "1.0.0").publish();
    Package::new("leaky", "1.0.0").publish();
    let database = Database::new();
    for number in 1..=3 {
        database.add(&numbered(number));
    }
    database.index_made(hours);
    for number in 2..=3 {
        let path = format!("crates/leaky/RUSTSEC-2020-000{number}.md");
        fs::remove_file(database.path().join(path)).unwrap();
    }
    fails_to_update();
    (app(dependency), database)
}

#[cargo_test]
fn a_build_goes_on_with_the_index_from_before_and_says_so_until_it_is_put_right() {
    let (app, database) = refused("clean = '1'", 1);

    app.cargo("check").tells(str![[r#"
[NOTE] the last refresh of the advisory index, less than a minute ago, was refused; `cargo advisory status` shows why

"#]]);
    app.cargo("check --deny-advisories").tells(str![[r#"
[NOTE] the last refresh of the advisory index, less than a minute ago, was refused; `cargo advisory status` shows why

"#]]);

    for number in 2..=3 {
        database.add(&numbered(number));
    }
    database.index();
    app.cargo("check").tells(NOTHING);
}

#[cargo_test]
fn what_the_index_from_before_finds_is_told_with_it() {
    let (app, _) = refused("leaky = '1'", 1);

    app.cargo("check").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0003); last refresh refused; run `cargo advisory` for details

"#]]);
}

#[cargo_test]
fn why_is_told_before_an_age_that_still_holds_and_after_one_that_does_not() {
    let (app, database) = refused("clean = '1'", 24 * 8);

    app.cargo("check").tells(str![[r#"
[NOTE] the last refresh of the advisory index, less than a minute ago, was refused; `cargo advisory status` shows why

"#]]);
    drop(database);
    app.cargo("check")
        .env("CARGO_ADVISORY_MAX_AGE", "7d")
        .tells(str![[r#"
[NOTE] the advisory index is 8 days old, over the limit of 7 days (`advisory.max-age`): it was last checked at [..]Z and it is [..]Z now; run `cargo advisory update`

"#]]);
}

#[cargo_test]
fn details_and_status_tell_it() {
    let (app, _) = refused("clean = '1'", 1);

    let answer = app.cargo("advisory --format json").answer();
    assert_eq!(answer["problems"][0]["code"], "refresh-refused");
    assert_eq!(answer["problems"].as_array().unwrap().len(), 1);
    cargo("advisory status")
        .with_stdout_data(str![[r#"
index [ROOT]/home/.cargo/advisory/index-[..].bin
database [ROOT]/advisory-db
    folder, no commit
    checked  [..]Z, 1 hour ago
last refresh refused
    tried    [..]Z, less than a minute ago
    the database `[ROOT]/advisory-db` was refused, and the index stays as it is: 2 of its 3 advisories are gone, and no more than 1 in 100 may go at once; whoever knows that this is right runs `cargo advisory update --accept-rewrite [ROOT]/advisory-db`
3 advisories
    malicious          0
    vulnerability      3
    unsound            0
    unmaintained       0
    notice             0
    withdrawn          0
0 files quarantined

"#]])
        .run();
}

/// Age is what tells of that.
#[cargo_test]
fn a_refresh_that_found_nobody_is_no_refusal() {
    Package::new("clean", "1.0.0").publish();
    let database = Database::new();
    database.add(&advisory("leaky")).index();
    fs::rename(database.path(), database.path().with_extension("away")).unwrap();
    fails_to_update();

    app("clean = '1'").cargo("check").tells(NOTHING);
    cargo("advisory status")
        .with_stdout_contains("last refresh failed")
        .with_stdout_contains(
            "    cannot read the database `[ROOT]/advisory-db`: the folder cannot be read: [..]",
        )
        .run();
}

#[cargo_test]
fn an_empty_database_is_a_refusal() {
    Package::new("clean", "1.0.0").publish();
    let database = Database::new();
    database.add(&advisory("leaky")).index();
    fs::remove_dir_all(database.path().join("crates/leaky")).unwrap();
    fails_to_update();

    app("clean = '1'").cargo("check").tells(str![[r#"
[NOTE] the last refresh of the advisory index, less than a minute ago, was refused; `cargo advisory status` shows why

"#]]);
}

/// Whatever lies where the last refresh is remembered, builds do as if there were nothing.
#[cargo_test]
fn what_is_remembered_of_it_can_be_anything() {
    Package::new("clean", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = app("clean = '1'");
    let record = record();

    for bytes in [&b""[..], b"nonsense", &[0; 4096], &[b'['; 200_000]] {
        fs::write(&record, bytes).unwrap();
        app.cargo("check --deny-advisories").tells(NOTHING);
    }
    fs::remove_file(&record).unwrap();
    app.cargo("check --deny-advisories").tells(NOTHING);
    fs::create_dir(&record).unwrap();
    app.cargo("check --deny-advisories").tells(NOTHING);
}
