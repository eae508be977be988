//! An index that is missing, damaged or not an index: a note in a build, an error in a denial, never "nothing found".

use std::fs;
use std::path::PathBuf;

use cargo_advisory::index::store::Store;
use cargo_advisory::refresh::Refresh;
use cargo_test_support::cargo_test;
use cargo_test_support::prelude::IntoData;
use cargo_test_support::registry::Package;
use cargo_test_support::str;
use cargo_test_support::{Project, paths};
use jiff::Timestamp;

use crate::support::{Database, ExecsExt as _, ProjectExt as _, advisory, app, cargo};

/// A project that depends on the insecure `leaky`, and where its index is.
struct World {
    app: Project,
    index: PathBuf,
}

impl World {
    fn new() -> World {
        let world = World::without_index();
        cargo("advisory update").run();
        assert!(world.index.exists());
        world
    }

    fn without_index() -> World {
        Package::new("leaky", "1.0.0").publish();
        let database = Database::new();
        database.add(&advisory("leaky"));
        let app = app("leaky = '1'");
        app.cargo("fetch").run();
        let index = Store::new(paths::cargo_home().join("advisory"))
            .path_for(&[database.path().display().to_string()]);
        World { app, index }
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(&self.index).unwrap()
    }

    fn replace(&self, bytes: &[u8]) {
        fs::write(&self.index, bytes).unwrap();
    }

    /// What a build says.
    #[track_caller]
    fn builds(&self, expected: impl IntoData) {
        self.app.cargo("check").tells(expected);
    }

    /// What a build that denies says.
    #[track_caller]
    fn denies(&self, expected: impl IntoData) {
        self.app.cargo("check --deny-advisories").tells(expected);
    }

    /// A refresh mends it.
    #[track_caller]
    fn heals(&self) {
        cargo("advisory update").run();
        self.app.cargo("check").tells(
            "[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details\n",
        );
    }
}

/// What is said of an index, whichever way it is damaged: a note in a build, an error in a denial, one line each.
#[track_caller]
fn unusable(world: &World, what: &str) {
    let check = |line: &str| {
        let output = world.app.cargo(line).without_status().run();
        (output.code, String::from_utf8(output.stderr).unwrap())
    };
    let (code, stderr) = check("check");
    assert_eq!(code, Some(0), "{what}: {stderr}");
    let notes: Vec<&str> = stderr
        .lines()
        .filter(|line| line.contains("advisor"))
        .collect();
    assert_eq!(notes.len(), 1, "{what}: {stderr}");
    assert!(
        notes[0].starts_with("note: cannot check dependencies with `"),
        "{what}: {stderr}"
    );

    let (code, stderr) = check("check --deny-advisories");
    assert_eq!(code, Some(101), "{what}: {stderr}");
    assert!(
        stderr.starts_with("error: cannot check dependencies with `"),
        "{what}: {stderr}"
    );
}

