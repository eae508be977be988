//! Which repository counts, and what of it is trusted.

use std::fs;

use cargo_advisory::baseline;
use cargo_test_support::{cargo_test, paths, process, str};

use crate::{Work, git, locked, packages, refuses};

#[cargo_test]
fn a_lockfile_in_a_folder_of_the_repository_is_found() {
    let work = Work::new("work");
    work.write("services/shop/Cargo.lock", locked(&["a 1.0.0"]))
        .commit();
    work.write("services/shop/Cargo.lock", locked(&["a 2.0.0"]));
    work.write("Cargo.lock", locked(&["b 1.0.0"])).commit();

    let baseline = baseline::read(&work.root.join("services/shop/Cargo.lock"), Some("HEAD~0"));
    assert!(baseline.is_err());
    let baseline = baseline::read(&work.root.join("services/shop/Cargo.lock"), Some("main"));
    assert_eq!(packages(&baseline.unwrap()), ["a 2.0.0"]);
    let roundabout = work.root.join("services/../services/./shop/Cargo.lock");
    assert_eq!(
        packages(&baseline::read(&roundabout, Some("main")).unwrap()),
        ["a 2.0.0"]
    );
}

#[cargo_test]
fn a_second_work_tree_has_its_own_head() {
    let work = Work::new("work");
    let first = work.lock(&["a 1.0.0"]);
    work.git("worktree add --quiet ../second");
    let second = Work::at("second");
    work.lock(&["a 2.0.0"]);
    second.lock(&["a 3.0.0"]);

    let baseline = second.baseline(Some("main"));

    assert_eq!(baseline.commit, first);
    assert_eq!(packages(&baseline), ["a 1.0.0"]);
}

/// Work trees beside or below a repository that has none itself.
#[cargo_test]
fn work_trees_of_a_bare_repository_are_work_trees() {
    let origin = Work::new("origin");
    let first = origin.lock(&["a 1.0.0"]);
    git(&paths::root(), "clone --quiet --bare origin bare.git");
    git(
        &paths::root(),
        "--git-dir bare.git worktree add --quiet bare.git/below main",
    );
    git(
        &paths::root(),
        "--git-dir bare.git worktree add --quiet -b work beside",
    );

    for work in [Work::at("bare.git/below"), Work::at("beside")] {
        assert_eq!(work.baseline(Some("main")).commit, first);
    }
}

