//! `cargo package` and `cargo publish` build what they have packed.

use cargo_test_support::cargo_test;
use cargo_test_support::prelude::*;
use cargo_test_support::registry::{RegistryBuilder, TestRegistry};
use cargo_test_support::{Project, project, str};

use crate::publish_leaky;
use crate::support::ProjectExt as _;

/// A manifest with all that cargo asks of what is published.
fn manifest(name: &str, dependencies: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\ndescription = \"for a test\"\n\
         license = \"MIT\"\nrepository = \"none\"\n\n[dependencies]\n{dependencies}\n"
    )
}

/// A package that depends on `leaky`, and the registry to publish it to.
fn publishable() -> (Project, TestRegistry) {
    let registry = RegistryBuilder::new().http_api().http_index().build();
    publish_leaky();
    let package = project()
        .file("Cargo.toml", &manifest("app", "leaky = '1'"))
        .file("src/lib.rs", "")
        .build();
    (package, registry)
}

/// Two members, of which `second` depends on `first` and `first` on what is given, and the registry.
fn publishable_workspace(dependencies_of_first: &str) -> (Project, TestRegistry) {
    let registry = RegistryBuilder::new().http_api().http_index().build();
    publish_leaky();
    let workspace = project()
        .file(
            "Cargo.toml",
            "[workspace]\nmembers = ['first', 'second']\nresolver = '2'\n",
        )
        .file(
            "first/Cargo.toml",
            &manifest("first", dependencies_of_first),
        )
        .file("first/src/lib.rs", "")
        .file(
            "second/Cargo.toml",
            &manifest("second", "first = { path = '../first', version = '0.1.0' }"),
        )
        .file("second/src/lib.rs", "")
        .build();
    (workspace, registry)
}

