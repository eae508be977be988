//! How many connections and how long it takes to ask about 400 crates over HTTP/2, with 30 ms to each answer.

#![allow(
    clippy::disallowed_methods,
    clippy::explicit_write,
    reason = "whether a server must be there comes from the environment; figures and a skipped test are told on stderr"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use cargo_test_support::{cargo_test, paths};
use cargo_util::paths::resolve_executable;

use crate::registry::{crates_io, line, lockfile};
use crate::server::identity;
use crate::support::{Database, ExecsExt as _, advisory, cargo, configure};

const CRATES: usize = 400;
const DELAY: Duration = Duration::from_millis(30);
const MOST: Duration = Duration::from_secs(5);

#[cargo_test]
fn four_hundred_crates_take_one_connection_and_not_long() {
    let names: Vec<String> = (0..CRATES)
        .map(|number| format!("crate-{number}"))
        .collect();
    let files = names
        .iter()
        .map(|name| (name.clone(), line(name, "1.0.0", name.ends_with('7'))));
    let Some(nginx) = Nginx::before(slow(files.collect())) else {
        return;
    };
    configure(&format!(
        "[http]\ncainfo = '{}'\n\n[source.crates-io]\nreplace-with = 'mirror'\n\n[source.mirror]\nregistry = 'sparse+{}'",
        nginx.certificate.display(),
        nginx.url
    ));
    Database::new().add(&advisory("other")).index();
    let source = crates_io();
    let packages: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), "1.0.0", source.as_str()))
        .collect();
    lockfile("old", &packages);
    cargo("advisory check --lockfile old/Cargo.lock").run();

    for (what, status) in [("full", "200"), ("unchanged", "304")] {
        let before = nginx.log().len();
        let started = Instant::now();
        cargo("advisory update").tells("");
        let taken = started.elapsed();

        let log = &nginx.log_of(before + CRATES)[before..];
        assert_eq!(log.len(), CRATES);
        let connections: BTreeSet<&str> =
            log.iter().map(|asked| asked.connection.as_str()).collect();
        assert_eq!(connections.len(), 1);
        assert!(
            log.iter()
                .all(|asked| asked.protocol == "HTTP/2.0" && asked.status == status)
        );
        assert!(taken < MOST, "{taken:?}");
        let figures =
            format!("{CRATES} {what} answers, {DELAY:?} each: 1 connection, {taken:.2?} in all");
        writeln!(io::stderr(), "{figures}").unwrap();
    }
    let answer = cargo("advisory check --lockfile old/Cargo.lock --format json").answer();
    assert_eq!(answer["findings"].as_array().unwrap().len(), CRATES / 10);
}

/// A server of these files that takes its time, without TLS.
fn slow(files: BTreeMap<String, String>) -> SocketAddr {
    fn serve(stream: TcpStream, files: &BTreeMap<String, String>) -> io::Result<()> {
        let mut head = Vec::new();
        for line in BufReader::new(&stream).lines() {
            let line = line?;
            if line.is_empty() {
                break;
            }
            head.push(line.to_ascii_lowercase());
        }
        let path = head
            .first()
            .and_then(|line| line.split(' ').nth(1))
            .unwrap_or_default();
        let file = path.rsplit('/').next().and_then(|name| files.get(name));
        let known = head.iter().any(|line| line == "if-none-match: \"1\"");
        let (status, body) = match file {
            Some(_) if known => ("304 Not Modified", ""),
            Some(file) => ("200 OK", file.as_str()),
            None => ("404 Not Found", ""),
        };
        thread::sleep(DELAY);
        write!(
            &stream,
            "HTTP/1.1 {status}\r\nETag: \"1\"\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let files = Arc::new(files);
    // It ends with the test.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let files = files.clone();
            thread::spawn(move || serve(stream.unwrap(), &files));
        }
    });
    address
}

/// A server that speaks HTTP/2 over TLS and hands everything on.
struct Nginx {
    url: String,
    certificate: PathBuf,
    folder: PathBuf,
}

/// A request in its log.
struct Asked {
    connection: String,
    protocol: String,
    status: String,
}

impl Nginx {
    /// None where it is not installed, after saying so; on machines for continuous integration it must be.
    fn before(upstream: SocketAddr) -> Option<Nginx> {
        let Ok(program) = resolve_executable(Path::new("nginx")) else {
            assert!(
                env::var_os("CI").is_none_or(|ci| ci != "true"),
                "`nginx` is not installed; `.ci/run` installs it on Debian"
            );
            writeln!(
                io::stderr(),
                "skipped: install `nginx` to count connections"
            )
            .unwrap();
            return None;
        };
        let folder = paths::root().join("nginx");
        fs::create_dir_all(&folder).unwrap();
        let (key, certificate) = identity();
        fs::write(
            folder.join("key.pem"),
            key.private_key_to_pem_pkcs8().unwrap(),
        )
        .unwrap();
        fs::write(
            folder.join("certificate.pem"),
            certificate.to_pem().unwrap(),
        )
        .unwrap();
        // It cannot choose a port itself.
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let here = folder.display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|what| format!("    {what}_temp_path {here}/{what};\n"))
            .collect();
        fs::write(
            folder.join("nginx.conf"),
            format!(
                "master_process off;\npid {here}/pid;\nerror_log {here}/error.log;\nevents {{ worker_connections 1024; }}\n\
                 http {{\n{temporary}    log_format asked '$connection $server_protocol $status';\n\
                 \x20   access_log {here}/access.log asked;\n\
                 \x20   server {{\n        listen 127.0.0.1:{port} ssl http2;\n\
                 \x20       ssl_certificate {here}/certificate.pem;\n        ssl_certificate_key {here}/key.pem;\n\
                 \x20       location / {{ proxy_pass http://{upstream}; }}\n    }}\n}}\n"
            ),
        )
        .unwrap();
        // It returns when it listens.
        let started = Nginx::command(&program, &folder).status().unwrap();
        assert!(started.success());
        Some(Nginx {
            url: format!("https://127.0.0.1:{port}/"),
            certificate: folder.join("certificate.pem"),
            folder,
        })
    }

    fn command(program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.arg("-c").arg(folder.join("nginx.conf"));
        command.arg("-e").arg(folder.join("error.log"));
        command
    }

    /// What was asked, once there are so many requests: one is written down after its answer has gone out.
    fn log_of(&self, requests: usize) -> Vec<Asked> {
        let started = Instant::now();
        loop {
            let log = self.log();
            if log.len() >= requests || started.elapsed() > MOST {
                return log;
            }
            thread::yield_now();
        }
    }

    fn log(&self) -> Vec<Asked> {
        let log = fs::read_to_string(self.folder.join("access.log")).unwrap_or_default();
        let lines = log.lines().map(|line| {
            let mut words = line.split(' ').map(str::to_owned);
            let mut word = || words.next().unwrap();
            Asked {
                connection: word(),
                protocol: word(),
                status: word(),
            }
        });
        lines.collect()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        if let Ok(pid) = fs::read_to_string(self.folder.join("pid")) {
            let _ = Command::new("kill").arg(pid.trim()).status();
        }
    }
}
