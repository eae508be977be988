//! `--deny-advisories=...`: kinds widen what is denied, all other words narrow it.

use std::fs;

use cargo_test_support::registry::Package;
use cargo_test_support::{Project, cargo_test, paths, str};

use crate::support::{
    Database, ExecsExt as _, ProjectExt as _, advisory, app, app_locked_to_yanked, app_manifest,
    cargo, days_ago, lock, locked,
};
use crate::{NOTHING, app_with, set, shows};

/// A project with a vulnerability that has a patch, something unsound that has none and only runs while building, and a
/// yank.
fn three_kinds() -> Project {
    Package::new("leaky", "1.0.0").publish();
    Package::new("shaky", "1.0.0").publish();
    let app = app_locked_to_yanked();
    let manifest = app_manifest("gone = '1'\nleaky = '1'\n[build-dependencies]\nshaky = '1'");
    app.change_file("Cargo.toml", &manifest);
    app.change_file("build.rs", "fn main() {}");
    app.cargo("fetch").run();
    Package::new("leaky", "1.0.1").publish();
    Database::new()
        .add(&advisory("leaky").patched(">= 1.0.1"))
        .add(
            &advisory("shaky")
                .id("RUSTSEC-2020-0002")
                .informational("unsound"),
        )
        .index();
    app
}

