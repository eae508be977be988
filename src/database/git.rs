//! A git repository as a database: the tree of one commit, read from the object database.
//!
//! Nothing but the repository itself is consulted: no configuration of the user or the system, no
//! `GIT_*` variable, no credential helper, no hook, and never a work tree.

use super::layout::{Files, Node, NodeKind, collect};
use super::{Known, Loaded, Progress, Snapshot, Want, parse};
use anyhow::{Context as _, anyhow};
use gix::bstr::ByteSlice as _;
use gix::objs::tree::EntryKind;
use gix::revision::walk::Sorting;
use gix::traverse::commit::simple::CommitTimeOrder;
use gix::{ObjectId, Repository};
use jiff::Timestamp;
use std::path::Path;

/// Commits that are searched for the known one. RustSec's database has 4,000.
const MAX_HISTORY: usize = 100_000;

const SETTINGS: [&str; 5] = [
    // One object; the longest file that is read is far below.
    "gitoxide.objects.allocLimit=67108864",
    // Each thread that resolves deltas holds objects in memory.
    "pack.threads=2",
    // The commit that was named, not what `refs/replace` puts in its place.
    "gitoxide.objects.noReplace=true",
    "gitoxide.credentials.terminalPrompt=false",
    // A log of references would need a committer's name.
    "core.logAllRefUpdates=false",
];

/// Whether this folder is a repository, bare or with a work tree. Folders above it do not count.
pub(super) fn is_repository(path: &Path) -> bool {
    path.join(".git").exists()
        || (path.join("HEAD").is_file()
            && path.join("objects").is_dir()
            && path.join("refs").is_dir())
}

/// Reads the commit at `HEAD` of a repository on this machine.
pub(super) fn read_local(
    path: &Path,
    url: &str,
    known: Option<&Known>,
    want: Want,
    progress: &(dyn Fn(Progress) + Sync),
) -> anyhow::Result<Loaded> {
    let repo =
        gix::open_opts(path, options()).context("it cannot be opened as a git repository")?;
    let head = repo
        .head_id()
        .map_err(|_| anyhow!("its `HEAD` leads to no commit; commit something or name a folder"))?
        .detach();
    if want == Want::News && known.is_some_and(|known| known.commit == head.to_string()) {
        return Ok(Loaded::Unchanged);
    }
    let descends = match known {
        Some(known) => descends(&repo, head, known)?,
        None => None,
    };
    snapshot(&repo, head, url, descends, progress).map(Loaded::Snapshot)
}

/// How every repository is opened.
pub(crate) fn options() -> gix::open::Options {
    gix::open::Options::isolated()
        .with(gix::sec::Trust::Full)
        .config_overrides(SETTINGS)
}

/// Whether the known commit is `head` or one of its ancestors. None where history has been cut off or is longer than
/// anybody looks: the known commit may lie behind.
pub(super) fn descends(
    repo: &Repository,
    head: ObjectId,
    known: &Known,
) -> anyhow::Result<Option<bool>> {
    let Ok(commit) = ObjectId::from_hex(known.commit.as_bytes()) else {
        return Ok(Some(false));
    };
    let mut left = MAX_HISTORY;
    let walk = repo
        .rev_walk([head])
        .sorting(Sorting::ByCommitTime(CommitTimeOrder::NewestFirst))
        .all()
        .context("its history cannot be read")?;
    for ancestor in walk {
        if ancestor.context("its history cannot be read")?.id == commit {
            return Ok(Some(true));
        }
        left -= 1;
        if left == 0 {
            return Ok(None);
        }
    }
    Ok((!repo.is_shallow()).then_some(false))
}

