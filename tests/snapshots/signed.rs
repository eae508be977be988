//! Signatures: with a key, nothing but what is signed with it is taken.

use std::fs;
use std::io::Cursor;

use cargo_test_support::{cargo_test, paths, str};
use minisign::KeyPair;

use crate::server::Answer;
use crate::support::{advisory, app, cargo, configure};
use crate::world::{World, public, refuses};

const SIGNATURE: &str = "manifest.json.minisig";

fn key() -> KeyPair {
    KeyPair::generate_unencrypted_keypair().unwrap()
}

/// Does what `minisign -S -m manifest.json` does.
fn sign(key: &KeyPair) {
    let manifest = fs::read(public().join("manifest.json")).unwrap();
    let signature = minisign::sign(None, &key.sk, Cursor::new(manifest), None, None).unwrap();
    fs::write(public().join(SIGNATURE), signature.into_string()).unwrap();
}

/// What is published is signed with the key that the user has.
fn signed() -> (World, KeyPair) {
    let key = key();
    let world = World::configured(&format!("snapshot-key = '{}'", key.pk.to_base64()));
    world.database.add(&advisory("leaky"));
    world.publish(3);
    sign(&key);
    cargo("advisory update").run();
    (world, key)
}

#[cargo_test]
fn what_is_signed_is_taken_and_costs_one_question_more_where_there_is_news() {
    let (world, key) = signed();
    let update = || {
        cargo("advisory update").run();
    };
    assert_eq!(world.asked(update), ["manifest.json"]);

    world.publish(2);
    sign(&key);
    assert_eq!(world.asked(update), ["manifest.json", SIGNATURE]);
    assert_eq!(world.asked(update), ["manifest.json"]);
}

#[cargo_test]
fn what_is_not_signed_is_refused() {
    let (world, key) = signed();
    fs::remove_file(public().join(SIGNATURE)).unwrap();
    world.publish(2);

    refuses(str![[r#"
[UPDATING] advisory database `sparse+https://127.0.0.1:[..]/public/`
[ERROR] cannot read the database `sparse+https://127.0.0.1:[..]/public/`

Caused by:
  it is not signed, and `advisory.snapshot-key` is set; its publisher signs it: `minisign -S -m manifest.json`

"#]]);

    sign(&key);
    cargo("advisory update").run();
}

#[cargo_test]
fn another_key_is_refused_unless_it_is_added() {
    let (world, _) = signed();
    let other = key();
    world.publish(2);
    sign(&other);

    refuses(str![[r#"
[UPDATING] advisory database `sparse+https://127.0.0.1:[..]/public/`
[ERROR] cannot read the database `sparse+https://127.0.0.1:[..]/public/`

Caused by:
  it is signed with a key that `advisory.snapshot-key` does not have; add the key if its publisher confirms it

"#]]);

    let keys = format!("{} {}", key().pk.to_base64(), other.pk.to_base64());
    cargo("advisory update")
        .env("CARGO_ADVISORY_SNAPSHOT_KEY", keys)
        .run();
}

#[cargo_test]
fn a_signature_of_another_manifest_and_rubbish_are_refused() {
    let (world, key) = signed();
    world.publish(2);

    refuses(str![[r#"
[UPDATING] advisory database `sparse+https://127.0.0.1:[..]/public/`
[ERROR] cannot read the database `sparse+https://127.0.0.1:[..]/public/`

Caused by:
  its signature is not one of its manifest, which may have been changed or is being replaced right now; try again later, then its publisher signs it again: `minisign -S -m manifest.json`

"#]]);

    for rubbish in [&b""[..], b"<html>", b"\xff\xfe", &[b'\n'; 100]] {
        world.answers(SIGNATURE, Answer::status("200 OK").body(rubbish));
        refuses(str![[r#"
[UPDATING] advisory database `sparse+https://127.0.0.1:[..]/public/`
[ERROR] cannot read the database `sparse+https://127.0.0.1:[..]/public/`

Caused by:
  `manifest.json.minisig` is not a signature; its publisher signs its manifest again: `minisign -S -m manifest.json`

"#]]);
    }
    world.answers(SIGNATURE, Answer::status("200 OK").body(vec![b'x'; 9000]));
    refuses(str![[r#"
[UPDATING] advisory database `sparse+https://127.0.0.1:[..]/public/`
[ERROR] cannot read the database `sparse+https://127.0.0.1:[..]/public/`

Caused by:
  `manifest.json.minisig` cannot be fetched

Caused by:
  the server sends more than 8 KiB

"#]]);
    world.is_well();
    sign(&key);
    cargo("advisory update").run();
}

/// What was fetched before the user had a key is held against it all the same.
#[cargo_test]
fn a_key_counts_from_the_moment_on_which_it_is_set() {
    let world = World::new();
    world.database.add(&advisory("leaky"));
    world.publish(3);
    cargo("advisory update").run();
    let key = key();
    let update = || {
        let mut update = cargo("advisory update");
        update.env("CARGO_ADVISORY_SNAPSHOT_KEY", key.pk.to_base64());
        update
    };

    update()
        .with_status(101)
        .with_stderr_contains("  it is not signed, and `advisory.snapshot-key` is set; [..]")
        .run();
    sign(&key);
    let asked = world.asked(|| {
        update().run();
    });
    assert_eq!(asked, ["manifest.json", SIGNATURE]);
    let asked = world.asked(|| {
        update().run();
    });
    assert_eq!(asked, ["manifest.json"]);
}

#[cargo_test]
fn a_signed_snapshot_that_is_old_is_refused() {
    let (world, key) = signed();
    let old = ["manifest.json", SIGNATURE].map(|name| fs::read(public().join(name)).unwrap());
    world.publish(1);
    sign(&key);
    cargo("advisory update").run();
    for (name, bytes) in ["manifest.json", SIGNATURE].iter().zip(old) {
        fs::write(public().join(name), bytes).unwrap();
    }

    refuses(str![[r#"
...
  its publisher looked for news at [..]Z, and at [..]Z for what the index was made from: it is an old snapshot; whoever knows that this is right runs `cargo advisory update --accept-rewrite sparse+https://127.0.0.1:[..]/public/`

"#]]);
}

#[cargo_test]
fn a_workspace_cannot_set_the_key() {
    let _world = World::new();
    let app = app("");
    app.change_file(
        ".cargo/config.toml",
        &format!("[advisory]\nsnapshot-key = '{}'", key().pk.to_base64()),
    );

    cargo("advisory update")
        .cwd(app.root())
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] `advisory.snapshot-key` may not be set in `[ROOT]/foo/.cargo/config.toml`; set it in the user's own configuration, `[ROOT]/home/.cargo/config.toml`, in the environment or with `--config`

"#]])
        .run();
}

/// It may be the secret half by mistake.
#[cargo_test]
fn what_is_no_key_is_not_shown() {
    let secret = key().sk.to_box(None).unwrap().into_string();
    let secret = secret.lines().nth(1).unwrap().to_owned();
    for value in ["", "hunter2", &secret] {
        let config = paths::cargo_home().join("config.toml");
        let _ = fs::remove_file(config);
        configure(&format!("[advisory]\nsnapshot-key = '{value}'"));

        cargo("advisory status")
            .with_status(101)
            .with_stderr_data(str![[r#"
[ERROR] bad value for `advisory.snapshot-key` in `[ROOT]/home/.cargo/config.toml`, line 3; allowed are public keys of minisign such as `RW...`, with blanks between them

"#]])
            .run();
    }
}
