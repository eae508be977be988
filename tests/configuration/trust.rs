//! What a workspace that one enters may say, and what only the user may.

use cargo_advisory::config::DEFAULT_DATABASE;
use cargo_test_support::prelude::*;
use cargo_test_support::registry::Package;
use cargo_test_support::{Project, cargo_test, paths, str};

use crate::support::{Database, ProjectExt as _, REFRESH, advisory, app, cached, configure};

/// An application whose workspace sets `toml` in `[advisory]`.
fn app_that_sets(toml: &str) -> Project {
    let app = app("");
    app.change_file(".cargo/config.toml", &format!("[advisory]\n{toml}\n"));
    app
}

#[cargo_test]
fn a_workspace_may_lower_and_raise_levels() {
    Package::new("evil", "1.0.0").publish();
    Package::new("leaky", "1.0.0").publish();
    Database::new()
        .add(&advisory("evil").malicious())
        .add(&advisory("leaky"))
        .index();
    let app = app("evil = '1'\nleaky = '1'");
    app.change_file(
        ".cargo/config.toml",
        "[advisory]\nmalicious = 'warn'\nvulnerability = 'deny'\n",
    );

    app.cargo("advisory")
        .with_status(101)
        .with_stdout_data(str![[r#"
evil 1.0.0 (runtime)
    app 0.1.0 → evil 1.0.0
    warn  RUSTSEC-2020-0001: malicious, severity not scored
          `evil` can be attacked
          reported [..] ago, 2020-01-01
    remedy  none: no later release is free of it

leaky 1.0.0 (runtime)
    app 0.1.0 → leaky 1.0.0
    deny  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]])
        .run();
}

#[cargo_test]
fn a_workspace_may_add_a_database_behind_the_users() {
    Package::new("leaky", "1.0.0").publish();
    let users = Database::new();
    users.add(&advisory("leaky").title("what the user's says"));
    let app = app("leaky = '1'");
    app.change_file(
        ".cargo/config.toml",
        "[advisory]\ndatabases = ['advisories']",
    );
    let own = Database::at("foo/advisories");
    own.add(&advisory("leaky").title("what the workspace's says"))
        .add(&advisory("shaky").id("RUSTSEC-2020-0002"));

    app.cargo("advisory update")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
[UPDATING] advisory database `[ROOT]/foo/advisories`
     Updated index to 2 advisories (2 vulnerability)

"#]])
        .run();
    app.cargo("advisory")
        .with_stdout_data(str![[r#"
leaky 1.0.0 (runtime)
    app 0.1.0 → leaky 1.0.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          what the user's says
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]])
        .run();
}

#[cargo_test]
fn a_database_of_a_workspace_leaves_the_users_index_alone() {
    let users = Database::new();
    users.add(&advisory("leaky")).index();
    let before = cached();
    let app = app_that_sets("databases = ['advisories']");
    Database::at("foo/advisories").add(&advisory("shaky").id("RUSTSEC-2020-0002"));

    app.cargo("advisory update").run();

    let after = cached();
    assert_eq!(after.len(), 2);
    for (name, content) in before {
        assert_eq!(after[&name], content);
    }
}

#[cargo_test]
fn a_database_of_a_workspace_cannot_act_on_the_terminal() {
    Database::new().add(&advisory("leaky"));
    let app = app_that_sets(r#"databases = ["no\u001b[2Jwhere\r\n::error::x"]"#);

    let output = app
        .cargo("advisory update")
        .with_status(101)
        .with_stderr_contains("[ERROR] cannot read the database `[..]where[..]")
        .run();

    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!stderr.contains(['\u{1b}', '\r']), "{stderr:?}");
    assert!(!stderr.contains("\n::"), "{stderr:?}");
}

#[cargo_test]
fn a_workspace_cannot_replace_the_default_database() {
    let app = app_that_sets("databases = ['advisories']");
    Database::at("foo/advisories").add(&advisory("leaky"));

    app.cargo("advisory update --offline")
        .with_status(101)
        .with_stderr_contains(format!(
            "[ERROR] cannot read the database `{DEFAULT_DATABASE}`"
        ))
        .with_stderr_contains("  it needs the network")
        .run();

    assert!(cached().is_empty());
}

