//! Every command that compiles says its line, once, and knows the flag.

use cargo_test_support::cargo_test;
use cargo_test_support::str;

use crate::support::{ExecsExt as _, ProjectExt as _, app, cargo};
use crate::{LEAKY, NOTHING, publish_leaky};

#[cargo_test]
fn every_compiling_command_on_a_workspace_says_the_line_once() {
    publish_leaky();
    let app = app("leaky = '1'");

    for line in [
        "build", "check", "run", "test", "bench", "doc", "rustc", "rustdoc",
    ] {
        app.cargo(line).tells(LEAKY);
    }
}

#[cargo_test]
fn fix_says_the_line_once() {
    publish_leaky();
    let app = app("leaky = '1'");

    app.cargo("fix --allow-no-vcs")
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0 (registry `dummy-registry`)
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[CHECKING] leaky v1.0.0
[CHECKING] app v0.1.0 ([ROOT]/foo)
[FINISHED] `dev` profile [unoptimized + debuginfo] target(s) in [ELAPSED]s

"#]])
        .run();
}

#[cargo_test]
fn a_test_that_also_documents_says_the_line_once() {
    publish_leaky();
    let app = app("leaky = '1'");
    app.change_file(
        "src/lib.rs",
        "/// ```\n/// assert!(true);\n/// ```\npub fn f() {}",
    );

    app.cargo("test")
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0 (registry `dummy-registry`)
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[COMPILING] leaky v1.0.0
[COMPILING] app v0.1.0 ([ROOT]/foo)
[FINISHED] `test` profile [unoptimized + debuginfo] target(s) in [ELAPSED]s
[RUNNING] unittests src/lib.rs (target/debug/deps/app-[HASH])
[RUNNING] unittests src/main.rs (target/debug/deps/app-[HASH])
[DOCTEST] app

"#]])
        .run();
}

#[cargo_test]
fn a_build_for_two_targets_says_the_line_once() {
    publish_leaky();
    let app = app("leaky = '1'");

    app.cargo("check --deny-advisories --target x86_64-unknown-linux-gnu --target x86_64-pc-windows-gnu")
        .tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn every_compiling_command_shows_the_flag_in_its_help() {
    for command in [
        "bench", "build", "check", "doc", "fix", "install", "package", "publish", "run", "rustc",
        "rustdoc", "test",
    ] {
        cargo(&format!("{command} --help"))
            .with_stdout_contains(
                "      --deny-advisories[=<WHAT>][..]Fail if a dependency has an advisory or is yanked[..]",
            )
            .run();
    }
}

#[cargo_test]
fn commands_that_do_not_compile_do_not_have_the_flag() {
    for command in ["clean", "fetch", "metadata", "tree", "update"] {
        cargo(&format!("{command} --deny-advisories"))
            .with_status(1)
            .with_stderr_contains("[ERROR] unexpected argument '--deny-advisories' found")
            .run();
    }
}

#[cargo_test]
fn commands_that_do_not_compile_say_nothing() {
    publish_leaky();
    let app = app("leaky = '1'");

    for line in [
        "fetch",
        "tree",
        "metadata --format-version 1",
        "update",
        "clean",
    ] {
        app.cargo(line).tells(NOTHING);
    }
}

#[cargo_test]
fn a_command_that_runs_another_program_leaves_the_line_to_the_build() {
    publish_leaky();
    let app = app("leaky = '1'");

    app.cargo("run -- --deny-advisories").tells(LEAKY);
    app.cargo("test -- --list").tells(LEAKY);
}

#[cargo_test]
fn arguments_for_the_compiler_change_nothing() {
    publish_leaky();
    let app = app("leaky = '1'");

    app.cargo("rustc -- --cfg extra").tells(LEAKY);
    app.cargo("rustdoc -- --cfg extra").tells(LEAKY);
}

#[cargo_test]
fn a_command_under_another_name_is_the_same_command() {
    publish_leaky();
    let app = app("leaky = '1'");
    app.change_file(
        ".cargo/config.toml",
        "[alias]\nsafe = 'build --deny-advisories'\n",
    );

    for name in ["b", "c", "d", "r", "t"] {
        app.cargo(name).tells(LEAKY);
    }
    for line in ["safe", "b --deny-advisories"] {
        app.cargo(line).tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    }
}
