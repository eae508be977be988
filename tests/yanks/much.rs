//! Registries that answer more than anybody has.

use std::fs;

use cargo_test_support::{cargo_test, paths, str};

use crate::registry::{Registry, crates_io, line, lockfile};
use crate::server::Answer;
use crate::support::{Database, ExecsExt as _, advisory, cargo, configure};

/// Packages that the other registry is asked about.
const PACKAGES: usize = 60;

/// A lockfile with `hasty` of crates.io, which was yanked, and [`PACKAGES`] of another registry of which each answer has
/// `versions` yanked versions of 4 KiB.
fn told(versions: usize) -> [Registry; 2] {
    let public = Registry::in_place_of_crates_io();
    public
        .publish("hasty", "1.0.0")
        .yank("hasty", "1.0.0", true);
    let other = Registry::new();
    configure(&format!("[registries.other]\nindex = '{}'", other.source()));
    let database = Database::new();
    database.add(&advisory("other")).index();
    let names: Vec<String> = (0..PACKAGES)
        .map(|number| format!("big-{number:02}"))
        .collect();
    let (source, crates_io) = (other.source(), crates_io());
    let mut packages = vec![("hasty", "1.0.0", crates_io.as_str())];
    for name in &names {
        let lines = (0..versions).map(|number| {
            let version = format!("1.0.{number}-{}", "x".repeat(4096));
            line(name, &version, true)
        });
        let body = line(name, "1.0.0", false) + &lines.collect::<String>();
        other.answer_instead(
            &format!("bi/g-/{name}"),
            Some(Answer::status("200 OK").body(body)),
        );
        packages.push((name, "1.0.0", &source));
    }
    lockfile("old", &packages);
    cargo("advisory check --lockfile old/Cargo.lock").run();
    database.add(&advisory("hasty").id("RUSTSEC-2020-0002"));
    [public, other]
}

/// Bytes of the index.
fn index() -> u64 {
    let cache = fs::read_dir(paths::cargo_home().join("advisory")).unwrap();
    let mut paths = cache.map(|entry| entry.unwrap().path());
    let index = paths.find(|path| path.extension().is_some_and(|end| end == "bin"));
    fs::metadata(index.unwrap()).unwrap().len()
}

fn findings() -> Vec<String> {
    let answer = cargo("advisory check --lockfile old/Cargo.lock --format json").answer();
    let findings = answer["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| format!("{} {}", finding["package"], finding["kind"]))
        .collect()
}

#[cargo_test]
fn an_answer_with_versions_without_end_is_none() {
    let _registries = told(100);

    cargo("advisory update").tells(str![[r#"
[WARNING] `sparse+https://127.0.0.1:[..]/index/` could not be asked about the yanks of 60 crates: its answer has more versions than a package may have; what was known of them stays

"#]]);

    assert_eq!(
        findings(),
        ["\"hasty\" \"vulnerability\"", "\"hasty\" \"yanked\""]
    );
    assert!(index() < 8 * 1024, "{}", index());
}

/// Each answer is as long as one may be, and all of them are more than a registry may have.
#[cargo_test]
fn answers_without_end_take_from_no_other_registry_and_are_bounded_in_the_index() {
    let _registries = told(3);

    cargo("advisory update").tells(str![[r#"
[WARNING] `sparse+https://127.0.0.1:[..]/index/` could not be asked about the yanks of [..] of 60 crates: [..] more versions than a registry may have; what was known of them stays

"#]]);

    assert_eq!(findings().len(), 2);
    assert!((400..600).contains(&(index() / 1024)), "{}", index());
}
