//! Where packages come from: other registries, mirrors, folders, git, patches. Only what comes from the advisory's registry
//! moves.

use std::fs;

use cargo_test_support::registry::{self, Package, RegistryBuilder};
use cargo_test_support::{cargo_test, git, paths, project, str};

use crate::proof::{fixes, leaky_is_patched, leaves};
use crate::support::{Database, ProjectExt as _, advisory, app_manifest, lock, locked};

#[cargo_test]
fn a_package_of_the_same_name_from_another_registry_stays() {
    let _alternative = registry::alt_init();
    Package::new("leaky", "1.0.0").publish();
    Package::new("leaky", "1.0.0").alternative(true).publish();
    let app = locked(
        "leaky = '1'\nother = { package = 'leaky', version = '1', registry = 'alternative' }",
    );
    Package::new("leaky", "1.0.1").publish();
    Package::new("leaky", "1.0.1").alternative(true).publish();
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] leaky v1.0.0 -> v1.0.1
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn a_package_of_another_registry_moves_to_a_release_of_that_registry() {
    let alternative = registry::alt_init();
    Package::new("leaky", "1.0.0").alternative(true).publish();
    let app = locked("leaky = { version = '1', registry = 'alternative' }");
    Package::new("leaky", "1.0.1").publish();
    Package::new("leaky", "1.0.2").alternative(true).publish();
    let source = format!("\"registry+{}\"", alternative.index_url());
    Database::new()
        .add(
            &advisory("leaky")
                .field("source", &source)
                .patched(">= 1.0.1"),
        )
        .index();

    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] leaky v1.0.0 -> v1.0.2
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn a_dependent_in_another_registry_moves_too() {
    let _alternative = registry::alt_init();
    Package::new("leaky", "1.0.0").publish();
    Package::new("holder", "1.0.0")
        .alternative(true)
        .dep("leaky", "=1.0.0")
        .publish();
    let app = locked("holder = { version = '1', registry = 'alternative' }");
    Package::new("leaky", "1.0.1").publish();
    Package::new("holder", "1.0.1")
        .alternative(true)
        .dep("leaky", "1")
        .publish();
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] holder v1.0.0 -> v1.0.1
[UPDATING] leaky v1.0.0 -> v1.0.1
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn a_mirror_tells_of_the_releases() {
    let alternative = RegistryBuilder::new()
        .alternative()
        .no_configure_registry()
        .build();
    let app = project()
        .file("Cargo.toml", &app_manifest("leaky = '1'"))
        .file("src/main.rs", "fn main() {}")
        .file(
            ".cargo/config.toml",
            &format!(
                "[source.crates-io]\nreplace-with = 'mirror'\n\n[source.mirror]\nregistry = '{}'\n",
                alternative.index_url()
            ),
        )
        .build();
    Package::new("leaky", "1.0.0").alternative(true).publish();
    let app = lock(app);
    Package::new("leaky", "1.0.1").alternative(true).publish();
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] leaky v1.0.0 -> v1.0.1
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn a_local_registry_tells_of_the_releases() {
    Package::new("leaky", "1.0.0").local(true).publish();
    let app = lock(
        project()
            .file("Cargo.toml", &app_manifest("leaky = '1'"))
            .file("src/main.rs", "fn main() {}")
            .file(
                ".cargo/config.toml",
                "[source.crates-io]\nreplace-with = 'local'\n\n[source.local]\nlocal-registry = '../registry'\n",
            )
            .build(),
    );
    Package::new("leaky", "1.0.1").local(true).publish();
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "",
        str![[r#"
[UNPACKING] leaky v1.0.1 (registry `[ROOT]/foo/../registry`)
[UPDATING] leaky v1.0.0 -> v1.0.1
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn what_is_vendored_has_no_other_releases() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    app.cargo("vendor --respect-source-config").run();
    app.change_file(
        ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = 'vendored'\n\n[source.vendored]\ndirectory = 'vendor'\n",
    );
    Package::new("leaky", "1.0.1").publish();
    leaky_is_patched(&[">= 1.0.1"]);

    leaves(
        &app,
        "",
        str![[r#"
[WARNING] nothing could be fixed in Cargo.lock alone; try `--manifest`, or see `cargo advisory` for details

"#]],
    );
}

#[cargo_test]
fn a_sparse_registry_tells_of_the_releases() {
    let _registry = RegistryBuilder::new().http_index().build();
    Package::new("leaky", "1.0.0").publish();
    Package::new("holder", "1.0.0")
        .dep("leaky", "=1.0.0")
        .publish();
    let app = locked("holder = '1'");
    Package::new("leaky", "1.0.1").publish();
    Package::new("holder", "1.0.1").dep("leaky", "1").publish();
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] holder v1.0.0 -> v1.0.1
[UPDATING] leaky v1.0.0 -> v1.0.1
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn offline_a_registry_is_not_asked() {
    let _registry = RegistryBuilder::new().http_index().build();
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    app.cargo("fetch").run();
    Package::new("leaky", "1.0.1").publish();
    leaky_is_patched(&[">= 1.0.1"]);

    leaves(
        &app,
        "--offline",
        str![[r#"
[WARNING] nothing could be fixed in Cargo.lock alone; try `--manifest`, or see `cargo advisory` for details

"#]],
    );
}

#[cargo_test]
fn offline_what_is_not_downloaded_is_told_and_not_taken() {
    let _registry = RegistryBuilder::new().http_index().build();
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    app.cargo("fetch").run();
    Package::new("leaky", "1.0.1").publish();
    app.cargo("update --dry-run").run();
    leaky_is_patched(&[">= 1.0.1"]);

    leaves(
        &app,
        "--offline",
        str![[r#"
[WARNING] the remedy of leaky 1.0.0 is not downloaded; fix it without --offline
[WARNING] nothing could be fixed in Cargo.lock alone; try `--manifest`, or see `cargo advisory` for details

"#]],
    );
    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] leaky v1.0.0 -> v1.0.1
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn offline_what_is_downloaded_is_taken() {
    let _registry = RegistryBuilder::new().http_index().build();
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    let before = app.read_lockfile();
    app.cargo("fetch").run();
    for version in ["1.0.1", "1.0.2"] {
        Package::new("leaky", version).publish();
    }
    app.cargo("update leaky --precise 1.0.1").run();
    app.cargo("fetch").run();
    app.change_file("Cargo.lock", &before);
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "--offline",
        str![[r#"
[UPDATING] leaky v1.0.0 -> v1.0.1
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn a_path_dependency_of_the_same_name_stays() {
    Package::new("leaky", "1.0.0").publish();
    let app = lock(
        project()
            .file(
                "Cargo.toml",
                &app_manifest("leaky = '1'\nown = { package = 'leaky', path = 'own' }"),
            )
            .file("src/main.rs", "fn main() {}")
            .file(
                "own/Cargo.toml",
                "[package]\nname = 'leaky'\nversion = '0.5.0'\nedition = '2021'\n",
            )
            .file("own/src/lib.rs", "")
            .build(),
    );
    Package::new("leaky", "1.0.1").publish();
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] leaky v1.0.0 -> v1.0.1
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn what_a_git_dependency_depends_on_moves_and_its_commit_stays() {
    Package::new("leaky", "1.0.0").publish();
    let (part, repository) = git::new_repo("part", |project| {
        project
            .file(
                "Cargo.toml",
                "[package]\nname = 'part'\nversion = '0.1.0'\nedition = '2021'\n\n[dependencies]\nleaky = '1'\n",
            )
            .file("src/lib.rs", "")
    });
    let app = locked(&format!("part = {{ git = '{}' }}", part.url()));
    part.change_file("src/lib.rs", "// Something has changed.\n");
    git::add(&repository);
    git::commit(&repository);
    Package::new("leaky", "1.0.1").publish();
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] leaky v1.0.0 -> v1.0.1
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn what_a_git_dependency_holds_back_stays() {
    Package::new("leaky", "1.0.0").publish();
    let part = git::new("part", |project| {
        project
            .file(
                "Cargo.toml",
                "[package]\nname = 'part'\nversion = '0.1.0'\nedition = '2021'\n\n[dependencies]\nleaky = '=1.0.0'\n",
            )
            .file("src/lib.rs", "")
    });
    let app = locked(&format!("part = {{ git = '{}' }}", part.url()));
    Package::new("leaky", "1.0.1").publish();
    leaky_is_patched(&[">= 1.0.1"]);

    leaves(
        &app,
        "",
        str![[r#"
[WARNING] nothing could be fixed in Cargo.lock alone; try `--manifest`, or see `cargo advisory` for details

"#]],
    );
    leaves(
        &app,
        "--manifest",
        str![[r#"
[WARNING] nothing could be fixed; see `cargo advisory` for details

"#]],
    );
}

/// The project's own copy of `part` in the place of the registry's.
const OWN_PART: &str = "[package]\nname = 'part'\nversion = '1.0.0'\nedition = '2021'\n\n[dependencies]\nleaky = '1'\n";

#[cargo_test]
fn a_patch_stays_in_its_place() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("part", "1.0.0").dep("leaky", "1").publish();
    Package::new("top", "1.0.0")
        .dep("part", "1")
        .dep("leaky", "1")
        .publish();
    let app = lock(
        project()
            .file(
                "Cargo.toml",
                &app_manifest("top = '1'\n\n[patch.crates-io]\npart = { path = 'part' }"),
            )
            .file("src/main.rs", "fn main() {}")
            .file("part/Cargo.toml", OWN_PART)
            .file("part/src/lib.rs", "")
            .build(),
    );
    Package::new("leaky", "1.0.1").publish();
    Package::new("part", "1.0.1").dep("leaky", "1").publish();
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] leaky v1.0.0 -> v1.0.1
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn a_patch_that_nothing_uses_stays_in_cargo_lock() {
    Package::new("leaky", "1.0.0").publish();
    let app = lock(
        project()
            .file(
                "Cargo.toml",
                &app_manifest("leaky = '1'\n\n[patch.crates-io]\npart = { path = 'part' }"),
            )
            .file("src/main.rs", "fn main() {}")
            .file("part/Cargo.toml", OWN_PART)
            .file("part/src/lib.rs", "")
            .build(),
    );
    Package::new("leaky", "1.0.1").publish();
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "",
        str![[r#"
[WARNING] patch `part v1.0.0 ([ROOT]/foo/part)` was not used in the crate graph
[HELP] Check that the patched package version and available features are compatible
      with the dependency requirements. If the patch has a different version from
      what is locked in the Cargo.lock file, run `cargo update` to use the new
      version. This may also occur with an optional dependency that is not enabled.
[UPDATING] leaky v1.0.0 -> v1.0.1
[WARNING] patch `part v1.0.0 ([ROOT]/foo/part)` was not used in the crate graph
[HELP] Check that the patched package version and available features are compatible
      with the dependency requirements. If the patch has a different version from
      what is locked in the Cargo.lock file, run `cargo update` to use the new
      version. This may also occur with an optional dependency that is not enabled.
[FIXED] 1 finding

"#]],
    );
    assert!(app.read_lockfile().contains("[[patch.unused]]"));
}

#[cargo_test]
fn a_patch_from_git_stays_at_its_commit() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("part", "1.0.0").dep("leaky", "1").publish();
    let (part, repository) = git::new_repo("part", |project| {
        project.file("Cargo.toml", OWN_PART).file("src/lib.rs", "")
    });
    let app = locked(&format!(
        "part = '1'\n\n[patch.crates-io]\npart = {{ git = '{}' }}",
        part.url()
    ));
    part.change_file("src/lib.rs", "// Something has changed.\n");
    git::add(&repository);
    git::commit(&repository);
    Package::new("leaky", "1.0.1").publish();
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] leaky v1.0.0 -> v1.0.1
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn the_cache_of_the_registry_is_not_needed() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Package::new("leaky", "1.0.1").publish();
    leaky_is_patched(&[">= 1.0.1"]);
    fs::remove_dir_all(paths::cargo_home().join("registry")).unwrap();

    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] leaky v1.0.0 -> v1.0.1
[FIXED] 1 finding

"#]],
    );
}
