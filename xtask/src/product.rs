//! Our cargo: making its source, choosing its features, building it.

use std::env;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::{fork, process};

/// How much time a build may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Profile {
    /// Unoptimised, for tests and the demo.
    Fast,
    /// All of the release profile, everything linked statically.
    Release,
}

impl Profile {
    /// The profile that the flag `--fast` stands for.
    pub fn new(fast: bool) -> Profile {
        if fast {
            Profile::Fast
        } else {
            Profile::Release
        }
    }
}

/// `cargo xtask build`: builds and prints the path of the binary.
pub fn run(profile: Profile) -> Result<()> {
    println!("{}", build(profile)?.display());
    Ok(())
}

/// Builds our cargo. Returns the binary's path.
pub fn build(profile: Profile) -> Result<PathBuf> {
    let mut command = cargo("build", &[])?;
    command.args(["--bin", "cargo"]);
    if profile == Profile::Release {
        command.args(["--release", "--features=all-static"]);
        if let Some(date) = commit_date()
            && env::var_os("SOURCE_DATE_EPOCH").is_none()
        {
            command.env("SOURCE_DATE_EPOCH", date);
        }
    }
    find(&artifacts(&mut command)?, "cargo")
}

/// Something executable that cargo has built.
pub struct Artifact {
    /// The target's name.
    pub name: String,
    /// Its path.
    pub path: PathBuf,
}

/// Runs `command`, a build, and shows its messages but for warnings about upstream's tests, which are not ours to mend.
/// Returns the executables that it has built.
pub fn artifacts(command: &mut Command) -> Result<Vec<Artifact>> {
    let format = match io::stderr().is_terminal() {
        true => "json-diagnostic-rendered-ansi",
        false => "json",
    };
    let output = command
        .arg(format!("--message-format={format}"))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("could not start cargo")?;
    let mut artifacts = Vec::new();
    for line in output.stdout.split(|byte| *byte == b'\n') {
        match serde_json::from_slice(line) {
            Ok(Message::Diagnostic { message, target })
                if message.level != "warning" || target.name != "upstream" =>
            {
                eprint!("{}", message.rendered);
            }
            Ok(Message::Artifact {
                target,
                executable: Some(path),
            }) => {
                artifacts.push(Artifact {
                    name: target.name,
                    path,
                });
            }
            _ => {}
        }
    }
    ensure!(output.status.success(), "our cargo does not build");
    Ok(artifacts)
}

/// The path of the executable `name`.
pub fn find(artifacts: &[Artifact], name: &str) -> Result<PathBuf> {
    let found = artifacts.iter().find(|artifact| artifact.name == name);
    let found = found.with_context(|| format!("cargo did not say where it has put `{name}`"))?;
    Ok(found.path.clone())
}

/// A line of cargo's JSON.
#[derive(Deserialize)]
#[serde(tag = "reason")]
enum Message {
    #[serde(rename = "compiler-artifact")]
    Artifact {
        target: Target,
        executable: Option<PathBuf>,
    },
    #[serde(rename = "compiler-message")]
    Diagnostic { target: Target, message: Diagnostic },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    rendered: String,
}

/// The installed cargo's subcommand `subcommand` for our package, whose patched source is made first, with these
/// features and those that this machine needs.
///
/// Every chore goes through it, so that all share one set of features and nothing is built twice.
pub fn cargo(subcommand: &str, features: &[&str]) -> Result<Command> {
    fork::ensure()?;
    let mut command = process::cargo();
    command.arg(subcommand);
    for config in workspace_patches(fork::tree().folder())? {
        command.args(["--config", &config]);
    }
    let vendored = (!has_openssl()).then_some("vendored-openssl");
    for feature in features.iter().copied().chain(vendored) {
        command.args(["--features", feature]);
    }
    Ok(command)
}

