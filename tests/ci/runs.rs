//! The commands of the workflows, run in a clone as build servers make it. All but the actions, and the build of
//! cargo-advisory: it is there already, as it mostly is.

use std::fs;
use std::path::{Path, PathBuf};

use cargo_test_support::registry::Package;
use cargo_test_support::{cargo_test, paths, process};
use cargo_util::ProcessBuilder;

use crate::support::{Database, advisory, app, cargo_exe, lock};
use crate::{github_job, gitlab_script, runs};

/// A repository `origin` whose `main` depends on a package with an advisory, and branches that each add one more.
fn origin() -> PathBuf {
    for name in ["known", "sound", "leaky"] {
        Package::new(name, "1.0.0").publish();
    }
    let database = Database::new();
    database.add(&advisory("known"));
    database.add(&advisory("leaky").id("RUSTSEC-2020-0002"));
    let app = lock(app("known = '1'"));
    let root = app.root();
    let git = |line: &str| git(&root, line);
    git("init --quiet --initial-branch main");
    git("config user.name tests");
    git("config user.email tests@tests.example");
    git("add --all");
    git("commit --quiet --message main");
    for name in ["sound", "leaky"] {
        git(&format!("switch --quiet --create add-{name} main"));
        app.change_file(
            "Cargo.toml",
            &crate::support::app_manifest(&format!("known = '1'\n{name} = '1'")),
        );
        process(cargo_exe())
            .arg("generate-lockfile")
            .cwd(&root)
            .exec_with_output()
            .unwrap();
        git("add --all");
        git("commit --quiet --message add");
    }
    git("switch --quiet main");
    root
}

fn git(folder: &Path, line: &str) {
    cargo_test_support::git_process(line)
        .cwd(folder)
        .exec_with_output()
        .unwrap();
}

/// What a job came to.
#[derive(Debug)]
struct Ran {
    /// The names of the commands that failed, and the errors that they told.
    failed: Vec<(String, String)>,
    /// The folder that the job ran in.
    folder: PathBuf,
}

/// A shell in `folder` that stops at the first command that fails.
fn bash(script: &str, folder: &Path) -> ProcessBuilder {
    let mut bash = process("bash");
    bash.args(&["-e", "-o", "pipefail", "-c", script])
        .cwd(folder);
    bash
}

/// Runs `bash`. Gives what it told where it was denied.
#[track_caller]
fn denial(bash: &ProcessBuilder) -> Option<String> {
    let output = bash.build_command().output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    match output.status.code() {
        Some(0) => None,
        Some(101) => stderr
            .lines()
            .find(|line| line.starts_with("error: ") && line.contains("denied by"))
            .map(str::to_owned)
            .or_else(|| panic!("{stderr}")),
        code => panic!("{code:?}: {stderr}"),
    }
}

/// Where the workflow has cargo-advisory installed.
fn install(prefix: &Path) {
    fs::create_dir_all(prefix.join("bin")).unwrap();
    std::os::unix::fs::symlink(cargo_exe(), prefix.join("bin/cargo")).unwrap();
}

/// Runs the job `check` for this branch, as the pull request into `main` or else as the nightly run does.
fn on_github(branch: &str, pull_request: bool) -> Ran {
    let folder = paths::root().join("clone");
    let url = format!("file://{}", origin().display());
    git(&paths::root(), &format!("clone --quiet {url} clone"));
    let deny = if pull_request {
        // What comes of the merge is checked out, without a branch.
        git(
            &folder,
            &format!("checkout --quiet --detach origin/{branch}"),
        );
        "--deny-advisories=new=origin/main"
    } else {
        "--deny-advisories"
    };
    install(&paths::home().join(".cargo-advisory"));
    let temp = paths::root().join("temp");
    fs::create_dir(&temp).unwrap();
    let mut path = std::env::split_paths(&path()).collect::<Vec<_>>();
    let mut failed = Vec::new();
    for step in runs(&github_job("check")) {
        let name = step
            .shared
            .name
            .as_deref()
            .expect("each command has a name");
        let always = step.shared.r#if.as_ref().map(|when| format!("{when:?}"));
        let skipped = match always.as_deref() {
            Some(when) if when.contains("cache-hit") => true,
            Some(when) => !when.contains("!cancelled()"),
            None => !failed.is_empty(),
        };
        if skipped {
            continue;
        }
        let mut bash = bash(&step.run, &folder);
        bash.env("DENY", deny)
            .env("PATH", std::env::join_paths(&path).unwrap())
            .env("RUNNER_TEMP", &temp);
        for variable in ["GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"] {
            bash.env(variable, temp.join(variable));
        }
        failed.extend(denial(&bash).map(|error| (name.to_owned(), error)));
        let added = fs::read_to_string(temp.join("GITHUB_PATH")).unwrap_or_default();
        path.splice(0..0, added.lines().map(PathBuf::from));
        fs::write(temp.join("GITHUB_PATH"), "").unwrap();
    }
    Ran {
        failed,
        folder: temp,
    }
}

