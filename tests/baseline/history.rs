//! Where two branches went apart.

use std::fs;

use cargo_test_support::{cargo_test, str};

use crate::{Work, packages};

/// What came to the other branch since does not count.
#[cargo_test]
fn the_commit_where_the_branches_went_apart_counts() {
    let work = Work::new("work");
    work.lock(&["a 1.0.0"]);
    let apart = work.lock(&["a 2.0.0"]);
    work.git("switch --quiet --create work");
    work.lock(&["a 3.0.0"]);
    work.git("switch --quiet main");
    work.lock(&["a 4.0.0"]);
    work.git("switch --quiet work");

    let baseline = work.baseline(Some("main"));

    assert_eq!(baseline.commit, apart);
    assert_eq!(packages(&baseline), ["a 2.0.0"]);
}

/// Build servers check out a commit, often the one that would come of the merge.
#[cargo_test]
fn a_merge_without_a_branch_is_compared_with_what_it_merges_into() {
    let work = Work::new("work");
    work.lock(&["a 1.0.0"]);
    work.git("switch --quiet --create work");
    work.write("other", "").commit();
    work.git("switch --quiet main");
    let tip = work.lock(&["a 2.0.0"]);
    work.git("switch --quiet --detach");
    work.git("merge --quiet --no-edit work");

    let baseline = work.baseline(Some("main"));

    assert_eq!(baseline.commit, tip);
    assert_eq!(packages(&baseline), ["a 2.0.0"]);
}

#[cargo_test]
fn on_the_branch_itself_nothing_that_is_committed_is_new() {
    let work = Work::new("work");
    let tip = work.lock(&["a 1.0.0"]);
    work.write("Cargo.lock", "not committed");

    assert_eq!(work.baseline(Some("main")).commit, tip);
    work.git("branch ahead");
    work.lock(&["a 2.0.0"]);
    work.git("switch --quiet ahead");
    assert_eq!(work.baseline(Some("main")).commit, tip, "behind the branch");
}

/// Each branch was merged into the other: both commits from which they go apart are as good.
#[cargo_test]
fn of_several_merge_bases_gits_own_is_taken() {
    let work = Work::new("work");
    work.lock(&["a 1.0.0"]);
    let at = |second: u32| format!("2020-01-01T00:00:{second:02}Z");
    let commit = |name: &str, second: u32| {
        work.write(name, "");
        work.git("add --all");
        let mut git = cargo_test_support::git_process("commit --quiet --message change");
        git.cwd(&work.root).env("GIT_COMMITTER_DATE", at(second));
        git.exec_with_output().unwrap();
        work.git("rev-parse HEAD")
    };
    work.git("switch --quiet --create work");
    let earlier = commit("theirs", 1);
    work.git("switch --quiet main");
    let later = commit("ours", 2);
    work.git(&format!("merge --quiet --no-edit {earlier}"));
    work.git("switch --quiet work");
    work.git(&format!("merge --quiet --no-edit {later}"));
    assert_eq!(work.git("merge-base --all main work").lines().count(), 2);

    let baseline = work.baseline(Some("main"));

    assert_eq!(baseline.commit, work.git("merge-base main work"));
    assert_eq!(baseline.commit, later);
}

#[cargo_test]
fn histories_without_a_common_commit_cannot_be_compared() {
    let work = Work::new("work");
    work.lock(&["a 1.0.0"]);
    work.git("switch --quiet --orphan other");
    work.lock(&["a 2.0.0"]);

    work.refuses(
        Some("main"),
        str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
`HEAD` and `main` have no common commit, their histories are unrelated; name another branch to compare with

"#]],
    );
}

#[cargo_test]
fn a_shallow_clone_is_told_to_fetch_more() {
    let origin = Work::new("origin");
    let apart = origin.lock(&["a 1.0.0"]);
    origin.git("switch --quiet --create work");
    origin.lock(&["a 2.0.0"]);
    origin.git("switch --quiet main");
    origin.lock(&["a 3.0.0"]);
    let clone = origin.clone("clone", "--depth 1 --no-single-branch --branch work");

    clone.refuses(
        Some("origin/main"),
        str![[r#"
failed to tell what is new in `[ROOT]/clone/Cargo.lock`
`HEAD` and `origin/main` have no common commit in this shallow clone; fetch the whole history: `git fetch --unshallow`, `fetch-depth: 0` in GitHub Actions, `GIT_DEPTH: 0` in GitLab CI

"#]],
    );

    let deeper = origin.clone("deeper", "--depth 2 --no-single-branch --branch work");
    assert_eq!(deeper.baseline(Some("origin/main")).commit, apart);
    clone.git("fetch --quiet --unshallow");
    assert_eq!(clone.baseline(Some("origin/main")).commit, apart);
}

#[cargo_test]
fn without_a_commit_there_is_nothing_to_compare() {
    let work = Work::new("work");
    work.write("Cargo.lock", "");

    work.refuses(
        None,
        str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
there is no commit at `HEAD` yet; commit something first

"#]],
    );
}

/// The search for a common commit must not take what is missing for the end of history.
#[cargo_test]
fn damaged_history_is_told_from_unrelated_history() {
    let work = Work::new("work");
    let root = work.lock(&["a 1.0.0"]);
    work.git("switch --quiet --create work");
    work.lock(&["a 2.0.0"]);
    work.git("switch --quiet main");
    work.lock(&["a 3.0.0"]);
    let (folder, file) = root.split_at(2);
    fs::remove_file(work.root.join(".git/objects").join(folder).join(file)).unwrap();

    work.refuses(
        Some("work"),
        str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
the history cannot be read; `git fsck` tells what is damaged
An object with id [..] could not be found

"#]],
    );
}

/// `git replace` would have it another commit.
#[cargo_test]
fn commits_are_what_was_committed() {
    let work = Work::new("work");
    let first = work.lock(&["a 1.0.0"]);
    let second = work.lock(&["a 2.0.0"]);
    work.git(&format!("replace {first} {second}"));

    let baseline = work.baseline(Some(&first));

    assert_eq!(packages(&baseline), ["a 1.0.0"]);
}

#[cargo_test]
fn packed_repositories_are_read() {
    let work = Work::new("work");
    let first = work.lock(&["a 1.0.0"]);
    work.git("switch --quiet --create work");
    work.lock(&["a 2.0.0"]);
    work.git("gc --quiet --aggressive --prune=now");
    assert!(!work.root.join(".git/refs/heads/main").exists());

    assert_eq!(work.baseline(Some("main")).commit, first);
}
