//! What stands on the page beside the table of findings.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Document;
use super::table::{advisory, kind};
use super::text::{Prose, Text};
use crate::advisory::Kind;
use crate::policy::Level;
use crate::report::json::{DatabaseInfo, Report};
use crate::report::{counted, push};

pub(super) fn write_head(out: &mut String, document: &Document<'_>) {
    let Document {
        name, report, now, ..
    } = document;
    push(
        out,
        format_args!(
            "<header>\n<p class=\"over\">cargo advisory</p>\n<h1>{}</h1>\n<p class=\"lead\">{}</p>\n\
             <p class=\"quiet\">Made on {}</p>\n</header>\n",
            Text(name),
            verdict(report),
            moment(*now),
        ),
    );
}

/// What was found, in a sentence.
fn verdict(report: &Report<'_>) -> String {
    let packages = counted(report.packages, "package", "packages");
    let but = if report.problems.is_empty() {
        ""
    } else {
        ", but not everything could be checked"
    };
    if report.findings.is_empty() {
        return format!("Nothing was found in {packages}{but}.");
    }
    let concerned: BTreeSet<_> = report
        .findings
        .iter()
        .map(|finding| (finding.package, finding.version, finding.source))
        .collect();
    format!(
        "{} in {} of {packages}{but}.",
        counted(report.findings.len(), "finding", "findings"),
        concerned.len(),
    )
}

/// What kept the check from a full answer comes first, so that it never looks like "nothing found".
pub(super) fn write_problems(out: &mut String, report: &Report<'_>) {
    if report.problems.is_empty() {
        return;
    }
    out.push_str(
        "<section class=\"problems\" aria-labelledby=\"problems\">\n<h2 id=\"problems\">Not fully checked</h2>\n<ul>\n",
    );
    for problem in &report.problems {
        push(
            out,
            format_args!(
                "<li>{} <span class=\"quiet\">({})</span></li>\n",
                Prose(&problem.message),
                Text(problem.code)
            ),
        );
    }
    out.push_str("</ul>\n</section>\n");
}

pub(super) fn write_summary(out: &mut String, document: &Document<'_>) {
    let Document { report, age, .. } = document;
    out.push_str("<section aria-labelledby=\"summary\">\n<h2 id=\"summary\">Summary</h2>\n<dl class=\"tiles\">\n");
    for (what, value) in [
        ("Packages", report.packages.to_string()),
        ("Findings", report.findings.len().to_string()),
        ("Ignored", report.ignored.len().to_string()),
        ("Unchecked", report.unchecked.len().to_string()),
        ("Advisories", report.index.advisories.to_string()),
        ("Age of the index", (*age).to_owned()),
    ] {
        push(
            out,
            format_args!("<div><dt>{what}</dt><dd>{}</dd></div>\n", Text(&value)),
        );
    }
    out.push_str("</dl>\n<div class=\"pair\">\n");
    write_kinds(out, report);
    write_databases(out, &report.index.databases);
    out.push_str("</div>\n</section>\n");
}

/// How many findings there are of each kind and level.
fn write_kinds(out: &mut String, report: &Report<'_>) {
    if report.findings.is_empty() {
        return;
    }
    out.push_str("<table class=\"plain numbers\">\n<caption>Findings by kind and level</caption>\n<thead><tr><th scope=\"col\">Kind</th>");
    let levels = [Level::Deny, Level::Warn, Level::Allow];
    for level in levels {
        push(
            out,
            format_args!("<th scope=\"col\">{}</th>", level.as_str()),
        );
    }
    out.push_str("<th scope=\"col\">all</th></tr></thead>\n<tbody>\n");
    for kind_of in Kind::ALL {
        let word = kind_of.as_str();
        let of_kind = || report.findings.iter().filter(|one| one.kind == word);
        if of_kind().count() == 0 {
            continue;
        }
        push(
            out,
            format_args!("<tr><th scope=\"row\">{}</th>", kind(word)),
        );
        for level in levels {
            let count = of_kind().filter(|one| one.level == level.as_str()).count();
            push(out, format_args!("<td>{count}</td>"));
        }
        push(out, format_args!("<td>{}</td></tr>\n", of_kind().count()));
    }
    out.push_str("</tbody>\n</table>\n");
}

