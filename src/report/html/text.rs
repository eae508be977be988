//! The formatters of all text that stands in the page.

use std::fmt::{self, Write as _};

use crate::report::Configured;
use crate::report::json::harmless;

/// Shows text that others wrote so that it is text in HTML, between tags and between double quotes: nothing in it is markup,
/// and nothing in it is invisible or turns the direction of writing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a>(pub(super) &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in visible(self.0).chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// [`Text`] in which what stands between backquotes is code.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prose<'a>(pub(super) &'a str);

impl fmt::Display for Prose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.0.split('`').peekable();
        let mut code = false;
        while let Some(part) = parts.next() {
            // A last backquote without a partner is one.
            let alone = code && parts.peek().is_none();
            match (code, alone) {
                (_, true) => write!(f, "`{}", Text(part))?,
                (true, false) => write!(f, "<code>{}</code>", Text(part))?,
                (false, false) => write!(f, "{}", Text(part))?,
            }
            code = !code;
        }
        Ok(())
    }
}

/// Text with everything invisible in it made visible, whole. For the data of the page, from which text becomes text.
pub(super) fn visible(text: &str) -> String {
    Configured(text).to_string()
}

/// JSON that can stand in a script element: nothing in it ends the element or begins a comment.
pub(super) fn json(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string(value).expect("plain data has a JSON form");
    // It is only ever inside a string of JSON. What else ends a line of a script is a format character.
    harmless(&text).replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markup_is_text() {
        assert_eq!(
            Text("\"><img src=x onerror='a()'>&amp;").to_string(),
            "&quot;&gt;&lt;img src=x onerror=&#39;a()&#39;&gt;&amp;amp;"
        );
        assert_eq!(Text("a\u{202e}b\0").to_string(), r"a\u{202e}b\u{0}");
    }

    #[test]
    fn code_is_what_two_backquotes_enclose() {
        for (text, expected) in [
            ("run `a<b`, then", "run <code>a&lt;b</code>, then"),
            ("a ` b", "a ` b"),
            ("`a` `b`", "<code>a</code> <code>b</code>"),
            ("", ""),
            ("`", "`"),
        ] {
            assert_eq!(Prose(text).to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_left_of_markup(text in any::<String>()) {
            let shown = Text(&text).to_string();
            prop_assert!(!shown.contains(['<', '>', '"', '\'']));
        }

        #[test]
        fn json_in_a_script_is_the_same_json(text in any::<String>()) {
            let text = format!("{text}</script><!--\u{2028}\u{2029}");
            let shown = json(&text);
            let acts = shown.contains(['<', '\u{2028}', '\u{2029}']);
            prop_assert!(!acts);
            prop_assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
        }
    }
}
