//! The graph of a Cargo.lock alone, of any version, without its workspace.

mod plain;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io::Read as _;
use std::ops::RangeInclusive;
use std::path::Path;
use std::rc::Rc;

use anyhow::{Context as _, anyhow, bail};
use cargo::sources::CRATES_IO_INDEX;
use cargo::sources::registry::CRATES_IO_HTTP_INDEX;
use semver::Version;
use serde::Deserialize;

use super::{Edge, Graph, Package, Source, Yanked};
use crate::advisory::Registry;
use crate::report::{Configured, Untrusted};

/// The versions of the format. What a later one would mean nobody knows yet.
const KNOWN: RangeInclusive<i64> = 1..=4;

/// What most lockfiles that cannot be read are mended with.
const NEW: &str = "`cargo generate-lockfile` makes a new one";

/// Bytes of a lockfile. A package takes some 300 of them.
pub const MAX_LENGTH: u64 = 16 * 1024 * 1024;

/// The packages that the lockfile at `path` names.
///
/// # Errors
///
/// Names `path` when it cannot be read, is longer than [`MAX_LENGTH`], is no lockfile, or names no package at all: a
/// wrong file must never read as "nothing found".
pub fn read(path: &Path) -> anyhow::Result<Graph> {
    let mut content = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_LENGTH + 1).read_to_end(&mut content))
        .map_err(|error| anyhow!("{error}; name the Cargo.lock of a package or workspace; {NEW}"))
        .and_then(|_| graph_of(&content, NEW))
        .with_context(|| failed_to_read(&path.display().to_string()))
}

/// The packages that a lockfile with this content names. Messages call it `name`, and end in how to mend it.
///
/// # Errors
///
/// As [`read`].
pub fn parse(content: &[u8], name: &str, mend: &str) -> anyhow::Result<Graph> {
    graph_of(content, mend).with_context(|| failed_to_read(name))
}

fn failed_to_read(name: &str) -> String {
    format!("failed to read `{}` as a Cargo.lock", Configured(name))
}

fn graph_of(content: &[u8], mend: &str) -> anyhow::Result<Graph> {
    if content.len() as u64 > MAX_LENGTH {
        bail!("it is longer than {} MiB; {mend}", MAX_LENGTH >> 20);
    }
    let text = std::str::from_utf8(content).map_err(|_| anyhow!("it is not UTF-8; {mend}"))?;
    let lockfile = plain::read(text).map_or_else(|| toml::from_str(text), Ok);
    let lockfile: Lockfile<'_> = lockfile.map_err(|error| {
        let line = error.span().map_or(1, |span| {
            let before = text.get(..span.start).unwrap_or(text);
            before.matches('\n').count() + 1
        });
        anyhow!("line {line}: {}; {mend}", Untrusted(error.message()))
    })?;
    if let Some(version) = lockfile.version
        && !KNOWN.contains(&version)
    {
        bail!(
            "its version is {version}, known are 1 to {}; a newer release may read it",
            KNOWN.end()
        );
    }
    let mut graph = Graph::default();
    let mut dependencies = Vec::new();
    let mut sources: HashMap<Option<Text<'_>>, Rc<Source>> = HashMap::new();
    // The oldest format kept the workspace's own package apart.
    for locked in lockfile.package.into_iter().chain(lockfile.root) {
        let version = Version::parse(&locked.version.0).map_err(|error| {
            anyhow!(
                "package `{}` has the version `{}`: {error}; {mend}",
                Untrusted(&locked.name),
                Untrusted(&locked.version.0)
            )
        })?;
        let member = locked.source.is_none();
        dependencies.push(locked.dependencies);
        let source = match sources.entry(locked.source) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(new) => {
                let source = Rc::new(source_of(new.key().as_ref().map(|id| &*id.0)));
                new.insert(source).clone()
            }
        };
        graph.packages.push(Package {
            name: locked.name,
            version,
            source,
            member,
            yanked: Yanked::NotAsked,
            platforms: None,
            usage: None,
            features: None,
        });
    }
    if graph.packages.is_empty() {
        bail!("it names no package; {mend}");
    }
    add_edges(&mut graph, &dependencies);
    Ok(graph)
}

