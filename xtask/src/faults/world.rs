//! A user with two projects, a database and a cache, and what must hold whatever happens to them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::mounts::Mounts;
use super::process;
use super::said::{Index, SECRET, Said, beside, denied, warned, whole};
use super::trial::{Plan, holds};

/// The binaries that are tried.
#[derive(Clone, Debug)]
pub struct Products {
    /// As anybody builds it.
    pub plain: PathBuf,
    /// With the feature `faults`.
    pub doored: PathBuf,
    /// The loader of an index alone, with the feature `faults`.
    pub loader: PathBuf,
    /// The folder of rustc's toolchain.
    pub sysroot: PathBuf,
}

/// A project of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum App {
    /// Depends on `leaky`, which has an advisory.
    Insecure,
    /// Depends on `clean`, which has none.
    Clean,
}

impl App {
    const ALL: [App; 2] = [App::Insecure, App::Clean];

    fn name(self) -> &'static str {
        match self {
            App::Insecure => "insecure",
            App::Clean => "clean",
        }
    }

    fn dependency(self) -> &'static str {
        match self {
            App::Insecure => "leaky",
            App::Clean => "clean",
        }
    }
}

/// The world.
#[derive(Clone, Debug)]
pub struct World {
    pub root: PathBuf,
    products: Products,
    defect: Option<&'static str>,
    /// By how much the clock is off, as `ADVISORY_FAULT_CLOCK` has it.
    clock: Option<String>,
    database: String,
    /// The words before each of our commands.
    behind: Vec<String>,
    /// What stands before the paths that our commands see.
    seen_from: PathBuf,
    /// Another cache than the usual one.
    cache: Option<PathBuf>,
}

