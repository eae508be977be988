//! Cargo's network settings as the git configuration that gix reads, so that whoever can build can refresh.

use cargo::util::context::SslVersionConfig;
use cargo::util::network::http::HttpTimeout;
use cargo::{CargoResult, GlobalContext};

use crate::config::Config;
use crate::database::Network;

/// None when offline.
pub(super) fn network(gctx: &GlobalContext, config: &Config) -> CargoResult<Option<Network>> {
    if !gctx.network_allowed() {
        return Ok(None);
    }
    let http = gctx.http_config()?;
    let timeout = HttpTimeout::new(gctx)?;
    let mut overrides = vec![
        format!("gitoxide.http.connectTimeout={}", timeout.dur.as_millis()),
        format!("http.lowSpeedLimit={}", timeout.low_speed_limit),
        format!("http.lowSpeedTime={}", timeout.dur.as_secs()),
    ];
    let mut set = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            overrides.push(format!("{key}={value}"));
        }
    };
    set("http.proxy", http.proxy.clone());
    set(
        "http.sslCAInfo",
        http.cainfo
            .as_ref()
            .map(|path| path.resolve_path(gctx).display().to_string()),
    );
    set(
        "http.schannelCheckRevoke",
        http.check_revoke.map(|check| check.to_string()),
    );
    set(
        "http.version",
        http.multiplexing
            .map(|multiplexing| if multiplexing { "HTTP/2" } else { "HTTP/1.1" }.to_owned()),
    );
    match &http.ssl_version {
        None => {}
        Some(SslVersionConfig::Single(version)) => set("http.sslVersion", Some(version.clone())),
        Some(SslVersionConfig::Range(range)) => {
            let or_default = |bound: &Option<String>| {
                Some(bound.clone().unwrap_or_else(|| "default".to_owned()))
            };
            set("gitoxide.http.sslVersionMin", or_default(&range.min));
            set("gitoxide.http.sslVersionMax", or_default(&range.max));
        }
    }
    Ok(Some(Network {
        overrides,
        scratch: config.cache_dir.clone(),
        stop: Default::default(),
    }))
}
