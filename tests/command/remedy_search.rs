//! When `cargo advisory` looks for remedies, among which releases, and what it shows where it cannot.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use cargo_test_support::compare::assert_e2e;
use cargo_test_support::prelude::IntoData;
use cargo_test_support::registry::{Package, RegistryBuilder, TestRegistry};
use cargo_test_support::{Project, cargo_test, str};
use serde_json::{Value, json};

use crate::support::{Database, ExecsExt as _, ProjectExt as _, advisory, configure, locked};

/// The width of the terminal, in place of one.
pub(crate) const WIDTH: &str = "__CARGO_TEST_TTY_WIDTH_DO_NOT_USE_THIS";

/// Compares what a terminal of 80 columns shows of remedies: of each package its name and its remedies.
#[track_caller]
pub(crate) fn tells(app: &Project, expected: impl IntoData) {
    let answer = app.cargo("advisory --quiet").env(WIDTH, "80").run_stdout();
    assert_e2e().eq(remedies(&answer), expected);
}

/// The lines of an answer for people that name packages and their remedies.
fn remedies(answer: &str) -> String {
    let mut told = String::new();
    let mut within = false;
    for line in answer.lines() {
        within = line.starts_with("    remedy  ") || within && line.starts_with("            ");
        if within || line.starts_with(|c: char| c.is_alphanumeric()) {
            told.push_str(line);
            told.push('\n');
        }
    }
    told
}

/// The remedy of the only finding, in JSON.
#[track_caller]
pub(crate) fn remedy(app: &Project) -> Value {
    let mut answer = app.cargo("advisory --format json").answer();
    let findings = answer["findings"].as_array_mut().unwrap();
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings[0]["remedy"].take()
}

/// An index in which `leaky` has a vulnerability that is patched where this requirement holds.
pub(crate) fn leaky_is_patched(requirement: &str) {
    Database::new()
        .add(&advisory("leaky").patched(requirement))
        .index();
}

/// An app with `leaky` 1.0.0, downloaded, for which there is a patched release.
fn leaky_app() -> Project {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    app.cargo("fetch").run();
    Package::new("leaky", "1.0.1").publish();
    leaky_is_patched(">= 1.0.1");
    app
}

#[cargo_test]
fn no_remedies_are_looked_for_when_nobody_wants_them() {
    let app = leaky_app();

    let told = app.cargo("advisory --no-remedies").run_stdout();
    assert!(told.contains("RUSTSEC-2020-0001"), "{told}");
    assert!(!told.contains("    remedy  "), "{told}");
    let answer = app.cargo("advisory --no-remedies --format json").answer();
    assert_eq!(answer["findings"][0]["remedy"], json!(null));
}

#[cargo_test]
fn a_lockfile_alone_has_no_remedies() {
    let app = leaky_app();

    let told = app.cargo("advisory --lockfile Cargo.lock").run_stdout();
    assert!(told.contains("RUSTSEC-2020-0001"), "{told}");
    assert!(!told.contains("    remedy  "), "{told}");
    let answer = app
        .cargo("advisory --lockfile Cargo.lock --format json")
        .answer();
    assert_eq!(answer["findings"][0]["remedy"], json!(null));
}

#[cargo_test]
fn a_remedy_changes_no_file() {
    let app = leaky_app();
    let lockfile = app.read_lockfile();
    let manifest = app.read_file("Cargo.toml");

    app.cargo("advisory").run();
    assert_eq!(app.read_lockfile(), lockfile);
    assert_eq!(app.read_file("Cargo.toml"), manifest);
}

/// A registry that counts how often it is asked about `leaky` and `sound`, and answers only while it is up.
struct Watched {
    _registry: TestRegistry,
    asked: Arc<AtomicUsize>,
    up: Arc<AtomicBool>,
}

impl Watched {
    fn new() -> Watched {
        let asked = Arc::new(AtomicUsize::new(0));
        let up = Arc::new(AtomicBool::new(true));
        let mut builder = RegistryBuilder::new().http_index();
        for path in ["/index/le/ak/leaky", "/index/so/un/sound"] {
            let (asked, up) = (asked.clone(), up.clone());
            builder = builder.add_responder(path, move |request, server| {
                asked.fetch_add(1, Ordering::SeqCst);
                if up.load(Ordering::SeqCst) {
                    server.index(request)
                } else {
                    server.internal_server_error(request)
                }
            });
        }
        let registry = builder.build();
        configure("[net]\nretry = 0");
        Watched {
            _registry: registry,
            asked,
            up,
        }
    }

