//! Requirements that have to change, and what `--manifest` makes of the text around them.

use cargo_test_support::prelude::IntoData;
use cargo_test_support::registry::Package;
use cargo_test_support::{Project, cargo_test, project, str};
use snapbox::assert_data_eq;

use crate::proof::{fixes, leaky_is_patched, leaves};
use crate::support::{Database, advisory, app_manifest, lock, locked};
use crate::worlds::inheriting;

/// What keeps `leaky` from its next major release, in a manifest with these lines.
fn app_held_back(dependencies: &str) -> Project {
    Package::new("leaky", "1.0.0").publish();
    let app = locked(dependencies);
    Package::new("leaky", "2.0.0").publish();
    Package::new("leaky", "2.1.0").publish();
    Package::new("leaky", "3.0.0").publish();
    leaky_is_patched(&[">= 2.0.0"]);
    app
}

/// Compares the lines of the manifest from `[dependencies]` on.
#[track_caller]
fn has(app: &Project, expected: impl IntoData) {
    let manifest = app.read_file("Cargo.toml");
    let start = manifest.find("[dependencies]").unwrap();
    assert_data_eq!(&manifest[start..], expected);
}

#[cargo_test]
fn a_requirement_changes_only_when_asked_to() {
    let app = app_held_back("leaky = '1'");

    leaves(
        &app,
        "",
        str![[r#"
[WARNING] nothing could be fixed in Cargo.lock alone; try `--manifest`, or see `cargo advisory` for details

"#]],
    );
    fixes(
        &app,
        "--manifest",
        str![[r#"
     Editing Cargo.toml:7: `dependencies.leaky` from "1" to "2.0.0"
[UPDATING] leaky v1.0.0 -> v2.0.0
[FIXED] 1 finding

"#]],
    );
    has(
        &app,
        str![[r#"
[dependencies]
leaky = '2.0.0'

"#]],
    );
}

#[cargo_test]
fn a_requirement_stays_where_cargo_lock_is_enough() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Package::new("leaky", "1.0.1").publish();
    Package::new("leaky", "2.0.0").publish();
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "--manifest",
        str![[r#"
[UPDATING] leaky v1.0.0 -> v1.0.1
[FIXED] 1 finding

"#]],
    );
    has(
        &app,
        str![[r#"
[dependencies]
leaky = '1'

"#]],
    );
}

#[cargo_test]
fn a_pin_stays_a_pin() {
    let app = app_held_back("leaky = '=1.0.0'");

    fixes(
        &app,
        "--manifest",
        str![[r#"
     Editing Cargo.toml:7: `dependencies.leaky` from "=1.0.0" to "=2.0.0"
[UPDATING] leaky v1.0.0 -> v2.0.0
[FIXED] 1 finding

"#]],
    );
    has(
        &app,
        str![[r#"
[dependencies]
leaky = '=2.0.0'

"#]],
    );
}

#[cargo_test]
fn a_pin_moves_no_further_than_needed() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '=1.0.0'");
    for version in ["1.0.1", "1.0.2", "1.1.0"] {
        Package::new("leaky", version).publish();
    }
    leaky_is_patched(&[">= 1.0.2"]);

    fixes(
        &app,
        "--manifest",
        str![[r#"
     Editing Cargo.toml:7: `dependencies.leaky` from "=1.0.0" to "=1.0.2"
[UPDATING] leaky v1.0.0 -> v1.0.2
[FIXED] 1 finding

"#]],
    );
    has(
        &app,
        str![[r#"
[dependencies]
leaky = '=1.0.2'

"#]],
    );
}

#[cargo_test]
fn a_tilde_stays_a_tilde() {
    let app = app_held_back("leaky = '~1.0'");

    fixes(
        &app,
        "--manifest",
        str![[r#"
     Editing Cargo.toml:7: `dependencies.leaky` from "~1.0" to "~2.0.0"
[UPDATING] leaky v1.0.0 -> v2.0.0
[FIXED] 1 finding

"#]],
    );
    has(
        &app,
        str![[r#"
[dependencies]
leaky = '~2.0.0'

"#]],
    );
}

#[cargo_test]
fn an_upper_bound_gives_way() {
    let app = app_held_back("leaky = '>=1.0, <1.5'");

    fixes(
        &app,
        "--manifest",
        str![[r#"
     Editing Cargo.toml:7: `dependencies.leaky` from ">=1.0, <1.5" to "2.0.0"
[UPDATING] leaky v1.0.0 -> v2.0.0
[FIXED] 1 finding

"#]],
    );
    has(
        &app,
        str![[r#"
[dependencies]
leaky = '2.0.0'

"#]],
    );
}

#[cargo_test]
fn a_caret_stays_a_caret() {
    let app = app_held_back("leaky = '^1'");

    fixes(
        &app,
        "--manifest",
        str![[r#"
     Editing Cargo.toml:7: `dependencies.leaky` from "^1" to "^2.0.0"
[UPDATING] leaky v1.0.0 -> v2.0.0
[FIXED] 1 finding

"#]],
    );
    has(
        &app,
        str![[r#"
[dependencies]
leaky = '^2.0.0'

"#]],
    );
}

#[cargo_test]
fn formatting_and_comments_stay() {
    Package::new("sound", "1.0.0").publish();
    let app = app_held_back(
        "# What everything leans on.\n\
         sound   =   \"1\"   # as it should be\n\
         \n\
         # This one will have to change.\n\
         leaky = { version = \"1\",   default-features = false }   # some day\n\
         \n\
         [features]\n\
         default = [ ]   # none\n",
    );

    fixes(
        &app,
        "--manifest",
        str![[r#"
     Editing Cargo.toml:11: `dependencies.leaky` from "1" to "2.0.0"
[UPDATING] leaky v1.0.0 -> v2.0.0
[FIXED] 1 finding

"#]],
    );
    has(
        &app,
        str![[r#"
[dependencies]
# What everything leans on.
sound   =   "1"   # as it should be

# This one will have to change.
leaky = { version = "2.0.0",   default-features = false }   # some day

[features]
default = [ ]   # none


"#]],
    );
}

#[cargo_test]
fn a_table_of_its_own_stays_one() {
    let app = app_held_back(
        "\n[dependencies.leaky]\n# No later one works.\nversion = '1'   # really\nfeatures = []",
    );

    fixes(
        &app,
        "--manifest",
        str![[r#"
     Editing Cargo.toml:10: `dependencies.leaky` from "1" to "2.0.0"
[UPDATING] leaky v1.0.0 -> v2.0.0
[FIXED] 1 finding

"#]],
    );
    has(
        &app,
        str![[r#"
[dependencies]

[dependencies.leaky]
# No later one works.
version = '2.0.0'   # really
features = []

"#]],
    );
}

#[cargo_test]
fn dotted_keys_stay_dotted() {
    let app = app_held_back("leaky.version = '1'\nleaky.default-features = false");

    fixes(
        &app,
        "--manifest",
        str![[r#"
     Editing Cargo.toml:7: `dependencies.leaky` from "1" to "2.0.0"
[UPDATING] leaky v1.0.0 -> v2.0.0
[FIXED] 1 finding

"#]],
    );
    has(
        &app,
        str![[r#"
[dependencies]
leaky.version = '2.0.0'
leaky.default-features = false

"#]],
    );
}

#[cargo_test]
fn line_ends_stay_as_they_are() {
    Package::new("leaky", "1.0.0").publish();
    let app = lock(
        project()
            .file(
                "Cargo.toml",
                &app_manifest("leaky = '1' # the only one").replace('\n', "\r\n"),
            )
            .file("src/main.rs", "fn main() {}")
            .build(),
    );
    Package::new("leaky", "2.0.0").publish();
    leaky_is_patched(&[">= 2.0.0"]);
    let before = app.read_file("Cargo.toml");

    fixes(
        &app,
        "--manifest",
        str![[r#"
     Editing Cargo.toml:7: `dependencies.leaky` from "1" to "2.0.0"
[UPDATING] leaky v1.0.0 -> v2.0.0
[FIXED] 1 finding

"#]],
    );
    assert_eq!(
        app.read_file("Cargo.toml"),
        before.replace("leaky = '1'", "leaky = '2.0.0'")
    );
}

#[cargo_test]
fn a_renamed_dependency_changes_under_its_own_name() {
    let app = app_held_back("tight = { package = 'leaky', version = '1' }");

    fixes(
        &app,
        "--manifest",
        str![[r#"
     Editing Cargo.toml:7: `dependencies.tight` from "1" to "2.0.0"
[UPDATING] leaky v1.0.0 -> v2.0.0
[FIXED] 1 finding

"#]],
    );
    has(
        &app,
        str![[r#"
[dependencies]
tight = { package = 'leaky', version = '2.0.0' }

"#]],
    );
}

#[cargo_test]
fn a_dependency_of_a_platform_changes_in_its_table() {
    let app = app_held_back("\n[target.'cfg(unix)'.dependencies]\nleaky = '1'");

    fixes(
        &app,
        "--manifest",
        str![[r#"
     Editing Cargo.toml:9: `target.cfg(unix).dependencies.leaky` from "1" to "2.0.0"
[UPDATING] leaky v1.0.0 -> v2.0.0
[FIXED] 1 finding

"#]],
    );
    has(
        &app,
        str![[r#"
[dependencies]

[target.'cfg(unix)'.dependencies]
leaky = '2.0.0'

"#]],
    );
}

#[cargo_test]
fn a_dev_dependency_changes_in_its_table() {
    let app = app_held_back("\n[dev-dependencies]\nleaky = '1'");

    fixes(
        &app,
        "--manifest",
        str![[r#"
     Editing Cargo.toml:9: `dev-dependencies.leaky` from "1" to "2.0.0"
[UPDATING] leaky v1.0.0 -> v2.0.0
[FIXED] 1 finding

"#]],
    );
    has(
        &app,
        str![[r#"
[dependencies]

[dev-dependencies]
leaky = '2.0.0'

"#]],
    );
}

#[cargo_test]
fn every_line_that_holds_back_changes() {
    let app = app_held_back("leaky = '1'\n\n[dev-dependencies]\nleaky = '1.0'");

    fixes(
        &app,
        "--manifest",
        str![[r#"
     Editing Cargo.toml:7: `dependencies.leaky` from "1" to "2.0.0"
     Editing Cargo.toml:10: `dev-dependencies.leaky` from "1.0" to "2.0.0"
[UPDATING] leaky v1.0.0 -> v2.0.0
[FIXED] 1 finding

"#]],
    );
    has(
        &app,
        str![[r#"
[dependencies]
leaky = '2.0.0'

[dev-dependencies]
leaky = '2.0.0'

"#]],
    );
}

#[cargo_test]
fn the_lines_of_several_platforms_change() {
    let app = app_held_back(
        "leaky = '1'\n\n[target.'cfg(unix)'.dependencies]\nleaky = '1.0'\n\n\
         [target.'cfg(windows)'.dependencies]\nleaky = '1.0.0'",
    );

    fixes(
        &app,
        "--manifest",
        str![[r#"
     Editing Cargo.toml:7: `dependencies.leaky` from "1" to "2.0.0"
     Editing Cargo.toml:10: `target.cfg(unix).dependencies.leaky` from "1.0" to "2.0.0"
     Editing Cargo.toml:13: `target.cfg(windows).dependencies.leaky` from "1.0.0" to "2.0.0"
[UPDATING] leaky v1.0.0 -> v2.0.0
[FIXED] 1 finding

"#]],
    );
    has(
        &app,
        str![[r#"
[dependencies]
leaky = '2.0.0'

[target.'cfg(unix)'.dependencies]
leaky = '2.0.0'

[target.'cfg(windows)'.dependencies]
leaky = '2.0.0'

"#]],
    );
}

#[cargo_test]
fn a_line_that_does_not_hold_back_stays() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '=1.0.0'\n\n[dev-dependencies]\nleaky = '1'");
    Package::new("leaky", "1.0.1").publish();
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "--manifest",
        str![[r#"
     Editing Cargo.toml:7: `dependencies.leaky` from "=1.0.0" to "=1.0.1"
[UPDATING] leaky v1.0.0 -> v1.0.1
[FIXED] 1 finding

"#]],
    );
    has(
        &app,
        str![[r#"
[dependencies]
leaky = '=1.0.1'

[dev-dependencies]
leaky = '1'

"#]],
    );
}

#[cargo_test]
fn an_inherited_requirement_changes_in_the_workspace() {
    Package::new("leaky", "1.0.0").publish();
    let app = lock(inheriting("leaky = '1' # for all"));
    Package::new("leaky", "2.0.0").publish();
    leaky_is_patched(&[">= 2.0.0"]);
    let member = app.read_file("one/Cargo.toml");

    fixes(
        &app,
        "--manifest",
        str![[r#"
     Editing Cargo.toml:7: `workspace.dependencies.leaky` from "1" to "2.0.0"
[UPDATING] leaky v1.0.0 -> v2.0.0
[FIXED] 1 finding

"#]],
    );
    assert_eq!(app.read_file("one/Cargo.toml"), member);
    assert_data_eq!(
        app.read_file("Cargo.toml"),
        str![[r#"
[workspace]
members = ['one', 'two']
resolver = '2'

# What all members share.
[workspace.dependencies]
leaky = '2.0.0' # for all

"#]]
    );
}

#[cargo_test]
fn a_requirement_of_a_member_changes_in_its_manifest() {
    Package::new("leaky", "1.0.0").publish();
    let app = lock(
        project()
            .file(
                "Cargo.toml",
                &app_manifest("part = { path = 'part' }\n\n[workspace]"),
            )
            .file("src/main.rs", "fn main() {}")
            .file(
                "part/Cargo.toml",
                "[package]\nname = 'part'\nversion = '0.1.0'\nedition = '2021'\n\n[dependencies]\nleaky = '1'\n",
            )
            .file("part/src/lib.rs", "")
            .build(),
    );
    Package::new("leaky", "2.0.0").publish();
    leaky_is_patched(&[">= 2.0.0"]);

    fixes(
        &app,
        "--manifest",
        str![[r#"
     Editing part/Cargo.toml:7: `dependencies.leaky` from "1" to "2.0.0"
[UPDATING] leaky v1.0.0 -> v2.0.0
[FIXED] 1 finding

"#]],
    );
    assert_data_eq!(
        app.read_file("part/Cargo.toml"),
        str![[r#"
[package]
name = 'part'
version = '0.1.0'
edition = '2021'

[dependencies]
leaky = '2.0.0'

"#]]
    );
}

#[cargo_test]
fn of_two_members_only_the_one_that_holds_back_changes() {
    Package::new("leaky", "1.0.0").publish();
    let member = |name: &str, requirement: &str| {
        format!(
            "[package]\nname = '{name}'\nversion = '0.1.0'\nedition = '2021'\n\n\
             [dependencies]\nleaky = '{requirement}'\n"
        )
    };
    let app = lock(
        project()
            .file(
                "Cargo.toml",
                "[workspace]\nmembers = ['one', 'two']\nresolver = '2'\n",
            )
            .file("one/Cargo.toml", &member("one", "1"))
            .file("one/src/lib.rs", "")
            .file("two/Cargo.toml", &member("two", "=1.0.0"))
            .file("two/src/lib.rs", "")
            .build(),
    );
    Package::new("leaky", "1.0.1").publish();
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "--manifest",
        str![[r#"
     Editing two/Cargo.toml:7: `dependencies.leaky` from "=1.0.0" to "=1.0.1"
[UPDATING] leaky v1.0.0 -> v1.0.1
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn a_dependent_changes_whose_next_major_release_lifts_what_holds_back() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("middle", "1.0.0").dep("leaky", "1").publish();
    let app = locked("middle = '1'");
    Package::new("leaky", "2.0.0").publish();
    Package::new("middle", "2.0.0").dep("leaky", "1").publish();
    Package::new("middle", "3.0.0").dep("leaky", "2").publish();
    Package::new("middle", "3.1.0").dep("leaky", "2").publish();
    leaky_is_patched(&[">= 2.0.0"]);

    fixes(
        &app,
        "--manifest",
        str![[r#"
     Editing Cargo.toml:7: `dependencies.middle` from "1" to "3.0.0"
[UPDATING] leaky v1.0.0 -> v2.0.0
[UPDATING] middle v1.0.0 -> v3.0.0
[FIXED] 1 finding

"#]],
    );
    has(
        &app,
        str![[r#"
[dependencies]
middle = '3.0.0'

"#]],
    );
}

#[cargo_test]
fn of_two_lines_only_the_one_that_matters_changes() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("middle", "1.0.0").dep("leaky", "1").publish();
    Package::new("other", "1.0.0").dep("leaky", "1").publish();
    let app = locked("middle = '=1.0.0'\nother = '=1.0.0'");
    Package::new("leaky", "2.0.0").publish();
    Package::new("middle", "1.1.0").dep("leaky", "2").publish();
    Package::new("other", "1.1.0").dep("leaky", "2").publish();
    Database::new()
        .add(&advisory("middle").patched(">= 1.1.0"))
        .index();

    fixes(
        &app,
        "--manifest",
        str![[r#"
     Editing Cargo.toml:7: `dependencies.middle` from "=1.0.0" to "=1.1.0"
[ADDING] leaky v2.0.0
[UPDATING] middle v1.0.0 -> v1.1.0
[FIXED] 1 finding

"#]],
    );
    has(
        &app,
        str![[r#"
[dependencies]
middle = '=1.1.0'
other = '=1.0.0'

"#]],
    );
}

#[cargo_test]
fn what_a_dependency_requires_is_out_of_reach() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("middle", "1.0.0").dep("leaky", "1").publish();
    let app = locked("middle = '1'");
    Package::new("leaky", "2.0.0").publish();
    leaky_is_patched(&[">= 2.0.0"]);

    leaves(
        &app,
        "--manifest",
        str![[r#"
[WARNING] nothing could be fixed; see `cargo advisory` for details

"#]],
    );
}

#[cargo_test]
fn two_findings_change_two_lines() {
    Package::new("drippy", "1.0.0").publish();
    let app = app_held_back("leaky = '1'\ndrippy = '1'");
    Package::new("drippy", "2.0.0").publish();
    Database::at("advisory-db")
        .add(
            &advisory("drippy")
                .id("RUSTSEC-2020-0002")
                .patched(">= 2.0.0"),
        )
        .index();

    fixes(
        &app,
        "--manifest",
        str![[r#"
     Editing Cargo.toml:8: `dependencies.drippy` from "1" to "2.0.0"
     Editing Cargo.toml:7: `dependencies.leaky` from "1" to "2.0.0"
[UPDATING] drippy v1.0.0 -> v2.0.0
[UPDATING] leaky v1.0.0 -> v2.0.0
[FIXED] 2 findings

"#]],
    );
    has(
        &app,
        str![[r#"
[dependencies]
leaky = '2.0.0'
drippy = '2.0.0'

"#]],
    );
}

#[cargo_test]
fn a_requirement_on_another_registry_keeps_its_registry() {
    let alternative = cargo_test_support::registry::alt_init();
    Package::new("leaky", "1.0.0").alternative(true).publish();
    let app = locked("leaky = { version = '1', registry = 'alternative' }");
    Package::new("leaky", "2.0.0").alternative(true).publish();
    let source = format!("\"registry+{}\"", alternative.index_url());
    Database::new()
        .add(
            &advisory("leaky")
                .field("source", &source)
                .patched(">= 2.0.0"),
        )
        .index();

    fixes(
        &app,
        "--manifest",
        str![[r#"
     Editing Cargo.toml:7: `dependencies.leaky` from "1" to "2.0.0"
[UPDATING] leaky v1.0.0 -> v2.0.0
[FIXED] 1 finding

"#]],
    );
    has(
        &app,
        str![[r#"
[dependencies]
leaky = { version = '2.0.0', registry = 'alternative' }

"#]],
    );
}
