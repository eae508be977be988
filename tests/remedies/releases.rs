//! Which of several releases a package moves to, and which it never moves to.

use cargo_test_support::registry::Package;
use cargo_test_support::{Project, cargo_test, project, str};

use crate::proof::{fixes, leaky_is_patched, leaves};
use crate::support::{Database, ProjectExt as _, advisory, configure, days_ago, lock, locked};

#[cargo_test]
fn the_oldest_patched_release_is_enough() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    for version in ["1.0.1", "1.0.2", "1.0.3", "1.1.0", "2.0.0"] {
        Package::new("leaky", version).publish();
    }
    leaky_is_patched(&[">= 1.0.2"]);

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
fn a_release_with_an_advisory_of_its_own_is_passed_over() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    for version in ["1.0.1", "1.0.2", "1.0.3"] {
        Package::new("leaky", version).publish();
    }
    Database::new()
        .add(&advisory("leaky").patched(">= 1.0.1"))
        .add(
            &advisory("leaky")
                .id("RUSTSEC-2020-0002")
                .unaffected("< 1.0.1")
                .patched(">= 1.0.2"),
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
fn a_release_with_a_malicious_dependency_is_passed_over() {
    Package::new("evil", "1.0.0").publish();
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Package::new("leaky", "1.0.1").dep("evil", "1").publish();
    Package::new("leaky", "1.0.2").publish();
    Database::new()
        .add(&advisory("leaky").patched(">= 1.0.1"))
        .add(&advisory("evil").id("RUSTSEC-2020-0002").malicious())
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
fn two_advisories_take_one_move() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    for version in ["1.0.1", "1.0.2", "1.0.3"] {
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

    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] leaky v1.0.0 -> v1.0.2
[FIXED] 2 findings

"#]],
    );
}

