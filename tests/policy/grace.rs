//! `grace`: so many days from the day on which an advisory came into the index, one drops by a level.

use std::fs;

use cargo_test_support::registry::Package;
use cargo_test_support::{Project, cargo_test, paths, str};

use crate::support::{Advisory, Database, ExecsExt as _, ProjectExt as _, advisory, locked};
use crate::{answered, built, day, set, shows};

/// A project with a finding that came into the index so many days ago, which is up to date.
fn found(days_ago: i64, about_leaky: &Advisory) -> Project {
    Package::new("leaky", "1.0.0").publish();
    let database = Database::new();
    database
        .add(&advisory("unrelated").id("RUSTSEC-2020-0009"))
        .index_made(24 * (days_ago + 1));
    database.add(about_leaky).index_made(24 * days_ago).index();
    locked("leaky = '1'")
}

const TWO_WEEKS: &str = "vulnerability = { level = 'deny', grace = '14d' }";

#[cargo_test]
fn the_line_counts_the_days_down() {
    let app = found(9, &advisory("leaky"));
    set(&app, TWO_WEEKS);

    app.cargo("check").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001, denied in 5 days); run `cargo advisory` for details

"#]]);
    shows(
        &mut app.cargo("advisory"),
        str![[r#"
leaky 1.0.0 (runtime)
    app 0.1.0 → leaky 1.0.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          denied in 5 days
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]],
    );
}

#[cargo_test]
fn where_there_is_no_room_for_the_days_there_may_be_for_the_name() {
    let app = found(9, &advisory("leaky"));
    set(&app, TWO_WEEKS);
    let at = |width: &str| {
        let mut check = app.cargo("check");
        check.env("__CARGO_TEST_TTY_WIDTH_DO_NOT_USE_THIS", width);
        check
    };

    at("120").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001, denied in 5 days); run `cargo advisory` for details

"#]]);
    at("110").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001, denied in 5 days); run `cargo advisory`

