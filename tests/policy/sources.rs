//! Where rules may be set, and which of several wins.

use cargo_test_support::registry::Package;
use cargo_test_support::{cargo_test, str};

use crate::support::{
    Database, ExecsExt as _, ProjectExt as _, advisory, app_manifest, configure, locked,
};
use crate::{answered, app_with, built, set, shows};

#[cargo_test]
fn the_workspace_overrides_the_users_word() {
    let app = app_with(&advisory("leaky"));
    configure("vulnerability = 'deny'");
    assert_eq!(built(&app, ""), "deny");

    set(&app, "vulnerability = 'allow'");
    assert_eq!(built(&app, ""), "allow");
    assert_eq!(answered(&app, ""), "allow");
}

#[cargo_test]
fn tables_of_several_files_are_joined_field_by_field() {
    let app = app_with(&advisory("leaky"));
    configure("vulnerability = { level = 'deny', min-severity = 'low' }");
    set(&app, "vulnerability = { level = 'warn', fixable = true }");

    shows(
        &mut app.cargo("advisory --explain-policy"),
        str![[r#"
leaky 1.0.0 (runtime)
    allow  RUSTSEC-2020-0001: vulnerability
          `advisory.vulnerability` is `warn` in `[ROOT]/foo/.cargo/config.toml`
          drops to `allow`, because `fixable = true` in `[ROOT]/foo/.cargo/config.toml` is not met

"#]],
    );
    assert_eq!(built(&app, ""), "allow");
}

#[cargo_test]
fn a_table_leaves_the_level_as_it_is_by_default() {
    let app = app_with(&advisory("leaky"));
    set(&app, "vulnerability = { scope = 'runtime' }");

    assert_eq!(built(&app, ""), "warn");
    shows(
        &mut app.cargo("advisory --explain-policy"),
        str![[r#"
leaky 1.0.0 (runtime)
    warn  RUSTSEC-2020-0001: vulnerability
          `advisory.vulnerability` is `warn` by default

"#]],
    );
    set(&app, "vulnerability = {}");
    assert_eq!(built(&app, ""), "warn");
}

#[cargo_test]
fn a_table_for_unmaintained_has_no_scope_that_it_does_not_name() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("middle", "1.0.0").dep("leaky", "1").publish();
    Database::new()
        .add(&advisory("leaky").informational("unmaintained"))
        .index();
    let app = locked("middle = '1'");

    for (toml, expected) in [
        ("", "allow"),
        ("unmaintained = 'warn'", "warn"),
        ("unmaintained = { level = 'warn' }", "warn"),
        ("unmaintained = { scope = 'direct' }", "allow"),
        (
            "unmaintained = { level = 'deny', scope = 'direct' }",
            "warn",
        ),
    ] {
        set(&app, toml);
        assert_eq!(built(&app, ""), expected, "{toml}");
        assert_eq!(answered(&app, ""), expected, "{toml}");
    }
}

#[cargo_test]
fn variables_set_single_fields() {
    let app = app_with(&advisory("leaky"));

    app.cargo("check")
        .env("CARGO_ADVISORY_VULNERABILITY_LEVEL", "deny")
        .tells(str![[r#"
[ERROR] 1 insecure dependency denied by `advisory.vulnerability`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    app.cargo("check")
        .env("CARGO_ADVISORY_VULNERABILITY_LEVEL", "deny")
        .env("CARGO_ADVISORY_VULNERABILITY_FIXABLE", "true")
        .tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]]);
    shows(
        app.cargo("advisory --explain-policy")
            .env("CARGO_ADVISORY_VULNERABILITY_MIN_SEVERITY", "high")
            .env("CARGO_ADVISORY_VULNERABILITY_SCOPE", "direct")
            .env("CARGO_ADVISORY_VULNERABILITY_GRACE", "14d"),
        str![[r#"
leaky 1.0.0 (runtime)
    warn  RUSTSEC-2020-0001: vulnerability
          `advisory.vulnerability` is `warn` by default

"#]],
    );
}

#[cargo_test]
fn variables_win_over_fields_of_files() {
    let app = app_with(&advisory("leaky"));
    set(&app, "vulnerability = { level = 'deny', fixable = true }");

    app.cargo("check").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]]);
    app.cargo("check")
        .env("CARGO_ADVISORY_VULNERABILITY_FIXABLE", "false")
        .tells(str![[r#"
[ERROR] 1 insecure dependency denied by `advisory.vulnerability`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    // A word in the place of the whole table.
    app.cargo("check")
        .env("CARGO_ADVISORY_VULNERABILITY", "deny")
        .tells(str![[r#"
[ERROR] 1 insecure dependency denied by `advisory.vulnerability`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn a_variable_for_a_field_beside_a_word_is_an_error() {
    let app = app_with(&advisory("leaky"));
    set(&app, "vulnerability = 'warn'");

    for command in ["check", "advisory"] {
        app.cargo(command)
            .env("CARGO_ADVISORY_VULNERABILITY_LEVEL", "deny")
            .tells(str![[r#"
[ERROR] environment variable `CARGO_ADVISORY_VULNERABILITY_LEVEL` is for a table, and `advisory.vulnerability` is the word `warn` in `[ROOT]/foo/.cargo/config.toml`, line 2; set one of them alone
[EXIT_STATUS] 101

"#]]);
    }
    app.cargo("check")
        .env("CARGO_ADVISORY_UNSOUND_GRACE", "14d")
        .env("CARGO_ADVISORY_UNSOUND", "deny")
        .tells(str![[r#"
[ERROR] environment variable `CARGO_ADVISORY_UNSOUND_GRACE` is for a table, and `advisory.unsound` is the word `deny` in environment variable `CARGO_ADVISORY_UNSOUND`; set one of them alone
[EXIT_STATUS] 101

"#]]);
    // The command line is stronger than both.
    assert_eq!(
        built(&app, "--config advisory.vulnerability='allow'"),
        "allow"
    );
}

#[cargo_test]
fn the_command_line_wins_over_variables_and_files() {
    let app = app_with(&advisory("leaky"));
    set(&app, "vulnerability = { level = 'deny' }");

    let table = "--config advisory.vulnerability.level='warn'";
    assert_eq!(built(&app, table), "warn");
    app.cargo(&format!("check {table}"))
        .env("CARGO_ADVISORY_VULNERABILITY_LEVEL", "allow")
        .tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]]);
    assert_eq!(answered(&app, table), "warn");
}

#[cargo_test]
fn a_word_in_one_file_and_a_table_in_another_is_cargos_own_error() {
    let app = app_with(&advisory("leaky"));
    configure("vulnerability = { level = 'deny' }");
    set(&app, "vulnerability = 'warn'");

    app.cargo("check")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] failed to parse manifest at `[ROOT]/foo/Cargo.toml`

Caused by:
  could not load Cargo configuration

Caused by:
  failed to merge configuration at `[ROOT]/home/.cargo/config.toml`

Caused by:
  failed to merge key `advisory` between [ROOT]/foo/.cargo/config.toml and [ROOT]/home/.cargo/config.toml

Caused by:
  failed to merge key `vulnerability` between [ROOT]/foo/.cargo/config.toml and [ROOT]/home/.cargo/config.toml

Caused by:
  failed to merge config value from `[ROOT]/home/.cargo/config.toml` into `[ROOT]/foo/.cargo/config.toml`: expected string, but found table

"#]])
        .run();
    app.cargo("advisory")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] could not load Cargo configuration

Caused by:
  failed to merge configuration at `[ROOT]/home/.cargo/config.toml`

Caused by:
  failed to merge key `advisory` between [ROOT]/foo/.cargo/config.toml and [ROOT]/home/.cargo/config.toml

Caused by:
  failed to merge key `vulnerability` between [ROOT]/foo/.cargo/config.toml and [ROOT]/home/.cargo/config.toml

Caused by:
  failed to merge config value from `[ROOT]/home/.cargo/config.toml` into `[ROOT]/foo/.cargo/config.toml`: expected string, but found table

"#]])
        .run();
}

/// The examples of `docs/policy.md`, one after the other.
#[cargo_test]
fn the_examples_of_the_page_are_understood() {
    let app = app_with(&advisory("other"));
    let page = include_str!("../../docs/policy.md");
    let examples: Vec<&str> = page
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(examples.len() > 5);

    for example in examples {
        if example.starts_with("[[workspace") {
            app.change_file(
                "Cargo.toml",
                &format!("{}\n{example}", app_manifest("leaky = '1'")),
            );
        } else {
            set(&app, example.trim_start_matches("[advisory]\n"));
        }
        let output = app.cargo("check").without_status().run();
        assert_eq!(output.code, Some(0), "{example}");
    }
}
