//! The formats in which all answers of a command are one document.

use std::path::{Path, PathBuf};

use cargo::{CargoResult, GlobalContext};

use super::answer::{Answer, Judge};
use super::print;
use crate::fault;
use crate::report::formats::{Checked, Content, Document, Lockfile};

/// An answer that waits for the others.
pub(super) struct Kept<'a> {
    pub(super) answer: Answer<'a>,
    /// The lockfile that was asked about, where one was named.
    pub(super) asked: Option<PathBuf>,
}

/// Prints all that was found as one document. `failures` is what could not be looked at. Where that is everything there
/// is no document: an error leaves stdout empty.
///
/// # Errors
///
/// When the index is damaged, or stdout takes nothing.
pub(super) fn print_all(
    gctx: &GlobalContext,
    judge: &Judge<'_>,
    format: Document,
    kept: &[Kept<'_>],
    failures: Vec<String>,
) -> CargoResult<()> {
    let Some(first) = kept.first() else {
        return Ok(());
    };
    let root = root_of(&first.answer.lockfile);
    let checked = kept
        .iter()
        .map(|kept| {
            let asked = kept.asked.as_ref().map(|path| path.display().to_string());
            // It was read a moment ago. Without it the document lacks but the lines.
            let lockfile = &kept.answer.lockfile;
            let text = std::fs::read_to_string(lockfile).unwrap_or_default();
            let judgement = judge.judgement(&kept.answer)?;
            Ok(Checked {
                report: judge.report(&kept.answer, &judgement, asked)?,
                lockfile: Lockfile::new(lockfile, root, &text),
            })
        })
        .collect::<CargoResult<Vec<_>>>()?;
    let content = Content {
        checked,
        failures,
        now: fault::now(),
    };
    print(gctx, format.render(&content).as_bytes())
}

/// The folder that names of files start from: that of the git repository, or else that of the lockfile.
fn root_of(lockfile: &Path) -> &Path {
    let folder = lockfile.parent().unwrap_or(lockfile);
    folder
        .ancestors()
        .find(|folder| folder.join(".git").exists())
        .unwrap_or(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_start_at_the_nearest_repository_or_beside_the_lockfile() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("outer/inner/deep");
        std::fs::create_dir_all(&folder).unwrap();
        let lockfile = folder.join("Cargo.lock");
        assert_eq!(root_of(&lockfile), folder);

        std::fs::create_dir(place.path().join("outer/.git")).unwrap();
        assert_eq!(root_of(&lockfile), place.path().join("outer"));

        // Of a linked work tree it is a file.
        std::fs::write(place.path().join("outer/inner/.git"), "gitdir: x").unwrap();
        assert_eq!(root_of(&lockfile), place.path().join("outer/inner"));
    }
}
