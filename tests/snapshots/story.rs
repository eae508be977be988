//! From the publisher's database to a finding in a build somewhere else, and what that costs.

use std::fs;

use cargo_test_support::registry::Package;
use cargo_test_support::{cargo_test, paths, str};

use crate::support::{
    Database, ExecsExt as _, ProjectExt as _, advisory, app, cached, cargo, configure, locked,
};
use crate::world::{World, indexes, public};

const MANIFEST: &str = "manifest.json";
const FILE: &str = "the file";

fn update() {
    cargo("advisory update").run();
}

#[cargo_test]
fn a_machine_finds_what_another_one_has_published() {
    Package::new("leaky", "1.0.0").publish();
    let world = World::new();
    world.database.add(&advisory("leaky")).commit();
    world.publishers("advisory update").run();

    world
        .export()
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
    Exported 1 advisory to `[ROOT]/public/manifest.json` and `[..].snapshot` ([..] bytes)
[NOTE] sign it with `minisign -S -m [ROOT]/public/manifest.json` if `advisory.snapshot-key` is set on the machines that read it
[NOTE] a machine reads it with `databases = ["sparse+https://HOST/PATH/"]` under `[advisory]`, with the URL at which this folder is served

"#]])
        .run();
    cargo("advisory update")
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `sparse+https://127.0.0.1:[..]/public/`
     Updated index to 1 advisory (1 vulnerability)

"#]])
        .run();
    cargo("advisory status")
        .with_stdout_data(str![[r#"
index [ROOT]/home/.cargo/advisory/index-[..].bin
database sparse+https://127.0.0.1:[..]/public/
    snapshot [..]
    made of  [ROOT]/advisory-db
             commit [..] of [..]Z
             checked [..]Z
    checked  [..]Z, less than a minute ago
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
    app("leaky = '1'")
        .cargo("check --deny-advisories")
        .with_status(101)
        .with_stderr_contains(
            "[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 \
             (RUSTSEC-2020-0001); run `cargo advisory` for details",
        )
        .run();
}

#[cargo_test]
fn tools_are_told_what_a_snapshot_was_made_of() {
    Package::new("leaky", "1.0.0").publish();
    let world = World::new();
    world.database.add(&advisory("leaky")).commit();
    world.publish(1);
    update();

    let answer = locked("leaky = '1'")
        .cargo("advisory --format json")
        .answer();

    let database = &answer["index"]["databases"][0];
    assert_eq!(database["url"], world.url());
    assert!(database["commit"].is_null());
    let origin = &database["made_of"][0];
    assert_eq!(origin["url"], world.database.path().to_str().unwrap());
    assert_eq!(origin["commit"].as_str().unwrap().len(), 40);
    assert_eq!(origin["checked"], database["checked"]);
}

#[cargo_test]
fn without_news_there_is_one_question_and_no_answer() {
    let world = World::new();
    world.database.add(&advisory("leaky"));
    world.publish(1);

    assert_eq!(world.asked(update), [MANIFEST, FILE]);
    let before = indexes();
    assert_eq!(world.asked(update), [MANIFEST]);

    let requests = world.server.requests();
    let last = requests.last().unwrap();
    assert!(last.header("if-none-match").is_some());
    // The age is that of what the publisher saw, so nothing at all is new.
    assert!(indexes() == before);
}

#[cargo_test]
fn that_the_publisher_looked_again_does_not_send_the_file_again() {
    let world = World::new();
    world.database.add(&advisory("leaky"));
    world.publish(40);
    update();
    let before = indexes();

    world.publish(1);

    assert_eq!(world.asked(update), [MANIFEST]);
    assert!(indexes() != before);
    cargo("advisory status")
        .with_stdout_contains("    checked  [..]Z, 1 hour ago")
        .with_stdout_does_not_contain("[..]40 hours ago")
        .run();
}

#[cargo_test]
fn news_are_fetched_and_the_file_before_stays_for_a_while() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("shaky", "1.0.0").publish();
    let world = World::new();
    world.database.add(&advisory("leaky"));
    world.publish(40);
    update();
    let before = fs::read_to_string(public().join(MANIFEST)).unwrap();
    world
        .database
        .add(&advisory("shaky").id("RUSTSEC-2020-0002"));

    world.publish(1);

    assert_eq!(world.asked(update), [MANIFEST, FILE]);
    locked("leaky = '1'\nshaky = '1'")
        .cargo("check --deny-advisories")
        .tells(str![[r#"
[ERROR] 2 insecure dependencies denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001), shaky 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    let before: serde_json::Value = serde_json::from_str(&before).unwrap();
    let file = before["index"]["name"].as_str().unwrap();
    assert!(public().join(file).exists());
}

#[cargo_test]
fn what_is_kept_of_a_snapshot_may_be_damaged_or_gone() {
    let world = World::new();
    world.database.add(&advisory("leaky"));
    world.publish(1);
    update();
    let kept = || {
        let mut names = cached().into_keys();
        let name = names.find(|name| name.ends_with(".snapshot")).unwrap();
        paths::cargo_home().join("advisory").join(name)
    };

    fs::write(kept(), "rubbish").unwrap();
    assert_eq!(world.asked(update), [MANIFEST, FILE]);
    fs::remove_file(kept()).unwrap();
    assert_eq!(world.asked(update), [MANIFEST, FILE]);
    assert_eq!(world.asked(update), [MANIFEST]);
}

#[cargo_test]
fn a_damaged_index_is_made_again_without_fetching_anything() {
    let world = World::new();
    world.database.add(&advisory("leaky"));
    world.publish(1);
    update();
    let before = indexes();
    let mut names = cached().into_keys();
    let name = names.find(|name| name.ends_with(".bin")).unwrap();
    fs::write(paths::cargo_home().join("advisory").join(name), "rubbish").unwrap();

    assert_eq!(world.asked(update), [MANIFEST]);

    assert_eq!(indexes().len(), before.len());
    cargo("advisory status")
        .with_stdout_contains("1 advisory")
        .run();
}

#[cargo_test]
fn a_snapshot_is_a_database_among_others() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("shaky", "1.0.0").publish();
    let world = World::unconfigured();
    world
        .database
        .add(&advisory("leaky").title("what the publisher says"));
    world.publish(1);
    let own = Database::at("own");
    own.add(&advisory("leaky").title("what I say"))
        .add(&advisory("shaky").id("MY-1"));
    configure(&format!(
        "[advisory]\ndatabases = ['{}', '{}']",
        world.url(),
        own.path().display()
    ));

    assert_eq!(world.asked(update), [MANIFEST, FILE]);

    let app = locked("leaky = '1'\nshaky = '1'");
    app.cargo("advisory")
        .with_stdout_contains("          what the publisher says")
        .with_stdout_contains("    warn  MY-1: vulnerability, severity not scored")
        .with_stdout_does_not_contain("[..]what I say[..]")
        .run();
    // That a folder is always read again is no reason to fetch the snapshot again.
    own.add(&advisory("shaky").id("MY-2"));
    assert_eq!(world.asked(update), [MANIFEST]);
    app.cargo("advisory")
        .with_stdout_contains("          what the publisher says")
        .with_stdout_contains("    warn  MY-2: vulnerability, severity not scored")
        .run();
}

#[cargo_test]
fn a_workspace_may_add_one() {
    Package::new("leaky", "1.0.0").publish();
    let world = World::unconfigured();
    world.database.add(&advisory("leaky"));
    world.publish(1);
    let own = Database::at("own");
    own.add(&advisory("shaky").id("MY-1"));
    configure(&format!(
        "[advisory]\ndatabases = ['{}']",
        own.path().display()
    ));
    let app = locked("leaky = '1'");
    app.change_file(
        ".cargo/config.toml",
        &format!("[advisory]\ndatabases = ['{}']", world.url()),
    );

    app.cargo("advisory update").run();

    app.cargo("check --deny-advisories").tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

/// A denial must fail for it here as it does there.
#[cargo_test]
fn what_the_publisher_did_not_understand_is_not_clean() {
    Package::new("murky", "1.0.0").publish();
    let world = World::new();
    world
        .database
        .add(&advisory("leaky"))
        .add(
            &advisory("fine")
                .id("RUSTSEC-2020-0002")
                .field("withdrawn", "\"2020-02-02\""),
        )
        .file("crates/murky/RUSTSEC-2020-0003.md", "```toml\nrubbish");
    world.publish(1);
    update();

    cargo("advisory status")
        .with_stdout_contains("    withdrawn          1")
        .with_stdout_contains("1 file quarantined")
        .with_stdout_contains("    crates/murky/RUSTSEC-2020-0003.md: [..]")
        .run();
    locked("murky = '1'")
        .cargo("check --deny-advisories")
        .tells(str![[r#"
[ERROR] advisories that were not understood may concern murky; `cargo advisory status` shows them
[EXIT_STATUS] 101

"#]]);
}

/// A grace is over on the same day everywhere, however late a machine reads the snapshot for the first time.
#[cargo_test]
fn a_grace_counts_from_the_day_on_which_the_publisher_saw_the_advisory() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("shaky", "1.0.0").publish();
    let world = World::configured("vulnerability = { level = 'deny', grace = '7d' }");
    world.database.add(&advisory("leaky"));
    world.publish(24 * 13);
    world
        .database
        .add(&advisory("shaky").id("RUSTSEC-2020-0002"));
    world.publish(24 * 10);
    world.publish(1);
    update();
    let denied = |package: &str| {
        let app = locked(&format!("{package} = '1'"));
        app.cargo("check").without_status().run().code == Some(101)
    };

    assert!(denied("shaky"));
    world.database.add(&advisory("new").id("RUSTSEC-2020-0003"));
    Package::new("new", "1.0.0").publish();
    world.publish(0);
    update();
    assert!(!denied("new"));
}

#[cargo_test]
fn offline_there_is_no_question() {
    let world = World::new();
    world.database.add(&advisory("leaky"));
    world.publish(1);
    update();

    let asked = world.asked(|| {
        cargo("advisory update --offline")
            .with_status(101)
            .with_stderr_contains("  it needs the network")
            .run();
    });

    assert!(asked.is_empty(), "{asked:?}");
}
