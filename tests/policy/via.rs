//! `via`: an ignore that covers a finding only where every way to it leads through a crate.

use cargo_test_support::registry::Package;
use cargo_test_support::{Project, cargo_test, str};

use crate::support::{Database, ExecsExt as _, ProjectExt as _, advisory, locked};
use crate::{NOTHING, set, shows};

/// Ways to `leaky`:
///
/// ```text
/// app ─ left ─┬─ leaky
///     ─ right ┘
///     ─ far ── left
/// ```
fn diamond() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("left", "1.0.0").dep("leaky", "1").publish();
    Package::new("right", "1.0.0").dep("leaky", "1").publish();
    Package::new("far", "1.0.0").dep("left", "1").publish();
    Database::new().add(&advisory("leaky")).index();
}

fn ignore_via(app: &Project, crates: &[&str]) {
    let entries: Vec<String> = crates
        .iter()
        .map(|via| format!("{{ id = 'RUSTSEC-2020-0001', via = '{via}', reason = 'a' }}"))
        .collect();
    set(app, &format!("ignore = [{}]", entries.join(", ")));
}

/// Holds what builds, `cargo advisory` and an answer about Cargo.lock alone make of the ignores.
#[track_caller]
fn covers(app: &Project, crates: &[&str], expected: bool) {
    ignore_via(app, crates);
    for command in ["check", "advisory", "advisory --lockfile Cargo.lock"] {
        let output = app
            .cargo(&format!("{command} --deny-advisories"))
            .without_status()
            .run();
        let code = if expected { 0 } else { 101 };
        assert_eq!(output.code, Some(code), "{command} via {crates:?}");
    }
}

#[cargo_test]
fn the_only_way_leads_through_the_crate() {
    diamond();
    let app = locked("left = '1'");

    covers(&app, &["left"], true);
    covers(&app, &["app"], true);
    covers(&app, &["right"], false);
    covers(&app, &["leaky"], false);
}

#[cargo_test]
fn of_several_ways_each_has_to_be_covered_by_one_or_the_other() {
    diamond();
    let app = locked("left = '1'\nright = '1'\nfar = '1'");

    covers(&app, &["left"], false);
    covers(&app, &["right"], false);
    covers(&app, &["left", "right"], true);
    covers(&app, &["right", "left"], true);
    covers(&app, &["far", "right"], false);
    covers(&app, &["app"], true);
}

#[cargo_test]
fn a_direct_dependency_is_a_way_through_nothing() {
    diamond();
    let app = locked("left = '1'\nleaky = '1'");

    covers(&app, &["left"], false);
}

#[cargo_test]
fn another_way_is_told() {
    diamond();
    let app = locked("left = '1'\nright = '1'");
    ignore_via(&app, &["left"]);

    app.cargo("check").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]]);
    shows(
        &mut app.cargo("advisory --explain-policy"),
        str![[r#"
leaky 1.0.0 (runtime)
    warn  RUSTSEC-2020-0001: vulnerability
          not ignored: the entry for RUSTSEC-2020-0001 in `[ROOT]/foo/.cargo/config.toml` is for paths through left, and there are others
          `advisory.vulnerability` is `warn` by default

"#]],
    );
}

#[cargo_test]
fn a_build_takes_the_ways_that_it_takes_itself() {
    diamond();
    let app = locked("left = '1'\n[dev-dependencies]\nright = '1'");
    ignore_via(&app, &["left"]);

    app.cargo("check").tells(NOTHING);
    app.cargo("check --tests").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]]);
    // Everything in the workspace, tests too.
    shows(
        &mut app.cargo("advisory --explain-policy"),
        str![[r#"
leaky 1.0.0 (runtime)
    warn  RUSTSEC-2020-0001: vulnerability
          not ignored: the entry for RUSTSEC-2020-0001 in `[ROOT]/foo/.cargo/config.toml` is for paths through left, and there are others
          `advisory.vulnerability` is `warn` by default

"#]],
    );
}

#[cargo_test]
fn what_no_build_uses_is_covered_by_the_ways_of_the_lockfile() {
    diamond();
    let app = locked("[target.'cfg(windows)'.dependencies]\nleft = '1'");

    ignore_via(&app, &["left"]);
    app.cargo("check").tells(NOTHING);
    shows(
        &mut app.cargo("advisory --explain-policy"),
        str![[r#"
leaky 1.0.0 (unbuilt)
    allow  RUSTSEC-2020-0001: vulnerability
          ignored on paths through left, as `[ROOT]/foo/.cargo/config.toml` says: a

"#]],
    );
    ignore_via(&app, &["right"]);
    shows(
        &mut app.cargo("advisory --explain-policy"),
        str![[r#"
leaky 1.0.0 (unbuilt)
    allow  RUSTSEC-2020-0001: vulnerability
          not ignored: the entry for RUSTSEC-2020-0001 in `[ROOT]/foo/.cargo/config.toml` is for paths through right, and there are others
          `allow`, because this build does not use the package

"#]],
    );
}

#[cargo_test]
fn a_way_and_another_condition_have_to_hold_both() {
    diamond();
    let app = locked("left = '1'");
    let entry = |rest: &str| {
        format!("ignore = [{{ package = 'leaky', via = 'left', reason = 'a', {rest} }}]")
    };

    set(&app, &entry("until = '2020-02-29'"));
    assert_eq!(crate::built(&app, ""), "warn");
    set(&app, &entry("while = 'unbuilt'"));
    assert_eq!(crate::built(&app, ""), "warn");
    set(&app, &entry("while = 'unfixable'"));
    assert_eq!(crate::built(&app, ""), "allow");
}

#[cargo_test]
fn the_crate_is_named_as_it_is_published() {
    diamond();
    let app = locked("renamed = { package = 'left', version = '1' }");

    covers(&app, &["left"], true);
    covers(&app, &["renamed"], false);
}
