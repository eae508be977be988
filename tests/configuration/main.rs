//! The table `[advisory]`: where each key may be set, what it does, and what mistakes lead to.

mod cache;
mod keys;
mod mistakes;
mod trust;

#[path = "../support/mod.rs"]
mod support;
