//! The `[advisory]` table of cargo's configuration, from files, the environment and `--config`, as cargo merges them.
//!
//! A workspace that one enters is not trusted with everything: its files may set levels and add databases; only the
//! user's own file in `$CARGO_HOME`, the environment and the command line may replace the default database or set where
//! the cache lies, whether there is a check, and how old the index may be.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{anyhow, bail};
use cargo::util::context::{ConfigRelativePath, ConfigValue, Definition, OptValue, Value};
use cargo::{CargoResult, GlobalContext};
use jiff::SignedDuration;
use serde::Deserialize;

use crate::advisory::Kind;
use crate::policy::{Level, Rules};
use crate::report::Untrusted;

/// RustSec's own database.
pub const DEFAULT_DATABASE: &str = "https://github.com/RustSec/advisory-db";

const DAY: SignedDuration = SignedDuration::from_hours(24);
const DEFAULT_MAX_AGE: SignedDuration = SignedDuration::from_hours(14 * 24);
const LONGEST_MAX_AGE: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Keys beside those of the kinds.
const KEYS: [&str; 4] = ["cache-dir", "databases", "enabled", "max-age"];

/// The table, resolved.
#[derive(Clone, Debug)]
pub struct Config {
    pub enabled: bool,
    /// Where `enabled` was set, for messages. None if nowhere.
    pub enabled_by: Option<String>,
    /// URLs and absolute folders, in order, at least one.
    pub databases: Vec<String>,
    pub cache_dir: PathBuf,
    pub max_age: SignedDuration,
    pub rules: Rules,
}

impl Config {
    /// Reads the table.
    ///
    /// # Errors
    ///
    /// On an unknown key or value, or a key that a workspace may not set. Names the file or variable, and what is
    /// allowed.
    pub fn load(gctx: &GlobalContext) -> CargoResult<Config> {
        refuse_unknown_keys(gctx)?;
        let mut rules = Rules::default();
        for kind in Kind::ALL {
            let key = format!("advisory.{kind}");
            if let Some(word) = get::<String>(gctx, &key, &levels())? {
                *rules.of_mut(kind) = level(&key, &word)?.into();
            }
        }
        let enabled = get::<bool>(gctx, "advisory.enabled", "`true`, `false`")?;
        if let Some(value) = &enabled {
            refuse_workspace(gctx, "advisory.enabled", &value.definition)?;
        }
        let cache_dir = gctx.get::<Option<ConfigRelativePath>>("advisory.cache-dir")?;
        if let Some(path) = &cache_dir {
            refuse_workspace(gctx, "advisory.cache-dir", &path.value().definition)?;
        }
        let max_age = get::<String>(gctx, "advisory.max-age", &ages())?;
        if let Some(value) = &max_age {
            refuse_workspace(gctx, "advisory.max-age", &value.definition)?;
        }
        let config = Config {
            enabled: enabled.as_ref().is_none_or(|value| value.val),
            enabled_by: enabled.map(|value| described(&value.definition)),
            databases: databases(gctx)?,
            cache_dir: cache_dir.map_or_else(
                || gctx.home().join("advisory").into_path_unlocked(),
                |path| path.resolve_path(gctx),
            ),
            max_age: max_age.map_or(Ok(DEFAULT_MAX_AGE), |value| age(&value))?,
            rules,
        };
        #[cfg(feature = "upstream-tests")]
        let config = config.for_upstream_tests(gctx);
        Ok(config)
    }

    /// Upstream's suite clears every variable that begins with `CARGO_`. These get through, in a binary made for it alone.
    #[cfg(feature = "upstream-tests")]
    fn for_upstream_tests(mut self, gctx: &GlobalContext) -> Config {
        if let Ok(database) = gctx.get_env("__CARGO_ADVISORY_DATABASES") {
            self.databases = vec![database.to_owned()];
        }
        if let Ok(cache) = gctx.get_env("__CARGO_ADVISORY_CACHE_DIR") {
            self.cache_dir = PathBuf::from(cache);
        }
        if gctx.get_env("__CARGO_ADVISORY_ALLOW").is_ok() {
            for kind in Kind::ALL {
                *self.rules.of_mut(kind) = Level::Allow.into();
            }
        }
        self
    }
}

/// Reads one key. Of a value of another type cargo tells file and key, but not what is `allowed`.
fn get<'de, T: Deserialize<'de>>(
    gctx: &GlobalContext,
    key: &str,
    allowed: &str,
) -> CargoResult<OptValue<T>> {
    gctx.get(key)
        .map_err(|error: anyhow::Error| anyhow!("{}; allowed are {allowed}", error.root_cause()))
}

fn levels() -> String {
    quoted(Level::ALL.iter().map(|level| level.as_str()))
}

fn ages() -> String {
    format!(
        "hours and days such as `36h` and `14d`, at most `{}d`",
        LONGEST_MAX_AGE.as_hours() / DAY.as_hours()
    )
}

fn level(key: &str, word: &Value<String>) -> CargoResult<Level> {
    Level::from_str(&word.val).map_err(|_| {
        anyhow!(
            "unknown level `{}` for `{key}` in {}; allowed are {}",
            Untrusted(&word.val),
            described(&word.definition),
            levels()
        )
    })
}

