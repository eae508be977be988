//! The flags of `cargo build` select the build that is looked at; what they leave out is told apart, with what would bring
//! it in.

use cargo_test_support::registry::{Dependency, Package};
use cargo_test_support::{Project, cargo_test, project, str};
use serde_json::{Value, json};

use crate::support::{
    Database, ExecsExt as _, ProjectExt as _, advisory, app, app_manifest, cargo,
};

/// A package that depends in every way on something that is not always built, and on something that is.
fn shop() -> Project {
    Package::new("always", "1.0.0").publish();
    Package::new("deep", "1.0.0").publish();
    Package::new("tls", "1.0.0").dep("deep", "1").publish();
    Package::new("windows", "1.0.0").publish();
    Package::new("tester", "1.0.0").publish();
    let database = Database::new();
    for (number, name) in (1..).zip(["always", "tls", "windows", "tester", "deep"]) {
        database.add(&advisory(name).id(&format!("RUSTSEC-2020-{number:04}")));
    }
    database.index();
    project()
        .file(
            "Cargo.toml",
            r#"
                [package]
                name = "shop"
                version = "0.1.0"
                edition = "2021"

                [features]
                secure = ["dep:tls"]
                payment = ["dep:tls"]

                [dependencies]
                always = "1"
                tls = { version = "1", optional = true }

                [target.'cfg(windows)'.dependencies]
                windows = "1"

                [dev-dependencies]
                tester = "1"
            "#,
        )
        .file("src/main.rs", "fn main() {}")
        .build()
}

/// The scope of each finding with these flags.
fn scopes(project: &Project, flags: &str) -> Vec<(String, String)> {
    let answer = project
        .cargo(&format!("advisory --format json {flags}"))
        .answer();
    let mut scopes: Vec<(String, String)> = answer["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let word = |key: &str| finding[key].as_str().unwrap().to_owned();
            (word("package"), word("scope"))
        })
        .collect();
    scopes.sort();
    scopes
}

fn built(project: &Project, flags: &str) -> Vec<String> {
    let scopes = scopes(project, flags).into_iter();
    scopes
        .filter(|(_, scope)| scope != "unbuilt")
        .map(|(package, _)| package)
        .collect()
}

#[cfg(not(windows))]
#[cargo_test]
fn what_is_not_built_is_told_with_what_would_bring_it_in() {
    shop()
        .cargo("advisory --quiet --bins")
        .with_stdout_data(str![[r#"
always 1.0.0 (runtime)
    shop 0.1.0 → always 1.0.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `always` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

not in this build:
deep 1.0.0 (unbuilt)
    shop 0.1.0 (features `payment` or `secure`) → tls 1.0.0 → deep 1.0.0
    comes in with features `payment` or `secure` of shop
    allow  RUSTSEC-2020-0005: vulnerability, severity not scored
          `deep` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

tester 1.0.0 (unbuilt)
    shop 0.1.0 (dev-dependencies) → tester 1.0.0
    comes in as a dev-dependency of shop
    allow  RUSTSEC-2020-0004: vulnerability, severity not scored
          `tester` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

tls 1.0.0 (unbuilt)
    shop 0.1.0 (features `payment` or `secure`) → tls 1.0.0
    comes in with features `payment` or `secure` of shop
    allow  RUSTSEC-2020-0002: vulnerability, severity not scored
          `tls` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

windows 1.0.0 (unbuilt)
    shop 0.1.0 → windows 1.0.0
    comes in on cfg(windows)
    allow  RUSTSEC-2020-0003: vulnerability, severity not scored
          `windows` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]])
        .run();
}

#[cfg(not(windows))]
#[cargo_test]
fn what_is_not_built_is_drawn_as_a_tree_too() {
    shop()
        .cargo("advisory --quiet --bins --tree")
        .with_stdout_data(str![[r#"
always 1.0.0 (runtime)
    └── shop 0.1.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `always` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

not in this build:
deep 1.0.0 (unbuilt)
    └── tls 1.0.0
        └── shop 0.1.0 (features `payment` or `secure`)
    comes in with features `payment` or `secure` of shop
    allow  RUSTSEC-2020-0005: vulnerability, severity not scored
          `deep` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

tester 1.0.0 (unbuilt)
    [dev-dependencies]
    └── shop 0.1.0
    comes in as a dev-dependency of shop
    allow  RUSTSEC-2020-0004: vulnerability, severity not scored
          `tester` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

tls 1.0.0 (unbuilt)
    └── shop 0.1.0 (features `payment` or `secure`)
    comes in with features `payment` or `secure` of shop
    allow  RUSTSEC-2020-0002: vulnerability, severity not scored
          `tls` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

windows 1.0.0 (unbuilt)
    └── shop 0.1.0
    comes in on cfg(windows)
    allow  RUSTSEC-2020-0003: vulnerability, severity not scored
          `windows` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]])
        .run();
}

