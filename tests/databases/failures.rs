//! A server that does not do what it should: the error says what it did, and the old index stays.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cargo_advisory::database::Network;
use cargo_advisory::http::Client;
use cargo_advisory::index::store::Store;
use cargo_advisory::refresh::bounds::{Bounds, Task};
use cargo_advisory::refresh::record::{Outcome, Record};
use cargo_test_support::compare::assert_e2e;
use cargo_test_support::prelude::*;
use cargo_test_support::{cargo_test, paths, str};
use jiff::{SignedDuration, Timestamp};

use crate::server::{Answer, Request, Server, backend};
use crate::support::{Database, advisory, cached, cargo, configure};

/// An update fails when the server answers like this after it has served an index.
pub(crate) fn fails(
    answer: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static,
    expected: impl IntoData,
) {
    let database = Database::at("advisory-db");
    database.add(&advisory("leaky")).commit();
    let broken = Arc::new(AtomicBool::new(false));
    let server = Server::new({
        let (broken, backend) = (broken.clone(), backend());
        move |request| {
            if broken.load(Ordering::SeqCst) {
                answer(request)
            } else {
                Some(backend(request))
            }
        }
    });
    server.is_the_database();
    server.is_trusted();
    cargo("advisory update").run();
    let before = cached();
    database
        .add(&advisory("shaky").id("RUSTSEC-2020-0002"))
        .commit();
    broken.store(true, Ordering::SeqCst);

    let output = cargo("advisory update")
        .env("CARGO_HTTP_TIMEOUT", "2")
        .with_status(101)
        .with_stdout_data("")
        .with_stderr_contains(
            "[ERROR] cannot read the database `https://127.0.0.1:[..]/advisory-db`",
        )
        .run();

    // How far it got before is told there, too, and depends on the time.
    let stderr = String::from_utf8(output.stderr).unwrap();
    let (_, error) = stderr.split_once("error: ").unwrap();
    assert_e2e().eq(error, expected);
    assert_eq!(cached(), before);
    assert_eq!(before.len(), 1);
}

fn fails_with_status(status: &'static str, expected: impl IntoData) {
    fails(move |_| Some(Answer::status(status)), expected);
}