/// When the commit that is checked out was made, in seconds since 1970: the same for whoever builds it. None without git,
/// and where the commit is dated ahead of the clock, because a binary does not believe clocks that lie before its date.
fn commit_date() -> Option<String> {
    let mut git = Command::new("git");
    git.args(["log", "-1", "--format=%ct"]);
    git.current_dir(process::root()).stderr(Stdio::null());
    let date = String::from_utf8(git.output().ok()?.stdout).ok()?;
    let seconds = Duration::from_secs(date.trim().parse().ok()?);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    (seconds <= now).then(|| seconds.as_secs().to_string())
}

/// Our cargo as a user would run it: as part of a toolchain.
///
/// Without `RUSTUP_TOOLCHAIN` the `rustc` of rustup would obey the toolchain file of each dependency.
pub fn ours(binary: &Path) -> Result<Command> {
    let mut command = Command::new(binary);
    if env::var_os("RUSTUP_TOOLCHAIN").is_none()
        && let Some(toolchain) = active_toolchain()?
    {
        command.env("RUSTUP_TOOLCHAIN", toolchain);
    }
    Ok(command)
}

/// The name of rustup's active toolchain, if rustup is there.
pub fn active_toolchain() -> Result<Option<String>> {
    let mut rustup = Command::new("rustup");
    rustup
        .args(["show", "active-toolchain"])
        .current_dir(process::root());
    match rustup.stderr(Stdio::null()).output() {
        Ok(output) if output.status.success() => {
            let line = String::from_utf8(output.stdout).context("in the answer of rustup")?;
            let name = line.split(" (").next().unwrap_or_default().trim();
            Ok((!name.is_empty()).then(|| name.to_string()))
        }
        _ => Ok(None),
    }
}

/// Whether OpenSSL's headers are where `openssl-sys` would find them; otherwise OpenSSL is built with ours.
pub fn has_openssl() -> bool {
    let set = |name: &str| env::var_os(name).is_some();
    if !cfg!(unix) || cfg!(target_vendor = "apple") {
        // The system's own TLS is used there.
        return true;
    }
    if set("OPENSSL_NO_VENDOR") || set("OPENSSL_DIR") || set("OPENSSL_INCLUDE_DIR") {
        return true;
    }
    let pkg_config = env::var_os("PKG_CONFIG").unwrap_or_else(|| "pkg-config".into());
    let found = Command::new(pkg_config)
        .args(["--exists", "openssl"])
        .status();
    match found {
        Ok(status) if status.success() => true,
        _ => !cfg!(target_os = "linux") && Path::new("/usr/include/openssl/ssl.h").exists(),
    }
}

/// Configuration that takes upstream's other packages from the patched source as well, where it is a whole repository:
/// our cargo and its library must be built with the same ones.
fn workspace_patches(tree: &Path) -> Result<Vec<String>> {
    let mut patches = Vec::new();
    for folder in ["crates", "credential"] {
        let Ok(entries) = fs::read_dir(tree.join(folder)) else {
            continue;
        };
        for entry in entries {
            let folder = entry?.path();
            let Ok(manifest) = fs::read_to_string(folder.join("Cargo.toml")) else {
                continue;
            };
            let manifest: Manifest = toml::from_str(&manifest)
                .with_context(|| format!("in `{}/Cargo.toml`", process::short(&folder)))?;
            let path = toml::Value::from(folder.display().to_string());
            patches.push(format!(
                "patch.crates-io.{}.path={path}",
                manifest.package.name
            ));
        }
    }
    patches.sort();
    Ok(patches)
}

#[derive(Deserialize)]
struct Manifest {
    package: ManifestPackage,
}

#[derive(Deserialize)]
struct ManifestPackage {
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_repository_is_taken_as_a_whole() {
        let tree = tempfile::tempdir().unwrap();
        assert!(workspace_patches(tree.path()).unwrap().is_empty());
        let folder = tree.path().join("crates/util");
        fs::create_dir_all(&folder).unwrap();
        fs::write(
            folder.join("Cargo.toml"),
            "[package]\nname = \"cargo-util\"\n",
        )
        .unwrap();
        let patches = workspace_patches(tree.path()).unwrap();
        let expected = format!("patch.crates-io.cargo-util.path=\"{}\"", folder.display());
        assert_eq!(patches, [expected]);
    }
}
