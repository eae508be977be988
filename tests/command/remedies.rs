//! What `cargo advisory` tells of each kind of remedy, to people and in JSON. That remedies hold is proven elsewhere.

use cargo_test_support::compare::assert_e2e;
use cargo_test_support::registry::{Dependency, Package};
use cargo_test_support::{Project, cargo_test, project, str};
use serde_json::{Value, json};

use crate::remedy_search::{WIDTH, leaky_is_patched, remedy, tells};
use crate::support::{
    Database, ExecsExt as _, ProjectExt as _, advisory, app_manifest, configure, days_ago, locked,
};

#[cargo_test]
fn a_lockfile_change_names_the_command_and_the_move() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Package::new("leaky", "1.0.1").publish();
    leaky_is_patched(">= 1.0.1");

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  `cargo advisory fix` moves leaky from 1.0.0 to 1.0.1

"#]],
    );
    assert_eq!(
        remedy(&app),
        json!({
            "kind": "lockfile",
            "moves": [{ "package": "leaky", "from": "1.0.0", "to": "1.0.1", "cautions": [] }],
            "edits": [],
            "switch": null,
            "held_back_by": [],
            "obstacle": null,
        })
    );
}

#[cargo_test]
fn what_moves_and_comes_and_goes_along_is_told_behind_the_package_itself() {
    Package::new("stale", "1.0.0").publish();
    Package::new("fresh", "1.0.0").publish();
    Package::new("leaky", "1.0.0").dep("stale", "1").publish();
    Package::new("dependent", "1.0.0")
        .dep("leaky", "1")
        .publish();
    let app = locked("dependent = '1'");
    Package::new("leaky", "2.0.0").dep("fresh", "1").publish();
    Package::new("dependent", "1.1.0")
        .dep("leaky", "2")
        .publish();
    leaky_is_patched(">= 2");

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  `cargo advisory fix` moves leaky from 1.0.0 to 2.0.0 and dependent
              from 1.0.0 to 1.1.0, adds fresh 1.0.0, and removes stale 1.0.0
            held back so far by dependent 1.0.0 (requires leaky ^1)
            caution: leaky 2.0.0 brings the new package fresh

"#]],
    );
    assert_eq!(
        remedy(&app),
        json!({
            "kind": "lockfile",
            "moves": [
                { "package": "dependent", "from": "1.0.0", "to": "1.1.0", "cautions": [] },
                { "package": "fresh", "from": null, "to": "1.0.0", "cautions": [] },
                {
                    "package": "leaky", "from": "1.0.0", "to": "2.0.0",
                    "cautions": [
                        { "kind": "new-dependencies", "published": null, "dependencies": ["fresh"] },
                    ],
                },
                { "package": "stale", "from": "1.0.0", "to": null, "cautions": [] },
            ],
            "edits": [],
            "switch": null,
            "held_back_by": [
                { "package": "dependent", "version": "1.0.0", "member": false, "requirement": "^1" },
            ],
            "obstacle": null,
        })
    );
}

#[cargo_test]
fn of_many_moves_and_dependents_some_are_named_and_the_rest_is_counted() {
    Package::new("leaky", "1.0.0").publish();
    let names = ["ant", "bee", "cat", "dog", "elk"];
    for name in names {
        Package::new(name, "1.0.0").dep("leaky", "1").publish();
    }
    let app = locked("ant = '1'\nbee = '1'\ncat = '1'\ndog = '1'\nelk = '1'");
    Package::new("leaky", "2.0.0").publish();
    for name in names {
        Package::new(name, "1.1.0").dep("leaky", "2").publish();
    }
    leaky_is_patched(">= 2");

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  `cargo advisory fix` moves leaky from 1.0.0 to 2.0.0, ant from 1.0.0
              to 1.1.0, bee from 1.0.0 to 1.1.0 and cat from 1.0.0 to 1.1.0, and
              changes 2 more packages
            held back so far by ant 1.0.0 (requires leaky ^1), bee 1.0.0
              (requires leaky ^1), cat 1.0.0 (requires leaky ^1) and 2 more
              dependents

"#]],
    );
    let remedy = remedy(&app);
    assert_eq!(remedy["moves"].as_array().unwrap().len(), 6);
    assert_eq!(remedy["held_back_by"].as_array().unwrap().len(), 5);
}

