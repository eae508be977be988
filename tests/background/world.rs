//! A project, an index of some age, and the refreshes that are started of it.

use std::fs;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use cargo_advisory::index::store::{Beside, Store};
use cargo_advisory::refresh::record::{MOST_BYTES, Record};
use cargo_test_support::registry::Package;
use cargo_test_support::{Execs, Project, paths};
use jiff::{SignedDuration, Timestamp};

use crate::server::{Answer, Server, backend};
use crate::support::{Advisory, Database, ProjectExt as _, REFRESH, advisory, app};

/// Nothing here takes that long, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// What [`World::says`] finds once the advisory about `late` has arrived.
pub(crate) const LATE: &str = "warning: 1 insecure dependency: late 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details\n";

pub(crate) fn late() -> Advisory {
    advisory("late").id("RUSTSEC-2020-0002")
}

/// A project that depends on `late`, about which the database has an advisory and the index not yet.
pub(crate) struct World {
    pub(crate) app: Project,
    /// As configured.
    pub(crate) databases: Vec<String>,
}

/// Who a refresh asks, as far as a test lets it have its answers.
pub(crate) struct Gate {
    /// Held shut as long as it is there, and first to go: the server waits for its answers.
    open: Option<Sender<()>>,
    pub(crate) server: Server,
    arrived: Receiver<()>,
}

impl World {
    /// With an index that was made so many hours ago from a folder.
    pub(crate) fn aged(hours: i64) -> World {
        Package::new("late", "1.0.0").publish();
        let database = Database::new();
        database.add(&advisory("other")).index_made(hours);
        database.add(&late());
        World {
            app: app("late = '1'"),
            databases: vec![database.path().to_str().unwrap().to_owned()],
        }
    }

    /// Without any index, and with a server that answers nobody before [`Gate::opens`].
    pub(crate) fn behind_gate() -> (World, Gate) {
        let (world, gate) = World::behind_unknown_gate();
        gate.server.is_the_database();
        gate.server.is_trusted();
        (world, gate)
    }

    /// The same, but nothing of it is configured.
    pub(crate) fn behind_unknown_gate() -> (World, Gate) {
        Package::new("late", "1.0.0").publish();
        Database::at("advisory-db").add(&late()).commit();
        let (open, opened) = mpsc::channel();
        let (arrives, arrived) = mpsc::channel();
        let opened = Mutex::new(opened);
        let backend = Arc::new(backend());
        let server = Server::new(move |request| -> Option<Answer> {
            let _ = arrives.send(());
            // It is opened by dropping the other end.
            let _ = opened.lock().unwrap().recv();
            Some(backend(request))
        });
        let world = World {
            app: app("late = '1'"),
            databases: vec![server.url("advisory-db")],
        };
        let gate = Gate {
            server,
            arrived,
            open: Some(open),
        };
        (world, gate)
    }

    /// Our cargo as users have it, away from build servers.
    pub(crate) fn cargo(&self, line: &str) -> Execs {
        let mut execs = self.app.cargo(line);
        as_users_have_it(&mut execs);
        execs
    }

    /// What a command says of itself.
    #[track_caller]
    pub(crate) fn says(&self, line: &str) -> String {
        let output = self.cargo(line).without_status().run();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let words = ["warning: ", "error: ", "note: "];
        let own = stderr.lines().filter(|line| {
            let mut words = words.iter();
            words.any(|word| line.starts_with(word))
        });
        own.map(|line| format!("{line}\n")).collect()
    }

    pub(crate) fn store(&self) -> Store {
        Store::new(paths::cargo_home().join("advisory"))
    }

    pub(crate) fn record(&self) -> Option<Record> {
        Record::load(&self.store(), &self.databases)
    }

    /// The whole of what is remembered of refreshes. A build writes it down before it starts one, so that what stays as it
    /// is means that none was started.
    pub(crate) fn remembered(&self) -> Option<Vec<u8>> {
        self.store()
            .read_beside(&self.databases, Beside::Record, MOST_BYTES)
    }

    /// Runs a command, and tells whether it has started a refresh.
    #[track_caller]
    pub(crate) fn starts(&self, line: &str) -> bool {
        self.started_by(&mut self.cargo(line))
    }

