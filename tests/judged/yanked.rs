//! Yanks, which come from the registry of a package and not from an advisory.

use std::fs;

use cargo_test_support::cargo_test;
use cargo_test_support::prelude::IntoData as _;
use cargo_test_support::registry::{self, Package, RegistryBuilder};
use cargo_test_support::str;
use cargo_test_support::{Project, project};

use crate::NOTHING;
use crate::support::{Database, ExecsExt as _, ProjectExt as _, advisory, app, app_manifest};

/// What a build says when the yanked `hasty` 1.0.0 is all that is wrong with it.
const HASTY: &str = "\
[WARNING] 1 yanked dependency: hasty 1.0.0 (yanked); run `cargo advisory` for details
";

/// A project that has locked `hasty` 1.0.0, which was sound at that time, and an index without a word on it.
fn app_with_hasty() -> Project {
    Package::new("hasty", "1.0.0").publish();
    Package::new("steady", "1.0.0").publish();
    index_of_others();
    let app = app("hasty = '1'\nsteady = '1'");
    app.cargo("fetch").run();
    app
}

fn index_of_others() {
    Database::new().add(&advisory("other")).index();
}

/// The registry takes `hasty` 1.0.0 back.
fn yank_hasty() {
    Package::new("hasty", "1.0.0").yanked(true).publish();
}

/// Has cargo ask the registry again. `hasty` stays locked.
fn ask_registry(app: &Project) {
    app.cargo("update steady").run();
}

#[cargo_test]
fn a_locked_version_that_was_yanked_since_is_told() {
    let app = app_with_hasty();
    yank_hasty();
    ask_registry(&app);

    app.cargo("check")
        .with_stderr_data(
            str![[r#"
[WARNING] 1 yanked dependency: hasty 1.0.0 (yanked); run `cargo advisory` for details
[CHECKING] hasty v1.0.0
[CHECKING] steady v1.0.0
[CHECKING] app v0.1.0 ([ROOT]/foo)
[FINISHED] `dev` profile [unoptimized + debuginfo] target(s) in [ELAPSED]s

"#]]
            .unordered(),
        )
        .run();
}

#[cargo_test]
fn a_yank_is_told_from_when_cargo_has_asked_the_registry() {
    let app = app_with_hasty();
    yank_hasty();

    app.cargo("check").tells(NOTHING);
    ask_registry(&app);
    app.cargo("check").tells(HASTY);
}

#[cargo_test]
fn a_sparse_registry_tells_of_yanks() {
    let _registry = RegistryBuilder::new().http_index().build();
    let app = app_with_hasty();

    app.cargo("check").tells(NOTHING);
    yank_hasty();
    ask_registry(&app);
    app.cargo("check").tells(HASTY);
}

#[cargo_test]
fn an_alternative_registry_tells_of_yanks() {
    let _alternative = registry::alt_init();
    for name in ["hasty", "steady"] {
        Package::new(name, "1.0.0").alternative(true).publish();
    }
    index_of_others();
    let app = app(
        "hasty = { version = '1', registry = 'alternative' }\nsteady = { version = '1', registry = 'alternative' }",
    );
    app.cargo("fetch").run();

    app.cargo("check").tells(NOTHING);
    Package::new("hasty", "1.0.0")
        .alternative(true)
        .yanked(true)
        .publish();
    ask_registry(&app);
    app.cargo("check").tells(HASTY);
}

#[cargo_test]
fn a_local_registry_tells_of_yanks() {
    Package::new("hasty", "1.0.0").local(true).publish();
    index_of_others();
    let app = project()
        .file("Cargo.toml", &app_manifest("hasty = '1'"))
        .file("src/main.rs", "fn main() {}")
        .file(
            ".cargo/config.toml",
            "[source.crates-io]\nreplace-with = 'local'\n\n[source.local]\nlocal-registry = '../registry'\n",
        )
        .build();

    app.cargo("check").tells(NOTHING);
    Package::new("hasty", "1.0.0")
        .local(true)
        .yanked(true)
        .publish();
    app.cargo("check").tells(HASTY);
}

#[cargo_test]
fn vendored_packages_have_no_yanks() {
    let app = app_with_hasty();
    app.cargo("vendor --respect-source-config").run();
    app.change_file(
        ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = 'vendored'\n\n[source.vendored]\ndirectory = 'vendor'\n",
    );
    yank_hasty();

    app.cargo("check").tells(NOTHING);
    app.cargo("check --deny-advisories").tells(NOTHING);
}

#[cargo_test]
fn a_yank_that_was_taken_back_is_told_no_more() {
    let _registry = RegistryBuilder::new().http_index().build();
    let app = app_with_hasty();
    // The kit only ever adds to the file of a package in the registry's index.
    let file = registry::registry_path().join("ha/st/hasty");
    let not_yanked = fs::read_to_string(&file).unwrap();
    let yanked = not_yanked.replace("\"yanked\":false", "\"yanked\":true");
    assert_ne!(yanked, not_yanked);

    fs::write(&file, yanked).unwrap();
    ask_registry(&app);
    app.cargo("check").tells(HASTY);

    fs::write(&file, not_yanked).unwrap();
    ask_registry(&app);
    app.cargo("check").tells(NOTHING);
}

#[cargo_test]
fn a_yank_is_told_offline() {
    let app = app_with_hasty();
    yank_hasty();
    ask_registry(&app);

    for offline in ["--offline", "--frozen"] {
        app.cargo("check").arg(offline).tells(HASTY);
    }
}

#[cargo_test]
fn the_yank_of_another_version_is_not_told() {
    let app = app_with_hasty();
    Package::new("hasty", "1.0.1").yanked(true).publish();
    ask_registry(&app);

    app.cargo("check").tells(NOTHING);
}

#[cargo_test]
fn a_yank_denies() {
    let app = app_with_hasty();
    yank_hasty();
    ask_registry(&app);

    app.cargo("check --deny-advisories").tells(str![[r#"
[ERROR] 1 yanked dependency denied by `--deny-advisories`: hasty 1.0.0 (yanked); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn what_is_yanked_and_insecure_counts_once_as_insecure() {
    let app = app_with_hasty();
    Database::at("advisory-db").add(&advisory("hasty")).index();
    yank_hasty();
    ask_registry(&app);

    app.cargo("check").tells(str![[r#"
[WARNING] 1 insecure dependency: hasty 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]]);
}