fn write_databases(out: &mut String, databases: &[DatabaseInfo<'_>]) {
    out.push_str("<div>\n<h3>Databases</h3>\n<ul class=\"databases\">\n");
    for database in databases {
        push(
            out,
            format_args!("<li><code>{}</code><br>\n", Text(database.url)),
        );
        match (database.commit, database.committed) {
            (Some(commit), Some(committed)) => push(
                out,
                format_args!(
                    "commit <code>{}</code> of {}<br>\n",
                    Text(commit),
                    moment(committed)
                ),
            ),
            (Some(commit), None) => {
                push(
                    out,
                    format_args!("commit <code>{}</code><br>\n", Text(commit)),
                );
            }
            (None, _) if !database.made_of.is_empty() => {
                for origin in database.made_of {
                    push(
                        out,
                        format_args!("made of <code>{}</code><br>\n", Text(&origin.url)),
                    );
                }
            }
            (None, _) => out.push_str("folder, no commit<br>\n"),
        }
        push(
            out,
            format_args!("checked {}</li>\n", moment(database.checked)),
        );
    }
    out.push_str("</ul>\n</div>\n");
}

/// The place of the picture, which a script draws.
pub(super) fn write_graph(out: &mut String) {
    out.push_str(
        "<section aria-labelledby=\"graph-title\">\n<h2 id=\"graph-title\">Graph</h2>\n\
         <div id=\"graph\"></div>\n\
         <noscript><p class=\"quiet\">The picture of the graph needs JavaScript. The shortest path to each package stands in \
         the table.</p></noscript>\n</section>\n",
    );
}

pub(super) fn write_ignored(out: &mut String, report: &Report<'_>) {
    if report.ignored.is_empty() {
        return;
    }
    out.push_str(
        "<section aria-labelledby=\"ignored\">\n<h2 id=\"ignored\">Ignored</h2>\n\
         <p class=\"quiet\">Found, but ignored as the configuration says.</p>\n\
         <div class=\"wide\"><table class=\"plain\">\n<thead><tr><th scope=\"col\">Kind</th><th scope=\"col\">Package</th>\
         <th scope=\"col\">Advisory</th><th scope=\"col\">Title</th><th scope=\"col\">Reason</th>\
         <th scope=\"col\">Holds</th><th scope=\"col\">Configured in</th></tr></thead>\n<tbody>\n",
    );
    for finding in &report.ignored {
        let Some(ignore) = &finding.ignore else {
            continue;
        };
        push(
            out,
            format_args!(
                "<tr><td>{}</td><td><b>{}</b> {}</td><td>{}</td><td>{}</td><td>{}</td><td>",
                kind(finding.kind),
                Text(finding.package),
                Text(&finding.version.to_string()),
                advisory(finding, &report.index),
                Prose(finding.title.as_deref().unwrap_or("")),
                Prose(ignore.reason),
            ),
        );
        let mut holds = Vec::new();
        if let Some(until) = &ignore.until {
            holds.push(format!("until {until}"));
        }
        if let Some(condition) = ignore.condition {
            holds.push(format!("while {}", Text(condition)));
        }
        if let Some(via) = ignore.via {
            holds.push(format!("via <code>{}</code>", Text(via)));
        }
        push(
            out,
            format_args!(
                "{}</td><td><code>{}</code></td></tr>\n",
                holds.join(", "),
                Text(ignore.set_in)
            ),
        );
    }
    out.push_str("</tbody>\n</table></div>\n</section>\n");
}

pub(super) fn write_unchecked(out: &mut String, report: &Report<'_>) {
    if report.unchecked.is_empty() {
        return;
    }
    out.push_str(
        "<section aria-labelledby=\"unchecked\">\n<h2 id=\"unchecked\">Unchecked</h2>\n\
         <p class=\"quiet\">Dependencies of which no advisory speaks, because they come from a path or a git \
         repository.</p>\n<ul class=\"unchecked\">\n",
    );
    for package in &report.unchecked {
        push(
            out,
            format_args!(
                "<li><b>{}</b> {} <span class=\"quiet\">{}</span></li>\n",
                Text(package.package),
                Text(&package.version.to_string()),
                Text(package.source.unwrap_or("path")),
            ),
        );
    }
    out.push_str("</ul>\n</section>\n");
}

/// To the minute, with a form for programs.
fn moment(time: Timestamp) -> String {
    format!(
        "<time datetime=\"{time:.0}\">{} UTC</time>",
        time.strftime("%Y-%m-%d %H:%M")
    )
}
