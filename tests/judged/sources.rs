//! The registry that an advisory speaks of, against the source that a package really comes from.

use cargo_test_support::cargo_test;
use cargo_test_support::registry::{self, Package, RegistryBuilder};
use cargo_test_support::str;
use cargo_test_support::{Project, basic_manifest, git, project};

use crate::support::{Database, ExecsExt as _, ProjectExt as _, advisory, app, app_manifest};
use crate::{LEAKY, NOTHING, publish_leaky};

/// A project that depends on `leaky` 1 and comes with a configuration of its own.
fn app_with_config(config: &str) -> Project {
    project()
        .file("Cargo.toml", &app_manifest("leaky = '1'"))
        .file("src/main.rs", "fn main() {}")
        .file(".cargo/config.toml", config)
        .build()
}

/// Another `leaky` 1.0.0, in a folder beside the project.
fn leaky_in_a_folder() {
    project()
        .at("leaky")
        .file("Cargo.toml", &basic_manifest("leaky", "1.0.0"))
        .file("src/lib.rs", "")
        .build();
}

#[cargo_test]
fn a_package_of_another_registry_is_not_the_one_of_crates_io() {
    let _alternative = registry::alt_init();
    publish_leaky();
    Package::new("leaky", "1.0.0").alternative(true).publish();
    let app = app("leaky = { version = '1', registry = 'alternative' }");

    app.cargo("check").tells(NOTHING);
    app.cargo("check --deny-advisories").tells(NOTHING);
}

#[cargo_test]
fn of_two_packages_of_one_name_the_one_from_the_right_registry_is_told() {
    let alternative = registry::alt_init();
    Package::new("leaky", "1.0.0").publish();
    Package::new("leaky", "1.0.1").alternative(true).publish();
    let source = format!("\"registry+{}\"", alternative.index_url());
    Database::new()
        .add(&advisory("leaky").id("RUSTSEC-2020-0001"))
        .add(
            &advisory("leaky")
                .id("RUSTSEC-2020-0002")
                .field("source", &source),
        )
        .index();
    let app =
        app("leaky = '1'\nother = { package = 'leaky', version = '1', registry = 'alternative' }");

    app.cargo("check").tells(str![[r#"
[WARNING] 2 insecure dependencies: leaky 1.0.0 (RUSTSEC-2020-0001), leaky 1.0.1 (RUSTSEC-2020-0002); run `cargo advisory` for details

"#]]);
}

#[cargo_test]
fn an_advisory_may_speak_of_a_sparse_registry() {
    registry::init();
    let alternative = RegistryBuilder::new().alternative().http_index().build();
    Package::new("leaky", "1.0.0").publish();
    Package::new("leaky", "1.0.1").alternative(true).publish();
    // The address of a sparse index starts with the word that a Cargo.lock writes too.
    let source = format!("\"{}\"", alternative.index_url());
    Database::new()
        .add(&advisory("leaky").field("source", &source))
        .index();

    let private = "leaky = { version = '1', registry = 'alternative' }";
    app(private).cargo("check").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.1 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]]);
    app("leaky = '1'").cargo("check").tells(NOTHING);
}

#[cargo_test]
fn a_path_is_never_called_insecure() {
    publish_leaky();
    leaky_in_a_folder();
    let app = app("leaky = { path = '../leaky', version = '1' }");

    app.cargo("check --deny-advisories").tells(NOTHING);
}

#[cargo_test]
fn a_git_repository_is_never_called_insecure() {
    publish_leaky();
    let leaky = git::new("leaky", |repository| {
        repository
            .file("Cargo.toml", &basic_manifest("leaky", "1.0.0"))
            .file("src/lib.rs", "")
    });
    let app = app(&format!("leaky = {{ git = '{}' }}", leaky.url()));

    app.cargo("check --deny-advisories").tells(NOTHING);
}

#[cargo_test]
fn a_patch_is_never_called_insecure() {
    publish_leaky();
    leaky_in_a_folder();
    let app = app("leaky = '1'");

    app.cargo("check").tells(LEAKY);
    app.change_file(
        "Cargo.toml",
        &app_manifest("leaky = '1'\n\n[patch.crates-io]\nleaky = { path = '../leaky' }"),
    );
    app.cargo("check --deny-advisories").tells(NOTHING);
}

