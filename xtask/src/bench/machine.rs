//! Where the figures were made.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::setting::Setting;
use crate::process;

/// With more load, others take time from what is measured.
const QUIET: f64 = 0.5;
const LONGEST_WAIT: Duration = Duration::from_secs(5 * 60);

/// One line about the machine, one about the programs.
pub fn describe(
    setting: &Setting,
    audit: Option<&Path>,
    runs: usize,
    load: Option<f64>,
) -> Result<String> {
    let tool = |program: &Path, arguments: &[&str]| {
        process::stdout(setting.command(program).args(arguments))
    };
    let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".into());
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let memory = field("/proc/meminfo", "MemTotal")
        .and_then(|size| size.trim_end_matches(" kB").parse::<f64>().ok())
        .map_or(String::new(), |size| {
            format!(", {:.0} GiB of memory", size / 1024.0 / 1024.0)
        });
    let load = load.map_or(String::new(), |load| format!(", load {load} at the start"));
    let kernel = tool(Path::new("uname"), &["-sr"])?;
    let date = tool(Path::new("date"), &["-u", "+%F"])?;

    let mut programs = vec![
        format!("ours: {}", tool(&setting.ours, &["version"])?),
        format!("official: {}", tool(&setting.official, &["version"])?),
        tool(Path::new("rustc"), &["--version"])?,
    ];
    if let Some(audit) = audit {
        programs.push(tool(audit, &["--version"])?);
    }
    if let Ok(valgrind) = process::stdout(Command::new("valgrind").arg("--version")) {
        programs.push(valgrind);
    }
    Ok(format!(
        "{date}; {cpu}, {}{memory}, {kernel}{load}; {} of each process.\n\n{}.",
        process::plural(cores, "core"),
        process::plural(runs, "run"),
        programs.join("; ")
    ))
}

/// Waits until nothing else is at work, such as what was built a moment ago; not for long. Returns the load.
pub fn wait_until_quiet() -> Option<f64> {
    let start = Instant::now();
    let mut load = load()?;
    if load > QUIET {
        super::say("wait until the machine is quiet");
    }
    while load > QUIET && start.elapsed() < LONGEST_WAIT {
        thread::sleep(Duration::from_secs(5));
        load = self::load()?;
    }
    if load > QUIET {
        eprintln!("note: the load is still {load}; figures made beside other work scatter");
    }
    Some(load)
}

/// How many processes have had something to do in the last minute, where the system says so.
fn load() -> Option<f64> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split(' ').next()?.parse().ok()
}

/// The value of the first line `name: value` in the file at `path`.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    lines
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim().to_string())
}
