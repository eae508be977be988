//! A repository behind `https`.

use std::fs;

use cargo_advisory::index::held::hold;
use cargo_test_support::registry::Package;
use cargo_test_support::{cargo_test, paths, str};
use filetime::FileTime;

use crate::server::Server;
use crate::support::{Database, ProjectExt as _, advisory, app, cached, cargo};

#[cargo_test]
fn a_database_is_fetched() {
    Package::new("leaky", "1.0.0").publish();
    Database::at("advisory-db").add(&advisory("leaky")).commit();
    let server = Server::of_repositories();
    server.is_the_database();
    server.is_trusted();

    cargo("advisory update")
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `https://127.0.0.1:[..]/advisory-db`
     Updated index to 1 advisory (1 vulnerability)

"#]])
        .run();
    cargo("advisory status")
        .with_stdout_data(str![[r#"
index [ROOT]/home/.cargo/advisory/index-[..].bin
database https://127.0.0.1:[..]/advisory-db
    commit   [..] of [..]Z
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
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0 (registry `dummy-registry`)
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]])
        .run();
}

#[cargo_test]
fn nothing_is_left_of_a_fetch_but_the_index() {
    Database::at("advisory-db").add(&advisory("leaky")).commit();
    let server = Server::of_repositories();
    server.is_the_database();
    server.is_trusted();

    cargo("advisory update").run();

    let names: Vec<String> = cached().into_keys().collect();
    assert_eq!(names.len(), 1, "{names:?}");
    assert!(names[0].ends_with(".bin"), "{names:?}");
}

/// A process that is killed cannot clean up.
#[cargo_test]
fn what_a_killed_fetch_left_is_removed_by_a_later_one() {
    Database::at("advisory-db").add(&advisory("leaky")).commit();
    let server = Server::of_repositories();
    server.is_the_database();
    server.is_trusted();
    cargo("advisory update").run();
    let left = paths::cargo_home().join("advisory/cargo-advisory-fetch-a1B2c3");
    fs::create_dir_all(left.join("objects/pack")).unwrap();
    fs::write(left.join("objects/pack/tmp_pack"), "half a pack").unwrap();
    let yesterday = FileTime::from_unix_time(FileTime::now().unix_seconds() - 24 * 60 * 60, 0);
    filetime::set_file_times(&left, yesterday, yesterday).unwrap();

    cargo("advisory update").run();

    assert!(!left.exists());
}

/// It may have received 256 MiB, and the next one may be killed as well.
#[cargo_test]
fn what_a_fetch_left_that_was_killed_just_now_is_removed_by_the_next_one() {
    Database::at("advisory-db").add(&advisory("leaky")).commit();
    let server = Server::of_repositories();
    server.is_the_database();
    server.is_trusted();
    let cache = paths::cargo_home().join("advisory");
    let [left, held] =
        ["cargo-advisory-fetch-a1B2c3", "cargo-advisory-fetch-d4E5f6"].map(|name| cache.join(name));
    for folder in [&left, &held] {
        fs::create_dir_all(folder).unwrap();
    }
    drop(hold(&left).unwrap());
    // Another one is under way, for other databases.
    let holder = hold(&held).unwrap();

    cargo("advisory update").run();
    assert!(!left.exists() && held.exists());

    drop(holder);
    cargo("advisory update").run();
    assert!(!held.exists());
}

#[cargo_test]
fn only_the_newest_commit_is_asked_for_and_nothing_is_told_of_the_user() {
    let database = Database::at("advisory-db");
    for number in 1..4 {
        database
            .add(&advisory("leaky").id(&format!("RUSTSEC-2020-000{number}")))
            .commit();
    }
    let server = Server::of_repositories();
    server.is_the_database();
    server.is_trusted();

    cargo("advisory update").run();

    let requests = server.requests();
    let bodies: Vec<String> = requests
        .iter()
        .map(|request| String::from_utf8_lossy(&request.body).into_owned())
        .collect();
    let fetches: Vec<&String> = bodies
        .iter()
        .filter(|body| body.contains("want "))
        .collect();
    assert_eq!(fetches.len(), 1, "{bodies:?}");
    assert_eq!(fetches[0].matches("want ").count(), 1, "{fetches:?}");
    assert!(fetches[0].contains("deepen 1"), "{fetches:?}");
    for request in &requests {
        assert_eq!(request.header("authorization"), None);
        assert_eq!(request.header("cookie"), None);
    }
}

