//! Foreign text in lines of a given width: words with styles and links, escaped as they are laid out.

use std::fmt::Write as _;
use std::rc::Rc;

use anstyle::Style;
use cargo_util_terminal::Hyperlink;
use unicode_width::UnicodeWidthStr as _;

use super::untrusted::Escape;

/// How the page is that text is laid out for.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Columns. A word that is longer still has a line of its own.
    pub width: usize,
    /// Whether links can be followed where they are shown.
    pub links: bool,
}

/// What goes in front of the lines of a block. It is ours, or was escaped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Margin<'a> {
    pub(super) first: &'a str,
    pub(super) rest: &'a str,
}

/// Words that share lines.
#[derive(Debug, Default)]
pub(super) struct Paragraph {
    words: Vec<Word>,
    /// The last word has not ended yet.
    open: bool,
    /// The next word starts a line.
    breaks: bool,
}

#[derive(Debug, Default)]
struct Word {
    pieces: Vec<Piece>,
    starts_line: bool,
}

#[derive(Clone, Debug)]
struct Piece {
    text: String,
    look: Look,
}

/// How a piece of text looks and where it leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) style: Style,
    /// A target that [`is_followed`] allows.
    pub(super) link: Option<Rc<str>>,
}

impl Paragraph {
    pub(super) fn of(text: &str, style: Style) -> Paragraph {
        let mut paragraph = Paragraph::default();
        paragraph.push(text, &Look { style, link: None });
        paragraph
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Adds foreign text. Its white space parts words.
    pub(super) fn push(&mut self, text: &str, look: &Look) {
        for (place, part) in text.split(|c: char| c.is_ascii_whitespace()).enumerate() {
            if place > 0 {
                self.space();
            }
            if !part.is_empty() {
                self.piece(part, look);
            }
        }
    }

    /// Adds foreign text that belongs to the word before it.
    pub(super) fn piece(&mut self, text: &str, look: &Look) {
        let word = match self.words.last_mut().filter(|_| self.open) {
            Some(word) => word,
            None => {
                self.words.push(Word {
                    pieces: Vec::new(),
                    starts_line: std::mem::take(&mut self.breaks),
                });
                self.open = true;
                self.words.last_mut().expect("it was just pushed")
            }
        };
        match word.pieces.last_mut() {
            Some(last) if last.look == *look => last.text.push_str(text),
            _ => word.pieces.push(Piece {
                text: text.to_owned(),
                look: look.clone(),
            }),
        }
    }

    /// Ends a word.
    pub(super) fn space(&mut self) {
        self.open = false;
    }

    /// Ends a line.
    pub(super) fn line(&mut self) {
        self.open = false;
        self.breaks = !self.words.is_empty();
    }

    /// Adds the words of another one.
    pub(super) fn append(&mut self, other: &Paragraph) {
        self.space();
        for word in &other.words {
            for piece in &word.pieces {
                self.piece(&piece.text, &piece.look);
            }
            self.space();
        }
    }

    /// The columns that it takes on one line.
    pub(super) fn columns(&self) -> usize {
        let mut line = String::new();
        let spaces = self.words.len().saturating_sub(1);
        self.words
            .iter()
            .map(|word| word.shown(false, &mut line).1)
            .sum::<usize>()
            + spaces
    }

    /// Writes it on one line, without the end of it.
    pub(super) fn write_line(&self, out: &mut String, page: Page) {
        let mut line = Line::new(out, page);
        for (place, word) in self.words.iter().enumerate() {
            line.word(word, place == 0);
        }
        line.finish();
    }

    /// Writes it in lines of the page's width.
    pub(super) fn write(&self, out: &mut String, margin: Margin<'_>, page: Page) {
        let mut margins = std::iter::once(margin.first).chain(std::iter::repeat(margin.rest));
        let mut words = self.words.as_slice();
        let mut scratch = String::new();
        while !words.is_empty() {
            let start = margins.next().unwrap_or_default();
            // However deep the margin, there is room for a few words.
            let room = page.width.saturating_sub(start.width()).max(ROOM);
            let mut columns = 0;
            let mut count = 0;
            for word in words {
                let first = count == 0;
                let width = word.shown(first, &mut scratch).1 + usize::from(!first);
                if !first && (word.starts_line || columns + width > room) {
                    break;
                }
                columns += width;
                count += 1;
            }
            let (on_line, rest) = words.split_at(count);
            words = rest;
            out.push_str(start);
            let mut line = Line::new(out, page);
            for (place, word) in on_line.iter().enumerate() {
                line.word(word, place == 0);
            }
            line.finish();
            out.push('\n');
        }
    }
}

/// The least columns that a line of text gets.
const ROOM: usize = 16;

impl Word {
    /// The word as it is shown, in `scratch`, with the end of each piece and the columns of the whole.
    fn shown(&self, starts_line: bool, scratch: &mut String) -> (Vec<usize>, usize) {
        scratch.clear();
        let whole: String;
        let start = match self.pieces.as_slice() {
            [one] => &one.text,
            pieces => {
                whole = pieces.iter().map(|piece| piece.text.as_str()).collect();
                &whole
            }
        };
        let mut escape = if starts_line {
            Escape::at_start_of(start)
        } else {
            Escape::within_line()
        };
        let mut columns = 0;
        let ends = self
            .pieces
            .iter()
            .map(|piece| {
                for c in piece.text.chars() {
                    columns += escape.push(c, scratch);
                }
                scratch.len()
            })
            .collect();
        (ends, columns)
    }
}

/// One line that is being written, with the look that stands open.
struct Line<'a> {
    out: &'a mut String,
    page: Page,
    look: Look,
    scratch: String,
}

