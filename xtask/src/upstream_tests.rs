//! `cargo xtask upstream-tests`: upstream's own tests with our binary in place of theirs.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::libtest;
use crate::source_tree::SourceTree;
use crate::upstream_report::{self, FAILURES, Known, Report};
use crate::{fork, process, product};

/// The feature of our package that compiles upstream's tests.
const FEATURE: &str = "upstream-tests";
/// Finds out whether this machine can compile for another one; without it, the first test that needs to know fails.
const TRIGGER: &str = "aaa_trigger_cross_compile_disabled_check";
/// Compares its own source with what it generates from paths in upstream's package; in ours they are longer.
const OUT_OF_PLACE: &str = "script::rustc::ensure_all_fixtures_have_tests";
/// More new failures than this are not run again.
const MAX_RERUNS: usize = 100;

/// The modules that `--ci` runs: building, testing, installing, registries, yanking, features, workspaces, messages.
const CI: &str = "
    alt_registry artifact_dep bench build build_script build_scripts_multiple cache_messages cargo_alias_config
    cargo_bench cargo_build cargo_check cargo_command cargo_doc cargo_features cargo_fix cargo_help
    cargo_install cargo_package cargo_publish cargo_run cargo_rustc cargo_rustdoc cargo_test cargo_uninstall
    cargo_yank check config_cli cross_compile directory doc feature_unification features features2
    features_namespaced fix freshness future_incompat_report inheritable_workspace_fields install
    install_upgrade local_registry member_discovery member_errors message_format messages offline package
    package_features package_message_format patch progress publish registry registry_auth registry_overlay
    replace run rustc rustdoc source_replacement test unit_graph vendor warning_override weak_dep_features
    workspaces yank
";

/// Which tests to run and what to say.
pub struct Options {
    /// Only the modules of `CI`.
    pub ci: bool,
    /// Print new failures by name, and succeed.
    pub list_new: bool,
    /// Only tests whose name contains one of these, if there are any.
    pub filters: Vec<String>,
}

impl Options {
    fn wants(&self, name: &str) -> bool {
        match name {
            TRIGGER => true,
            OUT_OF_PLACE => false,
            _ => self.has_module(name) && self.has_filter(name),
        }
    }

    fn has_module(&self, name: &str) -> bool {
        let module = name.split("::").next().unwrap_or(name);
        !self.ci || CI.split_whitespace().any(|part| part == module)
    }

    fn has_filter(&self, name: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|part| name.contains(part))
    }
}

/// Runs upstream's tests against our binary. Fails on failures that no list explains.
pub fn run(options: &Options) -> Result<()> {
    // Our binary is built together with the tests, and shares their features.
    let mut build = product::cargo("test", &[FEATURE])?;
    build.args(["--no-run", "--test", "upstream"]);
    let built = product::artifacts(without_ci(&mut build))?;
    let advisories = Advisories::make(&product::find(&built, "cargo")?)?;
    let tests = product::find(&built, "upstream")?;
    let suite = || -> Result<Command> {
        let mut command = product::ours(&tests)?;
        // Some tests read files of upstream by paths relative to its folder.
        command.current_dir(fork::tree().folder());
        without_ci(&mut command);
        advisories.give_to(&mut command);
        Ok(command)
    };
    let names = libtest::list(suite()?.args(["--list", "--format=terse"]))?;
    let wanted: Vec<&String> = names.iter().filter(|name| options.wants(name)).collect();
    ensure!(wanted.len() > 1, "no test of upstream has such a name");

    let mut command = suite()?;
    command.arg("--exact").args(&wanted);
    let run = libtest::run(&mut command, wanted.len())?;
    let log = process::target("upstream-tests").join("output.txt");
    fs::write(&log, &run.text).with_context(|| format!("could not write `{}`", log.display()))?;

    let mut report = Report::of(&run, &upstream_report::load_known()?, &names);
    if options.list_new {
        report.new.iter().for_each(|name| println!("{name}"));
        return Ok(());
    }
    if report.new.len() <= MAX_RERUNS {
        report.rerun(|name| {
            eprintln!("again, alone: {name}");
            libtest::run(suite()?.args(alone(name)), 2)
        })?;
    }
    report.allow(|name| {
        eprintln!("again, with findings allowed: {name}");
        libtest::run(
            suite()?
                .env("__CARGO_ADVISORY_ALLOW", "1")
                .args(alone(name)),
            2,
        )
    })?;
    report.print(&run);
    ensure!(
        report.new.is_empty(),
        "{} of upstream failed that no list in `cargo-patch` explains; all output is in `{}`",
        process::plural(report.new.len(), "test"),
        process::short(&log)
    );
    remove_projects(&process::target(""));
    Ok(())
}

