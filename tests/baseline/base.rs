//! What is compared with.

use cargo_test_support::{cargo_test, str};

use crate::Work;

/// `origin` with a commit on `main`, and a clone of it on a branch `work` that has one more.
fn cloned() -> (Work, Work) {
    let origin = Work::new("origin");
    origin.lock(&["a 1.0.0"]);
    let work = origin.clone("work", "");
    work.git("switch --quiet --create work");
    work.lock(&["a 2.0.0"]);
    (origin, work)
}

/// The name of what is compared with where nobody named anything.
#[track_caller]
fn default_of(work: &Work) -> String {
    work.baseline(None).base
}

#[cargo_test]
fn the_default_branch_of_the_remote_is_compared_with() {
    let (origin, work) = cloned();

    let baseline = work.baseline(None);

    assert_eq!(baseline.base, "origin/main");
    assert_eq!(baseline.commit, origin.git("rev-parse main"));
    assert_eq!(crate::packages(&baseline), ["a 1.0.0"]);
}

#[cargo_test]
fn the_default_branch_has_any_name() {
    let origin = Work::new("origin");
    origin.lock(&["a 1.0.0"]);
    origin.git("branch --move trunk");
    let work = origin.clone("work", "");

    assert_eq!(default_of(&work), "origin/trunk");
}

#[cargo_test]
fn the_remote_that_the_branch_tracks_goes_before_origin() {
    let (origin, work) = cloned();
    origin.git("branch stable");
    work.git("remote add upstream ../origin");
    work.git("fetch --quiet upstream");
    work.git("symbolic-ref refs/remotes/upstream/HEAD refs/remotes/upstream/stable");
    assert_eq!(default_of(&work), "origin/main");

    work.git("branch --quiet --set-upstream-to upstream/main");

    assert_eq!(default_of(&work), "upstream/stable");
}

#[cargo_test]
fn a_branch_that_tracks_one_of_this_repository_has_no_remote() {
    let (_, work) = cloned();
    work.git("branch --quiet --set-upstream-to main");

    assert_eq!(default_of(&work), "origin/main");
}

#[cargo_test]
fn the_only_remote_may_have_any_name() {
    let (_, work) = cloned();
    work.git("remote rename origin upstream");

    assert_eq!(default_of(&work), "upstream/main");
}

#[cargo_test]
fn among_several_remotes_one_has_to_be_tracked() {
    let (_, work) = cloned();
    work.git("remote rename origin upstream");
    work.git("remote add fork ../origin");

    work.refuses(
        None,
        str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
which remote to compare with is not clear: there are `fork`, `upstream`, and the current branch tracks none of them; name a branch with `--deny-advisories=new=BRANCH` or `advisory.base`

"#]],
    );
}

/// As the checkouts of many build servers are: they fetch branches and no `HEAD`.
#[cargo_test]
fn without_the_remotes_head_main_or_master_is_taken() {
    let (origin, work) = cloned();
    work.git("remote set-head origin --delete");
    assert_eq!(default_of(&work), "origin/main");

    origin.git("branch --move master");
    work.git("fetch --quiet --prune");
    assert_eq!(default_of(&work), "origin/master");
}

#[cargo_test]
fn a_remotes_head_that_leads_nowhere_is_as_good_as_none() {
    let (_, work) = cloned();
    work.git("symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/gone");

    assert_eq!(default_of(&work), "origin/main");
}

#[cargo_test]
fn main_and_master_are_one_too_many() {
    let (origin, work) = cloned();
    origin.git("branch master");
    work.git("fetch --quiet");
    work.git("remote set-head origin --delete");

    work.refuses(
        None,
        str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
which branch to compare with is not clear: there are `refs/remotes/origin/main` and `refs/remotes/origin/master`, and no `refs/remotes/origin/HEAD` that tells which is the default; name a branch with `--deny-advisories=new=BRANCH` or `advisory.base`

"#]],
    );
}

#[cargo_test]
fn without_a_remote_a_branch_has_to_be_named() {
    let work = Work::new("work");
    work.lock(&["a 1.0.0"]);

    work.refuses(
        None,
        str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
there is no branch to compare with: neither `refs/remotes/origin/HEAD` nor `refs/remotes/origin/main` nor `refs/remotes/origin/master`; fetch it, or name a branch with `--deny-advisories=new=BRANCH` or `advisory.base`

"#]],
    );
    assert_eq!(work.baseline(Some("main")).base, "main");
}

