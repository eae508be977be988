//! `cargo advisory update`: refresh the index now. Builds start it too, with options that are not for people.

use std::ffi::OsString;
use std::time::{Duration, Instant, SystemTime};

use anyhow::bail;
use cargo::util::{Progress as Bar, ProgressStyle};
use cargo::{CargoResult, CliError, CliResult, GlobalContext};
use cargo_util::paths;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use jiff::Timestamp;

use super::network::network;
use super::registries::{crates_io, questions};
use crate::advisory::Kind;
use crate::config::Config;
use crate::database::Progress;
use crate::fault;
use crate::freshness::{Freshness, limit_words};
use crate::graph::workspace::LOCKFILE;
use crate::index::store::Store;
use crate::index::{Index, Verify};
use crate::problem;
use crate::refresh::Refreshed;
use crate::refresh::bounds::{Bounds, Task};
use crate::refresh::process::{BACKGROUND_LIMIT, BEFORE_CHECK_LIMIT};
use crate::refresh::record::{Outcome, Record};
use crate::refresh::turn::{self, Turn};
use crate::report::{Configured, Untrusted, counted};
use crate::yanks::seen;

pub(super) const NAME: &str = "update";

/// What is left of a limit for starting, and for writing down what came of it.
const SLACK: Duration = Duration::from_secs(2);
/// What a refresh in the background may take.
const BACKGROUND_TIME: Duration = BACKGROUND_LIMIT.saturating_sub(SLACK);
/// How long a check waits for a refresh that comes before it.
pub(super) const BEFORE_CHECK_TIME: Duration = BEFORE_CHECK_LIMIT.saturating_sub(SLACK);

const ACCEPT: &str = "accept-rewrite";
const BACKGROUND: &str = "background";
const BEFORE: &str = "before-check";
const DATABASE: &str = "database";

/// The option for a refresh that was [claimed](turn::claim) at `begun` and that nobody waits for.
pub(super) fn in_background(begun: Timestamp) -> OsString {
    format!("--{BACKGROUND}={begun}").into()
}

/// The option for a refresh that a check waits for, and of whose failure it tells.
pub(super) fn before_check() -> OsString {
    format!("--{BEFORE}").into()
}

/// The option that takes the place of the configured databases. There may be several.
pub(super) fn of_database(database: &str) -> OsString {
    format!("--{DATABASE}={database}").into()
}

pub(super) fn cli() -> Command {
    Command::new(NAME)
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
        .arg(
            Arg::new(BACKGROUND)
                .long(BACKGROUND)
                .value_name("TIME")
                .num_args(0..=1)
                .require_equals(true)
                .value_parser(value_parser!(Timestamp))
                .conflicts_with_all([BEFORE, ACCEPT])
                .hide(true)
                .help("Refresh without a word, unless that was tried a short while ago"),
        )
        .arg(
            Arg::new(BEFORE)
                .long(BEFORE)
                .action(ArgAction::SetTrue)
                .conflicts_with(ACCEPT)
                .hide(true)
                .help("Refresh before a check that waits for it"),
        )
        .arg(
            Arg::new(DATABASE)
                .long(DATABASE)
                .value_name("DATABASE")
                .action(ArgAction::Append)
                .hide(true)
                .help("Refresh the index of this database instead of the configured ones"),
        )
}

pub(super) fn exec(gctx: &mut GlobalContext, args: &ArgMatches) -> CliResult {
    let config = Config::load(gctx)?;
    let databases = match args.get_many(DATABASE) {
        Some(given) => given.cloned().collect(),
        None => config.databases.clone(),
    };
    let store = Store::new(&config.cache_dir);
    let mut task = Task {
        accepted: accepted(args, &databases)?,
        store,
        databases,
        network: None,
        questions: Vec::new(),
        now: fault::now(),
    };
    if args.contains_id(BACKGROUND) {
        let claimed = args.get_one(BACKGROUND).copied();
        let Some(_turn) = turn_in_background(&task, claimed)? else {
            return Ok(());
        };
        let started = Instant::now();
        connect(gctx, &config, &mut task)?;
        task.run(&within(left(BACKGROUND_TIME, started)), &mut |_, _| {})?;
        return Ok(());
    }
    let is_told_by_others = args.get_flag(BEFORE);
    let time = match is_told_by_others {
        true => BEFORE_CHECK_TIME,
        false => Bounds::default().time,
    };
    match refresh(gctx, &config, task, time, is_told_by_others) {
        Err(_) if is_told_by_others => Err(CliError::code(101)),
        refreshed => Ok(refreshed?),
    }
}

