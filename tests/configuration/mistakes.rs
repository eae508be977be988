//! A key or value that is not understood is an error that names where it stands and what is allowed.

use cargo_test_support::prelude::*;
use cargo_test_support::{cargo_test, str};

use crate::support::{Database, ProjectExt as _, REFRESH, advisory, app, cargo, configure};

/// The user's file sets `toml` in `[advisory]`, and builds say that they do not understand it.
fn refused(toml: &str, expected: impl IntoData + Clone) {
    Database::new().add(&advisory("leaky")).index();
    configure(toml);
    let app = app("");

    for command in ["check", "advisory"] {
        app.cargo(command)
            .with_status(101)
            .with_stdout_data("")
            .with_stderr_data(expected.clone())
            .run();
    }
}

#[cargo_test]
fn an_unknown_key_in_the_users_file() {
    refused(
        "vulnerabilities = 'deny'",
        str![[r#"
[ERROR] unknown key `advisory.vulnerabilities` in `[ROOT]/home/.cargo/config.toml`, line 5; allowed are `base`, `cache-dir`, `databases`, `editor`, `enabled`, `ignore`, `malicious`, `max-age`, `notice`, `refresh`, `repeat`, `snapshot-key`, `stale-ignores`, `unmaintained`, `unsound`, `vulnerability`, `yanked`

"#]],
    );
}

#[cargo_test]
fn an_unknown_key_in_the_workspaces_file() {
    Database::new().add(&advisory("leaky")).index();
    let app = app("");
    app.change_file(".cargo/config.toml", "[advisory]\nmax_age = '2d'\n");

    app.cargo("check")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] unknown key `advisory.max_age` in `[ROOT]/foo/.cargo/config.toml`, line 2; allowed are `base`, `cache-dir`, `databases`, `editor`, `enabled`, `ignore`, `malicious`, `max-age`, `notice`, `refresh`, `repeat`, `snapshot-key`, `stale-ignores`, `unmaintained`, `unsound`, `vulnerability`, `yanked`

"#]])
        .run();
}

#[cargo_test]
fn an_unknown_key_on_the_command_line() {
    Database::new().add(&advisory("leaky")).index();

    app("")
        .cargo("check --config advisory.level='deny'")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] unknown key `advisory.level` in `--config`; allowed are `base`, `cache-dir`, `databases`, `editor`, `enabled`, `ignore`, `malicious`, `max-age`, `notice`, `refresh`, `repeat`, `snapshot-key`, `stale-ignores`, `unmaintained`, `unsound`, `vulnerability`, `yanked`

"#]])
        .run();
}

#[cargo_test]
fn an_unknown_variable_in_the_environment() {
    Database::new().add(&advisory("leaky")).index();

    app("")
        .cargo("check")
        .env("CARGO_ADVISORY_VULNERABILTY", "deny")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] unknown environment variable `CARGO_ADVISORY_VULNERABILTY`; allowed are `CARGO_ADVISORY_BASE`, `CARGO_ADVISORY_CACHE_DIR`, `CARGO_ADVISORY_DATABASES`, `CARGO_ADVISORY_EDITOR`, `CARGO_ADVISORY_ENABLED`, `CARGO_ADVISORY_MALICIOUS`, `CARGO_ADVISORY_MAX_AGE`, `CARGO_ADVISORY_NOTICE`, `CARGO_ADVISORY_REFRESH`, `CARGO_ADVISORY_REPEAT`, `CARGO_ADVISORY_SNAPSHOT_KEY`, `CARGO_ADVISORY_STALE_IGNORES`, `CARGO_ADVISORY_UNMAINTAINED`, `CARGO_ADVISORY_UNSOUND`, `CARGO_ADVISORY_VULNERABILITY`, `CARGO_ADVISORY_YANKED`, and for a kind those such as `CARGO_ADVISORY_VULNERABILITY_LEVEL`

"#]])
        .run();
}

