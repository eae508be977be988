//! What is fuzzed. Each target takes any bytes, and panics if what must hold does not.

mod advisory;
mod affected;
mod configuration;
mod index;
mod lockfile;
mod lookup;
mod markdown;
mod pack;
mod snapshot;
mod sparse;
mod untrusted;

pub use index::{repaired as repaired_index, seed as seed_of_index};
pub use snapshot::{is_accepted as is_accepted_as_snapshot, seeds as seeds_of_snapshot};

/// Something that is fuzzed.
pub struct Target {
    /// Its name, which is that of its folder in `corpus`.
    pub name: &'static str,
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 11] = [
    Target {
        name: "index",
        run: index::run,
    },
    Target {
        name: "advisory",
        run: advisory::run,
    },
    Target {
        name: "affected",
        run: affected::run,
    },
    Target {
        name: "lookup",
        run: lookup::run,
    },
    Target {
        name: "lockfile",
        run: lockfile::run,
    },
    Target {
        name: "untrusted",
        run: untrusted::run,
    },
    Target {
        name: "markdown",
        run: markdown::run,
    },
    Target {
        name: "pack",
        run: pack::run,
    },
    Target {
        name: "sparse",
        run: sparse::run,
    },
    Target {
        name: "snapshot",
        run: snapshot::run,
    },
    Target {
        name: "configuration",
        run: configuration::run,
    },
];
