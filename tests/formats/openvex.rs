//! `--format openvex`. No package of a registry is known to hold the official schema, so its rules are asked for one by one
//! here; and the Python package `vexipy` reads each document where it is installed, as it is in CI.

use std::io::Write as _;
use std::process::{Command, Stdio};

use cargo_advisory::report::formats::Document;
use cargo_advisory::report::json::{FindingInfo, Report};
use serde_json::{Value, json};

use crate::answers::{
    CHECKED, CRATES_IO, checked, content, finding, hostile, hostile_finding, ignored, parsed,
    rendered, report, step, yank,
};

#[track_caller]
fn vex(report: Report<'static>) -> Value {
    valid(&rendered(Document::OpenVex, report))
}

/// What the specification asks of a document, and of each statement by its status.
#[track_caller]
fn valid(text: &str) -> Value {
    let vex = parsed(text);
    has_only(
        &vex,
        &[
            "@context",
            "@id",
            "author",
            "timestamp",
            "version",
            "statements",
        ],
        &["role", "tooling"],
    );
    assert_eq!(vex["@context"], "https://openvex.dev/ns/v0.2.0");
    vex["timestamp"]
        .as_str()
        .unwrap()
        .parse::<jiff::Timestamp>()
        .unwrap();
    for statement in statements(&vex) {
        let by_status: &[&str] = match statement["status"].as_str().unwrap() {
            "affected" => &["action_statement"],
            // A justification or an impact statement; both the schema refuses.
            "not_affected" => &["justification"],
            "under_investigation" => &[],
            other => panic!("{other}"),
        };
        let always = ["vulnerability", "products", "status"];
        has_only(statement, &[&always, by_status].concat(), &["status_notes"]);
        has_only(
            &statement["vulnerability"],
            &["name"],
            &["@id", "description", "aliases"],
        );
        let products = statement["products"].as_array().unwrap();
        assert!(!products.is_empty(), "{statement:#}");
        for product in products {
            has_only(product, &["@id", "identifiers"], &["subcomponents"]);
            assert_eq!(product["@id"], product["identifiers"]["purl"]);
        }
        let justification = &statement["justification"];
        assert!([&Value::Null, &json!("component_not_present")].contains(&justification));
    }
    read_by_vexipy(text);
    vex
}

#[track_caller]
fn has_only(object: &Value, required: &[&str], optional: &[&str]) {
    let members = object.as_object().unwrap();
    for name in required {
        assert!(members.contains_key(*name), "no `{name}` in {object:#}");
    }
    for name in members.keys() {
        let known = required.contains(&name.as_str()) || optional.contains(&name.as_str());
        assert!(known, "`{name}` in {object:#}");
    }
}

/// Has the document read by a library of others, which refuses what the specification does not allow.
#[allow(clippy::print_stderr, reason = "a test that skips says why")]
#[allow(clippy::disallowed_methods, reason = "no cargo is asked here")]
#[track_caller]
fn read_by_vexipy(text: &str) {
    let python = |program: &str| {
        let mut command = Command::new("python3");
        command
            .args(["-c", program])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn()
    };
    let installed = python("import vexipy").is_ok_and(|child| {
        let output = child.wait_with_output().unwrap();
        output.status.success()
    });
    if !installed {
        let in_ci = std::env::var_os("CI").is_some();
        assert!(!in_ci, "the Python package `vexipy` is not installed");
        eprintln!("skipped: the Python package `vexipy` is not installed");
        return;
    }
    let mut child =
        python("import sys, vexipy; vexipy.Document.from_json(sys.stdin.buffer.read())").unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}\nin {text}");
}

fn statements(vex: &Value) -> &Vec<Value> {
    vex["statements"].as_array().unwrap()
}

#[test]
fn what_is_built_is_affected_and_has_an_action() {
    let vex = vex(report(vec![finding("leaky", "RUSTSEC-2020-0001")]));

    assert_eq!(vex["timestamp"], CHECKED);
    assert_eq!(
        vex["statements"],
        json!([{
            "vulnerability": {
                "@id": "https://rustsec.org/advisories/RUSTSEC-2020-0001.html",
                "name": "RUSTSEC-2020-0001",
                "description": "Everything leaks out",
                "aliases": ["CVE-2020-0001", "GHSA-aaaa-bbbb-cccc"],
            },
            "products": [{
                "@id": "pkg:cargo/app@1.0.0",
                "identifiers": { "purl": "pkg:cargo/app@1.0.0" },
                "subcomponents": [{
                    "@id": "pkg:cargo/leaky@1.0.0",
                    "identifiers": { "purl": "pkg:cargo/leaky@1.0.0" },
                }],
            }],
            "status": "affected",
            "status_notes": "The version is affected. Whether the code in question is reached is not known.",
            "action_statement": "`cargo advisory fix` moves leaky from 1.0.0 to 1.0.1",
        }])
    );
}

