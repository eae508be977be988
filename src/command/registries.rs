//! What a refresh asks registries: the packages of the lockfiles that were seen lately, each where cargo would ask, as the
//! user's own configuration says.
//!
//! A build that has another source in the place of crates.io than the user has elsewhere may have packages that crates.io
//! must not hear of. Nobody is asked about those.
//!
//! Building with a lockfile asks the registries that it names, so a refresh may ask them about it too. Looking at somebody's
//! lockfile does not: of one that no workspace was seen with, only crates.io hears and whom the user's configuration names,
//! so that nobody's text becomes the URL of a request.
//!
//! Credential providers are not run, for they may ask a person. A token counts that lies in cargo's own configuration, where
//! that is what `cargo:token` would take.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::SystemTime;

use cargo::core::SourceId;
use cargo::sources::SourceConfigMap;
use cargo::util::auth::registry_credential_config_raw;
use cargo::{CargoResult, GlobalContext};
use serde::Deserialize;
use url::Url;

use crate::advisory::Registry;
use crate::config::Config;
use crate::graph::workspace::quietly;
use crate::yanks::ask::{Question, Token};
use crate::yanks::{locked, seen};

/// The provider that looks into cargo's configuration and asks nobody.
const FROM_CONFIGURATION: &str = "cargo:token";

/// What to ask whom. `gctx` has no configuration of a workspace.
///
/// # Errors
///
/// When the configuration of sources is wrong.
pub(super) fn questions(gctx: &GlobalContext, config: &Config) -> CargoResult<Vec<Question>> {
    let lockfiles = seen::lockfiles(&config.cache_dir, SystemTime::now());
    if lockfiles.is_empty() {
        return Ok(Vec::new());
    }
    let sources = SourceConfigMap::new(gctx)?;
    let crates_io = taken_for(&sources, SourceId::crates_io(gctx)?)?;
    let name_of_crates_io = name(crates_io);
    let named = named(gctx)?;
    let locked = locked::packages(&lockfiles, |seen, registry| {
        match (registry, &seen.crates_io) {
            (Registry::CratesIo, Some(there)) => *there == name_of_crates_io,
            (Registry::CratesIo, None) | (Registry::Other(_), Some(_)) => true,
            (Registry::Other(source), None) => named.contains(source),
        }
    });
    let mut questions: BTreeMap<Registry, Question> = BTreeMap::new();
    for (registry, packages) in locked {
        let asked = match &registry {
            Registry::CratesIo => crates_io,
            // A source that cargo does not understand, or that nothing is configured for, is nobody to ask.
            Registry::Other(source) => {
                let source = SourceId::from_url(source);
                match source.and_then(|source| taken_for(&sources, source)) {
                    Ok(source) => source,
                    Err(_) => continue,
                }
            }
        };
        if let Some(index) = sparse_index(asked) {
            let token = quietly(gctx, || token(gctx, asked));
            let question = Question {
                registry: registry.clone(),
                index,
                token,
                packages,
            };
            questions.insert(registry, question);
        }
    }
    Ok(questions.into_values().collect())
}

/// The registries that the user's configuration names, as Cargo.lock would write them.
fn named(gctx: &GlobalContext) -> CargoResult<BTreeSet<String>> {
    /// An entry of `[registries]` or `[source]`.
    #[derive(Deserialize)]
    struct Named {
        #[serde(alias = "registry")]
        index: Option<String>,
    }

    let mut named = BTreeSet::new();
    for table in ["registries", "source"] {
        // Cargo would warn of the other fields.
        let entries = quietly(gctx, || gctx.get::<Option<BTreeMap<String, Named>>>(table))?;
        let urls = entries.into_iter().flatten();
        for url in urls.filter_map(|(_, entry)| entry.index) {
            // One that is wrong is nobody's.
            let source = Url::parse(&url)
                .ok()
                .and_then(|url| SourceId::for_registry(&url).ok());
            named.extend(source.map(name));
        }
    }
    Ok(named)
}

/// The source that a build here takes for crates.io, as Cargo.lock would write it. None if that cannot be told.
pub(crate) fn crates_io(gctx: &GlobalContext) -> Option<String> {
    let sources = SourceConfigMap::new(gctx).ok()?;
    let crates_io = SourceId::crates_io(gctx).ok()?;
    taken_for(&sources, crates_io).ok().map(name)
}

/// The source that cargo asks instead of `source`.
fn taken_for(sources: &SourceConfigMap<'_>, source: SourceId) -> CargoResult<SourceId> {
    Ok(sources.load(source, &HashSet::new())?.replaced_source_id())
}

fn name(source: SourceId) -> String {
    source.without_precise().as_url().to_string()
}

/// The URL of the index of `source`, if it is a sparse registry behind TLS and its URL says nothing that it should not.
fn sparse_index(source: SourceId) -> Option<String> {
    let index = source.url().as_str().strip_prefix("sparse+")?;
    let url = Url::parse(index).ok()?;
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let sound = source.is_sparse() && url.scheme() == "https" && plain && index.ends_with('/');
    sound.then(|| index.to_owned())
}

/// What the user's configuration has as the token of `source`.
fn token(gctx: &GlobalContext, source: SourceId) -> Option<Token> {
    if source.is_crates_io() {
        return None;
    }
    let registry = registry_credential_config_raw(gctx, &source).ok()??;
    let providers = match registry.credential_provider {
        Some(provider) => vec![provider.path.raw_value().to_owned()],
        None => gctx
            .get::<Option<Vec<String>>>("registry.global-credential-providers")
            .ok()??,
    };
    let takes_it = providers
        .iter()
        .any(|provider| provider == FROM_CONFIGURATION);
    let token = registry.token?.val.expose();
    Token::new(token).filter(|_| takes_it)
}
