//! File systems that only some processes see: small ones, read-only ones.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::process;

/// A namespace with mounts of its own. They are gone when it is dropped.
#[derive(Debug)]
pub struct Mounts {
    keeper: Child,
}

impl Mounts {
    /// One in which `script` was run by its root.
    pub fn new(script: &str) -> Result<Mounts> {
        let mut keeper = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-ec"])
            // It waits for the end of its input.
            .arg(format!("{script}\necho ready\nexec cat"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("could not start `unshare`")?;
        let stdout = keeper.stdout.take().context("it has no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let mounts = Mounts { keeper };
        ensure!(line == "ready\n", "the mounts could not be made");
        Ok(mounts)
    }

    /// The words before a command that make it run in here.
    pub fn words(&self) -> Vec<String> {
        let target = format!("--target={}", self.keeper.id());
        let words = [
            "nsenter",
            "--preserve-credentials",
            "--user",
            "--mount",
            &target,
        ];
        words.map(str::to_owned).into()
    }

    /// Runs a command in here.
    pub fn run(&self, line: &[&str]) -> Result<()> {
        let words = self.words();
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).args(line);
        let ended = process::run(command)?;
        ensure!(ended.status == Ok(0), "{line:?}: {}", ended.text());
        Ok(())
    }

    /// Where the suite sees what is `/` in here.
    pub fn root(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root", self.keeper.id()))
    }
}

impl Drop for Mounts {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
