//! The formats as a command prints them.

use std::fs;

use cargo_test_support::registry::Package;
use cargo_test_support::{Project, cargo_test, paths, str};
use serde_json::Value;

use crate::answers::parsed;
use crate::schemas::{assert_cyclonedx, assert_sarif};
use crate::support::{
    Database, ExecsExt as _, ProjectExt as _, advisory, app, app_locked_to_yanked, cargo, locked,
};

const ALL: [&str; 5] = ["sarif", "cyclonedx", "openvex", "github", "markdown"];

fn leaky_app() -> Project {
    Package::new("leaky", "1.0.0").publish();
    Package::new("leaky", "1.0.1").publish();
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
    // The root of a repository is one that git would find.
    fs::create_dir(paths::root().join(".git")).unwrap();
    locked("leaky = '=1.0.0'")
}

#[cargo_test]
fn github_gets_one_command_a_finding() {
    leaky_app()
        .cargo("advisory --format github")
        .with_stdout_data(str![[r#"
::warning file=foo/Cargo.lock,line=13,title=leaky 1.0.0 (RUSTSEC-2020-0001)::Everything leaks out%0Avulnerability, critical severity (CVSS score 9.8)%0Acomes in by: app 0.1.0 → leaky 1.0.0%0Aremedy: `cargo advisory fix --manifest` changes `leaky` from "=1.0.0" to "=1.0.1" in Cargo.toml:7; it then moves leaky from 1.0.0 to 1.0.1%0Ahttps://leaks.example/1

"#]])
        .run();
}

#[cargo_test]
fn markdown_is_a_table() {
    leaky_app()
        .cargo("advisory --format markdown")
        .with_stdout_data(str![[r#"
**1 finding** in 2 packages: 1 warned of

| level | kind | package | advisory | severity | comes in by | remedy |
|---|---|---|---|---|---|---|
| warn | vulnerability | <code>leaky 1.0.0</code> | [RUSTSEC-2020-0001](<https://leaks.example/1>)<br>Everything leaks out | critical (9.8) | <code>app 0.1.0 → leaky 1.0.0</code> | &#96;cargo advisory fix &#45;&#45;manifest&#96; changes &#96;leaky&#96; from &#34;&#61;1.0.0&#34; to &#34;&#61;1.0.1&#34; in Cargo.toml&#58;7&#59; it then moves leaky from 1.0.0 to 1.0.1 |

"#]])
        .run();
}

#[cargo_test]
fn sarif_points_into_the_lockfile_from_the_root_of_the_repository() {
    let app = leaky_app();

    let log = parsed(&app.cargo("advisory --format sarif").run_stdout());

    assert_sarif(&log);
    let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "foo/Cargo.lock");
    assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
    let line = place["region"]["startLine"].as_u64().unwrap() as usize;
    let text = fs::read_to_string(app.root().join("Cargo.lock")).unwrap();
    assert_eq!(text.lines().nth(line - 1), Some("name = \"leaky\""));
}

#[cargo_test]
fn a_fingerprint_outlives_a_change_of_other_packages() {
    let app = leaky_app();
    let result = || {
        let log = parsed(&app.cargo("advisory --format sarif").run_stdout());
        log["runs"][0]["results"][0].clone()
    };
    let before = result();

    Package::new("another", "1.0.0").publish();
    app.change_file(
        "Cargo.toml",
        &crate::support::app_manifest("leaky = '=1.0.0'\nanother = '1'"),
    );
    app.cargo("update --workspace").run();
    let after = result();

    assert_ne!(before["locations"], after["locations"]);
    assert_eq!(before["partialFingerprints"], after["partialFingerprints"]);
}

#[cargo_test]
fn cyclonedx_and_openvex_know_the_package_by_its_url() {
    let app = leaky_app();

    let bom = parsed(&app.cargo("advisory --format cyclonedx").run_stdout());
    assert_cyclonedx(&bom);
    assert_eq!(
        bom["vulnerabilities"][0]["affects"][0]["ref"],
        "pkg:cargo/leaky@1.0.0"
    );
    assert_eq!(bom["vulnerabilities"][0]["analysis"]["state"], "in_triage");

    let vex = parsed(&app.cargo("advisory --format openvex").run_stdout());
    let product = &vex["statements"][0]["products"][0];
    assert_eq!(product["@id"], "pkg:cargo/app@0.1.0");
    assert_eq!(product["subcomponents"][0]["@id"], "pkg:cargo/leaky@1.0.0");
    assert_eq!(vex["statements"][0]["status"], "affected");
}

#[cargo_test]
fn the_same_index_gives_the_same_document() {
    let app = leaky_app();

    for format in ALL {
        let line = format!("advisory --format {format}");
        let first = app.cargo(&line).run_stdout();
        assert_eq!(app.cargo(&line).run_stdout(), first, "{format}");
    }
}

#[cargo_test]
fn a_yank_is_told_where_it_belongs() {
    let app = app_locked_to_yanked();
    Database::new().add(&advisory("other")).index();
    let stdout = |format: &str| {
        app.cargo(&format!("advisory --format {format}"))
            .run_stdout()
    };

    let log = parsed(&stdout("sarif"));
    assert_sarif(&log);
    assert_eq!(log["runs"][0]["results"][0]["ruleId"], "yanked");
    let command = stdout("github");
    assert!(
        command.contains("Cargo.lock,line=13,title=gone 1.0.0 (yanked)::this version was yanked"),
        "{command}"
    );
    assert!(stdout("markdown").contains("| yanked |"));
    let bom = parsed(&stdout("cyclonedx"));
    assert_cyclonedx(&bom);
    assert_eq!(bom["vulnerabilities"], serde_json::json!([]));
    assert_eq!(
        parsed(&stdout("openvex"))["statements"],
        serde_json::json!([])
    );
}

#[cargo_test]
fn a_denial_is_a_document_and_an_error() {
    let app = leaky_app();

    for format in ALL {
        let mut execs = app.cargo(&format!("advisory --deny-advisories --format {format}"));
        let text = execs
            .with_status(101)
            .with_stderr_contains("[ERROR] 1 insecure dependency denied by `--deny-advisories`[..]")
            .run_stdout();
        assert!(text.contains("leaky"), "{text}");
        match format {
            "sarif" => assert_eq!(parsed(&text)["runs"][0]["results"][0]["level"], "error"),
            "github" => assert!(text.starts_with("::error "), "{text}"),
            "markdown" => assert!(text.contains("| deny |"), "{text}"),
            _ => {}
        }
    }
}

#[cargo_test]
fn several_lockfiles_are_one_document() {
    let app = leaky_app();
    fs::create_dir(app.root().join("other")).unwrap();
    fs::copy(
        app.root().join("Cargo.lock"),
        app.root().join("other/Cargo.lock"),
    )
    .unwrap();
    let line = "--lockfile foo/Cargo.lock --lockfile foo/other/Cargo.lock";
    let stdout = |format: &str| cargo(&format!("advisory --format {format} {line}")).run_stdout();

    let log = parsed(&stdout("sarif"));
    assert_sarif(&log);
    let uris: Vec<&Value> = log["runs"][0]["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
        .collect();
    assert_eq!(uris, ["foo/Cargo.lock", "foo/other/Cargo.lock"]);
    let bom = parsed(&stdout("cyclonedx"));
    assert_cyclonedx(&bom);
    assert_eq!(bom["vulnerabilities"].as_array().unwrap().len(), 1);
    let vex = parsed(&stdout("openvex"));
    assert_eq!(vex["statements"].as_array().unwrap().len(), 1);
    assert_eq!(vex["statements"][0]["status"], "under_investigation");
    assert_eq!(stdout("markdown").matches("**1 finding**").count(), 2);
}

#[cargo_test]
fn a_lockfile_that_cannot_be_read_does_not_look_clean() {
    leaky_app();
    let line = "--lockfile foo/Cargo.lock --lockfile foo/Missing.lock";
    let stdout = |format: &str| {
        cargo(&format!("advisory --format {format} {line}"))
            .with_status(101)
            .with_stderr_contains(
                "[ERROR] failed to read `[ROOT]/foo/Missing.lock` as a Cargo.lock",
            )
            .run_stdout()
    };

    let log = parsed(&stdout("sarif"));
    assert_sarif(&log);
    assert_eq!(
        log["runs"][0]["invocations"][0]["executionSuccessful"],
        false
    );
    // Under a lockfile alone nothing is denied or warned of but what is told here.
    assert!(
        stdout("github").contains("::error title=cargo advisory%3A not checked::failed to read")
    );
    assert!(stdout("markdown").contains("\nNot checked: failed to read"));
}

#[cargo_test]
fn an_error_leaves_stdout_empty() {
    Database::new().add(&advisory("leaky")).index();

    for format in ALL {
        cargo(&format!(
            "advisory --format {format} --lockfile Missing.lock"
        ))
        .with_status(101)
        .with_stdout_data("")
        .run();
    }
}

#[cargo_test]
fn nothing_found_is_a_document_too() {
    Package::new("sound", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = app("sound = '1'");
    app.cargo("generate-lockfile").run();
    let stdout = |format: &str| {
        app.cargo(&format!("advisory --format {format}"))
            .run_stdout()
    };

    assert_sarif(&parsed(&stdout("sarif")));
    assert_cyclonedx(&parsed(&stdout("cyclonedx")));
    parsed(&stdout("openvex"));
    assert_eq!(stdout("github"), "");
    assert_eq!(stdout("markdown"), "**No finding** in 2 packages\n");
}

#[cargo_test]
fn a_hostile_title_does_nothing_in_any_format() {
    Package::new("leaky", "1.0.0").publish();
    Database::new()
        .add(&advisory("leaky").title(
            "::error::x ##[error]y | `b` <script>alert(1)</script> %0A @everyone #1 [a](https://evil.example) \u{1b}[2J\u{202e}",
        ))
        .index();
    let app = locked("leaky = '1'");

    for format in ALL {
        let text = app
            .cargo(&format!("advisory --format {format}"))
            .run_stdout();
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        assert!(!text.contains("##["), "{text}");
        let commands = text
            .lines()
            .filter(|line| line.trim_start().starts_with("::"));
        assert_eq!(commands.count(), usize::from(format == "github"), "{text}");
        match format {
            "sarif" => assert_sarif(&parsed(&text)),
            "cyclonedx" => assert_cyclonedx(&parsed(&text)),
            "markdown" => {
                assert!(!text.contains('@') && !text.contains("<script>"), "{text}");
                assert!(!text.contains("https://"), "{text}");
            }
            _ => {}
        }
    }
}
