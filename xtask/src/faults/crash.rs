//! A refresh that is killed or whose system calls fail, at each place where that can happen.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use nix::errno::Errno;

use super::Stage;
use super::process::Ended;
use super::said::{Index, Said, denied, warned, whole};
use super::server::Server;
use super::tracer::{self, Call, Fate, Kind};
use super::trial::{Trial, holds};
use super::world::{App, World};

/// Where a refresh starts from.
pub struct Start {
    world: World,
    name: &'static str,
    /// The cache before.
    pub saved: BTreeMap<PathBuf, Vec<u8>>,
    /// The index in it.
    old: Option<Vec<u8>>,
    /// The commit that there is to take.
    new: String,
}

impl Start {
    /// A git repository with news, and an index from before.
    pub fn with_index(world: &World) -> Result<Start> {
        world.commit()?;
        world.mended().updates()?;
        let saved = world.save()?;
        let old = world.bytes();
        world.advisory("other", "RUSTSEC-2020-0003")?;
        Ok(Start {
            world: world.clone(),
            name: "an index",
            saved,
            old,
            new: world.commit()?,
        })
    }

    /// The same without an index.
    fn without_index(&self) -> Start {
        Start {
            world: self.world.clone(),
            name: "no index",
            saved: BTreeMap::new(),
            old: None,
            new: self.new.clone(),
        }
    }

    /// The index is the one from before, byte for byte, or the new one.
    pub fn is_old_or_new(&self, ended: &Ended) -> Result<()> {
        let world = &self.world;
        let bytes = world.bytes();
        let index = if bytes == self.old {
            match bytes {
                Some(_) => Index::Sound,
                None => Index::Unusable,
            }
        } else {
            let commit = commit(world)?;
            holds!(
                commit.as_ref() == Some(&self.new),
                "there is neither the old index nor the new one, but {commit:?}, after {}",
                ended.text()
            );
            Index::Sound
        };
        world.says(index)
    }

    /// The next refresh takes the new commit, with nothing done by hand.
    pub fn heals(&self) -> Result<()> {
        self.world.updates()?;
        let commit = commit(&self.world)?;
        holds!(
            commit.as_ref() == Some(&self.new),
            "the next refresh leaves {commit:?}"
        );
        self.world.keeps_secrets()?;
        // What warnings say has been looked at before it.
        let denials = (
            self.world.denies(App::Insecure)?,
            self.world.denies(App::Clean)?,
        );
        holds!(
            denials == (Said::Denied, Said::Nothing),
            "after the next refresh denials say {denials:?}"
        );
        Ok(())
    }

    /// The calls of a refresh that goes well, of which `counts` is true.
    pub fn calls(&self, counts: impl Fn(&Call) -> bool) -> Result<Vec<Call>> {
        self.world.restore(&self.saved)?;
        let mut calls = Vec::new();
        let ended = tracer::run(self.world.update(), |call| {
            if counts(call) {
                calls.push(call.clone());
            }
            Fate::Made
        })?;
        ensure!(ended.status == Ok(0), "{}", ended.text());
        ensure!(!calls.is_empty(), "a refresh changes nothing");
        Ok(calls)
    }
}

/// The commit that the index was made from. None where the index cannot be used.
pub fn commit(world: &World) -> Result<Option<String>> {
    let answer = world.answer()?;
    let commit = answer.and_then(|answer| {
        let commit = answer.pointer("/index/databases/0/commit")?;
        Some(commit.as_str()?.to_owned())
    });
    Ok(commit)
}

/// Row 1.
pub fn killed(trial: &mut Trial, stage: &Stage) -> Result<()> {
    let world = stage.world()?;
    let outside = world.outside()?;
    let with_index = Start::with_index(&world)?;
    kills(trial, &with_index.without_index())?;
    kills(trial, &with_index)?;
    trial.case("what lies outside of the cache", || {
        holds!(world.outside()? == outside, "something has changed");
        Ok(())
    })?;
    if trial.plan.quick {
        return Ok(());
    }

    // What is fetched lies in the cache, too.
    let world = stage.world()?;
    let server = Server::of(&world)?;
    let mut start = Start::with_index(&server.serves(&world)?)?;
    start.name = "an index of a repository elsewhere";
    kills(trial, &start)
}

/// Kills a refresh at each of its calls that change something.
fn kills(trial: &mut Trial, start: &Start) -> Result<()> {
    let world = &start.world;
    let cache = world.cache();
    let counts = |call: &Call| call.mutates && call.path.starts_with(&cache);
    let calls = start.calls(counts)?;
    for (at, call) in calls.iter().enumerate() {
        let what = format!(
            "with {}, SIGKILL at mutating call {at}, {}",
            start.name,
            named(call, &cache)
        );
        trial.case(&what, || {
            world.restore(&start.saved)?;
            let mut made = 0;
            let ended = tracer::run(world.update(), |call| {
                if !counts(call) {
                    return Fate::Made;
                }
                made += 1;
                if made == at + 1 {
                    Fate::Killed
                } else {
                    Fate::Made
                }
            })?;
            start.is_old_or_new(&ended)?;
            start.heals()
        })?;
    }
    Ok(())
}

