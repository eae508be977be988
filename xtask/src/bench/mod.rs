//! `cargo xtask bench`: our cargo against the installed one, and the check against its budgets.
//!
//! What is compared is measured in turns within one run, so that whatever else the machine does falls on all alike. A
//! ratio is the median of the ratios of each turn.

mod audit;
mod build;
mod callgrind;
mod details;
mod fleet;
mod inside;
mod machine;
mod measure;
mod policy;
mod quiet;
mod setting;
mod silent;
mod snapshots;
mod table;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process;
use measure::Contender;
use setting::Setting;
use table::{Row, Table};

/// How to measure.
pub struct Options {
    /// Put the figures into `BENCHMARKS.md`.
    pub write: bool,
    /// How often each process is run.
    pub runs: usize,
    /// Install `cargo-audit` if there is none.
    pub audit: bool,
    /// Our cargo, if it is not to be built.
    pub binary: Option<PathBuf>,
    /// Only the check of many lockfiles, while working on it.
    pub fleet: bool,
    /// Only what a fleet of machines asks of the server of a snapshot.
    pub snapshots: bool,
}

/// Measures all, prints a Markdown table, and says which budgets are missed.
pub fn run(options: &Options) -> Result<()> {
    let setting = Setting::prepare(options)?;
    if options.snapshots {
        return snapshots::measure(&setting);
    }
    if options.fleet {
        machine::wait_until_quiet();
        let mut table = Table::default();
        fleet::measure(&setting, options.runs, &mut table)?;
        println!("{table}");
        return Ok(());
    }
    let audit = audit::find(options.audit)?;
    let inside = inside::build()?;
    let checks = build::warm_up(&setting)?;
    let load = machine::wait_until_quiet();

    let mut table = Table::default();
    build::measure(&checks, &setting, options.runs, &mut table)?;
    silent::measure(&checks, &setting, options.runs, &mut table)?;
    version(&setting, options.runs, &mut table)?;
    audit::measure(&setting, audit.as_deref(), options.runs, &mut table)?;
    details::measure(&setting, options.runs, &mut table)?;
    fleet::measure(&setting, options.runs, &mut table)?;
    inside::measure(&setting, &inside, &mut table)?;

    let machine = machine::describe(&setting, audit.as_deref(), options.runs, load)?;
    let figures = format!("{machine}\n\n{table}");
    println!("{figures}");
    if options.write {
        table::write(&figures, &process::root().join("BENCHMARKS.md"))?;
        eprintln!("wrote `BENCHMARKS.md`");
    }
    for missed in table.missed() {
        eprintln!("over budget: {missed}");
    }
    Ok(())
}

/// What starting costs.
fn version(setting: &Setting, runs: usize, table: &mut Table) -> Result<()> {
    let contender = |binary| {
        let mut command = setting.command(binary);
        command.arg("version");
        Contender::new(command)
    };
    let mut contenders = [contender(&setting.ours), contender(&setting.official)];
    let [ours, official] = measure::in_turns("`cargo version`", &mut contenders, runs)?;
    table.push(Row::times("`cargo version`", &ours, "official", &official));
    Ok(())
}

/// Says what is going on. What is printed to stdout is the table alone.
fn say(what: &str) {
    eprintln!("==> {what}");
}

/// Removes the folder `path`, if it is there, and makes it again.
fn empty(path: &Path) -> Result<()> {
    if path.exists() {
        fs::remove_dir_all(path)
            .with_context(|| format!("could not empty `{}`", process::short(path)))?;
    }
    fs::create_dir_all(path).with_context(|| format!("could not make `{}`", process::short(path)))
}
