//! `cargo advisory report --html`: the page as it is written, and as a browser shows it.

mod browser;
mod hostile;
mod shown;
mod written;

#[path = "../support/mod.rs"]
mod support;

use std::fs;

use cargo_test_support::Project;
use serde_json::Value;

use crate::support::ProjectExt as _;

/// Has `app` write its page, and reads it.
#[track_caller]
fn page_of(app: &Project) -> String {
    app.cargo("advisory report --html page.html").run();
    fs::read_to_string(app.root().join("page.html")).unwrap()
}

/// What the page hands to its script.
#[track_caller]
fn data_of(page: &str) -> Value {
    let data = between(
        page,
        "<script type=\"application/json\" id=\"data\">",
        "</script>",
    );
    serde_json::from_str(data).unwrap()
}

#[track_caller]
fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let (_, rest) = text.split_once(start).unwrap();
    rest.split_once(end).unwrap().0
}
