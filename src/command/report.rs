//! `cargo advisory report`: what was found, as a file to keep or to hand on.

use std::path::Path;

use anyhow::{Context as _, bail};
use cargo::util::command_prelude::{ArgMatchesExt as _, flag, opt};
use cargo::{CargoResult, CliError, CliResult, GlobalContext};
use cargo_util::paths;
use clap::{ArgMatches, Command};

use super::answer::{Answer, Judge};
use super::background::{self, Check};
use super::selection;
use crate::config::Config;
use crate::denial;
use crate::fault;
use crate::graph::workspace::Edges;
use crate::policy::Judgement;
use crate::problem::{self, Problem};
use crate::report::html::Document;
use crate::report::{Configured, remedy};

pub(super) fn cli() -> Command {
    let command = Command::new("report")
        .about("Write what was found to a file")
        .arg(
            opt("html", "Write one page with the findings and the graph")
                .value_name("FILE")
                .required(true),
        )
        .arg(flag("no-remedies", "Do not look for remedies"))
        .arg(denial::flag());
    selection::with_args(command)
}

pub(super) fn exec(gctx: &mut GlobalContext, args: &ArgMatches) -> CliResult {
    let config = Config::load(gctx)?;
    let strictness = denial::strictness(gctx, denial::selection(args))?;
    let asked_to_deny = strictness.is_denial();
    if !config.enabled {
        denial::refuse_unchecked(&config, &strictness)?;
    }
    let file = args
        .get_one::<String>("html")
        .map(|file| gctx.cwd().join(file))
        .context("`--html` names no file")?;
    // Before the work: looking for remedies takes its time.
    refuse_no_file(&file)?;
    let check = Check::new(strictness.verify(), asked_to_deny);
    let index = background::open_index(gctx, &config, check).map_err(Problem::into_error)?;
    let ws = args.workspace(gctx)?;
    let policy = config.policy(Some(&ws), strictness)?;
    let judge = Judge {
        config: &config,
        policy: &policy,
        index: &index,
    };
    let name = match ws.current_opt() {
        Some(package) => package.name().to_string(),
        None => ws
            .root()
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
    };
    let answer = judge.workspace(&ws, args, Edges::All)?;
    let judgement = judge.judgement(&answer)?;
    write(&file, &page(&judge, &answer, &judgement, &name)?)?;
    let shown = file.display().to_string();
    gctx.shell().status("Written", Configured(&shown))?;
    let denied = judge.conclude(gctx, &answer, &judgement, false)?;
    match denied {
        // A page was asked for, and no verdict.
        Some(error) if asked_to_deny => Err(CliError::new(error, 101)),
        _ => Ok(()),
    }
}

fn page(
    judge: &Judge<'_>,
    answer: &Answer<'_>,
    judgement: &Judgement<'_, '_>,
    name: &str,
) -> CargoResult<String> {
    let now = fault::now();
    let remedies: Vec<Vec<String>> = judgement
        .findings
        .iter()
        .map(|judged| {
            let finding = &judged.finding;
            let found = answer.remedy(finding);
            found.map_or(Vec::new(), |found| {
                remedy::paragraphs(found, &finding.package.name, now)
            })
        })
        .collect();
    let document = Document {
        name,
        report: &judge.report(answer, judgement, None)?,
        graph: &answer.graph,
        remedies: &remedies,
        age: &problem::freshness(judge.index, judge.config, now).age(),
        now,
    };
    Ok(document.html())
}

/// Refuses what is there and no plain file, for a page takes the place of what was there: of a folder that fails, and of a
/// device, as root, it does not.
fn refuse_no_file(file: &Path) -> CargoResult<()> {
    let there = file.metadata().is_ok_and(|there| !there.is_file());
    if there || file.file_name().is_none() {
        bail!(
            "`{}` is no file; name one that `--html` may write",
            file.display()
        );
    }
    Ok(())
}

/// Puts the page in the place of what was there, so that there is always a whole one.
fn write(file: &Path, page: &str) -> CargoResult<()> {
    // A link is replaced: where a relative one leads, `write_atomic` takes for relative to the current folder.
    let written = if file.exists() && !file.is_symlink() {
        paths::write_atomic(file, page)
    } else {
        create(file, page)
    };
    written.with_context(|| {
        format!(
            "failed to write `{}`; name a file in a folder that exists",
            file.display()
        )
    })
}

/// As [`paths::write_atomic`], which makes new files that only their owner may read: a page is there to be shown.
fn create(file: &Path, page: &str) -> CargoResult<()> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        // Less what the user's mask takes away.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let folder = file.parent().context("it has no folder")?;
    let mut made = builder.tempfile_in(folder)?;
    std::io::Write::write_all(&mut made, page.as_bytes())?;
    made.persist(file)?;
    Ok(())
}
