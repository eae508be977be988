//! Where the links of a text lead, numbered.

use std::collections::HashMap;
use std::rc::Rc;

#[derive(Debug, Default)]
pub(super) struct Links {
    /// Where the links that are open lead, and their texts so far.
    open: Vec<(Rc<str>, String)>,
    numbers: HashMap<Rc<str>, usize>,
    targets: Vec<Rc<str>>,
}

impl Links {
    pub(super) fn start(&mut self, target: &str) {
        self.open.push((target.into(), String::new()));
    }

    /// Adds to the text of the innermost link that is open, if there is one.
    pub(super) fn say(&mut self, text: &str) {
        if let Some((_, link)) = self.open.last_mut() {
            link.push_str(text);
        }
    }

    /// Ends the innermost link. Returns the number of where it leads, unless its text already tells that.
    pub(super) fn end(&mut self) -> Option<usize> {
        let (target, text) = self.open.pop()?;
        if target.is_empty() || *target == *text {
            return None;
        }
        let targets = &mut self.targets;
        let number = self.numbers.entry(target.clone()).or_insert_with(|| {
            targets.push(target);
            targets.len()
        });
        Some(*number)
    }

    /// Where links lead that have numbers, from 1 on.
    pub(super) fn targets(&self) -> &[Rc<str>] {
        &self.targets
    }
}
