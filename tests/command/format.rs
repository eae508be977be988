//! `--format json`: one object, the same for people's tools today and tomorrow.

use std::fs;

use cargo_test_support::prelude::*;
use cargo_test_support::registry::{self, Package};
use cargo_test_support::{cargo_test, paths, str};
use serde_json::{Value, json};

use crate::support::{
    Database, ExecsExt as _, ProjectExt as _, advisory, app, app_locked_to_yanked, cargo, schema,
};

#[cargo_test]
fn a_workspace_is_one_object() {
    Package::new("leaky", "1.0.0").publish();
    Database::new()
        .add(
            &advisory("leaky")
                .title("Everything leaks out")
                .patched(">= 1.0.1")
                .field("cvss", "\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"")
                .field("aliases", "[\"CVE-2020-0001\"]")
                .field("url", "\"https://leaks.example/1\""),
        )
        .index();

    app("leaky = '1'")
        .cargo("advisory --format json")
        .with_stdout_data(
            str![[r#"
{
  "findings": [
    {
      "aliases": [
        "CVE-2020-0001"
      ],
      "appeared": "2020-01-01",
      "cvss": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
      "date": "2020-01-01",
      "features": [],
      "grace_until": null,
      "id": "RUSTSEC-2020-0001",
      "ignore": null,
      "kind": "vulnerability",
      "level": "warn",
      "package": "leaky",
      "patched": [
        ">=1.0.1"
      ],
      "paths": [
        [
          {
            "by_default": false,
            "features": [],
            "kind": "normal",
            "lacks": [],
            "package": "app",
            "platform": null,
            "renamed": null,
            "source": null,
            "turned_on_by": [],
            "version": "0.1.0"
          },
          {
            "by_default": false,
            "features": [],
            "kind": null,
            "lacks": [],
            "package": "leaky",
            "platform": null,
            "renamed": null,
            "source": "registry+https://github.com/rust-lang/crates.io-index",
            "turned_on_by": [],
            "version": "1.0.0"
          }
        ]
      ],
      "remedy": {
        "edits": [],
        "held_back_by": [],
        "kind": "none",
        "moves": [],
        "obstacle": {
          "kind": "no-patch",
          "rust_version": null,
          "versions": []
        },
        "switch": null
      },
      "scope": "runtime",
      "score": 9.8,
      "severity": "critical",
      "source": "registry+[..]",
      "title": "Everything leaks out",
      "unaffected": [],
      "url": "https://leaks.example/1",
      "vanished": false,
      "version": "1.0.0"
    }
  ],
  "ignored": [],
  "index": {
    "advisories": 1,
    "databases": [
      {
        "checked": "[..]Z",
        "commit": null,
        "committed": null,
        "made_of": [],
        "url": "[ROOT]/advisory-db"
      }
    ]
  },
  "packages": 2,
  "problems": [],
  "stale_ignores": [],
  "unchecked": [],
  "yanks": {
    "asked": null,
    "known": 1,
    "unknown": 0
  }
}
"#]]
            .is_json(),
        )
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0 (registry `dummy-registry`)

"#]])
        .answer();
}

#[cargo_test]
fn a_yank_has_no_id_and_no_advisory() {
    let app = app_locked_to_yanked();
    Database::new().add(&advisory("other")).index();

    let answer = app.cargo("advisory --format json").answer();

    let finding = &answer["findings"][0];
    assert_eq!(finding["kind"], "yanked");
    assert_eq!(finding["package"], "gone");
    assert_eq!(finding["version"], "1.0.0");
    assert_eq!(finding["level"], "warn");
    assert_eq!(finding["scope"], "runtime");
    for absent in ["id", "severity", "score", "cvss", "title", "date", "url"] {
        assert_eq!(finding.get(absent), Some(&Value::Null), "{absent}");
    }
    for empty in ["aliases", "patched", "unaffected"] {
        assert_eq!(finding.get(empty), Some(&json!([])), "{empty}");
    }
}

#[cargo_test]
fn every_kind_has_its_word_and_the_worst_comes_first() {
    registry::init();
    let database = Database::new();
    let mut dependencies = String::new();
    for (name, advisory) in [
        ("loud", advisory("loud").informational("notice")),
        ("lonely", advisory("lonely").informational("unmaintained")),
        ("shaky", advisory("shaky").informational("unsound")),
        ("leaky", advisory("leaky")),
        ("evil", advisory("evil").malicious()),
    ] {
        Package::new(name, "1.0.0").publish();
        database.add(&advisory);
        dependencies.push_str(&format!("{name} = '1'\n"));
    }
    database.index();

    let answer = app(&dependencies)
        .cargo("advisory --format json")
        .with_status(101)
        .with_stderr_contains("[ERROR] 1 insecure dependency denied by `advisory.malicious`[..]")
        .answer();

    let told: Vec<(&str, &str)> = answer["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            (
                finding["kind"].as_str().unwrap(),
                finding["level"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("malicious", "deny"),
            ("vulnerability", "warn"),
            ("unsound", "warn"),
            ("unmaintained", "warn"),
            ("notice", "allow"),
        ]
    );
}

#[cargo_test]
fn the_fields_of_the_contract_are_there() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).commit().index();

    let answer = app("leaky = '1'").cargo("advisory --format json").answer();

    let fields = |value: &Value, names: &[&str]| {
        let object = value.as_object().unwrap();
        for name in names {
            assert!(object.contains_key(*name), "no `{name}` in {value}");
        }
    };
    fields(&answer, &["index", "packages", "findings", "ignored"]);
    fields(&answer["index"], &["databases", "advisories"]);
    fields(
        &answer["index"]["databases"][0],
        &["url", "commit", "committed", "checked", "made_of"],
    );
    fields(
        &answer["findings"][0],
        &[
            "kind",
            "id",
            "package",
            "version",
            "source",
            "scope",
            "level",
            "severity",
            "cvss",
            "title",
            "url",
            "aliases",
            "patched",
            "unaffected",
        ],
    );
    let commit = answer["index"]["databases"][0]["commit"].as_str().unwrap();
    assert_eq!(commit.len(), 40, "{commit}");
}

#[cargo_test]
fn nothing_found_is_an_object_too() {
    Package::new("sound", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();

    let answer = app("sound = '1'").cargo("advisory --format json").answer();

    assert_eq!(answer["findings"], json!([]));
    assert_eq!(answer["ignored"], json!([]));
    assert_eq!(answer["problems"], json!([]));
    assert_eq!(answer["index"]["advisories"], 1);
    assert_eq!(answer.get("lockfile"), None);
}

#[cargo_test]
fn several_lockfiles_are_one_object_a_line() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = app("leaky = '1'");
    app.cargo("generate-lockfile").run();
    fs::copy(app.root().join("Cargo.lock"), app.root().join("Other.lock")).unwrap();

    let answers =
        cargo("advisory --format json --lockfile foo/Cargo.lock --lockfile foo/Other.lock")
            .answers();

    let lockfiles: Vec<&str> = answers
        .iter()
        .map(|answer| answer["lockfile"].as_str().unwrap())
        .collect();
    let expected = ["foo/Cargo.lock", "foo/Other.lock"].map(|path| {
        paths::root()
            .join(path)
            .into_os_string()
            .into_string()
            .unwrap()
    });
    assert_eq!(lockfiles, expected);
    for answer in &answers {
        assert_eq!(answer["findings"][0]["package"], "leaky");
        assert_eq!(answer["findings"][0]["scope"], "unbuilt");
        assert_eq!(answer["packages"], 2);
    }
}

#[cargo_test]
fn a_denial_is_an_object_and_an_error() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();

    let mut execs = app("leaky = '1'").cargo("advisory --format json --deny-advisories");
    let answer = execs
        .with_status(101)
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0 (registry `dummy-registry`)
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001)

