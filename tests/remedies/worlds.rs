//! Small worlds, each with one way out: who depends on the package that has to go, and what has to move with it.

use cargo_test_support::registry::{Dependency, Package};
use cargo_test_support::{cargo_test, project, str};

use crate::proof::{fixes, fixes_all_but, leaky_is_patched, leaves};
use crate::support::{Database, ProjectExt as _, advisory, app_manifest, lock, locked};

#[cargo_test]
fn a_direct_dependency_moves_alone() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("sound", "1.0.0").publish();
    let app = locked("leaky = '1'\nsound = '1'");
    Package::new("leaky", "1.0.1").publish();
    Package::new("sound", "1.0.1").publish();
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
fn a_dependency_of_a_dependency_moves_alone() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("middle", "1.0.0").dep("leaky", "1").publish();
    Package::new("top", "1.0.0").dep("middle", "1").publish();
    let app = locked("top = '1'");
    Package::new("leaky", "1.0.1").publish();
    Package::new("middle", "1.0.1").dep("leaky", "1").publish();
    Package::new("top", "1.0.1").dep("middle", "1").publish();
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
fn of_two_versions_both_move() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("leaky", "2.0.0").publish();
    Package::new("old", "1.0.0").dep("leaky", "1").publish();
    Package::new("new", "1.0.0").dep("leaky", "2").publish();
    let app = locked("old = '1'\nnew = '1'");
    Package::new("leaky", "1.0.1").publish();
    Package::new("leaky", "2.0.1").publish();
    leaky_is_patched(&["^1.0.1", ">= 2.0.1"]);

    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] leaky v1.0.0 -> v1.0.1
[UPDATING] leaky v2.0.0 -> v2.0.1
[FIXED] 2 findings

"#]],
    );
}

