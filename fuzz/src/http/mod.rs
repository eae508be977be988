//! `src/http` without what asks.

#[path = "../../../src/http/message.rs"]
mod message;

pub use message::{Request, Response};
