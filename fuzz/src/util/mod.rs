//! Stands in for the module of cargo's with this name.

pub mod context;