#[cargo_test]
fn a_hostile_remote_is_shown_and_not_followed() {
    let (_, work) = cloned();
    work.write(
        ".git/config",
        "[branch \"work\"]\nremote = \"..\u{1b}[2J..\"\n",
    );

    work.refuses(
        None,
        str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
the reference `refs/remotes/../u{1b}[2J../HEAD` cannot be read
Reference name cannot start with a dot

"#]],
    );
}

#[cargo_test]
fn branches_tags_and_commits_can_be_named() {
    let (_, work) = cloned();
    let first = work.git("rev-parse main");
    work.git("tag light main");
    work.git("tag --annotate --message note v1.0 main");
    let tag = work.git("rev-parse v1.0");

    for name in [
        "main",
        "heads/main",
        "refs/heads/main",
        "origin/main",
        "remotes/origin/main",
        "refs/remotes/origin/main",
        "origin",
        "light",
        "v1.0",
        "tags/v1.0",
        &first,
        &first[..7],
        &first[..39],
        &first.to_uppercase(),
        &tag,
    ] {
        let baseline = work.baseline(Some(name));
        assert_eq!((&*baseline.base, &baseline.commit), (name, &first));
    }
    // What is not committed yet is new.
    assert_eq!(
        work.baseline(Some("HEAD")).commit,
        work.git("rev-parse HEAD")
    );
}

#[cargo_test]
fn nothing_else_can_be_named() {
    let (_, work) = cloned();

    for name in [
        "",
        "-main",
        "--upload-pack=touch",
        "main~1",
        "main^",
        "main^{/change}",
        "main@{1}",
        "@{upstream}",
        "@{yesterday}",
        "main..work",
        ":/change",
        "main:Cargo.lock",
        "../../config",
        "refs/../config",
        "/etc/passwd",
        "ma in",
        "main\n",
        "main.lock",
    ] {
        let error = cargo_advisory::baseline::read(&work.lockfile(), Some(name)).unwrap_err();
        let error = error.root_cause().to_string();
        assert!(
            error.contains("cannot be the name of a branch"),
            "{name}: {error}"
        );
    }
    work.refuses(
        Some("main@{1}\u{1b}[2J"),
        str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
`main@{1}/u{1b}[2J` cannot be the name of a branch; allowed are names such as `main`, `origin/main` and `v1.0`, and commits in hex

"#]],
    );
}

#[cargo_test]
fn what_is_not_there_is_told() {
    let (origin, work) = cloned();
    origin.git("branch next");
    work.git("fetch --quiet");

    // `main/next` cannot be, beside `main`; `config` is a file of the repository; the last two could be commits.
    for name in ["nowhere", "main/next", "config", "1234567", "abcdef"] {
        let error = cargo_advisory::baseline::read(&work.lockfile(), Some(name)).unwrap_err();
        assert_eq!(
            error.root_cause().to_string(),
            format!("there is no branch, tag or commit `{name}` here; fetch it, or name another")
        );
    }
    work.refuses(
        Some("next"),
        str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
there is no branch, tag or commit `next` here, but `origin/next`; name that

"#]],
    );
    work.refuses(
        Some("0123456789012345678901234567890123456789"),
        str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
`0123456789012345678901234567890123456789` is no commit of this repository; fetch it, or name another
An object with id 0123456789012345678901234567890123456789 could not be found

"#]],
    );
}

#[cargo_test]
fn what_is_no_commit_is_told() {
    let (_, work) = cloned();
    let file = work.git("rev-parse HEAD:Cargo.lock");
    work.git(&format!("tag file {file}"));

    work.refuses(
        Some("file"),
        str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
`refs/tags/file` leads to no commit
it is a file or a folder

"#]],
    );
    work.refuses(Some(&file), str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
`2e13458074fec89e417370873f56f5b4a3a863cd` is no commit of this repository; fetch it, or name another
it is a file or a folder

"#]]);
}

#[cargo_test]
fn a_name_of_two_things_is_refused_where_they_differ() {
    let (_, work) = cloned();
    work.git("tag main main");
    assert_eq!(work.baseline(Some("main")).base, "main");

    work.git("tag --force main work");

    work.refuses(
        Some("main"),
        str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
`main` is both `refs/tags/main` and `refs/heads/main`; name one of them in full

"#]],
    );
    assert_eq!(
        work.baseline(Some("refs/heads/main")).commit,
        work.git("rev-parse refs/heads/main")
    );
}

#[cargo_test]
fn a_branch_that_is_called_like_a_commit_stands_for_no_other() {
    let (_, work) = cloned();
    let first = work.git("rev-parse main");
    work.git(&format!("update-ref refs/heads/{first} work"));

    assert_eq!(work.baseline(Some(&first)).commit, first);
}
