//! Each key, from the user's file, the workspace's, the environment and the command line.

use std::collections::BTreeMap;
use std::fs;

use cargo_test_support::registry::Package;
use cargo_test_support::{Execs, Project, cargo_test, paths, str};

use crate::support::{
    Database, ExecsExt as _, ProjectExt as _, advisory, app, app_locked_to_yanked, app_manifest,
    cargo, configure,
};

/// An application with a dependency of every kind.
fn one_of_each() -> Project {
    let mut dependencies = "gone = '1'\n".to_owned();
    for name in ["evil", "leaky", "shaky", "lonely", "loud"] {
        Package::new(name, "1.0.0").publish();
        dependencies.push_str(&format!("{name} = '1'\n"));
    }
    let app = app_locked_to_yanked();
    app.change_file("Cargo.toml", &app_manifest(&dependencies));
    Database::new()
        .add(&advisory("evil").malicious())
        .add(&advisory("leaky"))
        .add(&advisory("shaky").informational("unsound"))
        .add(&advisory("lonely").informational("unmaintained"))
        .add(&advisory("loud").informational("notice"))
        .index();
    app
}

/// The level of each kind, as the answer for tools has it.
fn levels(execs: &mut Execs) -> BTreeMap<String, String> {
    let answer = execs.without_status().answer();
    answer["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let word = |key: &str| finding[key].as_str().unwrap().to_owned();
            (word("kind"), word("level"))
        })
        .collect()
}

fn map(pairs: [(&str, &str); 6]) -> BTreeMap<String, String> {
    pairs
        .into_iter()
        .map(|(kind, level)| (kind.to_owned(), level.to_owned()))
        .collect()
}

/// Another level for each kind than it has by default.
const OTHERS: [(&str, &str); 6] = [
    ("malicious", "warn"),
    ("vulnerability", "allow"),
    ("unsound", "deny"),
    ("yanked", "allow"),
    ("unmaintained", "deny"),
    ("notice", "warn"),
];

fn as_toml(levels: [(&str, &str); 6]) -> String {
    levels
        .map(|(kind, level)| format!("{kind} = '{level}'\n"))
        .concat()
}

#[cargo_test]
fn by_default_malicious_is_denied_and_notices_are_allowed() {
    let app = one_of_each();

    let levels = levels(&mut app.cargo("advisory --format json"));

    assert_eq!(
        levels,
        map([
            ("malicious", "deny"),
            ("vulnerability", "warn"),
            ("unsound", "warn"),
            ("yanked", "warn"),
            ("unmaintained", "warn"),
            ("notice", "allow"),
        ])
    );
}

#[cargo_test]
fn levels_are_taken_from_the_users_file() {
    let app = one_of_each();
    configure(&as_toml(OTHERS));

    let levels = levels(&mut app.cargo("advisory --format json"));

    assert_eq!(levels, map(OTHERS));
}

#[cargo_test]
fn levels_are_taken_from_the_workspaces_file() {
    let app = one_of_each();
    app.change_file(
        ".cargo/config.toml",
        &format!("[advisory]\n{}", as_toml(OTHERS)),
    );

    let levels = levels(&mut app.cargo("advisory --format json"));

    assert_eq!(levels, map(OTHERS));
}

#[cargo_test]
fn levels_are_taken_from_the_environment() {
    let app = one_of_each();
    let mut execs = app.cargo("advisory --format json");
    for (kind, level) in OTHERS {
        let variable = format!("CARGO_ADVISORY_{}", kind.to_ascii_uppercase());
        execs.env(&variable, level);
    }

    assert_eq!(levels(&mut execs), map(OTHERS));
}

#[cargo_test]
fn levels_are_taken_from_the_command_line() {
    let app = one_of_each();
    let mut execs = app.cargo("advisory --format json");
    for (kind, level) in OTHERS {
        execs.arg("--config");
        execs.arg(format!("advisory.{kind} = '{level}'"));
    }

    assert_eq!(levels(&mut execs), map(OTHERS));
}

