//! What the lockfiles that were seen lately name, by the registry that each package comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use cargo_util_schemas::manifest::PackageName;
use semver::Version;

use super::seen::Seen;
use crate::advisory::Registry;
use crate::graph::{Graph, lockfile};
use crate::yank::MOST_REGISTRIES;

/// How many packages are asked about.
pub const MOST_PACKAGES: usize = 5000;
/// Bytes of a name, as crates.io has it.
const MOST_NAME: usize = 64;
/// Bytes of what names a registry.
const MOST_SOURCE: usize = 1024;
/// Bytes of a lockfile that is read here. One with 5,000 packages has 1.5 million.
const MOST_LENGTH: u64 = 2 * 1024 * 1024;
/// Bytes of all of them: a hundred of projects with 500 packages.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// The locked versions of packages, by name.
pub type Packages = BTreeMap<String, BTreeSet<Version>>;

/// The packages of these lockfiles, of which the first count most, by registry. `concerns` tells whether a registry may be
/// asked about the packages of a lockfile.
///
/// A lockfile that is gone or cannot be read is passed over: whoever builds there hears of it from cargo. So is one that is
/// longer than any project's, or that does not fit into what is read of all together: others write lockfiles too, and reading
/// them takes time and memory from the refresh.
pub fn packages(
    lockfiles: &[Seen],
    concerns: impl Fn(&Seen, &Registry) -> bool,
) -> BTreeMap<Registry, Packages> {
    let mut locked: BTreeMap<Registry, Packages> = BTreeMap::new();
    let mut left = MOST_PACKAGES;
    let mut bytes_left = MOST_BYTES;
    for seen in lockfiles {
        let Some(graph) = read(&seen.path, &mut bytes_left) else {
            continue;
        };
        for package in graph.packages {
            let Some(registry) = &package.source.registry else {
                continue;
            };
            let is_sound = is_name(&package.name) && registry.name().len() <= MOST_SOURCE;
            if !is_sound || !concerns(seen, registry) {
                continue;
            }
            if !locked.contains_key(registry) && locked.len() >= MOST_REGISTRIES / 2 {
                continue;
            }
            let of = locked.entry(registry.clone()).or_default();
            let versions = match of.get_mut(&package.name) {
                Some(versions) => versions,
                None if left == 0 => continue,
                None => {
                    left -= 1;
                    of.entry(package.name).or_default()
                }
            };
            versions.insert(package.version);
        }
    }
    locked.retain(|_, packages| !packages.is_empty());
    locked
}

/// Reads a lockfile of at most [`MOST_LENGTH`] and `left` bytes, of which it takes its own.
fn read(path: &Path, left: &mut u64) -> Option<Graph> {
    let limit = MOST_LENGTH.min(*left);
    // A pipe would never end.
    let meta = fs::metadata(path).ok()?;
    if !meta.is_file() || meta.len() > limit {
        return None;
    }
    let mut content = Vec::new();
    let file = File::open(path).ok()?;
    file.take(limit).read_to_end(&mut content).ok()?;
    *left -= content.len() as u64;
    lockfile::parse(&content, "Cargo.lock", "").ok()
}

