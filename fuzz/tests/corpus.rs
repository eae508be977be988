//! The files that the fuzzers begin with, replayed without a fuzzer: what they have once found stays mended.

use cargo_advisory_fuzz::targets::{
    TARGETS, is_accepted_as_snapshot, repaired_index, seed_of_index, seeds_of_snapshot,
};
use std::fs;
use std::path::{Path, PathBuf};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

#[test]
fn every_file_of_every_target_passes() {
    for target in &TARGETS {
        let folder = corpus().join(target.name);
        let mut files: Vec<_> = fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        assert!(files.len() > 2, "`{}` has few files", folder.display());
        for file in files {
            let data = fs::read(&file).unwrap();
            // Where it panics this is what was tried last.
            println!("{}", file.display());
            (target.run)(&data);
        }
    }
}

/// A fuzzer that begins with an index of an old format sees nothing but its header.
#[test]
fn what_holds_an_index_has_the_format_of_today() {
    let overwrite = std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite");
    let snapshots = seeds_of_snapshot().into_iter();
    let snapshots = snapshots.map(|(name, _, bytes)| (format!("snapshot/{name}"), bytes));
    for (name, bytes) in snapshots.chain([("index/compiled".to_owned(), seed_of_index())]) {
        let path = corpus().join(name);
        if overwrite {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &bytes).unwrap();
        }
        let found = fs::read(&path).unwrap_or_default();
        assert!(
            found == bytes,
            "`SNAPSHOTS=overwrite` makes `{}` anew",
            path.display()
        );
    }
}

/// What fuzzes a snapshot has to get past its hash and its signature.
#[test]
fn snapshots_are_taken_where_they_are_sound() {
    for (name, expected, bytes) in seeds_of_snapshot() {
        assert_eq!(is_accepted_as_snapshot(&bytes), expected, "{name}");
    }
}

/// What makes the checks of an index right has to know the format of today, or nothing behind them is ever fuzzed.
#[test]
fn a_sound_index_needs_no_repair_and_a_changed_one_gets_it() {
    let mut index = seed_of_index();
    assert_eq!(repaired_index(&index).as_ref(), Some(&index));
    *index.last_mut().unwrap() ^= 1;
    assert_ne!(repaired_index(&index).as_ref(), Some(&index));
}
