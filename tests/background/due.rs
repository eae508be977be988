//! When a refresh is started, and that it is one.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use cargo_advisory::refresh::record::Outcome;
use cargo_test_support::{cargo_test, paths, str};
use jiff::{SignedDuration, Timestamp};

use crate::support::{Database, REFRESH, advisory};
use crate::world::{LATE, Refreshing, World, wait_until};

const WAITING: &str = "     Waiting for another refresh of the index";
const UPDATED: &str = "     Updated index to 1 advisory (1 vulnerability)";

#[cargo_test]
fn a_build_with_an_index_of_yesterday_says_nothing_and_the_next_one_knows_more() {
    let world = World::aged(25);

    assert_eq!(world.says("check"), "");

    let record = world.wait_for_refresh();
    assert_eq!(record.outcome, Outcome::Updated);
    assert_eq!(world.says("check"), LATE);
}

#[cargo_test]
fn it_is_started_from_the_configured_age_on() {
    let world = World::aged(23);

    assert!(!world.starts("check"));
    assert!(!world.started_by(world.cargo("check").env(REFRESH, "24h")));
    assert!(world.started_by(world.cargo("check").env(REFRESH, "23h")));
    world.wait_for_refresh();
}

#[cargo_test]
fn it_is_not_started_where_that_is_not_wanted() {
    let world = World::aged(24 * 10);

    for line in [
        "check --offline",
        "check --frozen",
        "check --config net.offline=true",
        "check --config advisory.refresh='never'",
        "check --config advisory.enabled=false",
        "advisory status",
        "advisory --offline",
        "advisory explain --offline late",
        "metadata --no-deps",
        "generate-lockfile",
        "fetch",
    ] {
        assert!(!world.starts(line), "{line}");
    }
    assert!(!world.started_by(world.cargo("check").env("CARGO_NET_OFFLINE", "true")));

    assert!(world.starts("check --locked"));
    world.wait_for_refresh();
}

#[cargo_test]
fn whatever_checks_starts_it() {
    let world = World::aged(25);

    for line in [
        "build",
        "run",
        "test",
        "bench --no-run",
        "doc",
        "fix --allow-no-vcs",
        "package --allow-dirty",
        "install --path . --root out",
        "advisory",
        "advisory check --lockfile Cargo.lock",
        "advisory report --html out.html",
        "advisory explain late",
        "advisory fix --dry-run",
    ] {
        Database::at("advisory-db").index_made(25);
        assert!(world.starts(line), "{line}");
        world.wait_for_refresh();
    }
}

#[cargo_test]
fn what_failed_is_tried_again_after_a_quarter_of_an_hour() {
    let world = World::aged(25);
    let database = paths::root().join("advisory-db");
    let away = paths::root().join("away");
    fs::rename(&database, &away).unwrap();
    assert!(world.starts("check"));
    let record = world.wait_for_refresh();
    assert!(
        matches!(record.outcome, Outcome::Failed { .. }),
        "{record:?}"
    );
    fs::rename(&away, &database).unwrap();

    assert!(!world.starts("check"));
    world.move_last_attempt(14);
    assert!(!world.starts("check"));
    world.move_last_attempt(1);
    assert!(world.starts("check"));

    assert_eq!(world.wait_for_refresh().outcome, Outcome::Updated);
}

#[cargo_test]
fn so_is_what_was_killed() {
    let (world, mut gate) = World::behind_gate();
    assert!(world.starts("check"));
    gate.is_asked();
    Refreshing::only().kill();
    gate.opens();

    assert!(!world.starts("check"));
    world.move_last_attempt(15);
    assert!(world.starts("check"));

    world.wait_for_refresh();
    assert_eq!(world.says("check"), LATE);
}

#[cargo_test]
fn an_index_that_cannot_be_used_is_made_anew() {
    let world = World::aged(1);
    let index = world.store().path_for(&world.databases);
    fs::write(&index, "nonsense").unwrap();

    assert!(world.starts("check"));

    world.wait_for_refresh();
    assert_eq!(world.says("check"), LATE);
}

#[cargo_test]
fn where_the_cache_cannot_be_written_to_none_is_started() {
    let world = World::aged(25);
    let cache = world.store().dir().to_owned();
    fs::rename(&cache, paths::root().join("away")).unwrap();
    fs::write(&cache, "in the way").unwrap();

    world
        .cargo("check")
        .with_stderr_contains("[NOTE] cannot check dependencies with [..]")
        .run();

    assert!(Refreshing::all().is_empty());
    assert_eq!(fs::read(&cache).unwrap(), b"in the way");
}

