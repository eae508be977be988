//! What keeps us from a full answer. "Could not check" never looks like "nothing found": a build says it in one note,
//! a denial fails.

use std::fmt;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use crate::check::Hits;
use crate::config::Config;
use crate::fault::defect;
use crate::freshness::{Clock, Doubt, Freshness, ago, counts_from, limit_words};
use crate::graph::Graph;
use crate::index::store::Store;
use crate::index::{self, DatabaseInfo, Index, Verify};
use crate::refresh::record::{Outcome, Record};
use crate::report::{self, Configured, Untrusted, counted};

/// Why an answer is not the whole one. Displayed as one phrase with what to do about it.
#[derive(Debug)]
pub enum Problem {
    /// No index was ever made. It may be on its way.
    NoIndex { fetching: bool },
    /// The index cannot be used.
    BadIndex { path: PathBuf, error: index::Error },
    /// The index is old, or of unknown age.
    Age {
        freshness: Freshness,
        limit: SignedDuration,
        /// The database that is to blame for it, where the last update was none: a snapshot of which it found that its
        /// publisher had not looked for news.
        publisher: Option<String>,
    },
    /// The last refresh did not take a database.
    RefreshRefused { at: Timestamp, now: Timestamp },
    /// Advisories about packages of the graph, or about nobody knows which, were not understood.
    Quarantined { packages: Vec<String> },
    /// The sources of these packages could not tell whether they are yanked, nor can the index: of some of them only because
    /// the answer that it has is `outdated`.
    YanksUnknown {
        packages: Vec<String>,
        outdated: bool,
    },
    /// Only what is new was to be denied, and it cannot be told what that is.
    NewsUnknown(anyhow::Error),
    /// The check itself failed.
    Failed(anyhow::Error),
}

/// What every problem with the index is mended with.
const UPDATE: &str = "run `cargo advisory update`";

impl Problem {
    /// What `error`, met with the index of the configured databases, amounts to.
    pub fn of_index(config: &Config, error: index::Error) -> Problem {
        match error {
            index::Error::Missing => Problem::NoIndex { fetching: false },
            error => Problem::BadIndex {
                path: Store::new(&config.cache_dir).path_for(&config.databases),
                error,
            },
        }
    }

    /// As the error of a command that cannot go on.
    pub fn into_error(self) -> anyhow::Error {
        anyhow::format_err!("{self}")
    }

