//! A fleet that reads one snapshot: what a web server has to do for it.

use std::fmt::Write as _;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::setting::Setting;
use super::table;
use crate::process;

const MACHINES: usize = 1000;
/// Of these, so many refresh at the same moment: what fits into the memory of a small machine.
const AT_ONCE: usize = 100;
/// How long the server may take to start.
const START: Duration = Duration::from_secs(10);

/// Publishes a snapshot of the real database behind nginx, has every machine refresh several times, and prints what was
/// asked and sent.
pub fn measure(setting: &Setting) -> Result<()> {
    let folder = setting.folder.join("snapshots");
    super::empty(&folder)?;
    let publisher = Publisher { setting, folder };
    publisher.publish()?;
    let server = Server::start(&publisher.folder)?;
    let fleet = Fleet {
        publisher: &publisher,
        server: &server,
    };
    let mut rows = String::new();
    for (what, look_again) in [
        ("nothing is known yet", false),
        ("nothing is new", false),
        ("the publisher looked again", true),
    ] {
        if look_again {
            publisher.publish()?;
        }
        super::say(&format!("{MACHINES} machines refresh: {what}"));
        writeln!(rows, "{}", fleet.refresh(what)?)?;
    }
    println!(
        "{MACHINES} machines, {AT_ONCE} at a time; {}; `{}`.\n",
        server.version()?,
        process::short(&setting.ours)
    );
    println!(
        "| when | requests | answers | sent by the server | to each machine | processor time of the server | time | failures |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    print!("{rows}");
    drop(server);
    fs::remove_dir_all(&publisher.folder)
        .with_context(|| format!("could not remove `{}`", process::short(&publisher.folder)))
}

/// Who makes the snapshot.
struct Publisher<'a> {
    setting: &'a Setting,
    folder: PathBuf,
}

impl Publisher<'_> {
    /// Looks for news and writes the files.
    fn publish(&self) -> Result<()> {
        self.setting.update(&self.setting.database)?;
        let mut export = self.setting.command(&self.setting.ours);
        export.args(["advisory", "export", "--quiet"]);
        export.arg(self.folder.join(PUBLIC));
        self.setting
            .with_advisories(&mut export, &self.setting.database);
        process::run(&mut export, "`cargo advisory export`")
    }
}

/// The folder that is served.
const PUBLIC: &str = "public";
/// The name of the server's log.
const LOG: &str = "requests.log";
/// The name of its certificate.
const CERTIFICATE: &str = "certificate.pem";

