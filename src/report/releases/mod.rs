//! The releases of a crate as a line from the oldest to the newest, with what an advisory says of each.
//!
//! ```text
//!     ......xxxxxxxxxxxyxxooooo
//!                     ^ 1.6.0
//!     .  0.1.0 … 0.6.2   unaffected, 6 releases, 2015-04-02 to 2018-06-11
//!     x  0.6.3 … 1.6.0   affected, 14 releases (1 yanked), 2018-07-03 to 2020-12-01
//!     o  1.6.1 … 1.15.1  patched, 5 releases, 2021-01-04 to 2025-06-09
//!     y  yanked: 1.5.0
//! ```
//!
//! The marks are letters, so that the line can be read without colours. What its registry has removed is an `r`.

mod line;
mod mark;
mod run;

pub use self::mark::Mark;

use cargo_util_terminal::style;
use jiff::Timestamp;
use semver::Version;
use unicode_width::UnicodeWidthStr as _;

use self::run::Run;
use super::paragraph::{Margin, Paragraph};
use super::{Page, counted};
use crate::yank::{Said, Yank};

/// A version of a crate, as its registry lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    pub version: Version,
    pub yank: Yank,
    /// None where the registry does not say.
    pub published: Option<Timestamp>,
}

impl Release {
    /// Those that a registry has `said` something of, from the oldest to the newest.
    pub fn told(said: &Said) -> Vec<Release> {
        let mut told: Vec<Release> = said
            .told()
            .map(|(version, yank)| Release {
                version: version.clone(),
                yank,
                published: None,
            })
            .collect();
        told.sort_by(|a, b| a.version.cmp(&b.version));
        told
    }

    /// The day of its publication, as `2021-01-04`.
    pub fn day(&self) -> Option<String> {
        self.published.map(day)
    }
}

fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

/// The marks of what cannot be had any more, with the words for it.
const GONE: [(Yank, char, &str); 2] = [
    (Yank::Yanked, 'y', "yanked"),
    (Yank::Vanished, 'r', "removed"),
];

/// How many releases are of each, where there are any, with its word.
pub(super) fn gone<'a>(
    releases: impl Iterator<Item = &'a Release> + Clone,
) -> impl Iterator<Item = (usize, &'static str)> {
    GONE.into_iter().filter_map(move |(yank, _, word)| {
        let count = releases
            .clone()
            .filter(|release| release.yank == yank)
            .count();
        (count > 0).then_some((count, word))
    })
}

/// A release with what there is to say of it.
#[derive(Clone, Debug)]
pub struct Judged<'a> {
    pub release: &'a Release,
    pub mark: Mark,
    /// What it is, in a word or two.
    pub word: &'static str,
    /// Ids of the advisories that affect it, where that has to be said. They are foreign.
    pub ids: Vec<&'a str>,
}

impl Judged<'_> {
    /// Whether both are the same to somebody who looks for a release to use.
    fn is_like(&self, other: &Judged<'_>) -> bool {
        (self.mark, self.word) == (other.mark, other.word)
    }
}

/// What is said of the yanked releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yanks {
    Named,
    /// They are named elsewhere.
    Counted,
}

