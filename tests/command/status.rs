//! `cargo advisory status`: what the index holds, from where, and how old it is.

use std::fs;

use cargo_test_support::{cargo_test, paths, str};
use serde_json::{Value, json};

use crate::support::{Database, ExecsExt as _, advisory, cached, cargo, configure};

#[cargo_test]
fn without_an_index_it_says_where_it_would_be_and_how_to_make_one() {
    Database::new().add(&advisory("leaky"));

    cargo("advisory status")
        .with_status(101)
        .with_stdout_data(str![[r#"
index [ROOT]/home/.cargo/advisory/index-[..].bin
    there is none yet
no refresh was tried, as far as is known

"#]])
        .with_stderr_data(str![[r#"
[ERROR] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`

"#]])
        .run();
}

/// Builds have it made in the background, where nobody sees how that fails.
#[cargo_test]
fn without_an_index_it_says_how_the_refresh_has_failed() {
    let database = Database::new();
    fs::remove_dir_all(database.path()).unwrap();
    cargo("advisory update --background").without_status().run();

    cargo("advisory status")
        .with_status(101)
        .with_stdout_data(str![[r#"
index [ROOT]/home/.cargo/advisory/index-[..].bin
    there is none yet
last refresh failed
    tried    [..]Z, less than a minute ago
    [..]

"#]])
        .with_stderr_data(str![[r#"
[ERROR] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`

"#]])
        .run();
    let status = cargo("advisory status --format json")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`

"#]])
        .status();
    assert_eq!(status["index"], Value::Null);
    assert_eq!(status["last_refresh"]["outcome"], "failed");
    let reason = status["last_refresh"]["reason"].as_str().unwrap();
    assert!(reason.contains("advisory-db"), "{reason}");
    assert_eq!(status["problems"][0]["code"], "no-index");
}

#[cargo_test]
fn how_it_has_failed_cannot_act_on_the_terminal() {
    let folder = paths::root().join("away");
    configure(&format!(
        "[advisory]\ndatabases = [\"{}\\u001b[2J\\n::error::x\"]",
        folder.display()
    ));
    cargo("advisory update").without_status().run();

    let output = cargo("advisory status").without_status().run();

    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        stdout.contains(r"/away\u{1b}[2J\u{a}::error::x"),
        "{stdout}"
    );
    assert!(
        !stdout.contains('\u{1b}') && !stdout.contains("\n::"),
        "{stdout}"
    );
}

#[cargo_test]
fn tools_read_all_of_it() {
    let database = Database::new();
    database
        .add(&advisory("evil").id("RUSTSEC-2020-0001").malicious())
        .add(
            &advisory("fine")
                .id("RUSTSEC-2020-0002")
                .field("withdrawn", "\"2020-02-02\""),
        )
        .file("crates/odd/notes.txt", "not an advisory\n")
        .index();

    let status = cargo("advisory status --format json").status();

    let index = &status["index"];
    let path = status["path"].as_str().unwrap();
    assert!(fs::exists(path).unwrap(), "{path}");
    assert_eq!(
        index["databases"][0]["url"],
        database.path().to_str().unwrap()
    );
    assert_eq!(index["advisories"], 2);
    assert_eq!(
        index["kinds"],
        json!({ "malicious": 1, "vulnerability": 0, "unsound": 0, "unmaintained": 0, "notice": 0 })
    );
    assert_eq!(index["withdrawn"], 1);
    assert_eq!(
        index["quarantined"],
        json!([{ "path": "crates/odd/notes.txt", "reason": "its name is not the id of an advisory" }])
    );
    assert_eq!(index["registries"], json!([]));
    assert_eq!(status["last_refresh"]["outcome"], "updated");
    assert_eq!(status["last_refresh"]["reason"], Value::Null);
    assert_eq!(status["refresh_begun"], Value::Null);
    assert_eq!(status["problems"], json!([]));
}

#[cargo_test]
fn tools_are_told_what_is_wrong_with_any_check() {
    Database::new().add(&advisory("leaky")).index_made(15 * 24);

    let status = cargo("advisory status --format json").status();

    assert_eq!(status["last_refresh"]["outcome"], "updated");
    assert_eq!(status["problems"][0]["code"], "index-age");
    assert_eq!(status["problems"].as_array().unwrap().len(), 1);
}

#[cargo_test]
fn it_counts_every_kind_and_names_the_folder() {
    Database::new()
        .add(&advisory("evil").id("RUSTSEC-2020-0001").malicious())
        .add(&advisory("leaky").id("RUSTSEC-2020-0002"))
        .add(&advisory("leaky").id("RUSTSEC-2020-0003"))
        .add(
            &advisory("shaky")
                .id("RUSTSEC-2020-0004")
                .informational("unsound"),
        )
        .add(
            &advisory("fine")
                .id("RUSTSEC-2020-0005")
                .field("withdrawn", "\"2020-02-02\""),
        )
        .index();

    cargo("advisory status")
        .with_stdout_data(str![[r#"
index [ROOT]/home/.cargo/advisory/index-[..].bin
database [ROOT]/advisory-db
    folder, no commit
    checked  [..]Z, less than a minute ago
5 advisories
    malicious          1
    vulnerability      2
    unsound            1
    unmaintained       0
    notice             0
    withdrawn          1
0 files quarantined

"#]])
        .with_stderr_data("")
        .run();
}

#[cargo_test]
fn several_databases_are_listed_in_their_order() {
    let folder = Database::at("folder");
    folder.add(&advisory("leaky"));
    let repository = Database::at("repository");
    repository
        .add(&advisory("shaky").id("RUSTSEC-2020-0002"))
        .commit();
    configure(&format!(
        "[advisory]\ndatabases = ['{}', '{}']",
        repository.path().display(),
        folder.path().display()
    ));
    folder.index();

    cargo("advisory status")
        .with_stdout_data(str![[r#"
index [ROOT]/home/.cargo/advisory/index-[..].bin
database [ROOT]/repository
    commit   [..] of [..]Z
    checked  [..]Z, less than a minute ago
database [ROOT]/folder
    folder, no commit
    checked  [..]Z, less than a minute ago
2 advisories
    malicious          0
    vulnerability      2
    unsound            0
    unmaintained       0
    notice             0
    withdrawn          0
0 files quarantined

"#]])
        .run();
}

#[cargo_test]
fn what_was_quarantined_is_shown_with_the_reason() {
    let good = advisory("leaky");
    Database::new()
        .add(&good)
        .file("crates/odd/RUSTSEC-2020-0009.md", "no front matter\n")
        .file(
            "crates/odd/RUSTSEC-2020-0010.md",
            "```toml\n[advisory]\nid = \"RUSTSEC-2020-0010\"\n```\n\n# Half\n",
        )
        .file("crates/odd/notes.txt", "not an advisory\n")
        .index();

    cargo("advisory status")
        .with_stdout_data(str![[r#"
index [ROOT]/home/.cargo/advisory/index-[..].bin
database [ROOT]/advisory-db
    folder, no commit
    checked  [..]Z, less than a minute ago
1 advisory
    malicious          0
    vulnerability      1
    unsound            0
    unmaintained       0
    notice             0
    withdrawn          0
3 files quarantined
    crates/odd/RUSTSEC-2020-0009.md: it does not start with a block of TOML
    crates/odd/RUSTSEC-2020-0010.md: parse [ERROR] TOML parse error at line 1, column 1 | 1 | [advisory] | ^^^^^^^^^^ missing field `package`
    crates/odd/notes.txt: its name is not the id of an advisory

"#]])
        .run();
}

#[cfg(unix)]
#[cargo_test]
fn a_hostile_file_name_cannot_act_on_the_terminal() {
    Database::new()
        .add(&advisory("leaky"))
        .file("crates/odd/\u{1b}[2J\n::notice::x.md", "nothing\n")
        .index();

    cargo("advisory status")
        .with_stdout_data(str![[r#"
index [ROOT]/home/.cargo/advisory/index-[..].bin
database [ROOT]/advisory-db
    folder, no commit
    checked  [..]Z, less than a minute ago
1 advisory
    malicious          0
    vulnerability      1
    unsound            0
    unmaintained       0
    notice             0
    withdrawn          0
1 file quarantined
    crates/odd//u{1b}[2J/u{a}::notice::x.md: its name is not the id of an advisory

"#]])
        .run();
}

#[cargo_test]
fn a_damaged_index_is_an_error_that_names_it_and_the_mend() {
    Database::new().add(&advisory("leaky")).index();
    for name in cached().keys() {
        fs::write(paths::cargo_home().join("advisory").join(name), "nonsense").unwrap();
    }

    cargo("advisory status")
        .with_status(101)
        .with_stdout_data(str![[r#"
index [ROOT]/home/.cargo/advisory/index-[..].bin
    it cannot be used

"#]])
        .with_stderr_data(str![[r#"
[ERROR] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the file is not an index of advisories; run `cargo advisory update`

"#]])
        .run();
}

#[cargo_test]
fn an_index_of_other_databases_does_not_count() {
    Database::new().add(&advisory("leaky")).index();
    let other = Database::at("other");

    cargo("advisory status")
        .env("CARGO_ADVISORY_DATABASES", other.path())
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`

"#]])
        .run();
}
