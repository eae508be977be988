//! Which files of a database are advisories.
//!
//! Only `crates/<name of a crate>/<ID>.md` is read. What else lies in a database is ignored, with one
//! exception: an entry in a crate's folder that is no readable advisory is quarantined, for it may be
//! one that somebody meant to publish. Names are checked before they are used, so that nothing in a
//! database names a path outside of it; links are never followed.

use super::parse::{self, Parsed};
use super::{MAX_QUARANTINED, Progress, Quarantined, Refused, Withdrawn};
use crate::advisory::Advisory;
use anyhow::{Context as _, bail};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver};

/// Advisory files in one database. RustSec's has 1,200.
pub const MAX_FILES: usize = 200_000;
/// Bytes in all advisory files of one database. RustSec's has 1.3 million.
pub const MAX_TEXT: usize = 128 * 1024 * 1024;

/// Gives up on the database as [`Refused`].
macro_rules! refuse {
    ($($reason:tt)*) => {
        return Err(Refused(format!($($reason)*)).into())
    };
}

/// The files of a database, wherever they are stored.
pub(super) trait Files {
    /// Names a file or folder for [`Files::list`] and [`Files::read`].
    type Handle;

    /// The folder `crates`, if there is one.
    fn crates(&self) -> anyhow::Result<Option<Self::Handle>>;

    /// What is in a folder, in any order.
    fn list(
        &self,
        folder: &Self::Handle,
    ) -> anyhow::Result<Result<Vec<Node<Self::Handle>>, String>>;

    /// A file's content; one byte more than [`parse::MAX_FILE`] is enough.
    ///
    /// The outer error is the end of this database, the inner one is about this file alone.
    fn read(&self, file: &Self::Handle) -> anyhow::Result<Result<Vec<u8>, String>>;
}

pub(super) struct Node<H> {
    pub(super) name: Vec<u8>,
    pub(super) kind: NodeKind,
    pub(super) handle: H,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeKind {
    Folder,
    File,
    /// A link, a device, a submodule: never followed nor opened.
    Other,
}

/// The records of a database, before it has a name.
#[derive(Default)]
pub(super) struct Records {
    pub(super) advisories: Vec<Advisory>,
    pub(super) quarantined: Vec<Quarantined>,
    pub(super) withdrawn: Vec<Withdrawn>,
}

/// Finds and parses the advisories of a database.
pub(super) fn collect<F: Files>(
    files: &F,
    progress: &(dyn Fn(Progress) + Sync),
) -> anyhow::Result<Records> {
    let Some(crates) = files.crates()? else {
        refuse!("it is not an advisory database: it has no folder `crates`");
    };
    let folders = match files.list(&crates)? {
        Ok(folders) => folders,
        Err(reason) => bail!("the folder `crates` cannot be read: {reason}"),
    };

    let (send, receive) = mpsc::sync_channel::<Job>(256);
    let receive = Mutex::new(receive);
    let mut records = std::thread::scope(|scope| {
        let workers = std::thread::available_parallelism().map_or(1, |n| n.get().min(4));
        let parsers: Vec<_> = (0..workers)
            .map(|_| scope.spawn(|| parse_all(&receive)))
            .collect();

        let mut walk = Walk {
            files,
            send,
            progress,
            found: 0,
            bytes: 0,
            quarantined: Vec::new(),
        };
        let walked = folders.iter().try_for_each(|node| walk.folder(node));
        let mut records = Records {
            quarantined: std::mem::take(&mut walk.quarantined),
            ..Records::default()
        };
        // Hangs up, so that the parsers end.
        drop(walk);
        for parser in parsers {
            let part = parser
                .join()
                .map_err(|_| anyhow::anyhow!("a thread of the parser failed"))?;
            records.advisories.extend(part.advisories);
            records.quarantined.extend(part.quarantined);
            records.withdrawn.extend(part.withdrawn);
        }
        walked.map(|()| records)
    })?;

    if records.quarantined.len() > MAX_QUARANTINED {
        refuse!("more than {MAX_QUARANTINED} of its records cannot be read");
    }
    if records.advisories.is_empty() {
        refuse!("it holds no advisory");
    }
    let key = |advisory: &Advisory| (advisory.package.clone(), advisory.id.clone());
    records.advisories.sort_by_cached_key(key);
    records.quarantined.sort();
    records.withdrawn.sort();
    Ok(records)
}

/// One file on its way to a parser.
struct Job {
    package: String,
    id: String,
    content: Vec<u8>,
}

fn parse_all(jobs: &Mutex<Receiver<Job>>) -> Records {
    let mut records = Records::default();
    loop {
        let job = match jobs.lock().map(|jobs| jobs.recv()) {
            Ok(Ok(job)) => job,
            _ => return records,
        };
        let Job {
            package,
            id,
            content,
        } = job;
        match parse::parse(&content, &package, &id) {
            Ok(Parsed::Advisory(advisory)) => records.advisories.push(*advisory),
            Ok(Parsed::Withdrawn) => records.withdrawn.push(Withdrawn { package, id }),
            Err(reason) if records.quarantined.len() <= MAX_QUARANTINED => {
                records.quarantined.push(Quarantined {
                    path: format!("crates/{package}/{id}.md"),
                    package: Some(package),
                    reason,
                });
            }
            Err(_) => {}
        }
    }
}

struct Walk<'a, F> {
    files: &'a F,
    send: mpsc::SyncSender<Job>,
    progress: &'a (dyn Fn(Progress) + Sync),
    found: usize,
    bytes: usize,
    quarantined: Vec<Quarantined>,
}

