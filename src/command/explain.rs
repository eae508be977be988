//! `cargo advisory explain ID | CRATE[@VERSION]`: a whole advisory, or every advisory and yank of a crate.

use std::collections::BTreeMap;

use anyhow::{anyhow, bail};
use cargo::{CargoResult, CliResult, GlobalContext};
use clap::{Arg, ArgMatches, Command};
use jiff::Timestamp;
use semver::Version;

use super::pager;
use super::releases::{self, Known};
use crate::advisory::{Advisory, Registry};
use crate::config::{Config, DEFAULT_DATABASE};
use crate::freshness::Freshness;
use crate::index::{self, Entry, Index, Verify};
use crate::problem::{self, Problem};
use crate::report::explain::{self, Crate, Explained, Listed};
use crate::report::link::Link;
use crate::report::{Configured, Page, Untrusted};

const WHAT: &str = "what";

pub(super) fn cli() -> Command {
    Command::new("explain")
        .about("Explain an advisory, or show all about a crate")
        .arg(
            Arg::new(WHAT)
                .value_name("ID|CRATE[@VERSION]")
                .required(true)
                .help("Id of an advisory, such as RUSTSEC-2021-0003 or an alias of it, or a crate"),
        )
        .after_help(
            "What is longer than the screen goes through the program that `PAGER` names, else `less` or `more`.",
        )
}

pub(super) fn exec(gctx: &mut GlobalContext, args: &ArgMatches) -> CliResult {
    let what = args
        .get_one::<String>(WHAT)
        .expect("clap refuses a line without it");
    let config = Config::load(gctx)?;
    let index = problem::open_index(&config, Verify::Used).map_err(Problem::into_error)?;
    let freshness = problem::freshness(&index, &config, Timestamp::now());
    if !matches!(freshness, Freshness::Fresh { .. }) {
        gctx.shell().note(Problem::Age {
            freshness,
            limit: config.max_age,
        })?;
    }
    let explainer = Explainer {
        gctx,
        config: &config,
        index: &index,
        page: page(gctx),
    };
    let found = explainer.called(what)?;
    let answer = if found.is_empty() {
        explainer.explain_crate(what)?
    } else {
        explainer.explain_advisories(&found)?
    };
    pager::show(gctx, &answer)?;
    Ok(())
}

/// The page to write for: text is hard to read in lines that are longer than this.
fn page(gctx: &GlobalContext) -> Page {
    const LONGEST: usize = 100;
    const SHORTEST: usize = 40;
    const UNKNOWN: usize = 80;
    let width = pager::screen()
        .map(|(columns, _)| columns)
        .or_else(|| gctx.shell().err_width().diagnostic_terminal_width())
        .unwrap_or(UNKNOWN);
    Page {
        width: Some(width.clamp(SHORTEST, LONGEST)),
        ..super::page(gctx)
    }
}

struct Explainer<'a> {
    gctx: &'a GlobalContext,
    config: &'a Config,
    index: &'a Index,
    page: Page,
}

impl<'a> Explainer<'a> {
    /// The advisories that `id` names, in any case: itself, or as an alias.
    fn called(&self, id: &str) -> CargoResult<Vec<Advisory>> {
        // Only ids have all of these; the names of most crates need no search.
        let may_be_id = id.contains('-')
            && id.bytes().any(|byte| byte.is_ascii_digit())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !may_be_id {
            return Ok(Vec::new());
        }
        let mut own = Vec::new();
        let mut aliased = Vec::new();
        for entry in self.index.entries() {
            let entry = entry.map_err(|error| self.broken(error))?;
            let advisory = self.details(&entry)?;
            if entry.id.eq_ignore_ascii_case(id) {
                own.push(advisory);
            } else if advisory
                .aliases
                .iter()
                .any(|alias| alias.eq_ignore_ascii_case(id))
            {
                aliased.push(advisory);
            }
        }
        own.append(&mut aliased);
        Ok(own)
    }

    fn explain_advisories(&self, advisories: &[Advisory]) -> CargoResult<String> {
        let mut out = String::new();
        let mut asked: BTreeMap<(&str, String), Option<Known>> = BTreeMap::new();
        for (place, advisory) in advisories.iter().enumerate() {
            let key = (
                advisory.package.as_str(),
                format!("{:?}", advisory.registry),
            );
            let known = match asked.get(&key) {
                Some(known) => known,
                None => {
                    let known = self.releases_or_note(&advisory.registry, &advisory.package)?;
                    asked.entry(key).or_insert(known)
                }
            };
            if place > 0 {
                out.push_str("\n\n");
            }
            explain::advisory(
                &mut out,
                &Explained {
                    advisory,
                    url: self.url(advisory)?,
                    database: self.database(advisory)?,
                    releases: known.as_ref().map(|known| &known.releases),
                },
                self.page,
            );
        }
        Ok(out)
    }

