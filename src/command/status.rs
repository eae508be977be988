//! `cargo advisory status`: what the index holds, from where, how old; what was quarantined. Without an index, why.

use cargo::util::command_prelude::opt;
use cargo::{CliResult, GlobalContext};
use clap::{ArgMatches, Command};

use super::{background, print};
use crate::config::Config;
use crate::fault;
use crate::index::store::Store;
use crate::index::{Index, Verify};
use crate::problem::{self, Problem};
use crate::report::json;
use crate::report::status::{Asked, Status};
use crate::yank::Yanks;

const FORMAT: &str = "format";
const JSON: &str = "json";

pub(super) fn cli() -> Command {
    Command::new("status")
        .about("Show what the index holds, from where, and how old it is")
        .arg(
            opt(FORMAT, "How to print it")
                .value_name("FORMAT")
                .value_parser(["human", JSON])
                .default_value("human"),
        )
}

pub(super) fn exec(gctx: &mut GlobalContext, args: &ArgMatches) -> CliResult {
    let config = Config::load(gctx)?;
    let now = fault::now();
    let record = problem::last_refresh(&config);
    let opened = open(&config).map_err(|problem| match problem {
        Problem::NoIndex { .. } => Problem::NoIndex {
            fetching: background::is_under_way(&config, now),
        },
        problem => problem,
    });
    let (held, problems) = match opened {
        Ok((index, yanks)) => {
            let problems = problem::problems_of(&index, record.as_ref(), &config, now);
            (Some((index, yanks)), problems)
        }
        Err(problem) => (None, vec![problem]),
    };
    let registries = match &held {
        Some((_, yanks)) => {
            let silent = record.as_ref().map_or(&[][..], |record| &record.unanswered);
            Asked::all(yanks, silent)
        }
        None => Vec::new(),
    };
    let status = Status {
        path: &Store::new(&config.cache_dir).path_for(&config.databases),
        index: held.as_ref().map(|(index, _)| index),
        registries: &registries,
        record: record.as_ref(),
        problems: &problems,
        max_age: config.max_age,
        now,
    };
    let is_json = args.get_one::<String>(FORMAT).is_some_and(|it| it == JSON);
    let answer = match is_json {
        true => json::line(&status.info()).map_err(anyhow::Error::from)?,
        false => status.human(),
    };
    print(gctx, answer.as_bytes())?;
    match problems.into_iter().next() {
        Some(problem) if held.is_none() => Err(problem.into_error().into()),
        _ => Ok(()),
    }
}

fn open(config: &Config) -> Result<(Index, Yanks), Problem> {
    let index = problem::open_index(config, Verify::All)?;
    let yanks = index
        .yanks()
        .map_err(|error| Problem::of_index(config, error))?;
    Ok((index, yanks))
}
