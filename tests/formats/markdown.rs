//! `--format markdown`, as `pulldown-cmark` reads it.

use cargo_advisory::report::formats::Document;
use cargo_advisory::report::json::{FindingInfo, Report};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::answers::{
    checked, content, finding, hostile, hostile_finding, ignored, problem, rendered, report, yank,
};

/// What a reader makes of a page.
#[derive(Debug, Default)]
struct Read {
    /// The cells of all rows but heads, as text.
    rows: Vec<Vec<String>>,
    links: Vec<String>,
    /// The tags of HTML.
    html: Vec<String>,
    /// All text outside of code, and what is code.
    prose: String,
    code: String,
    items: usize,
}

/// Reads a page and looks for what must be in none.
#[track_caller]
fn read(page: &str) -> Read {
    let mut read = Read::default();
    let mut in_code = false;
    let mut cell = None;
    for event in Parser::new_ext(page, Options::all()) {
        match event {
            Event::Text(text) => {
                if in_code {
                    read.code.push_str(&text);
                } else {
                    read.prose.push_str(&text);
                }
                if let Some(cell) = &mut cell {
                    String::push_str(cell, &text);
                }
            }
            Event::InlineHtml(tag) => {
                match &*tag {
                    "<code>" => in_code = true,
                    "</code>" => in_code = false,
                    _ => {}
                }
                read.html.push(tag.into_string());
            }
            Event::Start(Tag::TableRow) => read.rows.push(Vec::new()),
            Event::Start(Tag::TableCell) => cell = Some(String::new()),
            Event::End(TagEnd::TableCell) => {
                let cell = cell.take().unwrap();
                if let Some(row) = read.rows.last_mut() {
                    row.push(cell);
                }
            }
            Event::Start(Tag::Link { dest_url, .. }) => read.links.push(dest_url.into_string()),
            Event::Start(Tag::Item) => read.items += 1,
            // The only one that is ours to write.
            Event::Code(code) if &*code == "cargo advisory" => {}
            Event::Start(
                Tag::Paragraph | Tag::Strong | Tag::List(None) | Tag::Table(_) | Tag::TableHead,
            )
            | Event::End(_)
            | Event::SoftBreak => {}
            other => panic!("{other:?} in {page}"),
        }
    }
    for tag in &read.html {
        assert!(
            ["<code>", "</code>", "<br>"].contains(&tag.as_str()),
            "{tag} in {page}"
        );
    }
    // What GitHub makes links of in a finished page.
    let lower = read.prose.to_ascii_lowercase();
    for (sign, broken) in [
        ("@", "@\u{200b}"),
        ("#", "#\u{200b}"),
        ("gh-", "gh-\u{200b}"),
    ] {
        assert_eq!(
            lower.matches(sign).count(),
            lower.matches(broken).count(),
            "{sign} in {page}"
        );
    }
    for link in ["http://", "https://", "www.", "@"] {
        // As it is written: a reader for GitHub takes those for links before references are resolved.
        let targets = page.matches("](<https://").count();
        let written = page.matches(link).count();
        assert_eq!(
            written,
            if link == "https://" { targets } else { 0 },
            "{link} in {page}"
        );
    }
    assert!(page.chars().count() <= 65_536, "{}", page.chars().count());
    read
}

fn page(report: Report<'static>) -> String {
    rendered(Document::Markdown, report)
}

#[test]
fn a_finding_is_a_row_of_a_table() {
    let page = page(report(vec![finding("leaky", "ADV-1"), yank("gone")]));

    assert_eq!(
        page,
        "**2 findings** in 3 packages: 2 warned of\n\
         \n\
         | level | kind | package | advisory | severity | comes in by | remedy |\n\
         |---|---|---|---|---|---|---|\n\
         | warn | vulnerability | <code>leaky 1.0.0</code> \
         | [ADV-1](<https://leaks.example/1>)<br>Everything leaks out | critical (9.8) \
         | <code>app 1.0.0 → leaky 1.0.0</code> \
         | &#96;cargo advisory fix&#96; moves leaky from 1.0.0 to 1.0.1 |\n\
         | warn | yanked | <code>gone 1.0.0</code> |  |  \
         | <code>app 1.0.0 → gone 1.0.0</code> | a version that was not yanked |\n"
    );
    let read = read(&page);
    assert_eq!(
        read.rows[0],
        [
            "warn",
            "vulnerability",
            "leaky 1.0.0",
            "ADV-1Everything leaks out",
            "critical (9.8)",
            "app 1.0.0 → leaky 1.0.0",
            "`cargo advisory fix` moves leaky from 1.0.0 to 1.0.1",
        ]
    );
    assert_eq!(read.links, ["https://leaks.example/1"]);
}

