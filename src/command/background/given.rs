//! What the process of a refresh is given of the user's settings: those about the network, and where our cache lies.
//!
//! Workspaces have no say in it, because it runs in none. Tokens, the jobserver and whatever else the environment holds
//! are no business of it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use cargo::util::context::{ConfigValue, Definition};
use cargo::{CargoResult, GlobalContext};
use toml_edit::{Array, Key, Value};

use crate::config::Config;

/// The variables that cargo, curl and the loader need to find the user's home, proxies, certificates and libraries, and
/// what terminals can show.
const VARIABLES: [&str; 29] = [
    "ALL_PROXY",
    "CI",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLORTERM",
    "DYLD_FALLBACK_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "LANGUAGE",
    "LD_LIBRARY_PATH",
    "LOGNAME",
    "NO_COLOR",
    "NO_PROXY",
    "OPENSSL_CONF",
    "PATH",
    "TEMP",
    "TERM",
    "TF_BUILD",
    "TMP",
    "TMPDIR",
    "TZ",
    "USER",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// How the names of further ones begin.
const PREFIXES: [&str; 5] = [
    "CARGO_ADVISORY_",
    "CARGO_HTTP_",
    "CARGO_NET_",
    "CARGO_TERM_",
    "LC_",
];

/// Further ones that hold a path. It may be relative to the folder of the build.
const PATHS: [&str; 6] = [
    "CARGO_HTTP_CAINFO",
    "CARGO_HTTP_PROXY_CAINFO",
    "CURL_CA_BUNDLE",
    "NIX_SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
];

/// The tables of cargo's configuration that say something about a refresh.
const TABLES: [&str; 4] = ["advisory", "http", "net", "term"];

/// Of these, the keys that hold a path.
const PATH_KEYS: [&str; 3] = ["advisory.cache-dir", "http.cainfo", "http.proxy-cainfo"];

/// The key that is passed on as resolved.
const DATABASES: &str = "advisory.databases";

/// The environment, of which only what is listed here is left.
pub(super) fn environment(gctx: &GlobalContext, config: &Config) -> Vec<(OsString, OsString)> {
    #[expect(
        clippy::disallowed_methods,
        reason = "what is passed on is told by how its name begins, and cargo's context lists none"
    )]
    let variables = std::env::vars_os();
    let mut given: Vec<(OsString, OsString)> = variables
        .filter_map(|(name, value)| {
            let known = name.to_str()?;
            if PATHS.contains(&known) {
                return Some((name, absolute(gctx, &value)));
            }
            let is_given = VARIABLES.contains(&known)
                || PREFIXES.iter().any(|prefix| known.starts_with(prefix));
            is_given.then_some((name, value))
        })
        .collect();
    let mut set = |name: &str, path: &Path| {
        given.retain(|(known, _)| known != name);
        given.push((name.into(), path.into()));
    };
    set("CARGO_HOME", gctx.home().as_path_unlocked());
    // Cargo can only read it as text, and so it was if it was configured. Else it lies in that home.
    if config.cache_dir.to_str().is_some() {
        set("CARGO_ADVISORY_CACHE_DIR", &config.cache_dir);
    }
    given
}

fn absolute(gctx: &GlobalContext, path: &OsStr) -> OsString {
    if path.is_empty() {
        return path.to_owned();
    }
    gctx.cwd().join(path).into_os_string()
}

/// What the command line said with `--config`, for the same option.
pub(super) fn config(gctx: &GlobalContext) -> CargoResult<Vec<OsString>> {
    let mut said = Said {
        cwd: gctx.cwd(),
        files: Vec::new(),
        values: Vec::new(),
    };
    let values = gctx.values()?;
    for table in TABLES {
        if let Some(value) = values.get(table) {
            said.collect(&[table], value);
        }
    }
    let files = said.files.into_iter().map(PathBuf::into_os_string);
    // A value goes before a file here too.
    Ok(files
        .chain(said.values.into_iter().map(OsString::from))
        .collect())
}

struct Said<'a> {
    cwd: &'a Path,
    files: Vec<PathBuf>,
    values: Vec<String>,
}

impl Said<'_> {
    fn collect(&mut self, keys: &[&str], value: &ConfigValue) {
        let key = keys.join(".");
        if key == DATABASES {
            return;
        }
        let value = match value {
            ConfigValue::Table(table, _) => {
                let mut entries: Vec<_> = table.iter().collect();
                entries.sort_by_key(|(key, _)| *key);
                for (key, value) in entries {
                    self.collect(&[keys, &[key.as_str()]].concat(), value);
                }
                return;
            }
            ConfigValue::List(list, _) => {
                let typed: Array = list.iter().filter_map(|value| self.typed(value)).collect();
                (!typed.is_empty()).then(|| Value::from(typed))
            }
            other => self.typed(other),
        };
        let Some(mut value) = value else {
            return;
        };
        if let (true, Some(path)) = (PATH_KEYS.contains(&key.as_str()), value.as_str()) {
            value = self.cwd.join(path).to_str().unwrap_or(path).into();
        }
        let keys: Vec<String> = keys.iter().map(|key| Key::new(*key).to_string()).collect();
        self.values.push(format!("{}={value}", keys.join(".")));
    }

    /// A value that was typed. One that is in a file leads to the file being read.
    fn typed(&mut self, value: &ConfigValue) -> Option<Value> {
        match value.definition() {
            Definition::Cli(None) => {}
            Definition::Cli(Some(file)) => {
                if !self.files.contains(file) {
                    self.files.push(file.clone());
                }
                return None;
            }
            Definition::BuiltIn | Definition::Environment(_) | Definition::Path(_) => return None,
        }
        match value {
            ConfigValue::Integer(value, _) => Some((*value).into()),
            ConfigValue::String(value, _) => Some(value.as_str().into()),
            ConfigValue::Boolean(value, _) => Some((*value).into()),
            // Nothing that concerns a refresh is nested like that.
            ConfigValue::List(..) | ConfigValue::Table(..) => None,
        }
    }
}
