//! Which versions an advisory concerns, and which advisories count.

use cargo_test_support::cargo_test;
use cargo_test_support::prelude::*;
use cargo_test_support::registry::{self, Package};
use cargo_test_support::str;

use crate::support::{Advisory, Database, ExecsExt as _, ProjectExt as _, advisory, app};
use crate::{LEAKY, NOTHING};

/// Indexes `advisory` and something that has nothing to do with it.
fn index(advisory: &Advisory) {
    registry::init();
    Database::new()
        .add(&crate::support::advisory("other"))
        .add(advisory)
        .index();
}

/// Builds with exactly this version of `leaky`.
#[track_caller]
fn judge(version: &str, expected: impl IntoData) {
    Package::new("leaky", version).publish();
    app(&format!("leaky = '={version}'"))
        .cargo("check")
        .tells(expected);
}

#[cargo_test]
fn a_patched_version_is_not_insecure() {
    index(&advisory("leaky").patched(">= 1.0.1"));

    judge("1.0.0", LEAKY);
    judge("1.0.1", NOTHING);
    judge("2.0.0", NOTHING);
}

#[cargo_test]
fn a_version_before_the_problem_is_not_insecure() {
    index(&advisory("leaky").unaffected("< 1.0.0").patched(">= 1.1.0"));

    judge("0.9.9", NOTHING);
    judge("1.0.0", LEAKY);
    judge("1.1.0", NOTHING);
}

#[cargo_test]
fn a_backported_patch_counts() {
    index(
        &advisory("leaky")
            .patched(">= 0.9.5, < 1.0.0")
            .patched(">= 1.0.1"),
    );

    judge("0.9.5", NOTHING);
    judge("1.0.0", LEAKY);
    judge("1.0.1", NOTHING);
}

#[cargo_test]
fn a_pre_release_of_the_patched_version_is_still_insecure() {
    index(&advisory("leaky").patched(">= 1.0.0"));

    judge(
        "1.0.0-rc.1",
        str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0-rc.1 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]],
    );
    judge("1.0.0", NOTHING);
}

#[cargo_test]
fn a_patched_pre_release_is_not_insecure() {
    index(&advisory("leaky").patched(">= 1.0.0-rc.2"));

    judge(
        "1.0.0-rc.1",
        str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0-rc.1 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]],
    );
    judge("1.0.0-rc.2", NOTHING);
    judge("1.0.0", NOTHING);
}

#[cargo_test]
fn build_metadata_is_shown_and_changes_nothing() {
    index(&advisory("leaky").patched(">= 1.0.1"));
    Package::new("leaky", "1.0.0+openssl-3").publish();
    Package::new("leaky", "1.0.1+openssl-3").publish();

    app("leaky = '=1.0.0'").cargo("check").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0+openssl-3 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]]);
    app("leaky = '=1.0.1'").cargo("check").tells(NOTHING);
}

#[cargo_test]
fn a_withdrawn_advisory_never_matches() {
    index(&advisory("leaky").field("withdrawn", "\"2020-02-02\""));

    judge("1.0.0", NOTHING);
}

#[cargo_test]
fn names_that_differ_in_a_dash_are_two_packages() {
    Package::new("leaky-pipe", "1.0.0").publish();
    Database::new().add(&advisory("leaky_pipe")).index();

    app("leaky-pipe = '1'").cargo("check").tells(NOTHING);
}

#[cargo_test]
fn of_two_versions_in_one_graph_only_the_affected_one_is_told() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("leaky", "2.0.0").publish();
    Database::new()
        .add(&advisory("leaky").patched(">= 2.0.0"))
        .index();
    let app = app("leaky = '1'\nnewer = { package = 'leaky', version = '2' }");

    app.cargo("check").tells(LEAKY);
}

#[cargo_test]
fn two_affected_versions_are_two_dependencies() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("leaky", "2.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = app("leaky = '1'\nnewer = { package = 'leaky', version = '2' }");

    app.cargo("check").tells(str![[r#"
[WARNING] 2 insecure dependencies: leaky 1.0.0 (RUSTSEC-2020-0001), leaky 2.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]]);
}

