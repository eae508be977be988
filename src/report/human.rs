//! The answer of `cargo advisory` for people: a plain list, worst first, one paragraph a package.

use std::collections::HashMap;

use anstyle::Style;
use cargo_util_terminal::style;
use jiff::Timestamp;

use crate::advisory::{Advisory, Kind};
use crate::check::Finding;
use crate::freshness;
use crate::graph::Package;
use crate::graph::path::Paths;
use crate::policy::{Decision, Judged, Level, Strictness};
use crate::remedy::{Change, Remedy};
use crate::report::link::Link;
use crate::report::paragraph::{Look, Margin, Paragraph};
use crate::report::{Page, Untrusted, decision, path, push, remedy, tree};

/// What stands before the lines about a package.
const PATH: &str = "    ";

/// What stands before the lines that a path goes on in.
const PATH_ON: &str = "      ";

/// What stands before the lines about a finding.
const TEXT: &str = "          ";

/// What stands before the lines about a remedy, below the word.
const REMEDY: &str = "            ";

/// The same where a line of it goes on.
const REMEDY_ON: &str = "              ";

/// One finding with what the index says of it.
#[derive(Debug)]
pub struct Detailed<'f, 'g> {
    pub finding: &'f Finding<'g>,
    pub decision: &'f Decision<'f>,
    /// None for a yank.
    pub advisory: Option<Advisory>,
    /// Where there is more to read about it. None where there is nothing, or nothing that a link could lead to.
    pub link: Option<Link>,
    /// None where none was looked for.
    pub remedy: Option<&'f Remedy>,
}

/// All but the findings that the form of an answer depends on.
#[derive(Debug)]
pub struct Form<'a> {
    pub paths: &'a Paths<'a>,
    pub page: Page,
    /// All paths to each package are drawn, where else the shortest one is told.
    pub tree: bool,
    pub now: Timestamp,
}

/// Adds `findings`, which are sorted, grouped by package.
pub fn write(out: &mut String, findings: &[Detailed<'_, '_>], form: &Form<'_>) {
    let mut groups: Vec<Vec<&Detailed<'_, '_>>> = Vec::new();
    let mut known: HashMap<usize, usize> = HashMap::new();
    for detailed in findings {
        let group = *known.entry(detailed.finding.position).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[group].push(detailed);
    }
    for (place, group) in groups.iter().enumerate() {
        if place > 0 {
            out.push('\n');
        }
        write_package(out, group, form);
    }
}

/// Writes the findings of one package: what it is, how the workspace comes by it, and what is wrong with it.
fn write_package(out: &mut String, findings: &[&Detailed<'_, '_>], form: &Form<'_>) {
    let Some(first) = findings.first() else {
        return;
    };
    let Finding {
        package, position, ..
    } = *first.finding;
    let bold = style::LITERAL;
    push(
        out,
        format_args!(
            "{bold}{}{bold:#} ({})\n",
            path::name(package),
            package.scope().as_str(),
        ),
    );
    write_paths(out, package, position, form);
    for detailed in findings {
        write_finding(out, detailed, form);
    }
    write_remedies(out, package, findings, form);
}

/// Writes each remedy once, with the findings that it is for if it is not for all.
fn write_remedies(
    out: &mut String,
    package: &Package,
    findings: &[&Detailed<'_, '_>],
    form: &Form<'_>,
) {
    let mut remedies: Vec<(&Remedy, Vec<&Detailed<'_, '_>>)> = Vec::new();
    for detailed in findings {
        let Some(remedy) = detailed.remedy else {
            continue;
        };
        match remedies.iter_mut().find(|(known, _)| *known == remedy) {
            Some((_, of)) => of.push(detailed),
            None => remedies.push((remedy, vec![detailed])),
        }
    }
    for (remedy, of) in &remedies {
        let style = match remedy.change {
            Change::None(_) => Style::new(),
            _ => style::GOOD,
        };
        let mut margin = Margin {
            first: &format!("{PATH}{style}remedy{style:#}  "),
            rest: REMEDY_ON,
        };
        let ids: Vec<String> = of
            .iter()
            .map(|detailed| Untrusted(detailed.finding.id().unwrap_or("the yank")).to_string())
            .collect();
        let mut start = if remedies.len() > 1 {
            format!("for {}: ", ids.join(", "))
        } else {
            String::new()
        };
        for paragraph in remedy::paragraphs(remedy, &package.name, form.now) {
            start.push_str(&paragraph);
            Paragraph::spaced(&start).write(out, margin, form.page);
            start.clear();
            margin.first = REMEDY;
        }
    }
}

fn write_paths(out: &mut String, package: &Package, position: usize, form: &Form<'_>) {
    let margin = Margin {
        first: PATH,
        rest: PATH_ON,
    };
    let paths = form.paths.to(position, 1);
    let shortest = paths.first();
    if form.tree {
        tree::write(out, form.paths, position, form.page);
    } else if let Some(path) = shortest.filter(|path| !path.edges.is_empty()) {
        path::told(form.paths.graph, path, form.page).write(out, margin, form.page);
    }
    if package.is_unbuilt() {
        path::brought_in(form.paths.graph, shortest).write(out, margin, form.page);
    }
}

