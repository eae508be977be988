//! Tables: in columns, or where there is no room for them, a row as a paragraph.

use unicode_width::UnicodeWidthStr as _;

use crate::report::paragraph::{Look, Margin, Paragraph};
use crate::report::{Page, push};

/// A table, as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// The first is the head.
    rows: Vec<Vec<Paragraph>>,
}

impl Table {
    /// Starts a row.
    pub(super) fn row(&mut self) {
        self.rows.push(Vec::new());
    }

    /// Adds a cell to the last row.
    pub(super) fn cell(&mut self, text: Paragraph) {
        if let Some(row) = self.rows.last_mut() {
            row.push(text);
        }
    }

    pub(super) fn write(&self, out: &mut String, margin: Margin<'_>, page: Page) {
        let widths = self.widths();
        let needed = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        let fits = page.fits(margin.rest.width() + needed);
        let mut start = margin.first;
        for (place, row) in self.rows.iter().enumerate() {
            if fits {
                write_columns(out, start, row, &widths, page);
            } else {
                write_paragraph(out, start, margin.rest, row, page);
            }
            start = margin.rest;
            if fits && place == 0 {
                let rules: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
                push(
                    out,
                    format_args!("{start}{}\n", rules.join(&" ".repeat(GAP))),
                );
            }
        }
    }

    /// The columns that each column of cells takes.
    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = Vec::new();
        for row in &self.rows {
            for (place, cell) in row.iter().enumerate() {
                let columns = cell.columns();
                match widths.get_mut(place) {
                    Some(width) => *width = columns.max(*width),
                    None => widths.push(columns),
                }
            }
        }
        widths
    }
}

/// Spaces between two columns.
const GAP: usize = 2;

fn write_columns(out: &mut String, start: &str, row: &[Paragraph], widths: &[usize], page: Page) {
    let mut line = start.to_owned();
    let mut missing = 0;
    for (cell, width) in row.iter().zip(widths) {
        if !cell.is_empty() {
            line.push_str(&" ".repeat(missing));
            missing = 0;
            cell.write_line(&mut line, page);
        }
        missing += (width + GAP).saturating_sub(cell.columns());
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

fn write_paragraph(out: &mut String, start: &str, rest: &str, row: &[Paragraph], page: Page) {
    let mut text = Paragraph::default();
    for (place, cell) in row.iter().enumerate() {
        if place > 0 {
            text.push(" | ", &Look::default());
        }
        text.append(cell);
    }
    let margin = Margin {
        first: start,
        rest: &format!("{rest}{:GAP$}", ""),
    };
    text.write(out, margin, page);
}