#[cargo_test]
fn a_patch_from_git_is_never_called_insecure() {
    publish_leaky();
    let leaky = git::new("leaky", |repository| {
        repository
            .file("Cargo.toml", &basic_manifest("leaky", "1.0.0"))
            .file("src/lib.rs", "")
    });
    let app = app(&format!(
        "leaky = '1'\n\n[patch.crates-io]\nleaky = {{ git = '{}' }}",
        leaky.url()
    ));

    app.cargo("check --deny-advisories").tells(NOTHING);
}

#[cargo_test]
fn a_replacement_is_never_called_insecure() {
    publish_leaky();
    leaky_in_a_folder();
    let app = app("leaky = '1'\n\n[replace]\n\"leaky:1.0.0\" = { path = '../leaky' }");

    app.cargo("check --deny-advisories").tells(NOTHING);
}

#[cargo_test]
fn a_patch_from_another_registry_counts_as_that_registry() {
    let _alternative = registry::alt_init();
    publish_leaky();
    Package::new("leaky", "1.0.0").alternative(true).publish();
    let app = app(
        "leaky = '1'\n\n[patch.crates-io]\nleaky = { version = '1', registry = 'alternative' }",
    );

    app.cargo("check --deny-advisories").tells(NOTHING);
}

#[cargo_test]
fn a_package_of_a_mirror_counts_as_the_original() {
    let mirror = RegistryBuilder::new()
        .alternative()
        .no_configure_registry()
        .http_index()
        .build();
    Package::new("leaky", "1.0.0").alternative(true).publish();
    Database::new().add(&advisory("leaky")).index();
    let app = app_with_config(&format!(
        "[source.crates-io]\nreplace-with = 'mirror'\n\n[source.mirror]\nregistry = '{}'\n",
        mirror.index_url()
    ));

    app.cargo("check")
        .with_stderr_data(str![[r#"
[UPDATING] `mirror` index
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0 (registry `mirror`)
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[CHECKING] leaky v1.0.0
[CHECKING] app v0.1.0 ([ROOT]/foo)
[FINISHED] `dev` profile [unoptimized + debuginfo] target(s) in [ELAPSED]s

"#]])
        .run();
}

#[cargo_test]
fn a_package_of_a_local_registry_counts_as_the_original() {
    Package::new("leaky", "1.0.0").local(true).publish();
    Database::new().add(&advisory("leaky")).index();
    let app = app_with_config(
        "[source.crates-io]\nreplace-with = 'local'\n\n[source.local]\nlocal-registry = '../registry'\n",
    );

    app.cargo("check")
        .with_stderr_data(str![[r#"
[LOCKING] 1 package to latest compatible version
[UNPACKING] leaky v1.0.0 (registry `[ROOT]/foo/../registry`)
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[CHECKING] leaky v1.0.0
[CHECKING] app v0.1.0 ([ROOT]/foo)
[FINISHED] `dev` profile [unoptimized + debuginfo] target(s) in [ELAPSED]s

"#]])
        .run();
}

/// Vendors the dependencies of `app`, and has it use them as cargo says.
fn vendor(app: &Project) {
    let output = app.cargo("vendor --respect-source-config").run();
    app.change_file(
        ".cargo/config.toml",
        &String::from_utf8(output.stdout).unwrap(),
    );
}

#[cargo_test]
fn a_vendored_package_counts_as_the_original() {
    publish_leaky();
    let app = app("leaky = '1'");
    vendor(&app);

    app.cargo("check --offline")
        .with_stderr_data(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[CHECKING] leaky v1.0.0
[CHECKING] app v0.1.0 ([ROOT]/foo)
[FINISHED] `dev` profile [unoptimized + debuginfo] target(s) in [ELAPSED]s

"#]])
        .run();
}

#[cargo_test]
fn a_vendored_package_of_another_registry_counts_as_the_original() {
    let alternative = registry::alt_init();
    Package::new("leaky", "1.0.0").alternative(true).publish();
    let source = format!("\"registry+{}\"", alternative.index_url());
    Database::new()
        .add(&advisory("leaky").field("source", &source))
        .index();
    let app = app("leaky = { version = '1', registry = 'alternative' }");
    vendor(&app);

    app.cargo("check --offline").tells(LEAKY);
}
