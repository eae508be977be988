//! Lists, items and quotes within each other, and what they put in front of lines.

/// Lists and quotes within each other that are still indented.
const DEEPEST: usize = 8;

/// Those that are open, from the outermost to the innermost.
pub(super) struct Nests {
    /// What stands before all of them.
    indent: String,
    /// Down to [`DEEPEST`].
    open: Vec<Nest>,
    /// How many more are open.
    too_deep: usize,
}

#[derive(Debug)]
enum Nest {
    /// The number of the next item, none where items have none.
    List {
        number: Option<u64>,
        items: usize,
    },
    /// What goes in front of its first line, until that is written.
    Item {
        mark: Option<String>,
        width: usize,
    },
    Quote,
}

impl Nests {
    /// None, behind `indent` spaces.
    pub(super) fn new(indent: usize) -> Nests {
        Nests {
            indent: " ".repeat(indent),
            open: Vec::new(),
            too_deep: 0,
        }
    }

    pub(super) fn start_quote(&mut self) {
        self.start(Nest::Quote);
    }

    /// Starts a list whose items are numbered from `number` on, if they are.
    pub(super) fn start_list(&mut self, number: Option<u64>) {
        self.start(Nest::List { number, items: 0 });
    }

    pub(super) fn start_item(&mut self) {
        if self.too_deep > 0 {
            self.too_deep += 1;
            return;
        }
        let mark = match self.open.last_mut() {
            Some(Nest::List { number, items }) => {
                *items += 1;
                match number {
                    Some(number) => {
                        let mark = format!("{number}. ");
                        *number = number.saturating_add(1);
                        mark
                    }
                    None => "- ".to_owned(),
                }
            }
            _ => "- ".to_owned(),
        };
        self.start(Nest::Item {
            width: mark.len(),
            mark: Some(mark),
        });
    }

    fn start(&mut self, nest: Nest) {
        if self.open.len() < DEEPEST && self.too_deep == 0 {
            self.open.push(nest);
        } else {
            self.too_deep += 1;
        }
    }

    /// Ends the innermost one. An item without text still has to show its mark: then that is returned, with all before it.
    pub(super) fn end(&mut self) -> Option<String> {
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return None;
        }
        let unwritten = matches!(self.open.last(), Some(Nest::Item { mark: Some(_), .. }));
        let margin = unwritten.then(|| self.margin());
        self.open.pop();
        margin
    }

    /// Ends all.
    pub(super) fn clear(&mut self) {
        self.open.clear();
    }

    pub(super) fn is_in_item(&self) -> bool {
        self.open
            .iter()
            .any(|nest| matches!(nest, Nest::Item { .. }))
    }

    /// Whether the next block stands beside the mark of the first item of a list.
    pub(super) fn is_at_first_mark(&self) -> bool {
        let beside_mark = matches!(self.open.last(), Some(Nest::Item { mark: Some(_), .. }));
        let first_item = self.open.iter().rev().find_map(|nest| match nest {
            Nest::List { items, .. } => Some(*items == 1),
            _ => None,
        });
        beside_mark && first_item == Some(true)
    }

    /// What goes in front of the next line. Marks are used up.
    pub(super) fn margin(&mut self) -> String {
        let mut margin = self.indent.clone();
        for nest in &mut self.open {
            match nest {
                Nest::List { .. } => {}
                Nest::Quote => margin.push_str("> "),
                Nest::Item { mark, width } => match mark.take() {
                    Some(mark) => margin.push_str(&mark),
                    None => margin.push_str(&" ".repeat(*width)),
                },
            }
        }
        margin
    }

    /// What goes in front of a line that shows no mark.
    pub(super) fn quotes(&self) -> String {
        let mut margin = self.indent.clone();
        for nest in &self.open {
            match nest {
                Nest::List { .. } => {}
                Nest::Quote => margin.push_str("> "),
                Nest::Item { width, .. } => margin.push_str(&" ".repeat(*width)),
            }
        }
        margin
    }
}
