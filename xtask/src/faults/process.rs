//! Running a process to its end: what it printed, how it ended, how long it took.

use std::io::Read;
use std::mem::MaybeUninit;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use nix::errno::Errno;
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;

/// Nothing in the plan takes so long unless it hangs: a refresh ends after 60 seconds.
const HANGS: Duration = Duration::from_secs(90);

/// A process that has ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The exit code, or the signal.
    pub status: Result<i32, i32>,
    pub stdout: String,
    pub stderr: String,
    pub time: Duration,
    /// Whether it was killed for not ending.
    pub hung: bool,
    /// Zero where it was traced.
    pub used: Used,
}

/// What a process has used, together with those that it has waited for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used {
    /// On a processor, so that it does not matter what else the machine does.
    pub time: Duration,
    /// Bytes in memory at most, of one of them.
    pub memory: u64,
}

impl Ended {
    /// All that it printed, for whoever reads of a failure.
    pub fn text(&self) -> String {
        let status = match self.status {
            Ok(code) => format!("exit code {code}"),
            Err(signal) => format!("signal {signal}"),
        };
        format!("{status}\n{}{}", self.stdout, self.stderr)
    }
}

/// Runs `command` to its end.
pub fn run(command: Command) -> Result<Ended> {
    run_with(command, |_| Ok(()))
}

/// The same, with something to do once it has started.
pub fn run_with(mut command: Command, meanwhile: impl FnOnce(Pid) -> Result<()>) -> Result<Ended> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .with_context(|| format!("could not start `{}`", command.get_program().display()))?;
    let output = collect(&mut child);
    let watchdog = Watchdog::of(child.id());
    let done = meanwhile(Pid::from_raw(child.id().cast_signed()));
    if done.is_err() {
        child.kill()?;
    }
    let (status, used) = wait(&child)?;
    done?;
    let hung = watchdog.stop();
    let ended = output.ended(status, hung);
    Ok(Ended { used, ..ended })
}

/// Waits for `child`, and says what it has used.
fn wait(child: &Child) -> Result<(Result<i32, i32>, Used)> {
    let (mut status, mut usage) = (0, MaybeUninit::<libc::rusage>::zeroed());
    let process = child.id().cast_signed();
    // SAFETY: both are written to by now, and zeros are a value of each of their fields.
    let (result, usage) = unsafe {
        let result = libc::wait4(process, &raw mut status, 0, usage.as_mut_ptr());
        (result, usage.assume_init())
    };
    Errno::result(result).context("could not wait for a process")?;
    let status = ExitStatus::from_raw(status);
    let time = |time: libc::timeval| {
        Duration::new(time.tv_sec.cast_unsigned(), time.tv_usec as u32 * 1000)
    };
    let used = Used {
        time: time(usage.ru_utime) + time(usage.ru_stime),
        memory: usage.ru_maxrss.cast_unsigned() * 1024,
    };
    Ok((
        status.code().ok_or(status.signal().unwrap_or_default()),
        used,
    ))
}

/// What a process prints, read as it comes.
pub struct Output {
    started: Instant,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
}

/// Starts to read what `child` prints.
pub fn collect(child: &mut Child) -> Output {
    fn read(mut stream: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            // What was read before counts.
            let _ = stream.read_to_end(&mut bytes);
            bytes
        })
    }
    Output {
        started: Instant::now(),
        stdout: child.stdout.take().map(read),
        stderr: child.stderr.take().map(read),
    }
}

impl Output {
    /// Waits for the rest.
    pub fn ended(self, status: Result<i32, i32>, hung: bool) -> Ended {
        let time = self.started.elapsed();
        let text = |stream: Option<JoinHandle<Vec<u8>>>| {
            let bytes = stream.and_then(|stream| stream.join().ok());
            String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
        };
        Ended {
            status,
            stdout: text(self.stdout),
            stderr: text(self.stderr),
            time,
            hung,
            used: Used::default(),
        }
    }
}

/// Kills a process that does not end.
pub struct Watchdog {
    done: Sender<()>,
    hung: JoinHandle<bool>,
}

impl Watchdog {
    pub fn of(process: u32) -> Watchdog {
        let (done, wait): (_, Receiver<()>) = mpsc::channel();
        let process = Pid::from_raw(process.cast_signed());
        let hung = thread::spawn(move || {
            let hangs = wait.recv_timeout(HANGS) == Err(RecvTimeoutError::Timeout);
            if hangs {
                // It may just have ended.
                let _ = signal::kill(process, Signal::SIGKILL);
            }
            hangs
        });
        Watchdog { done, hung }
    }

    /// Whether it had to.
    pub fn stop(self) -> bool {
        drop(self.done);
        self.hung.join().unwrap_or(false)
    }
}