#[cargo_test]
fn a_package_that_goes_altogether_is_removed() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("dependent", "1.0.0")
        .dep("leaky", "1")
        .publish();
    let app = locked("dependent = '1'");
    Package::new("dependent", "1.0.1").publish();
    Database::new()
        .add(&advisory("leaky").informational("unmaintained"))
        .index();

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  `cargo advisory fix` removes leaky 1.0.0 and moves dependent from
              1.0.0 to 1.0.1

"#]],
    );
}

#[cargo_test]
fn a_manifest_change_names_the_line_and_both_requirements() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Package::new("leaky", "2.0.1").publish();
    leaky_is_patched(">= 2.0.1");

    // That the workspace itself holds the package back is told by the requirement that is to change.
    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  `cargo advisory fix --manifest` changes `leaky` from "1" to "2.0.1"
              in Cargo.toml:7; it then moves leaky from 1.0.0 to 2.0.1

"#]],
    );
    assert_eq!(
        remedy(&app),
        json!({
            "kind": "manifest",
            "moves": [{ "package": "leaky", "from": "1.0.0", "to": "2.0.1", "cautions": [] }],
            "edits": [{
                "manifest": "Cargo.toml", "line": 7, "key": ["dependencies", "leaky"],
                "from": "1", "to": "2.0.1",
            }],
            "switch": null,
            "held_back_by": [
                { "package": "app", "version": "0.1.0", "member": true, "requirement": "^1" },
            ],
            "obstacle": null,
        })
    );
}

#[cargo_test]
fn a_pin_is_told_with_its_operator() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '=1.0.0'");
    Package::new("leaky", "1.0.1").publish();
    leaky_is_patched(">= 1.0.1");

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  `cargo advisory fix --manifest` changes `leaky` from "=1.0.0" to
              "=1.0.1" in Cargo.toml:7; it then moves leaky from 1.0.0 to 1.0.1

"#]],
    );
}

/// A workspace of the members `first` and `second`, with the given lines under `[dependencies]` of each.
fn workspace(root: &str, first: &str, second: &str) -> Project {
    let member = |name: &str, dependencies: &str| {
        app_manifest(dependencies).replace("\"app\"", &format!("\"{name}\""))
    };
    let workspace = project()
        .file(
            "Cargo.toml",
            &format!("[workspace]\nmembers = ['first', 'second']\nresolver = '2'\n{root}"),
        )
        .file("first/Cargo.toml", &member("first", first))
        .file("first/src/lib.rs", "")
        .file("second/Cargo.toml", &member("second", second))
        .file("second/src/lib.rs", "")
        .build();
    workspace.cargo("generate-lockfile").run();
    workspace
}

#[cargo_test]
fn an_inherited_requirement_changes_in_the_manifest_of_the_workspace() {
    Package::new("leaky", "1.0.0").publish();
    let workspace = workspace(
        "[workspace.dependencies]\nleaky = '1'\n",
        "leaky.workspace = true",
        "leaky = { workspace = true }",
    );
    Package::new("leaky", "2.0.0").publish();
    leaky_is_patched(">= 2");

    tells(
        &workspace,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  `cargo advisory fix --manifest` changes `leaky` from "1" to "2.0.0"
              in Cargo.toml:5; it then moves leaky from 1.0.0 to 2.0.0

"#]],
    );
    assert_eq!(
        remedy(&workspace)["edits"],
        json!([{
            "manifest": "Cargo.toml", "line": 5, "key": ["workspace", "dependencies", "leaky"],
            "from": "1", "to": "2.0.0",
        }])
    );
}

#[cargo_test]
fn each_line_that_has_to_change_is_told() {
    Package::new("leaky", "1.0.0").publish();
    let workspace = workspace("", "leaky = '1'", "leaky = { version = '^1.0' }");
    Package::new("leaky", "2.0.0").publish();
    leaky_is_patched(">= 2");

    tells(
        &workspace,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  `cargo advisory fix --manifest` changes `leaky` from "1" to "2.0.0"
              in first/Cargo.toml:7 and `leaky` from "^1.0" to "^2.0.0" in
              second/Cargo.toml:7; it then moves leaky from 1.0.0 to 2.0.0

"#]],
    );
}

