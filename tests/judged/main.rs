//! What is judged: only what a build really compiles, from the registry that an advisory speaks of.

use cargo_test_support::cargo_test;
use cargo_test_support::registry::Package;
use cargo_test_support::str;

use support::{Database, ExecsExt as _, ProjectExt as _, advisory, app};

mod commands;
mod installed;
mod packaged;
mod sources;
mod used;
mod versions;
mod workspaces;
mod yanked;

#[path = "../support/mod.rs"]
mod support;

/// What a build says when `leaky` 1.0.0 is all that is wrong with it.
const LEAKY: &str = "\
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
";

/// What a build says when nothing is wrong with it.
const NOTHING: &str = "";

/// Publishes `leaky` 1.0.0 and indexes an advisory about all of its versions.
fn publish_leaky() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
}

#[cargo_test]
fn an_insecure_dependency_is_told_in_one_line() {
    publish_leaky();
    let app = app("leaky = '1'");

    app.cargo("check")
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0 (registry `dummy-registry`)
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[CHECKING] leaky v1.0.0
[CHECKING] app v0.1.0 ([ROOT]/foo)
[FINISHED] `dev` profile [unoptimized + debuginfo] target(s) in [ELAPSED]s

"#]])
        .run();
}

#[cargo_test]
fn a_build_with_nothing_to_do_says_it_again() {
    publish_leaky();
    let app = app("leaky = '1'");

    app.cargo("check").run();
    app.cargo("check")
        .with_stderr_data(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[FINISHED] `dev` profile [unoptimized + debuginfo] target(s) in [ELAPSED]s

"#]])
        .run();
}

#[cargo_test]
fn a_dependency_of_a_dependency_counts_as_one() {
    publish_leaky();
    Package::new("middle", "2.0.0").dep("leaky", "1").publish();
    Package::new("top", "3.0.0")
        .dep("middle", "2")
        .dep("leaky", "1")
        .publish();
    let app = app("top = '3'\nmiddle = '2'");

    app.cargo("check").tells(LEAKY);
}