    fn explain_crate(&self, what: &str) -> CargoResult<String> {
        let (name, version) = self.parse(what)?;
        let advisories = self.about(name)?;
        let mut groups: Vec<(Registry, Vec<Listed>)> = Vec::new();
        for advisory in advisories {
            let url = self.url(&advisory)?;
            let registry = advisory.registry.clone();
            let listed = Listed { advisory, url };
            match groups.iter_mut().find(|(other, _)| *other == registry) {
                Some((_, group)) => group.push(listed),
                None => groups.push((registry, vec![listed])),
            }
        }
        if groups.is_empty() {
            return self.explain_unlisted(what, name, version.as_ref());
        }
        self.note_quarantined(name)?;
        let several = groups.len() > 1;
        let mut out = String::new();
        for (place, (registry, group)) in groups.iter().enumerate() {
            let name = group
                .first()
                .map_or(name, |listed| listed.advisory.package.as_str());
            let known = self.releases_or_note(registry, name)?;
            if place > 0 {
                out.push_str("\n\n");
            }
            let subject = Crate {
                name,
                version: version.as_ref(),
                advisories: group,
                releases: known.as_ref().map(|known| &known.releases),
                registry: several.then(|| match registry {
                    Registry::CratesIo => cargo::sources::CRATES_IO_DOMAIN,
                    Registry::Other(source) => source,
                }),
            };
            explain::of_crate(&mut out, &subject, self.page);
        }
        Ok(out)
    }

    /// A crate that no advisory is about, as far as crates.io knows it.
    fn explain_unlisted(
        &self,
        what: &str,
        name: &str,
        version: Option<&Version>,
    ) -> CargoResult<String> {
        let known = releases::releases(self.gctx, Registry::CratesIo.borrow(), name).map_err(
            |error| {
                error.context(format!(
                    "the index has no advisory about `{}`, and whether there is such a crate is not known",
                    Untrusted(name)
                ))
            },
        )?;
        if known.releases.list.is_empty() {
            bail!(
                "`{}` is neither an advisory nor a crate that the index or {} knows; check the spelling, or run \
                 `cargo advisory update`",
                Untrusted(what),
                known.releases.registry
            );
        }
        self.note_quarantined(&known.name)?;
        let mut out = String::new();
        let subject = Crate {
            name: &known.name,
            version,
            advisories: &[],
            releases: Some(&known.releases),
            registry: None,
        };
        explain::of_crate(&mut out, &subject, self.page);
        Ok(out)
    }

