//! `--format github`, against the encoder of the crate `actions-rs`.

use actions_rs::WorkflowCommand;
use cargo_advisory::report::formats::Document;
use cargo_advisory::report::json::FindingInfo;

use crate::answers::{
    checked, content, finding, hostile, hostile_finding, ignored, problem, rendered, report, yank,
};

#[test]
fn a_finding_is_a_command_as_others_write_it() {
    let text = rendered(Document::GitHub, report(vec![finding("leaky", "ADV-1")]));

    let command = WorkflowCommand::new("warning")
        .property("file", "Cargo.lock")
        .property("line", "4")
        .property("title", "leaky 1.0.0 (ADV-1)")
        .message(
            "Everything leaks out\n\
             vulnerability, critical severity (CVSS score 9.8)\n\
             comes in by: app 1.0.0 → leaky 1.0.0\n\
             remedy: `cargo advisory fix` moves leaky from 1.0.0 to 1.0.1\n\
             https://leaks.example/1",
        );
    assert_eq!(text, format!("{command}\n"));
}

#[test]
fn what_separates_is_escaped_as_others_do() {
    let finding = FindingInfo {
        title: Some("100%: a, b\nc %0A%3A".to_owned()),
        score: None,
        severity: None,
        paths: Vec::new(),
        url: None,
        ..finding("leaky", "A:1,2%3A")
    };
    let mut content = content(report(Vec::new()));
    content.checked = vec![checked(report(vec![finding]), "a:b, c%2C/Cargo.lock")];

    let command = WorkflowCommand::new("warning")
        .property("file", "a:b, c%2C/Cargo.lock")
        .property("line", "4")
        .property("title", "leaky 1.0.0 (A:1,2%3A)")
        .message(
            "100%: a, b\\u{a}c %0A%3A\n\
             vulnerability\n\
             remedy: `cargo advisory fix` moves leaky from 1.0.0 to 1.0.1",
        );
    assert_eq!(Document::GitHub.render(&content), format!("{command}\n"));
}

#[test]
fn only_what_somebody_must_act_on_is_told() {
    let at = |level| FindingInfo {
        level,
        ..yank("gone")
    };
    let mut answer = report(vec![at("deny"), at("warn"), at("allow")]);
    answer.ignored = vec![ignored(finding("leaky", "ADV-1"), "it is never called")];

    let text = rendered(Document::GitHub, answer);

    let commands: Vec<&str> = text
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(commands, ["::error", "::warning"]);
}

#[test]
fn what_could_not_be_checked_is_told() {
    let mut answer = report(Vec::new());
    answer.problems = vec![problem("an advisory was not understood")];
    let mut content = content(answer);
    content.failures.push("there is no such file".to_owned());

    assert_eq!(
        Document::GitHub.render(&content),
        "::warning file=Cargo.lock,title=cargo advisory%3A quarantined::an advisory was not understood\n\
         ::error title=cargo advisory%3A not checked::there is no such file\n"
    );
}

#[test]
fn nothing_to_tell_is_nothing() {
    assert_eq!(rendered(Document::GitHub, report(Vec::new())), "");
}

#[test]
fn hostile_text_gives_no_command() {
    let mut answer = report(vec![hostile_finding()]);
    answer.problems = vec![problem(&hostile())];
    let mut content = content(answer);
    content.failures.push(hostile());

    let text = Document::GitHub.render(&content);

    let commands: Vec<&str> = text
        .split('\n')
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(commands, ["::warning", "::warning", "::error", ""]);
    for line in text.lines() {
        assert!(
            !line.contains("##[") && !line.contains(['\r', '\u{1b}', '\u{202e}']),
            "{line}"
        );
        // What is between the name and the message: nothing of it ends it early.
        let properties = line[2..]
            .split_once(' ')
            .unwrap()
            .1
            .split("::")
            .next()
            .unwrap();
        let keys: Vec<&str> = properties
            .split(',')
            .map(|pair| pair.split('=').next().unwrap())
            .collect();
        assert!(
            [
                &["file", "line", "title"][..],
                &["file", "title"],
                &["title"]
            ]
            .contains(&&keys[..]),
            "{keys:?}"
        );
        assert!(line.len() < 5_000, "{} bytes", line.len());
    }
}
