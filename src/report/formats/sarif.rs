//! SARIF 2.1.0, which code scanning services and editors read.
//!
//! One run tells of every lockfile: services take a second run of a tool for a repetition. Text is plain but for brackets
//! and braces, which the format gives a meaning.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Case, Content, TOOL, TOOL_VERSION, json_line, shown};

/// What relative URIs start from. Code scanning takes it for the root of the repository.
const ROOT: &str = "%SRCROOT%";

/// Bump it when [`fingerprint`] changes: every finding is a new one then.
const FINGERPRINT: &str = "cargoAdvisoryFinding/v1";

pub(super) fn render(content: &Content<'_>) -> String {
    let mut rules = Rules::default();
    let results: Vec<Value> = content
        .cases()
        .map(|case| result(&case, rules.place_of(&case)))
        .collect();
    json_line(json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": TOOL,
                "version": TOOL_VERSION,
                "semanticVersion": TOOL_VERSION,
                "informationUri": information_uri(),
                "rules": rules.rules,
            } },
            "invocations": [invocation(content)],
            "originalUriBaseIds": {
                ROOT: { "description": message("The root of the repository, or the folder of Cargo.lock without one.") },
            },
            "results": results,
        }],
    }))
}

/// Where there is more about this program: nowhere before its manifest says so.
fn information_uri() -> Option<&'static str> {
    Some(env!("CARGO_PKG_REPOSITORY")).filter(|url| !url.is_empty())
}

/// One rule for each advisory, and one for all yanks.
#[derive(Default)]
struct Rules {
    places: HashMap<String, usize>,
    rules: Vec<Value>,
}

impl Rules {
    fn place_of(&mut self, case: &Case<'_>) -> usize {
        *self.places.entry(rule_id(case)).or_insert_with(|| {
            self.rules.push(rule(case));
            self.rules.len() - 1
        })
    }
}

fn rule_id(case: &Case<'_>) -> String {
    shown(case.id())
}

fn rule(case: &Case<'_>) -> Value {
    let finding = case.finding;
    let title = match finding.id {
        Some(_) => case.title(),
        // It stands for versions that were removed too.
        None => "this version was yanked from its registry".to_owned(),
    };
    let page = case.page();
    let mut help = vec![title.clone(), case.weight()];
    if !finding.patched.is_empty() {
        help.push(format!("patched: {}", finding.patched.join(" or ")));
    }
    if let Some(page) = &page {
        help.push(page.clone());
    }
    let mut tags = vec![finding.kind];
    if case.is_about_security() {
        // Without this tag code scanning takes no notice of a severity.
        tags.push("security");
    }
    json!({
        "id": rule_id(case),
        "shortDescription": message(&title),
        "fullDescription": message(&format!("{title} ({})", case.weight())),
        "help": message(&help.join("\n")),
        "helpUri": page,
        "properties": {
            "tags": tags,
            "security-severity": finding.score.map(|score| format!("{score:.1}")),
            "cvss": finding.cvss,
            "aliases": finding.aliases,
        },
    })
}

fn result(case: &Case<'_>, rule: usize) -> Value {
    let finding = case.finding;
    let mut text = format!("{}: {} ({}).", case.package(), case.title(), case.weight());
    if let Some(path) = case.path() {
        text.push_str(&format!("\nComes in by: {path}"));
    }
    text.push_str(&format!("\nRemedy: {}", case.advice()));
    json!({
        "ruleId": rule_id(case),
        "ruleIndex": rule,
        "level": match finding.level {
            "deny" => "error",
            "warn" => "warning",
            _ => "note",
        },
        "message": message(&text),
        "locations": [{
            "physicalLocation": {
                "artifactLocation": artifact(case),
                "region": { "startLine": case.line() },
            },
            "logicalLocations": [{ "fullyQualifiedName": case.package(), "kind": "module" }],
        }],
        "partialFingerprints": { FINGERPRINT: fingerprint(case) },
        // Empty, and not missing, says that nothing is suppressed: all results have it or none.
        "suppressions": suppressions(case),
        "properties": {
            "kind": finding.kind,
            "package": finding.package,
            "version": finding.version.to_string(),
            "scope": finding.scope,
        },
    })
}

fn artifact(case: &Case<'_>) -> Value {
    json!({
        "uri": case.lockfile.uri(),
        "uriBaseId": case.lockfile.is_below_root().then_some(ROOT),
    })
}

/// What makes a finding the same one tomorrow: the advisory, the package and the lockfile, but no line of it.
fn fingerprint(case: &Case<'_>) -> String {
    let finding = case.finding;
    let version = finding.version.to_string();
    let source = finding.source.unwrap_or_default();
    let parts = [
        case.id(),
        finding.package,
        &version,
        source,
        case.lockfile.path(),
    ];
    // As JSON, so that no part can be taken for the end of another.
    blake3::hash(json!(parts).to_string().as_bytes()).to_string()
}

fn suppressions(case: &Case<'_>) -> Value {
    let Some(ignore) = case.ignore else {
        return json!([]);
    };
    json!([{
        "kind": "external",
        "status": "accepted",
        "justification": shown(ignore.reason),
        "properties": {
            "until": ignore.until,
            "while": ignore.condition,
            "via": ignore.via,
        },
    }])
}

fn invocation(content: &Content<'_>) -> Value {
    let problems = content
        .checked
        .iter()
        .flat_map(|checked| &checked.report.problems)
        .map(|problem| notification("warning", problem.code, &problem.message));
    let failures = content
        .failures
        .iter()
        .map(|failure| notification("error", "not-checked", failure));
    json!({
        "executionSuccessful": content.failures.is_empty(),
        "toolExecutionNotifications": problems.chain(failures).collect::<Vec<_>>(),
    })
}

fn notification(level: &str, code: &str, text: &str) -> Value {
    json!({
        "level": level,
        "descriptor": { "id": code },
        "message": message(&shown(text)),
    })
}

/// Text as the format's plain messages have it: braces are doubled, since single ones name arguments, and brackets that
/// would make a link are no link.
fn message(text: &str) -> Value {
    let mut text = text.replace('{', "{{").replace('}', "}}");
    if text.contains("](") {
        text = text.replace('\\', "\\\\");
        text = text.replace('[', "\\[").replace(']', "\\]");
    }
    json!({ "text": text })
}