    #[track_caller]
    pub(crate) fn started_by(&self, execs: &mut Execs) -> bool {
        let before = self.remembered();
        execs.without_status().run();
        self.remembered() != before
    }

    /// Waits until the refresh has ended that was started last.
    #[track_caller]
    pub(crate) fn wait_for_refresh(&self) -> Record {
        wait_until(|| {
            // It has this while it runs, which takes longer than it takes to begin.
            let lock = self.store().open_lock(&self.databases).unwrap();
            lock.lock().unwrap();
            self.record().filter(|record| record.begun.is_none())
        })
    }

    /// Has the last attempt begun so many minutes earlier than it did.
    pub(crate) fn move_last_attempt(&self, minutes: i64) {
        let record = self.record().unwrap();
        let earlier = |time: Timestamp| time - SignedDuration::from_mins(minutes);
        Record {
            at: earlier(record.at),
            begun: record.begun.map(earlier),
            ..record
        }
        .save(&self.store(), &self.databases)
        .unwrap();
    }
}

impl Gate {
    /// Waits until somebody asks.
    #[track_caller]
    pub(crate) fn is_asked(&self) {
        self.arrived.recv_timeout(PATIENCE).unwrap();
    }

    /// Answers from now on, and who asked before.
    pub(crate) fn opens(&mut self) {
        self.open = None;
    }
}

pub(crate) fn as_users_have_it(execs: &mut Execs) {
    execs
        .env_remove(REFRESH)
        .env_remove("CI")
        .env_remove("TF_BUILD");
}

/// A process that refreshes for another one.
pub(crate) struct Refreshing {
    pub(crate) pid: i32,
    handle: OwnedFd,
}

impl Refreshing {
    /// Those of this test.
    pub(crate) fn all() -> Vec<Refreshing> {
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").unwrap() {
            let name = entry.unwrap().file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse::<i32>().ok()) else {
                continue;
            };
            let file = |name: &str| {
                let bytes = fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
                String::from_utf8_lossy(&bytes).into_owned()
            };
            let home = format!("CARGO_HOME={}\0", paths::cargo_home().display());
            let line = file("cmdline");
            let is_one = ["\0--background=", "\0--before-check\0"]
                .iter()
                .any(|flag| line.contains(flag));
            if is_one && file("environ").contains(&home) {
                // SAFETY: a system call without pointers.
                let handle = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
                if handle >= 0 {
                    // SAFETY: it was opened just now, and nobody else has it.
                    let handle = unsafe { OwnedFd::from_raw_fd(handle as i32) };
                    found.push(Refreshing { pid, handle });
                }
            }
        }
        found
    }

    /// The only one of this test.
    #[track_caller]
    pub(crate) fn only() -> Refreshing {
        let mut all = Refreshing::all();
        assert_eq!(all.len(), 1, "processes that refresh");
        all.remove(0)
    }

    pub(crate) fn file(&self, name: &str) -> String {
        let bytes = fs::read(self.path(name)).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.pid))
    }

    /// A field of its `stat`, counted from 1.
    pub(crate) fn stat(&self, nth: usize) -> i32 {
        let stat = self.file("stat");
        let (_, rest) = stat.rsplit_once(") ").unwrap();
        let field = rest.split(' ').nth(nth - 3).unwrap();
        field.parse().unwrap()
    }

    pub(crate) fn kill(self) {
        // SAFETY: a system call, of which a null pointer is allowed.
        let sent = unsafe {
            let nothing = std::ptr::null::<libc::siginfo_t>();
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                self.handle.as_raw_fd(),
                libc::SIGKILL,
                nothing,
                0,
            )
        };
        assert_eq!(sent, 0);
        self.ends();
    }

    /// Waits until it has ended.
    #[track_caller]
    pub(crate) fn ends(self) {
        let mut poll = libc::pollfd {
            fd: self.handle.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: it points to one entry, as is said.
        let ready = unsafe { libc::poll(&mut poll, 1, PATIENCE.as_millis() as i32) };
        assert_eq!(ready, 1, "the process {} goes on", self.pid);
    }
}

#[track_caller]
pub(crate) fn wait_until<T>(condition: impl Fn() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "it never came");
        thread::yield_now();
    }
}
