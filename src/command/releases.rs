//! What registries know of a crate: every release, the yanked ones too. They are asked through cargo's own sources, so
//! that source replacement, mirrors, credentials and `--offline` are what they are for a build.

use std::collections::{BTreeMap, HashSet};

use anyhow::{anyhow, bail};
use cargo::core::{Dependency, SourceId, SourceKind};
use cargo::sources::source::{QueryKind, Source};
use cargo::sources::{IndexSummary, SourceConfigMap};
use cargo::util::OptVersionReq;
use cargo::util::cache_lock::CacheLockMode;
use cargo::{CargoResult, GlobalContext};
use futures::executor::block_on;
use semver::Version;
use serde::Deserialize;

use crate::advisory::RegistryRef;
use crate::remedy::releases::gaps;
use crate::report::Untrusted;
use crate::report::explain::Releases;
use crate::report::releases::Release;
use crate::yank::Yank;

/// A crate, as its registry knows it.
#[derive(Debug)]
pub(super) struct Known {
    /// The name in the registry's spelling.
    pub(super) name: String,
    pub(super) releases: Releases,
}

/// All releases of the crate `name`, none if the registry does not know it. `_` and `-` in the name are the same.
///
/// # Errors
///
/// When the registry cannot be asked, or could not answer for all releases. Offline, a crate that was never looked at is
/// such a case.
pub(super) fn releases(
    gctx: &GlobalContext,
    registry: RegistryRef<'_>,
    name: &str,
) -> CargoResult<Known> {
    let id = source_id(gctx, registry)?;
    let _lock = gctx.acquire_package_cache_lock(CacheLockMode::DownloadExclusive)?;
    let source = SourceConfigMap::new(gctx)?.load(id, &HashSet::new())?;
    let shown = if id.is_crates_io() {
        cargo::sources::CRATES_IO_DOMAIN.to_owned()
    } else {
        format!("`{}`", Untrusted(&id.display_registry_name()))
    };
    if matches!(
        source.replaced_source_id().kind(),
        SourceKind::Directory | SourceKind::LocalRegistry
    ) {
        bail!("{shown} is replaced by a folder, which holds only some of them");
    }
    let offline = !gctx.network_allowed();
    source.invalidate_cache();
    let mut name = name.to_owned();
    let every = |name: &str, kind| query(&*source, id, name, OptVersionReq::Any, kind);
    let mut found = every(&name, QueryKind::RejectedVersions)?;
    if found.is_empty()
        && let Some(other) = every(&name, QueryKind::Normalized)?.first()
    {
        name = other.package_id().name().to_string();
        found = every(&name, QueryKind::RejectedVersions)?;
    }
    if offline && found.is_empty() {
        bail!("{shown} was not asked about the crate before, and cannot be asked offline");
    }
    if offline {
        found.extend(not_downloaded(&*source, id, &name, &found)?);
    }
    let list: BTreeMap<Version, Release> = found
        .iter()
        .map(|summary| {
            let version = summary.package_id().version().clone();
            let release = Release {
                version: version.clone(),
                yank: match summary.is_yanked() {
                    true => Yank::Yanked,
                    false => Yank::None,
                },
                published: summary.as_summary().pubtime(),
            };
            (version, release)
        })
        .collect();
    Ok(Known {
        name,
        releases: Releases {
            registry: shown,
            list: list.into_values().collect(),
            cached: offline,
        },
    })
}

fn query(
    source: &dyn Source,
    id: SourceId,
    name: &str,
    requirement: OptVersionReq,
    kind: QueryKind,
) -> CargoResult<Vec<IndexSummary>> {
    let mut dependency = Dependency::parse(name, None, id)?;
    dependency.set_version_req(requirement);
    block_on(source.query_vec(&dependency, kind))
}

/// The releases between those that were `found`, which are not downloaded.
fn not_downloaded(
    source: &dyn Source,
    id: SourceId,
    name: &str,
    found: &[IndexSummary],
) -> CargoResult<Vec<IndexSummary>> {
    let mut versions: Vec<&Version> = found
        .iter()
        .map(|summary| summary.package_id().version())
        .collect();
    versions.sort();
    let mut all = Vec::new();
    for gap in gaps(versions) {
        let between = OptVersionReq::Req(gap);
        all.extend(query(
            source,
            id,
            name,
            between,
            QueryKind::RejectedVersions,
        )?);
    }
    Ok(all)
}

/// The source of a registry. An advisory is foreign text, and must not make us ask whom the user never chose: only
/// crates.io and the registries in cargo's configuration are asked.
fn source_id(gctx: &GlobalContext, registry: RegistryRef<'_>) -> CargoResult<SourceId> {
    #[derive(Deserialize)]
    struct Configured {
        #[serde(rename = "index")]
        _index: Option<String>,
    }

    let wanted = match registry {
        RegistryRef::CratesIo => return SourceId::crates_io_maybe_sparse_http(gctx),
        RegistryRef::Other(wanted) => wanted,
    };
    let configured: Option<BTreeMap<String, Configured>> = gctx.get("registries")?;
    for name in configured.unwrap_or_default().keys() {
        // One that cannot be used is not the one that is looked for.
        let Ok(id) = SourceId::alt_registry(gctx, name) else {
            continue;
        };
        if id.without_precise().as_url().to_string() == wanted {
            return Ok(id);
        }
    }
    Err(anyhow!(
        "the registry `{}` is not among the `[registries]` of cargo's configuration",
        Untrusted(wanted)
    ))
}