/// Removes the projects that the tests have made, gigabytes of them. Kept after failures, to be looked at.
fn remove_projects(target: &Path) {
    let _ = fs::remove_dir_all(target.join("tmp/cit"));
}

/// Runs the suite of the unpatched cargo and writes which of its tests fail here.
pub fn baseline() -> Result<()> {
    let folder = process::target("pristine");
    let tree = SourceTree::new(folder.join("cargo"));
    fork::ensure_pristine(&tree)?;
    let suite = || {
        let mut command = process::cargo();
        command
            .current_dir(tree.folder())
            .env("CARGO_TARGET_DIR", folder.join("target"))
            .args(["test", "--test", "testsuite", "--"]);
        without_ci(&mut command);
        command
    };
    let names = libtest::list(suite().args(["--list", "--format=terse"]))?;
    let run = libtest::run(&mut suite(), names.len())?;
    fs::write(folder.join("output.txt"), &run.text).context("could not keep the output")?;

    let mut report = Report::of(&run, &Known::new(), &names);
    report.rerun(|name| libtest::run(suite().args(alone(name)), 2))?;
    let mut text = String::from(
        "# Tests of upstream that fail with the unpatched cargo as well: `cargo xtask upstream-tests --baseline`.\n\
         # Most of them need files that the published crate does not have.\n",
    );
    for name in &report.new {
        text.push_str(&format!("{name}\n"));
    }
    for name in &report.flaky {
        eprintln!("note: `{name}` failed, and passed when run again alone; it is not listed");
    }
    let path = process::cargo_patch().join(FAILURES);
    fs::write(&path, text).with_context(|| format!("could not write `{}`", path.display()))?;
    eprintln!("wrote `{}`", process::short(&path));
    remove_projects(&folder.join("target"));
    Ok(())
}

/// Arguments that run the test `name` after the trigger.
fn alone(name: &str) -> [&str; 4] {
    ["--exact", TRIGGER, name, "--test-threads=1"]
}

/// A CI system must not make upstream's suite insist on every tool that one of its tests could use.
fn without_ci(command: &mut Command) -> &mut Command {
    command.env_remove("CI").env_remove("TF_BUILD");
    command
}

/// An index of real advisories, so that the check is on and has something to look at in every test.
struct Advisories {
    database: PathBuf,
    cache: PathBuf,
}

impl Advisories {
    fn make(binary: &Path) -> Result<Advisories> {
        let data = env::var_os("ADVISORY_TEST_DATA")
            .map_or_else(|| process::root().join("../shared/data"), PathBuf::from);
        let mut database = data.join("advisory-db");
        if !database.is_dir() {
            eprintln!(
                "there is no `{}`; the tests run with the few advisories of the example \
                 (set ADVISORY_TEST_DATA to a folder with RustSec's `advisory-db`)",
                database.display()
            );
            database = process::root().join("examples/advisory-db");
        }
        let database = database
            .canonicalize()
            .with_context(|| format!("could not find `{}`", database.display()))?;
        let cache = process::target("upstream-tests").join("advisory");
        fs::create_dir_all(&cache)
            .with_context(|| format!("could not make `{}`", cache.display()))?;
        let advisories = Advisories { database, cache };
        let mut update = product::ours(binary)?;
        update.args(["advisory", "update"]);
        advisories.give_to(&mut update);
        process::run(&mut update, "`cargo advisory update`")?;
        Ok(advisories)
    }

    /// Upstream's tests clear every variable that begins with `CARGO_` before they start cargo. The names with
    /// underscores before them get through; only a binary built for these tests reads them.
    fn give_to(&self, command: &mut Command) {
        for prefix in ["", "__"] {
            command
                .env(format!("{prefix}CARGO_ADVISORY_DATABASES"), &self.database)
                .env(format!("{prefix}CARGO_ADVISORY_CACHE_DIR"), &self.cache);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_wanted_by_its_whole_name() {
        let ci = Options {
            ci: true,
            list_new: false,
            filters: Vec::new(),
        };
        assert!(ci.wants("build::simple") && !ci.wants("build_dir::simple"));
        let filtered = Options {
            ci: false,
            list_new: false,
            filters: vec!["dir".to_string()],
        };
        assert!(filtered.wants("build_dir::simple") && !filtered.wants("build::simple"));
    }
}
