//! Long answers, a screen at a time.
//!
//! As `cargo help` does, through `less`, else `more`; and as git does, through what the variable `PAGER` says instead. Only
//! a terminal is paged, and only a text that is longer than its screen. `PAGER` is a program and its arguments, parted by
//! spaces; empty, or `cat`, it turns paging off.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Seek as _, Write as _};
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use cargo::GlobalContext;
use cargo_util::paths::resolve_executable;
use terminal_size::{Height, Width, terminal_size_of};
use unicode_width::UnicodeWidthStr as _;

use super::print;

/// Columns and rows of the terminal that stdout goes to, none where it goes elsewhere.
pub(super) fn screen() -> Option<(usize, usize)> {
    #[expect(
        clippy::disallowed_methods,
        reason = "only asked about; cargo's shell does not tell whether stdout is a terminal"
    )]
    let stdout = std::io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let (Width(columns), Height(rows)) = terminal_size_of(stdout)?;
    Some((columns.into(), rows.into()))
}

/// Prints `answer`, through a pager if it does not fit on the screen. A pager ends the process in our place, so this comes
/// last.
pub(super) fn show(gctx: &GlobalContext, answer: &str) -> anyhow::Result<()> {
    // The prompt takes a row.
    let fits = screen().is_none_or(|(columns, rows)| rows_of(answer, columns) < rows);
    if fits {
        return print(gctx, answer.as_bytes());
    }
    let Some(mut pager) = pager(gctx) else {
        return print(gctx, answer.as_bytes());
    };
    match page(gctx, &mut pager, answer) {
        Ok(()) => Ok(()),
        Err(error) => {
            gctx.shell().note(format!("{error:#}"))?;
            print(gctx, answer.as_bytes())
        }
    }
}

/// The rows that `answer` takes on a screen, which breaks what is longer than its `columns`.
fn rows_of(answer: &str, columns: usize) -> usize {
    let plain = anstream::adapter::strip_str(answer).to_string();
    plain
        .lines()
        .map(|line| line.width().div_ceil(columns.max(1)).max(1))
        .sum()
}

/// The pager to run, if there is one.
fn pager(gctx: &GlobalContext) -> Option<Command> {
    if let Some(line) = gctx.get_env_os("PAGER") {
        // Words that are not text are no program that one could name.
        let line = line.to_str()?;
        let mut words = line.split_ascii_whitespace();
        let program = words.next().filter(|program| *program != "cat")?;
        let mut command = Command::new(program);
        command.args(words);
        return Some(with_settings(gctx, command));
    }
    let program = ["less", "more"]
        .into_iter()
        .find_map(|name| resolve_executable(Path::new(name)).ok())?;
    Some(with_settings(gctx, Command::new(program)))
}

/// Has `less` show colours, unless the user has settings for it.
fn with_settings(gctx: &GlobalContext, mut command: Command) -> Command {
    if gctx.get_env_os("LESS").is_none() {
        command.env("LESS", OsString::from("FRX"));
    }
    command
}

/// Runs `pager` on `answer`.
fn page(gctx: &GlobalContext, pager: &mut Command, answer: &str) -> anyhow::Result<()> {
    let shown = if gctx.shell().out_supports_color() {
        answer.to_owned()
    } else {
        anstream::adapter::strip_str(answer).to_string()
    };
    let context = || {
        format!(
            "failed to run the pager `{}`; set `PAGER` to another one",
            pager.get_program().display()
        )
    };
    let mut file = tempfile::tempfile().with_context(context)?;
    file.write_all(shown.as_bytes()).with_context(context)?;
    file.rewind().with_context(context)?;
    let program = context();
    pager.stdin(file);
    run(pager).context(program)
}

/// The pager takes our place: were we its parent, Ctrl-C would end us and leave two programs at one keyboard.
#[cfg(unix)]
fn run(pager: &mut Command) -> std::io::Result<()> {
    use std::os::unix::process::CommandExt as _;

    Err(pager.exec())
}

#[cfg(not(unix))]
fn run(pager: &mut Command) -> std::io::Result<()> {
    pager.status().map(drop)
}