/// Adds which dependencies were not checked, if any.
pub fn write_unchecked<'a>(out: &mut String, unchecked: impl Iterator<Item = &'a Package>) {
    let mut unchecked = unchecked.peekable();
    if unchecked.peek().is_some() {
        out.push_str("\nunchecked, from no registry:\n");
    }
    for package in unchecked {
        push(
            out,
            format_args!(
                "    {} ({})\n",
                path::name(package),
                Untrusted(package.source.id.as_deref().unwrap_or("path")),
            ),
        );
    }
}

fn write_finding(out: &mut String, detailed: &Detailed<'_, '_>, form: &Form<'_>) {
    let finding = detailed.finding;
    let page = form.page;
    let level = detailed.decision.level;
    let style = style_of(level);
    let margin = Margin {
        first: &format!("{PATH}{style}{level}{style:#}  "),
        rest: TEXT,
    };
    let note = decision::note(detailed.decision);
    let Some(advisory) = &detailed.advisory else {
        let heading = match note {
            Some(note) => format!("{}, {note}", finding.yank()),
            None => finding.yank().to_owned(),
        };
        Paragraph::spaced(&heading).write(out, margin, page);
        return;
    };
    let id = Look {
        style: Style::new(),
        link: detailed.link.clone(),
    };
    let mut heading = Paragraph::default();
    heading.piece(&Untrusted(&advisory.id).to_string(), &id);
    // The colon stays outside of the link, for it is no part of the name.
    heading.piece(":", &Look::default());
    heading.words(&format!("{}{}", finding.kind, severity(finding, advisory)));
    heading.write(out, margin, page);

    let mut lines = vec![Untrusted(&advisory.title).to_string()];
    lines.extend(note);
    lines.push(match freshness::since(&advisory.date, form.now) {
        Some(age) => format!("reported {age}, {}", Untrusted(&advisory.date)),
        None => format!("reported {}", Untrusted(&advisory.date)),
    });
    if !advisory.patched.is_empty() {
        let patched: Vec<String> = advisory
            .patched
            .iter()
            .map(|requirement| Untrusted(requirement).to_string())
            .collect();
        lines.push(format!("patched: {}", patched.join(" or ")));
    } else if matches!(finding.kind, Kind::Vulnerability | Kind::Unsound) {
        // Nobody patches what nobody maintains, or what was meant.
        lines.push("no patched version is known".to_owned());
    }
    lines.extend(advisory.url.as_ref().map(|url| Untrusted(url).to_string()));
    let margin = Margin {
        first: TEXT,
        rest: TEXT,
    };
    for line in &lines {
        Paragraph::spaced(line).write(out, margin, page);
    }
}

/// Adds the findings that are ignored, if any, each with the reason for it.
pub fn write_ignored(out: &mut String, ignored: &[Judged<'_, '_>], page: Page) {
    if !ignored.is_empty() {
        out.push_str(if out.is_empty() {
            "ignored:\n"
        } else {
            "\nignored:\n"
        });
    }
    for judged in ignored {
        let Some(entry) = judged.decision.ignored() else {
            continue;
        };
        let finding = &judged.finding;
        let until = entry.ignore.until;
        let line = format!(
            "{} {}: {}{}",
            path::name(finding.package),
            Untrusted(finding.id().unwrap_or("yanked")),
            Untrusted(&entry.ignore.reason),
            until
                .map(|until| format!(" (until {until})"))
                .unwrap_or_default()
        );
        let margin = Margin {
            first: PATH,
            rest: PATH_ON,
        };
        Paragraph::spaced(&line).write(out, margin, page);
    }
}

/// Adds which rules and ignores decided on each finding.
pub fn write_decisions(
    out: &mut String,
    judged: &[&Judged<'_, '_>],
    strictness: &Strictness,
    page: Page,
) {
    let bold = style::LITERAL;
    for (place, judged) in judged.iter().enumerate() {
        if place > 0 {
            out.push('\n');
        }
        let Judged { finding, decision } = judged;
        let level = decision.level;
        push(
            out,
            format_args!(
                "{bold}{}{bold:#} ({})\n",
                path::name(finding.package),
                finding.package.scope().as_str(),
            ),
        );
        let style = style_of(level);
        let margin = Margin {
            first: &format!("{PATH}{style}{level}{style:#}  "),
            rest: TEXT,
        };
        let id = finding.id().map(|id| Untrusted(id).to_string());
        let heading = match id {
            Some(id) => format!("{id}: {}", finding.kind),
            None => finding.yank().to_owned(),
        };
        Paragraph::spaced(&heading).write(out, margin, page);
        let margin = Margin {
            first: TEXT,
            rest: TEXT,
        };
        for step in decision::steps(decision, strictness) {
            Paragraph::spaced(&step).write(out, margin, page);
        }
    }
}

pub(super) fn style_of(level: Level) -> Style {
    match level {
        Level::Deny => style::ERROR,
        Level::Warn => style::WARN,
        Level::Allow => style::NOTE,
    }
}

/// `, critical severity (CVSS 3.1: 9.8)`. Kinds that nobody scores say nothing.
fn severity(finding: &Finding<'_>, advisory: &Advisory) -> String {
    match (finding.kind, finding.severity()) {
        (_, Some(severity)) => {
            let score = advisory
                .score()
                .zip(advisory.cvss_version())
                .map(|(score, version)| format!(" (CVSS {}: {score:.1})", Untrusted(version)));
            format!(
                ", {} severity{}",
                severity.as_str(),
                score.unwrap_or_default()
            )
        }
        (Kind::Malicious | Kind::Vulnerability, None) => ", severity not scored".to_owned(),
        _ => String::new(),
    }
}
