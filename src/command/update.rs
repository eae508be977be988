//! `cargo advisory update`: refresh the index now.

use anyhow::bail;
use cargo::util::{Progress as Bar, ProgressStyle};
use cargo::{CargoResult, CliResult, GlobalContext};
use clap::{Arg, ArgAction, ArgMatches, Command};
use jiff::Timestamp;

use super::network::network;
use crate::advisory::Kind;
use crate::config::Config;
use crate::database::Progress;
use crate::index::Index;
use crate::index::store::Store;
use crate::refresh::Refreshed;
use crate::refresh::bounds::{Bounds, Task};
use crate::report::{Configured, counted};

const ACCEPT: &str = "accept-rewrite";

pub(super) fn cli() -> Command {
    Command::new("update")
        .about("Bring the index of advisories up to date")
        .arg(
            Arg::new(ACCEPT)
                .long(ACCEPT)
                .value_name("DATABASE")
                .action(ArgAction::Append)
                .help(
                    "Take this database even if its history was rewritten or advisories are gone",
                ),
        )
}

pub(super) fn exec(gctx: &mut GlobalContext, args: &ArgMatches) -> CliResult {
    let config = Config::load(gctx)?;
    let task = Task {
        store: Store::new(&config.cache_dir),
        accepted: accepted(args, &config.databases)?,
        network: network(gctx, &config)?,
        databases: config.databases,
        now: Timestamp::now(),
    };
    let refreshed = run(gctx, task)?;
    for (database, reason) in &refreshed.accepted {
        gctx.shell().warn(format!(
            "the database `{}` was taken, as `--{ACCEPT}` says: {reason}",
            Configured(database)
        ))?;
    }
    gctx.shell().status("Updated", summary(&refreshed.index))?;
    Ok(())
}

/// What `--accept-rewrite` names, which must be configured.
fn accepted(args: &ArgMatches, databases: &[String]) -> CargoResult<Vec<String>> {
    let accepted: Vec<String> = args.get_many(ACCEPT).unwrap_or_default().cloned().collect();
    for database in &accepted {
        if !databases.contains(database) {
            let allowed: Vec<String> = databases
                .iter()
                .map(|database| format!("`{}`", Configured(database)))
                .collect();
            bail!(
                "bad value `{}` for `--{ACCEPT}`; allowed are the configured databases, {}",
                Configured(database),
                allowed.join(", ")
            );
        }
    }
    Ok(accepted)
}

/// Runs `task` beside a bar that shows how far it is.
fn run(gctx: &GlobalContext, task: Task) -> CargoResult<Refreshed> {
    let mut bar = Bar::with_style("Updating", ProgressStyle::Percentage, gctx);
    let mut current = None;
    let mut drawn = Ok(());
    let refreshed = task.run(&Bounds::default(), &mut |database, event| {
        // A bar that cannot be drawn does not stop the refresh.
        if drawn.is_ok() {
            drawn = draw(gctx, &mut bar, &mut current, database, event);
        }
    });
    bar.clear();
    let refreshed = refreshed?;
    drawn?;
    Ok(refreshed)
}

/// `current` is the database that was drawn last.
fn draw(
    gctx: &GlobalContext,
    bar: &mut Bar<'_>,
    current: &mut Option<String>,
    database: &str,
    event: Progress,
) -> CargoResult<()> {
    if current.as_deref() != Some(database) {
        bar.clear();
        gctx.shell().status(
            "Updating",
            format!("advisory database `{}`", Configured(database)),
        )?;
        *current = Some(database.to_owned());
    }
    match event {
        Progress::Started => Ok(()),
        Progress::Fetching { received } => {
            bar.print_now(&format!("{} KiB received", received / 1024))
        }
        Progress::Parsing { done } => bar.print_now(&counted(done, "advisory", "advisories")),
    }
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
