//! `cargo xtask test`: every check of this repository.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::{fork, format, process, product, supply_chain, upstream_tests};

/// A check, by the name that selects it.
struct Step {
    name: &'static str,
    what: &'static str,
    run: fn() -> Result<()>,
}

/// In the order in which they run: what fails fast comes first.
const STEPS: [Step; 9] = [
    Step {
        name: "patches",
        what: "the patches only add, and not much",
        run: fork::check,
    },
    Step {
        name: "fmt",
        what: "formatting",
        run: format::check,
    },
    Step {
        name: "xtask",
        what: "lints and tests of the chores",
        run: xtask,
    },
    Step {
        name: "clippy",
        what: "lints",
        run: clippy,
    },
    Step {
        name: "fuzz",
        what: "lints of the fuzzers, and what they begin with",
        run: fuzzers,
    },
    Step {
        name: "advisories",
        what: "our own dependencies, by our cargo",
        run: supply_chain::check,
    },
    Step {
        name: "test",
        what: "our tests: units, processes, documentation",
        run: our_tests,
    },
    Step {
        name: "faults",
        what: "the rows of the fault plan that take a few seconds",
        run: faults,
    },
    Step {
        name: "upstream",
        what: "upstream's tests of what we could break",
        run: upstream,
    },
];

/// Prints the names of the checks.
pub fn list() -> Result<()> {
    for step in &STEPS {
        println!("{:10} {}", step.name, step.what);
    }
    Ok(())
}

/// Runs the checks with these names, or all, and stops at the first that fails.
pub fn run(names: &[String]) -> Result<()> {
    if let Some(unknown) = names
        .iter()
        .find(|name| STEPS.iter().all(|step| step.name != **name))
    {
        bail!("there is no check `{unknown}`; `cargo xtask test --list` names them");
    }
    fork::ensure()?;
    let start = Instant::now();
    let mut times = Vec::new();
    for step in &STEPS {
        if !names.is_empty() && !names.iter().any(|name| name == step.name) {
            continue;
        }
        eprintln!(
            "==> {}: {} ({})",
            step.name,
            step.what,
            seconds(start.elapsed())
        );
        let began = Instant::now();
        let result = (step.run)();
        times.push((step.name, began.elapsed()));
        result.with_context(|| format!("the check `{}` failed", step.name))?;
    }
    eprintln!("==> all passed");
    for (name, time) in times {
        eprintln!("{name:10} {:>10}", seconds(time));
    }
    eprintln!("{:10} {:>10}", "total", seconds(start.elapsed()));
    Ok(())
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn clippy() -> Result<()> {
    let mut clippy = product::cargo("clippy", &[])?;
    process::run(
        clippy.args(["--all-targets", "--", "-D", "warnings"]),
        "clippy",
    )
}

fn our_tests() -> Result<()> {
    process::run(&mut product::cargo("test", &[])?, "`cargo test`")
}

fn xtask() -> Result<()> {
    let manifest = ["--manifest-path", "xtask/Cargo.toml"];
    let mut clippy = process::cargo();
    clippy
        .arg("clippy")
        .args(manifest)
        .args(["--all-targets", "--", "-D", "warnings"]);
    process::run(&mut clippy, "clippy")?;
    process::run(process::cargo().arg("test").args(manifest), "`cargo test`")
}

/// On the toolchain at hand, without the instructions of a fuzzer.
fn fuzzers() -> Result<()> {
    let cargo = |subcommand: &str| {
        let mut cargo = process::cargo();
        cargo
            .args([subcommand, "--locked", "--manifest-path", "fuzz/Cargo.toml"])
            .arg("--target-dir")
            .arg(process::target("fuzz"));
        cargo
    };
    let mut clippy = cargo("clippy");
    // Not the tests within the modules, which need more and run where they live.
    clippy.args(["--lib", "--bins", "--test=corpus", "--", "-D", "warnings"]);
    process::run(&mut clippy, "clippy")?;
    process::run(&mut cargo("test"), "`cargo test`")
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn faults() -> Result<()> {
    crate::faults::run(&crate::faults::Options {
        quick: true,
        ..Default::default()
    })
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn faults() -> Result<()> {
    eprintln!("not run: faults are injected on Linux on x86-64 only");
    Ok(())
}

fn upstream() -> Result<()> {
    upstream_tests::run(&upstream_tests::Options {
        ci: true,
        list_new: false,
        filters: Vec::new(),
    })
}