#[cargo_test]
fn the_nearer_source_wins() {
    let app = one_of_each();
    configure("unsound = 'deny'\nvulnerability = 'deny'\nnotice = 'deny'\nyanked = 'deny'");
    app.change_file(
        ".cargo/config.toml",
        "[advisory]\nunsound = 'allow'\nvulnerability = 'allow'\nnotice = 'allow'",
    );
    let mut execs = app.cargo("advisory --format json --config advisory.unsound='deny'");
    execs.env("CARGO_ADVISORY_UNSOUND", "warn");
    execs.env("CARGO_ADVISORY_VULNERABILITY", "warn");

    let levels = levels(&mut execs);

    assert_eq!(levels["unsound"], "deny");
    assert_eq!(levels["vulnerability"], "warn");
    assert_eq!(levels["notice"], "allow");
    assert_eq!(levels["yanked"], "deny");
}

#[cargo_test]
fn unmaintained_holds_for_direct_dependencies_until_it_is_set() {
    Package::new("lonely", "1.0.0").publish();
    Package::new("middle", "1.0.0").dep("lonely", "1").publish();
    let app = app("middle = '1'");
    Database::new()
        .add(&advisory("lonely").informational("unmaintained"))
        .index();

    let by_default = levels(&mut app.cargo("advisory --format json"));
    let set =
        levels(&mut app.cargo("advisory --format json --config advisory.unmaintained='warn'"));

    assert_eq!(by_default["unmaintained"], "allow");
    assert_eq!(set["unmaintained"], "warn");
}

#[cargo_test]
fn a_level_holds_for_builds_too() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    configure("vulnerability = 'deny'");

    app("leaky = '1'")
        .cargo("check")
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0 (registry `dummy-registry`)
[ERROR] 1 insecure dependency denied by `advisory.vulnerability`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]])
        .run();
}

