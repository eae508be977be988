//! What the configuration of another tool says, item by item, each with its line.

use anyhow::{anyhow, bail};
use toml_edit::{Array, Item as Toml, TableLike, Value};

use super::super::{edit, one_line};
use crate::ignore::{self, Ignore, What};
use crate::report::Untrusted;

/// Something that the file says.
#[derive(Debug, PartialEq)]
pub(super) struct Item {
    /// Counted from 1.
    pub(super) line: usize,
    /// As it is written. Foreign text.
    pub(super) shown: String,
    pub(super) says: Says,
}

#[derive(Debug, PartialEq)]
pub(super) enum Says {
    /// It becomes an entry of ours.
    Ignore(Ignore),
    /// It does not. What is like it, or why nothing is.
    Like(String),
}

/// One key of the file with its value.
pub(super) struct Setting<'t> {
    text: &'t str,
    /// The file, for reasons.
    file: &'t str,
    /// Its table and its name: `advisories.ignore`.
    pub(super) path: String,
    pub(super) line: usize,
    item: &'t Toml,
}

/// The settings of a file: the keys of its tables, and its tables as wholes where they are in `whole`.
pub(super) fn settings<'t>(
    text: &'t str,
    file: &'t str,
    root: &'t dyn TableLike,
    whole: &[&str],
) -> Vec<Setting<'t>> {
    let mut settings = Vec::new();
    let mut add = |table: &'t dyn TableLike, name: &str, item: &'t Toml, path: String| {
        let key = table.key(name).and_then(|key| key.span());
        settings.push(Setting {
            text,
            file,
            path,
            line: edit::line_of(text, key.or(item.span())),
            item,
        });
    };
    for (name, item) in root.iter() {
        match item.as_table_like() {
            Some(table) if !whole.contains(&name) => {
                for (key, item) in table.iter() {
                    add(table, key, item, format!("{name}.{key}"));
                }
            }
            _ => add(root, name, item, name.to_owned()),
        }
    }
    settings.sort_by_key(|setting| setting.line);
    settings
}

impl<'t> Setting<'t> {
    /// The setting as one that has this counterpart.
    pub(super) fn like(&self, counterpart: impl Into<String>) -> Item {
        let value = match self.item {
            Toml::Value(value) => one_line(source(self.text, value)),
            _ => return self.table_like(counterpart),
        };
        Item {
            line: self.line,
            shown: format!("{} = {value}", self.path),
            says: Says::Like(counterpart.into()),
        }
    }

    fn table_like(&self, counterpart: impl Into<String>) -> Item {
        Item {
            line: self.line,
            shown: format!("[{}]", self.path),
            says: Says::Like(counterpart.into()),
        }
    }

    /// The value as one of some words.
    pub(super) fn word(&self, allowed: &[&str]) -> anyhow::Result<&'t str> {
        let word = self.item.as_str().filter(|word| allowed.contains(word));
        word.ok_or_else(|| self.bad(&listed(allowed)))
    }

    /// The value as a list of some words.
    pub(super) fn words(&self, allowed: &[&str]) -> anyhow::Result<Vec<&'t str>> {
        let bad = || self.bad(&format!("lists of {}", listed(allowed)));
        let array = self.item.as_array().ok_or_else(bad)?;
        let words = array.iter().map(|value| {
            let word = value.as_str().filter(|word| allowed.contains(word));
            word.ok_or_else(bad)
        });
        words.collect()
    }

    pub(super) fn flag(&self) -> anyhow::Result<bool> {
        let flag = self.item.as_bool();
        flag.ok_or_else(|| self.bad("`true`, `false`"))
    }

    pub(super) fn text(&self) -> anyhow::Result<&'t str> {
        self.item.as_str().ok_or_else(|| self.bad("strings"))
    }

    pub(super) fn texts(&self) -> anyhow::Result<Vec<&'t str>> {
        let bad = || self.bad("lists of strings");
        let array = self.item.as_array().ok_or_else(bad)?;
        let texts = array.iter().map(|value| value.as_str().ok_or_else(bad));
        texts.collect()
    }

    /// The values of a list, each with what can be read of it.
    pub(super) fn entries(&self) -> anyhow::Result<Vec<Entry<'t>>> {
        let array: &Array = self.item.as_array().ok_or_else(|| self.bad("lists"))?;
        Ok(array
            .iter()
            .map(|value| Entry {
                text: self.text,
                file: self.file,
                value,
                line: edit::line_of(self.text, value.span()),
            })
            .collect())
    }

    fn bad(&self, allowed: &str) -> anyhow::Error {
        let value = match self.item {
            Toml::Value(value) => one_line(source(self.text, value)),
            other => other.type_name().to_owned(),
        };
        anyhow!(
            "line {}: bad value `{}` for `{}`; allowed are {allowed}",
            self.line,
            Untrusted(&value),
            Untrusted(&self.path)
        )
    }
}

