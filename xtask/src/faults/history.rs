//! A database that does not go forward.

use std::fs;

use anyhow::{Context as _, Result};

use super::Stage;
use super::process;
use super::said::{Index, whole};
use super::trial::{Trial, holds};
use super::world::World;

/// What becomes of the repository after the index was made.
type Change = fn(&World) -> Result<()>;

const CHANGES: [(&str, Change); 8] = [
    ("it goes back by a commit", |world| {
        world.git(&["reset", "--quiet", "--hard", "HEAD~1"])?;
        Ok(())
    }),
    ("its newest commit is rewritten", |world| {
        world.advisory("other", "RUSTSEC-2021-0001")?;
        world.git(&["add", "--all"])?;
        world.git(&["commit", "--quiet", "--amend", "--message=y"])?;
        Ok(())
    }),
    ("its history is another one", |world| {
        world.git(&["checkout", "--quiet", "--orphan", "another"])?;
        world.commit()?;
        Ok(())
    }),
    ("its tree is empty", |world| {
        world.git(&["rm", "-r", "--quiet", "crates"])?;
        world.commit()?;
        Ok(())
    }),
    ("half of its advisories are gone", |world| {
        for number in 0..10 {
            let path = format!("crates/package-{number}");
            world.git(&["rm", "-r", "--quiet", &path])?;
        }
        world.commit()?;
        Ok(())
    }),
    (
        "half of its advisories are gone, and as many others came",
        |world| {
            for number in 0..10 {
                let path = format!("crates/package-{number}");
                world.git(&["rm", "-r", "--quiet", &path])?;
                for half in 0..2 {
                    let id = format!("RUSTSEC-2022-{:04}", number * 2 + half);
                    world.advisory("other", &id)?;
                }
            }
            world.commit()?;
            Ok(())
        },
    ),
    ("its newest commit is dated next year", |world| {
        world.advisory("other", "RUSTSEC-2021-0001")?;
        world.git(&["add", "--all"])?;
        world.git_at("next year", &["commit", "--quiet", "--message=x"])?;
        Ok(())
    }),
    ("it is a folder without a history", |world| {
        fs::remove_dir_all(world.advisories().join(".git"))?;
        Ok(())
    }),
];

/// Row 9.
pub fn backwards(trial: &mut Trial, stage: &Stage) -> Result<()> {
    const AFTER_THE_LIMIT: &str = "1296000";
    for (what, change) in CHANGES {
        let world = stage.world()?;
        trial.case(what, || {
            world.fill(None, 40)?;
            world.commit()?;
            world.advisory("other", "RUSTSEC-2020-9999")?;
            let head = world.commit()?;
            world.mended().updates()?;
            let old = world.bytes().context("no index was made")?;
            change(&world)?;

            let ended = whole(process::run(world.update())?)?;
            holds!(
                world.bytes().as_ref() == Some(&old),
                "the old index does not stay: {}",
                ended.text()
            );
            holds!(ended.status == Ok(101), "it is no error: {}", ended.text());
            holds!(
                ended.stderr.contains("was refused")
                    || ended.stderr.contains("it is not an advisory"),
                "it does not say why: {}",
                ended.text()
            );
            world.says(Index::Noted)?;
            world.at(AFTER_THE_LIMIT).says(Index::Doubted)?;

            // It is put right and goes on.
            if !world.advisories().join(".git").exists() {
                return Ok(());
            }
            world.git(&["checkout", "--quiet", "--force", "-B", "main", &head])?;
            world.advisory("other", "RUSTSEC-2023-0001")?;
            world.commit()?;
            world.updates()?;
            holds!(
                world.bytes().as_ref() != Some(&old),
                "what was put right is not taken"
            );
            world.says(Index::Sound)
        })?;
    }
    Ok(())
}
