//! The table of findings.

use std::fmt::Display;

use super::text::{Prose, Text};
use super::{Document, mark};
use crate::advisory::{Kind, Severity};
use crate::config::DEFAULT_DATABASE;
use crate::graph::Scope;
use crate::policy::Level;
use crate::report::json::{FindingInfo, IndexInfo};
use crate::report::link::Link;
use crate::report::push;
use crate::report::remedy_info::RemedyInfo;

/// The columns, and whether the script may sort by them as text or as numbers.
const COLUMNS: [(&str, &str); 10] = [
    ("Kind", "number"),
    ("Severity", "number"),
    ("Package", "text"),
    ("Version", "number"),
    ("Advisory", "text"),
    ("Scope", "number"),
    ("Level", "number"),
    ("Title", "text"),
    ("Remedy", "number"),
    ("Date", "text"),
];

pub(super) fn write(out: &mut String, document: &Document<'_>) {
    let report = document.report;
    out.push_str(
        "<section aria-labelledby=\"findings-title\">\n<h2 id=\"findings-title\">Findings</h2>\n",
    );
    if report.findings.is_empty() {
        out.push_str("<p class=\"nothing\">Nothing was found.</p>\n</section>\n");
        return;
    }
    out.push_str(
        "<div id=\"controls\"></div>\n<div class=\"wide\"><table id=\"findings\">\n<thead><tr>",
    );
    for (name, sort) in COLUMNS {
        push(
            out,
            format_args!("<th scope=\"col\" data-sort=\"{sort}\">{name}</th>"),
        );
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    // Versions compare as versions do, whatever the package.
    let mut versions: Vec<_> = report.findings.iter().map(|one| one.version).collect();
    versions.sort();
    versions.dedup();
    for (position, finding) in report.findings.iter().enumerate() {
        let remedy = document
            .remedies
            .get(position)
            .map_or(&[][..], Vec::as_slice);
        let version = versions.binary_search(&finding.version).unwrap_or(0);
        push(
            out,
            format_args!(
                "<tr id=\"finding-{position}\" class=\"{}\">\n",
                finding.kind
            ),
        );
        let row = Row {
            finding,
            index: &report.index,
            version,
            remedy,
        };
        row.write(out);
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n</section>\n");
}

struct Row<'a> {
    finding: &'a FindingInfo<'a>,
    index: &'a IndexInfo<'a>,
    /// The place of the version among all.
    version: usize,
    remedy: &'a [String],
}

impl Row<'_> {
    fn write(&self, out: &mut String) {
        let finding = self.finding;
        let place = |found: Option<usize>| found.unwrap_or(usize::MAX >> 16);
        let kind_place = Kind::ALL
            .iter()
            .position(|one| one.as_str() == finding.kind);
        cell(out, 0, &place(kind_place), &kind(finding.kind));
        cell(out, 1, &finding.score.unwrap_or(-1.0), &severity(finding));
        cell(
            out,
            2,
            &Text(finding.package),
            &format!("<b class=\"name\">{}</b>", Text(finding.package)),
        );
        cell(out, 3, &self.version, &Text(&finding.version.to_string()));
        cell(
            out,
            4,
            &Text(finding.id.unwrap_or("")),
            &advisory(finding, self.index),
        );
        let scopes = [Scope::Runtime, Scope::Build, Scope::Dev, Scope::Unbuilt];
        let scope = scopes.iter().position(|one| one.as_str() == finding.scope);
        cell(out, 5, &place(scope), &finding.scope);
        let levels = [Level::Deny, Level::Warn, Level::Allow];
        let level = levels.iter().position(|one| one.as_str() == finding.level);
        cell(
            out,
            6,
            &place(level),
            &format!("<span class=\"level {0}\">{0}</span>", finding.level),
        );
        let title = finding.title.as_deref().unwrap_or("");
        cell(out, 7, &Text(title), &self.title());
        let remedies = ["lockfile", "manifest", "feature", "none"];
        let of_kind = |word| remedies.iter().position(|one| *one == word);
        let remedy = finding.remedy.as_ref().and_then(|info| of_kind(info.kind));
        cell(out, 8, &place(remedy), &self.remedy());
        let date = Text(finding.date.as_deref().unwrap_or(""));
        cell(out, 9, &date, &date);
    }

    fn title(&self) -> String {
        let finding = self.finding;
        let mut out = match &finding.title {
            Some(title) => format!("<span>{}</span>", Prose(title)),
            None if finding.vanished => "<span>Removed from its registry</span>".to_owned(),
            None => "<span>Yanked from its registry</span>".to_owned(),
        };
        if !finding.patched.is_empty() {
            let patched = finding.patched.join(" or ");
            push(
                &mut out,
                format_args!("<small>patched: {}</small>", Text(&patched)),
            );
        }
        if let Some(path) = finding.paths.first() {
            let names: Vec<String> = path
                .iter()
                .map(|step| Text(step.package).to_string())
                .collect();
            push(
                &mut out,
                format_args!("<small class=\"path\">{}</small>", names.join(" \u{2192} ")),
            );
        }
        out
    }

    fn remedy(&self) -> String {
        let Some(info) = &self.finding.remedy else {
            return "<span class=\"quiet\">not looked for</span>".to_owned();
        };
        let [first, rest @ ..] = self.remedy else {
            return brief(info, self.finding.package);
        };
        // What is in the way is short; a change can be long, and is told in full to whoever asks.
        let none = info.kind == "none";
        let mut out = String::new();
        if none {
            push(&mut out, format_args!("<span>{}</span>", Prose(first)));
        } else {
            let brief = brief(info, self.finding.package);
            push(
                &mut out,
                format_args!(
                    "<details><summary>{brief}</summary><small>{}</small>",
                    Prose(first)
                ),
            );
        }
        for paragraph in rest {
            push(
                &mut out,
                format_args!("<small>{}</small>", Prose(paragraph)),
            );
        }
        if !none {
            out.push_str("</details>");
        }
        out
    }
}

