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
//! The marks are letters, so that the line can be read without colours.

use anstyle::Style;
use cargo_util_terminal::style;
use jiff::Timestamp;
use semver::{Version, VersionReq};
use unicode_width::UnicodeWidthStr as _;

use super::paragraph::{Margin, Paragraph};
use super::{Page, Untrusted, counted, push};
use crate::advisory::Advisory;

/// A version of a crate, as its registry lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    pub version: Version,
    pub yanked: bool,
    /// None where the registry does not say.
    pub published: Option<Timestamp>,
}

impl Release {
    /// The day of its publication, as `2021-01-04`.
    pub fn day(&self) -> Option<String> {
        self.published.map(day)
    }
}

fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

/// What stands on the line for a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    Affected,
    Unaffected,
    Patched,
}

impl Mark {
    /// RustSec's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Mark::Affected => "affected",
            Mark::Unaffected => "unaffected",
            Mark::Patched => "patched",
        }
    }

    /// What `advisory` says of `version`.
    ///
    /// Which versions are affected, the ranges say, as everywhere. A pre-release meets few requirements, so what it is if
    /// it is not affected goes by the order: it is patched if some affected version is older.
    pub fn of(version: &Version, advisory: &Advisory) -> Mark {
        let meets = |requirements: &[String]| {
            requirements.iter().any(|requirement| {
                VersionReq::parse(requirement).is_ok_and(|requirement| requirement.matches(version))
            })
        };
        if advisory.affects(version) {
            Mark::Affected
        } else if meets(&advisory.unaffected) {
            Mark::Unaffected
        } else if meets(&advisory.patched) {
            Mark::Patched
        } else {
            let older_is_affected = advisory.ranges.iter().any(|range| {
                range
                    .introduced
                    .as_ref()
                    .is_none_or(|first| first < version)
            });
            if older_is_affected {
                Mark::Patched
            } else {
                Mark::Unaffected
            }
        }
    }

    fn letter(self) -> char {
        match self {
            Mark::Affected => 'x',
            Mark::Unaffected => '.',
            Mark::Patched => 'o',
        }
    }

    fn style(self) -> Style {
        match self {
            Mark::Affected => style::ERROR,
            Mark::Unaffected => Style::new().dimmed(),
            Mark::Patched => style::GOOD,
        }
    }
}

const YANKED: char = 'y';

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
    write_line(out, releases, named, page);
    let runs: Vec<Run<'_>> = releases.chunk_by(Judged::is_like).map(Run).collect();
    // Very long versions stand out rather than push all others away.
    let widest = runs.iter().map(|run| run.versions().width());
    let width = widest.filter(|width| *width <= LONGEST).max().unwrap_or(0);
    for run in &runs {
        run.write(out, width, page);
    }
    write_yanked(out, releases, yanks, page);
}

const INDENT: usize = 4;
/// Columns of two versions that others are still lined up with.
const LONGEST: usize = 32;

