//! Watches the system calls of a process that concern some paths, and kills it at one of them or lets them fail.
//!
//! `strace` can do either, but counts calls by thread and knows paths only where they are told in full. Here they are
//! counted over all threads of a process, and chosen by where they lead.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use nix::errno::Errno;
use nix::sys::ptrace;
use nix::sys::signal::{self, Signal};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::process::{Ended, Watchdog, collect};

/// What a system call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Open,
    Read,
    Write,
    Sync,
    Rename,
    Remove,
    /// Of a folder or a link.
    Make,
    /// Of a length, a mode or a time.
    Change,
    /// At what there is.
    Look,
    /// Of a file, for oneself.
    Lock,
    /// Of a network.
    Socket,
}

/// A system call that is about to be made.
#[derive(Clone, Debug)]
pub struct Call {
    pub kind: Kind,
    /// Empty for a socket.
    pub path: PathBuf,
    /// Whether it changes anything on disk.
    pub mutates: bool,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Made,
    /// The process gets SIGKILL first.
    Killed,
    /// The process gets this signal first.
    Signaled(Signal),
    Failed(Errno),
}

/// Runs `command` and lets `decide` say what becomes of each system call of its threads that concerns a path or opens a
/// socket. The processes that it starts are not watched.
pub fn run(mut command: Command, mut decide: impl FnMut(&Call) -> Fate) -> Result<Ended> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // SAFETY: between fork and exec it makes one system call.
    unsafe {
        command.pre_exec(|| ptrace::traceme().map_err(Into::into));
    }
    let mut child = command.spawn().context("could not start what is traced")?;
    let output = collect(&mut child);
    let process = Pid::from_raw(child.id().cast_signed());
    let watchdog = Watchdog::of(child.id());

    let mut failing: HashMap<Pid, Errno> = HashMap::new();
    let mut known = Vec::new();
    let status = loop {
        // Of this thread alone: others wait for children of their own.
        let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
        let (thread, pass) = match waitpid(None, Some(flags))? {
            status @ (WaitStatus::Exited(thread, _) | WaitStatus::Signaled(thread, ..)) => {
                if thread == process {
                    break status;
                }
                continue;
            }
            WaitStatus::Stopped(thread, signal) if !known.contains(&thread) => {
                if thread == process {
                    ptrace::setoptions(
                        process,
                        ptrace::Options::PTRACE_O_TRACESYSGOOD
                            | ptrace::Options::PTRACE_O_TRACECLONE
                            | ptrace::Options::PTRACE_O_TRACEEXEC
                            | ptrace::Options::PTRACE_O_EXITKILL,
                    )?;
                } else if signal != Signal::SIGSTOP {
                    bail!("a new thread stopped with {signal}");
                }
                known.push(thread);
                (thread, None)
            }
            WaitStatus::Stopped(thread, signal) => (thread, Some(signal)),
            WaitStatus::PtraceSyscall(thread) => {
                step(process, thread, &mut failing, &mut decide)?;
                (thread, None)
            }
            WaitStatus::PtraceEvent(thread, ..) => (thread, None),
            _ => continue,
        };
        match ptrace::syscall(thread, pass) {
            // It was killed meanwhile.
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => return Err(error).context("could not go on tracing"),
        }
    };
    let hung = watchdog.stop();
    Ok(output.ended(
        match status {
            WaitStatus::Exited(_, code) => Ok(code),
            WaitStatus::Signaled(_, signal, _) => Err(signal as i32),
            _ => bail!("the traced process ended as {status:?}"),
        },
        hung,
    ))
}

const ENTRY: u8 = libc::PTRACE_SYSCALL_INFO_ENTRY;
const EXIT: u8 = libc::PTRACE_SYSCALL_INFO_EXIT;