    /// A stable word for tools.
    pub fn code(&self) -> &'static str {
        match self {
            Problem::NoIndex { .. } => "no-index",
            Problem::BadIndex { .. } => "bad-index",
            Problem::Age { .. } => "index-age",
            Problem::RefreshRefused { .. } => "refresh-refused",
            Problem::Quarantined { .. } => "quarantined",
            Problem::YanksUnknown { .. } => "yanks-unknown",
            Problem::NewsUnknown(_) | Problem::Failed(_) => "check-failed",
        }
    }

    /// The same in a few words, for a line that tells of something else. [`Problem::fmt`] has what to do about it, as
    /// `cargo advisory` shows it.
    pub fn brief(&self) -> String {
        match self {
            Problem::Age {
                freshness: Freshness::Unknown { .. },
                ..
            } => "index of unknown age".to_owned(),
            Problem::Age { freshness, .. } => format!("index {} old", freshness.age()),
            Problem::RefreshRefused { .. } => "last refresh refused".to_owned(),
            Problem::Quarantined { .. } => "some advisories not understood".to_owned(),
            Problem::YanksUnknown { .. } => "some yanks unknown".to_owned(),
            Problem::NoIndex { .. }
            | Problem::BadIndex { .. }
            | Problem::NewsUnknown(_)
            | Problem::Failed(_) => "check incomplete".to_owned(),
        }
    }

    /// Whether a denial must fail because of it. An index past half of its time still holds, and so does one that a
    /// refresh has left as it was.
    pub fn fails_denial(&self) -> bool {
        !matches!(
            self,
            Problem::Age {
                freshness: Freshness::Fresh { .. } | Freshness::Aging { .. },
                ..
            } | Problem::RefreshRefused { .. }
        )
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::NoIndex { fetching } => {
                write!(
                    f,
                    "cannot check dependencies for advisories: there is no index yet; "
                )?;
                f.write_str(match fetching {
                    true => {
                        "the advisories are being fetched in the background, and the next build will use them"
                    }
                    false => UPDATE,
                })
            }
            Problem::BadIndex { path, error } => write!(
                f,
                "cannot check dependencies with `{}`: {error}",
                path.display()
            ),
            Problem::Age {
                freshness: Freshness::Unknown { doubt, now },
                ..
            } => {
                write!(f, "the age of the advisory index is unknown: ")?;
                match doubt {
                    Doubt::Made(made) => write!(f, "it was made at {made:.0}")?,
                    Doubt::Seen(seen) => write!(f, "the last refresh was tried at {seen:.0}")?,
                    // No refresh would help.
                    Doubt::Built(built) => {
                        return write!(
                            f,
                            "this cargo was built after {built:.0} and it is {now:.0} now; set the clock"
                        );
                    }
                }
                write!(f, " and it is {now:.0} now; set the clock or {UPDATE}")
            }
            Problem::Age {
                freshness,
                limit,
                publisher,
            } => {
                let limit = limit_words(*limit);
                write!(f, "the advisory index is {} old", freshness.age())?;
                match freshness {
                    Freshness::Stale { made, now } => write!(
                        f,
                        ", over the limit of {limit} (`advisory.max-age`): it was last checked at {made:.0} and it is {now:.0} \
                         now; "
                    )?,
                    _ => write!(f, "; {limit} is the limit (`advisory.max-age`); ")?,
                }
                if let Some(publisher) = publisher {
                    let publisher = Configured(publisher);
                    write!(
                        f,
                        "at the last update the publisher of `{publisher}` had not looked for news since; once they have, "
                    )?;
                }
                f.write_str(UPDATE)
            }
            Problem::RefreshRefused { at, now } => write!(
                f,
                "the last refresh of the advisory index, {}, was refused; `cargo advisory status` shows why",
                ago(*at, *now)
            ),
            Problem::Quarantined { packages } => write!(
                f,
                "advisories that were not understood may concern {}; `cargo advisory status` shows them",
                listed(packages)
            ),
            Problem::YanksUnknown { packages, outdated } => write!(
                f,
                "it is not known whether {} yanked; {}",
                match packages.as_slice() {
                    [one] => format!("{} is", Untrusted(one)),
                    packages => format!("{} are", listed(packages)),
                },
                match outdated {
                    true => "their registries were asked too long ago; run `cargo advisory update`",
                    false => "run `cargo fetch`",
                }
            ),
            // Whoever made the error made it harmless, and its end says what to do.
            Problem::NewsUnknown(error) => write!(f, "{error:#}"),
            Problem::Failed(error) => write!(
                f,
                "cannot check dependencies for advisories: {:#}",
                report::untrusted::error(error)
            ),
        }
    }
}

/// Opens the index of the configured databases.
///
/// # Errors
///
/// [`Problem::NoIndex`] or [`Problem::BadIndex`].
pub fn open_index(config: &Config, verify: Verify) -> Result<Index, Problem> {
    Store::new(&config.cache_dir)
        .open(&config.databases, verify)
        .map_err(|error| Problem::of_index(config, error))
}

/// What the check of `graph` against `index` could not see, the gravest first.
pub fn problems(
    graph: &Graph,
    hits: &Hits<'_>,
    index: &Index,
    config: &Config,
    now: Timestamp,
) -> Vec<Problem> {
    let names = |positions: &[usize]| -> Vec<String> {
        let mut names: Vec<String> = positions
            .iter()
            .map(|position| graph.packages[*position].name.clone())
            .collect();
        names.sort();
        names.dedup();
        names
    };
    let mut problems = Vec::new();
    if !hits.quarantined.is_empty() && !defect!("quarantine-is-clean") {
        problems.push(Problem::Quarantined {
            packages: names(&hits.quarantined),
        });
    }
    let since = counts_from(now, config.max_age);
    let (unknown, outdated): (Vec<usize>, Vec<bool>) = hits.yanks_unknown(graph, since).unzip();
    if !unknown.is_empty() {
        problems.push(Problem::YanksUnknown {
            packages: names(&unknown),
            outdated: outdated.contains(&true),
        });
    }
    problems.extend(problems_of(
        index,
        last_refresh(config).as_ref(),
        config,
        now,
    ));
    problems
}