/// A remedy in a few words: what does it, and what becomes of the package.
fn brief(info: &RemedyInfo, package: &str) -> String {
    let becomes = info.moves.iter().find(|step| step.package == package);
    let becomes = match becomes.map(|step| &step.to) {
        Some(Some(version)) => format!(", to {}", Text(&version.to_string())),
        Some(None) => ", which removes it".to_owned(),
        None => String::new(),
    };
    match info.kind {
        "lockfile" => format!("<code>fix</code>{becomes}"),
        "manifest" => format!("<code>fix --manifest</code>{becomes}"),
        "feature" => "a feature to switch off".to_owned(),
        kind => kind.to_owned(),
    }
}

/// Writes the cell of a column, with what it is sorted by.
fn cell(out: &mut String, column: usize, key: &dyn Display, content: &dyn Display) {
    let (name, _) = COLUMNS[column];
    push(
        out,
        format_args!("<td data-column=\"{name}\" data-key=\"{key}\">{content}</td>\n"),
    );
}

/// A kind with its mark.
pub(super) fn kind(word: &str) -> String {
    let outline = Kind::ALL
        .into_iter()
        .find(|kind| kind.as_str() == word)
        .map_or("", mark::outline);
    format!(
        "<span class=\"kind {word}\"><svg viewBox=\"0 0 12 12\" aria-hidden=\"true\"><path d=\"{outline}\" \
         fill-rule=\"evenodd\"/></svg>{word}</span>"
    )
}

fn severity(finding: &FindingInfo<'_>) -> String {
    let Some(word) = finding.severity else {
        return "<span class=\"quiet\">\u{2013}</span>".to_owned();
    };
    // Five words, so that none and critical are no bar and a full one.
    let steps = [
        Severity::None,
        Severity::Low,
        Severity::Medium,
        Severity::High,
        Severity::Critical,
    ];
    let step = steps
        .iter()
        .position(|one| one.as_str() == word)
        .unwrap_or(0);
    let mut bars = String::new();
    for place in 1..steps.len() {
        let (x, height) = (4 * (place - 1), 3 * place);
        let class = if place <= step { "full" } else { "empty" };
        push(
            &mut bars,
            format_args!(
                "<rect class=\"{class}\" x=\"{x}\" y=\"{}\" width=\"3\" height=\"{height}\"/>",
                12 - height
            ),
        );
    }
    let score = finding
        .score
        .map_or(String::new(), |score| format!(" {score:.1}"));
    format!(
        "<span class=\"severity {word}\"><svg viewBox=\"0 0 15 12\" aria-hidden=\"true\">{bars}</svg>{word}{score}</span>"
    )
}

/// The id of a finding's advisory, as a link where there is more to read.
pub(super) fn advisory(finding: &FindingInfo<'_>, index: &IndexInfo<'_>) -> String {
    let Some(id) = finding.id else {
        return "<span class=\"quiet\">\u{2013}</span>".to_owned();
    };
    let rustsecs = index
        .databases
        .iter()
        .any(|one| one.is_all_of(DEFAULT_DATABASE));
    let link = Some(id)
        .filter(|_| rustsecs)
        .and_then(Link::of_rustsec)
        .or_else(|| finding.url.as_deref().and_then(Link::new));
    match link {
        Some(link) => format!(
            "<a href=\"{}\" rel=\"noopener noreferrer\">{}</a>",
            Text(link.url()),
            Text(id)
        ),
        None => Text(id).to_string(),
    }
}
