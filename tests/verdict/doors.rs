//! The doors of the fault plan are not in a program that was built without them.

use std::fs;

use cargo_test_support::registry::Package;
use cargo_test_support::{Execs, cargo_test, paths, str};

use crate::NOTHING;
use crate::support::{Database, ExecsExt as _, ProjectExt as _, advisory, app, cargo_exe};

/// Every defect that `src/fault.rs` knows, and the variables that would make them.
const NAMES: [&str; 14] = [
    "ADVISORY_FAULT_CLOCK",
    "ADVISORY_FAULT_DEFECT",
    "any-clock",
    "any-database",
    "any-history",
    "endless",
    "failure-is-no-news",
    "in-place",
    "late-verdict",
    "no-check",
    "quarantine-is-clean",
    "slow-lookup",
    "tell-secrets",
    "unreadable-is-clean",
];

/// The same command with the doors open, if there were any.
fn with(mut execs: Execs, defect: &str) -> Execs {
    execs.env("ADVISORY_FAULT_DEFECT", defect);
    execs.env("ADVISORY_FAULT_CLOCK", "315360000");
    execs
}

#[cargo_test]
fn variables_break_and_move_nothing() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("clean", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let clean = app("clean = '1'");
    with(clean.cargo("check --deny-advisories"), "any-clock").tells(NOTHING);

    fs::remove_dir_all(paths::cargo_home().join("advisory")).unwrap();
    with(
        clean.cargo("check --deny-advisories"),
        "unreadable-is-clean",
    )
    .tells(str![[r#"
[ERROR] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn their_names_are_not_in_the_program() {
    let program = fs::read(cargo_exe()).unwrap();
    for name in NAMES {
        assert!(
            memchr::memmem::find(&program, name.as_bytes()).is_none(),
            "{name}"
        );
    }
}

/// A name that is missing above would be looked for in vain.
#[cargo_test]
fn these_are_all_names() {
    let source = walkdir::WalkDir::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect::<String>();
    let mut defects: Vec<&str> = source
        .split("defect!(\"")
        .skip(1)
        .filter_map(|rest| rest.split_once('"'))
        .map(|(name, _)| name)
        .filter(|name| *name != "name")
        .collect();
    defects.sort_unstable();
    defects.dedup();

    for defect in defects {
        assert!(NAMES.contains(&defect), "{defect}");
    }
}
