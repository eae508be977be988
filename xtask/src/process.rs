//! Places in this repository, and commands that are run for a chore.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

/// The repository's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("`xtask` is a folder of the repository")
}

/// The folder of the fork: patches, lists, and the patched source.
pub fn cargo_patch() -> PathBuf {
    root().join("cargo-patch")
}

/// `folder` below the repository's target folder.
pub fn target(folder: &str) -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(target) => root().join(target).join(folder),
        None => root().join("target").join(folder),
    }
}

/// `path` as a reader of the output would write it: relative to the repository where it is inside.
pub fn short(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// The installed cargo, in the repository's folder, without what the `cargo run` around us has set.
pub fn cargo() -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root());
    remove_set_by_cargo_run(&mut command);
    command
}

/// Hides from `command` what the `cargo run` around us has set.
pub fn remove_set_by_cargo_run(command: &mut Command) {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_set_by_cargo_run) {
            command.env_remove(name);
        }
    }
}

/// Variables that `cargo run` sets for the program it runs.
fn is_set_by_cargo_run(name: &str) -> bool {
    name == "CARGO"
        || name == "OUT_DIR"
        || name == "CARGO_PRIMARY_PACKAGE"
        || [
            "CARGO_MANIFEST_",
            "CARGO_PKG_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
        ]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

/// Runs `command` with our own streams. `what` names it in an error.
pub fn run(command: &mut Command, what: &str) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("could not start {}", program(command)))?;
    if !status.success() {
        bail!("{what} failed ({status})");
    }
    Ok(())
}

/// The standard output of `command`, without white space around it. Its messages go to our stderr.
pub fn stdout(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("could not start {}", program(command)))?;
    if !output.status.success() {
        bail!("`{}` failed ({})", line(command), output.status);
    }
    let text = String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` did not answer in UTF-8", line(command)))?;
    Ok(text.trim().to_string())
}

/// What `command` prints and how it ends.
pub fn output(command: &mut Command) -> Result<Output> {
    command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("could not start {}", program(command)))
}

fn program(command: &Command) -> String {
    format!("`{}`", command.get_program().display())
}

/// `command` on one line, with the program's name only.
fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut line = program
        .file_stem()
        .unwrap_or(program.as_os_str())
        .display()
        .to_string();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

/// `one thing`, `2 things`.
pub fn plural(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_variables_of_the_outer_cargo_are_cleared() {
        for name in ["CARGO", "CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "OUT_DIR"] {
            assert!(is_set_by_cargo_run(name), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_TARGET_DIR", "RUSTUP_TOOLCHAIN", "PATH"] {
            assert!(!is_set_by_cargo_run(name), "{name}");
        }
    }

    #[test]
    fn paths_inside_the_repository_are_short() {
        assert_eq!(short(&root().join("src/lib.rs")), "src/lib.rs");
        assert_eq!(short(Path::new("elsewhere")), "elsewhere");
    }
}