#[cargo_test]
fn a_new_commit_is_seen_by_the_next_update() {
    Package::new("shaky", "1.0.0").publish();
    let database = Database::at("advisory-db");
    database.add(&advisory("leaky")).commit();
    let server = Server::of_repositories();
    server.is_the_database();
    server.is_trusted();
    cargo("advisory update").run();
    database
        .add(&advisory("shaky").id("RUSTSEC-2020-0002"))
        .commit();

    cargo("advisory update")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `https://127.0.0.1:[..]/advisory-db`
     Updated index to 2 advisories (2 vulnerability)

"#]])
        .run();
    app("shaky = '1'")
        .cargo("advisory")
        .with_stdout_data(str![[r#"
shaky 1.0.0 (runtime)
    app 0.1.0 → shaky 1.0.0
    warn  RUSTSEC-2020-0002: vulnerability, severity not scored
          `shaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]])
        .run();
}

#[cargo_test]
fn an_update_without_news_succeeds() {
    Database::at("advisory-db").add(&advisory("leaky")).commit();
    let server = Server::of_repositories();
    server.is_the_database();
    server.is_trusted();
    cargo("advisory update").run();

    cargo("advisory update")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `https://127.0.0.1:[..]/advisory-db`
     Updated index to 1 advisory (1 vulnerability)

"#]])
        .run();
}

#[cargo_test]
fn the_branch_that_head_names_counts() {
    let database = Database::at("advisory-db");
    database.add(&advisory("leaky")).commit();
    let repository = git2::Repository::open(database.path()).unwrap();
    let commit = repository.head().unwrap().peel_to_commit().unwrap();
    repository.branch("published", &commit, false).unwrap();
    database
        .add(&advisory("draft").id("RUSTSEC-2020-0002"))
        .commit();
    repository.set_head("refs/heads/published").unwrap();
    let server = Server::of_repositories();
    server.is_the_database();
    server.is_trusted();

    cargo("advisory update").run();

    cargo("advisory status")
        .with_stdout_contains("1 advisory")
        .run();
}

#[cargo_test]
fn without_the_certificate_it_is_refused() {
    Database::at("advisory-db").add(&advisory("leaky")).commit();
    let server = Server::of_repositories();
    server.is_the_database();

    cargo("advisory update")
        .with_status(101)
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `https://127.0.0.1:[..]/advisory-db`
[ERROR] cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  the server's certificate is not trusted; `http.cainfo` can name who vouches for it

Caused by:
  An IO error occurred when talking to the server

Caused by:
  [60] [..]certificate[..]

"#]])
        .run();

    assert!(cached().is_empty());
    assert!(server.requests().is_empty());
}

#[cargo_test]
fn gits_own_settings_cannot_turn_the_certificate_off() {
    Database::at("advisory-db").add(&advisory("leaky")).commit();
    let server = Server::of_repositories();
    server.is_the_database();
    fs::write(
        paths::home().join(".gitconfig"),
        format!(
            "[http]\nsslVerify = false\nsslCAInfo = {}\n",
            server.certificate().display()
        ),
    )
    .unwrap();

    cargo("advisory update")
        .env("GIT_SSL_NO_VERIFY", "1")
        .env("GIT_SSL_CAINFO", server.certificate())
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "http.sslVerify")
        .env("GIT_CONFIG_VALUE_0", "false")
        .with_status(101)
        .with_stderr_contains(
            "[ERROR] cannot read the database `https://127.0.0.1:[..]/advisory-db`",
        )
        .run();

    assert!(server.requests().is_empty());
}

#[cargo_test]
fn gits_own_settings_cannot_lead_elsewhere() {
    Database::at("advisory-db").add(&advisory("leaky")).commit();
    Database::at("elsewhere")
        .add(&advisory("other"))
        .add(&advisory("another").id("RUSTSEC-2020-0002"))
        .commit();
    let server = Server::of_repositories();
    server.is_the_database();
    server.is_trusted();
    fs::write(
        paths::home().join(".gitconfig"),
        format!(
            "[url \"{}\"]\ninsteadOf = {}\n[credential]\nhelper = !false\n",
            server.url("elsewhere"),
            server.url("advisory-db")
        ),
    )
    .unwrap();

    cargo("advisory update")
        .env("GIT_DIR", paths::root().join("elsewhere/.git"))
        .env("GIT_WORK_TREE", paths::root())
        .env("GIT_OBJECT_DIRECTORY", paths::root().join("nowhere"))
        .env("GIT_INDEX_FILE", paths::root().join("nowhere"))
        .run();

    for request in server.requests() {
        assert!(request.path.starts_with("/advisory-db/"), "{request:?}");
    }
    cargo("advisory status")
        .with_stdout_contains("1 advisory")
        .run();
}

#[cargo_test]
fn offline_nobody_is_asked() {
    Database::at("advisory-db").add(&advisory("leaky")).commit();
    let server = Server::of_repositories();
    server.is_the_database();
    server.is_trusted();
    cargo("advisory update").run();
    let asked = server.requests().len();
    let before = cached();

    cargo("advisory update --offline")
        .with_status(101)
        .with_stderr_contains("  it needs the network")
        .run();
    cargo("advisory update --frozen")
        .with_status(101)
        .with_stderr_contains("  it needs the network")
        .run();
    cargo("advisory update --config net.offline=true")
        .with_status(101)
        .with_stderr_contains("  it needs the network")
        .run();

    assert_eq!(server.requests().len(), asked);
    assert_eq!(cached(), before);
}

#[cargo_test]
fn a_build_asks_nobody() {
    Package::new("leaky", "1.0.0").publish();
    Database::at("advisory-db").add(&advisory("leaky")).commit();
    let server = Server::of_repositories();
    server.is_the_database();
    server.is_trusted();
    let app = app("leaky = '1'");

    app.cargo("check").run();
    cargo("advisory update").run();
    let asked = server.requests().len();
    app.cargo("check").run();
    app.cargo("advisory").run();

    assert!(asked > 0);
    assert_eq!(server.requests().len(), asked);
}
