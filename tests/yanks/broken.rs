//! Registries that do not answer, or not what they should: what was known stays, and the advisories come all the same.

use cargo_test_support::{cargo_test, paths, str};
use serde_json::{Value, json};

use crate::registry::{Registry, crates_io, line, lockfile};
use crate::server::Answer;
use crate::support::{Database, ExecsExt as _, advisory, cargo, configure};

/// A lockfile with `hasty`, which was yanked, `steady`, and an index that knows of it.
fn known() -> (Registry, Database) {
    let registry = Registry::in_place_of_crates_io();
    registry
        .publish("hasty", "1.0.0")
        .yank("hasty", "1.0.0", true)
        .publish("steady", "1.0.0");
    let database = Database::new();
    database.add(&advisory("other")).index();
    let source = crates_io();
    lockfile(
        "old",
        &[("hasty", "1.0.0", &source), ("steady", "1.0.0", &source)],
    );
    assert_eq!(findings(), [""; 0]);
    cargo("advisory update").run();
    assert_eq!(findings(), ["hasty yanked"]);
    (registry, database)
}

fn findings() -> Vec<String> {
    let answer = cargo("advisory check --lockfile old/Cargo.lock --format json").answer();
    let findings = answer["findings"].as_array().unwrap();
    let word = |value: &Value| value.as_str().unwrap_or("yanked").to_owned();
    findings
        .iter()
        .map(|finding| format!("{} {}", word(&finding["package"]), word(&finding["id"])))
        .collect()
}

#[cargo_test]
fn no_answer_changes_nothing_that_was_known() {
    let (registry, database) = known();
    registry.yank("hasty", "1.0.0", false);
    let ok = |body: &str| Answer::status("200 OK").body(body);
    let good = registry.file("hasty");
    for answer in [
        Answer::status("500 Internal Server Error"),
        Answer::status("429 Too Many Requests"),
        Answer::status("401 Unauthorized"),
        Answer::status("403 Forbidden"),
        Answer::status("404 Not Found").body("nothing here"),
        Answer::status("410 Gone"),
        Answer::status("302 Found").header("Location", "https://elsewhere.example/"),
        Answer::status("204 No Content"),
        ok(""),
        ok("<!DOCTYPE html><title>Sign in</title>"),
        ok(&format!("{good}<html>")),
        ok(&good[..good.len() - 10]),
        ok(&line("steady", "1.0.0", false).replace("steady", "steadx")),
    ] {
        let told = format!("{answer:?}");
        registry.answer_instead("", Some(answer));
        database.add(&advisory("steady").id("RUSTSEC-2020-0002"));

        let output = cargo("advisory update").run();

        let stderr = String::from_utf8(output.stderr).unwrap();
        let note = "could not be asked about the yanks of 2 crates";
        assert!(stderr.contains(note), "{told}: {stderr}");
        assert_eq!(
            findings(),
            ["steady RUSTSEC-2020-0002", "hasty yanked"],
            "{told}"
        );
    }

    registry.recover();
    cargo("advisory update").tells("");
    assert_eq!(findings(), ["steady RUSTSEC-2020-0002"]);
}

#[cargo_test]
fn status_tells_what_was_not_answered() {
    let (registry, _database) = known();
    registry.answer_instead(
        "ha/st/hasty",
        Some(Answer::status("500 Internal Server Error")),
    );

    cargo("advisory update")
        .with_stderr_data(str![[r#"
[UPDATING] advisory database `[ROOT]/advisory-db`
[UPDATING] yanks of 2 crates of `crates-io`
[WARNING] `crates-io` could not be asked about the yanks of 1 of 2 crates: the server answers with status 500; what was known of them stays
     Updated index to 1 advisory (1 vulnerability) and the yanks of 2 crates

"#]])
        .run();
    cargo("advisory status")
        .with_stdout_data(str![[r#"
...
registry crates-io
    crates   2
    asked    [..]
    no answer about 1 of 2 crates: the server answers with status 500
...
"#]])
        .run();
    let status = cargo("advisory status --format json").status();
    let registries = status["index"]["registries"].as_array().unwrap();
    assert_eq!(registries.len(), 1);
    assert_eq!(
        registries[0]["unanswered"],
        json!({ "crates": 1, "of": 2, "reason": "the server answers with status 500" })
    );
    assert!(
        registries[0]["oldest"].as_str() <= registries[0]["asked"].as_str(),
        "{registries:?}"
    );
}

/// Nothing that a server says can act on a terminal.
#[cargo_test]
fn what_a_server_says_is_harmless() {
    let (registry, _database) = known();
    let name = "has\\u001b[2Jty\\n::error::x";
    let line = line("hasty", "1.0.0", false).replace("hasty", name);
    registry.answer_instead("", Some(Answer::status("200 OK").body(line)));

    for command in ["advisory update", "advisory status"] {
        let output = cargo(command).run();
        for bytes in [&output.stdout, &output.stderr] {
            let text = String::from_utf8(bytes.clone()).unwrap();
            assert!(
                !text.contains("\u{1b}[2J") && !text.contains("\n::error"),
                "{text}"
            );
        }
    }
}

/// Cargo's own limit on how long nothing may come holds here too.
#[cargo_test]
fn a_registry_that_hangs_holds_nobody_up() {
    let (registry, database) = known();
    configure("[net]\nretry = 0");
    registry.answer_instead("", None);
    database.add(&advisory("steady").id("RUSTSEC-2020-0002"));

    cargo("advisory update")
        .arg("--config=http.timeout=1")
        .tells(str![[r#"
[WARNING] `crates-io` could not be asked about the yanks of 2 crates: [..]; what was known of them stays

"#]]);

    assert_eq!(findings(), ["steady RUSTSEC-2020-0002", "hasty yanked"]);
}

#[cargo_test]
fn a_server_that_nobody_trusts_is_no_registry() {
    let (_registry, _database) = known();
    std::fs::write(paths::root().join("authorities.pem"), "").unwrap();

    let output = cargo("advisory update").run();

    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("could not be asked about the yanks of 2 crates"),
        "{stderr}"
    );
    assert_eq!(findings(), ["hasty yanked"]);
}

#[cargo_test]
fn a_configuration_of_registries_that_is_wrong_keeps_nobody_from_the_advisories() {
    let (_registry, database) = known();
    database.add(&advisory("steady").id("RUSTSEC-2020-0002"));

    cargo("advisory update")
        .arg("--config=source.mirror.replace-with='nowhere'")
        .tells(str![[r#"
[WARNING] registries cannot be asked about yanks: could not find a configured source with the name `nowhere` when attempting to lookup `crates-io` [..]

"#]]);

    assert_eq!(findings(), ["steady RUSTSEC-2020-0002", "hasty yanked"]);
}
