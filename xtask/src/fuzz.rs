//! `cargo xtask fuzz`: runs the fuzzers of `fuzz/`, each for some time.
//!
//! They are built by a nightly toolchain, with libFuzzer's instructions and the address sanitizer. `cargo-fuzz` would pass
//! the same flags; it is not needed, and so nothing has to be installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::process;

/// What is asked of `cargo xtask fuzz`.
pub struct Options {
    /// For each target.
    pub seconds: u32,
    /// None for all.
    pub target: Option<String>,
    /// A file to run the target on once, instead of fuzzing.
    pub reproduce: Option<PathBuf>,
}

/// Flags of the compiler: those of `cargo-fuzz`.
const FLAGS: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Zsanitizer=address",
    "--cfg fuzzing",
];

/// Seconds after which a single input counts as a hang.
const HANG: u32 = 10;
/// MiB that a fuzzer may take, the sanitizer's own included.
const MEMORY: u32 = 2048;

/// Runs the fuzzers, prints a table, and fails if one has found something.
pub fn run(options: &Options) -> Result<()> {
    let names = targets(options.target.as_deref())?;
    let (binary, time) = build()?;
    if let Some(file) = &options.reproduce {
        let [name] = names.as_slice() else {
            bail!("`--reproduce` needs `--target`");
        };
        let file = fs::canonicalize(file).with_context(|| format!("`{}`", file.display()))?;
        return process::run(fuzzer(&binary, name).arg(file), "the fuzzer");
    }
    eprintln!("built in {:.0} s", time.as_secs_f64());

    println!(
        "| {:<10} | {:>12} | {:>13} | {:>10} | result |",
        "target", "runs", "runs a second", "new corpus"
    );
    println!(
        "|{:-<12}|{:->14}|{:->15}|{:->12}|--------|",
        "", ":", ":", ":"
    );
    let mut found = Vec::new();
    for name in &names {
        eprintln!("==> {name}, {} s", options.seconds);
        let outcome = fuzz(&binary, name, options.seconds)?;
        println!(
            "| {name:<10} | {:>12} | {:>13} | {:>10} | {} |",
            outcome.runs,
            outcome.runs / u64::from(options.seconds.max(1)),
            outcome.new,
            match &outcome.found {
                Some(_) => "failed",
                None => "passed",
            }
        );
        found.extend(outcome.found.map(|input| (name, input)));
    }
    for (name, input) in &found {
        eprintln!(
            "error: `{name}` has found something; `cargo xtask fuzz --target {name} --reproduce {input}` shows it again. \
             Put the file into `fuzz/corpus/{name}` with what mends it."
        );
    }
    match found.len() {
        0 => Ok(()),
        count => bail!("{} failed", process::plural(count, "fuzzer")),
    }
}

/// The names of the targets, or of the one that is asked for.
fn targets(only: Option<&str>) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(seeds("")).context("in `fuzz/corpus`")? {
        names.extend(entry?.file_name().into_string().ok());
    }
    names.sort();
    match only {
        None => Ok(names),
        Some(name) if names.iter().any(|known| known == name) => Ok(vec![name.to_owned()]),
        Some(name) => bail!(
            "there is no target `{name}`; there are: {}",
            names.join(", ")
        ),
    }
}

/// The committed files that a target begins with.
fn seeds(target: &str) -> PathBuf {
    process::root().join("fuzz/corpus").join(target)
}

/// Builds the fuzzers, and says how long that took.
fn build() -> Result<(PathBuf, Duration)> {
    let toolchain = nightly()?;
    let host = host(&toolchain)?;
    let folder = process::target("fuzz");
    let mut cargo = on(&toolchain, "cargo");
    cargo
        .args(["build", "--locked", "--release"])
        .args(["--manifest-path", "fuzz/Cargo.toml"])
        // With it, build scripts and macros are not instrumented.
        .args(["--target", &host])
        .arg("--target-dir")
        .arg(&folder)
        .env("RUSTFLAGS", FLAGS.join(" "))
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    let start = Instant::now();
    process::run(&mut cargo, "building the fuzzers")?;
    let binary = folder.join(host).join("release/fuzz");
    Ok((binary, start.elapsed()))
}

/// A program of a toolchain, whatever toolchain runs us.
fn on(toolchain: &str, program: &str) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", toolchain, program]);
    command.current_dir(process::root());
    process::remove_set_by_cargo_run(&mut command);
    command
}

