//! Any text as it is shown: it can do nothing, fits, stays the same when it is shown again, and plain text is unchanged.

use crate::report::untrusted::WIDTH;
use crate::report::{Configured, Untrusted};
use unicode_width::UnicodeWidthStr as _;

pub(super) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let shown = Untrusted(&text).to_string();
    let whole = Configured(&text).to_string();
    assert!(shown.width() <= WIDTH, "{}", shown.width());
    for shown in [&shown, &whole] {
        assert!(!shown.contains(acts), "{shown:?}");
        assert!(!shown.trim_start().starts_with("::"), "{shown:?}");
        assert!(!shown.contains("##"), "{shown:?}");
    }
    assert_eq!(Untrusted(&shown).to_string(), shown);
    assert_eq!(Configured(&whole).to_string(), whole);

    let plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let command = text.contains("##") || text.trim_start().starts_with("::");
    if plain && !command {
        assert_eq!(whole, text);
        if text.len() <= WIDTH {
            assert_eq!(shown, text);
        }
    }
}

/// Whether a character does something to those around it: control characters, breaks of lines, and those that turn the
/// direction of writing (Unicode's UAX 9) or take no room.
pub(super) fn acts(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{ad}'
        )
}
