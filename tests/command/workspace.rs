//! `cargo advisory` for a workspace: everything in it, with how each package is used.

use std::fs;
use std::io::Read as _;
use std::process::Stdio;

use cargo::sources::CRATES_IO_INDEX;
use cargo_test_support::compare::assert_e2e;
use cargo_test_support::prelude::*;
use cargo_test_support::registry::Package;
use cargo_test_support::{Project, cargo_test, paths, project, str};

use crate::support::{
    Database, ProjectExt as _, advisory, app, app_locked_to_yanked, app_manifest, cargo,
};

/// A package that depends on something in every way that there is.
fn used_in_every_way() -> Project {
    Package::new("run", "1.0.0").publish();
    Package::new("builder", "1.0.0").publish();
    Package::new("inner", "1.0.0").publish();
    Package::new("mac", "1.0.0")
        .proc_macro(true)
        .dep("inner", "1")
        .publish();
    Package::new("tester", "1.0.0").publish();
    Package::new("elsewhere", "1.0.0").publish();
    project()
        .file(
            "Cargo.toml",
            r#"
                [package]
                name = "app"
                version = "0.1.0"
                edition = "2021"

                [dependencies]
                run = "1"
                mac = "1"

                [build-dependencies]
                builder = "1"

                [dev-dependencies]
                tester = "1"

                [target.'cfg(target_os = "nowhere")'.dependencies]
                elsewhere = "1"
            "#,
        )
        .file("build.rs", "fn main() {}")
        .file("src/main.rs", "fn main() {}")
        .build()
}

