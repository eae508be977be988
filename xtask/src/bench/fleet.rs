//! Many lockfiles at once: `cargo advisory check --recursive`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::measure::{self, Contender};
use super::setting::{LOCKFILE, Setting};
use super::table::{self, Budget, Row, Table};
use crate::process;

const LOCKFILES: usize = 10_000;

/// In each of them.
const PACKAGES: usize = 300;

/// What a package of a lockfile begins with.
const HEAD: &str = "[[package]]\n";

/// Makes the lockfiles, has them checked, and removes them.
pub fn measure(setting: &Setting, runs: usize, table: &mut Table) -> Result<()> {
    let folder = setting.folder.join("fleet");
    let of = setting.lockfiles.join(LOCKFILE);
    let text = fs::read_to_string(&of)
        .with_context(|| format!("could not read `{}`", process::short(&of)))?;
    make(&Template::new(&text)?, &folder)?;
    let mut command = setting.command(&setting.ours);
    command.args(["advisory", "check", "--format", "json", "--recursive"]);
    command.arg(&folder);
    setting.with_advisories(&mut command, &setting.database);
    let what = format!(
        "`cargo advisory check --recursive`, {} lockfiles of {PACKAGES} packages",
        table::thousands(LOCKFILES as u64)
    );
    let [ours] = measure::in_turns(&what, &mut [Contender::new(command)], runs.min(5))?;
    let wall = ours.of(|usage| usage.wall).median;
    let row = Row::alone(what, table::milliseconds(wall));
    table.push(row.within(Budget::new("10 s", wall / 1e3, 10.0)));
    table.push(Row::alone(
        "… user and system time",
        table::milliseconds(ours.of(|usage| usage.cpu).median),
    ));
    table.push(Row::alone(
        "… peak memory",
        table::mebibytes(ours.of(|usage| usage.memory).median),
    ));
    fs::remove_dir_all(&folder)
        .with_context(|| format!("could not remove `{}`", process::short(&folder)))
}

/// Makes the lockfiles below `folder`.
fn make(template: &Template<'_>, folder: &Path) -> Result<()> {
    super::say(&format!("make {LOCKFILES} lockfiles"));
    super::empty(folder)?;
    for number in 0..LOCKFILES {
        let project = folder.join(format!("{number:05}"));
        let write = || {
            fs::create_dir(&project)?;
            fs::write(project.join("Cargo.lock"), template.copy(number))
        };
        write().with_context(|| format!("could not write below `{}`", process::short(&project)))?;
    }
    Ok(())
}

/// A part of a real lockfile.
struct Template<'t> {
    /// What comes before the packages.
    head: &'t str,
    /// Each package, and whether its version can change: where there are several of one name, dependents tell them apart by
    /// their versions.
    packages: Vec<(&'t str, bool)>,
}

impl<'t> Template<'t> {
    /// The members of the lockfile `text` and as many of the other packages as are wanted.
    fn new(text: &'t str) -> Result<Template<'t>> {
        let mut blocks = text.split(HEAD);
        let head = blocks.next().unwrap_or_default();
        let (others, members): (Vec<_>, Vec<_>) =
            blocks.partition(|block| block.contains("\nsource = "));
        let chosen = members.into_iter().chain(others).take(PACKAGES);
        let chosen: Vec<&str> = chosen.collect();
        ensure!(
            chosen.len() == PACKAGES,
            "`{LOCKFILE}` has fewer than {PACKAGES} packages"
        );
        let mut count: HashMap<&str, usize> = HashMap::new();
        for block in &chosen {
            *count.entry(name(block)).or_default() += 1;
        }
        let packages = chosen.iter().map(|block| (*block, count[name(block)] == 1));
        Ok(Template {
            head,
            packages: packages.collect(),
        })
    }

    /// The copy with this number. No two have the same versions: each digit of the number, in binary, stands for some of the
    /// packages, which are a patch release later where it is 1.
    fn copy(&self, number: usize) -> String {
        let digits = usize::BITS - LOCKFILES.leading_zeros();
        let mut text = self.head.to_owned();
        for (place, (block, can_change)) in self.packages.iter().enumerate() {
            let digit = place as u32 % digits;
            text.push_str(HEAD);
            match number >> digit & 1 {
                1 if *can_change => text.push_str(&later(block)),
                _ => text.push_str(block),
            }
        }
        text
    }
}

/// The line with the name.
fn name(block: &str) -> &str {
    block.lines().next().unwrap_or_default()
}

/// The package one patch release later.
fn later(block: &str) -> String {
    const KEY: &str = "version = \"";
    let bumped = || {
        let (before, rest) = block.split_once(KEY)?;
        let patch = rest.match_indices('.').nth(1)?.0 + 1;
        let (start, rest) = rest.split_at(patch);
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let (patch, rest) = rest.split_at(end);
        let patch: u64 = patch.parse().ok()?;
        Some(format!("{before}{KEY}{start}{}{rest}", patch + 1))
    };
    bumped().unwrap_or_else(|| block.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn copies_differ_in_versions_alone() {
        let mut text = "version = 4\n\n".to_owned();
        for number in 0..PACKAGES + 1 {
            text.push_str(&format!(
                "{HEAD}name = \"p{number}\"\nversion = \"1.0.{number}+x\"\nsource = \"r\"\n\n"
            ));
        }
        let template = Template::new(&text).unwrap();
        assert!(text.starts_with(&template.copy(0)));
        let numbers = [0, 1, 2, 3, 8191, 8192, LOCKFILES - 1];
        let copies: HashSet<String> = numbers.map(|number| template.copy(number)).into();
        assert_eq!(copies.len(), numbers.len());
        let copy = template.copy(1);
        assert_eq!(copy.matches(HEAD).count(), PACKAGES);
        assert!(
            copy.contains("name = \"p0\"\nversion = \"1.0.1+x\"\n"),
            "{copy}"
        );
        assert!(
            copy.contains("name = \"p1\"\nversion = \"1.0.1+x\"\n"),
            "{copy}"
        );
    }
}
