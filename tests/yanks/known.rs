//! What a refresh brings to light that cargo's own cache cannot know.

use std::fs;

use cargo_test_support::registry::{self, Package};
use cargo_test_support::{Execs, cargo_test, paths, str};
use serde_json::Value;

use crate::registry::{Registry, crates_io, lockfile};
use crate::support::{Database, ExecsExt as _, ProjectExt as _, advisory, app, cargo};

/// A lockfile with `hasty` and `steady` of crates.io that a check has seen, and an index without a word on them.
fn seen() -> Registry {
    let registry = Registry::in_place_of_crates_io();
    registry
        .publish("hasty", "1.0.0")
        .publish("steady", "1.0.0");
    Database::new().add(&advisory("other")).index();
    lockfile(
        "old",
        &[
            ("hasty", "1.0.0", &crates_io()),
            ("steady", "1.0.0", &crates_io()),
        ],
    );
    check().run();
    registry
}

fn check() -> Execs {
    cargo("advisory check --lockfile old/Cargo.lock")
}

fn findings() -> Vec<Value> {
    let answer = cargo("advisory check --lockfile old/Cargo.lock --format json").answer();
    answer["findings"].as_array().unwrap().clone()
}

#[cargo_test]
fn a_yank_is_found_in_a_lockfile_alone() {
    let registry = seen();
    check()
        .with_stdout_data("[ROOT]/old/Cargo.lock\n")
        .with_stderr_data(str![[r#"
     Checked 3 packages against 1 advisory of an index less than a minute old; yanks are not known from a lockfile alone

"#]])
        .run();

    registry.yank("hasty", "1.0.0", true);
    cargo("advisory update")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
[UPDATING] yanks of 2 crates of `crates-io`
     Updated index to 1 advisory (1 vulnerability) and the yanks of 2 crates

"#]])
        .run();

    check()
        .with_stdout_data(str![[r#"
[ROOT]/old/Cargo.lock
hasty 1.0.0 (unbuilt)
    warn  yanked from its registry

"#]])
        .with_stderr_data(str![[r#"
     Checked 3 packages against 1 advisory of an index less than a minute old

"#]])
        .run();
    check()
        .arg("--deny-advisories")
        .with_status(101)
        .tells(str![[r#"
[ERROR] in `[ROOT]/old/Cargo.lock`
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn a_yank_that_was_taken_back_is_told_no_more() {
    let registry = seen();
    registry.yank("hasty", "1.0.0", true);
    cargo("advisory update").run();
    assert_eq!(findings().len(), 1);

    registry.yank("hasty", "1.0.0", false);
    cargo("advisory update").run();

    assert_eq!(findings(), Vec::<Value>::new());
}

#[cargo_test]
fn a_version_that_its_registry_has_removed_is_told_as_such() {
    let registry = seen();
    registry.publish("hasty", "1.0.1").remove("hasty", "1.0.0");

    cargo("advisory update").run();

    check()
        .with_stdout_data(str![[r#"
[ROOT]/old/Cargo.lock
hasty 1.0.0 (unbuilt)
    warn  removed from its registry

"#]])
        .run();
    let [finding] = &findings()[..] else {
        panic!("one finding");
    };
    assert_eq!(
        (&finding["kind"], &finding["vanished"]),
        (&"yanked".into(), &true.into())
    );
}

/// A name that was taken away as a whole, as after an attack.
#[cargo_test]
fn a_crate_that_its_registry_has_removed_is_told_as_such() {
    let registry = seen();
    registry.remove("hasty", "1.0.0");

    for _ in 0..2 {
        cargo("advisory update").run();
        let [finding] = &findings()[..] else {
            panic!("one finding");
        };
        assert_eq!(
            (&finding["package"], &finding["vanished"]),
            (&"hasty".into(), &true.into())
        );
    }

    registry.publish("hasty", "1.0.0");
    cargo("advisory update").run();
    assert_eq!(findings(), Vec::<Value>::new());
}

/// The build asks nobody, and cargo's own cache still says that nothing is yanked.
#[cargo_test]
fn a_build_tells_of_a_yank_that_cargo_has_not_heard_of() {
    let kit = registry::alt_init();
    Package::new("hasty", "1.0.0").alternative(true).publish();
    Database::new().add(&advisory("other")).index();
    let app = app("hasty = { version = '1', registry = 'alternative' }");
    app.cargo("check").tells("");
    let mirror = Registry::new();
    mirror
        .publish("hasty", "1.0.0")
        .yank("hasty", "1.0.0", true);

    cargo("advisory update")
        .arg("--config")
        .arg(format!("source.kit.registry = '{}'", kit.index_url()))
        .arg("--config")
        .arg("source.kit.replace-with = 'mirror'")
        .arg("--config")
        .arg(format!("source.mirror.registry = '{}'", mirror.source()))
        .run();

    assert_eq!(mirror.asked(), ["ha/st/hasty"]);
    app.cargo("check --offline").tells(str![[r#"
[WARNING] 1 yanked dependency: hasty 1.0.0 (yanked); run `cargo advisory` for details

"#]]);
    app.cargo("advisory --offline")
        .with_stdout_data(str![[r#"
hasty 1.0.0 (runtime)
    app 0.1.0 → hasty 1.0.0
    warn  yanked from its registry
    remedy  none: no later release is free of it

"#]])
        .run();
    app.cargo("check --deny-advisories").tells(str![[r#"
[ERROR] 1 yanked dependency denied by `--deny-advisories`: hasty 1.0.0 (yanked); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    // How the name of the registry is broken into lines depends on where the test runs.
    app.cargo("advisory explain hasty@1.0.0 --offline")
        .with_stdout_contains("[..]no advisory; yanked")
        .with_stdout_contains("    y  yanked: 1.0.0")
        .run();
}

/// It would lead from one finding to the next.
#[cargo_test]
fn a_remedy_passes_over_what_the_index_knows_as_yanked() {
    let kit = registry::alt_init();
    for version in ["1.0.0", "1.0.1", "1.0.2"] {
        Package::new("hasty", version).alternative(true).publish();
    }
    let source = format!("\"registry+{}\"", kit.index_url());
    Database::new()
        .add(
            &advisory("hasty")
                .field("source", &source)
                .patched(">= 1.0.1"),
        )
        .index();
    let app = app("hasty = { version = '1', registry = 'alternative' }");
    app.cargo("update hasty --precise 1.0.0").run();
    let remedy = || {
        let answer = app.cargo("advisory --format json").answer();
        answer["findings"][0]["remedy"]["moves"].clone()
    };
    assert_eq!(remedy()[0]["to"], "1.0.1");
    let mirror = Registry::new();
    mirror
        .publish("hasty", "1.0.0")
        .publish("hasty", "1.0.1")
        .publish("hasty", "1.0.2")
        .yank("hasty", "1.0.1", true);

    cargo("advisory update")
        .arg("--config")
        .arg(format!("source.kit.registry = '{}'", kit.index_url()))
        .arg("--config")
        .arg("source.kit.replace-with = 'mirror'")
        .arg("--config")
        .arg(format!("source.mirror.registry = '{}'", mirror.source()))
        .run();

    assert_eq!(remedy()[0]["to"], "1.0.2");
}

/// A registry that cargo has never asked, and one that has something to say by now.
#[cargo_test]
fn a_yank_is_explained_that_only_the_index_knows() {
    let registry = seen();
    registry.yank("hasty", "1.0.0", true);
    cargo("advisory update").run();

    cargo("advisory explain hasty --offline")
        .with_stdout_data(str![[r#"
hasty: no advisory, 1 yanked

yanked releases
    1.0.0

"#]])
        .run();
    cargo("advisory explain hasty@1.0.0 --offline")
        .with_stdout_data(str![[r#"
hasty 1.0.0: no advisory; yanked

"#]])
        .run();
    Database::at("advisory-db").add(&advisory("steady").id("RUSTSEC-2020-0002"));
    cargo("advisory update --offline").run();
    cargo("advisory explain steady@1.0.0 --offline")
        .with_stdout_data(str![[r#"
steady 1.0.0: affected by 1 advisory; the index knows of no yank

affected by
    RUSTSEC-2020-0002 2020-01-01 vulnerability, severity not scored
        `steady` can be attacked
        patched: no version

"#]])
        .run();

    registry.yank("hasty", "1.0.0", false);
    cargo("advisory explain hasty@1.0.0")
        .with_stdout_data(str![[r#"
hasty 1.0.0: no advisory; yanked

releases
    y
    ^ 1.0.0
    .  1.0.0  nothing known, yanked
    y  yanked: 1.0.0

"#]])
        .run();
}

#[cargo_test]
fn a_version_that_was_removed_is_explained() {
    let registry = seen();
    registry.publish("hasty", "1.0.1").remove("hasty", "1.0.0");
    cargo("advisory update").run();

    cargo("advisory explain hasty@1.0.0")
        .with_stdout_data(str![[r#"
hasty 1.0.0: no advisory; removed from its registry

releases
    r.
    ^ 1.0.0
    .  1.0.0 … 1.0.1  nothing known, 2 releases (1 removed)
    r  removed: 1.0.0

"#]])
        .run();

    registry.remove("hasty", "1.0.1");
    cargo("advisory explain hasty")
        .with_stdout_data(str![[r#"
hasty: no advisory, 1 release, 1 removed

releases
    r
    .  1.0.0  nothing known, removed
    r  removed, 1 release

removed releases
    1.0.0

"#]])
        .run();
}

/// As in CI, where an update comes before the first build.
#[cargo_test]
fn the_lockfile_of_the_folder_is_asked_about_before_anything_was_built() {
    let registry = Registry::in_place_of_crates_io();
    registry.publish("hasty", "1.0.0");
    Database::new().add(&advisory("other"));
    let lockfile = lockfile("app", &[("hasty", "1.0.0", &crates_io())]);
    let below = lockfile.parent().unwrap().join("src");
    fs::create_dir(&below).unwrap();

    cargo("advisory update").cwd(&below).tells("");

    assert_eq!(registry.asked(), ["ha/st/hasty"]);
}

/// Of a registry that has nothing left: what says that it is one still is its configuration.
#[cargo_test]
fn all_crates_of_a_registry_may_have_been_removed() {
    let registry = seen();
    cargo("advisory update").run();
    registry.remove("hasty", "1.0.0").remove("steady", "1.0.0");

    for _ in 0..2 {
        cargo("advisory update").tells("");
    }

    let vanished: Vec<_> = findings()
        .iter()
        .map(|finding| finding["vanished"].clone())
        .collect();
    assert_eq!(vanished, [true, true]);
}

/// Cargo reads and writes its own under a lock that builds wait for.
#[cargo_test]
fn cargo_s_own_cache_is_left_alone() {
    let registry = seen();

    cargo("advisory update").run();

    assert_eq!(registry.asked().len(), 2);
    // Cargo marks the folder as soon as it looks up its configuration of a registry.
    let cache = paths::cargo_home().join("registry");
    let names = fs::read_dir(cache).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["CACHEDIR.TAG"]);
}

#[cargo_test]
fn status_tells_who_was_asked_and_when() {
    let registry = seen();
    registry.yank("hasty", "1.0.0", true);
    cargo("advisory update").run();

    cargo("advisory status")
        .with_stdout_data(str![[r#"
index [ROOT]/home/.cargo/advisory/index-[..].bin
database [ROOT]/advisory-db
    folder, no commit
    checked  [..]Z, less than a minute ago
registry crates-io
    crates   2
    asked    [..]Z, less than a minute ago
1 advisory
    malicious          0
    vulnerability      1
    unsound            0
    unmaintained       0
    notice             0
    withdrawn          0
0 files quarantined

"#]])
        .run();
    let status = cargo("advisory status --format json").status();
    let [registry] = &status["index"]["registries"].as_array().unwrap()[..] else {
        panic!("one registry");
    };
    assert_eq!(
        (
            &registry["registry"],
            &registry["crates"],
            &registry["unanswered"]
        ),
        (&"crates-io".into(), &2.into(), &Value::Null)
    );
    assert_eq!(registry["asked"], registry["oldest"]);
    assert_ne!(registry["asked"], Value::Null);
}

#[cargo_test]
fn offline_nobody_is_asked_and_what_is_known_stays() {
    let registry = seen();
    registry.yank("hasty", "1.0.0", true);
    cargo("advisory update").run();
    let asked = registry.asked();

    registry.yank("hasty", "1.0.0", false);
    cargo("advisory update --offline").run();

    assert_eq!(registry.asked(), asked);
    assert_eq!(findings().len(), 1);
}
