//! The index inside of one process: opening it, looking packages up, making it; with the real advisories and with 100
//! times as many.
//!
//! Prints lines of a name, a value and a unit: ms or MiB. `cargo xtask bench` reads them. The real advisories and
//! lockfiles are not part of the repository: `ADVISORY_TEST_DATA` names a folder with `advisory-db` and `lockfiles`.
//!
//! Each part runs in a process of its own, so that the memory it needs can be told.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]
#![allow(
    clippy::disallowed_methods,
    reason = "where the data is comes from the environment"
)]

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use cargo_advisory::advisory::Registry;
use cargo_advisory::check::check;
use cargo_advisory::database::{self, Loaded, Location, Snapshot};
use cargo_advisory::graph::{Graph, Package, Source, Yanked, lockfile};
use cargo_advisory::index::{self, Index, Verify};
use cargo_advisory::yank::{Said, Yanks};
use jiff::Timestamp;
use semver::Version;

/// How many copies of the real database make the large one.
const COPIES: usize = 100;
/// Packages that are looked up in the large one.
const LARGE_GRAPH: usize = 5000;
/// Yanked releases of each package.
const YANKED: u64 = 10;
/// The lockfile whose packages are looked up in the real one.
const LOCKFILE: &str = "nu-0.44.0.lock";

fn main() -> Result<()> {
    let mut args = env::args().skip(1).filter(|arg| arg != "--bench");
    match (args.next().as_deref(), args.next()) {
        (None, None) => all(),
        (Some("compile"), Some(size)) => Size::new(&size)?.compile(),
        (Some("look-up"), Some(size)) => Size::new(&size)?.look_up(),
        _ => bail!("it takes no arguments"),
    }
}

/// Runs each part in its own process.
fn all() -> Result<()> {
    let large = Size::new("large")?;
    multiply(&Size::new("real")?.database, &large.database)?;
    for size in ["real", "large"] {
        for part in ["compile", "look-up"] {
            let status = Command::new(env::current_exe()?)
                .args([part, size])
                .status()?;
            ensure!(status.success(), "`{part} {size}` failed");
        }
    }
    fs::remove_dir_all(&large.database)?;
    Ok(())
}

/// One of the two databases.
struct Size {
    name: String,
    database: PathBuf,
    /// Where its index is put.
    index: PathBuf,
    lockfiles: PathBuf,
    is_large: bool,
}

impl Size {
    fn new(name: &str) -> Result<Size> {
        let data = match env::var_os("ADVISORY_TEST_DATA") {
            Some(folder) => PathBuf::from(folder),
            None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        };
        let data = data.canonicalize().context(
            "set ADVISORY_TEST_DATA to a folder with `advisory-db` and `lockfiles` in it",
        )?;
        let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let is_large = name == "large";
        Ok(Size {
            name: name.to_owned(),
            database: if is_large {
                scratch.join("large-advisory-db")
            } else {
                data.join("advisory-db")
            },
            index: scratch.join(format!("{name}.bin")),
            lockfiles: data.join("lockfiles"),
            is_large,
        })
    }

    /// Reads the database and makes its index.
    fn compile(&self) -> Result<()> {
        let runs = if self.is_large { 1 } else { 20 };
        let now = Timestamp::now();
        let location = Location::parse(self.database.to_str().context("a path that is no text")?)?;
        // The first time is for the system to have the files at hand.
        let snapshot = read(&location)?;
        let parse = median(runs, || read(&location))?;
        let compile = || {
            let source = index::Source {
                snapshot: &snapshot,
                checked: now,
            };
            index::compile(&[source], None, now)
        };
        let bytes = compile()?;
        let compile = median(runs, compile)?;
        ensure!(
            snapshot.quarantined.is_empty(),
            "{:?}",
            snapshot.quarantined[0]
        );

        let advisories = snapshot.advisories.len() + snapshot.withdrawn.len();
        self.print("advisories", advisories, "");
        self.print("parse", parse, " ms");
        self.print("compile", compile, " ms");
        self.print("index", mebibytes(bytes.len()), " MiB");
        self.print_memory("compile");
        fs::write(&self.index, bytes)?;
        let source = index::Source {
            snapshot: &snapshot,
            checked: now,
        };
        let yanks = yanks(&self.graph()?, now);
        let bytes = index::compile_with(&[source], &yanks, None, now)?;
        fs::write(self.index_with_yanks(), bytes)?;
        if !self.is_large {
            self.print("costliest-file", costliest_file()?, " ms");
        }
        Ok(())
    }