/// Runs a job for this branch.
fn on_gitlab(job: &str, branch: &str) -> Ran {
    let folder = paths::root().join("clone");
    let url = format!("file://{}", origin().display());
    // The runner fetches one commit with its history, and makes no branch of it.
    fs::create_dir(&folder).unwrap();
    git(&folder, "init --quiet");
    git(&folder, &format!("remote add origin {url}"));
    git(
        &folder,
        &format!("fetch --quiet origin refs/heads/{branch}:refs/pipelines/1"),
    );
    git(&folder, "checkout --quiet --detach refs/pipelines/1");
    let prefix = folder.join(".advisory/installed");
    install(&prefix);
    let mut script = gitlab_script(job, "before_script");
    script.extend(gitlab_script(job, "script"));
    let mut bash = bash(&script.join("\n"), &folder);
    bash.env("PATH", path())
        .env("ADVISORY_PREFIX", &prefix)
        .env("CARGO_ADVISORY_CACHE_DIR", folder.join(".advisory/index"))
        .env("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main");
    let failed = denial(&bash).map(|error| (job.to_owned(), error));
    Ran {
        failed: Vec::from_iter(failed),
        folder,
    }
}

fn path() -> std::ffi::OsString {
    #[expect(
        clippy::disallowed_methods,
        reason = "what a build server puts before it goes to programs that are no cargo"
    )]
    std::env::var_os("PATH").unwrap_or_default()
}

const WRITTEN_ON_GITHUB: [&str; 2] = ["GITHUB_STEP_SUMMARY", "advisories.sarif"];
const WRITTEN_ON_GITLAB: [&str; 2] = ["advisories.md", "advisories.sarif"];

impl Ran {
    /// Whatever came of it: what there is to read tells of all that is known.
    #[track_caller]
    fn wrote(&self, names: [&str; 2]) {
        for name in names {
            let content = fs::read_to_string(self.folder.join(name)).unwrap();
            assert!(content.contains("RUSTSEC-2020-0001"), "{name}: {content}");
        }
    }

    /// These commands and no others denied this package and no other.
    #[track_caller]
    fn denied(&self, commands: &[&str], package: &str) {
        let names: Vec<_> = self.failed.iter().map(|(name, _)| name).collect();
        assert_eq!(names, commands, "{self:?}");
        for (_, error) in &self.failed {
            assert!(error.contains("1 insecure dependency denied"), "{error}");
            assert!(error.contains(package), "{error}");
        }
    }
}

/// All that look at the graph.
const JUDGING: [&str; 4] = ["Build", "Annotate", "Summarise", "Report"];

#[cargo_test]
fn a_pull_request_on_github_that_adds_nothing_insecure_passes() {
    let ran = on_github("add-sound", true);

    assert!(ran.failed.is_empty(), "{ran:?}");
    ran.wrote(WRITTEN_ON_GITHUB);
}

#[cargo_test]
fn a_pull_request_on_github_that_adds_something_insecure_fails() {
    let ran = on_github("add-leaky", true);

    ran.denied(&JUDGING, "leaky 1.0.0 (RUSTSEC-2020-0002)");
    ran.wrote(WRITTEN_ON_GITHUB);
}

#[cargo_test]
fn the_nightly_run_on_github_denies_everything() {
    let ran = on_github("main", false);

    ran.denied(&JUDGING, "known 1.0.0 (RUSTSEC-2020-0001)");
    ran.wrote(WRITTEN_ON_GITHUB);
}

#[cargo_test]
fn a_merge_request_on_gitlab_that_adds_nothing_insecure_passes() {
    let ran = on_gitlab("advisories:new", "add-sound");

    assert!(ran.failed.is_empty(), "{ran:?}");
    ran.wrote(WRITTEN_ON_GITLAB);
}

#[cargo_test]
fn a_merge_request_on_gitlab_that_adds_something_insecure_fails() {
    let ran = on_gitlab("advisories:new", "add-leaky");

    ran.denied(&["advisories:new"], "leaky 1.0.0 (RUSTSEC-2020-0002)");
    ran.wrote(WRITTEN_ON_GITLAB);
}

#[cargo_test]
fn the_nightly_run_on_gitlab_denies_everything() {
    let ran = on_gitlab("advisories:all", "main");

    ran.denied(&["advisories:all"], "known 1.0.0 (RUSTSEC-2020-0001)");
    ran.wrote(WRITTEN_ON_GITLAB);
}
