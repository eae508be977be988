//! Where `ignore` is in a file, in each of the forms that TOML has for it.

use std::ops::Range;

use anyhow::{Context as _, bail};
use toml_edit::{Array, ArrayOfTables, InlineTable, Item, Key, TableLike, Value};

use super::list::List;
use super::{KEY, Path, line_of};

/// Where `ignore` is, or would be.
pub(super) enum Place<'d> {
    Array {
        array: &'d Array,
        key: &'d Key,
        parent: Parent<'d>,
    },
    Tables(&'d ArrayOfTables),
    Missing(Parent<'d>),
}

/// The table that `ignore` belongs to.
pub(super) enum Parent<'d> {
    /// None, or one without a header of its own.
    None,
    /// With a header.
    Header {
        header: Range<usize>,
        table: &'d dyn TableLike,
    },
    /// Made by dotted keys, of which these come before `ignore`.
    Dotted {
        prefix: String,
        table: &'d dyn TableLike,
    },
    Inline(&'d InlineTable),
}

pub(super) const UNKNOWN: &str = "the place of `ignore` is not known; edit the file by hand";

/// Finds `ignore` in the table at `path`.
///
/// # Errors
///
/// When it, or what leads to it, is of another type. Names the line.
pub(super) fn find<'d>(text: &str, root: &'d Item, path: Path) -> anyhow::Result<Place<'d>> {
    let mut item = root;
    let mut prefix = String::new();
    for (depth, key) in path.iter().enumerate() {
        let Some(next) = item.get(key) else {
            return Ok(Place::Missing(Parent::None));
        };
        let Some(table) = next.as_table_like() else {
            let line = line_of(text, next.span());
            let path = path[..=depth].join(".");
            bail!(
                "line {line}: `{path}` must be a table, found {}",
                next.type_name()
            );
        };
        if table.is_dotted() {
            prefix.push_str(key);
            prefix.push('.');
        } else {
            prefix.clear();
        }
        item = next;
    }
    let table = item.as_table_like().context(UNKNOWN)?;
    let parent = match item {
        _ if table.is_dotted() => Parent::Dotted { prefix, table },
        Item::Value(Value::InlineTable(inline)) => Parent::Inline(inline),
        Item::Table(explicit) if !explicit.is_implicit() => Parent::Header {
            header: explicit.span().context(UNKNOWN)?,
            table,
        },
        _ => Parent::None,
    };
    Ok(match table.get_key_value(KEY) {
        None => Place::Missing(parent),
        Some((key, Item::Value(Value::Array(array)))) => Place::Array { array, key, parent },
        Some((_, Item::ArrayOfTables(tables))) => Place::Tables(tables),
        Some((key, other)) => {
            let line = line_of(text, key.span());
            bail!(
                "line {line}: `{}.{KEY}` must be an array of tables, found {}",
                path.join("."),
                other.type_name()
            )
        }
    })
}

pub(super) fn array_list(array: &Array, parent: &Parent<'_>) -> anyhow::Result<List> {
    let span = array.span().context(UNKNOWN)?;
    let items = array.iter().map(|value| value.span().context(UNKNOWN));
    Ok(List {
        inner: span.start + 1..span.end - 1,
        items: items.collect::<anyhow::Result<_>>()?,
        one_line: matches!(parent, Parent::Inline(_)),
    })
}

pub(super) fn inline_list(inline: &InlineTable) -> anyhow::Result<List> {
    let span = inline.span().context(UNKNOWN)?;
    Ok(List {
        inner: span.start + 1..span.end - 1,
        items: leaves(inline),
        one_line: true,
    })
}

/// Where the last key of a table ends, without those of tables that have a header of their own.
pub(super) fn last_end(table: &dyn TableLike) -> Option<usize> {
    leaves(table).iter().map(|leaf| leaf.end).max()
}

/// Each key of a table with its value, those of dotted keys too, in the order of the text.
pub(super) fn leaves(table: &dyn TableLike) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (name, item) in table.iter() {
        match item.as_table_like() {
            Some(dotted) if dotted.is_dotted() => found.extend(leaves(dotted)),
            _ if item.is_value() => {
                let key = table.key(name).and_then(Key::span);
                found.extend(
                    key.zip(item.span())
                        .map(|(key, value)| key.start..value.end),
                );
            }
            _ => {}
        }
    }
    found.sort_by_key(|leaf| leaf.start);
    found
}