/// `36h`, `14d`.
fn age(value: &Value<String>) -> CargoResult<SignedDuration> {
    let parsed = || {
        let (count, hours) = match value
            .val
            .split_at_checked(value.val.len().checked_sub(1)?)?
        {
            (count, "h") => (count, 1),
            (count, "d") => (count, 24),
            _ => return None,
        };
        let hours = i64::from(count.parse::<u32>().ok()?).checked_mul(hours)?;
        Some(SignedDuration::from_hours(hours))
    };
    parsed()
        .filter(|age| *age > SignedDuration::ZERO && *age <= LONGEST_MAX_AGE)
        .ok_or_else(|| {
            anyhow!(
                "bad value `{}` for `advisory.max-age` in {}; allowed are {}",
                Untrusted(&value.val),
                described(&value.definition),
                ages()
            )
        })
}

/// What the user configures replaces the default, what a workspace configures is added.
fn databases(gctx: &GlobalContext) -> CargoResult<Vec<String>> {
    let configured = gctx
        .get::<Option<Vec<Value<String>>>>("advisory.databases")?
        .unwrap_or_default();
    let (added, mut databases): (Vec<_>, Vec<_>) = configured
        .into_iter()
        .partition(|value| is_workspaces(gctx, &value.definition));
    let mut resolved = Vec::new();
    if databases.is_empty() {
        resolved.push(DEFAULT_DATABASE.to_owned());
    }
    databases.extend(added);
    for value in databases {
        let database = location(gctx, &value)?;
        if !resolved.contains(&database) {
            resolved.push(database);
        }
    }
    Ok(resolved)
}

/// URLs stay as they are; a folder is relative to the one that holds `.cargo`, as paths are in cargo.
fn location(gctx: &GlobalContext, value: &Value<String>) -> CargoResult<String> {
    if value.val.is_empty() {
        bail!(
            "`advisory.databases` in {} holds an empty entry",
            described(&value.definition)
        );
    }
    if value.val.contains("://") || is_short_ssh(&value.val) {
        return Ok(value.val.clone());
    }
    let path = value.definition.root(gctx.cwd()).join(&value.val);
    path.into_os_string()
        .into_string()
        .map_err(|path| anyhow!("path `{}` is not UTF-8", path.display()))
}

/// `user:password@host:path`, which is refused where it is used.
fn is_short_ssh(value: &str) -> bool {
    value
        .split_once('@')
        .is_some_and(|(user, host)| !user.contains(['/', '\\']) && host.contains(':'))
}

fn refuse_unknown_keys(gctx: &GlobalContext) -> CargoResult<()> {
    let allowed = || {
        let mut keys: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        keys.extend(KEYS);
        keys.sort_unstable();
        keys
    };
    match gctx.values()?.get("advisory") {
        None => {}
        Some(ConfigValue::Table(table, _)) => {
            for (key, value) in table {
                if !allowed().contains(&key.as_str()) {
                    bail!(
                        "unknown key `advisory.{}` in {}; allowed are {}",
                        Untrusted(key),
                        described(value.definition()),
                        quoted(allowed())
                    );
                }
            }
        }
        Some(other) => bail!(
            "`advisory` in {} must be a table, found {}",
            described(other.definition()),
            other.desc()
        ),
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "cargo's context answers for one variable at a time, a misspelt one shows only in the list"
    )]
    let variables = std::env::vars_os();
    for (variable, _) in variables {
        let Some(key) = variable
            .to_str()
            .and_then(|name| name.strip_prefix("CARGO_ADVISORY_"))
        else {
            continue;
        };
        let key = key.to_ascii_lowercase().replace('_', "-");
        if !allowed().contains(&key.as_str()) {
            bail!(
                "unknown environment variable `{}`; allowed are {}",
                Untrusted(&variable.to_string_lossy()),
                quoted(allowed().into_iter().map(|key| {
                    format!(
                        "CARGO_ADVISORY_{}",
                        key.to_ascii_uppercase().replace('-', "_")
                    )
                }))
            );
        }
    }
    Ok(())
}

fn refuse_workspace(gctx: &GlobalContext, key: &str, definition: &Definition) -> CargoResult<()> {
    if is_workspaces(gctx, definition) {
        bail!(
            "`{key}` may not be set in {}; set it in the user's own configuration, `{}`, in the environment or with \
             `--config`",
            described(definition),
            gctx.home()
                .join("config.toml")
                .into_path_unlocked()
                .display()
        );
    }
    Ok(())
}

/// Whether a file outside `$CARGO_HOME` says so, such as the one of a workspace.
fn is_workspaces(gctx: &GlobalContext, definition: &Definition) -> bool {
    match definition {
        Definition::Path(path) => !path
            .parent()
            .is_some_and(|folder| is_same_folder(folder, gctx.home().as_path_unlocked())),
        Definition::BuiltIn | Definition::Environment(_) | Definition::Cli(_) => false,
    }
}

/// A home can be reached by several paths, where one of its folders is a link.
fn is_same_folder(a: &Path, b: &Path) -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "where the links lead is the question"
    )]
    let real = |path| std::fs::canonicalize(path).ok();
    a == b || real(a).is_some_and(|a| real(b) == Some(a))
}

fn described(definition: &Definition) -> String {
    match definition {
        Definition::Path(path) => format!("`{}`", path.display()),
        Definition::Environment(variable) => format!("environment variable `{variable}`"),
        Definition::Cli(Some(path)) => format!("`--config {}`", path.display()),
        Definition::Cli(None) => "`--config`".to_owned(),
        Definition::BuiltIn => "cargo's own defaults".to_owned(),
    }
}

fn quoted(words: impl IntoIterator<Item: std::fmt::Display>) -> String {
    words
        .into_iter()
        .map(|word| format!("`{word}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
