//! `src/database` without what fetches.

#[path = "../../../src/database/cure.rs"]
mod cure;
#[path = "../../../src/database/layout.rs"]
#[allow(dead_code, reason = "no database is read here")]
mod layout;
#[path = "../../../src/database/location.rs"]
mod location;
#[path = "../../../src/database/pack.rs"]
mod pack;
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

/// What comes out of `pack`, of which so many bytes come at a time, and what was wrong with it.
pub fn passed(pack: &[u8], step: usize) -> (Vec<u8>, Option<String>) {
    let mut source = std::io::BufReader::with_capacity(step, pack);
    let mut checked = pack::Checked::new(&mut source, pack.len(), &|_| {});
    let mut out = Vec::new();
    let ended = std::io::Read::read_to_end(&mut checked, &mut out);
    let fault = checked.into_fault();
    assert_eq!(ended.is_err(), fault.is_some());
    (out, fault.map(|fault| fault.to_string()))
}
