//! The project's rules about which releases may be used: the Rust version they need, and how old they are.

use std::collections::BTreeMap;

use anyhow::Context as _;
use cargo::core::{SourceId, Summary, Workspace};
use cargo::sources::CRATES_IO_REGISTRY;
use cargo::{CargoResult, GlobalContext};
use cargo_util_schemas::core::PartialVersion;
use jiff::{SignedDuration, Timestamp};
use serde::de::IgnoredAny;

/// The rules of a workspace and of the user's configuration.
#[derive(Debug)]
pub struct Rules {
    /// The versions of Rust that a release must work with. Empty where the project leaves that to cargo's build.
    pub rust_versions: Vec<PartialVersion>,
    ages: Ages,
    now: Timestamp,
}

impl Rules {
    /// Reads the rules that hold for `ws`.
    ///
    /// # Errors
    ///
    /// When the configuration has an age that is none, or rustc does not say its version.
    pub fn load(ws: &Workspace<'_>, now: Timestamp) -> CargoResult<Rules> {
        let mut rust_versions = Vec::new();
        if ws.resolve_honors_rust_version() {
            rust_versions.extend(
                ws.members()
                    .filter_map(|member| Some(member.rust_version()?.to_partial())),
            );
            if rust_versions.is_empty() {
                let rustc = ws.gctx().load_global_rustc(Some(ws))?;
                rust_versions.push(rustc.version.clone().into());
            }
        }
        Ok(Rules {
            rust_versions,
            ages: Ages::load(ws.gctx())?,
            now,
        })
    }

    /// Whether `release` works with every Rust that the project supports.
    pub fn allows_rust(&self, release: &Summary) -> bool {
        release.rust_version().is_none_or(|needed| {
            self.rust_versions
                .iter()
                .all(|rust| needed.is_compatible_with(rust))
        })
    }

    /// Whether `release` is as old as the user wants releases to be. One of unknown age is.
    pub fn allows_age(&self, release: &Summary) -> bool {
        let least = self.ages.of(release.source_id());
        release.pubtime().is_none_or(|published| {
            least.is_none_or(|least| self.now.duration_since(published) >= least)
        })
    }

    /// Whether `release` was published less than `days` ago.
    pub fn is_younger(&self, release: &Summary, days: i64) -> bool {
        let limit = SignedDuration::from_hours(24 * days);
        release
            .pubtime()
            .is_some_and(|published| self.now.duration_since(published) < limit)
    }
}

/// The `min-publish-age` of [RFC 3923](https://rust-lang.github.io/rfcs/3923-cargo-min-publish-age.html). The cargo that
/// this is built from does not know it yet; who has set it means it all the same.
#[derive(Debug, Default)]
struct Ages {
    everywhere: Option<SignedDuration>,
    crates_io: Option<SignedDuration>,
    /// By the name of the registry.
    registries: BTreeMap<String, SignedDuration>,
}

impl Ages {
    fn load(gctx: &GlobalContext) -> CargoResult<Ages> {
        const POLICY: &str = "resolver.incompatible-publish-age";
        if gctx.get::<Option<String>>(POLICY)?.as_deref() == Some("allow") {
            return Ok(Ages::default());
        }
        let named = gctx.get::<Option<BTreeMap<String, IgnoredAny>>>("registries")?;
        let mut registries = BTreeMap::new();
        for name in named.unwrap_or_default().into_keys() {
            if let Some(least) = age(gctx, &format!("registries.{name}.min-publish-age"))? {
                registries.insert(name, least);
            }
        }
        Ok(Ages {
            everywhere: age(gctx, "registry.global-min-publish-age")?,
            crates_io: match registries.remove(CRATES_IO_REGISTRY) {
                Some(least) => Some(least),
                None => age(gctx, "registry.min-publish-age")?,
            },
            registries,
        })
    }

    fn of(&self, source: SourceId) -> Option<SignedDuration> {
        let own = if source.is_crates_io() {
            self.crates_io
        } else {
            source
                .alt_registry_key()
                .and_then(|name| self.registries.get(name).copied())
        };
        own.or(self.everywhere)
    }
}

/// Reads an age as the RFC writes it: `0`, or a number and a unit, `14 days`.
fn age(gctx: &GlobalContext, key: &str) -> CargoResult<Option<SignedDuration>> {
    let Some(text) = gctx.get::<Option<String>>(key)? else {
        return Ok(None);
    };
    parse_age(&text).map(Some).with_context(|| {
        format!("`{key}` is no age: `{text}`; allowed are `0` and such as `14 days`")
    })
}

fn parse_age(text: &str) -> Option<SignedDuration> {
    const HOUR: i64 = 60 * 60;
    if text == "0" {
        return Some(SignedDuration::ZERO);
    }
    let (count, unit) = text.split_once(' ')?;
    let seconds = match unit.strip_suffix('s').unwrap_or(unit) {
        "second" => 1,
        "minute" => 60,
        "hour" => HOUR,
        "day" => 24 * HOUR,
        "week" => 7 * 24 * HOUR,
        // The RFC's month.
        "month" => 30 * 24 * HOUR,
        _ => return None,
    };
    let count = i64::from(count.parse::<u32>().ok()?);
    Some(SignedDuration::from_secs(count * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_a_number_and_a_unit() {
        for (text, hours) in [
            ("0", Some(0)),
            ("1 hour", Some(1)),
            ("14 days", Some(14 * 24)),
            ("2 weeks", Some(14 * 24)),
            ("1 month", Some(30 * 24)),
            ("120 minutes", Some(2)),
            ("14", None),
            ("14d", None),
            ("-1 days", None),
            ("many days", None),
            ("", None),
        ] {
            assert_eq!(
                parse_age(text),
                hours.map(SignedDuration::from_hours),
                "{text}"
            );
        }
    }
}
