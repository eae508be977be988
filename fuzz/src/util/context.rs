//! Stands in for the module of cargo's with this name: the values of one file of its configuration, and no variables.

use anyhow::{Result, anyhow, bail};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error;
use std::collections::HashMap;
use std::path::PathBuf;

#[derive(Clone, Debug)]
pub enum Definition {
    Path(PathBuf),
    Environment(String),
    Cli(Option<PathBuf>),
    BuiltIn,
}

#[derive(Clone, Debug)]
pub enum ConfigValue {
    Integer(i64, Definition),
    String(String, Definition),
    List(Vec<ConfigValue>, Definition),
    Table(HashMap<String, ConfigValue>, Definition),
    Boolean(bool, Definition),
}

impl ConfigValue {
    /// None if cargo would take it for nothing that can be configured.
    pub fn new(value: &toml::Value, definition: &Definition) -> Option<ConfigValue> {
        let definition = definition.clone();
        Some(match value {
            toml::Value::String(text) => ConfigValue::String(text.clone(), definition),
            toml::Value::Integer(number) => ConfigValue::Integer(*number, definition),
            toml::Value::Boolean(truth) => ConfigValue::Boolean(*truth, definition),
            toml::Value::Array(list) => {
                let list = list
                    .iter()
                    .map(|value| ConfigValue::new(value, &definition));
                ConfigValue::List(list.collect::<Option<_>>()?, definition)
            }
            toml::Value::Table(table) => {
                let value = |(key, value): (&String, &toml::Value)| {
                    Some((key.clone(), ConfigValue::new(value, &definition)?))
                };
                ConfigValue::Table(table.iter().map(value).collect::<Option<_>>()?, definition)
            }
            toml::Value::Float(_) | toml::Value::Datetime(_) => return None,
        })
    }

    pub fn desc(&self) -> &'static str {
        match self {
            ConfigValue::Integer(..) => "integer",
            ConfigValue::String(..) => "string",
            ConfigValue::List(..) => "array",
            ConfigValue::Table(..) => "table",
            ConfigValue::Boolean(..) => "boolean",
        }
    }

    pub fn definition(&self) -> &Definition {
        match self {
            ConfigValue::Integer(_, definition)
            | ConfigValue::String(_, definition)
            | ConfigValue::List(_, definition)
            | ConfigValue::Table(_, definition)
            | ConfigValue::Boolean(_, definition) => definition,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Value<T> {
    pub val: T,
    pub definition: Definition,
}

pub type OptValue<T> = Option<Value<T>>;

/// What can be asked for.
pub trait Wanted: Sized {
    fn from_value(value: Option<&ConfigValue>) -> Result<Self>;
}

impl<'de, T: Deserialize<'de>> Wanted for OptValue<T> {
    fn from_value(value: Option<&ConfigValue>) -> Result<OptValue<T>> {
        let Some(value) = value else {
            return Ok(None);
        };
        let val: Result<T, Error> = match value {
            ConfigValue::String(text, _) => T::deserialize(text.clone().into_deserializer()),
            ConfigValue::Boolean(truth, _) => T::deserialize((*truth).into_deserializer()),
            other => bail!("found {}", other.desc()),
        };
        Ok(Some(Value {
            val: val?,
            definition: value.definition().clone(),
        }))
    }
}

pub struct GlobalContext(HashMap<String, ConfigValue>);

impl GlobalContext {
    pub fn new(values: HashMap<String, ConfigValue>) -> GlobalContext {
        GlobalContext(values)
    }

    pub fn values(&self) -> Result<&HashMap<String, ConfigValue>> {
        Ok(&self.0)
    }

    pub fn get_env(&self, name: &str) -> Result<&str> {
        bail!("`{name}` is not set")
    }

    pub fn get<T: Wanted>(&self, key: &str) -> Result<T> {
        let mut keys = key.split('.');
        let mut found = keys.next().and_then(|key| self.0.get(key));
        for key in keys {
            found = match found {
                Some(ConfigValue::Table(table, _)) => table.get(key),
                Some(other) => bail!("`{key}` is in a table, found {}", other.desc()),
                None => None,
            };
        }
        T::from_value(found).map_err(|error| anyhow!("error in a file: `{key}` {error}"))
    }
}
