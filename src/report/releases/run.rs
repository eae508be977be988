//! Runs of releases of which the same can be said, a line of words each.

use unicode_width::UnicodeWidthStr as _;

use super::{INDENT, Judged, day, gone, write_words};
use crate::report::{Page, Untrusted, counted};

/// Releases beside each other of which the same can be said.
pub(super) struct Run<'a>(pub(super) &'a [Judged<'a>]);

impl Run<'_> {
    /// The advisories that affect the releases: their ids where a few affect all, else how many there are.
    fn by(&self) -> Option<String> {
        let counts = self.0.iter().map(|judged| judged.ids.len());
        let (fewest, most) = (counts.clone().min()?, counts.max()?);
        let first = self.0.first()?;
        let same = self.0.iter().all(|judged| judged.ids == first.ids);
        let counted = counted(most, "advisory", "advisories");
        if most == 0 {
            None
        } else if same && most <= 2 {
            Some(first.ids.join(", "))
        } else if same {
            Some(counted)
        } else if fewest == most {
            Some(format!("{counted} each"))
        } else {
            Some(format!("{fewest} to {counted}"))
        }
    }

    pub(super) fn versions(&self) -> String {
        let shown =
            |judged: &Judged<'_>| Untrusted(&judged.release.version.to_string()).to_string();
        match self.0 {
            [] => String::new(),
            [one] => shown(one),
            [first, .., last] => format!("{} … {}", shown(first), shown(last)),
        }
    }

    pub(super) fn write(&self, out: &mut String, width: usize, page: Page) {
        let Some(first) = self.0.first() else {
            return;
        };
        let mut words = first.word.to_owned();
        let gone = gone(self.0.iter().map(|judged| judged.release));
        if self.0.len() > 1 {
            words.push_str(&format!(", {} releases", self.0.len()));
            let gone: Vec<String> = gone
                .map(|(count, word)| format!("{count} {word}"))
                .collect();
            if !gone.is_empty() {
                words.push_str(&format!(" ({})", gone.join(", ")));
            }
        } else {
            for (_, word) in gone {
                words.push_str(&format!(", {word}"));
            }
        }
        let days = self.0.iter().filter_map(|judged| judged.release.published);
        // Old branches live on, so that the newest version need not be the last one published.
        if let (Some(from), Some(to)) = (days.clone().min(), days.max()) {
            let (from, to) = (day(from), day(to));
            words.push_str(", ");
            words.push_str(&from);
            if from != to {
                words.push_str(&format!(" to {to}"));
            }
        }
        if let Some(by) = self.by() {
            words.push_str(&format!("; by {by}"));
        }
        let versions = self.versions();
        let versions_width = versions.width();
        let style = first.mark.style();
        let padding = " ".repeat(width.saturating_sub(versions_width));
        let start = format!(
            "{:INDENT$}{style}{}{style:#}  {versions}{padding}  ",
            "",
            first.mark.letter()
        );
        let columns = INDENT + 3 + versions_width + padding.len() + 2;
        write_words(out, &start, columns, &words, page);
    }
}
