//! The refresh that nobody asked for: whoever checks finds that the index has grown old, and has it refreshed.
//!
//! A check does not wait for it. Only where a denial is asked for on a build server, which keeps nothing for a next build,
//! the refresh comes first, for a while; what it leads to is judged by the age of the index as always.
//!
//! # Failure
//!
//! What keeps a refresh from starting keeps no check from its answer, and nobody is told: the age of the index tells, and
//! `cargo advisory update` meets and names the same cause. What fails later is [written down](crate::refresh::record).

mod given;

use std::ffi::OsString;
use std::process::ExitStatus;

use anyhow::{Context as _, anyhow};
use cargo::{CargoResult, GlobalContext};
use cargo_util_terminal::{ColorChoice, Verbosity};
use jiff::{SignedDuration, Timestamp};

use super::{NAME, update};
use crate::config::Config;
use crate::database::Location;
use crate::fault;
use crate::freshness::{is_due, is_possible, may_go_on, next_attempt};
use crate::index::store::Store;
use crate::index::{self, Index, Verify};
use crate::problem::{self, Problem};
use crate::refresh::bounds::Bounds;
use crate::refresh::process::{IS_POSSIBLE, Process};
use crate::refresh::record::{Outcome, Record};
use crate::refresh::turn;
use crate::report::Configured;

/// What an index is opened for.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    pub verify: Verify,
    /// A denial was asked for.
    pub denies: bool,
    /// This process turns into another program afterwards, which knows nothing of children, as `cargo run` does.
    pub becomes_another: bool,
}

impl Check {
    /// One that ends with this process.
    pub fn new(verify: Verify, denies: bool) -> Check {
        Check {
            verify,
            denies,
            becomes_another: false,
        }
    }
}

/// Opens the index of the configured databases for `check`, and has it refreshed if that is due.
///
/// # Errors
///
/// Those of [`problem::open_index`], and [`Problem::Failed`] when the terminal cannot be written to.
pub fn open_index(gctx: &GlobalContext, config: &Config, check: Check) -> Result<Index, Problem> {
    let opened = problem::open_index(config, check.verify);
    let now = fault::now();
    if !is_wanted(gctx, config, &opened, now) {
        return opened;
    }
    if check.denies && cargo_util::is_ci() {
        if !has_ended_lately(config, now) {
            refresh_first(gctx, config, now).map_err(Problem::Failed)?;
        }
        return problem::open_index(config, check.verify);
    }
    // What keeps it from starting is of no account.
    let _ = start(gctx, config, check, now);
    match opened {
        Err(Problem::NoIndex { .. }) => Err(Problem::NoIndex {
            fetching: is_under_way(config, now),
        }),
        opened => opened,
    }
}

/// Whether there is to be a refresh of what was `opened`, apart from when the last one was tried.
fn is_wanted(
    gctx: &GlobalContext,
    config: &Config,
    opened: &Result<Index, Problem>,
    now: Timestamp,
) -> bool {
    let Some(every) = config.refresh else {
        return false;
    };
    let due = match opened {
        Ok(index) => is_due(problem::checked(index), now, every),
        // It would not be replaced.
        Err(Problem::BadIndex {
            error: index::Error::TooNew { .. },
            ..
        }) => false,
        Err(_) => is_possible(now),
    };
    due && config.enabled
        && IS_POSSIBLE
        && gctx.network_allowed()
        && config
            .databases
            .iter()
            .all(|database| Location::parse(database).is_ok())
}

/// Whether a refresh came to an end so short a time ago that another one would come to the same. One that was killed, as
/// build servers do between two steps, has come to none.
fn has_ended_lately(config: &Config, now: Timestamp) -> bool {
    problem::last_refresh(config)
        .and_then(|record| record.ended())
        .is_some_and(|ended| next_attempt(ended, now) > now)
}