/// An engine that has `leaky` where its feature `leak` is on, and a default feature beside that.
fn engine(default: &[&str]) {
    Package::new("leaky", "1.0.0").publish();
    Package::new("engine", "1.0.0")
        .add_dep(Dependency::new("leaky", "1").optional(true))
        .feature("default", default)
        .feature("leak", &["dep:leaky"])
        .feature("quick", &[])
        .publish();
    Database::new().add(&advisory("leaky")).index();
}

#[cargo_test]
fn a_named_feature_is_told_with_what_is_left() {
    engine(&[]);
    let app = locked("engine = { version = '1', features = ['leak', 'quick'] }");

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  build `engine` without its feature `leak`, if the code can do
              without: `features = ["quick"]` in Cargo.toml:7

"#]],
    );
    assert_eq!(
        remedy(&app),
        json!({
            "kind": "feature",
            "moves": [{ "package": "leaky", "from": "1.0.0", "to": null, "cautions": [] }],
            "edits": [],
            "switch": {
                "manifest": "Cargo.toml", "line": 7, "key": ["dependencies", "engine"],
                "without": ["leak"], "default_features": true, "features": ["quick"],
            },
            "held_back_by": [],
            "obstacle": null,
        })
    );
}

#[cargo_test]
fn without_one_of_the_default_features_the_others_have_to_be_named() {
    engine(&["leak", "quick"]);
    let app = locked("engine = '1'");

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  build `engine` without its feature `leak`, if the code can do
              without: `default-features = false, features = ["quick"]` in
              Cargo.toml:7

"#]],
    );
    assert_eq!(
        remedy(&app)["switch"],
        json!({
            "manifest": "Cargo.toml", "line": 7, "key": ["dependencies", "engine"],
            "without": ["leak"], "default_features": false, "features": ["quick"],
        })
    );
}

#[cargo_test]
fn where_two_default_features_have_to_go_the_others_stay() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("engine", "1.0.0")
        .add_dep(Dependency::new("leaky", "1").optional(true))
        .feature("default", &["leak", "drip", "quick"])
        .feature("leak", &["dep:leaky"])
        .feature("drip", &["dep:leaky"])
        .feature("quick", &[])
        .publish();
    Database::new().add(&advisory("leaky")).index();
    let app = locked("engine = '1'");

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  build `engine` without its features `drip` and `leak`, if the code
              can do without: `default-features = false, features = ["quick"]`
              in Cargo.toml:7

"#]],
    );
}

#[cargo_test]
fn what_is_on_by_default_and_has_no_name_goes_with_the_default_features() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("engine", "1.0.0")
        .add_dep(Dependency::new("leaky", "1").optional(true))
        .feature("default", &["dep:leaky"])
        .publish();
    Database::new().add(&advisory("leaky")).index();
    let app = locked("engine = '1'");

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  build `engine` without its default features, if the code can do
              without: `default-features = false` in Cargo.toml:7

"#]],
    );
}

#[cargo_test]
fn a_default_feature_of_the_workspaces_own_can_be_left_out() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = project()
        .file(
            "Cargo.toml",
            &format!(
                "{}\n[features]\ndefault = ['quick', 'leak']\nleak = ['dep:leaky']\nquick = []\n",
                app_manifest("leaky = { version = '1', optional = true }")
            ),
        )
        .file("src/main.rs", "fn main() {}")
        .build();

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  leave `leak` out of the default features, if the code can do
              without: `default = ["quick"]` in Cargo.toml:10
            it stays in Cargo.lock, for features that are off

"#]],
    );
    assert_eq!(
        remedy(&app)["switch"],
        json!({
            "manifest": "Cargo.toml", "line": 10, "key": ["features", "default"],
            "without": ["leak"], "default_features": true, "features": ["quick"],
        })
    );

    let manifest = app.read_file("Cargo.toml");
    app.change_file(
        "Cargo.toml",
        &manifest.replace("'quick', 'leak'", "'quick'"),
    );
    let answer = app.cargo("advisory --format json").answer();
    assert_eq!(answer["findings"][0]["scope"], "unbuilt");
}

