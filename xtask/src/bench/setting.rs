//! What the figures are made with: programs, a package to build, data, and an environment that is always the same.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::Options;
use crate::product::{self, Profile};
use crate::source_tree::SourceTree;
use crate::{fork, process};

/// The lockfile that is checked alone.
pub const LOCKFILE: &str = "nu-0.44.0.lock";

const LIBRARIES: &str = "LD_LIBRARY_PATH";

pub struct Setting {
    /// Our cargo.
    pub ours: PathBuf,
    /// The cargo of the installed toolchain, without rustup in front of it.
    pub official: PathBuf,
    /// Where everything is put that is made for the figures.
    pub folder: PathBuf,
    /// Upstream's own package, unchanged.
    pub package: PathBuf,
    /// RustSec's database.
    pub database: PathBuf,
    /// A folder of lockfiles.
    pub lockfiles: PathBuf,
    toolchain: Option<String>,
}

impl Setting {
    /// Makes or finds all of it.
    pub fn prepare(options: &Options) -> Result<Setting> {
        let (database, lockfiles) = data()?;
        let toolchain = match env::var("RUSTUP_TOOLCHAIN") {
            Ok(name) => Some(name),
            Err(_) => product::active_toolchain()?,
        };
        let official = official()?;
        let ours = match &options.binary {
            Some(binary) => binary
                .canonicalize()
                .with_context(|| format!("there is no `{}`", binary.display()))?,
            None => {
                super::say("build our cargo");
                product::build(Profile::Release)?
            }
        };
        let folder = process::target("bench");
        let tree = SourceTree::new(folder.join("cargo"));
        fork::ensure_pristine(&tree)?;
        let setting = Setting {
            ours,
            official,
            package: tree.folder().to_path_buf(),
            folder,
            database,
            lockfiles,
            toolchain,
        };
        setting.update(&setting.database)?;
        Ok(setting)
    }

    /// `program`, in the environment of the shell that `cargo xtask` was typed in, but for what would change a figure.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder);
        process::remove_set_by_cargo_run(&mut command);
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(is_ours) {
                command.env_remove(name);
            }
        }
        match self.libraries() {
            Some(path) => command.env(LIBRARIES, path),
            None => command.env_remove(LIBRARIES),
        };
        if let Some(toolchain) = &self.toolchain {
            command.env("RUSTUP_TOOLCHAIN", toolchain);
        }
        command
    }

    /// Where libraries are searched first, without the folders that `cargo run` has put there: a search in vain costs
    /// the official cargo time.
    fn libraries(&self) -> Option<OsString> {
        let sysroot = self.official.parent()?.parent()?;
        let path = env::var_os(LIBRARIES)?;
        let folders = env::split_paths(&path)
            .filter(|folder| !folder.starts_with(process::root()) && !folder.starts_with(sysroot));
        let path = env::join_paths(folders).ok()?;
        (!path.is_empty()).then_some(path)
    }

    /// Has `command`, which runs our cargo, take its advisories from `database`.
    pub fn with_advisories(&self, command: &mut Command, database: &Path) {
        command
            .env("CARGO_ADVISORY_DATABASES", database)
            .env("CARGO_ADVISORY_CACHE_DIR", self.folder.join("advisory"));
    }

    /// Makes the index of `database`.
    pub fn update(&self, database: &Path) -> Result<()> {
        let mut update = self.command(&self.ours);
        update.args(["advisory", "update", "--quiet"]);
        self.with_advisories(&mut update, database);
        process::run(&mut update, "`cargo advisory update`")
    }
}

/// The folder of the real data, from `ADVISORY_TEST_DATA` or beside the repository.
pub fn data_folder() -> PathBuf {
    env::var_os("ADVISORY_TEST_DATA")
        .map_or_else(|| process::root().join("../shared/data"), PathBuf::from)
}

/// The real database and lockfiles.
fn data() -> Result<(PathBuf, PathBuf)> {
    let folder = data_folder();
    let (database, lockfiles) = (folder.join("advisory-db"), folder.join("lockfiles"));
    ensure!(
        database.join("crates").is_dir() && lockfiles.join(LOCKFILE).is_file(),
        "the figures need real advisories and lockfiles; set ADVISORY_TEST_DATA to a folder that has RustSec's \
         database as `advisory-db`, and Nushell 0.44.0's Cargo.lock as `lockfiles/{}`",
        LOCKFILE
    );
    let real = |path: PathBuf| {
        path.canonicalize()
            .with_context(|| format!("could not find `{}`", path.display()))
    };
    Ok((real(database)?, real(lockfiles)?))
}

fn official() -> Result<PathBuf> {
    let mut rustc = Command::new("rustc");
    rustc
        .args(["--print", "sysroot"])
        .current_dir(process::root());
    let sysroot = process::stdout(&mut rustc)?;
    let official = Path::new(&sysroot)
        .join("bin/cargo")
        .with_extension(env::consts::EXE_EXTENSION);
    ensure!(
        official.is_file(),
        "there is no cargo in the toolchain of `rustc`, to compare ours with"
    );
    let commands = process::stdout(Command::new(&official).arg("--list"))?;
    ensure!(
        !commands.contains("security advisories and yanked versions"),
        "the cargo of the toolchain in use is ours; run `cargo xtask bench` with another toolchain"
    );
    Ok(official)
}

fn is_ours(name: &str) -> bool {
    name.starts_with("CARGO_ADVISORY_") || name == "CARGO_TARGET_DIR"
}
