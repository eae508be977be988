//! What a commit may hold of Cargo.lock.

use std::fs;

use cargo_advisory::baseline;
use cargo_test_support::{cargo_test, str};

use crate::{Work, locked, packages};

/// A commit on `main` with what `write` makes, and one on `work` with a sound Cargo.lock.
fn after(write: impl FnOnce(&Work)) -> Work {
    let work = Work::new("work");
    write(&work);
    work.commit();
    work.git("switch --quiet --create work");
    let lockfile = work.lockfile();
    if lockfile.is_dir() {
        fs::remove_dir_all(&lockfile).unwrap();
    } else if lockfile.symlink_metadata().is_ok() {
        fs::remove_file(&lockfile).unwrap();
    }
    work.lock(&["a 1.0.0"]);
    work
}

#[cargo_test]
fn a_lockfile_that_came_since_has_nothing_to_compare_with() {
    let work = after(|work| {
        work.write("other", "");
    });

    let baseline = work.baseline(Some("main"));

    assert!(baseline.lockfile.is_none());
    assert_eq!(baseline.commit, work.git("rev-parse main"));
}

/// A folder that was a file before.
#[cargo_test]
fn a_folder_that_came_since_has_nothing_to_compare_with() {
    let work = Work::new("work");
    work.write("shop", "").commit();
    work.git("switch --quiet --create work");
    fs::remove_file(work.root.join("shop")).unwrap();
    work.write("shop/Cargo.lock", locked(&["a 1.0.0"])).commit();

    let baseline = baseline::read(&work.root.join("shop/Cargo.lock"), Some("main"));

    assert!(baseline.unwrap().lockfile.is_none());
}

#[cargo_test]
fn a_lockfile_that_git_does_not_know_is_told() {
    let work = Work::new("work");
    work.write(".gitignore", "Cargo.lock\n").lock(&["a 1.0.0"]);

    work.refuses(
        Some("main"),
        str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
it is in no commit, neither at `HEAD` nor where it began; commit it (`.gitignore` may name it), so that there is something to compare with

"#]],
    );
}

#[cargo_test]
fn a_lockfile_that_git_no_longer_knows_is_compared_with_what_it_knew() {
    let work = after(|work| {
        work.write("Cargo.lock", locked(&["a 1.0.0"]));
    });
    work.git("rm --quiet --cached Cargo.lock");
    work.write(".gitignore", "Cargo.lock\n").commit();

    assert_eq!(packages(&work.baseline(Some("main"))), ["a 1.0.0"]);
}

#[cargo_test]
fn line_ends_and_a_byte_order_mark_do_not_matter() {
    for (name, content) in [
        ("crlf", locked(&["a 1.0.0"]).replace('\n', "\r\n")),
        ("mark", format!("\u{feff}{}", locked(&["a 1.0.0"]))),
    ] {
        let work = Work::new(name);
        work.write("Cargo.lock", content).commit();

        assert_eq!(packages(&work.baseline(Some("main"))), ["a 1.0.0"]);
    }
}

#[cfg(unix)]
#[cargo_test]
fn a_link_is_not_followed() {
    let work = after(|work| {
        work.write("real.lock", locked(&["a 1.0.0"]));
        std::os::unix::fs::symlink("real.lock", work.lockfile()).unwrap();
    });

    work.refuses(
        Some("main"),
        str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
failed to read `Cargo.lock at [..]`
it is a link there, or lies behind one; compare with a branch or commit where it is sound

"#]],
    );
}

