//! A configuration that gives policy as much to do as a team would: fifty ignores, and every condition on every kind.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::setting::Setting;

/// How many entries are ignored.
const IGNORES: usize = 50;

/// Writes it to a file. `found` are the ids of what is found, each of which is named by an entry that does not cover it: so
/// it has to be found out that none does.
pub fn write(setting: &Setting, found: &[String]) -> Result<PathBuf> {
    let mut others = Vec::new();
    ids(&setting.database.join("crates"), &mut others)?;
    others.retain(|id| !found.contains(id));
    others.sort();
    let count = IGNORES.saturating_sub(found.len());
    ensure!(others.len() >= count, "the database is too small");
    let file = setting.folder.join("policy.toml");
    let step = (others.len() / count.max(1)).max(1);
    let others: Vec<&String> = others.iter().step_by(step).take(count).collect();
    fs::write(&file, text(found, &others))
        .with_context(|| format!("could not write `{}`", file.display()))?;
    Ok(file)
}

fn text(found: &[String], others: &[&String]) -> String {
    const WITHOUT_GRACE: [&str; 2] = ["malicious", "yanked"];
    const WITH_GRACE: [&str; 4] = ["vulnerability", "unsound", "unmaintained", "notice"];
    let mut text = "[advisory]\n".to_string();
    let conditions =
        "level = \"warn\", scope = \"runtime\", min-severity = \"low\", fixable = true";
    for kind in WITHOUT_GRACE {
        add(&mut text, &format!("{kind} = {{ {conditions} }}"));
    }
    for kind in WITH_GRACE {
        add(
            &mut text,
            &format!("{kind} = {{ {conditions}, grace = \"1d\" }}"),
        );
    }
    add(&mut text, "ignore = [");
    let uncovering = [
        "via = \"elsewhere\"",
        "while = \"unbuilt\"",
        "until = \"2020-01-31\"",
    ];
    let covering = [
        "via = \"elsewhere\"",
        "while = \"unfixable\"",
        "until = \"2120-01-31\"",
    ];
    let found = found.iter().zip(uncovering.iter().cycle());
    let others = others.iter().copied().zip(covering.iter().cycle());
    for (id, limit) in found.chain(others) {
        let reason = "somebody looked at it, and the function is not called";
        add(
            &mut text,
            &format!("    {{ id = \"{id}\", reason = \"{reason}\", {limit} }},"),
        );
    }
    add(&mut text, "]");
    text
}

fn add(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a string takes all that is written");
}

/// Adds the ids of the advisories in the folder.
fn ids(folder: &Path, ids_found: &mut Vec<String>) -> Result<()> {
    let failed = || format!("could not read `{}`", folder.display());
    for entry in fs::read_dir(folder).with_context(failed)? {
        let path = entry.with_context(failed)?.path();
        if path.is_dir() {
            ids(&path, ids_found)?;
        } else if let Some(id) = path.file_stem().and_then(|id| id.to_str()) {
            ids_found.push(id.to_string());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_advisory_has_an_entry() {
        let text = text(&["A-1".to_string()], &[&"B-1".to_string()]);
        assert_eq!(text.matches("reason = ").count(), 2);
        assert_eq!(text.matches("fixable = true").count(), 6);
        assert_eq!(text.matches("grace = ").count(), 4);
        assert!(text.contains("{ id = \"A-1\", "));
    }
}