impl<F: Files> Walk<'_, F> {
    /// One entry of `crates`.
    fn folder(&mut self, node: &Node<F::Handle>) -> anyhow::Result<()> {
        let name = String::from_utf8_lossy(&node.name);
        // `rustsec` skips plain files here, too.
        if is_hidden(&name) || node.kind == NodeKind::File {
            return Ok(());
        }
        let path = format!("crates/{name}");
        if !is_crate_name(&name) {
            return self.quarantine(path, None, "its name is not the name of a crate");
        }
        if node.kind == NodeKind::Other {
            return self.quarantine(path, Some(&name), "it is neither a file nor a folder");
        }
        match self.files.list(&node.handle)? {
            Ok(entries) => entries.iter().try_for_each(|entry| self.file(&name, entry)),
            Err(reason) => self.quarantine(path, Some(&name), &reason),
        }
    }

    /// One entry of `crates/<package>`.
    fn file(&mut self, package: &str, node: &Node<F::Handle>) -> anyhow::Result<()> {
        let name = String::from_utf8_lossy(&node.name);
        let id = name.strip_suffix(".md").filter(|id| is_id(id));
        if is_hidden(&name) || id == Some(DRAFT) {
            return Ok(());
        }
        self.found += 1;
        if self.found > MAX_FILES {
            refuse!("it has more than {MAX_FILES} files");
        }
        let path = format!("crates/{package}/{name}");
        if node.kind != NodeKind::File {
            return self.quarantine(path, Some(package), "it is not a regular file");
        }
        let Some(id) = id else {
            return self.quarantine(path, Some(package), "its name is not the id of an advisory");
        };
        let content = match self.files.read(&node.handle)? {
            Ok(content) => content,
            Err(reason) => return self.quarantine(path, Some(package), &reason),
        };
        self.bytes += content.len();
        if self.bytes > MAX_TEXT {
            refuse!("it has more than {} MiB of text", MAX_TEXT / 1024 / 1024);
        }
        (self.progress)(Progress::Parsing { done: self.found });
        self.send
            .send(Job {
                package: package.to_owned(),
                id: id.to_owned(),
                content,
            })
            .context("the parsers are gone")
    }

    fn quarantine(
        &mut self,
        path: String,
        package: Option<&str>,
        reason: &str,
    ) -> anyhow::Result<()> {
        if self.quarantined.len() > MAX_QUARANTINED {
            refuse!("more than {MAX_QUARANTINED} of its records cannot be read");
        }
        self.quarantined.push(Quarantined {
            path: path.chars().take(200).collect(),
            package: package.map(str::to_owned),
            reason: parse::one_line(reason),
        });
        Ok(())
    }
}

/// RustSec's placeholder: not yet an advisory.
const DRAFT: &str = "RUSTSEC-0000-0000";

fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}

/// What crates.io accepts.
pub(super) fn is_crate_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// `RUSTSEC-2020-0071`, and whatever other databases call theirs.
pub(super) fn is_id(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database of one crate with so many files of so many bytes each, none of which is an advisory.
    struct Many {
        files: usize,
        bytes: usize,
    }

    impl Files for Many {
        type Handle = ();

        fn crates(&self) -> anyhow::Result<Option<()>> {
            Ok(Some(()))
        }

        fn list(&self, (): &()) -> anyhow::Result<Result<Vec<Node<()>>, String>> {
            let node = |name: String, kind| Node {
                name: name.into_bytes(),
                kind,
                handle: (),
            };
            let files = (0..self.files).map(|n| node(format!("A-{n}.md"), NodeKind::File));
            let folder = node("leaky".to_owned(), NodeKind::Folder);
            Ok(Ok([folder].into_iter().chain(files).collect()))
        }

        fn read(&self, (): &()) -> anyhow::Result<Result<Vec<u8>, String>> {
            Ok(Ok(vec![b'x'; self.bytes]))
        }
    }

    #[test]
    fn files_and_text_are_limited() {
        let refused = |files, bytes| {
            let error = collect(&Many { files, bytes }, &|_| {}).err().unwrap();
            assert!(error.is::<Refused>());
            error.to_string()
        };
        assert_eq!(refused(MAX_FILES, 1), "it has more than 200000 files");
        let bytes = parse::MAX_FILE;
        let enough = MAX_TEXT / bytes;
        assert_eq!(
            refused(enough + 1, bytes),
            "it has more than 128 MiB of text"
        );
        assert_eq!(refused(enough, bytes), "it holds no advisory");
    }

    #[test]
    fn names() {
        for (name, expected) in [
            ("serde", true),
            ("_x", true),
            ("a-b_C9", true),
            ("9p", true),
            ("", false),
            ("-x", false),
            ("..", false),
            ("a/b", false),
            ("a b", false),
            ("a\u{301}", false),
            (&"x".repeat(65), false),
        ] {
            assert_eq!(is_crate_name(name), expected, "{name}");
        }
        assert!(is_id("RUSTSEC-2020-0071") && is_id("MY-1"));
        assert!(!is_id("") && !is_id("A.md") && !is_id("a/b") && !is_id(&"x".repeat(65)));
    }
}