#[cfg(not(windows))]
#[cargo_test]
fn what_a_build_lacks_is_in_json() {
    let answer = shop().cargo("advisory --format json --bins").answer();

    let first_step = |package: &str| -> Value {
        let findings = answer["findings"].as_array().unwrap();
        let finding = findings
            .iter()
            .find(|finding| finding["package"] == package)
            .unwrap();
        finding["paths"][0][0].clone()
    };
    assert_eq!(first_step("always")["lacks"], json!([]));
    assert_eq!(first_step("tls")["lacks"], json!(["feature"]));
    assert_eq!(first_step("tls")["features"], json!(["payment", "secure"]));
    assert_eq!(first_step("deep")["lacks"], json!(["feature"]));
    assert_eq!(first_step("windows")["lacks"], json!(["platform"]));
    assert_eq!(first_step("windows")["platform"], "cfg(windows)");
    assert_eq!(first_step("tester")["lacks"], json!(["dev"]));
    assert_eq!(first_step("tester")["kind"], "dev");
}

#[cfg(not(windows))]
#[cargo_test]
fn without_flags_everything_on_this_host_is_looked_at() {
    assert_eq!(built(&shop(), ""), ["always", "tester"]);
}

#[cfg(not(windows))]
#[cargo_test]
fn targets_are_selected() {
    let shop = shop();

    assert_eq!(built(&shop, "--bins"), ["always"]);
    assert_eq!(built(&shop, "--bin shop"), ["always"]);
    assert_eq!(built(&shop, "--tests"), ["always", "tester"]);
    assert_eq!(built(&shop, "--all-targets"), ["always", "tester"]);
    // As `cargo build --release`, which takes no tests.
    assert_eq!(built(&shop, "--release"), ["always"]);
}

#[cfg(not(windows))]
#[cargo_test]
fn features_are_selected() {
    let shop = shop();

    assert_eq!(built(&shop, "--features secure"), ["always", "deep", "tls"]);
    assert_eq!(built(&shop, "-F payment"), ["always", "deep", "tls"]);
    assert_eq!(built(&shop, "--all-features"), ["always", "deep", "tls"]);
    assert_eq!(built(&shop, "--no-default-features"), ["always"]);
}

#[cargo_test]
fn a_feature_that_is_selected_is_told_on_the_path() {
    shop()
        .cargo("advisory --quiet --features secure")
        .with_stdout_contains("    shop 0.1.0 (feature `secure`) → tls 1.0.0 → deep 1.0.0")
        .run();
}

/// No compiler for it is needed: rustc tells of every target what it is.
#[cargo_test]
fn a_platform_is_selected() {
    let shop = shop();

    assert_eq!(
        built(&shop, "--target x86_64-pc-windows-msvc"),
        ["always", "windows"]
    );
    assert_eq!(built(&shop, "--target wasm32-wasip1"), ["always"]);
    assert_eq!(
        built(
            &shop,
            "--target wasm32-wasip1 --target x86_64-pc-windows-msvc"
        ),
        ["always", "windows"]
    );
}

/// A workspace of two members, of which each has its own dependency, and the first the second for its tests.
fn two_members() -> Project {
    Package::new("leaky", "1.0.0").publish();
    Package::new("shaky", "1.0.0").publish();
    Database::new()
        .add(&advisory("leaky").id("RUSTSEC-2020-0001"))
        .add(&advisory("shaky").id("RUSTSEC-2020-0002"))
        .index();
    project()
        .file(
            "Cargo.toml",
            "[workspace]\nmembers = ['one', 'two']\nresolver = '2'\n",
        )
        .file(
            "one/Cargo.toml",
            &app_manifest("leaky = '1'").replace("app", "one"),
        )
        .file("one/src/lib.rs", "")
        .file(
            "two/Cargo.toml",
            &app_manifest("shaky = '1'").replace("app", "two"),
        )
        .file("two/src/lib.rs", "")
        .build()
}

