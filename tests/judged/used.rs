//! How a package is used decides whether it is judged: features, platforms, development, building.

use cargo_test_support::cargo_test;
use cargo_test_support::project;
use cargo_test_support::registry::{Dependency, Package};
use cargo_test_support::str;

use crate::support::{Advisory, Database, ExecsExt as _, ProjectExt as _, advisory, app};
use crate::{LEAKY, NOTHING, publish_leaky};

/// Where these tests do not run.
const ELSEWHERE: &str = if cfg!(windows) { "linux" } else { "windows" };
/// A target that rustc knows there, with or without a standard library at hand.
const TARGET_ELSEWHERE: &str = if cfg!(windows) {
    "x86_64-unknown-linux-gnu"
} else {
    "x86_64-pc-windows-gnu"
};

/// An advisory about `leaky` on one operating system.
fn on(os: &str) -> Advisory {
    advisory("leaky").tables(&format!("[affected]\nos = [\"{os}\"]"))
}

#[cargo_test]
fn an_optional_dependency_is_judged_with_its_feature() {
    publish_leaky();
    let app =
        app("leaky = { version = '1', optional = true }\n\n[features]\nextra = ['dep:leaky']");

    app.cargo("check").tells(NOTHING);
    app.cargo("check --features extra").tells(LEAKY);
}

#[cargo_test]
fn a_dependency_of_a_feature_that_a_dependency_has_off_is_not_judged() {
    publish_leaky();
    Package::new("middle", "1.0.0")
        .add_dep(Dependency::new("leaky", "1").optional(true))
        .feature("extra", &["leaky"])
        .publish();

    app("middle = '1'").cargo("check").tells(NOTHING);
    app("middle = { version = '1', features = ['extra'] }")
        .cargo("check")
        .tells(LEAKY);
}

#[cargo_test]
fn a_dependency_for_another_platform_is_judged_when_that_is_built_for() {
    publish_leaky();
    let app = app(&format!(
        "[target.'cfg(target_os = \"{ELSEWHERE}\")'.dependencies]\nleaky = '1'"
    ));

    app.cargo("check --deny-advisories").tells(NOTHING);
    // Denied before anything is compiled, so it takes no standard library.
    app.cargo("check --deny-advisories --target")
        .arg(TARGET_ELSEWHERE)
        .tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn an_advisory_about_another_operating_system_does_not_match() {
    Package::new("leaky", "1.0.0").publish();
    let database = Database::new();
    let app = app("leaky = '1'");

    database.add(&on(ELSEWHERE)).index();
    app.cargo("check").tells(NOTHING);
    database.add(&on(std::env::consts::OS)).index();
    app.cargo("check").tells(LEAKY);
}

#[cargo_test]
fn an_advisory_about_another_architecture_does_not_match() {
    Package::new("leaky", "1.0.0").publish();
    let on = |arch: &str| advisory("leaky").tables(&format!("[affected]\narch = [\"{arch}\"]"));
    let database = Database::new();
    let app = app("leaky = '1'");

    database.add(&on("sparc64")).index();
    app.cargo("check").tells(NOTHING);
    database.add(&on(std::env::consts::ARCH)).index();
    app.cargo("check").tells(LEAKY);
}

#[cargo_test]
fn an_advisory_must_speak_of_both_the_system_and_the_architecture() {
    Package::new("leaky", "1.0.0").publish();
    let here = std::env::consts::OS;
    Database::new()
        .add(&advisory("leaky").tables(&format!(
            "[affected]\nos = [\"{here}\"]\narch = [\"sparc64\"]"
        )))
        .index();

    app("leaky = '1'").cargo("check").tells(NOTHING);
}

#[cargo_test]
fn what_runs_while_building_is_judged_on_the_host() {
    for name in ["runs-here", "runs-there"] {
        Package::new(name, "1.0.0").publish();
    }
    let affected =
        |name: &str, os: &str| advisory(name).tables(&format!("[affected]\nos = [\"{os}\"]"));
    let app = app("runs-there = '1'\n\n[build-dependencies]\nruns-here = '1'");
    app.change_file("build.rs", "fn main() {}");
    let database = Database::new();
    let deny = || {
        let mut check = app.cargo("check --deny-advisories --target");
        check.arg(TARGET_ELSEWHERE);
        check
    };

    database
        .add(&affected("runs-here", std::env::consts::OS))
        .add(&affected("runs-there", std::env::consts::OS))
        .index();
    deny().tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: runs-here 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);

    database
        .add(&affected("runs-here", ELSEWHERE))
        .add(&affected("runs-there", ELSEWHERE))
        .index();
    deny().tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: runs-there 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn a_dev_dependency_is_judged_where_tests_are_built() {
    publish_leaky();
    let app = app("[dev-dependencies]\nleaky = '1'");

    for line in ["build", "check", "doc", "run"] {
        app.cargo(line).tells(NOTHING);
    }
    for line in ["check --tests", "build --all-targets", "test", "bench"] {
        app.cargo(line).tells(LEAKY);
    }
}

#[cargo_test]
fn a_build_dependency_is_judged() {
    publish_leaky();
    let app = app("[build-dependencies]\nleaky = '1'");
    app.change_file("build.rs", "fn main() {}");

    app.cargo("check").tells(LEAKY);
}

#[cargo_test]
fn a_build_dependency_of_a_project_without_a_build_script_is_not_judged() {
    publish_leaky();
    let app = app("[build-dependencies]\nleaky = '1'");

    app.cargo("check").tells(NOTHING);
}

#[cargo_test]
fn a_proc_macro_and_what_it_depends_on_are_judged() {
    Package::new("deriving", "1.0.0")
        .proc_macro(true)
        .dep("leaky", "1")
        .publish();
    Package::new("leaky", "1.0.0").publish();
    Database::new()
        .add(&advisory("deriving").id("RUSTSEC-2020-0002"))
        .add(&advisory("leaky"))
        .index();

    app("deriving = '1'").cargo("check").tells(str![[r#"
[WARNING] 2 insecure dependencies: deriving 1.0.0 (RUSTSEC-2020-0002), leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]]);
}

#[cargo_test]
fn what_only_the_lockfile_holds_is_not_judged() {
    publish_leaky();
    let app = app("[target.'cfg(any())'.dependencies]\nleaky = '1'");

    app.cargo("check").tells(NOTHING);
    assert!(app.read_lockfile().contains("name = \"leaky\""));
}

#[cargo_test]
fn a_dependency_that_only_another_target_needs_is_not_left_out() {
    // Cargo compiles all dependencies of a package, whichever of its targets it builds.
    publish_leaky();
    let app = project()
        .file("Cargo.toml", &crate::support::app_manifest("leaky = '1'"))
        .file("src/lib.rs", "")
        .file("src/bin/tool.rs", "fn main() {}")
        .build();

    app.cargo("check --lib").tells(LEAKY);
    app.cargo("check --bin tool").tells(LEAKY);
}
