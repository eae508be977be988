//! The process that refreshes for a build.
//!
//! # Purpose
//!
//! A build goes on while its refresh runs, and whoever waits for the build must not wait for the refresh. So the process
//! is nobody's: it has a session of its own, no parent that would have to reap it, none of the build's descriptors (the
//! pipe of `cargo build | cat`, the jobserver of `make -j`), and of its environment what it is given. It holds no folder
//! but the root.
//!
//! # Performance
//!
//! To fork a build means to copy its page tables, which takes milliseconds. The system starts another program without that,
//! as long as nothing of ours is to run in between. So the process [leaves](begin) by itself, as the first thing that it
//! does, and goes on as its own child. A build that turns into the program that it has built waits for that.
//!
//! # Systems
//!
//! Only those of the Unix family. Elsewhere nothing is started, and `cargo advisory update` is what refreshes.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

/// What to start, and in which environment.
#[derive(Clone, Debug)]
pub struct Process {
    pub exe: PathBuf,
    pub args: Vec<OsString>,
    pub env: Vec<(OsString, OsString)>,
}

/// Whether processes can be started here.
pub const IS_POSSIBLE: bool = cfg!(unix);

/// The variable by which the process knows that it was started, and how. What else is typed may look like its arguments:
/// `cargo run -- ...`.
const STARTED: &str = "__CARGO_ADVISORY_STARTED";
const IN_BACKGROUND: &str = "in-background";
const BEFORE_CHECK: &str = "before-check";

/// What a refresh in the background may take before the system ends it, whatever it is doing.
pub const BACKGROUND_LIMIT: Duration = Duration::from_secs(59);
/// The same for one that a check waits for.
pub const BEFORE_CHECK_LIMIT: Duration = Duration::from_secs(22);

impl Process {
    /// Starts it so that nothing is held by it and nobody has to wait for it. If this process `becomes_another`, whose
    /// children are its own, it goes on only when the new process is none of them.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn detach(&self, becomes_another: bool) -> io::Result<()> {
        let mut command = self.command(IN_BACKGROUND);
        let mut first = command.stderr(Stdio::null()).spawn()?;
        let mut reap = move || {
            // It is ours and is there, so that this cannot fail.
            let _ = Child::wait(&mut first);
        };
        if becomes_another {
            reap();
        } else {
            // All that it does is wait.
            thread::Builder::new().stack_size(64 * 1024).spawn(reap)?;
        }
        Ok(())
    }

    /// Runs it to its end. It says to stderr what it has to say.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn run(&self) -> io::Result<ExitStatus> {
        let mut command = self.command(BEFORE_CHECK);
        command.stderr(Stdio::inherit()).status()
    }

    fn command(&self, how: &str) -> Command {
        let mut command = Command::new(&self.exe);
        command
            .args(&self.args)
            .env_clear()
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .env(STARTED, how)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }
}

/// What every process of this program does first: one that was started by a [`Process`] lets go of what it has inherited,
/// and sees to it that it ends. Others go on as they are.
pub fn begin() {
    #[cfg(unix)]
    {
        #[expect(
            clippy::disallowed_methods,
            reason = "what follows must come before cargo's context, which opens files"
        )]
        let how = std::env::var(STARTED);
        match how.as_deref() {
            Ok(IN_BACKGROUND) => {
                unix::keep_no_descriptor();
                unix::leave_folder();
                unix::leave_parent();
                unix::end_after(BACKGROUND_LIMIT);
            }
            Ok(BEFORE_CHECK) => {
                unix::keep_no_descriptor();
                unix::leave_folder();
                unix::end_after(BEFORE_CHECK_LIMIT);
            }
            Ok(_) | Err(_) => {}
        }
    }
}

/// What is called here comes before anything else: there is one thread, and nothing is open but what was inherited.
#[cfg(unix)]
mod unix {
    use std::time::Duration;

    use libc::{c_int, c_long, c_uint};

    /// The first descriptor that is none of the standard streams.
    const FIRST: c_int = 3;

