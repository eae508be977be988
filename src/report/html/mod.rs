//! An answer as one page of HTML that needs nothing beside itself: no network, no other file.
//!
//! What the page says is there without a script. The script adds sorting, a filter and the picture of the graph. All text
//! in the page was written by others: it is escaped where it stands in HTML, and the script makes text of it and nothing
//! else. Were something missed, the page forbids itself everything but its own script and style, which it names by their
//! hashes.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use cargo_util::Sha256;
use jiff::Timestamp;

use self::picture::Picture;
use self::text::{Text, json};
use super::json::Report;
use super::push;
use crate::graph::Graph;

mod layers;
pub mod layout;
mod mark;
mod picture;
mod sections;
mod table;
mod text;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = concat!(include_str!("page.js"), include_str!("picture.js"));

/// What a page is made of.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// What was checked, such as the name of a package.
    pub name: &'a str,
    pub report: &'a Report<'a>,
    /// The graph that `report` speaks of, with all its edges.
    pub graph: &'a Graph,
    /// What to do about each finding of `report`, in the same order, each in paragraphs. None where no remedy was looked
    /// for.
    pub remedies: &'a [Vec<String>],
    /// The age of the index: `2 hours`.
    pub age: &'a str,
    pub now: Timestamp,
}

impl Document<'_> {
    /// The page.
    pub fn html(&self) -> String {
        // As a reader of HTML sees line ends, however this source was checked out.
        let [style, script] = [STYLE, SCRIPT].map(|text| text.replace('\r', ""));
        let name = Text(self.name);
        let mut out = String::new();
        push(
            &mut out,
            format_args!(
                "<!doctype html>\n\
                 <html lang=\"en\">\n\
                 <head>\n\
                 <meta charset=\"utf-8\">\n\
                 <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src '{}'; style-src '{}'; \
                 base-uri 'none'; form-action 'none'\">\n\
                 <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
                 <meta name=\"referrer\" content=\"no-referrer\">\n\
                 <meta name=\"color-scheme\" content=\"light dark\">\n\
                 <title>Advisories: {name}</title>\n\
                 <style>{style}</style>\n\
                 </head>\n\
                 <body>\n",
                hash(&script),
                hash(&style),
            ),
        );
        sections::write_head(&mut out, self);
        out.push_str("<main>\n");
        sections::write_problems(&mut out, self.report);
        sections::write_summary(&mut out, self);
        // The table of findings can be long.
        if self.report.findings.is_empty() {
            table::write(&mut out, self);
            sections::write_graph(&mut out);
        } else {
            sections::write_graph(&mut out);
            table::write(&mut out, self);
        }
        sections::write_ignored(&mut out, self.report);
        sections::write_unchecked(&mut out, self.report);
        push(
            &mut out,
            format_args!(
                "</main>\n\
                 <script type=\"application/json\" id=\"data\">{}</script>\n\
                 <script>{script}</script>\n\
                 </body>\n\
                 </html>\n",
                json(&Picture::new(self.graph, self.report)),
            ),
        );
        out
    }
}

/// A text as a Content-Security-Policy names it.
fn hash(text: &str) -> String {
    let digest = Sha256::new().update(text.as_bytes()).finish();
    format!("sha256-{}", BASE64_STANDARD.encode(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn script_and_style_end_where_we_end_them() {
        for text in [STYLE, SCRIPT] {
            assert!(!text.contains("</"));
            assert!(!text.contains("<!--"));
            assert!(text.is_ascii());
        }
    }

    #[test]
    fn the_script_makes_nothing_but_text_of_text() {
        for way in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "Function(",
            "DOMParser",
            "fetch(",
            "XMLHttpRequest",
            "import(",
        ] {
            assert!(!SCRIPT.contains(way), "{way}");
        }
    }

    #[test]
    fn hashes_are_those_of_the_standard() {
        assert_eq!(
            hash(""),
            "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        );
    }
}
