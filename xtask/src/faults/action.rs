//! What runs before the verdict: nothing of the graph.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use anyhow::{Result, ensure};

use super::Stage;
use super::process::{self, Ended};
use super::said::whole;
use super::trial::{Trial, holds};
use super::world::{App, World};

/// Every command that compiles, with what it needs to get as far as that.
const COMMANDS: [&str; 12] = [
    "build",
    "check --all-targets",
    "run",
    "test",
    "bench",
    "doc",
    "rustc --bin app",
    "rustdoc",
    "fix --allow-no-vcs",
    "install --path . --root ../installed",
    "package --allow-dirty",
    "publish --dry-run --allow-dirty --registry private",
];

/// Row 15.
pub fn verdict_first(trial: &mut Trial, stage: &Stage) -> Result<()> {
    let world = marking(stage)?;
    world.mended().updates()?;
    for command in COMMANDS {
        trial.case(&format!("`{command} --deny-advisories`"), || {
            let (ended, marks) = run(&world, &format!("{command} --deny-advisories"))?;
            holds!(marks.is_empty(), "before the verdict ran {marks:?}");
            is_denied(&ended, "denied by `--deny-advisories`: leaky 1.0.0")
        })?;
        trial.case(&format!("`{command}` with a warning"), || {
            let (ended, marks) = run(&world, command)?;
            holds!(ended.status == Ok(0), "it fails: {}", ended.text());
            // Otherwise the case before has shown nothing.
            for mark in ["build script", "proc macro", "rustc"] {
                holds!(
                    marks.contains(mark),
                    "{mark} did not run, only {marks:?}: {}",
                    ended.text()
                );
            }
            let warnings = ended.stderr.matches("1 insecure dependency").count();
            holds!(warnings == 1, "{warnings} warnings: {}", ended.text());
            Ok(())
        })?;
    }
    fs::remove_file(world.index()?)?;
    for command in COMMANDS {
        trial.case(&format!("`{command} --deny-advisories`, no index"), || {
            let (ended, marks) = run(&world, &format!("{command} --deny-advisories"))?;
            holds!(marks.is_empty(), "before the verdict ran {marks:?}");
            is_denied(&ended, "there is no index yet")
        })?;
    }
    Ok(())
}

fn is_denied(ended: &Ended, reason: &str) -> Result<()> {
    holds!(
        ended.status == Ok(101) && ended.stderr.contains(reason),
        "it is not denied: {}",
        ended.text()
    );
    Ok(())
}

/// Runs cargo in the insecure project, with nothing compiled before, and says what has left a mark.
fn run(world: &World, line: &str) -> Result<(Ended, BTreeSet<String>)> {
    let marks = world.root.join("marks");
    for folder in [&marks, &world.root.join("insecure/target")] {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
    }
    fs::create_dir(&marks)?;
    let mut command = world.cargo(App::Insecure, line);
    command
        .env("MARKS", &marks)
        .env("RUSTC_WRAPPER", world.root.join("wrapper"));
    let ended = whole(process::run(command)?)?;
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(&marks)? {
        found.insert(entry?.file_name().to_string_lossy().into_owned());
    }
    Ok((ended, found))
}

/// A world whose insecure project, and all that it depends on, leave a mark wherever they run.
fn marking(stage: &Stage) -> Result<World> {
    let world = stage.world()?;
    let mark = |name: &str| {
        format!(
            "fn mark() {{\n    let marks = std::env::var(\"MARKS\").unwrap();\n    \
             std::fs::write(format!(\"{{marks}}/{name}\"), \"\").unwrap();\n}}\n"
        )
    };
    world.write(
        "vendor/marking/Cargo.toml",
        "[package]\nname = \"marking\"\nversion = \"1.0.0\"\nedition = \"2021\"\n\n[lib]\nproc-macro = true\n",
    )?;
    world.write(
        "vendor/marking/src/lib.rs",
        &format!(
            "{}#[proc_macro]\npub fn leave(_: proc_macro::TokenStream) -> proc_macro::TokenStream {{\n    mark();\n    \
             proc_macro::TokenStream::new()\n}}\n",
            mark("proc macro")
        ),
    )?;
    let checksum = format!("{{\"files\":{{}},\"package\":\"{}\"}}", "0".repeat(64));
    world.write("vendor/marking/.cargo-checksum.json", &checksum)?;
    world.write(
        "vendor/leaky/Cargo.toml",
        "[package]\nname = \"leaky\"\nversion = \"1.0.0\"\nedition = \"2021\"\n\n[dependencies]\nmarking = \"1\"\n",
    )?;
    world.write(
        "vendor/leaky/src/lib.rs",
        "extern crate marking;\nmarking::leave!();\n",
    )?;
    world.write(
        "vendor/leaky/build.rs",
        &format!("{}fn main() {{ mark() }}\n", mark("build script")),
    )?;
    world.write(
        "insecure/Cargo.toml",
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\ndescription = \"x\"\nlicense = \"MIT\"\n\
         repository = \"none\"\n\n[dependencies]\nleaky = \"1\"\n",
    )?;
    world.write(
        "insecure/src/main.rs",
        &format!("{}fn main() {{ mark() }}\n", mark("program")),
    )?;
    fs::remove_file(world.root.join("insecure/Cargo.lock"))?;
    // Cargo asks rustc about itself before it resolves, which is no code of the graph.
    world.write(
        "wrapper",
        "#!/bin/sh\ncase \" $* \" in\n*' --crate-name ___ '* | *' -vV '*) ;;\n*' --crate-name '*) : > \"$MARKS/rustc\" ;;\n\
         esac\nexec \"$@\"\n",
    )?;
    fs::set_permissions(
        world.root.join("wrapper"),
        fs::Permissions::from_mode(0o755),
    )?;
    registry(&world)?;
    Ok(world)
}

/// A registry to publish to, which nothing is ever uploaded to.
fn registry(world: &World) -> Result<()> {
    let folder = world.root.join("registry");
    fs::create_dir_all(&folder)?;
    world.write(
        "registry/config.json",
        &format!(
            "{{\"dl\":\"file://{0}\",\"api\":\"file://{0}\"}}",
            folder.display()
        ),
    )?;
    for words in [
        ["init", "--quiet", "."].as_slice(),
        &["add", "--all"],
        &[
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@example.com",
            "commit",
            "--quiet",
            "--message=x",
        ],
    ] {
        let mut git = Command::new("git");
        git.args(words)
            .current_dir(&folder)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("HOME", &world.root);
        let ended = process::run(git)?;
        ensure!(ended.status == Ok(0), "git {words:?}: {}", ended.text());
    }
    let path = world.home().join(".cargo/config.toml");
    let mut config = fs::read_to_string(&path)?;
    config += &format!(
        "\n[registries.private]\nindex = \"file://{}\"\n",
        folder.display()
    );
    fs::write(path, config)?;
    Ok(())
}
