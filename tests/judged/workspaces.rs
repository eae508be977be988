//! Workspaces: only the members that are built, with the features that they are built with.

use cargo_test_support::cargo_test;
use cargo_test_support::registry::{Dependency, Package};
use cargo_test_support::{Project, ProjectBuilder, project, str};

use crate::support::{ExecsExt as _, ProjectExt as _};
use crate::{LEAKY, NOTHING, publish_leaky};

/// Adds a member with these lines behind its `[package]`.
fn member(workspace: ProjectBuilder, name: &str, rest: &str) -> ProjectBuilder {
    workspace
        .file(
            format!("{name}/Cargo.toml"),
            &format!(
                "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n{rest}\n"
            ),
        )
        .file(format!("{name}/src/lib.rs"), "")
}

/// `clean` and `dirty`, of which only `dirty` depends on `leaky`.
fn clean_and_dirty(workspace: &str) -> Project {
    publish_leaky();
    let builder = project().file("Cargo.toml", workspace);
    let builder = member(builder, "clean", "");
    member(builder, "dirty", "[dependencies]\nleaky = '1'").build()
}

#[cargo_test]
fn only_the_selected_member_is_judged() {
    let workspace = clean_and_dirty("[workspace]\nmembers = ['clean', 'dirty']\nresolver = '2'\n");

    workspace.cargo("check -p clean").tells(NOTHING);
    workspace.cargo("check -p dirty").tells(LEAKY);
    workspace.cargo("check").tells(LEAKY);
    workspace
        .cargo("check --workspace --exclude dirty")
        .tells(NOTHING);
}

#[cargo_test]
fn a_build_in_the_folder_of_a_member_judges_that_member() {
    let workspace = clean_and_dirty("[workspace]\nmembers = ['clean', 'dirty']\nresolver = '2'\n");

    workspace.cargo("check").cwd("clean").tells(NOTHING);
    workspace.cargo("check").cwd("dirty").tells(LEAKY);
}

#[cargo_test]
fn members_that_are_not_default_are_not_judged_by_default() {
    let workspace = clean_and_dirty(
        "[workspace]\nmembers = ['clean', 'dirty']\ndefault-members = ['clean']\nresolver = '2'\n",
    );

    workspace.cargo("check").tells(NOTHING);
    workspace.cargo("check --workspace").tells(LEAKY);
}

#[cargo_test]
fn a_dependency_of_many_members_counts_once() {
    publish_leaky();
    let mut builder = project().file(
        "Cargo.toml",
        "[workspace]\nmembers = ['one', 'two', 'three']\nresolver = '2'\n",
    );
    for name in ["one", "two", "three"] {
        builder = member(builder, name, "[dependencies]\nleaky = '1'");
    }

    builder.build().cargo("check").tells(LEAKY);
}

/// Publishes `middle`, whose feature `extra` brings `leaky`.
fn publish_middle() {
    publish_leaky();
    Package::new("middle", "1.0.0")
        .add_dep(Dependency::new("leaky", "1").optional(true))
        .feature("extra", &["leaky"])
        .publish();
}

/// A project that uses `middle` plainly, and in one other way with its feature `extra`.
fn app_with_middle(resolver: &str, other_use: &str) -> Project {
    let manifest = format!(
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\nresolver = '{resolver}'\n\n\
         [dependencies]\nmiddle = '1'\n\n[{other_use}]\nmiddle = {{ version = '1', features = ['extra'] }}\n"
    );
    project()
        .file("Cargo.toml", &manifest)
        .file("src/main.rs", "fn main() {}")
        .build()
}

#[cargo_test]
fn the_first_resolver_unites_features_and_the_second_does_not() {
    publish_middle();
    for other_use in [
        "dev-dependencies",
        "build-dependencies",
        "target.'cfg(any())'.dependencies",
    ] {
        app_with_middle("1", other_use).cargo("check").tells(LEAKY);
        app_with_middle("2", other_use)
            .cargo("check")
            .tells(NOTHING);
    }
}

#[cargo_test]
fn a_feature_that_only_the_build_script_needs_is_judged_where_there_is_one() {
    publish_middle();
    let app = app_with_middle("2", "build-dependencies");
    app.change_file("build.rs", "fn main() {}");

    app.cargo("check").tells(LEAKY);
}

#[cargo_test]
fn a_path_dependency_outside_the_workspace_brings_its_dependencies() {
    publish_leaky();
    member(
        project().at("beside"),
        "helper",
        "[dependencies]\nleaky = '1'",
    )
    .build();
    let app = crate::support::app("helper = { path = '../beside/helper' }");

    app.cargo("check").tells(LEAKY);
    app.cargo("check --deny-advisories").tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}