    /// Goes on as the child of a child, in a session of its own. The child between ends at once, so that nobody is left to
    /// wait for, and the system's first process becomes the parent. Where a system has no room for another process, it
    /// goes on as it is.
    pub(super) fn leave_parent() {
        // SAFETY: none of them takes a pointer, and with one thread all may be called after `fork`.
        unsafe {
            libc::setsid();
            if libc::fork() > 0 {
                libc::_exit(0);
            }
        }
    }

    /// Goes where no folder or disk is held.
    pub(super) fn leave_folder() {
        // The root is there, and else the folder of the build is no harm.
        let _ = std::env::set_current_dir("/");
    }

    /// Closes everything but the standard streams.
    pub(super) fn keep_no_descriptor() {
        #[cfg(target_os = "linux")]
        {
            // SAFETY: a system call without pointers; nobody here has opened what it closes.
            if unsafe { libc::syscall(libc::SYS_close_range, FIRST, c_uint::MAX, 0) } == 0 {
                return;
            }
        }
        close_each();
    }

    /// The same for systems without that call. Few processes have more descriptors than are looked at.
    pub(super) fn close_each() {
        const MOST: c_long = 65_536;
        // SAFETY: it takes no pointer.
        let most = match unsafe { libc::sysconf(libc::_SC_OPEN_MAX) } {
            -1 => MOST,
            most => most.min(MOST),
        };
        for descriptor in FIRST..most as c_int {
            // SAFETY: no pointers; one that is not open is an error without consequence.
            unsafe { libc::close(descriptor) };
        }
    }

    /// Has the system end the process after `limit`, in whole seconds, also when all of its threads hang.
    pub(super) fn end_after(limit: Duration) {
        let seconds = c_uint::try_from(limit.as_secs()).unwrap_or(c_uint::MAX);
        // SAFETY: none of them keeps a pointer, and the set is made before it is read. Who started the build may have had
        // this signal ignored or held back.
        unsafe {
            libc::signal(libc::SIGALRM, libc::SIG_DFL);
            let mut set = std::mem::zeroed();
            libc::sigemptyset(&mut set);
            libc::sigaddset(&mut set, libc::SIGALRM);
            libc::sigprocmask(libc::SIG_UNBLOCK, &set, std::ptr::null_mut());
            libc::alarm(seconds);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::fd::AsRawFd as _;
    use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};

    use super::*;

    /// A shell that has called `first` before it begins.
    fn shell(script: &str, first: fn()) -> Command {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script);
        // SAFETY: what is called makes system calls alone.
        unsafe {
            command.pre_exec(move || {
                first();
                Ok(())
            });
        }
        command
    }

    #[test]
    fn what_takes_longer_than_its_limit_is_ended_by_the_system() {
        let mut sleep = shell("exec sleep 60", || unix::end_after(Duration::from_secs(1)));
        assert_eq!(sleep.status().unwrap().signal(), Some(libc::SIGALRM));
    }

    #[test]
    fn no_descriptor_is_kept_with_or_without_the_system_call() {
        let file = std::fs::File::open("/dev/null").unwrap();
        // SAFETY: no pointers. Nobody owns the copy, and it is open until this process ends.
        let given = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_DUPFD, 100) };
        assert!(given >= 100);
        let script = format!("test -e /dev/fd/{given} && echo open || echo closed");
        let says = |first| {
            let output = shell(&script, first).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };

        assert_eq!(says(|| {}), "open\n");
        assert_eq!(says(unix::keep_no_descriptor), "closed\n");
        assert_eq!(says(unix::close_each), "closed\n");
    }

    #[test]
    fn it_has_what_it_is_given_and_nothing_else() {
        let script = "test \"$(env | grep -c =given)\" = 1 && test -z \"$HOME\"";
        let process = Process {
            exe: "/bin/sh".into(),
            args: vec!["-c".into(), script.into()],
            env: vec![("GIVEN".into(), "given".into())],
        };
        assert!(process.run().unwrap().success());
    }

    #[test]
    fn what_does_not_exist_is_an_error() {
        let process = Process {
            exe: "/no/such/program".into(),
            args: Vec::new(),
            env: Vec::new(),
        };
        for error in [process.detach(true).err(), process.run().err()] {
            assert_eq!(error.unwrap().kind(), io::ErrorKind::NotFound);
        }
    }
}
