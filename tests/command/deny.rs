//! `cargo advisory --deny-advisories`, and what else makes it fail.

use cargo_test_support::prelude::*;
use cargo_test_support::registry::Package;
use cargo_test_support::{cargo_test, str};

use crate::support::{Database, ProjectExt as _, advisory, app, cargo, configure};

#[cargo_test]
fn a_finding_is_denied_in_one_line_after_the_answer() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("shaky", "1.0.0").publish();
    Database::new()
        .add(&advisory("leaky"))
        .add(
            &advisory("shaky")
                .id("RUSTSEC-2020-0002")
                .informational("unsound"),
        )
        .index();

    app("leaky = '1'\nshaky = '1'")
        .cargo("advisory --deny-advisories")
        .with_status(101)
        .with_stdout_data(str![[r#"
leaky 1.0.0 (runtime)
    app 0.1.0 → leaky 1.0.0
    deny  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

shaky 1.0.0 (runtime)
    app 0.1.0 → shaky 1.0.0
    deny  RUSTSEC-2020-0002: unsound
          `shaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]])
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[LOCKING] 2 packages to latest compatible versions
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0 (registry `dummy-registry`)
[DOWNLOADED] shaky v1.0.0 (registry `dummy-registry`)
     Checked 3 packages against 2 advisories of an index less than a minute old
[ERROR] 1 insecure and 1 unsound dependencies denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001), shaky 1.0.0 (RUSTSEC-2020-0002)

"#]].unordered())
        .run();
}

#[cargo_test]
fn without_findings_it_passes() {
    Package::new("sound", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();

    app("sound = '1'")
        .cargo("advisory --deny-advisories")
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] sound v1.0.0 (registry `dummy-registry`)
     Checked 2 packages against 1 advisory of an index less than a minute old

"#]])
        .run();
}

#[cargo_test]
fn what_is_allowed_stays_allowed() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();

    app("leaky = '1'")
        .cargo("advisory --deny-advisories --config advisory.vulnerability='allow'")
        .with_stdout_data(str![[r#"
leaky 1.0.0 (runtime)
    app 0.1.0 → leaky 1.0.0
    allow  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]])
        .run();
}

#[cargo_test]
fn malicious_code_is_denied_without_being_asked() {
    Package::new("evil", "1.0.0").publish();
    Database::new().add(&advisory("evil").malicious()).index();

    app("evil = '1'")
        .cargo("advisory")
        .with_status(101)
        .with_stdout_data(str![[r#"
evil 1.0.0 (runtime)
    app 0.1.0 → evil 1.0.0
    deny  RUSTSEC-2020-0001: malicious, severity not scored
          `evil` can be attacked
          reported [..] ago, 2020-01-01
    remedy  none: no later release is free of it

"#]])
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] evil v1.0.0 (registry `dummy-registry`)
     Checked 2 packages against 1 advisory of an index less than a minute old
[ERROR] 1 insecure dependency denied by `advisory.malicious`: evil 1.0.0 (RUSTSEC-2020-0001)

"#]])
        .run();
}

#[cargo_test]
fn denied_warnings_deny() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();

    app("leaky = '1'")
        .cargo("advisory --config build.warnings='deny'")
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0 (registry `dummy-registry`)
     Checked 2 packages against 1 advisory of an index less than a minute old
[ERROR] 1 insecure dependency denied by `build.warnings`: leaky 1.0.0 (RUSTSEC-2020-0001)

"#]])
        .run();
}

#[cargo_test]
fn an_advisory_that_was_not_understood_fails_a_denial_where_its_package_is_used() {
    Package::new("odd", "1.0.0").publish();
    Database::new()
        .add(&advisory("leaky"))
        .file("crates/odd/RUSTSEC-2020-0009.md", "no front matter\n")
        .index();
    let app = app("odd = '1'");

    app.cargo("advisory")
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] odd v1.0.0 (registry `dummy-registry`)
[NOTE] advisories that were not understood may concern odd; `cargo advisory status` shows them
     Checked 2 packages against 1 advisory of an index less than a minute old

"#]])
        .run();
    app.cargo("advisory --deny-advisories")
        .with_status(101)
        .with_stderr_data(str![[r#"
     Checked 2 packages against 1 advisory of an index less than a minute old
[ERROR] advisories that were not understood may concern odd; `cargo advisory status` shows them

"#]])
        .run();
}

#[cargo_test]
fn a_denial_for_a_finding_still_notes_what_was_not_understood() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("odd", "1.0.0").publish();
    Database::new()
        .add(&advisory("leaky"))
        .file("crates/odd/RUSTSEC-2020-0009.md", "no front matter\n")
        .index();
    let app = app("leaky = '1'\nodd = '1'");
    app.cargo("fetch").run();

    app.cargo("advisory --deny-advisories")
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[NOTE] advisories that were not understood may concern odd; `cargo advisory status` shows them
     Checked 3 packages against 1 advisory of an index less than a minute old
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001)

"#]])
        .run();
}

#[cargo_test]
fn without_an_index_a_denial_fails() {
    Package::new("sound", "1.0.0").publish();
    Database::new().add(&advisory("leaky"));

    app("sound = '1'")
        .cargo("advisory --deny-advisories")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`

"#]])
        .run();
}

#[cargo_test]
fn a_check_that_is_turned_off_fails_a_denial() {
    Package::new("sound", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    configure("enabled = false");

    app("sound = '1'")
        .cargo("advisory --deny-advisories")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] `--deny-advisories` needs the check, which `advisory.enabled` in `[ROOT]/home/.cargo/config.toml` turns off

"#]])
        .run();
}

#[cargo_test]
fn of_several_lockfiles_each_is_answered_before_the_denial() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = app("leaky = '1'");
    app.cargo("generate-lockfile").run();
    std::fs::copy(app.root().join("Cargo.lock"), app.root().join("Other.lock")).unwrap();

    cargo("advisory --deny-advisories --lockfile foo/Cargo.lock --lockfile foo/Other.lock")
        .with_status(101)
        .with_stdout_data(str![[r#"
[ROOT]/foo/Cargo.lock
leaky 1.0.0 (unbuilt)
    app 0.1.0 → leaky 1.0.0
    deny  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known

[ROOT]/foo/Other.lock
leaky 1.0.0 (unbuilt)
    app 0.1.0 → leaky 1.0.0
    deny  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known


"#]])
        .with_stderr_data(str![[r#"
     Checked 2 packages against 1 advisory of an index less than a minute old; yanks are not known from a lockfile alone
     Checked 2 packages against 1 advisory of an index less than a minute old; yanks are not known from a lockfile alone
[ERROR] in `[ROOT]/foo/Cargo.lock`

Caused by:
  1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001)
[ERROR] in `[ROOT]/foo/Other.lock`

Caused by:
  1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001)

"#]])
        .run();
}
