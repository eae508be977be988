//! An index that is not what it was.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::Stage;
use super::process;
use super::said::{Index, Said};
use super::trial::{Failure, Trial, holds};
use super::world::{App, World};

/// Row 6.
pub fn flipped(trial: &mut Trial, stage: &Stage) -> Result<()> {
    let world = stage.world()?;
    world.mended().updates()?;
    let bytes = world.bytes().context("no index was made")?;

    // What a user sees, in a few places.
    for sample in 0..if trial.plan.quick { 4 } else { 24 } {
        let at = trial.below(bytes.len() as u64) as usize;
        let bit = trial.below(8);
        let is_cut = sample % 4 == 3;
        let what = if is_cut {
            format!("builds with an index that is cut to {at} bytes")
        } else {
            format!("builds with bit {bit} of byte {at} of the index flipped")
        };
        trial.case(&what, || {
            let mut damaged = bytes.clone();
            if is_cut {
                damaged.truncate(at);
            } else {
                damaged[at] ^= 1 << bit;
            }
            fs::write(world.index()?, damaged)?;
            tells_damage(&world)?;
            world.updates()?;
            world.says(Index::Sound)
        })?;
    }

    world.mended().updates()?;
    load(trial, stage, &world, &["every"])?;
    world.fill(stage.database.as_deref(), 1205)?;
    world.mended().updates()?;
    // A process for each few hundred, so that none of them takes long.
    for _ in 0..if trial.plan.quick { 1 } else { 20 } {
        load(trial, stage, &world, &["500"])?;
    }
    Ok(())
}

/// A denial fails. A build without one may rely on what it has verified, which is all but the text of advisories.
fn tells_damage(world: &World) -> Result<()> {
    let found = world.builds(App::Insecure)?;
    let denied = world.denies(App::Insecure)?;
    let passed = world.denies(App::Clean)?;
    holds!(
        matches!(found, Said::Note(_) | Said::Found)
            && matches!(denied, Said::Refused(_))
            && matches!(passed, Said::Refused(_)),
        "of the insecure project a build says {found:?} and a denial {denied:?}; of the clean one a denial says {passed:?}: \
         it passes as sound"
    );
    Ok(())
}

/// Runs the loader on the index of `world`.
fn load(trial: &mut Trial, stage: &Stage, world: &World, what: &[&str]) -> Result<()> {
    let mut loader = Command::new(&stage.products.loader);
    loader.args(what).arg(world.index()?);
    if what != ["every"] {
        loader.arg(trial.below(u64::from(u32::MAX)).to_string());
    }
    if let Some(defect) = stage.plan.defect {
        loader.env("ADVISORY_FAULT_DEFECT", defect);
    }
    if trial.plan.only.is_some() {
        return Ok(());
    }
    let ended = process::run(loader)?;
    ensure!(ended.status == Ok(0), "the loader: {}", ended.text());
    let mut lines: Vec<&str> = ended.stdout.lines().collect();
    let tried = lines.pop().unwrap_or_default().parse()?;
    let failures = lines.into_iter().map(|line| {
        let mut parts = line.splitn(3, '\t');
        let mut part = || parts.next().unwrap_or_default().to_owned();
        Failure {
            case: part().parse().unwrap_or_default(),
            what: part(),
            reason: part(),
        }
    });
    trial.add(tried, failures.collect())
}