#[cargo_test]
fn a_dependency_with_several_advisories_counts_once_under_the_worst() {
    Package::new("leaky", "1.0.0").publish();
    Database::new()
        .add(
            &advisory("leaky")
                .id("RUSTSEC-2020-0001")
                .informational("unmaintained"),
        )
        .add(
            &advisory("leaky")
                .id("RUSTSEC-2020-0002")
                .informational("unsound"),
        )
        .add(&advisory("leaky").id("RUSTSEC-2020-0003"))
        .add(&advisory("leaky").id("RUSTSEC-2020-0004"))
        .add(
            &advisory("leaky")
                .id("RUSTSEC-2020-0005")
                .informational("notice"),
        )
        .index();

    app("leaky = '1'").cargo("check").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0004); run `cargo advisory` for details

"#]]);
}

#[cargo_test]
fn the_severest_of_several_advisories_is_named() {
    Package::new("leaky", "1.0.0").publish();
    let low = "\"CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N\"";
    let critical = "\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"";
    Database::new()
        .add(&advisory("leaky").id("RUSTSEC-2020-0001").field("cvss", low))
        .add(
            &advisory("leaky")
                .id("RUSTSEC-2020-0002")
                .field("cvss", critical),
        )
        .add(&advisory("leaky").id("RUSTSEC-2020-0003"))
        .index();

    app("leaky = '1'").cargo("check").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details

"#]]);
}

#[cargo_test]
fn what_was_not_understood_about_a_dependency_is_noted_and_cannot_pass_a_denial() {
    Package::new("leaky", "1.0.0").publish();
    Database::new()
        .add(&advisory("other"))
        .file("crates/leaky/RUSTSEC-2020-0002.md", "no advisory at all")
        .index();
    let app = app("leaky = '1'");

    app.cargo("check")
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0 (registry `dummy-registry`)
[NOTE] advisories that were not understood may concern leaky; `cargo advisory status` shows them
[CHECKING] leaky v1.0.0
[CHECKING] app v0.1.0 ([ROOT]/foo)
[FINISHED] `dev` profile [unoptimized + debuginfo] target(s) in [ELAPSED]s

"#]])
        .run();
    app.cargo("check --deny-advisories").tells(str![[r#"
[ERROR] advisories that were not understood may concern leaky; `cargo advisory status` shows them
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn what_was_not_understood_about_others_is_of_no_account() {
    Package::new("leaky", "1.0.0").publish();
    Database::new()
        .add(&advisory("other"))
        .file("crates/broken/RUSTSEC-2020-0002.md", "no advisory at all")
        .index();
    let app = app("leaky = '1'");

    app.cargo("check").tells(NOTHING);
    app.cargo("check --deny-advisories").tells(NOTHING);
}

#[cargo_test]
fn what_may_be_about_any_crate_counts_for_all() {
    Package::new("leaky", "1.0.0").publish();
    Database::new()
        .add(&advisory("other"))
        .file("crates/not a name/RUSTSEC-2020-0002.md", "")
        .index();
    let app = app("leaky = '1'");

    app.cargo("check").tells(str![[r#"
[NOTE] advisories that were not understood may concern leaky; `cargo advisory status` shows them

"#]]);
    app.cargo("check --deny-advisories").tells(str![[r#"
[ERROR] advisories that were not understood may concern leaky; `cargo advisory status` shows them
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn a_finding_goes_before_what_was_not_understood_and_tells_of_it() {
    Package::new("leaky", "1.0.0").publish();
    Database::new()
        .add(&advisory("leaky"))
        .file("crates/leaky/RUSTSEC-2020-0002.md", "no advisory at all")
        .index();
    let app = app("leaky = '1'");

    app.cargo("check").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); some advisories not understood; run `cargo advisory` for details

"#]]);
    app.cargo("check --deny-advisories").tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); some advisories not understood; run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}