#[cargo_test]
fn the_user_can_replace_the_default_database_from_within_a_workspace() {
    let app = app_that_sets("vulnerability = 'deny'");
    Database::at("foo/advisories").add(&advisory("leaky"));

    app.cargo("advisory update --offline --config advisory.databases=['advisories']")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/foo/advisories`
     Updated index to 1 advisory (1 vulnerability)

"#]])
        .run();
}

/// A workspace that sets this is refused by a build, whatever is in it, and by `cargo advisory`.
fn refused(toml: &str, expected: impl IntoData + Clone) {
    Database::new().add(&advisory("leaky")).index();
    let app = app_that_sets(toml);

    for command in ["check", "advisory", "advisory status", "advisory update"] {
        app.cargo(command)
            .with_status(101)
            .with_stdout_data("")
            .with_stderr_data(expected.clone())
            .run();
    }
}

#[cargo_test]
fn a_workspace_cannot_turn_the_check_off() {
    refused(
        "enabled = false",
        str![[r#"
[ERROR] `advisory.enabled` may not be set in `[ROOT]/foo/.cargo/config.toml`; set it in the user's own configuration, `[ROOT]/home/.cargo/config.toml`, in the environment or with `--config`

"#]],
    );
}

#[cargo_test]
fn a_workspace_cannot_move_the_cache() {
    refused(
        "cache-dir = 'cache'",
        str![[r#"
[ERROR] `advisory.cache-dir` may not be set in `[ROOT]/foo/.cargo/config.toml`; set it in the user's own configuration, `[ROOT]/home/.cargo/config.toml`, in the environment or with `--config`

"#]],
    );
}

#[cargo_test]
fn a_workspace_cannot_set_the_age_that_is_allowed() {
    refused(
        "max-age = '90d'",
        str![[r#"
[ERROR] `advisory.max-age` may not be set in `[ROOT]/foo/.cargo/config.toml`; set it in the user's own configuration, `[ROOT]/home/.cargo/config.toml`, in the environment or with `--config`

"#]],
    );
}

/// Neither may it have the index grow old, nor have others asked more often.
#[cargo_test]
fn a_workspace_cannot_say_when_the_index_is_refreshed() {
    Database::new().add(&advisory("leaky")).index();
    for refresh in ["never", "1h"] {
        app_that_sets(&format!("refresh = '{refresh}'"))
            .cargo("check")
            .env_remove(REFRESH)
            .with_status(101)
            .with_stderr_data(str![[r#"
[ERROR] `advisory.refresh` may not be set in `[ROOT]/foo/.cargo/config.toml`; set it in the user's own configuration, `[ROOT]/home/.cargo/config.toml`, in the environment or with `--config`

"#]])
            .run();
    }
}

#[cargo_test]
fn a_file_above_the_workspace_is_not_the_users_either() {
    Database::new().add(&advisory("leaky")).index();
    Database::at("").file(".cargo/config.toml", "[advisory]\nenabled = false\n");

    app("")
        .cargo("check")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] `advisory.enabled` may not be set in `[ROOT]/.cargo/config.toml`; set it in the user's own configuration, `[ROOT]/home/.cargo/config.toml`, in the environment or with `--config`

"#]])
        .run();
}

#[cargo_test]
fn what_the_command_line_says_counts_even_where_the_workspace_may_not() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();

    app("leaky = '1'")
        .cargo("check --config advisory.enabled=false")
        .with_stderr_does_not_contain("[WARNING] [..]")
        .run();
}

/// The user's own file is found twice when the home is reached through a link: from there and from the folder above
/// the workspace.
#[cfg(unix)]
#[cargo_test]
fn a_home_behind_a_link_is_still_the_users() {
    let database = Database::at("advisory-db");
    database.add(&advisory("leaky"));
    configure(&format!(
        "[advisory]\ndatabases = ['{}']\nmax-age = '2d'",
        database.path().display()
    ));
    let link = paths::root().join("link");
    std::os::unix::fs::symlink(paths::home(), &link).unwrap();
    let app = cargo_test_support::project_in_home("app")
        .file("src/main.rs", "fn main() {}")
        .build();

    app.cargo("advisory update")
        .env("CARGO_HOME", link.join(".cargo"))
        .env("HOME", &link)
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
     Updated index to 1 advisory (1 vulnerability)

"#]])
        .run();
}