#[cargo_test]
fn a_package_that_cargo_lock_keeps_for_features_that_are_off_is_said_to_stay() {
    engine(&["leak"]);
    let app = project()
        .file(
            "Cargo.toml",
            &format!(
                "{}\n[features]\nleak = ['engine/leak']\n",
                app_manifest("engine = '1'")
            ),
        )
        .file("src/main.rs", "fn main() {}")
        .build();

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  build `engine` without its feature `leak`, if the code can do
              without: `default-features = false` in Cargo.toml:7
            it stays in Cargo.lock, for features that are off

"#]],
    );
}

#[cargo_test]
fn a_feature_that_a_member_adds_to_an_inherited_dependency_goes_in_its_manifest() {
    engine(&[]);
    let workspace = workspace(
        "[workspace.dependencies]\nengine = '1'\n",
        "engine = { workspace = true, features = ['leak'] }",
        "engine.workspace = true",
    );

    tells(
        &workspace,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  build `engine` without its feature `leak`, if the code can do
              without: `features = []` in first/Cargo.toml:7

"#]],
    );
}

#[cargo_test]
fn a_feature_that_all_members_inherit_goes_in_the_manifest_of_the_workspace() {
    engine(&["leak", "quick"]);
    let workspace = workspace(
        "[workspace.dependencies.engine]\nversion = '1'\n",
        "engine.workspace = true",
        "engine = { workspace = true, features = ['quick'] }",
    );

    tells(
        &workspace,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  build `engine` without its feature `leak`, if the code can do
              without: `default-features = false, features = ["quick"]` in
              Cargo.toml:4

"#]],
    );
}

#[cargo_test]
fn a_feature_that_is_on_in_two_places_has_no_switch() {
    engine(&[]);
    let workspace = workspace(
        "[workspace.dependencies]\nengine = { version = '1', features = ['leak'] }\n",
        "engine = { workspace = true, features = ['leak'] }",
        "engine.workspace = true",
    );

    tells(
        &workspace,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  none: no later release is free of it

"#]],
    );
}

#[cargo_test]
fn several_named_features_go_where_one_alone_does_not_do() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("engine", "1.0.0")
        .add_dep(Dependency::new("leaky", "1").optional(true))
        .feature("leak", &["dep:leaky"])
        .feature("drip", &["dep:leaky"])
        .feature("quick", &[])
        .publish();
    Database::new().add(&advisory("leaky")).index();
    let app = project()
        .file(
            "Cargo.toml",
            &app_manifest(
                "\n[dependencies.engine]\nversion = '1'\nfeatures = ['drip', 'leak', 'quick']",
            ),
        )
        .file("src/main.rs", "fn main() {}")
        .build();

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  build `engine` without its features `drip` and `leak`, if the code
              can do without: `features = ["quick"]` in Cargo.toml:10

"#]],
    );
}

#[cargo_test]
fn no_patch() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Package::new("leaky", "1.0.1").publish();
    Database::new().add(&advisory("leaky")).index();

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  none: no later release is free of it

"#]],
    );
    assert_eq!(
        remedy(&app),
        json!({
            "kind": "none",
            "moves": [],
            "edits": [],
            "switch": null,
            "held_back_by": [],
            "obstacle": { "kind": "no-patch", "versions": [], "rust_version": null },
        })
    );
}

#[cargo_test]
fn a_patch_that_was_yanked() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Package::new("leaky", "1.0.1").yanked(true).publish();
    leaky_is_patched(">= 1.0.1");

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  none: only 1.0.1 is free of it, and was yanked

"#]],
    );
    assert_eq!(
        remedy(&app)["obstacle"],
        json!({ "kind": "patch-yanked", "versions": ["1.0.1"], "rust_version": null })
    );
}

#[cargo_test]
fn patches_that_were_all_yanked() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    for version in ["1.0.1", "1.0.2", "2.0.0"] {
        Package::new("leaky", version).yanked(true).publish();
    }
    leaky_is_patched(">= 1.0.1");

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  none: only 1.0.1, 1.0.2 and 2.0.0 are free of it, and were yanked

