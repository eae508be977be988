//! The configuration of cargo-audit, `audit.toml`.

use super::super::edit;
use super::foreign::{Item, Setting, settings};
use crate::config::DEFAULT_DATABASE;
use crate::ignore::What;

/// Reads the file called `name`.
///
/// # Errors
///
/// When it is no TOML, or a value is not what it should be. Names the line.
pub(super) fn read(text: &str, name: &str) -> anyhow::Result<Vec<Item>> {
    let document = edit::parse(text)?;
    let mut items = Vec::new();
    for setting in settings(text, name, document.as_table(), &[]) {
        if setting.path == "advisories.ignore" {
            for entry in setting.entries()? {
                let id = entry.value.as_str();
                let id = id.ok_or_else(|| entry.bad_entry("strings"))?;
                let what = What::id(id).map_err(|error| entry.bad(&error))?;
                items.push(entry.ignores(what, None)?);
            }
        } else {
            items.push(setting.like(counterpart(&setting)?));
        }
    }
    Ok(items)
}

fn counterpart(setting: &Setting<'_>) -> anyhow::Result<String> {
    Ok(match setting.path.as_str() {
        "advisories.informational_warnings" => {
            let kinds = ["notice", "unmaintained", "unsound"];
            let named = setting.texts()?;
            let levels = kinds.map(|kind| {
                let level = if named.contains(&kind) {
                    "warn"
                } else {
                    "allow"
                };
                format!("`advisory.{kind} = \"{level}\"`")
            });
            format!("set {}", levels.join(", "))
        }
        "advisories.severity_threshold" => {
            match setting.word(&["none", "low", "medium", "high", "critical"])? {
                "none" => "that is so unless `min-severity` is set".to_owned(),
                severity => format!(
                    "set `advisory.vulnerability = {{ level = \"warn\", min-severity = \"{severity}\" }}`"
                ),
            }
        }
        "advisories.ignore_source" => {
            "an advisory is about the packages of one registry, whatever the settings".to_owned()
        }
        "database.path" => {
            "the index lies in `advisory.cache-dir`, which the user's own configuration may set"
                .to_owned()
        }
        "database.url" => database(setting.text()?),
        "database.fetch" => {
            setting.flag()?;
            "no check fetches; `cargo advisory update` does".to_owned()
        }
        "database.stale" => {
            if setting.flag()? {
                "set `advisory.max-age`, at most `90d`, in the user's own configuration".to_owned()
            } else {
                "an old index fails a denial; `advisory.max-age` says how old".to_owned()
            }
        }
        "output.deny" => {
            deny(&setting.words(&["warnings", "unmaintained", "unsound", "yanked"])?)
        }
        "output.format" => match setting.word(&["terminal", "json", "sarif"])? {
            "terminal" => "that is how findings are shown".to_owned(),
            format => format!("use `--format {format}`"),
        },
        "output.quiet" => "use `--quiet`".to_owned(),
        "output.show_tree" => "use `--tree`".to_owned(),
        "target.arch" | "target.os" => {
            "an advisory counts on the platforms of the build; choose others with `--target`"
                .to_owned()
        }
        "yanked.enabled" => match setting.flag()? {
            true => "that is so unless `advisory.yanked` is `\"allow\"`".to_owned(),
            false => "set `advisory.yanked = \"allow\"`".to_owned(),
        },
        "yanked.update_index" => {
            setting.flag()?;
            "cargo says what is yanked as it resolves".to_owned()
        }
        "binary.max_binary_size" | "binary.audit_data_size_limit" => {
            "built programs are not looked at".to_owned()
        }
        _ => "cargo-audit is not known to have it".to_owned(),
    })
}

/// What is like a database of cargo-audit or cargo-deny.
pub(super) fn database(url: &str) -> String {
    let plain = |url: &str| {
        let url = url.to_ascii_lowercase();
        url.trim_end_matches('/')
            .trim_end_matches(".git")
            .to_owned()
    };
    if plain(url) == plain(DEFAULT_DATABASE) {
        "that is the default".to_owned()
    } else {
        "add it to `advisory.databases`".to_owned()
    }
}

fn deny(kinds: &[&str]) -> String {
    if kinds.contains(&"warnings") {
        return "use `--deny-advisories`".to_owned();
    }
    let levels: Vec<String> = kinds
        .iter()
        .map(|kind| format!("`advisory.{kind} = \"deny\"`"))
        .collect();
    match levels.as_slice() {
        [] => "that denies nothing".to_owned(),
        levels => format!("set {}", levels.join(", ")),
    }
}
