//! `src/database` without what fetches.

#[path = "../../../src/database/cure.rs"]
mod cure;
#[path = "../../../src/database/layout.rs"]
#[allow(dead_code, reason = "no database is read here")]
mod layout;
#[path = "../../../src/database/location.rs"]
mod location;
#[path = "../../../src/database/parse/mod.rs"]
pub mod parse;
#[path = "../../../src/database/progress.rs"]
mod progress;
pub mod published;
#[path = "../../../src/database/refused.rs"]
mod refused;
#[path = "../../../src/database/snapshot.rs"]
mod snapshot;

pub use layout::{MAX_FILES, MAX_TEXT};
pub use location::Location;
pub use progress::Progress;
pub use published::Key;
pub use refused::Refused;
pub use snapshot::{
    MAX_ORIGINS, MAX_QUARANTINED, Origin, Published, Quarantined, Snapshot, Withdrawn,
};
