//! What policy makes of findings: levels with conditions, grace, ignores and denials, in builds and in `cargo advisory`.

mod conditions;
mod denials;
mod explained;
mod fix;
mod grace;
mod ignores;
mod mistakes;
mod news;
mod places;
mod repeat;
mod sources;
mod stale;
mod via;

#[path = "../support/mod.rs"]
mod support;

use std::fmt::Write as _;

use cargo_test_support::compare::assert_e2e;
use cargo_test_support::prelude::IntoData;
use cargo_test_support::registry::Package;
use cargo_test_support::{Execs, Project};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use support::{Advisory, Database, ExecsExt as _, ProjectExt as _, app};

/// What a build says when nothing is wrong with it.
const NOTHING: &str = "";

/// A locked project that depends on `leaky` 1.0.0, about which there is this advisory.
fn app_with(advisory: &Advisory) -> Project {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(advisory).index();
    support::lock(app("leaky = '1'"))
}

/// Makes these lines the `[advisory]` table of the workspace.
fn set(app: &Project, toml: &str) {
    app.change_file(".cargo/config.toml", &format!("[advisory]\n{toml}\n"));
}

/// The day so many days ago, or to come where that is negative, in UTC.
fn day(ago: i64) -> Date {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    today - ago.days()
}

/// Runs the command and compares what it answers, then what it tells beside.
#[track_caller]
fn shows(execs: &mut Execs, expected: impl IntoData) {
    let output = execs.without_status().run();
    let mut shown = String::from_utf8(output.stdout).unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    for line in told.lines() {
        let word = line.split(':').next().unwrap_or_default();
        if ["warning", "error", "note"].contains(&word) {
            writeln!(shown, "{line}").unwrap();
        }
    }
    if output.code != Some(0) {
        writeln!(shown, "exit code {}", output.code.unwrap_or(-1)).unwrap();
    }
    assert_e2e().eq(shown, expected);
}

/// What a build with these words makes of the findings: `deny`, `warn`, or `allow` where it says nothing.
#[track_caller]
fn built(app: &Project, words: &str) -> &'static str {
    let output = app.cargo(&format!("check {words}")).without_status().run();
    let told = String::from_utf8(output.stderr).unwrap();
    let starts = |word: &str| told.lines().any(|line| line.starts_with(word));
    match output.code {
        Some(101) if starts("error: 1 ") => "deny",
        Some(0) if starts("warning: 1 ") => "warn",
        Some(0) if !starts("warning") && !starts("note") => "allow",
        _ => panic!("{told}"),
    }
}

/// The level of the only finding, as `cargo advisory` with these words has it.
#[track_caller]
fn answered(app: &Project, words: &str) -> String {
    let answer = app
        .cargo(&format!("advisory --format json {words}"))
        .without_status()
        .answer();
    let findings = answer["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{answer:#}");
    findings[0]["level"].as_str().unwrap().to_owned()
}