    /// The crate and version that `what`, which is not the id of an advisory, stands for.
    fn parse<'w>(&self, what: &'w str) -> CargoResult<(&'w str, Option<Version>)> {
        if looks_like_id(what) {
            return Err(self.no_such_advisory(what));
        }
        let (name, version) = match what.split_once('@') {
            None => (what, None),
            Some((name, version)) => {
                let parsed = Version::parse(version).map_err(|error| {
                    anyhow!(
                        "`{}` is not a version: {error}; give it whole, such as `{}@1.2.3`",
                        Untrusted(version),
                        Untrusted(name)
                    )
                })?;
                (name, Some(parsed))
            }
        };
        let is_name = !name.is_empty()
            && name.len() <= 64
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        if !is_name {
            bail!(
                "`{}` is neither the id of an advisory nor the name of a crate; give an id, such as \
                 `RUSTSEC-2021-0003`, or `CRATE`, or `CRATE@VERSION`",
                Untrusted(what)
            );
        }
        Ok((name, version))
    }

    fn no_such_advisory(&self, id: &str) -> anyhow::Error {
        let not_understood = self.index.quarantined().iter().find(|record| {
            let file = record.path.rsplit('/').next().unwrap_or_default();
            file.strip_suffix(".md")
                .is_some_and(|stem| stem.eq_ignore_ascii_case(id))
        });
        if let Some(record) = not_understood {
            return anyhow!(
                "the advisory `{}` was not understood: {}",
                Untrusted(id),
                Untrusted(&record.reason)
            );
        }
        let withdrawn = if self.index.withdrawn() > 0 {
            ", which leaves out those that were withdrawn"
        } else {
            ""
        };
        anyhow!(
            "there is no advisory `{}` in the index{withdrawn}; check the id, or run `cargo advisory update`",
            Untrusted(id)
        )
    }

    /// The advisories about a crate, newest first. `_` and `-` in the name are the same, as are upper and lower case.
    fn about(&self, name: &str) -> CargoResult<Vec<Advisory>> {
        let collect = |entries: &mut dyn Iterator<Item = Result<Entry<'a>, index::Error>>| {
            entries
                .map(|entry| self.details(&entry.map_err(|error| self.broken(error))?))
                .collect::<CargoResult<Vec<_>>>()
        };
        let mut advisories = collect(&mut self.index.package(name))?;
        if advisories.is_empty() {
            let plain = |name: &str| name.to_ascii_lowercase().replace('_', "-");
            let wanted = plain(name);
            let mut alike = self.index.entries().filter(|entry| match entry {
                Ok(entry) => plain(entry.package) == wanted,
                Err(_) => true,
            });
            advisories = collect(&mut alike)?;
        }
        advisories.sort_by(|a, b| (&b.date, &b.id).cmp(&(&a.date, &a.id)));
        Ok(advisories)
    }

    /// What the registry knows of a crate. That it cannot be asked keeps nobody from the advisory.
    fn releases_or_note(&self, registry: &Registry, name: &str) -> CargoResult<Option<Known>> {
        match releases::releases(self.gctx, registry.borrow(), name) {
            Ok(known) => Ok(Some(known)),
            Err(error) => {
                self.gctx.shell().note(format!(
                    "the releases of `{}` are not known: {}",
                    Untrusted(name),
                    Configured(&format!("{error:#}"))
                ))?;
                Ok(None)
            }
        }
    }

    fn note_quarantined(&self, name: &str) -> CargoResult<()> {
        if self.index.quarantined_for(name) {
            self.gctx.shell().note(Problem::Quarantined {
                packages: vec![name.to_owned()],
            })?;
        }
        Ok(())
    }

    /// The page of RustSec's own advisories.
    fn url(&self, advisory: &Advisory) -> CargoResult<Option<Link>> {
        let database = self.database_of(advisory)?;
        Ok((database == Some(DEFAULT_DATABASE))
            .then(|| Link::of_rustsec(&advisory.id))
            .flatten())
    }

    /// The database of an advisory, where there are several.
    fn database(&self, advisory: &Advisory) -> CargoResult<Option<&'a str>> {
        if self.index.databases().len() < 2 {
            return Ok(None);
        }
        self.database_of(advisory)
    }

    fn database_of(&self, advisory: &Advisory) -> CargoResult<Option<&'a str>> {
        for entry in self.index.package(&advisory.package) {
            let entry = entry.map_err(|error| self.broken(error))?;
            if entry.id == advisory.id {
                let database = self.index.databases().get(entry.database);
                return Ok(database.map(|database| database.url.as_str()));
            }
        }
        Ok(None)
    }

    fn details(&self, entry: &Entry<'_>) -> CargoResult<Advisory> {
        self.index
            .details(entry)
            .map_err(|error| self.broken(error))
    }

    fn broken(&self, error: index::Error) -> anyhow::Error {
        Problem::of_index(self.config, error).into_error()
    }
}

/// Whether `what` has the form of an id of a database that advisories mostly come from. A crate may well be called `cve-rs`.
fn looks_like_id(what: &str) -> bool {
    let after = |start: &str| {
        what.split_at_checked(start.len())
            .filter(|(head, _)| head.eq_ignore_ascii_case(start))
            .map(|(_, rest)| rest)
    };
    let numbered = ["RUSTSEC-", "CVE-", "MAL-"]
        .iter()
        .filter_map(|start| after(start))
        .any(|rest| {
            rest.split_once('-').is_some_and(|(year, number)| {
                [year, number]
                    .iter()
                    .all(|digits| digits.len() >= 4 && digits.bytes().all(|b| b.is_ascii_digit()))
            })
        });
    let grouped = after("GHSA-").is_some_and(|rest| {
        rest.split('-').count() == 3 && rest.split('-').all(|group| group.len() == 4)
    });
    numbered || grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_from_crates() {
        for id in [
            "RUSTSEC-2021-0003",
            "cve-2021-25900",
            "GHSA-43w2-9j62-hq99",
            "MAL-2025-12345",
        ] {
            assert!(looks_like_id(id), "{id}");
        }
        for name in [
            "cve-rs",
            "mal-2000",
            "rustsec",
            "ghsa-client",
            "rustsec-é",
            "cve-2021-rs",
        ] {
            assert!(!looks_like_id(name), "{name}");
        }
    }
}
