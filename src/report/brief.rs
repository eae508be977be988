//! The findings of one lockfile among many as a short table, a line each.

use unicode_width::UnicodeWidthStr as _;

use crate::policy::Judged;
use crate::report::{Configured, Untrusted, decision, human, path, push};

/// The columns of a table are at most so wide. What is longer sticks out, and moves no other line.
const WIDEST: usize = 40;

/// Adds the findings of `lockfile`, which are sorted. Without any nothing is added.
pub fn write(out: &mut String, lockfile: &str, findings: &[Judged<'_, '_>]) {
    if findings.is_empty() {
        return;
    }
    push(out, format_args!("{}\n", Configured(lockfile)));
    let cells: Vec<[String; 2]> = findings
        .iter()
        .map(|judged| {
            let id = judged.finding.id().unwrap_or_default();
            [
                path::name(judged.finding.package),
                Untrusted(id).to_string(),
            ]
        })
        .collect();
    let widths = [0, 1].map(|column: usize| {
        let widths = cells.iter().map(|cells| cells[column].width());
        widths.filter(|width| *width <= WIDEST).max().unwrap_or(0)
    });
    for (judged, cells) in findings.iter().zip(&cells) {
        let level = judged.level();
        let style = human::style_of(level);
        push(out, format_args!("    {style}{level}{style:#}"));
        pad(out, level.as_str(), "allow".len());
        for (cell, width) in cells.iter().zip(widths) {
            push(out, format_args!("  {cell}"));
            pad(out, cell, width);
        }
        push(out, format_args!("  {}\n", what(judged)));
    }
    out.push('\n');
}

/// `vulnerability, high severity, denied in 5 days`.
fn what(judged: &Judged<'_, '_>) -> String {
    let finding = &judged.finding;
    let severity = finding.severity();
    [
        Some(finding.kind.to_string()),
        severity.map(|severity| format!("{} severity", severity.as_str())),
        decision::note(&judged.decision),
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join(", ")
}

/// Adds the spaces that `cell` lacks.
fn pad(out: &mut String, cell: &str, width: usize) {
    let lacking = width.saturating_sub(cell.width());
    out.extend(std::iter::repeat_n(' ', lacking));
}
