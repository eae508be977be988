//! A cache with something else in the place of its files.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::Stage;
use super::process;
use super::said::{Index, whole};
use super::trial::{Trial, holds};
use super::world::{App, World};

/// What there is to do to a path.
type Plant = fn(&Path) -> Result<()>;

/// What lies in the place of an index, what builds say, and whether a refresh mends it.
type Planted = fn(&World, &Stage) -> Result<()>;

const INDEXES: [(&str, Planted, Index, bool); 13] = [
    (
        "an older one of these databases, 15 days old",
        |world, _| {
            let ended = process::run(world.at("-1296000").mended().update())?;
            ensure!(ended.status == Ok(0), "{}", ended.text());
            // What is remembered of a refresh does not help.
            fs::remove_file(world.index()?.with_extension("refresh"))?;
            Ok(())
        },
        Index::Doubted,
        true,
    ),
    (
        "one of another database",
        |world, stage| {
            let other = World::new(&stage.root.join("other"), &stage.products, &stage.plan)?;
            fs::remove_dir_all(other.advisories().join("crates/leaky"))?;
            other.mended().updates()?;
            fs::copy(other.index()?, world.index()?)?;
            Ok(())
        },
        Index::Unusable,
        true,
    ),
    (
        "one of the next format",
        |world, stage| {
            let mut loader = Command::new(&stage.products.loader);
            loader.arg("next-format").arg(world.index()?);
            let ended = process::run(loader)?;
            ensure!(ended.status == Ok(0), "{}", ended.text());
            Ok(())
        },
        Index::Unusable,
        // It belongs to a newer version.
        false,
    ),
    (
        "zeros of the same length",
        |world, _| {
            let length = world.bytes().unwrap_or_default().len();
            Ok(fs::write(world.index()?, vec![0; length])?)
        },
        Index::Unusable,
        true,
    ),
    (
        "an empty file",
        |world, _| Ok(fs::write(world.index()?, "")?),
        Index::Unusable,
        true,
    ),
    (
        "a text",
        |world, _| Ok(fs::write(world.index()?, "[advisory]\n")?),
        Index::Unusable,
        true,
    ),
    (
        "a pipe",
        |world, _| {
            let index = world.index()?;
            fs::remove_file(&index)?;
            Ok(nix::unistd::mkfifo(&index, nix::sys::stat::Mode::S_IRWXU)?)
        },
        Index::Unusable,
        true,
    ),
    (
        "a socket",
        |world, _| {
            let index = world.index()?;
            fs::remove_file(&index)?;
            // Its path may be too long for a socket, so it is made elsewhere.
            let short = std::env::temp_dir().join(format!("faults-{}", std::process::id()));
            std::os::unix::net::UnixListener::bind(&short)?;
            let moved = Command::new("mv").arg(&short).arg(&index).status()?;
            ensure!(moved.success(), "could not move a socket");
            Ok(())
        },
        Index::Unusable,
        true,
    ),
    (
        "a sparse file of 1 GiB",
        |world, _| Ok(File::create(world.index()?)?.set_len(1 << 30)?),
        Index::Unusable,
        true,
    ),
    (
        "a link to the index",
        |world, _| {
            let index = world.index()?;
            let elsewhere = world.root.join("elsewhere.bin");
            fs::rename(&index, &elsewhere)?;
            Ok(symlink(elsewhere, index)?)
        },
        Index::Unusable,
        true,
    ),
    (
        "a link to a device without an end",
        |world, _| {
            let index = world.index()?;
            fs::remove_file(&index)?;
            Ok(symlink("/dev/zero", index)?)
        },
        Index::Unusable,
        true,
    ),
    (
        "a link to itself",
        |world, _| {
            let index = world.index()?;
            fs::remove_file(&index)?;
            Ok(symlink(&index, &index)?)
        },
        Index::Unusable,
        true,
    ),
    (
        "a folder",
        |world, _| {
            let index = world.index()?;
            fs::remove_file(&index)?;
            Ok(fs::create_dir(&index)?)
        },
        Index::Unusable,
        // What is in it may matter to somebody.
        false,
    ),
];

/// What lies in the place of a file that is no index. It is always a hint, so no build says anything of it.
const OTHERS: [(&str, Plant); 8] = [
    ("zeros", |path| Ok(fs::write(path, [0; 100])?)),
    ("an empty file", |path| Ok(fs::write(path, "")?)),
    ("a text", |path| Ok(fs::write(path, "{\"a\": [1, \n")?)),
    ("a pipe", |path| {
        fs::remove_file(path)?;
        Ok(nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU)?)
    }),
    ("a sparse file of 1 GiB", |path| {
        Ok(File::create(path)?.set_len(1 << 30)?)
    }),
    ("a link to a device without an end", |path| {
        fs::remove_file(path)?;
        Ok(symlink("/dev/zero", path)?)
    }),
    ("a link to itself", |path| {
        fs::remove_file(path)?;
        Ok(symlink(path, path)?)
    }),
    ("a folder", |path| {
        fs::remove_file(path)?;
        Ok(fs::create_dir(path)?)
    }),
];

/// Everything in the cache beside the index.
fn others(trial: &mut Trial, world: &World) -> Result<()> {
    world.forget()?;
    world.mended().updates()?;
    // Builds add what they note.
    world.says(Index::Sound)?;
    let saved = world.save()?;
    let index = world.index()?;
    let others: Vec<_> = saved
        .keys()
        .filter(|path| world.cache().join(path) != index)
        .collect();
    ensure!(others.len() > 1, "there is nothing beside the index");
    let step = if trial.plan.quick { 4 } else { 1 };
    for other in others {
        for (what, plant) in OTHERS.into_iter().step_by(step) {
            trial.case(
                &format!("in the place of `{}`: {what}", other.display()),
                || {
                    world.restore(&saved)?;
                    plant(&world.cache().join(other))?;
                    let ended = process::run(world.cargo(App::Clean, "check"))?;
                    holds!(
                        ended.time < Duration::from_secs(5),
                        "a build takes {:?}",
                        ended.time
                    );
                    world.says(Index::Sound)?;
                    whole(process::run(world.update())?)?;
                    world.says(Index::Sound)
                },
            )?;
        }
    }
    Ok(())
}

/// Row 7.
pub fn planted(trial: &mut Trial, stage: &Stage) -> Result<()> {
    let world = stage.world()?;
    world.mended().updates()?;
    let saved = world.save()?;
    for (what, plant, index, heals) in INDEXES {
        trial.case(&format!("in the place of the index: {what}"), || {
            world.restore(&saved)?;
            plant(&world, stage)?;
            let ended = process::run(world.cargo(App::Clean, "check"))?;
            holds!(
                ended.time < Duration::from_secs(5),
                "a build takes {:?}",
                ended.time
            );
            world.says(index)?;
            let ended = whole(process::run(world.update())?)?;
            if heals {
                holds!(ended.status == Ok(0), "it does not heal: {}", ended.text());
                world.says(Index::Sound)
            } else {
                holds!(ended.status == Ok(101), "it goes well: {}", ended.text());
                world.says(index)
            }
        })?;
    }
    others(trial, &world)
}
