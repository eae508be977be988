//! Text in the columns of a terminal.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr as _;

use super::link::Link;

/// What the place can show that an answer goes to.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Columns of the terminal. None where there is none: then no line is broken.
    pub width: Option<usize>,
    pub unicode: bool,
    /// It makes links of OSC 8.
    pub links: bool,
}

/// Text that is not broken, and the columns it takes.
#[derive(Clone, Debug)]
pub struct Piece {
    text: String,
    columns: usize,
}

impl Piece {
    /// Text that takes as many columns as it looks like.
    pub fn new(text: impl Into<String>) -> Piece {
        let text = text.into();
        Piece {
            columns: text.width(),
            text,
        }
    }

    /// `text` as a link to `url`.
    pub fn link(text: &str, link: &Link) -> Piece {
        let url = link.url();
        Piece {
            columns: text.width(),
            text: format!("\u{1b}]8;;{url}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\"),
        }
    }

    /// With plain text right behind it.
    pub fn followed_by(mut self, text: &str) -> Piece {
        self.columns += text.width();
        self.text.push_str(text);
        self
    }
}

/// The words of a text, which can be broken between any two of them. Text of others has to be harmless already.
pub fn words(text: &str) -> impl Iterator<Item = Piece> {
    text.split(' ').map(Piece::new)
}

/// Writes `pieces` with spaces between, and a newline behind. `column` is where the first one begins, `hang` where those
/// begin that do not fit on the first line. No line begins with what a build server takes for a command.
///
/// # Errors
///
/// As `out`.
pub fn write(
    out: &mut dyn Write,
    page: Screen,
    column: usize,
    hang: usize,
    pieces: impl IntoIterator<Item = Piece>,
) -> io::Result<()> {
    let mut at = column;
    for (position, piece) in pieces.into_iter().enumerate() {
        if position > 0 {
            let fits = page
                .width
                .is_none_or(|width| at + 1 + piece.columns <= width);
            if fits || piece.text.starts_with("::") {
                write!(out, " ")?;
                at += 1;
            } else {
                write!(out, "\n{:hang$}", "")?;
                at = hang;
            }
        }
        write!(out, "{}", piece.text)?;
        at += piece.columns;
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, width: Option<usize>) -> String {
        let page = Screen {
            width,
            unicode: true,
            links: false,
        };
        let mut out = Vec::new();
        write(&mut out, page, 0, 2, words(text)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_are_broken_between_words_and_hang() {
        assert_eq!(wrapped("one two three", Some(9)), "one two\n  three\n");
        assert_eq!(wrapped("one two three", Some(13)), "one two three\n");
        assert_eq!(wrapped("one two three", None), "one two three\n");
    }

    #[test]
    fn a_word_that_is_too_long_stays_whole() {
        assert_eq!(
            wrapped("a longer-word b", Some(6)),
            "a\n  longer-word\n  b\n"
        );
    }

    #[test]
    fn columns_are_counted_and_not_characters() {
        assert_eq!(wrapped("漢字 漢字", Some(8)), "漢字\n  漢字\n");
        assert_eq!(wrapped("漢字 漢字", Some(9)), "漢字 漢字\n");
    }

    #[test]
    fn no_line_begins_with_a_command() {
        assert_eq!(wrapped("title ::error::x", Some(8)), "title ::error::x\n");
    }

    #[test]
    fn a_link_takes_the_columns_of_its_text() {
        let link = Piece::link("ID", &Link::new("https://leaks.example/1").unwrap());
        assert_eq!(link.columns, 2);
        assert_eq!(
            link.text,
            "\u{1b}]8;;https://leaks.example/1\u{1b}\\ID\u{1b}]8;;\u{1b}\\"
        );
    }
}
