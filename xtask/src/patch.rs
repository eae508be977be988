//! Our patches: reading, applying, and the rules that keep the fork thin.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use diffy::patch_set::{FileOperation, ParseOptions, PatchSet};
use diffy::{Hunk, Line, Patch};

use crate::process;

/// All patches together add fewer lines than this.
const MAX_ADDED: usize = 150;
/// Upstream's lines that one hunk may quote.
const MAX_CONTEXT: usize = 2;
/// What a patch may remove: the file, the line.
const REMOVABLE: [(&str, &str); 1] = [("public-main.patch", "fn main() {")];

/// Patches by the name of their file.
pub type Patches = BTreeMap<String, String>;

/// Reads every `*.patch` in `folder`.
pub fn load(folder: &Path) -> Result<Patches> {
    let entries = fs::read_dir(folder)
        .with_context(|| format!("could not read the folder `{}`", process::short(folder)))?;
    let mut patches = Patches::new();
    for entry in entries {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "patch")
        {
            let name = path.file_name().unwrap_or_default().display().to_string();
            let text = fs::read_to_string(&path)
                .with_context(|| format!("could not read `{}`", process::short(&path)))?;
            patches.insert(name, text);
        }
    }
    Ok(patches)
}

/// Applies `patches` to the source in `tree`, which `upstream` names.
pub fn apply(patches: &Patches, tree: &Path, upstream: &str) -> Result<()> {
    for (name, text) in patches {
        each_file(name, text, |operation, patch| {
            let path = match operation {
                FileOperation::Create(path) => path,
                FileOperation::Modify { original, modified } if original == modified => original,
                _ => bail!("patch `{name}` does more than change and add files"),
            };
            apply_to_file(
                patch,
                &tree.join(&**path),
                matches!(operation, FileOperation::Create(_)),
            )
            .with_context(|| format!("patch `{name}` does not apply to `{path}` of {upstream}"))
        })?;
    }
    Ok(())
}

fn apply_to_file(patch: &Patch<'_, str>, path: &Path, create: bool) -> Result<()> {
    let base = match create {
        true if path.exists() => bail!("the file exists already"),
        true => String::new(),
        false => fs::read_to_string(path).context("could not read the file")?,
    };
    for (index, hunk) in patch.hunks().iter().enumerate() {
        let places = places(&base, hunk);
        ensure!(
            places == 1,
            "hunk {} fits in {}",
            index + 1,
            process::plural(places, "place")
        );
    }
    let patched = diffy::apply(&base, patch)?;
    // Removed first: a file of a vendored source may be read-only.
    if !create {
        fs::remove_file(path).context("could not replace the file")?;
    }
    fs::write(path, patched).context("could not write the file")
}

/// In how many places of `base` the hunk would fit. Short contexts are safe as long as it is one.
fn places(base: &str, hunk: &Hunk<'_, str>) -> usize {
    let wanted: Vec<&str> = hunk
        .lines()
        .iter()
        .filter_map(|line| match line {
            Line::Context(line) | Line::Delete(line) => Some(*line),
            Line::Insert(_) => None,
        })
        .collect();
    let lines: Vec<&str> = base.split_inclusive('\n').collect();
    match wanted.len() {
        0 if lines.is_empty() => 1,
        0 => 0,
        length => lines
            .windows(length)
            .filter(|lines| *lines == wanted)
            .count(),
    }
}

/// Checks that `patches` stay small, quote little, and add without removing. Returns the number of added lines.
pub fn check(patches: &Patches) -> Result<usize> {
    let mut added = 0;
    for (name, text) in patches {
        ensure!(
            text.lines()
                .next()
                .is_some_and(|line| !line.is_empty() && !line.starts_with("---")),
            "patch `{name}` does not begin with a line that says what it is for"
        );
        each_file(name, text, |operation, patch| {
            for hunk in patch.hunks() {
                let mut context = 0;
                for line in hunk.lines() {
                    match line {
                        Line::Insert(_) => added += 1,
                        Line::Context(_) => context += 1,
                        Line::Delete(line) => {
                            let line = line.trim_end();
                            ensure!(
                                REMOVABLE.contains(&(name, line)),
                                "patch `{name}` removes `{line}`; patches only add"
                            );
                        }
                    }
                }
                ensure!(
                    context <= MAX_CONTEXT,
                    "patch `{name}` quotes {context} lines of upstream in one hunk of {operation:?}; \
                     make it with `diff -U1`"
                );
            }
            Ok(())
        })?;
    }
    ensure!(
        added < MAX_ADDED,
        "the patches add {added} lines; fewer than {MAX_ADDED} are allowed"
    );
    Ok(added)
}

