//! Any TOML as a file of cargo's configuration, and as what a manifest has under `workspace.metadata`: an error that can be
//! shown and says where to look, or what can be written down and read again.

use crate::advisory::Kind;
use crate::config::{self, line};
use crate::database::Location;
use crate::ignore::{Ignore, What};
use crate::memory::time_of;
use crate::policy::{Condition, Entry, Level, Rules};
use crate::util::context::{ConfigValue, Definition, GlobalContext};
use jiff::SignedDuration;
use semver::Version;
use std::collections::HashMap;
use std::time::Duration;
use toml::{Table, Value};

/// For 4 KiB at the most, in a build with all checks of a fuzzer.
const LIMIT: Duration = Duration::from_millis(200);
/// Characters of an error: two foreign words of 120 columns, the place, and all keys that there are.
const LONGEST: usize = 1000;

pub(super) fn run(data: &[u8]) {
    let Some(text) = std::str::from_utf8(data).ok() else {
        return;
    };
    let Ok(file) = text.parse::<Table>() else {
        return;
    };
    let definition = Definition::Path("/nowhere/config.toml".into());
    let values: Option<HashMap<String, ConfigValue>> = file
        .iter()
        .map(|(key, value)| Some((key.clone(), ConfigValue::new(value, &definition)?)))
        .collect();

    let gctx = values.map(GlobalContext::new);
    let (configured, time) = time_of(|| gctx.as_ref().map(config::read));
    assert!(time <= LIMIT, "it took {time:?}");
    let (listed, time) = time_of(|| config::of_manifest(&Value::Table(file.clone())));
    assert!(time <= LIMIT, "it took {time:?}");

    let table = file.get("advisory").and_then(Value::as_table);
    match &configured {
        None => {}
        Some(Err(error)) => assert_shown(error),
        Some(Ok(read)) => {
            assert_rules(&read.rules);
            for entry in &read.ignores {
                assert_entry(&entry.ignore);
            }
            let word = |key| table.and_then(|table| table.get(key)?.as_str());
            assert_eq!(
                read.max_age,
                word("max-age").map(|word| hours(word).expect(word))
            );
            let refresh = word("refresh").map(|word| match word {
                "never" => None,
                word => Some(hours(word).expect(word)),
            });
            assert_eq!(read.refresh, refresh);
            let level = read.stale_ignores.map(Level::as_str);
            assert_eq!(level, word("stale-ignores"));
            let editor = table.and_then(|table| table.get("editor")?.as_bool());
            assert_eq!(read.editor, editor);
        }
    }
    match &listed {
        Err(error) => assert_shown(error),
        Ok(entries) => {
            let list = table.and_then(|table| table.get("ignore")?.as_array());
            assert_eq!(entries.len(), list.map_or(0, Vec::len));
        }
    }
    // All that a manifest can say a file of the configuration can.
    if let (Some(configured), Ok(listed)) = (&configured, &listed) {
        let of = |entries: &[Entry]| -> Vec<Ignore> {
            let ignores = entries.iter().map(|entry| entry.ignore.clone());
            ignores.collect()
        };
        let configured = configured.as_ref().expect("the manifest was read");
        assert_eq!(of(&configured.ignores), of(listed));
    }
    if let Some(table) = table {
        assert_lines(text, table);
        let databases = table.get("databases").and_then(Value::as_array);
        for database in databases.into_iter().flatten().filter_map(Value::as_str) {
            assert_location(database);
        }
    }
}

/// It fits into a line, does nothing to a terminal or a build server, and quotes what it is about.
fn assert_shown(error: &anyhow::Error) {
    let shown = format!("{error:#}");
    assert!(!shown.contains(char::is_control), "{shown:?}");
    assert!(!shown.contains("##"), "{shown}");
    assert!(shown.contains('`'), "{shown}");
    // What is no word where there should be one is told by cargo.
    let by_cargo = shown.starts_with("error in ");
    assert!(by_cargo || shown.chars().count() <= LONGEST, "{shown}");
}

