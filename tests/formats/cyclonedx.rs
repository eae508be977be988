//! `--format cyclonedx`, against the official schema.

use cargo_advisory::report::formats::Document;
use cargo_advisory::report::json::{FindingInfo, Report};
use serde_json::{Value, json};

use crate::answers::{
    checked, content, finding, hostile, hostile_finding, ignored, parsed, rendered, report, yank,
};
use crate::schemas::assert_cyclonedx;

#[track_caller]
fn bom(report: Report<'static>) -> Value {
    valid(&rendered(Document::CycloneDx, report))
}

#[track_caller]
fn valid(text: &str) -> Value {
    let bom = parsed(text);
    assert_cyclonedx(&bom);
    bom
}

#[test]
fn a_vulnerability_says_what_is_known_and_what_to_do() {
    let bom = bom(report(vec![finding("leaky", "RUSTSEC-2020-0001")]));

    assert_eq!(bom["metadata"]["timestamp"], crate::answers::CHECKED);
    assert_eq!(
        bom["components"],
        json!([{
            "type": "library",
            "bom-ref": "pkg:cargo/leaky@1.0.0",
            "name": "leaky",
            "version": "1.0.0",
            "purl": "pkg:cargo/leaky@1.0.0",
        }])
    );
    assert_eq!(
        bom["vulnerabilities"],
        json!([{
            "id": "RUSTSEC-2020-0001",
            "source": { "name": "RustSec", "url": "https://rustsec.org/advisories/RUSTSEC-2020-0001.html" },
            "references": [
                {
                    "id": "CVE-2020-0001",
                    "source": { "name": "NVD", "url": "https://nvd.nist.gov/vuln/detail/CVE-2020-0001" },
                },
                {
                    "id": "GHSA-aaaa-bbbb-cccc",
                    "source": { "name": "GitHub", "url": "https://github.com/advisories/GHSA-aaaa-bbbb-cccc" },
                },
            ],
            "ratings": [{
                "score": 9.8,
                "severity": "critical",
                "method": "CVSSv31",
                "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            }],
            "description": "Everything leaks out",
            "recommendation": "`cargo advisory fix` moves leaky from 1.0.0 to 1.0.1",
            "advisories": [{ "url": "https://leaks.example/1" }],
            "published": "2020-01-02T00:00:00Z",
            "analysis": {
                "state": "in_triage",
                "detail": "the version is affected, and part of this build; \
                           whether the code in question is reached is not known",
            },
            "affects": [{
                "ref": "pkg:cargo/leaky@1.0.0",
                "versions": [{ "version": "1.0.0", "status": "affected" }],
            }],
        }])
    );
}

#[test]
fn no_more_is_claimed_than_is_known() {
    let malicious = || FindingInfo {
        kind: "malicious",
        ..finding("evil", "ADV-1")
    };
    let unbuilt = |finding| FindingInfo {
        scope: "unbuilt",
        ..finding
    };
    let state = |report| {
        let analysis = bom(report)["vulnerabilities"][0]["analysis"].clone();
        let justification = analysis["justification"].as_str().map(str::to_owned);
        (
            analysis["state"].as_str().unwrap().to_owned(),
            justification,
        )
    };
    let not_affected = (
        "not_affected".to_owned(),
        Some("code_not_present".to_owned()),
    );
    let in_triage = ("in_triage".to_owned(), None);

    assert_eq!(
        state(report(vec![malicious()])),
        ("exploitable".to_owned(), None)
    );
    assert_eq!(state(report(vec![finding("leaky", "ADV-1")])), in_triage);
    for finding in [malicious(), finding("leaky", "ADV-1")] {
        assert_eq!(state(report(vec![unbuilt(finding)])), not_affected);
    }
    // Of a lockfile alone no build is known.
    for finding in [malicious(), finding("leaky", "ADV-1")] {
        let mut answer = report(vec![unbuilt(finding)]);
        answer.lockfile = Some("Cargo.lock".to_owned());
        assert_eq!(state(answer), in_triage);
    }
    let mut answer = report(Vec::new());
    answer.ignored = vec![ignored(finding("leaky", "ADV-1"), "it is never called")];
    let bom = bom(answer);
    let analysis = &bom["vulnerabilities"][0]["analysis"];
    assert_eq!(analysis["state"], "in_triage");
    let detail = analysis["detail"].as_str().unwrap();
    assert!(
        detail.ends_with("; ignored until 2027-01-31: it is never called"),
        "{detail}"
    );
}

#[test]
fn only_what_concerns_security_is_a_vulnerability() {
    let of = |kind| FindingInfo {
        kind,
        ..finding("leaky", "ADV-1")
    };
    let bom = bom(report(vec![
        of("unsound"),
        yank("gone"),
        of("unmaintained"),
        of("notice"),
    ]));

    assert_eq!(bom["vulnerabilities"].as_array().unwrap().len(), 1);
    assert_eq!(bom["components"].as_array().unwrap().len(), 1);
}

#[test]
fn methods_are_those_of_the_vector() {
    for (vector, method) in [
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSSv3"),
        (
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
            "CVSSv4",
        ),
        ("AV:N/AC:L/Au:N/C:P/I:P/A:P", "other"),
    ] {
        let finding = FindingInfo {
            cvss: Some(vector.to_owned()),
            ..finding("leaky", "ADV-1")
        };
        assert_eq!(
            bom(report(vec![finding]))["vulnerabilities"][0]["ratings"][0]["method"],
            method
        );
    }
    let unscored = FindingInfo {
        cvss: None,
        score: None,
        severity: None,
        ..finding("leaky", "ADV-1")
    };
    assert_eq!(
        bom(report(vec![unscored]))["vulnerabilities"][0]["ratings"],
        json!([])
    );
}

#[test]
fn the_serial_number_is_of_the_content() {
    let serial = |package| bom(report(vec![finding(package, "ADV-1")]))["serialNumber"].clone();

    assert_eq!(serial("leaky"), serial("leaky"));
    assert_ne!(serial("leaky"), serial("leaky-sys"));
}

#[test]
fn several_lockfiles_are_one_document_without_repetition() {
    let mut content = content(report(vec![finding("leaky", "ADV-1")]));
    let second = report(vec![finding("leaky", "ADV-1"), finding("leaky", "ADV-2")]);
    content.checked.push(checked(second, "other/Cargo.lock"));

    let bom = valid(&Document::CycloneDx.render(&content));

    assert_eq!(bom["components"].as_array().unwrap().len(), 1);
    assert_eq!(bom["vulnerabilities"].as_array().unwrap().len(), 2);
}

#[test]
fn nothing_found_is_a_document_too() {
    assert_eq!(bom(report(Vec::new()))["vulnerabilities"], json!([]));
}

#[test]
fn hostile_text_stays_valid() {
    let mut answer = report(vec![hostile_finding()]);
    answer.ignored = vec![ignored(hostile_finding(), hostile().leak())];

    let bom = bom(answer);

    let description = bom["vulnerabilities"][0]["description"].as_str().unwrap();
    assert!(
        !description.contains(['\n', '\u{1b}', '\u{202e}']),
        "{description}"
    );
}
