//! `cargo xtask demo`: the example shop, built as a user would build it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process;
use crate::product::{self, Profile};

/// Builds our cargo and shows a refresh, a build that warns, and a build that is denied.
pub fn run() -> Result<()> {
    let demo = Demo::prepare()?;
    demo.step(
        "1. Bring the index up to date",
        &["advisory", "update"],
        Expected {
            code: 0,
            prefix: None,
        },
    )?;
    demo.step(
        "2. Build: insecure dependencies are a warning",
        &["build"],
        Expected {
            code: 0,
            prefix: Some("warning: "),
        },
    )?;
    // In an empty target folder, where there would be something to compile.
    demo.empty_target()?;
    let denied = demo.step(
        "3. Build with `--deny-advisories`: they are an error, before anything is compiled",
        &["build", "--deny-advisories"],
        Expected {
            code: 101,
            prefix: Some("error: "),
        },
    )?;
    ensure!(
        !denied.contains("Compiling"),
        "the denied build compiled something"
    );
    println!();
    println!(
        "Seen: a build with one line about its dependencies, and one that was denied by one line before it began."
    );
    println!("Next: `cargo xtask install`, then `cargo +advisory build` in a project of yours.");
    Ok(())
}

struct Demo {
    binary: PathBuf,
    shop: PathBuf,
    /// What every command is given: the example's database.
    config: String,
    scratch: PathBuf,
}

/// How a step must end.
struct Expected {
    code: i32,
    /// How the one line about advisories begins, where there must be one.
    prefix: Option<&'static str>,
}

impl Demo {
    fn prepare() -> Result<Demo> {
        let examples = process::root().join("examples");
        let (shop, database) = (examples.join("shop"), examples.join("advisory-db"));
        for folder in [&shop, &database] {
            ensure!(folder.is_dir(), "there is no `{}`", process::short(folder));
        }
        let scratch = process::target("demo");
        empty(&scratch)?;
        let databases = toml::Value::from(vec![database.display().to_string()]);
        Ok(Demo {
            binary: product::build(Profile::Fast)?,
            shop,
            config: format!("advisory.databases={databases}"),
            scratch,
        })
    }

    /// Shows and runs `cargo ARGS` in the shop. Returns what it printed to stderr.
    fn step(&self, headline: &str, args: &[&str], expected: Expected) -> Result<String> {
        println!("\n== {headline}");
        println!("$ cargo {} --config '{}'", args.join(" "), self.config);
        let output = process::output(&mut self.command(args)?)?;
        let text = String::from_utf8_lossy(&output.stderr);
        print!("{}{text}", String::from_utf8_lossy(&output.stdout));

        let code = output.status.code();
        ensure!(
            code == Some(expected.code),
            "`cargo {}` ended with {}, not with {}",
            args.join(" "),
            output.status,
            expected.code
        );
        if let Some(prefix) = expected.prefix {
            let lines = about_advisories(&text, prefix).count();
            ensure!(
                lines == 1,
                "`cargo {}` printed {} that begin with `{prefix}` and name `cargo advisory`, not 1",
                args.join(" "),
                process::plural(lines, "line")
            );
        }
        Ok(text.into_owned())
    }

    fn empty_target(&self) -> Result<()> {
        empty(&self.scratch.join("target"))
    }

    fn command(&self, args: &[&str]) -> Result<Command> {
        let mut command = product::ours(&self.binary)?;
        command
            .args(args)
            .args(["--config", &self.config])
            .current_dir(&self.shop)
            .env("CARGO_TARGET_DIR", self.scratch.join("target"))
            .env("CARGO_ADVISORY_CACHE_DIR", self.scratch.join("advisory"));
        Ok(command)
    }
}

fn empty(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("could not empty `{}`", process::short(folder)))
        }
        _ => Ok(()),
    }
}

fn about_advisories<'a>(text: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = text.lines().filter(move |line| line.starts_with(prefix));
    lines.filter(|line| line.contains("`cargo advisory`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_about_advisories_count() {
        let text = "   Compiling a\nwarning: unused\nwarning: 1 insecure dependency; run `cargo advisory` for details\n";
        assert_eq!(about_advisories(text, "warning: ").count(), 1);
        assert_eq!(about_advisories(text, "error: ").count(), 0);
    }
}
