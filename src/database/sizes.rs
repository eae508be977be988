//! The files of a repository on this machine that gix reads whole: looked at before it does.
//!
//! Somebody else may have made the repository, and a file can be said to be long without taking room on the disk. Objects
//! and packs are mapped, and have limits of their own.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::report::Configured;

/// Bytes of a file of settings, or one that names a folder, a branch or a commit.
const MAX_SETTINGS: u64 = 1024 * 1024;
/// Bytes of a list of branches, tags or commits: 100,000 of them have 7 million.
const MAX_LIST: u64 = 16 * 1024 * 1024;
/// References that may lead from `HEAD` to a commit. gix follows five.
const MAX_STEPS: usize = 6;
/// Repositories whose objects are used along with those of this one.
const MAX_ALTERNATES: usize = 64;

/// Looks at the files of the repository in this folder.
///
/// # Errors
///
/// If one is longer than any has to be, or no regular file.
pub(super) fn check(path: &Path) -> anyhow::Result<()> {
    let dot = path.join(".git");
    let own = match line(&dot, "gitdir: ") {
        Ok(Some(folder)) => path.join(folder),
        Ok(None) => bail!("its file `.git` names no folder"),
        Err(_) if dot.is_dir() => dot,
        Err(error) if dot.exists() => return Err(error),
        Err(_) => path.to_owned(),
    };
    // A work tree beside others shares most with them.
    let names = own.join("commondir");
    let common = match is_there(&names, MAX_SETTINGS)? {
        true => own.join(line(&names, "")?.unwrap_or_default()),
        false => own.clone(),
    };
    for folder in [&own, &common] {
        for name in ["config", "config.worktree"] {
            is_there(&folder.join(name), MAX_SETTINGS)?;
        }
        for name in ["packed-refs", "shallow"] {
            is_there(&folder.join(name), MAX_LIST)?;
        }
    }
    branch(&own, &common)?;
    alternates(common.join("objects"))
}

/// Looks at the files that lead from `HEAD` to a commit.
fn branch(own: &Path, common: &Path) -> anyhow::Result<()> {
    let mut name = "HEAD".to_owned();
    for _ in 0..MAX_STEPS {
        let mut next = None;
        for folder in [own, common] {
            let path = folder.join(&name);
            if is_there(&path, MAX_SETTINGS)? && next.is_none() {
                next = line(&path, "ref: ")?;
            }
        }
        match next {
            Some(next) => name = next,
            None => break,
        }
    }
    Ok(())
}

/// Looks at the lists of other folders of objects.
fn alternates(objects: PathBuf) -> anyhow::Result<()> {
    let mut seen = BTreeSet::new();
    let mut left = vec![objects];
    while let Some(objects) = left.pop() {
        let list = objects.join("info/alternates");
        if !seen.insert(objects.clone()) || !is_there(&list, MAX_SETTINGS)? {
            continue;
        }
        if seen.len() > MAX_ALTERNATES {
            bail!("it uses the objects of more than {MAX_ALTERNATES} other repositories");
        }
        let text = fs::read(&list).with_context(|| unreadable(&list))?;
        let text = String::from_utf8_lossy(&text);
        left.extend(text.lines().map(|line| objects.join(line)));
    }
    Ok(())
}

/// Whether there is a file of at most so many bytes.
fn is_there(path: &Path, most: u64) -> anyhow::Result<bool> {
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        // A name that no file can have leads nowhere.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound
                    | ErrorKind::NotADirectory
                    | ErrorKind::InvalidInput
                    | ErrorKind::InvalidFilename
            ) =>
        {
            return Ok(false);
        }
        Err(error) => return Err(error).with_context(|| unreadable(path)),
    };
    // A branch may be called as others begin.
    if meta.is_dir() {
        return Ok(false);
    }
    if !meta.is_file() {
        bail!("its {} is no file", shown(path));
    }
    if meta.len() > most {
        let most = most / 1024 / 1024;
        bail!("its {} is longer than {most} MiB", shown(path));
    }
    Ok(true)
}

