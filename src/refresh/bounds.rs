//! The time and the memory that a refresh may take, whatever a server sends.
//!
//! The refresh has a thread of its own. Whoever asked for it waits no longer than allowed and then goes on with an error;
//! what the thread still does ends with the process, and it publishes nothing any more.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Once};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{fmt, fs, panic};

use anyhow::anyhow;
use jiff::Timestamp;

use super::record::Record;
use super::{Refresh, Refreshed, Terms};
use crate::database::{Network, Progress};
use crate::fault::defect;
use crate::index::store::Store;
use crate::report::Untrusted;
use crate::yanks::ask::Question;

/// How much a refresh may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub time: Duration,
    /// Bytes that the process has in memory. Only looked at where the system tells them, as Linux does.
    pub memory: u64,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            time: Duration::from_secs(60),
            // 512 MiB is what a refresh may take; this much is left for what comes between two looks.
            memory: 480 * 1024 * 1024,
        }
    }
}

/// A [`Refresh`] that a thread can have for itself.
#[derive(Debug)]
pub struct Task {
    pub store: Store,
    /// As configured, in order.
    pub databases: Vec<String>,
    /// None when offline. Its `stop` is set when the time is up.
    pub network: Option<Network>,
    /// Databases that may have been rewritten or lost advisories.
    pub accepted: Vec<String>,
    /// What to ask registries, where there is a network.
    pub questions: Vec<Question>,
    pub now: Timestamp,
}

/// How often it is looked at what the refresh takes: memory fills at some GB a second.
const TICK: Duration = Duration::from_millis(5);
/// How the names of threads begin that a refresh has: ours, and those of gix.
const THREADS: [&str; 3] = ["refresh", "gix-", "gitoxide."];
/// What the thread is given to end by itself when it has taken too long.
const GRACE: Duration = Duration::from_secs(1);

impl Task {
    /// Runs the refresh. `progress` hears of each database as it is read, in the thread of the caller.
    ///
    /// # Errors
    ///
    /// Those of [`Refresh::run`], and when it goes beyond `bounds`.
    pub fn run(
        self,
        bounds: &Bounds,
        progress: &mut dyn FnMut(&str, Progress),
    ) -> anyhow::Result<Refreshed> {
        let stop = match &self.network {
            Some(network) => network.client.stop().clone(),
            None => Arc::new(AtomicBool::new(false)),
        };
        let terms = Terms {
            accepted: self.accepted,
            questions: self.questions,
            bounds: *bounds,
            stop: stop.clone(),
        };
        let (store, databases, now) = (self.store.clone(), self.databases.clone(), self.now);
        let (events, received) = mpsc::channel();
        let started = Instant::now();
        keep_quiet();
        let worker = thread::Builder::new().name(THREADS[0].to_owned());
        let worker = worker.spawn(move || {
            let refresh = Refresh {
                store: &self.store,
                databases: &self.databases,
                network: self.network.as_ref(),
                now: self.now,
            };
            refresh.run_on(&terms, &|database, event| {
                // The other end goes away when the bounds are reached.
                let _ = events.send((database.to_owned(), event));
            })
        })?;
        loop {
            match received.recv_timeout(TICK) {
                Ok((database, event)) => progress(&database, event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if let Some(over) = bounds.exceeded(started) {
                stop.store(true, Ordering::Relaxed);
                // A process that exits while a thread uses the TLS library can crash. But where memory is full, the thread
                // would go on filling it.
                let stopped = Instant::now();
                while !worker.is_finished() && stopped.elapsed() < GRACE && !bounds.is_full() {
                    thread::sleep(TICK);
                }
                let error = bounds.error(over);
                // The thread cannot be relied on to do it, and only knows that it was stopped. Without a record, the next
                // attempt merely comes sooner.
                let record = Record::failed(now, &store, &databases, &error);
                let _ = record.save(&store, &databases);
                return Err(error);
            }
        }
        let refreshed = end(worker);
        if let Err(error) = &refreshed
            && error.is::<Bug>()
        {
            // The thread had no time to.
            let record = Record::failed(now, &store, &databases, error);
            let _ = record.save(&store, &databases);
        }
        refreshed
    }
}

/// A panic on the way, with what it says.
#[derive(Debug)]
struct Bug(String);

impl Error for Bug {}

impl fmt::Display for Bug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the refresh stopped on a bug, and the old index is unharmed; please report it with these words: {}",
            Untrusted(&self.0)
        )
    }
}