/// Adds the line of `releases`, which are sorted from the oldest to the newest, and what its marks mean. `named` is the
/// version that was asked about.
pub fn write(
    out: &mut String,
    releases: &[Judged<'_>],
    named: Option<&Version>,
    yanks: Yanks,
    page: Page,
) {
    if releases.is_empty() {
        return;
    }
    line::write(out, releases, named, page);
    let runs: Vec<Run<'_>> = releases.chunk_by(Judged::is_like).map(Run).collect();
    // Very long versions stand out rather than push all others away.
    let widest = runs.iter().map(|run| run.versions().width());
    let width = widest.filter(|width| *width <= LONGEST).max().unwrap_or(0);
    for run in &runs {
        run.write(out, width, page);
    }
    for (yank, letter, word) in GONE {
        let gone: Vec<&Release> = releases
            .iter()
            .map(|judged| judged.release)
            .filter(|release| release.yank == yank)
            .collect();
        write_gone(out, &gone, (letter, word), yanks, page);
    }
}

const INDENT: usize = 4;
/// Columns of two versions that others are still lined up with.
const LONGEST: usize = 32;

/// Writes `words` behind `start`, which takes so many `columns`.
fn write_words(out: &mut String, start: &str, columns: usize, words: &str, page: Page) {
    let margin = Margin {
        first: start,
        rest: &" ".repeat(columns),
    };
    Paragraph::of(words).write(out, margin, page);
}

/// Says which releases are `gone`, as far as a line or two hold them.
fn write_gone(
    out: &mut String,
    gone: &[&Release],
    (letter, word): (char, &str),
    yanks: Yanks,
    page: Page,
) {
    const SHOWN: usize = 8;
    if gone.is_empty() {
        return;
    }
    let style = style::WARN;
    let start = format!("{:INDENT$}{style}{letter}{style:#}  ", "");
    let words = match yanks {
        Yanks::Counted => format!("{word}, {}", counted(gone.len(), "release", "releases")),
        Yanks::Named => {
            let mut names: Vec<String> = gone
                .iter()
                .take(SHOWN)
                .map(|release| release.version.to_string())
                .collect();
            if gone.len() > SHOWN {
                names.push(format!("and {} more", gone.len() - SHOWN));
            }
            format!("{word}: {}", names.join(", "))
        }
    };
    write_words(out, &start, INDENT + 3, &words, page);
}

#[cfg(test)]
mod tests {
    use snapbox::{assert_data_eq, str};

    use super::mark::tests::advisory;
    use super::*;
    use crate::advisory::Advisory;

    const PAGE: Page = Page {
        width: Some(80),
        unicode: true,
        links: false,
    };

    fn release(version: &str) -> Release {
        Release {
            version: version.trim_end_matches(['!', '?']).parse().unwrap(),
            yank: match version.chars().last() {
                Some('!') => Yank::Yanked,
                Some('?') => Yank::Vanished,
                _ => Yank::None,
            },
            published: None,
        }
    }

    /// Versions that end with `!` are yanked, those with `?` removed.
    fn drawn(versions: &[&str], advisory: &Advisory, named: Option<&str>, width: usize) -> String {
        let releases: Vec<Release> = versions.iter().map(|version| release(version)).collect();
        let judged: Vec<Judged<'_>> = releases
            .iter()
            .map(|release| {
                let mark = Mark::of(&release.version, advisory);
                Judged {
                    release,
                    mark,
                    word: mark.as_str(),
                    ids: Vec::new(),
                }
            })
            .collect();
        let mut out = String::new();
        let page = Page {
            width: Some(width),
            ..PAGE
        };
        let named = named.map(|version| version.parse().unwrap());
        write(&mut out, &judged, named.as_ref(), Yanks::Named, page);
        anstream::adapter::strip_str(&out).to_string()
    }

    #[test]
    fn runs_follow_the_branches() {
        let advisory = advisory(
            &[">=0.6.14, <1.0.0", ">=1.6.1"],
            &["<0.6.3"],
            &[("0.6.3", "0.6.14"), ("1.0.0", "1.6.1")],
        );
        let versions = [
            "0.6.1",
            "0.6.2",
            "0.6.3",
            "0.6.13!",
            "0.6.14",
            "1.0.0",
            "1.6.0",
            "1.6.1",
            "1.7.0!",
            "2.0.0-alpha.1",
        ];
        assert_data_eq!(
            drawn(&versions, &advisory, Some("1.6.0"), 80),
            str![[r#"
    ..xyoxxoyo
          ^ 1.6.0
    .  0.6.1 … 0.6.2          unaffected, 2 releases
    x  0.6.3 … 0.6.13         affected, 2 releases (1 yanked)
    o  0.6.14                 patched
    x  1.0.0 … 1.6.0          affected, 2 releases
    o  1.6.1 … 2.0.0-alpha.1  patched, 3 releases (1 yanked)
    y  yanked: 0.6.13, 1.7.0

"#]]
        );
    }

    #[test]
    fn what_was_removed_is_no_yank() {
        let advisory = advisory(&[">=1.0.2"], &[], &[("", "1.0.2")]);
        let versions = ["1.0.0?", "1.0.1!", "1.0.2", "1.1.0?"];
        assert_data_eq!(
            drawn(&versions, &advisory, None, 80),
            str![[r#"
    ryor
    x  1.0.0 … 1.0.1  affected, 2 releases (1 yanked, 1 removed)
    o  1.0.2 … 1.1.0  patched, 2 releases (1 removed)
    y  yanked: 1.0.1
    r  removed: 1.0.0, 1.1.0

"#]]
        );
    }

    #[test]
    fn many_releases_share_marks_and_the_worst_is_shown() {
        let advisory = advisory(&[">=1.0.101"], &["<1.0.100"], &[("1.0.100", "1.0.101")]);
        let versions: Vec<String> = (0..200).map(|patch| format!("1.0.{patch}")).collect();
        let versions: Vec<&str> = versions.iter().map(String::as_str).collect();
        assert_data_eq!(
            drawn(&versions, &advisory, Some("1.0.199"), 44),
            str![[r#"
    ....................xooooooooooooooooooo
                                   1.0.199 ^
    (a mark stands for up to 5 releases, the worst of them)
    .  1.0.0 … 1.0.99     unaffected, 100
                          releases
    x  1.0.100            affected
    o  1.0.101 … 1.0.199  patched, 99
                          releases

"#]]
        );
    }

    #[test]
    fn foreign_versions_do_not_break_the_lines() {
        let advisory = advisory(&[], &[], &[("", "")]);
        let long = format!("1.0.0-{}", "a".repeat(200));
        let drawn = drawn(&["0.9.0", &long], &advisory, Some(&long), 80);
        let cut = format!("1.0.0-{}…", "a".repeat(113));
        assert!(drawn.contains(&format!("^ {cut}\n")), "{drawn}");
        assert!(drawn.contains(&format!("x  0.9.0 … {cut}  ")), "{drawn}");
    }
}