/// Adds the edges that the lockfile names: for each package a list of others. One that it names wrongly is left out: it
/// changes nothing of what is found, only how it is explained.
fn add_edges(graph: &mut Graph, dependencies: &[Vec<Text<'_>>]) {
    let names = Names::new(&graph.packages);
    // For each package the last one that was seen to depend on it.
    let mut dependents = vec![None; graph.packages.len()];
    for (from, dependencies) in dependencies.iter().enumerate() {
        for dependency in dependencies {
            let Some(to) = names.find(&dependency.0) else {
                continue;
            };
            if from != to && dependents[to] != Some(from) {
                dependents[to] = Some(from);
                graph.edges.push(Edge {
                    from,
                    to,
                    ..Edge::default()
                });
            }
        }
    }
    let positions = 0..graph.packages.len();
    graph.roots = if graph.packages.iter().any(|package| package.member) {
        positions
            .filter(|position| graph.packages[*position].member)
            .collect()
    } else {
        positions
            .filter(|position| dependents[*position].is_none())
            .collect()
    };
}

/// Finds packages by what a lockfile calls them.
struct Names<'g> {
    packages: &'g [Package],
    /// The positions of all packages of a name.
    named: HashMap<&'g str, Vec<usize>>,
    /// The first package of a name and version, and of a source too, for names that [many](MANY) have: else a lockfile whose
    /// packages are all called the same would take its length squared.
    exact: OnceCell<HashMap<Exact<'g>, usize>>,
}

/// Name, version, and the source where it was given.
type Exact<'g> = (&'g str, Cow<'g, str>, Option<&'g str>);

/// Packages of one name past which they are not looked through one by one.
const MANY: usize = 16;

impl<'g> Names<'g> {
    fn new(packages: &'g [Package]) -> Names<'g> {
        let mut named: HashMap<&str, Vec<usize>> = HashMap::new();
        for (position, package) in packages.iter().enumerate() {
            named.entry(&package.name).or_default().push(position);
        }
        Names {
            packages,
            named,
            exact: OnceCell::new(),
        }
    }

    /// The package that is meant by `name`, `name version` or `name version (source)`: as much as tells it from the others.
    fn find<'a>(&'a self, dependency: &'a str) -> Option<usize> {
        let mut words = dependency.splitn(3, ' ');
        let name = words.next()?;
        let positions = self.named.get(name)?;
        let Some(version) = words.next() else {
            return positions.first().copied();
        };
        let source = words
            .next()
            .and_then(|source| source.strip_prefix('(')?.strip_suffix(')'));
        if positions.len() > MANY {
            // Of a shorter life than the keys, which the type of the map would not have.
            let exact: &HashMap<Exact<'a>, usize> = self.exact.get_or_init(|| self.exact());
            return exact.get(&(name, Cow::Borrowed(version), source)).copied();
        }
        let meant = |position: &&usize| {
            let package = &self.packages[**position];
            package.version.to_string() == version
                && source.is_none_or(|source| package.source.id.as_deref() == Some(source))
        };
        positions.iter().find(meant).copied()
    }

    fn exact(&self) -> HashMap<Exact<'g>, usize> {
        let mut exact = HashMap::new();
        for (name, positions) in self.named.iter().filter(|(_, all)| all.len() > MANY) {
            for &position in positions {
                let package = &self.packages[position];
                let version = package.version.to_string();
                for source in [None, package.source.id.as_deref()] {
                    let key = (*name, Cow::Owned(version.clone()), source);
                    exact.entry(key).or_insert(position);
                }
            }
        }
        exact
    }
}

/// What is read of a lockfile.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Lockfile<'t> {
    version: Option<i64>,
    #[serde(default, borrow)]
    package: Vec<Locked<'t>>,
    #[serde(borrow)]
    root: Option<Locked<'t>>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Locked<'t> {
    name: String,
    #[serde(borrow)]
    version: Text<'t>,
    #[serde(borrow)]
    source: Option<Text<'t>>,
    #[serde(default, borrow)]
    dependencies: Vec<Text<'t>>,
}

/// A string that is not copied out of the lockfile, unless it has escapes.
#[derive(Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(transparent)]
struct Text<'t>(#[serde(borrow)] Cow<'t, str>);

