//! The network as cargo would use it, so that whoever can build can refresh.
//!
//! They are the user's alone. A workspace that could name a proxy and whom to trust could stand between the user and the
//! databases of every other workspace.

use std::collections::BTreeMap;

use cargo::util::context::ConfigValue;
use cargo::util::network::http::HandleConfiguration;
use cargo::{CargoResult, GlobalContext};

use crate::config::Config;
use crate::database::Network;
use crate::http::Client;
use crate::report::Configured;

/// None when offline. Notes what workspaces say about the network, which does not count. From here on `gctx` has no
/// configuration of theirs.
pub(super) fn network(gctx: &mut GlobalContext, config: &Config) -> CargoResult<Option<Network>> {
    if !gctx.network_allowed() {
        return Ok(None);
    }
    leave_out_workspaces(gctx)?;
    let configuration = HandleConfiguration::new(gctx)?;
    let multiplexing = configuration.multiplexing;
    let client = Client::new(
        move |transfer| {
            configuration.configure2(transfer)?;
            configuration.timeout.configure2(transfer)
        },
        multiplexing,
    );
    Ok(Some(Network {
        client,
        scratch: config.cache_dir.clone(),
        keys: config.snapshot_keys.clone(),
    }))
}

/// Has cargo read its configuration again as in a folder that is in no workspace: the user's own, the environment and the
/// command line are left, and with them values that those of a workspace had hidden.
fn leave_out_workspaces(gctx: &mut GlobalContext) -> CargoResult<()> {
    let with = places(gctx)?;
    let home = gctx.home().as_path_unlocked().to_owned();
    let top = home.ancestors().last().unwrap_or(&home);
    gctx.reload_rooted_at(top)?;
    let without = places(gctx)?;
    let left_out: Vec<String> = with
        .iter()
        .filter(|(key, place)| without.get(*key) != Some(place))
        .map(|(key, place)| format!("`{key}` in `{}`", Configured(place)))
        .collect();
    if !left_out.is_empty() {
        gctx.shell().note(format!(
            "databases are fetched without {}; set it in `{}`, in the environment or with `--config`",
            left_out.join(" and "),
            home.join("config.toml").display()
        ))?;
    }
    Ok(())
}

/// Where files and the command line set something under `http`, by key.
fn places(gctx: &GlobalContext) -> CargoResult<BTreeMap<String, String>> {
    fn collect(key: &str, value: &ConfigValue, places: &mut BTreeMap<String, String>) {
        match value {
            ConfigValue::Table(table, _) => {
                for (name, value) in table {
                    let name = Configured(name);
                    collect(&format!("{key}.{name}"), value, places);
                }
            }
            other => {
                places.insert(key.to_owned(), other.definition().to_string());
            }
        }
    }
    let mut places = BTreeMap::new();
    if let Some(http) = gctx.values()?.get("http") {
        collect("http", http, &mut places);
    }
    Ok(places)
}
