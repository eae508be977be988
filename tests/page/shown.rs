//! The page in a browser: with keys alone, in both themes, for those who do not see it.

use cargo_test_support::cargo_test;
use cargo_test_support::registry::Package;
use serde_json::{Value, json};

use crate::browser::{Browser, DOWN, ENTER, ESCAPE, LEFT, RIGHT};
use crate::page_of;
use crate::support::{Database, advisory, app};

/// The page of an `app` with three findings: two of `alpha`, which `app` needs itself, and one of `omega`, which `alpha`
/// and `beta` need. `calm` has none.
fn open() -> Option<Browser> {
    Package::new("omega", "1.10.0").publish();
    Package::new("alpha", "1.9.0").dep("omega", "1").publish();
    Package::new("beta", "1.0.0").dep("omega", "1").publish();
    Package::new("calm", "1.0.0").publish();
    Database::new()
        .add(&advisory("alpha").field("cvss", "\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N\""))
        .add(
            &advisory("alpha")
                .id("RUSTSEC-2021-0002")
                .informational("unsound"),
        )
        .add(
            &advisory("omega")
                .id("RUSTSEC-2022-0003")
                .field("cvss", "\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\""),
        )
        .index();
    let app = app("alpha = '1'\nbeta = '1'\ncalm = '1'");
    page_of(&app);
    Browser::open(&app.root().join("page.html"))
}

/// The packages of the table's rows that are shown, from top to bottom.
const ROWS: &str = "return [...document.querySelectorAll('#findings tbody tr')] \
    .filter((row) => !row.hidden).map((row) => row.querySelector('.name').textContent)";

/// The packages that are lit in the graph, by name.
const LIT: &str = "return [...document.querySelectorAll('.node.on .label')].map((label) => label.textContent).sort()";

/// The package that has the focus.
const FOCUSED: &str = "return document.activeElement.querySelector('.label')?.textContent ?? null";

#[cargo_test]
fn the_page_is_quiet() {
    let Some(browser) = open() else { return };

    assert_eq!(browser.run("return document.title"), "Advisories: app");
    browser.was_quiet();
}

#[cargo_test]
fn the_table_is_sorted_with_keys() {
    let Some(browser) = open() else { return };
    assert_eq!(browser.run(ROWS), json!(["omega", "alpha", "alpha"]));

    browser.tab_to("th[data-sort] button");
    let sorted =
        "return [...document.querySelectorAll('#findings th')].map((head) => head.ariaSort).join()";
    let none = ["none"; 9].join(",");
    assert_eq!(browser.run(sorted), format!("none,{none}"));

    // By kind, then by package, then by package the other way round.
    browser.press(&[ENTER]);
    assert_eq!(browser.run(sorted), format!("ascending,{none}"));
    assert_eq!(browser.run(ROWS), json!(["omega", "alpha", "alpha"]));
    browser.tab_to("th:nth-child(3) button");
    browser.press(&[ENTER]);
    assert_eq!(browser.run(ROWS), json!(["alpha", "alpha", "omega"]));
    browser.press(&[ENTER]);
    assert_eq!(browser.run(ROWS), json!(["omega", "alpha", "alpha"]));
    assert_eq!(
        browser.run(sorted),
        format!("none,none,descending,{}", ["none"; 7].join(","))
    );
}

#[cargo_test]
fn versions_and_scores_are_sorted_as_such() {
    let Some(browser) = open() else { return };
    let by = |column: usize| {
        browser.run(&format!(
            "document.querySelector('th:nth-child({column}) button').click()"
        ));
        browser.run(ROWS)
    };

    // 1.9.0 is before 1.10.0.
    assert_eq!(by(4), json!(["alpha", "alpha", "omega"]));
    // Without a score, with 5.3, with 9.8.
    assert_eq!(by(2), json!(["alpha", "alpha", "omega"]));
    assert_eq!(
        browser.run("return document.querySelector('#findings tbody tr').cells[4].textContent"),
        "RUSTSEC-2021-0002"
    );
}

#[cargo_test]
fn the_filter_takes_words_and_tells_how_many_are_left() {
    let Some(browser) = open() else { return };

    browser.tab_to("input[type=search]");
    browser.press(&["U", "N", "s", "o", " ", "a", "l"]);

    assert_eq!(browser.run(ROWS), json!(["alpha"]));
    let status = "return document.querySelector('[role=status]').textContent";
    assert_eq!(browser.run(status), "1 of 3 findings");
    browser.press(&["q"]);
    assert_eq!(browser.run(ROWS), json!([]));
}

