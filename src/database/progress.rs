//! What is told while databases are read.

/// How far [`load`](super::load) has got.
#[derive(Clone, Copy, Debug)]
pub enum Progress {
    /// Nothing but its beginning.
    Started,
    /// Bytes received from the network.
    Fetching { received: usize },
    /// Files read.
    Parsing { done: usize },
    /// Packages that a registry, and no database, has answered about.
    Asking { done: usize, total: usize },
}
