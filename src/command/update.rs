//! `cargo advisory update`: refresh the index now.

use std::sync::mpsc;
use std::thread;

use anyhow::anyhow;
use cargo::util::{Progress as Bar, ProgressStyle};
use cargo::{CargoResult, CliResult, GlobalContext};
use clap::{ArgMatches, Command};
use jiff::Timestamp;

use super::network::network;
use crate::advisory::Kind;
use crate::config::Config;
use crate::database::Progress;
use crate::index::Index;
use crate::index::store::Store;
use crate::refresh::Refresh;
use crate::report::{Configured, counted};

pub(super) fn cli() -> Command {
    Command::new("update").about("Bring the index of advisories up to date")
}

pub(super) fn exec(gctx: &mut GlobalContext, _args: &ArgMatches) -> CliResult {
    let config = Config::load(gctx)?;
    let store = Store::new(&config.cache_dir);
    let network = network(gctx, &config)?;
    let refresh = Refresh {
        store: &store,
        databases: &config.databases,
        network: network.as_ref(),
        now: Timestamp::now(),
    };
    let index = run(gctx, &refresh)?;
    gctx.shell().status("Updated", summary(&index))?;
    Ok(())
}

/// Runs `refresh` beside a bar that shows how far it is.
fn run(gctx: &GlobalContext, refresh: &Refresh<'_>) -> CargoResult<Index> {
    let mut bar = Bar::with_style("Updating", ProgressStyle::Percentage, gctx);
    thread::scope(|scope| {
        let (events, received) = mpsc::channel();
        let worker = scope.spawn(move || {
            refresh.run(&|database, event| {
                // The other end goes away only when the bar cannot be drawn, which must not stop the refresh.
                let _ = events.send((database.to_owned(), event));
            })
        });
        let mut current = None;
        for (database, event) in received {
            if current.as_ref() != Some(&database) {
                bar.clear();
                gctx.shell().status(
                    "Updating",
                    format!("advisory database `{}`", Configured(&database)),
                )?;
                current = Some(database);
            }
            match event {
                Progress::Started => {}
                Progress::Fetching { received } => {
                    bar.print_now(&format!("{} KiB received", received / 1024))?;
                }
                Progress::Parsing { done } => {
                    bar.print_now(&counted(done, "advisory", "advisories"))?;
                }
            }
        }
        bar.clear();
        match worker.join() {
            Ok(refreshed) => refreshed,
            Err(_) => Err(anyhow!(
                "the refresh stopped on a bug; the old index is unharmed"
            )),
        }
    })
}

/// `index to 1205 advisories (73 malicious, 653 vulnerability, ..., 13 withdrawn)`.
fn summary(index: &Index) -> String {
    let counts: Vec<String> = Kind::ALL
        .into_iter()
        .map(|kind| (index.count(kind), kind.as_str()))
        .chain([(index.withdrawn(), "withdrawn")])
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let mut summary = format!(
        "index to {} ({})",
        counted(
            index.advisories() + index.withdrawn(),
            "advisory",
            "advisories"
        ),
        counts.join(", ")
    );
    let quarantined = index.quarantined().len();
    if quarantined > 0 {
        summary.push_str(&format!(
            "; {} not understood, `cargo advisory status` shows why",
            counted(quarantined, "file was", "files were")
        ));
    }
    summary
}
