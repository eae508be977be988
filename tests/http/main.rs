//! How servers are asked: limits, answers of every kind, many at once, and an end when there should be one.
#![cfg(unix)]

#[path = "../support/server.rs"]
mod server;
#[path = "../support/mod.rs"]
mod support;

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use cargo_advisory::http::{Client, Request, Response};
use cargo_test_support::cargo_test;
use flate2::Compression;
use flate2::write::GzEncoder;

use server::{Answer, Server};

/// Who trusts `server` and takes what is compressed, as cargo's clients do.
fn client(server: &Server) -> Client {
    let certificate = server.certificate().clone();
    Client::new(
        move |transfer| {
            transfer.accept_encoding("")?;
            transfer.cainfo(&certificate)
        },
        true,
    )
}

fn error(answer: anyhow::Result<Response>) -> String {
    format!("{:#}", answer.unwrap_err())
}

#[cargo_test]
fn an_answer_comes_with_what_says_whether_it_is_still_right() {
    let server = Server::new(|request| {
        let known = request.header("if-none-match") == Some("\"1\"");
        Some(match known {
            true => Answer::status("304 Not Modified").header("ETag", "\"1\""),
            false => Answer::status("200 OK")
                .header("ETag", "\"1\"")
                .header("last-modified", "Fri, 20 Nov 2026 10:00:00 GMT")
                .body("text"),
        })
    });
    let client = client(&server);
    let mut request = Request::get(server.url("file"), 4);

    let answer = client.get(request.clone()).unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.etag.as_deref(), Some("\"1\""));
    let date = Some("Fri, 20 Nov 2026 10:00:00 GMT");
    assert_eq!(answer.last_modified.as_deref(), date);
    assert_eq!(answer.body, b"text");

    request.headers.push("If-None-Match: \"1\"".to_owned());
    let answer = client.get(request).unwrap();
    assert_eq!((answer.status, answer.body.len()), (304, 0));
}

#[cargo_test]
fn nobody_is_followed_elsewhere() {
    let server = Server::new(|request| {
        assert_eq!(request.path, "/here");
        Some(Answer::status("302 Found").header("Location", "/there"))
    });
    let answer = client(&server).get(Request::get(server.url("here"), 4));
    assert_eq!(answer.unwrap().status, 302);
    assert_eq!(server.requests().len(), 1);
}

#[cargo_test]
fn a_body_is_no_longer_than_allowed() {
    let server = Server::new(|_| Some(Answer::status("200 OK").body(vec![b'x'; 2049])));
    let client = client(&server);
    let ask = |limit| client.get(Request::get(server.url("file"), limit));
    assert_eq!(ask(2049).unwrap().body.len(), 2049);
    assert_eq!(error(ask(2048)), "the server sends more than 2 KiB");
}

#[cargo_test]
fn what_is_compressed_counts_as_it_is_without() {
    let server = Server::new(|_| {
        let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
        bomb.write_all(&vec![0; 8 * 1024 * 1024]).unwrap();
        let bomb = bomb.finish().unwrap();
        assert!(bomb.len() < 16 * 1024);
        let answer = Answer::status("200 OK").header("Content-Encoding", "gzip");
        Some(answer.body(bomb))
    });
    let answer = client(&server).get(Request::get(server.url("file"), 4 * 1024 * 1024));
    assert_eq!(error(answer), "the server sends more than 4 MiB");
}

#[cargo_test]
fn many_are_asked_and_one_that_fails_hurts_no_other() {
    let server = Server::new(|request| {
        let number: usize = request.path.trim_start_matches("/file-").parse().unwrap();
        Some(match number % 3 {
            0 => Answer::status("404 Not Found"),
            1 => Answer::status("200 OK").body(vec![b'x'; 100]),
            _ => Answer::status("200 OK").body(number.to_string()),
        })
    });
    let requests = (0..150).map(|n| Request::get(server.url(&format!("file-{n}")), 10));
    let mut answers = vec![None; 150];

    client(&server)
        .get_all(requests.collect(), &mut |place, answer| {
            answers[place] = Some(match answer {
                Ok(answer) => (answer.status, String::from_utf8(answer.body)?),
                Err(error) => (0, error.to_string()),
            });
            Ok(())
        })
        .unwrap();

    for (number, answer) in answers.into_iter().enumerate() {
        let expected = match number % 3 {
            0 => (404, String::new()),
            1 => (0, "the server sends more than 0 KiB".to_owned()),
            _ => (200, number.to_string()),
        };
        assert_eq!(answer, Some(expected), "{number}");
    }
}

#[cargo_test]
fn who_does_not_answer_is_left_when_it_is_said() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/file", silent.local_addr().unwrap());
    let client = Client::new(|_| Ok(()), true);
    let started = Instant::now();

    let answer = std::thread::scope(|scope| {
        let asking = scope.spawn(|| client.get(Request::get(url, 4)));
        // It has come, and waits.
        let connection = silent.accept().unwrap();
        client.stop().store(true, Ordering::Relaxed);
        let answer = asking.join().unwrap();
        drop(connection);
        answer
    });

    assert_eq!(error(answer), "it was stopped");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[cargo_test]
fn an_answer_that_breaks_off_is_an_error() {
    let server = Server::new(|_| {
        // What follows is no body of that length.
        let answer = Answer::status("200 OK").header("Content-Encoding", "gzip");
        Some(answer.body("no gzip"))
    });
    let answer = client(&server).get(Request::get(server.url("file"), 1024));
    assert!(error(answer).starts_with("["), "curl's own words");
}
