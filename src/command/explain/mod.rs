//! `cargo advisory explain ID | CRATE[@VERSION]`: a whole advisory, or every advisory and yank of a crate.

pub(super) mod lookup;
mod subject;

use std::collections::BTreeMap;

use anyhow::bail;
use cargo::{CargoResult, CliResult, GlobalContext};
use clap::{Arg, ArgMatches, Command};
use semver::Version;

use self::lookup::Lookup;
use super::background::{self, Check};
use super::pager;
use super::releases::{self, Known};
use crate::advisory::{Advisory, Registry};
use crate::config::Config;
use crate::fault;
use crate::freshness::Freshness;
use crate::index::Verify;
use crate::problem::{self, Problem};
use crate::report::explain::{self, Crate, Explained, Listed};
use crate::report::{Configured, Page, Untrusted};
use crate::yank::Yanks;

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
    let check = Check::new(Verify::Used, false);
    let index = background::open_index(gctx, &config, check).map_err(Problem::into_error)?;
    let now = fault::now();
    let freshness = problem::freshness(&index, &config, now);
    if !matches!(freshness, Freshness::Fresh { .. }) {
        gctx.shell().note(problem::age(&index, &config, now))?;
    }
    let explainer = Explainer {
        gctx,
        lookup: Lookup {
            config: &config,
            index: &index,
        },
        yanks: index
            .yanks()
            .map_err(|error| Problem::of_index(&config, error).into_error())?,
        page: page(gctx),
    };
    let found = explainer.lookup.called(what)?;
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
    lookup: Lookup<'a>,
    /// What registries have told the last refresh.
    yanks: Yanks,
    page: Page,
}

impl Explainer<'_> {
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
                    url: self.lookup.url(advisory)?,
                    database: self.lookup.database(advisory)?,
                    releases: known.as_ref().map(|known| &known.releases),
                },
                self.page,
            );
        }
        Ok(out)
    }

    fn explain_crate(&self, what: &str) -> CargoResult<String> {
        if subject::looks_like_id(what) {
            return Err(self.lookup.no_such_advisory(what));
        }
        let (name, version) = subject::parse(what)?;
        let advisories = self.lookup.about(name)?;
        let mut groups: Vec<(Registry, Vec<Listed>)> = Vec::new();
        for advisory in advisories {
            let url = self.lookup.url(&advisory)?;
            let registry = advisory.registry.clone();
            let listed = Listed { advisory, url };
            match groups.iter_mut().find(|(other, _)| *other == registry) {
                Some((_, group)) => group.push(listed),
                None => groups.push((registry, vec![listed])),
            }
        }
        // Of another registry nobody can tell without the index that it has such a crate.
        for registry in self.gone(name) {
            if groups.iter().all(|(other, _)| other != registry) {
                groups.push((registry.clone(), Vec::new()));
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
            let is_elsewhere = group.is_empty() && *registry != Registry::CratesIo;
            let subject = Crate {
                name,
                version: version.as_ref(),
                advisories: group,
                releases: known.as_ref().map(|known| &known.releases),
                said: self.yanks.of(name, registry),
                registry: (several || is_elsewhere).then(|| match registry {
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
        let known = self.releases(&Registry::CratesIo, name).map_err(|error| {
            error.context(format!(
                "the index has no advisory about `{}`, and whether there is such a crate is not known",
                Untrusted(name)
            ))
        })?;
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
            said: None,
            registry: None,
        };
        explain::of_crate(&mut out, &subject, self.page);
        Ok(out)
    }

    /// What the registry knows of a crate, and has told the last refresh of it.
    fn releases(&self, registry: &Registry, name: &str) -> CargoResult<Known> {
        let mut known = releases::releases(self.gctx, registry.borrow(), name)?;
        if let Some(said) = self.yanks.of(&known.name, registry) {
            known.releases.add(said);
        }
        Ok(known)
    }

    /// The same. That it cannot be asked keeps nobody from the advisory.
    fn releases_or_note(&self, registry: &Registry, name: &str) -> CargoResult<Option<Known>> {
        match self.releases(registry, name) {
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

    /// The registries that say of a version of the crate `name` that it is yanked or removed.
    fn gone(&self, name: &str) -> impl Iterator<Item = &Registry> {
        let of = self.yanks.packages().get(name).into_iter().flatten();
        of.filter(|(_, said)| said.told().next().is_some())
            .map(|(registry, _)| registry)
    }

    fn note_quarantined(&self, name: &str) -> CargoResult<()> {
        if self.lookup.index.quarantined_for(name) {
            self.gctx.shell().note(Problem::Quarantined {
                packages: vec![name.to_owned()],
            })?;
        }
        Ok(())
    }
}
