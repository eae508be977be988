//! Many builds and refreshes at once, and much to look at.

use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use nix::errno::Errno;

use super::Stage;
use super::crash::commit;
use super::process;
use super::said::{Index, Said, denied, warned, whole};
use super::tracer::{self, Fate, Kind};
use super::trial::{Failure, Trial, Violation, holds};
use super::world::{App, World, advisory, made_up};

const BUILDS: usize = 64;
const REFRESHES: usize = 8;
const ROUNDS: usize = 3;
/// Builds at once. Each has a home and a target folder of its own, so that they do not wait for each other.
const LANES: usize = 16;

/// Row 5.
pub fn at_once(trial: &mut Trial, stage: &Stage) -> Result<()> {
    let shared = stage.root.join("shared-cache");
    let lanes = (0..LANES)
        .map(|lane| {
            let root = stage.root.join(format!("lane-{lane}"));
            let world = World::new(&root, &stage.products, &stage.plan)?;
            let database = stage.root.join("lane-0/advisory-db");
            let world = world.with_database(&database.display().to_string())?;
            Ok(world.with_cache(&shared))
        })
        .collect::<Result<Vec<_>>>()?;
    let source = &lanes[0];
    source.commit()?;
    let first = whole(process::run(source.mended().update())?)?;
    ensure!(first.status == Ok(0), "{}", first.text());

    for has_locks in [true, false] {
        for round in 0..ROUNDS {
            source.advisory(
                "other",
                &format!("RUSTSEC-202{}-000{round}", if has_locks { 1 } else { 2 }),
            )?;
            let new = source.commit()?;
            // Which refreshes are killed, and at which of their calls.
            let kills: Vec<Option<u64>> = (0..REFRESHES)
                .map(|_| (trial.below(2) == 0).then(|| trial.below(40)))
                .collect();
            // A sound one never writes to the index itself, and so is not killed amid that.
            let dies_writing = round == ROUNDS - 1;
            let failures = Mutex::new(Vec::new());
            let note = |case: usize, what: String, result: Result<()>| -> Result<()> {
                match result.map_err(|error| error.downcast::<Violation>()) {
                    Ok(()) => Ok(()),
                    Err(Ok(Violation(reason))) => {
                        failures
                            .lock()
                            .expect("no panic")
                            .push(Failure { case, what, reason });
                        Ok(())
                    }
                    Err(Err(error)) => Err(error),
                }
            };
            let next = AtomicUsize::new(0);
            let locks = if has_locks { "" } else { " without file locks" };
            thread::scope(|scope| -> Result<()> {
                let mut threads = Vec::new();
                for (refresh, kill) in kills.iter().enumerate() {
                    let (shared, note) = (&shared, &note);
                    threads.push(scope.spawn(move || {
                        let mut made = 0;
                        let ended = tracer::run(source.update(), |call| {
                            if call.kind == Kind::Lock && !has_locks {
                                return Fate::Failed(Errno::ENOSYS);
                            }
                            if !call.path.starts_with(shared) {
                                return Fate::Made;
                            }
                            made += 1;
                            let is_index = call.path.extension().is_some_and(|end| end == "bin");
                            let is_in_place = call.kind == Kind::Write && is_index;
                            if Some(made) == *kill || (dies_writing && is_in_place) {
                                Fate::Killed
                            } else {
                                Fate::Made
                            }
                        })?;
                        let right = || -> Result<()> {
                            if ended.status == Err(libc::SIGKILL)
                                && (kill.is_some() || dies_writing)
                            {
                                return Ok(());
                            }
                            let ended = whole(ended)?;
                            holds!(ended.status == Ok(0), "a refresh fails: {}", ended.text());
                            Ok(())
                        };
                        note(
                            BUILDS + refresh,
                            format!("round {round}{locks}, refresh {refresh}"),
                            right(),
                        )
                    }));
                }
                for lane in &lanes {
                    let (note, next) = (&note, &next);
                    threads.push(scope.spawn(move || {
                        loop {
                            let build = next.fetch_add(1, Ordering::Relaxed);
                            if build >= BUILDS {
                                return Ok(());
                            }
                            let is_denial = build % 2 == 1;
                            let app = if build % 4 == 3 {
                                App::Clean
                            } else {
                                App::Insecure
                            };
                            let line = if is_denial {
                                "check --deny-advisories"
                            } else {
                                "check"
                            };
                            let ended = tracer::run(lane.cargo(app, line), |call| {
                                if call.kind == Kind::Lock && !has_locks {
                                    Fate::Failed(Errno::ENOSYS)
                                } else {
                                    Fate::Made
                                }
                            })?;
                            let right = || -> Result<()> {
                                let said = if is_denial {
                                    denied(ended)?
                                } else {
                                    warned(ended)?
                                };
                                let expected = match (app, is_denial) {
                                    (App::Clean, _) => Said::Nothing,
                                    (App::Insecure, false) => Said::Found,
                                    (App::Insecure, true) => Said::Denied,
                                };
                                holds!(said == expected, "of {app:?} `{line}` says {said:?}");
                                Ok(())
                            };
                            note(
                                build,
                                format!("round {round}{locks}, build {build}"),
                                right(),
                            )?;
                        }
                    }));
                }
                for thread in threads {
                    thread.join().expect("no panic")?;
                }
                Ok(())
            })?;
            trial.add(BUILDS + REFRESHES, failures.into_inner().expect("no panic"))?;

            trial.case(&format!("after round {round}{locks}"), || {
                let last = whole(process::run(source.update())?)?;
                holds!(last.status == Ok(0), "a refresh fails: {}", last.text());
                holds!(
                    commit(source)?.as_ref() == Some(&new),
                    "the new commit is not taken"
                );
                source.says(Index::Sound)
            })?;
        }
    }
    Ok(())
}