#[cargo_test]
fn a_finding_of_the_table_leads_to_its_paths_and_back() {
    let Some(browser) = open() else { return };

    browser.tab_to("#findings button.name");
    browser.press(&[ENTER]);

    assert_eq!(browser.run(FOCUSED), "omega");
    let pressed = "return [...document.querySelectorAll('[aria-pressed=true]')].length";
    assert_eq!(browser.run(pressed), 2);
    assert_eq!(browser.run(LIT), json!(["alpha", "app", "beta", "omega"]));
    browser.press(&[ESCAPE]);
    assert_eq!(browser.run(LIT), json!([]));
    assert_eq!(browser.run(pressed), 0);
    assert_eq!(
        browser.run("return document.activeElement.textContent"),
        "omega"
    );
}

#[cargo_test]
fn the_graph_is_walked_with_arrows() {
    let Some(browser) = open() else { return };

    browser.tab_to("[data-node]");
    assert_eq!(browser.run(FOCUSED), "app");
    browser.press(&[RIGHT]);
    assert_eq!(browser.run(FOCUSED), "alpha");
    assert_eq!(browser.run(LIT), json!(["alpha", "app", "omega"]));
    browser.press(&[DOWN]);
    assert_eq!(browser.run(FOCUSED), "beta");
    browser.press(&[RIGHT]);
    assert_eq!(browser.run(FOCUSED), "omega");
    assert_eq!(browser.run(LIT), json!(["alpha", "app", "beta", "omega"]));
    browser.press(&[LEFT, LEFT, LEFT]);
    assert_eq!(browser.run(FOCUSED), "app");
}

#[cargo_test]
fn a_package_is_chosen_and_let_go_with_keys() {
    let Some(browser) = open() else { return };

    browser.tab_to("[data-node]");
    browser.press(&[RIGHT, ENTER]);

    let rows = "return [...document.querySelectorAll('tr.chosen')].length";
    assert_eq!(browser.run(rows), 2);
    assert_eq!(browser.run(LIT), json!(["alpha", "app"]));
    browser.press(&[ESCAPE]);
    assert_eq!(browser.run(rows), 0);
    assert_eq!(browser.run(LIT), json!([]));
}

#[cargo_test]
fn the_focus_is_told_of_and_hovering_too() {
    let Some(browser) = open() else { return };
    let tip =
        "const tip = document.getElementById('tip'); return tip.hidden ? null : tip.textContent";

    assert_eq!(browser.run(tip), Value::Null);
    browser.tab_to("[data-node]");
    browser.press(&[RIGHT]);
    let told = browser.run(tip);
    for part in [
        "alpha 1.9.0",
        "scope: runtime",
        "RUSTSEC-2021-0002",
        "needed by 1",
    ] {
        assert!(told.as_str().unwrap().contains(part), "{told}");
    }

    let place = browser.run(
        "const box = document.querySelectorAll('.node')[0].getBoundingClientRect(); \
         document.activeElement.blur(); return [box.x + 5, box.y + 5]",
    );
    assert_eq!(browser.run(tip), Value::Null);
    browser.command(
        "Input.dispatchMouseEvent",
        &json!({ "type": "mouseMoved", "x": place[0], "y": place[1] }),
    );
    assert!(
        browser
            .run(tip)
            .as_str()
            .unwrap()
            .starts_with("alpha 1.9.0")
    );
}

#[cargo_test]
fn the_picture_zooms_and_shows_more_on_request() {
    let Some(browser) = open() else { return };
    let scale = || {
        let scale = browser.run("return Number(document.querySelector('.picture svg > g').getAttribute('transform').match(/scale\\((.*)\\)/)[1])");
        scale.as_f64().unwrap()
    };
    let shown = "return document.querySelectorAll('.node').length";

    let start = scale();
    assert!(start >= 0.85, "labels cannot be read at {start}");
    browser.tab_to("[data-node]");
    browser.press(&["+"]);
    assert!(scale() > start);
    browser.press(&["-", "-"]);
    assert!(scale() < start);
    browser.run("document.querySelector('[aria-label=\"Zoom in\"]').click()");
    assert!((scale() - start).abs() < 0.01);
    // The wheel zooms the picture that has the focus.
    let place = browser.run(
        "const picture = document.querySelector('.picture'); picture.scrollIntoView({ block: 'center' }); \
         const box = picture.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]",
    );
    browser.command(
        "Input.dispatchMouseEvent",
        &json!({ "type": "mouseWheel", "x": place[0], "y": place[1], "deltaX": 0, "deltaY": -60 }),
    );
    assert!(scale() > start);

    assert_eq!(browser.run(shown), 4);
    browser.run("document.querySelector('input[value=all]').click()");
    assert_eq!(browser.run(shown), 5);
}

