//! What may lie in a git repository: only regular files in the layout are read, and nothing is followed.

use std::fs;

use cargo_test_support::paths::CargoPathExt as _;
use cargo_test_support::prelude::*;
use cargo_test_support::{cargo_test, git_process, paths, str};
use git2::{ObjectType, Oid, Repository, Signature};

use crate::server::Server;
use crate::support::{Advisory, Database, advisory, cached, cargo, configure};

const FOLDER: &str = "40000";
const FILE: &str = "100644";
const PROGRAM: &str = "100755";
const LINK: &str = "120000";
const SUBMODULE: &str = "160000";

/// A repository that is written object by object, so that it can hold what git itself would refuse to add.
struct Crafted {
    repository: Repository,
}

impl Crafted {
    fn new() -> Crafted {
        let repository = cargo_test_support::git::init(&paths::root().join("advisory-db"));
        Crafted { repository }
    }

    fn blob(&self, content: &[u8]) -> Oid {
        self.repository.blob(content).unwrap()
    }

    /// The file of an advisory.
    fn advisory(&self, advisory: &Advisory) -> Oid {
        self.blob(advisory.text().as_bytes())
    }

    /// A folder of exactly these entries, whatever their names.
    fn tree(&self, entries: &[(&str, &str, Oid)]) -> Oid {
        let mut content = Vec::new();
        for (mode, name, object) in entries {
            content.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            content.extend_from_slice(object.as_bytes());
        }
        let objects = self.repository.odb().unwrap();
        objects.write(ObjectType::Tree, &content).unwrap()
    }

    /// Commits a database of which this is the folder `crates`, and makes it the user's.
    fn commit(&self, crates: Oid) -> &Crafted {
        let root = self.tree(&[(FOLDER, "crates", crates)]);
        self.commit_root(root)
    }

    fn commit_root(&self, root: Oid) -> &Crafted {
        let author = Signature::now("a test", "test@tests.example").unwrap();
        let commit = format!(
            "tree {root}\nauthor {author} {time} +0000\ncommitter {author} {time} +0000\n\nAdd\n",
            author = author,
            time = author.when().seconds()
        );
        let objects = self.repository.odb().unwrap();
        let commit = objects
            .write(ObjectType::Commit, commit.as_bytes())
            .unwrap();
        self.repository
            .reference("refs/heads/crafted", commit, true, "a test")
            .unwrap();
        self.repository.set_head("refs/heads/crafted").unwrap();
        self
    }

    fn is_the_database(&self) {
        configure(&format!(
            "[advisory]\ndatabases = ['{}']",
            paths::root().join("advisory-db").display()
        ));
    }
}

/// What an update makes of the repository, from this machine and from a server alike.
fn status(crafted: &Crafted, expected: impl IntoData + Clone) {
    crafted.is_the_database();
    cargo("advisory update").run();
    cargo("advisory status")
        .with_stdout_data(expected.clone())
        .run();

    paths::cargo_home().join("advisory").rm_rf();
    fs::remove_file(paths::cargo_home().join("config.toml")).unwrap();
    let server = Server::of_repositories();
    server.is_the_database();
    server.is_trusted();
    cargo("advisory update").run();
    cargo("advisory status").with_stdout_data(expected).run();
}

