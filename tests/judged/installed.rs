//! `cargo install`: the package itself is judged as well as what it depends on.

use cargo_test_support::cargo_test;
use cargo_test_support::install::{assert_has_installed_exe, assert_has_not_installed_exe};
use cargo_test_support::prelude::*;
use cargo_test_support::registry::Package;
use cargo_test_support::str;
use cargo_test_support::{Execs, git, paths};

use crate::publish_leaky;
use crate::support::{Database, ExecsExt as _, advisory, app, cargo};

/// Runs `cargo install`, which builds in a temporary folder.
fn install(line: &str) -> Execs {
    let mut install = cargo(&format!("install {line}"));
    install.env("TMPDIR", paths::root());
    install
}

/// Publishes a program with these dependencies.
fn publish_program(name: &str, dependencies: &[&str]) {
    let mut program = Package::new(name, "1.0.0");
    program.file("src/main.rs", "fn main() {}");
    for dependency in dependencies {
        program.dep(dependency, "1");
    }
    program.publish();
}

#[cargo_test]
fn a_program_that_is_insecure_itself_is_told() {
    publish_program("tool", &[]);
    Database::new().add(&advisory("tool")).index();

    install("tool").with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[DOWNLOADING] crates ...
[DOWNLOADED] tool v1.0.0 (registry `dummy-registry`)
[INSTALLING] tool v1.0.0
[WARNING] 1 insecure dependency: tool 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[COMPILING] tool v1.0.0
[FINISHED] `release` profile [optimized] target(s) in [ELAPSED]s
[INSTALLING] [ROOT]/home/.cargo/bin/tool
[INSTALLED] package `tool v1.0.0` (executable `tool`)
[WARNING] be sure to add `[ROOT]/home/.cargo/bin` to your PATH to be able to run the installed binaries

"#]]).run();
    assert_has_installed_exe(paths::cargo_home(), "tool");
}

#[cargo_test]
fn an_insecure_dependency_of_a_program_is_told() {
    publish_leaky();
    publish_program("tool", &["leaky"]);

    install("tool").with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[DOWNLOADING] crates ...
[DOWNLOADED] tool v1.0.0 (registry `dummy-registry`)
[INSTALLING] tool v1.0.0
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0 (registry `dummy-registry`)
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[COMPILING] leaky v1.0.0
[COMPILING] tool v1.0.0
[FINISHED] `release` profile [optimized] target(s) in [ELAPSED]s
[INSTALLING] [ROOT]/home/.cargo/bin/tool
[INSTALLED] package `tool v1.0.0` (executable `tool`)
[WARNING] be sure to add `[ROOT]/home/.cargo/bin` to your PATH to be able to run the installed binaries

"#]].unordered()).run();
    assert_has_installed_exe(paths::cargo_home(), "tool");
}

#[cargo_test]
fn a_denial_installs_nothing() {
    publish_leaky();
    publish_program("tool", &["leaky"]);

    install("tool --deny-advisories")
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[DOWNLOADING] crates ...
[DOWNLOADED] tool v1.0.0 (registry `dummy-registry`)
[INSTALLING] tool v1.0.0
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0 (registry `dummy-registry`)
[ERROR] failed to compile `tool v1.0.0`, intermediate artifacts can be found at `[ROOT]/cargo-install[..]`.
To reuse those artifacts with a future compilation, set the environment variable `CARGO_BUILD_BUILD_DIR` to that path.

Caused by:
  1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]].unordered())
        .run();
    assert_has_not_installed_exe(paths::cargo_home(), "tool");
}

#[cargo_test]
fn a_malicious_program_is_not_installed() {
    publish_program("tool", &[]);
    Database::new().add(&advisory("tool").malicious()).index();

    install("tool")
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[DOWNLOADING] crates ...
[DOWNLOADED] tool v1.0.0 (registry `dummy-registry`)
[INSTALLING] tool v1.0.0
[ERROR] failed to compile `tool v1.0.0`, intermediate artifacts can be found at `[ROOT]/cargo-install[..]`.
To reuse those artifacts with a future compilation, set the environment variable `CARGO_BUILD_BUILD_DIR` to that path.

Caused by:
  1 insecure dependency denied by `advisory.malicious`: tool 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]])
        .run();
    assert_has_not_installed_exe(paths::cargo_home(), "tool");
}

