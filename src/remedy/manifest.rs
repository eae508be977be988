//! The lines of manifests that require something: where they are, and what they should say.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use cargo::CargoResult;
use cargo::core::{Dependency, Package, Workspace};
use semver::{Op, Version, VersionReq};
use toml_edit::Item;

use super::Edit;

/// Where a requirement is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub manifest: PathBuf,
    /// Counted from 1.
    pub line: usize,
    /// The tables and the key of the dependency.
    pub key: Vec<String>,
    pub requirement: String,
}

impl Place {
    pub fn edit(self, root: &Path, to: String) -> Edit {
        Edit {
            manifest: super::search::shown(&self.manifest, root).to_owned(),
            line: self.line,
            key: self.key,
            from: self.requirement,
            to,
        }
    }
}

/// A place that switches features of a dependency on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switches {
    pub manifest: PathBuf,
    /// Counted from 1. That of the features where they have one of their own.
    pub line: usize,
    /// The tables and the key of the dependency.
    pub key: Vec<String>,
    /// As they are named.
    pub features: Vec<String>,
    /// It says `default-features = true` in so many words.
    pub asks_for_default: bool,
}

/// The table and the key of a package's own default features.
pub const DEFAULT_FEATURES: [&str; 2] = ["features", "default"];

/// The manifests of a workspace, read once, with the edits made to them so far.
#[derive(Debug, Default)]
pub struct Manifests {
    texts: RefCell<BTreeMap<PathBuf, String>>,
    changed: BTreeSet<PathBuf>,
}

impl Manifests {
    /// Finds what makes `member` depend on `dep`, in its manifest or, with `workspace = true`, in the workspace's. None
    /// for a dependency without a requirement, and for one that stands where cargo would not write it.
    ///
    /// # Errors
    ///
    /// When a manifest cannot be read.
    pub fn locate(
        &self,
        ws: &Workspace<'_>,
        member: &Package,
        dep: &Dependency,
    ) -> CargoResult<Option<Place>> {
        let mut manifest = member.manifest_path();
        let mut key = dep.toml_path();
        let Some(mut entry) = self.entry(manifest, &key)? else {
            return Ok(None);
        };
        if entry.inherited {
            let name = key.pop().unwrap_or_default();
            key = vec!["workspace".to_owned(), "dependencies".to_owned(), name];
            manifest = ws.root_manifest();
            match self.entry(manifest, &key)? {
                Some(found) => entry = found,
                None => return Ok(None),
            }
        }
        Ok(entry.requirement.map(|requirement| Place {
            manifest: manifest.to_owned(),
            line: entry.line,
            key,
            requirement,
        }))
    }

    /// Finds what switches on the features of `dep` in `member`: its manifest, and behind it, with `workspace = true`, the
    /// workspace's, for the features of both count.
    ///
    /// # Errors
    ///
    /// When a manifest cannot be read.
    pub fn switches(
        &self,
        ws: &Workspace<'_>,
        member: &Package,
        dep: &Dependency,
    ) -> CargoResult<Vec<Switches>> {
        let key = dep.toml_path();
        let mut found = Vec::new();
        let mut add = |manifest: &Path, key: Vec<String>| -> CargoResult<bool> {
            let Some(entry) = self.entry(manifest, &key)? else {
                return Ok(false);
            };
            found.push(Switches {
                manifest: manifest.to_owned(),
                line: entry.features_line,
                key,
                features: entry.features,
                asks_for_default: entry.asks_for_default,
            });
            Ok(entry.inherited)
        };
        let name = key.last().cloned().unwrap_or_default();
        if add(member.manifest_path(), key)? {
            let key = vec!["workspace".to_owned(), "dependencies".to_owned(), name];
            add(ws.root_manifest(), key)?;
        }
        Ok(found)
    }

    /// The line of the default features of `member`, where it has any.
    ///
    /// # Errors
    ///
    /// When its manifest cannot be read.
    pub fn default_features_line(&self, member: &Package) -> CargoResult<Option<usize>> {
        let key = DEFAULT_FEATURES.map(str::to_owned);
        let entry = self.entry(member.manifest_path(), &key)?;
        Ok(entry.map(|entry| entry.line))
    }

    /// Makes `edit`.
    ///
    /// # Errors
    ///
    /// When the manifest is not what it was when the remedy was found.
    pub fn apply(&mut self, root: &Path, edit: &Edit) -> CargoResult<()> {
        let path = root.join(&edit.manifest);
        let changed = apply(&self.text(&path)?, edit)
            .with_context(|| format!("failed to change `{}`", path.display()))?;
        self.texts.get_mut().insert(path.clone(), changed);
        self.changed.insert(path);
        Ok(())
    }

