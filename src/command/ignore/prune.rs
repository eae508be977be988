//! `cargo advisory ignore --prune`: removes the entries that are not needed any more.
//!
//! Policy says which those are. What nobody can tell from here keeps an entry: what a newer index knows, or a registry that
//! could not be asked.

use cargo::CargoResult;

use super::Editor;
use super::file::Files;
use crate::command::answer::{Answer, Judge};
use crate::fault;
use crate::freshness::Freshness;
use crate::ignore::{What, While};
use crate::policy::{Entry, Lapse, Level, Policy, Stale, Strictness};
use crate::problem;
use crate::report::{Configured, Untrusted, counted, decision};

pub(super) fn run(editor: &Editor<'_>) -> CargoResult<()> {
    let mut files = Files::open(editor.ws)?;
    let found = Found::read(editor, &mut files)?;
    let judge = Judge {
        config: editor.config,
        policy: &found.policy,
        index: editor.index,
    };
    let mut answer = judge.everything(editor.ws)?;
    let needs_remedies = |entry: &Entry| entry.ignore.condition == Some(While::Unfixable);
    if found.policy.ignores.iter().any(needs_remedies) {
        answer = judge.with_remedies(editor.ws, answer)?;
    }
    let judgement = judge.judgement(&answer)?;

    let mut removed = Vec::new();
    for stale in &judgement.stale {
        let Some(place) = found.place(stale) else {
            let text = decision::stale_line(stale);
            editor.gctx.shell().note(text)?;
            continue;
        };
        let what = stale.entry.ignore.what.to_string();
        let what = Untrusted(&what);
        let place_told = format!("{}:{}", Configured(&stale.entry.by), place.line);
        match doubt(editor, &answer, stale)? {
            None => {
                let text = format!("{what} from {place_told}: it {}", decision::stale(stale));
                editor.gctx.shell().status("Removing", text)?;
                removed.push(place);
            }
            Some(doubt) => {
                let text = format!("{what} in {place_told}: {doubt}");
                editor.gctx.shell().status("Keeping", text)?;
            }
        }
    }
    // From the end, so that those before stay where they are.
    for place in removed.iter().rev() {
        files.all_mut()[place.file].remove(place.position)?;
    }
    if removed.is_empty() {
        let text = match found.places.len() {
            0 => "with nothing to remove: nothing is ignored".to_owned(),
            all => format!(
                "with nothing to remove of {}",
                counted(all, "entry", "entries")
            ),
        };
        editor.gctx.shell().status("Finished", text)?;
        return Ok(());
    }
    editor.save(&files)
}

/// What is ignored, those of the workspace's own files first.
struct Found {
    policy: Policy,
    /// Where the first of the policy's entries are.
    places: Vec<Place>,
}

/// Where an entry is.
struct Place {
    /// In [`Files::all_mut`].
    file: usize,
    /// Among the entries of the file.
    position: usize,
    /// Counted from 1.
    line: usize,
}

impl Found {
    fn read(editor: &Editor<'_>, files: &mut Files) -> CargoResult<Found> {
        let mut policy = editor
            .config
            .policy(Some(editor.ws), Strictness::default())?;
        // They are asked for, whatever checks are to make of them.
        policy.stale_ignores = Level::Warn;
        let elsewhere = std::mem::take(&mut policy.ignores);
        let mut places = Vec::new();
        let mut own = Vec::new();
        for (file, opened) in files.all_mut().into_iter().enumerate() {
            if opened.is_users(editor.gctx) {
                continue;
            }
            own.push(opened.path.clone());
            for (position, entry) in opened.entries()?.into_iter().enumerate() {
                places.push(Place {
                    file,
                    position,
                    line: entry.line,
                });
                policy.ignores.push(Entry {
                    ignore: entry.ignore,
                    by: opened.shown.clone(),
                    file: Some(opened.path.clone()),
                    own: true,
                });
            }
        }
        let elsewhere = elsewhere
            .into_iter()
            .filter(|entry| !entry.file.as_ref().is_some_and(|file| own.contains(file)));
        policy.ignores.extend(elsewhere);
        Ok(Found { policy, places })
    }

    /// None for an entry of a file that is not changed, as other workspaces may need it.
    fn place(&self, stale: &Stale<'_>) -> Option<&Place> {
        let mut entries = self.policy.ignores.iter();
        let position = entries.position(|entry| std::ptr::eq(entry, stale.entry))?;
        self.places.get(position)
    }
}

/// Why `stale` is kept all the same, where what was found here does not tell enough.
fn doubt(
    editor: &Editor<'_>,
    answer: &Answer<'_>,
    stale: &Stale<'_>,
) -> CargoResult<Option<&'static str>> {
    let what = &stale.entry.ignore.what;
    Ok(match stale.lapse {
        Some(Lapse::Fixable) if answer.remedies.is_none() => {
            Some("it is not known whether there is a remedy")
        }
        Some(_) => None,
        None => {
            let freshness = problem::freshness(editor.index, editor.config, fault::now());
            let is_fresh = matches!(freshness, Freshness::Fresh { .. });
            let is_id = matches!(what, What::Id(_));
            (is_id && !is_fresh && editor.advisories(what)?.is_empty())
                .then_some("the index may be too old to know its advisory")
        }
    })
}