/// What a thread has led to.
fn end<T>(worker: JoinHandle<anyhow::Result<T>>) -> anyhow::Result<T> {
    worker.join().unwrap_or_else(|panic| {
        let words = match panic.downcast::<String>() {
            Ok(words) => *words,
            Err(panic) => match panic.downcast_ref::<&str>() {
                Some(words) => (*words).to_owned(),
                None => "none".to_owned(),
            },
        };
        Err(Bug(words).into())
    })
}

/// Leaves it to [`end`] to tell of a panic in the threads of a refresh, whose words may be foreign.
fn keep_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !is_of_refresh(thread::current().name()) {
                others(info);
            }
        }));
    });
}

fn is_of_refresh(thread: Option<&str>) -> bool {
    thread.is_some_and(|name| THREADS.iter().any(|prefix| name.starts_with(prefix)))
}

/// A bound that was reached.
#[derive(Clone, Copy, Debug)]
enum Exceeded {
    Time,
    Memory,
}

impl Bounds {
    fn exceeded(&self, started: Instant) -> Option<Exceeded> {
        if started.elapsed() > self.time && !defect!("endless") {
            return Some(Exceeded::Time);
        }
        self.is_full().then_some(Exceeded::Memory)
    }

    fn is_full(&self) -> bool {
        memory().is_some_and(|memory| memory > self.memory)
    }

    fn error(&self, exceeded: Exceeded) -> anyhow::Error {
        match exceeded {
            Exceeded::Time => anyhow!(
                "the refresh took longer than {} seconds and was stopped; the old index stays. Try again, or on a slow \
                 network make a clone and name its folder in `advisory.databases`",
                self.time.as_secs()
            ),
            Exceeded::Memory => anyhow!(
                "the refresh took more than {} MiB of memory and was stopped; the old index stays. Either a database is \
                 that big, or what its server sends is made to fill memory",
                self.memory / 1024 / 1024
            ),
        }
    }
}

/// Bytes that this process has in memory, where the system tells.
fn memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refreshed(bounds: Bounds) -> anyhow::Result<Refreshed> {
        let folder = tempfile::tempdir().unwrap();
        let crates = folder.path().join("db/crates/foo");
        fs::create_dir_all(&crates).unwrap();
        fs::write(
            crates.join("RUSTSEC-2024-0001.md"),
            "```toml\n[advisory]\nid = \"RUSTSEC-2024-0001\"\npackage = \"foo\"\ndate = \"2024-01-02\"\n\
             [versions]\npatched = []\n```\n\n# Title\n\nText.\n",
        )
        .unwrap();
        let task = Task {
            store: Store::new(folder.path().join("cache")),
            databases: vec![folder.path().join("db").to_str().unwrap().to_owned()],
            network: None,
            accepted: Vec::new(),
            questions: Vec::new(),
            now: Timestamp::now(),
        };
        task.run(&bounds, &mut |_, _| {})
    }

    #[test]
    fn a_refresh_within_its_bounds_succeeds() {
        assert_eq!(refreshed(Bounds::default()).unwrap().index.advisories(), 1);
    }

    #[test]
    fn one_that_takes_too_long_is_stopped() {
        let time = Duration::ZERO;
        let bounds = Bounds {
            time,
            ..Bounds::default()
        };
        let error = refreshed(bounds).unwrap_err().to_string();
        assert!(error.contains("longer than 0 seconds"), "{error}");
    }

    #[test]
    fn a_panic_is_an_error_with_its_words() {
        keep_quiet();
        let words = |panics: fn()| {
            let worker = thread::Builder::new().name(THREADS[0].to_owned());
            let worker = worker.spawn(move || {
                panics();
                Ok(())
            });
            end(worker.unwrap()).unwrap_err().to_string()
        };
        let says = "the refresh stopped on a bug, and the old index is unharmed; please report it with these words: ";
        assert_eq!(words(|| panic!("a word")), format!("{says}a word"));
        let number = words(|| panic!("{}\u{1b}[2J", 1));
        assert!(!number.contains('\u{1b}') && number.starts_with(&format!("{says}1")));
        assert_eq!(words(|| panic::panic_any(1)), format!("{says}none"));
    }

    #[test]
    fn panics_of_others_are_told_as_always() {
        for name in [THREADS[0], "gix-pack.traverse_deltas.0"] {
            assert!(is_of_refresh(Some(name)));
        }
        for name in [None, Some("main"), Some("a refresh")] {
            assert!(!is_of_refresh(name));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn one_that_takes_too_much_memory_is_stopped() {
        let memory = 1024 * 1024;
        let bounds = Bounds {
            memory,
            ..Bounds::default()
        };
        let error = refreshed(bounds).unwrap_err().to_string();
        assert!(error.contains("more than 1 MiB of memory"), "{error}");
    }
}
