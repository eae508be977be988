//! The cache directory: what is made, changed and removed in it, and where it cannot be used.

use std::fs;
use std::path::Path;

use cargo_test_support::registry::Package;
use cargo_test_support::{cargo_test, paths, str};
use filetime::FileTime;

use crate::support::{
    Database, ExecsExt as _, ProjectExt as _, advisory, app, cached, cargo, configure,
};

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

#[cfg(unix)]
#[cargo_test]
fn a_build_makes_them_for_the_user_alone_too() {
    use std::os::unix::fs::PermissionsExt as _;
    Database::new();

    app("").cargo("check").run();

    let cache = paths::cargo_home().join("advisory");
    for folder in [cache.clone(), cache.join("lockfiles")] {
        let mode = folder.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{folder:?}");
    }
}

/// Makes a file that is older than anything that we keep.
fn old_file(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "precious").unwrap();
    age(path);
}

fn age(path: &Path) {
    let long_ago = FileTime::from_unix_time(FileTime::now().unix_seconds() - 400 * 24 * 3600, 0);
    filetime::set_file_mtime(path, long_ago).unwrap();
}

/// A name as we would give it.
const OURS: &str = "0123456789abcdef0123456789abcdef";

#[cargo_test]
fn what_others_keep_there_stays() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky"));
    configure("repeat = 'on-change'");
    let cache = paths::cargo_home().join("advisory");
    let others = [
        "notes.txt",
        "index-of-my-books.tmp-a1B2c3",
        "fetch-mydata/data",
        "cargo-advisory-fetch-my-data/data",
        "lockfiles/notes.txt",
        "lockfiles/Cargo.lock",
        "workspaces/notes.json",
    ];
    for name in others {
        old_file(&cache.join(name));
    }
    age(&cache.join("fetch-mydata"));
    age(&cache.join("cargo-advisory-fetch-my-data"));
    let ours = [
        format!("lockfiles/{OURS}.lockfile"),
        format!("lockfiles/{OURS}.tmp-a1B2c3"),
        format!("workspaces/{OURS}.json"),
    ];
    for name in &ours {
        old_file(&cache.join(name));
    }

    cargo("advisory update").run();
    app("leaky = '1'").cargo("check").run();
    cargo("advisory update").run();

    for name in others {
        assert!(cache.join(name).exists(), "`{name}` is gone");
    }
    for name in ours {
        assert!(!cache.join(&name).exists(), "`{name}` is left");
    }
}

#[cfg(unix)]
#[cargo_test]
fn folders_that_are_links_are_left_alone() {
    use std::os::unix::fs::symlink;
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky"));
    configure("repeat = 'on-change'");
    let cache = paths::cargo_home().join("advisory");
    let precious = paths::root().join("precious");
    let names = ["notes.txt".to_owned()]
        .into_iter()
        .chain(["lockfile", "workspace", "json", "tmp-a1B2c3"].map(|end| format!("{OURS}.{end}")))
        .collect::<Vec<_>>();
    for name in &names {
        old_file(&precious.join(name));
    }
    fs::create_dir(&cache).unwrap();
    for folder in [
        "lockfiles",
        "workspaces",
        "fetch-a1B2c3",
        "cargo-advisory-fetch-a1B2c3",
    ] {
        symlink(&precious, cache.join(folder)).unwrap();
    }
    let app = app("leaky = '1'");

    for _ in 0..2 {
        app.cargo("advisory update").run();
        app.cargo("check").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]]);
        app.cargo("advisory").run();
    }

    let entries = fs::read_dir(&precious).unwrap();
    let mut left: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    let mut expected = names.clone();
    expected.sort();
    assert_eq!(left, expected);
    for name in names {
        let text = fs::read_to_string(precious.join(&name)).unwrap();
        assert_eq!(text, "precious", "{name}");
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
