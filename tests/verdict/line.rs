//! The line: its words, their order, and what it leaves out where there is little room.

use cargo_test_support::cargo_test;
use cargo_test_support::compare::assert_e2e;
use cargo_test_support::registry::Package;
use cargo_test_support::str;
use cargo_test_support::{Execs, Project};

use crate::support::{Advisory, Database, ExecsExt as _, ProjectExt as _, advisory, app, cargo};

/// The width of the terminal, in place of one.
const WIDTH: &str = "__CARGO_TEST_TTY_WIDTH_DO_NOT_USE_THIS";

/// The one line of a command about advisories, as it is.
fn line_of(execs: &mut Execs) -> String {
    let output = execs.without_status().run();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = stderr
        .lines()
        .filter(|line| {
            let line = anstream::adapter::strip_str(line).to_string();
            line.starts_with("warning: ") || line.starts_with("error: ")
        })
        .collect();
    assert_eq!(lines.len(), 1, "{stderr}");
    lines[0].to_owned()
}

/// The line of `command` at several widths, each of which it must keep to.
fn ladder(app: &Project, command: &str) -> String {
    [200, 120, 100, 80, 60]
        .map(|width| {
            let line = line_of(app.cargo(command).env(WIDTH, width.to_string()));
            assert!(line.chars().count() <= width, "{width}: {line}");
            format!("{width:3} | {line}\n")
        })
        .concat()
}

/// A project with these packages as dependencies, in version 1.0.0, each with its own advisory.
fn app_with(advisories: &[(&str, Advisory)]) -> Project {
    let mut dependencies = String::new();
    for (name, _) in advisories {
        Package::new(name, "1.0.0").publish();
        dependencies.push_str(&format!("{name} = '1'\n"));
    }
    let database = Database::new();
    for (number, (_, advisory)) in (1..).zip(advisories) {
        database.add(&advisory.clone().id(&format!("RUSTSEC-2020-{number:04}")));
    }
    database.index();
    app(&dependencies)
}

/// One package of each kind, and two for each word that has more than one kind.
fn app_with_all_kinds() -> Project {
    // Published first, for it is locked before it is yanked.
    Package::new("hasty", "1.0.0").publish();
    Package::new("steady", "1.0.0").publish();
    let app = app_with(&[
        (
            "abandoned",
            advisory("abandoned").informational("unmaintained"),
        ),
        ("curious", advisory("curious").informational("notice")),
        ("leaky", advisory("leaky")),
        ("rotten", advisory("rotten").malicious()),
        ("shaky", advisory("shaky").informational("unsound")),
    ]);
    let manifest = app.read_file("Cargo.toml");
    app.change_file(
        "Cargo.toml",
        &format!("{manifest}hasty = '1'\nsteady = '1'\n"),
    );
    app.cargo("fetch").run();
    Package::new("hasty", "1.0.0").yanked(true).publish();
    app.cargo("update steady").run();
    app
}

/// Many insecure dependencies with long names.
fn app_with_many(count: usize) -> Project {
    let names: Vec<String> = (1..=count)
        .map(|number| format!("dependency-with-a-long-name-{number:03}"))
        .collect();
    let advisories: Vec<(&str, Advisory)> = names
        .iter()
        .map(|name| (name.as_str(), advisory(name)))
        .collect();
    app_with(&advisories)
}