    /// Where an index is put that knows yanks of all the packages that are looked up.
    fn index_with_yanks(&self) -> PathBuf {
        self.index.with_extension("yanks.bin")
    }

    fn graph(&self) -> Result<Graph> {
        match self.is_large {
            true => self.large_graph(),
            false => lockfile::read(&self.lockfiles.join(LOCKFILE)),
        }
    }

    /// Opens the index and looks up a graph.
    fn look_up(&self) -> Result<()> {
        let graph = self.graph()?;
        let open = || Index::open(&self.index, Verify::Used);
        let found = {
            let index = open()?;
            let hits = check(&graph, &index)?;
            ensure!(!hits.is_empty(), "nothing was found");
            hits.findings(&graph).len()
        };
        let look_up = median(200, || check(&graph, &open()?).map(|hits| hits.is_empty()))?;
        self.print("packages", graph.packages.len(), "");
        self.print("findings", found, "");
        self.print("look-up", look_up, " ms");
        self.print_memory("look-up");
        let open = || Index::open(&self.index_with_yanks(), Verify::Used);
        let coverage = check(&graph, &open()?)?.coverage(Timestamp::MIN);
        ensure!(coverage.unknown == 0, "{coverage:?}");
        let look_up = median(200, || check(&graph, &open()?).map(|hits| hits.is_empty()))?;
        self.print("look-up-with-yanks", look_up, " ms");
        Ok(())
    }

    /// The packages of all lockfiles, and copies of them under the names of the large database.
    fn large_graph(&self) -> Result<Graph> {
        let mut known = BTreeSet::new();
        for entry in fs::read_dir(&self.lockfiles)? {
            let graph = lockfile::read(&entry?.path())?;
            known.extend(graph.packages.into_iter().map(|p| (p.name, p.version)));
        }
        let source = Rc::new(Source {
            id: None,
            registry: Some(Registry::CratesIo),
        });
        let packages = (0..COPIES)
            .flat_map(|copy| known.iter().map(move |package| (copy, package)))
            .take(LARGE_GRAPH)
            .map(|(copy, (name, version))| Package {
                name: renamed(name, copy),
                version: version.clone(),
                source: source.clone(),
                member: false,
                yanked: Yanked::NotAsked,
                platforms: None,
                usage: None,
                features: None,
            });
        Ok(Graph {
            packages: packages.collect(),
            ..Graph::default()
        })
    }

    fn print(&self, name: &str, value: impl std::fmt::Display, unit: &str) {
        println!("{}-{name} {value:.3}{unit}", self.name);
    }

    /// The most memory that was resident in this process, where the system says so.
    fn print_memory(&self, part: &str) {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak = status.lines().find_map(|line| {
            let size = line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?;
            size.parse::<usize>().ok()
        });
        if let Some(peak) = peak {
            self.print(&format!("{part}-memory"), mebibytes(peak * 1024), " MiB");
        }
    }
}

/// What registries would have said of these packages: of each that `YANKED` releases beside those in use were yanked.
fn yanks(graph: &Graph, asked: Timestamp) -> Yanks {
    let mut yanks = Yanks::default();
    for package in &graph.packages {
        let Some(registry) = &package.source.registry else {
            continue;
        };
        let yanked = (0..YANKED).map(|patch| Version::new(u64::MAX, 0, patch));
        let said = Said {
            asked,
            yanked: yanked.collect(),
            vanished: Vec::new(),
        };
        yanks.insert(&package.name, registry.clone(), said);
    }
    yanks
}

