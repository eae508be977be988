//! What a refresh that is due costs the build which starts it, if the server never answers.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use anyhow::{Context, Result};

use super::build::Checks;
use super::measure::{self, Contender};
use super::setting::Setting;
use super::table::{self, Budget, Row, Table};

/// What may be added whatever is broken.
const MOST: f64 = 50.0;

/// Measures a no-op build of which each is the first one of its user, so that a refresh is always due.
pub fn measure(checks: &Checks, setting: &Setting, runs: usize, table: &mut Table) -> Result<()> {
    // Connections are taken by the system, and nobody says a word.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let closed = TcpListener::bind("127.0.0.1:0")?;
    let [silent_at, closed_at] = [silent.local_addr()?, closed.local_addr()?];
    drop(closed);

    let contender = |name: &str, database: String, refresh: &str| {
        let cache = setting.folder.join("silent").join(name);
        let mut command = checks.first_build(setting);
        command
            .env("CARGO_ADVISORY_DATABASES", database)
            .env("CARGO_ADVISORY_CACHE_DIR", &cache)
            .env("CARGO_ADVISORY_REFRESH", refresh);
        Contender::new(command).after(move || forget(&cache))
    };
    let mut contenders = [
        contender("silent", format!("https://{silent_at}/db"), "24h"),
        contender("closed", format!("https://{closed_at}/db"), "24h"),
        contender("never", format!("https://{closed_at}/db"), "never"),
    ];
    let what = "no-op `cargo check` that starts a refresh";
    let [silent, closed, never] = measure::in_turns(what, &mut contenders, runs)?;
    for (what, series) in [
        (format!("{what}, nobody answers"), silent),
        ("… the connection is refused".to_string(), closed),
    ] {
        let ms =
            |series: &measure::Series| table::milliseconds(series.of(|usage| usage.wall).median);
        let added = series.difference(&never, |usage| usage.wall);
        table.push(Row {
            what,
            ours: ms(&series),
            against: format!("none is started: {}", ms(&never)),
            result: table::difference(added, "ms"),
            budget: Some(Budget::new("50 ms", added.median, MOST)),
        });
    }
    Ok(())
}

/// Removes what is remembered of attempts, as the next one would wait for minutes.
fn forget(cache: &Path) -> Result<()> {
    match fs::remove_dir_all(cache) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("could not remove `{}`", cache.display()))
        }
        _ => Ok(()),
    }
}