#[cargo_test]
fn there_is_no_such_repository() {
    fails_with_status(
        "404 Not Found",
        str![[r#"
cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  there is no git repository at this address

Caused by:
  An IO error occurred when talking to the server

Caused by:
  Received HTTP status 404

"#]],
    );
}

#[cargo_test]
fn it_is_gone() {
    fails_with_status(
        "410 Gone",
        str![[r#"
cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  there is no git repository at this address

Caused by:
  An IO error occurred when talking to the server

Caused by:
  Received HTTP status 410

"#]],
    );
}

#[cargo_test]
fn it_wants_a_login() {
    fails(
        |_| {
            Some(
                Answer::status("401 Unauthorized")
                    .header("WWW-Authenticate", "Basic realm=\"all\""),
            )
        },
        str![[r#"
cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  the server wants a login, which databases cannot have

Caused by:
  No credentials were returned at all as if the credential helper isn't functioning unknowingly

"#]],
    );
}

#[cargo_test]
fn it_forbids() {
    fails_with_status(
        "403 Forbidden",
        str![[r#"
cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  the server wants a login, which databases cannot have

Caused by:
  An IO error occurred when talking to the server

Caused by:
  Received HTTP status 403

"#]],
    );
}

#[cargo_test]
fn it_has_had_enough() {
    fails_with_status(
        "429 Too Many Requests",
        str![[r#"
cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  An IO error occurred when talking to the server

Caused by:
  Received HTTP status 429

"#]],
    );
}

#[cargo_test]
fn it_is_broken() {
    fails_with_status(
        "500 Internal Server Error",
        str![[r#"
cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  An IO error occurred when talking to the server

Caused by:
  Received HTTP status 500

"#]],
    );
}

#[cargo_test]
fn a_page_to_log_in_comes_instead() {
    fails(
        |_| {
            Some(
                Answer::status("200 OK")
                    .header("Content-Type", "text/html")
                    .body("<html><body>Welcome to our network</body></html>"),
            )
        },
        str![[r#"
cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  Didn't find 'application/x-git-upload-pack-advertisement' header to indicate 'smart' protocol, and 'dumb' protocol is n…

"#]],
    );
}

#[cargo_test]
fn garbage_comes_under_the_right_name() {
    fails(
        |_| {
            Some(
                Answer::status("200 OK")
                    .header(
                        "Content-Type",
                        "application/x-git-upload-pack-advertisement",
                    )
                    .body(vec![0xff; 1000]),
            )
        },
        str![[r#"
cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  A packet line could not be decoded

Caused by:
  Failed to decode the first four hex bytes indicating the line length: Invalid character

"#]],
    );
}

#[cargo_test]
fn nothing_comes() {
    fails(
        |_| Some(Answer::status("200 OK")),
        str![[r#"
cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  Didn't find 'application/x-git-upload-pack-advertisement' header to indicate 'smart' protocol, and 'dumb' protocol is n…

"#]],
    );
}

/// The list of references is right, and the pack ends in the middle.
#[cargo_test]
fn half_a_pack_comes() {
    let backend = backend();
    fails(
        move |request| {
            let mut answer = backend(request);
            if String::from_utf8_lossy(&request.body).contains("want ") {
                answer.body.truncate(answer.body.len() / 2);
            }
            Some(answer)
        },
        str![[r#"
cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  Failed to consume the pack sent by the remote

Caused by:
...
"#]],
    );
}

/// The pack has its length, and one bit is not as it was sent.
#[cargo_test]
fn a_damaged_pack_comes() {
    let backend = backend();
    fails(
        move |request| {
            let mut answer = backend(request);
            if String::from_utf8_lossy(&request.body).contains("want ") {
                let pack = answer
                    .body
                    .windows(4)
                    .position(|four| four == b"PACK")
                    .unwrap();
                answer.body[pack + 40] ^= 1;
            }
            Some(answer)
        },
        str![[r#"
cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  an object in its pack cannot be unpacked

"#]],
    );
}

const HOSTILE: &str = "\u{1b}[2J\r\n::error::x \u{202e}\n::error::y";

/// One line of git's protocol.
fn line_of_protocol(text: &str) -> String {
    format!("{:04x}{text}", text.len() + 4)
}

/// No text of a server acts on the terminal, nor on a job that reads lines for commands. `answer` is to the request
/// with this in its body.
fn says_something_hostile(request_with: &'static str, answer: String) {
    Database::at("advisory-db").add(&advisory("leaky")).commit();
    let backend = backend();
    let server = Server::new(move |request| {
        let mut sound = backend(request);
        if String::from_utf8_lossy(&request.body).contains(request_with) {
            sound.body = answer.clone().into_bytes();
        }
        Some(sound)
    });
    server.is_the_database();
    server.is_trusted();

    let output = cargo("advisory update")
        .with_status(101)
        .with_stderr_contains("[ERROR] cannot read the database [..]")
        .run();

    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!stderr.contains(['\u{1b}', '\u{202e}', '\r']), "{stderr:?}");
    for line in stderr.lines() {
        assert!(!line.trim_start().starts_with("::"), "{stderr:?}");
    }
}

#[cargo_test]
fn it_says_something_hostile_instead_of_its_branches() {
    says_something_hostile(
        "command=ls-refs",
        line_of_protocol(&format!("ERR {HOSTILE}")),
    );
}

#[cargo_test]
fn it_says_something_hostile_instead_of_a_pack() {
    says_something_hostile("command=fetch", line_of_protocol(&format!("ERR {HOSTILE}")));
}

#[cargo_test]
fn it_says_something_hostile_amid_a_pack() {
    let answer = [
        line_of_protocol("packfile\n"),
        line_of_protocol(&format!("\u{2}{HOSTILE}\n")),
        line_of_protocol(&format!("\u{3}{HOSTILE}\n")),
        "0000".to_owned(),
    ];
    says_something_hostile("command=fetch", answer.concat());
}

#[cargo_test]
fn its_branch_has_a_hostile_name() {
    let branch = format!("0123456789012345678901234567890123456789 HEAD symref-target:{HOSTILE}\n");
    says_something_hostile("command=ls-refs", line_of_protocol(&branch) + "0000");
}

#[cargo_test]
fn it_leads_to_plain_http() {
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    plain.set_nonblocking(true).unwrap();
    let location = format!("http://{}/advisory-db", plain.local_addr().unwrap());

    fails(
        move |_| Some(Answer::status("302 Found").header("Location", &location)),
        str![[r#"
cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  the server redirects; configure the address that it redirects to

Caused by:
  An IO error occurred when talking to the server

Caused by:
  Received HTTP status 302

"#]],
    );

    assert!(plain.accept().is_err(), "somebody went there");
}

#[cargo_test]
fn it_leads_to_another_host() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    other.set_nonblocking(true).unwrap();
    let location = format!("https://{}/advisory-db", other.local_addr().unwrap());

    fails(
        move |request| {
            let location = format!("{location}{}", request.path.replace("/advisory-db", ""));
            Some(Answer::status("301 Moved Permanently").header("Location", &location))
        },
        str![[r#"
cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  the server redirects; configure the address that it redirects to

Caused by:
  An IO error occurred when talking to the server

Caused by:
  Received HTTP status 301

"#]],
    );

    assert!(other.accept().is_err(), "somebody went there");
}

#[cargo_test]
fn nobody_is_there() {
    Database::at("advisory-db");
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    configure(&format!(
        "[advisory]\ndatabases = ['https://{address}/advisory-db']"
    ));

    cargo("advisory update")
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `https://127.0.0.1:[..]/advisory-db`
[ERROR] cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  An IO error occurred when talking to the server

Caused by:
  [7] [..]onnect to server[..]

"#]])
        .run();
}

#[cargo_test]
fn it_never_answers() {
    fails(
        |_| None,
        str![[r#"
cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  An IO error occurred when talking to the server

Caused by:
  [28] Timeout was reached[..]

"#]],
    );
}

/// Without a limit of curl's, as a server that sends a few bytes now and then gets round it.
#[cargo_test]
fn nobody_waits_longer_than_a_refresh_may_take() {
    let server = Server::new(|_| None);
    let store = Store::new(paths::root());
    let databases = vec![server.url("advisory-db")];
    let certificate = server.certificate().to_owned();
    let task = Task {
        store: store.clone(),
        databases: databases.clone(),
        network: Some(Network {
            client: Client::new(move |transfer| transfer.cainfo(&certificate), true),
            scratch: paths::root(),
            keys: Vec::new(),
        }),
        accepted: Vec::new(),
        questions: Vec::new(),
        now: Timestamp::now(),
    };
    let bounds = Bounds {
        time: Duration::from_secs(2),
        ..Bounds::default()
    };
    let started = Instant::now();

    let error = task.run(&bounds, &mut |_, _| {}).unwrap_err();

    assert!(started.elapsed() < Duration::from_secs(20));
    assert_eq!(
        error.to_string(),
        "the refresh took longer than 2 seconds and was stopped; the old index stays. Try again, or on a slow network make \
         a clone and name its folder in `advisory.databases`"
    );
    let record = Record::load(&store, &databases).unwrap();
    assert!(
        matches!(record.outcome, Outcome::Failed { .. }),
        "{record:?}"
    );
    let pause = SignedDuration::from_mins(15);
    assert_eq!(record.next_attempt(record.at), record.at + pause);
    // It would wait for the client, a thread that ends with this process.
    std::mem::forget(server);
}

#[cargo_test]
fn the_repository_has_no_commit() {
    cargo_test_support::git::init(&paths::root().join("advisory-db"));
    let server = Server::of_repositories();
    server.is_the_database();
    server.is_trusted();

    cargo("advisory update")
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `https://127.0.0.1:[..]/advisory-db`
[ERROR] cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  the repository has no commit at its `HEAD`

"#]])
        .run();

    assert!(cached().is_empty());
}

#[cargo_test]
fn the_repository_is_no_database() {
    let other = Database::at("advisory-db");
    std::fs::remove_dir(other.path().join("crates")).unwrap();
    other.file("README.md", "something else").commit();
    let server = Server::of_repositories();
    server.is_the_database();
    server.is_trusted();

    cargo("advisory update")
        .with_status(101)
        .with_stderr_contains(
            "[ERROR] cannot read the database `https://127.0.0.1:[..]/advisory-db`",
        )
        .with_stderr_contains("  it is not an advisory database: it has no folder `crates`")
        .run();

    assert!(cached().is_empty());
}

/// The proxy of cargo's own configuration is asked, and its password goes nowhere else.
#[cargo_test]
fn the_proxy_refuses() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = proxy.local_addr().unwrap();
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = proxy.accept().unwrap();
        let mut request = [0; 1000];
        let length = stream.read(&mut request).unwrap();
        let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    configure(&format!(
        "http.proxy = 'http://me:hunter2@{address}'\n\
         [advisory]\ndatabases = ['https://databases.example/advisory-db']"
    ));

    cargo("advisory update")
        .with_status(101)
        .with_stderr_does_not_contain("[..]hunter2[..]")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `https://databases.example/advisory-db`
[ERROR] cannot read the database `https://databases.example/advisory-db`

Caused by:
  the server wants a login, which databases cannot have

Caused by:
  An IO error occurred when talking to the server

Caused by:
  Received HTTP status 403

"#]])
        .run();

    // Wakes it up if nobody has asked.
    let _ = TcpStream::connect(address);
    let asked = asked.join().unwrap();
    assert!(
        asked.starts_with("CONNECT databases.example:443 HTTP/1.1\r\n"),
        "{asked}"
    );
}

#[cargo_test]
fn the_proxy_is_not_there() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    configure(&format!(
        "http.proxy = 'http://me:hunter2@{address}'\n\
         [advisory]\ndatabases = ['https://databases.example/advisory-db']"
    ));

    cargo("advisory update")
        .with_status(101)
        .with_stderr_does_not_contain("[..]hunter2[..]")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `https://databases.example/advisory-db`
[ERROR] cannot read the database `https://databases.example/advisory-db`

Caused by:
  An IO error occurred when talking to the server

Caused by:
  [7] [..]onnect to server[..]

"#]])
        .run();

    assert!(cached().is_empty());
}

#[cargo_test]
fn the_proxy_is_none() {
    configure(
        "http.proxy = 'me:hunter2@[:1'\n\
         [advisory]\ndatabases = ['https://databases.example/advisory-db']",
    );

    cargo("advisory update")
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `https://databases.example/advisory-db`
[ERROR] cannot read the database `https://databases.example/advisory-db`

Caused by:
  An IO error occurred when talking to the server

Caused by:
  [5] [..] proxy name

"#]])
        .run();

    for (name, bytes) in cached() {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("hunter2"), "{name}: {text}");
    }
}
