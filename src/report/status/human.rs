//! The form for people.

use cargo_util_terminal::style::LITERAL;
use jiff::Timestamp;

use super::{Asked, Status};
use crate::advisory::Kind;
use crate::database::Published;
use crate::freshness::{Clock, Freshness, ago};
use crate::index::{DatabaseInfo, Index};
use crate::problem::Problem;
use crate::refresh::record::{Outcome, Record};
use crate::report::{Configured, Untrusted, counted, push};

impl Status<'_> {
    /// As text, a fact a line.
    pub fn human(&self) -> String {
        let mut text = String::new();
        let out = &mut text;
        let path = self.path.display().to_string();
        push(
            out,
            format_args!("{LITERAL}index{LITERAL:#} {}\n", Configured(&path)),
        );
        match self.index {
            Some(index) => {
                for database in index.databases() {
                    self.write_database(out, database);
                }
                for registry in self.registries {
                    write_registry(out, registry, self.now);
                }
            }
            None => out.push_str(match self.problems.first() {
                Some(Problem::NoIndex { .. }) => "    there is none yet\n",
                _ => "    it cannot be used\n",
            }),
        }
        match self.record {
            Some(record) => write_refresh(out, record, self.now),
            None if self.index.is_none() => {
                out.push_str("no refresh was tried, as far as is known\n");
            }
            None => {}
        }
        if let Some(index) = self.index {
            write_counts(out, index);
        }
        text
    }

    fn write_database(&self, out: &mut String, database: &DatabaseInfo) {
        let clock = Clock::new(self.now, self.record.map(|record| record.seen));
        let freshness = Freshness::new(database.checked, &clock, self.max_age);
        push(
            out,
            format_args!(
                "{LITERAL}database{LITERAL:#} {}\n",
                Configured(&database.url)
            ),
        );
        match (&database.commit, database.committed) {
            (Some(commit), Some(committed)) => {
                push(
                    out,
                    format_args!("    commit   {commit} of {committed:.0}\n"),
                );
            }
            (Some(commit), None) => push(out, format_args!("    commit   {commit}\n")),
            (None, _) => match &database.published {
                Some(published) => write_published(out, published),
                None => out.push_str("    folder, no commit\n"),
            },
        }
        let age = freshness.age();
        let since = match freshness {
            Freshness::Unknown { .. } => age,
            _ => format!("{age} ago"),
        };
        push(
            out,
            format_args!("    checked  {:.0}, {since}\n", database.checked),
        );
    }
}

/// What a snapshot was made of. All but the times and commits is foreign text.
fn write_published(out: &mut String, published: &Published) {
    push(
        out,
        format_args!("    snapshot {}\n", Untrusted(&published.content)),
    );
    for origin in &published.origins {
        push(
            out,
            format_args!("    made of  {}\n", Configured(&origin.url)),
        );
        if let Some(commit) = &origin.commit {
            push(
                out,
                format_args!("             commit {}", Untrusted(commit)),
            );
            if let Some(committed) = origin.committed {
                push(out, format_args!(" of {committed:.0}"));
            }
            out.push('\n');
        }
        push(
            out,
            format_args!("             checked {:.0}\n", origin.checked),
        );
    }
}

/// Writes what is known of a registry's yanks, and what it has left unanswered.
fn write_registry(out: &mut String, asked: &Asked<'_>, now: Timestamp) {
    push(
        out,
        format_args!(
            "{LITERAL}registry{LITERAL:#} {}\n",
            Untrusted(asked.registry)
        ),
    );
    if let Some((last, oldest)) = asked.asked.zip(asked.oldest) {
        push(out, format_args!("    crates   {}\n", asked.crates));
        push(
            out,
            format_args!("    asked    {last:.0}, {}", ago(last, now)),
        );
        if oldest < last {
            push(
                out,
                format_args!("; of some not since {oldest:.0}, {}", ago(oldest, now)),
            );
        }
        out.push('\n');
    }
    if let Some(unanswered) = asked.unanswered {
        push(
            out,
            format_args!(
                "    no answer about {} of {}: {}\n",
                unanswered.crates,
                counted(unanswered.of, "crate", "crates"),
                Untrusted(unanswered.reason)
            ),
        );
    }
}

/// Writes how the last refresh has failed, if it has, and whether another one has begun.
fn write_refresh(out: &mut String, record: &Record, now: Timestamp) {
    let ended = match &record.outcome {
        Outcome::Pending | Outcome::Updated => None,
        Outcome::Refused { reason } => Some(("refused", reason)),
        Outcome::Failed { reason } => Some(("failed", reason)),
    };
    if let Some((word, reason)) = ended {
        push(
            out,
            format_args!(
                "{LITERAL}last refresh {word}{LITERAL:#}\n    tried    {:.0}, {}\n    {}\n",
                record.at,
                ago(record.at, now),
                Configured(reason)
            ),
        );
    }
    if let Some(begun) = record.begun {
        push(
            out,
            format_args!(
                "{LITERAL}refresh not ended{LITERAL:#}\n    began    {begun:.0}, {}\n",
                ago(begun, now)
            ),
        );
    }
}

fn write_counts(out: &mut String, index: &Index) {
    let advisories = counted(
        index.advisories() + index.withdrawn(),
        "advisory",
        "advisories",
    );
    push(out, format_args!("{LITERAL}{advisories}{LITERAL:#}\n"));
    for kind in Kind::ALL {
        // Yanks come from registries and are never part of a database.
        if kind != Kind::Yanked {
            push(
                out,
                format_args!("    {:<13} {:>6}\n", kind.as_str(), index.count(kind)),
            );
        }
    }
    push(
        out,
        format_args!("    {:<13} {:>6}\n", "withdrawn", index.withdrawn()),
    );
    let quarantined = index.quarantined();
    let files = counted(quarantined.len(), "file", "files");
    push(
        out,
        format_args!("{LITERAL}{files} quarantined{LITERAL:#}\n"),
    );
    for file in quarantined {
        push(
            out,
            format_args!(
                "    {}: {}\n",
                Untrusted(&file.path),
                Untrusted(&file.reason)
            ),
        );
    }
}
