//! The one formatter for text that others wrote: advisories, names, versions, messages of servers.

use std::fmt::{self, Write as _};

use anyhow::anyhow;
use unicode_width::UnicodeWidthChar as _;

/// The most columns that foreign text takes.
pub const WIDTH: usize = 120;

/// Shows foreign text so that it can do nothing but be read.
///
/// Whatever moves the cursor, starts a line, turns the direction of writing or takes no room is escaped as in Rust,
/// `\u{1b}`, and text of more than [`WIDTH`] columns is cut with `…`. Printable ASCII stays as it is, but for what a
/// build server takes for a command in its log: `::` at the start, and `##` anywhere. Formatting the result again changes
/// nothing.
#[derive(Clone, Copy, Debug)]
pub struct Untrusted<'a>(pub &'a str);

impl fmt::Display for Untrusted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self.0, WIDTH, f)
    }
}

/// Shows what somebody configured, such as a path: as [`Untrusted`], but whole, for half a path leads nowhere.
#[derive(Clone, Copy, Debug)]
pub struct Configured<'a>(pub &'a str);

impl fmt::Display for Configured<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self.0, usize::MAX, f)
    }
}

/// The same error with the text of each of its causes as [`Untrusted`].
pub fn error(error: &anyhow::Error) -> anyhow::Error {
    let mut causes = error.chain().rev();
    let first = causes.next().map(ToString::to_string).unwrap_or_default();
    causes.fold(anyhow!("{}", Untrusted(&first)), |shown, cause| {
        shown.context(Untrusted(&cause.to_string()).to_string())
    })
}

/// Shows foreign text as [`Untrusted`] does, in so many columns at the most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Within<'a>(pub(super) &'a str, pub(super) usize);

impl fmt::Display for Within<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self.0, self.1, f)
    }
}

fn show(text: &str, most: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if text.len() <= most && is_plain(text) {
        return f.write_str(text);
    }
    // What fits once a cut is known to be needed leaves room for the ellipsis.
    let mut column = 0;
    let mut held = String::new();
    let mut escape = Escape::at_start_of(text);
    for c in text.chars() {
        let mut shown = String::new();
        let width = escape.push(c, &mut shown);
        if column + width > most {
            return f.write_char('…');
        }
        column += width;
        // The last column is held back: it becomes the ellipsis if more follows.
        if column >= most {
            held.push_str(&shown);
        } else {
            f.write_str(&shown)?;
        }
    }
    f.write_str(&held)
}

/// Whether nothing in `text` is escaped, and each byte takes one column. Most text is like that.
fn is_plain(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_graphic() || byte == b' ')
        && !text.contains("##")
        && !text.trim_start().starts_with("::")
}

/// The escaping of [`Untrusted`] for text that is laid out piece by piece and never cut, such as the paragraphs of an
/// advisory: whoever asked for the whole text gets all of it, in lines that we break.
#[derive(Clone, Copy, Debug)]
pub(super) struct Escape {
    before: Option<char>,
    /// The next `:` starts what a build server would take for a command.
    command: bool,
}

impl Escape {
    /// For `text` that starts a line.
    pub(super) fn at_start_of(text: &str) -> Escape {
        Escape {
            before: None,
            // Spaces before a command do not keep a build server from obeying it.
            command: text.trim_start().starts_with("::"),
        }
    }

    /// For text that does not start a line.
    pub(super) fn within_line() -> Escape {
        Escape {
            before: None,
            command: false,
        }
    }

    /// Adds `c` to `out` as it may be shown, and returns the columns that it takes.
    pub(super) fn push(&mut self, c: char, out: &mut String) -> usize {
        let acts = c == '#' && self.before == Some('#') || c == ':' && self.command;
        self.before = Some(c);
        self.command &= c != ':';
        match shown_width(c).filter(|_| !acts) {
            Some(width) => {
                out.push(c);
                width
            }
            None => {
                let start = out.len();
                out.extend(c.escape_unicode());
                out.len() - start
            }
        }
    }
}

/// The columns of a character that may be shown as it is, none for one that may not.
fn shown_width(c: char) -> Option<usize> {
    c.width().filter(|width| *width > 0 && !is_format(c))
}

/// Whether the character is none to be read: a control character, or one that only steers others.
pub(super) fn acts(c: char) -> bool {
    c.is_control() || is_format(c)
}

/// Whether Unicode counts the character among those that only steer others (general categories Cf, Zl and Zp), or leaves
/// the place open for such. The tables of widths give some of them a column.
fn is_format(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{890}'..='\u{891}'
            | '\u{8e2}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}'
            | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    fn shown(text: &str) -> String {
        Untrusted(text).to_string()
    }

    #[test]
    fn what_could_act_is_escaped() {
        for (text, expected) in [
            ("\u{1b}[31mred", r"\u{1b}[31mred"),
            (
                "\u{1b}]8;;http://x\u{7}link",
                r"\u{1b}]8;;http://x\u{7}link",
            ),
            ("a\r\nb\tc", r"a\u{d}\u{a}b\u{9}c"),
            ("a\n::error::b", r"a\u{a}::error::b"),
            ("\u{202e}gpj.exe", r"\u{202e}gpj.exe"),
            ("a\u{2066}b\u{2028}c", r"a\u{2066}b\u{2028}c"),
            ("pay\u{200b}pal\u{feff}", r"pay\u{200b}pal\u{feff}"),
            ("soft\u{ad}hyphen", r"soft\u{ad}hyphen"),
            ("nul\0", r"nul\u{0}"),
            (" ::error::a::b", r" \u{3a}:error::a::b"),
            ("a ##[error]b ###", r"a #\u{23}[error]b #\u{23}\u{23}"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn ordinary_text_stays() {
        for text in ["", "Potential segfault in `time`", "a::b # c", "é ß 漢字 …"] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(shown(&"x".repeat(WIDTH)), "x".repeat(WIDTH));
        assert_eq!(
            shown(&"x".repeat(WIDTH + 1)),
            format!("{}…", "x".repeat(WIDTH - 1))
        );
    }

    proptest! {
        #[test]
        fn nothing_acts_and_twice_is_once(text in any::<String>()) {
            let once = shown(&text);
            prop_assert!(!once.contains(acts));
            prop_assert!(once.width() <= WIDTH);
            prop_assert_eq!(shown(&once), once);
        }

        #[test]
        fn plain_text_is_what_would_be_shown_of_it(text in "[ -~]{0,140}") {
            let mut escape = Escape::at_start_of(&text);
            let mut slowly = String::new();
            text.chars().for_each(|c| {
                escape.push(c, &mut slowly);
            });
            prop_assert_eq!(is_plain(&text), slowly == text);
            prop_assert_eq!(Configured(&text).to_string(), slowly);
        }

        #[test]
        fn printable_ascii_is_unchanged(text in "[ -~&&[^#:]]{0,120}") {
            prop_assert_eq!(shown(&text), text);
        }
    }
}
