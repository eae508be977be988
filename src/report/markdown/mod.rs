//! Markdown for a terminal: the description of an advisory.
//!
//! The text is foreign. All of it goes through the escaping of [`Untrusted`](super::Untrusted), HTML is shown as it is
//! written, and a link shows where it leads. Nesting costs neither stack nor, past a few levels, room.

mod table;

use std::collections::HashMap;
use std::rc::Rc;

use anstyle::{AnsiColor, Style};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use self::table::Table;
use super::link::Link;
use super::paragraph::{Look, Margin, Paragraph};
use super::{Configured, Page, push};

/// Lists and quotes within each other that are still indented.
const DEEPEST: usize = 8;

const CODE: Style = AnsiColor::Cyan.on_default();
const FAINT: Style = Style::new().dimmed();

/// Adds `markdown` to `out`, each line behind `indent` spaces, headings behind two fewer. What links lead to is numbered
/// and listed at the end, so that a paragraph can be read.
pub fn write(out: &mut String, markdown: &str, indent: usize, page: Page) {
    let mut writer = Writer {
        out,
        page,
        indent: " ".repeat(indent),
        nests: Vec::new(),
        too_deep: 0,
        written: false,
        text: Paragraph::default(),
        looks: Vec::new(),
        links: Links::default(),
        heading: false,
        code: None,
        table: None,
    };
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        writer.event(event);
    }
    writer.flush();
    writer.write_links();
}

struct Writer<'a> {
    out: &'a mut String,
    page: Page,
    indent: String,
    /// The lists, items and quotes that are open, down to [`DEEPEST`].
    nests: Vec<Nest>,
    /// How many more are open.
    too_deep: usize,
    /// Something was written, so that the next block is set off.
    written: bool,
    text: Paragraph,
    /// The looks of the emphases, links and the like that are open.
    looks: Vec<Look>,
    links: Links,
    heading: bool,
    /// The code block that is open, with what is written of its last line.
    code: Option<String>,
    table: Option<Table>,
}

#[derive(Debug)]
enum Nest {
    /// The number of the next item, none where items have none.
    List {
        number: Option<u64>,
        items: usize,
    },
    /// What goes in front of its first line, until that is written.
    Item {
        mark: Option<String>,
        width: usize,
    },
    Quote,
}

#[derive(Debug, Default)]
struct Links {
    /// Where the links that are open lead, and their texts so far.
    open: Vec<(Rc<str>, String)>,
    numbers: HashMap<Rc<str>, usize>,
    targets: Vec<Rc<str>>,
}

