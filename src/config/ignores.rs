//! The entries of `advisory.ignore`, from cargo's configuration and from the workspace's manifest.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{anyhow, bail};
use cargo::CargoResult;
use cargo::util::context::{ConfigValue, Definition};

use super::place::{Step, described, described_at, file_at, shown};
use super::words::quoted;
use crate::ignore::{Ignore, KEYS};
use crate::policy::Entry;
use crate::report::Untrusted;

/// What `[workspace.metadata.advisory]` may hold.
const METADATA_KEYS: [&str; 1] = ["ignore"];

/// Reads those of cargo's configuration, whose lists cargo has joined.
pub(super) fn configured(value: Option<&ConfigValue>) -> CargoResult<Vec<Entry>> {
    let list = match value {
        None => return Ok(Vec::new()),
        Some(ConfigValue::List(list, _)) => list,
        Some(other) => bail!(
            "`advisory.ignore` in {} must be an array of tables, found {}; write `ignore = [{{ id = \"...\", reason = \
             \"...\" }}]`",
            described_at(other.definition(), &steps(None)),
            other.desc()
        ),
    };
    // Cargo tells the file of each entry, and keeps those of one file in their order.
    let mut counts: HashMap<&Path, usize> = HashMap::new();
    list.iter()
        .map(|value| {
            let definition = value.definition();
            let nth = match definition {
                Definition::Path(path) => {
                    let count = counts.entry(path).or_default();
                    *count += 1;
                    Some(*count - 1)
                }
                _ => None,
            };
            Ok(Entry {
                ignore: entry(value)
                    .map_err(|error| in_place(&error, described_at(definition, &steps(nth))))?,
                by: described(definition),
                file: match definition {
                    Definition::Path(path) => Some(path.clone()),
                    _ => None,
                },
                own: false,
            })
        })
        .collect()
}

/// Reads those of `[workspace.metadata.advisory]` in `manifest`.
pub(super) fn of_manifest(manifest: &Path, metadata: &toml::Value) -> CargoResult<Vec<Entry>> {
    const TABLE: [Step<'_>; 3] = [
        Step::Key("workspace"),
        Step::Key("metadata"),
        Step::Key("advisory"),
    ];
    let at = |steps: &[Step<'_>]| file_at(manifest, &[&TABLE, steps].concat());
    let Some(table) = metadata.get("advisory") else {
        return Ok(Vec::new());
    };
    let toml::Value::Table(table) = table else {
        bail!(
            "`workspace.metadata.advisory` in {} must be a table, found {}",
            at(&[]),
            table.type_str()
        );
    };
    for key in table.keys() {
        if !METADATA_KEYS.contains(&key.as_str()) {
            bail!(
                "unknown key `workspace.metadata.advisory.{}` in {}; allowed are {}, all else belongs into \
                 `.cargo/config.toml`",
                Untrusted(key),
                at(&[Step::Key(key)]),
                quoted(METADATA_KEYS)
            );
        }
    }
    let list = match table.get("ignore") {
        None => return Ok(Vec::new()),
        Some(toml::Value::Array(list)) => list,
        Some(other) => bail!(
            "`workspace.metadata.advisory.ignore` in {} must be an array of tables, found {}",
            at(&[Step::Key("ignore")]),
            other.type_str()
        ),
    };
    list.iter()
        .enumerate()
        .map(|(nth, value)| {
            let place = || at(&[Step::Key("ignore"), Step::Nth(nth)]);
            Ok(Entry {
                ignore: read(value).map_err(|error| in_place(&error, place()))?,
                by: format!("`{}`", shown(manifest)),
                file: Some(manifest.to_owned()),
                own: true,
            })
        })
        .collect()
}

fn entry(value: &ConfigValue) -> Result<Ignore, String> {
    let ConfigValue::Table(table, _) = value else {
        return Err(no_table(value.desc()));
    };
    checked(table.iter().map(|(key, value)| match value {
        ConfigValue::String(text, _) => (key, Ok(text)),
        other => (key, Err(other.desc())),
    }))
}

fn read(value: &toml::Value) -> Result<Ignore, String> {
    let toml::Value::Table(table) = value else {
        return Err(no_table(value.type_str()));
    };
    checked(table.iter().map(|(key, value)| match value {
        toml::Value::String(text) => (key, Ok(text)),
        other => (key, Err(other.type_str())),
    }))
}

/// The entry with these fields, each with its text or what it is instead.
fn checked<'v>(
    fields: impl Iterator<Item = (&'v String, Result<&'v String, &'static str>)>,
) -> Result<Ignore, String> {
    let mut texts: Vec<(&str, &str)> = Vec::with_capacity(KEYS.len());
    for (key, value) in fields {
        if !KEYS.contains(&key.as_str()) {
            return Err(format!(
                "unknown key `{}`; allowed are {}",
                Untrusted(key),
                quoted(KEYS)
            ));
        }
        match value {
            Ok(text) => texts.push((key, text)),
            Err(other) => return Err(format!("`{key}` must be a string, found {other}")),
        }
    }
    Ignore::from_fields(&texts).map_err(|error| error.to_string())
}

fn no_table(found: &str) -> String {
    format!("it must be a table, found {found}")
}

fn in_place(error: &str, place: String) -> anyhow::Error {
    anyhow!("bad entry of `ignore` in {place}: {error}")
}

/// From the top of a file of cargo's configuration to its `nth` entry.
fn steps(nth: Option<usize>) -> Vec<Step<'static>> {
    let mut steps = vec![Step::Key("advisory"), Step::Key("ignore")];
    steps.extend(nth.map(Step::Nth));
    steps
}
