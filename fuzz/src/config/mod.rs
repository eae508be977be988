//! `src/config` without what only cargo can answer, such as where files and folders are.

#[path = "../../../src/config/ignores.rs"]
mod ignores;
#[path = "../../../src/config/place.rs"]
mod place;
#[path = "../../../src/config/rules.rs"]
mod rules;
#[path = "../../../src/config/table.rs"]
mod table;
#[path = "../../../src/config/words.rs"]
mod words;

use self::place::Step;
use self::table::Table;
use crate::policy::{Entry, Level, Rules};
use crate::util::context::GlobalContext;
use jiff::SignedDuration;
use std::path::Path;

/// What a table says.
#[derive(Debug)]
pub struct Read {
    pub rules: Rules,
    pub ignores: Vec<Entry>,
    pub max_age: Option<SignedDuration>,
    /// The inner one is None for "never".
    pub refresh: Option<Option<SignedDuration>>,
    pub stale_ignores: Option<Level>,
    pub editor: Option<bool>,
}

/// Reads the table as builds do.
pub fn read(gctx: &GlobalContext) -> anyhow::Result<Read> {
    let table = Table::load(gctx)?;
    let max_age = table.word("max-age", words::ages, words::age_within_limit)?;
    let refresh = table.word("refresh", words::ages, words::refresh)?;
    let stale_ignores = table.word("stale-ignores", words::levels, |word| word.parse().ok())?;
    // A key that is set, and is none.
    if let Some(keys) = table.word("snapshot-key", String::new, |text| Some(words::keys(text)))? {
        assert!(keys.0.is_none_or(|keys| !keys.is_empty()));
    }
    Ok(Read {
        rules: rules::rules(&table)?,
        ignores: ignores::configured(table.value("ignore"))?,
        max_age: max_age.map(|(age, _)| age),
        refresh: refresh.map(|(age, _)| age),
        stale_ignores: stale_ignores.map(|(level, _)| level),
        editor: table
            .get::<bool>("editor", String::new)?
            .map(|value| value.val),
    })
}

/// Reads the ignores of what a manifest has under `workspace.metadata`.
pub fn of_manifest(metadata: &toml::Value) -> anyhow::Result<Vec<Entry>> {
    ignores::of_manifest(Path::new("/nowhere/Cargo.toml"), metadata)
}

/// The line of the value in a text that is reached by these keys, and then as the `nth` of an array.
pub fn line(text: &str, keys: &[&str], nth: Option<usize>) -> Option<usize> {
    let keys = keys.iter().map(|key| Step::Key(key));
    let steps: Vec<Step<'_>> = keys.chain(nth.map(Step::Nth)).collect();
    place::line_in(text, &steps)
}

/// Whether a database is taken for something else than a path.
pub fn is_address(value: &str) -> bool {
    words::is_address(value)
}