"#]],
    );
}

#[cargo_test]
fn a_patch_for_a_newer_rust() {
    Package::new("leaky", "1.0.0").publish();
    let app = project()
        .file(
            "Cargo.toml",
            &app_manifest("leaky = '1'").replace(
                "edition",
                "rust-version = \"1.70\"\nresolver = \"3\"\nedition",
            ),
        )
        .file("src/main.rs", "fn main() {}")
        .build();
    app.cargo("generate-lockfile").run();
    for (version, rust) in [("1.0.1", "1.80"), ("1.0.2", "1.85")] {
        Package::new("leaky", version).rust_version(rust).publish();
    }
    leaky_is_patched(">= 1.0.1");

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  none: 1.0.1 is free of it, but needs Rust 1.80

"#]],
    );
    assert_eq!(
        remedy(&app)["obstacle"],
        json!({ "kind": "rust-version", "versions": ["1.0.1"], "rust_version": "1.80" })
    );
}

#[cargo_test]
fn a_patch_that_is_too_young() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Package::new("leaky", "1.0.1")
        .pubtime(&days_ago(13))
        .publish();
    leaky_is_patched(">= 1.0.1");
    configure("[registry]\nglobal-min-publish-age = '14 days'");

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  none: 1.0.1 is free of it, but younger than `min-publish-age` allows

"#]],
    );
    assert_eq!(
        remedy(&app)["obstacle"],
        json!({ "kind": "too-young", "versions": ["1.0.1"], "rust_version": null })
    );
}

#[cargo_test]
fn a_patch_that_a_dependent_excludes_is_out_of_reach() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("holder", "1.0.0")
        .dep("leaky", "~1.0.0")
        .publish();
    let app = locked("holder = '1'");
    Package::new("leaky", "1.1.0").publish();
    leaky_is_patched(">= 1.1");

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  none: 1.1.0 is free of it, but no change of this workspace's
              requirements leads to it
            held back by holder 1.0.0 (requires leaky ~1.0.0)

"#]],
    );
    assert_eq!(
        remedy(&app),
        json!({
            "kind": "none",
            "moves": [],
            "edits": [],
            "switch": null,
            "held_back_by": [
                { "package": "holder", "version": "1.0.0", "member": false, "requirement": "~1.0.0" },
            ],
            "obstacle": { "kind": "out-of-reach", "versions": ["1.1.0"], "rust_version": null },
        })
    );
}

#[cargo_test]
fn all_dependents_that_exclude_a_patch_are_told_also_the_member() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("holder", "1.0.0").dep("leaky", "1").publish();
    Package::new("pinned", "1.0.0")
        .dep("leaky", "=1.0.0")
        .publish();
    // It excludes nothing.
    Package::new("open", "1.0.0").dep("leaky", ">=1").publish();
    let app = locked("holder = '1'\nleaky = '1'\nopen = '1'\npinned = '1'");
    Package::new("leaky", "2.0.0").publish();
    leaky_is_patched(">= 2");

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  none: 2.0.0 is free of it, but no change of this workspace's
              requirements leads to it
            held back by app 0.1.0 (requires leaky ^1), holder 1.0.0 (requires
              leaky ^1) and pinned 1.0.0 (requires leaky =1.0.0)

"#]],
    );
    let remedy = remedy(&app);
    let held_back_by = remedy["held_back_by"].as_array().unwrap().iter();
    let members: Vec<(&Value, &Value)> = held_back_by
        .map(|dependent| (&dependent["package"], &dependent["member"]))
        .collect();
    assert_eq!(
        members,
        [
            (&json!("app"), &json!(true)),
            (&json!("holder"), &json!(false)),
            (&json!("pinned"), &json!(false)),
        ]
    );
}

#[cargo_test]
fn findings_with_one_remedy_tell_it_once() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    for version in ["1.0.1", "1.0.2"] {
        Package::new("leaky", version).publish();
    }
    Database::new()
        .add(&advisory("leaky").patched(">= 1.0.1"))
        .add(
            &advisory("leaky")
                .id("RUSTSEC-2020-0002")
                .patched(">= 1.0.2"),
        )
        .index();

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  `cargo advisory fix` moves leaky from 1.0.0 to 1.0.2

