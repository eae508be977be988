//! A level holds where its conditions are met, and drops to the next lower one where they are not.

use cargo_test_support::registry::Package;
use cargo_test_support::{Project, cargo_test, project, str};

use crate::support::{
    Database, ExecsExt as _, ProjectExt as _, advisory, app, app_locked_to_yanked, lock, locked,
};
use crate::{NOTHING, answered, built, set, shows};

/// Whether the finding meets the condition, the level of the rule, whether denial is asked for, and what follows.
const TABLE: [(bool, &str, bool, &str); 8] = [
    (true, "deny", false, "deny"),
    (true, "deny", true, "deny"),
    (true, "warn", false, "warn"),
    (true, "warn", true, "deny"),
    (false, "deny", false, "warn"),
    (false, "deny", true, "deny"),
    (false, "warn", false, "allow"),
    (false, "warn", true, "allow"),
];

/// Holds the rows of [`TABLE`] that are about such a finding against what builds and `cargo advisory` make of it.
#[track_caller]
fn holds(app: &Project, condition: &str, is_met: bool) {
    let rows = TABLE.iter().filter(|row| row.0 == is_met);
    for (_, level, denial, expected) in rows {
        set(
            app,
            &format!("vulnerability = {{ level = '{level}', {condition} }}"),
        );
        let flag = if *denial { "--deny-advisories" } else { "" };
        let case = format!("{condition}, met: {is_met}, {level} {flag}");
        assert_eq!(built(app, flag), *expected, "{case}");
        assert_eq!(answered(app, flag), *expected, "{case}");
    }
}

/// An advisory of this severity.
fn scored(vector: &str) -> crate::support::Advisory {
    advisory("leaky").field("cvss", &format!("\"CVSS:3.1/{vector}\""))
}

const CRITICAL: &str = "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
const LOW: &str = "AV:L/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:L";

#[cargo_test]
fn what_is_compiled_into_the_program_has_the_scope_runtime() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("middle", "1.0.0").dep("leaky", "1").publish();
    Database::new().add(&advisory("leaky")).index();

    holds(&locked("middle = '1'"), "scope = 'runtime'", true);
}

#[cargo_test]
fn what_only_runs_while_building_has_not_the_scope_runtime() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = app("[build-dependencies]\nleaky = '1'");
    app.change_file("build.rs", "fn main() {}");

    holds(&lock(app), "scope = 'runtime'", false);
}

#[cargo_test]
fn what_only_tests_use_has_not_the_scope_runtime() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = locked("[dev-dependencies]\nleaky = '1'");
    set(
        &app,
        "vulnerability = { level = 'deny', scope = 'runtime' }",
    );

    assert_eq!(built(&app, "--tests"), "warn");
    assert_eq!(answered(&app, ""), "warn");
    // A build without tests does not use it.
    assert_eq!(built(&app, ""), "allow");
}

#[cargo_test]
fn what_a_member_names_has_the_scope_direct() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();

    holds(&locked("leaky = '1'"), "scope = 'direct'", true);
}

#[cargo_test]
fn what_a_dependency_names_has_not_the_scope_direct() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("middle", "1.0.0").dep("leaky", "1").publish();
    Database::new().add(&advisory("leaky")).index();

    holds(&locked("middle = '1'"), "scope = 'direct'", false);
}

#[cargo_test]
fn a_member_names_its_build_dependencies_directly() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = app("[build-dependencies]\nleaky = '1'");
    app.change_file("build.rs", "fn main() {}");

    holds(&lock(app), "scope = 'direct'", true);
}

#[cargo_test]
fn any_scope_is_no_condition() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("middle", "1.0.0").dep("leaky", "1").publish();
    Database::new().add(&advisory("leaky")).index();

    holds(&locked("middle = '1'"), "scope = 'any'", true);
}

#[cargo_test]
fn an_advisory_may_be_as_severe_as_asked() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&scored(CRITICAL)).index();

    holds(&locked("leaky = '1'"), "min-severity = 'critical'", true);
}

