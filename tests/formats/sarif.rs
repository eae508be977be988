//! `--format sarif`, against the official schema.

use cargo_advisory::report::formats::Document;
use cargo_advisory::report::json::{FindingInfo, Report};
use serde_json::{Value, json};

use crate::answers::{
    checked, content, finding, hostile, hostile_finding, ignored, parsed, problem, rendered,
    report, version, yank,
};
use crate::schemas::assert_sarif;

#[track_caller]
fn log(report: Report<'static>) -> Value {
    valid(&rendered(Document::Sarif, report))
}

#[track_caller]
fn valid(text: &str) -> Value {
    let log = parsed(text);
    assert_sarif(&log);
    log
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().unwrap()
}

#[test]
fn a_finding_is_a_result_with_a_rule() {
    let log = log(report(vec![finding("leaky", "ADV-1")]));

    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "cargo-advisory");
    assert_eq!(
        run["tool"]["driver"]["rules"],
        json!([{
            "id": "ADV-1",
            "shortDescription": { "text": "Everything leaks out" },
            "fullDescription": {
                "text": "Everything leaks out (vulnerability, critical severity (CVSS score 9.8))"
            },
            "help": {
                "text": "Everything leaks out\nvulnerability, critical severity (CVSS score 9.8)\n\
                         patched: >=1.0.1\nhttps://leaks.example/1"
            },
            "helpUri": "https://leaks.example/1",
            "properties": {
                "tags": ["vulnerability", "security"],
                "security-severity": "9.8",
                "cvss": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
                "aliases": ["CVE-2020-0001", "GHSA-aaaa-bbbb-cccc"],
            },
        }])
    );
    let mut result = results(&log)[0].clone();
    result["partialFingerprints"].take();
    assert_eq!(
        result,
        json!({
            "ruleId": "ADV-1",
            "ruleIndex": 0,
            "level": "warning",
            "message": {
                "text": "leaky 1.0.0: Everything leaks out (vulnerability, critical severity (CVSS score 9.8)).\n\
                         Comes in by: app 1.0.0 → leaky 1.0.0\n\
                         Remedy: `cargo advisory fix` moves leaky from 1.0.0 to 1.0.1"
            },
            "locations": [{
                "physicalLocation": {
                    "artifactLocation": { "uri": "Cargo.lock", "uriBaseId": "%SRCROOT%" },
                    "region": { "startLine": 4 },
                },
                "logicalLocations": [{ "fullyQualifiedName": "leaky 1.0.0", "kind": "module" }],
            }],
            "partialFingerprints": null,
            "suppressions": [],
            "properties": {
                "kind": "vulnerability",
                "package": "leaky",
                "version": "1.0.0",
                "scope": "runtime",
            },
        })
    );
}

#[test]
fn each_level_has_its_word() {
    let at = |level| FindingInfo {
        level,
        ..finding("leaky", "ADV-1")
    };
    let log = log(report(vec![at("deny"), at("warn"), at("allow")]));

    let levels: Vec<&Value> = results(&log)
        .iter()
        .map(|result| &result["level"])
        .collect();
    assert_eq!(levels, ["error", "warning", "note"]);
}