/// What comes after `begin` in the first line of a file, if that begins so.
fn line(path: &Path, begin: &str) -> anyhow::Result<Option<String>> {
    if !is_there(path, MAX_SETTINGS)? {
        bail!(unreadable(path));
    }
    let mut text = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_SETTINGS).read_to_end(&mut text))
        .with_context(|| unreadable(path))?;
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().next().unwrap_or_default();
    Ok(line.strip_prefix(begin).map(|rest| rest.trim().to_owned()))
}

fn unreadable(path: &Path) -> String {
    format!("its {} cannot be read", shown(path))
}

/// A part of it may be what somebody has called a branch.
fn shown(path: &Path) -> String {
    format!("`{}`", Configured(&path.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository as far as it is looked at.
    fn repository() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let git = folder.path().join(".git");
        for inner in ["refs/heads", "objects/info"] {
            fs::create_dir_all(git.join(inner)).unwrap();
        }
        fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        fs::write(git.join("refs/heads/main"), "ref: refs/heads/next\n").unwrap();
        fs::write(git.join("refs/heads/next"), "0".repeat(40)).unwrap();
        folder
    }

    fn stretch(path: &Path, length: u64) {
        let mut options = fs::OpenOptions::new();
        let file = options
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .unwrap();
        file.set_len(length).unwrap();
    }

    #[test]
    fn every_file_that_is_read_whole_is_looked_at() {
        for (name, most) in [
            ("config", MAX_SETTINGS),
            ("config.worktree", MAX_SETTINGS),
            ("packed-refs", MAX_LIST),
            ("shallow", MAX_LIST),
            ("HEAD", MAX_SETTINGS),
            ("refs/heads/main", MAX_SETTINGS),
            ("refs/heads/next", MAX_SETTINGS),
            ("objects/info/alternates", MAX_SETTINGS),
        ] {
            let folder = repository();
            let file = folder.path().join(".git").join(name);
            check(folder.path()).unwrap();
            stretch(&file, most);
            check(folder.path()).unwrap();

            stretch(&file, 6 << 30);

            let error = check(folder.path()).unwrap_err().to_string();
            let expected = format!("its `{}` is longer than {} MiB", file.display(), most >> 20);
            assert_eq!(error, expected);
        }
    }

    #[test]
    fn a_file_that_leads_elsewhere_is_followed() {
        let real = repository();
        let folder = tempfile::tempdir().unwrap();
        let dot = folder.path().join(".git");
        let own = folder.path().join("own");
        fs::create_dir(&own).unwrap();
        fs::write(&dot, format!("gitdir: {}\n", own.display())).unwrap();
        let common = real.path().join(".git");
        fs::write(own.join("commondir"), common.to_str().unwrap()).unwrap();
        fs::write(own.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        check(folder.path()).unwrap();

        stretch(&common.join("refs/heads/next"), 6 << 30);
        assert!(check(folder.path()).is_err());

        stretch(&dot, 6 << 30);
        let error = check(folder.path()).unwrap_err().to_string();
        assert!(error.contains(".git` is longer than 1 MiB"), "{error}");
    }

    #[test]
    fn other_folders_of_objects_are_looked_at_once() {
        let folder = repository();
        let objects = folder.path().join(".git/objects");
        let others = folder.path().join("others");
        fs::create_dir_all(others.join("info")).unwrap();
        let list = others.join("info/alternates");
        fs::write(objects.join("info/alternates"), others.to_str().unwrap()).unwrap();
        fs::write(&list, objects.to_str().unwrap()).unwrap();
        check(folder.path()).unwrap();

        stretch(&list, 6 << 30);
        assert!(check(folder.path()).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_waited_for() {
        let folder = repository();
        let config = folder.path().join(".git/config");
        let mut mkfifo = std::process::Command::new("mkfifo");
        assert!(mkfifo.arg(&config).status().unwrap().success());
        let error = check(folder.path()).unwrap_err().to_string();
        assert_eq!(error, format!("its `{}` is no file", config.display()));
    }
}
