//! Text that others wrote does nothing on the page but be read, wherever it stands.

use std::fs;
use std::rc::Rc;

use cargo_advisory::database::Origin;
use cargo_advisory::graph::{DependencyKind, Edge, Graph, Package, Scope, Source, Usage, Yanked};
use cargo_advisory::report::html::Document;
use cargo_advisory::report::json::{
    DatabaseInfo, FindingInfo, IgnoreInfo, IndexInfo, PackageInfo, ProblemInfo, Report, StepInfo,
    YanksInfo,
};
use cargo_advisory::report::remedy_info::{MoveInfo, RemedyInfo};
use cargo_test_support::{cargo_test, paths, registry};
use jiff::Timestamp;

use crate::browser::Browser;
use crate::support::{Database, ProjectExt as _, advisory, app_manifest};
use crate::{between, data_of};

/// Every way out of every place that text can stand in.
const HOSTILE: &str = "</script><script>window.hit=1</script>\"><img src=x onerror=window.hit=1>\
    ' onclick='window.hit=1' <!-- --> </style></td></table> javascript:window.hit=1 `<b>`` &lt;&#60; \u{2028}\u{202e}\0";

/// A page with hostile text wherever text comes from others.
fn hostile_page() -> String {
    let text = || HOSTILE.to_owned();
    let version: semver::Version = "1.0.0-x.7.z.92+build.1".parse().unwrap();
    let package = |name: String, member: bool| Package {
        name,
        version: version.clone(),
        source: Rc::new(Source {
            id: (!member).then(text),
            registry: None,
        }),
        member,
        yanked: Yanked::No,
        platforms: None,
        usage: Some(Usage {
            scope: Scope::Runtime,
            direct: true,
        }),
        features: Some(vec![text()]),
    };
    let graph = Graph {
        packages: vec![package(text(), true), package(text(), false)],
        edges: vec![Edge {
            from: 0,
            to: 1,
            kind: Some(DependencyKind::Normal),
            features: vec![text()],
            renamed: Some(text()),
            ..Edge::default()
        }],
        roots: vec![0],
        ..Graph::default()
    };
    let finding = |url: &str| FindingInfo {
        kind: "malicious",
        id: Some(HOSTILE),
        vanished: false,
        package: HOSTILE,
        version: &version,
        source: Some(HOSTILE),
        scope: "runtime",
        level: "deny",
        severity: Some("critical"),
        score: Some(9.8),
        cvss: Some(text()),
        title: Some(text()),
        date: Some(text()),
        appeared: None,
        grace_until: None,
        url: Some(url.to_owned()),
        aliases: vec![text()],
        patched: vec![text()],
        unaffected: vec![text()],
        features: None,
        paths: vec![vec![StepInfo {
            package: HOSTILE,
            version: &version,
            source: Some(HOSTILE),
            kind: None,
            renamed: Some(HOSTILE),
            features: &[],
            by_default: false,
            turned_on_by: Vec::new(),
            platform: Some(HOSTILE),
            lacks: Vec::new(),
        }]],
        remedy: Some(RemedyInfo {
            kind: "lockfile",
            moves: vec![MoveInfo {
                package: text(),
                from: Some(version.clone()),
                to: Some(version.clone()),
                cautions: Vec::new(),
            }],
            edits: Vec::new(),
            switch: None,
            held_back_by: Vec::new(),
            obstacle: None,
        }),
        ignore: None,
        action: Some(text()),
    };
    let now = Timestamp::UNIX_EPOCH;
    let origins = [Origin {
        url: text(),
        commit: Some(text()),
        committed: None,
        checked: now,
    }];
    let report = Report {
        lockfile: Some(text()),
        index: IndexInfo {
            databases: vec![
                DatabaseInfo {
                    url: HOSTILE,
                    commit: Some(HOSTILE),
                    committed: Some(now),
                    checked: now,
                    made_of: &[],
                },
                DatabaseInfo {
                    url: HOSTILE,
                    commit: None,
                    committed: None,
                    checked: now,
                    made_of: &origins,
                },
            ],
            advisories: 2,
        },
        packages: 2,
        findings: vec![
            finding("javascript:window.hit=1"),
            finding("https://leaks.example/\"onmouseover=\"window.hit=1"),
            finding(" data:text/html,<script>window.hit=1</script>"),
        ],
        ignored: vec![FindingInfo {
            ignore: Some(IgnoreInfo {
                id: Some(text()),
                package: Some(text()),
                reason: HOSTILE,
                until: Some("2027-01-31".parse().unwrap()),
                condition: Some("unfixable"),
                via: Some(HOSTILE),
                set_in: HOSTILE,
            }),
            ..finding("JavaScript:window.hit=1//https://leaks.example")
        }],
        stale_ignores: Vec::new(),
        unchecked: vec![PackageInfo {
            package: HOSTILE,
            version: &version,
            source: Some(HOSTILE),
        }],
        yanks: YanksInfo {
            known: 3,
            unknown: 0,
            asked: None,
        },
        problems: vec![ProblemInfo {
            code: "check-failed",
            message: text(),
        }],
    };
    let document = Document {
        name: HOSTILE,
        report: &report,
        graph: &graph,
        remedies: &[vec![text(), text()], vec![text()], Vec::new()],
        age: HOSTILE,
        now,
    };
    document.html()
}

