//! Which versions were yanked or removed, as their registries say.
//!
//! # Purpose
//!
//! What cargo knows of yanks is as old as the last time that it asked for the package, which for a locked one may be a year
//! ago. So a refresh [asks](ask) the registries of the [lockfiles that were seen lately](seen) about their packages, and puts
//! the answers into the index.
//!
//! # Privacy
//!
//! A registry is asked about packages that a lockfile names it as the source of, and about nothing else. Git registries are
//! not asked: only their whole index could be had.
//!
//! # Failure
//!
//! "Not asked" is never "not yanked". Where a registry does not answer, or with something that is not understood to the last
//! line, what it said before stays, with the time of that.

pub mod answer;
pub mod ask;
mod budget;
pub mod kept;
pub mod locked;
pub mod seen;
