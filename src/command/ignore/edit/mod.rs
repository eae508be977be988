//! Changes the entries of `ignore` in the text of a file, and keeps every other byte of it.
//!
//! toml_edit knows where each part of the text is; what it prints anew would have other line endings. Whatever a change
//! turns out to be, it is read again before anybody may write it: the entries have to be the ones that were wanted, and
//! everything else what it was.

use std::ops::Range;

use anyhow::{Context as _, anyhow, bail, ensure};
use serde::de::{Deserialize as _, IntoDeserializer as _};
use toml_edit::{ArrayOfTables, Document, Key, Value};

use self::place::{Parent, Place, UNKNOWN, array_list, find, inline_list, last_end, leaves};
use self::text::{
    BOM, Splice, indent, is_blank, line_end, line_number, line_start, newline, next_line, spliced,
};
use crate::ignore::Ignore;
use crate::report::{Configured, Untrusted};

mod list;
mod place;
#[cfg(test)]
mod tests;
mod text;

const KEY: &str = "ignore";

/// A table that holds `ignore`, by its keys.
pub(super) type Path = &'static [&'static str];

/// An entry in a file.
#[derive(Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) ignore: Ignore,
    /// Counted from 1.
    pub(super) line: usize,
}

/// Reads TOML, with the place of each part of it.
///
/// # Errors
///
/// When the text is no TOML. Names the line.
pub(super) fn parse(text: &str) -> anyhow::Result<Document<&str>> {
    Document::parse(text).map_err(|error| {
        let line = line_number(text, error.span().map_or(0, |span| span.start));
        anyhow!("line {line}: {}", Untrusted(error.message()))
    })
}

/// The line that something begins on, counted from 1.
pub(super) fn line_of(text: &str, span: Option<Range<usize>>) -> usize {
    line_number(text, span.map_or(0, |span| span.start))
}

/// Whether there is a table at `path`.
///
/// # Errors
///
/// When the text is no TOML.
pub(super) fn has_table(text: &str, path: Path) -> anyhow::Result<bool> {
    let document = parse(text)?;
    let mut item = document.as_item();
    for key in path {
        match item.get(key) {
            Some(next) => item = next,
            None => return Ok(false),
        }
    }
    Ok(true)
}

/// The entries of `ignore` in the table at `path`, in order.
///
/// # Errors
///
/// When the text is no TOML, or an entry is not what it should be. Names the line.
pub(super) fn entries(text: &str, path: Path) -> anyhow::Result<Vec<Entry>> {
    let document = parse(text)?;
    let found = match find(text, document.as_item(), path)? {
        Place::Array { array, .. } => array
            .iter()
            .map(|value| (value.span(), value.clone()))
            .collect(),
        Place::Tables(tables) => tables
            .iter()
            .map(|table| {
                let value = Value::InlineTable(table.clone().into_inline_table());
                (table.span(), value)
            })
            .collect(),
        Place::Missing(_) => Vec::new(),
    };
    let found = found.into_iter();
    found
        .map(|(span, value): (Option<Range<usize>>, Value)| {
            let line = line_of(text, span);
            let read = Ignore::deserialize(value.into_deserializer());
            match read {
                Ok(ignore) => Ok(Entry { ignore, line }),
                Err(error) => bail!(
                    "line {line}: bad entry of `{KEY}`: {}",
                    Configured(error.message())
                ),
            }
        })
        .collect()
}

/// Adds an entry behind the others, and the table where there is none.
///
/// # Errors
///
/// Those of [`entries`], and when the place cannot be found.
pub(super) fn add(text: &str, path: Path, entry: &Ignore) -> anyhow::Result<String> {
    let mut wanted = ignores(text, path)?;
    wanted.push(entry.clone());
    let document = parse(text)?;
    let inline = entry.to_inline_table().to_string();
    let splices = match find(text, document.as_item(), path)? {
        Place::Array { array, parent, .. } => array_list(array, &parent)?.add(text, &inline),
        Place::Tables(tables) => vec![add_table(text, tables, entry)?],
        Place::Missing(parent) => parent.add(text, path, &inline)?,
    };
    checked(text, path, spliced(text, splices), &wanted)
}

