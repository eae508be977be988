//! `cargo advisory explain ID | CRATE[@VERSION]`: a whole advisory, or all about a crate.

use std::fs;

use cargo_advisory::database::{Loaded, Location, load};
use cargo_advisory::report::Page;
use cargo_advisory::report::explain::{self, Explained};
use cargo_test_support::registry::{Package, RegistryBuilder, alt_init};
use cargo_test_support::{cargo_test, file, paths, str};

use crate::support::{Advisory, Database, ID, ProjectExt as _, advisory, app, cargo, configure};

/// The columns of the terminal, for tests of cargo. Without it they have a very wide one.
const WIDTH: &str = "__CARGO_TEST_TTY_WIDTH_DO_NOT_USE_THIS";

/// Releases of `leaky`: patched on two branches, one of them yanked.
fn publish_leaky() {
    for (version, day) in [
        ("0.9.0", "2019-01-01"),
        ("1.0.0", "2019-03-01"),
        ("1.0.1", "2019-04-01"),
        ("1.0.2", "2020-01-02"),
        ("1.1.0", "2019-06-01"),
        ("1.1.1", "2020-01-03"),
    ] {
        Package::new("leaky", version)
            .pubtime(&format!("{day}T00:00:00Z"))
            .yanked(version == "1.0.1")
            .publish();
    }
}

fn leaky() -> Advisory {
    advisory("leaky")
        .unaffected("< 1.0.0")
        .patched(">= 1.0.2, < 1.1.0")
        .patched(">= 1.1.1")
}

/// `advisory` with this description.
fn describe(advisory: &Advisory, description: &str) -> String {
    advisory.text().replace("What happens.", description)
}