/// Hands each file's part of the patch `name` to `act`, with paths relative to upstream's folder.
fn each_file(
    name: &str,
    text: &str,
    mut act: impl FnMut(&FileOperation<'_, str>, &Patch<'_, str>) -> Result<()>,
) -> Result<()> {
    for file in PatchSet::parse(text, ParseOptions::unidiff()) {
        let file = file.with_context(|| format!("in the patch `{name}`"))?;
        let patch = file
            .patch()
            .as_text()
            .with_context(|| format!("the patch `{name}` has a binary part"))?;
        act(&file.operation().strip_prefix(1), patch)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patches(text: &str) -> Patches {
        Patches::from([("some.patch".to_string(), format!("What for.\n\n{text}"))])
    }

    /// What applying `text` to a tree with the file `lib.rs` makes of it.
    fn applied(base: &str, text: &str) -> Result<String> {
        let tree = tempfile::tempdir()?;
        let path = tree.path().join("lib.rs");
        fs::write(&path, base)?;
        apply(&patches(text), tree.path(), "cargo 1.2.3")?;
        Ok(fs::read_to_string(path)?)
    }

    const ADD: &str = "--- a/lib.rs\n+++ b/lib.rs\n@@ -1,2 +1,3 @@\n one\n+two\n three\n";

    #[test]
    fn a_hunk_applies_where_its_lines_are() {
        assert_eq!(applied("one\nthree\n", ADD).unwrap(), "one\ntwo\nthree\n");
        assert_eq!(
            applied("new\n\none\nthree\n", ADD).unwrap(),
            "new\n\none\ntwo\nthree\n"
        );
    }

    #[test]
    fn a_hunk_that_does_not_apply_names_patch_file_and_version() {
        let error = format!("{:#}", applied("one\nfour\n", ADD).unwrap_err());
        assert_eq!(
            error,
            "patch `some.patch` does not apply to `lib.rs` of cargo 1.2.3: hunk 1 fits in 0 places"
        );
    }

    #[test]
    fn a_hunk_that_applies_twice_is_refused() {
        let error = format!(
            "{:#}",
            applied("one\nthree\none\nthree\n", ADD).unwrap_err()
        );
        assert!(error.ends_with("hunk 1 fits in 2 places"), "{error}");
    }

    #[test]
    fn a_patch_with_several_files_adds_and_changes() {
        let tree = tempfile::tempdir().unwrap();
        fs::write(tree.path().join("lib.rs"), "one\nthree\n").unwrap();
        let text = format!("--- /dev/null\n+++ b/new.rs\n@@ -0,0 +1 @@\n+new\n{ADD}");
        apply(&patches(&text), tree.path(), "cargo 1.2.3").unwrap();
        let read = |name: &str| fs::read_to_string(tree.path().join(name)).unwrap();
        assert_eq!(read("new.rs"), "new\n");
        assert_eq!(read("lib.rs"), "one\ntwo\nthree\n");
        let error = apply(&patches(&text), tree.path(), "cargo 1.2.3").unwrap_err();
        assert!(
            format!("{error:#}").ends_with("the file exists already"),
            "{error:#}"
        );
    }

    #[test]
    fn the_rules_of_a_thin_fork() {
        assert_eq!(check(&patches(ADD)).unwrap(), 1);
        let refused = |text: &str| check(&patches(text)).unwrap_err().to_string();
        let removes = "--- a/lib.rs\n+++ b/lib.rs\n@@ -1 +1 @@\n-one\n+two\n";
        assert!(refused(removes).contains("removes `one`"));
        let quotes = "--- a/lib.rs\n+++ b/lib.rs\n@@ -1,3 +1,4 @@\n a\n b\n c\n+d\n";
        assert!(refused(quotes).contains("quotes 3 lines"));
        let long = format!(
            "--- /dev/null\n+++ b/new.rs\n@@ -0,0 +1,150 @@\n{}",
            "+line\n".repeat(150)
        );
        assert!(refused(&long).contains("add 150 lines"));
        let bare = Patches::from([("bare.patch".to_string(), ADD.to_string())]);
        assert!(
            check(&bare)
                .unwrap_err()
                .to_string()
                .contains("what it is for")
        );
    }
}
