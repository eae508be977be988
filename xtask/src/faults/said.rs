//! What processes say, and whether they may say it.

use anyhow::Result;

use super::process::Ended;
use super::trial::{Violation, holds, violated};

/// What is planted wherever a user has secrets. It must never be seen again.
pub const SECRET: &str = "hunter2hunter2";

/// Bytes of memory that a refresh may take, and with it every process.
const MOST_MEMORY: u64 = 512 * 1024 * 1024;

/// What a build made of the advisories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It went on and said nothing.
    Nothing,
    /// It went on with the warning of a finding.
    Found,
    /// It went on with this note.
    Note(String),
    /// It failed for a finding.
    Denied,
    /// It failed because it could not check: the first line.
    Refused(String),
}

/// What builds can make of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// All is well.
    Sound,
    /// It is used, with a note, also in a denial.
    Noted,
    /// It is used, with a note. A denial cannot rely on it.
    Doubted,
    /// Missing or damaged: whatever it is, it must not be taken for a clean bill.
    Unusable,
}

/// What holds for every process: it ends by itself, in time, without a panic, and tells no secret.
pub fn whole(ended: Ended) -> Result<Ended> {
    let text = ended.text();
    holds!(!ended.hung, "it does not end: {text}");
    holds!(ended.status.is_ok(), "it is killed: {text}");
    holds!(
        ended.used.memory <= MOST_MEMORY,
        "it takes {} MiB of memory: {text}",
        ended.used.memory / 1024 / 1024
    );
    holds!(!text.contains("panicked at"), "it panics: {text}");
    holds!(!text.contains(SECRET), "it tells a secret: {text}");
    holds!(
        !text.contains(['\u{1b}', '\r', '\u{202e}']),
        "it prints what acts on a terminal: {text:?}"
    );
    Ok(ended)
}

/// The lines that are not cargo's own progress.
fn remarks(ended: &Ended) -> Vec<&str> {
    let lines = ended.stderr.lines();
    lines.filter(|line| !line.starts_with("   ")).collect()
}

/// What the line of a finding tells beside it: what is the matter with the index.
pub fn beside(ended: &Ended) -> Option<String> {
    let mut lines = remarks(ended).into_iter();
    let line = lines.find(|line| line.contains("1 insecure dependency"))?;
    let (_, rest) = line.split_once("(RUSTSEC-")?;
    let (_, rest) = rest.split_once(')')?;
    let (beside, _) = rest.split_once("; run `cargo advisory`")?;
    Some(beside.strip_prefix("; ")?.to_owned())
}

/// What a build says that must go on.
pub fn warned(ended: Ended) -> Result<Said> {
    let ended = whole(ended)?;
    let text = ended.text();
    holds!(ended.status == Ok(0), "a build fails: {text}");
    holds!(ended.stdout.is_empty(), "a build prints to stdout: {text}");
    holds!(!text.contains("Blocking"), "a build waits: {text}");
    match remarks(&ended).as_slice() {
        [] => Ok(Said::Nothing),
        [line] if line.starts_with("warning: 1 insecure dependency: leaky 1.0.0") => {
            Ok(Said::Found)
        }
        [line] if line.starts_with("note: ") => Ok(Said::Note((*line).to_owned())),
        _ => violated!("a build says more or other than one line: {text}"),
    }
}

/// What a denial says.
pub fn denied(ended: Ended) -> Result<Said> {
    if ended.status == Ok(0) {
        return warned(ended);
    }
    let ended = whole(ended)?;
    let text = ended.text();
    holds!(ended.status == Ok(101), "an odd exit code: {text}");
    holds!(ended.stdout.is_empty(), "a denial prints to stdout: {text}");
    for word in ["Compiling", "Checking", "Finished"] {
        holds!(!text.contains(word), "a denial comes late: {text}");
    }
    let lines = remarks(&ended);
    let Some(line) = lines.first().filter(|line| line.starts_with("error: ")) else {
        return Err(Violation(format!("no error is told: {text}")).into());
    };
    if line.contains("insecure dependency denied by `--deny-advisories`: leaky 1.0.0") {
        return Ok(Said::Denied);
    }
    Ok(Said::Refused((*line).to_owned()))
}
