//! `cargo xtask faults`: the fault plan of `docs/reliability.md`, run against real processes of our cargo.
//!
//! Each row is tried twice: with the product as it is, where nothing may fail, and with one that has a defect on purpose,
//! where the row must fail, and for the right reason. Without the second run a row that looks at nothing would pass, too.

mod action;
mod clock;
mod crash;
mod crowd;
mod damage;
mod history;
mod homes;
mod hostile;
mod mounts;
mod offline;
mod planted;
mod process;
mod records;
mod room;
mod row;
mod said;
mod server;
mod signals;
mod tracer;
mod trial;
mod world;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};

use self::row::{Control, ROWS, Row, Turn};
use self::said::SECRET;
use self::trial::{Enough, Failure, Plan, Trial, holds};
use self::world::{Products, World};
use crate::product;

/// What to run.
#[derive(Debug, Default)]
pub struct Options {
    /// Only these rows, by number.
    pub rows: Vec<u32>,
    /// Only this case of them, without controls.
    pub case: Option<usize>,
    /// For what is chosen by chance.
    pub seed: Option<u64>,
    /// Only rows of a few seconds, with fewer samples.
    pub quick: bool,
    /// How many rows at a time.
    pub jobs: Option<usize>,
    /// A database in RustSec's layout, instead of one that is made up.
    pub database: Option<PathBuf>,
}

/// RustSec's database, where the variable names a folder that has it.
pub fn real_database() -> Option<PathBuf> {
    let folder = PathBuf::from(env::var_os("ADVISORY_TEST_DATA")?);
    Some(folder.join("advisory-db")).filter(|database| database.is_dir())
}

/// What a row has to work with.
#[derive(Debug)]
pub struct Stage {
    pub products: Products,
    /// A folder of its own.
    pub root: PathBuf,
    pub plan: Plan,
    /// As in [`Options`].
    pub database: Option<PathBuf>,
}

impl Stage {
    /// A world with two advisories and no index.
    pub fn world(&self) -> Result<World> {
        World::new(&self.root.join("world"), &self.products, &self.plan)
    }
}

/// Runs the plan and prints its table.
///
/// # Errors
///
/// If a row fails, if a control does not, or if the suite itself does.
pub fn run(options: &Options) -> Result<()> {
    let unknown = options
        .rows
        .iter()
        .find(|number| ROWS.iter().all(|row| row.number != **number));
    ensure!(unknown.is_none(), "there is no row {unknown:?}");
    let rows: Vec<&Row> = ROWS
        .iter()
        .filter(|row| options.rows.is_empty() || options.rows.contains(&row.number))
        .filter(|row| !options.quick || row.is_quick)
        .collect();
    let products = products()?;
    let seed = options.seed.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.map_or(1, |now| now.as_secs())
    });
    println!("seed {seed}");

    let started = Instant::now();
    let plan = |defect| Plan {
        defect,
        only: options.case,
        seed,
        quick: options.quick,
    };
    let mut jobs: Vec<Job<'_>> = Vec::new();
    for row in &rows {
        jobs.push(Job {
            row,
            control: None,
            plan: plan(None),
        });
        if options.case.is_none() {
            jobs.extend(row.controls.iter().map(|control| Job {
                row,
                control: Some(control),
                plan: plan(Some(control.defect)),
            }));
        }
    }
    jobs.sort_by_key(|job| job.row.turn);
    let (alone, together): (Vec<_>, Vec<_>) = jobs
        .into_iter()
        .partition(|job| job.row.turn == Turn::Alone);
    // Some of them only wait for a server that hangs.
    let processors = thread::available_parallelism().map_or(1, Into::into);
    let at_once = options.jobs.unwrap_or(processors + 1);
    let mut results = run_all(together, at_once, options, &products);
    results.extend(run_all(alone, 1, options, &products));
    print(&rows, results, started.elapsed().as_secs_f64())
}

/// A row and what it is run against.
struct Job<'a> {
    row: &'a Row,
    control: Option<&'a Control>,
    plan: Plan,
}

/// What came of it.
struct Ran {
    number: u32,
    control: Option<Control>,
    tried: usize,
    failures: Vec<Failure>,
    seconds: f64,
    /// Why the suite could not go on.
    error: Option<anyhow::Error>,
}

fn run_all(
    mut jobs: Vec<Job<'_>>,
    at_once: usize,
    options: &Options,
    products: &Products,
) -> Vec<Ran> {
    jobs.reverse();
    let jobs = Mutex::new(jobs);
    let ran = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let job = jobs.lock().expect("no panic").pop();
                    let Some(job) = job else { return };
                    let one = run_one(&job, options, products);
                    ran.lock().expect("no panic").push(one);
                }
            });
        }
    });
    ran.into_inner().expect("no panic")
}

fn run_one(job: &Job<'_>, options: &Options, products: &Products) -> Ran {
    let variant = job.control.map_or("as-it-is", |control| control.defect);
    let stage = Stage {
        products: products.clone(),
        root: crate::process::target("faults").join(format!("{}-{variant}", job.row.number)),
        plan: job.plan,
        database: options.database.clone(),
    };
    let mut trial = Trial::new(job.plan);
    let ended = emptied(&stage.root)
        .and_then(|()| (job.row.run)(&mut trial, &stage))
        .and_then(|()| trial.case("secrets in what was written", || keeps_secrets(&stage.root)));
    let error = ended.err().filter(|error| !error.is::<Enough>());
    if error.is_none() && trial.failures.is_empty() {
        // What a failure has left is kept, to be looked at.
        let _ = fs::remove_dir_all(&stage.root);
    }
    let ran = Ran {
        number: job.row.number,
        control: job.control.copied(),
        tried: trial.tried,
        seconds: trial.seconds(),
        failures: trial.failures,
        error,
    };
    eprintln!(
        "row {:2} {variant}: {} tried, {} failed, {:.1} s",
        ran.number,
        ran.tried,
        ran.failures.len(),
        ran.seconds
    );
    ran
}

