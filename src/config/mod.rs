//! The `[advisory]` table of cargo's configuration, from files, the environment and `--config`, as cargo merges them.
//!
//! A workspace that one enters is not trusted with everything: its files may set levels and add databases; only the
//! user's own file in `$CARGO_HOME`, the environment and the command line may replace the default database or set where
//! the cache lies, whether there is a check, how old the index may be, when builds have it refreshed, and who signs
//! snapshots.

mod ignores;
mod place;
mod rules;
mod table;
mod words;

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{anyhow, bail};
use cargo::core::Workspace;
use cargo::util::context::{ConfigRelativePath, Definition, Value};
use cargo::{CargoResult, GlobalContext};
use jiff::SignedDuration;

use self::place::described;
use self::table::Table;
use self::words::{NEVER, age_within_limit, ages, is_address, keys, levels, quoted, refresh};
#[cfg(feature = "upstream-tests")]
use crate::advisory::Kind;
use crate::database::Key;
use crate::denial;
#[cfg(feature = "upstream-tests")]
use crate::policy::Rule;
use crate::policy::{Entry, Level, Policy, Rules, Strictness};

/// RustSec's own database.
pub const DEFAULT_DATABASE: &str = "https://github.com/RustSec/advisory-db";

const DEFAULT_MAX_AGE: SignedDuration = SignedDuration::from_hours(14 * 24);
const DEFAULT_REFRESH: SignedDuration = SignedDuration::from_hours(24);

/// The table, resolved.
#[derive(Clone, Debug)]
pub struct Config {
    pub enabled: bool,
    /// Where `enabled` was set, for messages. None if nowhere.
    pub enabled_by: Option<String>,
    /// URLs and absolute folders, in order, at least one.
    pub databases: Vec<String>,
    /// Who may sign snapshots. None means that they need no signature.
    pub snapshot_keys: Vec<Key>,
    pub cache_dir: PathBuf,
    pub max_age: SignedDuration,
    /// From which age on of the index builds have it refreshed. None: never.
    pub refresh: Option<SignedDuration>,
    pub rules: Rules,
    /// Those of cargo's configuration. [`Config::policy`] adds the ones of a workspace's manifest.
    pub ignores: Vec<Entry>,
    pub stale_ignores: Level,
    /// When a build says again what it has said before.
    pub repeat: Repeat,
    /// Whether builds that print messages for tools print some for editors too.
    pub editor: bool,
    /// What `--deny-advisories=new` compares with where it names nothing.
    pub base: Option<String>,
}

/// When a build says again what it has said before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeat {
    /// In every build.
    #[default]
    Always,
    /// Never for the same findings of the same workspace.
    OnChange,
    /// Once in 24 hours for the same findings of the same workspace.
    Daily,
}

impl Repeat {
    const ALL: [(&'static str, Repeat); 3] = [
        ("always", Repeat::Always),
        ("on-change", Repeat::OnChange),
        ("daily", Repeat::Daily),
    ];
}

impl Config {
    /// Reads the table.
    ///
    /// # Errors
    ///
    /// On an unknown key or value, or a key that a workspace may not set. Names the file or variable, and what is
    /// allowed.
    pub fn load(gctx: &GlobalContext) -> CargoResult<Config> {
        let table = Table::load(gctx)?;
        let stale_ignores =
            table.word("stale-ignores", levels, |word| Level::from_str(word).ok())?;
        let repeat = table.word("repeat", repeats, |word| {
            let mut known = Repeat::ALL.into_iter();
            known.find(|(known, _)| *known == word).map(|found| found.1)
        })?;
        let truths = || "`true`, `false`".to_owned();
        let enabled = table.get::<bool>("enabled", truths)?;
        if let Some(value) = &enabled {
            refuse_workspace(gctx, "advisory.enabled", &value.definition)?;
        }
        let max_age = table.word("max-age", ages, age_within_limit)?;
        if let Some((_, definition)) = &max_age {
            refuse_workspace(gctx, "advisory.max-age", definition)?;
        }
        let refresh = table.word("refresh", || format!("{}, and `{NEVER}`", ages()), refresh)?;
        if let Some((_, definition)) = &refresh {
            refuse_workspace(gctx, "advisory.refresh", definition)?;
        }
        let cache_dir = gctx.get::<Option<ConfigRelativePath>>("advisory.cache-dir")?;
        if let Some(path) = &cache_dir {
            refuse_workspace(gctx, "advisory.cache-dir", &path.value().definition)?;
        }
        let config = Config {
            enabled: enabled.as_ref().is_none_or(|value| value.val),
            enabled_by: enabled.map(|value| described(&value.definition)),
            databases: databases(gctx)?,
            snapshot_keys: snapshot_keys(&table)?,
            cache_dir: cache_dir.map_or_else(
                || gctx.home().join("advisory").into_path_unlocked(),
                |path| path.resolve_path(gctx),
            ),
            max_age: max_age.map_or(DEFAULT_MAX_AGE, |(age, _)| age),
            refresh: refresh.map_or(Some(DEFAULT_REFRESH), |(refresh, _)| refresh),
            rules: rules::rules(&table)?,
            ignores: ignores::configured(table.value("ignore"))?,
            stale_ignores: stale_ignores.map_or(Level::Warn, |(level, _)| level),
            repeat: repeat.map(|(repeat, _)| repeat).unwrap_or_default(),
            editor: table
                .get::<bool>("editor", truths)?
                .is_some_and(|value| value.val),
            base: table
                .get::<String>("base", || "a branch, a tag or a commit".to_owned())?
                .map(|value| value.val),
        };
        #[cfg(feature = "upstream-tests")]
        let config = config.for_upstream_tests(gctx);
        Ok(config)
    }