/// The milliseconds that a database of one file takes to read, of those files that take longest: each as big as a file and
/// its TOML may be.
fn costliest_file() -> Result<f64> {
    const FILE: usize = 256 * 1024;
    const TOML: usize = 64 * 1024;
    let repeated = |item: &dyn Fn(usize) -> String, most: usize| {
        let mut text = String::new();
        for item in (0..).map(item) {
            if text.len() + item.len() > most {
                break;
            }
            text += &item;
        }
        text
    };
    let room = TOML - 1024;
    let alternatives = format!(">= 1.0.0{}", ", <= 9.9.9".repeat(24));
    let fields = [
        ("versions", "patched = []\n".to_owned()),
        (
            "versions",
            format!(
                "patched = [{}]\n",
                format!("\"{alternatives}\", ").repeat(64)
            ),
        ),
        (
            "affected.functions",
            repeated(&|at| format!("\"foo::f{at}\" = [\"*\"]\n"), room),
        ),
        ("unknown", format!("a = [{}]\n", "[],".repeat(room / 3))),
        (
            "unknown",
            format!(
                "a = {}\n",
                (0..30).fold("1".to_owned(), |all, _| format!("[{all}]"))
            ),
        ),
        (
            "unknown",
            repeated(&|at| format!("\"\\u00e4{at}\" = 1\n"), room),
        ),
    ];
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("costly-advisory-db");
    let crates = folder.join("crates/foo");
    fs::create_dir_all(&crates)?;
    let location = Location::parse(folder.to_str().context("a path that is no text")?)?;
    let mut costliest = 0.0_f64;
    for (table, fields) in fields {
        let mut text = format!(
            "```toml\n[advisory]\nid = \"RUSTSEC-2020-0001\"\npackage = \"foo\"\ndate = \"2020-01-01\"\n\
             [{table}]\n{fields}```\n\n# Title\n\n"
        );
        text += &"a *b* [c](d) `e`\n".repeat((FILE - text.len()) / 17);
        fs::write(crates.join("RUSTSEC-2020-0001.md"), text)?;
        // A file that is set aside is no database yet, and takes as long.
        let time = median(20, || anyhow::Ok(read(&location).is_ok()))?;
        costliest = costliest.max(time);
    }
    Ok(costliest)
}

fn read(location: &Location) -> Result<Snapshot> {
    match database::load(location, None, None, &|_| {})? {
        Loaded::Snapshot(snapshot) => Ok(snapshot),
        Loaded::Unchanged => bail!("a database that nobody knows cannot be unchanged"),
    }
}

/// The median of the milliseconds that `work` takes.
fn median<T, E>(runs: usize, mut work: impl FnMut() -> Result<T, E>) -> Result<f64, E> {
    let mut times = Vec::new();
    for _ in 0..runs {
        let start = Instant::now();
        black_box(work()?);
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[runs / 2])
}

fn mebibytes(bytes: usize) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}

/// Copies the database `from` many times into the database `to`, each time with other names and ids.
fn multiply(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    for package in fs::read_dir(from.join("crates"))? {
        let package = package?;
        let name = package.file_name().to_string_lossy().into_owned();
        for file in fs::read_dir(package.path())? {
            let file = file?.path();
            let id = file.file_stem().and_then(|id| id.to_str());
            let id = id.context("a name that is no text")?;
            let text = fs::read_to_string(&file)?;
            for copy in 0..COPIES {
                let (new_name, new_id) = (renamed(&name, copy), renumbered(id, copy)?);
                let text = text
                    .replacen(&format!("\"{id}\""), &format!("\"{new_id}\""), 1)
                    .replacen(&format!("\"{name}\""), &format!("\"{new_name}\""), 1);
                let folder = to.join("crates").join(new_name);
                fs::create_dir_all(&folder)?;
                fs::write(folder.join(format!("{new_id}.md")), text)?;
            }
        }
    }
    Ok(())
}

/// The first copy keeps its name.
fn renamed(name: &str, copy: usize) -> String {
    if copy == 0 {
        name.to_owned()
    } else {
        format!("{name}-{copy}")
    }
}

/// `RUSTSEC-2020-0071`, copied for the 12th time, is `RUSTSEC-2020-120071`.
fn renumbered(id: &str, copy: usize) -> Result<String> {
    let (year, number) = id.rsplit_once('-').context("an id without a number")?;
    Ok(if copy == 0 {
        id.to_owned()
    } else {
        format!("{year}-{copy}{number}")
    })
}
