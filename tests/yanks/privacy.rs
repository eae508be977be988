//! Who hears of what: names of packages, and tokens.

use std::fs;

use cargo_test_support::registry::{self, Package, RegistryBuilder};
use cargo_test_support::{cargo_test, paths, project, str};

use crate::registry::{Registry, crates_io, lockfile};
use crate::support::{
    Database, ExecsExt as _, ProjectExt as _, advisory, app_manifest, cargo, configure,
};

const TOKEN: &str = "Bearer sesame-5d41402a";

/// Everything that lies in the cache, at any depth.
fn cache() -> Vec<u8> {
    let mut open = vec![paths::cargo_home().join("advisory")];
    let mut all = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false => all.extend(fs::read(path).unwrap()),
            }
        }
    }
    all
}

/// Names `registry` in the user's configuration.
fn name_in_configuration(name: &str, registry: &Registry) {
    let source = registry.source();
    configure(&format!("[registries.{name}]\nindex = '{source}'"));
}

#[cargo_test]
fn a_registry_hears_of_its_own_packages_alone() {
    let public = Registry::in_place_of_crates_io();
    let private = Registry::new();
    public.publish("open", "1.0.0");
    private.publish("secret", "1.0.0");
    name_in_configuration("private", &private);
    Database::new().add(&advisory("other")).index();
    lockfile(
        "old",
        &[
            ("open", "1.0.0", &crates_io()),
            ("secret", "1.0.0", &private.source()),
            (
                "cloned",
                "1.0.0",
                "git+https://git.example/cloned#0123456789012345678901234567890123456789",
            ),
            ("indexed", "1.0.0", "registry+https://git.example/index"),
            ("plain", "1.0.0", "sparse+http://127.0.0.1:1/"),
            ("named", "1.0.0", "sparse+https://user:pass@127.0.0.1:1/"),
        ],
    );
    cargo("advisory check --lockfile old/Cargo.lock").run();

    cargo("advisory update")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
[UPDATING] yanks of 1 crate of `crates-io`
[UPDATING] yanks of 1 crate of `sparse+https://127.0.0.1:[..]/index/`
     Updated index to 1 advisory (1 vulnerability) and the yanks of 2 crates

"#]])
        .run();

    assert_eq!(public.asked(), ["op/en/open"]);
    assert_eq!(private.asked(), ["se/cr/secret"]);
    cargo("advisory check --lockfile old/Cargo.lock")
        .with_stderr_data(str![[r#"
     Checked 7 packages against 1 advisory of an index less than a minute old; yanks are not known of 3 packages

"#]])
        .run();
}

/// A lockfile that somebody has sent in can name any host.
#[cargo_test]
fn whom_a_lockfile_alone_names_is_asked_only_if_the_user_s_configuration_names_it_too() {
    let [stranger, named, replaced, mirror] = [(); 4].map(|()| Registry::new());
    named.publish("ours", "1.0.0");
    mirror.publish("mirrored", "1.0.0");
    name_in_configuration("ours", &named);
    configure(&format!(
        "[source.theirs]\nregistry = '{}'\nreplace-with = 'mirror'\n\n[source.mirror]\nregistry = '{}'",
        replaced.source(),
        mirror.source()
    ));
    Database::new().add(&advisory("other")).index();
    let foreign = lockfile(
        "foreign",
        &[
            ("bait", "1.0.0", &stranger.source()),
            ("ours", "1.0.0", &named.source()),
            ("mirrored", "1.0.0", &replaced.source()),
        ],
    );
    cargo("advisory check --lockfile foreign/Cargo.lock").run();

    cargo("advisory update").tells("");

    assert_eq!(stranger.asked(), [""; 0]);
    assert_eq!(replaced.asked(), [""; 0]);
    assert_eq!(named.asked(), ["ou/rs/ours"]);
    assert_eq!(mirror.asked(), ["mi/rr/mirrored"]);

    // Whoever works in that folder has cargo ask there anyway.
    stranger.publish("bait", "1.0.0");
    cargo("advisory update")
        .cwd(foreign.parent().unwrap())
        .tells("");

    assert_eq!(stranger.asked(), ["ba/it/bait"]);
}

/// A company's mirror may have packages under crates.io's name that crates.io has not.
#[cargo_test]
fn what_a_workspace_takes_from_elsewhere_is_asked_of_nobody() {
    let _local = registry::init();
    Package::new("internal", "1.0.0").local(true).publish();
    let mirror = Registry::new();
    Database::new().add(&advisory("other")).index();
    // The kit has put its own registry in the place of crates.io.
    let config = paths::cargo_home().join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    let kit = "replace-with = 'dummy-registry'";
    assert!(text.contains(kit), "{text}");
    fs::write(&config, text.replace(kit, "replace-with = 'mirror'")).unwrap();
    configure(&format!(
        "[source.mirror]\nregistry = '{}'",
        mirror.source()
    ));
    let app = project()
        .file("Cargo.toml", &app_manifest("internal = '1'"))
        .file("src/main.rs", "fn main() {}")
        .file(
            ".cargo/config.toml",
            "[source.crates-io]\nreplace-with = 'local'\n\n[source.local]\nlocal-registry = '../registry'\n",
        )
        .build();
    // As a lockfile it says nothing of that.
    app.cargo("generate-lockfile").run();
    app.cargo("advisory check --lockfile Cargo.lock").run();
    app.cargo("check").run();

    cargo("advisory update").tells("");

    assert_eq!(mirror.asked(), [""; 0]);
}

/// Of a git registry only the whole index could be had.
#[cargo_test]
fn a_git_registry_is_not_asked() {
    let _registry = RegistryBuilder::new().build();
    Package::new("hasty", "1.0.0").publish();
    Database::new().add(&advisory("other")).index();
    let app = crate::support::app("hasty = '1'");
    app.cargo("check").run();

    cargo("advisory update")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
     Updated index to 1 advisory (1 vulnerability)

"#]])
        .run();
}

#[cargo_test]
fn a_token_is_shown_to_its_registry_alone() {
    let public = Registry::in_place_of_crates_io();
    let private = Registry::new();
    let other = Registry::new();
    public.publish("open", "1.0.0");
    other.publish("free", "1.0.0");
    private
        .publish("secret", "1.0.0")
        .yank("secret", "1.0.0", true)
        .require(TOKEN);
    for (name, registry) in [("private", &private), ("other", &other)] {
        configure(&format!(
            "[registries.{name}]\nindex = '{}'\ncredential-provider = 'cargo:token'",
            registry.source()
        ));
    }
    fs::write(
        paths::cargo_home().join("credentials.toml"),
        format!(
            "[registry]\ntoken = '{TOKEN}'\n[registries.private]\ntoken = '{TOKEN}'\n\
             [registries.other]\ntoken = '{TOKEN}'\n"
        ),
    )
    .unwrap();
    Database::new().add(&advisory("default")).index();
    lockfile(
        "old",
        &[
            ("open", "1.0.0", &crates_io()),
            ("secret", "1.0.0", &private.source()),
            ("free", "1.0.0", &other.source()),
        ],
    );
    cargo("advisory check --lockfile old/Cargo.lock").run();

    let output = cargo("advisory update -vv").run();

    let told = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(!told.contains("sesame"), "{told}");
    assert!(
        !told.contains("[WARNING]") && !told.contains("warning"),
        "{told}"
    );
    assert_eq!(private.asked(), ["config.json", "se/cr/secret"]);
    let shown = private.requests();
    assert_eq!(shown[0].header("authorization"), None);
    assert_eq!(shown[1].header("authorization"), Some(TOKEN));
    // It does not ask for one.
    assert_eq!(other.asked(), ["config.json", "fr/ee/free"]);
    for request in public.requests().iter().chain(&other.requests()) {
        assert_eq!(request.header("authorization"), None, "{}", request.path);
    }
    assert!(!cache().windows(6).any(|part| part == b"sesame"));
    let answer = cargo("advisory check --lockfile old/Cargo.lock --format json").answer();
    assert_eq!(answer["findings"][0]["package"], "secret");
}

/// A program that gives tokens may ask a person, which a refresh must not.
#[cargo_test]
fn without_a_token_in_the_configuration_a_registry_stays_unknown() {
    let private = Registry::new();
    private.publish("secret", "1.0.0").require(TOKEN);
    let marker = paths::root().join("was-run");
    configure(&format!(
        "[registries.private]\nindex = '{}'\ncredential-provider = ['touch', '{}']",
        private.source(),
        marker.display()
    ));
    Database::new().add(&advisory("other")).index();
    lockfile("old", &[("secret", "1.0.0", &private.source())]);
    cargo("advisory check --lockfile old/Cargo.lock").run();

    cargo("advisory update").tells(str![[r#"
[WARNING] `sparse+https://127.0.0.1:[..]/index/` could not be asked about the yanks of 1 crate: it wants a token, and none is known; `cargo login` takes one; what was known of them stays

"#]]);

    assert!(!marker.exists());
    assert_eq!(private.asked(), ["se/cr/secret"]);
}

/// The configuration of a workspace has no say in whom the user's refresh asks.
#[cargo_test]
fn a_workspace_cannot_send_a_refresh_elsewhere() {
    let public = Registry::in_place_of_crates_io();
    let nosy = Registry::new();
    public.publish("open", "1.0.0");
    Database::new().add(&advisory("other")).index();
    lockfile("old", &[("open", "1.0.0", &crates_io())]);
    cargo("advisory check --lockfile old/Cargo.lock").run();
    let app = project()
        .file("Cargo.toml", &app_manifest(""))
        .file("src/main.rs", "fn main() {}")
        .file(
            ".cargo/config.toml",
            &format!(
                "[source.crates-io]\nreplace-with = 'nosy'\n\n[source.nosy]\nregistry = '{}'\n",
                nosy.source()
            ),
        )
        .build();

    app.cargo("advisory update").run();

    assert_eq!(nosy.asked(), [""; 0]);
    assert_eq!(public.asked(), ["op/en/open"]);
}
