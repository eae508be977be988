//! A denial comes before anything of the graph is compiled or run.
//!
//! The graph of these tests leaves a mark wherever code of it runs:
//!
//! ```text
//! app (program, test, build script) -> leaky (build script) -> marking (proc macro, used by leaky)
//! ```

use std::fs;

use cargo_test_support::cargo_test;
use cargo_test_support::paths;
use cargo_test_support::prelude::IntoData as _;
use cargo_test_support::registry::{Package, RegistryBuilder, TestRegistry};
use cargo_test_support::str;
use cargo_test_support::{Execs, Project, project};

use crate::support::{Advisory, Database, ProjectExt as _, advisory};

/// Every command that compiles, with what it needs to get as far as compiling here.
const COMMANDS: [&str; 12] = [
    "build",
    "check --all-targets",
    "run",
    "test",
    "bench",
    "doc",
    "rustc --bin app",
    "rustdoc",
    "fix --allow-no-vcs",
    "install --path .",
    "package",
    "publish --dry-run",
];

/// A function that leaves the mark `name`.
fn mark(name: &str) -> String {
    format!(
        "fn mark() {{\n    let marks = std::env::var_os(\"MARKS\").unwrap();\n    \
         std::fs::write(std::path::Path::new(&marks).join(\"{name}\"), \"\").unwrap();\n}}\n"
    )
}

/// The marks that were left, in order.
fn marks() -> Vec<String> {
    let mut marks: Vec<String> = fs::read_dir(paths::root().join("marks"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    marks.sort();
    marks
}

/// The libraries and programs that rustc has made anywhere in the test's world.
fn compiled() -> Vec<String> {
    walkdir::WalkDir::new(paths::root())
        .into_iter()
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned())
        .filter(|name| {
            [".rmeta", ".rlib", ".rcgu.o", ".d"]
                .iter()
                .any(|end| name.ends_with(end))
        })
        .collect()
}

struct World {
    app: Project,
    registry: TestRegistry,
}

impl World {
    /// The graph, and an index with `advisory`.
    fn with(advisory: &Advisory) -> World {
        let registry = RegistryBuilder::new().http_api().http_index().build();
        Package::new("marking", "1.0.0")
            .proc_macro(true)
            .file(
                "Cargo.toml",
                "[package]\nname = \"marking\"\nversion = \"1.0.0\"\nedition = \"2021\"\n\n\
                 [lib]\nproc-macro = true\n",
            )
            .file(
                "src/lib.rs",
                &format!(
                    "{}#[proc_macro]\npub fn leave(_: proc_macro::TokenStream) -> proc_macro::TokenStream {{\n    \
                     mark();\n    proc_macro::TokenStream::new()\n}}\n",
                    mark("proc macro")
                ),
            )
            .publish();
        Package::new("leaky", "1.0.0")
            .dep("marking", "1")
            .file("src/lib.rs", "extern crate marking;\nmarking::leave!();\n")
            .file(
                "build.rs",
                &format!("{}fn main() {{ mark() }}\n", mark("build script")),
            )
            .publish();
        Database::new().add(advisory).index();
        fs::create_dir(paths::root().join("marks")).unwrap();
        let app = project()
            .file(
                "Cargo.toml",
                "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\ndescription = \"for a test\"\n\
                 license = \"MIT\"\nrepository = \"none\"\n\n[dependencies]\nleaky = '1'\n",
            )
            .file(
                "src/main.rs",
                &format!(
                    "{}fn main() {{ mark() }}\n#[test]\nfn marks() {{ mark() }}\n",
                    mark("program")
                ),
            )
            .file(
                "build.rs",
                &format!("{}fn main() {{ mark() }}\n", mark("own build script")),
            )
            .build();
        World { app, registry }
    }

    /// Runs our cargo on the project, where marks are left and temporary files stay in the test's world.
    fn cargo(&self, line: &str) -> Execs {
        let mut execs = self.app.cargo(line);
        execs
            .env("MARKS", paths::root().join("marks"))
            .env("TMPDIR", paths::root())
            .replace_crates_io(self.registry.index_url());
        execs
    }
}

#[cargo_test]
fn under_deny_advisories_nothing_runs() {
    let world = World::with(&advisory("leaky"));

    for command in COMMANDS {
        world
            .cargo(command)
            .arg("--deny-advisories")
            .with_status(101)
            .with_stderr_contains(
                "[..]1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0[..]",
            )
            .run();
        assert_eq!(marks(), [""; 0], "{command}");
        assert_eq!(compiled(), [""; 0], "{command}");
    }
}

#[cargo_test]
fn with_malicious_code_nothing_runs_at_all() {
    let world = World::with(&advisory("leaky").malicious());

    for command in COMMANDS {
        world
            .cargo(command)
            .with_status(101)
            .with_stderr_contains(
                "[..]1 insecure dependency denied by `advisory.malicious`: leaky 1.0.0[..]",
            )
            .run();
        assert_eq!(marks(), [""; 0], "{command}");
        assert_eq!(compiled(), [""; 0], "{command}");
    }
}

#[cargo_test]
fn without_a_denial_everything_runs() {
    let world = World::with(&advisory("leaky"));

    for command in COMMANDS {
        let target = paths::root().join("target").join(command);
        world
            .cargo(command)
            .env("CARGO_TARGET_DIR", &target)
            .with_stderr_line_without(&["[WARNING] 1 insecure dependency: leaky 1.0.0"], &[])
            .run();
        let mut expected = vec!["build script", "own build script", "proc macro"];
        if ["run", "test"].contains(&command) {
            expected.push("program");
            expected.sort_unstable();
        }
        assert_eq!(marks(), expected, "{command}");
        assert_ne!(compiled(), [""; 0], "{command}");
        for mark in marks() {
            fs::remove_file(paths::root().join("marks").join(mark)).unwrap();
        }
        fs::remove_dir_all(target).unwrap();
    }
}

#[cargo_test]
fn what_was_built_before_is_not_run_after_a_denial() {
    let world = World::with(&advisory("other"));
    world.cargo("run").run();
    for mark in marks() {
        fs::remove_file(paths::root().join("marks").join(mark)).unwrap();
    }
    Database::at("advisory-db").add(&advisory("leaky")).index();

    world
        .cargo("run --deny-advisories")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]])
        .run();
    assert_eq!(marks(), [""; 0]);
}

