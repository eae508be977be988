//! The marks of the kinds: shapes that can be told apart without their colours.

use crate::advisory::Kind;

/// The outline of a kind's mark, as an SVG path in a square of 12 by 12.
pub(super) fn outline(kind: Kind) -> &'static str {
    match kind {
        // An octagon with a bar.
        Kind::Malicious => "M3.8 .5h4.4l3.3 3.3v4.4l-3.3 3.3H3.8L.5 8.2V3.8zM3 5v2h6V5z",
        // A triangle.
        Kind::Vulnerability => "M6 .8l5.6 10.4H.4z",
        // A diamond.
        Kind::Unsound => "M6 .2L11.8 6 6 11.8.2 6z",
        // A square.
        Kind::Yanked => "M1.2 1.2h9.6v9.6H1.2z",
        // A ring.
        Kind::Unmaintained => {
            "M6 .5a5.5 5.5 0 110 11 5.5 5.5 0 010-11zM6 3a3 3 0 100 6 3 3 0 000-6z"
        }
        // A disc.
        Kind::Notice => "M6 2a4 4 0 110 8 4 4 0 010-8z",
    }
}
