//! `cargo advisory status`: what the index holds, from where, how old; what was quarantined.

use std::collections::BTreeSet;
use std::io::Write as _;

use cargo::{CliResult, GlobalContext};
use cargo_util_terminal::style::LITERAL;
use clap::{ArgMatches, Command};
use jiff::Timestamp;

use super::print;
use crate::advisory::{Kind, Registry};
use crate::config::Config;
use crate::database::Published;
use crate::fault;
use crate::freshness::{Clock, Freshness, ago};
use crate::index::store::Store;
use crate::index::{Index, Verify};
use crate::problem::{self, Problem};
use crate::refresh::record::{Outcome, Silent};
use crate::report::{Configured, Untrusted, counted};
use crate::yank::Yanks;

pub(super) fn cli() -> Command {
    Command::new("status").about("Show what the index holds, from where, and how old it is")
}

pub(super) fn exec(gctx: &mut GlobalContext, _args: &ArgMatches) -> CliResult {
    let config = Config::load(gctx)?;
    let index = problem::open_index(&config, Verify::All).map_err(Problem::into_error)?;
    let mut answer = Vec::new();
    let yanks = index
        .yanks()
        .map_err(|error| Problem::of_index(&config, error).into_error())?;
    write(&mut answer, &index, &yanks, &config, fault::now()).map_err(anyhow::Error::from)?;
    print(gctx, &answer)?;
    Ok(())
}

fn write(
    out: &mut Vec<u8>,
    index: &Index,
    yanks: &Yanks,
    config: &Config,
    now: Timestamp,
) -> std::io::Result<()> {
    let path = Store::new(&config.cache_dir).path_for(&config.databases);
    writeln!(out, "{LITERAL}index{LITERAL:#} {}", path.display())?;
    let record = problem::last_refresh(config);
    let clock = Clock::new(now, record.as_ref().map(|record| record.seen));
    for database in index.databases() {
        let freshness = Freshness::new(database.checked, &clock, config.max_age);
        writeln!(
            out,
            "{LITERAL}database{LITERAL:#} {}",
            Configured(&database.url)
        )?;
        match (&database.commit, database.committed) {
            (Some(commit), Some(committed)) => {
                writeln!(out, "    commit   {commit} of {committed:.0}")?;
            }
            (Some(commit), None) => writeln!(out, "    commit   {commit}")?,
            (None, _) => match &database.published {
                Some(published) => write_published(out, published)?,
                None => writeln!(out, "    folder, no commit")?,
            },
        }
        let age = freshness.age();
        let since = match freshness {
            Freshness::Unknown { .. } => age,
            _ => format!("{age} ago"),
        };
        writeln!(out, "    checked  {:.0}, {since}", database.checked)?;
    }
    let silent = record.as_ref().map_or(&[][..], |record| &record.unanswered);
    write_registries(out, yanks, silent, now)?;
    if let Some(record) = record {
        let ended = match &record.outcome {
            Outcome::Pending | Outcome::Updated => None,
            Outcome::Refused { reason } => Some(("refused", reason)),
            Outcome::Failed { reason } => Some(("failed", reason)),
        };
        if let Some((word, reason)) = ended {
            writeln!(out, "{LITERAL}last refresh {word}{LITERAL:#}")?;
            writeln!(
                out,
                "    tried    {:.0}, {}",
                record.at,
                ago(record.at, now)
            )?;
            writeln!(out, "    {}", Configured(reason))?;
        }
        if let Some(begun) = record.begun {
            writeln!(out, "{LITERAL}refresh not ended{LITERAL:#}")?;
            writeln!(out, "    began    {begun:.0}, {}", ago(begun, now))?;
        }
    }
    writeln!(
        out,
        "{LITERAL}{}{LITERAL:#}",
        counted(
            index.advisories() + index.withdrawn(),
            "advisory",
            "advisories"
        )
    )?;
    for kind in Kind::ALL {
        // Yanks come from registries and are never part of a database.
        if kind != Kind::Yanked {
            writeln!(out, "    {:<13} {:>6}", kind.as_str(), index.count(kind))?;
        }
    }
    writeln!(out, "    {:<13} {:>6}", "withdrawn", index.withdrawn())?;
    let quarantined = index.quarantined();
    writeln!(
        out,
        "{LITERAL}{} quarantined{LITERAL:#}",
        counted(quarantined.len(), "file", "files")
    )?;
    for file in quarantined {
        writeln!(
            out,
            "    {}: {}",
            Untrusted(&file.path),
            Untrusted(&file.reason)
        )?;
    }
    Ok(())
}

/// What a snapshot was made of. All but the times and commits is foreign text.
fn write_published(out: &mut Vec<u8>, published: &Published) -> std::io::Result<()> {
    writeln!(out, "    snapshot {}", Untrusted(&published.content))?;
    for origin in &published.origins {
        writeln!(out, "    made of  {}", Configured(&origin.url))?;
        match (&origin.commit, origin.committed) {
            (Some(commit), Some(committed)) => {
                writeln!(
                    out,
                    "             commit {} of {committed:.0}",
                    Untrusted(commit)
                )?;
            }
            (Some(commit), None) => writeln!(out, "             commit {}", Untrusted(commit))?,
            (None, _) => {}
        }
        writeln!(out, "             checked {:.0}", origin.checked)?;
    }
    Ok(())
}

/// Writes what is known of each registry's yanks, and which ones have left something unanswered.
fn write_registries(
    out: &mut Vec<u8>,
    yanks: &Yanks,
    silent: &[Silent],
    now: Timestamp,
) -> std::io::Result<()> {
    let known: BTreeSet<&str> = yanks.registries().map(Registry::name).collect();
    let unknown = silent.iter().map(|silent| silent.registry.as_str());
    for name in known
        .iter()
        .copied()
        .chain(unknown.filter(|name| !known.contains(name)))
    {
        writeln!(out, "{LITERAL}registry{LITERAL:#} {}", Untrusted(name))?;
        let registry = yanks.registries().find(|registry| registry.name() == name);
        if let Some(registry) = registry
            && let Some((last, first)) = yanks.asked(registry)
        {
            writeln!(out, "    crates   {}", yanks.count(registry))?;
            write!(out, "    asked    {last:.0}, {}", ago(last, now))?;
            if first < last {
                write!(out, "; of some not since {first:.0}, {}", ago(first, now))?;
            }
            writeln!(out)?;
        }
        if let Some(silent) = silent.iter().find(|silent| silent.registry == name) {
            writeln!(
                out,
                "    no answer about {} of {}: {}",
                silent.missing,
                counted(silent.asked, "crate", "crates"),
                Untrusted(&silent.reason)
            )?;
        }
    }
    Ok(())
}