impl World {
    /// A world in the empty folder `root`, with a database of two advisories, and no index.
    pub fn new(root: &Path, products: &Products, plan: &Plan) -> Result<World> {
        let world = World {
            root: root.to_owned(),
            products: products.clone(),
            defect: plan.defect,
            clock: None,
            database: root.join("advisory-db").display().to_string(),
            behind: Vec::new(),
            seen_from: PathBuf::from("/"),
            cache: None,
        };
        match fs::remove_dir_all(root) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("could not empty {root:?}"));
            }
            _ => {}
        }
        for app in App::ALL {
            let name = app.dependency();
            world.write(
                &format!("vendor/{name}/Cargo.toml"),
                &format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2021\"\n"),
            )?;
            world.write(&format!("vendor/{name}/src/lib.rs"), "")?;
            world.write(
                &format!("vendor/{name}/.cargo-checksum.json"),
                &format!("{{\"files\":{{}},\"package\":\"{}\"}}", "0".repeat(64)),
            )?;
            let app = app.name();
            world.write(
                &format!("{app}/Cargo.toml"),
                &format!(
                    "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\n{name} = \"1\"\n"
                ),
            )?;
            world.write(&format!("{app}/src/main.rs"), "fn main() {}\n")?;
        }
        world.configure()?;
        world.write(
            "home/.cargo/credentials.toml",
            &format!("[registry]\ntoken = \"{SECRET}\"\n"),
        )?;
        world.advisory("leaky", "RUSTSEC-2020-0001")?;
        world.advisory("other", "RUSTSEC-2020-0002")?;
        // From here on there is nothing left to compile.
        for app in App::ALL {
            let mut build = world.cargo(app, "check");
            build.env_remove("ADVISORY_FAULT_DEFECT");
            let built = process::run(build)?;
            ensure!(built.status == Ok(0), "{}", built.text());
        }
        Ok(world)
    }

    /// The same with another database.
    pub fn with_database(&self, database: &str) -> Result<World> {
        let world = World {
            database: database.to_owned(),
            ..self.clone()
        };
        world.configure()?;
        Ok(world)
    }

    /// The same under another clock.
    pub fn at(&self, clock: &str) -> World {
        World {
            clock: Some(clock.to_owned()),
            ..self.clone()
        }
    }

    /// The same with the product as it should be.
    pub fn mended(&self) -> World {
        World {
            defect: None,
            ..self.clone()
        }
    }

    /// The same with these words before each of our commands: a program that runs another.
    pub fn behind(&self, words: &[String]) -> World {
        World {
            behind: words.to_vec(),
            ..self.clone()
        }
    }

    /// The same with the mounts that are in `mounts`.
    pub fn in_mounts(&self, mounts: &Mounts) -> World {
        World {
            behind: mounts.words(),
            seen_from: mounts.root(),
            ..self.clone()
        }
    }

    /// The same with another cache.
    pub fn with_cache(&self, cache: &Path) -> World {
        World {
            cache: Some(cache.to_owned()),
            ..self.clone()
        }
    }

    /// Writes the user's configuration.
    pub fn configure(&self) -> Result<()> {
        let settings = self.settings().join("\n");
        self.write("home/.cargo/config.toml", &format!("{settings}\n"))
    }

    /// What the user configures, as `--config` would take it.
    pub fn settings(&self) -> [String; 4] {
        let vendor = self.root.join("vendor");
        [
            "source.crates-io.replace-with = \"vendored\"".to_owned(),
            format!("source.vendored.directory = {vendor:?}"),
            format!("advisory.databases = [{:?}]", self.database),
            "advisory.refresh = \"never\"".to_owned(),
        ]
    }

    /// Writes a file of this world.
    pub fn write(&self, path: &str, text: &str) -> Result<()> {
        let path = self.root.join(path);
        let folder = path.parent().context("a file is in a folder")?;
        fs::create_dir_all(folder)?;
        fs::write(&path, text).with_context(|| format!("could not write {path:?}"))
    }

    /// Adds an advisory to the database.
    pub fn advisory(&self, package: &str, id: &str) -> Result<()> {
        self.write(
            &format!("advisory-db/crates/{package}/{id}.md"),
            &advisory(package, id),
        )
    }

    /// Adds `count` advisories, or what `database` holds, so that the index has the size of a real one.
    pub fn fill(&self, database: Option<&Path>, count: usize) -> Result<()> {
        if let Some(database) = database {
            let mut copy = Command::new("cp");
            copy.arg("-r")
                .arg(database.join("crates"))
                .arg(self.advisories());
            let ended = process::run(copy)?;
            ensure!(ended.status == Ok(0), "{}", ended.text());
            return Ok(());
        }
        for number in 0..count {
            let (path, text) = made_up(number);
            self.write(&format!("advisory-db/{path}"), &text)?;
        }
        Ok(())
    }

    /// Makes a commit of what the database holds now, and says which.
    pub fn commit(&self) -> Result<String> {
        if !self.advisories().join(".git").exists() {
            self.git(&["init", "--quiet", "--initial-branch=main"])?;
        }
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--allow-empty", "--message=x"])?;
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs git in the database's folder.
    pub fn git(&self, words: &[&str]) -> Result<String> {
        self.git_with(None, words)
    }

    /// The same for a commit of this date, in words.
    pub fn git_at(&self, date: &str, words: &[&str]) -> Result<String> {
        let mut command = Command::new("date");
        command.args(["--utc", "--date", date, "+%s +0000"]);
        let ended = process::run(command)?;
        ensure!(ended.status == Ok(0), "{}", ended.text());
        self.git_with(Some(&format!("@{}", ended.stdout.trim())), words)
    }

    fn git_with(&self, date: Option<&str>, words: &[&str]) -> Result<String> {
        let mut git = Command::new("git");
        if let Some(date) = date {
            git.env("GIT_COMMITTER_DATE", date);
        }
        git.args(words)
            .current_dir(self.advisories())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("HOME", &self.root);
        for who in ["AUTHOR", "COMMITTER"] {
            git.env(format!("GIT_{who}_NAME"), "x")
                .env(format!("GIT_{who}_EMAIL"), "x@example.com");
        }
        let ended = process::run(git)?;
        ensure!(ended.status == Ok(0), "git {words:?}: {}", ended.text());
        Ok(ended.stdout.trim().to_owned())
    }

    pub fn advisories(&self) -> PathBuf {
        self.root.join("advisory-db")
    }

    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// As the suite sees it.
    pub fn cache(&self) -> PathBuf {
        let cache = match &self.cache {
            Some(cache) => cache.clone(),
            None => self.home().join(".cargo/advisory"),
        };
        self.seen_from
            .join(cache.strip_prefix("/").unwrap_or(&cache))
    }

    /// The one index in the cache.
    pub fn index(&self) -> Result<PathBuf> {
        let mut found = fs::read_dir(self.cache())?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<Vec<_>>>()?;
        found.retain(|path| path.extension().is_some_and(|end| end == "bin"));
        match found.as_slice() {
            [one] => Ok(one.clone()),
            _ => bail!("there are {} indexes", found.len()),
        }
    }

    /// The bytes of the index, if there is one.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        fs::read(self.index().ok()?).ok()
    }

    /// Our cargo in the folder of `app`.
    pub fn cargo(&self, app: App, line: &str) -> Command {
        let folder = self.root.join(app.name());
        let mut words = self.behind.clone();
        // What comes before may have left the folder.
        words.extend(["env".to_owned(), format!("--chdir={}", folder.display())]);
        let mut command = if self.behind.is_empty() {
            Command::new(self.binary())
        } else {
            let mut command = Command::new(&words[0]);
            command.args(&words[1..]).arg(self.binary());
            command
        };
        command
            .args(line.split_ascii_whitespace())
            .current_dir(folder);
        self.surround(&mut command);
        command
    }

    /// The product has doors only where one is used.
    pub fn binary(&self) -> &Path {
        if self.defect.is_some() || self.clock.is_some() {
            &self.products.doored
        } else {
            &self.products.plain
        }
    }

    fn surround(&self, command: &mut Command) {
        command.env_clear();
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        let bin = self.products.sysroot.join("bin");
        command
            .env("HOME", self.home())
            .env("CARGO_HOME", self.home().join(".cargo"))
            .env("TMPDIR", &self.root)
            .env("RUSTC", bin.join("rustc"))
            .env("RUSTDOC", bin.join("rustdoc"))
            .env("CARGO_REGISTRIES_PRIVATE_TOKEN", SECRET)
            .env("GITHUB_TOKEN", SECRET);
        // Where somebody is to be reached it would be in the way.
        if !self.database.starts_with("https:") {
            command.env("HTTPS_PROXY", format!("http://me:{SECRET}@127.0.0.1:9"));
        }
        if let Some(cache) = &self.cache {
            command.env("CARGO_ADVISORY_CACHE_DIR", cache);
        }
        if let Some(defect) = self.defect {
            command.env("ADVISORY_FAULT_DEFECT", defect);
        }
        if let Some(clock) = &self.clock {
            command.env("ADVISORY_FAULT_CLOCK", clock);
        }
    }

    /// `cargo advisory update`.
    pub fn update(&self) -> Command {
        self.cargo(App::Clean, "advisory update")
    }

    /// Runs `cargo advisory update`, which must do what the index needs.
    pub fn updates(&self) -> Result<()> {
        let ended = whole(process::run(self.update())?)?;
        holds!(
            ended.status == Ok(0),
            "a refresh against a good source fails: {}",
            ended.text()
        );
        Ok(())
    }

    /// A build and what it says.
    pub fn builds(&self, app: App) -> Result<Said> {
        warned(process::run(self.cargo(app, "check"))?)
    }

    /// A build under `--deny-advisories` and what it says.
    pub fn denies(&self, app: App) -> Result<Said> {
        denied(process::run(self.cargo(app, "check --deny-advisories"))?)
    }

    /// Builds say what they should with an index like this.
    pub fn says(&self, index: Index) -> Result<()> {
        let built = process::run(self.cargo(App::Insecure, "check"))?;
        let refused = process::run(self.cargo(App::Insecure, "check --deny-advisories"))?;
        let beside = (beside(&built), beside(&refused));
        let insecure = (warned(built)?, denied(refused)?);
        let clean = (self.builds(App::Clean)?, self.denies(App::Clean)?);
        // What is noted without a finding is told in the line of one.
        let right = match index {
            Index::Sound => {
                insecure == (Said::Found, Said::Denied)
                    && beside == (None, None)
                    && clean == (Said::Nothing, Said::Nothing)
            }
            Index::Noted => {
                insecure == (Said::Found, Said::Denied)
                    && matches!(beside, (Some(_), Some(_)))
                    && matches!(clean, (Said::Note(_), Said::Note(_)))
            }
            Index::Doubted => {
                let is_told = match &insecure.1 {
                    Said::Denied => beside.1.is_some(),
                    said => matches!(said, Said::Refused(_)),
                };
                insecure.0 == Said::Found
                    && beside.0.is_some()
                    && is_told
                    && matches!(clean, (Said::Note(_), Said::Refused(_)))
            }
            Index::Unusable => {
                matches!(insecure, (Said::Note(_), Said::Refused(_)))
                    && matches!(clean, (Said::Note(_), Said::Refused(_)))
            }
        };
        holds!(
            right,
            "with an index that should be {index:?} a build and a denial of the insecure project say {insecure:?}, \
             beside it {beside:?}, of the clean one {clean:?}"
        );
        Ok(())
    }

    /// What `cargo advisory --format json` answers of the clean project, with all of the index verified. None where that
    /// fails.
    pub fn answer(&self) -> Result<Option<Value>> {
        let line = "advisory --format json --deny-advisories";
        let ended = whole(process::run(self.mended().cargo(App::Clean, line))?)?;
        if ended.status != Ok(0) {
            return Ok(None);
        }
        Ok(Some(
            serde_json::from_str(&ended.stdout).context("in the answer")?,
        ))
    }

    /// Everything that is not ours to change: what lies beside the cache, by path.
    pub fn outside(&self) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.root.clone()];
        let passed_over = [
            self.cache(),
            self.advisories(),
            self.root.join("insecure/target"),
            self.root.join("clean/target"),
            // Cargo's own notes of when it has used what.
            self.home().join(".cargo/.global-cache"),
        ];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let path = entry?.path();
                let kind = path.symlink_metadata()?.file_type();
                if passed_over.contains(&path) {
                } else if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file() {
                    let bytes = fs::read(&path)?;
                    files.insert(path, bytes);
                } else {
                    files.insert(path, Vec::new());
                }
            }
        }
        Ok(files)
    }

    /// What was planted is not in any file of the cache.
    pub fn keeps_secrets(&self) -> Result<()> {
        let mut folders = vec![self.cache()];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(&folder) else {
                continue;
            };
            for entry in entries {
                let path = entry?.path();
                let meta = path.symlink_metadata()?;
                if meta.is_dir() {
                    folders.push(path);
                } else if meta.is_file() && meta.len() < 1 << 28 {
                    let Ok(bytes) = fs::read(&path) else { continue };
                    let found = bytes
                        .windows(SECRET.len())
                        .any(|window| window == SECRET.as_bytes());
                    holds!(!found, "a secret is in {path:?}");
                }
            }
        }
        Ok(())
    }

    /// Copies the cache, by the paths within it, to go back to it with [`World::restore`].
    pub fn save(&self) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
        let cache = self.cache();
        let mut files = BTreeMap::new();
        let mut folders = vec![cache.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = fs::read(&path)?;
                    files.insert(path.strip_prefix(&cache)?.to_owned(), bytes);
                }
            }
        }
        Ok(files)
    }

    pub fn restore(&self, saved: &BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
        self.forget()?;
        fs::create_dir(self.cache())?;
        self.restore_into(saved)
    }

    /// The same into a folder that is there and empty.
    pub fn restore_into(&self, saved: &BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
        for (path, bytes) in saved {
            let path = self.cache().join(path);
            fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
            fs::write(&path, bytes)?;
            fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        }
        Ok(())
    }

    /// Removes what is in the cache.
    pub fn empty(&self) -> Result<()> {
        for entry in fs::read_dir(self.cache())? {
            let path = entry?.path();
            if path.is_dir() {
                fs::remove_dir_all(path)?;
            } else {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// Removes the cache, whatever it is.
    pub fn forget(&self) -> Result<()> {
        let cache = self.cache();
        match cache.symlink_metadata() {
            Ok(meta) if meta.is_dir() => fs::remove_dir_all(cache)?,
            Ok(_) => fs::remove_file(cache)?,
            Err(_) => {}
        }
        Ok(())
    }
}

/// The text of an advisory.
pub fn advisory(package: &str, id: &str) -> String {
    format!(
        "```toml\n[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"2020-01-01\"\n[versions]\npatched = []\n```\n\n\
         # `{package}` can be attacked\n\nWhat happens.\n"
    )
}

/// Where the made-up advisory with this number lies in a database, and its text, of the length of a real one.
pub fn made_up(number: usize) -> (String, String) {
    let package = format!("package-{}", number / 2);
    let id = format!("RUSTSEC-{}-{:04}", 2020 + number / 10_000, number % 10_000);
    let mut text = advisory(&package, &id);
    for line in 0..12 {
        text += &format!("Line {line} of {id} says more of what happens.\n");
    }
    (format!("crates/{package}/{id}.md"), text)
}
