//! `src/database` without what fetches.

#[path = "../../../src/database/parse/mod.rs"]
pub mod parse;
#[path = "../../../src/database/snapshot.rs"]
mod snapshot;

pub use snapshot::{
    MAX_ORIGINS, MAX_QUARANTINED, Origin, Published, Quarantined, Snapshot, Withdrawn,
};
