//! `cargo advisory ignore --import`: takes over what cargo-audit and cargo-deny are told to ignore, and says of their
//! other settings what is like them here.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, bail};
use cargo::CargoResult;

use self::foreign::{Item, Says};
use super::file::Files;
use super::{Editor, Put, about, limits};
use crate::ignore::{Ignore, What};
use crate::report::{Configured, Untrusted, counted};

mod audit;
mod deny;
mod foreign;

/// Where cargo-audit looks within a workspace.
const AUDIT: [&str; 1] = [".cargo/audit.toml"];
/// Where cargo-deny looks within a workspace. It takes the first.
const DENY: [&str; 3] = ["deny.toml", ".deny.toml", ".cargo/deny.toml"];

pub(super) fn run(editor: &Editor<'_>) -> CargoResult<()> {
    let root = editor.ws.root();
    let mut read = Vec::new();
    if let Some((name, text)) = first(root, &AUDIT)? {
        let items = audit::read(&text, name);
        read.push((name, items.map_err(|error| about(name, &error))?));
    }
    if let Some((name, text)) = first(root, &DENY)? {
        let items = deny::read(&text, name);
        read.push((name, items.map_err(|error| about(name, &error))?));
    }
    if read.is_empty() {
        let looked: Vec<String> = AUDIT
            .iter()
            .chain(&DENY)
            .map(|name| format!("`{name}`"))
            .collect();
        bail!(
            "there is nothing to import in `{}`; looked for {}",
            root.display(),
            looked.join(", ")
        );
    }
    let mut files = Files::open(editor.ws)?;
    let mut taken = 0;
    for (name, items) in read {
        for item in items {
            taken += usize::from(tell(editor, &mut files, name, &item)?);
        }
    }
    if taken == 0 {
        let text = "with nothing new to ignore";
        editor.gctx.shell().status("Finished", text)?;
        return Ok(());
    }
    editor.save(&files)?;
    if !editor.dry_run {
        let taken = counted(taken, "entry", "entries");
        editor.gctx.shell().status("Imported", taken)?;
    }
    Ok(())
}

/// The first of these files that there is, with its text.
fn first<'n>(root: &Path, names: &[&'n str]) -> CargoResult<Option<(&'n str, String)>> {
    for name in names {
        let path = root.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => return Ok(Some((name, text))),
            Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => {}
            Err(error) => {
                return Err(error).with_context(|| format!("failed to read `{}`", path.display()));
            }
        }
    }
    Ok(None)
}

/// Takes an item over where it can be, and says so, or why not. Returns whether there is a new entry.
fn tell(editor: &Editor<'_>, files: &mut Files, name: &str, item: &Item) -> CargoResult<bool> {
    let place = format!("{}:{}", Configured(name), item.line);
    let skip = |why: &str| {
        let text = format!("{place}: {}; {why}", Untrusted(&item.shown));
        editor.gctx.shell().status("Skipping", text)
    };
    match &item.says {
        Says::Like(counterpart) => skip(counterpart)?,
        Says::Ignore(entry) => {
            let Some(entry) = known(editor, entry)? else {
                skip("the index has no such advisory")?;
                return Ok(false);
            };
            if let Some(standing) = standing(editor, files, &entry)? {
                skip(&format!(
                    "it is ignored in {} already",
                    Configured(&standing)
                ))?;
                return Ok(false);
            }
            let (Put::Added, target) = editor.put(files, &entry)? else {
                bail!("an entry that was not there was found there");
            };
            let text = format!(
                "{} in {}{}, from {place}",
                editor.described(&entry)?,
                Configured(&target),
                limits(&entry)
            );
            editor.gctx.shell().status("Ignoring", text)?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// The entry with the id as the index writes it, none where it has no such advisory.
fn known(editor: &Editor<'_>, entry: &Ignore) -> CargoResult<Option<Ignore>> {
    if let What::Id(_) = &entry.what
        && editor.advisories(&entry.what)?.is_empty()
    {
        return Ok(None);
    }
    Ok(Some(Ignore {
        what: editor.known(&entry.what)?,
        ..entry.clone()
    }))
}

/// The file that has an entry about the same already.
fn standing(editor: &Editor<'_>, files: &mut Files, entry: &Ignore) -> CargoResult<Option<String>> {
    for file in files.all_mut() {
        for found in file.entries()? {
            if editor.is_same(&found.ignore, entry)? {
                return Ok(Some(file.shown.clone()));
            }
        }
    }
    Ok(None)
}
