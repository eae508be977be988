//! Files in a folder that can be taken away again: put there with a list of them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result, bail, ensure};

/// Something to install.
#[derive(Debug, PartialEq)]
pub enum Entry {
    /// A copy of this file.
    Copy(PathBuf),
    /// A symbolic link to this path.
    Link(PathBuf),
    /// An executable file with this text.
    Script(String),
}

/// The files that we have installed in one folder.
pub struct Installation {
    folder: PathBuf,
    /// The list of the files, relative to the folder.
    list: &'static str,
}

/// What the list knows of an entry: a folder that we made, or the state in which we left a file.
#[derive(Clone, Debug, PartialEq)]
enum Listed {
    Folder,
    Link,
    /// The modification time in nanoseconds; none while it is being installed.
    File(Option<u128>),
}

type List = BTreeMap<String, Listed>;

impl Installation {
    /// The installation in `folder` with its list at the relative path `list`.
    pub fn new(folder: PathBuf, list: &'static str) -> Installation {
        Installation { folder, list }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether something is installed.
    pub fn exists(&self) -> bool {
        self.folder.join(self.list).exists()
    }

    /// Installs `entries` by their relative paths, in place of what we had installed. Refuses to replace other files.
    pub fn install(&self, entries: &[(String, Entry)]) -> Result<()> {
        let old = self.read()?.unwrap_or_default();
        for (path, _) in entries {
            let full = self.folder.join(path);
            let taken = full.symlink_metadata().is_ok();
            ensure!(
                !taken || self.is_ours(path, old.get(path)),
                "`{}` is there and was not installed by us; move it away first",
                full.display()
            );
        }

        // Written before anything is made, so that an interrupted installation can be removed.
        let mut list = old.clone();
        for (path, entry) in entries {
            self.list_folders(path, &mut list);
            let listed = match entry {
                Entry::Link(_) => Listed::Link,
                _ => Listed::File(None),
            };
            list.insert(path.clone(), listed);
        }
        self.list_folders(self.list, &mut list);
        self.write(&list)?;

        for (path, entry) in entries {
            let full = self.folder.join(path);
            put(&full, entry).with_context(|| format!("could not install `{}`", full.display()))?;
            if let Some(Listed::File(time)) = list.get_mut(path) {
                *time = modified(&full).ok();
            }
        }
        for (path, listed) in &old {
            let kept = entries.iter().any(|(entry, _)| entry == path);
            if *listed != Listed::Folder && !kept && self.is_ours(path, Some(listed)) {
                remove(&self.folder.join(path), |path| fs::remove_file(path))?;
                list.remove(path);
            }
        }
        self.write(&list)
    }

    /// Removes what is on the list and was not changed since; the number of files, or none if nothing is installed.
    pub fn uninstall(&self) -> Result<Option<usize>> {
        let Some(list) = self.read()? else {
            return Ok(None);
        };
        let mut removed = 0;
        for (path, listed) in list.iter().filter(|(_, listed)| **listed != Listed::Folder) {
            let full = self.folder.join(path);
            if full.symlink_metadata().is_err() {
                continue;
            }
            if self.is_ours(path, Some(listed)) {
                remove(&full, |path| fs::remove_file(path))?;
                removed += 1;
            } else {
                eprintln!(
                    "left `{}`: it was changed since we installed it",
                    full.display()
                );
            }
        }
        remove(&self.folder.join(self.list), |path| fs::remove_file(path))?;
        // The deepest come last; a folder in which others have put files stays.
        for (path, _) in list
            .iter()
            .rev()
            .filter(|(_, listed)| **listed == Listed::Folder)
        {
            let _ = fs::remove_dir(self.folder.join(path));
        }
        Ok(Some(removed))
    }

    /// Whether the file at `path` is as we left it.
    fn is_ours(&self, path: &str, listed: Option<&Listed>) -> bool {
        let full = self.folder.join(path);
        let Ok(metadata) = full.symlink_metadata() else {
            return false;
        };
        match listed {
            Some(Listed::Link) => metadata.is_symlink(),
            Some(Listed::File(None)) => metadata.is_file(),
            Some(Listed::File(time)) => metadata.is_file() && modified(&full).ok() == *time,
            Some(Listed::Folder) | None => false,
        }
    }

    /// Adds the folders above `path` that do not exist yet.
    fn list_folders(&self, path: &str, list: &mut List) {
        for folder in Path::new(path).ancestors().skip(1) {
            if !self.folder.join(folder).exists() {
                list.entry(folder.display().to_string())
                    .or_insert(Listed::Folder);
            }
        }
    }

    fn read(&self) -> Result<Option<List>> {
        let path = self.folder.join(self.list);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("could not read `{}`", path.display()));
            }
        };
        let list = text.lines().map(parse).collect::<Result<List>>();
        list.with_context(|| format!("in `{}`", path.display()))
            .map(Some)
    }

    fn write(&self, list: &List) -> Result<()> {
        let mut text = String::new();
        for (path, listed) in list {
            let state = match listed {
                Listed::Folder => "folder".to_string(),
                Listed::Link => "link".to_string(),
                Listed::File(None) => "file".to_string(),
                Listed::File(Some(time)) => format!("file@{time}"),
            };
            text.push_str(&format!("{state} {path}\n"));
        }
        let path = self.folder.join(self.list);
        replace(&path, |new| fs::write(new, text))
            .with_context(|| format!("could not write `{}`", path.display()))
    }
}

