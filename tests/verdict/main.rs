//! What follows from what was found, or could not be looked at: one line or an error, before anything runs.

mod before_action;
mod broken_index;
mod clock;
#[cfg(not(feature = "faults"))]
mod doors;
mod hostile_text;
mod line;
mod nothing_found;
mod old_index;
mod policy;
mod refused;

#[path = "../support/mod.rs"]
mod support;

/// What a build says when nothing is wrong with it.
const NOTHING: &str = "";