/// The name of an installed nightly toolchain.
fn nightly() -> Result<String> {
    const NEEDED: &str =
        "fuzzing needs rustup and a nightly toolchain; `rustup toolchain install nightly` gets one";
    let mut rustup = Command::new("rustup");
    rustup.args(["toolchain", "list"]).stderr(Stdio::inherit());
    let output = process::output(&mut rustup).context(NEEDED)?;
    let list = String::from_utf8_lossy(&output.stdout).into_owned();
    newest_nightly(&list).context(NEEDED)
}

/// The last nightly of rustup's list: the one without a date where there is one, else the one with the last date.
fn newest_nightly(list: &str) -> Option<String> {
    let names = list.lines().filter_map(|line| line.split(' ').next());
    let nightly = names.filter(|name| name.starts_with("nightly"));
    nightly.max().map(str::to_owned)
}

/// The platform of this machine, in the words of the compiler.
fn host(toolchain: &str) -> Result<String> {
    let text = process::stdout(on(toolchain, "rustc").arg("-vV"))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .context("the compiler does not say what it runs on")
}

fn fuzzer(binary: &Path, target: &str) -> Command {
    let mut command = Command::new(binary);
    command.env("FUZZ_TARGET", target);
    command.arg(format!("-timeout={HANG}"));
    command.arg(format!("-rss_limit_mb={MEMORY}"));
    command
}

/// What came of one fuzzer.
struct Outcome {
    runs: u64,
    /// Inputs that reach something new.
    new: u64,
    /// The input that failed.
    found: Option<String>,
}

fn fuzz(binary: &Path, target: &str, seconds: u32) -> Result<Outcome> {
    let work = process::target("fuzz");
    let corpus = work.join("corpus").join(target);
    let artifacts = work.join("artifacts").join(target);
    for folder in [&corpus, &artifacts] {
        fs::create_dir_all(folder).with_context(|| format!("`{}`", folder.display()))?;
    }
    let mut command = fuzzer(binary, target);
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={}", longest(target)))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg("-print_final_stats=1")
        .arg(corpus)
        .arg(seeds(target));
    let output = process::output(&mut command)?;

    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    let number = |name: &str| last_number(&log, &format!("stat::{name}:"));
    let found = log
        .lines()
        .find_map(|line| line.split_once("Test unit written to "))
        .map(|(_, path)| process::short(Path::new(path)));
    if !output.status.success() {
        eprint!("{log}");
        // Anything else than a finding, such as a sanitizer that does not run here, is no result.
        ensure!(
            found.is_some(),
            "the fuzzer `{target}` failed ({})",
            output.status
        );
    }
    let runs = number("number_of_executed_units").unwrap_or(0);
    ensure!(
        found.is_some() || runs > 0,
        "the fuzzer `{target}` has not said how often it ran"
    );
    Ok(Outcome {
        runs,
        new: number("new_units_added").unwrap_or(0),
        found,
    })
}

/// Bytes of an input. An advisory may have 256 KiB; what costs most is in the first 64.
fn longest(target: &str) -> u32 {
    match target {
        "advisory" | "index" | "lockfile" => 64 * 1024,
        "markdown" => 16 * 1024,
        _ => 4 * 1024,
    }
}

fn last_number(log: &str, name: &str) -> Option<u64> {
    let mut lines = log.lines().rev();
    lines
        .find_map(|line| line.strip_prefix(name))?
        .trim()
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nightly_is_found_whatever_else_is_installed() {
        let list = "stable-x86_64-unknown-linux-gnu (active, default)\n\
                    nightly-2026-01-02-x86_64-unknown-linux-gnu\n\
                    nightly-x86_64-unknown-linux-gnu\n1.95.0-x86_64-unknown-linux-gnu\n";
        assert_eq!(
            newest_nightly(list).as_deref(),
            Some("nightly-x86_64-unknown-linux-gnu")
        );
        assert_eq!(
            newest_nightly("stable-x86_64\nno installed toolchains\n"),
            None
        );
    }

    #[test]
    fn figures_are_read_from_the_log() {
        let log = "#8 DONE\nstat::number_of_executed_units: 123\nstat::new_units_added:  4\n";
        assert_eq!(
            last_number(log, "stat::number_of_executed_units:"),
            Some(123)
        );
        assert_eq!(last_number(log, "stat::new_units_added:"), Some(4));
        assert_eq!(last_number(log, "stat::peak_rss_mb:"), None);
    }

    #[test]
    fn every_target_has_files_to_begin_with() {
        assert!(targets(None).unwrap().len() > 5);
        let unknown = targets(Some("nothing")).unwrap_err().to_string();
        assert!(unknown.contains("advisory, affected"), "{unknown}");
    }
}
