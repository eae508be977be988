//! The chores of this repository, run as `cargo xtask <chore>`.

mod bench;
mod demo;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod faults;
mod fork;
mod format;
mod fuzz;
mod install;
mod installation;
mod libtest;
mod patch;
mod process;
mod product;
mod source_tree;
mod supply_chain;
mod test;
mod upstream;
mod upstream_report;
mod upstream_tests;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// Chores of cargo-advisory.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Make the patched source of cargo; free when nothing has changed
    Fork(ForkArgs),
    /// Build our cargo; its path is the last line on stdout
    Build {
        /// Build quickly, without optimisation
        #[arg(long)]
        fast: bool,
    },
    /// Install as the rustup toolchain `advisory`, or below a folder
    Install {
        #[command(flatten)]
        place: PlaceArgs,
        /// Install a quickly built binary, to try the installation
        #[arg(long)]
        fast: bool,
    },
    /// Undo `install`
    Uninstall {
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Build and show an example, step by step
    Demo,
    /// Format everything that is ours
    Fmt {
        /// Only name what is not formatted, and fail
        #[arg(long)]
        check: bool,
    },
    /// Run every check of this repository, or those that are named
    Test {
        /// Checks to run, in the order of `--list`
        steps: Vec<String>,
        /// Name the checks and end
        #[arg(long)]
        list: bool,
    },
    /// Run the tests of upstream's cargo against ours
    UpstreamTests(UpstreamTestsArgs),
    /// Measure our cargo against the installed one
    Bench(BenchArgs),
    /// Look for inputs that break what reads foreign bytes
    Fuzz(FuzzArgs),
    /// Run the fault plan of `docs/reliability.md`, on Linux
    Faults(FaultsArgs),
}

#[derive(Args)]
struct ForkArgs {
    /// A release of `cargo-patch/upstream.toml`
    #[arg(long, conflicts_with = "git")]
    version: Option<String>,
    /// A git repository of cargo, for what is not released yet
    #[arg(long, requires = "rev", value_name = "URL")]
    git: Option<String>,
    /// A commit of that repository, in hexadecimal digits
    #[arg(long, requires = "git")]
    rev: Option<String>,
    /// Check that the patches stay small and only add, and make nothing
    #[arg(long, conflicts_with_all = ["version", "git"])]
    check: bool,
}

#[derive(Args)]
struct PlaceArgs {
    /// Use `DIR/bin/cargo` instead of a rustup toolchain
    #[arg(long, value_name = "DIR", conflicts_with = "toolchain_dir")]
    prefix: Option<PathBuf>,
    /// Where the toolchain's folder is [default: `advisory-toolchain` in cargo's home]
    #[arg(long, value_name = "DIR")]
    toolchain_dir: Option<PathBuf>,
}

impl PlaceArgs {
    fn place(self) -> install::Place {
        match self.prefix {
            Some(folder) => install::Place::Prefix(folder),
            None => install::Place::Toolchain(self.toolchain_dir),
        }
    }
}

#[derive(Args)]
struct UpstreamTestsArgs {
    /// Only the parts that we could break: building, testing, installing, registries, features, messages
    #[arg(long)]
    ci: bool,
    /// Print the names of failures that no list explains, one a line, and succeed
    #[arg(long)]
    list_new: bool,
    /// Run the suite of the unpatched cargo and write `cargo-patch/upstream-failures.txt`
    #[arg(long, conflicts_with_all = ["ci", "list_new", "filters"])]
    baseline: bool,
    /// Run only tests whose name contains one of these
    filters: Vec<String>,
}

#[derive(Args)]
struct BenchArgs {
    /// Put the figures into `BENCHMARKS.md`
    #[arg(long)]
    write: bool,
    /// How often each process is run
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Install `cargo-audit` in the target folder where there is none, to compare with
    #[arg(long)]
    audit: bool,
    /// Measure this binary instead of building ours
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Measure only the check of many lockfiles
    #[arg(long, hide = true, conflicts_with = "write")]
    fleet: bool,
    /// Measure only what a thousand machines ask of an nginx that serves a snapshot
    #[arg(long, conflicts_with_all = ["write", "fleet"])]
    snapshots: bool,
}

#[derive(Args)]
struct FuzzArgs {
    /// How long each target is fuzzed
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Fuzz only this one of `fuzz/corpus`
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// Run the target once, on this input
    #[arg(long, value_name = "FILE", requires = "target")]
    reproduce: Option<PathBuf>,
}

#[derive(Args)]
struct FaultsArgs {
    /// Only this row, by its number
    #[arg(long = "row", value_name = "N")]
    rows: Vec<u32>,
    /// Only this case of the row, without controls
    #[arg(long, value_name = "N", requires = "rows")]
    case: Option<usize>,
    /// Repeat the choices of a run that has printed this seed
    #[arg(long)]
    seed: Option<u64>,
    /// Only rows of a few seconds, with fewer samples
    #[arg(long)]
    quick: bool,
    /// Rows at a time [default: one more than there are processors]
    #[arg(long)]
    jobs: Option<usize>,
    /// An advisory database to take as the real one [default: that of ADVISORY_TEST_DATA, else one that is made up]
    #[arg(long, value_name = "DIR")]
    database: Option<PathBuf>,
}

impl FaultsArgs {
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    fn run(self) -> anyhow::Result<()> {
        faults::run(&faults::Options {
            rows: self.rows,
            case: self.case,
            seed: self.seed,
            quick: self.quick,
            jobs: self.jobs,
            database: self.database.or_else(faults::real_database),
        })
    }

    #[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
    fn run(self) -> anyhow::Result<()> {
        anyhow::bail!("faults are injected on Linux on x86-64 only")
    }
}

fn main() -> ExitCode {
    let result = match Cli::parse().chore {
        Chore::Fork(args) if args.check => fork::check(),
        Chore::Fork(args) => fork::run(args.version, args.git.zip(args.rev)),
        Chore::Build { fast } => product::run(product::Profile::new(fast)),
        Chore::Install { place, fast } => {
            install::install(place.place(), product::Profile::new(fast))
        }
        Chore::Uninstall { place } => install::uninstall(place.place()),
        Chore::Demo => demo::run(),
        Chore::Fmt { check: true } => format::check(),
        Chore::Fmt { check: false } => format::write(),
        Chore::Test { list: true, .. } => test::list(),
        Chore::Test { steps, .. } => test::run(&steps),
        Chore::UpstreamTests(args) if args.baseline => upstream_tests::baseline(),
        Chore::UpstreamTests(args) => upstream_tests::run(&upstream_tests::Options {
            ci: args.ci,
            list_new: args.list_new,
            filters: args.filters,
        }),
        Chore::Faults(args) => args.run(),
        Chore::Bench(args) => bench::run(&bench::Options {
            write: args.write,
            runs: args.runs as usize,
            audit: args.audit,
            binary: args.binary,
            fleet: args.fleet,
            snapshots: args.snapshots,
        }),
        Chore::Fuzz(args) => fuzz::run(&fuzz::Options {
            seconds: args.seconds,
            target: args.target,
            reproduce: args.reproduce,
        }),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
