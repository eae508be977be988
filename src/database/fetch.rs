//! A remote git repository: fetched into a folder that is thrown away afterwards, so that a fetch which
//! is killed leaves nothing that a later one could trip over. What comes is [looked at](Checked) before gix has it.
//!
//! # Cost
//!
//! A database without news takes two requests, one with news a third, in which come the tree and the commits since the known
//! one. Only what does not follow on the known commit costs the whole history.

use super::git::{descends, snapshot};
use super::pack::Checked;
use super::throwaway::Throwaway;
use super::{Known, Loaded, Network, Progress, Refused, SKEW, Want, cure, transport};
use crate::report::untrusted;
use anyhow::anyhow;
use gix::odb::pack::{Bundle, bundle};
use gix::protocol::SendFlushOnDrop;
use gix::protocol::fetch::negotiate::{self, Action, Round, one_round};
use gix::protocol::fetch::{
    Arguments, Context, Negotiate, Options, Response, Shallow, Tags, refmap,
};
use gix::protocol::transport::Service;
use gix::protocol::transport::client::blocking_io::Transport;
use gix::{ObjectId, Repository};
use std::borrow::Cow;
use std::num::NonZeroU32;

/// Bytes of a pack. The whole history of RustSec's database has 10 million. Unit tests do with less.
const MAX_PACK: usize = if cfg!(test) { 1 } else { 256 } * 1024 * 1024;
/// Bytes of any one answer, for what is not counted as a pack.
const HARD_LIMIT: usize = MAX_PACK + 1024 * 1024;
/// Threads that resolve deltas, each of which holds objects in memory.
const THREADS: usize = 2;

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
    let server = Server::ask(url, network).map_err(explain)?;
    let head = server.head;
    let is_known = known.is_some_and(|known| known.commit == head.to_string());
    if is_known && want == Want::News {
        return Ok(Loaded::Unchanged);
    }
    let into = Throwaway::new(&network.scratch)?;
    let repo = into.repository();
    match known {
        Some(known) if !is_known => {
            let since = known.committed.saturating_sub(SKEW)?;
            let since = Shallow::Since {
                cutoff: gix::date::Time::new(since.as_second(), 0),
            };
            match server.pull(repo, &since, network, progress) {
                Ok(()) if descends(repo, head, known)? == Some(true) => {
                    snapshot(repo, head, url, Some(true), progress).map(Loaded::Snapshot)
                }
                Err(error) if error.is::<Refused>() => Err(error),
                // Servers hang up if no commit is that new.
                Ok(()) | Err(_) => {
                    // There is not to be room for both on the disk.
                    drop(into);
                    whole(url, network, known, progress)
                }
            }
        }
        _ => {
            let newest = Shallow::DepthAtRemote(NonZeroU32::MIN);
            server
                .pull(repo, &newest, network, progress)
                .map_err(explain)?;
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
    let server = Server::ask(url, network).map_err(explain)?;
    let head = server.head;
    let into = Throwaway::new(&network.scratch)?;
    let repo = into.repository();
    server
        .pull(repo, &Shallow::NoChange, network, progress)
        .map_err(explain)?;
    let descends = descends(repo, head, known)?;
    snapshot(repo, head, url, descends, progress).map(Loaded::Snapshot)
}

/// A server that has told where its `HEAD` is.
struct Server {
    connection: SendFlushOnDrop<Box<dyn Transport>>,
    handshake: gix::protocol::Handshake,
    head: ObjectId,
}

impl Server {
    fn ask(url: &str, network: &Network) -> anyhow::Result<Server> {
        let transport = transport::connect(&network.client, url, HARD_LIMIT)?;
        let mut connection = SendFlushOnDrop::new(transport, false);
        let mut handshake = gix::protocol::handshake(
            &mut connection.inner,
            Service::UploadPack,
            no_credentials,
            Vec::new(),
            &mut gix::progress::Discard,
        )?;
        // The one reference that counts, and no tags.
        let head = gix::refspec::parse("HEAD".into(), gix::refspec::parse::Operation::Fetch)?;
        let references = refmap::init::Context {
            fetch_refspecs: vec![head.to_owned()],
            extra_refspecs: Vec::new(),
        };
        let references = handshake
            .prepare_lsrefs_or_extract_refmap(agent(), true, references)?
            .fetch_blocking(gix::progress::Discard, &mut connection.inner, false)?;
        let head = references
            .mappings
            .iter()
            .find_map(|mapping| mapping.remote.as_id())
            .ok_or_else(|| anyhow!("the repository has no commit at its `HEAD`"))?
            .to_owned();
        Ok(Server {
            connection,
            handshake,
            head,
        })
    }

    /// Receives a pack of at most [`MAX_PACK`] bytes.
    fn pull(
        mut self,
        repo: &Repository,
        shallow: &Shallow,
        network: &Network,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> anyhow::Result<()> {
        let folder = repo.objects.store_ref().path().join("pack");
        let received = |received| progress(Progress::Fetching { received });
        let mut fault = None;
        let fetched = gix::protocol::fetch(
            &mut Everything(self.head),
            |pack, tasks, stop| -> Result<bool, bundle::write::Error> {
                let mut pack = Checked::new(pack, MAX_PACK, &received);
                let options = bundle::write::Options {
                    thread_limit: Some(THREADS),
                    ..bundle::write::Options::default()
                };
                // There is nothing yet that a pack could build on.
                let base = None::<gix::OdbHandle>;
                let written = Bundle::write_to_directory(
                    &mut pack,
                    Some(&folder),
                    tasks,
                    stop,
                    base,
                    options,
                );
                fault = pack.into_fault();
                written.map(|_| true)
            },
            gix::progress::Discard,
            network.client.stop(),
            Context {
                handshake: &mut self.handshake,
                transport: &mut self.connection.inner,
                user_agent: agent(),
                trace_packetlines: false,
            },
            Options {
                shallow_file: repo.shallow_file(),
                shallow,
                tags: Tags::None,
                reject_shallow_remote: false,
            },
        );
        match fault {
            Some(fault) => Err(fault),
            None => Ok(fetched.map(drop)?),
        }
    }
}

/// Asks for all that leads to a commit. Nothing is there to begin with, so there is nothing to agree about.
struct Everything(ObjectId);

impl Negotiate for Everything {
    fn mark_complete_and_common_ref(&mut self) -> Result<Action, negotiate::Error> {
        Ok(Action::MustNegotiate {
            remote_ref_target_known: Vec::new(),
        })
    }

    fn add_wants(&mut self, arguments: &mut Arguments, _: &[bool]) -> bool {
        arguments.want(self.0);
        true
    }

    fn one_round(
        &mut self,
        _: &mut one_round::State,
        _: &mut Arguments,
        _: Option<&Response>,
    ) -> Result<(Round, bool), negotiate::Error> {
        let round = Round {
            haves_sent: 0,
            in_vain: 0,
            haves_to_send: 0,
            previous_response_had_at_least_one_in_common: false,
        };
        Ok((round, true))
    }
}

/// What every client of gix's says of itself.
fn agent() -> (&'static str, Option<Cow<'static, str>>) {
    let agent = gix::protocol::agent(gix::env::agent());
    ("agent", Some(agent.into()))
}

/// Nobody is asked, neither a person nor a program.
#[expect(clippy::result_large_err, reason = "the type is gix's")]
fn no_credentials(
    _: gix::credentials::helper::Action,
) -> Result<Option<gix::credentials::protocol::Outcome>, gix::credentials::protocol::Error> {
    Ok(None)
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