#[cargo_test]
fn a_program_from_a_folder_is_judged_by_its_dependencies() {
    publish_leaky();
    app("leaky = '1'");

    install("--path foo").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[WARNING] be sure to add `[ROOT]/home/.cargo/bin` to your PATH to be able to run the installed binaries

"#]]);
    install("--path foo --force --deny-advisories")
        .with_status(101)
        .with_stderr_data(str![[r#"
[INSTALLING] app v0.1.0 ([ROOT]/foo)
[UPDATING] `dummy-registry` index
[LOCKING] 1 package to latest compatible version
[ERROR] failed to compile `app v0.1.0 ([ROOT]/foo)`, intermediate artifacts can be found at `[ROOT]/foo/target`.
To reuse those artifacts with a future compilation, set the environment variable `CARGO_BUILD_BUILD_DIR` to that path.

Caused by:
  1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]])
        .run();
    assert_has_installed_exe(paths::cargo_home(), "app");
}

#[cargo_test]
fn each_finding_of_several_programs_is_told_once() {
    publish_leaky();
    publish_program("one", &["leaky"]);
    publish_program("two", &["leaky", "soaked"]);
    Package::new("soaked", "1.0.0").publish();
    Database::at("advisory-db")
        .add(&advisory("soaked").id("RUSTSEC-2020-0002"))
        .index();

    install("one two").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[WARNING] 1 insecure dependency: soaked 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details
[WARNING] be sure to add `[ROOT]/home/.cargo/bin` to your PATH to be able to run the installed binaries

"#]]);
    assert_has_installed_exe(paths::cargo_home(), "one");
    assert_has_installed_exe(paths::cargo_home(), "two");
}

#[cargo_test]
fn a_denial_of_one_program_does_not_keep_the_others_away() {
    publish_leaky();
    publish_program("clean", &[]);
    publish_program("dirty", &["leaky"]);

    install("clean dirty --deny-advisories")
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[DOWNLOADING] crates ...
[DOWNLOADED] clean v1.0.0 (registry `dummy-registry`)
[DOWNLOADING] crates ...
[DOWNLOADED] dirty v1.0.0 (registry `dummy-registry`)
[INSTALLING] clean v1.0.0
[COMPILING] clean v1.0.0
[FINISHED] `release` profile [optimized] target(s) in [ELAPSED]s
[INSTALLING] [ROOT]/home/.cargo/bin/clean
[INSTALLED] package `clean v1.0.0` (executable `clean`)
[INSTALLING] dirty v1.0.0
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0 (registry `dummy-registry`)
[ERROR] failed to compile `dirty v1.0.0`, intermediate artifacts can be found at `[ROOT]/cargo-install[..]`.
To reuse those artifacts with a future compilation, set the environment variable `CARGO_BUILD_BUILD_DIR` to that path.

Caused by:
  1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[SUMMARY] Successfully installed clean! Failed to install dirty (see error(s) above).
[WARNING] be sure to add `[ROOT]/home/.cargo/bin` to your PATH to be able to run the installed binaries
[ERROR] some crates failed to install

"#]].unordered())
        .run();
    assert_has_installed_exe(paths::cargo_home(), "clean");
    assert_has_not_installed_exe(paths::cargo_home(), "dirty");
}

#[cargo_test]
fn a_locked_dependency_that_is_yanked_is_told() {
    Package::new("hasty", "1.0.0").publish();
    let mut program = Package::new("tool", "1.0.0");
    program
        .dep("hasty", "1")
        .file("src/main.rs", "fn main() {}")
        .file(
            "Cargo.lock",
            "version = 3\n\n[[package]]\nname = \"hasty\"\nversion = \"1.0.0\"\n\
             source = \"registry+https://github.com/rust-lang/crates.io-index\"\n\n\
             [[package]]\nname = \"tool\"\nversion = \"1.0.0\"\ndependencies = [\"hasty\"]\n",
        )
        .publish();
    Package::new("hasty", "1.0.0").yanked(true).publish();
    Database::new().add(&advisory("other")).index();

    install("tool --locked").tells(str![[r#"
[WARNING] package `hasty v1.0.0` in Cargo.lock is yanked in registry `crates-io`, consider running without --locked
[WARNING] 1 yanked dependency: hasty 1.0.0 (yanked); run `cargo advisory` for details
[WARNING] be sure to add `[ROOT]/home/.cargo/bin` to your PATH to be able to run the installed binaries

"#]]);
}

#[cargo_test]
fn a_program_from_a_repository_is_judged_by_its_dependencies() {
    publish_leaky();
    let repository = git::new("tool", |repository| {
        repository
            .file(
                "Cargo.toml",
                "[package]\nname = \"tool\"\nversion = \"1.0.0\"\n\n[dependencies]\nleaky = '1'\n",
            )
            .file("src/main.rs", "fn main() {}")
    });

    install("--git")
        .arg(repository.url().as_str())
        .tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[WARNING] be sure to add `[ROOT]/home/.cargo/bin` to your PATH to be able to run the installed binaries

"#]]);
    assert_has_installed_exe(paths::cargo_home(), "tool");
}