#[cargo_test]
fn the_first_build_says_that_the_advisories_are_on_their_way() {
    let (world, mut gate) = World::behind_gate();

    world
        .cargo("check")
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] late v1.0.0 (registry `dummy-registry`)
[NOTE] cannot check dependencies for advisories: there is no index yet; the advisories are being fetched in the background, and the next build will use them
[CHECKING] late v1.0.0
[CHECKING] app v0.1.0 ([ROOT]/foo)
[FINISHED] `dev` profile [unoptimized + debuginfo] target(s) in [ELAPSED]s

"#]])
        .run();

    gate.is_asked();
    let says = "note: cannot check dependencies for advisories: there is no index yet; the advisories are being fetched \
                in the background, and the next build will use them\n";
    assert_eq!(world.says("check"), says);
    gate.opens();
    world.wait_for_refresh();
    assert_eq!(world.says("check"), LATE);
}

#[cargo_test]
fn a_first_build_that_starts_none_says_what_to_do() {
    let (world, gate) = World::behind_gate();

    world
        .cargo("check")
        .env(REFRESH, "never")
        .with_stderr_contains(
            "[NOTE] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`",
        )
        .run();

    assert!(gate.server.requests().is_empty());
}

#[cargo_test]
fn a_refresh_that_was_refused_is_told_by_the_next_build() {
    let world = World::aged(25);
    let database = Database::at("advisory-db");
    for number in 3..9 {
        let id = format!("RUSTSEC-2020-000{number}");
        database.add(&advisory("more").id(&id));
    }
    database.index_made(25);
    fs::remove_dir_all(paths::root().join("advisory-db/crates/more")).unwrap();
    let check = "check --config advisory.vulnerability='allow'";

    assert_eq!(world.says(check), "");
    world.wait_for_refresh();

    let says = "note: the last refresh of the advisory index, less than a minute ago, was refused; `cargo advisory \
                status` shows why\n";
    assert_eq!(world.says(check), says);
}