/// Releases beside each other of which the same can be said.
struct Run<'a>(&'a [Judged<'a>]);

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

    fn versions(&self) -> String {
        let shown =
            |judged: &Judged<'_>| Untrusted(&judged.release.version.to_string()).to_string();
        match self.0 {
            [] => String::new(),
            [one] => shown(one),
            [first, .., last] => format!("{} … {}", shown(first), shown(last)),
        }
    }

    fn write(&self, out: &mut String, width: usize, page: Page) {
        let Some(first) = self.0.first() else {
            return;
        };
        let mut words = first.word.to_owned();
        let yanked = self.0.iter().filter(|judged| judged.release.yanked).count();
        if self.0.len() > 1 {
            words.push_str(&format!(", {} releases", self.0.len()));
            if yanked > 0 {
                words.push_str(&format!(" ({yanked} yanked)"));
            }
        } else if yanked > 0 {
            words.push_str(", yanked");
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

/// Writes `words` behind `start`, which takes so many `columns`.
fn write_words(out: &mut String, start: &str, columns: usize, words: &str, page: Page) {
    let margin = Margin {
        first: start,
        rest: &" ".repeat(columns),
    };
    Paragraph::of(words).write(out, margin, page);
}

/// Draws the line: a mark a release, or where there are more of them than columns, one for a few beside each other.
fn write_line(out: &mut String, releases: &[Judged<'_>], named: Option<&Version>, page: Page) {
    let columns = page.room(INDENT).clamp(1, releases.len());
    let start_of = |column: usize| column * releases.len() / columns;
    push(out, format_args!("{:INDENT$}", ""));
    let mut open = Style::new();
    for column in 0..columns {
        let shared = &releases[start_of(column)..start_of(column + 1)];
        let worst = shared.iter().map(|judged| judged.mark).min();
        let all_yanked = shared.iter().all(|judged| judged.release.yanked);
        let (letter, style) = match worst {
            Some(_) if all_yanked => (YANKED, style::WARN),
            Some(mark) => (mark.letter(), mark.style()),
            None => (' ', Style::new()),
        };
        if style != open {
            push(out, format_args!("{open:#}{style}"));
            open = style;
        }
        out.push(letter);
    }
    push(out, format_args!("{open:#}\n"));
    let named = named.and_then(|named| {
        let place = releases
            .iter()
            .position(|judged| judged.release.version == *named)?;
        let column = (0..columns).find(|column| start_of(column + 1) > place)?;
        Some((INDENT + column, named))
    });
    if let Some((column, named)) = named {
        let shown = Untrusted(&named.to_string()).to_string();
        let before = column.saturating_sub(shown.width() + 1);
        let bold = style::LITERAL;
        if page.fits(column + 2 + shown.width()) || before < INDENT {
            push(out, format_args!("{:column$}{bold}^ {shown}{bold:#}\n", ""));
        } else {
            push(out, format_args!("{:before$}{bold}{shown} ^{bold:#}\n", ""));
        }
    }
    let most = releases.len().div_ceil(columns);
    if most > 1 {
        push(
            out,
            format_args!(
                "{:INDENT$}(a mark stands for up to {most} releases, the worst of them)\n",
                ""
            ),
        );
    }
}

/// Says which releases are yanked, as far as a line or two hold them.
fn write_yanked(out: &mut String, releases: &[Judged<'_>], yanks: Yanks, page: Page) {
    const SHOWN: usize = 8;
    let yanked: Vec<&Release> = releases
        .iter()
        .map(|judged| judged.release)
        .filter(|release| release.yanked)
        .collect();
    if yanked.is_empty() {
        return;
    }
    let style = style::WARN;
    let start = format!("{:INDENT$}{style}{YANKED}{style:#}  ", "");
    let words = match yanks {
        Yanks::Counted => format!("yanked, {}", counted(yanked.len(), "release", "releases")),
        Yanks::Named => {
            let mut names: Vec<String> = yanked
                .iter()
                .take(SHOWN)
                .map(|release| release.version.to_string())
                .collect();
            if yanked.len() > SHOWN {
                names.push(format!("and {} more", yanked.len() - SHOWN));
            }
            format!("yanked: {}", names.join(", "))
        }
    };
    write_words(out, &start, INDENT + 3, &words, page);
}

#[cfg(test)]
mod tests {
    use snapbox::{assert_data_eq, str};

    use super::*;
    use crate::advisory::{Kind, Range, Registry};

    const PAGE: Page = Page {
        width: Some(80),
        unicode: true,
        links: false,
    };

    fn advisory(patched: &[&str], unaffected: &[&str], ranges: &[(&str, &str)]) -> Advisory {
        let version = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Advisory {
            id: "RUSTSEC-2020-0001".to_owned(),
            package: "leaky".to_owned(),
            kind: Kind::Vulnerability,
            title: String::new(),
            description: String::new(),
            date: "2020-01-01".to_owned(),
            url: None,
            references: Vec::new(),
            aliases: Vec::new(),
            related: Vec::new(),
            cvss: None,
            severity: None,
            patched: owned(patched),
            unaffected: owned(unaffected),
            affected_os: Vec::new(),
            affected_arch: Vec::new(),
            affected_functions: Vec::new(),
            registry: Registry::CratesIo,
            ranges: ranges
                .iter()
                .map(|(introduced, fixed)| Range {
                    introduced: version(introduced),
                    fixed: version(fixed),
                })
                .collect(),
        }
    }

    fn release(version: &str) -> Release {
        Release {
            version: version.trim_end_matches('!').parse().unwrap(),
            yanked: version.ends_with('!'),
            published: None,
        }
    }

    /// Versions that end with `!` are yanked.
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
    fn pre_releases_go_by_the_order() {
        let advisory = advisory(&[">=1.2.0"], &["<1.0.0"], &[("1.0.0", "1.2.0")]);
        for (version, mark) in [
            ("1.0.0-rc.1", Mark::Unaffected),
            ("1.0.0", Mark::Affected),
            ("1.2.0-rc.1", Mark::Affected),
            ("1.2.0", Mark::Patched),
            ("1.3.0-rc.1", Mark::Patched),
        ] {
            assert_eq!(
                Mark::of(&version.parse().unwrap(), &advisory),
                mark,
                "{version}"
            );
        }
    }

    #[test]
    fn code_that_was_removed_later_is_unaffected_there() {
        let advisory = advisory(&[], &[">=2.0.0"], &[("", "2.0.0")]);
        let mark = |version: &str| Mark::of(&version.parse().unwrap(), &advisory);
        assert_eq!(mark("1.9.0"), Mark::Affected);
        assert_eq!(mark("2.0.0"), Mark::Unaffected);
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
