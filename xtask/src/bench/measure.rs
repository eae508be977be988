//! Running processes in turns, and what each of them used.

use std::array;
use std::io;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// Turns that are not counted.
const WARM_UPS: usize = 3;

/// What one run of a process used, with that of the processes that it started.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// Milliseconds from start to end.
    pub wall: f64,
    /// Milliseconds of user and system time.
    pub cpu: f64,
    /// The most memory that was resident at once, in MiB.
    pub memory: f64,
}

/// What is looked at in a [`Usage`].
pub type Figure = fn(&Usage) -> f64;

/// A process to be run again and again.
pub struct Contender {
    command: Command,
    /// How it must end.
    code: i32,
    /// What is to be done before each run.
    before: Box<dyn FnMut() -> Result<()>>,
}

impl Contender {
    pub fn new(mut command: Command) -> Contender {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Contender {
            command,
            code: 0,
            before: Box::new(|| Ok(())),
        }
    }

    pub fn ending_with(self, code: i32) -> Contender {
        Contender { code, ..self }
    }

    /// Runs each time after `before`, which is not measured.
    pub fn after(self, before: impl FnMut() -> Result<()> + 'static) -> Contender {
        Contender {
            before: Box::new(before),
            ..self
        }
    }

    fn run(&mut self) -> Result<Usage> {
        (self.before)()?;
        let program = self.command.get_program().display().to_string();
        let start = Instant::now();
        let child = self.command.spawn();
        let child = child.with_context(|| format!("could not start `{program}`"))?;
        let (status, mut usage) = wait(child)?;
        usage.wall = start.elapsed().as_secs_f64() * 1e3;
        if status.code() != Some(self.code) {
            bail!("`{program}` ended with {status} while it was measured");
        }
        Ok(usage)
    }
}

/// Runs each of `contenders` `runs` times, in turns of one run each.
pub fn in_turns<const N: usize>(
    what: &str,
    contenders: &mut [Contender; N],
    runs: usize,
) -> Result<[Series; N]> {
    super::say(&format!("{what}: {runs} times {N}"));
    let mut series = [const { Series(Vec::new()) }; N];
    for turn in 0..WARM_UPS + runs {
        for place in order::<N>(turn) {
            let usage = contenders[place].run()?;
            if turn >= WARM_UPS {
                series[place].0.push(usage);
            }
        }
    }
    Ok(series)
}

/// The places of `N` contenders in one turn: each turn begins with another one, and every second turn goes backwards, so
/// that nobody gains from always running after the same one.
fn order<const N: usize>(turn: usize) -> [usize; N] {
    let mut order: [usize; N] = array::from_fn(|place| (place + turn / 2) % N);
    if turn % 2 == 1 {
        order.reverse();
    }
    order
}

/// What the runs of one process used, in their order.
pub struct Series(Vec<Usage>);

impl Series {
    pub fn of(&self, figure: Figure) -> Spread {
        Spread::of(self.0.iter().map(figure).collect())
    }

    /// The ratios to `other`, turn by turn.
    pub fn ratio(&self, other: &Series, figure: Figure) -> Spread {
        self.join(other, |mine, theirs| figure(mine) / figure(theirs))
    }

    /// The differences from `other`, turn by turn.
    pub fn difference(&self, other: &Series, figure: Figure) -> Spread {
        self.join(other, |mine, theirs| figure(mine) - figure(theirs))
    }

    fn join(&self, other: &Series, join: impl Fn(&Usage, &Usage) -> f64) -> Spread {
        let pairs = self.0.iter().zip(&other.0);
        Spread::of(pairs.map(|(mine, theirs)| join(mine, theirs)).collect())
    }
}

/// Where the values of a figure lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub median: f64,
    /// A quarter of the values is below.
    pub low: f64,
    /// A quarter of the values is above.
    pub high: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Spread {
        values.sort_by(f64::total_cmp);
        let at = |part: f64| {
            let place = part * values.len().saturating_sub(1) as f64;
            let (below, above) = (place.floor() as usize, place.ceil() as usize);
            values[below] + (values[above] - values[below]) * place.fract()
        };
        Spread {
            median: at(0.5),
            low: at(0.25),
            high: at(0.75),
        }
    }
}

/// Waits for `child` and asks the system what it used. The wall time is left to the caller.
#[cfg(unix)]
fn wait(child: Child) -> Result<(ExitStatus, Usage)> {
    use std::os::unix::process::ExitStatusExt;

    /// Bytes of the unit in which the system counts memory.
    const UNIT: f64 = if cfg!(target_vendor = "apple") {
        1.0
    } else {
        1024.0
    };
    let milliseconds = |time: libc::timeval| time.tv_sec as f64 * 1e3 + time.tv_usec as f64 / 1e3;

    let pid = child.id() as libc::pid_t;
    let mut status = 0;
    // SAFETY: it is made of numbers, for which zero is a value.
    let mut used: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both places outlive the call, and nobody else has waited for this child of ours.
    while unsafe { libc::wait4(pid, &mut status, 0, &mut used) } != pid {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error).context("could not wait for a process");
        }
    }
    let usage = Usage {
        wall: 0.0,
        cpu: milliseconds(used.ru_utime) + milliseconds(used.ru_stime),
        memory: used.ru_maxrss as f64 * UNIT / 1024.0 / 1024.0,
    };
    Ok((ExitStatus::from_raw(status), usage))
}

#[cfg(not(unix))]
fn wait(_: Child) -> Result<(ExitStatus, Usage)> {
    bail!("processes can be measured on Unix only")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(walls: &[f64]) -> Series {
        let usage = |wall| Usage {
            wall,
            cpu: 0.0,
            memory: 0.0,
        };
        Series(walls.iter().copied().map(usage).collect())
    }

    #[test]
    fn ratios_are_taken_turn_by_turn() {
        // The last turn was slow for both.
        let (ours, theirs) = (series(&[8.0, 9.0, 90.0]), series(&[10.0, 10.0, 100.0]));
        let ratio = ours.ratio(&theirs, |usage| usage.wall);
        assert_eq!(ratio.median, 0.9);
        assert_eq!(ours.difference(&theirs, |usage| usage.wall).median, -2.0);
    }

    #[test]
    fn quartiles_lie_between_values() {
        let spread = series(&[4.0, 1.0, 2.0, 3.0]).of(|usage| usage.wall);
        let expected = Spread {
            median: 2.5,
            low: 1.75,
            high: 3.25,
        };
        assert_eq!(spread, expected);
    }

    #[test]
    fn everyone_runs_before_and_after_everyone() {
        assert_eq!(
            [0, 1, 2, 3].map(order::<2>),
            [[0, 1], [1, 0], [1, 0], [0, 1]]
        );
        assert_eq!(order::<3>(2), [1, 2, 0]);
        assert_eq!(order::<3>(3), [0, 2, 1]);
    }

    #[cfg(unix)]
    #[test]
    fn a_process_that_ends_otherwise_is_not_measured() {
        let mut contenders = [Contender::new(Command::new("false"))];
        assert!(in_turns("a failure", &mut contenders, 1).is_err());
        let mut contenders = [Contender::new(Command::new("false")).ending_with(1)];
        let [series] = in_turns("a failure", &mut contenders, 2).unwrap();
        assert!(series.of(|usage| usage.memory).median > 0.0);
    }
}