#[cargo_test]
fn status_tells_of_one_that_has_not_ended() {
    let world = World::aged(25);
    cargo_advisory::refresh::turn::claim(&world.store(), &world.databases, Timestamp::now())
        .unwrap();

    world
        .cargo("advisory status")
        .with_stdout_data(str![[r#"
index [ROOT]/home/.cargo/advisory/index-[..].bin
database [ROOT]/advisory-db
    folder, no commit
    checked  [..]Z, 25 hours ago
refresh not ended
    began    [..]Z, less than a minute ago
1 advisory
    malicious          0
    vulnerability      1
    unsound            0
    unmaintained       0
    notice             0
    withdrawn          0
0 files quarantined

"#]])
        .run();
}

#[cargo_test]
fn so_it_does_of_the_first_one() {
    let world = World::aged(25);
    let store = world.store();
    fs::remove_file(store.path_for(&world.databases)).unwrap();
    cargo_advisory::refresh::turn::claim(&store, &world.databases, Timestamp::now()).unwrap();

    world
        .cargo("advisory status")
        .with_status(101)
        .with_stdout_data(str![[r#"
index [ROOT]/home/.cargo/advisory/index-[..].bin
    there is none yet
refresh not ended
    began    [..]Z, less than a minute ago

"#]])
        .with_stderr_data(str![[r#"
[ERROR] cannot check dependencies for advisories: there is no index yet; the advisories are being fetched in the background, and the next build will use them

"#]])
        .run();
}

/// Each list of databases has its index, and the process runs in another folder.
#[cargo_test]
fn databases_of_a_workspace_are_refreshed_with_the_users() {
    let mut world = World::aged(25);
    let more = Database::at("more");
    more.add(&advisory("shaky").id("RUSTSEC-2020-0003"));
    let folder = world.app.root().join(".cargo");
    fs::create_dir_all(&folder).unwrap();
    let config = folder.join("config.toml");
    fs::write(config, "[advisory]\ndatabases = ['../more']\n").unwrap();
    let more = format!("{}/../more", world.app.root().display());
    world.databases.push(more);

    assert!(world.starts("check"));

    assert_eq!(world.wait_for_refresh().outcome, Outcome::Updated);
    assert_eq!(world.says("check"), LATE);
}

#[cargo_test]
fn what_the_command_line_says_of_the_network_and_the_cache_counts() {
    let (world, mut gate) = World::behind_unknown_gate();
    gate.opens();

    world
        .cargo("check")
        .args(&[
            "--config",
            &format!("advisory.databases=['{}']", world.databases[0]),
        ])
        .args(&["--config", "http.cainfo='../authority.pem'"])
        .args(&["--config", "advisory.cache-dir='../cache'"])
        .run();

    let cache = paths::root().join("cache");
    wait_until(|| {
        let entries = fs::read_dir(&cache).ok()?;
        let mut names = entries.map(|entry| entry.unwrap().path());
        names.find(|path| path.extension().is_some_and(|end| end == "bin"))
    });
}

/// However many builds find it due, and whoever asks for one besides: as long as nobody answers, one process asks, builds
/// end, and who waits gets what comes of it.
#[cargo_test]
fn sixty_four_builds_and_eight_updates_fetch_once() {
    let (world, mut gate) = World::behind_gate();
    world
        .cargo("check")
        .env(REFRESH, "never")
        .env("CARGO_ADVISORY_ENABLED", "false")
        .run();
    let command = |line: &str| {
        let mut command = world.cargo(line).build_command();
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    };
    let spawn = |mut command: Command| command.spawn().unwrap();

    let builds: Vec<_> = (0..64).map(|_| spawn(command("check"))).collect();
    for build in builds {
        let output = build.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{stderr}");
        assert!(!stderr.contains("insecure"), "{stderr}");
    }
    gate.is_asked();
    let updates: Vec<_> = (0..8).map(|_| spawn(command("advisory update"))).collect();
    thread::scope(|scope| {
        let (waits, waiting) = mpsc::channel();
        for mut update in updates {
            let waits = waits.clone();
            scope.spawn(move || {
                let lines = BufReader::new(update.stderr.take().unwrap()).lines();
                let mut lines = lines.map(Result::unwrap);
                let first = lines.next().unwrap();
                waits.send(()).unwrap();
                let rest: Vec<String> = lines.collect();
                assert_eq!(first, WAITING);
                assert_eq!(rest, [UPDATED]);
                assert!(update.wait().unwrap().success());
            });
        }
        for _ in 0..8 {
            waiting.recv().unwrap();
        }
        assert_eq!(Refreshing::all().len(), 1);
        gate.opens();
    });

    let requests = gate.server.requests();
    let fetches = requests
        .iter()
        .filter(|request| request.path.ends_with("info/refs"));
    assert_eq!(fetches.count(), 1, "{requests:?}");
    assert_eq!(world.says("check"), LATE);
}

/// Whoever types it has a say, but not twice.
#[cargo_test]
fn a_second_one_ends_at_once() {
    let (world, gate) = World::behind_gate();
    world.cargo("check").run();
    gate.is_asked();

    world
        .cargo("advisory update --background")
        .with_stderr_data("")
        .run();

    Refreshing::only().kill();
    assert_eq!(gate.server.requests().len(), 1);
}

#[cargo_test]
fn an_update_goes_on_by_itself_when_the_one_that_it_waits_for_is_killed() {
    let (world, mut gate) = World::behind_gate();
    world.cargo("check").run();
    gate.is_asked();
    let mut update = world.cargo("advisory update").build_command();
    let mut update = update.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(update.stderr.take().unwrap())
        .lines()
        .map(Result::unwrap);
    assert_eq!(lines.next().unwrap(), WAITING);

    Refreshing::only().kill();
    gate.opens();

    let rest: Vec<String> = lines.collect();
    assert!(
        rest[0].starts_with("    Updating advisory database `https://"),
        "{rest:?}"
    );
    assert_eq!(rest[1], UPDATED);
    assert!(update.wait().unwrap().success());
}

#[cargo_test]
fn an_attempt_that_lies_ahead_of_the_clock_holds_nobody_up() {
    let world = World::aged(25);
    world.starts("check");
    let record = world.wait_for_refresh();
    Database::at("advisory-db").index_made(25);
    let later = record.at + SignedDuration::from_hours(10);
    cargo_advisory::refresh::record::Record {
        at: later,
        begun: Some(later),
        ..record
    }
    .save(&world.store(), &world.databases)
    .unwrap();

    assert!(world.starts("check"));

    world.wait_for_refresh();
}
