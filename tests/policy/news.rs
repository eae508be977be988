//! `--deny-advisories=new`: only what the present work brought in is denied.

use std::fs;

use cargo_test_support::compare::assert_e2e;
use cargo_test_support::registry::Package;
use cargo_test_support::{Project, cargo_test, git_process, str};

use crate::support::{
    Database, ExecsExt as _, ProjectExt as _, advisory, app_manifest, configure, locked,
};
use crate::{NOTHING, set, shows};

#[track_caller]
fn git(app: &Project, line: &str) {
    let mut git = git_process(line);
    git.cwd(app.root()).exec_with_output().unwrap();
}

fn commit(app: &Project) {
    git(app, "add --all");
    git(app, "commit --quiet --message change");
}

/// A project in a repository whose branch `main` depends on `leaky`, and whose branch `work` on `shaky` too, both
/// insecure. `work` is checked out.
fn work() -> Project {
    Package::new("leaky", "1.0.0").publish();
    Package::new("shaky", "1.0.0").publish();
    Database::new()
        .add(&advisory("leaky"))
        .add(&advisory("shaky").id("RUSTSEC-2020-0002"))
        .index();
    let app = locked("leaky = '1'");
    app.change_file(".gitignore", "target\n");
    git(&app, "init --quiet --initial-branch main");
    git(&app, "config user.name tests");
    git(&app, "config user.email tests@tests.example");
    commit(&app);
    git(&app, "checkout --quiet -b work");
    app.change_file("Cargo.toml", &app_manifest("leaky = '1'\nshaky = '1'"));
    app.cargo("fetch").run();
    app
}

#[cargo_test]
fn only_what_is_new_is_denied() {
    let app = work();

    app.cargo("check --deny-advisories=new=main").tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories=new=main`: shaky 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    app.cargo("advisory --deny-advisories=new=main")
        .tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories=new=main`: shaky 1.0.0 (RUSTSEC-2020-0002)
[EXIT_STATUS] 101

"#]]);
    app.cargo("advisory --quiet --lockfile Cargo.lock --deny-advisories=new=main")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] in `[ROOT]/foo/Cargo.lock`

Caused by:
  1 insecure dependency denied by `--deny-advisories=new=main`: shaky 1.0.0 (RUSTSEC-2020-0002)

"#]])
        .run();
    shows(
        &mut app.cargo("advisory --deny-advisories=new=main --explain-policy"),
        str![[r#"
leaky 1.0.0 (runtime)
    warn  RUSTSEC-2020-0001: vulnerability
          `advisory.vulnerability` is `warn` by default
          stays `warn`, because `--deny-advisories=new=main` leaves out what was there before

shaky 1.0.0 (runtime)
    deny  RUSTSEC-2020-0002: vulnerability
          `advisory.vulnerability` is `warn` by default
          denied, because of `--deny-advisories=new=main`
[ERROR] 1 insecure dependency denied by `--deny-advisories=new=main`: shaky 1.0.0 (RUSTSEC-2020-0002)
[EXIT_STATUS] 101

"#]],
    );
}

#[cargo_test]
fn a_change_that_brings_nothing_in_passes() {
    let app = work();
    git(&app, "checkout --quiet --force main");

    app.cargo("check --deny-advisories=new=main")
        .tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]]);
    app.cargo("advisory --deny-advisories=new=main")
        .tells(NOTHING);
}