/// What there is to say of `index` itself, whatever is checked against it, the gravest first. `record` is of the last refresh.
pub fn problems_of(
    index: &Index,
    record: Option<&Record>,
    config: &Config,
    now: Timestamp,
) -> Vec<Problem> {
    let freshness = freshness_after(record, index, config, now);
    let age = age_after(record, index, config, now);
    let refused = record
        .filter(|record| matches!(record.outcome, Outcome::Refused { .. }))
        .map(|record| Problem::RefreshRefused { at: record.at, now });
    match freshness {
        Freshness::Fresh { .. } => refused.into_iter().collect(),
        // Why it is aging says more than that it is.
        Freshness::Aging { .. } => refused.into_iter().chain([age]).collect(),
        Freshness::Stale { .. } | Freshness::Unknown { .. } => {
            [age].into_iter().chain(refused).collect()
        }
    }
}

/// What is remembered of the last refresh of the configured databases.
pub fn last_refresh(config: &Config) -> Option<Record> {
    Record::load(&Store::new(&config.cache_dir), &config.databases)
}

/// How old `index` is: as old as the database that was compared with it the longest ago.
pub fn freshness(index: &Index, config: &Config, now: Timestamp) -> Freshness {
    freshness_after(last_refresh(config).as_ref(), index, config, now)
}

/// The age of `index`, whether that is a problem or not.
pub fn age(index: &Index, config: &Config, now: Timestamp) -> Problem {
    age_after(last_refresh(config).as_ref(), index, config, now)
}

fn age_after(record: Option<&Record>, index: &Index, config: &Config, now: Timestamp) -> Problem {
    Problem::Age {
        freshness: freshness_after(record, index, config, now),
        limit: config.max_age,
        publisher: silent_publisher(record, index, config),
    }
}

/// The databases of `index` that are snapshots whose publishers had not looked for news for more than half of the limit at
/// `now`, when there was an update, with how long that was.
pub fn silent_publishers<'i>(
    index: &'i Index,
    config: &Config,
    now: Timestamp,
) -> impl Iterator<Item = (&'i DatabaseInfo, Freshness)> {
    let databases = index.databases().iter();
    let snapshots = databases.filter(|database| database.published.is_some());
    snapshots.filter_map(move |database| {
        let clock = Clock::new(now, None);
        let freshness = Freshness::new(database.checked, &clock, config.max_age);
        let is_old = matches!(freshness, Freshness::Aging { .. } | Freshness::Stale { .. });
        is_old.then_some((database, freshness))
    })
}

/// The one of them that the age of `index` is that of, as the last update found it.
fn silent_publisher(record: Option<&Record>, index: &Index, config: &Config) -> Option<String> {
    let record = record.filter(|record| record.outcome == Outcome::Updated)?;
    let mut silent = silent_publishers(index, config, record.at);
    let (database, _) = silent.find(|(database, _)| database.checked == checked(index))?;
    Some(database.url.clone())
}

fn freshness_after(
    record: Option<&Record>,
    index: &Index,
    config: &Config,
    now: Timestamp,
) -> Freshness {
    let clock = Clock::new(now, record.map(|record| record.seen));
    Freshness::new(checked(index), &clock, config.max_age)
}

/// When the database of `index` was compared with it that was so the longest ago.
pub fn checked(index: &Index) -> Timestamp {
    let checked = index.databases().iter().map(|database| database.checked);
    checked.min().unwrap_or(index.made())
}

/// The first packages by name and how many more there are.
fn listed(packages: &[String]) -> String {
    const SHOWN: usize = 3;
    let mut names = packages
        .iter()
        .take(SHOWN)
        .map(|name| Untrusted(name).to_string())
        .collect::<Vec<_>>()
        .join(", ");
    if packages.len() > SHOWN {
        names.push_str(&format!(
            " and {}",
            counted(packages.len() - SHOWN, "more package", "more packages")
        ));
    }
    names
}
