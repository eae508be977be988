//! A clock that cannot be right makes the age of the index unknown.
//!
//! The clock is moved by a small library that the loader puts before the system's own, so that the program under test needs
//! no door for it.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use cargo_test_support::prelude::*;
use cargo_test_support::registry::Package;
use cargo_test_support::{Execs, Project, cargo_test, paths, str};
use jiff::{SignedDuration, Timestamp};

use crate::NOTHING;
use crate::support::{Database, ExecsExt as _, ProjectExt as _, advisory, app, cargo};

/// Moves the clock of the system's time by `MOVE_CLOCK` seconds.
const LIBRARY: &str = r#"
#![crate_type = "cdylib"]
use std::ffi::{c_char, c_int, c_long, CStr};

unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
    fn getenv(name: *const c_char) -> *const c_char;
}

#[cfg(target_arch = "x86_64")]
const CLOCK_GETTIME: c_long = 228;
#[cfg(not(target_arch = "x86_64"))]
const CLOCK_GETTIME: c_long = 113;
const CLOCK_REALTIME: c_int = 0;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: c_int, time: *mut [i64; 2]) -> c_int {
    let result = unsafe { syscall(CLOCK_GETTIME, clock, time) };
    if clock == CLOCK_REALTIME {
        let value = unsafe { getenv(c"MOVE_CLOCK".as_ptr()) };
        if !value.is_null() {
            let text = unsafe { CStr::from_ptr(value) }.to_str().unwrap_or("0");
            unsafe { (*time)[0] += text.parse::<i64>().unwrap_or(0) };
        }
    }
    result as c_int
}
"#;

/// Builds [`LIBRARY`] in the test's folder.
fn library() -> PathBuf {
    let source = paths::root().join("clock.rs");
    fs::write(&source, LIBRARY).unwrap();
    let library = paths::root().join("libclock.so");
    let status = Command::new("rustc")
        .args(["--edition", "2024", "-o"])
        .args([&library, &source])
        .status();
    assert!(status.unwrap().success());
    library
}

struct World {
    app: Project,
    library: PathBuf,
}

impl World {
    /// A project that depends on `clean`, and an index that was made just now.
    fn new() -> World {
        Package::new("clean", "1.0.0").publish();
        Database::new().add(&advisory("other")).index();
        let app = app("clean = '1'");
        app.cargo("check").run();
        let library = library();
        World { app, library }
    }

    fn at(&self, execs: &mut Execs, moved: SignedDuration) {
        execs
            .env("LD_PRELOAD", &self.library)
            .env("MOVE_CLOCK", moved.as_secs().to_string());
    }

    /// What builds say when the clock is off by so much.
    #[track_caller]
    fn tells(&self, moved: SignedDuration, warn: impl IntoData, deny: impl IntoData) {
        let mut check = self.app.cargo("check");
        self.at(&mut check, moved);
        check.tells(warn);
        let mut check = self.app.cargo("check --deny-advisories");
        self.at(&mut check, moved);
        check.tells(deny);
    }
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

#[cargo_test]
fn a_clock_that_is_off_by_an_hour_or_ahead_by_a_day_does_not_matter() {
    let world = World::new();

    world.tells(-HOUR, NOTHING, NOTHING);
    world.tells(DAY, NOTHING, NOTHING);
}

#[cargo_test]
fn a_clock_of_1970_is_not_believed() {
    let world = World::new();
    let to_1970 = Timestamp::UNIX_EPOCH.duration_since(Timestamp::now()) + HOUR;

    world.tells(
        to_1970,
        str![[r#"
[NOTE] the age of the advisory index is unknown: this cargo was built after [..]Z and it is 1970-01-01T[..]Z now; set the clock

"#]],
        str![[r#"
[ERROR] the age of the advisory index is unknown: this cargo was built after [..]Z and it is 1970-01-01T[..]Z now; set the clock
[EXIT_STATUS] 101

"#]],
    );
    world.tells(SignedDuration::ZERO, NOTHING, NOTHING);
}

#[cargo_test]
fn a_clock_two_days_behind_is_not_believed() {
    let world = World::new();

    world.tells(
        DAY * -2,
        str![[r#"
[NOTE] the age of the advisory index is unknown: it was made at [..]Z and it is [..]Z now; set the clock or run `cargo advisory update`

"#]],
        str![[r#"
[ERROR] the age of the advisory index is unknown: it was made at [..]Z and it is [..]Z now; set the clock or run `cargo advisory update`
[EXIT_STATUS] 101

"#]],
    );
}

/// An index does not get younger by setting the clock back to when it was made.
#[cargo_test]
fn a_clock_behind_the_last_attempt_is_not_believed() {
    let world = World::new();
    fs::remove_dir_all(paths::root().join("advisory-db")).unwrap();
    let mut update = cargo("advisory update");
    world.at(&mut update, DAY * 10);
    update
        .with_status(101)
        .with_stderr_contains("[ERROR] cannot read the database `[ROOT]/advisory-db`")
        .run();

    world.tells(
        DAY * 8,
        str![[r#"
[NOTE] the age of the advisory index is unknown: the last refresh was tried at [..]Z and it is [..]Z now; set the clock or run `cargo advisory update`

"#]],
        str![[r#"
[ERROR] the age of the advisory index is unknown: the last refresh was tried at [..]Z and it is [..]Z now; set the clock or run `cargo advisory update`
[EXIT_STATUS] 101

"#]],
    );
    world.tells(
        DAY * 10,
        str![[r#"
[NOTE] the advisory index is 10 days old; 14 days is the limit (`advisory.max-age`); run `cargo advisory update`

"#]],
        str![[r#"
[NOTE] the advisory index is 10 days old; 14 days is the limit (`advisory.max-age`); run `cargo advisory update`

"#]],
    );
}

#[cargo_test]
fn a_clock_ten_years_ahead_makes_every_index_old_until_both_are_put_right() {
    let world = World::new();
    let ahead = DAY * 3650;

    world.tells(
        ahead,
        str![[r#"
[NOTE] the advisory index is 3650 days old, over the limit of 14 days (`advisory.max-age`): it was last checked at [..]Z and it is [..]Z now; run `cargo advisory update`

"#]],
        str![[r#"
[ERROR] the advisory index is 3650 days old, over the limit of 14 days (`advisory.max-age`): it was last checked at [..]Z and it is [..]Z now; run `cargo advisory update`
[EXIT_STATUS] 101

"#]],
    );
    let mut update = cargo("advisory update");
    world.at(&mut update, ahead);
    update.run();
    world.tells(ahead, NOTHING, NOTHING);
    world.tells(
        SignedDuration::ZERO,
        str![[r#"
[NOTE] the age of the advisory index is unknown: it was made at [..]Z and it is [..]Z now; set the clock or run `cargo advisory update`

"#]],
        str![[r#"
[ERROR] the age of the advisory index is unknown: it was made at [..]Z and it is [..]Z now; set the clock or run `cargo advisory update`
[EXIT_STATUS] 101

"#]],
    );

    cargo("advisory update").run();
    world.tells(SignedDuration::ZERO, NOTHING, NOTHING);
}