/// The databases of the index that an update makes, as the answer for tools lists them. `execs` runs cargo without words.
fn databases(execs: &mut Execs, flags: &[&str]) -> Vec<String> {
    fs::write(
        paths::root().join("Cargo.lock"),
        "version = 4\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n",
    )
    .unwrap();
    let lockfile = paths::root().join("Cargo.lock");
    execs.arg("advisory");

    execs.clone().arg("update").args(flags).run();
    let answer = execs
        .args(&["--format", "json", "--lockfile"])
        .arg(lockfile)
        .args(flags)
        .answer();

    answer["index"]["databases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|database| database["url"].as_str().unwrap().to_owned())
        .collect()
}

fn path_of(database: &Database) -> String {
    database.path().to_str().unwrap().to_owned()
}

#[cargo_test]
fn databases_are_taken_from_the_environment() {
    let other = Database::at("other");
    other.add(&advisory("shaky"));

    let found = databases(cargo("").env("CARGO_ADVISORY_DATABASES", other.path()), &[]);

    assert_eq!(found, [path_of(&other)]);
}

/// As cargo does with every list.
#[cargo_test]
fn the_databases_of_all_sources_are_joined() {
    let users = Database::new();
    users.add(&advisory("leaky"));
    let other = Database::at("other");
    other.add(&advisory("shaky"));

    let found = databases(cargo("").env("CARGO_ADVISORY_DATABASES", other.path()), &[]);

    assert_eq!(found, [path_of(&users), path_of(&other)]);
}

#[cargo_test]
fn databases_are_taken_from_the_command_line() {
    let other = Database::at("other");
    other.add(&advisory("shaky"));
    let set = format!("advisory.databases = ['{}']", other.path().display());

    let found = databases(&mut cargo(""), &["--config", &set]);

    assert_eq!(found, [path_of(&other)]);
}

#[cargo_test]
fn a_folder_in_the_users_file_is_relative_to_what_holds_that_file() {
    let database = Database::at("home/.cargo/databases/own");
    database.add(&advisory("leaky"));
    configure("[advisory]\ndatabases = ['.cargo/databases/own']");

    let found = databases(&mut cargo(""), &[]);

    assert_eq!(found, [path_of(&database)]);
}

#[cargo_test]
fn a_folder_in_the_workspaces_file_is_relative_to_the_workspace() {
    let users = Database::new();
    users.add(&advisory("leaky"));
    let app = app("");
    app.change_file(
        ".cargo/config.toml",
        "[advisory]\ndatabases = ['advisories']",
    );
    let own = Database::at("foo/advisories");
    own.add(&advisory("shaky"));

    let found = databases(app.cargo("").cwd("src"), &[]);

    assert_eq!(found, [path_of(&users), path_of(&own)]);
}

#[cargo_test]
fn a_folder_on_the_command_line_is_relative_to_where_one_is() {
    let database = Database::at("below/advisories");
    database.add(&advisory("leaky"));

    let found = databases(
        cargo("").cwd("below"),
        &["--config", "advisory.databases=['advisories']"],
    );

    assert_eq!(found, [path_of(&database)]);
}

#[cargo_test]
fn a_folder_in_a_file_of_the_command_line_is_relative_to_that_file() {
    let database = Database::at("elsewhere/advisories");
    database.add(&advisory("leaky")).file(
        "../.cargo/ours.toml",
        "[advisory]\ndatabases = ['advisories']",
    );

    let found = databases(&mut cargo(""), &["--config", "elsewhere/.cargo/ours.toml"]);

    assert_eq!(found, [path_of(&database)]);
}

#[cargo_test]
fn the_same_database_twice_is_one() {
    let database = Database::new();
    database.add(&advisory("leaky"));

    let found = databases(
        cargo("").env("CARGO_ADVISORY_DATABASES", database.path()),
        &[],
    );

    assert_eq!(found, [path_of(&database)]);
}

#[cargo_test]
fn the_check_is_turned_off_by_the_user_alone() {
    Package::new("evil", "1.0.0").publish();
    Database::new().add(&advisory("evil").malicious()).index();
    let app = app("evil = '1'");
    app.cargo("check")
        .with_status(101)
        .with_stderr_contains("[ERROR] 1 insecure[..]")
        .run();
    let silent = |mut execs: Execs| {
        execs
            .with_stderr_does_not_contain("[..]insecure[..]")
            .with_stderr_contains("[FINISHED] [..]")
            .run();
    };

    silent(app.cargo("check --config advisory.enabled=false"));
    let mut execs = app.cargo("check");
    execs.env("CARGO_ADVISORY_ENABLED", "false");
    silent(execs);
    configure("enabled = false");
    silent(app.cargo("check"));
}

#[cargo_test]
fn a_check_that_is_turned_off_fails_a_denial() {
    Package::new("sound", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = app("sound = '1'");

    app.cargo("check --deny-advisories --config advisory.enabled=false")
        .with_status(101)
        .with_stderr_contains(
            "[ERROR] `--deny-advisories` needs the check, which `advisory.enabled` in `--config` turns off",
        )
        .run();
    app.cargo("check --deny-advisories")
        .env("CARGO_ADVISORY_ENABLED", "false")
        .with_status(101)
        .with_stderr_contains(
            "[ERROR] `--deny-advisories` needs the check, which `advisory.enabled` in environment variable \
             `CARGO_ADVISORY_ENABLED` turns off",
        )
        .run();
}

#[cargo_test]
fn the_age_that_a_denial_allows_is_taken_from_everywhere_that_is_the_users() {
    Package::new("sound", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index_made(72);
    let app = app("sound = '1'");
    app.cargo("check --deny-advisories").run();
    let refused = |mut execs: Execs| {
        execs
            .with_status(101)
            .with_stderr_contains(
                "[ERROR] the advisory index is 3 days old, over the limit of 2 days (`advisory.max-age`): it was last \
                 checked at [..]Z and it is [..]Z now; run `cargo advisory update`",
            )
            .run();
    };

    refused(app.cargo("check --deny-advisories --config advisory.max-age='48h'"));
    let mut execs = app.cargo("check --deny-advisories");
    execs.env("CARGO_ADVISORY_MAX_AGE", "2d");
    refused(execs);
    configure("max-age = '2d'");
    refused(app.cargo("check --deny-advisories"));
}

#[cargo_test]
fn the_cache_is_where_the_user_says() {
    let database = Database::new();
    database.add(&advisory("leaky"));
    let holds_an_index = |folder: &str| {
        let mut endings: Vec<_> = fs::read_dir(paths::root().join(folder))
            .unwrap_or_else(|error| panic!("{folder}: {error}"))
            .map(|file| file.unwrap().path().extension().unwrap().to_owned())
            .collect();
        endings.sort();
        assert_eq!(endings, ["bin", "lock", "refresh"]);
    };

    cargo("advisory update --config advisory.cache-dir='from/line'").run();
    holds_an_index("from/line");
    cargo("advisory update")
        .env("CARGO_ADVISORY_CACHE_DIR", "from/environment")
        .run();
    holds_an_index("from/environment");
    configure("cache-dir = 'from/file'");
    cargo("advisory update").run();
    holds_an_index("home/from/file");
}
