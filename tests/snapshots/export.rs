//! `cargo advisory export`: what it writes, what it leaves alone, and when it refuses.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::time::{Duration, SystemTime};

use cargo_test_support::{cargo_test, paths, str};

use crate::support::advisory;
use crate::world::{World, file, public};

#[cargo_test]
fn without_an_index_and_with_an_old_one_there_is_nothing_to_publish() {
    let world = World::new();
    world.database.add(&advisory("leaky"));

    world
        .export()
        .with_status(101)
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
[ERROR] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`

"#]])
        .run();
    world.publish(40);
    world
        .export()
        .env("CARGO_ADVISORY_MAX_AGE", "36h")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] the advisory index is 40 hours old, over the limit of 36 hours (`advisory.max-age`): it was last checked at [..]Z and it is [..]Z now; run `cargo advisory update`

"#]])
        .run();
}

#[cargo_test]
fn a_damaged_index_is_not_published() {
    let world = World::new();
    world.database.add(&advisory("leaky"));
    world.publish(1);
    let before = fs::read(public().join("manifest.json")).unwrap();
    for entry in fs::read_dir(paths::root().join("publisher")).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(path, bytes).unwrap();
    }

    world
        .export()
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] cannot check dependencies with `[ROOT]/publisher/index-[..].bin`: the index of advisories is damaged (the check of a section); run `cargo advisory update`

"#]])
        .run();

    assert_eq!(fs::read(public().join("manifest.json")).unwrap(), before);
}

#[cargo_test]
fn the_same_index_makes_the_same_bytes_and_is_written_once() {
    let world = World::new();
    world.database.add(&advisory("leaky"));
    world.publish(1);
    let bytes = || {
        let read = |folder: &str| {
            let mut files: Vec<_> = fs::read_dir(paths::root().join(folder))
                .unwrap()
                .map(|entry| entry.unwrap())
                .map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap()))
                .collect();
            files.sort();
            files
        };
        (read("public"), read("elsewhere"))
    };
    world.publishers("advisory export elsewhere").run();
    let before = bytes();
    assert_eq!(before.0, before.1);
    let state = || {
        let meta = public().join("manifest.json").metadata().unwrap();
        (
            meta.ino(),
            meta.modified().unwrap(),
            file().metadata().unwrap().ino(),
        )
    };
    let state_before = state();

    world
        .export()
        .with_stderr_data(str![[r#"
[UNCHANGED] the snapshot of 1 advisory that `[ROOT]/public/manifest.json` names

"#]])
        .run();

    // A server tells by its time whether a file has changed.
    assert_eq!(state(), state_before);
    assert_eq!(bytes(), before);
}

#[cargo_test]
fn who_serves_it_can_read_it() {
    let world = World::new();
    world.database.add(&advisory("leaky"));
    world.publish(1);

    for path in [public().join("manifest.json"), file()] {
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o444, 0o444, "{}", path.display());
    }
}

#[cargo_test]
fn a_file_goes_a_day_after_the_manifest_has_named_another_one() {
    let world = World::new();
    world.database.add(&advisory("leaky"));
    world.publish(3);
    let first = file();
    let age = |path: &std::path::Path, hours: u64| {
        let then = SystemTime::now() - Duration::from_secs(hours * 60 * 60);
        File::options()
            .append(true)
            .open(path)
            .unwrap()
            .set_modified(then)
            .unwrap();
    };
    // It has been there for a year, and was named until now.
    age(&first, 24 * 365);
    world
        .database
        .add(&advisory("leaky").id("RUSTSEC-2020-0002"));
    world.publish(2);
    assert!(first.exists());

    age(&first, 23);
    world.publish(1);
    assert!(first.exists());
    age(&first, 25);
    world.publish(0);
    assert!(!first.exists());
    assert!(file().exists());
}

#[cargo_test]
fn what_else_lies_in_the_folder_stays() {
    let world = World::new();
    world.database.add(&advisory("leaky"));
    fs::create_dir_all(public()).unwrap();
    let others = ["index.html", "manifest.json.minisig", "notes.snapshot"];
    let old = SystemTime::now() - Duration::from_secs(60 * 60 * 24 * 365);
    for other in others {
        fs::write(public().join(other), "mine").unwrap();
        let file = File::options().append(true).open(public().join(other));
        file.unwrap().set_modified(old).unwrap();
    }

    world.publishers("advisory update").run();
    world
        .export()
        .with_stderr_contains("[NOTE] the signature beside it is not of this manifest; sign again with `minisign -S -m [ROOT]/public/manifest.json`")
        .run();

    for other in others {
        assert_eq!(fs::read_to_string(public().join(other)).unwrap(), "mine");
    }
}

#[cargo_test]
fn links_are_not_followed() {
    let world = World::new();
    world.database.add(&advisory("leaky"));
    world.publish(3);
    let file = file();
    let outside = paths::root().join("outside");
    fs::write(&outside, "mine").unwrap();
    for path in [&public().join("manifest.json"), &file] {
        fs::remove_file(path).unwrap();
        symlink(&outside, path).unwrap();
    }

    world.publish(2);

    assert_eq!(fs::read_to_string(&outside).unwrap(), "mine");
    for path in [public().join("manifest.json"), file] {
        assert!(path.symlink_metadata().unwrap().is_file());
    }
}

#[cargo_test]
fn a_folder_that_cannot_be_written_to_is_named() {
    let world = World::new();
    world.database.add(&advisory("leaky"));
    world.publishers("advisory update").run();
    fs::write(public(), "").unwrap();

    world
        .export()
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] cannot make the folder `[ROOT]/public`

Caused by:
  File exists (os error 17)

"#]])
        .run();
}
