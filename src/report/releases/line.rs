//! The line itself: a mark a release.

use anstyle::Style;
use cargo_util_terminal::style;
use semver::Version;
use unicode_width::UnicodeWidthStr as _;

use super::{GONE, INDENT, Judged};
use crate::report::{Page, Untrusted, push};
use crate::yank::Yank;

/// Draws the line: a mark a release, or where there are more of them than columns, one for a few beside each other.
pub(super) fn write(
    out: &mut String,
    releases: &[Judged<'_>],
    named: Option<&Version>,
    page: Page,
) {
    let columns = page.room(INDENT).clamp(1, releases.len());
    let start_of = |column: usize| column * releases.len() / columns;
    push(out, format_args!("{:INDENT$}", ""));
    let mut open = Style::new();
    for column in 0..columns {
        let shared = &releases[start_of(column)..start_of(column + 1)];
        let worst = shared.iter().map(|judged| judged.mark).min();
        let yanks = || shared.iter().map(|judged| judged.release.yank);
        let all_gone = yanks().all(|yank| yank != Yank::None);
        let gone = GONE
            .iter()
            .find(|(kind, ..)| all_gone && yanks().any(|yank| yank == *kind));
        let (letter, style) = match (worst, gone) {
            (Some(_), Some((_, letter, _))) => (*letter, style::WARN),
            (Some(mark), None) => (mark.letter(), mark.style()),
            (None, _) => (' ', Style::new()),
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