#[cfg(unix)]
#[cargo_test]
fn a_folder_that_was_a_link_is_not_followed() {
    let work = Work::new("work");
    work.write("real/Cargo.lock", locked(&["a 1.0.0"]));
    std::os::unix::fs::symlink("real", work.root.join("shop")).unwrap();
    work.commit();
    work.git("switch --quiet --create work");
    fs::remove_file(work.root.join("shop")).unwrap();
    work.write("shop/Cargo.lock", locked(&["a 1.0.0"])).commit();

    crate::refuses(
        &work.root.join("shop/Cargo.lock"),
        Some("main"),
        str![[r#"
failed to tell what is new in `[ROOT]/work/shop/Cargo.lock`
failed to read `shop/Cargo.lock at [..]`
it is a link there, or lies behind one; compare with a branch or commit where it is sound

"#]],
    );
}

#[cargo_test]
fn a_folder_is_no_lockfile() {
    let work = after(|work| {
        work.write("Cargo.lock/file", "");
    });

    work.refuses(
        Some("main"),
        str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
failed to read `Cargo.lock at [..]`
it is a folder there, or lies behind one; compare with a branch or commit where it is sound

"#]],
    );
}

#[cargo_test]
fn a_submodule_is_no_lockfile() {
    let work = Work::new("work");
    work.write("other", "");
    let other = work.commit();
    work.git(&format!(
        "update-index --add --cacheinfo 160000,{other},Cargo.lock"
    ));
    work.git("commit --quiet --message change");

    work.refuses(
        Some("main"),
        str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
failed to read `Cargo.lock at [..]`
it is a submodule there, or lies behind one; compare with a branch or commit where it is sound

"#]],
    );
}

#[cargo_test]
fn a_lockfile_that_cannot_be_read_names_its_commit() {
    let work = after(|work| {
        work.write("Cargo.lock", "version = 4\n<<<<<<< ours\n");
    });

    work.refuses(
        Some("main"),
        str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
failed to read `Cargo.lock at [..]` as a Cargo.lock
line 2: key with no value, expected `=`; compare with a branch or commit where it is sound

"#]],
    );
}

#[cargo_test]
fn a_lockfile_of_another_encoding_is_refused() {
    let work = after(|work| {
        work.write("Cargo.lock", b"\xff\xfev\0e\0r\0");
    });

    work.refuses(
        Some("main"),
        str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
failed to read `Cargo.lock at [..]` as a Cargo.lock
it is not UTF-8; compare with a branch or commit where it is sound

"#]],
    );
}

/// In git it takes a few bytes.
#[cargo_test]
fn a_lockfile_beyond_measure_is_refused() {
    let work = after(|work| {
        work.write("Cargo.lock", "#\n".repeat(8 << 20) + "#");
    });

    work.refuses(
        Some("main"),
        str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
failed to read `Cargo.lock at [..]`
it is longer than 16 MiB; compare with a branch or commit where it is sound

"#]],
    );
}

#[cargo_test]
fn text_of_a_lockfile_does_nothing() {
    let work = after(|work| {
        work.write(
            "Cargo.lock",
            "[[package]]\nname = \"\\u001b[2J##[group]\"\nversion = \"\\u202e1\"\n",
        );
    });

    work.refuses(Some("main"), str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
failed to read `Cargo.lock at [..]` as a Cargo.lock
package `/u{1b}[2J#/u{23}[group]` has the version `/u{202e}1`: unexpected character '/u{202e}' while parsing major version number; compare with a branch or commit where it is sound

"#]]);
}

/// A clone without the files of history, which git fetches when they are asked for.
#[cargo_test]
fn a_partial_clone_may_lack_the_lockfile() {
    let origin = Work::new("origin");
    origin.git("config uploadpack.allowFilter true");
    origin.lock(&["a 1.0.0"]);
    origin.git("switch --quiet --create work");
    origin.lock(&["a 2.0.0"]);
    let clone = origin.clone("clone", "--filter=blob:none --branch work");

    clone.refuses(Some("origin/main"), str![[r#"
failed to tell what is new in `[ROOT]/clone/Cargo.lock`
failed to read `Cargo.lock at [..]`
what the commit holds is missing or damaged; in a partial clone `git show COMMIT:PATH` fetches a file, and `git fsck` tells what is damaged
An object with id [..] could not be found

"#]]);
    clone.git("cat-file -e origin/main:Cargo.lock");
    assert_eq!(packages(&clone.baseline(Some("origin/main"))), ["a 1.0.0"]);
}

#[cargo_test]
fn a_tag_that_is_none_inside_is_refused() {
    let work = Work::new("work");
    work.lock(&["a 1.0.0"]);
    work.write("tag", "object of desire");
    let id = work.git("hash-object -t tag -w --literally tag");
    work.write(".git/refs/tags/v1.0", format!("{id}\n"));

    work.refuses(
        Some("v1.0"),
        str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
`refs/tags/v1.0` leads to no commit
a tag is damaged
object parsing failed

"#]],
    );
    work.refuses(Some(&id), str![[r#"
failed to tell what is new in `[ROOT]/work/Cargo.lock`
`7ffbc2e92c073a5e32a07258d530ac5c66607f74` is no commit of this repository; fetch it, or name another
a tag is damaged
object parsing failed

"#]]);
}

/// Whatever is written over a file of the repository: an answer or an error, and it ends.
#[cargo_test]
fn a_damaged_repository_does_no_harm() {
    let work = Work::new("work");
    work.lock(&["a 1.0.0"]);
    work.git("tag --annotate --message note v1.0");
    work.git("switch --quiet --create work");
    work.lock(&["a 2.0.0"]);
    work.git("commit-graph write --reachable");
    work.git("gc --quiet --prune=now");
    let files: Vec<_> = walkdir::WalkDir::new(work.root.join(".git"))
        .into_iter()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .filter(|path| !path.components().any(|part| part.as_os_str() == "hooks"))
        .collect();
    let mut refused = 0;
    for file in files {
        let sound = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        let step = (sound.len() / 40).max(1);
        let damaged = (0..sound.len()).step_by(step).flat_map(|place| {
            let mut flipped = sound.clone();
            flipped[place] ^= 0x81;
            [flipped, sound[..place].to_vec()]
        });
        for damaged in damaged {
            fs::write(&file, damaged).unwrap();
            refused += usize::from(baseline::read(&work.lockfile(), Some("v1.0")).is_err());
            fs::remove_file(&file).unwrap();
        }
        fs::write(&file, sound).unwrap();
    }
    assert!(refused > 0);
    work.baseline(Some("v1.0"));
}