#[cargo_test]
fn of_two_versions_the_sound_one_stays() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("leaky", "2.0.0").publish();
    Package::new("old", "1.0.0").dep("leaky", "1").publish();
    Package::new("new", "1.0.0").dep("leaky", "2").publish();
    let app = locked("old = '1'\nnew = '1'");
    Package::new("leaky", "1.0.1").publish();
    Package::new("leaky", "2.0.1").publish();
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
fn a_dependent_of_the_old_version_can_join_those_of_the_sound_one() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("leaky", "2.0.0").publish();
    Package::new("old", "1.0.0").dep("leaky", "1").publish();
    Package::new("new", "1.0.0").dep("leaky", "2").publish();
    let app = locked("old = '1'\nnew = '1'");
    Package::new("old", "1.1.0").dep("leaky", "2").publish();
    leaky_is_patched(&[">= 2.0.0"]);

    fixes(
        &app,
        "",
        str![[r#"
[REMOVING] leaky v1.0.0
[UPDATING] old v1.0.0 -> v1.1.0
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn what_one_dependent_holds_back_moves_with_it() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("holder", "1.0.0")
        .dep("leaky", "=1.0.0")
        .publish();
    let app = locked("holder = '1'\nleaky = '1'");
    Package::new("leaky", "1.0.1").publish();
    Package::new("holder", "1.0.1")
        .dep("leaky", "=1.0.0")
        .publish();
    Package::new("holder", "1.0.2")
        .dep("leaky", "=1.0.1")
        .publish();
    Package::new("holder", "1.0.3").dep("leaky", "1").publish();
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] holder v1.0.0 -> v1.0.2
[UPDATING] leaky v1.0.0 -> v1.0.1
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn what_two_dependents_hold_back_moves_with_both() {
    Package::new("leaky", "1.0.0").publish();
    for name in ["left", "right"] {
        Package::new(name, "1.0.0").dep("leaky", "=1.0.0").publish();
    }
    let app = locked("left = '1'\nright = '1'");
    Package::new("leaky", "1.0.1").publish();
    for name in ["left", "right"] {
        Package::new(name, "1.0.1").dep("leaky", "1").publish();
        Package::new(name, "1.0.2").dep("leaky", "1").publish();
    }
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] leaky v1.0.0 -> v1.0.1
[UPDATING] left v1.0.0 -> v1.0.1
[UPDATING] right v1.0.0 -> v1.0.1
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn what_one_of_two_dependents_holds_back_for_good_stays() {
    Package::new("leaky", "1.0.0").publish();
    for name in ["left", "right"] {
        Package::new(name, "1.0.0").dep("leaky", "=1.0.0").publish();
    }
    let app = locked("left = '1'\nright = '1'");
    Package::new("leaky", "1.0.1").publish();
    Package::new("left", "1.0.1").dep("leaky", "1").publish();
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
fn a_chain_of_dependents_moves_together() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("middle", "1.0.0")
        .dep("leaky", "=1.0.0")
        .publish();
    Package::new("top", "1.0.0")
        .dep("middle", "=1.0.0")
        .publish();
    let app = locked("top = '1'");
    Package::new("leaky", "1.0.1").publish();
    Package::new("middle", "1.1.0")
        .dep("leaky", "=1.0.1")
        .publish();
    Package::new("top", "1.1.0")
        .dep("middle", "=1.1.0")
        .publish();
    Package::new("top", "1.2.0")
        .dep("middle", "=1.1.0")
        .publish();
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] leaky v1.0.0 -> v1.0.1
[UPDATING] middle v1.0.0 -> v1.1.0
[UPDATING] top v1.0.0 -> v1.1.0
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn a_newer_dependent_may_require_the_next_major_release() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("middle", "1.0.0").dep("leaky", "1").publish();
    let app = locked("middle = '1'");
    Package::new("leaky", "2.0.0").publish();
    Package::new("leaky", "2.1.0").publish();
    Package::new("middle", "1.1.0").dep("leaky", "2").publish();
    leaky_is_patched(&[">= 2.0.0"]);

    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] leaky v1.0.0 -> v2.0.0
[UPDATING] middle v1.0.0 -> v1.1.0
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn what_the_patched_release_needs_newer_moves_with_it() {
    Package::new("helper", "1.0.0").publish();
    Package::new("leaky", "1.0.0").dep("helper", "1").publish();
    let app = locked("leaky = '1'\nhelper = '1'");
    for version in ["1.0.1", "1.0.2", "1.1.0"] {
        Package::new("helper", version).publish();
    }
    Package::new("leaky", "1.0.1")
        .dep("helper", "1.0.2")
        .publish();
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] helper v1.0.0 -> v1.0.2
[UPDATING] leaky v1.0.0 -> v1.0.1
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn what_the_patched_release_needs_new_comes_at_its_newest() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    for version in ["1.0.0", "1.1.0", "1.2.0"] {
        Package::new("fresh", version).publish();
    }
    Package::new("leaky", "1.0.1").dep("fresh", "1").publish();
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "",
        str![[r#"
[ADDING] fresh v1.2.0
[UPDATING] leaky v1.0.0 -> v1.0.1 (brings the new package fresh)
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn what_only_the_old_release_needed_goes() {
    Package::new("ballast", "1.0.0").publish();
    Package::new("leaky", "1.0.0").dep("ballast", "1").publish();
    let app = locked("leaky = '1'");
    Package::new("leaky", "1.0.1").publish();
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "",
        str![[r#"
[REMOVING] ballast v1.0.0
[UPDATING] leaky v1.0.0 -> v1.0.1
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn an_unmaintained_package_goes_with_a_dependent_that_does_without_it() {
    Package::new("lonely", "1.0.0").publish();
    Package::new("middle", "1.0.0").dep("lonely", "1").publish();
    let app = locked("middle = '1'");
    Package::new("middle", "1.0.1").dep("lonely", "1").publish();
    Package::new("middle", "1.0.2").publish();
    Package::new("middle", "1.0.3").publish();
    Database::new()
        .add(&advisory("lonely").informational("unmaintained"))
        .index();

    fixes(
        &app,
        "",
        str![[r#"
[REMOVING] lonely v1.0.0
[UPDATING] middle v1.0.0 -> v1.0.2
[FIXED] 1 finding

"#]],
    );
}

#[cargo_test]
fn an_unmaintained_package_that_all_need_stays() {
    Package::new("lonely", "1.0.0").publish();
    Package::new("middle", "1.0.0").dep("lonely", "1").publish();
    let app = locked("middle = '1'");
    Package::new("lonely", "1.0.1").publish();
    Package::new("middle", "1.0.1").dep("lonely", "1").publish();
    Database::new()
        .add(&advisory("lonely").informational("unmaintained"))
        .index();

    leaves(
        &app,
        "",
        str![[r#"
[WARNING] nothing could be fixed in Cargo.lock alone; try `--manifest`, or see `cargo advisory` for details

"#]],
    );
}

#[cargo_test]
fn a_package_behind_a_feature_of_a_dependency_moves() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("middle", "1.0.0")
        .add_dep(Dependency::new("leaky", "1").optional(true))
        .feature("net", &["dep:leaky"])
        .publish();
    let app = locked("middle = { version = '1', features = ['net'] }");
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
fn a_package_behind_a_feature_that_is_off_moves_too() {
    Package::new("leaky", "1.0.0").publish();
    let app = lock(
        project()
            .file(
                "Cargo.toml",
                &app_manifest(
                    "leaky = { version = '1', optional = true }\n\n[features]\nnet = ['dep:leaky']",
                ),
            )
            .file("src/main.rs", "fn main() {}")
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
fn a_package_of_one_platform_moves_on_every_platform() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("leaky", "2.0.0").publish();
    let app = locked(
        "[target.'cfg(unix)'.dependencies]\nleaky = '1'\n\n\
         [target.'cfg(not(unix))'.dependencies]\nelsewhere = { package = 'leaky', version = '2' }",
    );
    Package::new("leaky", "1.0.1").publish();
    Package::new("leaky", "2.0.1").publish();
    leaky_is_patched(&["^1.0.1", ">= 2.0.1"]);

    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] leaky v1.0.0 -> v1.0.1
[UPDATING] leaky v2.0.0 -> v2.0.1
[FIXED] 2 findings

"#]],
    );
}

#[cargo_test]
fn a_dev_dependency_moves() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("\n[dev-dependencies]\nleaky = '1'");
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
fn a_build_dependency_moves() {
    Package::new("leaky", "1.0.0").publish();
    let app = lock(
        project()
            .file(
                "Cargo.toml",
                &app_manifest("\n[build-dependencies]\nleaky = '1'"),
            )
            .file("src/main.rs", "fn main() {}")
            .file("build.rs", "fn main() {}")
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
fn a_renamed_dependency_moves() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("tight = { package = 'leaky', version = '1' }");
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
fn a_pin_holds() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '=1.0.0'");
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
fn a_dependency_that_the_workspace_inherits_moves_for_all_members() {
    Package::new("leaky", "1.0.0").publish();
    let app = lock(inheriting("leaky = '1'"));
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
fn a_dependency_of_a_path_dependency_moves() {
    Package::new("leaky", "1.0.0").publish();
    let app = lock(
        project()
            .file("Cargo.toml", &app_manifest("part = { path = 'part' }"))
            .file("src/main.rs", "fn main() {}")
            .file(
                "part/Cargo.toml",
                "[package]\nname = 'part'\nversion = '0.1.0'\nedition = '2021'\n\n[dependencies]\nleaky = '1'\n",
            )
            .file("part/src/lib.rs", "")
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
fn two_packages_that_hold_each_other_back_move_together() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("drippy", "1.0.0").publish();
    Package::new("both", "1.0.0")
        .dep("leaky", "=1.0.0")
        .dep("drippy", "=1.0.0")
        .publish();
    let app = locked("both = '1'");
    Package::new("leaky", "1.0.1").publish();
    Package::new("drippy", "1.0.1").publish();
    Package::new("both", "1.0.1")
        .dep("leaky", "=1.0.1")
        .dep("drippy", "=1.0.0")
        .publish();
    Package::new("both", "1.0.2")
        .dep("leaky", "=1.0.1")
        .dep("drippy", "=1.0.1")
        .publish();
    Database::new()
        .add(&advisory("leaky").patched(">= 1.0.1"))
        .add(
            &advisory("drippy")
                .id("RUSTSEC-2020-0002")
                .patched(">= 1.0.1"),
        )
        .index();

    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] both v1.0.0 -> v1.0.2
[UPDATING] drippy v1.0.0 -> v1.0.1
[UPDATING] leaky v1.0.0 -> v1.0.1
[FIXED] 2 findings

"#]],
    );
}

#[cargo_test]
fn what_has_a_way_out_moves_though_something_else_has_none() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("hopeless", "1.0.0").publish();
    let app = locked("leaky = '1'\nhopeless = '1'");
    Package::new("leaky", "1.0.1").publish();
    Package::new("hopeless", "1.0.1").publish();
    Database::new()
        .add(&advisory("leaky").patched(">= 1.0.1"))
        .add(&advisory("hopeless").id("RUSTSEC-2020-0002"))
        .index();

    fixes_all_but(
        &app,
        "",
        &["hopeless 1.0.0 RUSTSEC-2020-0002"],
        str![[r#"
[UPDATING] leaky v1.0.0 -> v1.0.1
[FIXED] 1 of 2 findings; for the rest try `--manifest`, or see `cargo advisory`

"#]],
    );
}

#[cargo_test]
fn an_unmaintained_package_that_comes_with_a_remedy_goes_again() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Package::new("lonely", "1.0.0").publish();
    Package::new("leaky", "1.0.1").dep("lonely", "1").publish();
    Package::new("leaky", "1.0.2").publish();
    Database::new()
        .add(&advisory("leaky").patched(">= 1.0.1"))
        .add(
            &advisory("lonely")
                .id("RUSTSEC-2020-0002")
                .informational("unmaintained"),
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
fn an_unmaintained_package_can_come_with_a_remedy() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Package::new("lonely", "1.0.0").publish();
    Package::new("leaky", "1.0.1").dep("lonely", "1").publish();
    Database::new()
        .add(&advisory("leaky").patched(">= 1.0.1"))
        .add(
            &advisory("lonely")
                .id("RUSTSEC-2020-0002")
                .informational("unmaintained"),
        )
        .index();

    fixes_all_but(
        &app,
        "",
        &["lonely 1.0.0 RUSTSEC-2020-0002"],
        str![[r#"
[UPDATING] leaky v1.0.0 -> v1.0.1 (brings the new package lonely)
[ADDING] lonely v1.0.0
[FIXED] 1 of 1 finding, and 1 is new; for the rest try `--manifest`, or see `cargo advisory`

"#]],
    );
}

#[cargo_test]
fn a_dependent_does_not_go_back_to_an_older_version_that_is_locked_too() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("leaky", "2.0.0").publish();
    Package::new("old", "1.0.0").dep("leaky", "1").publish();
    Package::new("new", "1.0.0").dep("leaky", ">=1").publish();
    let app = locked("old = '1'\nnew = '1'");
    assert!(app.read_lockfile().contains("2.0.0"));
    Database::new()
        .add(&advisory("leaky").unaffected("< 2.0.0"))
        .index();

    leaves(
        &app,
        "",
        str![[r#"
[WARNING] nothing could be fixed in Cargo.lock alone; try `--manifest`, or see `cargo advisory` for details

"#]],
    );
}

#[cargo_test]
fn members_may_depend_on_each_other_in_a_circle() {
    Package::new("leaky", "1.0.0").publish();
    let app = lock(
        project()
            .file(
                "Cargo.toml",
                "[workspace]\nmembers = ['one', 'two']\nresolver = '2'\n",
            )
            .file(
                "one/Cargo.toml",
                "[package]\nname = 'one'\nversion = '0.1.0'\nedition = '2021'\n\n\
                 [dependencies]\nleaky = '1'\n\n[dev-dependencies]\ntwo = { path = '../two' }\n",
            )
            .file("one/src/lib.rs", "")
            .file(
                "two/Cargo.toml",
                "[package]\nname = 'two'\nversion = '0.1.0'\nedition = '2021'\n\n\
                 [dependencies]\none = { path = '../one' }\n",
            )
            .file("two/src/lib.rs", "")
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
fn a_package_may_come_in_by_two_ways_at_once() {
    Package::new("leaky", "1.0.0").feature("net", &[]).publish();
    let app = locked(
        "leaky = '1'\n\n[target.'cfg(unix)'.dependencies]\nleaky = { version = '1.0', features = ['net'] }\n\n\
         [build-dependencies]\nleaky = '1'",
    );
    Package::new("leaky", "1.0.1").feature("net", &[]).publish();
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
fn a_yanked_package_without_a_successor_keeps_nothing_from_moving() {
    Package::new("gone", "1.0.0").publish();
    Package::new("leaky", "1.0.0").dep("gone", "1").publish();
    let app = locked("leaky = '1'");
    Package::new("gone", "1.0.0").yanked(true).publish();
    Package::new("leaky", "1.0.1").dep("gone", "1").publish();
    leaky_is_patched(&[">= 1.0.1"]);
    // Cargo has to hear of the yank.
    app.cargo("update leaky --dry-run").run();

    fixes_all_but(
        &app,
        "",
        &["gone 1.0.0 yanked"],
        str![[r#"
[UPDATING] leaky v1.0.0 -> v1.0.1
[FIXED] 1 of 2 findings; for the rest try `--manifest`, or see `cargo advisory`

"#]],
    );
}

#[cargo_test]
fn a_release_without_a_feature_that_is_in_use_is_passed_over() {
    Package::new("leaky", "1.0.0").feature("net", &[]).publish();
    Package::new("middle", "1.0.0")
        .feature_dep("leaky", "1", &["net"])
        .publish();
    let app = locked("middle = '1'");
    Package::new("leaky", "1.0.1").publish();
    Package::new("leaky", "1.0.2").feature("net", &[]).publish();
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
fn packages_that_share_a_native_library_move_together() {
    Package::new("leaky-sys", "1.0.0").links("leaky").publish();
    Package::new("leaky", "1.0.0")
        .dep("leaky-sys", "1")
        .publish();
    let app = locked("leaky = '1'\nleaky-sys = '1'");
    Package::new("leaky-sys", "1.0.1").links("leaky").publish();
    Package::new("leaky", "1.0.1")
        .dep("leaky-sys", "1.0.1")
        .publish();
    leaky_is_patched(&[">= 1.0.1"]);

    fixes(
        &app,
        "",
        str![[r#"
[UPDATING] leaky v1.0.0 -> v1.0.1
[UPDATING] leaky-sys v1.0.0 -> v1.0.1
[FIXED] 1 finding

"#]],
    );
}

/// A workspace of two members that inherit these lines from its `[workspace.dependencies]`.
pub(crate) fn inheriting(dependencies: &str) -> cargo_test_support::Project {
    let member = |name: &str| {
        format!(
            "[package]\nname = '{name}'\nversion = '0.1.0'\nedition = '2021'\n\n\
             [dependencies]\nleaky.workspace = true\n"
        )
    };
    project()
        .file(
            "Cargo.toml",
            &format!(
                "[workspace]\nmembers = ['one', 'two']\nresolver = '2'\n\n\
                 # What all members share.\n[workspace.dependencies]\n{dependencies}\n"
            ),
        )
        .file("one/Cargo.toml", &member("one"))
        .file("one/src/lib.rs", "")
        .file("two/Cargo.toml", &member("two"))
        .file("two/src/lib.rs", "")
        .build()
}