#[cargo_test]
fn without_an_index_a_build_says_how_to_make_one() {
    let world = World::without_index();

    world.builds(str![[r#"
[NOTE] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`

"#]]);
    world.denies(str![[r#"
[ERROR] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
    world.heals();
}

#[cargo_test]
fn a_build_for_several_programs_says_so_once() {
    let world = World::without_index();
    for name in ["one", "two"] {
        Package::new(name, "1.0.0")
            .file("src/main.rs", "fn main() {}")
            .publish();
    }

    world.app.cargo("install one two").tells(str![[r#"
[NOTE] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`
[WARNING] be sure to add `[ROOT]/home/.cargo/bin` to your PATH to be able to run the installed binaries

"#]]);
}

#[cargo_test]
fn an_index_that_is_cut_off() {
    let world = World::new();
    let bytes = world.bytes();

    world.replace(&bytes[..bytes.len() - 1]);
    world.builds(str![[r#"
[NOTE] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the index of advisories is cut off; run `cargo advisory update`

"#]]);
    world.denies(str![[r#"
[ERROR] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the index of advisories is cut off; run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
    for length in [1, 8, 31, 32, 33, 127, 128, 129, bytes.len() / 2] {
        world.replace(&bytes[..length]);
        unusable(&world, &format!("{length} bytes"));
    }
    world.heals();
}

#[cargo_test]
fn an_index_that_is_empty() {
    let world = World::new();

    world.replace(b"");
    world.builds(str![[r#"
[NOTE] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the file is not an index of advisories; run `cargo advisory update`

"#]]);
    world.denies(str![[r#"
[ERROR] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the file is not an index of advisories; run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
    world.heals();
}

#[cargo_test]
fn an_index_of_zeros() {
    let world = World::new();

    world.replace(&vec![0; world.bytes().len()]);
    world.builds(str![[r#"
[NOTE] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the file is not an index of advisories; run `cargo advisory update`

"#]]);
    world.denies(str![[r#"
[ERROR] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the file is not an index of advisories; run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
    world.heals();
}

#[cargo_test]
fn an_index_with_more_behind_its_end() {
    let world = World::new();
    let mut bytes = world.bytes();
    bytes.push(0);

    world.replace(&bytes);
    world.builds(str![[r#"
[NOTE] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the index of advisories is damaged (there is more after its end); run `cargo advisory update`

"#]]);
    world.denies(str![[r#"
[ERROR] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the index of advisories is damaged (there is more after its end); run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
    world.heals();
}

#[cargo_test]
fn an_index_with_a_flipped_bit() {
    let world = World::new();
    let bytes = world.bytes();

    // Any bit of what a build reads; the text of the advisories comes last.
    let read = bytes.len() / 2;
    for place in (0..read).step_by(read / 12) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1 << (place % 8);
        world.replace(&damaged);
        unusable(&world, &format!("byte {place}"));
    }
    world.heals();
}

#[cargo_test]
fn an_index_with_damaged_text() {
    let world = World::new();
    let mut bytes = world.bytes();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;

    // A build does not read the text, and what it finds is right. A denial looks at all of it.
    world.replace(&bytes);
    world.builds(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]]);
    world.denies(str![[r#"
[ERROR] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the index of advisories is damaged (the check of a section); run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
    world.heals();
}

#[cargo_test]
fn an_index_of_a_newer_format() {
    let world = World::new();
    let mut bytes = world.bytes();
    bytes[8] += 1;
    let check = blake3::hash(&bytes[..16]);
    bytes[16..32].copy_from_slice(&check.as_bytes()[..16]);

    world.replace(&bytes);
    world.builds(str![[r#"
[NOTE] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the index of advisories has the format 5 of a newer cargo-advisory; use that version, or set `advisory.cache-dir` to another folder

"#]]);
    world.denies(str![[r#"
[ERROR] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the index of advisories has the format 5 of a newer cargo-advisory; use that version, or set `advisory.cache-dir` to another folder
[EXIT_STATUS] 101

"#]]);
    // It belongs to a newer version of this program, which an older one does not destroy.
    cargo("advisory update").tells(str![[r#"
[ERROR] cannot replace `[ROOT]/home/.cargo/advisory/index-[..].bin`: the index of advisories has the format 5 of a newer cargo-advisory; use that version, or set `advisory.cache-dir` to another folder
[EXIT_STATUS] 101

"#]]);
    assert_eq!(world.bytes(), bytes);
}

#[cargo_test]
fn an_index_of_an_older_format() {
    let world = World::new();
    let mut bytes = world.bytes();
    bytes[8] -= 1;
    let check = blake3::hash(&bytes[..16]);
    bytes[16..32].copy_from_slice(&check.as_bytes()[..16]);

    world.replace(&bytes);
    world.builds(str![[r#"
[NOTE] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the index of advisories has the old format 3; run `cargo advisory update`

"#]]);
    world.denies(str![[r#"
[ERROR] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the index of advisories has the old format 3; run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
    world.heals();
}

#[cargo_test]
fn an_index_of_another_database() {
    let world = World::new();
    let other = Database::at("other-db");
    other.add(&advisory("other"));
    let databases = [other.path().display().to_string()];
    let store = Store::new(paths::root());
    Refresh {
        store: &store,
        databases: &databases,
        network: None,
        now: Timestamp::now(),
    }
    .run(&|_, _| {})
    .unwrap();

    fs::copy(store.path_for(&databases), &world.index).unwrap();
    world.builds(str![[r#"
[NOTE] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the index of advisories was made from other databases; run `cargo advisory update`

"#]]);
    world.denies(str![[r#"
[ERROR] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the index of advisories was made from other databases; run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
    world.heals();
}

#[cargo_test]
fn some_other_file() {
    let world = World::new();

    world.replace(
        b"[advisory]\nid = \"RUSTSEC-2020-0001\"\npackage = \"leaky\"\ndate = \"2020-01-01\"\n",
    );
    world.builds(str![[r#"
[NOTE] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the file is not an index of advisories; run `cargo advisory update`

"#]]);
    world.denies(str![[r#"
[ERROR] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the file is not an index of advisories; run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
    world.heals();
}

#[cargo_test]
fn a_sparse_file_of_a_gigabyte() {
    let world = World::new();

    let file = fs::File::create(&world.index).unwrap();
    file.set_len(1 << 30).unwrap();
    world.builds(str![[r#"
[NOTE] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the index of advisories has 1073741824 bytes, over the limit of 536870912; run `cargo advisory update`

"#]]);
    world.denies(str![[r#"
[ERROR] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the index of advisories has 1073741824 bytes, over the limit of 536870912; run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
    world.heals();
}

#[cargo_test]
fn a_folder_in_place_of_the_index() {
    let world = World::new();

    fs::remove_file(&world.index).unwrap();
    fs::create_dir(&world.index).unwrap();
    world.builds(str![[r#"
[NOTE] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the index of advisories is not a regular file; remove it and run `cargo advisory update`

"#]]);
    world.denies(str![[r#"
[ERROR] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the index of advisories is not a regular file; remove it and run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn a_cache_directory_that_is_a_file() {
    let world = World::new();
    let cache = paths::cargo_home().join("advisory");

    fs::remove_dir_all(&cache).unwrap();
    fs::write(&cache, "").unwrap();
    world.builds(str![[r#"
[NOTE] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the index of advisories cannot be read: Not a directory (os error 20); make it readable, or set `advisory.cache-dir` to another folder

"#]]);
    world.denies(str![[r#"
[ERROR] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the index of advisories cannot be read: Not a directory (os error 20); make it readable, or set `advisory.cache-dir` to another folder
[EXIT_STATUS] 101

"#]]);
}

#[cfg(unix)]
#[cargo_test]
fn a_pipe_that_nobody_writes_to() {
    let world = World::new();

    fs::remove_file(&world.index).unwrap();
    cargo_test_support::process("mkfifo")
        .arg(&world.index)
        .exec_with_output()
        .unwrap();
    world.builds(str![[r#"
[NOTE] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the index of advisories is not a regular file; remove it and run `cargo advisory update`

"#]]);
    world.denies(str![[r#"
[ERROR] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the index of advisories is not a regular file; remove it and run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
    world.heals();
}

#[cfg(unix)]
#[cargo_test]
fn a_link_to_a_good_index() {
    let world = World::new();
    let elsewhere = paths::root().join("elsewhere.bin");

    fs::rename(&world.index, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &world.index).unwrap();
    let good = fs::read(&elsewhere).unwrap();
    world.builds(str![[r#"
[NOTE] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the index of advisories is not a regular file; remove it and run `cargo advisory update`

"#]]);
    world.denies(str![[r#"
[ERROR] cannot check dependencies with `[ROOT]/home/.cargo/advisory/index-[..].bin`: the index of advisories is not a regular file; remove it and run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);

    // A refresh replaces the link and leaves what it led to.
    world.heals();
    assert!(!world.index.is_symlink());
    assert_eq!(fs::read(&elsewhere).unwrap(), good);
}

#[cfg(unix)]
#[cargo_test]
fn an_index_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt as _;

    let world = World::new();
    fs::set_permissions(&world.index, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&world.index).is_ok() {
        // Root reads everything: then it is another user's index that is refused.
        std::os::unix::fs::chown(&world.index, Some(12345), None).unwrap();
    }

    unusable(&world, "unreadable");
    world.heals();
}
