//! The advisories of one commit, read from the object database.

use anyhow::Context as _;
use gix::bstr::ByteSlice as _;
use gix::objs::tree::EntryKind;
use gix::{ObjectId, Repository};
use jiff::Timestamp;

use crate::database::layout::{Files, Node, NodeKind, collect};
use crate::database::{Progress, Snapshot, parse};

/// Reads the tree of a commit.
pub(in crate::database) fn snapshot(
    repo: &Repository,
    head: ObjectId,
    url: &str,
    descends: Option<bool>,
    progress: &(dyn Fn(Progress) + Sync),
) -> anyhow::Result<Snapshot> {
    let commit = repo
        .find_commit(head)
        .context("the commit at its `HEAD` cannot be read")?;
    let committed = Timestamp::from_second(commit.time()?.seconds)
        .context("the commit at its `HEAD` has an impossible date")?;
    let tree = Tree {
        repo,
        root: commit.tree_id()?.detach(),
    };
    let records = collect(&tree, progress)?;
    Ok(Snapshot {
        url: url.to_owned(),
        commit: Some(head.to_string()),
        committed: Some(committed),
        descends,
        published: None,
        advisories: records.advisories,
        appeared: Vec::new(),
        quarantined: records.quarantined,
        withdrawn: records.withdrawn,
    })
}

struct Tree<'repo> {
    repo: &'repo Repository,
    root: ObjectId,
}

impl Tree<'_> {
    fn nodes(&self, tree: ObjectId) -> anyhow::Result<Vec<Node<ObjectId>>> {
        let tree = self
            .repo
            .find_tree(tree)
            .context("a folder is missing or damaged in the repository")?;
        tree.iter()
            .map(|entry| {
                let entry = entry.context("a folder is damaged in the repository")?;
                Ok(Node {
                    name: entry.filename().as_bytes().to_owned(),
                    kind: match entry.mode().kind() {
                        EntryKind::Tree => NodeKind::Folder,
                        EntryKind::Blob | EntryKind::BlobExecutable => NodeKind::File,
                        EntryKind::Link | EntryKind::Commit => NodeKind::Other,
                    },
                    handle: entry.oid().to_owned(),
                })
            })
            .collect()
    }
}

