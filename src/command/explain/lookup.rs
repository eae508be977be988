//! Which advisories of the index a question is about.

use anyhow::anyhow;
use cargo::CargoResult;

use super::subject;
use crate::advisory::Advisory;
use crate::config::{Config, DEFAULT_DATABASE};
use crate::index::{self, DatabaseInfo, Entry, Index};
use crate::problem::Problem;
use crate::report::Untrusted;
use crate::report::link::Link;

/// Where advisories are looked up.
pub(in crate::command) struct Lookup<'a> {
    pub(in crate::command) config: &'a Config,
    pub(in crate::command) index: &'a Index,
}

impl<'a> Lookup<'a> {
    /// The advisories that `id` names, in any case: itself, or as an alias.
    pub(super) fn called(&self, id: &str) -> CargoResult<Vec<Advisory>> {
        if !subject::may_be_id(id) {
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

    /// The advisories about a crate, newest first. `_` and `-` in the name are the same, as are upper and lower case.
    pub(super) fn about(&self, name: &str) -> CargoResult<Vec<Advisory>> {
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

    /// Why there is no advisory of that id.
    pub(in crate::command) fn no_such_advisory(&self, id: &str) -> anyhow::Error {
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

    /// The page of RustSec's own advisories.
    pub(super) fn url(&self, advisory: &Advisory) -> CargoResult<Option<Link>> {
        let database = self.database_of(advisory)?;
        Ok(database
            .filter(|database| database.is_all_of(DEFAULT_DATABASE))
            .and_then(|_| Link::of_rustsec(&advisory.id)))
    }

    /// The database of an advisory, where there are several.
    pub(super) fn database(&self, advisory: &Advisory) -> CargoResult<Option<&'a str>> {
        if self.index.databases().len() < 2 {
            return Ok(None);
        }
        let database = self.database_of(advisory)?;
        Ok(database.map(|database| database.url.as_str()))
    }

    fn database_of(&self, advisory: &Advisory) -> CargoResult<Option<&'a DatabaseInfo>> {
        for entry in self.index.package(&advisory.package) {
            let entry = entry.map_err(|error| self.broken(error))?;
            if entry.id == advisory.id {
                return Ok(self.index.databases().get(entry.database));
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
