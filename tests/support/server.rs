//! A server on this machine that speaks HTTP over TLS, with a certificate that nobody knows until it is trusted.

#![allow(dead_code, reason = "each theme uses its part")]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use cargo_test_support::paths;
use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslAcceptor, SslMethod, SslStream};
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};

use crate::support::configure;

/// What a client asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Without the query.
    pub(crate) path: String,
    pub(crate) query: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What it is answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    status: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// An empty answer, for example `404 Not Found`.
    pub(crate) fn status(status: &str) -> Answer {
        Answer {
            status: status.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Answer {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Answer {
        self.body = body.into();
        self
    }
}

type Responder = dyn Fn(&Request) -> Option<Answer> + Send + Sync;

/// A running server. It stops when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    certificate: PathBuf,
    stopped: Arc<AtomicBool>,
    requests: Arc<Mutex<Vec<Request>>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves the git repositories in the test's folder, as `git http-backend` does.
    pub(crate) fn of_repositories() -> Server {
        let backend = backend();
        Server::new(move |request| Some(backend(request)))
    }

    /// Answers what `respond` says. None keeps the client waiting until it goes away.
    pub(crate) fn new(
        respond: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static,
    ) -> Server {
        let (key, certificate) = identity();
        let pem = paths::root().join("authority.pem");
        std::fs::write(&pem, certificate.to_pem().unwrap()).unwrap();
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
        acceptor.set_private_key(&key).unwrap();
        acceptor.set_certificate(&certificate).unwrap();
        let acceptor = acceptor.build();

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stopped = Arc::new(AtomicBool::new(false));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let thread = std::thread::spawn({
            let (stopped, requests) = (stopped.clone(), requests.clone());
            move || {
                for stream in listener.incoming() {
                    if stopped.load(Ordering::SeqCst) {
                        return;
                    }
                    // A client that gives up, for example over the certificate, is no failure of the server.
                    let _ = serve(stream, &acceptor, &respond, &requests);
                }
            }
        });
        Server {
            address,
            certificate: pem,
            stopped,
            requests,
            thread: Some(thread),
        }
    }

    /// The URL of the repository `name`.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("https://{}/{name}", self.address)
    }

    /// Makes the repository `advisory-db` here the database of the test's user.
    pub(crate) fn is_the_database(&self) {
        configure(&format!(
            "[advisory]\ndatabases = ['{}']",
            self.url("advisory-db")
        ));
    }

    /// Makes the test's user trust the certificate.
    pub(crate) fn is_trusted(&self) {
        configure(&format!(
            "[http]\ncainfo = '{}'",
            self.certificate.display()
        ));
    }

    pub(crate) fn certificate(&self) -> &PathBuf {
        &self.certificate
    }

    /// What was asked so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes it up.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One connection, one request.
fn serve(
    stream: io::Result<TcpStream>,
    acceptor: &SslAcceptor,
    respond: &Responder,
    requests: &Mutex<Vec<Request>>,
) -> io::Result<()> {
    let stream = stream?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let stream = acceptor.accept(stream).map_err(io::Error::other)?;
    let mut stream = BufReader::new(stream);
    let request = read_request(&mut stream)?;
    requests.lock().unwrap().push(request.clone());
    let Some(answer) = respond(&request) else {
        // Until the client has gone.
        io::copy(&mut stream, &mut io::sink())?;
        return Ok(());
    };

    let mut head = format!("HTTP/1.1 {}\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!(
        "Content-Length: {}\r\nConnection: close\r\n\r\n",
        answer.body.len()
    ));
    let stream = stream.get_mut();
    stream.write_all(head.as_bytes())?;
    stream.write_all(&answer.body)?;
    stream.shutdown().map_err(io::Error::other)?;
    Ok(())
}

fn read_request(stream: &mut BufReader<SslStream<TcpStream>>) -> io::Result<Request> {
    let first = read_line(stream)?;
    let mut words = first.split(' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    let (method, target) = (word(), word());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut request = Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        ..Request::default()
    };
    loop {
        let line = read_line(stream)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        let header = (name.to_ascii_lowercase(), value.trim().to_owned());
        request.headers.push(header);
    }
    if request.header("expect").is_some() {
        stream
            .get_mut()
            .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    if let Some(length) = request.header("content-length") {
        request.body = vec![0; length.parse().map_err(io::Error::other)?];
        stream.read_exact(&mut request.body)?;
    } else if request.header("transfer-encoding").is_some() {
        loop {
            let length =
                usize::from_str_radix(&read_line(stream)?, 16).map_err(io::Error::other)?;
            let mut chunk = vec![0; length];
            stream.read_exact(&mut chunk)?;
            read_line(stream)?;
            if length == 0 {
                break;
            }
            request.body.append(&mut chunk);
        }
    }
    Ok(request)
}

fn read_line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

/// `git http-backend` for the repositories in the test's folder.
pub(crate) fn backend() -> impl Fn(&Request) -> Answer + Send + Sync + 'static {
    let root = paths::root();
    move |request| {
        let mut process = Command::new("git");
        process
            .arg("http-backend")
            .env("GIT_PROJECT_ROOT", &root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("HOME", &root)
            .env("REMOTE_ADDR", "127.0.0.1")
            .env("REQUEST_METHOD", &request.method)
            .env("PATH_INFO", &request.path)
            .env("QUERY_STRING", &request.query)
            .env("CONTENT_LENGTH", request.body.len().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        for (variable, header) in [
            ("CONTENT_TYPE", "content-type"),
            ("HTTP_CONTENT_ENCODING", "content-encoding"),
            ("HTTP_GIT_PROTOCOL", "git-protocol"),
        ] {
            if let Some(value) = request.header(header) {
                process.env(variable, value);
            }
        }
        let mut child = process.spawn().unwrap();
        // It need not read what it does not want.
        let _ = child.stdin.take().unwrap().write_all(&request.body);
        let output = child.wait_with_output().unwrap().stdout;

        let end = output
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        let head = std::str::from_utf8(&output[..end]).unwrap();
        let mut answer = Answer::status("200 OK").body(&output[end + 4..]);
        for line in head.lines() {
            let (name, value) = line.split_once(": ").unwrap();
            if name == "Status" {
                answer.status = value.to_owned();
            } else {
                answer = answer.header(name, value);
            }
        }
        answer
    }
}

/// A key and a certificate for this machine that is signed with it.
pub(crate) fn identity() -> (PKey<Private>, X509) {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "a test").unwrap();
    let name = name.build();
    let mut serial = BigNum::new().unwrap();
    serial.rand(64, MsbOption::MAYBE_ZERO, false).unwrap();

    let mut certificate = X509::builder().unwrap();
    certificate.set_version(2).unwrap();
    certificate
        .set_serial_number(&serial.to_asn1_integer().unwrap())
        .unwrap();
    certificate.set_subject_name(&name).unwrap();
    certificate.set_issuer_name(&name).unwrap();
    certificate.set_pubkey(&key).unwrap();
    certificate
        .set_not_before(&Asn1Time::days_from_now(0).unwrap())
        .unwrap();
    certificate
        .set_not_after(&Asn1Time::days_from_now(2).unwrap())
        .unwrap();
    let authority = BasicConstraints::new().critical().ca().build().unwrap();
    certificate.append_extension(authority).unwrap();
    let host = SubjectAlternativeName::new()
        .ip("127.0.0.1")
        .build(&certificate.x509v3_context(None, None))
        .unwrap();
    certificate.append_extension(host).unwrap();
    certificate.sign(&key, MessageDigest::sha256()).unwrap();
    (key, certificate.build())
}