#[cargo_test]
fn an_advisory_may_be_less_severe_than_asked() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&scored(LOW)).index();

    holds(&locked("leaky = '1'"), "min-severity = 'medium'", false);
}

#[cargo_test]
fn an_advisory_that_nobody_scored_counts_as_severe() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();

    holds(&locked("leaky = '1'"), "min-severity = 'critical'", true);
}

#[cargo_test]
fn an_advisory_without_any_effect_is_below_every_severity() {
    Package::new("leaky", "1.0.0").publish();
    Database::new()
        .add(&scored("AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N"))
        .index();

    holds(&locked("leaky = '1'"), "min-severity = 'low'", false);
}

#[cargo_test]
fn what_a_release_mends_is_fixable() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Package::new("leaky", "1.0.1").publish();
    Database::new()
        .add(&advisory("leaky").patched(">= 1.0.1"))
        .index();

    holds(&app, "fixable = true", true);
}

#[cargo_test]
fn what_no_release_mends_is_not_fixable() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();

    holds(&locked("leaky = '1'"), "fixable = true", false);
}

#[cargo_test]
fn a_condition_that_is_turned_off_is_none() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();

    holds(&locked("leaky = '1'"), "fixable = false", true);
}

#[cargo_test]
fn of_several_conditions_all_have_to_be_met_and_the_level_drops_once() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("middle", "1.0.0").dep("leaky", "1").publish();
    Database::new().add(&scored(LOW)).index();
    let indirect = locked("middle = '1'");

    let (both, one) = (
        "scope = 'direct', min-severity = 'high', fixable = true",
        "scope = 'runtime', min-severity = 'high'",
    );
    holds(&indirect, both, false);
    holds(&indirect, one, false);
    holds(&indirect, "scope = 'runtime', min-severity = 'low'", true);
}

#[cargo_test]
fn conditions_hold_for_every_kind_of_advisory() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("middle", "1.0.0").dep("leaky", "1").publish();
    let database = Database::new();
    let app = locked("middle = '1'");

    for (kind, advisory) in [
        ("malicious", advisory("leaky").malicious()),
        ("vulnerability", advisory("leaky")),
        ("unsound", advisory("leaky").informational("unsound")),
        (
            "unmaintained",
            advisory("leaky").informational("unmaintained"),
        ),
        ("notice", advisory("leaky").informational("notice")),
    ] {
        database.add(&advisory).index();
        for (scope, expected) in [("direct", "warn"), ("runtime", "deny")] {
            set(
                &app,
                &format!("{kind} = {{ level = 'deny', scope = '{scope}' }}"),
            );
            assert_eq!(built(&app, ""), expected, "{kind}");
            assert_eq!(answered(&app, ""), expected, "{kind}");
        }
    }
}

#[cargo_test]
fn conditions_hold_for_yanks() {
    let app = app_locked_to_yanked();
    Database::new().add(&advisory("other")).index();

    for (condition, expected) in [
        ("scope = 'direct'", "deny"),
        ("scope = 'runtime'", "deny"),
        // There is no later release. A build asks no registry, and takes it that there is.
        ("min-severity = 'critical'", "deny"),
    ] {
        set(&app, &format!("yanked = {{ level = 'deny', {condition} }}"));
        assert_eq!(built(&app, ""), expected, "{condition}");
        assert_eq!(answered(&app, ""), expected, "{condition}");
    }
}

#[cargo_test]
fn a_yank_is_fixable_where_another_release_is_compatible() {
    let app = app_locked_to_yanked();
    Database::new().add(&advisory("other")).index();
    set(&app, "yanked = { level = 'deny', fixable = true }");

    // There is none, which a build does not know until somebody has looked.
    assert_eq!(built(&app, ""), "deny");
    assert_eq!(answered(&app, ""), "warn");
    assert_eq!(built(&app, ""), "warn");
    Package::new("gone", "1.0.1").publish();
    assert_eq!(answered(&app, ""), "deny");
    assert_eq!(built(&app, ""), "deny");
}

