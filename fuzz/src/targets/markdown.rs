//! Any text as the description of an advisory, on pages of all kinds: what is written is text and our own colours and
//! links, lines fit, and nothing takes long.

use super::untrusted::acts;
use crate::memory::time_of;
use crate::report::Page;
use crate::report::markdown::write;
use std::time::Duration;

/// For a text of 16 KiB at the most, in a build with all checks of a fuzzer.
const LIMIT: Duration = Duration::from_secs(2);

pub(super) fn run(data: &[u8]) {
    let (Some((&shape, data)), indent) = (data.split_first(), 4) else {
        return;
    };
    let text = String::from_utf8_lossy(data);
    let page = Page {
        width: (shape & 1 == 1).then_some(20 + usize::from(shape)),
        unicode: shape & 2 == 2,
        links: shape & 4 == 4,
    };
    let mut out = String::new();

    let ((), time) = time_of(|| write(&mut out, &text, indent, page));

    assert!(time <= LIMIT, "it took {time:?}");
    let plain = anstream::adapter::strip_str(&out).to_string();
    assert!(
        !plain.contains(|c| acts(c) && c != '\n'),
        "{plain:?} of {text:?}"
    );
    assert!(
        plain
            .lines()
            .all(|line| !line.trim_start().starts_with("::"))
    );
    // Escapes make one character ten, and each line has its indent.
    let most = 64 * (text.len() + 64);
    assert!(plain.len() <= most, "{} of {}", plain.len(), text.len());
}
