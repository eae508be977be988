//! Places in a text and changes to it, so that all that is not changed stays byte for byte.

use std::ops::Range;

/// A part of a text, and what takes its place.
pub(super) struct Splice {
    pub(super) range: Range<usize>,
    pub(super) with: String,
}

impl Splice {
    pub(super) fn insert(at: usize, with: String) -> Splice {
        Splice {
            range: at..at,
            with,
        }
    }

    pub(super) fn cut(range: Range<usize>) -> Splice {
        Splice {
            range,
            with: String::new(),
        }
    }
}

/// Makes all changes, of which no two overlap.
pub(super) fn spliced(text: &str, mut splices: Vec<Splice>) -> String {
    // Stable, so that what is inserted at one place stays in order.
    splices.sort_by_key(|splice| splice.range.start);
    let mut changed = String::with_capacity(text.len());
    let mut kept = 0;
    for Splice { range, with } in splices {
        changed.push_str(&text[kept..range.start]);
        changed.push_str(&with);
        kept = range.end;
    }
    changed.push_str(&text[kept..]);
    changed
}

/// How the lines of `text` end: as the first of them does.
pub(super) fn newline(text: &str) -> &'static str {
    match text.split_once('\n') {
        Some((first, _)) if first.ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// Where the line begins that `at` is in, behind a byte order mark.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    match text[..at].rfind('\n') {
        Some(before) => before + 1,
        None if text.starts_with(BOM) => BOM.len_utf8(),
        None => 0,
    }
}

pub(super) const BOM: char = '\u{feff}';

/// Where the line that `at` is in ends, before what ends it.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let length = rest.find('\n').unwrap_or(rest.len());
    at + rest[..length].strip_suffix('\r').map_or(length, str::len)
}

/// Where the line after the one that `at` is in begins.
pub(super) fn next_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end + 1)
}

/// The line of `at`, counted from 1.
pub(super) fn line_number(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// What there is before `at` on its line, where that is nothing but blanks.
pub(super) fn indent(text: &str, at: usize) -> Option<&str> {
    let before = &text[line_start(text, at)..at];
    is_blank(before).then_some(before)
}

pub(super) fn is_blank(text: &str) -> bool {
    text.trim_matches([' ', '\t', '\r']).is_empty()
}

/// Where the blanks begin that end at `at`.
pub(super) fn blanks_before(text: &str, at: usize) -> usize {
    text[..at].trim_end_matches([' ', '\t']).len()
}

/// Where the blanks end that begin at `at`.
pub(super) fn blanks_after(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start_matches([' ', '\t']).len()
}