/// How calls of this kind can fail.
fn errors(call: &Call) -> &'static [Errno] {
    match call.kind {
        Kind::Open if call.mutates => &[Errno::ENOSPC, Errno::EACCES, Errno::EMFILE, Errno::EIO],
        Kind::Open => &[Errno::EACCES, Errno::EMFILE, Errno::EIO],
        Kind::Read => &[Errno::EIO, Errno::EINTR],
        Kind::Write => &[Errno::ENOSPC, Errno::EIO, Errno::EINTR],
        Kind::Sync => &[Errno::EIO, Errno::ENOSPC],
        Kind::Rename => &[Errno::EACCES, Errno::ENOSPC, Errno::EIO],
        Kind::Remove | Kind::Look | Kind::Change => &[Errno::EACCES, Errno::EIO],
        Kind::Make => &[Errno::EACCES, Errno::ENOSPC],
        Kind::Lock => &[Errno::ENOLCK],
        Kind::Socket => &[],
    }
}

/// Lets the call number `at` of those that `counts` fail, and all after it where it is for good.
fn fail(
    at: usize,
    errno: Errno,
    for_good: bool,
    counts: impl Fn(&Call) -> bool,
    mut failed: impl FnMut(&Call),
) -> impl FnMut(&Call) -> Fate {
    let mut made = 0;
    move |call| {
        if !counts(call) {
            return Fate::Made;
        }
        made += 1;
        if made == at + 1 || (for_good && made > at) {
            failed(call);
            Fate::Failed(errno)
        } else {
            Fate::Made
        }
    }
}

/// Row 2.
pub fn failing(trial: &mut Trial, stage: &Stage) -> Result<()> {
    let world = stage.world()?;
    let cache = world.cache();
    let outside = world.outside()?;
    let start = Start::with_index(&world)?;
    let counts = |call: &Call| call.path.starts_with(&cache);

    // Loading knows nothing of how an index is written.
    let loads_matter = trial.plan.defect != Some("in-place");
    world.restore(&start.saved)?;
    for (app, line) in [
        (App::Insecure, "check"),
        (App::Insecure, "check --deny-advisories"),
        (App::Clean, "check --deny-advisories"),
    ] {
        if loads_matter {
            loads(trial, &start, app, line)?;
        }
    }

    let calls = start.calls(counts)?;
    for (at, call) in calls.iter().enumerate() {
        for &errno in errors(call) {
            for for_good in [false, true] {
                // A call that is interrupted for ever is made for ever.
                if for_good && errno == Errno::EINTR {
                    continue;
                }
                let what = format!(
                    "{errno} at call {at} of a refresh{}, {}",
                    if for_good { " and from then on" } else { "" },
                    named(call, &cache)
                );
                trial.case(&what, || {
                    world.restore(&start.saved)?;
                    let fate = fail(at, errno, for_good, counts, |_| {});
                    let ended = whole(tracer::run(world.update(), fate)?)?;
                    holds!(
                        matches!(ended.status, Ok(0 | 101)),
                        "an odd exit code: {}",
                        ended.text()
                    );
                    start.is_old_or_new(&ended)?;
                    start.heals()
                })?;
            }
        }
    }
    trial.case("what lies outside of the cache", || {
        holds!(world.outside()? == outside, "something has changed");
        Ok(())
    })
}

/// Lets each call of a build fail that concerns the cache.
fn loads(trial: &mut Trial, start: &Start, app: App, line: &str) -> Result<()> {
    let world = &start.world;
    let cache = world.cache();
    let index = world.index()?;
    let counts = |call: &Call| call.path.starts_with(&cache);
    let mut calls = Vec::new();
    tracer::run(world.cargo(app, line), |call| {
        if counts(call) {
            calls.push(call.clone());
        }
        Fate::Made
    })?;
    ensure!(!calls.is_empty(), "a build looks at nothing of the cache");
    for (at, call) in calls.iter().enumerate() {
        for &errno in errors(call) {
            for for_good in [false, true] {
                if for_good && errno == Errno::EINTR {
                    continue;
                }
                let what = format!(
                    "{errno} at call {at} of `{line}` in {app:?}{}, {}",
                    if for_good { " and from then on" } else { "" },
                    named(call, &cache)
                );
                trial.case(&what, || {
                    let mut is_lost = false;
                    let fate = fail(at, errno, for_good, counts, |call| {
                        is_lost |= call.path == index && errno != Errno::EINTR;
                    });
                    let ended = tracer::run(world.cargo(app, line), fate)?;
                    is_right(ended, app, line, is_lost)
                })?;
            }
        }
    }
    Ok(())
}

/// Whether it is the right answer where the index could not be read, if it `is_lost`.
fn is_right(ended: Ended, app: App, line: &str, is_lost: bool) -> Result<()> {
    let said = if line.contains("deny") {
        denied(ended)?
    } else {
        warned(ended)?
    };
    let is_right = match (&said, is_lost) {
        (Said::Note(_), _) => !line.contains("deny"),
        (Said::Refused(_), true) => true,
        (_, true) => false,
        (Said::Found | Said::Denied, false) => app == App::Insecure,
        (Said::Nothing, false) => app == App::Clean,
        (Said::Refused(_), false) => false,
    };
    holds!(
        is_right,
        "it says {said:?}{}",
        if is_lost {
            ", although the index could not be read"
        } else {
            ""
        }
    );
    Ok(())
}

/// A call for whoever reads of a failure.
fn named(call: &Call, cache: &Path) -> String {
    let path = call.path.strip_prefix(cache).unwrap_or(&call.path);
    format!("{:?} of `{}`", call.kind, path.display())
}