impl Files for Tree<'_> {
    type Handle = ObjectId;

    fn crates(&self) -> anyhow::Result<Option<ObjectId>> {
        Ok(self
            .nodes(self.root)?
            .into_iter()
            .find(|node| node.name == b"crates" && node.kind == NodeKind::Folder)
            .map(|node| node.handle))
    }

    fn list(&self, folder: &ObjectId) -> anyhow::Result<Result<Vec<Node<ObjectId>>, String>> {
        // What a commit names and the repository does not have is the repository's damage, and says
        // nothing about a single record.
        self.nodes(*folder).map(Ok)
    }

    fn read(&self, file: &ObjectId) -> anyhow::Result<Result<Vec<u8>, String>> {
        let missing = "a file is missing or damaged in the repository";
        let header = self.repo.find_header(*file).context(missing)?;
        if header.size() > parse::MAX_FILE as u64 {
            return Ok(Err(parse::too_long()));
        }
        let mut blob = self.repo.find_blob(*file).context(missing)?;
        Ok(Ok(blob.take_data()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::super::world::{START, World, snapshot};
    use super::*;
    use crate::database::Loaded;

    #[test]
    fn only_regular_files_of_the_commit_are_read() {
        let world = World::new();
        let big = world
            .repo
            .write_blob(vec![b'x'; parse::MAX_FILE + 1])
            .unwrap()
            .detach();
        let tree = world.database(
            &[1, 2],
            vec![
                ("RUSTSEC-2024-0003.md", EntryKind::Link, world.advisory(3)),
                ("RUSTSEC-2024-0004.md", EntryKind::Commit, world.advisory(4)),
                ("RUSTSEC-2024-0005.md", EntryKind::Blob, big),
                ("..", EntryKind::Blob, world.advisory(6)),
                ("../../evil.md", EntryKind::Blob, world.advisory(7)),
            ],
        );
        let commit = world.commit(tree, &[], 0);
        // What is not committed does not count.
        fs::create_dir_all(world.folder.path().join("crates/bar")).unwrap();

        let snapshot = snapshot(world.read(None));
        assert_eq!(snapshot.commit, Some(commit.to_string()));
        assert_eq!(snapshot.committed, Timestamp::from_second(START).ok());
        assert_eq!(snapshot.descends, None);
        let ids: Vec<_> = snapshot.advisories.iter().map(|a| a.id.as_str()).collect();
        assert_eq!(ids, ["RUSTSEC-2024-0001", "RUSTSEC-2024-0002"]);
        let paths: Vec<_> = snapshot
            .quarantined
            .iter()
            .map(|q| q.path.as_str())
            .collect();
        assert_eq!(
            paths,
            [
                "crates/foo/RUSTSEC-2024-0003.md",
                "crates/foo/RUSTSEC-2024-0004.md",
                "crates/foo/RUSTSEC-2024-0005.md",
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        let world = World::new();
        let error = || format!("{:#}", world.read(None).unwrap_err());
        assert!(error().contains("`HEAD` leads to no commit"), "{}", error());

        let empty = world.tree(vec![]);
        world.commit(empty, &[], 0);
        assert!(error().contains("it has no folder `crates`"), "{}", error());

        // A file that the commit names is not there.
        let missing = ObjectId::from_hex(&[b'1'; 40]).unwrap();
        let tree = world.database(
            &[1],
            vec![("RUSTSEC-2024-0002.md", EntryKind::Blob, missing)],
        );
        world.commit(tree, &[], 0);
        assert!(error().contains("missing or damaged"), "{}", error());
    }

    const MIB: usize = 1024 * 1024;

    /// What `error` says, all causes included.
    fn said(loaded: anyhow::Result<Loaded>) -> String {
        format!("{:#}", loaded.unwrap_err())
    }

    /// Nothing of such an object is read but how long it is: the files here end after that.
    #[test]
    fn an_object_that_says_that_it_is_huge_is_an_error() {
        let world = World::new();
        let object = |kind: &str, id: &str, size: usize| {
            let id = ObjectId::from_hex(id.repeat(20).as_bytes()).unwrap();
            let mut deflate = flate2::write::ZlibEncoder::new(Vec::new(), Default::default());
            write!(deflate, "{kind} {size}\0").unwrap();
            let hex = id.to_string();
            let folder = world.folder.path().join("objects").join(&hex[..2]);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(&hex[2..]), deflate.finish().unwrap()).unwrap();
            id
        };
        let in_root = |crates| world.tree(vec![("crates", EntryKind::Tree, crates)]);

        // A file among others does not make the database unreadable.
        let file = object("blob", "a0", 65 * MIB);
        let tree = world.database(&[1], vec![("RUSTSEC-2024-0002.md", EntryKind::Blob, file)]);
        world.commit(tree, &[], 0);
        let found = snapshot(world.read(None));
        assert_eq!((found.advisories.len(), found.quarantined.len()), (1, 1));
        assert_eq!(found.quarantined[0].reason, "it is longer than 256 KiB");

        for (id, size, refused) in [("a1", 64 * MIB, false), ("a2", 64 * MIB + 1, true)] {
            world.commit(in_root(object("tree", id, size)), &[], 0);
            let error = said(world.read(None));
            assert!(error.contains("a folder is missing or damaged"), "{error}");
            assert_eq!(error.contains(&size.to_string()), refused, "{error}");
        }
    }

    /// A few KiB that stand for very much, as differences from something short.
    #[test]
    fn a_delta_that_becomes_huge_is_an_error() {
        let world = World::new();
        let commit = world.commit(world.database(&[1], vec![]), &[], 0);
        let text = world.repo.find_object(commit).unwrap().data.clone();
        let Some(taken) = expanded(&world, commit, &text, 63 * MIB) else {
            return;
        };
        let refused = expanded(&world, commit, &text, 65 * MIB).unwrap();

        // The same commit, with a message that goes on and on.
        world.go_to(taken);
        assert_eq!(snapshot(world.read(None)).advisories.len(), 1);
        world.go_to(refused);
        let error = said(world.read(None));
        assert!(error.contains("its `HEAD` leads to no commit"), "{error}");
    }

    /// Puts an object of at least `size` bytes into a pack of `world`, as copies of the object `base`. None on machines
    /// that have no git to index the pack.
    fn expanded(world: &World, base: ObjectId, text: &[u8], size: usize) -> Option<ObjectId> {
        let copies = size.div_ceil(text.len());
        let number = |mut n: usize| {
            let mut out = Vec::new();
            while n > 0x7f {
                out.push(n as u8 | 0x80);
                n >>= 7;
            }
            out.push(n as u8);
            out
        };
        let length = u16::try_from(text.len()).unwrap().to_le_bytes();
        // From the beginning, two bytes of length.
        let copy = [0b1011_0000, length[0], length[1]];
        let size = copies * text.len();
        let delta = [number(text.len()), number(size), copy.repeat(copies)].concat();
        let mut deflate = flate2::write::ZlibEncoder::new(Vec::new(), Default::default());
        deflate.write_all(&delta).unwrap();

        let mut pack = b"PACK\0\0\0\x02\0\0\0\x01".to_vec();
        // A difference from the object that is named next; its length begins with four bits.
        pack.push(0x80 | 0x70 | (delta.len() & 0xf) as u8);
        pack.extend(number(delta.len() >> 4));
        pack.extend(base.as_bytes());
        pack.extend(deflate.finish().unwrap());
        let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
        hasher.update(&pack);
        pack.extend(hasher.try_finalize().unwrap().as_bytes());

        let git = |arguments: &[&str], input: &[u8]| {
            let mut git = std::process::Command::new("git");
            let mut child = git
                .arg("--git-dir")
                .arg(world.folder.path())
                .args(arguments)
                .stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .spawn()
                .ok()?;
            child.stdin.take().unwrap().write_all(input).unwrap();
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{arguments:?}");
            String::from_utf8(output.stdout).ok()
        };
        git(&["index-pack", "--stdin", "--fix-thin"], &pack)?;
        let all = git(&["cat-file", "--batch-check", "--batch-all-objects"], b"")?;
        let ending = format!(" commit {size}");
        let line = all.lines().find(|line| line.ends_with(&ending)).unwrap();
        ObjectId::from_hex(&line.as_bytes()[..40]).ok()
    }
}