#[test]
fn findings_of_one_advisory_share_its_rule() {
    let log = log(report(vec![
        yank("gone"),
        finding("leaky", "ADV-1"),
        finding("leaky-sys", "ADV-1"),
        yank("away"),
    ]));

    let rules = log["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .unwrap();
    let ids: Vec<&Value> = rules.iter().map(|rule| &rule["id"]).collect();
    assert_eq!(ids, ["yanked", "ADV-1"]);
    let places: Vec<&Value> = results(&log)
        .iter()
        .map(|result| &result["ruleIndex"])
        .collect();
    assert_eq!(places, [0, 1, 1, 0]);
    // What is not scored has no severity, and a yank is no matter of security.
    assert_eq!(
        rules[0]["properties"],
        json!({ "tags": ["yanked"], "aliases": [] })
    );
}

#[test]
fn a_fingerprint_is_of_the_finding_alone() {
    let print = |report| log(report)["runs"][0]["results"][0]["partialFingerprints"].clone();
    let known = print(report(vec![finding("leaky", "ADV-1")]));
    assert_eq!(known["cargoAdvisoryFinding/v1"].as_str().unwrap().len(), 64);

    let mut elsewhere = content(report(vec![finding("leaky", "ADV-1"), yank("gone")]));
    elsewhere.checked[0].lockfile = cargo_advisory::report::formats::Lockfile::new(
        std::path::Path::new("/elsewhere/Cargo.lock"),
        std::path::Path::new("/elsewhere"),
        "",
    );
    let moved = valid(&Document::Sarif.render(&elsewhere));
    assert_eq!(results(&moved)[0]["partialFingerprints"], known);
    assert_ne!(results(&moved)[1]["partialFingerprints"], known);

    // Words and levels may change, the finding is the same.
    let reworded = FindingInfo {
        level: "deny",
        title: Some("It leaks".to_owned()),
        paths: Vec::new(),
        ..finding("leaky", "ADV-1")
    };
    assert_eq!(print(report(vec![reworded])), known);
    for other in [
        FindingInfo {
            version: version("1.0.1"),
            ..finding("leaky", "ADV-1")
        },
        FindingInfo {
            source: Some("sparse+https://r.example/"),
            ..finding("leaky", "ADV-1")
        },
        finding("leaky", "ADV-2"),
        finding("leaky-sys", "ADV-1"),
    ] {
        assert_ne!(print(report(vec![other])), known);
    }
}

#[test]
fn what_is_ignored_is_suppressed_for_its_reason() {
    let mut answer = report(vec![finding("leaky", "ADV-1")]);
    answer.ignored = vec![ignored(finding("leaky", "ADV-2"), "it is never called")];

    let log = log(answer);

    assert_eq!(results(&log)[0]["suppressions"], json!([]));
    assert_eq!(
        results(&log)[1]["suppressions"],
        json!([{
            "kind": "external",
            "status": "accepted",
            "justification": "it is never called",
            "properties": { "until": "2027-01-31" },
        }])
    );
}

#[test]
fn what_could_not_be_checked_is_a_notification() {
    let mut answer = report(Vec::new());
    answer.problems = vec![problem("an advisory was not understood")];
    let mut content = content(answer);

    let log = valid(&Document::Sarif.render(&content));
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(results(&log).len(), 0);
    assert_eq!(invocation["executionSuccessful"], true);
    assert_eq!(
        invocation["toolExecutionNotifications"],
        json!([{
            "level": "warning",
            "descriptor": { "id": "quarantined" },
            "message": { "text": "an advisory was not understood" },
        }])
    );

    content.failures.push("there is no such file".to_owned());
    let log = valid(&Document::Sarif.render(&content));
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    assert_eq!(
        invocation["toolExecutionNotifications"][1]["level"],
        "error"
    );
}

#[test]
fn several_lockfiles_are_one_run() {
    let mut content = content(report(vec![finding("leaky", "ADV-1")]));
    content.checked.push(checked(
        report(vec![finding("leaky", "ADV-1")]),
        "a b/Cargo.lock",
    ));

    let log = valid(&Document::Sarif.render(&content));

    assert_eq!(log["runs"].as_array().unwrap().len(), 1);
    let [first, second] = results(&log).as_slice() else {
        panic!("{log:#}");
    };
    assert_eq!(
        second["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "a%20b/Cargo.lock"
    );
    assert_ne!(first["partialFingerprints"], second["partialFingerprints"]);
}

#[test]
fn hostile_text_makes_no_link_and_no_argument() {
    let mut answer = report(vec![hostile_finding()]);
    answer.ignored = vec![ignored(hostile_finding(), hostile().leak())];
    answer.problems = vec![problem(&hostile())];

    let log = log(answer);

    let text = results(&log)[0]["message"]["text"].as_str().unwrap();
    assert!(text.contains("\\[click\\](https://evil.example)"), "{text}");
    assert!(text.contains("{{0}}"), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{202e}', '\r']), "{text}");
    assert!(text.len() < 5_000, "{} bytes", text.len());
}
