//! Any text as a lockfile: what is read line by line is what the parser of TOML reads, and nothing panics or takes long.

use crate::graph::lockfile::parse;
use crate::memory::time_of;
use std::time::Duration;

/// For a text of 64 KiB at the most, in a build with all checks of a fuzzer.
const LIMIT: Duration = Duration::from_millis(500);

/// What only the parser reads, and what means nothing.
const NOT_PLAIN: &str = "\n# \u{fc}\n";

pub(super) fn run(data: &[u8]) {
    let (fast, time) = time_of(|| parse(data, "Cargo.lock", "mend it"));
    assert!(time <= LIMIT, "it took {time:?}");
    if let Err(error) = &fast {
        let shown = format!("{error:#}");
        assert!(!shown.contains(|c: char| c.is_control()), "{shown:?}");
    }
    // A carriage return at the very end becomes part of a newline.
    if data.ends_with(b"\r") {
        return;
    }
    let other = [data, NOT_PLAIN.as_bytes()].concat();
    let slow = parse(&other, "Cargo.lock", "mend it");
    match (fast, slow) {
        (Ok(fast), Ok(slow)) => assert_eq!(format!("{fast:?}"), format!("{slow:?}")),
        (Err(_), Err(_)) => {}
        (fast, slow) => panic!("{fast:?}, but by the parser {slow:?}"),
    }
}