#[cargo_test]
fn a_lockfile_alone_tells_no_scope_so_that_all_are_met() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("middle", "1.0.0").dep("leaky", "1").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = locked("middle = '1'");

    for scope in ["direct", "runtime"] {
        set(
            &app,
            &format!("vulnerability = {{ level = 'deny', scope = '{scope}' }}"),
        );
        assert_eq!(answered(&app, "--lockfile Cargo.lock"), "deny", "{scope}");
    }
}

#[cargo_test]
fn build_warnings_deny_what_a_condition_left_a_warning() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("middle", "1.0.0").dep("leaky", "1").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = locked("middle = '1'");
    set(&app, "vulnerability = { level = 'deny', scope = 'direct' }");

    app.cargo("check").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]]);
    app.cargo("check --config build.warnings='deny'")
        .tells(str![[r#"
[ERROR] 1 insecure dependency denied by `build.warnings`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    set(&app, "vulnerability = { level = 'warn', scope = 'direct' }");
    app.cargo("check --config build.warnings='deny'")
        .tells(NOTHING);
}

#[cargo_test]
fn each_step_of_a_condition_is_told() {
    let member = |name: &str, rest: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{rest}")
    };
    Package::new("leaky", "1.0.0").publish();
    Package::new("shaky", "1.0.0").dep("leaky", "1").publish();
    Database::new()
        .add(&scored(LOW))
        .add(
            &advisory("shaky")
                .id("RUSTSEC-2020-0002")
                .informational("unsound"),
        )
        .index();
    let workspace = lock(
        project()
            .file(
                "Cargo.toml",
                "[workspace]\nmembers = ['first', 'second']\nresolver = '2'\n",
            )
            .file(
                "first/Cargo.toml",
                &member("first", "[dependencies]\nshaky = '1'\n"),
            )
            .file("first/src/lib.rs", "")
            .file(
                "second/Cargo.toml",
                &member("second", "[build-dependencies]\nshaky = '1'\n"),
            )
            .file("second/src/lib.rs", "")
            .file("second/build.rs", "fn main() {}")
            .build(),
    );
    set(
        &workspace,
        "vulnerability = { level = 'deny', scope = 'direct', min-severity = 'high' }\n\
         unsound = { level = 'deny', scope = 'runtime' }",
    );

    workspace.cargo("check -p second").tells(str![[r#"
[WARNING] 1 insecure and 1 unsound dependencies: leaky 1.0.0 (RUSTSEC-2020-0001), shaky 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details

"#]]);
    shows(
        &mut workspace.cargo("advisory -p second --explain-policy"),
        str![[r#"
leaky 1.0.0 (build)
    warn  RUSTSEC-2020-0001: vulnerability
          `advisory.vulnerability` is `deny` in `[ROOT]/foo/.cargo/config.toml`
          drops to `warn`, because `scope = "direct"` in `[ROOT]/foo/.cargo/config.toml` is not met

shaky 1.0.0 (build)
    warn  RUSTSEC-2020-0002: unsound
          `advisory.unsound` is `deny` in `[ROOT]/foo/.cargo/config.toml`
          drops to `warn`, because `scope = "runtime"` in `[ROOT]/foo/.cargo/config.toml` is not met

"#]],
    );
    shows(
        &mut workspace.cargo("advisory --explain-policy"),
        str![[r#"
leaky 1.0.0 (runtime)
    warn  RUSTSEC-2020-0001: vulnerability
          `advisory.vulnerability` is `deny` in `[ROOT]/foo/.cargo/config.toml`
          drops to `warn`, because `scope = "direct"` in `[ROOT]/foo/.cargo/config.toml` is not met

shaky 1.0.0 (runtime)
    deny  RUSTSEC-2020-0002: unsound
          `advisory.unsound` is `deny` in `[ROOT]/foo/.cargo/config.toml`
[ERROR] 1 unsound dependency denied by `advisory.unsound`: shaky 1.0.0 (RUSTSEC-2020-0002)
[EXIT_STATUS] 101

"#]],
    );
}