#[cargo_test]
fn a_proc_macro_that_is_malicious_itself_does_not_run() {
    let world = World::with(&advisory("marking").malicious());

    world
        .cargo("check")
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] crates.io index
[LOCKING] 2 packages to latest compatible versions
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0
[DOWNLOADED] marking v1.0.0
[ERROR] 1 insecure dependency denied by `advisory.malicious`: marking 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]].unordered())
        .run();
    assert_eq!(marks(), [""; 0]);
}

#[cargo_test]
fn what_is_denied_is_not_published() {
    let world = World::with(&advisory("leaky"));

    world
        .cargo("publish --deny-advisories")
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] crates.io index
[PACKAGING] app v0.1.0 ([ROOT]/foo)
[UPDATING] crates.io index
[PACKAGED] 5 files, [FILE_SIZE]B ([FILE_SIZE]B compressed)
[VERIFYING] app v0.1.0 ([ROOT]/foo)
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0
[DOWNLOADED] marking v1.0.0
[ERROR] failed to verify package tarball

Caused by:
  1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details

"#]].unordered())
        .run();
    assert!(
        !cargo_test_support::registry::registry_path()
            .join("3/a/app")
            .exists()
    );
    assert_eq!(marks(), [""; 0]);
}

#[cargo_test]
fn under_deny_nothing_runs_unchecked_either() {
    let world = World::with(&advisory("leaky"));
    fs::remove_dir_all(paths::cargo_home().join("advisory")).unwrap();

    for command in COMMANDS {
        world
            .cargo(command)
            .arg("--deny-advisories")
            .with_status(101)
            .with_stderr_contains("[..]there is no index yet; run `cargo advisory update`")
            .run();
        assert_eq!(marks(), [""; 0], "{command}");
        assert_eq!(compiled(), [""; 0], "{command}");
    }
}