"#]],
    );
    let answer = app.cargo("advisory --format json").answer();
    assert_eq!(
        answer["findings"][0]["remedy"],
        answer["findings"][1]["remedy"]
    );
}

#[cargo_test]
fn findings_with_different_remedies_name_them_by_their_ids() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("holder", "1.0.0").dep("leaky", "1").publish();
    let app = locked("holder = '1'");
    for version in ["1.0.1", "2.0.0"] {
        Package::new("leaky", version).publish();
    }
    Database::new()
        .add(&advisory("leaky").patched(">= 1.0.1"))
        .add(&advisory("leaky").id("RUSTSEC-2020-0002").patched(">= 2"))
        .add(&advisory("leaky").id("RUSTSEC-2020-0003"))
        .index();

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  for RUSTSEC-2020-0003: none: no later release is free of it
    remedy  for RUSTSEC-2020-0002: none: 2.0.0 is free of it, but no change of
              this workspace's requirements leads to it
            held back by holder 1.0.0 (requires leaky ^1)
    remedy  for RUSTSEC-2020-0001: `cargo advisory fix` moves leaky from 1.0.0
              to 1.0.1

"#]],
    );
}

/// A project locked to `gone` 1.0.0, which is yanked after that, with a release after it.
fn app_with_gone() -> Project {
    Package::new("gone", "1.0.0").publish();
    Package::new("steady", "1.0.0").publish();
    let app = locked("gone = '1'\nsteady = '1'");
    Package::new("gone", "1.0.0").yanked(true).publish();
    Package::new("gone", "1.0.1").publish();
    // Cargo asks the registry again, and moves nothing.
    app.cargo("update steady").run();
    app
}