#[test]
fn the_first_line_says_how_bad_it_is() {
    let at = |level| FindingInfo {
        level,
        ..yank("gone")
    };
    for (findings, ignore, expected) in [
        (vec![], false, "**No finding** in 3 packages\n"),
        (vec![], true, "**No finding** in 3 packages; 1 ignored\n"),
        (
            vec![at("deny")],
            false,
            "**1 finding** in 3 packages: 1 denied\n",
        ),
        (
            vec![at("deny"), at("warn"), at("warn"), at("allow")],
            true,
            "**4 findings** in 3 packages: 1 denied, 2 warned of, 1 allowed; 1 ignored\n",
        ),
    ] {
        let mut answer = report(findings);
        if ignore {
            answer.ignored = vec![ignored(finding("leaky", "ADV-1"), "it is never called")];
        }
        let page = page(answer);
        assert!(page.starts_with(expected), "{page}");
    }
}

#[test]
fn what_is_ignored_is_a_row_with_its_reason() {
    let mut answer = report(Vec::new());
    answer.ignored = vec![ignored(finding("leaky", "ADV-1"), "it is never called")];

    let read = read(&page(answer));

    assert_eq!(read.rows[0][0], "ignored");
    assert_eq!(
        read.rows[0][6],
        "ignored until 2027-01-31: it is never called"
    );
}

#[test]
fn what_could_not_be_checked_is_below() {
    let mut answer = report(Vec::new());
    answer.problems = vec![problem("an advisory was not understood")];
    let mut content = content(answer);
    content.failures.push("there is no such file".to_owned());

    let page = Document::Markdown.render(&content);

    assert_eq!(
        page,
        "**No finding** in 3 packages; the answer is not complete\n\
         \n\
         What kept the check from a full answer:\n\
         \n\
         - an advisory was not understood\n\
         \n\
         Not checked: there is no such file\n"
    );
    assert_eq!(read(&page).items, 1);
}

#[test]
fn several_lockfiles_are_told_apart() {
    let mut content = content(report(vec![finding("leaky", "ADV-1")]));
    content
        .checked
        .push(checked(report(Vec::new()), "other/Cargo.lock"));

    let read = read(&Document::Markdown.render(&content));

    assert_eq!(read.rows.len(), 1);
    assert!(read.code.starts_with("Cargo.lock"), "{}", read.code);
    assert!(read.code.ends_with("other/Cargo.lock"), "{}", read.code);
}

#[test]
fn hostile_text_breaks_out_of_nothing() {
    let mut answer = report(vec![hostile_finding()]);
    answer.ignored = vec![ignored(hostile_finding(), hostile().leak())];
    answer.problems = vec![problem(&hostile()), problem("- 1. > # a"), problem("    a")];
    let mut content = content(answer);
    content
        .checked
        .push(checked(report(Vec::new()), "a|b</code>@x/Cargo.lock"));
    content.failures.push(hostile());

    let read = read(&Document::Markdown.render(&content));

    let cells: Vec<usize> = read.rows.iter().map(Vec::len).collect();
    assert_eq!(cells, [7, 7]);
    assert_eq!(read.items, 3);
    let target = "https://leaks.example/#%23%5Berror%5D%7C)%3Cb%3E%60%22&copy;";
    assert_eq!(read.links, [target, target]);
    assert!(
        read.prose.contains("<script>alert(1)</script>"),
        "{}",
        read.prose
    );
    assert!(
        !read.prose.contains(['\u{202e}', '\u{1b}', '\r']),
        "{}",
        read.prose
    );
}

/// Each sign of ASCII, alone and doubled, between words and at the ends, stays what it is.
#[test]
fn no_sign_means_anything() {
    for sign in (b' '..=b'~').map(char::from) {
        for text in [
            format!("{sign}"),
            format!("{sign}{sign}a{sign}b {sign} c{sign}{sign}"),
            format!("a{sign}b"),
            format!("{sign} a"),
            format!("1{sign} a"),
        ] {
            let row = FindingInfo {
                title: Some(text.clone()),
                ..finding("leaky", "ADV-1")
            };
            let mut answer = report(vec![row]);
            answer.problems = vec![problem(&text)];

            let read = read(&page(answer));

            assert_eq!(read.rows[0].len(), 7, "{text}");
            assert_eq!((read.items, read.links.len()), (1, 1), "{text}");
            let shown = read.rows[0][3]
                .strip_prefix("ADV-1")
                .unwrap()
                .replace('\u{200b}', "");
            // What a build server would obey is told otherwise.
            if !text.contains("##") && !text.starts_with("::") {
                assert_eq!(shown, text.trim());
            }
        }
    }
}

#[test]
fn a_long_page_is_cut_between_rows_and_says_so() {
    for count in [100, 200, 1_000, 5_000] {
        let findings = (0..count).map(|_| finding("leaky", "ADV-1")).collect();
        let mut answer = report(findings);
        answer.problems = vec![problem("an advisory was not understood")];
        let page = page(answer);

        let read = read(&page);

        assert!(read.rows.iter().all(|row| row.len() == 7));
        let left_out = count + 1 - read.rows.len() - read.items;
        if left_out == 0 {
            assert!(!page.contains("left out"), "{page}");
        } else {
            let last = format!("\n{left_out} more lines are left out,");
            assert!(page.contains(&last), "{left_out}");
            assert!(page.len() > 60_000, "{}", page.len());
        }
    }
}