#[test]
fn what_is_not_built_is_not_in_the_products() {
    let unbuilt = FindingInfo {
        scope: "unbuilt",
        ..finding("leaky", "ADV-1")
    };
    let vex = vex(report(vec![unbuilt]));

    let statement = &statements(&vex)[0];
    assert_eq!(statement["status"], "not_affected");
    assert_eq!(statement["justification"], "component_not_present");
    assert_eq!(statement["products"][0]["@id"], "pkg:cargo/app@1.0.0");
}

/// Else it would say of every use of the package that it is not affected.
#[test]
fn what_nothing_brings_in_is_not_cleared() {
    let unbuilt = FindingInfo {
        scope: "unbuilt",
        paths: Vec::new(),
        ..finding("leaky", "ADV-1")
    };
    let vex = vex(report(vec![unbuilt]));

    let statement = &statements(&vex)[0];
    assert_eq!(statement["status"], "under_investigation");
    assert_eq!(statement["products"][0]["@id"], "pkg:cargo/leaky@1.0.0");
}

#[test]
fn a_lockfile_alone_does_not_tell() {
    let mut answer = report(vec![FindingInfo {
        scope: "unbuilt",
        ..finding("leaky", "ADV-1")
    }]);
    answer.lockfile = Some("Cargo.lock".to_owned());

    assert_eq!(statements(&vex(answer))[0]["status"], "under_investigation");
}

#[test]
fn what_is_ignored_has_the_reason_as_its_action() {
    let mut answer = report(Vec::new());
    answer.ignored = vec![ignored(finding("leaky", "ADV-1"), "it is never called")];

    let vex = vex(answer);

    let statement = &statements(&vex)[0];
    assert_eq!(statement["status"], "affected");
    assert_eq!(
        statement["action_statement"],
        "ignored until 2027-01-31: it is never called"
    );
}

#[test]
fn only_what_concerns_security_is_stated() {
    let of = |kind| FindingInfo {
        kind,
        ..finding("leaky", "ADV-1")
    };
    let vex = vex(report(vec![
        of("malicious"),
        of("unmaintained"),
        yank("gone"),
        of("notice"),
    ]));

    assert_eq!(statements(&vex).len(), 1);
}

#[test]
fn each_member_is_a_product_once() {
    let leaky = || step("leaky", Some(CRATES_IO));
    let paths = vec![
        vec![step("app", None), leaky()],
        vec![step("app", None), step("between", Some(CRATES_IO)), leaky()],
        vec![step("tool", None), leaky()],
    ];
    let vex = vex(report(vec![FindingInfo {
        paths,
        ..finding("leaky", "ADV-1")
    }]));

    let products = statements(&vex)[0]["products"].as_array().unwrap();
    let ids: Vec<&Value> = products.iter().map(|product| &product["@id"]).collect();
    assert_eq!(ids, ["pkg:cargo/app@1.0.0", "pkg:cargo/tool@1.0.0"]);
}

#[test]
fn a_lockfile_of_the_package_itself_has_it_as_product() {
    let paths = vec![vec![step("leaky", Some(CRATES_IO))]];
    let vex = vex(report(vec![FindingInfo {
        paths,
        ..finding("leaky", "ADV-1")
    }]));

    let product = &statements(&vex)[0]["products"][0];
    assert_eq!(product["@id"], "pkg:cargo/leaky@1.0.0");
    assert_eq!(product.get("subcomponents"), None);
}

#[test]
fn the_id_is_of_the_content() {
    let id = |package| vex(report(vec![finding(package, "ADV-1")]))["@id"].clone();

    let known = id("leaky");
    assert!(known.as_str().unwrap().starts_with("urn:uuid:"), "{known}");
    assert_eq!(id("leaky"), known);
    assert_ne!(id("leaky-sys"), known);
}

#[test]
fn several_lockfiles_are_one_document_without_repetition() {
    let mut content = content(report(vec![finding("leaky", "ADV-1")]));
    let second = report(vec![finding("leaky", "ADV-1"), finding("leaky", "ADV-2")]);
    content.checked.push(checked(second, "other/Cargo.lock"));

    let vex = valid(&Document::OpenVex.render(&content));

    assert_eq!(statements(&vex).len(), 2);
}

#[test]
fn nothing_to_state_is_a_document_without_statements() {
    let text = rendered(Document::OpenVex, report(vec![yank("gone")]));

    assert_eq!(parsed(&text)["statements"], json!([]));
}

#[test]
fn hostile_text_stays_valid() {
    let mut answer = report(vec![hostile_finding()]);
    answer.ignored = vec![ignored(hostile_finding(), hostile().leak())];

    let vex = vex(answer);

    let description = statements(&vex)[0]["vulnerability"]["description"]
        .as_str()
        .unwrap();
    assert!(
        !description.contains(['\n', '\u{1b}', '\u{202e}']),
        "{description}"
    );
}