/// The tags of a page outside of its script and style.
fn tags(page: &str) -> Vec<String> {
    let (head, body) = page.split_once("<body>").unwrap();
    let head = head.split_once("<style>").unwrap().0;
    let body = between(body, "", "<script type=\"application/json\"");
    [head, body]
        .iter()
        .flat_map(|part| part.split('<').skip(1))
        .map(|rest| rest.split_once('>').unwrap().0.to_owned())
        .collect()
}

#[test]
fn hostile_text_is_no_markup() {
    let page = hostile_page();

    for tag in tags(&page) {
        let name = tag
            .trim_start_matches('/')
            .split([' ', '\n'])
            .next()
            .unwrap();
        assert!(
            !["script", "img", "b>", "style", "iframe"].contains(&name),
            "<{tag}>"
        );
        // What is between quotes is a value, the rest are names.
        let names: String = tag.split('"').step_by(2).collect();
        assert!(!names.contains(" on") && !names.contains('\''), "<{tag}>");
    }
    // One script with data and one with ours.
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
    assert!(!page.contains('\u{2028}') && !page.contains('\u{202e}') && !page.contains('\0'));
}

#[test]
fn only_links_of_the_web_are_links() {
    let page = hostile_page();

    let links: Vec<&str> = page.split("href=\"").skip(1).collect();
    assert_eq!(links.len(), 1);
    assert!(links[0].starts_with(
        "https://leaks.example/&quot;onmouseover=&quot;window.hit=1\" rel=\"noopener noreferrer\""
    ));
}

#[test]
fn what_the_script_is_given_is_the_text_made_visible() {
    let data = data_of(&hostile_page());

    let name = data["packages"][0]["name"].as_str().unwrap();
    assert!(name.starts_with("</script><script>window.hit=1"), "{name}");
    assert!(name.ends_with(r"\u{2028}\u{202e}\u{0}"), "{name}");
}

#[cargo_test]
fn nothing_of_hostile_text_runs_in_a_browser() {
    let path = paths::root().join("page.html");
    fs::create_dir_all(paths::root()).unwrap();
    fs::write(&path, hostile_page()).unwrap();
    let Some(browser) = Browser::open(&path) else {
        return;
    };

    // Everything that the script shows only on demand.
    browser.tab_to("[data-node]");
    browser.run(
        "for (const button of document.querySelectorAll('button, summary')) button.click(); \
         for (const radio of document.querySelectorAll('input[type=radio]')) radio.click(); \
         const filter = document.querySelector('input[type=search]'); \
         filter.value = '<img'; filter.dispatchEvent(new Event('input'));",
    );

    assert_eq!(
        browser.run("return window.hit ?? null"),
        serde_json::Value::Null
    );
    assert_eq!(
        browser.run("return document.querySelectorAll('img, b b, iframe').length"),
        0
    );
    assert_eq!(browser.run("return document.scripts.length"), 2);
    assert_eq!(
        browser.run("return document.querySelectorAll('.node').length"),
        2
    );
    assert!(
        browser
            .run("return document.querySelector('h1').textContent")
            .as_str()
            .unwrap()
            .starts_with("</script><script>window.hit=1</script>\"><img src=x")
    );
    browser.was_quiet();
}

#[cargo_test]
fn what_got_past_the_escaping_would_still_not_run() {
    let path = paths::root().join("page.html");
    fs::create_dir_all(paths::root()).unwrap();
    // As if the name had not been escaped.
    let page = hostile_page().replacen(
        "<h1>",
        "<h1><img src=x onerror=window.hit=1><style>h1{display:none}</style><script>window.hit=1</script>",
        1,
    );
    fs::write(&path, page).unwrap();
    let Some(browser) = Browser::open(&path) else {
        return;
    };

    assert_eq!(
        browser.run("return window.hit ?? null"),
        serde_json::Value::Null
    );
    assert_eq!(
        browser.run("return getComputedStyle(document.querySelector('h1')).display"),
        "block"
    );
}

/// A folder that is a tag, where folders can have such names.
#[cfg(unix)]
#[cargo_test]
fn the_names_of_folders_are_text() {
    registry::init();
    let folder = "<img src=x onerror=hit>";
    Database::at(&format!("db {folder}")).add(&advisory("leaky").title("</script><img src=x>"));
    let database = paths::root().join(format!("db {folder}"));
    crate::support::configure(&format!(
        "[advisory]\ndatabases = ['{}']",
        database.display()
    ));
    crate::support::cargo("advisory update").run();
    registry::Package::new("leaky", "1.0.0").publish();
    let workspace = cargo_test_support::project()
        .at(folder)
        .file(
            "Cargo.toml",
            "[workspace]\nmembers = ['app']\nresolver = '2'\n",
        )
        .file("app/Cargo.toml", &app_manifest("leaky = '1'"))
        .file("app/src/main.rs", "fn main() {}")
        .build();

    workspace.cargo("advisory report --html page.html").run();

    let page = fs::read_to_string(workspace.root().join("page.html")).unwrap();
    assert!(
        page.contains("<h1>&lt;img src=x onerror=hit&gt;</h1>"),
        "{page}"
    );
    assert!(page.contains("/db &lt;img src=x onerror=hit&gt;</code>"));
    assert!(page.contains("&lt;/script&gt;&lt;img src=x&gt;</span>"));
    assert!(!page.contains("<img"));
}