#[cargo_test]
fn of_two_advisories_the_one_that_can_go_goes() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Package::new("leaky", "1.0.1").publish();
    Database::new()
        .add(&advisory("leaky").patched(">= 1.0.1"))
        .add(&advisory("leaky").id("RUSTSEC-2020-0002"))
        .index();

    crate::proof::fixes_all_but(
        &app,
        "",
        &["leaky 1.0.1 RUSTSEC-2020-0002"],
        str![[r#"
[UPDATING] leaky v1.0.0 -> v1.0.1
[FIXED] 1 of 2 findings; for the rest try `--manifest`, or see `cargo advisory`

"#]],
    );
}

#[cargo_test]
fn a_yanked_release_is_passed_over() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Package::new("leaky", "1.0.1").yanked(true).publish();
    Package::new("leaky", "1.0.2").publish();
    leaky_is_patched(&[">= 1.0.1"]);

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
fn a_patched_release_that_was_yanked_is_no_way_out() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Package::new("leaky", "1.0.1").yanked(true).publish();
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

#[cargo_test]
fn without_a_patched_release_nothing_moves() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Package::new("leaky", "1.0.1").publish();
    Package::new("leaky", "2.0.0").publish();
    leaky_is_patched(&[]);

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

#[cargo_test]
fn only_an_older_release_is_sound_and_nothing_goes_back_to_it() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("leaky", "1.0.1").publish();
    let app = locked("leaky = '1'");
    Database::new()
        .add(&advisory("leaky").unaffected("< 1.0.1"))
        .index();

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

/// A project locked to `gone` 1.0.0, which is yanked after that.
fn app_with_gone() -> Project {
    Package::new("gone", "1.0.0").publish();
    Package::new("steady", "1.0.0").publish();
    let app = locked("gone = '1'\nsteady = '1'");
    Package::new("gone", "1.0.0").yanked(true).publish();
    Database::new().add(&advisory("other")).index();
    app
}

/// Has cargo ask the registry again, without moving anything.
fn hear_of_yanks(app: &Project) {
    app.cargo("update steady").run();
}

#[cargo_test]
fn a_yanked_package_moves_up() {
    let app = app_with_gone();
    Package::new("gone", "1.0.1").yanked(true).publish();
    Package::new("gone", "1.0.2").publish();
    Package::new("gone", "1.0.3").publish();
    hear_of_yanks(&app);

    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] gone v1.0.0 -> v1.0.2
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn a_yanked_package_does_not_move_back() {
    let app = app_with_gone();
    Package::new("gone", "0.9.0").publish();
    hear_of_yanks(&app);

    leaves(
        &app,
        "",
        str![[r#"
[WARNING] nothing could be fixed in Cargo.lock alone; try `--manifest`, or see `cargo advisory` for details

"#]],
    );
}

#[cargo_test]
fn a_pre_release_is_no_way_out() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Package::new("leaky", "1.0.1-rc.1").publish();
    Package::new("leaky", "2.0.0-rc.1").publish();
    leaky_is_patched(&[">= 1.0.1-rc.1"]);

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

#[cargo_test]
fn a_pre_release_moves_to_the_next_one() {
    Package::new("leaky", "1.0.0-rc.1").publish();
    let app = locked("leaky = '1.0.0-rc.1'");
    for version in ["1.0.0-rc.2", "1.0.0-rc.3", "1.0.0"] {
        Package::new("leaky", version).publish();
    }
    leaky_is_patched(&[">= 1.0.0-rc.2"]);

    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] leaky v1.0.0-rc.1 -> v1.0.0-rc.2
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn build_metadata_is_written_as_the_registry_has_it() {
    Package::new("leaky", "1.0.0+first").publish();
    let app = locked("leaky = '1'");
    Package::new("leaky", "1.0.1+second").publish();
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] leaky v1.0.0+first -> v1.0.1+second
[FIXED] 1 finding

"#]],
    );
}

/// A project for Rust 1.70 with `resolver = '3'`, which minds that.
fn app_for_rust_1_70(dependencies: &str) -> Project {
    lock(
        project()
            .file(
                "Cargo.toml",
                &format!(
                    "[package]\nname = 'app'\nversion = '0.1.0'\nedition = '2021'\nresolver = '3'\n\
                     rust-version = '1.70'\n\n[dependencies]\n{dependencies}\n"
                ),
            )
            .file("src/main.rs", "fn main() {}")
            .build(),
    )
}

#[cargo_test]
fn a_release_for_a_newer_rust_is_passed_over() {
    Package::new("leaky", "1.0.0").publish();
    let app = app_for_rust_1_70("leaky = '1'");
    Package::new("leaky", "1.0.1")
        .rust_version("1.80")
        .publish();
    Package::new("leaky", "1.0.2")
        .rust_version("1.70")
        .publish();
    leaky_is_patched(&[">= 1.0.1"]);

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
fn releases_for_a_newer_rust_are_no_way_out() {
    Package::new("leaky", "1.0.0").publish();
    let app = app_for_rust_1_70("leaky = '1'");
    Package::new("leaky", "1.0.1")
        .rust_version("1.80")
        .publish();
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

#[cargo_test]
fn what_the_patched_release_needs_must_work_with_the_rust_too() {
    Package::new("leaky", "1.0.0").publish();
    let app = app_for_rust_1_70("leaky = '1'");
    Package::new("fresh", "1.0.0")
        .rust_version("1.60")
        .publish();
    Package::new("fresh", "1.1.0")
        .rust_version("1.80")
        .publish();
    Package::new("leaky", "1.0.1").dep("fresh", "1").publish();
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "",
        str![[r#"
[ADDING] fresh v1.0.0
[UPDATING] leaky v1.0.0 -> v1.0.1 (brings the new package fresh)
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn an_older_resolver_does_not_mind_the_rust_version() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Package::new("leaky", "1.0.1")
        .rust_version("1.999")
        .publish();
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
fn a_release_that_is_younger_than_allowed_is_no_way_out() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Package::new("leaky", "1.0.1")
        .pubtime(&days_ago(13))
        .publish();
    leaky_is_patched(&[">= 1.0.1"]);
    configure("[registry]\nglobal-min-publish-age = '14 days'");

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

#[cargo_test]
fn a_release_that_is_old_enough_is_taken_before_a_younger_one() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    for (version, age) in [("1.0.1", 3), ("1.0.2", 20), ("1.0.3", 2)] {
        Package::new("leaky", version)
            .pubtime(&days_ago(age))
            .publish();
    }
    leaky_is_patched(&[">= 1.0.1"]);
    configure("[registry]\nglobal-min-publish-age = '14 days'");

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
fn what_the_patched_release_needs_must_be_old_enough_too() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    for (version, age) in [("1.0.0", 20), ("1.1.0", 2)] {
        Package::new("fresh", version)
            .pubtime(&days_ago(age))
            .publish();
    }
    Package::new("leaky", "1.0.1").dep("fresh", "1").publish();
    leaky_is_patched(&[">= 1.0.1"]);
    configure("[registry]\nglobal-min-publish-age = '14 days'");

    fixes(
        &app,
        "",
        str![[r#"
[ADDING] fresh v1.0.0
[UPDATING] leaky v1.0.0 -> v1.0.1 (brings the new package fresh)
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn a_young_release_is_said_to_be_young() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("drippy", "1.0.0").publish();
    let app = locked("leaky = '1'\ndrippy = '1'");
    Package::new("leaky", "1.0.1")
        .pubtime(&days_ago(6))
        .publish();
    Package::new("drippy", "1.0.1")
        .pubtime(&days_ago(7))
        .publish();
    Database::new()
        .add(&advisory("leaky").patched(">= 1.0.1"))
        .add(
            &advisory("drippy")
                .id("RUSTSEC-2020-0002")
                .patched(">= 1.0.1"),
        )
        .index();

    leaves(
        &app,
        "--dry-run",
        str![[r#"
[UPDATING] drippy v1.0.0 -> v1.0.1
[UPDATING] leaky v1.0.0 -> v1.0.1 (was published 6 days ago)
[WARNING] nothing was changed, as this is a dry run

"#]],
    );
    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] drippy v1.0.0 -> v1.0.1
[UPDATING] leaky v1.0.0 -> v1.0.1 (was published 6 days ago)
[FIXED] 2 findings

"#]],
    );
}

#[cargo_test]
fn a_release_that_runs_and_brings_more_than_the_last_one_is_said_to() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Package::new("fresh", "1.0.0").publish();
    Package::new("new", "1.0.0").publish();
    Package::new("leaky", "1.0.1")
        .dep("fresh", "1")
        .dep("new", "1")
        .file("src/lib.rs", "")
        .file("build.rs", "fn main() {}")
        .publish();
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "",
        str![[r#"
[ADDING] fresh v1.0.0
[UPDATING] leaky v1.0.0 -> v1.0.1 (has a build script now; brings the new packages fresh and new)
[ADDING] new v1.0.0
[FIXED] 1 finding

"#]],
    );
}