/// Takes the turn for a refresh that was claimed, or claims it. None where somebody else has done so.
fn turn_in_background(task: &Task, claimed: Option<Timestamp>) -> CargoResult<Option<Turn>> {
    let (store, databases) = (&task.store, &task.databases);
    let claimed = match claimed {
        Some(claimed) => claimed,
        None if turn::claim(store, databases, task.now)? => task.now,
        None => return Ok(None),
    };
    Ok(turn::take_claimed(store, databases, claimed))
}

/// Notes the lockfile of this folder: on a machine that has built nothing yet, it is about to be.
fn note_lockfile(gctx: &GlobalContext, config: &Config) {
    let mut lockfiles = paths::ancestors(gctx.cwd(), None).map(|folder| folder.join(LOCKFILE));
    let nearest = lockfiles.find(|path| path.is_file());
    if let Some(lockfile) = nearest {
        seen::note_workspace(&config.cache_dir, &lockfile, SystemTime::now(), || {
            crates_io(gctx)
        });
    }
}

/// Gives `task` the network, and what to ask registries there. From here on `gctx` has no configuration of workspaces.
fn connect(gctx: &mut GlobalContext, config: &Config, task: &mut Task) -> CargoResult<()> {
    task.network = network(gctx, config)?;
    if task.network.is_some() {
        match questions(gctx, config) {
            Ok(questions) => task.questions = questions,
            // What is wrong with the configuration of registries keeps nobody from the advisories.
            Err(error) => gctx
                .shell()
                .warn(format!("registries cannot be asked about yanks: {error:#}"))?,
        }
    }
    Ok(())
}

/// Refreshes and says so. `time` is for waiting and, if `waiting_counts`, for refreshing too.
fn refresh(
    gctx: &mut GlobalContext,
    config: &Config,
    mut task: Task,
    time: Duration,
    waiting_counts: bool,
) -> CargoResult<()> {
    let started = Instant::now();
    let _turn = match wait_for_turn(gctx, &task, time)? {
        Waited::Turn(turn) => turn,
        Waited::Refreshed(index) => {
            gctx.shell().status("Updated", summary(&index, 0))?;
            return warn_of_publishers(gctx, config, &index, fault::now());
        }
    };
    let started = match waiting_counts {
        true => started,
        false => Instant::now(),
    };
    note_lockfile(gctx, config);
    connect(gctx, config, &mut task)?;
    task.now = fault::now();
    let packages = task
        .questions
        .iter()
        .map(|question| question.packages.len())
        .sum();
    let now = task.now;
    let refreshed = run(gctx, task, &within(left(time, started)))?;
    for (database, reason) in &refreshed.accepted {
        gctx.shell().warn(format!(
            "the database `{}` was taken, as `--{ACCEPT}` says: {reason}",
            Configured(database)
        ))?;
    }
    for unanswered in &refreshed.unanswered {
        gctx.shell().warn(format!(
            "`{}` could not be asked about the yanks of {}: {}; what was known of them stays",
            Untrusted(unanswered.registry.name()),
            told_of(unanswered.missing, unanswered.asked),
            Untrusted(&unanswered.reason)
        ))?;
    }
    gctx.shell()
        .status("Updated", summary(&refreshed.index, packages))?;
    warn_of_publishers(gctx, config, &refreshed.index, now)
}

/// Warns of snapshots that are old although they were fetched just now: another update would change nothing.
fn warn_of_publishers(
    gctx: &GlobalContext,
    config: &Config,
    index: &Index,
    now: Timestamp,
) -> CargoResult<()> {
    for (database, freshness) in problem::silent_publishers(index, config, now) {
        let over = match freshness {
            Freshness::Stale { .. } => "over the limit of",
            _ => "with a limit of",
        };
        gctx.shell().warn(format!(
            "the publisher of `{}` has not looked for news for {}, {over} {} (`advisory.max-age`); have them look, or set \
             `advisory.databases` to another database",
            Configured(&database.url),
            freshness.age(),
            limit_words(config.max_age)
        ))?;
    }
    Ok(())
}

