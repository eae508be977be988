//! Why a database is not taken.

use std::fmt;

/// What a database turned out to hold is not fit to be taken, for the reason that is displayed. Unlike a failure to read
/// it, this is worth telling whoever goes on with an older index.
#[derive(Debug)]
pub struct Refused(pub String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}
