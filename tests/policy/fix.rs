//! `cargo advisory fix` leaves alone what is ignored, and fails for what policy denies.

use cargo_test_support::registry::Package;
use cargo_test_support::{Project, cargo_test, str};

use crate::support::{Database, ExecsExt as _, ProjectExt as _, advisory, locked};
use crate::{day, set};

/// Two packages, each of which a release would mend.
fn two_to_fix() -> Project {
    for name in ["leaky", "shaky"] {
        Package::new(name, "1.0.0").publish();
    }
    let app = locked("leaky = '1'\nshaky = '1'");
    for name in ["leaky", "shaky"] {
        Package::new(name, "1.0.1").publish();
    }
    Database::new()
        .add(&advisory("leaky").patched(">= 1.0.1"))
        .add(
            &advisory("shaky")
                .id("RUSTSEC-2020-0002")
                .informational("unsound")
                .patched(">= 1.0.1"),
        )
        .index();
    app
}

fn versions(app: &Project) -> Vec<String> {
    let lockfile = app.read_lockfile();
    let lockfile: toml::Table = lockfile.parse().unwrap();
    let packages = lockfile["package"].as_array().unwrap().iter();
    packages
        .map(|package| {
            let text = |key: &str| package[key].as_str().unwrap();
            format!("{} {}", text("name"), text("version"))
        })
        .collect()
}

#[cargo_test]
fn what_is_ignored_stays_as_it_is() {
    let app = two_to_fix();
    set(
        &app,
        "ignore = [{ id = 'RUSTSEC-2020-0002', reason = 'the next one is slow' }]",
    );

    app.cargo("advisory fix")
        .with_stderr_data(str![[r#"
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0 (registry `dummy-registry`)
[DOWNLOADED] shaky v1.0.0 (registry `dummy-registry`)
[UPDATING] `dummy-registry` index
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.1 (registry `dummy-registry`)
[UPDATING] leaky v1.0.0 -> v1.0.1
[FIXED] 1 finding

"#]])
        .run();

    assert_eq!(versions(&app), ["app 0.1.0", "leaky 1.0.1", "shaky 1.0.0"]);
}

#[cargo_test]
fn what_is_no_longer_ignored_is_fixed() {
    let app = two_to_fix();
    set(
        &app,
        &format!(
            "ignore = [{{ id = 'RUSTSEC-2020-0001', reason = 'a', while = 'unfixable' }}, \
             {{ package = 'shaky', reason = 'b', until = '{}' }}]",
            day(1)
        ),
    );

    app.cargo("advisory fix").run();

    assert_eq!(versions(&app), ["app 0.1.0", "leaky 1.0.1", "shaky 1.0.1"]);
}

#[cargo_test]
fn where_all_is_ignored_there_is_nothing_to_fix() {
    let app = two_to_fix();
    set(
        &app,
        "ignore = [{ package = 'leaky@1', reason = 'a' }, { package = 'shaky@1.0.0', reason = 'b' }]",
    );
    let before = app.read_lockfile();

    app.cargo("advisory fix")
        .with_stderr_data(str![[r#"
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0 (registry `dummy-registry`)
[DOWNLOADED] shaky v1.0.0 (registry `dummy-registry`)
[FINISHED] with nothing to fix

"#]])
        .run();

    assert_eq!(app.read_lockfile(), before);
}

#[cargo_test]
fn what_is_ignored_and_stays_fails_no_denial() {
    let app = two_to_fix();
    set(
        &app,
        "ignore = [{ id = 'RUSTSEC-2020-0002', reason = 'the next one is slow' }]",
    );

    app.cargo("advisory fix --deny-advisories").run();
}

#[cargo_test]
fn what_is_allowed_is_fixed_all_the_same() {
    let app = two_to_fix();
    set(
        &app,
        "vulnerability = 'allow'\nunsound = { level = 'warn', min-severity = 'high', grace = '90d' }",
    );

    app.cargo("advisory fix").run();

    assert_eq!(versions(&app), ["app 0.1.0", "leaky 1.0.1", "shaky 1.0.1"]);
}

#[cargo_test]
fn what_a_selection_leaves_out_does_not_fail_it() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = locked("leaky = '1'");

    app.cargo("advisory fix --deny-advisories=unsound").tells(str![[r#"
[WARNING] nothing could be fixed in Cargo.lock alone; try `--manifest`, or see `cargo advisory` for details

"#]]);
    app.cargo("advisory fix --deny-advisories=fixable").tells(str![[r#"
[WARNING] nothing could be fixed in Cargo.lock alone; try `--manifest`, or see `cargo advisory` for details

"#]]);
    app.cargo("advisory fix --deny-advisories=vulnerability").tells(str![[r#"
[WARNING] nothing could be fixed in Cargo.lock alone; try `--manifest`, or see `cargo advisory` for details
[ERROR] 1 insecure dependency denied by `--deny-advisories=vulnerability`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}