fn step(
    process: Pid,
    thread: Pid,
    failing: &mut HashMap<Pid, Errno>,
    decide: &mut impl FnMut(&Call) -> Fate,
) -> Result<()> {
    let Some(info) = info(thread)? else {
        return Ok(());
    };
    match info.op {
        ENTRY => {
            // SAFETY: this is what `op` says is there.
            let entry = unsafe { info.u.entry };
            let Some(call) = call(thread, entry.nr, entry.args) else {
                return Ok(());
            };
            match decide(&call) {
                Fate::Made => {}
                Fate::Killed => signal::kill(process, Signal::SIGKILL)?,
                Fate::Signaled(signal) => signal::kill(process, signal)?,
                Fate::Failed(errno) => {
                    let mut registers = ptrace::getregs(thread)?;
                    registers.orig_rax = u64::MAX;
                    ptrace::setregs(thread, registers)?;
                    failing.insert(thread, errno);
                }
            }
        }
        EXIT => {
            if let Some(errno) = failing.remove(&thread) {
                let mut registers = ptrace::getregs(thread)?;
                registers.rax = i64::from(-(errno as i32)).cast_unsigned();
                ptrace::setregs(thread, registers)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// What the system call is that `thread` has stopped at. None if it was killed meanwhile. (`nix` asks for none of its bytes.)
fn info(thread: Pid) -> Result<Option<libc::ptrace_syscall_info>> {
    let mut info = MaybeUninit::<libc::ptrace_syscall_info>::zeroed();
    // SAFETY: at most so many bytes are written, and zeros are a value of each of its fields.
    let (result, info) = unsafe {
        let result = libc::ptrace(
            libc::PTRACE_GET_SYSCALL_INFO,
            thread.as_raw(),
            size_of::<libc::ptrace_syscall_info>(),
            info.as_mut_ptr(),
        );
        (result, info.assume_init())
    };
    match Errno::result(result) {
        Ok(_) => Ok(Some(info)),
        Err(Errno::ESRCH) => Ok(None),
        Err(error) => Err(error).context("could not look at a system call"),
    }
}

/// Where a system call has the path that it concerns.
enum Place {
    /// A path in this argument.
    Path(usize),
    /// A path in the second of two arguments, relative to the file descriptor in the first.
    At(usize, usize),
    /// A file descriptor.
    File(usize),
    Nowhere,
}

fn call(thread: Pid, number: u64, arguments: [u64; 6]) -> Option<Call> {
    let writes = |flags: u64| {
        let flags = flags as i32;
        flags & (libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC) != libc::O_RDONLY
    };
    let (kind, place, mutates) = match number.cast_signed() {
        libc::SYS_open => (Kind::Open, Place::Path(0), writes(arguments[1])),
        libc::SYS_creat => (Kind::Open, Place::Path(0), true),
        libc::SYS_openat => (Kind::Open, Place::At(0, 1), writes(arguments[2])),
        libc::SYS_read | libc::SYS_pread64 | libc::SYS_readv => (Kind::Read, Place::File(0), false),
        libc::SYS_write | libc::SYS_pwrite64 | libc::SYS_writev => {
            (Kind::Write, Place::File(0), true)
        }
        libc::SYS_copy_file_range => (Kind::Write, Place::File(2), true),
        libc::SYS_sendfile => (Kind::Write, Place::File(0), true),
        libc::SYS_fsync | libc::SYS_fdatasync => (Kind::Sync, Place::File(0), true),
        libc::SYS_rename => (Kind::Rename, Place::Path(1), true),
        libc::SYS_renameat | libc::SYS_renameat2 => (Kind::Rename, Place::At(2, 3), true),
        libc::SYS_unlink | libc::SYS_rmdir => (Kind::Remove, Place::Path(0), true),
        libc::SYS_unlinkat => (Kind::Remove, Place::At(0, 1), true),
        libc::SYS_mkdir => (Kind::Make, Place::Path(0), true),
        libc::SYS_mkdirat => (Kind::Make, Place::At(0, 1), true),
        libc::SYS_link | libc::SYS_symlink => (Kind::Make, Place::Path(1), true),
        libc::SYS_linkat => (Kind::Make, Place::At(2, 3), true),
        libc::SYS_symlinkat => (Kind::Make, Place::At(1, 2), true),
        libc::SYS_truncate | libc::SYS_chmod => (Kind::Change, Place::Path(0), true),
        libc::SYS_ftruncate | libc::SYS_fchmod | libc::SYS_fallocate => {
            (Kind::Change, Place::File(0), true)
        }
        libc::SYS_fchmodat | libc::SYS_utimensat => (Kind::Change, Place::At(0, 1), true),
        libc::SYS_stat | libc::SYS_lstat | libc::SYS_access | libc::SYS_readlink => {
            (Kind::Look, Place::Path(0), false)
        }
        libc::SYS_newfstatat | libc::SYS_statx | libc::SYS_readlinkat => {
            (Kind::Look, Place::At(0, 1), false)
        }
        libc::SYS_fstat | libc::SYS_getdents64 => (Kind::Look, Place::File(0), false),
        libc::SYS_flock => (Kind::Lock, Place::File(0), false),
        libc::SYS_socket => (Kind::Socket, Place::Nowhere, false),
        _ => return None,
    };
    let path = match place {
        Place::Path(at) => resolve(thread, libc::AT_FDCWD, arguments[at])?,
        Place::At(folder, at) => resolve(thread, arguments[folder] as i32, arguments[at])?,
        Place::File(at) => file(thread, arguments[at] as i32)?,
        Place::Nowhere => PathBuf::new(),
    };
    Some(Call {
        kind,
        path,
        mutates,
    })
}

/// The path at `address` in the memory of `thread`, from `folder` on.
fn resolve(thread: Pid, folder: i32, address: u64) -> Option<PathBuf> {
    let mut bytes = [0; libc::PATH_MAX as usize];
    let memory = File::open(format!("/proc/{thread}/mem")).ok()?;
    let length = memory.read_at(&mut bytes, address).ok()?;
    let end = bytes[..length].iter().position(|byte| *byte == 0)?;
    let path = Path::new(OsStr::from_bytes(&bytes[..end]));
    if path.is_absolute() {
        return Some(path.to_owned());
    }
    let folder = if folder == libc::AT_FDCWD {
        fs::read_link(format!("/proc/{thread}/cwd")).ok()?
    } else {
        file(thread, folder)?
    };
    Some(if path.as_os_str().is_empty() {
        folder
    } else {
        folder.join(path)
    })
}

/// What an open file is.
fn file(thread: Pid, descriptor: i32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{thread}/fd/{descriptor}")).ok()
}
