//! Ignores that should go: those whose last day is over, and those that no finding of the workspace needs.

use cargo_test_support::registry::Package;
use cargo_test_support::{Project, cargo_test, str};

use crate::support::{Database, ExecsExt as _, ProjectExt as _, advisory, app, locked};
use crate::{NOTHING, app_with, set, shows};

const EXPIRED: &str = "{ id = 'RUSTSEC-2020-0001', reason = 'a', until = '2020-02-29' }";
const UNNEEDED: &str = "{ id = 'RUSTSEC-2019-0001', reason = 'a' }";

/// A project without findings that has these ignores.
fn sound_app(ignores: &str) -> Project {
    Package::new("sound", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = locked("sound = '1'");
    set(&app, &format!("ignore = [{ignores}]"));
    app
}

#[cargo_test]
fn cargo_advisory_warns_and_a_build_says_nothing() {
    let app = sound_app(&format!("{EXPIRED}, {UNNEEDED}"));

    shows(
        &mut app.cargo("advisory"),
        str![[r#"
[WARNING] the ignore of `RUSTSEC-2020-0001` in `[ROOT]/foo/.cargo/config.toml` expired on 2020-02-29; remove it with `cargo advisory ignore --prune`
[WARNING] the ignore of `RUSTSEC-2019-0001` in `[ROOT]/foo/.cargo/config.toml` has nothing left to ignore; remove it with `cargo advisory ignore --prune`

"#]],
    );
    app.cargo("check").tells(NOTHING);
    app.cargo("check --deny-advisories").tells(NOTHING);
    app.cargo("advisory --deny-advisories").tells(str![[r#"
[WARNING] the ignore of `RUSTSEC-2020-0001` in `[ROOT]/foo/.cargo/config.toml` expired on 2020-02-29; remove it with `cargo advisory ignore --prune`
[WARNING] the ignore of `RUSTSEC-2019-0001` in `[ROOT]/foo/.cargo/config.toml` has nothing left to ignore; remove it with `cargo advisory ignore --prune`

"#]]);
}

#[cargo_test]
fn they_may_fail_what_was_asked_to_deny() {
    let app = sound_app(&format!("{UNNEEDED}, {EXPIRED}"));
    let denied = "--config advisory.stale-ignores='deny'";

    app.cargo(&format!("advisory {denied}")).tells(str![[r#"
[WARNING] the ignore of `RUSTSEC-2019-0001` in `[ROOT]/foo/.cargo/config.toml` has nothing left to ignore; remove it with `cargo advisory ignore --prune`
[WARNING] the ignore of `RUSTSEC-2020-0001` in `[ROOT]/foo/.cargo/config.toml` expired on 2020-02-29; remove it with `cargo advisory ignore --prune`

"#]]);
    app.cargo(&format!("advisory --deny-advisories {denied}"))
        .tells(str![[r#"
[ERROR] the ignore of `RUSTSEC-2019-0001` in `[ROOT]/foo/.cargo/config.toml` has nothing left to ignore; remove it with `cargo advisory ignore --prune`
[EXIT_STATUS] 101

"#]]);
    app.cargo(&format!("check {denied}")).tells(NOTHING);
    // A build does not see the whole workspace, so it knows of the expired one alone.
    app.cargo(&format!("check --deny-advisories {denied}"))
        .tells(str![[r#"
[ERROR] the ignore of `RUSTSEC-2020-0001` in `[ROOT]/foo/.cargo/config.toml` expired on 2020-02-29; remove it with `cargo advisory ignore --prune`
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn a_build_does_not_know_what_is_not_needed() {
    let app = sound_app(UNNEEDED);

    app.cargo("check --deny-advisories --config advisory.stale-ignores='deny'")
        .tells(NOTHING);
}

#[cargo_test]
fn they_may_be_allowed() {
    let app = sound_app(&format!("{EXPIRED}, {UNNEEDED}"));

    for command in [
        "advisory",
        "advisory --deny-advisories",
        "check --deny-advisories",
    ] {
        app.cargo(command)
            .env("CARGO_ADVISORY_STALE_IGNORES", "allow")
            .tells(NOTHING);
    }
}

#[cargo_test]
fn a_denied_finding_is_told_before_them() {
    let app = app_with(&advisory("leaky"));
    set(
        &app,
        &format!("stale-ignores = 'deny'\nignore = [{EXPIRED}]"),
    );

    app.cargo("check --deny-advisories").tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001, ignored until 2020-02-29); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    app.cargo("advisory --deny-advisories").tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001, ignored until 2020-02-29)
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn what_is_ignored_is_needed() {
    let app = app_with(&advisory("leaky"));
    set(&app, "ignore = [{ package = 'leaky@1', reason = 'a' }]");

    app.cargo("advisory").tells(NOTHING);
}

#[cargo_test]
fn what_ended_with_its_condition_should_go() {
    let app = app_with(&advisory("leaky"));

    set(
        &app,
        "ignore = [{ package = 'leaky', reason = 'a', while = 'unbuilt' }]",
    );
    app.cargo("advisory").tells(str![[r#"
[WARNING] the ignore of `leaky` in `[ROOT]/foo/.cargo/config.toml` ends where a build uses the package, and one does; remove it with `cargo advisory ignore --prune`

"#]]);
    Package::new("leaky", "1.0.1").publish();
    Database::at("advisory-db")
        .add(&advisory("leaky").patched(">= 1.0.1"))
        .index();
    set(
        &app,
        "ignore = [{ package = 'leaky', reason = 'a', while = 'unfixable' }]",
    );
    app.cargo("advisory").tells(str![[r#"
[WARNING] the ignore of `leaky` in `[ROOT]/foo/.cargo/config.toml` ends where there is a remedy, and there is one; remove it with `cargo advisory ignore --prune`

"#]]);
}

#[cargo_test]
fn what_is_for_other_paths_is_no_reason_to_go_as_long_as_there_is_the_finding() {
    let app = app_with(&advisory("leaky"));
    set(
        &app,
        "ignore = [{ package = 'leaky', reason = 'a', via = 'elsewhere' }]",
    );

    app.cargo("advisory").tells(str![]);
}

#[cargo_test]
fn what_concerns_another_platform_is_needed_there() {
    let (other, here) = ("windows", std::env::consts::OS);
    assert_ne!(other, here);
    let app = app_with(&advisory("leaky").tables(&format!("[affected]\nos = ['{other}']")));
    set(
        &app,
        "ignore = [{ id = 'RUSTSEC-2020-0001', reason = 'a' }, { package = 'leaky', reason = 'b' }]",
    );

    app.cargo("advisory").tells(NOTHING);
}

#[cargo_test]
fn where_an_advisory_is_not_understood_an_ignore_of_it_may_be_needed() {
    let app = app_with(&advisory("leaky"));
    set(
        &app,
        "ignore = [{ id = 'RUSTSEC-2020-0001', reason = 'a' }]",
    );
    Database::at("advisory-db")
        .add(&advisory("unrelated"))
        .file("crates/leaky/RUSTSEC-2020-0001.md", "no front matter\n")
        .index();

    app.cargo("advisory").tells(str![[r#"
[NOTE] advisories that were not understood may concern leaky; `cargo advisory status` shows them

"#]]);
}

#[cargo_test]
fn a_part_of_the_workspace_shows_all_that_is_needed() {
    let app = sound_app(UNNEEDED);

    // Of what is not built Cargo.lock tells.
    app.cargo("advisory --bins").tells(str![[r#"
[WARNING] the ignore of `RUSTSEC-2019-0001` in `[ROOT]/foo/.cargo/config.toml` has nothing left to ignore; remove it with `cargo advisory ignore --prune`

"#]]);
}

#[cargo_test]
fn lockfiles_are_no_workspace_so_that_only_expired_ones_are_told_once() {
    let app = sound_app(&format!("{EXPIRED}, {UNNEEDED}"));

    app.cargo("advisory --lockfile Cargo.lock --lockfile ./Cargo.lock")
        .tells(str![[r#"
[WARNING] the ignore of `RUSTSEC-2020-0001` in `[ROOT]/foo/.cargo/config.toml` expired on 2020-02-29; remove it

"#]]);
}

#[cargo_test]
fn tools_are_told_of_them() {
    let app = sound_app(&format!("{EXPIRED}, {UNNEEDED}"));

    let answer = app.cargo("advisory --format json").answer();

    let told: Vec<(&str, &str)> = answer["stale_ignores"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stale| {
            (
                stale["id"].as_str().unwrap(),
                stale["why"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("RUSTSEC-2020-0001", "expired on 2020-02-29"),
            ("RUSTSEC-2019-0001", "has nothing left to ignore"),
        ]
    );
}

#[cargo_test]
fn a_word_that_is_no_level_is_refused() {
    Database::new().add(&advisory("leaky")).index();
    let app = app("");
    set(&app, "stale-ignores = 'error'");

    for command in ["check", "advisory"] {
        app.cargo(command).tells(str![[r#"
[ERROR] bad value `error` for `advisory.stale-ignores` in `[ROOT]/foo/.cargo/config.toml`, line 2; allowed are `allow`, `warn`, `deny`
[EXIT_STATUS] 101

"#]]);
    }
}
