//! `cargo advisory ...`. Each file holds one subcommand: its flags and what it does with them.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use cargo::{CliResult, GlobalContext};
use cargo_util_terminal::TtyWidth;
use clap::{ArgMatches, Command};

use crate::report::Page;

mod answer;
pub mod background;
mod check;
mod document;
mod explain;
mod export;
mod fix;
mod ignore;
mod network;
mod pager;
mod recursive;
pub(crate) mod registries;
mod releases;
mod remedies;
mod report;
mod selection;
mod status;
mod update;

pub const NAME: &str = "advisory";

/// The command line of `cargo advisory`. Without a subcommand it checks.
pub fn cli() -> Command {
    Command::new(NAME)
        .about("Check dependencies for security advisories and yanked versions")
        // Built only when asked for: every run of cargo lists its subcommands.
        .defer(|command| {
            check::with_args(command)
                .args_conflicts_with_subcommands(true)
                .subcommand(check::cli())
                .subcommand(explain::cli())
                .subcommand(export::cli())
                .subcommand(fix::cli())
                .subcommand(ignore::cli())
                .subcommand(report::cli())
                .subcommand(status::cli())
                .subcommand(update::cli())
        })
}

/// Whether `cargo advisory` reads no workspace and no registry with these `args`: those may be git repositories. (Ours are
/// read with another library.)
pub fn needs_no_git(args: &ArgMatches) -> bool {
    match args.subcommand() {
        None => check::reads_lockfiles_alone(args),
        Some(("check", args)) => check::reads_lockfiles_alone(args),
        Some(("export" | "status" | "update", _)) => true,
        Some(_) => false,
    }
}

/// Runs `cargo advisory`.
pub fn exec(gctx: &mut GlobalContext, args: &ArgMatches) -> CliResult {
    match args.subcommand() {
        None => check::exec(gctx, args),
        Some(("check", args)) => check::exec(gctx, args),
        Some(("explain", args)) => explain::exec(gctx, args),
        Some(("export", args)) => export::exec(gctx, args),
        Some(("fix", args)) => fix::exec(gctx, args),
        Some(("ignore", args)) => ignore::exec(gctx, args),
        Some(("report", args)) => report::exec(gctx, args),
        Some(("status", args)) => status::exec(gctx, args),
        Some(("update", args)) => update::exec(gctx, args),
        Some((other, _)) => Err(anyhow::anyhow!("no such subcommand: `{other}`")
            .context("failed to run `cargo advisory`")
            .into()),
    }
}

/// What stdout can show.
fn page(gctx: &GlobalContext) -> Page {
    /// Columns of a terminal that does not tell.
    const USUAL: usize = 80;
    #[expect(
        clippy::disallowed_methods,
        reason = "cargo's shell knows the terminal of stderr alone"
    )]
    let terminal = std::io::stdout().is_terminal();
    let shell = gctx.shell();
    // Cargo's tests set a width where there is no terminal.
    let width = if terminal {
        shell.err_width()
    } else {
        TtyWidth::NoTty
    };
    let links = shell.out_hyperlink("").to_string();
    Page {
        width: width
            .diagnostic_terminal_width()
            .or(terminal.then_some(USUAL)),
        unicode: shell.out_unicode(),
        links: !links.is_empty(),
    }
}

/// Writes a whole answer to stdout. A reader that has gone away, as `head` does, is no error.
fn print(gctx: &GlobalContext, answer: &[u8]) -> anyhow::Result<()> {
    match gctx.shell().out().write_all(answer) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("failed to write to stdout"),
    }
}
