//! A machine without a network.

use std::fs;

use anyhow::Result;

use super::Stage;
use super::process;
use super::said::{Index, Said, warned, whole};
use super::tracer::{self, Fate, Kind};
use super::trial::{Trial, holds};
use super::world::{App, World};

/// Row 14.
pub fn no_network(trial: &mut Trial, stage: &Stage) -> Result<()> {
    let world = stage.world()?;
    world.commit()?;
    let words = ["unshare", "--user", "--map-root-user", "--net"].map(str::to_owned);
    let cut_off = world.behind(&words);

    trial.case("no index ever", || {
        world.forget()?;
        cut_off.says(Index::Unusable)
    })?;
    trial.case("an index", || {
        world.mended().updates()?;
        cut_off.says(Index::Sound)
    })?;
    trial.case("a refresh of a repository on this disk", || {
        world.forget()?;
        cut_off.updates()?;
        cut_off.says(Index::Sound)
    })?;
    for flag in ["", "--offline", "--frozen", "--locked"] {
        for (app, line) in [
            (App::Insecure, "check"),
            (App::Clean, "check --deny-advisories"),
        ] {
            let line = format!("{line} {flag}");
            trial.case(&format!("sockets of `{line}`"), || {
                world.mended().updates()?;
                asks_nobody(&world, app, &line)
            })?;
        }
    }
    due(trial, &world)?;
    trial.case("a refresh of a repository elsewhere", || {
        let elsewhere = cut_off.with_database("https://127.0.0.1:1/advisory-db")?;
        elsewhere.forget()?;
        for line in ["advisory update", "advisory update --offline"] {
            let ended = whole(process::run(elsewhere.cargo(App::Clean, line))?)?;
            holds!(ended.status == Ok(101), "it goes well: {}", ended.text());
        }
        let said = elsewhere.says(Index::Unusable);
        world.configure()?;
        said
    })
}

/// `--offline` and `--frozen` leave alone an index that is due for a refresh. Without them the refresh begins.
fn due(trial: &mut Trial, world: &World) -> Result<()> {
    let later = world.mended().at("172800");
    for (flag, is_left_alone) in [("--offline", true), ("--frozen", true), ("--locked", false)] {
        trial.case(&format!("an index of two days, `check {flag}`"), || {
            world.forget()?;
            world.mended().updates()?;
            let record = world.index()?.with_extension("refresh");
            let before = fs::read(&record)?;
            let mut sockets = 0;
            let mut build = later.cargo(App::Insecure, &format!("check {flag}"));
            build.args(["--config", "advisory.refresh='24h'"]);
            let said = warned(tracer::run(build, |call| {
                sockets += usize::from(call.kind == Kind::Socket);
                Fate::Made
            })?)?;
            holds!(said == Said::Found, "a build says {said:?}");
            holds!(sockets == 0, "it opens {sockets} sockets");
            let is_as_before = fs::read(&record)? == before;
            holds!(
                is_as_before == is_left_alone,
                "a refresh {}",
                if is_as_before {
                    "has not begun"
                } else {
                    "has begun"
                }
            );
            Ok(())
        })?;
    }
    Ok(())
}

/// No socket is opened, whatever there would be to reach.
fn asks_nobody(world: &World, app: App, line: &str) -> Result<()> {
    let mut sockets = 0;
    let ended = tracer::run(world.cargo(app, line), |call| {
        sockets += usize::from(call.kind == Kind::Socket);
        Fate::Made
    })?;
    let ended = whole(ended)?;
    holds!(ended.status == Ok(0), "it fails: {}", ended.text());
    holds!(sockets == 0, "it opens {sockets} sockets");
    Ok(())
}
