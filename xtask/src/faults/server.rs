//! A git server on this machine that does what it is told, behind TLS.
//!
//! TLS is nginx's. Behind it, a server in this process hands what is asked to `git http-backend` and what that answers to
//! a fault, which may send anything.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::process;
use super::world::World;

/// What a client asked.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: String,
    pub path: String,
    query: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether it asks for a pack.
    pub fn wants_pack(&self) -> bool {
        self.body.windows(5).any(|window| window == b"want ")
    }
}

/// A whole answer as git gives it: its head, then its body.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// A short answer.
    pub fn new(status: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
        Answer {
            status: status.to_owned(),
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: body.into(),
        }
    }

    /// Sends it with this length in its head.
    pub fn send(&self, to: &mut TcpStream, length: usize) -> io::Result<()> {
        self.send_head(to, length)?;
        to.write_all(&self.body)
    }

    /// Sends all but its body.
    pub fn send_head(&self, to: &mut TcpStream, length: usize) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {}\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!(
            "Content-Length: {length}\r\nConnection: close\r\n\r\n"
        ));
        to.write_all(head.as_bytes())
    }
}

/// What becomes of an answer. `sound` is what git would say.
pub type Fault = dyn Fn(&Request, &Answer, &mut TcpStream) -> io::Result<()> + Send + Sync;

/// Sends what git says.
pub fn no_fault(_: &Request, sound: &Answer, to: &mut TcpStream) -> io::Result<()> {
    sound.send(to, sound.body.len())
}

/// A running server. It stops when it is dropped.
pub struct Server {
    port: u16,
    front: Child,
    certificate: PathBuf,
    fault: Arc<Mutex<Arc<Fault>>>,
    requests: Arc<AtomicUsize>,
}

impl Server {
    /// Serves the git repositories in the folder of `world`.
    pub fn of(world: &World) -> Result<Server> {
        let folder = world.root.join("server");
        fs::create_dir_all(&folder)?;
        let certificate = folder.join("certificate.pem");
        let key = folder.join("key.pem");
        let mut openssl = Command::new("openssl");
        openssl
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
            ])
            .args(["-nodes", "-days", "2", "-subj", "/CN=a test"])
            .args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout"])
            .args([&key, Path::new("-out"), &certificate]);
        let ended = process::run(openssl)?;
        ensure!(ended.status == Ok(0), "openssl: {}", ended.text());

        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let back = listener.local_addr()?.port();
        let sound: Arc<Fault> = Arc::new(no_fault);
        let fault = Arc::new(Mutex::new(sound));
        let requests = Arc::new(AtomicUsize::new(0));
        let root = world.root.clone();
        {
            let (fault, requests) = (fault.clone(), requests.clone());
            // It ends with this process: nobody is left to connect to it before.
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    requests.fetch_add(1, Ordering::Relaxed);
                    let fault = fault.lock().expect("no panic").clone();
                    let root = root.clone();
                    // A client that gives up is no failure of the server.
                    thread::spawn(move || serve(stream, &root, &*fault));
                }
            });
        }

        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let configuration = folder.join("nginx.conf");
        fs::write(
            &configuration,
            format!(
                "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\n\
                 http {{\n access_log off;\n client_body_temp_path {folder}/body;\n proxy_temp_path {folder}/proxy;\n \
                 fastcgi_temp_path {folder}/f;\n uwsgi_temp_path {folder}/u;\n scgi_temp_path {folder}/s;\n \
                 server {{\n  listen 127.0.0.1:{port} ssl;\n  ssl_certificate {certificate};\n  \
                 ssl_certificate_key {key};\n  location / {{\n   proxy_pass http://127.0.0.1:{back};\n   \
                 proxy_buffering off;\n   proxy_read_timeout 300s;\n   client_max_body_size 0;\n   \
                 proxy_set_header Accept-Encoding \"\";\n  }}\n }}\n}}\n",
                folder = folder.display(),
                certificate = certificate.display(),
                key = key.display(),
            ),
        )?;
        let front = Command::new("nginx")
            .arg("-e")
            .arg(folder.join("error.log"))
            .arg("-c")
            .arg(&configuration)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("could not start `nginx`")?;
        let mut server = Server {
            port,
            front,
            certificate,
            fault,
            requests,
        };
        server.wait()?;
        Ok(server)
    }

    /// Until it takes connections.
    fn wait(&mut self) -> Result<()> {
        let started = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            if started.elapsed() > Duration::from_secs(20) || self.front.try_wait()?.is_some() {
                bail!("nginx does not serve");
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// The world whose database is the repository `advisory-db` of `world` as it is served here.
    pub fn serves(&self, world: &World) -> Result<World> {
        let world = world.with_database(&format!("https://127.0.0.1:{}/advisory-db", self.port))?;
        let path = world.home().join(".cargo/config.toml");
        let mut config = fs::read_to_string(&path)?;
        config += &format!("\n[http]\ncainfo = {:?}\n", self.certificate);
        fs::write(path, config)?;
        Ok(world)
    }

    /// What becomes of answers from now on.
    pub fn has(
        &self,
        fault: impl Fn(&Request, &Answer, &mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
    ) {
        *self.fault.lock().expect("no panic") = Arc::new(fault);
    }

    /// How often it was asked.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.front.kill();
        let _ = self.front.wait();
    }
}

fn serve(stream: TcpStream, root: &Path, fault: &Fault) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let request = read(&mut stream)?;
    let sound = backend(&request, root)?;
    fault(&request, &sound, stream.get_mut())
}

fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Request> {
    let mut line = || -> io::Result<String> {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ').map(str::to_owned);
    let mut request = Request {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        ..Request::default()
    };
    if let Some((path, query)) = request.path.clone().split_once('?') {
        request.path = path.to_owned();
        request.query = query.to_owned();
    }
    while let Some((name, value)) = line()?.split_once(':') {
        let header = (name.to_ascii_lowercase(), value.trim().to_owned());
        request.headers.push(header);
    }
    let length = request.header("content-length").unwrap_or("0");
    request.body = vec![0; length.parse().map_err(io::Error::other)?];
    stream.read_exact(&mut request.body)?;
    Ok(request)
}

/// What `git http-backend` says to it.
fn backend(request: &Request, root: &Path) -> io::Result<Answer> {
    let mut process = Command::new("git");
    process
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("HOME", root)
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
    let mut child = process.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // It need not read what it does not want.
        let _ = stdin.write_all(&request.body);
    }
    let output = child.wait_with_output()?.stdout;
    let end = output.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.ok_or_else(|| io::Error::other("git has no answer"))?;
    let mut answer = Answer::new("200 OK", &[], &output[end + 4..]);
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        match line.split_once(": ") {
            Some(("Status", status)) => answer.status = status.to_owned(),
            Some((name, value)) => answer.headers.push((name.to_owned(), value.to_owned())),
            None => {}
        }
    }
    Ok(answer)
}
