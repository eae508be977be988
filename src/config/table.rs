//! The `[advisory]` table as cargo merged it, and the variables that stand for its keys.

use std::collections::HashMap;

use anyhow::{anyhow, bail};
use cargo::util::context::{ConfigValue, Definition, OptValue, Value};
use cargo::{CargoResult, GlobalContext};
use serde::Deserialize;

use super::place::{Step, described, described_at};
use super::rules;
use super::words::quoted;
use crate::advisory::Kind;
use crate::report::{Configured, Untrusted};

/// Keys beside those of the kinds.
const KEYS: [&str; 11] = [
    "base",
    "cache-dir",
    "databases",
    "editor",
    "enabled",
    "ignore",
    "max-age",
    "refresh",
    "repeat",
    "snapshot-key",
    "stale-ignores",
];

/// Of these, the ones that no variable can hold.
const WITHOUT_VARIABLE: [&str; 1] = ["ignore"];

/// What the names of all variables begin with.
const PREFIX: &str = "CARGO_ADVISORY_";

/// The table. Every key and every variable in it is known.
pub(super) struct Table<'g> {
    pub(super) gctx: &'g GlobalContext,
    /// What files and `--config` say. None where they say nothing.
    values: Option<&'g HashMap<String, ConfigValue>>,
    /// The names of the variables that are set.
    variables: Vec<String>,
}

impl<'g> Table<'g> {
    /// # Errors
    ///
    /// On a key or a variable that is not known. Names where it is, and what is allowed.
    pub(super) fn load(gctx: &'g GlobalContext) -> CargoResult<Table<'g>> {
        let values = match gctx.values()?.get("advisory") {
            None => None,
            Some(ConfigValue::Table(values, _)) => Some(values),
            Some(other) => bail!(
                "`advisory` in {} must be a table, found {}",
                described(other.definition()),
                other.desc()
            ),
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "cargo's context answers for one variable at a time, a misspelt one shows only in the list"
        )]
        let variables = std::env::vars_os()
            .map(|(name, _)| name)
            .filter(|name| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()))
            .map(|name| name.to_string_lossy().into_owned());
        let table = Table {
            gctx,
            values,
            variables: variables.collect(),
        };
        table.refuse_unknown()?;
        Ok(table)
    }

    /// What files and `--config` say of the key.
    pub(super) fn value(&self, key: &str) -> Option<&'g ConfigValue> {
        self.values?.get(key)
    }

    /// Whether the variable of the key is set.
    pub(super) fn has_variable(&self, key: &str) -> bool {
        self.variables.iter().any(|name| is_variable(name, key))
    }

    /// Reads what `key` is set to, which may be a key within the table of a kind. Of a value of another type cargo tells
    /// file and key, but not what is `allowed`.
    pub(super) fn get<'de, T: Deserialize<'de>>(
        &self,
        key: &str,
        allowed: impl FnOnce() -> String,
    ) -> CargoResult<OptValue<T>> {
        // Asking cargo costs a hundred times as much, and most keys are not set.
        if self.at(key).is_none() && !self.has_variable(key) {
            return Ok(None);
        }
        let key = format!("advisory.{key}");
        self.gctx.get(&key).map_err(|error: anyhow::Error| {
            let error = self.with_line(&key, error.root_cause().to_string());
            // What cargo says may repeat the value.
            anyhow!("{}; allowed are {}", Configured(&error), allowed())
        })
    }

    /// Reads the key that holds a word.
    pub(super) fn word<T>(
        &self,
        key: &str,
        allowed: impl Fn() -> String,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> CargoResult<Option<(T, Definition)>> {
        let word = match self.at(key) {
            Some(ConfigValue::String(word, definition)) if !self.has_variable(key) => Value {
                val: word.clone(),
                definition: definition.clone(),
            },
            _ => match self.get::<String>(key, &allowed)? {
                Some(word) => word,
                None => return Ok(None),
            },
        };
        let Some(parsed) = parse(&word.val) else {
            bail!(
                "bad value `{}` for `advisory.{key}` in {}; allowed are {}",
                Untrusted(&word.val),
                self.place(key, &word.definition),
                allowed()
            );
        };
        Ok(Some((parsed, word.definition)))
    }

    /// Where the key was set, with the line.
    pub(super) fn place(&self, key: &str, definition: &Definition) -> String {
        let keys = key.split('.').map(Step::Key);
        let steps: Vec<Step<'_>> = [Step::Key("advisory")].into_iter().chain(keys).collect();
        described_at(definition, &steps)
    }

    /// The value at `key`, which may lie within another table.
    fn at(&self, key: &str) -> Option<&'g ConfigValue> {
        match key.split_once('.') {
            None => self.value(key),
            Some((outer, inner)) => match self.value(outer)? {
                ConfigValue::Table(table, _) => table.get(inner),
                // Cargo says what is wrong with it.
                other => Some(other),
            },
        }
    }

    /// Adds the line to what cargo says of a value in a file.
    fn with_line(&self, key: &str, error: String) -> String {
        let short = key.strip_prefix("advisory.").unwrap_or(key);
        match self.at(short).map(ConfigValue::definition) {
            Some(definition @ Definition::Path(path)) => {
                let file = path.display().to_string();
                let place = self.place(short, definition);
                error.replacen(&file, &place.replacen(&described(definition), &file, 1), 1)
            }
            _ => error,
        }
    }

    fn refuse_unknown(&self) -> CargoResult<()> {
        for (key, value) in self.values.into_iter().flatten() {
            if !is_key(key) {
                let steps = [Step::Key("advisory"), Step::Key(key)];
                bail!(
                    "unknown key `advisory.{}` in {}; allowed are {}",
                    Untrusted(key),
                    described_at(value.definition(), &steps),
                    quoted(allowed())
                );
            }
        }
        for name in &self.variables {
            let mut keys = with_variable();
            if !keys.any(|key| is_variable(name, key)) && !is_of_a_field(name) {
                bail!(
                    "unknown environment variable `{}`; allowed are {}, and for a kind those such as `{}`",
                    Untrusted(name),
                    quoted(with_variable().map(variable)),
                    variable("vulnerability.level"),
                );
            }
        }
        Ok(())
    }
}

/// The variable of `key` as cargo names it.
pub(super) fn variable(key: &str) -> String {
    let key = key.to_ascii_uppercase().replace(['-', '.'], "_");
    format!("{PREFIX}{key}")
}

/// Whether `name` is the [`variable`] of `key`.
fn is_variable(name: &str, key: &str) -> bool {
    let upper = |byte: u8| match byte {
        b'-' | b'.' => b'_',
        byte => byte.to_ascii_uppercase(),
    };
    name.strip_prefix(PREFIX)
        .is_some_and(|rest| rest.bytes().eq(key.bytes().map(upper)))
}

fn is_key(key: &str) -> bool {
    KEYS.contains(&key) || Kind::ALL.iter().any(|kind| kind.as_str() == key)
}

/// All keys, by name.
fn allowed() -> Vec<&'static str> {
    let mut keys: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    keys.extend(KEYS);
    keys.sort_unstable();
    keys
}

/// The keys that a variable can stand for.
fn with_variable() -> impl Iterator<Item = &'static str> {
    let keys = allowed().into_iter();
    keys.filter(|key| !WITHOUT_VARIABLE.contains(key))
}

/// Whether a variable stands for a field of a kind.
fn is_of_a_field(name: &str) -> bool {
    Kind::ALL.into_iter().any(|kind| {
        let mut fields = rules::fields(kind).iter();
        fields.any(|field| is_variable(name, &format!("{kind}.{field}")))
    })
}
