//! Markdown for a terminal: the description of an advisory.
//!
//! The text is foreign. All of it goes through the escaping of [`Untrusted`](super::Untrusted), HTML is shown as it is
//! written, and a link shows where it leads. Nesting costs neither stack nor, past a few levels, room.

mod links;
mod nests;
mod table;
#[cfg(test)]
mod tests;

use anstyle::{AnsiColor, Style};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use self::links::Links;
use self::nests::Nests;
use self::table::Table;
use super::link::Link;
use super::paragraph::{Look, Margin, Paragraph};
use super::{Configured, Page, push};

const CODE: Style = AnsiColor::Cyan.on_default();
const FAINT: Style = Style::new().dimmed();

/// Adds `markdown` to `out`, each line behind `indent` spaces, headings behind two fewer. What links lead to is numbered
/// and listed at the end, so that a paragraph can be read.
pub fn write(out: &mut String, markdown: &str, indent: usize, page: Page) {
    let mut writer = Writer {
        out,
        page,
        nests: Nests::new(indent),
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
    /// The lists, items and quotes that are open.
    nests: Nests,
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
                let margin = self.nests.margin();
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
                self.nests.start_quote();
            }
            Tag::CodeBlock(_) => {
                self.block();
                self.code = Some(String::new());
            }
            Tag::List(number) => {
                self.flush();
                if !self.nests.is_in_item() {
                    self.block();
                }
                self.nests.start_list(number);
            }
            Tag::Item => {
                self.flush();
                self.nests.start_item();
            }
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
                if let Some(margin) = self.nests.end() {
                    self.bare(&margin);
                    self.written = true;
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
                    let (first, rest) = (self.nests.margin(), self.nests.quotes());
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
        self.links.say(text);
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
        self.look_on(|look| {
            if let Some(link) = Link::new(target) {
                look.style = look.style.underline();
                look.link = Some(link);
            }
        });
        self.links.start(target);
    }

    /// Says where the link that ends here leads, unless its text already does.
    fn end_link(&mut self) {
        self.looks.pop();
        if let Some(number) = self.links.end() {
            self.text.space();
            self.text.piece(&format!("[{number}]"), &FAINT.into());
        }
    }

    /// Starts a block, set off from what stands above it.
    fn block(&mut self) {
        self.flush();
        if self.written && !self.nests.is_at_first_mark() {
            self.blank();
        }
    }

    fn blank(&mut self) {
        let margin = self.nests.quotes();
        self.bare(&margin);
        self.written = false;
    }

    /// Writes a line of nothing but what goes in front of it.
    fn bare(&mut self, margin: &str) {
        self.out.push_str(margin.trim_end());
        self.out.push('\n');
    }

    /// Writes the text that has come together.
    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        if text.is_empty() {
            return;
        }
        let mut first = self.nests.margin();
        let mut rest = self.nests.quotes();
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
        let margin = self.nests.margin();
        let line = line.trim_end().replace('\t', "    ");
        if line.is_empty() {
            self.bare(&margin);
        } else {
            push(
                self.out,
                format_args!("{margin}    {CODE}{}{CODE:#}\n", Configured(&line)),
            );
        }
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
        if self.links.targets().is_empty() {
            return;
        }
        self.nests.clear();
        if self.written {
            self.blank();
        }
        let indent = self.nests.quotes();
        for (place, target) in self.links.targets().iter().enumerate() {
            let margin = format!("{indent}[{}] ", place + 1);
            let margin = Margin {
                first: &margin,
                rest: &margin,
            };
            Paragraph::address(target).write(self.out, margin, self.page);
        }
    }
}