impl Writer<'_> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::InlineHtml(text) | Event::InlineMath(text) => {
                self.say(&text)
            }
            Event::Code(code) => {
                let mut look = self.look();
                look.style = look.style.fg_color(CODE.get_fg_color());
                self.text.piece("`", &look);
                self.text.push(&code, &look);
                self.text.piece("`", &look);
            }
            Event::Html(html) => {
                for line in html.lines() {
                    self.say(line);
                    self.text.line();
                }
            }
            Event::SoftBreak => self.text.space(),
            Event::HardBreak => self.text.line(),
            Event::Rule => {
                self.block();
                let margin = self.margin();
                push(
                    self.out,
                    format_args!("{margin}{FAINT}{}{FAINT:#}\n", "─".repeat(20)),
                );
                self.written = true;
            }
            // Of extensions that are off.
            Event::DisplayMath(text) | Event::FootnoteReference(text) => self.say(&text),
            Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.block(),
            Tag::HtmlBlock => self.block(),
            Tag::Heading { level, .. } => {
                self.block();
                self.heading = true;
                let high = matches!(level, HeadingLevel::H1 | HeadingLevel::H2);
                self.look_on(|look| {
                    look.style = look.style.bold();
                    if high {
                        look.style = look.style.underline();
                    }
                });
            }
            Tag::BlockQuote(_) => {
                self.block();
                self.nest(Nest::Quote);
            }
            Tag::CodeBlock(_) => {
                self.block();
                self.code = Some(String::new());
            }
            Tag::List(number) => {
                self.flush();
                let within = self.nests.iter().any(|nest| matches!(nest, Nest::Item { .. }));
                if !within {
                    self.block();
                }
                self.nest(Nest::List { number, items: 0 });
            }
            Tag::Item => self.item(),
            Tag::Emphasis => self.look_on(|look| look.style = look.style.italic()),
            Tag::Strong => self.look_on(|look| look.style = look.style.bold()),
            Tag::Strikethrough => self.look_on(|look| look.style = look.style.strikethrough()),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => self.link(&dest_url),
            Tag::Table(_) => {
                self.block();
                self.table = Some(Table::default());
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.row();
                }
            }
            Tag::TableCell
            | Tag::Superscript
            | Tag::Subscript
            // Of extensions that are off.
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::MetadataBlock(_) => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.flush(),
            TagEnd::Heading(_) => {
                self.looks.pop();
                self.flush();
                self.heading = false;
            }
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item => {
                self.flush();
                if self.too_deep > 0 {
                    self.too_deep -= 1;
                } else {
                    self.end_nest();
                }
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                self.looks.pop();
            }
            TagEnd::Link | TagEnd::Image => self.end_link(),
            TagEnd::TableCell => {
                if let Some(table) = &mut self.table {
                    table.cell(std::mem::take(&mut self.text));
                }
            }
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    let (first, rest) = (self.margin(), self.quotes());
                    let margin = Margin {
                        first: &first,
                        rest: &rest,
                    };
                    table.write(self.out, margin, self.page);
                    self.written = true;
                }
            }
            _ => {}
        }
    }

    /// Adds text in the look that is on.
    fn say(&mut self, text: &str) {
        if let Some((_, link)) = self.links.open.last_mut() {
            link.push_str(text);
        }
        let Some(line) = &mut self.code else {
            let look = self.look();
            self.text.push(text, &look);
            return;
        };
        let mut line = std::mem::take(line);
        for part in text.split_inclusive('\n') {
            line.push_str(part);
            if part.ends_with('\n') {
                self.write_code(&line);
                line.clear();
            }
        }
        self.code = Some(line);
    }

    fn look(&self) -> Look {
        self.looks.last().cloned().unwrap_or_default()
    }

    fn look_on(&mut self, change: impl FnOnce(&mut Look)) {
        let mut look = self.look();
        change(&mut look);
        self.looks.push(look);
    }

    fn link(&mut self, target: &str) {
        let target: Rc<str> = target.into();
        self.look_on(|look| {
            if let Some(link) = Link::new(&target) {
                look.style = look.style.underline();
                look.link = Some(link);
            }
        });
        self.links.open.push((target, String::new()));
    }

    /// Says where the link that ends here leads, unless its text already does.
    fn end_link(&mut self) {
        self.looks.pop();
        let Some((target, text)) = self.links.open.pop() else {
            return;
        };
        if target.is_empty() || *target == *text {
            return;
        }
        let targets = &mut self.links.targets;
        let number = *self.links.numbers.entry(target.clone()).or_insert_with(|| {
            targets.push(target);
            targets.len()
        });
        self.text.space();
        self.text.piece(&format!("[{number}]"), &FAINT.into());
    }

    /// Starts a block, set off from what stands above it.
    fn block(&mut self) {
        self.flush();
        // The first block of an item stands beside the item's mark.
        let beside_mark = matches!(self.nests.last(), Some(Nest::Item { mark: Some(_), .. }));
        let first_item = self.nests.iter().rev().find_map(|nest| match nest {
            Nest::List { items, .. } => Some(*items == 1),
            _ => None,
        });
        if self.written && !(beside_mark && first_item == Some(true)) {
            self.blank();
        }
    }

    fn blank(&mut self) {
        let margin = self.quotes();
        self.out.push_str(margin.trim_end());
        self.out.push('\n');
        self.written = false;
    }

    fn nest(&mut self, nest: Nest) {
        if self.nests.len() < DEEPEST && self.too_deep == 0 {
            self.nests.push(nest);
        } else {
            self.too_deep += 1;
        }
    }

    fn item(&mut self) {
        self.flush();
        if self.too_deep > 0 {
            self.too_deep += 1;
            return;
        }
        let mark = match self.nests.last_mut() {
            Some(Nest::List { number, items }) => {
                *items += 1;
                match number {
                    Some(number) => {
                        let mark = format!("{number}. ");
                        *number = number.saturating_add(1);
                        mark
                    }
                    None => "- ".to_owned(),
                }
            }
            _ => "- ".to_owned(),
        };
        self.nest(Nest::Item {
            width: mark.len(),
            mark: Some(mark),
        });
    }

    fn end_nest(&mut self) {
        // An item without text still shows its mark.
        if let Some(Nest::Item { mark: Some(_), .. }) = self.nests.last() {
            let margin = self.margin();
            self.out.push_str(margin.trim_end());
            self.out.push('\n');
            self.written = true;
        }
        self.nests.pop();
    }

    /// What goes in front of the next line. Marks are used up.
    fn margin(&mut self) -> String {
        let mut margin = self.indent.clone();
        for nest in &mut self.nests {
            match nest {
                Nest::List { .. } => {}
                Nest::Quote => margin.push_str("> "),
                Nest::Item { mark, width } => match mark.take() {
                    Some(mark) => margin.push_str(&mark),
                    None => margin.push_str(&" ".repeat(*width)),
                },
            }
        }
        margin
    }

    /// What goes in front of a line without text.
    fn quotes(&self) -> String {
        let mut margin = self.indent.clone();
        for nest in &self.nests {
            match nest {
                Nest::List { .. } => {}
                Nest::Quote => margin.push_str("> "),
                Nest::Item { width, .. } => margin.push_str(&" ".repeat(*width)),
            }
        }
        margin
    }

    /// Writes the text that has come together.
    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        if text.is_empty() {
            return;
        }
        let mut first = self.margin();
        let mut rest = self.quotes();
        if self.heading {
            first = first.strip_prefix("  ").map(str::to_owned).unwrap_or(first);
            rest = rest.strip_prefix("  ").map(str::to_owned).unwrap_or(rest);
        }
        let margin = Margin {
            first: &first,
            rest: &rest,
        };
        text.write(self.out, margin, self.page);
        self.written = true;
    }

    /// Writes a line of code, which is never broken.
    fn write_code(&mut self, line: &str) {
        let margin = self.margin();
        let line = line.trim_end().replace('\t', "    ");
        if line.is_empty() {
            self.out.push_str(margin.trim_end());
        } else {
            push(
                self.out,
                format_args!("{margin}    {CODE}{}{CODE:#}", Configured(&line)),
            );
        }
        self.out.push('\n');
        self.written = true;
    }

    fn end_code(&mut self) {
        if let Some(line) = self.code.take()
            && !line.is_empty()
        {
            self.write_code(&line);
        }
    }

    /// Lists where the numbered links lead.
    fn write_links(&mut self) {
        if self.links.targets.is_empty() {
            return;
        }
        self.nests.clear();
        if self.written {
            self.blank();
        }
        for (place, target) in self.links.targets.iter().enumerate() {
            let margin = format!("{}[{}] ", self.indent, place + 1);
            let margin = Margin {
                first: &margin,
                rest: &margin,
            };
            Paragraph::address(target).write(self.out, margin, self.page);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;
    use snapbox::{IntoData as _, assert_data_eq, str};

    use super::*;

    fn written(markdown: &str, width: usize, links: bool) -> String {
        let mut out = String::new();
        let page = Page {
            width: Some(width),
            unicode: true,
            links,
        };
        write(&mut out, markdown, 4, page);
        out
    }

    fn plain(markdown: &str) -> String {
        anstream::adapter::strip_str(&written(markdown, 60, false)).to_string()
    }

    #[test]
    fn blocks_are_set_off_and_paragraphs_wrapped() {
        assert_data_eq!(
            plain(
                "## Impact\n\nA *long* paragraph with `code`, **strong words** and a line\nthat goes on.  \nA new line.\n\n\
                 > Quoted\n> text\n>\n> > twice\n\n---\n\n    indented code\n\n```rust\nfn main() {\n\tmain()\n\n}\n```\nEnd."
            ),
            str![[r#"
  Impact

    A long paragraph with `code`, strong words and a line
    that goes on.
    A new line.

    > Quoted text
    >
    > > twice

    ────────────────────

        indented code

        fn main() {
            main()

        }

    End.

"#]]
            .raw()
        );
    }

    #[test]
    fn lists_nest_and_keep_their_numbers() {
        assert_data_eq!(
            plain(
                "Before:\n- one\n- two, which is rather longer than the others are\n  1. deep\n  2. deeper\n\n     more\n- three\n\nAfter:\n\n\
                 7. seven\n\n   ```\n   code\n   ```\n\n8. eight\n\n-\n- x"
            ),
            str![[r#"
    Before:

    - one
    - two, which is rather longer than the others are
      1. deep

      2. deeper

         more
    - three

    After:

    7. seven

           code

    8. eight

    -
    - x

"#]]
            .raw()
        );
    }

    #[test]
    fn links_are_numbered_and_listed() {
        let text = "See [the fix](https://a.example/fix) and [it again](https://a.example/fix), <https://b.example>, [https://c.example](https://c.example), \
                    [evil](javascript:alert), ![a picture](p.png) and [nothing]().";
        assert_data_eq!(
            plain(text),
            str![[r#"
    See the fix [1] and it again [1], https://b.example,
    https://c.example, evil [2], a picture [3] and nothing.

    [1] https://a.example/fix
    [2] javascript:alert
    [3] p.png

"#]]
            .raw()
        );
        let linked = written(text, 60, true);
        assert_eq!(
            linked
                .matches("\u{1b}]8;;https://a.example/fix\u{1b}\\")
                .count(),
            3
        );
        assert!(linked.contains("\u{1b}]8;;https://b.example\u{1b}\\"));
        assert!(!linked.contains("]8;;javascript"));
        assert_eq!(
            linked.matches("\u{1b}]8;;\u{1b}\\").count(),
            5,
            "each is closed"
        );
        assert!(!written(text, 60, false).contains("\u{1b}]8"));
    }

    #[test]
    fn tables_stand_in_columns_or_in_rows() {
        let table =
            "| version | `state` |\n|---|---|\n| 1.0.0 | affected, *very* |\n| 1.10.0 | |\n";
        assert_data_eq!(
            plain(table),
            str![[r#"
    version  `state`
    ───────  ──────────────
    1.0.0    affected, very
    1.10.0

"#]]
            .raw()
        );
        let narrow = anstream::adapter::strip_str(&written(table, 24, false)).to_string();
        assert_data_eq!(
            narrow,
            str![[r#"
    version | `state`
    1.0.0 | affected,
      very
    1.10.0 |

"#]]
            .raw()
        );
    }

    #[test]
    fn html_is_text() {
        assert_data_eq!(
            plain("<details>\n<b>bold</b>\n</details>\n\na <br> b &amp; c"),
            str![[r#"
    <details>
    <b>bold</b>
    </details>

    a <br> b & c

"#]]
            .raw()
        );
    }

    #[test]
    fn nothing_reaches_the_terminal_that_acts_on_it() {
        let hostile = "a \u{1b}[2J\u{202e}b &#27;[31m &#x202e;\n::error::x\n##[error]y\n\n\
                       `\u{9b}` [\u{7}](https://a.example/\u{1b})\n\n```\n::error::code\n\u{1b}]0;t\u{7}\n```\n\n\
                       <b \u{1b}[1m>\n\n| \u{1b} |\n|-|\n";
        for links in [false, true] {
            let shown = written(hostile, 60, links);
            let seen = anstream::adapter::strip_str(&shown).to_string();
            assert!(
                !seen.contains(|c: char| c.is_control() && c != '\n'),
                "{seen:?}"
            );
            assert!(!seen.contains('\u{202e}'), "{seen:?}");
            assert!(!seen.contains("##"), "{seen:?}");
            assert!(
                seen.lines()
                    .all(|line| !line.trim_start().starts_with("::")),
                "{seen:?}"
            );
            assert!(
                !shown.contains("[2J") || shown.contains("\\u{1b}[2J"),
                "{shown:?}"
            );
        }
    }

    /// As long as a file of a database may be.
    #[test]
    fn hostile_nesting_and_lengths_cost_little() {
        const LONG: usize = 256 * 1024;
        let rows = "a|b|c\n".repeat(LONG / 12);
        let cases = [
            ("quotes", ">".repeat(LONG)),
            ("quoted lines", "> > > > > > > > > > a\n".repeat(LONG / 22)),
            (
                "staircase",
                (0..700)
                    .map(|depth| format!("{}a\n", ">".repeat(depth)))
                    .collect(),
            ),
            ("items", "- ".repeat(LONG / 2)),
            (
                "indented items",
                (0..700)
                    .map(|depth| format!("{}- a\n", "  ".repeat(depth)))
                    .collect(),
            ),
            ("brackets", "[".repeat(LONG)),
            ("links", "[a](b".repeat(LONG / 5)),
            (
                "many links",
                (0..LONG / 16).map(|n| format!("[a](b{n}) ")).collect(),
            ),
            ("stars", "*a ".repeat(LONG / 3)),
            ("strong", "**a".repeat(LONG / 3)),
            ("underscores", "_".repeat(LONG)),
            (
                "ticks",
                (1..700).map(|n| format!("{} ", "`".repeat(n))).collect(),
            ),
            ("one word", "x".repeat(LONG)),
            ("short words", "x ".repeat(LONG / 2)),
            ("controls", "\u{1b}".repeat(LONG)),
            ("html", "<a ".repeat(LONG / 3)),
            ("comments", "<!-- ".repeat(LONG / 5)),
            ("entities", "&".repeat(LONG)),
            (
                "table",
                format!(
                    "|{}\n|{}\n{rows}",
                    "a|".repeat(LONG / 16),
                    "-|".repeat(LONG / 16)
                ),
            ),
            (
                "references",
                format!(
                    "[a]: {}\n\n{}",
                    "x".repeat(LONG / 2),
                    "[a]".repeat(LONG / 6)
                ),
            ),
        ];
        for (name, text) in cases {
            let start = Instant::now();
            let shown = written(&text, 80, true);
            let took = start.elapsed();
            assert!(took < Duration::from_secs(10), "{name} took {took:?}");
            assert!(
                shown.len() < 64 * 1024 * 1024,
                "{name} made {} bytes",
                shown.len()
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_written_without_acting(text in "([ -~]|\\PC|[\\x00-\\x1f#:>*_`|\\[\\]()<>\\n-]){0,200}") {
            let seen = anstream::adapter::strip_str(&written(&text, 40, true)).to_string();
            prop_assert!(!seen.contains(|c: char| c.is_control() && c != '\n'));
            prop_assert!(!seen.contains("##"));
            prop_assert!(seen.lines().all(|line| !line.trim_start().starts_with("::")));
        }
    }
}