/// An nginx that serves the snapshot until it is dropped.
struct Server {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl Server {
    fn start(folder: &Path) -> Result<Server> {
        certify(folder)?;
        // Free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        fs::write(folder.join("nginx.conf"), configuration(port)?)?;
        let process = nginx(folder)
            .stdin(Stdio::null())
            .spawn()
            .context("could not start `nginx`; install it with `apt-get install nginx-light`")?;
        let mut server = Server {
            process,
            folder: folder.to_owned(),
            port,
        };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = server.process.try_wait()? {
                bail!("nginx ended ({status})");
            }
            ensure!(start.elapsed() < START, "nginx does not start");
            thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    fn version(&self) -> Result<String> {
        let output = process::output(Command::new("nginx").arg("-v"))?;
        let text = String::from_utf8_lossy(&output.stderr);
        let version = text.trim().rsplit(": ").next().unwrap_or_default();
        Ok(version.to_owned())
    }

    /// Seconds that processors have worked for its workers, where the system tells, as Linux does.
    fn busy(&self) -> Option<f64> {
        // In which `/proc` counts.
        const TICKS: f64 = 100.0;
        let id = self.process.id();
        let workers = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
        let mut ticks = 0;
        for worker in workers.split_ascii_whitespace() {
            let stat = fs::read_to_string(format!("/proc/{worker}/stat")).ok()?;
            // The name before may hold anything.
            let (_, fields) = stat.rsplit_once(") ")?;
            for field in fields.split(' ').skip(11).take(2) {
                ticks += field.parse::<u64>().ok()?;
            }
        }
        Some(ticks as f64 / TICKS)
    }

    /// The lines of its log, of which each is a request.
    fn log(&self) -> Result<Vec<String>> {
        let path = self.folder.join(LOG);
        let text = fs::read_to_string(&path)
            .with_context(|| format!("could not read `{}`", process::short(&path)))?;
        Ok(text.lines().map(str::to_owned).collect())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // To its workers, too, which a signal to the first process alone would not reach.
        let _ = nginx(&self.folder).args(["-s", "stop"]).status();
        let _ = self.process.wait();
    }
}

fn nginx(folder: &Path) -> Command {
    let mut command = Command::new("nginx");
    command.arg("-p").arg(folder).args(["-c", "nginx.conf"]);
    // Where it complains before it has read where to.
    command.arg("-e").arg(folder.join("errors.log"));
    command
}

fn configuration(port: u16) -> Result<String> {
    let user = process::stdout(Command::new("id").arg("-un"))?;
    Ok(format!(
        "daemon off;\n\
         user {user};\n\
         worker_processes auto;\n\
         pid nginx.pid;\n\
         events {{ worker_connections 4096; }}\n\
         http {{\n\
         \x20   log_format requests '$status $bytes_sent $uri';\n\
         \x20   access_log {LOG} requests;\n\
         \x20   server {{\n\
         \x20       listen 127.0.0.1:{port} ssl http2 backlog=4096;\n\
         \x20       ssl_certificate {CERTIFICATE};\n\
         \x20       ssl_certificate_key key.pem;\n\
         \x20       root {PUBLIC};\n\
         \x20       location = /manifest.json {{ add_header Cache-Control 'public, max-age=300'; }}\n\
         \x20       location ~ [.]snapshot$ {{ add_header Cache-Control 'public, max-age=86400, immutable'; }}\n\
         \x20   }}\n\
         }}\n"
    ))
}

/// Makes a certificate for this machine that nobody knows.
fn certify(folder: &Path) -> Result<()> {
    let mut openssl = Command::new("openssl");
    openssl
        .args([
            "req",
            "-x509",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=a benchmark",
        ])
        .args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1"])
        .arg("-keyout")
        .arg(folder.join("key.pem"))
        .arg("-out")
        .arg(folder.join(CERTIFICATE));
    let output = process::output(&mut openssl)?;
    ensure!(
        output.status.success(),
        "openssl makes no certificate: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// The machines.
struct Fleet<'a> {
    publisher: &'a Publisher<'a>,
    server: &'a Server,
}

impl Fleet<'_> {
    /// Has every machine refresh once, and gives a row of what it took.
    fn refresh(&self, what: &str) -> Result<String> {
        let (before, busy) = (self.server.log()?.len(), self.server.busy());
        let next = AtomicUsize::new(0);
        let errors = Mutex::new(Vec::new());
        let start = Instant::now();
        thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= MACHINES {
                            break;
                        }
                        if let Err(error) = self.update(number)
                            && let Ok(mut errors) = errors.lock()
                        {
                            errors.push(error);
                        }
                    }
                });
            }
        });
        let time = start.elapsed();
        let busy = match (busy, self.server.busy()) {
            (Some(before), Some(after)) => format!("{:.2} s", after - before),
            _ => "unknown".to_owned(),
        };
        let errors = errors.into_inner().unwrap_or_default();
        if let Some(first) = errors.first() {
            bail!("{} of {MACHINES} refreshes failed: {first:#}", errors.len());
        }
        let log = self.server.log()?;
        let log = log.get(before..).unwrap_or_default();
        let bytes = sum(log)?;
        Ok(format!(
            "| {what} | {} | {} | {} bytes | {} bytes | {busy} | {:.1} s | {} |",
            table::thousands(log.len() as u64),
            answers(log),
            table::thousands(bytes),
            table::thousands(bytes / MACHINES as u64),
            time.as_secs_f64(),
            errors.len()
        ))
    }

    /// One machine's `cargo advisory update`, as a process with a home of its own.
    fn update(&self, number: usize) -> Result<()> {
        let folder = &self.publisher.folder;
        let home = folder.join("machines").join(format!("{number:04}"));
        fs::create_dir_all(&home)?;
        let setting = self.publisher.setting;
        let mut update = setting.command(&setting.ours);
        update
            .args(["advisory", "update", "--quiet"])
            .current_dir(&home)
            .env("CARGO_HOME", &home)
            .env(
                "CARGO_ADVISORY_DATABASES",
                format!("sparse+https://127.0.0.1:{}/", self.server.port),
            )
            .env("CARGO_HTTP_CAINFO", folder.join(CERTIFICATE));
        let output = process::output(&mut update)?;
        ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(())
    }
}

/// The bytes that the server has sent, headers included, without what TLS adds.
fn sum(log: &[String]) -> Result<u64> {
    log.iter().try_fold(0, |sum, line| {
        let bytes = line.split(' ').nth(1).context("a line of the log")?;
        Ok(sum + bytes.parse::<u64>().context("a line of the log")?)
    })
}

/// How often each status was answered: `1,000 × 200, 1,000 × 304`.
fn answers(log: &[String]) -> String {
    let mut counts = std::collections::BTreeMap::new();
    for line in log {
        let status = line.split(' ').next().unwrap_or_default();
        *counts.entry(status).or_insert(0) += 1;
    }
    let answers: Vec<String> = counts
        .into_iter()
        .map(|(status, count)| format!("{} × {status}", table::thousands(count)))
        .collect();
    answers.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_summed_up() {
        let log = [
            "200 1500 /manifest.json",
            "304 150 /manifest.json",
            "200 50 /a",
        ];
        let log = log.map(str::to_owned);
        assert_eq!(answers(&log), "2 × 200, 1 × 304");
        assert_eq!(sum(&log).unwrap(), 1700);
        assert!(sum(&["rubbish".to_owned()]).is_err());
    }
}