#[cargo_test]
fn packages_are_selected() {
    let workspace = two_members();

    assert_eq!(built(&workspace, ""), ["leaky", "shaky"]);
    assert_eq!(built(&workspace, "-p one"), ["leaky"]);
    assert_eq!(built(&workspace, "--workspace"), ["leaky", "shaky"]);
    assert_eq!(built(&workspace, "--workspace --exclude one"), ["shaky"]);
    workspace
        .cargo("advisory --quiet -p one")
        .with_stdout_data(str![[r#"
leaky 1.0.0 (runtime)
    one 0.1.0 → leaky 1.0.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

not in this build:
shaky 1.0.0 (unbuilt)
    two 0.1.0 → shaky 1.0.0
    comes in with package `two`
    allow  RUSTSEC-2020-0002: vulnerability, severity not scored
          `shaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]])
        .run();
    let answer = workspace.cargo("advisory --format json -p one").answer();
    let lacks = &answer["findings"][1]["paths"][0][0]["lacks"];
    assert_eq!(*lacks, json!(["package"]));
}

#[cargo_test]
fn a_build_that_is_selected_is_denied_and_no_other() {
    let workspace = two_members();

    workspace
        .cargo("advisory --quiet --deny-advisories -p one")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001)

"#]])
        .run();
}

#[cargo_test]
fn a_selection_that_cannot_be_built_is_an_error() {
    let workspace = two_members();

    workspace
        .cargo("advisory --quiet -p three")
        .with_status(101)
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
[ERROR] package ID specification `three` did not match any packages

"#]])
        .run();
    workspace
        .cargo("advisory --quiet --features none")
        .with_status(101)
        .with_stdout_data("")
        .run();
}

#[cargo_test]
fn a_lockfile_alone_has_no_builds_to_select() {
    Database::new().add(&advisory("leaky")).index();

    for flag in [
        "--package app",
        "--workspace",
        "--lib",
        "--tests",
        "--all-targets",
        "--features tls",
        "--no-default-features",
        "--target x86_64-pc-windows-msvc",
        "--release",
        "--profile dev",
        "--manifest-path Cargo.toml",
    ] {
        cargo(&format!("advisory --lockfile Cargo.lock {flag}"))
            .with_status(1)
            .with_stdout_data("")
            .with_stderr_contains(
                "[ERROR] the argument '--lockfile <PATH>' cannot be used with '[..]'",
            )
            .run();
    }
}

/// A feature of another package can be turned on by one of a member, which may turn it on on a long way.
#[cargo_test]
fn a_feature_of_a_dependency_can_be_what_is_lacking() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("engine", "1.0.0")
        .add_dep(Dependency::new("leaky", "1").optional(true))
        .feature("default", &["crypto"])
        .feature("full", &["crypto"])
        .feature("crypto", &["dep:leaky"])
        .publish();
    Database::new().add(&advisory("leaky")).index();
    let app = app(
        "engine = { version = '1', default-features = false }\n[features]\nsafe = ['safer']\nsafer = ['engine/full']",
    );

    app.cargo("advisory --quiet")
        .with_stdout_data(str![[r#"
not in this build:
leaky 1.0.0 (unbuilt)
    app 0.1.0 → engine 1.0.0 (feature `crypto`) → leaky 1.0.0
    comes in with feature `safer` of app
    allow  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]])
        .run();
    let answer = app.cargo("advisory --format json").answer();
    let step = &answer["findings"][0]["paths"][0][1];
    assert_eq!(step["features"], json!(["crypto"]));
    assert_eq!(
        step["turned_on_by"],
        json!([{ "package": "app", "feature": "safer" }])
    );
    assert_eq!(built(&app, "--features safe"), ["leaky"]);
}

/// The base is built without the feature that the extra would ask for, if it were built.
#[cargo_test]
fn a_feature_can_come_with_another_package() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("base", "1.0.0")
        .add_dep(Dependency::new("leaky", "1").optional(true))
        .feature("full", &["dep:leaky"])
        .publish();
    Package::new("inner", "1.0.0")
        .add_dep(Dependency::new("base", "1").enable_features(&["full"]))
        .publish();
    Package::new("extra", "1.0.0").dep("inner", "1").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = app(
        "base = '1'\nextra = { version = '1', optional = true }\n[features]\nmore = ['dep:extra']",
    );

    app.cargo("advisory --quiet")
        .with_stdout_contains("    app 0.1.0 → base 1.0.0 (feature `full`) → leaky 1.0.0")
        .with_stdout_contains("    comes in with feature `more` of app")
        .run();
    assert_eq!(built(&app, "--features more"), ["leaky"]);
}

/// Such as the build-dependency of a package that has no build script.
#[cargo_test]
fn what_nothing_would_bring_in_is_told() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("engine", "1.0.0")
        .add_dep(Dependency::new("leaky", "1").build())
        .publish();
    Database::new().add(&advisory("leaky")).index();

    app("engine = '1'")
        .cargo("advisory --quiet")
        .with_stdout_data(str![[r#"
not in this build:
leaky 1.0.0 (unbuilt)
    app 0.1.0 → engine 1.0.0 (build-dependencies) → leaky 1.0.0
    comes in with nothing: engine is built without leaky
    allow  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]])
        .run();
}

#[cargo_test]
fn the_second_look_at_the_lockfile_says_nothing_again() {
    let app = shop();
    let manifest = std::fs::read_to_string(app.root().join("Cargo.toml")).unwrap();
    Package::new("unused", "1.0.0").publish();
    app.change_file(
        "Cargo.toml",
        &format!("{manifest}\n[patch.crates-io]\nunused = {{ path = 'unused' }}\n"),
    );
    app.change_file(
        "unused/Cargo.toml",
        &app_manifest("").replace("app", "unused"),
    );
    app.change_file("unused/src/lib.rs", "");

    let output = app.cargo("advisory --bins").run();

    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr.matches("was not used").count(), 1, "{stderr}");
    assert_eq!(stderr.matches("Locking").count(), 1, "{stderr}");
}