#[cargo_test]
fn a_yank_has_a_remedy() {
    let app = app_with_gone();
    Database::new().add(&advisory("other")).index();

    tells(
        &app,
        str![[r#"
gone 1.0.0 (runtime)
    remedy  `cargo advisory fix` moves gone from 1.0.0 to 1.0.1

"#]],
    );
    assert_eq!(remedy(&app)["kind"], "lockfile");
}

#[cargo_test]
fn the_remedy_of_a_yank_is_told_from_that_of_an_advisory() {
    let app = app_with_gone();
    Database::new().add(&advisory("gone")).index();

    tells(
        &app,
        str![[r#"
gone 1.0.0 (runtime)
    remedy  for RUSTSEC-2020-0001: none: no later release is free of it
    remedy  for the yank: `cargo advisory fix` moves gone from 1.0.0 to 1.0.1

"#]],
    );
}

#[cargo_test]
fn each_of_two_versions_has_its_remedy() {
    for version in ["1.0.0", "2.0.0"] {
        Package::new("leaky", version).publish();
    }
    Package::new("old", "1.0.0").dep("leaky", "1").publish();
    let app = locked("old = '1'\nleaky = '2'");
    for version in ["1.0.1", "2.0.1"] {
        Package::new("leaky", version).publish();
    }
    Database::new()
        .add(&advisory("leaky").patched("^1.0.1").patched(">= 2.0.1"))
        .index();

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  `cargo advisory fix` moves leaky from 1.0.0 to 1.0.1
leaky 2.0.0 (runtime)
    remedy  `cargo advisory fix` moves leaky from 2.0.0 to 2.0.1

"#]],
    );
}

#[cargo_test]
fn a_wide_terminal_takes_more_on_a_line() {
    Package::new("leaky", "1.0.0").publish();
    for name in ["dependent", "another-dependent"] {
        Package::new(name, "1.0.0").dep("leaky", "1").publish();
    }
    let app = locked("dependent = '1'\nanother-dependent = '1'");
    Package::new("leaky", "2.0.0").publish();
    for name in ["dependent", "another-dependent"] {
        Package::new(name, "1.1.0").dep("leaky", "2").publish();
    }
    leaky_is_patched(">= 2");

    app.cargo("advisory --quiet")
        .env(WIDTH, "120")
        .with_stdout_data(str![[r#"
leaky 1.0.0 (runtime)
    app 0.1.0 → another-dependent 1.0.0 → leaky 1.0.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          patched: >=2
    remedy  `cargo advisory fix` moves leaky from 1.0.0 to 2.0.0, another-dependent from 1.0.0 to 1.1.0 and dependent
              from 1.0.0 to 1.1.0
            held back so far by another-dependent 1.0.0 (requires leaky ^1) and dependent 1.0.0 (requires leaky ^1)

"#]])
        .run();
    app.cargo("advisory --quiet")
        .env_remove(WIDTH)
        .with_stdout_data(str![[r#"
leaky 1.0.0 (runtime)
    app 0.1.0 → another-dependent 1.0.0 → leaky 1.0.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          patched: >=2
    remedy  `cargo advisory fix` moves leaky from 1.0.0 to 2.0.0, another-dependent from 1.0.0 to 1.1.0 and dependent from 1.0.0 to 1.1.0
            held back so far by another-dependent 1.0.0 (requires leaky ^1) and dependent 1.0.0 (requires leaky ^1)

"#]])
        .run();
}

#[cargo_test]
fn only_a_remedy_to_be_had_is_in_colour() {
    for name in ["hopeless", "leaky"] {
        Package::new(name, "1.0.0").publish();
    }
    let app = locked("hopeless = '1'\nleaky = '1'");
    Package::new("leaky", "1.0.1").publish();
    Database::new()
        .add(&advisory("leaky").patched(">= 1.0.1"))
        .add(&advisory("hopeless").id("RUSTSEC-2020-0002"))
        .index();

    let told = app
        .cargo("advisory --quiet --color always --config term.hyperlinks=false")
        .env(WIDTH, "80")
        .run_stdout()
        .replace('\u{1b}', "^[");
    assert_e2e().eq(
        told,
        str![[r#"
^[[1m^[[96mhopeless 1.0.0^[[0m (runtime)
    app 0.1.0 → hopeless 1.0.0
    ^[[1m^[[33mwarn^[[0m  RUSTSEC-2020-0002: vulnerability, severity not scored
          `hopeless` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

^[[1m^[[96mleaky 1.0.0^[[0m (runtime)
    app 0.1.0 → leaky 1.0.0
    ^[[1m^[[33mwarn^[[0m  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          patched: >=1.0.1
    ^[[1m^[[92mremedy^[[0m  `cargo advisory fix` moves leaky from 1.0.0 to 1.0.1

"#]],
    );
}

#[cargo_test]
fn odd_names_of_features_and_odd_requirements_can_only_be_read() {
    // Cargo takes the filler for a letter, and terminals show nothing of it.
    let hidden = "leak\u{3164}";
    Package::new("leaky", "1.0.0").publish();
    Package::new("engine", "1.0.0")
        .add_dep(Dependency::new("leaky", "1").optional(true))
        .feature("default", &[hidden])
        .feature(hidden, &["dep:leaky"])
        .file(
            "Cargo.toml",
            &format!(
                "[package]\nname = 'engine'\nversion = '1.0.0'\n\n\
                 [dependencies]\nleaky = {{ version = '1', optional = true }}\n\n\
                 [features]\ndefault = ['{hidden}']\n'{hidden}' = ['dep:leaky']\n"
            ),
        )
        .file("src/lib.rs", "")
        .publish();
    Package::new("drippy", "1.0.0").publish();
    let app = locked("engine = '1'\ndrippy = '  =  1.0.0  '");
    Package::new("drippy", "1.0.1").publish();
    Database::new()
        .add(&advisory("leaky"))
        .add(
            &advisory("drippy")
                .id("RUSTSEC-2020-0002")
                .patched(">= 1.0.1"),
        )
        .index();

    tells(
        &app,
        str![[r#"
drippy 1.0.0 (runtime)
    remedy  `cargo advisory fix --manifest` changes `drippy` from "  =  1.0.0  "
              to "=1.0.1" in Cargo.toml:8; it then moves drippy from 1.0.0 to
              1.0.1
leaky 1.0.0 (runtime)
    remedy  build `engine` without its feature `leak/u{3164}`, if the code can
              do without: `default-features = false` in Cargo.toml:7

"#]],
    );
}