#[cargo_test]
fn everything_has_a_role_and_a_name() {
    let Some(browser) = open() else { return };

    let tree = browser.command("Accessibility.getFullAXTree", &json!({}));
    let nodes: Vec<(&str, &str)> = tree["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|node| node["ignored"] == false)
        .map(|node| {
            let text = |field: &str| node[field]["value"].as_str().unwrap_or_default();
            (text("role"), text("name"))
        })
        .collect();

    let of = |role: &str| -> Vec<&str> {
        let of_role = nodes.iter().filter(|(known, _)| *known == role);
        of_role.map(|(_, name)| *name).collect()
    };
    for role in [
        "button",
        "radio",
        "searchbox",
        "link",
        "application",
        "columnheader",
        "region",
    ] {
        assert!(of(role).iter().all(|name| !name.is_empty()), "{role}");
    }
    assert_eq!(of("searchbox"), ["Filter"]);
    let heads = of("columnheader");
    assert!(
        ["Kind", "Severity", "Remedy", "Date"]
            .iter()
            .all(|head| heads.contains(head)),
        "{heads:?}"
    );
    assert!(
        of("button").iter().any(|name| name
            .starts_with("omega 1.10.0; scope: runtime; vulnerability, RUSTSEC-2022-0003")),
        "{:?}",
        of("button")
    );
}

#[cargo_test]
fn all_text_stands_out_in_both_themes() {
    let Some(browser) = open() else { return };

    for theme in ["light", "dark"] {
        browser.pretend("prefers-color-scheme", theme);
        // The ratio that the guidelines for accessible content ask for, AA.
        let faint = browser.run(
            "const light = ([r, g, b]) => { const part = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; \
               return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b); }; \
             const numbers = (color) => color.match(/[\\d.]+/g).map(Number); \
             const back = (element) => { for (let at = element; at; at = at.parentElement) { \
               const box = at.closest('.node')?.querySelector('rect'); \
               const color = numbers(getComputedStyle(box ?? at)[box ? 'fill' : 'backgroundColor']); \
               if (color.length === 3 || color[3] > 0) return color; } return [255, 255, 255]; }; \
             const faint = []; let seen = 0; \
             for (const details of document.querySelectorAll('details')) details.open = true; \
             for (const element of document.body.querySelectorAll('*')) { \
               const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()); \
               if (!own || !element.checkVisibility() || ['SCRIPT', 'NOSCRIPT'].includes(element.tagName)) continue; \
               const style = getComputedStyle(element); \
               const ink = numbers(element.closest('text') ? style.fill : style.color); \
               const [a, b] = [light(ink), light(back(element))].sort((a, b) => b - a); \
               seen += 1; \
               if ((a + 0.05) / (b + 0.05) < 4.5) faint.push(`${element.tagName} ${element.textContent}: ${ink} on ${back(element)}`); \
             } \
             if (seen < 60) faint.push(`only ${seen} texts were seen`); \
             return faint.join('\\n');",
        );
        assert_eq!(faint, "", "{theme}");
    }
    let dark = "return getComputedStyle(document.body).backgroundColor";
    let night = browser.run(dark);
    browser.pretend("prefers-color-scheme", "light");
    assert_ne!(browser.run(dark), night);
}

#[cargo_test]
fn nothing_moves_for_those_who_want_it_still() {
    let Some(browser) = open() else { return };
    let duration = "return getComputedStyle(document.querySelector('.node')).transitionDuration";

    browser.pretend("prefers-reduced-motion", "no-preference");
    assert_ne!(browser.run(duration), "0s");
    browser.pretend("prefers-reduced-motion", "reduce");
    assert_eq!(browser.run(duration), "0s");
}

#[cargo_test]
fn a_narrow_screen_is_wide_enough() {
    let Some(browser) = open() else { return };

    browser.command(
        "Emulation.setDeviceMetricsOverride",
        &json!({ "width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": true }),
    );
    browser.run("return document.body.offsetHeight");

    assert_eq!(
        browser.run("return document.documentElement.scrollWidth"),
        360
    );
}

#[cargo_test]
fn paper_gets_the_whole_picture_and_no_controls() {
    let Some(browser) = open() else { return };

    browser.command("Emulation.setEmulatedMedia", &json!({ "media": "print" }));
    assert_eq!(
        browser.run("return [...document.querySelectorAll('.bar, .keys')].filter((one) => one.checkVisibility()).length"),
        0
    );
    let printed = browser.command("Page.printToPDF", &json!({}));
    assert!(printed["data"].as_str().unwrap().len() > 10_000);
    // What was seen before is seen again.
    assert_eq!(
        browser.run("return document.querySelector('.picture svg').getAttribute('viewBox')"),
        Value::Null
    );
}
