//! The items between the brackets of an array or an inline table.

use std::ops::Range;

use super::text::{
    Splice, blanks_after, blanks_before, indent, is_blank, line_end, line_start, newline, next_line,
};

/// Where the items of a list are in the text.
pub(super) struct List {
    /// What is between the brackets.
    pub(super) inner: Range<usize>,
    /// In order. What is between two of them is blanks, comments and a comma.
    pub(super) items: Vec<Range<usize>>,
    /// Nothing in it starts a line, as within an inline table.
    pub(super) one_line: bool,
}

impl List {
    /// Adds `item` behind the others: on a line of its own where the last one has such a line, else beside it.
    pub(super) fn add(&self, text: &str, item: &str) -> Vec<Splice> {
        let newline = newline(text);
        let Some(last) = self.items.last() else {
            return vec![self.add_first(text, item)];
        };
        let comma = comma(text, last.end..self.inner.end);
        let end = comma.map_or(last.end, |comma| comma + 1);
        let Some(indent) = indent(text, last.start) else {
            return vec![match comma {
                Some(_) => Splice::insert(end, format!(" {item},")),
                None => Splice::insert(end, format!(", {item}")),
            }];
        };
        // A comment beside the last one stays there. The closing bracket may be there too.
        let line_end = Some(line_end(text, end))
            .filter(|&line_end| line_end < self.inner.end)
            .unwrap_or(end);
        match comma {
            Some(_) => vec![Splice::insert(
                line_end,
                format!("{newline}{indent}{item},"),
            )],
            None => vec![
                Splice::insert(end, ",".to_owned()),
                Splice::insert(line_end, format!("{newline}{indent}{item}")),
            ],
        }
    }

    fn add_first(&self, text: &str, item: &str) -> Splice {
        let newline = newline(text);
        let inner = &text[self.inner.clone()];
        if inner.contains('\n') {
            // There are comments in it. They stay before the item.
            let indent = indent(text, self.inner.end).unwrap_or_default();
            let at = line_start(text, self.inner.end);
            return Splice::insert(at, format!("{indent}{INDENT}{item},{newline}"));
        }
        let with = match self.one_line {
            true if text[..self.inner.start].ends_with('{') => format!(" {item} "),
            true => item.to_owned(),
            false => format!("{newline}{INDENT}{item},{newline}"),
        };
        Splice {
            range: self.inner.clone(),
            with,
        }
    }

    /// Removes an item with its comma and the comment on its line. Every other comment stays.
    pub(super) fn remove(&self, text: &str, position: usize) -> Vec<Splice> {
        let item = &self.items[position];
        let next = self.items.get(position + 1);
        let gap_end = next.map_or(self.inner.end, |next| next.start);
        let own = comma(text, item.end..gap_end);
        let end = own.map_or(item.end, |comma| comma + 1);
        let mut splices = Vec::new();
        let before = position
            .checked_sub(1)
            .map_or(self.inner.start, |before| self.items[before].end);
        if own.is_none()
            && let Some(comma) = comma(text, before..item.start)
        {
            splices.push(Splice::cut(comma..comma + 1));
        }
        let line_end = line_end(text, end);
        let rest = text[end..line_end].trim_start_matches([' ', '\t']);
        let alone = line_end < gap_end && (rest.is_empty() || rest.starts_with('#'));
        let range = if indent(text, item.start).is_none() {
            match next {
                Some(_) if position == 0 => item.start..blanks_after(text, end),
                _ => blanks_before(text, item.start)..end,
            }
        } else if alone {
            line_start(text, item.start)..next_line(text, end)
        } else if next.is_none() && !text[before..item.start].contains('#') {
            // The line breaks before it, and its bracket closes on the same line.
            let line = line_start(text, item.start);
            blanks_before_line(text, line)..end
        } else {
            item.start..blanks_after(text, end)
        };
        splices.push(Splice::cut(range));
        splices
    }

    /// Whether there is a comment that is not on the line of an item, or that would be left without it.
    pub(super) fn has_comment_beside(&self, text: &str, position: usize) -> bool {
        let item = &self.items[position];
        let end = comma(text, item.end..self.inner.end).map_or(item.end, |comma| comma + 1);
        let line_end = line_end(text, end).min(self.inner.end);
        text[self.inner.start..item.start].contains('#')
            || text[line_end..self.inner.end].contains('#')
    }
}

/// What an item is set in by, where there is no other to go by.
const INDENT: &str = "    ";

/// The line break before `line`, which begins one.
fn blanks_before_line(text: &str, line: usize) -> usize {
    let before = text[..line].strip_suffix('\n').unwrap_or(&text[..line]);
    before.strip_suffix('\r').unwrap_or(before).len()
}

/// The first comma of `range` that is in no comment.
fn comma(text: &str, range: Range<usize>) -> Option<usize> {
    let mut in_comment = false;
    text[range.clone()]
        .char_indices()
        .find(|&(_, c)| {
            in_comment = (in_comment || c == '#') && c != '\n';
            c == ',' && !in_comment
        })
        .map(|(at, _)| range.start + at)
}

/// Whether nothing but blanks and line breaks is between the brackets.
pub(super) fn is_empty(text: &str) -> bool {
    text.lines().all(is_blank)
}
