//! Text in the lines of a page: words with styles and links, escaped as they are laid out.

use anstyle::Style;
use cargo_util_terminal::Hyperlink;
use unicode_width::UnicodeWidthStr as _;

use super::link::Link;
use super::untrusted::Escape;
use super::{Page, push};

/// Words that share lines. They may be foreign; what was escaped before stays as it is.
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
    pub(super) link: Option<Link>,
}

impl From<Style> for Look {
    fn from(style: Style) -> Look {
        Look { style, link: None }
    }
}

/// What goes in front of the lines of a paragraph. It is ours, or was escaped, and it may hold styles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Margin<'a> {
    pub(super) first: &'a str,
    pub(super) rest: &'a str,
}

impl Paragraph {
    pub(super) fn of(text: &str) -> Paragraph {
        let mut paragraph = Paragraph::default();
        paragraph.push(text, &Look::default());
        paragraph
    }

    /// Of a text with every space that it has.
    pub(super) fn spaced(text: &str) -> Paragraph {
        let mut paragraph = Paragraph::default();
        paragraph.words(text);
        paragraph
    }

    /// An address that shows itself, and leads there if a terminal may be told so.
    pub(super) fn address(url: &str) -> Paragraph {
        let mut paragraph = Paragraph::default();
        let look = Look {
            style: Style::new(),
            link: Link::new(url),
        };
        paragraph.push(url, &look);
        paragraph
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Adds text. Its white space parts words.
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

    /// Adds text as one word, whatever spaces it holds.
    pub(super) fn word(&mut self, text: &str) {
        self.space();
        self.piece(text, &Look::default());
        self.space();
    }

    /// Adds the words of a text with every space between them.
    pub(super) fn words(&mut self, text: &str) {
        for part in text.split(' ') {
            self.word(part);
        }
    }

    /// Adds text that belongs to the word before it.
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

    /// Writes it in lines of the page's width. A word that is longer has a line of its own.
    pub(super) fn write(&self, out: &mut String, margin: Margin<'_>, page: Page) {
        // However deep the margin, there is room for a few words. Where there is room for all, nothing is measured.
        let room = |margin: &str| match page.width {
            Some(_) => page.room(columns_of(margin)).max(ROOM),
            None => usize::MAX,
        };
        let first = (margin.first, room(margin.first));
        let rest = (margin.rest, room(margin.rest));
        let mut margins = std::iter::once(first).chain(std::iter::repeat(rest));
        let mut words = self.words.as_slice();
        let mut scratch = String::new();
        while !words.is_empty() {
            let (start, room) = margins.next().unwrap_or_default();
            let mut columns = 0;
            let mut count = 0;
            for word in words {
                let first = count == 0;
                let width = match room {
                    usize::MAX => 0,
                    _ => word.shown(first, &mut scratch).1 + usize::from(!first),
                };
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

/// The columns of text that may hold styles.
fn columns_of(text: &str) -> usize {
    anstream::adapter::strip_str(text).to_string().width()
}

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
        if let Some(link) = look.link.as_ref().filter(|_| links) {
            push(
                self.out,
                format_args!("{}", Hyperlink::with_url(link.url())),
            );
        }
        self.look = look.clone();
    }

    fn finish(mut self) {
        self.change(&Look::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Page = Page {
        width: Some(24),
        unicode: true,
        links: false,
    };

    const MARGIN: Margin<'_> = Margin {
        first: "- ",
        rest: "  ",
    };

    fn laid_out(paragraph: &Paragraph, margin: Margin<'_>, page: Page) -> String {
        let mut out = String::new();
        paragraph.write(&mut out, margin, page);
        out
    }

    fn written(text: &str) -> String {
        laid_out(&Paragraph::of(text), MARGIN, PAGE)
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
    fn where_nothing_limits_a_line_none_is_broken() {
        let text = "one two three four five six seven";
        let page = Page {
            width: None,
            ..PAGE
        };
        assert_eq!(
            laid_out(&Paragraph::of(text), MARGIN, page),
            format!("- {text}\n")
        );
    }

    #[test]
    fn spaces_part_words_or_are_kept() {
        assert_eq!(written("a  b "), "- a b\n");
        let spaced = Paragraph::spaced("a  b ");
        assert_eq!(laid_out(&spaced, MARGIN, PAGE), "- a  b \n");
        let mut whole = Paragraph::of("one two three four");
        whole.word("five six");
        assert_eq!(
            laid_out(&whole, MARGIN, PAGE),
            "- one two three four\n  five six\n"
        );
    }

    #[test]
    fn styles_and_links_take_no_columns() {
        let margin = Margin {
            first: "\u{1b}[1mwarn\u{1b}[0m ",
            rest: " ",
        };
        let mut paragraph = Paragraph::address("https://a.example");
        paragraph.piece(":", &Look::default());
        paragraph.word("b");
        let page = Page {
            links: true,
            ..PAGE
        };
        assert_eq!(
            laid_out(&paragraph, margin, page),
            "\u{1b}[1mwarn\u{1b}[0m \u{1b}]8;;https://a.example\u{1b}\\https://a.example\
             \u{1b}]8;;\u{1b}\\:\n b\n"
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
        let mut paragraph = Paragraph::of("#");
        paragraph.piece("#[x]", &Style::new().bold().into());
        let mut out = String::new();
        paragraph.write_line(&mut out, PAGE);
        assert_eq!(out, "#\u{1b}[1m\\u{23}[x]\u{1b}[0m");
    }
}
