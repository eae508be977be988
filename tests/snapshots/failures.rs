//! Servers that do not hand out what they should. The index stays, and the error says what to do.

use std::fs;
use std::io::Write as _;

use cargo_test_support::registry::Package;
use cargo_test_support::{cargo_test, str};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::server::Answer;
use crate::support::{ExecsExt as _, ProjectExt as _, advisory, cargo, locked};
use crate::world::{World, file, public, refuses};

/// The user has an index, and the publisher something new.
fn with_news() -> World {
    let world = World::new();
    world.database.add(&advisory("leaky"));
    world.publish(3);
    cargo("advisory update").run();
    fs::remove_file(file()).unwrap();
    world
        .database
        .add(&advisory("leaky").id("RUSTSEC-2020-0002"));
    world.publish(2);
    world
}

/// The error about the whole database, and its cause.
#[track_caller]
fn refuses_because(cause: &str) {
    refuses(format!(
        "[UPDATING] advisory database `sparse+https://127.0.0.1:[..]/public/`\n\
         [ERROR] cannot read the database `sparse+https://127.0.0.1:[..]/public/`\n\n\
         Caused by:\n{cause}\n"
    ));
}

/// All is well again without anybody's help.
#[track_caller]
fn heals(world: &World) {
    world.is_well();
    cargo("advisory update")
        .with_stderr_contains("     Updated index to 2 advisories (2 vulnerability)")
        .run();
}

fn name() -> String {
    file().file_name().unwrap().to_str().unwrap().to_owned()
}

#[cargo_test]
fn a_server_without_a_snapshot_says_so() {
    let world = with_news();
    for status in ["404 Not Found", "410 Gone"] {
        world.answers("manifest.json", Answer::status(status));
        refuses_because("  there is no snapshot at this address");
    }
    for status in [
        "500 Internal Server Error",
        "503 Service Unavailable",
        "429 Too Many Requests",
        "204 No Content",
    ] {
        world.answers("manifest.json", Answer::status(status));
        refuses_because(&format!(
            "  the server answers with HTTP status {}",
            &status[..3]
        ));
    }
    for status in ["401 Unauthorized", "403 Forbidden"] {
        world.answers("manifest.json", Answer::status(status));
        refuses_because(&format!(
            "  the server wants a login, which databases cannot have\n\nCaused by:\n  HTTP status {}",
            &status[..3]
        ));
    }
    heals(&world);
}

#[cargo_test]
fn redirects_are_not_followed() {
    let world = with_news();
    let elsewhere = world.server.url("elsewhere/manifest.json");
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "308 Permanent Redirect",
    ] {
        let answer = Answer::status(status).header("Location", &elsewhere);
        world.answers("manifest.json", answer);
        let asked = world.asked(|| {
            refuses_because(&format!(
                "  the server redirects; configure the address that it redirects to\n\nCaused by:\n  HTTP status {}",
                &status[..3]
            ));
        });
        assert_eq!(asked, ["manifest.json"]);
    }
    heals(&world);
}

#[cargo_test]
fn what_is_no_manifest_is_refused() {
    let world = with_news();
    for body in ["", "<html>Please log in</html>", "{}", "null", "\0\0\0\0"] {
        world.answers("manifest.json", Answer::status("200 OK").body(body));
        refuses_because(
            "  what is there is not the manifest of a snapshot, which `cargo advisory export` makes",
        );
    }
    world.answers(
        "manifest.json",
        Answer::status("200 OK").body(vec![b' '; 64 * 1024 + 1]),
    );
    refuses_because(
        "  `manifest.json` cannot be fetched\n\nCaused by:\n  the server sends more than 64 KiB",
    );
    heals(&world);
}

/// A server that says that nothing has changed without having been asked that.
#[cargo_test]
fn not_modified_is_no_answer_to_the_first_question() {
    let world = World::new();
    world.answers("manifest.json", Answer::status("304 Not Modified"));
    refuses_because("  the server answers with HTTP status 304");
}