    /// All that was said about findings. In a workspace its manifest may say something too.
    ///
    /// # Errors
    ///
    /// When `[workspace.metadata.advisory]` is not understood. Names the file and what is allowed.
    pub fn policy(
        &self,
        ws: Option<&Workspace<'_>>,
        strictness: Strictness,
    ) -> CargoResult<Policy> {
        denial::refuse_contradiction(&strictness, &self.rules)?;
        let mut ignores = self.ignores.clone();
        if let Some(ws) = ws {
            for entry in &mut ignores {
                let file = entry.file.as_ref();
                entry.own = file.is_some_and(|file| file.starts_with(ws.root()));
            }
            ignores.extend(manifest_ignores(ws)?);
        }
        Ok(Policy {
            rules: self.rules.clone(),
            strictness,
            ignores,
            stale_ignores: self.stale_ignores,
        })
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
        self.refresh = None;
        if gctx.get_env("__CARGO_ADVISORY_ALLOW").is_ok() {
            for kind in Kind::ALL {
                *self.rules.of_mut(kind) = Rule::always(Level::Allow);
            }
        }
        self
    }
}

/// The ignores of `[workspace.metadata.advisory]`.
///
/// # Errors
///
/// When the table is not understood. Names the file and what is allowed.
fn manifest_ignores(ws: &Workspace<'_>) -> CargoResult<Vec<Entry>> {
    match ws.custom_metadata() {
        Some(metadata) => ignores::of_manifest(ws.root_manifest(), metadata),
        None => Ok(Vec::new()),
    }
}

fn repeats() -> String {
    quoted(Repeat::ALL.map(|(word, _)| word))
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

/// Keys with blanks between them. What was set is not shown, for it may be the secret half of one by mistake.
fn snapshot_keys(table: &Table<'_>) -> CargoResult<Vec<Key>> {
    const KEY: &str = "snapshot-key";
    const ALLOWED: &str = "public keys of minisign such as `RW...`, with blanks between them";
    let keys = table.word(KEY, || ALLOWED.to_owned(), |text| Some(keys(text)))?;
    let Some((keys, definition)) = keys else {
        return Ok(Vec::new());
    };
    refuse_workspace(table.gctx, "advisory.snapshot-key", &definition)?;
    match keys {
        Some(keys) => Ok(keys),
        None => bail!(
            "bad value for `advisory.{KEY}` in {}; allowed are {ALLOWED}",
            table.place(KEY, &definition)
        ),
    }
}

/// URLs stay as they are; a folder is relative to the one that holds `.cargo`, as paths are in cargo.
fn location(gctx: &GlobalContext, value: &Value<String>) -> CargoResult<String> {
    if value.val.is_empty() {
        bail!(
            "`advisory.databases` in {} holds an empty entry",
            described(&value.definition)
        );
    }
    if is_address(&value.val) {
        return Ok(value.val.clone());
    }
    let path = value.definition.root(gctx.cwd()).join(&value.val);
    path.into_os_string()
        .into_string()
        .map_err(|path| anyhow!("path `{}` is not UTF-8", path.display()))
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
