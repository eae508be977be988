//! The workflows of `docs/ci.md`: that they are some, and what their commands do in a clone as build servers make it.

#![cfg(unix)]

use github_actions_models::workflow::Workflow;
use github_actions_models::workflow::job::{RunStep, Step, UsesStep};
use github_actions_models::workflow::{Job, job};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use serde_json::Value;

mod runs;
mod valid;

#[path = "../support/mod.rs"]
mod support;

/// What the page has in YAML: the workflow for GitHub Actions and the one for GitLab CI.
fn yaml() -> [String; 2] {
    let mut blocks = Vec::new();
    let mut within = false;
    for event in Parser::new(include_str!("../../docs/ci.md")) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                within = &*language == "yaml";
                if within {
                    blocks.push(String::new());
                }
            }
            Event::Text(text) if within => blocks.last_mut().unwrap().push_str(&text),
            Event::End(TagEnd::CodeBlock) => within = false,
            _ => {}
        }
    }
    blocks.try_into().expect("there are two")
}

/// The workflow for GitHub Actions, in the types of a linter.
fn github() -> Workflow {
    let [github, _] = yaml();
    yaml_serde::from_str(&github).unwrap()
}

fn github_job(name: &str) -> job::NormalJob {
    let mut jobs = github().jobs;
    match jobs.swap_remove(name) {
        Some(Job::NormalJob(job)) => *job,
        _ => panic!("no job `{name}` with steps"),
    }
}

fn runs(job: &job::NormalJob) -> impl Iterator<Item = &RunStep> {
    job.steps.iter().filter_map(|step| match step {
        Step::Run(step) => Some(step),
        _ => None,
    })
}

fn uses(job: &job::NormalJob) -> impl Iterator<Item = &UsesStep> {
    job.steps.iter().filter_map(|step| match step {
        Step::Uses(step) => Some(step),
        _ => None,
    })
}

/// The workflow for GitLab CI.
fn gitlab() -> Value {
    let [_, gitlab] = yaml();
    yaml_serde::from_str(&gitlab).unwrap()
}

/// The lines of a job's `before_script` or `script`, those of the one that it extends where it has none.
fn gitlab_script(job: &str, part: &str) -> Vec<String> {
    let gitlab = gitlab();
    let job = &gitlab[job];
    let own = job.get(part);
    let script = own.unwrap_or(&gitlab[job["extends"].as_str().unwrap()][part]);
    let lines = script.as_array().unwrap().iter();
    lines
        .map(|line| line.as_str().unwrap().to_owned())
        .collect()
}