/// Whether a refresh has begun, and could still succeed.
pub(super) fn is_under_way(config: &Config, now: Timestamp) -> bool {
    let limit = SignedDuration::try_from(Bounds::default().time).unwrap_or(SignedDuration::MAX);
    problem::last_refresh(config)
        .and_then(|record| record.begun)
        .is_some_and(|begun| may_go_on(begun, now, limit))
}

/// Starts a refresh, unless another process has done so or a short while has not passed since the last one.
fn start(gctx: &GlobalContext, config: &Config, check: Check, now: Timestamp) -> CargoResult<()> {
    let store = Store::new(&config.cache_dir);
    let databases = &config.databases;
    if !turn::claim(&store, databases, now)? {
        return Ok(());
    }
    let started = process(gctx, config, update::in_background(now)).and_then(|process| {
        process
            .detach(check.becomes_another)
            .with_context(|| format!("cannot start `{}`", process.exe.display()))
    });
    started.or_else(|error| Record::failed(now, &store, databases, &error).save(&store, databases))
}

/// Refreshes before anything else is done, and notes what has gone wrong.
fn refresh_first(gctx: &GlobalContext, config: &Config, now: Timestamp) -> CargoResult<()> {
    let ended = process(gctx, config, update::before_check()).and_then(|process| {
        process
            .run()
            .with_context(|| format!("cannot start `{}`", process.exe.display()))
    });
    let reason = match ended {
        Ok(status) if status.success() => return Ok(()),
        Err(error) => format!("{error:#}"),
        Ok(status) => match (status.code(), problem::last_refresh(config)) {
            (Some(_), Some(record)) if record.begun.is_none() && record.at >= now => {
                match record.outcome {
                    Outcome::Failed { reason } => reason,
                    // Who tells what the index is like tells that too.
                    Outcome::Refused { .. } => return Ok(()),
                    Outcome::Pending | Outcome::Updated => unexplained(),
                }
            }
            (Some(_), _) => unexplained(),
            (None, record) => {
                let reason = killed(status);
                // Nobody else is left to write it down.
                if record.is_some_and(|record| record.begun.is_some()) {
                    let (store, databases) = (Store::new(&config.cache_dir), &config.databases);
                    let error = anyhow!("the refresh came to no end: {reason}");
                    let _ = Record::failed(now, &store, databases, &error).save(&store, databases);
                }
                reason
            }
        },
    };
    gctx.shell().note(format!(
        "the advisory index could not be refreshed: {}",
        Configured(&reason)
    ))
}

/// Why a refresh has come to no end that a signal has ended.
fn killed(status: ExitStatus) -> String {
    #[cfg(unix)]
    if std::os::unix::process::ExitStatusExt::signal(&status) == Some(libc::SIGALRM) {
        let most = update::BEFORE_CHECK_TIME.as_secs();
        return format!("it took longer than {most} seconds");
    }
    format!("its process was ended ({status})")
}

fn unexplained() -> String {
    "`cargo advisory update` says why".to_owned()
}

/// Our own program as it refreshes the configured databases with the user's settings, `how` it is told to.
fn process(gctx: &GlobalContext, config: &Config, how: OsString) -> CargoResult<Process> {
    let exe = std::env::current_exe().context("cannot tell which program this is")?;
    let mut args: Vec<OsString> = given::config(gctx)?
        .into_iter()
        .flat_map(|value| ["--config".into(), value])
        .collect();
    {
        let shell = gctx.shell();
        if shell.verbosity() == Verbosity::Quiet {
            args.push("--quiet".into());
        }
        let colour = match shell.color_choice() {
            ColorChoice::Always => "always",
            ColorChoice::Never => "never",
            ColorChoice::CargoAuto => "auto",
        };
        args.extend(["--color".into(), colour.into()]);
    }
    args.extend([NAME.into(), update::NAME.into(), how]);
    for database in &config.databases {
        args.push(update::of_database(database));
    }
    Ok(Process {
        exe,
        args,
        env: given::environment(gctx, config),
    })
}
