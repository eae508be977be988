//! What can be said of the workflows without running them.
//!
//! The types are those of a linter for workflows of GitHub. For GitLab's no crate has any; its schema is held against the
//! page by hand.

use github_actions_models::common::{Permission, Permissions, Uses};
use github_actions_models::workflow::Workflow;

use crate::{github, github_job, gitlab, gitlab_script, runs, uses, yaml};

#[test]
fn what_is_no_workflow_is_refused() {
    let [workflow, _] = yaml();
    for (right, wrong) in [
        ("contents: read", "contents: reed"),
        ("runs-on: ubuntu-24.04", "runs: ubuntu-24.04"),
        ("uses: actions/checkout@v5", "uses: [actions/checkout]"),
        ("run: cargo advisory update", "run: { cargo: advisory }"),
        ("    steps:", "  steps:"),
    ] {
        let broken = workflow.replace(right, wrong);
        assert_ne!(broken, workflow, "{right}");
        assert!(
            yaml_serde::from_str::<Workflow>(&broken).is_err(),
            "{wrong}"
        );
    }
}

/// What runs the code of a pull request may write nothing, and what may write runs nothing.
#[test]
fn on_github_no_job_that_runs_anything_may_write() {
    let nothing = Permissions::Explicit(Default::default());
    assert_eq!(github().permissions, nothing);
    for (name, writes) in [("check", false), ("code-scanning", true)] {
        let job = github_job(name);
        let Permissions::Explicit(permissions) = &job.permissions else {
            panic!("`{name}` has more permissions than it names");
        };
        let may_write = permissions
            .values()
            .any(|permission| *permission == Permission::Write);
        assert_eq!(may_write, writes, "{name}");
        assert_eq!(runs(&job).next().is_none(), writes, "{name}");
    }
    let check = github_job("check");
    let checkout = uses(&check).next().unwrap();
    assert!(format!("{:?}", checkout.with).contains("\"persist-credentials\": Boolean(false)"));
}

#[test]
fn on_github_actions_have_versions() {
    let mut seen = 0;
    for name in ["check", "code-scanning"] {
        for step in uses(&github_job(name)) {
            let Uses::Repository(action) = &step.uses else {
                panic!("{:?}", step.uses);
            };
            let version = action.git_ref().strip_prefix('v').unwrap_or_default();
            assert!(version.parse::<u32>().is_ok(), "{}", action.raw());
            seen += 1;
        }
    }
    assert_eq!(seen, 8);
}

/// A title or a branch that somebody chose would become part of the command.
#[test]
fn on_github_nothing_is_pasted_into_a_command() {
    for step in runs(&github_job("check")) {
        assert!(!step.run.contains("${{"), "{}", step.run);
    }
}

#[test]
fn on_gitlab_each_job_is_for_one_occasion() {
    let gitlab = gitlab();
    let rule = |job: &str| gitlab[job]["rules"][0]["if"].clone();
    assert_eq!(
        rule("advisories:new"),
        "$CI_PIPELINE_SOURCE == \"merge_request_event\""
    );
    assert_eq!(
        rule("advisories:all"),
        "$CI_PIPELINE_SOURCE == \"schedule\""
    );
    for job in ["advisories:new", "advisories:all"] {
        assert!(!gitlab_script(job, "script").is_empty());
    }
    assert_eq!(gitlab[".advisories"]["variables"]["GIT_DEPTH"], "0");
}