/// Reads the tree of a commit.
pub(super) fn snapshot(
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
    use super::*;
    use crate::database::fetch::fetch;
    use crate::database::{Location, Network, Refused, load, load_whole};
    use crate::http::Client;
    use gix::objs::tree::{Entry, EntryMode};
    use std::fs;
    use std::io::Write as _;

    const START: i64 = 1_700_000_000;

    fn known(commit: ObjectId, second: i64) -> Known {
        Known {
            commit: commit.to_string(),
            committed: Timestamp::from_second(second).unwrap(),
        }
    }

    /// A bare repository.
    struct World {
        folder: tempfile::TempDir,
        repo: Repository,
    }

    impl World {
        fn new() -> World {
            let folder = tempfile::tempdir().unwrap();
            let repo = gix::ThreadSafeRepository::init_opts(
                folder.path(),
                gix::create::Kind::Bare,
                gix::create::Options::default(),
                options(),
            );
            let repo = repo.unwrap().to_thread_local();
            World { folder, repo }
        }

        fn tree(&self, entries: Vec<(&str, EntryKind, ObjectId)>) -> ObjectId {
            let entries = entries.into_iter().map(|(name, kind, oid)| Entry {
                mode: EntryMode::from(kind),
                filename: name.into(),
                oid,
            });
            let mut tree = gix::objs::Tree {
                entries: entries.collect(),
            };
            tree.entries.sort();
            self.repo.write_object(&tree).unwrap().detach()
        }

        /// The file of a good advisory of `foo`.
        fn advisory(&self, number: u32) -> ObjectId {
            let text = format!(
                "```toml\n[advisory]\nid = \"RUSTSEC-2024-{number:04}\"\npackage = \"foo\"\n\
                 date = \"2024-01-02\"\n[versions]\npatched = []\n```\n\n# Title\n\nText.\n"
            );
            self.repo.write_blob(text).unwrap().detach()
        }

        /// The tree of a database: a good advisory of `foo` for each number, and `others`.
        fn database(&self, numbers: &[u32], others: Vec<(&str, EntryKind, ObjectId)>) -> ObjectId {
            let names: Vec<_> = numbers
                .iter()
                .map(|n| format!("RUSTSEC-2024-{n:04}.md"))
                .collect();
            let mut entries = others;
            for (&number, name) in numbers.iter().zip(&names) {
                entries.push((name, EntryKind::Blob, self.advisory(number)));
            }
            let foo = self.tree(entries);
            let crates = self.tree(vec![("foo", EntryKind::Tree, foo)]);
            self.tree(vec![("crates", EntryKind::Tree, crates)])
        }

        /// Commits at a second after [`START`] and moves the branch there.
        fn commit(&self, tree: ObjectId, parents: &[ObjectId], second: i64) -> ObjectId {
            let signature = gix::actor::Signature {
                name: "A".into(),
                email: "a@example.com".into(),
                time: gix::date::Time::new(START + second, 0),
            };
            let commit = gix::objs::Commit {
                tree,
                parents: parents.iter().copied().collect(),
                author: signature.clone(),
                committer: signature,
                encoding: None,
                message: "M".into(),
                extra_headers: Vec::new(),
            };
            let id = self.repo.write_object(&commit).unwrap().detach();
            self.go_to(id);
            id
        }

        /// Moves the branch to a commit.
        fn go_to(&self, commit: ObjectId) {
            let branch = self.folder.path().join("refs/heads/main");
            fs::create_dir_all(branch.parent().unwrap()).unwrap();
            fs::write(branch, format!("{commit}\n")).unwrap();
        }

        /// Reads the repository as it lies there.
        fn read(&self, known: Option<&Known>) -> anyhow::Result<Loaded> {
            let location = Location::parse(self.folder.path().to_str().unwrap())?;
            load(&location, None, known, &|_| {})
        }

        /// Fetches it as if it were remote; `None` on machines that have no git to serve it.
        fn fetch(&self, known: Option<&Known>) -> Option<anyhow::Result<Loaded>> {
            let git = std::process::Command::new("git").arg("--version").output();
            git.ok()?;
            let scratch = tempfile::tempdir().unwrap();
            let network = Network {
                client: Client::new(|_| Ok(()), true),
                scratch: scratch.path().to_owned(),
                keys: Vec::new(),
            };
            let url = url::Url::from_file_path(self.folder.path()).unwrap();
            let loaded = fetch(url.as_str(), &network, known, Want::News, &|_| {});
            assert_eq!(
                fs::read_dir(scratch.path()).unwrap().count(),
                0,
                "nothing is left"
            );
            Some(loaded)
        }
    }

    fn snapshot(loaded: anyhow::Result<Loaded>) -> Snapshot {
        match loaded.unwrap() {
            Loaded::Snapshot(snapshot) => snapshot,
            Loaded::Unchanged => panic!("it is unchanged"),
        }
    }

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

    /// Locally and remotely alike: unchanged, grown, rewritten.
    #[test]
    fn history_is_followed_from_the_known_commit() {
        let world = World::new();
        let first = world.commit(world.database(&[1], vec![]), &[], 0);
        let second = world.commit(world.database(&[1, 2], vec![]), &[first], 60);
        let both = |known: Option<&Known>| [Some(world.read(known)), world.fetch(known)];

        for loaded in both(None).into_iter().flatten() {
            let snapshot = snapshot(loaded);
            assert_eq!(snapshot.commit, Some(second.to_string()));
            assert_eq!((snapshot.advisories.len(), snapshot.descends), (2, None));
        }
        for loaded in both(Some(&known(second, START + 60))).into_iter().flatten() {
            assert!(matches!(loaded.unwrap(), Loaded::Unchanged));
        }

        let third = world.commit(world.database(&[1, 2, 3], vec![]), &[second], 120);
        let fourth = world.commit(world.database(&[1, 2, 3, 4], vec![]), &[third], 120);
        for ancestor in [
            known(first, START),
            known(second, START + 60),
            known(third, START + 120),
        ] {
            for loaded in both(Some(&ancestor)).into_iter().flatten() {
                let snapshot = snapshot(loaded);
                assert_eq!(snapshot.commit, Some(fourth.to_string()));
                assert_eq!(
                    (snapshot.advisories.len(), snapshot.descends),
                    (4, Some(true))
                );
            }
        }

        world.commit(world.database(&[5], vec![]), &[second], 180);
        for loaded in both(Some(&known(fourth, START + 120)))
            .into_iter()
            .flatten()
        {
            assert_eq!(snapshot(loaded).descends, Some(false));
        }
        // Further back than what is known: a server has no commits to send that are new enough.
        world.commit(world.database(&[1], vec![]), &[], -3 * 24 * 60 * 60);
        for loaded in both(Some(&known(fourth, START + 120)))
            .into_iter()
            .flatten()
        {
            let snapshot = snapshot(loaded);
            assert_eq!(
                (snapshot.advisories.len(), snapshot.descends),
                (1, Some(false))
            );
        }
    }

    /// Whose clock was wrong by years when it was committed does not matter: a server that is asked for the commits since
    /// the known one leaves out what lies before such a commit.
    #[test]
    fn dates_do_not_decide_what_comes_after_what() {
        const YEAR: i64 = 365 * 24 * 60 * 60;
        let world = World::new();
        let first = world.commit(world.database(&[1], vec![]), &[], 0);
        let early = world.commit(world.database(&[1, 2], vec![]), &[first], -YEAR);
        let late = world.commit(world.database(&[1, 2, 3], vec![]), &[early], 60);
        let both = |known: Known| [Some(world.read(Some(&known))), world.fetch(Some(&known))];

        for loaded in both(known(first, START)).into_iter().flatten() {
            let snapshot = snapshot(loaded);
            assert_eq!(snapshot.commit, Some(late.to_string()));
            assert_eq!(snapshot.descends, Some(true));
        }
        // And where the newest one is that early.
        world.commit(world.database(&[1, 2, 3], vec![]), &[late], -YEAR);
        for loaded in both(known(late, START + 60)).into_iter().flatten() {
            assert_eq!(snapshot(loaded).descends, Some(true));
        }
    }

    #[test]
    fn a_pack_without_end_is_refused() {
        let world = World::new();
        let mut state = 1_u64;
        // What cannot be compressed.
        let noise = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 56) as u8
        });
        let blob = world
            .repo
            .write_blob(noise.take(8 * 1024 * 1024).collect::<Vec<_>>())
            .unwrap()
            .detach();
        let tree = world.database(&[1], vec![("noise", EntryKind::Blob, blob)]);
        world.commit(tree, &[], 0);

        if let Some(loaded) = world.fetch(None) {
            let error = loaded.unwrap_err();
            assert!(error.is::<Refused>());
            assert_eq!(error.to_string(), "the server sends more than 1 MiB");
        }
    }

    #[test]
    fn all_is_read_again_where_it_is_wanted() {
        let world = World::new();
        let first = world.commit(world.database(&[1], vec![]), &[], 0);
        let location = Location::parse(world.folder.path().to_str().unwrap()).unwrap();
        let known = known(first, START);
        let snapshot = load_whole(&location, None, Some(&known), &|_| {}).unwrap();
        assert_eq!(snapshot.descends, Some(true));
        assert_eq!(snapshot.advisories.len(), 1);
    }

    #[test]
    fn what_lies_behind_a_cut_in_history_is_not_denied() {
        let world = World::new();
        let first = world.commit(world.database(&[1], vec![]), &[], 0);
        let second = world.commit(world.database(&[2], vec![]), &[first], 60);
        let third = world.commit(world.database(&[3], vec![]), &[second], 120);
        fs::write(world.folder.path().join("shallow"), format!("{second}\n")).unwrap();
        let descends = |known| snapshot(world.read(Some(&known))).descends;
        assert_eq!(descends(known(second, START + 60)), Some(true));
        assert_eq!(descends(known(first, START)), None);
        assert!(matches!(
            world.read(Some(&known(third, START + 120))).unwrap(),
            Loaded::Unchanged
        ));
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
