//! Rows of a word and what it stands for.

use anstyle::Style;

use super::margin;
use crate::report::Page;
use crate::report::link::Link;
use crate::report::paragraph::{Look, Paragraph};

/// Writes such rows.
pub(super) struct Fields<'o> {
    pub(super) out: &'o mut String,
    pub(super) page: Page,
}

/// Columns of the first word.
const FIELD: usize = 12;

impl Fields<'_> {
    pub(super) fn words(&mut self, name: &str, words: &str) {
        self.row(name, &[Paragraph::of(words)]);
    }

    pub(super) fn looking<'w>(
        &mut self,
        name: &str,
        look: &Look,
        words: impl IntoIterator<Item = &'w str>,
    ) {
        let mut text = Paragraph::default();
        for word in words {
            text.push(word, look);
        }
        self.row(name, &[text]);
    }

    pub(super) fn lines(&mut self, name: &str, lines: &[String]) {
        let lines: Vec<Paragraph> = lines.iter().map(|line| Paragraph::of(line)).collect();
        self.row(name, &lines);
    }

    pub(super) fn links(&mut self, name: &str, links: &[&str]) {
        let links: Vec<Paragraph> = links.iter().map(|link| Paragraph::address(link)).collect();
        self.row(name, &links);
    }

    /// Ids of advisories, which lead to where their databases show them.
    pub(super) fn ids(&mut self, name: &str, ids: &[String]) {
        let mut text = Paragraph::default();
        for (place, id) in ids.iter().enumerate() {
            if place > 0 {
                text.piece(",", &Look::default());
                text.space();
            }
            text.push(
                id,
                &Look {
                    style: Style::new(),
                    link: Link::of_id(id),
                },
            );
        }
        self.row(name, &[text]);
    }

    fn row(&mut self, name: &str, lines: &[Paragraph]) {
        let rest = " ".repeat(4 + FIELD);
        let mut first = format!("    {name:<FIELD$}");
        for line in lines {
            if !line.is_empty() {
                line.write(self.out, margin(&first, &rest), self.page);
                first.clone_from(&rest);
            }
        }
    }
}
