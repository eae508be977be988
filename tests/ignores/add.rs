//! `cargo advisory ignore ID`: what it writes, what it says, what it refuses.

use std::fs;

use cargo_test_support::registry::Package;
use cargo_test_support::{Project, cargo_test, str};

use crate::forms::{CONFIG, config};
use crate::support::{
    Database, ExecsExt as _, ID, ProjectExt as _, advisory, app, app_manifest, cargo, configure,
    locked,
};

/// A project locked to a package with a vulnerability.
pub(crate) fn leaky_app() -> Project {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Database::new()
        .add(&advisory("leaky").field("aliases", "[\"CVE-2020-1\", \"GHSA-aaaa-bbbb-cccc\"]"))
        .add(&advisory("other").id("RUSTSEC-2020-0002"))
        .index();
    app
}

/// Runs `cargo advisory ignore` with the words of `line` and a reason.
fn ignore(app: &Project, line: &str) -> cargo_test_support::Execs {
    let mut execs = app.cargo(&format!("advisory ignore {line}"));
    execs.arg("--reason").arg("no local time is read");
    execs
}

#[cargo_test]
fn an_advisory_is_ignored_in_a_new_file() {
    let app = leaky_app();

    ignore(&app, &format!("{ID} --until 2999-01-31"))
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
    Ignoring RUSTSEC-2020-0001 (leaky) in .cargo/config.toml until 2999-01-31

"#]])
        .run();
    config(
        &app,
        str![[r#"
[advisory]
ignore = [
    { id = "RUSTSEC-2020-0001", reason = "no local time is read", until = "2999-01-31" },
]

"#]],
    );
}

#[cargo_test]
fn every_detail_is_written() {
    let app = leaky_app();

    ignore(
        &app,
        &format!("{ID} --until 2999-01-31 --while unfixable --via time"),
    )
    .with_stderr_data(str![[r#"
    Ignoring RUSTSEC-2020-0001 (leaky) via time in .cargo/config.toml until 2999-01-31, while unfixable

"#]])
    .run();
    config(
        &app,
        str![[r#"
[advisory]
ignore = [
    { id = "RUSTSEC-2020-0001", reason = "no local time is read", until = "2999-01-31", while = "unfixable", via = "time" },
]

"#]],
    );
}

#[cargo_test]
fn an_alias_and_small_letters_will_do() {
    let app = leaky_app();

    ignore(&app, "cve-2020-1")
        .with_stderr_data(str![[r#"
    Ignoring CVE-2020-1 (leaky) in .cargo/config.toml

"#]])
        .run();
    config(
        &app,
        str![[r#"
[advisory]
ignore = [
    { id = "CVE-2020-1", reason = "no local time is read" },
]

"#]],
    );
}

#[cargo_test]
fn a_package_is_ignored() {
    let app = leaky_app();

    ignore(&app, "--package leaky@1.0")
        .with_stderr_data(str![[r#"
    Ignoring leaky@1.0 (all that is found of it, but malicious code) in .cargo/config.toml

"#]])
        .run();
    config(
        &app,
        str![[r#"
[advisory]
ignore = [
    { package = "leaky@1.0", reason = "no local time is read" },
]

"#]],
    );
}

#[cargo_test]
fn what_is_ignored_again_is_updated() {
    let app = leaky_app();
    ignore(&app, &format!("{ID} --until 2999-01-31")).run();

    // The same advisory under another name.
    app.cargo("advisory ignore CVE-2020-1 --reason unreachable")
        .with_stderr_data(str![[r#"
[UPDATING] CVE-2020-1 (leaky) in .cargo/config.toml

"#]])
        .run();
    config(
        &app,
        str![[r#"
[advisory]
ignore = [
    { id = "CVE-2020-1", reason = "unreachable" },
]

"#]],
    );

    // The same words.
    app.cargo("advisory ignore CVE-2020-1 --reason unreachable")
        .with_stderr_data(str![[r#"
[FINISHED] with nothing to change: CVE-2020-1 (leaky) is ignored in .cargo/config.toml already

"#]])
        .run();
    config(
        &app,
        str![[r#"
[advisory]
ignore = [
    { id = "CVE-2020-1", reason = "unreachable" },
]

"#]],
    );

    // Other paths to it.
    app.cargo("advisory ignore CVE-2020-1 --via time --reason unreachable")
        .run();
    config(
        &app,
        str![[r#"
[advisory]
ignore = [
    { id = "CVE-2020-1", reason = "unreachable" },
    { id = "CVE-2020-1", reason = "unreachable", via = "time" },
]

"#]],
    );
}

#[cargo_test]
fn a_dry_run_changes_nothing() {
    let app = leaky_app();

    for flag in ["--dry-run", "-n"] {
        ignore(&app, &format!("{ID} {flag}"))
            .with_stderr_data(str![[r#"
    Ignoring RUSTSEC-2020-0001 (leaky) in .cargo/config.toml
[WARNING] nothing was changed, as this is a dry run

"#]])
            .run();
        assert!(!app.root().join(".cargo").exists());
    }
}

#[cargo_test]
fn what_covers_nothing_is_told() {
    let app = leaky_app();

    ignore(&app, "RUSTSEC-2020-0002").tells(str![[r#"
[WARNING] no package in Cargo.lock is affected by it, so there is nothing to ignore

"#]]);
    ignore(&app, "--package gone").tells(str![[r#"
[WARNING] no such package is in Cargo.lock, so there is nothing to ignore

"#]]);
    ignore(&app, "--package leaky@2").tells(str![[r#"
[WARNING] no such package is in Cargo.lock, so there is nothing to ignore

"#]]);
}

#[cargo_test]
fn an_unknown_id_is_refused() {
    let app = leaky_app();

    ignore(&app, "RUSTSEC-2020-9999").tells(str![[r#"
[ERROR] there is no advisory `RUSTSEC-2020-9999` in the index; check the id, or run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
    ignore(&app, "leaky").tells(str![[r#"
[ERROR] there is no advisory `leaky` in the index; check the id, or run `cargo advisory update`; a package is ignored with `--package`
[EXIT_STATUS] 101

"#]]);
    ignore(&app, "../leaky").tells(str![[r#"
[ERROR] `../leaky` is not the id of an advisory; give one such as `RUSTSEC-2020-0071`, or an alias such as `CVE-2020-26235` or `GHSA-wcg3-cvx6-7396`
[EXIT_STATUS] 101

"#]]);
    assert!(!app.root().join(".cargo").exists());
}

#[cargo_test]
fn an_advisory_that_was_not_understood_is_refused() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Database::new()
        .add(&advisory("leaky"))
        .file("crates/leaky/RUSTSEC-2020-0003.md", "what?")
        .index();

    ignore(&app, "RUSTSEC-2020-0003").tells(str![[r#"
[ERROR] the advisory `RUSTSEC-2020-0003` was not understood: it does not start with a block of TOML
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn without_an_index_nothing_is_ignored() {
    let app = app("");

    ignore(&app, ID).tells(str![[r#"
[ERROR] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn a_reason_is_required() {
    let app = leaky_app();

    app.cargo(&format!("advisory ignore {ID}"))
        .with_status(1)
        .with_stderr_data(str![[r#"
[ERROR] the following required arguments were not provided:
  --reason <TEXT>

Usage: cargo advisory ignore --reason <TEXT> <ID|--package <NAME[@VERSION]>|--import|--prune>

For more information, try '--help'.

"#]])
        .run();
    app.cargo(&format!("advisory ignore {ID} --reason"))
        .arg(" \t")
        .tells(str![[r#"
[ERROR] `reason` is blank; say why the finding can be ignored
[EXIT_STATUS] 101

"#]]);
    assert!(!app.root().join(".cargo").exists());
}

#[cargo_test]
fn a_reason_is_one_line_and_escaped() {
    let app = leaky_app();

    app.cargo(&format!("advisory ignore {ID} --reason"))
        .arg("it is \"safe\",\n  says \u{1b}[31mthe\u{1b}[0m team ] } # really")
        .with_stderr_data(str![[r#"
    Ignoring RUSTSEC-2020-0001 (leaky) in .cargo/config.toml

"#]])
        .run();
    config(
        &app,
        str![[r#"
[advisory]
ignore = [
    { id = "RUSTSEC-2020-0001", reason = "it is /"safe/", says /u001B[31mthe/u001B[0m team ] } # really" },
]

"#]],
    );
}

#[cargo_test]
fn a_bad_day_is_refused() {
    let app = leaky_app();

    ignore(&app, &format!("{ID} --until 2020-01-31")).tells(str![[r#"
[ERROR] 2020-01-31 is over, as it is [..] today (UTC); give `--until` a later day
[EXIT_STATUS] 101

"#]]);
    for day in ["31.01.2999", "2999-02-29", "2999-1-31", "tomorrow"] {
        ignore(&app, &format!("{ID} --until {day}")).tells(format!(
            "[ERROR] bad value `{day}` for `until`; allowed is a day such as `2027-01-31`\n[EXIT_STATUS] 101\n"
        ));
    }
    assert!(!app.root().join(".cargo").exists());
}

#[cargo_test]
fn today_is_still_a_day() {
    let app = leaky_app();
    // Whatever the hour, one of the two days is today when the command runs.
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let tomorrow = now.date().tomorrow().unwrap();

    let today = ignore(&app, &format!("{ID} --until {}", now.date()))
        .without_status()
        .run();
    let later = ignore(&app, &format!("{ID} --until {tomorrow}"))
        .without_status()
        .run();

    let after = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    assert!(today.code == Some(0) || after.date() != now.date());
    assert_eq!(later.code, Some(0));
}

#[cargo_test]
fn what_else_cannot_be_meant_is_refused() {
    let app = leaky_app();

    ignore(&app, &format!("{ID} --via ../time")).tells(str![[r#"
[ERROR] `../time` is not the name of a crate; allowed are letters, digits, `-` and `_`
[EXIT_STATUS] 101

"#]]);
    ignore(&app, "--package leaky@^1").tells(str![[r#"
[ERROR] `^1` is not a version; allowed are whole ones such as `1.2.3` and their beginnings such as `1.2`
[EXIT_STATUS] 101

"#]]);
    for (line, error) in [
        ("", "the following required arguments were not provided:"),
        (
            "RUSTSEC-2020-0001 --package leaky",
            "the argument '[ID]' cannot be used with '--package <NAME[@VERSION]>'",
        ),
        (
            "RUSTSEC-2020-0001 --while raining",
            "invalid value 'raining' for '--while <CONDITION>'",
        ),
        (
            "--import",
            "the argument '--import' cannot be used with '--reason <TEXT>'",
        ),
        (
            "--prune",
            "the argument '--prune' cannot be used with '--reason <TEXT>'",
        ),
    ] {
        ignore(&app, line).tells(format!("[ERROR] {error}\n[EXIT_STATUS] 1\n"));
    }
    assert!(!app.root().join(".cargo").exists());
}

#[cargo_test]
fn a_manifest_that_configures_advisories_takes_the_entry() {
    let app = leaky_app();
    let manifest = format!(
        "{}\n[workspace]\n\n[workspace.metadata.advisory]\n",
        app_manifest("leaky = '1'")
    );
    app.change_file("Cargo.toml", &manifest);

    ignore(&app, ID)
        .with_stderr_data(str![[r#"
    Ignoring RUSTSEC-2020-0001 (leaky) in Cargo.toml

"#]])
        .run();

    assert_eq!(
        app.read_file("Cargo.toml"),
        format!(
            "{manifest}ignore = [\n    {{ id = \"{ID}\", reason = \"no local time is read\" }},\n]\n"
        )
    );
    assert!(!app.root().join(".cargo").exists());
}

#[cargo_test]
fn an_entry_is_updated_in_the_file_that_has_it() {
    let app = leaky_app();
    let manifest = format!(
        "{}\n[workspace.metadata.advisory]\n",
        app_manifest("leaky = '1'\n[workspace]")
    );
    app.change_file("Cargo.toml", &manifest);
    app.change_file(
        CONFIG,
        "[advisory]\nignore = [{ id = 'RUSTSEC-2020-0001', reason = 'old' }] # here\n",
    );

    ignore(&app, ID)
        .with_stderr_data(str![[r#"
[UPDATING] RUSTSEC-2020-0001 (leaky) in .cargo/config.toml

"#]])
        .run();

    assert_eq!(app.read_file("Cargo.toml"), manifest);
    config(
        &app,
        str![[r#"
[advisory]
ignore = [{ id = "RUSTSEC-2020-0001", reason = "no local time is read" }] # here

"#]],
    );
}

#[cargo_test]
fn a_member_writes_to_the_workspace() {
    Package::new("leaky", "1.0.0").publish();
    let app = cargo_test_support::project()
        .file("Cargo.toml", "[workspace]\nmembers = ['a']\nresolver = '2'")
        .file("a/Cargo.toml", &app_manifest("leaky = '1'"))
        .file("a/src/lib.rs", "")
        .build();
    Database::new().add(&advisory("leaky")).index();

    let mut execs = cargo(&format!("advisory ignore {ID} --reason unreachable"));
    execs.cwd(app.root().join("a"));
    execs
        .with_stderr_data(str![[r#"
    Ignoring RUSTSEC-2020-0001 (leaky) in .cargo/config.toml

"#]])
        .run();

    assert!(app.root().join(CONFIG).exists());
    assert!(!app.root().join("a").join(CONFIG).exists());
    assert!(fs::read_dir(app.root().join("a")).unwrap().count() > 0);
}

#[cargo_test]
fn what_is_ignored_elsewhere_is_told() {
    let app = leaky_app();
    configure("ignore = [{ id = 'CVE-2020-1', reason = 'everywhere' }]");

    ignore(&app, ID).tells(str![[r#"
[NOTE] it is ignored in [ROOT]/home/.cargo/config.toml:10 too

"#]]);
    assert!(app.root().join(CONFIG).exists());
}

#[cargo_test]
fn what_was_ignored_is_not_denied() {
    let app = leaky_app();
    ignore(&app, ID).run();

    app.cargo("check --deny-advisories").run();
    app.cargo("advisory --deny-advisories").run();
}