#[cargo_test]
fn each_package_is_told_with_its_scope() {
    let app = used_in_every_way();
    Database::new()
        .add(&advisory("run").id("RUSTSEC-2020-0001"))
        .add(&advisory("mac").id("RUSTSEC-2020-0002"))
        .add(&advisory("inner").id("RUSTSEC-2020-0003"))
        .add(&advisory("builder").id("RUSTSEC-2020-0004"))
        .add(&advisory("tester").id("RUSTSEC-2020-0005"))
        .add(&advisory("elsewhere").id("RUSTSEC-2020-0006"))
        .index();

    app.cargo("advisory")
        .with_stdout_data(str![[r#"
run 1.0.0 (runtime)
    app 0.1.0 → run 1.0.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `run` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

builder 1.0.0 (build)
    app 0.1.0 (build-dependencies) → builder 1.0.0
    warn  RUSTSEC-2020-0004: vulnerability, severity not scored
          `builder` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

inner 1.0.0 (build)
    app 0.1.0 → mac 1.0.0 → inner 1.0.0
    warn  RUSTSEC-2020-0003: vulnerability, severity not scored
          `inner` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

mac 1.0.0 (build)
    app 0.1.0 → mac 1.0.0
    warn  RUSTSEC-2020-0002: vulnerability, severity not scored
          `mac` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

tester 1.0.0 (dev)
    app 0.1.0 (dev-dependencies) → tester 1.0.0
    warn  RUSTSEC-2020-0005: vulnerability, severity not scored
          `tester` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

not in this build:
elsewhere 1.0.0 (unbuilt)
    app 0.1.0 → elsewhere 1.0.0
    comes in on cfg(target_os = "nowhere")
    allow  RUSTSEC-2020-0006: vulnerability, severity not scored
          `elsewhere` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]])
        .with_stderr_data(
            str![[r#"
[UPDATING] `dummy-registry` index
[LOCKING] 6 packages to latest compatible versions
[DOWNLOADING] crates ...
[DOWNLOADED] mac v1.0.0 (registry `dummy-registry`)
[DOWNLOADED] run v1.0.0 (registry `dummy-registry`)
[DOWNLOADED] builder v1.0.0 (registry `dummy-registry`)
[DOWNLOADED] inner v1.0.0 (registry `dummy-registry`)
[DOWNLOADED] tester v1.0.0 (registry `dummy-registry`)
     Checked 7 packages against 6 advisories of an index less than a minute old

"#]]
            .unordered(),
        )
        .run();
}

#[cargo_test]
fn what_is_only_in_the_lockfile_never_denies() {
    let app = used_in_every_way();
    Database::new()
        .add(&advisory("elsewhere").malicious())
        .index();

    app.cargo("advisory --deny-advisories")
        .with_stdout_data(str![[r#"
not in this build:
elsewhere 1.0.0 (unbuilt)
    app 0.1.0 → elsewhere 1.0.0
    comes in on cfg(target_os = "nowhere")
    allow  RUSTSEC-2020-0001: malicious, severity not scored
          `elsewhere` can be attacked
          reported [..] ago, 2020-01-01
    remedy  none: no later release is free of it

"#]])
        .with_stderr_data(
            str![[r#"
[UPDATING] `dummy-registry` index
[LOCKING] 6 packages to latest compatible versions
[DOWNLOADING] crates ...
[DOWNLOADED] builder v1.0.0 (registry `dummy-registry`)
[DOWNLOADED] inner v1.0.0 (registry `dummy-registry`)
[DOWNLOADED] mac v1.0.0 (registry `dummy-registry`)
[DOWNLOADED] run v1.0.0 (registry `dummy-registry`)
[DOWNLOADED] tester v1.0.0 (registry `dummy-registry`)
     Checked 7 packages against 1 advisory of an index less than a minute old

"#]]
            .unordered(),
        )
        .run();
}

#[cargo_test]
fn the_details_of_an_advisory_are_told() {
    Package::new("leaky", "1.0.0").publish();
    Database::new()
        .add(
            &advisory("leaky")
                .title("Everything leaks out")
                .patched(">= 1.0.1")
                .field("cvss", "\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"")
                .field("url", "\"https://leaks.example/1\""),
        )
        .add(
            &advisory("leaky")
                .id("RUSTSEC-2020-0002")
                .title("Nobody looks after it")
                .informational("unmaintained"),
        )
        .index();

    app("leaky = '1'")
        .cargo("advisory")
        .with_stdout_data(str![[r#"
leaky 1.0.0 (runtime)
    app 0.1.0 → leaky 1.0.0
    warn  RUSTSEC-2020-0001: vulnerability, critical severity (CVSS 3.1: 9.8)
          Everything leaks out
          reported [..] ago, 2020-01-01
          patched: >=1.0.1
          https://leaks.example/1
    warn  RUSTSEC-2020-0002: unmaintained
          Nobody looks after it
          reported [..] ago, 2020-01-01
    remedy  none: no later release is free of it

"#]])
        .run();
}

#[cargo_test]
fn a_yanked_package_is_told() {
    let app = app_locked_to_yanked();
    Database::new().add(&advisory("other")).index();

    app.cargo("advisory")
        .with_stdout_data(str![[r#"
gone 1.0.0 (runtime)
    app 0.1.0 → gone 1.0.0
    warn  yanked from its registry
    remedy  none: no later release is free of it

"#]])
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[DOWNLOADING] crates ...
[DOWNLOADED] gone v1.0.0 (registry `dummy-registry`)
     Checked 2 packages against 1 advisory of an index less than a minute old

"#]])
        .run();
}

#[cargo_test]
fn nothing_found_is_said_with_what_was_checked() {
    Package::new("sound", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();

    app("sound = '1'")
        .cargo("advisory")
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
fn the_subcommand_check_is_what_runs_without_one() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = app("leaky = '1'");

    let short = app.cargo("advisory").run();
    let long = app.cargo("advisory check").run();

    assert!(!short.stdout.is_empty());
    assert_eq!(short.stdout, long.stdout);
}

#[cargo_test]
fn quiet_leaves_the_answer_alone() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();

    app("leaky = '1'")
        .cargo("advisory --quiet")
        .with_stdout_data(str![[r#"
leaky 1.0.0 (runtime)
    app 0.1.0 → leaky 1.0.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]])
        .with_stderr_data("")
        .run();
}

#[cargo_test]
fn hostile_text_of_an_advisory_cannot_act_on_the_terminal() {
    Package::new("leaky", "1.0.0").publish();
    Database::new()
        .add(&advisory("leaky").title("red \u{1b}[31m and \u{202e}backwards"))
        .index();

    app("leaky = '1'")
        .cargo("advisory")
        .with_stdout_data(str![[r#"
leaky 1.0.0 (runtime)
    app 0.1.0 → leaky 1.0.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          red /u{1b}[31m and /u{202e}backwards
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]])
        .run();
}

/// A workspace of two members, of which each has its own dependency.
fn two_members() -> Project {
    Package::new("leaky", "1.0.0").publish();
    Package::new("shaky", "1.0.0").publish();
    project()
        .file(
            "Cargo.toml",
            "[workspace]\nmembers = ['one', 'two']\nresolver = '2'\n",
        )
        .file(
            "one/Cargo.toml",
            &app_manifest("leaky = '1'").replace("app", "one"),
        )
        .file("one/src/lib.rs", "")
        .file(
            "two/Cargo.toml",
            &app_manifest("shaky = '1'").replace("app", "two"),
        )
        .file("two/src/lib.rs", "")
        .build()
}

#[cargo_test]
fn from_a_member_the_whole_workspace_is_checked() {
    let workspace = two_members();
    Database::new()
        .add(&advisory("leaky"))
        .add(&advisory("shaky").id("RUSTSEC-2020-0002"))
        .index();

    workspace
        .cargo("advisory")
        .cwd("two")
        .with_stdout_data(str![[r#"
leaky 1.0.0 (runtime)
    one 0.1.0 → leaky 1.0.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

shaky 1.0.0 (runtime)
    two 0.1.0 → shaky 1.0.0
    warn  RUSTSEC-2020-0002: vulnerability, severity not scored
          `shaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]])
        .run();
}

#[cargo_test]
fn a_manifest_can_be_named() {
    let workspace = two_members();
    Database::new().add(&advisory("leaky")).index();

    cargo("advisory --manifest-path foo/one/Cargo.toml")
        .with_stdout_data(str![[r#"
leaky 1.0.0 (runtime)
    one 0.1.0 → leaky 1.0.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]])
        .run();
    drop(workspace);
}

#[cargo_test]
fn outside_of_a_workspace_it_is_an_error() {
    Database::new().add(&advisory("leaky")).index();

    cargo("advisory")
        .with_status(101)
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
[ERROR] could not find `Cargo.toml` in `[ROOT]` or any parent directory

"#]])
        .run();
}

#[cargo_test]
fn without_an_index_it_is_an_error_that_says_how_to_make_one() {
    Database::new().add(&advisory("leaky"));

    app("")
        .cargo("advisory")
        .with_status(101)
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
[ERROR] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`

"#]])
        .run();
}

#[cargo_test]
fn a_workspace_that_does_not_resolve_is_an_error() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();

    app("leaky = '2'")
        .cargo("advisory")
        .with_status(101)
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[ERROR] failed to select a version for the requirement `leaky = "^2"`
candidate versions found which didn't match: 1.0.0
location searched: `dummy-registry` index (which is replacing registry `crates-io`)
required by package `app v0.1.0 ([ROOT]/foo)`
[NOTE] perhaps a crate was updated and forgotten to be re-vendored?

"#]])
        .run();
}

#[cargo_test]
fn offline_it_answers_the_same() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = app("leaky = '1'");
    let online = app.cargo("advisory").run();

    let offline = app.cargo("advisory --offline --locked").run();

    assert!(!online.stdout.is_empty());
    assert_eq!(offline.stdout, online.stdout);
}

#[cargo_test]
fn nothing_is_compiled() {
    Package::new("leaky", "1.0.0")
        .file("build.rs", "fn main() { panic!() }")
        .file("src/lib.rs", "this is no Rust")
        .publish();
    Database::new().add(&advisory("leaky")).index();
    let app = app("leaky = '1'");

    app.cargo("advisory").run();

    let built: Vec<_> = fs::read_dir(app.build_dir().join("debug"))
        .into_iter()
        .flatten()
        .collect();
    assert!(built.is_empty(), "{built:?}");
}

/// As `cargo advisory | head -1` does.
#[cargo_test]
fn a_reader_that_leaves_early_is_no_error() {
    let database = Database::new();
    let mut lockfile = "version = 4\n".to_owned();
    // More than a pipe holds.
    for number in 0..1000 {
        let name = format!("leaky{number}");
        database.add(&advisory(&name).title(&"long ".repeat(20)));
        lockfile.push_str(&format!(
            "[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\nsource = \"registry+{CRATES_IO_INDEX}\"\n"
        ));
    }
    database.index();
    fs::write(paths::root().join("Cargo.lock"), lockfile).unwrap();
    let mut asked = cargo("advisory --lockfile Cargo.lock");
    let whole = asked.clone().run().stdout.len();
    assert!(whole > 200_000, "{whole}");

    let mut child = asked
        .build_command()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();

    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
}

/// Half an answer must not pass for a whole one.
#[cfg(target_os = "linux")]
#[cargo_test]
fn an_answer_that_cannot_be_written_is_an_error() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let full = fs::File::create("/dev/full").unwrap();

    let output = app("leaky = '1'")
        .cargo("advisory --quiet")
        .build_command()
        .stdout(full)
        .output()
        .unwrap();

    assert_eq!(output.status.code(), Some(101));
    assert_e2e().eq(
        String::from_utf8(output.stderr).unwrap(),
        str![[r#"
[ERROR] failed to write to stdout

Caused by:
  No space left on device (os error 28)

"#]],
    );
}
