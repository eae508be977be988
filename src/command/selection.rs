//! The flags that select a build, which are those of `cargo build`.

use cargo::core::Workspace;
use cargo::core::compiler::UserIntent;
use cargo::ops::CompileOptions;
use cargo::util::command_prelude::{ArgMatchesExt as _, CommandExt as _, ProfileChecking};
use cargo::{CargoResult, GlobalContext};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use crate::graph::workspace;

/// Each of them, to tell whether one was given.
pub(super) const FLAGS: [&str; 21] = [
    "package",
    "workspace",
    "all",
    "exclude",
    "lib",
    "bin",
    "bins",
    "example",
    "examples",
    "test",
    "tests",
    "bench",
    "benches",
    "all-targets",
    "features",
    "all-features",
    "no-default-features",
    "release",
    "profile",
    "target",
    "ignore-rust-version",
];

pub(super) fn with_args(command: Command) -> Command {
    command
        .arg_package_spec(
            "Look at the build of this package (see `cargo help pkgid`)",
            "Look at the build of all packages in the workspace",
            "Leave packages out of the build",
        )
        .arg_targets_all(
            "Look at the build of this package's library alone",
            "Look at the build of this binary",
            "Look at the build of all binaries",
            "Look at the build of this example",
            "Look at the build of all examples",
            "Look at the build of this test target",
            "Look at the build of all targets that have `test = true` set",
            "Look at the build of this bench target",
            "Look at the build of all targets that have `bench = true` set",
            "Look at the build of all targets",
        )
        .arg_features()
        .arg_release("Look at the build in release mode")
        .arg_redundant_default_mode("debug", "advisory", "release")
        .arg_profile("Look at the build with this profile")
        .arg_target_triple("Look at the build for this target triple")
        .arg_manifest_path()
        .arg_ignore_rust_version()
}

/// The build that `cargo build` would make with the same flags; with none of them, that of everything in the workspace,
/// for what is not asked about should not be left out.
///
/// # Errors
///
/// As `cargo build`.
pub(super) fn options(
    gctx: &GlobalContext,
    ws: &Workspace<'_>,
    args: &ArgMatches,
) -> CargoResult<CompileOptions> {
    if is_given(args) {
        args.compile_options(gctx, UserIntent::Build, Some(ws), ProfileChecking::Custom)
    } else {
        workspace::everything(gctx)
    }
}

/// Whether a flag of [`FLAGS`] was given.
pub(super) fn is_given(args: &ArgMatches) -> bool {
    let given = |flag: &&str| args.value_source(flag) == Some(ValueSource::CommandLine);
    FLAGS.iter().any(given)
}
