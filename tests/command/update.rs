//! `cargo advisory update`: databases become the index, or the old index stays.

use std::fs;

use cargo_test_support::paths::{self, CargoPathExt as _};
use cargo_test_support::prelude::*;
use cargo_test_support::registry::Package;
use cargo_test_support::{cargo_test, str};

use crate::support::{
    Advisory, Database, ProjectExt as _, advisory, app, cached, cargo, configure,
};

/// Advisories of every kind, one of them withdrawn.
fn one_of_each() -> Vec<Advisory> {
    vec![
        advisory("evil").id("RUSTSEC-2020-0001").malicious(),
        advisory("leaky").id("RUSTSEC-2020-0002"),
        advisory("shaky")
            .id("RUSTSEC-2020-0003")
            .informational("unsound"),
        advisory("lonely")
            .id("RUSTSEC-2020-0004")
            .informational("unmaintained"),
        advisory("loud")
            .id("RUSTSEC-2020-0005")
            .informational("notice"),
        advisory("fine")
            .id("RUSTSEC-2020-0006")
            .field("withdrawn", "\"2020-02-02\""),
    ]
}

#[cargo_test]
fn a_folder_is_read_and_its_advisories_are_counted() {
    let database = Database::new();
    for advisory in one_of_each() {
        database.add(&advisory);
    }

    cargo("advisory update")
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
     Updated index to 6 advisories (1 malicious, 1 vulnerability, 1 unsound, 1 unmaintained, 1 notice, 1 withdrawn)

"#]])
        .run();
}

#[cargo_test]
fn one_advisory_is_told_in_the_singular() {
    Database::new().add(&advisory("leaky"));

    cargo("advisory update")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
     Updated index to 1 advisory (1 vulnerability)

"#]])
        .run();
}

#[cargo_test]
fn only_one_file_is_left_in_the_cache() {
    let database = Database::new();
    database.add(&advisory("leaky")).index();
    let first: Vec<String> = cached().into_keys().collect();

    database.index();

    assert_eq!(first.len(), 1, "{first:?}");
    assert_eq!(cached().into_keys().collect::<Vec<_>>(), first);
}