#[cargo_test]
fn the_default_branch_of_the_remote_is_compared_with() {
    let app = work();
    git(&app, "update-ref refs/remotes/origin/main main");
    git(
        &app,
        "symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/main",
    );
    git(&app, "remote add origin https://git.example/app");

    app.cargo("check --deny-advisories=new").tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories=new`: shaky 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    app.cargo("advisory --deny-advisories=new").tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories=new`: shaky 1.0.0 (RUSTSEC-2020-0002)
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn the_configuration_may_name_the_base() {
    let app = work();
    set(&app, "base = 'main'");

    app.cargo("check --deny-advisories=new").tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories=new`: shaky 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    app.cargo("check --deny-advisories=new")
        .env("CARGO_ADVISORY_BASE", "work")
        .tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories=new`: shaky 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    // The flag is stronger.
    app.cargo("advisory --deny-advisories=new=main")
        .env("CARGO_ADVISORY_BASE", "nowhere")
        .tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories=new=main`: shaky 1.0.0 (RUSTSEC-2020-0002)
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn other_words_narrow_and_widen_as_ever() {
    let app = work();

    app.cargo("check --deny-advisories=new=main,unsound")
        .tells(str![[r#"
[WARNING] 2 insecure dependencies: leaky 1.0.0 (RUSTSEC-2020-0001), shaky 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details

"#]]);
    app.cargo("check --deny-advisories=vulnerability,new=main")
        .tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories=vulnerability,new=main`: shaky 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    app.cargo("check --deny-advisories=new=main,fixable")
        .tells(str![[r#"
[WARNING] 2 insecure dependencies: leaky 1.0.0 (RUSTSEC-2020-0001), shaky 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details

"#]]);
}

#[cargo_test]
fn what_a_rule_denies_is_denied_however_old_it_is() {
    let app = work();
    set(&app, "vulnerability = 'deny'");

    app.cargo("check --deny-advisories=new=main").tells(str![[r#"
[ERROR] 2 insecure dependencies denied by `advisory.vulnerability`: leaky 1.0.0 (RUSTSEC-2020-0001), shaky 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn outside_of_a_repository_it_cannot_be_told() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = locked("leaky = '1'");
    // The tests themselves run in a repository.
    let folder = tempfile::tempdir().unwrap();
    for file in ["Cargo.toml", "Cargo.lock", "src/main.rs"] {
        let to = folder.path().join(file);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(app.root().join(file), to).unwrap();
    }
    let outside = |line: &str| {
        let mut cargo = app.cargo(line);
        cargo.cwd(folder.path());
        let output = cargo.without_status().run();
        assert_eq!(output.code, Some(101), "{line}");
        let told = String::from_utf8(output.stderr).unwrap();
        let told = told.replace(folder.path().to_str().unwrap(), "OUTSIDE");
        let start = told.find("error: ").unwrap_or_default();
        told[start..].to_owned()
    };

    assert_e2e().eq(
        outside("check --deny-advisories=new"),
        str![[r#"
[ERROR] failed to tell what is new in `OUTSIDE/Cargo.lock`: it lies in no git repository

"#]],
    );
    assert_e2e().eq(
        outside("advisory --deny-advisories=new"),
        str![[r#"
[ERROR] failed to tell what is new in `OUTSIDE/Cargo.lock`

Caused by:
  it lies in no git repository

"#]],
    );
    assert_e2e().eq(
        outside("advisory --lockfile Cargo.lock --deny-advisories=new"),
        str![[r#"
[ERROR] failed to tell what is new in `OUTSIDE/Cargo.lock`

Caused by:
  it lies in no git repository

"#]],
    );
    // What denies nothing asks for no repository.
    configure("vulnerability = 'allow'");
    app.cargo("check").cwd(folder.path()).tells(NOTHING);
}

#[cargo_test]
fn a_base_that_there_is_not_is_an_error() {
    let app = work();

    app.cargo("check --deny-advisories=new")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] failed to tell what is new in `[ROOT]/foo/Cargo.lock`: there is no branch to compare with: neither `refs/remotes/origin/HEAD` nor `refs/remotes/origin/main` nor `refs/remotes/origin/master`; fetch it, or name a branch with `--deny-advisories=new=BRANCH` or `advisory.base`

"#]])
        .run();
    app.cargo("advisory --deny-advisories=new=nowhere")
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[ERROR] failed to tell what is new in `[ROOT]/foo/Cargo.lock`

Caused by:
  there is no branch, tag or commit `nowhere` here; fetch it, or name another

"#]])
        .run();
}

#[cargo_test]
fn of_a_name_only_a_branch_a_tag_or_a_commit_is_tried() {
    let app = work();

    app.cargo("advisory --quiet")
        .arg("--deny-advisories=new=\u{1b}[2J")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] failed to tell what is new in `[ROOT]/foo/Cargo.lock`

Caused by:
  `/u{1b}[2J` cannot be the name of a branch; allowed are names such as `main`, `origin/main` and `v1.0`, and commits in hex

"#]])
        .run();
}