#[cargo_test]
fn a_repository_without_a_work_tree_holds_no_lockfile() {
    let origin = Work::new("origin");
    origin.lock(&["a 1.0.0"]);
    git(&paths::root(), "clone --quiet --bare origin bare/.git");
    let inside = paths::root().join("bare");
    fs::write(inside.join("Cargo.lock"), locked(&["a 1.0.0"])).unwrap();

    refuses(
        &inside.join("Cargo.lock"),
        None,
        str![[r#"
failed to tell what is new in `[ROOT]/bare/Cargo.lock`
the git repository `[ROOT]/bare/.git` has no work tree that could hold it

"#]],
    );
}

/// Somebody may commit a folder that looks like a bare repository, with a configuration of its own.
#[cargo_test]
fn a_folder_that_looks_like_a_repository_is_a_folder() {
    let work = Work::new("work");
    let folder = "fixtures/repository";
    work.write(&format!("{folder}/HEAD"), "ref: refs/heads/main\n");
    work.write(&format!("{folder}/config"), "[core]\nbare = true\n");
    work.write(&format!("{folder}/objects/info/keep"), "");
    work.write(&format!("{folder}/refs/heads/keep"), "");
    work.write(&format!("{folder}/Cargo.lock"), locked(&["a 1.0.0"]))
        .commit();

    let baseline = baseline::read(&work.root.join(folder).join("Cargo.lock"), Some("main"));

    assert_eq!(packages(&baseline.unwrap()), ["a 1.0.0"]);
}

#[cargo_test]
fn a_submodule_is_a_repository_of_its_own() {
    let inner = Work::new("inner");
    let first = inner.lock(&["a 1.0.0"]);
    let work = Work::new("work");
    work.lock(&["b 1.0.0"]);
    work.git("-c protocol.file.allow=always submodule --quiet add ../inner inner");
    work.commit();
    let module = Work::at("work/inner").identified();
    module.git("switch --quiet --create work");
    module.lock(&["a 2.0.0"]);

    let baseline = module.baseline(None);

    assert_eq!((&*baseline.base, &baseline.commit), ("origin/main", &first));
    assert_eq!(packages(&baseline), ["a 1.0.0"]);
}

#[cfg(unix)]
#[cargo_test]
fn a_folder_that_is_a_link_belongs_where_it_leads() {
    let work = Work::new("work");
    let first = work.write("shop/Cargo.lock", locked(&["a 1.0.0"])).commit();
    let other = Work::new("other");
    other.lock(&["b 1.0.0"]);
    std::os::unix::fs::symlink(work.root.join("shop"), other.root.join("shop")).unwrap();

    let baseline = baseline::read(&other.root.join("shop/Cargo.lock"), Some("main")).unwrap();

    assert_eq!(baseline.commit, first);
    assert_eq!(packages(&baseline), ["a 1.0.0"]);
}

#[cargo_test]
fn outside_a_repository_there_is_no_baseline() {
    // The folders of tests lie below the repository of this project.
    let folder = tempfile::tempdir().unwrap();
    let lockfile = folder.path().join("Cargo.lock");
    fs::write(&lockfile, locked(&["a 1.0.0"])).unwrap();

    let error = baseline::read(&lockfile, Some("main")).unwrap_err();
    assert_eq!(
        error.root_cause().to_string(),
        "it lies in no git repository"
    );

    refuses(
        &paths::root().join("nowhere/Cargo.lock"),
        None,
        str![[r#"
failed to tell what is new in `[ROOT]/nowhere/Cargo.lock`
its folder `[ROOT]/nowhere` cannot be read: [NOT_FOUND]

"#]],
    );
}

#[cargo_test]
fn a_work_tree_that_lies_elsewhere_is_refused() {
    let work = Work::new("work");
    work.lock(&["a 1.0.0"]);
    fs::create_dir(paths::root().join("elsewhere")).unwrap();
    work.git("config core.worktree ../../elsewhere");

    work.refuses(
        Some("main"),
        str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
it lies outside the work tree `[ROOT]/elsewhere` of its git repository

"#]],
    );
}

/// Containers check out as one user and build as another. Only root can give files away.
#[cfg(unix)]
#[cargo_test]
fn a_repository_of_another_user_is_read() {
    let work = Work::new("work");
    let first = work.lock(&["a 1.0.0"]);
    for path in [
        work.root.clone(),
        work.root.join(".git"),
        work.root.join(".git/config"),
    ] {
        if std::os::unix::fs::chown(path, Some(12345), Some(12345)).is_err() {
            return;
        }
    }

    assert_eq!(work.baseline(Some("main")).commit, first);
}

/// What of this a process reads is decided as it starts, so there is a process for it.
#[cargo_test]
fn nothing_but_the_repository_is_consulted() {
    let work = Work::new("work");
    work.lock(&["a 1.0.0"]);
    let decoy = Work::new("decoy");
    decoy.lock(&["b 1.0.0"]);
    let config = paths::root().join("config");
    fs::write(&config, "[core\nbroken").unwrap();
    let test = "repository::in_another_process";

    process(std::env::current_exe().unwrap())
        .args(&["--exact", test, "--ignored", "--nocapture"])
        .env("BASELINE_OF", work.lockfile())
        .env("GIT_DIR", decoy.root.join(".git"))
        .env("GIT_WORK_TREE", &decoy.root)
        .env("GIT_COMMON_DIR", decoy.root.join(".git"))
        .env("GIT_OBJECT_DIRECTORY", decoy.root.join(".git/objects"))
        .env("GIT_NAMESPACE", "decoy")
        .env("GIT_CEILING_DIRECTORIES", &work.root)
        .env("GIT_CONFIG_GLOBAL", &config)
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "core.worktree")
        .env("GIT_CONFIG_VALUE_0", &decoy.root)
        .exec_with_output()
        .unwrap();
}

#[test]
#[ignore = "run by another test"]
fn in_another_process() {
    #[expect(
        clippy::disallowed_methods,
        reason = "what the other test says is no configuration of cargo"
    )]
    let lockfile = std::env::var_os("BASELINE_OF").expect("run by another test");
    let baseline = baseline::read(lockfile.as_ref(), Some("main")).unwrap();
    assert_eq!(packages(&baseline), ["a 1.0.0"]);
}

/// All that git runs of itself when somebody looks at a repository.
#[cfg(unix)]
#[cargo_test]
fn nothing_of_the_repository_is_run() {
    use std::os::unix::fs::PermissionsExt as _;
    let work = Work::new("work");
    work.write(".gitattributes", "* filter=evil diff=evil\n");
    work.lock(&["a 1.0.0"]);
    let ran = paths::root().join("ran");
    let program = paths::root().join("program");
    fs::write(&program, format!("#!/bin/sh\ntouch {}\n", ran.display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    for key in [
        "filter.evil.smudge",
        "filter.evil.process",
        "diff.evil.textconv",
        "core.fsmonitor",
        "core.sshCommand",
        "core.gitProxy",
        "core.alternateRefsCommand",
        "credential.helper",
        "gpg.program",
        "uploadpack.packObjectsHook",
    ] {
        work.git(&format!("config {key} {}", program.display()));
    }

    work.baseline(Some("main"));

    assert!(!ran.exists());
}

#[cargo_test]
fn formats_that_are_not_known_are_told() {
    git(
        &paths::root(),
        "init --quiet --initial-branch main --object-format=sha256 sha256",
    );
    let work = Work::at("sha256").identified();
    work.lock(&["a 1.0.0"]);
    work.refuses(
        Some("main"),
        str![[r#"
failed to tell what is new in `[ROOT]/sha256/Cargo.lock`
the git repository in `[ROOT]/sha256` cannot be opened
Failed to load the git configuration
The key "extensions.objectFormat=sha256" was invalid

"#]],
    );

    let work = Work::new("reftable");
    work.lock(&["a 1.0.0"]);
    work.git("config core.repositoryFormatVersion 1");
    work.git("config extensions.refStorage reftable");
    work.refuses(Some("main"), str![[r#"
failed to tell what is new in `[ROOT]/reftable/Cargo.lock`
its git repository keeps references as `reftable`, which is not supported; `git refs migrate --ref-format=files` changes that

"#]]);
}