/// Puts `entry` in the place of the one at `position`, whose comments go with it.
///
/// # Errors
///
/// Those of [`add`].
pub(super) fn replace(
    text: &str,
    path: Path,
    position: usize,
    entry: &Ignore,
) -> anyhow::Result<String> {
    let mut wanted = ignores(text, path)?;
    wanted[position] = entry.clone();
    let document = parse(text)?;
    let splice = match find(text, document.as_item(), path)? {
        Place::Array { array, parent, .. } => Splice {
            range: array_list(array, &parent)?.items[position].clone(),
            with: entry.to_inline_table().to_string(),
        },
        Place::Tables(tables) => {
            let table = tables.get(position).context(UNKNOWN)?;
            let range = leaves(table)
                .into_iter()
                .reduce(|all, leaf| all.start.min(leaf.start)..all.end.max(leaf.end))
                .context(UNKNOWN)?;
            let indent = indent(text, range.start).unwrap_or_default();
            Splice {
                with: fields(entry, newline(text), indent),
                range,
            }
        }
        Place::Missing(_) => bail!(UNKNOWN),
    };
    checked(text, path, spliced(text, vec![splice]), &wanted)
}

/// Removes the entry at `position`, and with the last of them `ignore` and the table, unless there is something else in it.
///
/// # Errors
///
/// Those of [`add`].
pub(super) fn remove(text: &str, path: Path, position: usize) -> anyhow::Result<String> {
    let mut wanted = ignores(text, path)?;
    wanted.remove(position);
    let document = parse(text)?;
    let splices = match find(text, document.as_item(), path)? {
        Place::Array { array, key, parent } => {
            let list = array_list(array, &parent)?;
            let value = list.inner.start - 1..list.inner.end + 1;
            let key = match list.items.len() == 1 && !list.has_comment_beside(text, position) {
                true => remove_key(text, key, value, parent)?,
                false => None,
            };
            key.unwrap_or_else(|| list.remove(text, position))
        }
        Place::Tables(tables) => {
            let table = tables.get(position).context(UNKNOWN)?;
            let header = table.span().context(UNKNOWN)?;
            let end = last_end(table).unwrap_or(header.end);
            vec![cut_section(text, header.start, end)]
        }
        Place::Missing(_) => bail!(UNKNOWN),
    };
    checked(text, path, spliced(text, splices), &wanted)
}

impl Parent<'_> {
    /// Adds `ignore` with one entry.
    fn add(&self, text: &str, path: Path, entry: &str) -> anyhow::Result<Vec<Splice>> {
        let newline = newline(text);
        let array = format!("{KEY} = [{newline}    {entry},{newline}]");
        // Behind the last key of a table, and the comment beside it.
        let line = |after: usize, line: String| {
            vec![Splice::insert(
                line_end(text, after),
                format!("{newline}{line}"),
            )]
        };
        Ok(match self {
            Parent::Header { header, table } => line(last_end(*table).unwrap_or(header.end), array),
            Parent::Dotted { prefix, table } => {
                let end = last_end(*table).context(UNKNOWN)?;
                line(end, format!("{prefix}{array}"))
            }
            Parent::Inline(inline) => inline_list(inline)?.add(text, &format!("{KEY} = [{entry}]")),
            Parent::None => {
                let section = format!("[{}]{newline}{array}", path.join("."));
                let separator = match text.trim_start_matches(BOM) {
                    "" => "",
                    ended if ended.ends_with('\n') => newline,
                    _ => &newline.repeat(2),
                };
                // The file ends as it did, with a line break or without.
                let end = if text.ends_with('\n') || separator.is_empty() {
                    newline
                } else {
                    ""
                };
                vec![Splice::insert(
                    text.len(),
                    format!("{separator}{section}{end}"),
                )]
            }
        })
    }
}