#[cargo_test]
fn links_are_set_aside() {
    let crafted = Crafted::new();
    let good = crafted.advisory(&advisory("leaky"));
    let secret = paths::root().join("secret");
    fs::write(&secret, advisory("leaky").id("RUSTSEC-2020-0002").text()).unwrap();
    let to_file = crafted.blob(secret.to_str().unwrap().as_bytes());
    let to_sibling = crafted.blob(b"RUSTSEC-2020-0001.md");
    let to_folder = crafted.blob(b"leaky");
    let leaky = crafted.tree(&[
        (FILE, "RUSTSEC-2020-0001.md", good),
        (LINK, "RUSTSEC-2020-0002.md", to_file),
        (LINK, "RUSTSEC-2020-0003.md", to_sibling),
    ]);
    crafted.commit(crafted.tree(&[(FOLDER, "leaky", leaky), (LINK, "other", to_folder)]));

    status(
        &crafted,
        str![[r#"
index [ROOT]/home/.cargo/advisory/index-[..].bin
database [..]/advisory-db
    commit   [..] of [..]Z
    checked  [..]Z, less than a minute ago
1 advisory
    malicious          0
    vulnerability      1
    unsound            0
    unmaintained       0
    notice             0
    withdrawn          0
3 files quarantined
    crates/leaky/RUSTSEC-2020-0002.md: it is not a regular file
    crates/leaky/RUSTSEC-2020-0003.md: it is not a regular file
    crates/other: it is neither a file nor a folder

"#]],
    );
}

#[cargo_test]
fn a_database_that_is_a_link_is_none() {
    let crafted = Crafted::new();
    let root = crafted.tree(&[(LINK, "crates", crafted.blob(b"/tmp"))]);
    crafted.commit_root(root).is_the_database();

    cargo("advisory update")
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
[ERROR] cannot read the database `[ROOT]/advisory-db`

Caused by:
  it is not an advisory database: it has no folder `crates`

"#]])
        .run();
}

#[cargo_test]
fn submodules_are_set_aside() {
    let crafted = Crafted::new();
    let good = crafted.advisory(&advisory("leaky"));
    let elsewhere = Oid::from_str("0123456789012345678901234567890123456789").unwrap();
    let leaky = crafted.tree(&[
        (FILE, "RUSTSEC-2020-0001.md", good),
        (SUBMODULE, "RUSTSEC-2020-0002.md", elsewhere),
    ]);
    crafted.commit(crafted.tree(&[(FOLDER, "leaky", leaky), (SUBMODULE, "other", elsewhere)]));

    status(
        &crafted,
        str![[r#"
index [ROOT]/home/.cargo/advisory/index-[..].bin
database [..]/advisory-db
    commit   [..] of [..]Z
    checked  [..]Z, less than a minute ago
1 advisory
    malicious          0
    vulnerability      1
    unsound            0
    unmaintained       0
    notice             0
    withdrawn          0
2 files quarantined
    crates/leaky/RUSTSEC-2020-0002.md: it is not a regular file
    crates/other: it is neither a file nor a folder

"#]],
    );
}

#[cargo_test]
fn a_program_is_read_as_the_file_that_it_is() {
    let crafted = Crafted::new();
    let good = crafted.advisory(&advisory("leaky"));
    let leaky = crafted.tree(&[(PROGRAM, "RUSTSEC-2020-0001.md", good)]);
    crafted.commit(crafted.tree(&[(FOLDER, "leaky", leaky)]));

    status(
        &crafted,
        str![[r#"
index [ROOT]/home/.cargo/advisory/index-[..].bin
database [..]/advisory-db
    commit   [..] of [..]Z
    checked  [..]Z, less than a minute ago
1 advisory
    malicious          0
    vulnerability      1
    unsound            0
    unmaintained       0
    notice             0
    withdrawn          0
0 files quarantined

"#]],
    );
}

#[cargo_test]
fn a_huge_file_is_set_aside() {
    let crafted = Crafted::new();
    let good = crafted.advisory(&advisory("leaky"));
    let huge = crafted.blob(&vec![b'x'; 256 * 1024 + 1]);
    let leaky = crafted.tree(&[
        (FILE, "RUSTSEC-2020-0001.md", good),
        (FILE, "RUSTSEC-2020-0002.md", huge),
    ]);
    crafted.commit(crafted.tree(&[(FOLDER, "leaky", leaky)]));

    status(
        &crafted,
        str![[r#"
index [ROOT]/home/.cargo/advisory/index-[..].bin
database [..]/advisory-db
    commit   [..] of [..]Z
    checked  [..]Z, less than a minute ago
1 advisory
    malicious          0
    vulnerability      1
    unsound            0
    unmaintained       0
    notice             0
    withdrawn          0
1 file quarantined
    crates/leaky/RUSTSEC-2020-0002.md: it is longer than 256 KiB

"#]],
    );
}

#[cargo_test]
fn names_that_lead_elsewhere_are_never_followed() {
    let crafted = Crafted::new();
    let good = crafted.advisory(&advisory("leaky"));
    let bad = crafted.advisory(&advisory("leaky").id("RUSTSEC-2020-0002"));
    let leaky = crafted.tree(&[
        (FILE, "../RUSTSEC-2020-0002.md", bad),
        (FILE, "/tmp/RUSTSEC-2020-0002.md", bad),
        (FILE, "RUSTSEC-2020-0001.md", good),
        (FILE, "a/../RUSTSEC-2020-0002.md", bad),
    ]);
    let hidden = crafted.tree(&[(FILE, "RUSTSEC-2020-0002.md", bad)]);
    crafted.commit(crafted.tree(&[
        (FOLDER, "..", hidden),
        (FOLDER, "../leaky", hidden),
        (FOLDER, "/leaky", hidden),
        (FOLDER, "a/../leaky", hidden),
        (FOLDER, "leaky", leaky),
        (FOLDER, "leaky\u{1b}[2J", hidden),
    ]));
    let outside = || {
        let mut names: Vec<_> = fs::read_dir(paths::root())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    crafted.is_the_database();
    let before = outside();

    cargo("advisory update").run();

    assert_eq!(outside(), before);
    cargo("advisory status")
        .with_stdout_data(str![[r#"
index [ROOT]/home/.cargo/advisory/index-[..].bin
database [..]/advisory-db
    commit   [..] of [..]Z
    checked  [..]Z, less than a minute ago
1 advisory
    malicious          0
    vulnerability      1
    unsound            0
    unmaintained       0
    notice             0
    withdrawn          0
5 files quarantined
    crates//leaky: its name is not the name of a crate
    crates/a/../leaky: its name is not the name of a crate
    crates/leaky/u{1b}[2J: its name is not the name of a crate
    crates/leaky//tmp/RUSTSEC-2020-0002.md: its name is not the id of an advisory
    crates/leaky/a/../RUSTSEC-2020-0002.md: its name is not the id of an advisory

"#]])
        .run();
}

#[cargo_test]
fn a_file_of_another_package_is_set_aside() {
    let crafted = Crafted::new();
    let good = crafted.advisory(&advisory("leaky"));
    let leaky = crafted.tree(&[(FILE, "RUSTSEC-2020-0001.md", good)]);
    crafted.commit(crafted.tree(&[(FOLDER, "innocent", leaky), (FOLDER, "leaky", leaky)]));

    status(
        &crafted,
        str![[r#"
index [ROOT]/home/.cargo/advisory/index-[..].bin
database [..]/advisory-db
    commit   [..] of [..]Z
    checked  [..]Z, less than a minute ago
1 advisory
    malicious          0
    vulnerability      1
    unsound            0
    unmaintained       0
    notice             0
    withdrawn          0
1 file quarantined
    crates/innocent/RUSTSEC-2020-0001.md: its package is `leaky`

"#]],
    );
}

#[cargo_test]
fn an_object_that_is_missing_fails_the_whole() {
    let database = Database::new();
    database.add(&advisory("leaky")).commit().index();
    let before = cached();
    database
        .add(&advisory("shaky").id("RUSTSEC-2020-0002"))
        .commit();
    let repository = Repository::open(database.path()).unwrap();
    let tree = repository.head().unwrap().peel_to_tree().unwrap();
    let entry = tree
        .get_path("crates/shaky/RUSTSEC-2020-0002.md".as_ref())
        .unwrap();
    let id = entry.id().to_string();
    let (folder, file) = id.split_at(2);
    fs::remove_file(database.path().join(".git/objects").join(folder).join(file)).unwrap();

    cargo("advisory update")
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
[ERROR] cannot read the database `[ROOT]/advisory-db`

Caused by:
  a file is missing or damaged in the repository

Caused by:
  An object with id [..] could not be found

"#]])
        .run();

    assert_eq!(cached(), before);
}

#[cargo_test]
fn a_bare_repository_is_read() {
    let database = Database::at("work");
    database.add(&advisory("leaky")).commit();
    git_process("clone --quiet --bare work bare.git")
        .cwd(paths::root())
        .exec()
        .unwrap();
    configure(&format!(
        "[advisory]\ndatabases = ['{}']",
        paths::root().join("bare.git").display()
    ));

    cargo("advisory update").run();

    cargo("advisory status")
        .with_stdout_contains("1 advisory")
        .with_stdout_contains("    commit   [..] of [..]Z")
        .run();
}

/// As a mirror or a job's checkout is.
#[cargo_test]
fn a_shallow_clone_is_read() {
    let database = Database::at("work");
    for number in 1..4 {
        database
            .add(&advisory("leaky").id(&format!("RUSTSEC-2020-000{number}")))
            .commit();
    }
    git_process("clone --quiet --depth 1")
        .arg(format!("file://{}", database.path().display()))
        .arg("shallow")
        .cwd(paths::root())
        .exec()
        .unwrap();
    configure(&format!(
        "[advisory]\ndatabases = ['{}']",
        paths::root().join("shallow").display()
    ));

    cargo("advisory update").run();

    cargo("advisory status")
        .with_stdout_contains("3 advisories")
        .run();
}

/// Replacements, hooks and settings of the repository are somebody else's.
#[cargo_test]
fn a_repository_runs_and_replaces_nothing() {
    use std::os::unix::fs::PermissionsExt as _;
    let database = Database::new();
    database.add(&advisory("leaky")).commit();
    let repository = Repository::open(database.path()).unwrap();
    let published = repository.head().unwrap().target().unwrap();
    database
        .add(&advisory("shaky").id("RUSTSEC-2020-0002"))
        .commit();
    let other = repository.head().unwrap().target().unwrap();
    let branch = repository.head().unwrap().name().unwrap().to_owned();
    repository
        .reference(&branch, published, true, "back")
        .unwrap();
    repository
        .reference(
            &format!("refs/replace/{published}"),
            other,
            true,
            "replaced",
        )
        .unwrap();
    let marker = paths::root().join("marker");
    let script = paths::root().join("script");
    fs::write(
        &script,
        format!("#!/bin/sh\ntouch '{}'\n", marker.display()),
    )
    .unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let mut settings = repository.config().unwrap();
    for key in [
        "core.fsmonitor",
        "core.sshCommand",
        "core.gitProxy",
        "uploadpack.packObjectsHook",
        "filter.lfs.smudge",
        "filter.lfs.process",
        "credential.helper",
    ] {
        settings.set_str(key, script.to_str().unwrap()).unwrap();
    }
    for hook in ["post-checkout", "pre-auto-gc", "reference-transaction"] {
        let hook = database.path().join(".git/hooks").join(hook);
        fs::create_dir_all(hook.parent().unwrap()).unwrap();
        fs::copy(&script, hook).unwrap();
    }

    cargo("advisory update").run();

    assert!(!marker.exists());
    cargo("advisory status")
        .with_stdout_contains("1 advisory")
        .with_stdout_contains(format!("    commit   {published} of [..]"))
        .run();
}
