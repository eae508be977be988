//! `advisory-report`: one object with the fields of `cargo advisory --format json`.

use cargo_metadata::Message;
use cargo_test_support::registry::Package;
use cargo_test_support::{Execs, cargo_test, str};
use serde_json::{Value, json};

use super::messages;
use crate::support::{
    Database, ExecsExt as _, ID, ProjectExt as _, advisory, app, configure, schema,
};

/// The reports among the messages. A tool that does not know them passes over them as over text.
#[track_caller]
fn reports(execs: &mut Execs) -> Vec<Value> {
    let texts = messages(execs)
        .into_iter()
        .filter_map(|message| match message {
            Message::TextLine(line) => Some(line),
            _ => None,
        });
    let reports = texts.map(|line| {
        let mut report: Value = serde_json::from_str(&line).unwrap();
        let reason = report.as_object_mut().unwrap().remove("reason");
        assert_eq!(reason, Some(json!("advisory-report")));
        schema::accepts(&report).unwrap_or_else(|error| panic!("{error}\nin {report:#}"));
        report
    });
    reports.collect()
}

#[cargo_test]
fn a_build_reports_what_the_command_answers() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("old", "1.0.0").dep("leaky", "1").publish();
    Database::new()
        .add(&advisory("leaky").patched(">= 1.0.1"))
        .add(
            &advisory("old")
                .informational("unmaintained")
                .id("RUSTSEC-2020-0002"),
        )
        .index();
    let app = app("old = '1'");

    let reports = reports(&mut app.cargo("check --message-format=json"));
    let answer = app.cargo("advisory --format json --no-remedies").answer();

    assert_eq!(reports, [answer]);
    assert_eq!(reports[0]["findings"].as_array().unwrap().len(), 2);
    assert_eq!(reports[0]["findings"][0]["id"], ID);
}

#[cargo_test]
fn a_denied_build_reports_and_then_fails() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = app("leaky = '1'");

    let mut build = app.cargo("check --message-format=json --deny-advisories");
    let reports = reports(&mut build);

    assert_eq!(reports[0]["findings"][0]["level"], "deny");
    build.tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    assert!(!app.root().join("target/debug/deps").exists());
}

#[cargo_test]
fn what_leads_to_nothing_is_not_reported() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("odd", "1.0.0").publish();
    Database::new()
        .add(&advisory("leaky"))
        .add(
            &advisory("odd")
                .informational("notice")
                .id("RUSTSEC-2020-0002"),
        )
        .index();
    configure(&format!(
        "ignore = [{{ id = '{ID}', reason = 'not reached' }}]"
    ));
    let app = app("leaky = '1'\nodd = '1'");

    assert!(reports(&mut app.cargo("check --message-format=json")).is_empty());
}

#[cargo_test]
fn beside_a_finding_the_ignored_and_the_allowed_are_reported_too() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("odd", "1.0.0").publish();
    Package::new("shaky", "1.0.0").publish();
    Database::new()
        .add(&advisory("leaky"))
        .add(
            &advisory("odd")
                .informational("notice")
                .id("RUSTSEC-2020-0002"),
        )
        .add(
            &advisory("shaky")
                .informational("unsound")
                .id("RUSTSEC-2020-0003"),
        )
        .index();
    configure(&format!(
        "ignore = [{{ id = '{ID}', reason = 'not reached' }}]"
    ));
    let app = app("leaky = '1'\nodd = '1'\nshaky = '1'");

    let reports = reports(&mut app.cargo("check --message-format=json"));

    let levels = reports[0]["findings"].as_array().unwrap().iter();
    let levels: Vec<_> = levels.map(|finding| &finding["level"]).collect();
    assert_eq!(levels, ["warn", "allow"]);
    assert_eq!(reports[0]["ignored"][0]["id"], ID);
    assert_eq!(reports[0]["ignored"][0]["ignore"]["reason"], "not reached");
}

#[cargo_test]
fn every_form_of_json_has_the_report_and_no_other_form_has() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = app("leaky = '1'");

    for (format, expected) in [
        ("json", 1),
        ("json-render-diagnostics", 1),
        ("json-diagnostic-short", 1),
        ("json-diagnostic-rendered-ansi", 1),
        ("human", 0),
        ("short", 0),
    ] {
        let line = format!("check --message-format={format}");
        assert_eq!(reports(&mut app.cargo(&line)).len(), expected, "{format}");
    }
}

#[cargo_test]
fn what_hides_the_line_does_not_hide_the_report() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    configure("repeat = 'on-change'");
    let app = app("leaky = '1'");
    let line = "check --message-format=json";
    app.cargo(line).run();

    app.cargo(line).tells(str![""]);
    assert_eq!(reports(&mut app.cargo(line)).len(), 1);
    assert_eq!(reports(&mut app.cargo(&format!("{line} --quiet"))).len(), 1);
    let allowed = format!("{line} --config build.warnings='allow'");
    assert_eq!(reports(&mut app.cargo(&allowed)).len(), 1);
}

#[cargo_test]
fn hostile_text_is_one_line_and_no_command() {
    Package::new("leaky", "1.0.0").publish();
    Database::new()
        .add(&advisory("leaky").title("a ##[error]b \u{202e}c ::warning::d"))
        .index();
    let app = app("leaky = '1'");

    let stdout = app.cargo("check --message-format=json").run_stdout();
    let lines = stdout
        .lines()
        .filter(|line| line.contains("advisory-report"));
    let lines: Vec<&str> = lines.collect();

    assert_eq!(lines.len(), 1);
    assert!(!lines[0].contains("##["));
    let report: Value = serde_json::from_str(lines[0]).unwrap();
    assert_eq!(
        report["findings"][0]["title"],
        "a ##[error]b \u{202e}c ::warning::d"
    );
}
