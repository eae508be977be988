//! The files of a workspace that hold ignores.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use cargo::core::Workspace;
use cargo::{CargoResult, GlobalContext};
use cargo_util::paths;

use super::about;
use super::edit::{self, Entry};
use crate::ignore::Ignore;

const IN_CONFIG: edit::Path = &["advisory"];
const IN_MANIFEST: edit::Path = &["workspace", "metadata", "advisory"];

/// The files that belong to a workspace.
pub(super) struct Files {
    config: File,
    manifest: File,
}

impl Files {
    /// Reads them: the configuration beside the workspace's Cargo.toml, and that Cargo.toml.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read.
    pub(super) fn open(ws: &Workspace<'_>) -> CargoResult<Files> {
        let root = ws.root();
        let config = config_in(&root.join(".cargo"));
        Ok(Files {
            config: File::open(config, root, IN_CONFIG)?,
            manifest: File::open(ws.root_manifest().to_owned(), root, IN_MANIFEST)?,
        })
    }

    pub(super) fn all_mut(&mut self) -> [&mut File; 2] {
        [&mut self.config, &mut self.manifest]
    }

    /// The one that new entries go into: Cargo.toml where it configures advisories already.
    pub(super) fn target(&mut self) -> &mut File {
        match edit::has_table(&self.manifest.text, IN_MANIFEST) {
            Ok(true) => &mut self.manifest,
            _ => &mut self.config,
        }
    }

    /// Writes those that have changed.
    ///
    /// # Errors
    ///
    /// When one may not be written. Then none is.
    pub(super) fn save(&self) -> CargoResult<()> {
        let changed: Vec<&File> = [&self.config, &self.manifest]
            .into_iter()
            .filter(|file| file.text != file.before.as_deref().unwrap_or_default())
            .collect();
        for file in &changed {
            file.refuse_unwritable()?;
        }
        for file in &changed {
            file.save()?;
        }
        Ok(())
    }
}

/// One file.
pub(super) struct File {
    /// As messages name it: within the workspace from its root.
    pub(super) shown: String,
    pub(super) path: PathBuf,
    table: edit::Path,
    /// As it was read. None where there was no file.
    before: Option<String>,
    text: String,
}

impl File {
    fn open(path: PathBuf, root: &Path, table: edit::Path) -> CargoResult<File> {
        let shown = path.strip_prefix(root).unwrap_or(&path);
        let shown = shown.display().to_string();
        let before = match fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => None,
            Err(error) => {
                return Err(error).with_context(|| format!("failed to read `{}`", path.display()));
            }
        };
        Ok(File {
            shown,
            path,
            table,
            text: before.clone().unwrap_or_default(),
            before,
        })
    }

    /// Whether it is the user's own file, as where the home folder is a workspace.
    pub(super) fn is_users(&self, gctx: &GlobalContext) -> bool {
        let folder = self.path.parent();
        folder.is_some_and(|folder| folder == gctx.home().as_path_unlocked())
    }

    /// The entries, in order.
    ///
    /// # Errors
    ///
    /// When one of them is not what it should be.
    pub(super) fn entries(&self) -> CargoResult<Vec<Entry>> {
        edit::entries(&self.text, self.table).map_err(|error| about(&self.shown, &error))
    }

    pub(super) fn add(&mut self, entry: &Ignore) -> CargoResult<()> {
        self.change(|text, table| edit::add(text, table, entry))
    }

    pub(super) fn replace(&mut self, position: usize, entry: &Ignore) -> CargoResult<()> {
        self.change(|text, table| edit::replace(text, table, position, entry))
    }

    pub(super) fn remove(&mut self, position: usize) -> CargoResult<()> {
        self.change(|text, table| edit::remove(text, table, position))
    }

    fn change(
        &mut self,
        change: impl FnOnce(&str, edit::Path) -> anyhow::Result<String>,
    ) -> CargoResult<()> {
        self.text = change(&self.text, self.table).map_err(|error| about(&self.shown, &error))?;
        Ok(())
    }

    /// Renaming alone would replace a file that was made read-only.
    fn refuse_unwritable(&self) -> CargoResult<()> {
        if self.before.is_some() {
            OpenOptions::new()
                .write(true)
                .open(&self.path)
                .with_context(|| self.failed())?;
        }
        Ok(())
    }

    fn save(&self) -> CargoResult<()> {
        if self.before.is_none() {
            let folder = self.path.parent().context("a file has a folder")?;
            paths::create_dir_all(folder)?;
            return paths::write(&self.path, &self.text);
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "a link stays: the file that it leads to is replaced"
        )]
        let path = fs::canonicalize(&self.path).with_context(|| self.failed())?;
        paths::write_atomic(&path, &self.text).with_context(|| self.failed())
    }

    fn failed(&self) -> String {
        format!("failed to write `{}`", self.path.display())
    }
}

/// The files of cargo's configuration that serve other workspaces too: those of the folders around it, and the user's own.
///
/// # Errors
///
/// When one of them cannot be read.
pub(super) fn elsewhere(gctx: &GlobalContext, ws: &Workspace<'_>) -> CargoResult<Vec<File>> {
    let home = gctx.home().as_path_unlocked();
    let around = paths::ancestors(ws.root(), None).skip(1);
    let mut folders: Vec<PathBuf> = around.map(|folder| folder.join(".cargo")).collect();
    if !folders.iter().any(|folder| folder == home) {
        folders.push(home.to_owned());
    }
    folders
        .iter()
        .map(|folder| File::open(config_in(folder), Path::new(""), IN_CONFIG))
        .collect()
}

/// The file of cargo's configuration in a folder, of which cargo too takes the old name first.
fn config_in(folder: &Path) -> PathBuf {
    let old = folder.join("config");
    match old.exists() {
        true => old,
        false => folder.join("config.toml"),
    }
}
