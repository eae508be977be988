//! What `benches/index.rs` measures inside of one process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::setting::{self, Setting};
use super::table::{self, Budget, Row, Table};
use crate::{process, product};

/// Builds the benchmark. Returns its path.
pub fn build() -> Result<PathBuf> {
    super::say("build the benchmark of the index");
    let mut command = product::cargo("bench", &[])?;
    command
        .args(["--no-run", "--bench", "index", "--target-dir"])
        // Cargo builds our binary beside it, less optimised, and must not put it in the place of the one that is measured.
        .arg(process::target("bench").join("target-inside"));
    product::find(&product::artifacts(&mut command)?, "index")
}

/// Runs the benchmark at `binary`.
pub fn measure(setting: &Setting, binary: &Path, table: &mut Table) -> Result<()> {
    super::say("the index, real and 100 times as large");
    let mut command = setting.command(binary);
    command.env("ADVISORY_TEST_DATA", setting::data_folder().canonicalize()?);
    let figures = Figures::read(&process::stdout(&mut command)?)?;
    rows(&figures, table)
}

fn rows(figures: &Figures, table: &mut Table) -> Result<()> {
    for (prefix, look_up, compile) in [
        ("real", None, ("100 ms", 100.0)),
        ("large", Some(("20 ms", 20.0)), ("30 s", 30e3)),
    ] {
        let figure = |name: &str| figures.get(&format!("{prefix}-{name}"));
        let time = |name: &str| figure(name).map(table::milliseconds);
        let count = |name: &str| figure(name).map(|value| table::thousands(value as u64));

        let advisories = format!("{} advisories", count("advisories")?);
        let row = Row::alone(
            format!(
                "{advisories}: open the index and look up {} packages",
                count("packages")?
            ),
            format!("{}, {} findings", time("look-up")?, count("findings")?),
        );
        table.push(match look_up {
            Some((text, limit)) => row.within(Budget::new(text, figure("look-up")?, limit)),
            None => row,
        });
        table.push(Row::alone(
            "… with yanks of each package in the index",
            time("look-up-with-yanks")?,
        ));
        let both = figure("parse")? + figure("compile")?;
        let row = Row::alone(
            format!("{advisories}: compile them into the index"),
            format!(
                "{}: {} read and parse, {} compile",
                table::milliseconds(both),
                time("parse")?,
                time("compile")?
            ),
        );
        table.push(row.within(Budget::new(compile.0, both, compile.1)));
        table.push(Row::alone(
            "… size of the index",
            table::mebibytes(figure("index")?),
        ));
        if let Ok(costliest) = figure("costliest-file") {
            let row = Row::alone(
                "one advisory of 256 KiB, the costliest of its kind: read and parse",
                table::milliseconds(costliest),
            );
            table.push(row.within(Budget::new("10 ms", costliest, 10.0)));
        }
        if let (Ok(look_up), Ok(compile)) = (figure("look-up-memory"), figure("compile-memory")) {
            table.push(Row::alone(
                "… peak memory of the process",
                format!(
                    "{} looking up, {} compiling",
                    table::mebibytes(look_up),
                    table::mebibytes(compile)
                ),
            ));
        }
    }
    Ok(())
}

/// The benchmark's lines: name, value and unit. Times are in ms, sizes in MiB.
struct Figures(BTreeMap<String, f64>);

impl Figures {
    fn read(text: &str) -> Result<Figures> {
        let figure = |line: &str| {
            let mut words = line.split(' ');
            let name = words.next()?.to_string();
            Some((name, words.next()?.parse().ok()?))
        };
        let lines = text.lines().map(|line| {
            figure(line)
                .with_context(|| format!("the benchmark printed `{line}`, which is no figure"))
        });
        Ok(Figures(lines.collect::<Result<_>>()?))
    }

    fn get(&self, name: &str) -> Result<f64> {
        let figure = self.0.get(name).copied();
        figure.with_context(|| format!("the benchmark did not measure `{name}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "\
real-advisories 1205
real-packages 508
real-findings 69
real-look-up 0.4 ms
real-look-up-with-yanks 0.6 ms
real-parse 60 ms
real-compile 50.5 ms
real-index 1.04 MiB
real-costliest-file 10.5 ms
large-advisories 120500
large-packages 5000
large-findings 600
large-look-up 12 ms
large-look-up-with-yanks 14 ms
large-parse 6000 ms
large-compile 500 ms
large-index 104 MiB
large-look-up-memory 31 MiB
large-compile-memory 500 MiB";

    #[test]
    fn figures_become_rows() {
        let mut table = Table::default();
        rows(&Figures::read(LINES).unwrap(), &mut table).unwrap();
        assert_eq!(
            table.missed().collect::<Vec<_>>(),
            [
                "1,205 advisories: compile them into the index",
                "one advisory of 256 KiB, the costliest of its kind: read and parse"
            ]
        );
        assert!(table.to_string().contains("| 12.0 ms, 600 findings |"));
    }

    #[test]
    fn what_is_no_figure_is_an_error() {
        assert!(Figures::read("hello").is_err());
        assert!(Figures::read("a 1").unwrap().get("b").is_err());
    }
}
