//! A remote git repository: fetched into a folder that is thrown away afterwards, so that a fetch which
//! is killed leaves nothing that a later one could trip over.
//!
//! # Cost
//!
//! A database without news takes two requests, one with news a third, in which come the tree and the commits since the known
//! one. Only what does not follow on the known commit costs the whole history.

use super::git::{descends, options, snapshot};
use super::{Known, Loaded, Network, Progress, Refused, SKEW, Want, cure, transport};
use crate::report::untrusted;
use anyhow::{Context as _, anyhow};
use gix::protocol::transport::client::blocking_io::Transport;
use gix::remote::fetch::{Prepare, Shallow, Tags};
use gix::{ObjectId, Remote, Repository};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;
use tempfile::TempDir;

/// Bytes of a pack. The whole history of RustSec's database has 10 million. Unit tests do with less.
const MAX_PACK: usize = if cfg!(test) { 1 } else { 256 } * 1024 * 1024;
/// Bytes of any one answer, for what is not counted as a pack.
const HARD_LIMIT: usize = MAX_PACK + 1024 * 1024;

/// Fetches the commit at `HEAD` of a remote repository and reads it.
///
/// Without a known commit this is all that is fetched. With one, the commits since its date are, so that the new commit can
/// be shown to come after it, which takes no more questions. Where they do not show it, because history was rewritten or
/// somebody's clock was wrong, the whole history is fetched, which tells for certain.
pub(super) fn fetch(
    url: &str,
    network: &Network,
    known: Option<&Known>,
    want: Want,
    progress: &(dyn Fn(Progress) + Sync),
) -> anyhow::Result<Loaded> {
    let Throwaway { repo, _folder } = &Throwaway::new(network)?;
    let remote = remote(repo, url).map_err(explain)?;
    let ready = Ready::new(&remote, url, network).map_err(explain)?;
    let head = ready.head;
    let is_known = known.is_some_and(|known| known.commit == head.to_string());
    if is_known && want == Want::News {
        return Ok(Loaded::Unchanged);
    }
    match known {
        Some(known) if !is_known => {
            let since = known.committed.saturating_sub(SKEW)?;
            let since = Shallow::Since {
                cutoff: gix::date::Time::new(since.as_second(), 0),
            };
            match ready.pull(since, network, progress) {
                Ok(()) if descends(repo, head, known)? == Some(true) => {
                    snapshot(repo, head, url, Some(true), progress).map(Loaded::Snapshot)
                }
                Err(error) if error.is::<Refused>() => Err(error),
                // Servers hang up if no commit is that new.
                Ok(()) | Err(_) => whole(url, network, known, progress),
            }
        }
        _ => {
            let newest = Shallow::DepthAtRemote(NonZeroU32::MIN);
            ready.pull(newest, network, progress).map_err(explain)?;
            let descends = is_known.then_some(true);
            snapshot(repo, head, url, descends, progress).map(Loaded::Snapshot)
        }
    }
}

/// The same by the whole history.
fn whole(
    url: &str,
    network: &Network,
    known: &Known,
    progress: &(dyn Fn(Progress) + Sync),
) -> anyhow::Result<Loaded> {
    let Throwaway { repo, _folder } = &Throwaway::new(network)?;
    let remote = remote(repo, url).map_err(explain)?;
    let ready = Ready::new(&remote, url, network).map_err(explain)?;
    let head = ready.head;
    ready
        .pull(Shallow::NoChange, network, progress)
        .map_err(explain)?;
    let descends = descends(repo, head, known)?;
    snapshot(repo, head, url, descends, progress).map(Loaded::Snapshot)
}

/// An empty repository that is removed when it is dropped.
struct Throwaway {
    repo: Repository,
    _folder: TempDir,
}

impl Throwaway {
    fn new(network: &Network) -> anyhow::Result<Throwaway> {
        let folder = tempfile::Builder::new()
            .prefix(crate::index::store::FETCHED)
            .tempdir_in(&network.scratch)
            .with_context(|| format!("cannot make a folder in `{}`", network.scratch.display()))?;
        let repo = gix::ThreadSafeRepository::init_opts(
            folder.path(),
            gix::create::Kind::Bare,
            gix::create::Options::default(),
            options(),
        )
        .with_context(|| format!("cannot make a repository in `{}`", folder.path().display()))?
        .to_thread_local();
        Ok(Throwaway {
            repo,
            _folder: folder,
        })
    }
}

