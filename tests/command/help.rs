//! Where `cargo advisory` is told of, and how it stands beside cargo's own commands.

use cargo_test_support::registry::Package;
use cargo_test_support::{cargo_test, str};

use crate::support::{Database, ProjectExt as _, advisory, app, cargo, configure};

#[cargo_test]
fn it_is_among_the_commands() {
    cargo("--list")
        .with_stdout_contains("    advisory [..]Check dependencies for security advisories[..]")
        .run();
}

#[cargo_test]
fn help_tells_its_flags_and_subcommands() {
    cargo("advisory --help")
        .with_stdout_data(str![[r#"
Check dependencies for security advisories and yanked versions

Usage: cargo advisory [OPTIONS]
       cargo advisory <COMMAND>

Commands:
  check    Check a workspace or lockfiles
  explain  Explain an advisory, or show all about a crate
  export   Write the index as files that a web server hands out to other machines
  fix      Change Cargo.lock so that findings go away
  ignore   Write down which findings are ignored, why, and until when
  report   Write what was found to a file
  status   Show what the index holds, from where, and how old it is
  update   Bring the index of advisories up to date

Options:
      --lockfile <PATH>           Check this Cargo.lock instead of a workspace
      --recursive <DIR>...        Check every Cargo.lock below these folders instead of a workspace
      --format <FORMAT>           How to print what was found [default: human] [possible values:
                                  human, json, sarif, cyclonedx, openvex, github, markdown]
      --tree                      Draw all paths to each package, not only the shortest one
      --no-remedies               Do not look for remedies
      --explain-policy            Tell which rules and ignores decide on each finding
      --deny-advisories[=<WHAT>]  Fail if a dependency has an advisory or is yanked; WHAT narrows
                                  it: `new`, `fixable`, `runtime`, or kinds such as
                                  `vulnerability,yanked`
  -v, --verbose...                Use verbose output (-vv very verbose/build.rs output)
  -q, --quiet                     Do not print cargo log messages
      --color <WHEN>              Coloring [possible values: auto, always, never]
      --config <KEY=VALUE|PATH>   Override a configuration value
  -Z <FLAG>                       Unstable (nightly-only) flags to Cargo, see 'cargo -Z help' for
                                  details
  -h, --help                      Print help

Manifest Options:
  -m, --manifest-path <PATH>  Path to Cargo.toml
      --ignore-rust-version   Ignore `rust-version` specification in packages
      --locked                Assert that `Cargo.lock` will remain unchanged
      --offline               Run without accessing the network
      --frozen                Equivalent to specifying both --locked and --offline

Package Selection:
  -p, --package [<SPEC>]  Look at the build of this package (see `cargo help pkgid`)
      --workspace         Look at the build of all packages in the workspace
      --exclude <SPEC>    Leave packages out of the build
      --all               Alias for --workspace (deprecated)

Target Selection:
      --lib               Look at the build of this package's library alone
      --bins              Look at the build of all binaries
      --bin [<NAME>]      Look at the build of this binary
      --examples          Look at the build of all examples
      --example [<NAME>]  Look at the build of this example
      --tests             Look at the build of all targets that have `test = true` set
      --test [<NAME>]     Look at the build of this test target
      --benches           Look at the build of all targets that have `bench = true` set
      --bench [<NAME>]    Look at the build of this bench target
      --all-targets       Look at the build of all targets

Feature Selection:
  -F, --features <FEATURES>  Space or comma separated list of features to activate
      --all-features         Activate all available features
      --no-default-features  Do not activate the `default` feature

Compilation Options:
  -r, --release                 Look at the build in release mode
      --profile <PROFILE-NAME>  Look at the build with this profile
      --target [<TRIPLE>]       Look at the build for this target triple

"#]])
        .with_stderr_data("")
        .run();
}

#[cargo_test]
fn cargo_help_shows_the_same() {
    let asked = cargo("help advisory").run();
    let flag = cargo("advisory --help").run();

    assert!(!flag.stdout.is_empty());
    assert_eq!(
        String::from_utf8(asked.stdout).unwrap(),
        String::from_utf8(flag.stdout).unwrap()
    );
}

#[cargo_test]
fn help_of_a_subcommand_tells_what_it_does() {
    cargo("advisory update --help")
        .with_stdout_data(str![[r#"
Bring the index of advisories up to date

Usage: cargo advisory update [OPTIONS]

Options:
      --accept-rewrite <DATABASE>  Take this database even if its history was rewritten or
                                   advisories are gone
  -v, --verbose...                 Use verbose output (-vv very verbose/build.rs output)
  -q, --quiet                      Do not print cargo log messages
      --color <WHEN>               Coloring [possible values: auto, always, never]
      --config <KEY=VALUE|PATH>    Override a configuration value
  -Z <FLAG>                        Unstable (nightly-only) flags to Cargo, see 'cargo -Z help' for
                                   details
  -h, --help                       Print help

Manifest Options:
      --locked   Assert that `Cargo.lock` will remain unchanged
      --offline  Run without accessing the network
      --frozen   Equivalent to specifying both --locked and --offline

"#]])
        .run();
}

#[cargo_test]
fn a_subcommand_that_is_not_known_is_refused() {
    Database::new().add(&advisory("leaky")).index();

    cargo("advisory frobnicate")
        .with_status(1)
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
[ERROR] unrecognized subcommand 'frobnicate'

Usage: cargo advisory [OPTIONS]
       cargo advisory <COMMAND>

For more information, try '--help'.

"#]])
        .run();
}

#[cargo_test]
fn flags_of_the_check_do_not_go_before_a_subcommand() {
    Database::new().add(&advisory("leaky")).index();

    cargo("advisory --deny-advisories update")
        .with_status(1)
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
[ERROR] the subcommand 'update' cannot be used with '--deny-advisories[=<WHAT>]'

Usage: cargo advisory [OPTIONS]
       cargo advisory <COMMAND>

For more information, try '--help'.

"#]])
        .run();
}

#[cargo_test]
fn a_misspelt_name_is_suggested() {
    cargo("advisary")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] no such command: `advisary`

[HELP] a command with a similar name exists: `advisory`

[HELP] view all installed commands with `cargo --list`
[HELP] find a package to install `advisary` with `cargo search cargo-advisary`

"#]])
        .run();
}

/// As with cargo's own commands.
#[cargo_test]
fn an_alias_of_the_same_name_is_passed_over_with_a_warning() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    configure("[alias]\nadvisory = 'version'\nbuild = 'version'");
    let app = app("leaky = '1'");

    app.cargo("advisory")
        .with_stdout_data(str![[r#"
leaky 1.0.0 (runtime)
    app 0.1.0 → leaky 1.0.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]])
        .with_stderr_data(str![[r#"
[WARNING] user-defined alias `advisory` is ignored, because it is shadowed by a built-in command
[UPDATING] `dummy-registry` index
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0 (registry `dummy-registry`)
     Checked 2 packages against 1 advisory of an index less than a minute old

"#]])
        .run();
    app.cargo("build --quiet")
        .with_stderr_contains("[WARNING] user-defined alias `build` is ignored[..]")
        .run();
}

#[cargo_test]
fn an_alias_can_lead_to_it() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    configure("[alias]\naudit = 'advisory --deny-advisories'");

    app("leaky = '1'")
        .cargo("audit")
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0 (registry `dummy-registry`)
     Checked 2 packages against 1 advisory of an index less than a minute old
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001)

"#]])
        .run();
}

#[cargo_test]
fn completions_know_its_flag() {
    for command in ["build", "check", "test"] {
        cargo(&format!("{command} --help"))
            .with_stdout_contains("[..]--deny-advisories[..]")
            .run();
    }
}
