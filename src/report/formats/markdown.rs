//! Markdown as GitHub reads it, for the comment on a pull request.
//!
//! Foreign text cannot act in it. In running text whatever Markdown gives a meaning is written as a character reference,
//! and what GitHub looks for afterwards, in the finished page (`@name`, `#1`, `GH-1`), is broken up by a space of no
//! width. Names are code, in which it looks for nothing.

use super::{Case, Checked, Content, shown};
use crate::report::{Untrusted, counted, push};

/// What GitHub takes, in characters.
const LONGEST: usize = 65_536;

/// What is kept free for the line that says how much was left out.
const RESERVE: usize = 200;

pub(super) fn render(content: &Content<'_>) -> String {
    let mut page = Page::default();
    for checked in &content.checked {
        let heading = if content.checked.len() > 1 {
            Some(code(checked.lockfile.path()))
        } else {
            None
        };
        section(&mut page, checked, heading);
    }
    for failure in &content.failures {
        page.block(&format!("Not checked: {}\n", prose(failure)));
    }
    page.finish()
}

fn section(page: &mut Page, checked: &Checked<'_>, heading: Option<String>) {
    let mut first = String::new();
    if let Some(heading) = heading {
        push(&mut first, format_args!("{heading}: "));
    }
    push(&mut first, format_args!("{}\n", summary(checked)));
    page.block(&first);
    let rows: Vec<String> = checked.cases().map(|case| row(&case)).collect();
    if !rows.is_empty() {
        page.table(
            "| level | kind | package | advisory | severity | comes in by | remedy |\n\
             |---|---|---|---|---|---|---|\n",
            &rows,
        );
    }
    let problems: Vec<String> = checked
        .report
        .problems
        .iter()
        .map(|problem| format!("- {}\n", prose(&problem.message)))
        .collect();
    if !problems.is_empty() {
        page.table("What kept the check from a full answer:\n\n", &problems);
    }
}

/// `2 findings in 508 packages: 1 denied, 1 warned of`.
fn summary(checked: &Checked<'_>) -> String {
    let report = &checked.report;
    let packages = counted(report.packages, "package", "packages");
    let mut text = if report.findings.is_empty() {
        format!("**No finding** in {packages}")
    } else {
        let findings = counted(report.findings.len(), "finding", "findings");
        let levels = [
            ("deny", "denied"),
            ("warn", "warned of"),
            ("allow", "allowed"),
        ];
        let counts: Vec<String> = levels
            .iter()
            .filter_map(|(level, word)| {
                let of_level = report
                    .findings
                    .iter()
                    .filter(|finding| finding.level == *level);
                match of_level.count() {
                    0 => None,
                    count => Some(format!("{count} {word}")),
                }
            })
            .collect();
        format!("**{findings}** in {packages}: {}", counts.join(", "))
    };
    if !report.ignored.is_empty() {
        push(
            &mut text,
            format_args!("; {} ignored", report.ignored.len()),
        );
    }
    if !report.problems.is_empty() {
        text.push_str("; the answer is not complete");
    }
    text
}

fn row(case: &Case<'_>) -> String {
    let finding = case.finding;
    let level = match case.ignore {
        Some(_) => "ignored",
        None => finding.level,
    };
    let advisory = match finding.id {
        Some(id) => {
            let id = prose(id);
            let id = match case.page() {
                // A URI holds nothing that ends it here, but for what begins a character reference.
                Some(page) => format!("[{id}](<{}>)", page.replace('&', "&amp;")),
                None => id,
            };
            format!("{id}<br>{}", prose(&case.title()))
        }
        None => String::new(),
    };
    let severity = match (finding.severity, finding.score) {
        (Some(severity), Some(score)) => format!("{severity} ({score:.1})"),
        (Some(severity), None) => severity.to_owned(),
        (None, _) => String::new(),
    };
    let path = case.path().map(|path| code(&path)).unwrap_or_default();
    let remedy = match case.ignore {
        Some(ignore) => ignore.words(),
        None => case.advice(),
    };
    format!(
        "| {level} | {} | {} | {advisory} | {severity} | {path} | {} |\n",
        finding.kind,
        code(&case.package()),
        prose(&remedy)
    )
}

/// Markdown of limited length. What does not fit is counted, not cut in half.
#[derive(Default)]
struct Page {
    text: String,
    left_out: usize,
}

impl Page {
    fn fits(&self, more: &str) -> bool {
        // Bytes, of which there are no fewer than characters.
        self.left_out == 0 && self.text.len() + more.len() + RESERVE <= LONGEST
    }

    /// Adds a block, with an empty line before it.
    fn block(&mut self, block: &str) {
        let apart = if self.text.is_empty() { "" } else { "\n" };
        if self.fits(block) {
            push(&mut self.text, format_args!("{apart}{block}"));
        } else {
            self.left_out += 1;
        }
    }

    /// Adds lines that follow a head.
    fn table(&mut self, head: &str, lines: &[String]) {
        let Some(first) = lines.first() else {
            return;
        };
        if !self.fits(&format!("{head}{first}")) {
            self.left_out += lines.len();
            return;
        }
        self.block(head);
        for line in lines {
            if self.fits(line) {
                self.text.push_str(line);
            } else {
                self.left_out += 1;
            }
        }
    }

    fn finish(mut self) -> String {
        if self.left_out > 0 {
            let lines = counted(self.left_out, "more line is", "more lines are");
            push(
                &mut self.text,
                format_args!(
                    "\n{lines} left out, for GitHub takes {LONGEST} characters; `cargo advisory` shows all.\n"
                ),
            );
        }
        self.text
    }
}

/// Foreign text in a code font.
fn code(text: &str) -> String {
    let text = Untrusted(text).to_string();
    format!("<code>{}</code>", referenced(&text, ""))
}

/// Foreign text as running text.
fn prose(text: &str) -> String {
    referenced(shown(text).trim(), "&#8203;")
}

/// `text` with character references for all that Markdown could give a meaning. `apart` goes behind what begins a name or
/// a number on GitHub.
fn referenced(text: &str, apart: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    for (place, c) in chars.iter().enumerate() {
        let before: String = chars[place.saturating_sub(3)..place].iter().collect();
        let before = before.to_ascii_lowercase();
        let within_word = before.ends_with(|c: char| c.is_ascii_alphanumeric())
            && chars
                .get(place + 1)
                .is_some_and(char::is_ascii_alphanumeric);
        let plain = match c {
            ' ' | ',' => true,
            // `www.` makes a link.
            '.' => within_word && before != "www",
            '-' => within_word,
            c => c.is_ascii_alphanumeric() || !c.is_ascii(),
        };
        if plain {
            out.push(*c);
        } else {
            push(&mut out, format_args!("&#{};", u32::from(*c)));
        }
        if matches!(c, '@' | '#') || *c == '-' && before.ends_with("gh") {
            out.push_str(apart);
        }
    }
    out
}
