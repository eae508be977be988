//! A VEX document of CycloneDX 1.6: the packages with a vulnerability, and what is known of each.
//!
//! It tells of what an attacker could use: malicious packages, vulnerabilities and unsoundness. A yank, a package that
//! nobody maintains and a notice are no vulnerabilities, and not in it.

use serde_json::{Value, json};

use super::{Case, Content, Distinct, TOOL, TOOL_VERSION, json_line, purl, shown, urn_of};
use crate::report::link::Link;

pub(super) fn render(content: &Content<'_>) -> String {
    let mut components = Distinct::default();
    let mut vulnerabilities = Distinct::default();
    for case in content.cases().filter(Case::is_about_security) {
        // A finding is about a package of a registry, which has a name.
        let Some(purl) = purl::of_finding(case.finding) else {
            continue;
        };
        components.push(component(&case, &purl));
        vulnerabilities.push(vulnerability(&case, &purl));
    }
    let mut document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": format!("{:.0}", content.known_at()),
            "tools": { "components": [{
                "type": "application",
                "name": TOOL,
                "version": TOOL_VERSION,
            }] },
        },
        "components": components.items,
        "vulnerabilities": vulnerabilities.items,
    });
    document["serialNumber"] = urn_of(&document).into();
    json_line(document)
}

fn component(case: &Case<'_>, purl: &str) -> Value {
    json!({
        "type": "library",
        "bom-ref": purl,
        "name": case.finding.package,
        "version": case.finding.version.to_string(),
        "purl": purl,
    })
}

fn vulnerability(case: &Case<'_>, purl: &str) -> Value {
    let finding = case.finding;
    let references: Vec<Value> = finding
        .aliases
        .iter()
        .map(|alias| json!({ "id": alias, "source": source(alias) }))
        .collect();
    let own = case.own_page();
    json!({
        "id": case.id(),
        "source": source(case.id()),
        "references": references,
        "ratings": ratings(case),
        "description": case.title(),
        "recommendation": case.advice(),
        "advisories": own.iter().map(|url| json!({ "url": url })).collect::<Vec<_>>(),
        "published": finding.date.as_ref().map(|date| format!("{date}T00:00:00Z")),
        "analysis": analysis(case),
        "affects": [{
            "ref": purl,
            "versions": [{ "version": finding.version.to_string(), "status": "affected" }],
        }],
    })
}

/// Who gave an id out.
fn source(id: &str) -> Value {
    let prefix = id.split('-').next().unwrap_or_default();
    let name = match prefix {
        "RUSTSEC" => "RustSec",
        "CVE" => "NVD",
        "GHSA" => "GitHub",
        other => other,
    };
    json!({ "name": shown(name), "url": Link::of_id(id).map(|link| link.url().to_owned()) })
}

fn ratings(case: &Case<'_>) -> Value {
    let finding = case.finding;
    let Some(vector) = &finding.cvss else {
        return json!([]);
    };
    let method = match vector.split('/').next() {
        Some("CVSS:3.0") => "CVSSv3",
        Some("CVSS:3.1") => "CVSSv31",
        Some("CVSS:4.0") => "CVSSv4",
        _ => "other",
    };
    json!([{
        "score": finding.score,
        "severity": finding.severity,
        "method": method,
        "vector": vector,
    }])
}

/// What is known of the package in this build. That a version is affected does not say that its code is reached, so
/// what is built stays to be looked at; only malicious code needs no more than to be there.
fn analysis(case: &Case<'_>) -> Value {
    let (state, justification, known) = if case.is_unbuilt() {
        (
            "not_affected",
            Some("code_not_present"),
            "Cargo.lock names the package, and this build does not use it",
        )
    } else if case.is_malicious() && case.build_is_known() && case.ignore.is_none() {
        (
            "exploitable",
            None,
            "the package is malicious, and part of this build",
        )
    } else if case.build_is_known() {
        (
            "in_triage",
            None,
            "the version is affected, and part of this build; whether the code in question is reached is not known",
        )
    } else {
        (
            "in_triage",
            None,
            "the version is affected; whether a build uses it is not known from Cargo.lock alone",
        )
    };
    let detail = match case.ignore {
        Some(ignore) => format!("{known}; {}", ignore.words()),
        None => known.to_owned(),
    };
    json!({ "state": state, "justification": justification, "detail": detail })
}