    /// How often the registry was asked since the last time.
    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::SeqCst)
    }

    fn goes_down(&self) {
        self.up.store(false, Ordering::SeqCst);
    }
}

#[cargo_test]
fn a_registry_is_asked_about_what_has_findings_and_nothing_else() {
    let registry = Watched::new();
    Package::new("sound", "1.0.0").publish();
    let app = locked("sound = '1'");
    app.cargo("fetch").run();
    Database::new().add(&advisory("leaky")).index();
    assert_ne!(registry.asked(), 0);

    app.cargo("advisory").run();
    assert_eq!(registry.asked(), 0, "there is no finding");

    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'\nsound = '1'");
    app.cargo("fetch").run();
    registry.asked();
    app.cargo("advisory --no-remedies").run();
    assert_eq!(registry.asked(), 0, "nobody wants remedies");
    app.cargo("advisory --offline").run();
    assert_eq!(registry.asked(), 0, "there is no network");
    app.cargo("advisory").run();
    assert_eq!(registry.asked(), 1, "there is one finding");
}

#[cargo_test]
fn an_unreachable_registry_keeps_nobody_from_the_findings() {
    let registry = Watched::new();
    let app = leaky_app();
    registry.goes_down();

    let mut execs = app.cargo("advisory");
    execs.with_stdout_contains("[..]RUSTSEC-2020-0001[..]");
    execs.with_stdout_does_not_contain("    remedy  [..]");
    execs.tells(str![[r#"
[NOTE] remedies could not be looked for: failed to look up the releases of `leaky`: failed to get successful HTTP response from `http://127.0.0.1:[..]/index/le/ak/leaky` (127.0.0.1), got 500

"#]]);
    assert_eq!(remedy(&app), json!(null));
    app.cargo("advisory --deny-advisories").tells(str![[r#"
[NOTE] remedies could not be looked for: failed to look up the releases of `leaky`: failed to get successful HTTP response from `http://127.0.0.1:[..]/index/le/ak/leaky` (127.0.0.1), got 500
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001)
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn offline_remedies_are_looked_for_among_what_cargo_has_seen() {
    let registry = Watched::new();
    let app = leaky_app();
    registry.goes_down();

    for flag in ["--offline", "--frozen"] {
        assert_eq!(
            app.cargo(&format!("advisory {flag} --format json"))
                .answer()["findings"][0]["remedy"]["obstacle"]["kind"],
            "no-patch"
        );
    }
    app.cargo("advisory --offline").tells(str![[r#"
[NOTE] with --offline, remedies were looked for among the releases that cargo has seen before

"#]]);
    app.cargo("advisory --frozen").tells(str![[r#"
[NOTE] with --frozen, remedies were looked for among the releases that cargo has seen before

"#]]);
}

#[cargo_test]
fn offline_a_release_that_is_known_and_not_downloaded_is_a_remedy_with_a_caution() {
    let _registry = RegistryBuilder::new().http_index().build();
    let app = leaky_app();
    // Has cargo ask the registry, and download nothing.
    app.cargo("update --dry-run").run();

    let answer = app
        .cargo("advisory --quiet --offline")
        .env(WIDTH, "80")
        .run_stdout();
    assert_e2e().eq(
        remedies(&answer),
        str![[r#"
leaky 1.0.0 (runtime)
    remedy  `cargo advisory fix` moves leaky from 1.0.0 to 1.0.1
            caution: leaky 1.0.1 is not downloaded, so that nobody has looked
              for a new build script

"#]],
    );
    let answer = app.cargo("advisory --offline --format json").answer();
    assert_eq!(
        answer["findings"][0]["remedy"]["moves"][0]["cautions"],
        json!([{ "kind": "not-downloaded", "published": null, "dependencies": [] }])
    );
}

#[cargo_test]
fn without_findings_nothing_is_said_of_being_offline() {
    Package::new("sound", "1.0.0").publish();
    let app = locked("sound = '1'");
    app.cargo("fetch").run();
    Database::new().add(&advisory("leaky")).index();

    app.cargo("advisory --offline").tells(str![]);
}
