//! A remote git repository: fetched into a folder that is thrown away afterwards, so that a fetch which
//! is killed leaves nothing that a later one could trip over.

use super::git::{descends, options, snapshot};
use super::{Known, Loaded, Network, Progress};
use crate::report::untrusted;
use anyhow::{Context as _, anyhow};
use gix::protocol::transport::client::blocking_io::Transport;
use gix::remote::fetch::{Prepare, Shallow, Tags};
use gix::{ObjectId, Repository};
use jiff::SignedDuration;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// Bytes of a pack. The whole history of RustSec's database has 10 million.
const MAX_PACK: usize = 256 * 1024 * 1024;
/// How far the clocks of those who commit may disagree.
const SKEW: SignedDuration = SignedDuration::from_hours(24);

/// Fetches the commit at `HEAD` of a remote repository and reads it.
///
/// Without a known commit this is all that is fetched. With one, the commits since its date are, so
/// that the new commit can be shown to come after it.
pub(super) fn fetch(
    url: &str,
    network: &Network,
    known: Option<&Known>,
    progress: &(dyn Fn(Progress) + Sync),
) -> anyhow::Result<Loaded> {
    let folder = tempfile::Builder::new()
        .prefix(crate::index::store::FETCHED)
        .tempdir_in(&network.scratch)
        .with_context(|| format!("cannot make a folder in `{}`", network.scratch.display()))?;
    let repo = gix::ThreadSafeRepository::init_opts(
        folder.path(),
        gix::create::Kind::Bare,
        gix::create::Options::default(),
        options(&network.overrides),
    )
    .with_context(|| format!("cannot make a repository in `{}`", folder.path().display()))?
    .to_thread_local();

    let Some(fetched) = receive(&repo, url, known, progress).map_err(explain)? else {
        return Ok(Loaded::Unchanged);
    };
    let mut snapshot = snapshot(&repo, fetched.head, url, None, progress)?;
    snapshot.descends = known
        .map(|known| descends(&repo, fetched.head, known))
        .transpose()?;
    if !fetched.with_history && known.map(|known| known.committed) <= snapshot.committed {
        snapshot.descends = None;
    }
    Ok(Loaded::Snapshot(snapshot))
}

/// What is in the throwaway repository by now.
struct Fetched {
    /// The commit at the remote's `HEAD`.
    head: ObjectId,
    /// Whether the commits since the known one came with it.
    with_history: bool,
}

/// Fetches what is at the remote's `HEAD`; `None` if that is the known commit.
fn receive(
    repo: &Repository,
    url: &str,
    known: Option<&Known>,
    progress: &(dyn Fn(Progress) + Sync),
) -> anyhow::Result<Option<Fetched>> {
    let remote = repo
        .remote_at_without_url_rewrite(url)?
        .with_refspecs(
            Some("+HEAD:refs/heads/fetched"),
            gix::remote::Direction::Fetch,
        )?
        .with_fetch_tags(Tags::None);
    let prepare = || {
        let connection = remote
            .connect(gix::remote::Direction::Fetch)?
            .with_credentials(no_credentials);
        let prepared = connection.prepare_fetch(gix::progress::Discard, Default::default())?;
        let head = prepared
            .ref_map()
            .mappings
            .iter()
            .find_map(|mapping| mapping.remote.as_id())
            .ok_or_else(|| anyhow!("the repository has no commit at its `HEAD`"))?
            .to_owned();
        anyhow::Ok((prepared, head))
    };

    let (mut prepared, mut head) = prepare()?;
    if let Some(known) = known {
        if known.commit == head.to_string() {
            return Ok(None);
        }
        let since = known.committed.saturating_sub(SKEW)?;
        let since = Shallow::Since {
            cutoff: gix::date::Time::new(since.as_second(), 0),
        };
        match pull(prepared.with_shallow(since), progress) {
            Ok(()) => {
                let with_history = true;
                return Ok(Some(Fetched { head, with_history }));
            }
            Err(error) if error.is::<TooBig>() => return Err(error),
            // Servers hang up if no commit is that new, which is worth knowing for certain.
            Err(_) => (prepared, head) = prepare()?,
        }
    }
    let newest = Shallow::DepthAtRemote(NonZeroU32::MIN);
    pull(prepared.with_shallow(newest), progress)?;
    Ok(Some(Fetched {
        head,
        with_history: false,
    }))
}

#[derive(Debug)]
struct TooBig;

impl std::fmt::Display for TooBig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the server sends more than {} MiB",
            MAX_PACK / 1024 / 1024
        )
    }
}

impl std::error::Error for TooBig {}

/// Receives a pack, as long as it is not [`TooBig`].
fn pull(
    prepared: Prepare<'_, '_, Box<dyn Transport + Send>>,
    progress: &(dyn Fn(Progress) + Sync),
) -> anyhow::Result<()> {
    let stop = AtomicBool::new(false);
    let root: Arc<gix::progress::tree::Root> = gix::progress::tree::root::Options::default().into();
    let result = std::thread::scope(|scope| {
        let (done, wait) = mpsc::channel::<()>();
        let (stop, tasks) = (&stop, Arc::clone(&root));
        scope.spawn(move || {
            let mut most = 0;
            while wait.recv_timeout(Duration::from_millis(50)) == Err(RecvTimeoutError::Timeout) {
                most = received(&tasks).max(most);
                progress(Progress::Fetching { received: most });
                if most > MAX_PACK {
                    stop.store(true, Ordering::Relaxed);
                }
            }
        });
        let result = prepared
            .receive(root.add_child("fetch"), stop)
            .map_err(anyhow::Error::from);
        drop(done);
        result
    });
    if stop.load(Ordering::Relaxed) {
        return Err(TooBig.into());
    }
    result.map(drop)
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
    let text = format!("{error:#}");
    let has = |needle: &str| text.contains(needle);
    let cure = if ["301", "302", "303", "307", "308"]
        .iter()
        .any(|status| has(&format!("HTTP status {status}")))
    {
        Some("the server redirects; configure the address that it redirects to")
    } else if has("No credentials were returned") || has("HTTP status 403") {
        Some("the server wants a login, which databases cannot have")
    } else if has("HTTP status 404") || has("HTTP status 410") {
        Some("there is no git repository at this address")
    } else if has("certificate") {
        Some("the server's certificate is not trusted; `http.cainfo` can name who vouches for it")
    } else {
        None
    };
    let shown = untrusted::error(&error);
    match cure {
        Some(cure) => shown.context(cure),
        None => shown,
    }
}