impl<'a> Line<'a> {
    fn new(out: &'a mut String, page: Page) -> Line<'a> {
        Line {
            out,
            page,
            look: Look::default(),
            scratch: String::new(),
        }
    }

    fn word(&mut self, word: &Word, first: bool) {
        if !first {
            let goes_on = word
                .pieces
                .first()
                .is_some_and(|piece| piece.look == self.look);
            if !goes_on {
                self.change(&Look::default());
            }
            self.out.push(' ');
        }
        let mut shown = std::mem::take(&mut self.scratch);
        let (ends, _) = word.shown(first, &mut shown);
        let mut start = 0;
        for (piece, end) in word.pieces.iter().zip(ends) {
            self.change(&piece.look);
            self.out.push_str(&shown[start..end]);
            start = end;
        }
        self.scratch = shown;
    }

    fn change(&mut self, look: &Look) {
        if self.look == *look {
            return;
        }
        let links = self.page.links;
        if links && self.look.link.is_some() {
            push(self.out, format_args!("{:#}", Hyperlink::with_url("")));
        }
        push(self.out, format_args!("{:#}", self.look.style));
        push(self.out, format_args!("{}", look.style));
        if let Some(target) = look.link.as_deref().filter(|_| links) {
            push(self.out, format_args!("{}", Hyperlink::with_url(target)));
        }
        self.look = look.clone();
    }

    fn finish(mut self) {
        self.change(&Look::default());
    }
}

/// Adds to a string, which cannot fail.
pub(super) fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text)
        .expect("a string takes all that is written");
}

/// A foreign address that shows itself.
pub(super) fn link(target: &str) -> Paragraph {
    let mut paragraph = Paragraph::default();
    let link = is_followed(target).then(|| Rc::from(target));
    paragraph.push(
        target,
        &Look {
            style: Style::new(),
            link,
        },
    );
    paragraph
}

/// Whether a terminal may be told to lead there: on the web, in plain characters, and not longer than terminals take.
pub(super) fn is_followed(target: &str) -> bool {
    let scheme = |scheme: &str| {
        target
            .get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    (scheme("https://") || scheme("http://"))
        && target.len() <= 2000
        && target.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Page = Page {
        width: 24,
        links: false,
    };

    fn written(text: &str) -> String {
        let mut out = String::new();
        let margin = Margin {
            first: "- ",
            rest: "  ",
        };
        Paragraph::of(text, Style::new()).write(&mut out, margin, PAGE);
        out
    }

    #[test]
    fn lines_end_between_words() {
        assert_eq!(
            written(" one two three four five  six seven eight\nnine"),
            "- one two three four\n  five six seven eight\n  nine\n"
        );
    }

    #[test]
    fn a_long_word_has_its_own_line() {
        let long = "x".repeat(40);
        assert_eq!(
            written(&format!("a {long} b")),
            format!("- a\n  {long}\n  b\n")
        );
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(
            written("漢字漢字漢 漢字漢字漢 a"),
            "- 漢字漢字漢 漢字漢字漢\n  a\n"
        );
    }

    #[test]
    fn what_would_act_at_the_start_of_a_line_is_escaped_there_alone() {
        assert_eq!(
            written("::error:: a ::std::vec ##[b] ::x::y::z"),
            "- \\u{3a}:error:: a\n  \\u{3a}:std::vec\n  #\\u{23}[b] ::x::y::z\n"
        );
    }

    #[test]
    fn marks_do_not_add_up_across_looks() {
        let bold = Look {
            style: Style::new().bold(),
            link: None,
        };
        let mut paragraph = Paragraph::of("#", Style::new());
        paragraph.piece("#[x]", &bold);
        let mut out = String::new();
        paragraph.write_line(&mut out, PAGE);
        assert_eq!(out, "#\u{1b}[1m\\u{23}[x]\u{1b}[0m");
    }

    #[test]
    fn only_the_web_is_followed() {
        for (target, expected) in [
            ("https://a.example/?b#c", true),
            ("HTTP://a.example", true),
            ("javascript:alert(1)", false),
            ("file:///etc/passwd", false),
            ("https://a.example/\u{1b}\\", false),
            ("https://ä.example", false),
            ("https://a b", false),
            ("//a.example", false),
            ("é", false),
        ] {
            assert_eq!(is_followed(target), expected, "{target}");
        }
    }
}