/// The source that a lockfile writes like this. None is a path.
pub(crate) fn source_of(id: Option<&str>) -> Source {
    let registry = id.and_then(|id| {
        let url = id.strip_prefix("registry+").unwrap_or(id);
        if url == CRATES_IO_INDEX || url == CRATES_IO_HTTP_INDEX {
            Some(Registry::CratesIo)
        } else if id.starts_with("registry+") || id.starts_with("sparse+") {
            Some(Registry::Other(id.to_owned()))
        } else {
            None
        }
    });
    Source {
        id: id.map(str::to_owned),
        registry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(text: &str) -> Graph {
        graph_of(text.as_bytes(), NEW).unwrap()
    }

    fn refused(text: &str) -> String {
        format!("{:#}", graph_of(text.as_bytes(), NEW).unwrap_err())
    }

    #[test]
    fn every_version_of_the_format_names_its_packages() {
        let package = "[[package]]\nname = \"a\"\nversion = \"1.0.0-rc.1\"\nsource = \"registry+https://r.example/\"\n";
        for head in ["", "version = 3\n", "version = 4\n"] {
            let graph = graph(&format!("{head}{package}"));
            assert_eq!(graph.packages.len(), 1);
            assert_eq!(graph.packages[0].name, "a");
            assert_eq!(
                graph.packages[0].source.registry,
                Some(Registry::Other("registry+https://r.example/".to_owned()))
            );
        }
        let oldest = "[root]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = []\n";
        assert_eq!(graph(oldest).packages.len(), 1);
    }

    #[test]
    fn edges_are_named_as_far_as_needed() {
        let graph = graph(
            "version = 4\n\
             [[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n\
             \"a 2.0.0\", \"b 1.0.0 (sparse+https://r.example/)\", \"c\", \"gone\", \"a 2.0.0\"]\n\
             [[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"sparse+https://r.example/\"\n\
             [[package]]\nname = \"a\"\nversion = \"2.0.0\"\nsource = \"sparse+https://r.example/\"\n\
             [[package]]\nname = \"b\"\nversion = \"1.0.0\"\nsource = \"sparse+https://s.example/\"\n\
             [[package]]\nname = \"b\"\nversion = \"1.0.0\"\nsource = \"sparse+https://r.example/\"\n\
             [[package]]\nname = \"c\"\nversion = \"1.0.0\"\nsource = \"sparse+https://r.example/\"\n\
             dependencies = [\"a 1.0.0\"]\n",
        );
        let edges: Vec<_> = graph
            .edges
            .iter()
            .map(|edge| (edge.from, edge.to))
            .collect();
        assert_eq!(edges, [(0, 2), (0, 4), (0, 5), (5, 1)]);
        assert_eq!(graph.roots, [0]);
    }

    #[test]
    fn what_is_escaped_is_what_it_means() {
        let plain = "[[package]]\nname = \"app\"\nversion = \"1.0.0\"\ndependencies = [\"leaky 1.0.0\"]\n\
                     [[package]]\nname = \"leaky\"\nversion = \"1.0.0\"\nsource = \"sparse+https://r.example/\"\n";
        let escaped = plain
            .replace("leaky", "l\\u0065aky")
            .replace("1.0.0", "1\\u002e0.0")
            .replace("sparse", "\\u0073parse");
        assert_ne!(escaped, plain);
        assert_eq!(
            format!("{:?}", graph(&escaped)),
            format!("{:?}", graph(plain))
        );
    }

    /// A library that was published with its lockfile, and one of a single package.
    #[test]
    fn without_a_member_paths_begin_where_nobody_depends_on_a_package() {
        let graph = graph(
            "version = 4\n\
             [[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"sparse+https://r.example/\"\n\
             dependencies = [\"b\"]\n\
             [[package]]\nname = \"b\"\nversion = \"1.0.0\"\nsource = \"sparse+https://r.example/\"\n",
        );
        assert_eq!(graph.roots, [0]);
    }

    #[test]
    fn paths_and_git_repositories_come_from_no_registry() {
        for source in [None, Some("git+https://g.example/a.git#0123")] {
            assert_eq!(source_of(source).registry, None);
        }
        for source in [
            format!("registry+{CRATES_IO_INDEX}"),
            CRATES_IO_HTTP_INDEX.to_owned(),
        ] {
            assert_eq!(source_of(Some(&source)).registry, Some(Registry::CratesIo));
        }
    }

    #[test]
    fn what_is_no_lockfile_is_refused() {
        for empty in ["", "version = 4\n"] {
            assert_eq!(
                refused(empty),
                "it names no package; `cargo generate-lockfile` makes a new one"
            );
        }
        for version in [-1, 0, 5, i64::MAX] {
            assert_eq!(
                refused(&format!("version = {version}\n")),
                format!("its version is {version}, known are 1 to 4; a newer release may read it")
            );
        }
        assert!(refused("a\n<<<<<<< ours").starts_with("line 1: "));
        assert!(refused("[package]\nname = \"a\"\nversion = \"1.0.0\"").starts_with("line 1: "),);
        let hostile = refused("[[package]]\nname = \"\u{1b}[2J\"\nversion = \"1.0.0\"\n");
        assert!(hostile.starts_with("line 2: "), "{hostile}");
        assert!(!hostile.contains('\u{1b}'), "{hostile}");
        assert!(
            refused("[[package]]\nname = \"a\"\nversion = \"one\"\n")
                .starts_with("package `a` has the version `one`: ")
        );
    }

    /// With few packages of a name they are looked through, with many a table is made.
    #[test]
    fn packages_of_one_name_are_told_apart_however_many_there_are() {
        for count in [3, MANY, MANY + 1, 200] {
            let packages: String = (0..count)
                .map(|n| {
                    let (version, source) = (n / 2, ["a", "b"][n % 2]);
                    format!(
                        "[[package]]\nname = \"p\"\nversion = \"{version}.0.0\"\nsource = \"sparse+https://{source}.example/\"\n"
                    )
                })
                .collect();
            let graph = graph(&packages);
            let names = Names::new(&graph.packages);
            assert_eq!(names.find("p"), Some(0), "{count}");
            for n in 0..count {
                let (version, source) = (n / 2, ["a", "b"][n % 2]);
                let exact = format!("p {version}.0.0 (sparse+https://{source}.example/)");
                assert_eq!(names.find(&exact), Some(n), "{count}");
                let first = names.find(&format!("p {version}.0.0"));
                assert_eq!(first, Some(n - n % 2), "{count}");
            }
            for wrong in ["p 0.0", "p 0.0.0 (sparse+https://c.example/)", "p ", "q"] {
                assert_eq!(names.find(wrong), None, "{count}");
            }
        }
    }

    /// The processor time of this thread that a lockfile takes. With what only the parser reads at its end it is read by
    /// that.
    #[cfg(unix)]
    fn seconds(text: &str) -> f64 {
        let now = || {
            let mut time = libc::timespec {
                tv_sec: 0,
                tv_nsec: 0,
            };
            // SAFETY: it writes to `time` alone.
            let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
            assert_eq!(result, 0);
            time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
        };
        let start = now();
        let _ = graph_of(text.as_bytes(), NEW);
        now() - start
    }

    /// In a release build less than a second each. Without optimisation the parser takes twenty times as long, so it gets a
    /// tenth of the packages.
    #[cfg(unix)]
    #[test]
    fn what_is_huge_takes_no_longer_than_its_bytes() {
        let (most, fewer) = if cfg!(debug_assertions) {
            (5.0, 10)
        } else {
            (1.0, 1)
        };
        let package = |name: &str, version: &str, more: &str| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{more}\n")
        };
        let megabyte = "1".repeat(1 << 20);
        let of_names = |count: usize| -> String {
            let each = |n| {
                let next = format!("dependencies = [\n \"p{}\",\n]\n", (n + 1) % count);
                package(&format!("p{n}"), "1.0.0", &next)
            };
            (0..count).map(each).collect()
        };
        let of_one_name = |count: usize| -> String {
            let each = |n| {
                let other = format!("dependencies = [\n \"p {}.0.0\",\n]\n", count - 1 - n);
                package("p", &format!("{n}.0.0"), &other)
            };
            (0..count).map(each).collect()
        };
        let by_the_parser = "# \u{fc}\n";
        assert_eq!(graph(&of_one_name(1000)).edges.len(), 1000);
        for (what, text) in [
            ("numbers", package("a", &megabyte, "")),
            (
                "a pre-release",
                package("a", &format!("1.0.0-{megabyte}"), ""),
            ),
            (
                "dots",
                package("a", &format!("1.0.0-{}1", "1.".repeat(1 << 19)), ""),
            ),
            ("a name", package(&megabyte, "1.0.0", "")),
            ("packages", of_names(100_000)),
            ("packages of one name", of_one_name(100_000)),
            (
                "packages, parsed",
                of_names(100_000 / fewer) + by_the_parser,
            ),
            (
                "packages of one name, parsed",
                of_one_name(100_000 / fewer) + by_the_parser,
            ),
        ] {
            let taken = seconds(&text);
            assert!(taken < most, "{what}: {taken:.2} s");
        }
    }
}
