//! Where a value was set, as told to users.

use std::path::Path;

use cargo::util::context::Definition;
use cargo_util::paths;
use toml_edit::{Document, Item, Value};

use crate::report::Configured;

/// One step from a table or an array to what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    Key(&'a str),
    Nth(usize),
}

/// The file, variable or flag.
pub(super) fn described(definition: &Definition) -> String {
    match definition {
        Definition::Path(path) => format!("`{}`", shown(path)),
        Definition::Environment(variable) => format!("environment variable `{variable}`"),
        Definition::Cli(Some(path)) => format!("`--config {}`", shown(path)),
        Definition::Cli(None) => "`--config`".to_owned(),
        Definition::BuiltIn => "cargo's own defaults".to_owned(),
    }
}

/// The same with the line, where there is a file that has one for the value at the end of `steps`. Reads the file, so this
/// is for errors.
pub(super) fn described_at(definition: &Definition, steps: &[Step<'_>]) -> String {
    let described = described(definition);
    let line = match definition {
        Definition::Path(path) | Definition::Cli(Some(path)) => line(path, steps),
        Definition::Environment(_) | Definition::Cli(None) | Definition::BuiltIn => None,
    };
    with_line(described, line)
}

/// The same for a file that is no configuration of cargo's.
pub(super) fn file_at(path: &Path, steps: &[Step<'_>]) -> String {
    with_line(format!("`{}`", shown(path)), line(path, steps))
}

/// A folder may have any name, as one that was unpacked or cloned has.
pub(super) fn shown(path: &Path) -> String {
    Configured(&path.to_string_lossy()).to_string()
}

fn with_line(described: String, line: Option<usize>) -> String {
    match line {
        Some(line) => format!("{described}, line {line}"),
        None => described,
    }
}

/// The line, from 1, on which the value at the end of `steps` begins, with its key where it has one.
fn line(path: &Path, steps: &[Step<'_>]) -> Option<usize> {
    line_in(&paths::read(path).ok()?, steps)
}

/// The same in a file with this text. None where there is no such value.
pub(super) fn line_in(text: &str, steps: &[Step<'_>]) -> Option<usize> {
    let document = Document::parse(text).ok()?;
    let mut found = Found::Item(document.as_item());
    let mut start = None;
    for step in steps {
        let next = found.step(*step)?;
        start = next.1.or(start);
        found = next.0;
    }
    let before = text.get(..start?)?;
    Some(before.matches('\n').count() + 1)
}

/// What a step leads to.
#[derive(Clone, Copy)]
enum Found<'a> {
    Item(&'a Item),
    Value(&'a Value),
    Table(&'a toml_edit::Table),
}

impl<'a> Found<'a> {
    /// What the step leads to, and where in the text that begins.
    fn step(self, step: Step<'_>) -> Option<(Found<'a>, Option<usize>)> {
        let start = |span: Option<std::ops::Range<usize>>| span.map(|span| span.start);
        match (self, step) {
            (Found::Item(Item::Table(table)) | Found::Table(table), Step::Key(key)) => {
                let (key, item) = table.get_key_value(key)?;
                Some((Found::Item(item), start(key.span())))
            }
            (
                Found::Item(Item::Value(Value::InlineTable(table)))
                | Found::Value(Value::InlineTable(table)),
                Step::Key(key),
            ) => {
                let (key, item) = table.get_key_value(key)?;
                Some((Found::Item(item), start(key.span())))
            }
            (
                Found::Item(Item::Value(Value::Array(array))) | Found::Value(Value::Array(array)),
                Step::Nth(nth),
            ) => {
                let value = array.get(nth)?;
                Some((Found::Value(value), start(value.span())))
            }
            (Found::Item(Item::ArrayOfTables(tables)), Step::Nth(nth)) => {
                let table = tables.get(nth)?;
                Some((Found::Table(table), start(table.span())))
            }
            _ => None,
        }
    }
}
