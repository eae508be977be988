//! The rows of the plan.

use anyhow::Result;

use super::trial::Trial;
use super::{
    Stage, action, clock, crash, crowd, damage, history, homes, hostile, offline, planted, records,
    room, signals,
};

/// A row.
pub struct Row {
    /// As in the plan.
    pub number: u32,
    pub name: &'static str,
    pub controls: &'static [Control],
    /// Whether it takes a few seconds with `quick`.
    pub is_quick: bool,
    /// When it runs.
    pub turn: Turn,
    pub run: fn(&mut Trial, &Stage) -> Result<()>,
}

/// When a row runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// Before the others that run beside each other, because it takes minutes.
    First,
    Second,
    /// By itself, because it looks at the time.
    Alone,
}

/// A product that is broken on purpose.
#[derive(Clone, Copy, Debug)]
pub struct Control {
    /// As `src/fault.rs` knows it.
    pub defect: &'static str,
    /// What it does.
    pub what: &'static str,
    /// What the failure must say, so that it is no other one.
    pub shows: &'static str,
}

const IN_PLACE: &str = "writes the index in place";
const UNREADABLE: &str = "takes what it cannot read for a clean bill";

/// All of them.
pub const ROWS: &[Row] = &[
    Row {
        number: 1,
        name: "kill -9 at each mutating call of a refresh",
        controls: &[Control {
            defect: "in-place",
            what: IN_PLACE,
            shows: "neither the old index nor the new one",
        }],
        is_quick: true,
        turn: Turn::First,
        run: crash::killed,
    },
    Row {
        number: 2,
        name: "the Nth open, read, write, fsync, rename fails, once and for good",
        controls: &[
            Control {
                defect: "in-place",
                what: IN_PLACE,
                shows: "neither the old index nor the new one",
            },
            Control {
                defect: "unreadable-is-clean",
                what: UNREADABLE,
                shows: "although the index could not be read",
            },
        ],
        is_quick: false,
        turn: Turn::First,
        run: crash::failing,
    },
    Row {
        number: 3,
        name: "disk filling up, 64 KiB at a time",
        controls: &[Control {
            defect: "in-place",
            what: IN_PLACE,
            shows: "the old index is neither kept nor replaced",
        }],
        is_quick: false,
        turn: Turn::Second,
        run: room::filling,
    },
    Row {
        number: 4,
        name: "home read-only; cache missing, a file, a link loop, another user's, 0777",
        controls: &[Control {
            defect: "unreadable-is-clean",
            what: UNREADABLE,
            shows: "that should be Unusable",
        }],
        is_quick: true,
        turn: Turn::Second,
        run: homes::homes,
    },
    Row {
        number: 5,
        name: "64 builds and 8 refreshes at once, three rounds, random kills; again without file locks",
        controls: &[Control {
            defect: "in-place",
            what: IN_PLACE,
            shows: "cannot check dependencies with",
        }],
        is_quick: false,
        turn: Turn::Alone,
        run: crowd::at_once,
    },
    Row {
        number: 6,
        name: "every truncation and bit flip of a small index, samples of a real one",
        controls: &[Control {
            defect: "no-check",
            what: "skips the checksums",
            shows: "it passes as sound",
        }],
        is_quick: true,
        turn: Turn::Second,
        run: damage::flipped,
    },
    Row {
        number: 7,
        name: "older index, another URL's, a future format, zeros, empty, pipe, 1 GiB sparse",
        controls: &[
            Control {
                defect: "any-database",
                what: "takes the index of any database",
                shows: "that should be Unusable",
            },
            Control {
                defect: "unreadable-is-clean",
                what: UNREADABLE,
                shows: "that should be Unusable",
            },
        ],
        is_quick: true,
        turn: Turn::Second,
        run: planted::planted,
    },
    Row {
        number: 8,
        name: "git server hangs, trickles, resets, sends half a pack or garbage, lacks an object",
        controls: &[
            Control {
                defect: "failure-is-no-news",
                what: "takes a failure for no news",
                shows: "it is no error",
            },
            Control {
                defect: "endless",
                what: "waits without an end",
                shows: "it does not end",
            },
        ],
        is_quick: false,
        turn: Turn::First,
        run: hostile::git_server,
    },
    Row {
        number: 9,
        name: "history goes back, is rewritten, unrelated; nothing in it, half gone, dated next year",
        controls: &[Control {
            defect: "any-history",
            what: "takes any history",
            shows: "the old index does not stay",
        }],
        is_quick: true,
        turn: Turn::Second,
        run: history::backwards,
    },
    Row {
        number: 10,
        name: "HTTP 5xx, 429, 4xx, redirects, captive portal, wrong length, gzip bomb, 304",
        controls: &[Control {
            defect: "failure-is-no-news",
            what: "takes a failure for no news",
            shows: "it is no error",
        }],
        is_quick: false,
        turn: Turn::Second,
        run: hostile::answers,
    },
    Row {
        number: 11,
        name: "clock at 1970, -2 d, -1 h, +1 d, +15 d, +10 y, jumping amid a refresh",
        controls: &[Control {
            defect: "any-clock",
            what: "believes any clock",
            shows: "that should be Doubted",
        }],
        is_quick: true,
        turn: Turn::Second,
        run: clock::wrong,
    },
    Row {
        number: 12,
        name: "malformed advisories",
        controls: &[Control {
            defect: "quarantine-is-clean",
            what: "forgets what it could not read",
            shows: "it is overlooked",
        }],
        is_quick: false,
        turn: Turn::Second,
        run: records::malformed,
    },
    Row {
        number: 13,
        name: "120,500 advisories, a Cargo.lock of 5,000 packages",
        controls: &[Control {
            defect: "slow-lookup",
            what: "looks at every package of the index",
            shows: "more than with a small index",
        }],
        is_quick: false,
        turn: Turn::Alone,
        run: crowd::much,
    },
    Row {
        number: 14,
        name: "no network, with and without an index",
        controls: &[Control {
            defect: "unreadable-is-clean",
            what: UNREADABLE,
            shows: "that should be Unusable",
        }],
        is_quick: true,
        turn: Turn::Second,
        run: offline::no_network,
    },
    Row {
        number: 15,
        name: "verdict before action, in every command that compiles",
        controls: &[Control {
            defect: "late-verdict",
            what: "tells its verdict and goes on",
            shows: "before the verdict ran",
        }],
        is_quick: false,
        turn: Turn::Second,
        run: action::verdict_first,
    },
    Row {
        number: 16,
        name: "Ctrl-C, SIGTERM, SIGHUP during a refresh; planted secrets",
        controls: &[
            Control {
                defect: "deaf",
                what: "does not hear of signals",
                shows: "it does not end",
            },
            Control {
                defect: "tell-secrets",
                what: "repeats what is configured",
                shows: "it tells a secret",
            },
        ],
        is_quick: false,
        turn: Turn::Second,
        run: signals::stopped,
    },
];