/// One value of a list of things to ignore.
pub(super) struct Entry<'t> {
    text: &'t str,
    file: &'t str,
    pub(super) value: &'t Value,
    pub(super) line: usize,
}

impl Entry<'_> {
    /// The entry as one that ignores `what`, for the reason given, else that beside it, else that it is imported.
    pub(super) fn ignores(&self, what: What, reason: Option<&str>) -> anyhow::Result<Item> {
        let reason = reason
            .map(one_line)
            .filter(|reason| !reason.is_empty())
            .or_else(|| self.comment_beside())
            .unwrap_or_else(|| format!("imported from `{}`", self.file));
        Ok(self.item(Says::Ignore(Ignore {
            what,
            reason: ignore::reason(&reason)?,
            until: None,
            condition: None,
            via: None,
        })))
    }

    /// The entry as one that has this counterpart.
    pub(super) fn like(&self, counterpart: impl Into<String>) -> Item {
        self.item(Says::Like(counterpart.into()))
    }

    pub(super) fn bad(&self, error: &anyhow::Error) -> anyhow::Error {
        anyhow!("line {}: {error}", self.line)
    }

    pub(super) fn bad_entry(&self, allowed: &str) -> anyhow::Error {
        let value = one_line(source(self.text, self.value));
        anyhow!(
            "line {}: bad entry `{}`; allowed are {allowed}",
            self.line,
            Untrusted(&value)
        )
    }

    /// The value as a table of strings: that of each of `keys`, in their order.
    pub(super) fn strings<const N: usize>(
        &self,
        keys: [&str; N],
    ) -> anyhow::Result<[Option<&str>; N]> {
        let table = self.value.as_inline_table();
        let table = table.ok_or_else(|| self.bad_entry("strings and tables"))?;
        for (key, value) in table.iter() {
            if !keys.contains(&key) || !value.is_str() {
                bail!(
                    "line {}: bad key `{}` in an entry; allowed are strings for {}",
                    self.line,
                    Untrusted(key),
                    listed(&keys)
                );
            }
        }
        Ok(keys.map(|key| table.get(key).and_then(Value::as_str)))
    }

    fn item(&self, says: Says) -> Item {
        Item {
            line: self.line,
            shown: one_line(source(self.text, self.value)),
            says,
        }
    }

    /// The comment behind the entry, where no other one is on its line.
    fn comment_beside(&self) -> Option<String> {
        let span = self.value.span()?;
        let before = self.text[..span.start].rsplit('\n').next()?;
        let after = self.text[span.end..].lines().next()?.trim_start();
        let comment = after.strip_prefix(',').unwrap_or(after).trim_start();
        let comment = one_line(comment.strip_prefix('#')?.trim_start_matches('#'));
        (before.trim().is_empty() && !comment.is_empty()).then_some(comment)
    }
}

fn source<'t>(text: &'t str, value: &Value) -> &'t str {
    value.span().map_or("", |span| &text[span])
}

fn listed(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}
