//! Doors for the [fault plan](../docs/reliability.md), in builds with the feature `faults` alone: without it the clock is
//! the system's, every defect is the constant `false`, and no name in here is part of the program.
//!
//! # Clock
//!
//! [`now`] adds `ADVISORY_FAULT_CLOCK` to the system's time: seconds, or several numbers with commas, one for each time
//! that the clock is read, of which the last one stays.
//!
//! # Defects
//!
//! `ADVISORY_FAULT_DEFECT` breaks one promise on purpose, so that `cargo xtask faults` can show that the row of the plan
//! that watches over it fails. `defect!("name")` stands where the defect would be made.

use jiff::Timestamp;

/// The time.
#[cfg(not(feature = "faults"))]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// The time as `ADVISORY_FAULT_CLOCK` moves it.
#[cfg(feature = "faults")]
pub fn now() -> Timestamp {
    use std::sync::atomic::{AtomicUsize, Ordering};

    static READ: AtomicUsize = AtomicUsize::new(0);
    let moves = variable("ADVISORY_FAULT_CLOCK");
    let mut moves = moves.split(',');
    let read = READ.fetch_add(1, Ordering::Relaxed);
    let last = moves.clone().next_back();
    let seconds: i64 = moves
        .nth(read)
        .or(last)
        .and_then(|seconds| seconds.parse().ok())
        .unwrap_or(0);
    Timestamp::now()
        .saturating_add(jiff::SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX)
}

/// Whether this defect is to be made. Asked through `defect!`.
#[cfg(feature = "faults")]
pub fn is_made(defect: &str) -> bool {
    variable("ADVISORY_FAULT_DEFECT") == defect
}

#[cfg(feature = "faults")]
#[expect(
    clippy::disallowed_methods,
    reason = "there is no cargo's context where the faults are"
)]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// Whether the promise with this name is to be broken here.
#[cfg(feature = "faults")]
macro_rules! defect {
    ($name:literal) => {
        $crate::fault::is_made($name)
    };
}

/// Nothing is broken on purpose, and the name is not even part of the program.
#[cfg(not(feature = "faults"))]
macro_rules! defect {
    ($name:literal) => {
        false
    };
}

pub(crate) use defect;