/// Whether a registry can have a package of this name, which becomes a part of a URL: cargo's rule and, as in registries,
/// plain ASCII of a certain length.
fn is_name(name: &str) -> bool {
    name.is_ascii() && name.len() <= MOST_NAME && PackageName::new(name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(folder: &Path, name: &str, text: &str) -> Seen {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        Seen {
            path,
            crates_io: None,
        }
    }

    fn package(name: &str, version: &str, source: &str) -> String {
        format!("[[package]]\nname = {name:?}\nversion = \"{version}\"\nsource = \"{source}\"\n")
    }

    const R: &str = "sparse+https://r.example/";

    #[test]
    fn packages_are_told_by_the_registry_that_their_lockfile_names() {
        let folder = tempfile::tempdir().unwrap();
        let one = seen(
            folder.path(),
            "one",
            &[
                package(
                    "a",
                    "1.0.0",
                    "registry+https://github.com/rust-lang/crates.io-index",
                ),
                package("a", "2.0.0", R),
                package("g", "1.0.0", "git+https://g.example/g.git#0123"),
                "[[package]]\nname = \"own\"\nversion = \"1.0.0\"\n".to_owned(),
            ]
            .concat(),
        );
        let two = seen(folder.path(), "two", &package("a", "2.1.0", R));
        let gone = Seen {
            path: folder.path().join("gone"),
            crates_io: None,
        };

        let locked = packages(&[one, gone, two], |_, _| true);

        let told: Vec<String> = locked
            .iter()
            .flat_map(|(registry, packages)| {
                packages.iter().map(move |(name, versions)| {
                    let versions: Vec<_> = versions.iter().map(Version::to_string).collect();
                    format!("{registry:?} {name} {}", versions.join(" "))
                })
            })
            .collect();
        assert_eq!(
            told,
            ["CratesIo a 1.0.0", &format!("Other({R:?}) a 2.0.0 2.1.0")]
        );
    }

    #[test]
    fn what_is_no_name_is_never_asked_about() {
        let folder = tempfile::tempdir().unwrap();
        for (place, name) in [
            "../../a",
            "a/b",
            "a?b",
            "a#b",
            "a b",
            "",
            ".",
            "..",
            "a\\b",
            "a%2e",
            "\u{e4}",
            "1a",
            "a\nb",
            &"a".repeat(65),
        ]
        .into_iter()
        .enumerate()
        {
            let seen = seen(
                folder.path(),
                &place.to_string(),
                &package(name, "1.0.0", R),
            );
            assert!(packages(&[seen], |_, _| true).is_empty(), "{name:?}");
        }
    }

    #[test]
    fn there_is_an_end_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let text = |start| -> String {
            (start..start + MOST_PACKAGES)
                .map(|number| package(&format!("a{number}"), "1.0.0", R))
                .collect()
        };
        let lockfiles = [
            seen(folder.path(), "one", &text(0)),
            seen(folder.path(), "two", &text(7)),
        ];

        let locked = packages(&lockfiles, |_, _| true);

        let packages = &locked[&Registry::Other(R.to_owned())];
        assert_eq!(packages.len(), MOST_PACKAGES);
        assert!(packages.contains_key("a0") && !packages.contains_key("a5000"));
    }

    /// A lockfile with one package, `length` bytes long.
    fn long(folder: &Path, name: &str, length: u64) -> Seen {
        let text = package(name, "1.0.0", R);
        let filling = length as usize - text.len() - 3;
        seen(folder, name, &format!("# {}\n{text}", "x".repeat(filling)))
    }

    #[test]
    fn a_lockfile_that_is_longer_than_any_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let lockfiles = [
            long(folder.path(), "more", MOST_LENGTH + 1),
            long(folder.path(), "most", MOST_LENGTH),
        ];

        let locked = packages(&lockfiles, |_, _| true);

        let packages = &locked[&Registry::Other(R.to_owned())];
        assert!(packages.keys().eq(["most"]), "{packages:?}");
    }

    #[test]
    fn the_last_lockfiles_are_read_until_it_is_enough() {
        let folder = tempfile::tempdir().unwrap();
        let mut lockfiles: Vec<Seen> = (0..MOST_BYTES / MOST_LENGTH)
            .map(|number| long(folder.path(), &format!("long{number}"), MOST_LENGTH - 100))
            .collect();
        lockfiles.push(long(folder.path(), "over", 1000));
        lockfiles.push(long(folder.path(), "short", 200));

        let locked = packages(&lockfiles, |_, _| true);

        let packages = &locked[&Registry::Other(R.to_owned())];
        assert!(packages.contains_key("long0") && packages.contains_key("long7"));
        assert!(!packages.contains_key("over") && packages.contains_key("short"));
    }

    #[test]
    fn what_names_a_registry_has_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let source = format!("{R}{}/", "x".repeat(MOST_SOURCE));
        let seen = seen(folder.path(), "one", &package("a", "1.0.0", &source));
        assert!(packages(&[seen], |_, _| true).is_empty());
    }
}