"#]]);
    at("90").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory`

"#]]);
    at("80").tells(str![[r#"
[WARNING] 1 insecure dependency; run `cargo advisory` for details

"#]]);
}

#[cargo_test]
fn grace_holds_for_so_many_days_from_the_day_of_the_advisory() {
    let app = found(14, &advisory("leaky"));

    for (grace, expected) in [
        (1, "deny"),
        (13, "deny"),
        // Today is the first day after it.
        (14, "deny"),
        // Today is the last day of it.
        (15, "warn"),
        (90, "warn"),
    ] {
        set(
            &app,
            &format!("vulnerability = {{ level = 'deny', grace = '{grace}d' }}"),
        );
        assert_eq!(built(&app, ""), expected, "{grace}");
        assert_eq!(answered(&app, ""), expected, "{grace}");
    }
}

#[cargo_test]
fn on_the_last_day_of_grace_one_day_is_left() {
    let app = found(13, &advisory("leaky"));
    set(&app, TWO_WEEKS);

    app.cargo("check").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001, denied in 1 day); run `cargo advisory` for details

"#]]);
}

#[cargo_test]
fn no_flag_takes_back_the_time_that_was_promised() {
    let app = found(9, &advisory("leaky"));
    set(&app, TWO_WEEKS);

    app.cargo("check --deny-advisories").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001, denied in 5 days); run `cargo advisory` for details

"#]]);
    app.cargo("check --config build.warnings='deny'").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001, denied in 5 days); run `cargo advisory` for details

"#]]);
    assert_eq!(answered(&app, "--deny-advisories"), "warn");
}

#[cargo_test]
fn what_would_warn_is_silent_for_a_while_and_a_denial_warns() {
    let app = found(9, &advisory("leaky"));
    set(&app, "vulnerability = { level = 'warn', grace = '14d' }");

    assert_eq!(built(&app, ""), "allow");
    app.cargo("check --deny-advisories").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001, denied in 5 days); run `cargo advisory` for details

"#]]);
    shows(
        &mut app.cargo("advisory"),
        str![[r#"
leaky 1.0.0 (runtime)
    app 0.1.0 → leaky 1.0.0
    allow  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          warned of in 5 days
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]],
    );
}

#[cargo_test]
fn an_unmet_condition_and_grace_both_lower_the_level() {
    let app = found(9, &advisory("leaky"));
    set(
        &app,
        "vulnerability = { level = 'deny', fixable = true, grace = '14d' }",
    );

    assert_eq!(built(&app, ""), "allow");
    assert_eq!(answered(&app, ""), "allow");
    shows(
        &mut app.cargo("advisory --explain-policy"),
        str![[r#"
leaky 1.0.0 (runtime)
    allow  RUSTSEC-2020-0001: vulnerability
          `advisory.vulnerability` is `deny` in `[ROOT]/foo/.cargo/config.toml`
          drops to `warn`, because `fixable = true` in `[ROOT]/foo/.cargo/config.toml` is not met
          drops to `allow` until [..], which is in 5 days, because of `grace = "14d"` in `[ROOT]/foo/.cargo/config.toml`

"#]],
    );
    app.cargo("check --deny-advisories").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001, denied in 5 days); run `cargo advisory` for details

"#]]);
}

#[cargo_test]
fn what_the_first_index_held_counts_from_the_day_of_the_report() {
    Package::new("leaky", "1.0.0").publish();
    let database = Database::new();
    let app = locked("leaky = '1'");
    set(&app, TWO_WEEKS);

    for (reported, expected) in [(20, "deny"), (14, "deny"), (13, "warn"), (3, "warn")] {
        let _ = fs::remove_dir_all(paths::cargo_home().join("advisory"));
        database
            .add(&advisory("leaky").date(&day(reported).to_string()))
            .index();

        assert_eq!(built(&app, ""), expected, "{reported}");
        assert_eq!(answered(&app, ""), expected, "{reported}");
    }
}

#[cargo_test]
fn an_advisory_of_which_the_clock_says_that_it_is_to_come_has_no_grace() {
    Package::new("leaky", "1.0.0").publish();
    let database = Database::new();
    // Since then the clock was set back by a year.
    database
        .add(&advisory("unrelated").id("RUSTSEC-2020-0009"))
        .index_made(-24 * 365);
    database.add(&advisory("leaky")).index_made(-24 * 365);
    let app = locked("leaky = '1'");
    set(&app, TWO_WEEKS);

    app.cargo("check").tells(str![[r#"
[ERROR] 1 insecure dependency denied by `advisory.vulnerability`: leaky 1.0.0 (RUSTSEC-2020-0001); index of unknown age; run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    assert_eq!(answered(&app, ""), "deny");

    // The next refresh believes the clock: the advisory has just come.
    database.index();
    assert_eq!(built(&app, ""), "warn");
    assert_eq!(answered(&app, ""), "warn");
}

#[cargo_test]
fn a_clock_that_is_a_day_behind_takes_no_grace_away() {
    let app = found(-1, &advisory("leaky"));
    set(&app, TWO_WEEKS);

    assert_eq!(answered(&app, ""), "warn");
}

#[cargo_test]
fn the_longest_grace_is_ninety_days_and_the_shortest_one() {
    let app = found(0, &advisory("leaky"));
    for grace in ["1d", "90d"] {
        set(
            &app,
            &format!("vulnerability = {{ level = 'deny', grace = '{grace}' }}"),
        );
        assert_eq!(built(&app, ""), "warn", "{grace}");
    }
    for grace in ["0d", "91d", "336h", "14", "-1d", "99999999999d", "14 d", ""] {
        set(
            &app,
            &format!("vulnerability = {{ level = 'deny', grace = '{grace}' }}"),
        );
        let expected = format!(
            "[ERROR] bad value `{grace}` for `advisory.vulnerability.grace` in `[ROOT]/foo/.cargo/config.toml`, line 2; \
             allowed are days such as `14d`, at most `90d`\n[EXIT_STATUS] 101\n"
        );
        app.cargo("check").tells(expected.clone());
        app.cargo("advisory").tells(expected);
    }
}

#[cargo_test]
fn neither_malicious_code_nor_a_yank_has_grace() {
    let app = found(0, &advisory("leaky").malicious());
    for kind in ["malicious", "yanked"] {
        set(
            &app,
            &format!("{kind} = {{ level = 'deny', grace = '14d' }}"),
        );
        let expected = format!(
            "[ERROR] unknown key `advisory.{kind}.grace` in `[ROOT]/foo/.cargo/config.toml`, line 2; allowed are \
             `level`, `scope`, `min-severity`, `fixable`\n[EXIT_STATUS] 101\n"
        );
        app.cargo("check").tells(expected.clone());
        app.cargo("advisory").tells(expected);
    }
}

#[cargo_test]
fn tools_are_told_when_the_grace_is_over() {
    let app = found(9, &advisory("leaky"));
    set(&app, TWO_WEEKS);

    let finding = &app.cargo("advisory --format json").answer()["findings"][0];

    assert_eq!(finding["appeared"], day(9).to_string());
    assert_eq!(finding["grace_until"], day(-5).to_string());
    assert_eq!(finding["level"], "warn");

    set(&app, "vulnerability = { level = 'deny', grace = '9d' }");
    let answer = app
        .cargo("advisory --format json")
        .without_status()
        .answer();
    let finding = &answer["findings"][0];
    assert_eq!(finding["appeared"], day(9).to_string());
    assert_eq!(finding["grace_until"], serde_json::Value::Null);
    assert_eq!(finding["level"], "deny");
}
