//! Text that others wrote can do nothing but be read.

use cargo_test_support::cargo_test;
use cargo_test_support::registry::Package;
use cargo_test_support::str;
use cargo_test_support::{Execs, Project};

use crate::support::{Database, ExecsExt as _, ProjectExt as _, advisory, app, cargo, schema};

/// Clears the screen, sets the title of the window, goes back to the start of the line, turns the direction of
/// writing, hides letters, and is too long.
fn hostile() -> String {
    let text = "\u{1b}[2J\u{1b}]0;owned\u{7}\rsafe\u{202e}\u{200b}\u{85}\u{2028}\u{9b}31m\u{8}\u{7f}\u{feff} ";
    format!("{text}{}", "x".repeat(500))
}

fn app_with_hostile_advisory() -> Project {
    Package::new("leaky", "1.0.0").publish();
    Database::new()
        .add(
            &advisory("leaky")
                .title(&hostile())
                .field("url", "\"https://example.com/\\u001b[2J\\u202e::error::\"")
                .field("aliases", "[\"CVE-2020-1\"]"),
        )
        .index();
    app("leaky = '1'")
}

/// Everything that a command prints, after a look at each character of it.
#[track_caller]
fn harmless(execs: &mut Execs) -> String {
    let output = execs.without_status().run();
    let mut printed = String::from_utf8(output.stdout).unwrap();
    printed.push_str(&String::from_utf8(output.stderr).unwrap());
    for line in printed.lines() {
        for c in line.chars() {
            assert!(!c.is_control(), "{c:?} in {line:?}");
            assert!(
                !['\u{202e}', '\u{200b}', '\u{2028}', '\u{feff}'].contains(&c),
                "{c:?} in {line:?}"
            );
        }
        // What a service for continuous integration takes for a command, also behind spaces.
        assert!(!line.trim_start().starts_with("::"), "{line:?}");
        for command in ["##[", "##vso["] {
            assert!(!line.contains(command), "{line:?}");
        }
    }
    printed
}

#[cargo_test]
fn a_hostile_title_is_escaped_and_cut() {
    let app = app_with_hostile_advisory();

    let printed = harmless(&mut app.cargo("advisory"));
    assert!(
        printed.contains("\\u{1b}[2J\\u{1b}]0;owned\\u{7}"),
        "{printed}"
    );
}

#[cargo_test]
fn a_hostile_title_does_not_reach_the_line_of_a_build() {
    let app = app_with_hostile_advisory();

    harmless(&mut app.cargo("check"));
    app.cargo("check").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]]);
}

#[cargo_test]
fn a_title_cannot_give_commands_to_continuous_integration() {
    Package::new("leaky", "1.0.0").publish();
    let database = Database::new();
    let app = app("leaky = '1'");

    for title in [
        "::error::all is lost",
        "all is ##[error]lost",
        "all is ##vso[task.setvariable variable=all]lost",
    ] {
        database.add(&advisory("leaky").title(title)).index();
        harmless(&mut app.cargo("advisory"));
    }
}

#[cargo_test]
fn hostile_text_in_json_is_plain_ascii_or_harmless() {
    let app = app_with_hostile_advisory();

    let output = app.cargo("advisory --format json").run();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed.lines().count(), 1);
    assert!(!printed.trim_end().chars().any(|c| c.is_ascii_control()));
    let report: serde_json::Value = serde_json::from_str(&printed).unwrap();
    schema::accepts(&report).unwrap();
    // Tools get the title as it is: rendering it is their business.
    let title = report["findings"][0]["title"].as_str().unwrap();
    assert!(title.starts_with("\u{1b}[2J"), "{title:?}");
}

#[cargo_test]
fn a_long_version_does_not_push_the_hint_off_the_line() {
    Package::new("leaky", &format!("1.0.0+{}", "x".repeat(70))).publish();
    Database::new().add(&advisory("leaky")).index();
    let app = app("leaky = '1'");

    for (width, expected) in [
        (
            "200",
            str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0+xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]],
        ),
        (
            "140",
            str![[r#"
[WARNING] 1 insecure dependency; run `cargo advisory` for details

"#]],
        ),
        (
            "100",
            str![[r#"
[WARNING] 1 insecure dependency; run `cargo advisory` for details

"#]],
        ),
    ] {
        app.cargo("check")
            .env("__CARGO_TEST_TTY_WIDTH_DO_NOT_USE_THIS", width)
            .tells(expected);
    }
}

#[cfg(unix)]
#[cargo_test]
fn the_name_of_a_quarantined_file_is_escaped() {
    Database::new()
        .add(&advisory("other"))
        .file("crates/leaky/\u{1b}[2J\r::error::\u{202e}.md", "")
        .file(
            "crates/leaky/RUSTSEC-2020-0002.md",
            "```toml\n[advisory]\nid = \"\\u001b[2J\\r\\n::error::\"\n```\n\n# Title\n",
        )
        .index();

    let printed = harmless(&mut cargo("advisory status"));
    assert!(printed.contains("2 files quarantined"), "{printed}");
}

#[cargo_test]
fn a_hostile_lockfile_is_quoted_harmlessly() {
    Database::new().add(&advisory("other")).index();
    let app = app("");
    for (name, version) in [
        ("\\u001b[2J\\r\\n::error::", "1.0.0"),
        ("leaky", "\\u001b[2J\\r\\n::error::"),
    ] {
        app.change_file(
            "other.lock",
            &format!("version = 4\n\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n"),
        );
        harmless(&mut cargo("advisory --lockfile foo/other.lock"));
    }
}

#[cargo_test]
fn no_document_has_characters_that_act() {
    let app = app_with_hostile_advisory();

    for format in ["json", "sarif", "cyclonedx", "openvex"] {
        let printed = harmless(&mut app.cargo(&format!("advisory --format {format}")));
        let document = printed.lines().find(|line| line.starts_with('{')).unwrap();
        serde_json::from_str::<serde_json::Value>(document).unwrap();
    }
    let line = app.cargo("advisory --format json").run_stdout();
    let answer: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(answer["findings"][0]["title"], hostile().trim_end());

    app.change_file(".cargo/config.toml", "[advisory]\neditor = true\n");
    harmless(&mut app.cargo("check --message-format json"));
}
