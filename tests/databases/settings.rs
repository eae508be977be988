//! Whose network settings count: the user's, not those of the workspace that one stands in.

use std::fs;
use std::net::TcpListener;

use cargo_test_support::{Project, cargo_test, paths, str};

use crate::server::Server;
use crate::support::{Database, ProjectExt as _, advisory, app, cached};

/// A project whose own configuration says this.
fn app_that_says(toml: &str) -> Project {
    let app = app("");
    let folder = app.root().join(".cargo");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.toml"), toml).unwrap();
    app
}

/// Nobody is there, and nobody may be asked.
fn trap() -> (TcpListener, String) {
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let address = format!("http://{}", trap.local_addr().unwrap());
    (trap, address)
}

#[cargo_test]
fn a_workspaces_proxy_is_not_asked() {
    Database::at("advisory-db").add(&advisory("leaky")).commit();
    let server = Server::of_repositories();
    server.is_the_database();
    server.is_trusted();
    let (trap, address) = trap();
    let app = app_that_says(&format!(
        "[http]\nproxy = '{address}'\nssl-version.min = 'tlsv1.0'\n"
    ));

    app.cargo("advisory update")
        .with_stderr_data(str![[r#"
[NOTE] databases are fetched without `http.proxy` in `[ROOT]/foo/.cargo/config.toml` and `http.ssl-version.min` in `[ROOT]/foo/.cargo/config.toml`; set it in `[ROOT]/home/.cargo/config.toml`, in the environment or with `--config`
[UPDATING] advisory database `https://127.0.0.1:[..]/advisory-db`
     Updated index to 1 advisory (1 vulnerability)

"#]])
        .run();

    assert!(trap.accept().is_err(), "somebody went there");
}

#[cargo_test]
fn a_workspace_cannot_say_whom_to_trust() {
    Database::at("advisory-db").add(&advisory("leaky")).commit();
    let server = Server::of_repositories();
    server.is_the_database();
    let app = app_that_says(&format!(
        "[http]\ncainfo = '{}'\n",
        server.certificate().display()
    ));

    app.cargo("advisory update")
        .with_status(101)
        .with_stderr_data(str![[r#"
[NOTE] databases are fetched without `http.cainfo` in `[ROOT]/foo/.cargo/config.toml`; set it in `[ROOT]/home/.cargo/config.toml`, in the environment or with `--config`
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
fn what_a_workspace_hides_of_the_users_own_settings_counts_again() {
    Database::at("advisory-db").add(&advisory("leaky")).commit();
    let server = Server::of_repositories();
    server.is_the_database();
    server.is_trusted();
    let other = paths::root().join("other.pem");
    fs::write(&other, "nobody").unwrap();
    let app = app_that_says(&format!("[http]\ncainfo = '{}'\n", other.display()));

    app.cargo("advisory update")
        .with_stderr_contains("     Updated index to 1 advisory (1 vulnerability)")
        .run();
}

/// The folder that holds the user's own configuration can lie in a workspace, as it does on build servers.
#[cargo_test]
fn a_workspace_around_the_users_home_is_one_like_others() {
    Database::at("advisory-db").add(&advisory("leaky")).commit();
    let server = Server::of_repositories();
    server.is_the_database();
    server.is_trusted();
    let (trap, address) = trap();
    let app = app_that_says(&format!("[http]\nproxy = '{address}'\n"));
    let home = app.root().join("cache/cargo");
    fs::create_dir_all(&home).unwrap();
    fs::copy(
        paths::cargo_home().join("config.toml"),
        home.join("config.toml"),
    )
    .unwrap();

    app.cargo("advisory update")
        .env("CARGO_HOME", &home)
        .with_stderr_contains("[NOTE] databases are fetched without `http.proxy` in [..]")
        .with_stderr_contains("     Updated index to 1 advisory (1 vulnerability)")
        .run();

    assert!(trap.accept().is_err(), "somebody went there");
}

#[cargo_test]
fn the_environment_and_the_command_line_are_the_users_own() {
    Database::at("advisory-db").add(&advisory("leaky")).commit();
    let server = Server::of_repositories();
    server.is_the_database();
    let certificate = server.certificate().to_str().unwrap();

    let app = app("");
    app.cargo("advisory update")
        .env("CARGO_HTTP_CAINFO", certificate)
        .with_stderr_does_not_contain("[NOTE][..]")
        .run();
    app.cargo("advisory update --config")
        .arg(format!("http.cainfo='{certificate}'"))
        .with_stderr_does_not_contain("[NOTE][..]")
        .run();
}

/// What a workspace says about anything else still counts: here, which databases there are.
#[cargo_test]
fn a_workspace_still_adds_databases() {
    let database = Database::new();
    database.add(&advisory("leaky"));
    Database::at("more").add(&advisory("shaky").id("RUSTSEC-2020-0002"));
    let app = app_that_says("[advisory]\ndatabases = ['../more']\n");

    app.cargo("advisory update")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
[UPDATING] advisory database `[ROOT]/foo/../more`
     Updated index to 2 advisories (2 vulnerability)

"#]])
        .run();
}
