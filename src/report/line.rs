//! The one line of a build.

use std::collections::BTreeMap;

use crate::advisory::Kind;
use crate::policy::{Judged, Strictness};
use crate::report::{Untrusted, decision};

/// Columns of the line where there is no terminal.
pub const WIDTH_OF_NO_TERMINAL: usize = 200;

/// What goes before the line on the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heading {
    Warning,
    /// Holds what denied, as it is printed: the flag or key that a user would look for.
    Error {
        denied_by: String,
    },
}

/// What the line says to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Where the details are.
    Details,
    /// Nothing: the details stand above the line.
    None,
}

impl Hint {
    /// The full form and a short one.
    fn forms(self) -> [&'static str; 2] {
        match self {
            Hint::Details => [
                "; run `cargo advisory` for details",
                "; run `cargo advisory`",
            ],
            Hint::None => ["", ""],
        }
    }
}

impl Heading {
    /// The heading for findings that are denied. What was asked for is named first; a selection only where it was what
    /// denied one of them.
    pub fn denied(strictness: &Strictness, denied: &[&Judged<'_, '_>]) -> Heading {
        let by_rules = denied
            .iter()
            .all(|judged| judged.decision.is_denied_by_rule());
        let asked = match strictness {
            Strictness::Rules => false,
            Strictness::DenyAdvisories(selection) => selection.typed.is_empty() || !by_rules,
            Strictness::DenyWarnings => true,
        };
        let denied_by = match denied {
            _ if asked => decision::asked(strictness),
            [first, rest @ ..]
                if rest
                    .iter()
                    .all(|other| other.finding.kind == first.finding.kind) =>
            {
                format!("`advisory.{}`", first.finding.kind)
            }
            _ => "`[advisory]`".to_owned(),
        };
        Heading::Error { denied_by }
    }

    fn word(&self) -> &'static str {
        match self {
            Heading::Warning => "warning: ",
            Heading::Error { .. } => "error: ",
        }
    }
}

/// The words of the line, worst first. Kinds that a user would not tell apart share one.
const WORDS: [(&str, &[Kind]); 5] = [
    ("insecure", &[Kind::Malicious, Kind::Vulnerability]),
    ("unsound", &[Kind::Unsound]),
    ("yanked", &[Kind::Yanked]),
    ("unmaintained", &[Kind::Unmaintained]),
    ("flagged", &[Kind::Notice]),
];

/// The line for `findings`, without the heading's word, which the terminal colours. With it the line takes at most
/// `width` columns, as far as that is possible.
///
/// Counts dependencies, each once under its worst kind, and names as many as there is room for, worst first.
///
/// # Panics
///
/// Never: of no findings it makes a line that names none.
pub fn line(heading: &Heading, findings: &[&Judged<'_, '_>], hint: Hint, width: usize) -> String {
    line_beside(heading, findings, &[], hint, width)
}

/// The same where something is told beside the findings, the gravest first. The gravest has its place whatever the width,
/// before any name.
pub fn line_beside(
    heading: &Heading,
    findings: &[&Judged<'_, '_>],
    beside: &[String],
    hint: Hint,
    width: usize,
) -> String {
    let dependencies = worst_of_each(findings);
    let room = width.saturating_sub(heading.word().len());
    let counts = counts(&dependencies);
    let (denied_by, denied) = match heading {
        Heading::Warning => (String::new(), ""),
        Heading::Error { denied_by } => (format!(" denied by {denied_by}"), " denied"),
    };
    let names: Vec<String> = dependencies.iter().map(|judged| name(judged)).collect();
    let noted: Vec<String> = dependencies.iter().map(|judged| noted(judged)).collect();
    let [full, short] = hint.forms();
    let gravest = beside.first().map(|told| format!("; {told}"));
    let gravest = gravest.unwrap_or_default();
    let all: String = beside.iter().map(|told| format!("; {told}")).collect();

    // From the fullest to the barest; names are worth more than notes, and than two words of the hint.
    let named = |names: &[String], shown: usize, end: &str| {
        let mut list = names[..shown].join(", ");
        if shown < names.len() {
            list.push_str(&format!(", and {} more", names.len() - shown));
        }
        format!("{counts}{denied_by}: {list}{end}")
    };
    let worst = worst_count(&dependencies);
    let ends = [
        (&noted, format!("{all}{full}")),
        (&noted, format!("{all}{short}")),
        (&names, format!("{all}{short}")),
        (&names, format!("{gravest}{short}")),
    ];
    ends.iter()
        .flat_map(|(names, end)| {
            (1..=names.len())
                .rev()
                .map(move |shown| (names, shown, end))
        })
        .map(|(names, shown, end)| named(names, shown, end))
        .chain([
            format!("{counts}{denied_by}{gravest}{full}"),
            format!("{counts}{denied_by}{gravest}{short}"),
            format!("{counts}{denied}{gravest}{short}"),
            format!("{worst}{denied}{gravest}{short}"),
        ])
        .find(|line| columns(line) <= room)
        .unwrap_or_else(|| format!("{worst}{denied}{gravest}"))
}