#[cargo_test]
fn package_says_the_line_once() {
    let (package, registry) = publishable();

    package
        .cargo("package")
        .replace_crates_io(registry.index_url())
        .with_stderr_data(str![[r#"
[PACKAGING] app v0.1.0 ([ROOT]/foo)
[UPDATING] crates.io index
[PACKAGED] 4 files, [FILE_SIZE]B ([FILE_SIZE]B compressed)
[VERIFYING] app v0.1.0 ([ROOT]/foo)
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[COMPILING] leaky v1.0.0
[COMPILING] app v0.1.0 ([ROOT]/foo/target/package/app-0.1.0)
[FINISHED] `dev` profile [unoptimized + debuginfo] target(s) in [ELAPSED]s

"#]])
        .run();
}

#[cargo_test]
fn a_denied_package_is_not_verified() {
    let (package, registry) = publishable();

    package
        .cargo("package --deny-advisories")
        .replace_crates_io(registry.index_url())
        .with_status(101)
        .with_stderr_data(str![[r#"
[PACKAGING] app v0.1.0 ([ROOT]/foo)
[UPDATING] crates.io index
[PACKAGED] 4 files, [FILE_SIZE]B ([FILE_SIZE]B compressed)
[VERIFYING] app v0.1.0 ([ROOT]/foo)
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0
[ERROR] failed to verify package tarball

Caused by:
  1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]])
        .run();
}

#[cargo_test]
fn a_package_that_is_not_verified_is_not_judged() {
    let (package, registry) = publishable();

    package
        .cargo("package --no-verify --deny-advisories")
        .replace_crates_io(registry.index_url())
        .with_stderr_data(str![[r#"
[PACKAGING] app v0.1.0 ([ROOT]/foo)
[UPDATING] crates.io index
[PACKAGED] 4 files, [FILE_SIZE]B ([FILE_SIZE]B compressed)

"#]])
        .run();
}

#[cargo_test]
fn members_that_depend_on_each_other_are_packaged_with_one_line() {
    let (workspace, registry) = publishable_workspace("leaky = '1'");

    workspace
        .cargo("package --workspace")
        .replace_crates_io(registry.index_url())
        .with_stderr_data(
            str![[r#"
[PACKAGING] first v0.1.0 ([ROOT]/foo/first)
[UPDATING] crates.io index
[PACKAGED] 4 files, [FILE_SIZE]B ([FILE_SIZE]B compressed)
[PACKAGING] second v0.1.0 ([ROOT]/foo/second)
[UPDATING] crates.io index
[PACKAGED] 4 files, [FILE_SIZE]B ([FILE_SIZE]B compressed)
[VERIFYING] first v0.1.0 ([ROOT]/foo/first)
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[COMPILING] leaky v1.0.0
[COMPILING] first v0.1.0 ([ROOT]/foo/target/package/first-0.1.0)
[FINISHED] `dev` profile [unoptimized + debuginfo] target(s) in [ELAPSED]s
[VERIFYING] second v0.1.0 ([ROOT]/foo/second)
[UPDATING] crates.io index
[UNPACKING] first v0.1.0 (registry `[ROOT]/foo/target/package/tmp-registry`)
[COMPILING] first v0.1.0
[COMPILING] second v0.1.0 ([ROOT]/foo/target/package/second-0.1.0)
[FINISHED] `dev` profile [unoptimized + debuginfo] target(s) in [ELAPSED]s

"#]]
            .unordered(),
        )
        .run();
}

#[cargo_test]
fn members_that_depend_on_each_other_can_be_denied() {
    let (workspace, registry) = publishable_workspace("leaky = '1'");

    workspace
        .cargo("package --workspace --deny-advisories")
        .replace_crates_io(registry.index_url())
        .with_status(101)
        .with_stderr_data(str![[r#"
[PACKAGING] first v0.1.0 ([ROOT]/foo/first)
[UPDATING] crates.io index
[PACKAGED] 4 files, [FILE_SIZE]B ([FILE_SIZE]B compressed)
[PACKAGING] second v0.1.0 ([ROOT]/foo/second)
[UPDATING] crates.io index
[PACKAGED] 4 files, [FILE_SIZE]B ([FILE_SIZE]B compressed)
[VERIFYING] first v0.1.0 ([ROOT]/foo/first)
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0
[ERROR] failed to verify package tarball

Caused by:
  1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]])
        .run();
}

#[cargo_test]
fn members_that_have_nothing_insecure_pass_a_denial() {
    let (workspace, registry) = publishable_workspace("");

    workspace
        .cargo("package --workspace --deny-advisories")
        .replace_crates_io(registry.index_url())
        .with_stderr_data(
            str![[r#"
[PACKAGING] first v0.1.0 ([ROOT]/foo/first)
[PACKAGED] 4 files, [FILE_SIZE]B ([FILE_SIZE]B compressed)
[PACKAGING] second v0.1.0 ([ROOT]/foo/second)
[UPDATING] crates.io index
[PACKAGED] 4 files, [FILE_SIZE]B ([FILE_SIZE]B compressed)
[VERIFYING] first v0.1.0 ([ROOT]/foo/first)
[COMPILING] first v0.1.0 ([ROOT]/foo/target/package/first-0.1.0)
[FINISHED] `dev` profile [unoptimized + debuginfo] target(s) in [ELAPSED]s
[VERIFYING] second v0.1.0 ([ROOT]/foo/second)
[UPDATING] crates.io index
[UNPACKING] first v0.1.0 (registry `[ROOT]/foo/target/package/tmp-registry`)
[COMPILING] first v0.1.0
[COMPILING] second v0.1.0 ([ROOT]/foo/target/package/second-0.1.0)
[FINISHED] `dev` profile [unoptimized + debuginfo] target(s) in [ELAPSED]s

"#]]
            .unordered(),
        )
        .run();
}

#[cargo_test]
fn a_publication_says_the_line_once() {
    let (package, registry) = publishable();

    package
        .cargo("publish --dry-run")
        .replace_crates_io(registry.index_url())
        .with_stderr_data(str![[r#"
[UPDATING] crates.io index
[PACKAGING] app v0.1.0 ([ROOT]/foo)
[UPDATING] crates.io index
[PACKAGED] 4 files, [FILE_SIZE]B ([FILE_SIZE]B compressed)
[VERIFYING] app v0.1.0 ([ROOT]/foo)
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[COMPILING] leaky v1.0.0
[COMPILING] app v0.1.0 ([ROOT]/foo/target/package/app-0.1.0)
[FINISHED] `dev` profile [unoptimized + debuginfo] target(s) in [ELAPSED]s
[UPLOADING] app v0.1.0 ([ROOT]/foo)
[WARNING] aborting upload due to dry run

"#]])
        .run();
}

#[cargo_test]
fn what_is_denied_is_not_published() {
    let (package, registry) = publishable();

    package
        .cargo("publish --deny-advisories")
        .replace_crates_io(registry.index_url())
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] crates.io index
[PACKAGING] app v0.1.0 ([ROOT]/foo)
[UPDATING] crates.io index
[PACKAGED] 4 files, [FILE_SIZE]B ([FILE_SIZE]B compressed)
[VERIFYING] app v0.1.0 ([ROOT]/foo)
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0
[ERROR] failed to verify package tarball

Caused by:
  1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]])
        .run();
}

#[cargo_test]
fn members_that_depend_on_each_other_are_published_with_one_line() {
    let (workspace, registry) = publishable_workspace("leaky = '1'");

    workspace
        .cargo("publish --workspace --dry-run")
        .replace_crates_io(registry.index_url())
        .with_stderr_data(
            str![[r#"
[UPDATING] crates.io index
[PACKAGING] first v0.1.0 ([ROOT]/foo/first)
[UPDATING] crates.io index
[PACKAGED] 4 files, [FILE_SIZE]B ([FILE_SIZE]B compressed)
[PACKAGING] second v0.1.0 ([ROOT]/foo/second)
[UPDATING] crates.io index
[PACKAGED] 4 files, [FILE_SIZE]B ([FILE_SIZE]B compressed)
[VERIFYING] first v0.1.0 ([ROOT]/foo/first)
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[COMPILING] leaky v1.0.0
[COMPILING] first v0.1.0 ([ROOT]/foo/target/package/first-0.1.0)
[FINISHED] `dev` profile [unoptimized + debuginfo] target(s) in [ELAPSED]s
[VERIFYING] second v0.1.0 ([ROOT]/foo/second)
[UPDATING] crates.io index
[UNPACKING] first v0.1.0 (registry `[ROOT]/foo/target/package/tmp-registry`)
[COMPILING] first v0.1.0
[COMPILING] second v0.1.0 ([ROOT]/foo/target/package/second-0.1.0)
[FINISHED] `dev` profile [unoptimized + debuginfo] target(s) in [ELAPSED]s
[UPLOADING] first v0.1.0 ([ROOT]/foo/first)
[WARNING] aborting upload due to dry run
[UPLOADING] second v0.1.0 ([ROOT]/foo/second)
[WARNING] aborting upload due to dry run

"#]]
            .unordered(),
        )
        .run();
}
