//! `cargo advisory check --recursive`: all lockfiles below some folders.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use cargo::sources::CRATES_IO_INDEX;
use cargo_test_support::{cargo_test, git_process, paths, project, str};
use serde_json::{Value, json};

use crate::support::{
    Database, ExecsExt as _, advisory, cargo, cargo_without_privileges, configure,
};

/// `leaky` can be attacked before 1.0.1, `shaky` is unsound in every version.
fn database() -> Database {
    let database = Database::new();
    database
        .add(
            &advisory("leaky")
                .patched(">= 1.0.1")
                .field("cvss", "\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\""),
        )
        .add(
            &advisory("shaky")
                .id("RUSTSEC-2021-0002")
                .informational("unsound"),
        )
        .index();
    database
}

/// Puts a file below the folder of the test.
fn write(path: &str, text: &str) {
    let path = paths::root().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Puts a Cargo.lock into `folder`: of an application with these dependencies, `leaky 1.0.0`.
fn locked(folder: &str, dependencies: &[&str]) {
    let mut text = format!(
        "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = {dependencies:?}\n"
    );
    for dependency in dependencies {
        let (name, version) = dependency.split_once(' ').unwrap();
        text.push_str(&format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry+{CRATES_IO_INDEX}\"\n"
        ));
    }
    write(&format!("{folder}/Cargo.lock"), &text);
}

/// The folders of the lockfiles that were answered, in the order of the answers.
fn folders(answers: &[Value]) -> Vec<String> {
    let folder = |answer: &Value| {
        let lockfile = Path::new(answer["lockfile"].as_str().unwrap());
        let folder = lockfile.parent().unwrap();
        let folder = folder.strip_prefix(paths::root()).unwrap();
        folder.to_str().unwrap().to_owned()
    };
    answers.iter().map(folder).collect()
}

/// Checks all below `fleet` and gives the folders of the lockfiles that were answered.
#[track_caller]
fn answered_below_fleet() -> Vec<String> {
    folders(&cargo("advisory check --recursive fleet --format json").answers())
}

