//! OpenVEX 0.2.0: for each vulnerability, what it means for the workspace's packages.
//!
//! The products are the members of the workspace, and the packages with a finding are their subcomponents: that a build
//! does not use a package says nothing about the package itself. As in CycloneDX, what is no vulnerability is not told.

use serde_json::{Value, json};

use super::{Case, Content, Distinct, TOOL, TOOL_VERSION, json_line, purl, shown, urn_of};
use crate::report::link::Link;

pub(super) fn render(content: &Content<'_>) -> String {
    let mut statements = Distinct::default();
    for case in content.cases().filter(Case::is_about_security) {
        statements.push(statement(&case));
    }
    let mut document = json!({
        "@context": "https://openvex.dev/ns/v0.2.0",
        // Who publishes the document puts another name here: what a program found, nobody has vouched for.
        "author": TOOL,
        "role": "tool",
        "timestamp": format!("{:.0}", content.known_at()),
        "version": 1,
        "tooling": format!("{TOOL} {TOOL_VERSION}"),
        "statements": statements.items,
    });
    document["@id"] = urn_of(&document).into();
    json_line(document)
}

fn statement(case: &Case<'_>) -> Value {
    let finding = case.finding;
    let mut statement = json!({
        "vulnerability": {
            "@id": Link::of_id(case.id()).map(|link| link.url().to_owned()).or_else(|| case.page()),
            "name": case.id(),
            "description": case.title(),
            "aliases": distinct(&finding.aliases),
        },
        "products": products(case),
    });
    match status(case) {
        Status::NotPresent => {
            statement["status"] = "not_affected".into();
            statement["justification"] = "component_not_present".into();
            let ignored = case.ignore.map(|ignore| ignore.words());
            statement["status_notes"] = ignored.into();
        }
        Status::Affected => {
            statement["status"] = "affected".into();
            statement["status_notes"] =
                "The version is affected. Whether the code in question is reached is not known."
                    .into();
            statement["action_statement"] = match case.ignore {
                Some(ignore) => ignore.words(),
                None => case.advice(),
            }
            .into();
        }
        Status::Unknown => {
            statement["status"] = "under_investigation".into();
            let known = "The version is affected. Whether a build uses it is not known.";
            statement["status_notes"] = match case.ignore {
                Some(ignore) => format!("{known} {}", ignore.words()),
                None => known.to_owned(),
            }
            .into();
        }
    }
    statement
}

/// What is known of a vulnerability in the products.
enum Status {
    /// The build does not use the package.
    NotPresent,
    /// An affected version is built.
    Affected,
    /// No build is known, or none that has the package.
    Unknown,
}

fn status(case: &Case<'_>) -> Status {
    if !case.build_is_known() {
        Status::Unknown
    } else if !case.is_unbuilt() {
        Status::Affected
    } else if case.finding.paths.is_empty() {
        // The package stands for itself, and the statement would be about every use of it.
        Status::Unknown
    } else {
        Status::NotPresent
    }
}

/// The members of the workspace that bring the package in, as far as paths are listed; the package itself where there
/// are none.
fn products(case: &Case<'_>) -> Value {
    let own = purl::of_finding(case.finding);
    let mut products = Distinct::default();
    for path in &case.finding.paths {
        let Some(member) = path.first().and_then(purl::of_step) else {
            continue;
        };
        let subcomponents = own
            .as_ref()
            .filter(|own| **own != member)
            .map(|own| json!([component(own)]));
        let mut product = component(&member);
        product["subcomponents"] = subcomponents.into();
        products.push(product);
    }
    if let (Some(own), []) = (&own, &products.items[..]) {
        products.push(component(own));
    }
    products.items.into()
}

fn component(purl: &str) -> Value {
    json!({ "@id": purl, "identifiers": { "purl": purl } })
}

fn distinct(aliases: &[String]) -> Vec<Value> {
    let mut list = Distinct::default();
    for alias in aliases {
        list.push(shown(alias).into());
    }
    list.items
}