#[cargo_test]
fn the_bare_flag_denies_all() {
    let app = three_kinds();

    app.cargo("check --deny-advisories").tells(str![[r#"
[ERROR] 1 insecure, 1 unsound and 1 yanked dependencies denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001), shaky 1.0.0 (RUSTSEC-2020-0002), gone 1.0.0 (yanked); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    app.cargo("advisory --deny-advisories").tells(str![[r#"
[ERROR] 1 insecure, 1 unsound and 1 yanked dependencies denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001), shaky 1.0.0 (RUSTSEC-2020-0002), gone 1.0.0 (yanked)
[EXIT_STATUS] 101

"#]]);
    // What a script leaves empty is no reason to deny less.
    app.cargo("check --deny-advisories=").tells(str![[r#"
[ERROR] 1 insecure, 1 unsound and 1 yanked dependencies denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001), shaky 1.0.0 (RUSTSEC-2020-0002), gone 1.0.0 (yanked); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn kinds_widen() {
    let app = three_kinds();

    app.cargo("check --deny-advisories=unsound").tells(str![[r#"
[ERROR] 1 unsound dependency denied by `--deny-advisories=unsound`: shaky 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    app.cargo("advisory --deny-advisories=unsound")
        .tells(str![[r#"
[ERROR] 1 unsound dependency denied by `--deny-advisories=unsound`: shaky 1.0.0 (RUSTSEC-2020-0002)
[EXIT_STATUS] 101

"#]]);
    app.cargo("check --deny-advisories=unsound,yanked")
        .tells(str![[r#"
[ERROR] 1 unsound and 1 yanked dependencies denied by `--deny-advisories=unsound,yanked`: shaky 1.0.0 (RUSTSEC-2020-0002), gone 1.0.0 (yanked); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    app.cargo("check --deny-advisories=yanked,vulnerability,unsound")
        .tells(str![[r#"
[ERROR] 1 insecure, 1 unsound and 1 yanked dependencies denied by `--deny-advisories=yanked,vulnerability,unsound`: leaky 1.0.0 (RUSTSEC-2020-0001), shaky 1.0.0 (RUSTSEC-2020-0002), gone 1.0.0 (yanked); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn a_kind_that_nothing_is_of_leaves_the_warning() {
    let app = three_kinds();

    app.cargo("check --deny-advisories=unmaintained")
        .tells(str![[r#"
[WARNING] 1 insecure, 1 unsound and 1 yanked dependencies: leaky 1.0.0 (RUSTSEC-2020-0001), shaky 1.0.0 (RUSTSEC-2020-0002), gone 1.0.0 (yanked); run `cargo advisory` for details

"#]]);
    app.cargo("advisory --deny-advisories=unmaintained")
        .tells(NOTHING);
}

#[cargo_test]
fn runtime_leaves_out_what_only_runs_while_building() {
    let app = three_kinds();

    app.cargo("check --deny-advisories=runtime").tells(str![[r#"
[ERROR] 1 insecure and 1 yanked dependencies denied by `--deny-advisories=runtime`: leaky 1.0.0 (RUSTSEC-2020-0001), gone 1.0.0 (yanked); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    app.cargo("check --deny-advisories=runtime,unsound")
        .tells(str![[r#"
[WARNING] 1 insecure, 1 unsound and 1 yanked dependencies: leaky 1.0.0 (RUSTSEC-2020-0001), shaky 1.0.0 (RUSTSEC-2020-0002), gone 1.0.0 (yanked); run `cargo advisory` for details

"#]]);
    app.cargo("advisory --deny-advisories=runtime,unsound")
        .tells(NOTHING);
    shows(
        &mut app.cargo("advisory --deny-advisories=runtime,unsound --explain-policy"),
        str![[r#"
leaky 1.0.0 (runtime)
    warn  RUSTSEC-2020-0001: vulnerability
          `advisory.vulnerability` is `warn` by default
          stays `warn`, because `--deny-advisories=runtime,unsound` is for other kinds

shaky 1.0.0 (build)
    warn  RUSTSEC-2020-0002: unsound
          `advisory.unsound` is `warn` by default
          stays `warn`, because `--deny-advisories=runtime,unsound` leaves out what is not compiled into the program

gone 1.0.0 (runtime)
    warn  yanked from its registry
          `advisory.yanked` is `warn` by default
          stays `warn`, because `--deny-advisories=runtime,unsound` is for other kinds

"#]],
    );
}

#[cargo_test]
fn fixable_in_a_build_goes_by_the_advisory_until_somebody_has_looked() {
    let app = three_kinds();

    // That a yank has no successor nobody knows yet.
    app.cargo("check --deny-advisories=fixable").tells(str![[r#"
[ERROR] 1 insecure and 1 yanked dependencies denied by `--deny-advisories=fixable`: leaky 1.0.0 (RUSTSEC-2020-0001), gone 1.0.0 (yanked); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    app.cargo("advisory --deny-advisories=fixable")
        .tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories=fixable`: leaky 1.0.0 (RUSTSEC-2020-0001)
[EXIT_STATUS] 101

"#]]);
    app.cargo("check --deny-advisories=fixable").tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories=fixable`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn what_was_looked_up_holds_for_the_same_lockfile_only() {
    let app = locked_to_a_yank();
    app.cargo("advisory").run();
    app.cargo("check --deny-advisories=fixable").tells(str![[r#"
[WARNING] 1 yanked dependency: gone 1.0.0 (yanked); run `cargo advisory` for details

"#]]);

    Package::new("other", "1.0.0").publish();
    app.change_file("Cargo.toml", &app_manifest("gone = '1'\nother = '1'"));
    app.cargo("check --deny-advisories=fixable").tells(str![[r#"
[ERROR] 1 yanked dependency denied by `--deny-advisories=fixable`: gone 1.0.0 (yanked); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn what_was_looked_up_holds_for_the_same_index_only() {
    let app = locked_to_a_yank();
    app.cargo("advisory").run();
    let database = Database::at("advisory-db");
    database
        .add(&advisory("unrelated").id("RUSTSEC-2020-0003"))
        .index();

    app.cargo("check --deny-advisories=fixable").tells(str![[r#"
[ERROR] 1 yanked dependency denied by `--deny-advisories=fixable`: gone 1.0.0 (yanked); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn what_was_looked_up_without_a_network_is_not_remembered() {
    let app = locked_to_a_yank();
    app.cargo("fetch").run();
    app.cargo("advisory --offline").run();

    app.cargo("check --deny-advisories=fixable").tells(str![[r#"
[ERROR] 1 yanked dependency denied by `--deny-advisories=fixable`: gone 1.0.0 (yanked); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn what_was_looked_up_is_believed_for_a_week() {
    let app = locked_to_a_yank();
    app.cargo("advisory").run();

    for (days, denied) in [(6, false), (8, true), (-1, true)] {
        let folder = paths::cargo_home().join("advisory/workspaces");
        let entry = fs::read_dir(folder).unwrap().next().unwrap().unwrap();
        let text = fs::read_to_string(entry.path()).unwrap();
        let mut memory: serde_json::Value = serde_json::from_str(&text).unwrap();
        memory["remedies"]["found"] = days_ago(days).into();
        fs::write(entry.path(), memory.to_string()).unwrap();

        let output = app
            .cargo("check --deny-advisories=fixable")
            .without_status()
            .run();
        assert_eq!(output.code == Some(101), denied, "{days}");
    }
}

fn locked_to_a_yank() -> Project {
    let app = app_locked_to_yanked();
    Database::new().add(&advisory("other")).index_made(1);
    app
}

#[cargo_test]
fn words_that_narrow_all_have_to_hold() {
    let app = three_kinds();
    app.cargo("advisory").run();

    for (words, denied) in [
        ("fixable,runtime", true),
        ("fixable,vulnerability", true),
        ("fixable,unsound", false),
        ("runtime,unsound", false),
        ("fixable,yanked", false),
        ("runtime,yanked", true),
        ("vulnerability,runtime,fixable,vulnerability", true),
    ] {
        for command in ["check", "advisory"] {
            let output = app
                .cargo(&format!("{command} --deny-advisories={words}"))
                .without_status()
                .run();
            let code = if denied { 101 } else { 0 };
            assert_eq!(output.code, Some(code), "{command} {words}");
        }
    }
}

#[cargo_test]
fn a_rule_that_denies_is_named_where_the_flag_had_no_say() {
    let app = three_kinds();
    set(&app, "unsound = 'deny'");

    app.cargo("check --deny-advisories=yanked").tells(str![[r#"
[ERROR] 1 unsound and 1 yanked dependencies denied by `--deny-advisories=yanked`: shaky 1.0.0 (RUSTSEC-2020-0002), gone 1.0.0 (yanked); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    set(&app, "unsound = 'deny'\nyanked = 'allow'");
    app.cargo("check --deny-advisories=vulnerability,fixable")
        .tells(str![[r#"
[ERROR] 1 insecure and 1 unsound dependencies denied by `--deny-advisories=vulnerability,fixable`: leaky 1.0.0 (RUSTSEC-2020-0001), shaky 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    app.cargo("check --deny-advisories=unmaintained")
        .tells(str![[r#"
[ERROR] 1 unsound dependency denied by `advisory.unsound`: shaky 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn a_word_that_is_not_known_lists_the_good_ones() {
    let app = app_with(&advisory("leaky"));

    app.cargo("check --deny-advisories=all")
        .with_status(1)
        .with_stderr_data(str![[r#"
[ERROR] bad value for `--deny-advisories`: `all` is not known; allowed are `new`, `new=BRANCH`, `fixable`, `runtime`, `malicious`, `vulnerability`, `unsound`, `yanked`, `unmaintained`, `notice`, and several of them with commas

"#]])
        .run();
    app.cargo("advisory --deny-advisories=new,")
        .with_status(1)
        .with_stderr_data(str![[r#"
[ERROR] bad value for `--deny-advisories`: `` is not known; allowed are `new`, `new=BRANCH`, `fixable`, `runtime`, `malicious`, `vulnerability`, `unsound`, `yanked`, `unmaintained`, `notice`, and several of them with commas

"#]])
        .run();
    app.cargo("advisory fix --deny-advisories=Vulnerability")
        .with_status(1)
        .with_stderr_data(str![[r#"
[ERROR] bad value for `--deny-advisories`: `Vulnerability` is not known; allowed are `new`, `new=BRANCH`, `fixable`, `runtime`, `malicious`, `vulnerability`, `unsound`, `yanked`, `unmaintained`, `notice`, and several of them with commas

"#]])
        .run();
}

#[cargo_test]
fn a_hostile_word_cannot_act_on_the_terminal() {
    let app = app_with(&advisory("leaky"));

    for command in ["check", "advisory", "advisory fix"] {
        app.cargo(command)
            .arg("--deny-advisories=\u{1b}[2J\n::error::\u{202e}")
            .with_status(1)
            .with_stderr_data(str![[r#"
[ERROR] bad value for `--deny-advisories`: `/u{1b}[2J/u{a}::[ERROR]:/u{202e}` is not known; allowed are `new`, `new=BRANCH`, `fixable`, `runtime`, `malicious`, `vulnerability`, `unsound`, `yanked`, `unmaintained`, `notice`, and several of them with commas

"#]])
            .run();
    }
}

#[cargo_test]
fn a_kind_that_is_allowed_cannot_be_denied() {
    let app = app_with(&advisory("leaky"));
    set(&app, "vulnerability = 'allow'");

    for command in ["check", "advisory", "advisory fix"] {
        app.cargo(&format!("{command} --deny-advisories=vulnerability,unsound"))
            .tells(str![[r#"
[ERROR] `--deny-advisories=vulnerability` denies nothing, because `advisory.vulnerability` is `allow` in `[ROOT]/foo/.cargo/config.toml`; set it to `warn`
[EXIT_STATUS] 101

"#]]);
    }
    app.cargo("check --deny-advisories=notice").tells(str![[r#"
[ERROR] `--deny-advisories=notice` denies nothing, because `advisory.notice` is `allow` by default; set it to `warn`
[EXIT_STATUS] 101

"#]]);
    app.cargo("check --deny-advisories=unsound")
        .env("CARGO_ADVISORY_UNSOUND", "allow")
        .tells(str![[r#"
[ERROR] `--deny-advisories=unsound` denies nothing, because `advisory.unsound` is `allow` in environment variable `CARGO_ADVISORY_UNSOUND`; set it to `warn`
[EXIT_STATUS] 101

"#]]);
    // All kinds are those that are not allowed.
    app.cargo("check --deny-advisories").tells(NOTHING);
}

#[cargo_test]
fn the_flag_is_given_once() {
    let app = app_with(&advisory("leaky"));

    app.cargo("check --deny-advisories --deny-advisories=unsound")
        .with_status(1)
        .with_stderr_data(str![[r#"
[ERROR] the argument '--deny-advisories[=<WHAT>]' cannot be used multiple times

Usage: cargo check [OPTIONS]

For more information, try '--help'.

"#]])
        .run();
}

#[cargo_test]
fn a_lockfile_alone_can_be_denied_by_kind_and_by_patch() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("shaky", "1.0.0").publish();
    Database::new()
        .add(&advisory("leaky").patched(">= 1.0.1"))
        .add(
            &advisory("shaky")
                .id("RUSTSEC-2020-0002")
                .informational("unsound"),
        )
        .index();
    let app = locked("leaky = '1'\nshaky = '1'");
    let lockfile =
        |words: &str| app.cargo(&format!("advisory --lockfile Cargo.lock --quiet {words}"));

    lockfile("--deny-advisories=unsound")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] in `[ROOT]/foo/Cargo.lock`

Caused by:
  1 unsound dependency denied by `--deny-advisories=unsound`: shaky 1.0.0 (RUSTSEC-2020-0002)

"#]])
        .run();
    lockfile("--deny-advisories=fixable")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] in `[ROOT]/foo/Cargo.lock`

Caused by:
  1 insecure dependency denied by `--deny-advisories=fixable`: leaky 1.0.0 (RUSTSEC-2020-0001)

"#]])
        .run();
    // No build is known, so everything may be part of one.
    lockfile("--deny-advisories=runtime")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] in `[ROOT]/foo/Cargo.lock`

Caused by:
  1 insecure and 1 unsound dependencies denied by `--deny-advisories=runtime`: leaky 1.0.0 (RUSTSEC-2020-0001), shaky 1.0.0 (RUSTSEC-2020-0002)

"#]])
        .run();
    lockfile("--deny-advisories=fixable,unsound").run();
}

#[cargo_test]
fn without_an_index_a_denial_of_some_fails_as_one_of_all() {
    Package::new("leaky", "1.0.0").publish();
    Database::new();
    let app = lock(app("leaky = '1'"));

    app.cargo("check --deny-advisories=unsound").tells(str![[r#"
[ERROR] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
    cargo("advisory --deny-advisories=unsound --lockfile foo/Cargo.lock").tells(str![[r#"
[ERROR] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
}
