//! What an answer is laid out for.

/// What the place can show that an answer goes to.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Columns. None where nothing limits a line, as in a file: then none is broken.
    pub width: Option<usize>,
    pub unicode: bool,
    /// It makes links of OSC 8.
    pub links: bool,
}

impl Page {
    /// Whether a line of so many columns fits.
    pub fn fits(self, columns: usize) -> bool {
        self.width.is_none_or(|width| columns <= width)
    }

    /// The columns that are left behind `taken` ones.
    pub fn room(self, taken: usize) -> usize {
        self.width
            .map_or(usize::MAX, |width| width.saturating_sub(taken))
    }
}