#[cargo_test]
fn a_file_that_is_not_what_the_manifest_says_is_refused() {
    let world = with_news();
    let good = fs::read(file()).unwrap();
    let length = good.len();

    world.answers(&name(), Answer::status("200 OK").body(&good[..length - 1]));
    refuses_because(&format!(
        "  its file has {} bytes, and {length} according to its manifest",
        length - 1
    ));
    let mut changed = good.clone();
    changed[length / 2] ^= 1;
    world.answers(&name(), Answer::status("200 OK").body(changed));
    refuses_because("  its file is not the one that its manifest names: their hashes differ");
    let longer = [good.as_slice(), &[0]].concat();
    world.answers(&name(), Answer::status("200 OK").body(longer));
    refuses_because(&format!(
        "  its file has {} bytes, and {length} according to its manifest",
        length + 1
    ));
    world.answers(
        &name(),
        Answer::status("200 OK").body(vec![0; 32 * 1024 * 1024]),
    );
    refuses_because(&format!(
        "  `{}` cannot be fetched\n\nCaused by:\n  the server sends more than {} KiB",
        name(),
        (length + 1) / 1024
    ));
    world.answers(&name(), Answer::status("404 Not Found"));
    refuses_because(&format!(
        "  the file that its manifest names, `{}`, is not there; its publisher runs `cargo advisory export` again",
        name()
    ));
    heals(&world);
}

/// What the publisher itself hands out in its manifest, but nothing that `export` makes.
#[cargo_test]
fn a_file_that_grows_without_end_is_refused() {
    let world = with_news();
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..65 {
        bomb.write_all(&vec![0; 1024 * 1024]).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    let rubbish = b"\x1f\x8brubbish".to_vec();
    for (content, cause) in [
        (bomb, "its file has more than 64 MiB when it is unpacked"),
        (rubbish, "its file cannot be unpacked"),
    ] {
        let hash = blake3::hash(&content).to_hex().to_string();
        let path = public().join("manifest.json");
        let mut manifest: serde_json::Value =
            serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        manifest["index"]["name"] = format!("{hash}.snapshot").into();
        manifest["index"]["blake3"] = hash.clone().into();
        manifest["index"]["length"] = content.len().into();
        world.answers(
            "manifest.json",
            Answer::status("200 OK").body(manifest.to_string()),
        );
        world.answers(
            &format!("{hash}.snapshot"),
            Answer::status("200 OK").body(content),
        );
        refuses_because(&format!("  {cause}"));
    }
    heals(&world);
}

#[cargo_test]
fn a_server_that_nobody_vouches_for_is_not_asked() {
    let world = World::new();
    world.database.add(&advisory("leaky"));
    world.publish(1);

    cargo("advisory update")
        .env("CARGO_HTTP_CAINFO", "/etc/ssl/certs/ca-certificates.crt")
        .with_status(101)
        .with_stderr_contains("[..]the server's certificate is not trusted; `http.cainfo` can name who vouches for it")
        .run();
}

#[cargo_test]
fn after_a_failure_builds_go_on_with_what_they_have() {
    Package::new("leaky", "1.0.0").publish();
    let world = with_news();
    world.answers("manifest.json", Answer::status("500 Oops"));
    cargo("advisory update")
        .with_status(101)
        .with_stderr_contains("  the server answers with HTTP status 500")
        .run();

    locked("leaky = '1'")
        .cargo("check --deny-advisories")
        .tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn only_tls_will_do() {
    for (scheme, expected) in [
        (
            "sparse+http://127.0.0.1/public/",
            "[ERROR] a snapshot cannot be fetched over `http`; allowed are [..]",
        ),
        (
            "sparse+file:///public/",
            "[ERROR] a snapshot cannot be fetched over `file`; allowed are [..]",
        ),
        (
            "sparse+https://me:hunter2@127.0.0.1/public/",
            "[ERROR] a database cannot be fetched with a user name; allowed are [..]",
        ),
        (
            "sparse+https://127.0.0.1/public/?token=hunter2",
            "[ERROR] the URL of a database cannot have a `?` or `#`; allowed are [..]",
        ),
    ] {
        cargo("advisory update")
            .env("CARGO_ADVISORY_DATABASES", scheme)
            .with_status(101)
            .with_stderr_contains(expected)
            .with_stderr_does_not_contain("[..]hunter2[..]")
            .run();
    }
}
