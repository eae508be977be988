//! A cache directory that cannot be used.

use std::fs;

use cargo_test_support::{cargo_test, paths, str};

use crate::support::{Database, ProjectExt as _, advisory, app, cached, cargo, configure};

#[cargo_test]
fn folders_that_are_missing_are_made_for_the_user_alone() {
    Database::new().add(&advisory("leaky"));

    cargo("advisory update --config advisory.cache-dir='a/b/c'").run();

    assert!(paths::root().join("a/b/c").is_dir());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = paths::root()
            .join("a/b/c")
            .metadata()
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}

#[cargo_test]
fn a_file_in_the_place_of_the_folder() {
    Database::new().add(&advisory("leaky"));
    configure("cache-dir = 'cache'");
    fs::write(paths::home().join("cache"), "a file").unwrap();

    cargo("advisory update")
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
[ERROR] cannot make the folder `[ROOT]/home/cache`; set `advisory.cache-dir` to another one

Caused by:
  File exists (os error 17)

"#]])
        .run();
    cargo("advisory status")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] cannot check dependencies with `[ROOT]/home/cache/index-[..].bin`: the index of advisories cannot be read: Not a directory (os error 20); make it readable, or set `advisory.cache-dir` to another folder

"#]])
        .run();
    app("").cargo("check").with_stderr_data(str![[r#"
[NOTE] cannot check dependencies with `[ROOT]/home/cache/index-[..].bin`: the index of advisories cannot be read: Not a directory (os error 20); make it readable, or set `advisory.cache-dir` to another folder
[CHECKING] app v0.1.0 ([ROOT]/foo)
[FINISHED] `dev` profile [unoptimized + debuginfo] target(s) in [ELAPSED]s

"#]]).run();

    assert_eq!(
        fs::read_to_string(paths::home().join("cache")).unwrap(),
        "a file"
    );
}

#[cargo_test]
fn a_file_in_the_place_of_a_folder_above() {
    Database::new().add(&advisory("leaky"));
    configure("cache-dir = 'above/cache'");
    fs::write(paths::home().join("above"), "a file").unwrap();

    cargo("advisory update")
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
[ERROR] cannot make the folder `[ROOT]/home/above/cache`; set `advisory.cache-dir` to another one

Caused by:
  Not a directory (os error 20)

"#]])
        .run();
}

#[cfg(unix)]
#[cargo_test]
fn a_folder_that_cannot_be_written_to() {
    use std::os::unix::fs::PermissionsExt as _;
    Database::new().add(&advisory("leaky")).index();
    let before = cached();
    let folder = paths::cargo_home().join("advisory");
    let allow = |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
    allow(0o500);
    if fs::write(folder.join("probe"), "").is_ok() {
        #[allow(clippy::print_stderr, reason = "nobody else says why")]
        {
            eprintln!("skipped: this user may write everywhere");
        }
        return;
    }

    cargo("advisory update")
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
[ERROR] cannot write to the folder `[ROOT]/home/.cargo/advisory`; make it writable, or set `advisory.cache-dir` to another one

Caused by:
[..]

Caused by:
[..]

"#]])
        .run();

    assert_eq!(cached(), before);
    allow(0o700);
}

#[cargo_test]
fn a_folder_in_the_place_of_the_index() {
    let database = Database::new();
    database.add(&advisory("leaky")).index();
    let index = paths::cargo_home()
        .join("advisory")
        .join(cached().into_keys().next().unwrap());
    fs::remove_file(&index).unwrap();
    fs::create_dir(&index).unwrap();

    cargo("advisory status")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the index of advisories is not a regular file; remove it and run `cargo advisory update`

"#]])
        .run();
    cargo("advisory update")
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
[ERROR] cannot replace `[ROOT]/home/.cargo/advisory/index-[..].bin`; if it is not a file, remove it

Caused by:
  Is a directory (os error 21)

"#]])
        .run();
}

#[cargo_test]
fn an_index_that_is_lost_is_missed_by_builds() {
    Database::new().add(&advisory("leaky")).index();
    for name in cached().keys() {
        fs::remove_file(paths::cargo_home().join("advisory").join(name)).unwrap();
    }
    let app = app("");

    app.cargo("check")
        .with_stderr_data(str![[r#"
[NOTE] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`
[CHECKING] app v0.1.0 ([ROOT]/foo)
[FINISHED] `dev` profile [unoptimized + debuginfo] target(s) in [ELAPSED]s

"#]])
        .run();
    app.cargo("check --deny-advisories")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`

"#]])
        .run();
}
