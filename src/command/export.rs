//! `cargo advisory export`: the index as files that a web server hands out to other machines.

use std::path::{Path, PathBuf};

use cargo::{CliResult, GlobalContext};
use clap::{Arg, ArgMatches, Command, ValueHint};

use crate::config::Config;
use crate::database::published::MANIFEST;
use crate::database::published::export::{Exported, export};
use crate::fault;
use crate::freshness::Freshness;
use crate::index::store::Store;
use crate::problem::{self, Problem};
use crate::report::counted;

const FOLDER: &str = "DIR";

pub(super) fn cli() -> Command {
    Command::new("export")
        .about("Write the index as files that a web server hands out to other machines")
        .arg(
            Arg::new(FOLDER)
                .required(true)
                .value_hint(ValueHint::DirPath)
                .value_parser(clap::value_parser!(PathBuf))
                .help("The folder to write to; it may be served meanwhile"),
        )
}

pub(super) fn exec(gctx: &mut GlobalContext, args: &ArgMatches) -> CliResult {
    let config = Config::load(gctx)?;
    let now = fault::now();
    let (bytes, index) = Store::new(&config.cache_dir)
        .read(&config.databases)
        .map_err(|error| Problem::of_index(&config, error).into_error())?;
    let freshness = problem::freshness(&index, &config, now);
    if matches!(
        freshness,
        Freshness::Stale { .. } | Freshness::Unknown { .. }
    ) {
        // Wherever it is read it is as old as here.
        return Err(problem::age(&index, &config, now).into_error().into());
    }
    let Some(folder) = args.get_one::<PathBuf>(FOLDER) else {
        return Err(anyhow::format_err!("no folder to write to is named").into());
    };
    let folder = gctx.cwd().join(folder);
    let exported = export(&folder, &bytes, &index, now.into())?;
    tell(
        gctx,
        &folder,
        &exported,
        index.advisories() + index.withdrawn(),
    )?;
    Ok(())
}

fn tell(
    gctx: &GlobalContext,
    folder: &Path,
    exported: &Exported,
    advisories: usize,
) -> cargo::CargoResult<()> {
    let Exported {
        file,
        length,
        is_new,
        has_signature,
    } = exported;
    let advisories = counted(advisories, "advisory", "advisories");
    let manifest = folder.join(MANIFEST);
    let manifest = manifest.display();
    if !is_new {
        let state = format!("the snapshot of {advisories} that `{manifest}` names");
        return gctx.shell().status("Unchanged", state);
    }
    gctx.shell().status(
        "Exported",
        format!("{advisories} to `{manifest}` and `{file}` ({length} bytes)"),
    )?;
    let sign = format!("`minisign -S -m {manifest}`");
    gctx.shell().note(if *has_signature {
        format!("the signature beside it is not of this manifest; sign again with {sign}")
    } else {
        format!(
            "sign it with {sign} if `advisory.snapshot-key` is set on the machines that read it"
        )
    })?;
    gctx.shell().note(
        "a machine reads it with `databases = [\"sparse+https://HOST/PATH/\"]` under `[advisory]`, with the URL at which \
         this folder is served",
    )
}
