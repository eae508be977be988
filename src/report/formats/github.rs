//! Workflow commands of GitHub Actions: each finding becomes an annotation of Cargo.lock.
//!
//! What is allowed or ignored is not told: nobody has to act, and GitHub shows ten annotations of a step.

use super::{Case, Content, Lockfile, shown};
use crate::report::Configured;

pub(super) fn render(content: &Content<'_>) -> String {
    let mut text = String::new();
    for case in content.cases().filter(|case| case.ignore.is_none()) {
        match case.finding.level {
            "deny" => text.push_str(&annotation("error", &case)),
            "warn" => text.push_str(&annotation("warning", &case)),
            _ => {}
        }
    }
    for checked in &content.checked {
        for problem in &checked.report.problems {
            let properties = [
                ("file", path(&checked.lockfile)),
                ("title", format!("cargo advisory: {}", problem.code)),
            ];
            text.push_str(&command("warning", &properties, &shown(&problem.message)));
        }
    }
    for failure in &content.failures {
        let properties = [("title", "cargo advisory: not checked".to_owned())];
        text.push_str(&command("error", &properties, &shown(failure)));
    }
    text
}

fn annotation(name: &str, case: &Case<'_>) -> String {
    let properties = [
        ("file", path(case.lockfile)),
        ("line", case.line().to_string()),
        (
            "title",
            shown(&format!("{} ({})", case.package(), case.id())),
        ),
    ];
    let mut lines = vec![case.title(), case.weight()];
    lines.extend(case.path().map(|path| format!("comes in by: {path}")));
    lines.push(format!("remedy: {}", case.advice()));
    lines.extend(case.page());
    command(name, &properties, &lines.join("\n"))
}

fn path(lockfile: &Lockfile) -> String {
    Configured(lockfile.path()).to_string()
}

/// `::name key=value,...::message`, a line.
fn command(name: &str, properties: &[(&str, String)], message: &str) -> String {
    let properties: Vec<String> = properties
        .iter()
        .map(|(key, value)| {
            format!(
                "{key}={}",
                escaped(value).replace(':', "%3A").replace(',', "%2C")
            )
        })
        .collect();
    format!("::{name} {}::{}\n", properties.join(","), escaped(message))
}

/// What ends a command is escaped, and the percent sign, with which that is done. The older commands, which start with
/// `##[` wherever it stands, are in no text that is shown harmlessly.
fn escaped(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}