#[cargo_test]
fn a_git_repository_is_read_by_its_path() {
    Database::new().add(&advisory("leaky")).commit();

    cargo("advisory update")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
     Updated index to 1 advisory (1 vulnerability)

"#]])
        .run();
    cargo("advisory status")
        .with_stdout_data(str![[r#"
index [ROOT]/home/.cargo/advisory/index-[..].bin
database [ROOT]/advisory-db
    commit   [..] of [..]Z
    checked  [..]Z, less than a minute ago
1 advisory
    malicious          0
    vulnerability      1
    unsound            0
    unmaintained       0
    notice             0
    withdrawn          0
0 files quarantined

"#]])
        .run();
}

#[cargo_test]
fn a_git_repository_is_read_by_its_file_url() {
    let database = Database::at("advisory-db");
    database.add(&advisory("leaky")).commit();
    configure(&format!(
        "[advisory]\ndatabases = ['file://{}']",
        database.path().display()
    ));

    cargo("advisory update")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOTURL]/advisory-db`
     Updated index to 1 advisory (1 vulnerability)

"#]])
        .run();
    cargo("advisory status")
        .with_stdout_data(str![[r#"
index [ROOT]/home/.cargo/advisory/index-[..].bin
database [ROOTURL]/advisory-db
    commit   [..] of [..]Z
    checked  [..]Z, less than a minute ago
1 advisory
    malicious          0
    vulnerability      1
    unsound            0
    unmaintained       0
    notice             0
    withdrawn          0
0 files quarantined

"#]])
        .run();
}

#[cargo_test]
fn of_a_git_repository_only_what_is_committed_counts() {
    let database = Database::new();
    database.add(&advisory("leaky")).commit();
    database.add(&advisory("draft").id("RUSTSEC-2020-0002"));

    cargo("advisory update")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
     Updated index to 1 advisory (1 vulnerability)

"#]])
        .run();
}

#[cargo_test]
fn a_new_commit_is_seen_by_the_next_update() {
    let database = Database::new();
    database.add(&advisory("leaky")).commit().index();
    database
        .add(&advisory("shaky").id("RUSTSEC-2020-0002"))
        .commit();

    cargo("advisory update")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
     Updated index to 2 advisories (2 vulnerability)

"#]])
        .run();
}

#[cargo_test]
fn of_two_databases_with_the_same_id_the_first_wins() {
    Package::new("leaky", "1.0.0").publish();
    let first = Database::at("first");
    first.add(&advisory("leaky").title("what the first says"));
    let second = Database::at("second");
    second
        .add(&advisory("leaky").title("what the second says"))
        .add(&advisory("other").id("RUSTSEC-2020-0002"));
    configure(&format!(
        "[advisory]\ndatabases = ['{}', '{}']",
        first.path().display(),
        second.path().display()
    ));

    cargo("advisory update")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/first`
[UPDATING] advisory database `[ROOT]/second`
     Updated index to 2 advisories (2 vulnerability)

"#]])
        .run();
    app("leaky = '1'")
        .cargo("advisory")
        .with_stdout_data(str![[r#"
leaky 1.0.0 (runtime)
    app 0.1.0 → leaky 1.0.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          what the first says
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]])
        .run();
}

#[cargo_test]
fn a_file_that_is_not_understood_is_set_aside_and_the_others_are_read() {
    Database::new()
        .add(&advisory("leaky"))
        .file("crates/odd/RUSTSEC-2020-0009.md", "no front matter\n");

    cargo("advisory update")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
     Updated index to 1 advisory (1 vulnerability); 1 file was not understood, `cargo advisory status` shows why

"#]])
        .run();
}

/// A database is read once, then something happens to it.
fn an_update_that_fails_leaves_the_index(damage: impl FnOnce(&Database), expected: impl IntoData) {
    let database = Database::new();
    database.add(&advisory("leaky")).index();
    let before = cached();
    damage(&database);

    cargo("advisory update")
        .with_status(101)
        .with_stdout_data("")
        .with_stderr_data(expected)
        .run();

    assert!(!before.is_empty());
    assert_eq!(cached(), before);
}

#[cargo_test]
fn a_database_that_is_gone_leaves_the_old_index() {
    an_update_that_fails_leaves_the_index(
        |database| database.path().rm_rf(),
        str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
[ERROR] cannot read the database `[ROOT]/advisory-db`

Caused by:
  the folder cannot be read

Caused by:
  [NOT_FOUND]

"#]],
    );
}

#[cargo_test]
fn a_folder_that_is_no_database_leaves_the_old_index() {
    an_update_that_fails_leaves_the_index(
        |database| {
            database.path().join("crates").rm_rf();
            database.file("README.md", "something else");
        },
        str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
[ERROR] cannot read the database `[ROOT]/advisory-db`

Caused by:
  it is not an advisory database: it has no folder `crates`

"#]],
    );
}

#[cargo_test]
fn a_database_that_is_a_file_leaves_the_old_index() {
    an_update_that_fails_leaves_the_index(
        |database| {
            database.path().rm_rf();
            fs::write(database.path(), "a file").unwrap();
        },
        str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
[ERROR] cannot read the database `[ROOT]/advisory-db`

Caused by:
  the folder cannot be read

Caused by:
  Not a directory (os error 20)

"#]],
    );
}

#[cargo_test]
fn an_empty_database_leaves_the_old_index() {
    an_update_that_fails_leaves_the_index(
        |database| database.path().join("crates/leaky").rm_rf(),
        str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
[ERROR] cannot read the database `[ROOT]/advisory-db`

Caused by:
  it holds no advisory

"#]],
    );
}

#[cargo_test]
fn a_database_of_nothing_but_withdrawn_advisories_leaves_the_old_index() {
    an_update_that_fails_leaves_the_index(
        |database| {
            database.add(&advisory("leaky").field("withdrawn", "\"2020-02-02\""));
        },
        str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
[ERROR] cannot read the database `[ROOT]/advisory-db`

Caused by:
  it holds no advisory

"#]],
    );
}

#[cargo_test]
fn a_repository_without_a_commit_leaves_the_old_index() {
    an_update_that_fails_leaves_the_index(
        |database| {
            cargo_test_support::git::init(database.path());
        },
        str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
[ERROR] cannot read the database `[ROOT]/advisory-db`

Caused by:
  its `HEAD` leads to no commit; commit something or name a folder

"#]],
    );
}

#[cargo_test]
fn one_bad_database_of_two_leaves_the_old_index() {
    let good = Database::at("good");
    good.add(&advisory("leaky"));
    let bad = Database::at("bad");
    bad.add(&advisory("shaky").id("RUSTSEC-2020-0002"));
    configure(&format!(
        "[advisory]\ndatabases = ['{}', '{}']",
        good.path().display(),
        bad.path().display()
    ));
    good.index();
    let before = cached();
    bad.path().rm_rf();
    good.add(&advisory("leaky").id("RUSTSEC-2020-0003"));

    cargo("advisory update")
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/good`
[UPDATING] advisory database `[ROOT]/bad`
[ERROR] cannot read the database `[ROOT]/bad`

Caused by:
  the folder cannot be read

Caused by:
  [NOT_FOUND]

"#]])
        .run();

    assert_eq!(cached(), before);
}

#[cargo_test]
fn a_damaged_index_is_mended_by_an_update() {
    let database = Database::new();
    database.add(&advisory("leaky")).index();
    for name in cached().keys() {
        fs::write(paths::cargo_home().join("advisory").join(name), "nonsense").unwrap();
    }

    database.index();

    cargo("advisory status")
        .with_stdout_contains("1 advisory")
        .run();
}

#[cargo_test]
fn offline_a_remote_database_is_refused_with_the_reason() {
    configure("[advisory]\ndatabases = ['https://databases.example/advisory-db']");

    cargo("advisory update --offline")
        .with_status(101)
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `https://databases.example/advisory-db`
[ERROR] cannot read the database `https://databases.example/advisory-db`

Caused by:
  it needs the network

"#]])
        .run();
}

#[cargo_test]
fn offline_a_local_database_is_read() {
    Database::new().add(&advisory("leaky"));

    cargo("advisory update --offline")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
     Updated index to 1 advisory (1 vulnerability)

"#]])
        .run();
}

/// A database with this URL is refused without repeating the secret in it.
fn refused(url: &str, expected: impl IntoData) {
    configure(&format!("[advisory]\ndatabases = ['{url}']"));

    cargo("advisory update")
        .with_status(101)
        .with_stdout_data("")
        .with_stderr_does_not_contain("[..]hunter2[..]")
        .with_stderr_data(expected)
        .run();

    assert!(cached().is_empty());
}

#[cargo_test]
fn plain_http_is_refused() {
    refused(
        "http://databases.example/advisory-db",
        str![[r#"
[ERROR] a database cannot be fetched over `http`; allowed are `https://` and `sparse+https://` URLs without a user name, `file://` URLs and absolute paths

"#]],
    );
}

#[cargo_test]
fn ssh_is_refused() {
    refused(
        "ssh://databases.example/advisory-db",
        str![[r#"
[ERROR] a database cannot be fetched over `ssh`; allowed are `https://` and `sparse+https://` URLs without a user name, `file://` URLs and absolute paths

"#]],
    );
}

#[cargo_test]
fn a_user_name_and_password_are_refused_and_not_repeated() {
    refused(
        "https://me:hunter2@databases.example/advisory-db",
        str![[r#"
[ERROR] a database cannot be fetched with a user name; allowed are `https://` and `sparse+https://` URLs without a user name, `file://` URLs and absolute paths

"#]],
    );
}

#[cargo_test]
fn a_token_in_the_query_is_refused_and_not_repeated() {
    refused(
        "https://databases.example/advisory-db?token=hunter2",
        str![[r#"
[ERROR] the URL of a database cannot have a `?` or `#`; allowed are `https://` and `sparse+https://` URLs without a user name, `file://` URLs and absolute paths

"#]],
    );
}

#[cargo_test]
fn the_short_form_of_ssh_is_refused_and_not_repeated() {
    refused(
        "git:hunter2@databases.example:advisory-db",
        str![[r#"
[ERROR] a database cannot be fetched with a user name; allowed are `https://` and `sparse+https://` URLs without a user name, `file://` URLs and absolute paths

"#]],
    );
}
