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
    let table = "| version | `state` |\n|---|---|\n| 1.0.0 | affected, *very* |\n| 1.10.0 | |\n";
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
