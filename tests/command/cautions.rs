//! What `cargo advisory` says of a release before somebody moves to it.

use cargo_test_support::registry::Package;
use cargo_test_support::{Project, cargo_test, str};
use serde_json::{Value, json};

use crate::remedy_search::{leaky_is_patched, remedy, tells};
use crate::support::{Database, ProjectExt as _, advisory, days_ago, locked};

/// The cautions of the only move.
#[track_caller]
fn cautions(app: &Project) -> Value {
    let mut remedy = remedy(app);
    let moves = remedy["moves"].as_array_mut().unwrap();
    assert_eq!(moves.len(), 1, "{moves:?}");
    moves[0]["cautions"].take()
}

#[cargo_test]
fn a_release_younger_than_a_week_is_said_to_be_so() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    let published = days_ago(3);
    Package::new("leaky", "1.0.1").pubtime(&published).publish();
    leaky_is_patched(">= 1.0.1");

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  `cargo advisory fix` moves leaky from 1.0.0 to 1.0.1
            caution: leaky 1.0.1 was published 3 days ago

"#]],
    );
    assert_eq!(
        cautions(&app),
        json!([{ "kind": "young", "published": published, "dependencies": [] }])
    );
}

#[cargo_test]
fn a_release_older_than_a_week_is_not_young() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Package::new("leaky", "1.0.1")
        .pubtime(&days_ago(8))
        .publish();
    leaky_is_patched(">= 1.0.1");

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  `cargo advisory fix` moves leaky from 1.0.0 to 1.0.1

"#]],
    );
    assert_eq!(cautions(&app), json!([]));
}

/// A release of `leaky`, with a build script.
fn leaky_with_build_script(version: &str) -> Package {
    let mut leaky = Package::new("leaky", version);
    leaky
        .file("src/lib.rs", "")
        .file("build.rs", "fn main() {}");
    leaky
}

#[cargo_test]
fn a_new_build_script_is_told() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    leaky_with_build_script("1.0.1").publish();
    leaky_is_patched(">= 1.0.1");

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  `cargo advisory fix` moves leaky from 1.0.0 to 1.0.1
            caution: leaky 1.0.1 has a build script now

"#]],
    );
    assert_eq!(
        cautions(&app),
        json!([{ "kind": "build-script", "published": null, "dependencies": [] }])
    );
}

#[cargo_test]
fn a_build_script_that_was_there_before_is_not_told() {
    leaky_with_build_script("1.0.0").publish();
    let app = locked("leaky = '1'");
    leaky_with_build_script("1.0.1").publish();
    leaky_is_patched(">= 1.0.1");

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  `cargo advisory fix` moves leaky from 1.0.0 to 1.0.1

"#]],
    );
    assert_eq!(cautions(&app), json!([]));
}

#[cargo_test]
fn new_dependencies_are_named() {
    for name in ["one", "two", "known"] {
        Package::new(name, "1.0.0").publish();
    }
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'\nknown = '1'");
    Package::new("leaky", "1.0.1")
        .dep("one", "1")
        .build_dep("two", "1")
        .dep("known", "1")
        .publish();
    leaky_is_patched(">= 1.0.1");

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  `cargo advisory fix` moves leaky from 1.0.0 to 1.0.1, and adds one
              1.0.0 and two 1.0.0
            caution: leaky 1.0.1 brings the new packages one and two

"#]],
    );
    assert_eq!(
        remedy(&app)["moves"][0]["cautions"],
        json!([{ "kind": "new-dependencies", "published": null, "dependencies": ["one", "two"] }])
    );
}

#[cargo_test]
fn all_that_is_to_be_known_of_a_release_is_told_at_once() {
    Package::new("fresh", "1.0.0").publish();
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    leaky_with_build_script("1.0.1")
        .dep("fresh", "1")
        .pubtime(&days_ago(6))
        .publish();
    leaky_is_patched(">= 1.0.1");

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  `cargo advisory fix` moves leaky from 1.0.0 to 1.0.1 and adds fresh
              1.0.0
            caution: leaky 1.0.1 was published 6 days ago, has a build script
              now and brings the new package fresh

"#]],
    );
}

#[cargo_test]
fn what_moves_along_has_cautions_of_its_own() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("holder", "1.0.0")
        .dep("leaky", "=1.0.0")
        .publish();
    let app = locked("holder = '1'");
    Package::new("leaky", "1.0.1").publish();
    Package::new("holder", "1.0.1")
        .dep("leaky", "1")
        .pubtime(&days_ago(2))
        .publish();
    leaky_is_patched(">= 1.0.1");

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  `cargo advisory fix` moves leaky from 1.0.0 to 1.0.1 and holder from
              1.0.0 to 1.0.1
            held back so far by holder 1.0.0 (requires leaky =1.0.0)
            caution: holder 1.0.1 was published 2 days ago

"#]],
    );
}

#[cargo_test]
fn a_successor_of_a_yanked_release_has_cautions_too() {
    Package::new("gone", "1.0.0").publish();
    Package::new("steady", "1.0.0").publish();
    let app = locked("gone = '1'\nsteady = '1'");
    Package::new("gone", "1.0.0").yanked(true).publish();
    Package::new("gone", "1.0.1")
        .pubtime(&days_ago(1))
        .publish();
    // Cargo asks the registry again, and moves nothing.
    app.cargo("update steady").run();
    Database::new().add(&advisory("other")).index();

    tells(
        &app,
        str![[r#"
gone 1.0.0 (runtime)
    remedy  `cargo advisory fix` moves gone from 1.0.0 to 1.0.1
            caution: gone 1.0.1 was published 24 hours ago

"#]],
    );
}

#[cargo_test]
fn the_cautions_of_many_are_told_by_kinds() {
    Package::new("leaky", "1.0.0").publish();
    let names = ["ant", "bee", "cat", "dog"];
    for name in names {
        Package::new(name, "1.0.0").dep("leaky", "=1.0.0").publish();
    }
    let app = locked("ant = '1'\nbee = '1'\ncat = '1'\ndog = '1'");
    leaky_with_build_script("1.0.1").publish();
    for name in names {
        let brought = format!("{name}-wings");
        Package::new(&brought, "1.0.0").publish();
        Package::new(name, "1.0.1")
            .dep("leaky", "1")
            .dep(&brought, "1")
            .pubtime(&days_ago(if name == "cat" { 100 } else { 2 }))
            .publish();
    }
    leaky_is_patched(">= 1.0.1");

    tells(
        &app,
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  `cargo advisory fix` moves leaky from 1.0.0 to 1.0.1, ant from 1.0.0
              to 1.0.1, bee from 1.0.0 to 1.0.1 and cat from 1.0.0 to 1.0.1, and
              changes 5 more packages
            held back so far by ant 1.0.0 (requires leaky =1.0.0), bee 1.0.0
              (requires leaky =1.0.0), cat 1.0.0 (requires leaky =1.0.0) and dog
              1.0.0 (requires leaky =1.0.0)
            caution: ant 1.0.1, bee 1.0.1 and dog 1.0.1 were published less than
              7 days ago
            caution: leaky 1.0.1 has a build script now
            caution: 4 new packages come along: ant-wings, bee-wings, cat-wings
              and dog-wings

"#]],
    );
}
