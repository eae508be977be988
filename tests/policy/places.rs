//! Where ignores may stand, and whose are listened to.

use std::fs;

use cargo_test_support::registry::{Package, RegistryBuilder};
use cargo_test_support::{Project, cargo_test, git, paths, project, str};

use crate::support::{
    Database, ExecsExt as _, ProjectExt as _, advisory, app_manifest, cargo, configure, lock,
    locked,
};
use crate::{NOTHING, app_with, set, shows};

const IGNORE: &str = "ignore = [{ id = 'RUSTSEC-2020-0001', reason = 'nobody calls it' }]";
const UNNEEDED: &str = "ignore = [{ id = 'RUSTSEC-2019-0001', reason = 'a' }]";

/// A manifest whose metadata holds this.
fn manifest_with(metadata: &str) -> String {
    format!(
        "{}\n[workspace.metadata.advisory]\n{metadata}\n",
        app_manifest("leaky = '1'")
    )
}

#[cargo_test]
fn in_the_users_file() {
    let app = app_with(&advisory("leaky"));
    configure(IGNORE);

    app.cargo("check --deny-advisories").tells(NOTHING);
    shows(
        &mut app.cargo("advisory --explain-policy"),
        str![[r#"
leaky 1.0.0 (runtime)
    allow  RUSTSEC-2020-0001: vulnerability
          ignored, as `[ROOT]/home/.cargo/config.toml` says: nobody calls it

"#]],
    );
}

#[cargo_test]
fn what_the_user_ignores_may_be_of_use_elsewhere() {
    let app = app_with(&advisory("leaky"));
    configure(UNNEEDED);
    assert!(fs::create_dir_all(paths::root().join(".cargo")).is_ok());
    fs::write(
        paths::root().join(".cargo/config.toml"),
        "[advisory]\nignore = [{ package = 'elsewhere', reason = 'a' }]\n",
    )
    .unwrap();

    app.cargo("advisory").tells(NOTHING);
}

#[cargo_test]
fn in_a_file_above_the_workspace() {
    let app = app_with(&advisory("leaky"));
    fs::create_dir_all(paths::root().join(".cargo")).unwrap();
    fs::write(
        paths::root().join(".cargo/config.toml"),
        format!("[advisory]\n{IGNORE}\n"),
    )
    .unwrap();

    app.cargo("check --deny-advisories").tells(NOTHING);
    shows(
        &mut app.cargo("advisory --explain-policy"),
        str![[r#"
leaky 1.0.0 (runtime)
    allow  RUSTSEC-2020-0001: vulnerability
          ignored, as `[ROOT]/.cargo/config.toml` says: nobody calls it

"#]],
    );
}

#[cargo_test]
fn in_the_manifest_of_a_package() {
    let app = app_with(&advisory("leaky"));
    app.change_file("Cargo.toml", &manifest_with(IGNORE));

    app.cargo("check --deny-advisories").tells(NOTHING);
    shows(
        &mut app.cargo("advisory --explain-policy"),
        str![[r#"
leaky 1.0.0 (runtime)
    allow  RUSTSEC-2020-0001: vulnerability
          ignored, as `[ROOT]/foo/Cargo.toml` says: nobody calls it

"#]],
    );
    app.change_file("Cargo.toml", &manifest_with(UNNEEDED));
    app.cargo("advisory").tells(str![[r#"
[WARNING] the ignore of `RUSTSEC-2019-0001` in `[ROOT]/foo/Cargo.toml` has nothing left to ignore; remove it with `cargo advisory ignore --prune`

"#]]);
}

#[cargo_test]
fn in_the_manifest_of_a_virtual_workspace() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let workspace = lock(
        project()
            .file(
                "Cargo.toml",
                "[workspace]\nmembers = ['member']\nresolver = '2'\n\
                     [[workspace.metadata.advisory.ignore]]\nid = 'RUSTSEC-2020-0001'\nreason = 'nobody calls it'\n\
                     [[workspace.metadata.advisory.ignore]]\npackage = 'gone@1'\nreason = 'b'\n",
            )
            .file("member/Cargo.toml", &app_manifest("leaky = '1'"))
            .file("member/src/main.rs", "fn main() {}")
            .build(),
    );

    workspace.cargo("check --deny-advisories").tells(NOTHING);
    let member = workspace.root().join("member");
    workspace
        .cargo("check --deny-advisories")
        .cwd(&member)
        .tells(NOTHING);
    shows(
        workspace.cargo("advisory --explain-policy").cwd(&member),
        str![[r#"
leaky 1.0.0 (runtime)
    allow  RUSTSEC-2020-0001: vulnerability
          ignored, as `[ROOT]/foo/Cargo.toml` says: nobody calls it
[WARNING] the ignore of `gone@1` in `[ROOT]/foo/Cargo.toml` has nothing left to ignore; remove it with `cargo advisory ignore --prune`

"#]],
    );
}

#[cargo_test]
fn the_metadata_of_a_member_has_no_say() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let member = format!(
        "{}\n[package.metadata.advisory]\n{IGNORE}\n",
        app_manifest("leaky = '1'")
    );
    let workspace = lock(
        project()
            .file(
                "Cargo.toml",
                "[workspace]\nmembers = ['member']\nresolver = '2'\n",
            )
            .file("member/Cargo.toml", &member)
            .file("member/src/main.rs", "fn main() {}")
            .build(),
    );

    workspace.cargo("check").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]]);
}

#[cargo_test]
fn all_places_together() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("shaky", "1.0.0").publish();
    Package::new("loud", "1.0.0").publish();
    let database = Database::new();
    for (nth, name) in ["leaky", "shaky", "loud"].into_iter().enumerate() {
        database.add(&advisory(name).id(&format!("RUSTSEC-2020-000{nth}")));
    }
    database.index();
    let app = locked("leaky = '1'\nshaky = '1'\nloud = '1'");
    configure("ignore = [{ package = 'leaky', reason = 'a' }]");
    set(&app, "ignore = [{ package = 'shaky', reason = 'b' }]");

    app.cargo("check").tells(str![[r#"
[WARNING] 1 insecure dependency: loud 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details

"#]]);
    let flag = "--config advisory.ignore=[{package='loud',reason='c'}]";
    app.cargo(&format!("check {flag}")).tells(NOTHING);
    shows(
        &mut app.cargo(&format!("advisory --explain-policy {flag}")),
        str![[r#"
leaky 1.0.0 (runtime)
    allow  RUSTSEC-2020-0000: vulnerability
          ignored, as `[ROOT]/home/.cargo/config.toml` says: a

loud 1.0.0 (runtime)
    allow  RUSTSEC-2020-0002: vulnerability
          ignored, as `--config` says: c

shaky 1.0.0 (runtime)
    allow  RUSTSEC-2020-0001: vulnerability
          ignored, as `[ROOT]/foo/.cargo/config.toml` says: b

"#]],
    );
}

#[cargo_test]
fn no_variable_can_hold_one() {
    let app = app_with(&advisory("leaky"));

    app.cargo("check")
        .env("CARGO_ADVISORY_IGNORE", "[]")
        .tells(str![[r#"
[ERROR] unknown environment variable `CARGO_ADVISORY_IGNORE`; allowed are `CARGO_ADVISORY_BASE`, `CARGO_ADVISORY_CACHE_DIR`, `CARGO_ADVISORY_DATABASES`, `CARGO_ADVISORY_EDITOR`, `CARGO_ADVISORY_ENABLED`, `CARGO_ADVISORY_MALICIOUS`, `CARGO_ADVISORY_MAX_AGE`, `CARGO_ADVISORY_NOTICE`, `CARGO_ADVISORY_REFRESH`, `CARGO_ADVISORY_REPEAT`, `CARGO_ADVISORY_SNAPSHOT_KEY`, `CARGO_ADVISORY_STALE_IGNORES`, `CARGO_ADVISORY_UNMAINTAINED`, `CARGO_ADVISORY_UNSOUND`, `CARGO_ADVISORY_VULNERABILITY`, `CARGO_ADVISORY_YANKED`, and for a kind those such as `CARGO_ADVISORY_VULNERABILITY_LEVEL`
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn for_lockfiles_those_of_the_configuration_hold() {
    let app = app_with(&advisory("leaky"));
    set(&app, IGNORE);

    shows(
        &mut app.cargo("advisory --lockfile Cargo.lock"),
        str![[r#"
[ROOT]/foo/Cargo.lock

ignored:
    leaky 1.0.0 RUSTSEC-2020-0001: nobody calls it

"#]],
    );
    // A lockfile has no manifest.
    set(&app, "");
    app.change_file("Cargo.toml", &manifest_with(IGNORE));
    assert_eq!(crate::answered(&app, "--lockfile Cargo.lock"), "warn");
}

/// A program that ignores its own findings.
fn program() -> (String, &'static str) {
    let manifest = format!(
        "[package]\nname = \"tool\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[dependencies]\nleaky = '1'\n\
         [workspace.metadata.advisory]\n{IGNORE}\n"
    );
    (manifest, "fn main() {}")
}

fn install(words: &str) -> cargo_test_support::Execs {
    let mut install = cargo(&format!("install {words}"));
    install.env("TMPDIR", paths::root());
    install
}

#[cargo_test]
fn what_is_installed_from_a_registry_has_no_say() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let (manifest, main) = program();
    Package::new("tool", "1.0.0")
        .dep("leaky", "1")
        .file("Cargo.toml", &manifest)
        .file("src/main.rs", main)
        .publish();

    install("tool --deny-advisories")
        .with_status(101)
        .with_stderr_data(str![[r#"
...
  1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]])
        .run();
    configure(IGNORE);
    install("tool --deny-advisories").run();
}

#[cargo_test]
fn what_is_installed_from_a_repository_has_no_say() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let (manifest, main) = program();
    let repository = git::new("tool", |repository| {
        repository
            .file("Cargo.toml", &manifest)
            .file("src/main.rs", main)
            .file(
                ".cargo/config.toml",
                &format!("[advisory]\nvulnerability = 'allow'\n{IGNORE}\n"),
            )
    });

    install("--deny-advisories --git")
        .arg(repository.url().as_str())
        .with_status(101)
        .with_stderr_data(str![[r#"
...
  1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]])
        .run();
}

#[cargo_test]
fn what_is_installed_from_a_folder_is_ones_own() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let (manifest, main) = program();
    project()
        .at("tool")
        .file("Cargo.toml", &manifest)
        .file("src/main.rs", main)
        .build();

    install("--deny-advisories --path tool").run();
}

/// A package that can be published and ignores its finding.
fn publishable(place: &str) -> Project {
    let manifest = format!(
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\ndescription = \"for a test\"\n\
         license = \"MIT\"\nrepository = \"none\"\n[dependencies]\nleaky = '1'\n{place}"
    );
    project()
        .file("Cargo.toml", &manifest)
        .file("src/lib.rs", "")
        .build()
}

#[cargo_test]
fn what_is_packaged_and_published_is_ones_own() {
    let registry = RegistryBuilder::new().http_api().http_index().build();
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();

    for metadata in [
        format!("[workspace.metadata.advisory]\n{IGNORE}\n"),
        "[workspace]\n".to_owned(),
    ] {
        let package = publishable(&metadata);
        for command in ["package", "publish --dry-run"] {
            let output = package
                .cargo(&format!("{command} --allow-dirty --deny-advisories"))
                .replace_crates_io(registry.index_url())
                .without_status()
                .run();
            let ignored = metadata.contains("RUSTSEC");
            let code = if ignored { 0 } else { 101 };
            assert_eq!(output.code, Some(code), "{command}");
        }
    }
}

#[cargo_test]
fn a_member_is_packaged_with_the_ignores_of_its_workspace() {
    let registry = RegistryBuilder::new().http_api().http_index().build();
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let member = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\ndescription = \"for a test\"\n\
                  license = \"MIT\"\nrepository = \"none\"\n[dependencies]\nleaky = '1'\n";
    let workspace = project()
        .file(
            "Cargo.toml",
            &format!("[workspace]\nmembers = ['app']\n[workspace.metadata.advisory]\n{IGNORE}\n"),
        )
        .file("app/Cargo.toml", member)
        .file("app/src/lib.rs", "")
        .build();

    workspace
        .cargo("package --deny-advisories -p app")
        .replace_crates_io(registry.index_url())
        .run();
}

#[cargo_test]
fn what_is_packaged_goes_by_the_remedies_that_were_found_for_its_workspace() {
    let registry = RegistryBuilder::new().http_api().http_index().build();
    Package::new("leaky", "1.0.0").publish();
    Database::new()
        .add(&advisory("leaky").patched(">= 1.0.1"))
        .index();
    let package = publishable(
        "[[workspace.metadata.advisory.ignore]]\nid = 'RUSTSEC-2020-0001'\nreason = 'a'\nwhile = 'unfixable'\n",
    );
    let code = |line: &str| {
        let mut execs = package.cargo(line);
        execs.replace_crates_io(registry.index_url());
        execs.without_status().run().code
    };

    // The patch that the advisory names was never released, which nobody knows before somebody has looked.
    assert_eq!(code("package --deny-advisories"), Some(101));
    assert_eq!(code("advisory"), Some(0));
    assert_eq!(code("package --deny-advisories"), Some(0));
}