#[cargo_test]
fn each_kind_alone_has_its_word() {
    let app = app_with_all_kinds();

    let mut told = String::new();
    for kind in [
        "malicious",
        "vulnerability",
        "unsound",
        "yanked",
        "unmaintained",
        "notice",
    ] {
        let mut check = app.cargo("check");
        for other in [
            "MALICIOUS",
            "VULNERABILITY",
            "UNSOUND",
            "YANKED",
            "UNMAINTAINED",
            "NOTICE",
        ] {
            let level = if kind.eq_ignore_ascii_case(other) {
                "warn"
            } else {
                "allow"
            };
            check.env(&format!("CARGO_ADVISORY_{other}"), level);
        }
        told.push_str(&format!("{}\n", line_of(&mut check)));
    }
    assert_e2e().eq(told, str![[r#"
[WARNING] 1 insecure dependency: rotten 1.0.0 (RUSTSEC-2020-0004); run `cargo advisory` for details
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0003); run `cargo advisory` for details
[WARNING] 1 unsound dependency: shaky 1.0.0 (RUSTSEC-2020-0005); run `cargo advisory` for details
[WARNING] 1 yanked dependency: hasty 1.0.0 (yanked); run `cargo advisory` for details
[WARNING] 1 unmaintained dependency: abandoned 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[WARNING] 1 flagged dependency: curious 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details

"#]]);
}

#[cargo_test]
fn all_kinds_together_come_worst_first() {
    let app = app_with_all_kinds();

    app.cargo("check")
        .env("CARGO_ADVISORY_MALICIOUS", "warn")
        .env("CARGO_ADVISORY_NOTICE", "warn")
        .tells(str![[r#"
[WARNING] 2 insecure, 1 unsound, 1 yanked, 1 unmaintained and 1 flagged dependencies: rotten 1.0.0 (RUSTSEC-2020-0004), leaky 1.0.0 (RUSTSEC-2020-0003), shaky 1.0.0 (RUSTSEC-2020-0005), hasty 1.0.0 (yanked), abandoned 1.0.0 (RUSTSEC-2020-0001), curious 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details

"#]]);
}

#[cargo_test]
fn all_kinds_together_keep_to_the_width() {
    let app = app_with_all_kinds();
    app.change_file(
        ".cargo/config.toml",
        "[advisory]\nmalicious = 'warn'\nnotice = 'warn'\n",
    );

    assert_e2e().eq(ladder(&app, "check"), str![[r#"
200 | [WARNING] 2 insecure, 1 unsound, 1 yanked, 1 unmaintained and 1 flagged dependencies: rotten 1.0.0 (RUSTSEC-2020-0004), leaky 1.0.0 (RUSTSEC-2020-0003), and 4 more; run `cargo advisory` for details
120 | [WARNING] 2 insecure, 1 unsound, 1 yanked, 1 unmaintained and 1 flagged dependencies; run `cargo advisory` for details
100 | [WARNING] 2 insecure and 4 more dependencies; run `cargo advisory`
 80 | [WARNING] 2 insecure and 4 more dependencies; run `cargo advisory`
 60 | [WARNING] 2 insecure and 4 more dependencies

"#]]);
    assert_e2e().eq(ladder(&app, "check --deny-advisories"), str![[r#"
200 | [ERROR] 2 insecure, 1 unsound, 1 yanked, 1 unmaintained and 1 flagged dependencies denied by `--deny-advisories`: rotten 1.0.0 (RUSTSEC-2020-0004), and 5 more; run `cargo advisory` for details
120 | [ERROR] 2 insecure, 1 unsound, 1 yanked, 1 unmaintained and 1 flagged dependencies denied; run `cargo advisory`
100 | [ERROR] 2 insecure and 4 more dependencies denied; run `cargo advisory`
 80 | [ERROR] 2 insecure and 4 more dependencies denied; run `cargo advisory`
 60 | [ERROR] 2 insecure and 4 more dependencies denied

"#]]);
}

#[cargo_test]
fn one_finding_keeps_to_the_width() {
    let app = app_with(&[("leaky", advisory("leaky"))]);

    assert_e2e().eq(ladder(&app, "check"), str![[r#"
200 | [WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
120 | [WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
100 | [WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
 80 | [WARNING] 1 insecure dependency; run `cargo advisory` for details
 60 | [WARNING] 1 insecure dependency; run `cargo advisory`

"#]]);
    assert_e2e().eq(ladder(&app, "check --deny-advisories"), str![[r#"
200 | [ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
120 | [ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory`
100 | [ERROR] 1 insecure dependency denied by `--deny-advisories`; run `cargo advisory` for details
 80 | [ERROR] 1 insecure dependency denied by `--deny-advisories`; run `cargo advisory`
 60 | [ERROR] 1 insecure dependency denied; run `cargo advisory`

"#]]);
}

#[cargo_test]
fn two_findings_keep_to_the_width() {
    let app = app_with(&[("leaky", advisory("leaky")), ("soaked", advisory("soaked"))]);

    assert_e2e().eq(ladder(&app, "check"), str![[r#"
200 | [WARNING] 2 insecure dependencies: leaky 1.0.0 (RUSTSEC-2020-0001), soaked 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details
120 | [WARNING] 2 insecure dependencies: leaky 1.0.0 (RUSTSEC-2020-0001), and 1 more; run `cargo advisory` for details
100 | [WARNING] 2 insecure dependencies: leaky 1.0.0 (RUSTSEC-2020-0001), and 1 more; run `cargo advisory`
 80 | [WARNING] 2 insecure dependencies; run `cargo advisory` for details
 60 | [WARNING] 2 insecure dependencies; run `cargo advisory`

"#]]);
}

#[cargo_test]
fn many_findings_make_one_line() {
    let app = app_with_many(60);

    assert_e2e().eq(ladder(&app, "check"), str![[r#"
200 | [WARNING] 60 insecure dependencies: dependency-with-a-long-name-001 1.0.0 (RUSTSEC-2020-0001), dependency-with-a-long-name-002 1.0.0 (RUSTSEC-2020-0002), and 58 more; run `cargo advisory` for details
120 | [WARNING] 60 insecure dependencies; run `cargo advisory` for details
100 | [WARNING] 60 insecure dependencies; run `cargo advisory` for details
 80 | [WARNING] 60 insecure dependencies; run `cargo advisory` for details
 60 | [WARNING] 60 insecure dependencies; run `cargo advisory`

"#]]);
}

#[cargo_test]
fn without_a_terminal_the_line_has_200_columns() {
    let app = app_with_many(12);

    let line = line_of(app.cargo("check").env_remove(WIDTH));
    assert!(line.len() <= 200, "{line}");
    assert_e2e().eq(line, str!["[WARNING] 12 insecure dependencies: dependency-with-a-long-name-001 1.0.0 (RUSTSEC-2020-0001), dependency-with-a-long-name-002 1.0.0 (RUSTSEC-2020-0002), and 10 more; run `cargo advisory` for details"]);
}

#[cargo_test]
fn colours_do_not_count_as_columns() {
    let app = app_with(&[("leaky", advisory("leaky"))]);

    let coloured = |line: &str| {
        line_of(
            app.cargo(line)
                .env("CARGO_TERM_COLOR", "always")
                .env(WIDTH, "100"),
        )
        .replace('\u{1b}', "<esc>")
    };
    assert_e2e().eq(coloured("check"), str!["<esc>[1m<esc>[33mwarning<esc>[0m: 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details"]);
    assert_e2e().eq(coloured("check --deny-advisories"), str!["<esc>[1m<esc>[91merror<esc>[0m: 1 insecure dependency denied by `--deny-advisories`; run `cargo advisory` for details"]);
}

#[cargo_test]
fn the_line_stands_between_the_resolve_and_the_compiler() {
    let app = app_with(&[("leaky", advisory("leaky"))]);

    app.cargo("build")
        .with_stderr_data(str![[r#"
[UPDATING] `dummy-registry` index
[LOCKING] 1 package to latest compatible version
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0 (registry `dummy-registry`)
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[COMPILING] leaky v1.0.0
[COMPILING] app v0.1.0 ([ROOT]/foo)
[FINISHED] `dev` profile [unoptimized + debuginfo] target(s) in [ELAPSED]s

"#]])
        .run();
}

#[cargo_test]
fn nothing_goes_to_stdout() {
    let app = app_with(&[("leaky", advisory("leaky"))]);

    app.cargo("build").with_stdout_data("").run();
    app.cargo("build --deny-advisories")
        .with_status(101)
        .with_stdout_data("")
        .run();
}

#[cargo_test]
fn what_the_index_is_not_has_its_place_at_every_width() {
    let app = app_with_many(3);
    let database = Database::at("advisory-db");
    database.index_made(20 * 24);
    for number in 2..=3 {
        let name = format!("dependency-with-a-long-name-{number:03}");
        std::fs::remove_dir_all(database.path().join("crates").join(name)).unwrap();
    }
    cargo("advisory update")
        .with_status(101)
        .with_stderr_contains("[ERROR] the database [..] was refused[..]")
        .run();

    assert_e2e().eq(ladder(&app, "check"), str![[r#"
200 | [WARNING] 3 insecure dependencies: dependency-with-a-long-name-001 1.0.0 (RUSTSEC-2020-0001), and 2 more; index 20 days old; last refresh refused; run `cargo advisory` for details
120 | [WARNING] 3 insecure dependencies; index 20 days old; run `cargo advisory` for details
100 | [WARNING] 3 insecure dependencies; index 20 days old; run `cargo advisory` for details
 80 | [WARNING] 3 insecure dependencies; index 20 days old; run `cargo advisory`
 60 | [WARNING] 3 insecure dependencies; index 20 days old

"#]]);
    assert_e2e().eq(ladder(&app, "check --deny-advisories"), str![[r#"
200 | [ERROR] 3 insecure dependencies denied by `--deny-advisories`: dependency-with-a-long-name-001 1.0.0 (RUSTSEC-2020-0001), and 2 more; index 20 days old; last refresh refused; run `cargo advisory`
120 | [ERROR] 3 insecure dependencies denied by `--deny-advisories`; index 20 days old; run `cargo advisory` for details
100 | [ERROR] 3 insecure dependencies denied; index 20 days old; run `cargo advisory`
 80 | [ERROR] 3 insecure dependencies denied; index 20 days old; run `cargo advisory`
 60 | [ERROR] 3 insecure dependencies denied; index 20 days old

"#]]);
}

#[cargo_test]
fn a_process_that_builds_twice_tells_of_the_index_once() {
    Package::new("tool", "1.0.0")
        .file("src/main.rs", "fn main() {}")
        .dep("leaky", "1")
        .publish();
    Package::new("other", "1.0.0")
        .file("src/main.rs", "fn main() {}")
        .dep("shaky", "1")
        .publish();
    app_with(&[("leaky", advisory("leaky")), ("shaky", advisory("shaky"))]);
    Database::at("advisory-db").index_made(8 * 24);

    cargo("install tool other").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001); index 8 days old; run `cargo advisory` for details
[WARNING] 1 insecure dependency: shaky 1.0.0 (RUSTSEC-2020-0002); run `cargo advisory` for details
[WARNING] be sure to add `[ROOT]/home/.cargo/bin` to your PATH to be able to run the installed binaries

"#]]);
}