/// What is left of `time` after what began at `started`, to the second.
fn left(time: Duration, started: Instant) -> Duration {
    time.saturating_sub(Duration::from_secs(started.elapsed().as_secs()))
}

fn within(time: Duration) -> Bounds {
    Bounds {
        time,
        ..Bounds::default()
    }
}

enum Waited {
    Turn(Turn),
    /// Another process has refreshed meanwhile.
    Refreshed(Box<Index>),
}

/// Waits while another process refreshes. What that leads to is as new as what could be fetched again.
fn wait_for_turn(gctx: &GlobalContext, task: &Task, time: Duration) -> CargoResult<Waited> {
    /// A build holds it no longer, and it is not worth a word.
    const MOMENT: Duration = Duration::from_millis(200);
    let (store, databases) = (&task.store, &task.databases);
    let before = Record::load(store, databases).map(|record| record.at);
    if let Some(turn) = Turn::try_take(store, databases) {
        return Ok(Waited::Turn(turn));
    }
    let mut turn = Turn::take(store, databases, MOMENT);
    if turn.is_none() {
        gctx.shell()
            .status("Waiting", "for another refresh of the index")?;
        turn = Turn::take(store, databases, time);
    }
    let Some(turn) = turn else {
        bail!(
            "another process has been refreshing the index in `{}` for more than {} seconds; end it, or try again",
            store.dir().display(),
            time.as_secs()
        );
    };
    let after = Record::load(store, databases).filter(|record| {
        record.outcome == Outcome::Updated && Some(record.at) != before && record.begun.is_none()
    });
    Ok(match after.map(|_| store.open(databases, Verify::All)) {
        Some(Ok(index)) => Waited::Refreshed(Box::new(index)),
        Some(Err(_)) | None => Waited::Turn(turn),
    })
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
fn run(gctx: &GlobalContext, task: Task, bounds: &Bounds) -> CargoResult<Refreshed> {
    let mut bar = Bar::with_style("Updating", ProgressStyle::Percentage, gctx);
    let mut current = None;
    let mut drawn = Ok(());
    let refreshed = task.run(bounds, &mut |database, event| {
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
    let what = match event {
        // Registries answer at the same time.
        Progress::Asking { done: 1.., .. } => None,
        Progress::Asking { total, .. } => Some(format!(
            "yanks of {} of `{}`",
            counted(total, "crate", "crates"),
            Untrusted(database)
        )),
        _ if current.as_deref() == Some(database) => None,
        _ => Some(format!("advisory database `{}`", Configured(database))),
    };
    if let Some(what) = what {
        bar.clear();
        gctx.shell().status("Updating", what)?;
        *current = Some(database.to_owned());
    }
    match event {
        Progress::Started => Ok(()),
        Progress::Fetching { received } => {
            bar.print_now(&format!("{} KiB received", received / 1024))
        }
        Progress::Asking { done, total } => {
            bar.print_now(&format!("{done} of {}", counted(total, "crate", "crates")))
        }
        Progress::Parsing { done } => bar.print_now(&counted(done, "advisory", "advisories")),
    }
}

/// `3 of 40 crates`.
fn told_of(missing: usize, asked: usize) -> String {
    let asked_of = counted(asked, "crate", "crates");
    match missing == asked {
        true => asked_of,
        false => format!("{missing} of {asked_of}"),
    }
}

/// `index to 1205 advisories (73 malicious, 653 vulnerability, ..., 13 withdrawn) and the yanks of 400 crates`. The last is
/// how many were asked about.
fn summary(index: &Index, packages: usize) -> String {
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
    if packages > 0 {
        let crates = counted(packages, "crate", "crates");
        summary.push_str(&format!(" and the yanks of {crates}"));
    }
    let quarantined = index.quarantined().len();
    if quarantined > 0 {
        summary.push_str(&format!(
            "; {} not understood, `cargo advisory status` shows why",
            counted(quarantined, "file was", "files were")
        ));
    }
    summary
}
