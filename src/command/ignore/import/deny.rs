//! The configuration of cargo-deny, `deny.toml`, as far as it is about advisories.

use anyhow::anyhow;
use semver::{Op, VersionReq};
use toml_edit::Value;

use super::super::edit;
use super::audit;
use super::foreign::{Entry, Item, Setting, settings};
use crate::ignore::What;

/// Tables that are about something else.
const OTHER: [&str; 3] = ["bans", "licenses", "sources"];

/// Reads the file called `name`.
///
/// # Errors
///
/// When it is no TOML, or a value is not what it should be. Names the line.
pub(super) fn read(text: &str, name: &str) -> anyhow::Result<Vec<Item>> {
    let document = edit::parse(text)?;
    let mut items = Vec::new();
    for setting in settings(text, name, document.as_table(), &OTHER) {
        if setting.path == "advisories.ignore" {
            for entry in setting.entries()? {
                items.push(ignored(&entry)?);
            }
        } else {
            items.push(setting.like(counterpart(&setting)?));
        }
    }
    Ok(items)
}

fn ignored(entry: &Entry<'_>) -> anyhow::Result<Item> {
    if let Value::String(text) = entry.value {
        let text = text.value();
        // Ids begin with upper case, names of crates do not.
        let is_id = text
            .split_once('-')
            .is_some_and(|(start, _)| start.bytes().all(|byte| byte.is_ascii_uppercase()));
        return match is_id {
            true => advisory(entry, text, None),
            false => package(entry, text, None),
        };
    }
    let found = entry.strings(["id", "crate", "name", "version", "reason"])?;
    let [id, spec, name, version, reason] = found;
    match (id, spec, name) {
        (Some(id), _, _) => advisory(entry, id, reason),
        (None, Some(spec), _) => package(entry, spec, reason),
        (None, None, Some(name)) => match version {
            None => package(entry, name, reason),
            Some(version) => package(entry, &format!("{name}:{version}"), reason),
        },
        (None, None, None) => Err(entry.bad(&anyhow!(
            "neither `id` nor `crate` is set; an entry is about one of them"
        ))),
    }
}

fn advisory(entry: &Entry<'_>, id: &str, reason: Option<&str>) -> anyhow::Result<Item> {
    let what = What::id(id).map_err(|error| entry.bad(&error))?;
    entry.ignores(what, reason)
}

/// A package, as `NAME`, `NAME@VERSION`, or `NAME:REQUIREMENT`.
fn package(entry: &Entry<'_>, spec: &str, reason: Option<&str>) -> anyhow::Result<Item> {
    let spec = match spec.split_once(':') {
        Some((name, requirement)) if !spec.contains('@') => match versions(requirement) {
            Some(versions) => format!("{name}{versions}"),
            None => {
                return Ok(entry.like(
                    "entries name versions, not requirements; use `--package NAME@VERSION` for each",
                ));
            }
        },
        _ => spec.to_owned(),
    };
    let what = What::package(&spec).map_err(|error| entry.bad(&error))?;
    entry.ignores(what, reason)
}

/// A requirement that says no more than a version, or its beginning, as we write it.
fn versions(requirement: &str) -> Option<String> {
    let requirement = VersionReq::parse(requirement).ok()?;
    match requirement.comparators.as_slice() {
        [] => Some(String::new()),
        [one] if one.op == Op::Exact => Some(one.to_string().replacen('=', "@", 1)),
        _ => None,
    }
}

fn counterpart(setting: &Setting<'_>) -> anyhow::Result<String> {
    const LEVELS: [&str; 3] = ["deny", "warn", "allow"];
    let path = setting.path.as_str();
    // Older files have the keys of `[graph]` and `[output]` beside the tables.
    let (table, key) = path.split_once('.').unwrap_or(("", path));
    Ok(match (table, key) {
        ("advisories", "version") => "there is one form of entries".to_owned(),
        ("advisories", "db-path") => {
            "the index lies in `advisory.cache-dir`, which the user's own configuration may set"
                .to_owned()
        }
        ("advisories", "db-url") => audit::database(setting.text()?),
        ("advisories", "db-urls") => match setting.texts()?.as_slice() {
            [url] => audit::database(url),
            _ => "add them to `advisory.databases`".to_owned(),
        },
        ("advisories", kind @ ("yanked" | "vulnerability" | "notice")) => {
            format!("set `advisory.{kind} = \"{}\"`", setting.word(&LEVELS)?)
        }
        ("advisories", kind @ ("unmaintained" | "unsound")) => scope(
            kind,
            setting.word(&[
                "all",
                "workspace",
                "transitive",
                "none",
                "deny",
                "warn",
                "allow",
            ])?,
        ),
        ("advisories", "severity-threshold") => format!(
            "set `advisory.vulnerability = {{ level = \"deny\", min-severity = \"{}\" }}`",
            setting
                .word(&[
                    "none", "low", "medium", "high", "critical", "None", "Low", "Medium", "High",
                    "Critical",
                ])?
                .to_ascii_lowercase()
        ),
        ("advisories", "unused-ignored-advisory") => {
            format!(
                "set `advisory.stale-ignores = \"{}\"`",
                setting.word(&LEVELS)?
            )
        }
        ("advisories", "maximum-db-staleness") => {
            setting.text()?;
            "set `advisory.max-age`, at most `90d`, in the user's own configuration".to_owned()
        }
        ("advisories", "disable-yank-checking") => match setting.flag()? {
            true => "set `advisory.yanked = \"allow\"`".to_owned(),
            false => "that is so unless `advisory.yanked` is `\"allow\"`".to_owned(),
        },
        ("advisories", "git-fetch-with-cli") => {
            "no other program is needed to fetch databases".to_owned()
        }
        ("graph" | "", "targets") => "use `--target`".to_owned(),
        ("graph" | "", "exclude") => {
            "use `--exclude` for members; ignore others with `--package`".to_owned()
        }
        ("graph" | "", "features") => "use `--features`".to_owned(),
        ("graph" | "", "all-features") => "use `--all-features`".to_owned(),
        ("graph" | "", "no-default-features") => "use `--no-default-features`".to_owned(),
        ("graph" | "", "exclude-dev") => {
            "select targets, such as `--lib --bins`, or set `scope = \"runtime\"`".to_owned()
        }
        ("graph" | "", "exclude-unpublished") => "use `--exclude` for those members".to_owned(),
        ("output" | "", "feature-depth") => "features are told as far as they lead".to_owned(),
        ("", table) if OTHER.contains(&table) => {
            "that is not about advisories; keep cargo-deny for it".to_owned()
        }
        _ => "cargo-deny is not known to have it".to_owned(),
    })
}

/// What is like a scope of cargo-deny, or one of the levels that it had before.
fn scope(kind: &str, word: &str) -> String {
    match word {
        "all" => format!("set `advisory.{kind} = \"deny\"`"),
        "workspace" => {
            format!("set `advisory.{kind} = {{ level = \"deny\", scope = \"direct\" }}`")
        }
        "transitive" => format!(
            "no scope leaves out direct dependencies; the nearest is `advisory.{kind} = \"deny\"`"
        ),
        "none" => format!("set `advisory.{kind} = \"allow\"`"),
        level => format!("set `advisory.{kind} = \"{level}\"`"),
    }
}