fn parse(line: &str) -> Result<(String, Listed)> {
    let (state, path) = line.split_once(' ').unwrap_or_default();
    let listed = match state.split_once('@') {
        None if state == "folder" => Listed::Folder,
        None if state == "link" => Listed::Link,
        None if state == "file" => Listed::File(None),
        Some(("file", time)) => Listed::File(Some(time.parse()?)),
        _ => bail!("`{line}` is no entry of ours"),
    };
    let inside = Path::new(path)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    ensure!(inside, "`{path}` leads out of the folder");
    Ok((path.to_string(), listed))
}

fn put(path: &Path, entry: &Entry) -> io::Result<()> {
    replace(path, |new| match entry {
        Entry::Copy(from) => fs::copy(from, new).map(drop),
        Entry::Link(to) => link(to, new),
        Entry::Script(text) => fs::write(new, text).and_then(|()| make_executable(new)),
    })
}

/// Makes a new file beside `path` and renames it into place: a running program is not disturbed.
fn replace(path: &Path, make: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    match fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    make(&new).and_then(|()| fs::rename(&new, path))
}

#[cfg(unix)]
fn link(to: &Path, new: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, new)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

#[cfg(unix)]
fn make_executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// When `path` was last changed, in nanoseconds.
fn modified(path: &Path) -> io::Result<u128> {
    let time = path.metadata()?.modified()?;
    Ok(time
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_nanos()))
}

fn remove(path: &Path, remove: impl FnOnce(&Path) -> io::Result<()>) -> Result<()> {
    remove(path).with_context(|| format!("could not remove `{}`", path.display()))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    struct World {
        home: tempfile::TempDir,
        installation: Installation,
    }

    impl World {
        /// A home with a file that is not ours, and an installation below it.
        fn new() -> World {
            let home = tempfile::tempdir().unwrap();
            fs::create_dir(home.path().join("bin")).unwrap();
            fs::write(home.path().join("bin/other"), "").unwrap();
            let installation =
                Installation::new(home.path().to_path_buf(), "libexec/ours/files.txt");
            World { home, installation }
        }

        fn files(&self) -> Vec<String> {
            fn walk(folder: &Path, root: &Path, files: &mut Vec<String>) {
                for entry in fs::read_dir(folder).unwrap() {
                    let path = entry.unwrap().path();
                    files.push(path.strip_prefix(root).unwrap().display().to_string());
                    if path.is_dir() && !path.is_symlink() {
                        walk(&path, root, files);
                    }
                }
            }
            let mut files = Vec::new();
            walk(self.home.path(), self.home.path(), &mut files);
            files.sort();
            files
        }

        fn install(&self, names: &[&str]) -> Result<()> {
            let entry = |name: &&str| (name.to_string(), Entry::Script("#!/bin/sh\n".to_string()));
            let mut entries: Vec<_> = names.iter().map(entry).collect();
            entries.push(("share".to_string(), Entry::Link("/usr/share".into())));
            self.installation.install(&entries)
        }
    }

    #[test]
    fn what_was_installed_is_removed_and_nothing_else() {
        let world = World::new();
        let before = world.files();
        assert_eq!(world.installation.uninstall().unwrap(), None);
        world.install(&["bin/cargo", "libexec/ours/cargo"]).unwrap();
        world.install(&["bin/cargo", "libexec/ours/cargo"]).unwrap();
        assert!(world.files().contains(&"bin/cargo".to_string()));
        assert_eq!(world.installation.uninstall().unwrap(), Some(3));
        assert_eq!(world.files(), before);
        assert_eq!(world.installation.uninstall().unwrap(), None);
    }

    #[test]
    fn a_newer_installation_drops_what_it_no_longer_has() {
        let world = World::new();
        world.install(&["bin/cargo", "lib/old"]).unwrap();
        world.install(&["bin/cargo"]).unwrap();
        assert!(!world.files().contains(&"lib/old".to_string()));
    }

    #[test]
    fn a_file_that_is_not_ours_is_not_replaced() {
        let world = World::new();
        let before = world.files();
        let error = world.install(&["bin/other"]).unwrap_err().to_string();
        assert!(error.contains("was not installed by us"), "{error}");
        assert_eq!(world.files(), before);
    }

    #[test]
    fn a_file_that_was_changed_stays() {
        let world = World::new();
        world.install(&["bin/cargo", "bin/more"]).unwrap();
        let changed = world.home.path().join("bin/cargo");
        fs::remove_file(&changed).unwrap();
        fs::write(&changed, "mine now").unwrap();
        assert!(world.install(&["bin/cargo"]).is_err());
        assert_eq!(world.installation.uninstall().unwrap(), Some(2));
        assert_eq!(fs::read_to_string(&changed).unwrap(), "mine now");
    }

    #[test]
    fn a_list_cannot_lead_out_of_the_folder() {
        for line in [
            "file ../x",
            "file /etc/passwd",
            "gift x",
            "file",
            "file@x y",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
        assert_eq!(parse("folder ").unwrap(), (String::new(), Listed::Folder));
        assert_eq!(
            parse("file@12 a b").unwrap(),
            ("a b".to_string(), Listed::File(Some(12)))
        );
    }
}
