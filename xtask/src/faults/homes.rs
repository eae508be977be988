//! A home and a cache that are not as one would expect.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::Stage;
use super::mounts::Mounts;
use super::process;
use super::said::{Index, Said, denied, warned, whole};
use super::trial::{Trial, holds};
use super::world::{App, World};

/// Root without the right to write and read everything.
const UNPRIVILEGED: [&str; 2] = [
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search,-fowner",
];
/// Whoever that is, not the one who runs this.
const ANOTHER: u32 = 12_345;

/// What there is to do to a world with an index.
type Change = fn(&World) -> Result<()>;

/// What there is to do to a path.
type Plant = fn(&Path) -> Result<()>;

/// What becomes of the cache, what builds say, and whether a refresh mends it.
const CACHES: [(&str, Change, Index, bool); 9] = [
    (
        "it is missing",
        |world| world.forget(),
        Index::Unusable,
        true,
    ),
    (
        "it is a file",
        |world| {
            world.forget()?;
            Ok(fs::write(world.cache(), "")?)
        },
        Index::Unusable,
        false,
    ),
    (
        "it is a link to itself",
        |world| {
            world.forget()?;
            Ok(symlink(world.cache(), world.cache())?)
        },
        Index::Unusable,
        false,
    ),
    (
        "it leads nowhere",
        |world| {
            world.forget()?;
            Ok(symlink(world.root.join("nowhere/else"), world.cache())?)
        },
        Index::Unusable,
        false,
    ),
    (
        "it and all in it belong to another user",
        |world| {
            own(&world.index()?, ANOTHER)?;
            own(&world.cache(), ANOTHER)
        },
        Index::Unusable,
        false,
    ),
    (
        "it belongs to another user, the index does not",
        |world| own(&world.cache(), ANOTHER),
        Index::Sound,
        false,
    ),
    (
        "everybody may write to it",
        |world| mode(&world.cache(), 0o777),
        Index::Sound,
        true,
    ),
    (
        "nobody may read it",
        |world| mode(&world.cache(), 0o000),
        Index::Unusable,
        false,
    ),
    (
        "nobody may write to it",
        |world| mode(&world.cache(), 0o555),
        Index::Sound,
        false,
    ),
];

fn own(path: &Path, user: u32) -> Result<()> {
    std::os::unix::fs::chown(path, Some(user), None)
        .with_context(|| format!("could not give {path:?} away"))
}

fn mode(path: &Path, mode: u32) -> Result<()> {
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
}

/// Row 4.
pub fn homes(trial: &mut Trial, stage: &Stage) -> Result<()> {
    let is_root = nix::unistd::geteuid().is_root();
    let world = stage.world()?;
    world.mended().updates()?;
    let saved = world.save()?;
    let unprivileged = world.behind(&UNPRIVILEGED.map(str::to_owned));
    let user = if is_root { &unprivileged } else { &world };

    for (what, change, index, heals) in CACHES {
        if what.contains("another user") && !is_root {
            ensure!(
                is_root,
                "giving files away takes root; run this row as root"
            );
        }
        trial.case(&format!("the cache: {what}"), || {
            world.restore(&saved)?;
            change(&world)?;
            user.says(index)?;
            let before = world.bytes();
            let ended = whole(process::run(user.update())?)?;
            if heals {
                holds!(ended.status == Ok(0), "it does not heal: {}", ended.text());
                user.says(Index::Sound)?;
            } else {
                holds!(ended.status == Ok(101), "it goes well: {}", ended.text());
                holds!(world.bytes() == before, "the index has changed");
                user.says(index)?;
            }
            if world.cache().is_dir() && !world.cache().is_symlink() {
                own(&world.cache(), nix::unistd::geteuid().as_raw())?;
                mode(&world.cache(), 0o700)?;
            }
            Ok(())
        })?;
    }

    for (name, is_there, index) in [
        ("with an index", true, Index::Sound),
        ("without an index", false, Index::Unusable),
    ] {
        trial.case(&format!("a home on a read-only disk, {name}"), || {
            world.restore(&saved)?;
            if !is_there {
                fs::remove_dir_all(world.cache())?;
            }
            let home = world.home().display().to_string();
            let mounts = Mounts::new(&format!(
                "mount --bind {home} {home}\nmount -o remount,bind,ro {home}"
            ))?;
            let there = world.in_mounts(&mounts);
            there.says(index)?;
            let ended = whole(process::run(there.update())?)?;
            holds!(ended.status == Ok(101), "it goes well: {}", ended.text());
            there.says(index)
        })?;
    }
    for (what, make) in HOMES {
        if what.contains("another user") && !is_root {
            continue;
        }
        trial.case(&format!("cargo's home: {what}"), || odd_home(user, make))?;
    }
    trial.case("a home that is missing, where cargo's is not", || {
        world.restore(&saved)?;
        let mut build = world.cargo(App::Insecure, "check");
        build.env("HOME", world.root.join("nowhere"));
        let said = warned(process::run(build)?)?;
        holds!(said == Said::Found, "a build says {said:?}");
        Ok(())
    })
}

/// What cargo's home may be where it is no home yet.
const HOMES: [(&str, Plant); 5] = [
    ("it is missing", |_| Ok(())),
    ("it is a file", |home| Ok(fs::write(home, "")?)),
    ("it is a link to itself", |home| Ok(symlink(home, home)?)),
    ("it belongs to another user", |home| {
        fs::create_dir(home)?;
        own(home, ANOTHER)
    }),
    ("everybody may write to it", |home| {
        fs::create_dir(home)?;
        mode(home, 0o777)
    }),
];

/// There is no index in it, and whatever cargo does with it without us it does with us.
fn odd_home(world: &World, make: Plant) -> Result<()> {
    let home = world.root.join("odd-home");
    let at_home = |line: &str| {
        let mut command = world.cargo(App::Insecure, line);
        command.env("HOME", &home).env("CARGO_HOME", &home);
        for setting in world.settings() {
            command.args(["--config", &setting]);
        }
        process::run(command)
    };
    let emptied = || -> Result<()> {
        match home.symlink_metadata() {
            Ok(meta) if meta.is_dir() => fs::remove_dir_all(&home)?,
            Ok(_) => fs::remove_file(&home)?,
            Err(_) => {}
        }
        make(&home)
    };

    emptied()?;
    let plain = whole(at_home("check --config advisory.enabled=false")?)?;
    emptied()?;
    let ended = whole(at_home("check")?)?;
    holds!(
        ended.status == plain.status && ended.stdout == plain.stdout,
        "cargo alone: {}\nwith us: {}",
        plain.text(),
        ended.text()
    );
    if ended.status == Ok(0) {
        let said = warned(ended)?;
        holds!(matches!(said, Said::Note(_)), "a build says {said:?}");
    }
    let said = denied(at_home("check --deny-advisories")?)?;
    holds!(matches!(said, Said::Refused(_)), "a denial says {said:?}");
    let updated = whole(at_home("advisory update")?)?;
    if updated.status == Ok(0) {
        let said = denied(at_home("check --deny-advisories")?)?;
        holds!(
            said == Said::Denied,
            "after a refresh a denial says {said:?}"
        );
    }
    emptied()
}
