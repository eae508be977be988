//! A plain folder as a database. Links in it are not followed, and nothing in it can make a reader wait.

use super::layout::{Files, Node, NodeKind, collect};
use super::{Loaded, Progress, Snapshot, parse};
use anyhow::Context as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Reads the folder at `path`, which may be a link itself.
pub(super) fn read(
    path: &Path,
    url: &str,
    progress: &(dyn Fn(Progress) + Sync),
) -> anyhow::Result<Loaded> {
    // Tells a missing folder apart from one that is no database.
    std::fs::read_dir(path).context("the folder cannot be read")?;
    let records = collect(&Folder { root: path }, progress)?;
    Ok(Loaded::Snapshot(Snapshot {
        url: url.to_owned(),
        commit: None,
        committed: None,
        descends: None,
        published: None,
        advisories: records.advisories,
        appeared: Vec::new(),
        quarantined: records.quarantined,
        withdrawn: records.withdrawn,
    }))
}

struct Folder<'a> {
    root: &'a Path,
}

impl Files for Folder<'_> {
    type Handle = PathBuf;

    fn crates(&self) -> anyhow::Result<Option<PathBuf>> {
        let crates = self.root.join("crates");
        match crates.symlink_metadata() {
            Ok(meta) if meta.is_dir() => Ok(Some(crates)),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).context("the folder `crates` cannot be read"),
        }
    }

    fn list(&self, folder: &PathBuf) -> anyhow::Result<Result<Vec<Node<PathBuf>>, String>> {
        Ok(list(folder).map_err(|error| error.to_string()))
    }

    fn read(&self, file: &PathBuf) -> anyhow::Result<Result<Vec<u8>, String>> {
        Ok(read_file(file).map_err(|error| error.to_string()))
    }
}

/// By name, since the order on disk differs from one machine to the next.
fn list(folder: &Path) -> io::Result<Vec<Node<PathBuf>>> {
    let mut nodes = std::fs::read_dir(folder)?
        .map(|entry| {
            let entry = entry?;
            let kind = entry.file_type()?;
            Ok(Node {
                name: entry.file_name().into_encoded_bytes(),
                kind: if kind.is_dir() {
                    NodeKind::Folder
                } else if kind.is_file() {
                    NodeKind::File
                } else {
                    NodeKind::Other
                },
                handle: entry.path(),
            })
        })
        .collect::<io::Result<Vec<_>>>()?;
    nodes.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(nodes)
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let length = file.metadata()?;
    // It may have been replaced since the folder was listed.
    if !length.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let expected = usize::try_from(length.len()).unwrap_or(usize::MAX);
    let mut content = Vec::with_capacity(expected.saturating_add(1).min(parse::MAX_FILE + 1));
    file.take(parse::MAX_FILE as u64 + 1)
        .read_to_end(&mut content)?;
    Ok(content)
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{Location, MAX_QUARANTINED, load};
    use std::fs;

    fn advisory(package: &str, id: &str) -> String {
        format!(
            "```toml\n[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"2024-01-02\"\n\
             [versions]\npatched = []\n```\n\n# Title\n\nText.\n"
        )
    }

    fn snapshot(folder: &Path) -> anyhow::Result<Snapshot> {
        let location = Location::parse(folder.to_str().unwrap())?;
        match load(&location, None, None, &|_| {})? {
            Loaded::Snapshot(snapshot) => Ok(snapshot),
            Loaded::Unchanged => unreachable!("a folder has no commit"),
        }
    }

    /// What is no advisory is ignored or quarantined, and the good ones are read all the same.
    #[test]
    fn only_the_layout_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let put = |path: &str, content: &[u8]| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        };
        let good = advisory("foo", "RUSTSEC-2024-0001");
        put("crates/foo/RUSTSEC-2024-0001.md", good.as_bytes());
        put("crates/foo/.DS_Store", b"");
        put("crates/foo/RUSTSEC-0000-0000.md", b"a draft");
        put("crates/README.md", b"");
        put("rust/std/RUSTSEC-2024-0009.md", b"not for crates");
        put("crates/foo/RUSTSEC-2024-0002.md", good.as_bytes());
        put("crates/foo/notes.txt", b"");
        put("crates/foo/nested/RUSTSEC-2024-0003.md", good.as_bytes());
        put(
            "crates/foo/RUSTSEC-2024-0004.md",
            &vec![b'x'; parse::MAX_FILE + 1],
        );
        put("crates/not a crate/RUSTSEC-2024-0001.md", good.as_bytes());
        #[cfg(unix)]
        {
            let crates = folder.path().join("crates");
            std::os::unix::fs::symlink(crates.join("foo"), crates.join("link")).unwrap();
            std::os::unix::fs::symlink(
                crates.join("foo/RUSTSEC-2024-0001.md"),
                crates.join("foo/RUSTSEC-2024-0005.md"),
            )
            .unwrap();
        }

        let snapshot = snapshot(folder.path()).unwrap();
        let ids: Vec<_> = snapshot.advisories.iter().map(|a| a.id.as_str()).collect();
        assert_eq!(ids, ["RUSTSEC-2024-0001"]);
        let quarantined: Vec<_> = snapshot
            .quarantined
            .iter()
            .map(|q| (q.path.as_str(), q.package.as_deref()))
            .collect();
        let mut expected = vec![
            ("crates/foo/RUSTSEC-2024-0002.md", Some("foo")),
            ("crates/foo/RUSTSEC-2024-0004.md", Some("foo")),
            ("crates/foo/nested", Some("foo")),
            ("crates/foo/notes.txt", Some("foo")),
            ("crates/not a crate", None),
        ];
        #[cfg(unix)]
        expected.extend([
            ("crates/foo/RUSTSEC-2024-0005.md", Some("foo")),
            ("crates/link", Some("link")),
        ]);
        expected.sort();
        assert_eq!(quarantined, expected);
    }

    #[test]
    fn what_is_no_database_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = |folder: &Path| format!("{:#}", snapshot(folder).unwrap_err());
        assert!(error(&folder.path().join("missing")).contains("the folder cannot be read"));
        assert!(
            error(folder.path()).contains("not an advisory database: it has no folder `crates`")
        );
        fs::create_dir(folder.path().join("crates")).unwrap();
        assert!(error(folder.path()).contains("it holds no advisory"));

        let crates = folder.path().join("crates/foo");
        fs::create_dir(&crates).unwrap();
        let good = advisory("foo", "RUSTSEC-2024-0001");
        fs::write(crates.join("RUSTSEC-2024-0001.md"), good).unwrap();
        for number in 0..=MAX_QUARANTINED {
            fs::write(crates.join(format!("RUSTSEC-2023-{number:04}.md")), "").unwrap();
        }
        assert!(error(folder.path()).contains("more than 1000 of its records cannot be read"));
    }
}