#[cargo_test]
fn a_hostile_key_cannot_act_on_the_terminal() {
    refused(
        "\"\\u001b[2J\\n::notice::\" = 1",
        str![[r#"
[ERROR] unknown key `advisory./u{1b}[2J/u{a}::notice::` in `[ROOT]/home/.cargo/config.toml`, line 5; allowed are `base`, `cache-dir`, `databases`, `editor`, `enabled`, `ignore`, `malicious`, `max-age`, `notice`, `refresh`, `repeat`, `snapshot-key`, `stale-ignores`, `unmaintained`, `unsound`, `vulnerability`, `yanked`

"#]],
    );
}

#[cargo_test]
fn an_unknown_level() {
    refused(
        "vulnerability = 'forbid'",
        str![[r#"
[ERROR] bad value `forbid` for `advisory.vulnerability` in `[ROOT]/home/.cargo/config.toml`, line 5; allowed are `allow`, `warn`, `deny`

"#]],
    );
}

#[cargo_test]
fn a_level_with_a_capital_letter() {
    refused(
        "vulnerability = 'Deny'",
        str![[r#"
[ERROR] bad value `Deny` for `advisory.vulnerability` in `[ROOT]/home/.cargo/config.toml`, line 5; allowed are `allow`, `warn`, `deny`

"#]],
    );
}

#[cargo_test]
fn an_unknown_level_in_the_environment() {
    Database::new().add(&advisory("leaky")).index();

    app("")
        .cargo("check")
        .env("CARGO_ADVISORY_UNSOUND", "")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] bad value `` for `advisory.unsound` in environment variable `CARGO_ADVISORY_UNSOUND`; allowed are `allow`, `warn`, `deny`

"#]])
        .run();
}

#[cargo_test]
fn a_truth_value_for_a_level() {
    refused(
        "vulnerability = true",
        str![[r#"
[ERROR] error in [ROOT]/home/.cargo/config.toml, line 5: `advisory.vulnerability` expected a string, but found a boolean; allowed are `allow`, `warn`, `deny` and a table of `level`, `scope`, `min-severity`, `fixable`, `grace`

"#]],
    );
}

#[cargo_test]
fn a_table_for_a_level() {
    refused(
        "vulnerability = { word = 'deny' }",
        str![[r#"
[ERROR] unknown key `advisory.vulnerability.word` in `[ROOT]/home/.cargo/config.toml`, line 5; allowed are `level`, `scope`, `min-severity`, `fixable`, `grace`

"#]],
    );
}

#[cargo_test]
fn a_word_for_a_truth_value() {
    refused(
        "enabled = 'yes'",
        str![[r#"
[ERROR] error in [ROOT]/home/.cargo/config.toml, line 5: `advisory.enabled` expected true/false, but found a string; allowed are `true`, `false`

"#]],
    );
}

#[cargo_test]
fn a_word_for_a_truth_value_in_the_environment() {
    Database::new().add(&advisory("leaky")).index();

    app("")
        .cargo("check")
        .env("CARGO_ADVISORY_ENABLED", "off")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] error in environment variable `CARGO_ADVISORY_ENABLED`: provided string was not `true` or `false`; allowed are `true`, `false`

"#]])
        .run();
}

#[cargo_test]
fn a_number_for_an_age() {
    refused(
        "max-age = 14",
        str![[r#"
[ERROR] error in [ROOT]/home/.cargo/config.toml, line 5: `advisory.max-age` expected a string, but found a integer; allowed are hours and days such as `36h` and `14d`, at most `90d`

"#]],
    );
}

#[cargo_test]
fn an_age_without_a_unit() {
    refused(
        "max-age = '14'",
        str![[r#"
[ERROR] bad value `14` for `advisory.max-age` in `[ROOT]/home/.cargo/config.toml`, line 5; allowed are hours and days such as `36h` and `14d`, at most `90d`

"#]],
    );
}

#[cargo_test]
fn ages_that_are_no_use() {
    Database::new().add(&advisory("leaky")).index();
    for age in [
        "",
        "d",
        "0d",
        "0h",
        "91d",
        "2161h",
        "-1d",
        "1.5d",
        "14D",
        "2w",
        "99999999999d",
        "½d",
    ] {
        cargo("advisory status --config")
            .arg(format!("advisory.max-age = '{age}'"))
            .with_status(101)
            .with_stderr_contains(format!(
                "[ERROR] bad value `{age}` for `advisory.max-age` in `--config`; allowed are hours and days such as \
                 `36h` and `14d`, at most `90d`"
            ))
            .run();
    }
}

#[cargo_test]
fn times_of_a_refresh_that_are_no_use() {
    Database::new().add(&advisory("leaky")).index();
    for refresh in ["", "Never", "always", "0h", "91d", "30m", "24"] {
        cargo("advisory status --config")
            .arg(format!("advisory.refresh = '{refresh}'"))
            .env_remove(REFRESH)
            .with_status(101)
            .with_stderr_contains(format!(
                "[ERROR] bad value `{refresh}` for `advisory.refresh` in `--config`; allowed are hours and days such as \
                 `36h` and `14d`, at most `90d`, and `never`"
            ))
            .run();
    }
}

#[cargo_test]
fn the_longest_and_the_shortest_age_are_understood() {
    Database::new().add(&advisory("leaky")).index();
    for age in ["90d", "2160h", "1h", "1d"] {
        cargo("advisory status --config")
            .arg(format!("advisory.max-age = '{age}'"))
            .with_stdout_contains("1 advisory")
            .run();
    }
}

#[cargo_test]
fn one_database_that_is_not_in_a_list() {
    configure("[advisory]\ndatabases = 3");

    cargo("advisory status")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] invalid configuration for key `advisory.databases`
expected a list, but found a integer for `advisory.databases` in [ROOT]/home/.cargo/config.toml

"#]])
        .run();
}

#[cargo_test]
fn a_number_in_the_list_of_databases() {
    configure("[advisory]\ndatabases = [3]");

    cargo("advisory status")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] error in [ROOT]/home/.cargo/config.toml: failed to parse config at `advisory.databases[0]`

Caused by:
  invalid type: integer `3`, expected a string

"#]])
        .run();
}

#[cargo_test]
fn an_empty_entry_in_the_list_of_databases() {
    configure("[advisory]\ndatabases = ['']");

    cargo("advisory status")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] `advisory.databases` in `[ROOT]/home/.cargo/config.toml` holds an empty entry

"#]])
        .run();
}

#[cargo_test]
fn a_number_for_the_cache() {
    refused(
        "cache-dir = 3",
        str![[r#"
[ERROR] error in [ROOT]/home/.cargo/config.toml: could not load config key `advisory.cache-dir`

Caused by:
  error in [ROOT]/home/.cargo/config.toml: `advisory.cache-dir` expected a string, but found a integer

"#]],
    );
}

#[cargo_test]
fn a_word_for_the_table() {
    configure("advisory = 'deny'");

    cargo("advisory status")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] `advisory` in `[ROOT]/home/.cargo/config.toml` must be a table, found string

"#]])
        .run();
}

#[cargo_test]
fn a_list_for_the_table() {
    configure("[[advisory]]\nunsound = 'deny'");

    cargo("advisory status")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] `advisory` in `[ROOT]/home/.cargo/config.toml` must be a table, found array

"#]])
        .run();
}

/// Only what asks for advisories can fail over them.
#[cargo_test]
fn commands_that_compile_nothing_do_not_mind() {
    configure("[advisory]\nnonsense = 1");
    let app = app("");

    for command in [
        "generate-lockfile",
        "metadata --format-version 1",
        "tree",
        "fetch",
        "clean",
        "locate-project",
    ] {
        app.cargo(command)
            .with_stderr_does_not_contain("[..]nonsense[..]")
            .run();
    }
}
