//! `cargo check` of upstream's package when there is nothing to compile: what cargo itself costs.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::{Command, Output};

use anyhow::{Result, ensure};
use serde::Deserialize;

use super::callgrind;
use super::measure::{self, Contender, Series};
use super::policy;
use super::quiet::{self, Quiet};
use super::setting::Setting;
use super::table::{self, Budget, Row, Table};
use crate::process;

/// The ways of building that are compared.
pub struct Checks {
    official: Check,
    found: Pair,
    /// The same, with all that policy can be told.
    judged: Pair,
    nothing: Pair,
    /// How many packages are compiled.
    packages: usize,
    /// How many dependencies our cargo warns of.
    dependencies: usize,
}

/// Our cargo with the check and without it.
struct Pair {
    on: Check,
    off: Check,
}

impl Pair {
    fn new(on: Check) -> Pair {
        let off = Check {
            enabled: false,
            policy: None,
            ..on.clone()
        };
        Pair { on, off }
    }
}

#[derive(Clone)]
struct Check {
    binary: PathBuf,
    /// Its own target folder.
    target: PathBuf,
    database: PathBuf,
    /// Another home of cargo.
    home: Option<PathBuf>,
    enabled: bool,
    /// A file of configuration.
    policy: Option<PathBuf>,
}

impl Check {
    fn command(&self, setting: &Setting) -> Command {
        self.given_to(setting.command(&self.binary), setting)
    }

    /// Completes `command`, which runs the binary.
    fn given_to(&self, mut command: Command, setting: &Setting) -> Command {
        command
            .arg("check")
            .current_dir(&setting.package)
            .env("CARGO_TARGET_DIR", &self.target);
        if !crate::product::has_openssl() {
            command.arg("--features=vendored-openssl");
        }
        setting.with_advisories(&mut command, &self.database);
        if let Some(home) = &self.home {
            command.env("CARGO_HOME", home);
        }
        if let Some(policy) = &self.policy {
            command.arg("--config").arg(policy);
        }
        if !self.enabled {
            command.env("CARGO_ADVISORY_ENABLED", "false");
        }
        command
    }

    /// Builds what is to be built, and looks whether nothing is the next time.
    fn warm_up(&self, setting: &Setting) -> Result<Output> {
        process::run(&mut self.command(setting), "`cargo check`")?;
        let again = process::output(self.command(setting).arg("--message-format=json"))?;
        let text = String::from_utf8_lossy(&again.stderr);
        ensure!(
            again.status.success() && !text.contains("Checking") && !text.contains("Compiling"),
            "a second `cargo check` is not free: {text}"
        );
        Ok(again)
    }
}

impl Checks {
    /// The build in which something is found. What it takes advisories from is to be set.
    pub fn first_build(&self, setting: &Setting) -> Command {
        self.found.on.command(setting)
    }
}

/// Builds upstream's package once in each way.
pub fn warm_up(setting: &Setting) -> Result<Checks> {
    super::say("fetch the dependencies of upstream's package");
    let host = process::stdout(Command::new("rustc").args(["--print", "host-tuple"]))?;
    let mut fetch = setting.command(&setting.official);
    fetch
        .current_dir(&setting.package)
        .args(["fetch", "--locked", "--quiet", "--target", &host]);
    process::run(&mut fetch, "`cargo fetch`")?;

    let ids = quiet::found(setting)?;
    let quiet = Quiet::make(setting, &ids)?;
    let ours = Check {
        binary: setting.ours.clone(),
        target: setting.folder.join("target-ours"),
        database: setting.database.clone(),
        home: None,
        enabled: true,
        policy: None,
    };
    let judged = Check {
        policy: Some(policy::write(setting, &ids)?),
        ..ours.clone()
    };
    let official = Check {
        binary: setting.official.clone(),
        target: setting.folder.join("target-official"),
        ..ours.clone()
    };
    let nothing = Check {
        target: setting.folder.join("target-quiet"),
        database: quiet.database,
        home: Some(quiet.home),
        ..ours.clone()
    };
    super::say("build upstream's package once with each cargo");
    let packages = compiled(&official.warm_up(setting)?.stdout);
    let dependencies = warned_of(&ours.warm_up(setting)?.stderr);
    ensure!(
        dependencies > 0,
        "our cargo finds nothing in upstream's package"
    );
    let warned = warned_of(&judged.warm_up(setting)?.stderr);
    ensure!(
        warned > 0,
        "our cargo finds nothing that policy lets it say"
    );
    let found = warned_of(&nothing.warm_up(setting)?.stderr);
    ensure!(found == 0, "our cargo finds {found} where there is nothing");
    let off = Pair::new(ours.clone()).off.warm_up(setting)?;
    ensure!(
        warned_of(&off.stderr) == 0,
        "the check cannot be turned off"
    );
    Ok(Checks {
        official,
        found: Pair::new(ours),
        judged: Pair::new(judged),
        nothing: Pair::new(nothing),
        packages,
        dependencies,
    })
}