/// The one reference that counts, and no tags.
fn remote<'repo>(repo: &'repo Repository, url: &str) -> anyhow::Result<Remote<'repo>> {
    let remote = repo
        .remote_at_without_url_rewrite(url)?
        .with_refspecs(
            Some("+HEAD:refs/heads/fetched"),
            gix::remote::Direction::Fetch,
        )?
        .with_fetch_tags(Tags::None);
    Ok(remote)
}

/// A server that has told where its `HEAD` is.
struct Ready<'remote, 'repo> {
    prepared: Prepare<'remote, 'repo, Box<dyn Transport>>,
    head: ObjectId,
}

impl<'remote, 'repo> Ready<'remote, 'repo> {
    fn new(
        remote: &'remote Remote<'repo>,
        url: &str,
        network: &Network,
    ) -> anyhow::Result<Ready<'remote, 'repo>> {
        let transport = transport::connect(&network.client, url, HARD_LIMIT)?;
        let connection = remote
            .to_connection_with_transport(transport)
            .with_credentials(no_credentials);
        let prepared = connection.prepare_fetch(gix::progress::Discard, Default::default())?;
        let head = prepared
            .ref_map()
            .mappings
            .iter()
            .find_map(|mapping| mapping.remote.as_id())
            .ok_or_else(|| anyhow!("the repository has no commit at its `HEAD`"))?
            .to_owned();
        Ok(Ready { prepared, head })
    }

    /// Receives a pack of at most [`MAX_PACK`] bytes.
    fn pull(
        self,
        shallow: Shallow,
        network: &Network,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> anyhow::Result<()> {
        let stop = network.client.stop();
        let root: Arc<gix::progress::tree::Root> =
            gix::progress::tree::root::Options::default().into();
        let (result, most) = std::thread::scope(|scope| {
            let (done, wait) = mpsc::channel::<()>();
            let tasks = Arc::clone(&root);
            let watch = scope.spawn(move || {
                let mut most = 0;
                while wait.recv_timeout(Duration::from_millis(50)) == Err(RecvTimeoutError::Timeout)
                {
                    most = received(&tasks).max(most);
                    progress(Progress::Fetching { received: most });
                    if most > MAX_PACK {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
                most
            });
            let result = self
                .prepared
                .with_shallow(shallow)
                .receive(root.add_child("fetch"), stop);
            drop(done);
            (result, watch.join().unwrap_or_default())
        });
        if most > MAX_PACK {
            let limit = MAX_PACK / 1024 / 1024;
            return Err(Refused(format!("the server sends more than {limit} MiB")).into());
        }
        result?;
        Ok(())
    }
}

/// Nobody is asked, neither a person nor a program.
#[expect(clippy::result_large_err, reason = "the type is gix's")]
fn no_credentials(
    _: gix::credentials::helper::Action,
) -> Result<Option<gix::credentials::protocol::Outcome>, gix::credentials::protocol::Error> {
    Ok(None)
}

/// Bytes of the pack so far.
fn received(tasks: &gix::progress::tree::Root) -> usize {
    let bytes: gix::progress::Id = gix::odb::pack::bundle::write::ProgressId::ReadPackBytes.into();
    let mut snapshot = Vec::new();
    tasks.sorted_snapshot(&mut snapshot);
    snapshot
        .iter()
        .filter(|(_, task)| task.id == bytes)
        .filter_map(|(_, task)| task.progress.as_ref())
        .map(|progress| progress.step.load(Ordering::Relaxed))
        .sum()
}

/// Says what to do about the failures that have a cure. The rest is partly the server's text.
fn explain(error: anyhow::Error) -> anyhow::Error {
    if error.is::<Refused>() {
        return error;
    }
    let text = format!("{error:#}");
    let cure = match status(&text) {
        Some(404 | 410) => Some("there is no git repository at this address"),
        Some(status) => cure::of_status(status),
        // What gix makes of the status 401.
        None if text.contains("No credentials were returned") => Some(cure::LOGIN),
        None => cure::of_error(&text),
    };
    let shown = untrusted::error(&error);
    match cure {
        Some(cure) => shown.context(cure),
        None => shown,
    }
}

/// The HTTP status that an error of our [`Client`](crate::http::Client) names.
fn status(text: &str) -> Option<u32> {
    let (_, behind) = text.split_once("HTTP status ")?;
    behind.get(..3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use gix::objs::tree::EntryKind;

    use super::*;
    use crate::database::git::world::World;

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
}