/// What was planted as a secret is in no file but in the user's own configuration.
fn keeps_secrets(root: &Path) -> Result<()> {
    let mut grep = Command::new("grep");
    grep.args([
        "--recursive",
        "--devices=skip",
        "--files-with-matches",
        "--text",
    ])
    .args(["--exclude=config.toml", "--exclude=credentials.toml"])
    .args(["--fixed-strings", SECRET])
    .arg(root);
    let ended = process::run(grep)?;
    holds!(ended.stdout.is_empty(), "a secret is in {}", ended.stdout);
    Ok(())
}

/// Removes what an earlier run has left.
fn emptied(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("could not empty {folder:?}"))
        }
        _ => Ok(()),
    }
}

/// Whether the control failed as it should.
fn has_failed(ran: &Ran, control: &Control) -> bool {
    let reasons = ran.failures.iter().map(|failure| &failure.reason);
    ran.error.is_none()
        && reasons
            .into_iter()
            .any(|reason| reason.contains(control.shows))
}

fn print(rows: &[&Row], results: Vec<Ran>, seconds: f64) -> Result<()> {
    const MOST_TOLD: usize = 5;
    let mut by_row: BTreeMap<u32, Vec<Ran>> = BTreeMap::new();
    for ran in results {
        by_row.entry(ran.number).or_default().push(ran);
    }
    let mut bad = 0;
    let mut told = String::new();
    println!("| # | fault | cases | failures | control: product that ... | fails | seconds |");
    println!("|---|---|---|---|---|---|---|");
    for row in rows {
        let ran = by_row.remove(&row.number).unwrap_or_default();
        for ran in &ran {
            let who = ran.control.map_or("", |control| control.defect);
            if let Some(error) = &ran.error {
                bad += 1;
                told += &format!("row {} {who}: the suite failed: {error:#}\n", row.number);
            }
            if let Some(control) = &ran.control {
                if ran.error.is_none() && !has_failed(ran, control) {
                    bad += 1;
                    told += &format!(
                        "row {}: the control `{who}` does not fail with `{}`\n",
                        row.number, control.shows
                    );
                } else {
                    continue;
                }
            }
            bad += usize::from(!ran.failures.is_empty());
            for failure in ran.failures.iter().take(MOST_TOLD) {
                told += &format!(
                    "row {}, case {}, {}: {}\n",
                    row.number, failure.case, failure.what, failure.reason
                );
            }
        }
        let itself = ran.iter().find(|ran| ran.control.is_none());
        let controls: Vec<&Ran> = ran.iter().filter(|ran| ran.control.is_some()).collect();
        let names: Vec<&str> = row.controls.iter().map(|control| control.what).collect();
        let fail = controls
            .iter()
            .all(|ran| ran.control.is_some_and(|control| has_failed(ran, &control)));
        println!(
            "| {} | {} | {} | {} | {} | {} | {:.1} |",
            row.number,
            row.name,
            itself.map_or(0, |ran| ran.tried),
            itself.map_or(0, |ran| ran.failures.len()),
            names.join("; "),
            match (controls.is_empty(), fail) {
                (true, _) => "not run",
                (false, true) => "yes",
                (false, false) => "NO",
            },
            ran.iter().map(|ran| ran.seconds).sum::<f64>()
        );
    }
    println!("\n{seconds:.0} seconds in all");
    ensure!(bad == 0, "the fault plan does not hold:\n{told}");
    Ok(())
}

/// What is in a program only where it was built with the feature `faults`.
const DOOR: &str = "ADVISORY_FAULT_";

/// Builds the binaries that are tried, and looks that only one of them has doors.
fn products() -> Result<Products> {
    let folder = crate::process::target("faults");
    fs::create_dir_all(&folder)?;
    let mut command = product::cargo("build", &["faults"])?;
    command.arg("--bins");
    let built = product::artifacts(&mut command)?;
    let taken = |name: &str, to: &str| -> Result<PathBuf> {
        let to = folder.join(to);
        copy(&product::find(&built, name)?, &to)?;
        Ok(to)
    };
    let doored = taken("cargo", "doored")?;
    let loader = taken("load-index", "load-index")?;
    // It has the same name and comes last, so that what is left in the target folder has no doors.
    let plain = folder.join("plain");
    copy(&product::build(product::Profile::Fast)?, &plain)?;
    for (product, has_doors) in [(&plain, false), (&doored, true)] {
        let mut grep = Command::new("grep");
        grep.args(["--quiet", "--text", "--fixed-strings", DOOR]);
        let found = grep.arg(product).status()?.success();
        ensure!(
            found == has_doors,
            "`{}` {}",
            crate::process::short(product),
            if found { "has doors" } else { "has no doors" }
        );
    }
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "sysroot"]);
    Ok(Products {
        plain,
        doored,
        loader,
        sysroot: crate::process::stdout(&mut rustc)?.into(),
    })
}

/// All at once, and also where what was there still runs.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let new = to.with_extension("new");
    fs::copy(from, &new)
        .and_then(|_| fs::rename(&new, to))
        .with_context(|| format!("could not copy {from:?} to {to:?}"))
}