/// Measures all of `checks` in the same turns.
pub fn measure(checks: &Checks, setting: &Setting, runs: usize, table: &mut Table) -> Result<()> {
    let Checks {
        official,
        found,
        judged,
        nothing,
        packages,
        dependencies,
    } = checks;
    let mut contenders = [
        official,
        &found.on,
        &found.off,
        &judged.on,
        &judged.off,
        &nothing.on,
        &nothing.off,
    ]
    .map(|check| Contender::new(check.command(setting)));
    let what = format!("no-op `cargo check` of {packages} packages");
    let [
        official,
        on,
        off,
        judged_on,
        judged_off,
        quiet_on,
        quiet_off,
    ] = measure::in_turns(&what, &mut contenders, runs)?;

    against_official(&what, &on, &official, table);
    for (what, pair, on, off) in [
        (
            format!("the check, {dependencies} dependencies found"),
            found,
            &on,
            &off,
        ),
        (
            "… with 50 ignores and every condition on every kind".to_string(),
            judged,
            &judged_on,
            &judged_off,
        ),
        (
            "the check, nothing found".to_string(),
            nothing,
            &quiet_on,
            &quiet_off,
        ),
    ] {
        against_off(&what, on, off, table);
        super::say(&format!("{what}: count instructions"));
        table.push(callgrind::row(setting, &pair.on.binary, |command| {
            pair.on.given_to(command, setting)
        })?);
    }
    Ok(())
}

fn against_official(what: &str, ours: &Series, official: &Series, table: &mut Table) {
    let wall = Row::times(&format!("{what}: time"), ours, "official", official);
    let ratio = ours.ratio(official, |usage| usage.wall).median;
    table.push(wall.within(Budget::new("×0.90", ratio, 0.90)));
    table.push(Row {
        what: "… user and system time".to_string(),
        ours: table::milliseconds(ours.of(|usage| usage.cpu).median),
        against: format!(
            "official: {}",
            table::milliseconds(official.of(|usage| usage.cpu).median)
        ),
        result: table::ratio(ours.ratio(official, |usage| usage.cpu)),
        budget: None,
    });
    table.push(Row {
        what: "… peak memory".to_string(),
        ours: table::mebibytes(ours.of(|usage| usage.memory).median),
        against: format!(
            "official: {}",
            table::mebibytes(official.of(|usage| usage.memory).median)
        ),
        result: table::ratio(ours.ratio(official, |usage| usage.memory)),
        budget: None,
    });
}

fn against_off(what: &str, on: &Series, off: &Series, table: &mut Table) {
    let ms = |series: &Series| table::milliseconds(series.of(|usage| usage.wall).median);
    let wall = on.difference(off, |usage| usage.wall);
    table.push(Row {
        what: format!("{what}: time"),
        ours: ms(on),
        against: format!("off: {}", ms(off)),
        result: table::difference(wall, "ms"),
        budget: Some(Budget::new("1 ms", wall.median, 1.0)),
    });
    let memory = on.difference(off, |usage| usage.memory);
    table.push(Row {
        what: "… peak memory".to_string(),
        ours: table::mebibytes(on.of(|usage| usage.memory).median),
        against: format!(
            "off: {}",
            table::mebibytes(off.of(|usage| usage.memory).median)
        ),
        result: table::difference(memory, "MiB"),
        budget: Some(Budget::new("2 MiB", memory.median, 2.0)),
    });
}

/// How many packages cargo's messages speak of.
fn compiled(messages: &[u8]) -> usize {
    #[derive(Deserialize)]
    struct Message {
        package_id: Option<String>,
    }
    let lines = messages.split(|byte| *byte == b'\n');
    let ids: HashSet<String> = lines
        .filter_map(|line| serde_json::from_slice::<Message>(line).ok()?.package_id)
        .collect();
    ids.len()
}

/// How many dependencies the line about advisories counts.
fn warned_of(stderr: &[u8]) -> usize {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().find(|line| line.contains("`cargo advisory`"));
    let counts = line.and_then(|line| line.split_once(" dependenc"));
    counts.map_or(0, |(counts, _)| {
        let words = counts.split_whitespace();
        words.filter_map(|word| word.parse::<usize>().ok()).sum()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_counted_from_the_line() {
        let line = b"warning: 1 insecure, 4 unsound and 2 yanked dependencies: a 1.0.0 (X-1), and 6 more; run \
                     `cargo advisory` for details\n    Finished in 1 s\n";
        assert_eq!(warned_of(line), 7);
        assert_eq!(warned_of(b"warning: 1 thing\n"), 0);
    }

    #[test]
    fn packages_are_counted_once() {
        let messages = b"{\"package_id\":\"a\"}\n{\"package_id\":\"a\"}\n{\"package_id\":\"b\"}\n{\"reason\":\"x\"}\n";
        assert_eq!(compiled(messages), 2);
    }
}
