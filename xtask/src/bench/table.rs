//! The table of figures, and the file that it is kept in.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::measure::{Series, Spread};
use crate::process;

const BEGIN: &str = "<!-- figures: written by `cargo xtask bench --write` -->";
const END: &str = "<!-- end of figures -->";
/// For a cell with nothing to say.
const NOTHING: &str = "";

/// The most that something may cost.
#[derive(Clone, Debug)]
pub struct Budget {
    text: String,
    met: bool,
}

impl Budget {
    /// `found` may be at most `limit`, which reads as `text`.
    pub fn new(text: &str, found: f64, limit: f64) -> Budget {
        Budget {
            text: text.to_string(),
            met: found <= limit,
        }
    }
}

/// One thing that was measured.
#[derive(Clone, Debug)]
pub struct Row {
    pub what: String,
    pub ours: String,
    pub against: String,
    pub result: String,
    pub budget: Option<Budget>,
}

impl Row {
    /// A figure with nothing to compare it with.
    pub fn alone(what: impl Into<String>, ours: String) -> Row {
        Row {
            what: what.into(),
            ours,
            against: NOTHING.to_string(),
            result: NOTHING.to_string(),
            budget: None,
        }
    }

    /// How long `ours` and `theirs`, which is called `name`, take.
    pub fn times(what: &str, ours: &Series, name: &str, theirs: &Series) -> Row {
        let wall = |series: &Series| milliseconds(series.of(|usage| usage.wall).median);
        Row {
            against: format!("{name}: {}", wall(theirs)),
            result: ratio(ours.ratio(theirs, |usage| usage.wall)),
            ..Row::alone(what, wall(ours))
        }
    }

    pub fn within(self, budget: Budget) -> Row {
        Row {
            budget: Some(budget),
            ..self
        }
    }
}

/// The figures in the order in which they were measured.
#[derive(Default)]
pub struct Table(Vec<Row>);

impl Table {
    pub fn push(&mut self, row: Row) {
        self.0.push(row);
    }

    /// What is over its budget.
    pub fn missed(&self) -> impl Iterator<Item = &str> {
        let missed = |row: &&Row| row.budget.as_ref().is_some_and(|budget| !budget.met);
        self.0.iter().filter(missed).map(|row| row.what.as_str())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | ours | compared with | result | budget |")?;
        write!(f, "|---|---|---|---|---|")?;
        for row in &self.0 {
            let budget = match &row.budget {
                None => NOTHING.to_string(),
                Some(Budget { text, met: true }) => format!("{text}: met"),
                Some(Budget { text, met: false }) => format!("{text}: **missed**"),
            };
            let Row {
                what,
                ours,
                against,
                result,
                ..
            } = row;
            write!(f, "\n| {what} | {ours} | {against} | {result} | {budget} |")?;
        }
        Ok(())
    }
}

/// `160 ms`, `0.312 ms`, `2.51 s`.
pub fn milliseconds(value: f64) -> String {
    if value >= 1e3 {
        format!("{} s", digits(value / 1e3))
    } else {
        format!("{} ms", digits(value))
    }
}

/// `38.1 MiB`.
pub fn mebibytes(value: f64) -> String {
    format!("{} MiB", digits(value))
}

/// `×0.83 (0.82 to 0.85)`: the median and the quartiles.
pub fn ratio(Spread { median, low, high }: Spread) -> String {
    format!("×{median:.2} ({low:.2} to {high:.2})")
}

/// `+0.41 ms (0.12 to 0.73)`: the median and the quartiles.
pub fn difference(Spread { median, low, high }: Spread, unit: &str) -> String {
    format!("{median:+.2} {unit} ({low:+.2} to {high:+.2})")
}

/// With three digits that count.
pub fn digits(value: f64) -> String {
    let places = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    format!("{value:.places$}")
}

/// `1,205`.
pub fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Puts `figures` between the marks of the file at `path`.
pub fn write(figures: &str, path: &Path) -> Result<()> {
    let name = process::short(path);
    let text = fs::read_to_string(path).with_context(|| format!("could not read `{name}`"))?;
    let text = replaced(&text, figures)
        .with_context(|| format!("`{name}` has no lines `{BEGIN}` and `{END}`"))?;
    fs::write(path, text).with_context(|| format!("could not write `{name}`"))
}

fn replaced(text: &str, figures: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{figures}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        for (value, text) in [
            (1234.4, "1234"),
            (160.4, "160"),
            (16.04, "16.0"),
            (1.604, "1.60"),
            (0.1604, "0.160"),
        ] {
            assert_eq!(digits(value), text);
        }
        assert_eq!(milliseconds(2512.0), "2.51 s");
    }

    #[test]
    fn long_numbers_have_commas() {
        for (value, text) in [(7, "7"), (508, "508"), (1205, "1,205"), (120500, "120,500")] {
            assert_eq!(thousands(value), text);
        }
    }

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let text = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let expected = format!("before\n{BEGIN}\nnew\n{END}\nafter\n");
        assert_eq!(replaced(&text, "new"), Some(expected));
        assert_eq!(replaced("no marks", "new"), None);
    }

    #[test]
    fn what_is_over_its_budget_is_named() {
        let mut table = Table::default();
        let row = |what: &str| Row::alone(what, "1 ms".to_string());
        table.push(row("a").within(Budget::new("1 ms", 0.5, 1.0)));
        table.push(row("b").within(Budget::new("1 ms", 1.5, 1.0)));
        table.push(row("c"));
        assert_eq!(table.missed().collect::<Vec<_>>(), ["b"]);
        assert!(table.to_string().ends_with(
            "| a | 1 ms |  |  | 1 ms: met |\n| b | 1 ms |  |  | 1 ms: **missed** |\n| c | 1 ms |  |  |  |"
        ));
    }
}