#[cargo_test]
fn each_lockfile_with_findings_is_a_short_table() {
    database();
    locked("fleet/shop", &["leaky 1.0.0", "shaky 0.4.0"]);
    locked("fleet/site", &["leaky 1.0.1"]);
    locked("fleet/tools/build", &["leaky 0.9.0-rc.1"]);

    cargo("advisory check --recursive fleet")
        .with_stdout_data(str![[r#"
[ROOT]/fleet/shop/Cargo.lock
    warn   leaky 1.0.0  RUSTSEC-2020-0001  vulnerability, critical severity
    warn   shaky 0.4.0  RUSTSEC-2021-0002  unsound

[ROOT]/fleet/tools/build/Cargo.lock
    warn   leaky 0.9.0-rc.1  RUSTSEC-2020-0001  vulnerability, critical severity


"#]])
        .with_stderr_data(str![[r#"
     Checked 3 lockfiles with 7 packages against 2 advisories of an index less than a minute old; yanks are not known from a lockfile alone
       Found 3 findings in 2 lockfiles

"#]])
        .run();
}

#[cargo_test]
fn a_long_name_moves_no_other_line() {
    let long = "l".repeat(48);
    database()
        .add(&advisory(&long).id("RUSTSEC-2022-0003"))
        .index();
    locked(
        "fleet",
        &["leaky 1.0.0", &format!("{long} 1.0.0"), "shaky 0.10.0"],
    );

    cargo("advisory --recursive fleet --quiet")
        .with_stdout_data(str![[r#"
[ROOT]/fleet/Cargo.lock
    warn   leaky 1.0.0   RUSTSEC-2020-0001  vulnerability, critical severity
    warn   llllllllllllllllllllllllllllllllllllllllllllllll 1.0.0  RUSTSEC-2022-0003  vulnerability
    warn   shaky 0.10.0  RUSTSEC-2021-0002  unsound


"#]])
        .run();
}

#[cargo_test]
fn json_has_one_object_a_line_for_each_lockfile() {
    database();
    locked("fleet/shop", &["leaky 1.0.0"]);
    locked("fleet/site", &["leaky 1.0.1"]);

    let answers = cargo("advisory check --recursive fleet --format json")
        .with_stderr_data(str![[r#"
     Checked 2 lockfiles with 4 packages against 2 advisories of an index less than a minute old; yanks are not known from a lockfile alone
       Found 1 finding in 1 lockfile

"#]])
        .answers();

    assert_eq!(folders(&answers), ["fleet/shop", "fleet/site"]);
    assert_eq!(answers[0]["findings"][0]["package"], "leaky");
    assert_eq!(answers[0]["findings"][0]["paths"][0][0]["package"], "app");
    assert_eq!(answers[1]["findings"], json!([]));
}

/// Many threads or one, it is the same lockfiles, read in the same way and told in the same order.
#[cargo_test]
fn the_answers_are_those_of_each_lockfile_alone() {
    database();
    let mut alone = cargo("advisory --format json");
    for number in 0..200 {
        let folder = format!("fleet/{number:03}");
        let [leaky, shaky] = [
            format!("leaky 1.0.{}", number % 3),
            format!("shaky 0.{number}.0"),
        ];
        locked(&folder, &[leaky.as_str(), shaky.as_str()][..1 + number % 2]);
        alone.args(&["--lockfile", &format!("{folder}/Cargo.lock")]);
    }

    let together = cargo("advisory --recursive fleet --format json").run_stdout();

    assert_eq!(together.lines().count(), 200);
    assert_eq!(together, alone.run_stdout());
}

#[cargo_test]
fn what_git_ignores_and_what_is_hidden_is_checked() {
    database();
    locked("fleet/library", &["leaky 1.0.0"]);
    write("fleet/library/.gitignore", "/Cargo.lock\n");
    write("fleet/.ignore", "*\n");
    locked("fleet/.github/actions/lint", &["leaky 1.0.0"]);
    git_process("init --quiet")
        .cwd(paths::root().join("fleet"))
        .exec_with_output()
        .unwrap();

    assert_eq!(
        answered_below_fleet(),
        ["fleet/.github/actions/lint", "fleet/library"]
    );
}

#[cargo_test]
fn the_folders_of_git_and_of_builds_are_passed_over() {
    database();
    locked("fleet/shop", &["leaky 1.0.0"]);
    locked("fleet/shop/target/package/shop-0.1.0", &["leaky 1.0.0"]);
    locked("fleet/shop/.git/modules/x", &["leaky 1.0.0"]);
    write("fleet/outdated/Cargo.toml", "");
    locked("fleet/outdated/target/package/x", &["leaky 1.0.0"]);
    write("fleet/target/CACHEDIR.TAG", "");
    locked("fleet/target/package/x", &["leaky 1.0.0"]);

    assert_eq!(answered_below_fleet(), ["fleet/shop"]);
}

/// Its name alone does not make a folder one that cargo builds into.
#[cargo_test]
fn sources_in_a_folder_called_target_are_checked() {
    database();
    locked("fleet/crates/target", &["leaky 1.0.0"]);
    // Who names a folder wants it looked into, whatever it is.
    locked("shop", &["leaky 1.0.0"]);
    locked("shop/target/package/shop-0.1.0", &["leaky 1.0.0"]);

    let answers = cargo("advisory --format json --recursive fleet shop/target").answers();

    assert_eq!(
        folders(&answers),
        ["fleet/crates/target", "shop/target/package/shop-0.1.0"]
    );
}

#[cargo_test]
fn links_are_not_followed_and_those_that_may_lead_to_a_lockfile_are_told() {
    database();
    locked("elsewhere", &["leaky 1.0.0"]);
    locked("fleet/shop", &["leaky 1.0.1"]);
    let fleet = paths::root().join("fleet");
    symlink("../../elsewhere", fleet.join("shop/vendor")).unwrap();
    symlink("..", fleet.join("shop/round")).unwrap();
    fs::create_dir(fleet.join("site")).unwrap();
    symlink("../../elsewhere/Cargo.lock", fleet.join("site/Cargo.lock")).unwrap();

    cargo("advisory --recursive fleet")
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
[NOTE] `[ROOT]/fleet/site/Cargo.lock` is a link, which is not followed; name the folder that it leads to
     Checked 1 lockfile with 2 packages against 2 advisories of an index less than a minute old; yanks are not known from a lockfile alone
       Found nothing

"#]])
        .run();

    symlink("nowhere", fleet.join("Cargo.lock")).unwrap();
    cargo("advisory --recursive fleet --quiet")
        .with_stdout_data("")
        .with_stderr_data("")
        .run();
    cargo("advisory --recursive fleet").tells(str![[r#"
[NOTE] 2 files called Cargo.lock are links, which are not followed, such as `[ROOT]/fleet/Cargo.lock`; name the folders that they lead to

"#]]);
}

#[cargo_test]
fn a_denial_does_not_pass_over_a_lockfile_behind_a_link() {
    database();
    locked("elsewhere", &["leaky 1.0.0"]);
    locked("fleet/shop", &["leaky 1.0.1"]);
    let fleet = paths::root().join("fleet");
    for (name, to) in [
        ("site", "../../elsewhere/Cargo.lock"),
        ("gone", "nowhere"),
        // Looked into where it is.
        ("also", "../shop/Cargo.lock"),
    ] {
        fs::create_dir(fleet.join(name)).unwrap();
        symlink(to, fleet.join(name).join("Cargo.lock")).unwrap();
    }

    cargo("advisory --recursive fleet --deny-advisories").tells(str![[r#"
[ERROR] `[ROOT]/fleet/gone/Cargo.lock` is a link, which is not followed; name the folder that it leads to
[ERROR] `[ROOT]/fleet/site/Cargo.lock` is a link, which is not followed; name the folder that it leads to
[ERROR] 2 places not looked into
[EXIT_STATUS] 101

"#]]);
    for format in ["json", "sarif", "markdown"] {
        let line = format!("advisory --recursive fleet --deny-advisories --format {format}");
        cargo(&line)
            .with_status(101)
            .with_stderr_contains("[ERROR] `[ROOT]/fleet/site/Cargo.lock` is a link, [..]")
            .run();
    }

    fs::remove_file(fleet.join("gone/Cargo.lock")).unwrap();
    cargo("advisory --recursive fleet elsewhere --deny-advisories").tells(str![[r#"
[ERROR] `[ROOT]/elsewhere/Cargo.lock`: 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001)
[ERROR] 1 of 2 lockfiles denied
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn folders_that_overlap_are_looked_into_once() {
    database();
    locked("fleet/shop", &["leaky 1.0.0"]);
    locked("fleet/site", &["leaky 1.0.1"]);
    symlink("fleet", paths::root().join("also")).unwrap();

    let answers = cargo(
        "advisory --format json --recursive fleet/site fleet ./fleet/../fleet --recursive also .",
    )
    .answers();

    assert_eq!(folders(&answers), ["fleet/shop", "fleet/site"]);
}

#[cargo_test]
fn what_is_no_lockfile_keeps_no_other_from_its_answer() {
    database();
    locked("fleet/a", &["leaky 1.0.0"]);
    write("fleet/b/Cargo.lock", "");
    write("fleet/c/Cargo.lock", "<<<<<<< HEAD\n");
    locked("fleet/d", &["leaky 1.0.1"]);

    let answers = cargo("advisory --recursive fleet --format json")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] failed to read `[ROOT]/fleet/b/Cargo.lock` as a Cargo.lock: it names no package; `cargo generate-lockfile` makes a new one
[ERROR] failed to read `[ROOT]/fleet/c/Cargo.lock` as a Cargo.lock: line 1: key with no value, expected `=`; `cargo generate-lockfile` makes a new one
     Checked 2 lockfiles with 4 packages against 2 advisories of an index less than a minute old; yanks are not known from a lockfile alone
       Found 1 finding in 1 lockfile
[ERROR] 2 of 4 lockfiles not checked

"#]])
        .answers();

    // An object without packages would look as if nothing were there.
    assert_eq!(folders(&answers), ["fleet/a", "fleet/d"]);
}

#[cargo_test]
fn what_cannot_be_looked_at_keeps_nothing_else_from_its_answer() {
    database();
    let fleet = project().at("fleet").no_manifest().build();
    locked("fleet/closed", &["leaky 1.0.0"]);
    locked("fleet/open", &["leaky 1.0.1"]);
    let closed = paths::root().join("fleet/closed");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();

    cargo_without_privileges(&fleet, "advisory --recursive .")
        .with_status(101)
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
[ERROR] failed to look for lockfiles: [ROOT]/fleet/closed: Permission denied (os error 13); make it readable, or name the folders beside it
     Checked 1 lockfile with 2 packages against 2 advisories of an index less than a minute old; yanks are not known from a lockfile alone
       Found nothing
[ERROR] 1 place not looked into

"#]])
        .run();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
}

/// To open it would wait for somebody to write to it.
#[cargo_test]
fn a_pipe_is_no_lockfile() {
    database();
    locked("fleet/shop", &["leaky 1.0.1"]);
    let pipe = paths::root().join("fleet/Cargo.lock");
    assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());

    cargo("advisory --recursive fleet").tells(str![[r#"
[ERROR] `[ROOT]/fleet/Cargo.lock` is no regular file; remove it
[ERROR] 1 place not looked into
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn folders_without_any_lockfile_are_an_error() {
    database();
    write("fleet/shop/Cargo.toml", "");
    write("other/README.md", "");

    cargo("advisory --recursive fleet other --format json")
        .with_status(101)
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
[ERROR] there is no Cargo.lock below `[ROOT]/fleet`, `[ROOT]/other`; name other folders, or make one with `cargo generate-lockfile`

"#]])
        .run();
}

/// Of many repositories some have nothing to do with Rust.
#[cargo_test]
fn folders_without_a_lockfile_among_others_are_told() {
    database();
    locked("shop", &["leaky 1.0.1"]);
    write("docs/README.md", "");
    write("site/README.md", "");

    cargo("advisory --recursive docs shop").tells(str![[r#"
[NOTE] there is no Cargo.lock below `[ROOT]/docs`

"#]]);
    cargo("advisory --recursive docs shop site").tells(str![[r#"
[NOTE] there is no Cargo.lock below 2 of the folders, such as `[ROOT]/docs`

"#]]);
}

#[cargo_test]
fn what_is_no_folder_is_refused_before_anything_is_checked() {
    database();
    locked("shop", &["leaky 1.0.0"]);

    for (named, expected) in [
        (
            "shop gone",
            str![[r#"
[ERROR] failed to look for lockfiles below `[ROOT]/gone`: [NOT_FOUND]; name a folder that exists

"#]],
        ),
        (
            "shop/Cargo.lock",
            str![[r#"
[ERROR] failed to look for lockfiles below `[ROOT]/shop/Cargo.lock`: it is no folder; `--lockfile` checks a single lockfile

"#]],
        ),
    ] {
        cargo(&format!("advisory --recursive {named}"))
            .with_status(101)
            .with_stdout_data("")
            .with_stderr_data(expected)
            .run();
    }
}

#[cargo_test]
fn no_folder_at_all_is_refused() {
    database();

    // As a variable that is not set leaves it.
    for folder in [None, Some("")] {
        let mut line = cargo("advisory --recursive");
        line.args(folder.as_slice())
            .with_status(1)
            .with_stdout_data("")
            .with_stderr_data(str![[r#"
[ERROR] a value is required for '--recursive <DIR>...' but none was supplied

For more information, try '--help'.

"#]])
            .run();
    }
}

#[cargo_test]
fn what_selects_something_else_does_not_go_with_it() {
    database();
    locked("fleet", &["leaky 1.0.0"]);

    for other in [
        "--lockfile Cargo.lock",
        "--manifest-path Cargo.toml",
        "--package app",
        "--release",
        "--tree",
        "--explain-policy",
    ] {
        cargo(&format!("advisory {other} --recursive fleet"))
            .with_status(1)
            .with_stdout_data("")
            .with_stderr_contains("[ERROR] the argument [..]--recursive <DIR>...[..]")
            .run();
    }
}

#[cargo_test]
fn a_denial_names_each_lockfile_and_passes_none_over() {
    database();
    locked("fleet/shop", &["leaky 1.0.0", "shaky 0.4.0"]);
    locked("fleet/site", &["leaky 1.0.1"]);
    locked("fleet/tool", &["shaky 0.4.0"]);

    let answers = cargo("advisory --recursive fleet --deny-advisories --format json")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] `[ROOT]/fleet/shop/Cargo.lock`: 1 insecure and 1 unsound dependencies denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001), shaky 0.4.0 (RUSTSEC-2021-0002)
[ERROR] `[ROOT]/fleet/tool/Cargo.lock`: 1 unsound dependency denied by `--deny-advisories`: shaky 0.4.0 (RUSTSEC-2021-0002)
     Checked 3 lockfiles with 7 packages against 2 advisories of an index less than a minute old; yanks are not known from a lockfile alone
       Found 3 findings in 2 lockfiles
[ERROR] 2 of 3 lockfiles denied

"#]])
        .answers();
    assert_eq!(answers.len(), 3);
    assert_eq!(answers[0]["findings"][0]["level"], "deny");

    cargo("advisory --recursive fleet --deny-advisories=vulnerability --quiet")
        .with_status(101)
        .with_stdout_data(str![[r#"
[ROOT]/fleet/shop/Cargo.lock
    deny   leaky 1.0.0  RUSTSEC-2020-0001  vulnerability, critical severity
    warn   shaky 0.4.0  RUSTSEC-2021-0002  unsound

[ROOT]/fleet/tool/Cargo.lock
    warn   shaky 0.4.0  RUSTSEC-2021-0002  unsound


"#]])
        .with_stderr_data(str![[r#"
[ERROR] `[ROOT]/fleet/shop/Cargo.lock`: 1 insecure dependency denied by `--deny-advisories=vulnerability`: leaky 1.0.0 (RUSTSEC-2020-0001)
[ERROR] 1 of 3 lockfiles denied

"#]])
        .run();
}

#[cargo_test]
fn a_denial_of_nothing_passes() {
    database();
    locked("fleet/shop", &["leaky 1.0.1"]);

    cargo("advisory --recursive fleet --deny-advisories").tells("");
}

/// Makes a repository in `folder` whose branch `main` is locked to `before`, and whose work tree to `now`.
fn repository(folder: &str, before: &[&str], now: &[&str]) {
    let git = |line: &str| {
        let mut git = git_process(line);
        git.cwd(paths::root().join(folder))
            .exec_with_output()
            .unwrap();
    };
    locked(folder, before);
    git("init --quiet --initial-branch main");
    git("config user.name tests");
    git("config user.email tests@tests.example");
    git("add --all");
    git("commit --quiet --message change");
    locked(folder, now);
}

#[cargo_test]
fn what_is_new_is_told_in_the_repository_of_each() {
    database();
    repository("fleet/old", &["leaky 1.0.0"], &["leaky 1.0.0"]);
    repository("fleet/new", &["leaky 1.0.1"], &["leaky 1.0.0"]);
    repository("fleet/none", &["leaky 1.0.0"], &["leaky 1.0.1"]);

    cargo("advisory --recursive fleet --deny-advisories=new=main").tells(str![[r#"
[ERROR] `[ROOT]/fleet/new/Cargo.lock`: 1 insecure dependency denied by `--deny-advisories=new=main`: leaky 1.0.0 (RUSTSEC-2020-0001)
[ERROR] 1 of 3 lockfiles denied
[EXIT_STATUS] 101

"#]]);
}

/// Where it cannot be told what is new, nothing passes for old.
#[cargo_test]
fn a_lockfile_that_cannot_be_compared_keeps_no_other_from_its_answer() {
    database();
    repository("fleet/old", &["leaky 1.0.0"], &["leaky 1.0.0"]);
    repository("fleet/odd", &["leaky 1.0.0"], &["leaky 1.0.0"]);
    fs::rename(
        paths::root().join("fleet/odd/.git/refs/heads/main"),
        paths::root().join("fleet/odd/.git/refs/heads/trunk"),
    )
    .unwrap();

    let answers = cargo("advisory --recursive fleet --deny-advisories=new=main --format json")
        .with_status(101)
        .with_stderr_contains(
            "[ERROR] failed to tell what is new in `[ROOT]/fleet/odd/Cargo.lock`: [..]",
        )
        .with_stderr_contains("[ERROR] 1 of 2 lockfiles not checked")
        .answers();

    assert_eq!(folders(&answers), ["fleet/old"]);
}

#[cargo_test]
fn ignores_of_the_user_hold_for_all() {
    database();
    configure("ignore = [{ id = 'RUSTSEC-2020-0001', reason = 'nothing leaks here' }]");
    locked("fleet/shop", &["leaky 1.0.0", "shaky 0.4.0"]);
    locked("fleet/site", &["leaky 1.0.0"]);

    cargo("advisory --recursive fleet --deny-advisories=vulnerability")
        .with_stdout_data(str![[r#"
[ROOT]/fleet/shop/Cargo.lock
    warn   shaky 0.4.0  RUSTSEC-2021-0002  unsound


"#]])
        .with_stderr_data(str![[r#"
     Checked 2 lockfiles with 5 packages against 2 advisories of an index less than a minute old; yanks are not known from a lockfile alone
       Found 1 finding in 1 lockfile; 2 ignored

"#]])
        .run();
}

#[cargo_test]
fn dependencies_from_no_registry_are_counted() {
    database();
    write(
        "fleet/Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"leaky\"\nversion = \"1.0.0\"\n\
         source = \"git+https://leaks.example/leaky#0123456789012345678901234567890123456789\"\n",
    );

    cargo("advisory --recursive fleet")
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
     Checked 1 lockfile with 1 package against 2 advisories of an index less than a minute old
       Found nothing; 1 dependency is unchecked, from no registry

"#]])
        .run();
}

#[cargo_test]
fn what_is_the_same_for_all_lockfiles_is_said_once() {
    let database = database();
    configure("ignore = [{ id = 'RUSTSEC-2020-0001', reason = 'later', until = '2020-02-01' }]");
    locked("fleet/shop", &["leaky 1.0.1"]);
    locked("fleet/site", &["leaky 1.0.1"]);

    database.index_made(10 * 24);
    cargo("advisory --recursive fleet").tells(str![[r#"
[NOTE] the advisory index is 10 days old; 14 days is the limit (`advisory.max-age`); run `cargo advisory update`
[WARNING] the ignore of `RUSTSEC-2020-0001` in `[ROOT]/home/.cargo/config.toml` expired on 2020-02-01; remove it

"#]]);

    database.index_made(20 * 24);
    cargo("advisory --recursive fleet --deny-advisories").tells(str![[r#"
[WARNING] the ignore of `RUSTSEC-2020-0001` in `[ROOT]/home/.cargo/config.toml` expired on 2020-02-01; remove it
[ERROR] the advisory index is 20 days old, over the limit of 14 days (`advisory.max-age`): it was last checked at [..]Z and it is [..]Z now; run `cargo advisory update`
[ERROR] 2 of 2 lockfiles not fully checked
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn other_formats_are_one_document_of_all() {
    database();
    locked("fleet/shop", &["leaky 1.0.0"]);
    locked("fleet/site", &["shaky 0.4.0"]);
    write("fleet/tool/Cargo.lock", "");

    let document = cargo("advisory --recursive fleet --format sarif")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] failed to read `[ROOT]/fleet/tool/Cargo.lock` as a Cargo.lock

Caused by:
  it names no package; `cargo generate-lockfile` makes a new one

"#]])
        .run_stdout();

    let document: Value = serde_json::from_str(&document).unwrap();
    let results = document["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
}

#[cargo_test]
fn a_bar_shows_how_far_it_is() {
    database();
    locked("fleet/shop", &["leaky 1.0.0"]);
    locked("fleet/site", &["leaky 1.0.0"]);

    cargo("advisory --recursive fleet --format json")
        .env("CARGO_TERM_PROGRESS_WHEN", "always")
        .env("CARGO_TERM_PROGRESS_WIDTH", "60")
        .with_stderr_contains("[CHECKING] [..] 0/2[..]")
        .with_stderr_contains("[CHECKING] [..] 2/2[..]")
        .answers();
}

/// Whoever names a folder may be whoever is checked.
#[cargo_test]
fn hostile_names_of_folders_do_nothing() {
    database();
    locked("fleet/\u{1b}[2J\n::error::x", &["leaky 1.0.0"]);
    write("fleet/\u{202e}/Cargo.lock", "");

    let told = cargo("advisory --recursive fleet --deny-advisories")
        .without_status()
        .run();

    for stream in [told.stdout, told.stderr] {
        let text = String::from_utf8(stream).unwrap();
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        assert!(!text.contains("\n::"), "{text}");
        assert!(text.contains(r"\u{1b}[2J\u{a}::error::x"), "{text}");
    }
}

#[cargo_test]
fn no_workspace_is_needed() {
    database();
    write("Cargo.toml", "no manifest\n");
    locked("fleet", &["leaky 1.0.1"]);

    cargo("advisory --recursive .").tells("");
}