/// Written as the documentation has it, they are the same.
fn assert_rules(rules: &Rules) {
    let mut text = String::new();
    for kind in Kind::ALL {
        let rule = rules.of(kind);
        let level = rule.level.value;
        text.push_str(&format!("[advisory.{kind}]\nlevel = \"{level}\"\n"));
        for condition in &rule.conditions {
            text.push_str(&format!("{}\n", condition.value));
            assert!(level != Level::Allow, "{kind}: {text}");
            if let Condition::Grace(days) = condition.value {
                assert!((1..=90).contains(&days));
            }
        }
    }
    let definition = Definition::Cli(None);
    let file: Table = text.parse().expect("it is TOML");
    let values = file
        .iter()
        .map(|(key, value)| {
            let value = ConfigValue::new(value, &definition).expect("it can be configured");
            (key.clone(), value)
        })
        .collect();
    let again = config::read(&GlobalContext::new(values)).expect("it is sound");
    for kind in Kind::ALL {
        let values = |rules: &Rules| {
            let conditions = rules.of(kind).conditions.iter();
            let conditions: Vec<Condition> = conditions.map(|set| set.value).collect();
            (rules.of(kind).level.value, conditions)
        };
        assert_eq!(values(rules), values(&again.rules), "{text}");
    }
}

fn assert_entry(entry: &Ignore) {
    let table = entry.to_table().to_string();
    let again: Result<Ignore, _> = toml::from_str(&table);
    assert_eq!(again.as_ref(), Ok(entry), "{table}");
    assert!(!entry.reason.trim().is_empty());
    if let Some(day) = entry.until {
        assert_eq!(day.to_string().len(), "2027-01-31".len(), "{day}");
    }
    let is_name = |name: &str| !name.is_empty() && !name.contains(['/', '\\', '.', '\0', ' ']);
    match &entry.what {
        What::Id(id) => {
            assert!(id.is_ascii() && !id.contains(char::is_control), "{id}");
            assert!(entry.what.names_advisory(id, []));
        }
        What::Package { name, version } => {
            assert!(is_name(name), "{name}");
            let whole = version.as_ref().map(|version| version.to_string().parse());
            if let Some(Ok(whole)) = whole {
                assert!(entry.what.names_package(name, &whole), "{name} {whole}");
            }
            let zero = Version::new(0, 0, 0);
            assert!(version.is_some() || entry.what.names_package(name, &zero));
        }
    }
    assert!(entry.via.as_deref().is_none_or(is_name));
}

/// `36h`, `14d`.
fn hours(word: &str) -> Option<SignedDuration> {
    let unit = word.chars().last()?;
    let digits = word.strip_suffix(unit)?;
    let is_number = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    let number = digits.trim_start_matches('0').parse::<u128>().ok()?;
    let hours = match unit {
        'h' => number,
        'd' => number.checked_mul(24)?,
        _ => return None,
    };
    let hours = i64::try_from(hours).ok()?;
    let is_allowed = is_number && (1..=90 * 24).contains(&hours);
    is_allowed.then(|| SignedDuration::from_hours(hours))
}

/// Every key of the table has a line, and it is one of the file.
fn assert_lines(text: &str, table: &Table) {
    let last = text.matches('\n').count() + 1;
    let assert_line = |keys: &[&str], nth| {
        let line = line(text, keys, nth);
        let line = line.unwrap_or_else(|| panic!("{keys:?} {nth:?} has no line"));
        assert!((1..=last).contains(&line), "{keys:?} {nth:?}: {line}");
    };
    for (key, value) in table {
        assert_line(&["advisory", key], None);
        match value {
            Value::Table(inner) => {
                for key_in in inner.keys() {
                    assert_line(&["advisory", key, key_in], None);
                }
            }
            Value::Array(list) => {
                for nth in 0..list.len() {
                    assert_line(&["advisory", key], Some(nth));
                }
            }
            _ => {}
        }
    }
}

/// It is one of the three, and nothing that may be secret is repeated.
fn assert_location(configured: &str) {
    match Location::parse(configured) {
        Ok(location) => {
            assert_eq!(location.url(), configured);
            let address = configured.strip_prefix("sparse+").unwrap_or(configured);
            if location.is_remote() {
                let scheme = address.get(.."https:".len()).unwrap_or_default();
                assert!(scheme.eq_ignore_ascii_case("https:"), "{configured}");
                assert!(!address.contains(['@', '?', '#']), "{configured}");
                assert!(!address.contains(char::is_control), "{configured}");
            }
        }
        Err(error) => {
            let shown = format!("{error:#}");
            assert!(shown.contains("allowed are"), "{shown}");
            assert!(!shown.contains(char::is_control), "{shown:?}");
            assert!(!shown.contains('@'), "{shown}");
        }
    }
    if configured.contains('@') && !configured.contains('/') && configured.contains(':') {
        assert!(config::is_address(configured) || configured.contains('\\'));
    }
}