/// Adds an entry behind the last of an array of tables, with a header like that one's.
fn add_table(text: &str, tables: &ArrayOfTables, entry: &Ignore) -> anyhow::Result<Splice> {
    let last = tables.iter().last().context(UNKNOWN)?;
    let header = last.span().context(UNKNOWN)?;
    let end = last_end(last).unwrap_or(header.end);
    let newline = newline(text);
    let indent = indent(text, header.start).unwrap_or_default();
    let fields = fields(entry, newline, indent);
    let header = &text[header];
    Ok(Splice::insert(
        line_end(text, end),
        format!("{newline}{newline}{indent}{header}{newline}{indent}{fields}"),
    ))
}

/// The keys of an entry, a line each.
fn fields(entry: &Ignore, newline: &str, indent: &str) -> String {
    let fields: Vec<String> = entry
        .to_inline_table()
        .iter()
        .map(|(key, value)| format!("{key} = {}", value.to_string().trim()))
        .collect();
    fields.join(&format!("{newline}{indent}"))
}

/// Removes `ignore` with its value, and the header of a table that would be empty then. None where a comment beside it
/// would go too.
fn remove_key(
    text: &str,
    key: &Key,
    value: Range<usize>,
    parent: Parent<'_>,
) -> anyhow::Result<Option<Vec<Splice>>> {
    let key = key.span().context(UNKNOWN)?;
    if let Parent::Inline(inline) = parent {
        let list = inline_list(inline)?;
        let position = list.items.iter().position(|item| item.start == key.start);
        return Ok(match position {
            Some(_) if list.items.len() == 1 => Some(vec![Splice::cut(list.inner)]),
            Some(position) => Some(list.remove(text, position)),
            None => None,
        });
    }
    if !is_blank(&text[value.end..line_end(text, value.end)]) {
        return Ok(None);
    }
    let start = line_start(text, key.start);
    Ok(Some(vec![match parent {
        Parent::Header { header, table }
            if leaves(table).len() == 1 && list::is_empty(&text[header.end..start]) =>
        {
            cut_section(text, header.start, value.end)
        }
        // The file goes on to end without a line break.
        _ if next_line(text, value.end) == text.len() && !text.ends_with('\n') => {
            Splice::cut(line_before(text, start)..text.len())
        }
        _ => Splice::cut(start..next_line(text, value.end)),
    }]))
}

/// Removes a header at `start` with all up to `end`, and a blank line before it.
fn cut_section(text: &str, start: usize, end: usize) -> Splice {
    let start = line_start(text, start);
    let before = line_before(text, start);
    if before == start {
        return Splice::cut(start..next_line(text, end));
    }
    let line = line_start(text, before);
    let from = match is_blank(&text[line..before]) {
        true => line_before(text, line),
        false => before,
    };
    Splice::cut(from..line_end(text, end))
}

/// Where the line ends that is before the one that begins at `start`, or `start` where there is none.
fn line_before(text: &str, start: usize) -> usize {
    let Some(before) = text[..start].strip_suffix('\n') else {
        return start;
    };
    before.strip_suffix('\r').unwrap_or(before).len()
}

fn ignores(text: &str, path: Path) -> anyhow::Result<Vec<Ignore>> {
    let entries = entries(text, path)?.into_iter();
    Ok(entries.map(|entry| entry.ignore).collect())
}

/// Gives `changed` if it holds the entries that were wanted, and else nothing but what `text` held.
fn checked(text: &str, path: Path, changed: String, wanted: &[Ignore]) -> anyhow::Result<String> {
    const FAILED: &str = "this form of `ignore` cannot be edited; edit the file by hand";
    let found = ignores(&changed, path).context(FAILED)?;
    ensure!(found == wanted, FAILED);
    ensure!(rest(text, path)? == rest(&changed, path)?, FAILED);
    Ok(changed)
}

/// All of a file but the entries, and the tables that would be empty without them.
fn rest(text: &str, path: Path) -> anyhow::Result<toml::Table> {
    fn remove(table: &mut toml::Table, path: &[&str]) {
        match path {
            [] => {
                table.remove(KEY);
            }
            [key, path @ ..] => {
                let Some(toml::Value::Table(inner)) = table.get_mut(*key) else {
                    return;
                };
                remove(inner, path);
                if inner.is_empty() {
                    table.remove(*key);
                }
            }
        }
    }
    let mut table = toml::from_str(text)?;
    remove(&mut table, path);
    Ok(table)
}
