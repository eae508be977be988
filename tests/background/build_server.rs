//! Denials on a build server: the refresh comes first, for a while, and then the age of the index decides.

use std::fs;

use cargo_advisory::refresh::record::{Outcome, Record};
use cargo_test_support::{Execs, cargo_test, paths, str};

use crate::support::ExecsExt as _;
use crate::world::{Refreshing, World};

const DENY: &str = "check --deny-advisories";

/// A command as a build server runs it.
fn on_build_server(world: &World, line: &str) -> Execs {
    let mut execs = world.cargo(line);
    execs.env("CI", "true");
    execs
}

fn database_goes_away() {
    let database = paths::root().join("advisory-db");
    fs::rename(&database, database.with_extension("away")).unwrap();
}

#[cargo_test]
fn a_denial_is_judged_by_what_was_fetched_just_now() {
    let world = World::aged(25);

    on_build_server(&world, DENY)
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] late v1.0.0 (registry `dummy-registry`)
[UPDATING] advisory database `[ROOT]/advisory-db`
     Updated index to 2 advisories (2 vulnerability)
[ERROR] 1 insecure dependency denied by `--deny-advisories`: late 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details

"#]])
        .run();
}

#[cargo_test]
fn quiet_hides_what_it_does() {
    let world = World::aged(25);

    on_build_server(&world, "check --quiet --deny-advisories")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: late 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details

"#]])
        .run();
}

#[cargo_test]
fn without_any_index_it_is_made() {
    let (world, mut gate) = World::behind_gate();
    gate.opens();

    on_build_server(&world, DENY).tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: late 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn the_command_does_so_too() {
    let world = World::aged(25);
    world.cargo("generate-lockfile").run();

    on_build_server(&world, "advisory --deny-advisories").tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: late 1.0.0 (RUSTSEC-2020-0002)
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn a_young_index_is_used_as_it_is() {
    let world = World::aged(23);

    on_build_server(&world, DENY).tells("");
}

#[cargo_test]
fn where_that_fails_an_index_that_is_young_enough_still_holds() {
    let world = World::aged(25);
    database_goes_away();

    on_build_server(&world, DENY).tells(str![[r#"
[NOTE] the advisory index could not be refreshed: cannot read the database `[ROOT]/advisory-db`: the folder cannot be read: [NOT_FOUND]

"#]]);
    // It would fail again.
    on_build_server(&world, DENY).tells("");
}

#[cargo_test]
fn where_that_fails_an_index_that_is_too_old_does_not() {
    let world = World::aged(24 * 15);
    database_goes_away();

    on_build_server(&world, DENY).tells(str![[r#"
[NOTE] the advisory index could not be refreshed: cannot read the database `[ROOT]/advisory-db`: the folder cannot be read: [NOT_FOUND]
[ERROR] the advisory index is 15 days old, over the limit of 14 days (`advisory.max-age`): it was last checked at [..]Z and it is [..]Z now; run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn where_that_fails_there_is_nothing_to_deny_with() {
    let world = World::aged(25);
    database_goes_away();
    fs::remove_dir_all(world.store().dir()).unwrap();

    on_build_server(&world, DENY).tells(str![[r#"
[NOTE] the advisory index could not be refreshed: cannot read the database `[ROOT]/advisory-db`: the folder cannot be read: [NOT_FOUND]
[ERROR] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn what_is_refused_is_told_once() {
    let world = World::aged(25);
    fs::remove_dir_all(paths::root().join("advisory-db/crates/other")).unwrap();
    fs::remove_dir_all(paths::root().join("advisory-db/crates/late")).unwrap();

    on_build_server(&world, DENY).tells(str![[r#"
[NOTE] the last refresh of the advisory index, less than a minute ago, was refused; `cargo advisory status` shows why

"#]]);
}

#[cargo_test]
fn offline_nothing_is_fetched() {
    let world = World::aged(25);
    world.cargo("fetch").run();
    let before = world.remembered();

    on_build_server(&world, "check --offline --deny-advisories").tells("");
    on_build_server(&world, "check --frozen --deny-advisories").tells("");

    assert_eq!(world.remembered(), before);
}

#[cargo_test]
fn without_a_denial_nobody_waits_there_either() {
    let (world, gate) = World::behind_gate();

    on_build_server(&world, "check").run();

    gate.is_asked();
    Refreshing::only().kill();
}

/// A step before the denial has started it.
#[cargo_test]
fn a_refresh_that_is_under_way_is_waited_for() {
    let (world, mut gate) = World::behind_gate();
    on_build_server(&world, "check").run();
    gate.is_asked();

    let mut check = on_build_server(&world, DENY).build_command();
    let mut check = check.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut stderr = std::io::BufReader::new(check.stderr.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut stderr, &mut line).unwrap();
    assert_eq!(line, "     Waiting for another refresh of the index\n");
    gate.opens();

    let rest = std::io::read_to_string(stderr).unwrap();
    assert_eq!(check.wait().unwrap().code(), Some(101));
    cargo_test_support::compare::assert_e2e().eq(
        rest,
        str![[r#"
     Updated index to 1 advisory (1 vulnerability)
[ERROR] 1 insecure dependency denied by `--deny-advisories`: late 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details

"#]],
    );
    let requests = gate.server.requests();
    let asked = requests.iter().map(|request| request.path.as_str());
    let fetches = asked.filter(|path| path.ends_with("info/refs"));
    assert_eq!(fetches.count(), 1);
}

/// Build servers end what a step has left behind.
#[cargo_test]
fn one_that_was_killed_is_made_up_for() {
    let (world, mut gate) = World::behind_gate();
    on_build_server(&world, "check").run();
    gate.is_asked();
    Refreshing::only().kill();
    gate.opens();

    on_build_server(&world, DENY).tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: late 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn a_server_that_hangs_is_waited_for_no_longer_than_allowed() {
    let (world, mut gate) = World::behind_gate();
    let started = std::time::Instant::now();

    on_build_server(&world, DENY).tells(str![[r#"
[NOTE] the advisory index could not be refreshed: the refresh took longer than 20 seconds and was stopped; the old index stays. Try again, or on a slow network make a clone and name its folder in `advisory.databases`
[ERROR] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);

    let waited = started.elapsed().as_secs();
    assert!((20..40).contains(&waited), "{waited} seconds");
    gate.opens();
}

/// A bug, the user or a system that is short of memory may end it. That is no question of time, and it does not stay under
/// way.
#[cargo_test]
fn one_that_dies_while_it_is_waited_for_is_told_as_such() {
    let (world, gate) = World::behind_gate();
    let mut check = on_build_server(&world, DENY).build_command();
    let check = check.stderr(std::process::Stdio::piped()).spawn().unwrap();
    gate.is_asked();
    Refreshing::only().kill();

    let output = check.wait_with_output().unwrap();

    assert_eq!(output.status.code(), Some(101));
    let stderr = String::from_utf8(output.stderr).unwrap();
    let (_, notes) = stderr.split_once("note: ").unwrap();
    cargo_test_support::compare::assert_e2e().eq(
        notes,
        str![[r#"
the advisory index could not be refreshed: its process was ended (signal: 9 (SIGKILL))
[ERROR] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`

"#]],
    );
    let record = Record::load(&world.store(), &world.databases).unwrap();
    assert_eq!(record.begun, None);
    let reason =
        "the refresh came to no end: its process was ended (signal: 9 (SIGKILL))".to_owned();
    assert_eq!(record.outcome, Outcome::Failed { reason });
}