#[cargo_test]
fn an_advisory_is_shown_whole() {
    publish_leaky();
    let advisory = leaky()
        .field("cvss", "\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"")
        .field("url", "\"https://leaky.example/issues/1\"")
        .field("references", "[\"https://leaky.example/pull/2\"]")
        .field("aliases", "[\"CVE-2020-0001\", \"GHSA-aaaa-bbbb-cccc\"]")
        .field("related", "[\"CVE-2019-0001\"]")
        .tables("[affected]\nos = [\"linux\"]\narch = [\"x86\"]\nfunctions = { \"leaky::leak\" = [\"< 1.1.1\"] }");
    Database::new()
        .file(
            &format!("crates/leaky/{ID}.md"),
            &describe(
                &advisory,
                "Calling `leak` in a loop [leaks](https://leaky.example/leaks), which is a *long* story of many words.\n\n\
                 ## What to do\n\n- update\n- or do not call it:\n\n```rust\n// leaky::leak();\n```",
            ),
        )
        .index();

    cargo("advisory explain RUSTSEC-2020-0001")
        .env(WIDTH, "80")
        .with_stdout_data(str![[r#"
RUSTSEC-2020-0001 `leaky` can be attacked

    kind        vulnerability
    severity    critical (CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H)
    package     leaky
    reported    2020-01-01
    patched     >=1.0.2, <1.1.0 or >=1.1.1
    unaffected  <1.0.0
    systems     linux
    processors  x86
    functions   leaky::leak (<1.1.1)
    aliases     CVE-2020-0001, GHSA-aaaa-bbbb-cccc
    related     CVE-2019-0001
    links       https://leaky.example/issues/1
                https://leaky.example/pull/2

releases
    .xyoxo
    .  0.9.0          unaffected, 2019-01-01
    x  1.0.0 … 1.0.1  affected, 2 releases (1 yanked), 2019-03-01 to 2019-04-01
    o  1.0.2          patched, 2020-01-02
    x  1.1.0          affected, 2019-06-01
    o  1.1.1          patched, 2020-01-03
    y  yanked: 1.0.1

description
    Calling `leak` in a loop leaks [1], which is a long story of many words.

  What to do

    - update
    - or do not call it:

        // leaky::leak();

    [1] https://leaky.example/leaks

"#]])
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index

"#]])
        .run();
}

#[cargo_test]
fn it_is_coloured_on_a_terminal() {
    publish_leaky();
    Database::new()
        .file(
            &format!("crates/leaky/{ID}.md"),
            &describe(
                &leaky(),
                "Calling `leak` in a loop [leaks](https://leaky.example/leaks), which is *very* **bad**.\n\n## What to do\n\nUpdate.",
            ),
        )
        .index();

    cargo("advisory explain RUSTSEC-2020-0001 --color always")
        .env(WIDTH, "80")
        .with_stdout_data(file!["explain.term.svg"])
        .run();
}

#[cargo_test]
fn an_alias_in_any_case_shows_every_advisory_that_has_it() {
    publish_leaky();
    Package::new("shaky", "1.0.0").publish();
    Database::new()
        .add(&leaky().field("aliases", "[\"CVE-2020-0001\"]"))
        .add(
            &advisory("shaky")
                .id("RUSTSEC-2020-0002")
                .informational("unsound")
                .field("aliases", "[\"CVE-2020-0001\"]"),
        )
        .index();

    cargo("advisory explain cve-2020-0001")
        .with_stdout_data(str![[r#"
RUSTSEC-2020-0001 `leaky` can be attacked

    kind        vulnerability
    severity    not scored
    package     leaky
    reported    2020-01-01
    patched     >=1.0.2, <1.1.0 or >=1.1.1
    unaffected  <1.0.0
    aliases     CVE-2020-0001

releases
    .xyoxo
    .  0.9.0          unaffected, 2019-01-01
    x  1.0.0 … 1.0.1  affected, 2 releases (1 yanked), 2019-03-01 to 2019-04-01
    o  1.0.2          patched, 2020-01-02
    x  1.1.0          affected, 2019-06-01
    o  1.1.1          patched, 2020-01-03
    y  yanked: 1.0.1

description
    What happens.


RUSTSEC-2020-0002 `shaky` can be attacked

    kind        unsound
    package     shaky
    reported    2020-01-01
    patched     no version
    aliases     CVE-2020-0001

releases
    x
    x  1.0.0  affected

description
    What happens.

"#]])
        .run();
}

#[cargo_test]
fn a_crate_has_all_its_advisories_and_yanks() {
    publish_leaky();
    Database::new()
        .add(&leaky())
        .add(
            &leaky()
                .id("RUSTSEC-2020-0002")
                .title("It is unsound, too, and has a title that does not fit on one line of a terminal")
                .informational("unsound")
                .field("cvss", "\"CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L\""),
        )
        .add(
            &advisory("leaky")
                .id("RUSTSEC-2020-0003")
                .informational("unmaintained"),
        )
        .index();

    cargo("advisory explain leaky")
        .env(WIDTH, "80")
        .with_stdout_data(str![[r#"
leaky: 3 advisories, 6 releases, 1 yanked

advisories
    RUSTSEC-2020-0003 2020-01-01 unmaintained
        `leaky` can be attacked
        patched: no version
    RUSTSEC-2020-0002 2020-01-01 unsound, medium severity
        It is unsound, too, and has a title that does not fit on one line of a
        terminal
        patched: >=1.0.2, <1.1.0 or >=1.1.1
    RUSTSEC-2020-0001 2020-01-01 vulnerability, severity not scored
        `leaky` can be attacked
        patched: >=1.0.2, <1.1.0 or >=1.1.1

releases, unmaintained and notice left out
    .xy.x.
    .  0.9.0          not affected, 2019-01-01
    x  1.0.0 … 1.0.1  affected, 2 releases (1 yanked), 2019-03-01 to 2019-04-01;
                      by RUSTSEC-2020-0002, RUSTSEC-2020-0001
    .  1.0.2          not affected, 2020-01-02
    x  1.1.0          affected, 2019-06-01; by RUSTSEC-2020-0002,
                      RUSTSEC-2020-0001
    .  1.1.1          not affected, 2020-01-03
    y  yanked, 1 release

yanked releases, with the day of publication
    1.0.1 (2019-04-01)

"#]])
        .run();
}

#[cargo_test]
fn a_version_is_told_apart() {
    publish_leaky();
    Database::new()
        .add(&leaky())
        .add(
            &advisory("leaky")
                .id("RUSTSEC-2020-0002")
                .patched(">= 1.0.0"),
        )
        .index();

    cargo("advisory explain leaky@1.0.1")
        .with_stdout_data(str![[r#"
leaky 1.0.1: affected by 1 of 2 advisories; yanked, published 2019-04-01

affected by
    RUSTSEC-2020-0001 2020-01-01 vulnerability, severity not scored
        `leaky` can be attacked
        patched: >=1.0.2, <1.1.0 or >=1.1.1

not affected by
    RUSTSEC-2020-0002 2020-01-01 vulnerability, severity not scored
        `leaky` can be attacked
        patched: >=1.0.0

releases
    xxy.x.
      ^ 1.0.1
    x  0.9.0 … 1.0.1  affected, 3 releases (1 yanked), 2019-01-01 to 2019-04-01; by 1 advisory each
    .  1.0.2          not affected, 2020-01-02
    x  1.1.0          affected, 2019-06-01; by RUSTSEC-2020-0001
    .  1.1.1          not affected, 2020-01-03
    y  yanked: 1.0.1

"#]])
        .run();
    cargo("advisory explain leaky@1.1.1")
        .with_stdout_data(str![[r#"
leaky 1.1.1: affected by none of 2 advisories; not yanked, published 2020-01-03

not affected by
    RUSTSEC-2020-0002 2020-01-01 vulnerability, severity not scored
        `leaky` can be attacked
        patched: >=1.0.0
    RUSTSEC-2020-0001 2020-01-01 vulnerability, severity not scored
        `leaky` can be attacked
        patched: >=1.0.2, <1.1.0 or >=1.1.1

releases
    xxy.x.
         ^ 1.1.1
    x  0.9.0 … 1.0.1  affected, 3 releases (1 yanked), 2019-01-01 to 2019-04-01; by 1 advisory each
    .  1.0.2          not affected, 2020-01-02
    x  1.1.0          affected, 2019-06-01; by RUSTSEC-2020-0001
    .  1.1.1          not affected, 2020-01-03
    y  yanked: 1.0.1

"#]])
        .run();
    cargo("advisory explain leaky@1.0.9")
        .with_stdout_data(str![[r#"
leaky 1.0.9: affected by none of 2 advisories; no such release is on crates.io

not affected by
    RUSTSEC-2020-0002 2020-01-01 vulnerability, severity not scored
        `leaky` can be attacked
        patched: >=1.0.0
    RUSTSEC-2020-0001 2020-01-01 vulnerability, severity not scored
        `leaky` can be attacked
        patched: >=1.0.2, <1.1.0 or >=1.1.1

releases
    xxy.x.
    x  0.9.0 … 1.0.1  affected, 3 releases (1 yanked), 2019-01-01 to 2019-04-01; by 1 advisory each
    .  1.0.2          not affected, 2020-01-02
    x  1.1.0          affected, 2019-06-01; by RUSTSEC-2020-0001
    .  1.1.1          not affected, 2020-01-03
    y  yanked: 1.0.1

"#]])
        .run();
}

#[cargo_test]
fn a_crate_without_advisories_says_so() {
    Package::new("sound_crate", "1.0.0").publish();
    Database::new().add(&leaky()).index();

    cargo("advisory explain sound-crate")
        .with_stdout_data(str![[r#"
sound_crate: no advisory, 1 release, none yanked

releases
    .
    .  1.0.0  nothing known

"#]])
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index

"#]])
        .run();
    cargo("advisory explain sound_crate@1.0.0")
        .with_stdout_data(str![[r#"
sound_crate 1.0.0: no advisory; not yanked

releases
    .
    ^ 1.0.0
    .  1.0.0  nothing known

"#]])
        .run();
}

#[cargo_test]
fn the_name_of_a_crate_may_start_as_an_id_does() {
    Package::new("cve-rs", "1.0.0").publish();
    Database::new().add(&advisory("cve-rs")).index();

    cargo("advisory explain cve-rs@1.0.0")
        .with_stdout_data(str![[r#"
cve-rs 1.0.0: affected by 1 advisory; not yanked

affected by
    RUSTSEC-2020-0001 2020-01-01 vulnerability, severity not scored
        `cve-rs` can be attacked
        patched: no version

releases
    x
    ^ 1.0.0
    x  1.0.0  affected; by RUSTSEC-2020-0001

"#]])
        .run();
}

#[cargo_test]
fn of_several_databases_the_one_is_named() {
    Package::new("leaky", "1.0.0").publish();
    let own = Database::at("own");
    own.add(&advisory("leaky").id("OWN-2020-0001"));
    let common = Database::at("common");
    common.add(&advisory("leaky"));
    configure(&format!(
        "[advisory]\ndatabases = ['{}', '{}']",
        common.path().display(),
        own.path().display()
    ));
    own.index();

    cargo("advisory explain own-2020-0001")
        .with_stdout_data(str![[r#"
OWN-2020-0001 `leaky` can be attacked

    kind        vulnerability
    severity    not scored
    package     leaky
    reported    2020-01-01
    patched     no version
    database    [ROOT]/own

releases
    x
    x  1.0.0  affected

description
    What happens.

"#]])
        .run();
}

#[cargo_test]
fn names_are_alike_that_differ_in_case_and_dashes() {
    Package::new("very_leaky", "1.0.0").publish();
    Database::new().add(&advisory("very_leaky")).index();

    cargo("advisory explain Very-Leaky")
        .with_stdout_data(str![[r#"
very_leaky: 1 advisory, 1 release, none yanked

advisories
    RUSTSEC-2020-0001 2020-01-01 vulnerability, severity not scored
        `very_leaky` can be attacked
        patched: no version

releases
    x
    x  1.0.0  affected; by RUSTSEC-2020-0001

"#]])
        .run();
}

#[cargo_test]
fn what_nobody_knows_is_an_error() {
    Package::new("leaky", "1.0.0").publish();
    Database::new()
        .add(&leaky())
        .add(
            &advisory("fine")
                .id("RUSTSEC-2020-0005")
                .field("withdrawn", "\"2020-02-02\""),
        )
        .file("crates/odd/RUSTSEC-2020-0009.md", "no front matter\n")
        .index();

    for (what, expected) in [
        (
            "unknown",
            str![[r#"
[UPDATING] `dummy-registry` index
[ERROR] `unknown` is neither an advisory nor a crate that the index or crates.io knows; check the spelling, or run `cargo advisory update`

"#]],
        ),
        (
            "RUSTSEC-2020-9999",
            str![[r#"
[ERROR] there is no advisory `RUSTSEC-2020-9999` in the index, which leaves out those that were withdrawn; check the id, or run `cargo advisory update`

"#]],
        ),
        (
            "RUSTSEC-2020-0005",
            str![[r#"
[ERROR] there is no advisory `RUSTSEC-2020-0005` in the index, which leaves out those that were withdrawn; check the id, or run `cargo advisory update`

"#]],
        ),
        (
            "rustsec-2020-0009",
            str![[r#"
[ERROR] the advisory `rustsec-2020-0009` was not understood: it does not start with a block of TOML

"#]],
        ),
        (
            "leaky@1.0",
            str![[r#"
[ERROR] `1.0` is not a version: unexpected end of input while parsing minor version number; give it whole, such as `leaky@1.2.3`

"#]],
        ),
        (
            "../leaky",
            str![[r#"
[ERROR] `../leaky` is neither the id of an advisory nor the name of a crate; give an id, such as `RUSTSEC-2021-0003`, or `CRATE`, or `CRATE@VERSION`

"#]],
        ),
    ] {
        cargo("advisory explain")
            .arg(what)
            .with_status(101)
            .with_stdout_data("")
            .with_stderr_data(expected)
            .run();
    }
}

#[cargo_test]
fn an_advisory_that_was_not_understood_is_noted() {
    Package::new("odd", "1.0.0").publish();
    Database::new()
        .add(&leaky())
        .file("crates/odd/RUSTSEC-2020-0009.md", "no front matter\n")
        .index();

    cargo("advisory explain odd")
        .with_stdout_data(str![[r#"
odd: no advisory, 1 release, none yanked

releases
    .
    .  1.0.0  nothing known

"#]])
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[NOTE] advisories that were not understood may concern odd; `cargo advisory status` shows them

"#]])
        .run();
}

#[cargo_test]
fn an_old_index_is_noted() {
    publish_leaky();
    Database::new().add(&leaky()).index_made(24 * 15);

    cargo("advisory explain leaky")
        .with_stderr_data(str![[r#"
[NOTE] the advisory index is 15 days old, over the limit of 14 days (`advisory.max-age`): it was last checked at [..]Z and it is [..]Z now; run `cargo advisory update`
[UPDATING] `dummy-registry` index

"#]])
        .run();
}

#[cargo_test]
fn without_an_index_it_says_how_to_make_one() {
    Database::new().add(&leaky());

    cargo("advisory explain leaky")
        .with_status(101)
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
[ERROR] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`

"#]])
        .run();
}

#[cargo_test]
fn offline_the_releases_are_those_last_seen() {
    publish_leaky();
    Database::new().add(&leaky()).index();
    // Downloads one of them: the others must not disappear beside it.
    app("leaky = '=1.0.0'").cargo("fetch").run();
    Package::new("leaky", "1.2.0").publish();

    for flag in ["--offline", "--frozen"] {
        cargo(&format!("advisory explain RUSTSEC-2020-0001 {flag}"))
            .with_stdout_data(str![[r#"
RUSTSEC-2020-0001 `leaky` can be attacked

    kind        vulnerability
    severity    not scored
    package     leaky
    reported    2020-01-01
    patched     >=1.0.2, <1.1.0 or >=1.1.1
    unaffected  <1.0.0

releases, as last seen
    .xyoxo
    .  0.9.0          unaffected, 2019-01-01
    x  1.0.0 … 1.0.1  affected, 2 releases (1 yanked), 2019-03-01 to 2019-04-01
    o  1.0.2          patched, 2020-01-02
    x  1.1.0          affected, 2019-06-01
    o  1.1.1          patched, 2020-01-03
    y  yanked: 1.0.1

description
    What happens.

"#]])
            .with_stderr_data("")
            .run();
    }
}

#[cargo_test]
fn offline_without_a_cache_the_line_is_missing() {
    publish_leaky();
    Database::new().add(&leaky()).index();

    cargo("advisory explain RUSTSEC-2020-0001 --offline")
        .with_stdout_data(str![[r#"
RUSTSEC-2020-0001 `leaky` can be attacked

    kind        vulnerability
    severity    not scored
    package     leaky
    reported    2020-01-01
    patched     >=1.0.2, <1.1.0 or >=1.1.1
    unaffected  <1.0.0

description
    What happens.

"#]])
        .with_stderr_data(str![[r#"
[NOTE] the releases of `leaky` are not known: crates.io was not asked about the crate before, and cannot be asked offline

"#]])
        .run();
    cargo("advisory explain unknown --offline")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] the index has no advisory about `unknown`, and whether there is such a crate is not known

Caused by:
  crates.io was not asked about the crate before, and cannot be asked offline

"#]])
        .run();
}

#[cargo_test]
fn a_sparse_registry_is_asked_and_remembered() {
    let _server = RegistryBuilder::new().http_index().build();
    publish_leaky();
    Database::new().add(&leaky()).index();

    for (flag, expected) in [
        (
            "",
            str![[r#"
RUSTSEC-2020-0001 `leaky` can be attacked

    kind        vulnerability
    severity    not scored
    package     leaky
    reported    2020-01-01
    patched     >=1.0.2, <1.1.0 or >=1.1.1
    unaffected  <1.0.0

releases
    .xyoxo
    .  0.9.0          unaffected, 2019-01-01
    x  1.0.0 … 1.0.1  affected, 2 releases (1 yanked), 2019-03-01 to 2019-04-01
    o  1.0.2          patched, 2020-01-02
    x  1.1.0          affected, 2019-06-01
    o  1.1.1          patched, 2020-01-03
    y  yanked: 1.0.1

description
    What happens.

"#]],
        ),
        (
            "--offline",
            str![[r#"
RUSTSEC-2020-0001 `leaky` can be attacked

    kind        vulnerability
    severity    not scored
    package     leaky
    reported    2020-01-01
    patched     >=1.0.2, <1.1.0 or >=1.1.1
    unaffected  <1.0.0

releases, as last seen
    .xyoxo
    .  0.9.0          unaffected, 2019-01-01
    x  1.0.0 … 1.0.1  affected, 2 releases (1 yanked), 2019-03-01 to 2019-04-01
    o  1.0.2          patched, 2020-01-02
    x  1.1.0          affected, 2019-06-01
    o  1.1.1          patched, 2020-01-03
    y  yanked: 1.0.1

description
    What happens.

"#]],
        ),
    ] {
        cargo(&format!("advisory explain RUSTSEC-2020-0001 {flag}"))
            .with_stdout_data(expected)
            .run();
    }
}

#[cargo_test]
fn only_configured_registries_are_asked() {
    let alternative = alt_init();
    Package::new("inner", "1.0.0").alternative(true).publish();
    let source = |url: &str| format!("\"registry+{url}\"");
    Database::new()
        .add(&advisory("inner").field("source", &source(alternative.index_url().as_str())))
        .add(
            &advisory("foreign")
                .id("RUSTSEC-2020-0002")
                .field("source", &source("https://elsewhere.invalid/index")),
        )
        .index();

    cargo("advisory explain inner")
        .with_stdout_data(str![[r#"
inner: 1 advisory, 1 release, none yanked

advisories
    RUSTSEC-2020-0001 2020-01-01 vulnerability, severity not scored
        `inner` can be attacked
        patched: no version

releases
    x
    x  1.0.0  affected; by RUSTSEC-2020-0001

"#]])
        .with_stderr_data(str![[r#"
[UPDATING] `alternative` index

"#]])
        .run();
    cargo("advisory explain RUSTSEC-2020-0002")
        .with_stdout_data(str![[r#"
RUSTSEC-2020-0002 `foreign` can be attacked

    kind        vulnerability
    severity    not scored
    package     foreign
    registry    registry+https://elsewhere.invalid/index
    reported    2020-01-01
    patched     no version

description
    What happens.

"#]])
        .with_stderr_data(str![[r#"
[NOTE] the releases of `foreign` are not known: the registry `registry+https://elsewhere.invalid/index` is not among the `[registries]` of cargo's configuration

"#]])
        .run();
}

#[cargo_test]
fn a_folder_of_vendored_crates_is_no_registry_to_ask() {
    publish_leaky();
    Database::new().add(&leaky()).index();
    let vendored = paths::root().join("vendored");
    fs::create_dir(&vendored).unwrap();
    let config = paths::cargo_home().join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("dummy-registry", "vendored")).unwrap();
    configure(&format!(
        "[source.vendored]\ndirectory = '{}'",
        vendored.display()
    ));

    cargo("advisory explain RUSTSEC-2020-0001")
        .with_stderr_data(str![[r#"
[NOTE] the releases of `leaky` are not known: crates.io is replaced by a folder, which holds only some of them

"#]])
        .run();
}

#[cargo_test]
fn foreign_text_cannot_act_on_the_terminal() {
    publish_leaky();
    Database::new()
        .file(
            &format!("crates/leaky/{ID}.md"),
            &describe(
                &leaky().title("\u{1b}]0;owned\u{7} \u{202e}title"),
                "\u{1b}[2J&#27;[31m\n\n::error::x ##[error]y\n\n```\n::error::code\n```\n\n[here](https://a.example/\u{9b}1)",
            ),
        )
        .index();

    let output = cargo("advisory explain RUSTSEC-2020-0001 --color always").run();
    let text = String::from_utf8(output.stdout).unwrap();
    // Our own colours are the only sequences.
    for sequence in text.split('\u{1b}').skip(1) {
        let end = sequence.find(|c: char| !c.is_ascii_digit() && c != '[');
        assert_eq!(end.map(|end| &sequence[end..=end]), Some("m"), "{text}");
    }
    cargo("advisory explain RUSTSEC-2020-0001")
        .with_stdout_data(str![[r#"
RUSTSEC-2020-0001 /u{1b}]0;owned/u{7} /u{202e}title

    kind        vulnerability
    severity    not scored
    package     leaky
    reported    2020-01-01
    patched     >=1.0.2, <1.1.0 or >=1.1.1
    unaffected  <1.0.0

releases
    .xyoxo
    .  0.9.0          unaffected, 2019-01-01
    x  1.0.0 … 1.0.1  affected, 2 releases (1 yanked), 2019-03-01 to 2019-04-01
    o  1.0.2          patched, 2020-01-02
    x  1.1.0          affected, 2019-06-01
    o  1.1.1          patched, 2020-01-03
    y  yanked: 1.0.1

description
    /u{1b}[2J/u{1b}[31m

    /u{3a}:[ERROR]:x #/u{23}[error]y

        /u{3a}:[ERROR]:code

    here [1]

    [1] https://a.example//u{9b}1

"#]])
        .run();
}

#[cargo_test]
fn it_is_as_wide_as_the_terminal_up_to_a_hundred_columns() {
    publish_leaky();
    let long = "many words ".repeat(30);
    Database::new()
        .file(&format!("crates/leaky/{ID}.md"), &describe(&leaky(), &long))
        .index();

    for (columns, expected) in [("30", 40), ("60", 60), ("120", 100)] {
        let output = cargo("advisory explain RUSTSEC-2020-0001")
            .env(WIDTH, columns)
            .run();
        let text = String::from_utf8(output.stdout).unwrap();
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(
            (expected - 10..=expected).contains(&widest),
            "{widest} of {expected}: {text}"
        );
    }
}

#[cargo_test]
fn links_are_followed_where_the_terminal_allows() {
    publish_leaky();
    Database::new()
        .file(
            &format!("crates/leaky/{ID}.md"),
            &describe(
                &leaky().field("aliases", "[\"CVE-2020-0001\"]"),
                "[here](https://a.example/here)",
            ),
        )
        .index();

    for (term, expected) in [("true", true), ("false", false)] {
        let output = cargo("advisory explain RUSTSEC-2020-0001 --color always")
            .arg("--config")
            .arg(format!("term.hyperlinks={term}"))
            .run();
        let text = String::from_utf8(output.stdout).unwrap();
        for target in [
            "https://a.example/here",
            "https://nvd.nist.gov/vuln/detail/CVE-2020-0001",
        ] {
            let link = format!("\u{1b}]8;;{target}\u{1b}\\");
            assert_eq!(text.contains(&link), expected, "{text}");
        }
    }
}

/// Runs under the program `script`, which gives it a terminal of its own.
#[cfg(target_os = "linux")]
#[cargo_test(requires = "script")]
fn what_is_longer_than_the_screen_is_paged() {
    publish_leaky();
    Database::new().add(&leaky()).index();
    let exe = crate::support::cargo_exe();
    let run = |rows: usize, pager: &str| {
        let line = format!(
            "stty rows {rows} cols 80; '{}' advisory explain RUSTSEC-2020-0001",
            exe.display()
        );
        let output = cargo_test_support::execs()
            .with_process_builder(cargo_test_support::process("script"))
            .args(&["-qec", &line, "/dev/null"])
            .env("PAGER", pager)
            .env("CARGO", &exe)
            .run();
        String::from_utf8(output.stdout).unwrap()
    };

    let paged = run(10, "sed s/^/paged:/");
    assert!(paged.contains("paged:    What happens."), "{paged}");
    for (rows, pager) in [(100, "sed s/^/paged:/"), (10, ""), (10, "cat")] {
        let shown = run(rows, pager);
        assert!(!shown.contains("paged:"), "{shown}");
        assert!(shown.contains("What happens."), "{shown}");
    }
    let without = run(10, "no-such-pager");
    assert!(
        without.contains("failed to run the pager `no-such-pager`"),
        "{without}"
    );
    assert!(without.contains("What happens."), "{without}");
}

/// The real advisories are not part of the repository: see `tests/rustsec_equality.rs`.
#[test]
#[allow(clippy::print_stdout, reason = "a skipped test says so")]
#[allow(
    clippy::disallowed_methods,
    reason = "where the data is comes from the environment"
)]
fn every_real_advisory_can_be_read() {
    let folder = match std::env::var_os("ADVISORY_TEST_DATA") {
        Some(folder) => folder.into(),
        None => std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
    };
    let folder = folder.join("advisory-db");
    if !folder.join("crates").is_dir() {
        println!("skipped: set ADVISORY_TEST_DATA to a folder with `advisory-db` in it");
        return;
    }
    let location = Location::parse(folder.to_str().unwrap()).unwrap();
    let Loaded::Snapshot(snapshot) = load(&location, None, None, &|_| {}).unwrap() else {
        unreachable!("a folder has no commit");
    };
    assert!(snapshot.advisories.len() > 1000);
    for advisory in &snapshot.advisories {
        for width in [80, 100] {
            let mut out = String::new();
            let explained = Explained {
                advisory,
                url: None,
                database: None,
                releases: None,
            };
            let page = Page {
                width: Some(width),
                unicode: true,
                links: true,
            };
            explain::advisory(&mut out, &explained, page);
            let shown = anstream::adapter::strip_str(&out).to_string();
            let id = &advisory.id;
            assert!(
                !shown.contains(|c: char| c.is_control() && c != '\n'),
                "{id}: {shown}"
            );
            for line in shown.lines() {
                // What is not broken: code, and words that are longer than the rest of a line.
                let longest = line.split(' ').map(|word| word.chars().count()).max();
                let code = line.starts_with("        ");
                assert!(
                    line.chars().count() <= width || code || longest > Some(width - 30),
                    "{id}: {line}"
                );
            }
            for word in advisory.description.split_ascii_whitespace() {
                if word.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                    assert!(shown.contains(word), "{id} lost {word}");
                }
            }
        }
    }
}
