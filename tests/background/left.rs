//! What the process of a refresh is left with: nothing of the build's, and of the environment what it needs.

use std::fs;

use cargo_test_support::{Execs, cargo_test, execs, paths, process, project};

use crate::support::{Database, ProjectExt as _, cargo_exe};
use crate::world::{Refreshing, World, as_users_have_it};

/// Runs `script` in the project's folder, where `$CARGO` is ours.
fn shell(world: &World, script: &str) -> Execs {
    let mut bash = process("bash");
    bash.args(&["-e", "-o", "pipefail", "-c", script])
        .env("CARGO", cargo_exe())
        .cwd(world.app.root());
    let mut execs = execs().with_process_builder(bash);
    as_users_have_it(&mut execs);
    execs
}

#[cargo_test]
fn a_build_ends_while_the_server_hangs() {
    let (world, gate) = World::behind_gate();

    world.cargo("check").run();

    gate.is_asked();
    Refreshing::only().kill();
}

/// A pipe is at its end when the last who could write to it has closed it.
#[cargo_test]
fn so_does_who_reads_what_the_build_writes() {
    let (world, gate) = World::behind_gate();

    shell(&world, r#""$CARGO" check 2>&1 | cat"#).run();
    gate.is_asked();
    let refresh = Refreshing::only();
    for stream in 0..3 {
        let leads_to = fs::read_link(refresh.path(&format!("fd/{stream}"))).unwrap();
        assert_eq!(leads_to.to_str(), Some("/dev/null"));
    }
    refresh.kill();
}

#[cargo_test]
fn so_does_who_reads_another_descriptor_of_the_build() {
    let (world, gate) = World::behind_gate();

    shell(
        &world,
        r#"{ "$CARGO" check 9>&1 >/dev/null 2>/dev/null; } | cat"#,
    )
    .run();
    gate.is_asked();
    Refreshing::only().kill();
}

#[cargo_test(requires = "make")]
fn a_jobserver_is_not_inherited() {
    let (world, gate) = World::behind_gate();
    let makefile = "all: a b\na:\n\t+$(CARGO) check\nb:\n\t@true\n";
    fs::write(world.app.root().join("Makefile"), makefile).unwrap();

    // Without the option newer ones name a pipe that anybody may open, where older ones pass descriptors on.
    let output = shell(&world, "make -j4 --jobserver-style=pipe || make -j4").run();

    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!stderr.contains("jobserver tokens"), "{stderr}");
    gate.is_asked();
    let refresh = Refreshing::only();
    let environment = refresh.file("environ");
    assert!(!environment.contains("MAKEFLAGS"), "{environment}");
    assert!(!environment.contains("jobserver-auth"), "{environment}");
    refresh.kill();
}

#[cargo_test]
fn of_the_environment_it_has_what_it_needs() {
    let (world, gate) = World::behind_gate();
    let names = [
        "AWS_SECRET_ACCESS_KEY",
        "CARGO_REGISTRY_TOKEN",
        "CARGO_REGISTRIES_MINE_TOKEN",
        "CARGO_MAKEFLAGS",
        "GITHUB_TOKEN",
        "GIT_DIR",
        "MAKEFLAGS",
    ];
    let mut check = world.cargo("check");
    for name in names {
        check.env(name, "planted-secret");
    }
    // Not for cargo to use: the registry of tests needs no proxy.
    check
        .env("no_proxy", "127.0.0.1")
        .env("SSL_CERT_FILE", "../authority.pem")
        .env("CARGO_HTTP_TIMEOUT", "20");

    check.without_status().run();

    gate.is_asked();
    let refresh = Refreshing::only();
    let environment = refresh.file("environ");
    let variables: Vec<&str> = environment.split_terminator('\0').collect();
    for name in names {
        let found = variables
            .iter()
            .find(|variable| variable.starts_with(&format!("{name}=")));
        assert_eq!(found, None);
    }
    let authority = world.app.root().join("../authority.pem");
    for expected in [
        format!("CARGO_HOME={}", paths::cargo_home().display()),
        format!(
            "CARGO_ADVISORY_CACHE_DIR={}/advisory",
            paths::cargo_home().display()
        ),
        format!("SSL_CERT_FILE={}", authority.display()),
        "no_proxy=127.0.0.1".to_owned(),
        "CARGO_HTTP_TIMEOUT=20".to_owned(),
    ] {
        assert!(
            variables.contains(&expected.as_str()),
            "{expected}: {variables:?}"
        );
    }
    assert!(!refresh.file("cmdline").contains("planted-secret"));
    refresh.kill();
}

#[cargo_test]
fn it_has_a_session_and_a_folder_of_its_own_and_no_parent_of_ours() {
    let (world, gate) = World::behind_gate();

    world.cargo("check").run();

    gate.is_asked();
    let refresh = Refreshing::only();
    // SAFETY: a system call without pointers.
    let ours = unsafe { libc::getsid(0) };
    let (parent, session) = (refresh.stat(4), refresh.stat(6));
    assert_ne!(session, ours);
    // It does not lead it, so that it can never get a terminal.
    assert_ne!(session, refresh.pid);
    assert_ne!(parent, std::process::id() as i32);
    assert_eq!(
        fs::read_link(refresh.path("cwd")).unwrap().to_str(),
        Some("/")
    );
    refresh.kill();
}

/// `cargo run` becomes the program that it has built, which knows nothing of a child.
#[cargo_test]
fn a_program_that_is_run_has_no_children() {
    let world = World::aged(25);
    let count = r#"fn main() {
        let id = std::process::id();
        let path = format!("/proc/{id}/task/{id}/children");
        println!("[{}]", std::fs::read_to_string(path).unwrap().trim());
    }"#;
    world.app.change_file("src/main.rs", count);
    world.cargo("build").run();
    world.wait_for_refresh();
    Database::at("advisory-db").index_made(25);

    let output = world.cargo("run").run();

    assert_eq!(output.stdout, b"[]\n");
    world.wait_for_refresh();
}

/// What looks like the arguments of a refresh is the program's.
#[cargo_test]
fn the_arguments_of_a_program_are_its_own() {
    let world = World::aged(1);
    let print = "fn main() { print!(\"{:?}\", std::env::args().skip(1).collect::<Vec<_>>()) }";
    world.app.change_file("src/main.rs", print);

    world
        .cargo("run -- advisory update --background=2026-11-11T11:11:11Z")
        .with_stdout_data(r#"["advisory", "update", "--background=2026-11-11T11:11:11Z"]"#)
        .run();
}

/// The check itself comes first, whatever becomes of the refresh.
#[cargo_test]
fn a_denied_build_starts_it_too() {
    let world = World::aged(25);

    assert!(world.starts("check --deny-advisories"));
    world.wait_for_refresh();
    Database::at("advisory-db").index_made(25);
    assert!(world.starts("check --deny-advisories"));
    world.wait_for_refresh();
}

#[cargo_test]
fn installing_two_packages_starts_one() {
    let (world, mut gate) = World::behind_gate();
    let tool = project()
        .at("tool")
        .file(
            "Cargo.toml",
            "[package]\nname = \"tool\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
        )
        .file("src/main.rs", "fn main() {}")
        .build();

    for name in ["out", "more"] {
        let mut install = tool.cargo(&format!("install --path . --root ../{name}"));
        as_users_have_it(&mut install);
        install.run();
    }

    gate.is_asked();
    gate.opens();
    world.wait_for_refresh();
    let requests = gate.server.requests();
    let fetches = requests
        .iter()
        .filter(|request| request.path.ends_with("info/refs"));
    assert_eq!(fetches.count(), 1);
}