    /// The manifests that were changed, each with its new text.
    pub fn changed(&self) -> BTreeMap<PathBuf, String> {
        let texts = self.texts.borrow();
        let changed = self.changed.iter();
        changed
            .map(|path| (path.clone(), texts[path].clone()))
            .collect()
    }

    fn entry(&self, manifest: &Path, key: &[String]) -> CargoResult<Option<Entry>> {
        let text = self.text(manifest)?;
        entry(&text, key).with_context(|| format!("failed to read `{}`", manifest.display()))
    }

    fn text(&self, path: &Path) -> CargoResult<String> {
        if let Some(text) = self.texts.borrow().get(path) {
            return Ok(text.clone());
        }
        let text = fs::read_to_string(path)
            .with_context(|| format!("failed to read `{}`", path.display()))?;
        let mut texts = self.texts.borrow_mut();
        Ok(texts.entry(path.to_owned()).or_insert(text).clone())
    }
}

/// A dependency in the text of a manifest.
struct Entry {
    line: usize,
    inherited: bool,
    requirement: Option<String>,
    features_line: usize,
    features: Vec<String>,
    asks_for_default: bool,
}

fn entry(text: &str, key: &[String]) -> CargoResult<Option<Entry>> {
    let document = toml_edit::Document::parse(text)?;
    let mut item = document.as_item();
    let mut start = None;
    for part in key {
        let found = item
            .as_table_like()
            .and_then(|table| table.get_key_value(part));
        let Some((name, next)) = found else {
            return Ok(None);
        };
        start = name.span().or(next.span()).or(start);
        item = next;
    }
    let table = item.as_table_like();
    // The line of the value itself, where it has one of its own.
    let line = |value: Option<&Item>| {
        let start = value.and_then(Item::span).or(start.clone());
        let before = text.get(..start.map_or(0, |span| span.start));
        before.unwrap_or(text).matches('\n').count() + 1
    };
    let field = |key: &str| table.and_then(|table| table.get(key));
    let features = field("features");
    let named = features.and_then(Item::as_array).into_iter().flatten();
    Ok(Some(Entry {
        line: line(field("version")),
        inherited: is_inherited(item),
        requirement: requirement(item),
        features_line: line(features),
        features: named
            .filter_map(|feature| feature.as_str().map(str::to_owned))
            .collect(),
        asks_for_default: ["default-features", "default_features"]
            .into_iter()
            .any(|key| field(key).and_then(Item::as_bool) == Some(true)),
    }))
}

fn is_inherited(item: &Item) -> bool {
    item.as_table_like()
        .and_then(|table| table.get("workspace"))
        .is_some()
}

fn requirement(item: &Item) -> Option<String> {
    let version = match item.as_table_like() {
        Some(table) => table.get("version")?,
        None => item,
    };
    version.as_str().map(str::to_owned)
}

/// The requirement that takes the place of `old` so that `version` and what is compatible with it meet it, and nothing
/// before it does. Keeps the operator where that says so: an exact requirement stays exact.
pub fn requirement_for(text: &str, old: &VersionReq, version: &Version) -> String {
    let number = Version {
        build: semver::BuildMetadata::EMPTY,
        ..version.clone()
    };
    match old.comparators.as_slice() {
        [one] if one.op == Op::Exact => format!("={number}"),
        [one] if one.op == Op::Tilde => format!("~{number}"),
        [one] if one.op == Op::GreaterEq => format!(">={number}"),
        [one] if one.op == Op::Caret && text.trim_start().starts_with('^') => format!("^{number}"),
        _ => number.to_string(),
    }
}

/// Writes `edit` into the text of its manifest, and keeps every other byte of it.
fn apply(text: &str, edit: &Edit) -> CargoResult<String> {
    let document = toml_edit::Document::parse(text)?;
    let mut item = document.as_item();
    for part in &edit.key {
        item = item
            .as_table_like()
            .and_then(|table| table.get(part))
            .with_context(|| format!("there is no `{}` any more", edit.key.join(".")))?;
    }
    let value = match item.as_table_like() {
        Some(table) => table.get("version"),
        None => Some(item),
    };
    let place = value
        .filter(|value| value.as_str() == Some(&edit.from))
        .and_then(Item::span)
        .with_context(|| format!("`{}` is not `{}` any more", edit.key.join("."), edit.from))?;
    let quote = match text.as_bytes()[place.start] {
        b'\'' => '\'',
        _ => '"',
    };
    let (before, after) = (&text[..place.start], &text[place.end..]);
    Ok(format!("{before}{quote}{}{quote}{after}", edit.to))
}