/// Advisories of the big database: 100 times RustSec's.
const MANY: usize = 120_500;
/// Packages of the big Cargo.lock, of which 1 in 100 has an advisory.
const PACKAGES: usize = 5_000;
/// What the check of 5,000 packages among 120,500 advisories may take more than among few, on a processor: 20 ms for an
/// optimised product. The one that is tried is not optimised.
const LOOKUP: Duration = Duration::from_millis(20 * UNOPTIMISED);
/// What a refresh of them may take likewise.
const REFRESH: Duration = Duration::from_secs(30 * UNOPTIMISED);
/// How many times as long a product takes that is not optimised.
const UNOPTIMISED: u64 = 10;

/// Row 13.
pub fn much(trial: &mut Trial, stage: &Stage) -> Result<()> {
    let world = stage.world()?;
    // The defect is so slow that a tenth of them and one try will do.
    let (packages, tries) = match trial.plan.defect {
        Some(_) => (PACKAGES / 10, 1),
        None => (PACKAGES, 5),
    };
    let mut lockfile = "version = 4\n".to_owned();
    for number in 0..packages {
        let name = match number % 100 {
            0 => format!("package-{number}"),
            _ => format!("dependency-{number}"),
        };
        lockfile += &format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\nsource = \
             \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{}\"\n",
            "0".repeat(64)
        );
    }
    world.write("much/Cargo.lock", &lockfile)?;
    let line = "advisory check --format json --lockfile ../much/Cargo.lock";
    let best = |world: &World| -> Result<(Duration, usize)> {
        let mut best = Duration::MAX;
        let mut found = 0;
        for _ in 0..tries {
            let ended = whole(process::run(world.cargo(App::Clean, line))?)?;
            ensure!(ended.status == Ok(0), "{}", ended.text());
            best = best.min(ended.used.time);
            found = ended.stdout.matches("\"kind\":").count();
        }
        Ok((best, found))
    };
    // As many findings, in a database of the usual size.
    for number in (0..packages).step_by(100) {
        world.advisory(
            &format!("package-{number}"),
            &format!("RUSTSEC-2019-{number:04}"),
        )?;
        world.advisory(
            &format!("package-{number}"),
            &format!("RUSTSEC-2018-{number:04}"),
        )?;
    }
    world.mended().updates()?;
    let (small, few) = best(&world)?;

    let big = stage.root.join("big");
    repository(&big, MANY)?;
    let world = world.with_database(&big.display().to_string())?;
    trial.case("a refresh", || {
        let ended = whole(process::run(world.update())?)?;
        holds!(ended.status == Ok(0), "it fails: {}", ended.text());
        eprintln!("row 13: a refresh takes {:?}", ended.used);
        holds!(ended.used.time < REFRESH, "it takes {:?}", ended.used);
        Ok(())
    })?;
    trial.case("5,000 packages", || {
        let (time, many) = best(&world)?;
        let more = time.saturating_sub(small);
        eprintln!("row 13: {more:?} more than the {small:?} with a small index; {many} findings");
        holds!(many == few && many > 0, "{many} findings, not {few}");
        holds!(
            more < LOOKUP,
            "a check takes {more:?} more than with a small index"
        );
        Ok(())
    })?;
    trial.case("a build", || world.says(Index::Sound))
}

/// A bare repository with one commit of `count` advisories, two for a package. As files they would take minutes to remove.
fn repository(folder: &Path, count: usize) -> Result<()> {
    let mut init = Command::new("git");
    init.args(["init", "--quiet", "--bare", "--initial-branch=main"]);
    let ended = process::run({
        init.arg(folder);
        init
    })?;
    ensure!(ended.status == Ok(0), "{}", ended.text());
    let mut import = Command::new("git")
        .args(["fast-import", "--quiet"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .spawn()?;
    let stdin = import.stdin.take().context("git has no input")?;
    let mut stream = BufWriter::new(stdin);
    write!(
        stream,
        "commit refs/heads/main\ncommitter x <x@example.com> 1700000000 +0000\ndata 1\nx\n"
    )?;
    let leaky = (
        "crates/leaky/RUSTSEC-2019-0001.md".to_owned(),
        advisory("leaky", "RUSTSEC-2019-0001"),
    );
    for (path, text) in (1..count).map(|number| made_up(number - 1)).chain([leaky]) {
        write!(
            stream,
            "M 100644 inline {path}\ndata {}\n{text}\n",
            text.len()
        )?;
    }
    drop(stream);
    ensure!(import.wait()?.success(), "git could not import");
    Ok(())
}