"#]])
        .answer();

    assert_eq!(answer["findings"][0]["level"], "deny");
}

#[cargo_test]
fn hostile_text_is_escaped_as_json_escapes() {
    Package::new("leaky", "1.0.0").publish();
    Database::new()
        .add(&advisory("leaky").title("red \u{1b}[31m and \u{202e}backwards"))
        .index();

    let output = app("leaky = '1'").cargo("advisory --format json").run();

    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains('\u{1b}'), "{text}");
    let answer: Value = serde_json::from_str(&text).unwrap();
    schema::accepts(&answer).unwrap();
    assert_eq!(
        answer["findings"][0]["title"],
        "red \u{1b}[31m and \u{202e}backwards"
    );
}

#[cargo_test]
fn what_was_not_understood_is_a_problem_with_a_code() {
    Package::new("odd", "1.0.0").publish();
    Database::new()
        .add(&advisory("leaky"))
        .file("crates/odd/RUSTSEC-2020-0009.md", "no front matter\n")
        .index();

    let answer = app("odd = '1'").cargo("advisory --format json").answer();

    assert_eq!(answer["problems"][0]["code"], "quarantined");
    let message = answer["problems"][0]["message"].as_str().unwrap();
    assert!(message.contains("odd"), "{message}");
}

#[cargo_test]
fn an_error_leaves_stdout_empty() {
    Database::new().add(&advisory("leaky")).index();

    cargo("advisory --format json")
        .with_status(101)
        .with_stdout_data("")
        .run();
}

#[cargo_test]
fn a_format_that_is_not_known_is_refused_with_those_that_are() {
    Database::new().add(&advisory("leaky")).index();

    cargo("advisory --format yaml")
        .with_status(1)
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
[ERROR] invalid value 'yaml' for '--format <FORMAT>'
  [possible values: human, json, sarif, cyclonedx, openvex, github, markdown]

For more information, try '--help'.

"#]])
        .run();
}
