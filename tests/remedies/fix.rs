//! `cargo advisory fix` as a command: what it refuses, what it exits with, and what it leaves behind when it fails.

#![allow(clippy::print_stdout, reason = "a skipped test says so")]

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::mpsc;

use cargo_test_support::prelude::IntoData as _;
use cargo_test_support::registry::{Package, RegistryBuilder};
use cargo_test_support::{Project, cargo_test, process, str};

use crate::proof::{leaky_is_patched, leaves};
use crate::support::{
    Database, ExecsExt as _, ProjectExt as _, advisory, app, app_manifest, cargo, cargo_exe,
    cargo_without_privileges, locked,
};

/// A project locked to `leaky` 1.0.0, of which 1.0.1 is the remedy.
fn leaky_app() -> Project {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Package::new("leaky", "1.0.1").publish();
    leaky_is_patched(&[">= 1.0.1"]);
    app
}

/// A project locked to `leaky` 1.0.0, whose manifest has to change for 2.0.0.
fn held_back_app() -> Project {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Package::new("leaky", "2.0.0").publish();
    leaky_is_patched(&[">= 2.0.0"]);
    app
}

#[cargo_test]
fn a_dry_run_shows_all_and_changes_nothing() {
    let app = leaky_app();

    for flag in ["--dry-run", "-n"] {
        leaves(
            &app,
            flag,
            str![[r#"
[UPDATING] leaky v1.0.0 -> v1.0.1
[WARNING] nothing was changed, as this is a dry run

"#]],
        );
    }
}

#[cargo_test]
fn a_dry_run_shows_what_would_change_in_manifests() {
    let app = held_back_app();

    leaves(
        &app,
        "--dry-run --manifest",
        str![[r#"
     Editing Cargo.toml:7: `dependencies.leaky` from "1" to "2.0.0"
[UPDATING] leaky v1.0.0 -> v2.0.0
[WARNING] nothing was changed, as this is a dry run

"#]],
    );
}

#[cargo_test]
fn a_dry_run_without_a_remedy_says_that_there_is_none() {
    let app = held_back_app();

    leaves(
        &app,
        "--dry-run",
        str![[r#"
[WARNING] nothing could be fixed in Cargo.lock alone; try `--manifest`, or see `cargo advisory` for details

"#]],
    );
}

#[cargo_test]
fn a_dry_run_makes_no_lockfile() {
    Package::new("leaky", "1.0.0").publish();
    leaky_is_patched(&[">= 2.0.0"]);
    let app = app("leaky = '1'");

    app.cargo("advisory fix --dry-run")
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0 (registry `dummy-registry`)
[WARNING] nothing could be fixed in Cargo.lock alone; try `--manifest`, or see `cargo advisory` for details

"#]])
        .run();
    assert!(!app.root().join("Cargo.lock").exists());
}

#[cargo_test]
fn a_dry_run_leaves_an_outdated_lockfile_as_it_is() {
    let app = leaky_app();
    Package::new("sound", "1.0.0").publish();
    app.change_file("Cargo.toml", &app_manifest("leaky = '1'\nsound = '1'"));
    let before = app.read_lockfile();

    app.cargo("advisory fix --dry-run")
        .with_stderr_data(
            str![[r#"
[UPDATING] `dummy-registry` index
[LOCKING] 1 package to latest compatible version
[ADDING] sound v1.0.0
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0 (registry `dummy-registry`)
[DOWNLOADED] sound v1.0.0 (registry `dummy-registry`)
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.1 (registry `dummy-registry`)
[UPDATING] leaky v1.0.0 -> v1.0.1
[WARNING] nothing was changed, as this is a dry run

"#]]
            .unordered(),
        )
        .run();
    assert_eq!(app.read_lockfile(), before);
}

#[cargo_test]
fn a_dry_run_may_be_locked() {
    let app = leaky_app();

    leaves(
        &app,
        "--dry-run --locked",
        str![[r#"
[UPDATING] leaky v1.0.0 -> v1.0.1
[WARNING] nothing was changed, as this is a dry run

"#]],
    );
}

#[cargo_test]
fn a_dry_run_may_be_frozen() {
    let app = leaky_app();
    app.cargo("update leaky --dry-run").run();
    app.cargo("fetch").run();

    leaves(
        &app,
        "--dry-run --frozen",
        str![[r#"
[WARNING] the remedy of leaky 1.0.0 is not downloaded; fix it without --frozen
[WARNING] nothing could be fixed in Cargo.lock alone; try `--manifest`, or see `cargo advisory` for details

"#]],
    );
}

#[cargo_test]
fn what_is_locked_is_not_fixed() {
    let app = leaky_app();
    let before = app.read_lockfile();

    app.cargo("advisory fix --locked").tells(str![[r#"
[ERROR] Cargo.lock cannot be changed with --locked; see what would change with `--dry-run`
[EXIT_STATUS] 101

"#]]);
    app.cargo("advisory fix --frozen").tells(str![[r#"
[ERROR] Cargo.lock cannot be changed with --frozen; see what would change with `--dry-run`
[EXIT_STATUS] 101

"#]]);
    assert_eq!(app.read_lockfile(), before);
}

#[cargo_test]
fn with_nothing_to_fix_nothing_is_said_to_be_fixed() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Database::new().add(&advisory("other")).index();
    app.cargo("fetch").run();
    let before = app.read_lockfile();

    app.cargo("advisory fix")
        .with_stderr_data(str![[r#"
[FINISHED] with nothing to fix

"#]])
        .run();
    assert_eq!(app.read_lockfile(), before);
}

#[cargo_test]
fn without_a_lockfile_one_is_made_first() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("leaky", "1.0.1").publish();
    leaky_is_patched(&[">= 1.0.1"]);
    let app = app("leaky = '1'");

    app.cargo("advisory fix")
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.1 (registry `dummy-registry`)
[FINISHED] with nothing to fix

"#]])
        .run();
    assert!(app.read_lockfile().contains("1.0.1"));
}

#[cargo_test]
fn an_outdated_lockfile_is_brought_up_to_date_first() {
    let app = leaky_app();
    Package::new("sound", "1.0.0").publish();
    app.change_file("Cargo.toml", &app_manifest("leaky = '1'\nsound = '1'"));

    app.cargo("advisory fix").run();
    let lockfile = app.read_lockfile();
    assert!(lockfile.contains("name = \"sound\"") && lockfile.contains("1.0.1"));
}

#[cargo_test]
fn without_a_workspace_there_is_nothing_to_fix() {
    Database::new().add(&advisory("leaky")).index();

    cargo("advisory fix").tells(str![[r#"
[ERROR] could not find `Cargo.toml` in `[ROOT]` or any parent directory
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn without_an_index_nothing_is_fixed() {
    let app = leaky_app();
    let before = app.read_lockfile();
    fs::remove_dir_all(cargo_test_support::paths::cargo_home().join("advisory")).unwrap();

    app.cargo("advisory fix").tells(str![[r#"
[ERROR] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
    assert_eq!(app.read_lockfile(), before);
}

#[cargo_test]
fn another_workspace_is_named_by_its_manifest() {
    let app = leaky_app();

    cargo("advisory fix --manifest-path foo/Cargo.toml")
        .cwd(cargo_test_support::paths::root())
        .run();
    assert!(app.read_lockfile().contains("1.0.1"));
}

#[cargo_test]
fn a_finding_that_stays_and_is_denied_fails() {
    let app = held_back_app();
    let deny = "--config advisory.vulnerability='deny'";
    let before = app.read_lockfile();

    app.cargo(&format!("advisory fix {deny}")).tells(str![[r#"
[WARNING] nothing could be fixed in Cargo.lock alone; try `--manifest`, or see `cargo advisory` for details
[ERROR] 1 insecure dependency denied by `advisory.vulnerability`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    assert_eq!(app.read_lockfile(), before);
    app.cargo(&format!("advisory fix --manifest {deny}"))
        .tells(str![]);
}

#[cargo_test]
fn a_finding_that_stays_fails_when_all_are_denied() {
    let app = held_back_app();

    app.cargo("advisory fix").tells(str![[r#"
[WARNING] nothing could be fixed in Cargo.lock alone; try `--manifest`, or see `cargo advisory` for details

"#]]);
    app.cargo("advisory fix --deny-advisories").tells(str![[r#"
[WARNING] nothing could be fixed in Cargo.lock alone; try `--manifest`, or see `cargo advisory` for details
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    app.cargo("advisory fix --manifest --deny-advisories")
        .tells(str![]);
}

#[cargo_test]
fn a_malicious_package_that_stays_fails() {
    Package::new("evil", "1.0.0").publish();
    let app = locked("evil = '1'");
    Database::new().add(&advisory("evil").malicious()).index();

    app.cargo("advisory fix").tells(str![[r#"
[WARNING] nothing could be fixed in Cargo.lock alone; try `--manifest`, or see `cargo advisory` for details
[ERROR] 1 insecure dependency denied by `advisory.malicious`: evil 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn quiet_says_nothing() {
    let app = leaky_app();

    app.cargo("advisory fix --quiet")
        .with_stderr_data(str![])
        .with_stdout_data(str![])
        .run();
    assert!(app.read_lockfile().contains("1.0.1"));
}

#[cargo_test]
fn comments_of_the_lockfile_stay() {
    let app = leaky_app();
    let before = app.read_lockfile();

    app.cargo("advisory fix").run();
    let after = app.read_lockfile();
    let head = "# This file is automatically @generated by Cargo.\n";
    assert!(before.starts_with(head) && after.starts_with(head));
}

#[cargo_test]
fn the_version_of_the_lockfile_stays() {
    let app = leaky_app();
    let before = app.read_lockfile();
    let old = before.replace("version = 4\n", "version = 3\n");
    assert_ne!(old, before);
    app.change_file("Cargo.lock", &old);

    app.cargo("advisory fix").run();
    assert!(app.read_lockfile().contains("version = 3\n"));
}

#[cargo_test]
fn the_mode_of_the_lockfile_stays() {
    let app = leaky_app();
    let path = app.root().join("Cargo.lock");
    set_mode(&path, 0o640);

    app.cargo("advisory fix").run();
    assert!(app.read_lockfile().contains("1.0.1"));
    assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o640);
}

#[cargo_test]
fn a_lockfile_that_is_a_link_stays_one() {
    let app = leaky_app();
    let path = app.root().join("Cargo.lock");
    let real = cargo_test_support::paths::root().join("Cargo.lock");
    fs::rename(&path, &real).unwrap();
    std::os::unix::fs::symlink(&real, &path).unwrap();

    app.cargo("advisory fix").run();
    assert!(path.is_symlink());
    assert!(fs::read_to_string(&real).unwrap().contains("1.0.1"));
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cargo_test]
fn a_read_only_lockfile_stays() {
    let app = leaky_app();
    app.cargo("fetch").run();
    let before = app.read_lockfile();
    let path = app.root().join("Cargo.lock");
    set_mode(&path, 0o444);

    cargo_without_privileges(&app, "advisory fix")
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.1 (registry `dummy-registry`)
[UPDATING] leaky v1.0.0 -> v1.0.1
[ERROR] failed to write `[ROOT]/foo/Cargo.lock`

Caused by:
  Permission denied (os error 13)

"#]])
        .run();
    assert_eq!(app.read_lockfile(), before);
}

#[cargo_test]
fn a_read_only_lockfile_keeps_the_manifest_from_changing() {
    let app = held_back_app();
    let before = (app.read_lockfile(), app.read_file("Cargo.toml"));
    set_mode(&app.root().join("Cargo.lock"), 0o444);

    cargo_without_privileges(&app, "advisory fix --manifest").tells(str![[r#"
[ERROR] failed to write `[ROOT]/foo/Cargo.lock`
[EXIT_STATUS] 101

"#]]);
    assert_eq!((app.read_lockfile(), app.read_file("Cargo.toml")), before);
}

#[cargo_test]
fn a_read_only_folder_stays() {
    let app = leaky_app();
    let before = app.read_lockfile();
    set_mode(&app.root(), 0o555);

    cargo_without_privileges(
        &app,
        "advisory fix --config build.target-dir='/nonexistent'",
    )
    .tells(str![[r#"
[ERROR] failed to write `[ROOT]/foo/Cargo.lock`
[EXIT_STATUS] 101

"#]]);
    set_mode(&app.root(), 0o755);
    assert_eq!(app.read_lockfile(), before);
}

/// Runs `cargo advisory fix` until it asks the registry for `path` for the `nth` time, and kills it there.
fn killed_when_it_asks_for(path: &str, nth: usize) -> (Project, String) {
    let (asked, was_asked) = mpsc::channel();
    let asked = Mutex::new((0, asked));
    let registry = RegistryBuilder::new()
        .http_index()
        .add_responder(path, move |request, server| {
            let mut asked = asked.lock().unwrap();
            asked.0 += 1;
            if asked.0 == nth {
                asked.1.send(()).unwrap();
                loop {
                    std::thread::park();
                }
            }
            if request.url.path().starts_with("/dl/") {
                server.dl(request)
            } else {
                server.index(request)
            }
        })
        .build();
    let app = leaky_app();
    let before = app.read_lockfile();

    let mut command = app.cargo("advisory fix").build_command();
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    was_asked.recv().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    // Its thread never answers again, not even to a request to stop.
    std::mem::forget(registry);
    (app, before)
}

/// What lies in the folder of [`leaky_app`], and all that may be left there.
const FILES: [&str; 3] = ["Cargo.lock", "Cargo.toml", "src"];

/// The names in the project's folder, but for what cargo builds.
fn names(app: &Project) -> Vec<String> {
    let entries = fs::read_dir(app.root()).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "target")
        .collect();
    names.sort();
    names
}

#[cargo_test]
fn killed_while_it_searches_it_leaves_the_old_lockfile() {
    let (app, before) = killed_when_it_asks_for("/index/le/ak/leaky", 2);

    assert_eq!(app.read_lockfile(), before);
    assert_eq!(names(&app), FILES);
}

#[cargo_test]
fn killed_while_it_downloads_it_leaves_the_old_lockfile() {
    let (app, before) = killed_when_it_asks_for("/dl/leaky/1.0.1/download", 1);

    assert_eq!(app.read_lockfile(), before);
    assert_eq!(names(&app), FILES);
}

/// Kills `cargo advisory fix` with these `flags` at one file operation after the other, each time in the project as it was,
/// until it lives through all. Each time, `check` looks at what is left.
#[cfg(target_os = "linux")]
fn killed_everywhere(app: &Project, flags: &[&str], check: impl Fn()) {
    let files = ["Cargo.toml", "Cargo.lock"].map(|name| (name, app.read_file(name)));
    app.cargo("fetch").run();
    let mut kills = 0;
    loop {
        for (name, text) in &files {
            app.change_file(name, text);
        }
        let mut strace = process("strace");
        strace.cwd(app.root()).env("CARGO", cargo_exe());
        strace.args(&["-f", "-qq", "-o", "/dev/null"]);
        strace.arg("--trace=rename,renameat,renameat2,unlink,unlinkat,ftruncate");
        strace.arg(format!(
            "--inject=rename,renameat,renameat2,unlink,unlinkat,ftruncate:signal=SIGKILL:when={}",
            kills + 1
        ));
        strace
            .arg(cargo_exe())
            .args(&["advisory", "fix"])
            .args(flags);
        let Ok(output) = strace.build_command().output() else {
            println!("skipped: there is no strace");
            return;
        };
        check();
        if output.status.success() {
            break;
        }
        kills += 1;
    }
    assert!(kills > 0, "nothing was killed");
}

#[cfg(target_os = "linux")]
#[cargo_test]
fn killed_anywhere_it_leaves_the_old_lockfile_or_the_new_one() {
    let app = leaky_app();
    let old = app.read_lockfile();
    app.cargo("advisory fix").run();
    let new = app.read_lockfile();
    app.change_file("Cargo.lock", &old);

    killed_everywhere(&app, &[], || {
        assert!([&old, &new].contains(&&app.read_lockfile()));
    });
    assert_eq!(app.read_lockfile(), new);
}

#[cfg(target_os = "linux")]
#[cargo_test]
fn killed_anywhere_it_leaves_each_manifest_old_or_new() {
    let app = held_back_app();
    let state = || (app.read_file("Cargo.toml"), app.read_lockfile());
    let old = state();
    app.cargo("advisory fix --manifest").run();
    let new = state();
    // The manifest comes first: cargo makes the rest of it when it resolves next.
    let between = (new.0.clone(), old.1.clone());
    app.change_file("Cargo.toml", &old.0);
    app.change_file("Cargo.lock", &old.1);

    killed_everywhere(&app, &["--manifest"], || {
        assert!([&old, &between, &new].contains(&&state()));
    });
    assert_eq!(state(), new);
}
