//! Levels, and who may change what follows from them.

use cargo_test_support::cargo_test;
use cargo_test_support::registry::Package;
use cargo_test_support::str;
use cargo_test_support::{Project, paths};

use crate::NOTHING;
use crate::support::{
    Advisory, Database, ExecsExt as _, ProjectExt as _, advisory, app, configure,
};

/// A project that depends on `leaky`, about which there is this advisory.
fn app_with(advisory: &Advisory) -> Project {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(advisory).index();
    app("leaky = '1'")
}

#[cargo_test]
fn quiet_hides_the_warning_and_nothing_else() {
    let app = app_with(&advisory("leaky"));

    app.cargo("check --quiet")
        .with_stdout_data("")
        .with_stderr_data("")
        .run();
    app.cargo("check --quiet --deny-advisories")
        .tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn quiet_does_not_let_malicious_code_run() {
    let app = app_with(&advisory("leaky").malicious());

    app.cargo("check --quiet").tells(str![[r#"
[ERROR] 1 insecure dependency denied by `advisory.malicious`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn allowed_warnings_hide_the_line() {
    let app = app_with(&advisory("leaky"));

    app.cargo("check --config build.warnings='allow'")
        .tells(NOTHING);
    app.cargo("check")
        .env("CARGO_BUILD_WARNINGS", "allow")
        .tells(NOTHING);
    app.cargo("check --deny-advisories --config build.warnings='allow'")
        .tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn denied_warnings_deny_what_would_have_warned() {
    let app = app_with(&advisory("leaky"));

    app.cargo("check --config build.warnings='deny'")
        .tells(str![[r#"
[ERROR] 1 insecure dependency denied by `build.warnings`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    app.cargo("check --config build.warnings='deny' --config advisory.vulnerability='allow'")
        .tells(NOTHING);
}

#[cargo_test]
fn denied_warnings_do_not_ask_for_an_index() {
    Package::new("leaky", "1.0.0").publish();
    Database::new();
    let app = app("leaky = '1'");

    app.cargo("check --config build.warnings='deny'")
        .tells(str![[r#"
[NOTE] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`

"#]]);
}

#[cargo_test]
fn a_level_comes_from_the_users_file() {
    let app = app_with(&advisory("leaky").informational("unsound"));

    configure("unsound = 'deny'");
    app.cargo("check").tells(str![[r#"
[ERROR] 1 unsound dependency denied by `advisory.unsound`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn a_level_comes_from_the_workspaces_file() {
    let app = app_with(&advisory("leaky").informational("unsound"));

    app.change_file(".cargo/config.toml", "[advisory]\nunsound = 'allow'\n");
    app.cargo("check").tells(NOTHING);
}

#[cargo_test]
fn a_level_comes_from_the_environment() {
    let app = app_with(&advisory("leaky"));

    app.cargo("check")
        .env("CARGO_ADVISORY_VULNERABILITY", "allow")
        .tells(NOTHING);
    app.cargo("check")
        .env("CARGO_ADVISORY_VULNERABILITY", "deny")
        .tells(str![[r#"
[ERROR] 1 insecure dependency denied by `advisory.vulnerability`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn a_level_comes_from_the_command_line_before_all_others() {
    let app = app_with(&advisory("leaky"));
    app.change_file(".cargo/config.toml", "[advisory]\nvulnerability = 'deny'\n");

    app.cargo("check --config advisory.vulnerability='allow'")
        .env("CARGO_ADVISORY_VULNERABILITY", "deny")
        .tells(NOTHING);
}

#[cargo_test]
fn a_level_for_yanks_comes_from_the_environment() {
    Package::new("hasty", "1.0.0").publish();
    Package::new("steady", "1.0.0").publish();
    Database::new().add(&advisory("other")).index();
    let app = app("hasty = '1'\nsteady = '1'");
    app.cargo("fetch").run();
    Package::new("hasty", "1.0.0").yanked(true).publish();
    app.cargo("update steady").run();

    for (level, expected) in [
        ("allow", str![[r#""#]]),
        (
            "warn",
            str![[r#"
[WARNING] 1 yanked dependency: hasty 1.0.0 (yanked); run `cargo advisory` for details

"#]],
        ),
        (
            "deny",
            str![[r#"
[ERROR] 1 yanked dependency denied by `advisory.yanked`: hasty 1.0.0 (yanked); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]],
        ),
    ] {
        app.cargo("check")
            .env("CARGO_ADVISORY_YANKED", level)
            .tells(expected);
    }
}

#[cargo_test]
fn an_unknown_level_is_an_error_that_names_the_allowed_ones() {
    let app = app_with(&advisory("leaky"));

    app.cargo("check")
        .env("CARGO_ADVISORY_YANKED", "forbid")
        .tells(str![[r#"
[ERROR] bad value `forbid` for `advisory.yanked` in environment variable `CARGO_ADVISORY_YANKED`; allowed are `allow`, `warn`, `deny`
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn what_is_allowed_stays_allowed_under_a_denial() {
    let app = app_with(&advisory("leaky"));
    app.change_file(
        ".cargo/config.toml",
        "[advisory]\nvulnerability = 'allow'\n",
    );

    app.cargo("check --deny-advisories").tells(NOTHING);
}

#[cargo_test]
fn a_notice_is_allowed_by_default() {
    let app = app_with(&advisory("leaky").informational("notice"));

    app.cargo("check").tells(NOTHING);
    app.cargo("check --deny-advisories").tells(NOTHING);
}

#[cargo_test]
fn malicious_code_is_denied_by_default_and_may_be_allowed() {
    let app = app_with(&advisory("leaky").malicious());

    app.cargo("check").tells(str![[r#"
[ERROR] 1 insecure dependency denied by `advisory.malicious`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    app.cargo("check --config advisory.malicious='warn'")
        .tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]]);
    app.cargo("check --config advisory.malicious='allow'")
        .tells(NOTHING);
}

#[cargo_test]
fn an_id_of_malicious_packages_is_enough_to_be_malicious() {
    let app = app_with(&advisory("leaky").field("aliases", "[\"MAL-2020-1\"]"));

    app.cargo("check").tells(str![[r#"
[ERROR] 1 insecure dependency denied by `advisory.malicious`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn the_unmaintained_matter_to_those_who_depend_on_them_directly() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("middle", "1.0.0").dep("leaky", "1").publish();
    Database::new()
        .add(&advisory("leaky").informational("unmaintained"))
        .index();

    let indirect = app("middle = '1'");
    indirect.cargo("check").tells(NOTHING);
    indirect.cargo("check --deny-advisories").tells(NOTHING);
    indirect
        .cargo("check --config advisory.unmaintained='warn'")
        .tells(str![[r#"
[WARNING] 1 unmaintained dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]]);

    let direct = app("leaky = '1'");
    direct.cargo("check").tells(str![[r#"
[WARNING] 1 unmaintained dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]]);
    direct.cargo("check --deny-advisories").tells(str![[r#"
[ERROR] 1 unmaintained dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn a_denial_by_one_kind_names_only_what_it_denies() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("shaky", "1.0.0").publish();
    Database::new()
        .add(&advisory("leaky").id("RUSTSEC-2020-0001"))
        .add(
            &advisory("shaky")
                .id("RUSTSEC-2020-0002")
                .informational("unsound"),
        )
        .index();
    let app = app("leaky = '1'\nshaky = '1'");

    app.cargo("check --config advisory.unsound='deny'")
        .tells(str![[r#"
[ERROR] 1 unsound dependency denied by `advisory.unsound`: shaky 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    app.cargo("check --config advisory.unsound='deny' --deny-advisories")
        .tells(str![[r#"
[ERROR] 1 insecure and 1 unsound dependencies denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001), shaky 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn a_check_that_is_turned_off_says_nothing_and_cannot_deny() {
    let app = app_with(&advisory("leaky").malicious());

    app.cargo("check")
        .env("CARGO_ADVISORY_ENABLED", "false")
        .tells(NOTHING);
    app.cargo("check --deny-advisories")
        .env("CARGO_ADVISORY_ENABLED", "false")
        .tells(str![[r#"
[ERROR] `--deny-advisories` needs the check, which `advisory.enabled` in environment variable `CARGO_ADVISORY_ENABLED` turns off
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn a_workspace_cannot_turn_the_check_off() {
    let app = app_with(&advisory("leaky"));
    app.change_file(".cargo/config.toml", "[advisory]\nenabled = false\n");

    app.cargo("check").tells(str![[r#"
[ERROR] `advisory.enabled` may not be set in `[ROOT]/foo/.cargo/config.toml`; set it in the user's own configuration, `[ROOT]/home/.cargo/config.toml`, in the environment or with `--config`
[EXIT_STATUS] 101

"#]]);
    assert!(paths::cargo_home().join("advisory").exists());
}
