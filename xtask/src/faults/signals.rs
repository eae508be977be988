//! Somebody who does not want to wait, and secrets that must not be told.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use nix::sys::signal::{self, Signal};

use super::Stage;
use super::crash::Start;
use super::hostile::hang;
use super::process;
use super::said::{Index, SECRET, whole};
use super::server::Server;
use super::tracer::{self, Call, Fate};
use super::trial::{Trial, holds};
use super::world::World;

const SIGNALS: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];
/// A process that is told to end has ended by then, on a machine that is busy.
const PROMPT: Duration = Duration::from_secs(5);
/// A process that does not hear of signals, which the control needs.
const DEAF: [&str; 4] = ["sh", "-c", "trap '' INT TERM HUP; exec \"$@\"", "sh"];

/// Row 16.
pub fn stopped(trial: &mut Trial, stage: &Stage) -> Result<()> {
    let mut world = stage.world()?;
    let is_deaf = stage.plan.defect == Some("deaf");
    if stage.plan.defect != Some("tell-secrets") {
        if is_deaf {
            world = world.mended().behind(&DEAF.map(str::to_owned));
        }
        amid_calls(trial, &world)?;
        amid_silence(trial, &stage.world()?, is_deaf)?;
    }
    secrets(trial, &stage.world()?)
}

/// At every few calls that change something.
fn amid_calls(trial: &mut Trial, world: &World) -> Result<()> {
    let cache = world.cache();
    let start = Start::with_index(world)?;
    let counts = |call: &Call| call.path.starts_with(&cache);
    let calls = start.calls(counts)?;
    let step = if trial.plan.quick { 8 } else { 2 };
    for at in (0..calls.len()).step_by(step) {
        for signal in SIGNALS {
            trial.case(&format!("{signal} at call {at} of a refresh"), || {
                world.restore(&start.saved)?;
                let mut made = 0;
                let ended = tracer::run(world.update(), |call| {
                    if !counts(call) {
                        return Fate::Made;
                    }
                    made += 1;
                    if made == at + 1 {
                        Fate::Signaled(signal)
                    } else {
                        Fate::Made
                    }
                })?;
                holds!(
                    ended.status == Err(signal as i32),
                    "it does not end: {}",
                    ended.text()
                );
                start.is_old_or_new(&ended)?;
                start.heals()
            })?;
        }
    }
    Ok(())
}

/// While a server keeps it waiting.
fn amid_silence(trial: &mut Trial, world: &World, is_deaf: bool) -> Result<()> {
    world.commit()?;
    let server = Server::of(world)?;
    let mut world = server.serves(world)?;
    world.mended().updates()?;
    let old = world.bytes();
    if is_deaf {
        world = world.behind(&DEAF.map(str::to_owned));
    }
    server.has(|_, _, to| hang(to));
    for signal in SIGNALS {
        trial.case(&format!("{signal} while a server is silent"), || {
            let before = server.requests();
            let mut sent = None;
            let ended = process::run_with(world.update(), |process| {
                let started = Instant::now();
                while server.requests() == before {
                    ensure!(
                        started.elapsed() < Duration::from_secs(60),
                        "nobody asks the server"
                    );
                    thread::sleep(Duration::from_millis(5));
                }
                sent = Some(Instant::now());
                Ok(signal::kill(process, signal)?)
            })?;
            let late = sent.context("no signal was sent")?.elapsed();
            holds!(
                ended.status == Err(signal as i32) && late < PROMPT,
                "it does not end, or after {late:?}: {}",
                ended.text()
            );
            holds!(world.bytes() == old, "the index has changed");
            world.says(Index::Sound)
        })?;
    }
    Ok(())
}

/// Wherever a user may have written a secret, it is not repeated. Every other row looks for those that it has planted, too.
fn secrets(trial: &mut Trial, world: &World) -> Result<()> {
    for database in [
        format!("https://me:{SECRET}@127.0.0.1:1/advisory-db"),
        format!("https://{SECRET}@127.0.0.1:1/advisory-db"),
        format!("https://127.0.0.1:1/advisory-db?token={SECRET}"),
        format!("https://127.0.0.1:1/advisory-db#{SECRET}"),
        format!("me:{SECRET}@127.0.0.1:advisory-db"),
        format!("ssh://me:{SECRET}@127.0.0.1/advisory-db"),
    ] {
        let shown = database.replace(SECRET, "SECRET");
        trial.case(&format!("the database `{shown}`"), || {
            let world = world.with_database(&database)?;
            for line in [
                "advisory update",
                "check",
                "advisory status",
                "check --deny-advisories",
            ] {
                whole(process::run(
                    world.cargo(super::world::App::Insecure, line),
                )?)?;
            }
            world.keeps_secrets()
        })?;
    }
    for proxy in [
        format!("http://me:{SECRET}@127.0.0.1:1"),
        format!("http://me:{SECRET}@nowhere.invalid:1"),
        format!("me:{SECRET}@[:1"),
    ] {
        let shown = proxy.replace(SECRET, "SECRET");
        trial.case(&format!("the proxy `{shown}`"), || {
            let world = world.with_database("https://127.0.0.1:1/advisory-db")?;
            let mut update: Command = world.update();
            update
                .env("CARGO_HTTP_PROXY", &proxy)
                .env("HTTPS_PROXY", &proxy);
            let ended = whole(process::run(update)?)?;
            holds!(ended.status == Ok(101), "it goes well: {}", ended.text());
            world.keeps_secrets()
        })?;
    }
    Ok(())
}
