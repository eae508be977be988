//! A database goes forward only: what does not follow on the index leaves it as it is, byte for byte.

use std::fs;
use std::process::Command;

use cargo_test_support::paths::CargoPathExt as _;
use cargo_test_support::prelude::*;
use cargo_test_support::{cargo_test, git_process, paths, str};
use git2::Oid;

use crate::history::History;
use crate::server::{Request, Server};
use crate::support::{Database, advisory, cached, cargo, configure, record};

/// An update is refused, and changes nothing.
#[track_caller]
fn refuses(expected: impl IntoData) {
    let before = cached();
    assert_eq!(before.len(), 1);

    cargo("advisory update")
        .with_status(101)
        .with_stdout_data("")
        .with_stderr_data(expected)
        .run();

    assert!(cached() == before, "the index has changed");
}

/// An update succeeds and leads to this commit.
#[track_caller]
fn leads_to(commit: Oid) {
    cargo("advisory update").run();
    cargo("advisory status")
        .with_stdout_contains(format!("    commit   {commit} of [..]Z"))
        .run();
}

/// What was asked since the first `before` requests: their paths, and in a request for a pack how deep it is to go.
fn asked(server: &Server, before: usize) -> Vec<String> {
    let requests = server.requests();
    requests[before..].iter().map(told).collect()
}

fn told(request: &Request) -> String {
    let body = String::from_utf8_lossy(&request.body);
    let depth = ["deepen-since", "deepen 1"]
        .into_iter()
        .find(|depth| body.contains(depth));
    match (request.method.as_str(), body.contains("want "), depth) {
        ("GET", ..) => "handshake".to_owned(),
        (_, false, _) => "references".to_owned(),
        (_, true, Some(depth)) => depth.to_owned(),
        (_, true, None) => "everything".to_owned(),
    }
}

fn served() -> (History, Server) {
    let history = History::new();
    let server = Server::of_repositories();
    server.is_the_database();
    server.is_trusted();
    (history, server)
}

#[cargo_test]
fn a_day_of_news_takes_three_requests_and_none_for_all_of_history() {
    let (history, server) = served();
    let first = history.commit(1..=3, None, 72);
    leads_to(first);
    let before = server.requests().len();
    let second = history.commit(1..=4, Some(first), 48);
    let third = history.commit(1..=5, Some(second), 24);

    leads_to(third);

    assert_eq!(
        asked(&server, before),
        ["handshake", "references", "deepen-since"]
    );
    let before = server.requests().len();
    leads_to(third);
    assert_eq!(asked(&server, before), ["handshake", "references"]);
}