/// The worst finding of each package, worst first.
fn worst_of_each<'j, 'g, 'p>(findings: &[&'j Judged<'g, 'p>]) -> Vec<&'j Judged<'g, 'p>> {
    let mut worst = BTreeMap::new();
    for judged in findings {
        let package = &judged.finding.package;
        let id = (&package.name, &package.version, &package.source.id);
        let known = worst.entry(id).or_insert(*judged);
        if judged.finding.rank() < known.finding.rank() {
            *known = judged;
        }
    }
    let mut worst: Vec<_> = worst.into_values().collect();
    worst.sort_by(|a, b| a.finding.rank().cmp(&b.finding.rank()));
    worst
}

/// `2 insecure and 3 yanked dependencies`.
fn counts(dependencies: &[&Judged<'_, '_>]) -> String {
    let counts: Vec<String> = counts_by_word(dependencies)
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    let noun = if dependencies.len() == 1 {
        "dependency"
    } else {
        "dependencies"
    };
    match counts.as_slice() {
        [] => format!("0 {noun}"),
        [one] => format!("{one} {noun}"),
        [first @ .., last] => format!("{} and {last} {noun}", first.join(", ")),
    }
}

/// `2 insecure and 3 more dependencies`: what is left where there is no room for all the words.
fn worst_count(dependencies: &[&Judged<'_, '_>]) -> String {
    let (worst, count) = counts_by_word(dependencies)
        .next()
        .unwrap_or(("flagged", 0));
    match dependencies.len().saturating_sub(count) {
        0 => counts(dependencies),
        more => format!("{count} {worst} and {more} more dependencies"),
    }
}

/// How many dependencies each word of the line counts, worst first, without those that count none.
fn counts_by_word(dependencies: &[&Judged<'_, '_>]) -> impl Iterator<Item = (&'static str, usize)> {
    WORDS.iter().filter_map(|(word, kinds)| {
        let count = dependencies
            .iter()
            .filter(|judged| kinds.contains(&judged.finding.kind))
            .count();
        (count > 0).then_some((*word, count))
    })
}

/// `time 0.1.43 (RUSTSEC-2020-0071)`, `libc 0.2.1 (yanked)`.
fn name(judged: &Judged<'_, '_>) -> String {
    with_note(judged, None)
}

/// `time 0.1.43 (RUSTSEC-2020-0071, denied in 5 days)`.
fn noted(judged: &Judged<'_, '_>) -> String {
    with_note(judged, decision::note(&judged.decision))
}

fn with_note(judged: &Judged<'_, '_>, note: Option<String>) -> String {
    let finding = &judged.finding;
    let id = finding.id().unwrap_or("yanked");
    format!(
        "{} {} ({}{})",
        Untrusted(&finding.package.name),
        Untrusted(&finding.package.version.to_string()),
        Untrusted(id),
        note.map(|note| format!(", {note}")).unwrap_or_default()
    )
}

fn columns(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}
