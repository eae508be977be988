//! A disk that fills up.

use std::fs;

use anyhow::{Context as _, Result};

use super::Stage;
use super::mounts::Mounts;
use super::process;
use super::said::{Index, whole};
use super::trial::{Trial, holds};

/// Bytes by which the room grows.
const STEP: u64 = 64 * 1024;
const PAGE: u64 = 4096;

/// Row 3.
pub fn filling(trial: &mut Trial, stage: &Stage) -> Result<()> {
    let world = stage.world()?;
    world.commit()?;
    world.mended().updates()?;
    let saved = world.save()?;
    let old = world.bytes().context("no index was made")?;
    world.fill(stage.database.as_deref(), 1205)?;
    world.commit()?;
    world.mended().updates()?;
    let new = world.bytes().context("no index was made")?;

    let cache = world.cache();
    let mounts = Mounts::new(&format!(
        "mount -t tmpfs -o size=64m,mode=700 tmpfs {}",
        cache.display()
    ))?;
    let there = world.in_mounts(&mounts);
    let resize = |size: u64| {
        let size = format!("remount,size={size}");
        let cache = cache.display().to_string();
        mounts.run(&["mount", "-o", &size, &cache])
    };
    let steps = new.len() as u64 / STEP + 4;
    for with_index in [true, false] {
        let name = if with_index { "an index" } else { "no index" };
        for step in 0..steps {
            let what = format!("{} KiB left, with {name}", step * STEP / 1024);
            trial.case(&what, || {
                resize(64 * 1024 * 1024)?;
                there.empty()?;
                let mut used = PAGE;
                if with_index {
                    there.restore_into(&saved)?;
                    used += saved
                        .values()
                        .map(|bytes| (bytes.len() as u64).next_multiple_of(PAGE))
                        .sum::<u64>();
                }
                resize(used + step * STEP)?;
                let ended = whole(process::run(there.update())?)?;
                match (ended.status, there.bytes()) {
                    (Ok(0), _) => there.says(Index::Sound)?,
                    (Ok(101), None) if !with_index => there.says(Index::Unusable)?,
                    (Ok(101), Some(bytes)) => {
                        // What is remembered of the refresh may have found no room after the new index.
                        let is_new = there.answer()?.is_some();
                        holds!(
                            bytes == old || is_new,
                            "the old index is neither kept nor replaced: {}",
                            ended.text()
                        );
                        there.says(Index::Sound)?;
                    }
                    _ => holds!(false, "the old index is lost: {}", ended.text()),
                }
                let is_first = step == 0;
                holds!(
                    !is_first || ended.status == Ok(101),
                    "there is room where there should be none: {}",
                    ended.text()
                );

                resize(64 * 1024 * 1024)?;
                there.updates()?;
                for entry in fs::read_dir(there.cache())? {
                    let name = entry?.file_name().to_string_lossy().into_owned();
                    holds!(!name.contains(".tmp-"), "`{name}` is left");
                }
                there.says(Index::Sound)
            })?;
        }
    }
    Ok(())
}