#[cargo_test]
fn a_database_that_goes_back_is_refused_until_it_goes_on() {
    let (history, server) = served();
    let first = history.commit(1..=3, None, 96);
    let second = history.commit(1..=3, Some(first), 24);
    leads_to(second);
    history.go_to(first);
    let before = server.requests().len();

    refuses(str![[r#"
[UPDATING] advisory database `https://127.0.0.1:[..]/advisory-db`
[ERROR] the database `https://127.0.0.1:[..]/advisory-db` was refused, and the index stays as it is

Caused by:
  its commit [..] of [..]Z does not come after [..] of [..]Z, which the index was made from: its history was rewritten or went back; whoever knows that this is right runs `cargo advisory update --accept-rewrite https://127.0.0.1:[..]/advisory-db`

"#]]);

    let asked = asked(&server, before);
    assert!(asked.len() <= 6, "{asked:?}");
    assert!(asked.ends_with(&["everything".to_owned()]), "{asked:?}");
    leads_to(history.commit(1..=4, Some(second), 1));
}

#[cargo_test]
fn both_commits_are_named() {
    let history = History::new();
    history.is_the_database();
    let first = history.commit(1..=3, None, 96);
    let second = history.commit(1..=3, Some(first), 24);
    leads_to(second);
    history.go_to(first);

    refuses(format!(
        "[UPDATING] advisory database `[ROOT]/advisory-db`\n\
         [ERROR] the database `[ROOT]/advisory-db` was refused, and the index stays as it is\n\n\
         Caused by:\n  its commit {first} of [..]Z does not come after {second} of [..]Z, which the index was made \
         from: its history was rewritten or went back; whoever knows that this is right runs `cargo advisory update \
         --accept-rewrite [ROOT]/advisory-db`\n"
    ));
}

/// As a forced push does, with a newer commit that holds all of the advisories and more.
#[cargo_test]
fn a_rewritten_history_is_refused_until_it_is_put_right() {
    let (history, _server) = served();
    let first = history.commit(1..=3, None, 96);
    let second = history.commit(1..=3, Some(first), 24);
    leads_to(second);
    history.commit(1..=9, Some(first), 1);

    refuses(str![[r#"
...
  its commit [..] of [..]Z does not come after [..] of [..]Z, which the index was made from: its history was rewritten or went back; whoever knows that this is right runs `cargo advisory update --accept-rewrite https://127.0.0.1:[..]/advisory-db`

"#]]);

    leads_to(history.commit(1..=9, Some(second), 1));
}

#[cargo_test]
fn an_unrelated_history_is_refused() {
    let (history, _server) = served();
    leads_to(history.commit(1..=3, None, 24));
    history.commit(1..=9, None, 1);

    refuses(str![[r#"
...
  its commit [..] of [..]Z does not come after [..] of [..]Z, which the index was made from: its history was rewritten or went back; whoever knows that this is right runs `cargo advisory update --accept-rewrite https://127.0.0.1:[..]/advisory-db`

"#]]);
}

#[cargo_test]
fn another_branch_at_head_is_refused_unless_it_follows() {
    let (history, _server) = served();
    let first = history.commit(1..=3, None, 96);
    let second = history.commit(1..=4, Some(first), 24);
    leads_to(second);
    let branch = |name: &str, commit| {
        let repository = history.repository();
        let commit = repository.find_commit(commit).unwrap();
        repository.branch(name, &commit, true).unwrap();
        repository.set_head(&format!("refs/heads/{name}")).unwrap();
    };

    branch("older", first);
    refuses(str![[r#"
...
  its commit [..] of [..]Z does not come after [..]
...
"#]]);

    let third = history.commit(1..=5, Some(second), 1);
    branch("newer", third);
    leads_to(third);
}

#[cargo_test]
fn tags_do_not_matter() {
    let (history, server) = served();
    let first = history.commit(1..=3, None, 96);
    let second = history.commit(1..=4, Some(first), 24);
    let tag = |commit| {
        let repository = history.repository();
        let commit = repository.find_object(commit, None).unwrap();
        repository.tag_lightweight("v1", &commit, true).unwrap();
    };
    tag(second);
    leads_to(second);

    tag(first);
    leads_to(second);

    let wants: usize = server
        .requests()
        .iter()
        .map(|request| {
            String::from_utf8_lossy(&request.body)
                .matches("want ")
                .count()
        })
        .sum();
    assert_eq!(wants, 1);
}

/// The commits since the known one do not show it then, and all of history does.
#[cargo_test]
fn a_commit_with_a_date_long_past_is_taken_where_it_follows() {
    let (history, server) = served();
    let first = history.commit(1..=3, None, 24);
    leads_to(first);
    let before = server.requests().len();
    let early = history.commit(1..=4, Some(first), 24 * 400);
    let second = history.commit(1..=5, Some(early), 1);

    leads_to(second);

    let asked = asked(&server, before);
    assert!(asked.ends_with(&["everything".to_owned()]), "{asked:?}");
    leads_to(history.commit(1..=6, Some(second), 24 * 400));
}

#[cargo_test]
fn an_empty_tree_is_refused_until_it_is_filled_again() {
    let (history, _server) = served();
    let first = history.commit(1..=3, None, 24);
    leads_to(first);
    let second = history.commit([], Some(first), 2);

    refuses(str![[r#"
[UPDATING] advisory database `https://127.0.0.1:[..]/advisory-db`
[ERROR] cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  it is not an advisory database: it has no folder `crates`

"#]]);

    leads_to(history.commit(1..=3, Some(second), 1));
}

#[cargo_test]
fn a_commit_of_next_year_is_refused_and_cannot_be_accepted() {
    let (history, server) = served();
    let first = history.commit(1..=3, None, 24);
    leads_to(first);
    let future = history.commit(1..=4, Some(first), -24 * 365);
    let expected = str![[r#"
[UPDATING] advisory database `https://127.0.0.1:[..]/advisory-db`
[ERROR] the database `https://127.0.0.1:[..]/advisory-db` was refused, and the index stays as it is

Caused by:
  its commit [..] of [..]Z lies in the future, for it is [..]Z now; set the clock, or wait for a commit with a right date

"#]];

    refuses(expected.clone());

    cargo("advisory update --accept-rewrite")
        .arg(server.url("advisory-db"))
        .with_status(101)
        .with_stderr_data(expected)
        .run();
    leads_to(history.commit(1..=4, Some(future), 0));
}

#[cargo_test]
fn a_first_commit_of_next_year_is_refused_too() {
    let history = History::new();
    history.is_the_database();
    history.commit(1..=3, None, -24 * 365);

    cargo("advisory update")
        .with_status(101)
        .with_stderr_contains("  its commit [..] lies in the future[..]")
        .run();

    assert!(cached().is_empty());
}

#[cargo_test]
fn a_commit_of_this_evening_is_taken() {
    let history = History::new();
    history.is_the_database();

    leads_to(history.commit(1..=3, None, -23));
}

#[cargo_test]
fn one_advisory_in_a_hundred_may_go_at_once() {
    let (history, _server) = served();
    let first = history.commit(1..=200, None, 24);
    leads_to(first);
    let second = history.commit(3..=200, Some(first), 3);
    leads_to(second);

    // 1 in 100 of the 198 that are left is 1.
    let third = history.commit(5..=200, Some(second), 2);
    refuses(str![[r#"
[UPDATING] advisory database `https://127.0.0.1:[..]/advisory-db`
[ERROR] the database `https://127.0.0.1:[..]/advisory-db` was refused, and the index stays as it is

Caused by:
  2 of its 198 advisories are gone, and no more than 1 in 100 may go at once; whoever knows that this is right runs `cargo advisory update --accept-rewrite https://127.0.0.1:[..]/advisory-db`

"#]]);

    leads_to(history.commit(4..=200, Some(third), 1));
}

#[cargo_test]
fn half_of_the_advisories_do_not_go_at_once_even_if_others_come() {
    let (history, _server) = served();
    let first = history.commit(1..=100, None, 24);
    leads_to(first);
    let second = history.commit(51..=500, Some(first), 2);

    refuses(str![[r#"
...
  50 of its 100 advisories are gone, and no more than 1 in 100 may go at once; whoever knows [..]

"#]]);

    leads_to(history.commit(1..=500, Some(second), 1));
}

/// What keeps a database of ten usable: one goes, whether it was removed or damaged.
#[cargo_test]
fn of_a_small_folder_one_advisory_may_go() {
    let database = Database::new();
    let numbered = |number: u32| advisory("leaky").id(&format!("RUSTSEC-2020-000{number}"));
    for number in 1..=3 {
        database.add(&numbered(number));
    }
    database.index();
    let file = |number: u32| {
        let id = format!("RUSTSEC-2020-000{number}.md");
        database.path().join("crates/leaky").join(id)
    };

    fs::remove_file(file(1)).unwrap();
    database.index();
    database.add(&numbered(1)).index();

    fs::remove_file(file(1)).unwrap();
    fs::write(file(2), "no advisory").unwrap();
    refuses(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
[ERROR] the database `[ROOT]/advisory-db` was refused, and the index stays as it is

Caused by:
  2 of its 3 advisories are gone, and no more than 1 in 100 may go at once; whoever knows that this is right runs `cargo advisory update --accept-rewrite [ROOT]/advisory-db`

"#]]);
}

#[cargo_test]
fn withdrawn_advisories_are_not_gone() {
    let database = Database::new();
    let numbered = |number: u32| advisory("leaky").id(&format!("RUSTSEC-2020-000{number}"));
    for number in 1..=5 {
        database.add(&numbered(number));
    }
    database.index();

    for number in 1..=4 {
        database.add(&numbered(number).field("withdrawn", "\"2020-02-02\""));
    }

    cargo("advisory update")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
     Updated index to 5 advisories (1 vulnerability, 4 withdrawn)

"#]])
        .run();
}

/// A large database does not make up for what a small one loses, and what moves to another one is not lost.
#[cargo_test]
fn each_database_is_counted_for_itself() {
    let numbered = |number: u32| advisory("leaky").id(&format!("RUSTSEC-2020-{number:04}"));
    let large = Database::at("large");
    for number in 1..=300 {
        large.add(&numbered(number));
    }
    let small = Database::at("small");
    for number in 301..=303 {
        small.add(&numbered(number));
    }
    configure(&format!(
        "[advisory]\ndatabases = ['{}', '{}']",
        large.path().display(),
        small.path().display()
    ));
    small.index();
    let remove = |number: u32| {
        let file = format!("crates/leaky/RUSTSEC-2020-{number:04}.md");
        fs::remove_file(small.path().join(file)).unwrap();
    };
    remove(301);
    remove(302);

    refuses(str![[r#"
[UPDATING] advisory database `[ROOT]/large`
[UPDATING] advisory database `[ROOT]/small`
[ERROR] the database `[ROOT]/small` was refused, and the index stays as it is

Caused by:
  2 of its 3 advisories are gone, and no more than 1 in 100 may go at once; whoever knows that this is right runs `cargo advisory update --accept-rewrite [ROOT]/small`

"#]]);

    large.add(&numbered(301)).index();
}

#[cargo_test]
fn who_knows_that_a_rewrite_is_right_can_say_so() {
    let (history, server) = served();
    let first = history.commit(1..=3, None, 96);
    let second = history.commit(1..=10, Some(first), 24);
    leads_to(second);
    let third = history.commit([1, 2, 30], Some(first), 2);

    cargo("advisory update --accept-rewrite")
        .arg(server.url("advisory-db"))
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `https://127.0.0.1:[..]/advisory-db`
[WARNING] the database `https://127.0.0.1:[..]/advisory-db` was taken, as `--accept-rewrite` says: its commit [..] of [..]Z does not come after [..] of [..]Z, which the index was made from: its history was rewritten or went back
[WARNING] the database `https://127.0.0.1:[..]/advisory-db` was taken, as `--accept-rewrite` says: 8 of its 10 advisories are gone, and no more than 1 in 100 may go at once
     Updated index to 3 advisories (3 vulnerability)

"#]])
        .run();

    leads_to(third);
    // From then on it goes forward from there.
    history.go_to(second);
    refuses(str![[r#"
...
  its commit [..] does not come after [..]
...
"#]]);
}

#[cargo_test]
fn where_nothing_is_wrong_there_is_nothing_to_accept() {
    let history = History::new();
    history.is_the_database();
    let first = history.commit(1..=3, None, 24);
    leads_to(first);
    history.commit(1..=4, Some(first), 2);

    cargo("advisory update --accept-rewrite")
        .arg(paths::root().join("advisory-db"))
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
     Updated index to 4 advisories (4 vulnerability)

"#]])
        .run();
}

#[cargo_test]
fn only_a_database_that_is_configured_can_be_accepted() {
    let history = History::new();
    history.is_the_database();
    history.commit(1..=3, None, 24);

    cargo("advisory update --accept-rewrite https://other.example/db")
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] bad value `https://other.example/db` for `--accept-rewrite`; allowed are the configured databases, `[ROOT]/advisory-db`

"#]])
        .run();
}

#[cargo_test]
fn what_is_accepted_of_one_database_is_not_of_another() {
    let history = History::new();
    let first = history.commit(1..=3, None, 96);
    let second = history.commit(1..=4, Some(first), 24);
    let other = Database::at("other");
    other.add(&advisory("other"));
    configure(&format!(
        "[advisory]\ndatabases = ['{}', '{}']",
        paths::root().join("advisory-db").display(),
        other.path().display()
    ));
    leads_to(second);
    history.go_to(first);

    cargo("advisory update --accept-rewrite")
        .arg(other.path())
        .with_status(101)
        .with_stderr_contains("  its commit [..] does not come after [..]")
        .run();
}

/// A clone that is cut off cannot show that it goes forward.
#[cargo_test]
fn a_shallow_clone_goes_forward_once_it_is_whole() {
    let history = History::new();
    let first = history.commit(1..=3, None, 96);
    let clone = |command: &str| {
        git_process(command).cwd(paths::root()).exec().unwrap();
    };
    let url = format!("file://{}", history.path().display());
    clone(&format!("clone --quiet --depth 1 {url} clone"));
    configure(&format!(
        "[advisory]\ndatabases = ['{}']",
        paths::root().join("clone").display()
    ));
    leads_to(first);
    let second = history.commit(1..=4, Some(first), 24);
    let third = history.commit(1..=5, Some(second), 2);
    paths::root().join("clone").rm_rf();
    clone(&format!("clone --quiet --depth 1 {url} clone"));

    refuses(str![[r#"
[UPDATING] advisory database `[ROOT]/clone`
[ERROR] the database `[ROOT]/clone` was refused, and the index stays as it is

Caused by:
  it cannot be told whether its commit [..] of [..]Z comes after [..] of [..]Z, which the index was made from: its history is cut off or too long (`git fetch --unshallow` completes a clone); whoever knows that this is right runs `cargo advisory update --accept-rewrite [ROOT]/clone`

"#]]);

    clone("-C clone fetch --quiet --unshallow");
    leads_to(third);
}

#[cargo_test]
fn a_repository_does_not_become_a_folder() {
    let database = Database::new();
    database.add(&advisory("leaky")).commit().index();
    database.path().join(".git").rm_rf();

    refuses(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
[ERROR] the database `[ROOT]/advisory-db` was refused, and the index stays as it is

Caused by:
  it is a folder without commits, and the index was made from its commit [..] of [..]Z; whoever knows that this is right runs `cargo advisory update --accept-rewrite [ROOT]/advisory-db`

"#]]);
}

#[cargo_test]
fn an_index_that_is_damaged_does_not_let_a_database_go_back() {
    let history = History::new();
    history.is_the_database();
    let first = history.commit(1..=3, None, 96);
    let second = history.commit(1..=3, Some(first), 24);
    leads_to(second);
    for name in cached().keys() {
        fs::write(paths::cargo_home().join("advisory").join(name), "nonsense").unwrap();
    }
    history.go_to(first);

    refuses(str![[r#"
...
  its commit [..] does not come after [..]
...
"#]]);

    history.go_to(second);
    leads_to(second);
}

#[cargo_test]
fn an_index_that_is_damaged_does_not_let_advisories_go() {
    let history = History::new();
    history.is_the_database();
    let first = history.commit(1..=9, None, 96);
    leads_to(first);
    let damage = || {
        for name in cached().keys() {
            let path = paths::cargo_home().join("advisory").join(name);
            let mut bytes = fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(path, bytes).unwrap();
        }
    };
    let fewer = history.commit(1..=2, Some(first), 48);
    damage();

    // What a refusal leaves behind knows as much.
    for _ in 0..2 {
        refuses(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
[ERROR] the database `[ROOT]/advisory-db` was refused, and the index stays as it is

Caused by:
  7 of its 9 advisories are gone, and no more than 1 in 100 may go at once; whoever knows that this is right runs `cargo advisory update --accept-rewrite [ROOT]/advisory-db`

"#]]);
    }

    history.go_to(first);
    leads_to(history.commit(1..=8, Some(fewer), 24));
}

#[cargo_test]
fn of_several_databases_each_is_counted_without_an_index_too() {
    let all = advisories(1..=9);
    let (first, second) = (Database::at("first"), Database::at("second"));
    configure(&format!(
        "[advisory]\ndatabases = ['{}', '{}']",
        first.path().display(),
        second.path().display()
    ));
    // The second one has all of the first.
    for (number, advisory) in (1..).zip(&all) {
        second.add(advisory);
        if number <= 3 {
            first.add(advisory);
        }
    }
    cargo("advisory update").run();
    for name in cached().keys() {
        fs::write(paths::cargo_home().join("advisory").join(name), "nonsense").unwrap();
    }
    for number in 6..=9 {
        fs::remove_file(second.path().join(path_of(number))).unwrap();
    }

    refuses(str![[r#"
[UPDATING] advisory database `[ROOT]/first`
[UPDATING] advisory database `[ROOT]/second`
[ERROR] the database `[ROOT]/second` was refused, and the index stays as it is

Caused by:
  4 of its 6 advisories are gone, and no more than 1 in 100 may go at once; whoever knows that this is right runs `cargo advisory update --accept-rewrite [ROOT]/second`

"#]]);

    // That one is withdrawn is no loss.
    for (number, advisory) in (1..).zip(all) {
        match number {
            6 | 7 => second.add(&advisory.field("withdrawn", "\"2021-01-01\"")),
            8 => second.add(&advisory),
            _ => continue,
        };
    }
    cargo("advisory update").run();
}

fn advisories(numbers: std::ops::RangeInclusive<u32>) -> Vec<crate::support::Advisory> {
    let numbered = |number| advisory("leaky").id(&format!("RUSTSEC-2020-{number:04}"));
    numbers.map(numbered).collect()
}

fn path_of(number: u32) -> String {
    format!("crates/leaky/RUSTSEC-2020-{number:04}.md")
}

/// What is remembered of the last refresh is no more than that.
#[cargo_test]
fn what_is_remembered_can_be_anything() {
    let history = History::new();
    history.is_the_database();
    let first = history.commit(1..=3, None, 96);
    leads_to(first);
    let record = record();
    let elsewhere = paths::root().join("elsewhere");
    fs::write(&elsewhere, "precious").unwrap();
    let put: [&dyn Fn(); 5] = [
        &|| fs::write(&record, "").unwrap(),
        &|| fs::write(&record, vec![0; 1000]).unwrap(),
        &|| fs::File::create(&record).unwrap().set_len(1 << 30).unwrap(),
        &|| std::os::unix::fs::symlink(&elsewhere, &record).unwrap(),
        &|| {
            let mut mkfifo = Command::new("mkfifo");
            assert!(mkfifo.arg(&record).status().unwrap().success());
        },
    ];
    for put in put {
        fs::remove_file(&record).unwrap();
        put();

        cargo("advisory status")
            .with_stderr_data("")
            .with_stdout_does_not_contain("last refresh[..]")
            .run();
        leads_to(first);
    }
    assert_eq!(fs::read_to_string(elsewhere).unwrap(), "precious");
}
