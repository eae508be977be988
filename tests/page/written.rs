//! The page as a file, without a browser.

use std::collections::BTreeSet;
use std::fs;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use cargo_test_support::compare::assert_e2e;
use cargo_test_support::registry::Package;
use cargo_test_support::{Project, cargo_test, str};
use cargo_util::Sha256;

use crate::support::{
    Database, ExecsExt as _, ProjectExt as _, advisory, app, app_locked_to_yanked, configure,
};
use crate::{between, data_of, page_of};

/// `app`, which needs `middle`, which needs `leaky`, of which there is an advisory.
fn app_with_finding() -> Project {
    Package::new("leaky", "1.0.0").publish();
    Package::new("leaky", "1.0.1").publish();
    Package::new("middle", "1.0.0").dep("leaky", "1").publish();
    Database::new()
        .add(
            &advisory("leaky")
                .title("Everything `leaky` has leaks out & away")
                .patched(">= 1.0.1")
                .field("cvss", "\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"")
                .field("url", "\"https://leaks.example/1?a=b&c\""),
        )
        .index();
    let app = app("middle = '1'");
    app.cargo("generate-lockfile").run();
    app.cargo("update leaky --precise 1.0.0").run();
    app
}

fn app_without_finding() -> Project {
    Package::new("sound", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    app("sound = '1'")
}

#[cargo_test]
fn the_page_is_written_whatever_is_found_and_said_where() {
    let app = app_with_finding();

    app.cargo("advisory report --html page.html")
        .with_stdout_data("")
        .with_stderr_contains("     Written [ROOT]/foo/page.html")
        .run();

    let page = fs::read_to_string(app.root().join("page.html")).unwrap();
    assert!(page.starts_with("<!doctype html>"), "{page}");
    assert!(page.ends_with("</html>\n"));
}

#[cargo_test]
fn what_needs_no_script_is_all_there() {
    let page = page_of(&app_with_finding());

    let head = between(&page, "<body>", "<main>");
    let main = between(&page, "</header>", "<script");
    assert_e2e().eq(format!("{head}{main}"), str![[r#"

<header>
<p class="over">cargo advisory</p>
<h1>app</h1>
<p class="lead">1 finding in 1 of 3 packages.</p>
<p class="quiet">Made on <time datetime="[..]Z">[..] UTC</time></p>
</header>

<main>
<section aria-labelledby="summary">
<h2 id="summary">Summary</h2>
<dl class="tiles">
<div><dt>Packages</dt><dd>3</dd></div>
<div><dt>Findings</dt><dd>1</dd></div>
<div><dt>Ignored</dt><dd>0</dd></div>
<div><dt>Unchecked</dt><dd>0</dd></div>
<div><dt>Advisories</dt><dd>1</dd></div>
<div><dt>Age of the index</dt><dd>less than a minute</dd></div>
</dl>
<div class="pair">
<table class="plain numbers">
<caption>Findings by kind and level</caption>
<thead><tr><th scope="col">Kind</th><th scope="col">deny</th><th scope="col">warn</th><th scope="col">allow</th><th scope="col">all</th></tr></thead>
<tbody>
<tr><th scope="row"><span class="kind vulnerability"><svg viewBox="0 0 12 12" aria-hidden="true"><path d="M6 .8l5.6 10.4H.4z" fill-rule="evenodd"/></svg>vulnerability</span></th><td>0</td><td>1</td><td>0</td><td>1</td></tr>
</tbody>
</table>
<div>
<h3>Databases</h3>
<ul class="databases">
<li><code>[ROOT]/advisory-db</code><br>
folder, no commit<br>
checked <time datetime="[..]Z">[..] UTC</time></li>
</ul>
</div>
</div>
</section>
<section aria-labelledby="graph-title">
<h2 id="graph-title">Graph</h2>
<div id="graph"></div>
<noscript><p class="quiet">The picture of the graph needs JavaScript. The shortest path to each package stands in the table.</p></noscript>
</section>
<section aria-labelledby="findings-title">
<h2 id="findings-title">Findings</h2>
<div id="controls"></div>
<div class="wide"><table id="findings">
<thead><tr><th scope="col" data-sort="number">Kind</th><th scope="col" data-sort="number">Severity</th><th scope="col" data-sort="text">Package</th><th scope="col" data-sort="number">Version</th><th scope="col" data-sort="text">Advisory</th><th scope="col" data-sort="number">Scope</th><th scope="col" data-sort="number">Level</th><th scope="col" data-sort="text">Title</th><th scope="col" data-sort="number">Remedy</th><th scope="col" data-sort="text">Date</th></tr></thead>
<tbody>
<tr id="finding-0" class="vulnerability">
<td data-column="Kind" data-key="1"><span class="kind vulnerability"><svg viewBox="0 0 12 12" aria-hidden="true"><path d="M6 .8l5.6 10.4H.4z" fill-rule="evenodd"/></svg>vulnerability</span></td>
<td data-column="Severity" data-key="9.8"><span class="severity critical"><svg viewBox="0 0 15 12" aria-hidden="true"><rect class="full" x="0" y="9" width="3" height="3"/><rect class="full" x="4" y="6" width="3" height="6"/><rect class="full" x="8" y="3" width="3" height="9"/><rect class="full" x="12" y="0" width="3" height="12"/></svg>critical 9.8</span></td>
<td data-column="Package" data-key="leaky"><b class="name">leaky</b></td>
<td data-column="Version" data-key="0">1.0.0</td>
<td data-column="Advisory" data-key="RUSTSEC-2020-0001"><a href="https://leaks.example/1?a=b&amp;c" rel="noopener noreferrer">RUSTSEC-2020-0001</a></td>
<td data-column="Scope" data-key="0">runtime</td>
<td data-column="Level" data-key="1"><span class="level warn">warn</span></td>
<td data-column="Title" data-key="Everything `leaky` has leaks out &amp; away"><span>Everything <code>leaky</code> has leaks out &amp; away</span><small>patched: &gt;=1.0.1</small><small class="path">app → middle → leaky</small></td>
<td data-column="Remedy" data-key="0"><details><summary><code>fix</code>, to 1.0.1</summary><small><code>cargo advisory fix</code> moves leaky from 1.0.0 to 1.0.1</small></details></td>
<td data-column="Date" data-key="2020-01-01">2020-01-01</td>
</tr>
</tbody>
</table></div>
</section>
</main>

"#]]);
}

#[cargo_test]
fn nothing_found_is_said() {
    let page = page_of(&app_without_finding());

    assert!(page.contains("<p class=\"lead\">Nothing was found in 2 packages.</p>"));
    assert!(page.contains("<p class=\"nothing\">Nothing was found.</p>"));
    assert!(!page.contains("<table"));
}

#[cargo_test]
fn the_graph_is_there_even_where_nothing_was_found() {
    let data = data_of(&page_of(&app_without_finding()));

    assert_eq!(data["views"].as_array().unwrap().len(), 1);
    let view = &data["views"][0];
    assert_eq!(view["name"], "all");
    assert_eq!(view["boxes"].as_array().unwrap().len(), 2);
    assert_eq!(view["edges"].as_array().unwrap().len(), 1);
}

#[cargo_test]
fn what_is_only_in_the_lockfile_has_edges_too() {
    Package::new("windowed", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = app("[target.'cfg(target_os = \"none\")'.dependencies]\nwindowed = '1'");

    let data = data_of(&page_of(&app));

    assert_eq!(data["packages"].as_array().unwrap().len(), 2);
    assert_eq!(data["views"][0]["edges"][0]["kind"], "unbuilt");
}

#[cargo_test]
fn only_what_leads_to_a_finding_is_drawn_at_first() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("sound", "1.0.0").publish();
    Package::new("long", "1.0.0").dep("short", "1").publish();
    Package::new("short", "1.0.0").dep("leaky", "1").publish();
    Database::new().add(&advisory("leaky")).index();

    let data = data_of(&page_of(&app("sound = '1'\nshort = '1'\nlong = '1'")));

    let names = |view: usize| -> BTreeSet<String> {
        let boxes = data["views"][view]["boxes"].as_array().unwrap();
        let name = |at: &serde_json::Value| {
            let package = at["package"].as_u64().unwrap() as usize;
            data["packages"][package]["name"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        boxes.iter().map(name).collect()
    };
    assert_eq!(names(0), ["app", "leaky", "short"].map(String::from).into());
    assert_eq!(
        names(1),
        ["app", "leaky", "long", "short"].map(String::from).into()
    );
    assert_eq!(names(2).len(), 5);
    assert_eq!(data["start"], 1);
}

#[cargo_test]
fn a_denial_fails_with_the_page_written() {
    let app = app_with_finding();

    app.cargo("advisory report --html page.html --deny-advisories")
        .with_status(101)
        .with_stderr_contains("     Written [ROOT]/foo/page.html")
        .with_stderr_contains("[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001)")
        .run();

    let page = fs::read_to_string(app.root().join("page.html")).unwrap();
    assert!(page.contains("<span class=\"level deny\">deny</span>"));
}

#[cargo_test]
fn what_is_denied_by_configuration_is_written_without_a_verdict() {
    let app = app_with_finding();
    configure("vulnerability = 'deny'");

    assert!(page_of(&app).contains("<span class=\"level deny\">deny</span>"));
}

#[cargo_test]
fn a_yank_has_neither_advisory_nor_severity() {
    let app = app_locked_to_yanked();
    Database::new().add(&advisory("other")).index();

    let page = page_of(&app);

    assert!(page.contains("<span>Yanked from its registry</span>"));
    assert!(!page.contains("<a "));
}

#[cargo_test]
fn remedies_are_left_out_on_request() {
    let app = app_with_finding();

    app.cargo("advisory report --html page.html --no-remedies")
        .run();

    let page = fs::read_to_string(app.root().join("page.html")).unwrap();
    assert!(page.contains("not looked for"));
}

#[cargo_test]
fn the_build_that_is_looked_at_can_be_chosen() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = app("leaky = { version = '1', optional = true }");
    app.cargo("generate-lockfile").run();

    let data = data_of(&page_of(&app));
    assert_eq!(data["packages"][1]["name"], "leaky");
    assert_eq!(data["packages"][1]["scope"], "unbuilt");

    app.cargo("advisory report --html page.html --all-features")
        .run();
    let page = fs::read_to_string(app.root().join("page.html")).unwrap();
    assert!(
        page.contains("data-column=\"Scope\" data-key=\"0\">runtime<"),
        "{page}"
    );
}

#[cargo_test]
fn what_was_not_understood_is_on_the_page() {
    Package::new("odd", "1.0.0").publish();
    Database::new()
        .add(&advisory("leaky"))
        .file("crates/odd/RUSTSEC-2020-0009.md", "no front matter\n")
        .index();

    let page = page_of(&app("odd = '1'"));

    assert!(page.contains("Nothing was found in 2 packages, but not everything could be checked."));
    assert!(page.contains("<h2 id=\"problems\">Not fully checked</h2>"));
    assert!(page.contains("may concern odd"));
}

#[cargo_test]
fn dependencies_from_paths_are_listed_as_unchecked() {
    Database::new().add(&advisory("leaky")).index();
    let app = app("near = { path = 'near' }\n[workspace]\nexclude = ['near']");
    app.change_file(
        "near/Cargo.toml",
        "[package]\nname = \"near\"\nversion = \"0.2.0\"\nedition = \"2021\"\n",
    );
    app.change_file("near/src/lib.rs", "");

    let page = page_of(&app);

    let unchecked = between(&page, "<ul class=\"unchecked\">", "</ul>");
    assert!(unchecked.contains("<b>near</b> 0.2.0"), "{unchecked}");
}

#[cargo_test]
fn an_old_page_is_replaced_and_nothing_else_is_left() {
    let app = app_without_finding();
    app.change_file("out/page.html", &"old ".repeat(1_000_000));

    app.cargo("advisory report --html out/page.html").run();

    let page = fs::read_to_string(app.root().join("out/page.html")).unwrap();
    assert!(!page.contains("old old"));
    assert_eq!(fs::read_dir(app.root().join("out")).unwrap().count(), 1);
}

#[cargo_test]
fn a_run_that_fails_leaves_the_old_page() {
    let app = app_without_finding();
    app.change_file("page.html", "old");
    app.change_file("Cargo.toml", "no manifest");

    app.cargo("advisory report --html page.html")
        .with_status(101)
        .with_stderr_contains("[ERROR] key with no value, expected `=`")
        .run();

    assert_eq!(app.read_file("page.html"), "old");
}

#[cargo_test]
fn without_an_index_there_is_no_page() {
    Database::new();
    let app = app("");

    app.cargo("advisory report --html page.html")
        .with_status(101)
        .tells(str![[r#"
[ERROR] cannot check dependencies for advisories: there is no index yet; run `cargo advisory update`
[EXIT_STATUS] 101

"#]]);

    assert!(!app.root().join("page.html").exists());
}

#[cargo_test]
fn a_file_must_be_named() {
    app_without_finding()
        .cargo("advisory report")
        .with_status(1)
        .with_stderr_data(str![[r#"
[ERROR] the following required arguments were not provided:
  --html <FILE>

Usage: cargo advisory report --html <FILE>

For more information, try '--help'.

"#]])
        .run();
}

#[cargo_test]
fn a_folder_is_no_file() {
    let app = app_without_finding();

    for folder in ["src", ".."] {
        app.cargo(&format!("advisory report --html {folder}"))
            .with_stderr_contains(
                "[ERROR] `[ROOT]/foo/[..]` is no file; name one that `--html` may write",
            )
            .with_status(101)
            .run();
    }
}

#[cargo_test]
fn a_folder_that_is_not_there_is_not_made() {
    let app = app_without_finding();

    app.cargo("advisory report --html missing/page.html")
        .with_stderr_contains("[ERROR] failed to write `[ROOT]/foo/missing/page.html`; name a file in a folder that exists")
        .with_status(101)
        .run();

    assert!(!app.root().join("missing").exists());
}

#[cfg(unix)]
#[cargo_test]
fn a_new_page_can_be_read_as_other_new_files() {
    use std::os::unix::fs::PermissionsExt as _;

    let app = app_without_finding();
    app.cargo("advisory report --html page.html").run();

    let mode = |file: &str| {
        let metadata = fs::metadata(app.root().join(file)).unwrap();
        metadata.permissions().mode()
    };
    assert_eq!(mode("page.html"), mode("Cargo.lock"));
}

#[cfg(unix)]
#[cargo_test]
fn a_device_is_no_file() {
    app_without_finding()
        .cargo("advisory report --html /dev/null")
        .with_stderr_contains("[ERROR] `/dev/null` is no file; name one that `--html` may write")
        .with_status(101)
        .run();
}

#[cargo_test]
fn the_page_needs_nothing_beside_itself() {
    let page = page_of(&app_with_finding());

    let links: Vec<&str> = page
        .split("href=\"")
        .skip(1)
        .map(|rest| rest.split_once('"').unwrap().0)
        .collect();
    assert_eq!(links, ["https://leaks.example/1?a=b&amp;c"]);
    for way in [
        " src=", "url(", "@import", "<link", "<iframe", "<img", "<form", "style=\"", " on",
    ] {
        let tags = page.split('<').filter_map(|rest| rest.split_once('>'));
        assert!(
            tags.into_iter()
                .all(|(tag, _)| !tag.starts_with(char::is_alphabetic)
                    || !format!("<{tag}").contains(way)),
            "{way}"
        );
    }
    let style = between(&page, "<style>", "</style>");
    assert!(!style.contains("url(") && !style.contains("@import"));
}

#[cargo_test]
fn the_page_allows_its_own_script_and_style_and_nothing_else() {
    let page = page_of(&app_with_finding());

    let hash = |text: &str| {
        let digest = Sha256::new().update(text.as_bytes()).finish();
        format!("'sha256-{}'", BASE64_STANDARD.encode(digest))
    };
    let script = between(&page, "</script>\n<script>", "</script>");
    let style = between(&page, "<style>", "</style>");
    assert_eq!(
        between(
            &page,
            "http-equiv=\"Content-Security-Policy\" content=\"",
            "\""
        ),
        format!(
            "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
            hash(script),
            hash(style)
        )
    );
    assert!(page.contains("<meta name=\"referrer\" content=\"no-referrer\">"));
}

#[cargo_test]
fn the_same_graph_is_the_same_picture() {
    let app = app_with_finding();

    assert_eq!(data_of(&page_of(&app)), data_of(&page_of(&app)));
}
