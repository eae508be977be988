//! Which findings an ignore covers, and for how long.

use cargo_test_support::registry::Package;
use cargo_test_support::{Project, cargo_test, project, str};

use crate::support::{
    Database, ExecsExt as _, ProjectExt as _, advisory, app_locked_to_yanked, lock, locked,
};
use crate::{NOTHING, app_with, day, set, shows};

/// Makes these the ignores of the workspace.
fn ignore(app: &Project, entries: &[&str]) {
    set(app, &format!("ignore = [{}]", entries.join(", ")));
}

/// Whether the only finding is ignored, as builds and `cargo advisory` agree.
#[track_caller]
fn is_ignored(app: &Project) -> bool {
    let built = app.cargo("check --deny-advisories").without_status().run();
    let advised = app
        .cargo("advisory --deny-advisories")
        .without_status()
        .run();
    assert_eq!(built.code, advised.code);
    built.code == Some(0)
}

#[cargo_test]
fn an_ignored_finding_is_nothing_to_a_build_and_told_apart_in_the_details() {
    let app = app_with(&advisory("leaky"));
    ignore(
        &app,
        &["{ id = 'RUSTSEC-2020-0001', reason = 'nobody calls it' }"],
    );

    app.cargo("check").tells(NOTHING);
    app.cargo("check --deny-advisories").tells(NOTHING);
    shows(
        &mut app.cargo("advisory"),
        str![[r#"
ignored:
    leaky 1.0.0 RUSTSEC-2020-0001: nobody calls it

"#]],
    );
    shows(
        &mut app.cargo("advisory --explain-policy"),
        str![[r#"
leaky 1.0.0 (runtime)
    allow  RUSTSEC-2020-0001: vulnerability
          ignored, as `[ROOT]/foo/.cargo/config.toml` says: nobody calls it

"#]],
    );
}

#[cargo_test]
fn an_alias_does_as_well_in_any_case() {
    let app =
        app_with(&advisory("leaky").field("aliases", "['CVE-2020-26235', 'GHSA-wcg3-cvx6-7396']"));

    for (id, expected) in [
        ("RUSTSEC-2020-0001", true),
        ("rustsec-2020-0001", true),
        ("CVE-2020-26235", true),
        ("cve-2020-26235", true),
        ("GHSA-WCG3-CVX6-7396", true),
        ("CVE-2020-2623", false),
        ("RUSTSEC-2020-0002", false),
    ] {
        ignore(&app, &[&format!("{{ id = '{id}', reason = 'a' }}")]);
        assert_eq!(is_ignored(&app), expected, "{id}");
    }
}

#[cargo_test]
fn a_package_may_be_named_with_all_of_its_version_or_a_part() {
    Package::new("leaky", "1.2.3").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = locked("leaky = '1'");

    for (package, expected) in [
        ("leaky", true),
        ("leaky@1", true),
        ("leaky@1.2", true),
        ("leaky@1.2.3", true),
        ("leaky@1.2.4", false),
        ("leaky@1.20", false),
        ("leaky@2", false),
        ("lea", false),
        ("Leaky", false),
    ] {
        ignore(
            &app,
            &[&format!("{{ package = '{package}', reason = 'a' }}")],
        );
        assert_eq!(is_ignored(&app), expected, "{package}");
    }
}

#[cargo_test]
fn a_yank_is_ignored_by_its_package() {
    let app = app_locked_to_yanked();
    Database::new().add(&advisory("other")).index();
    ignore(
        &app,
        &["{ package = 'gone@1.0.0', reason = 'the yank was a mistake' }"],
    );

    assert!(is_ignored(&app));
    shows(
        &mut app.cargo("advisory"),
        str![[r#"
ignored:
    gone 1.0.0 yanked: the yank was a mistake

"#]],
    );
}

#[cargo_test]
fn malicious_code_is_ignored_by_its_id_alone() {
    let app = app_with(
        &advisory("leaky")
            .malicious()
            .field("aliases", "['MAL-2020-1']"),
    );

    ignore(&app, &["{ package = 'leaky@1.0.0', reason = 'a' }"]);
    app.cargo("check").tells(str![[r#"
[ERROR] 1 insecure dependency denied by `advisory.malicious`: leaky 1.0.0 (RUSTSEC-2020-0001); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    shows(
        &mut app.cargo("advisory --explain-policy"),
        str![[r#"
leaky 1.0.0 (runtime)
    deny  RUSTSEC-2020-0001: malicious
          not ignored: the entry for leaky@1.0.0 in `[ROOT]/foo/.cargo/config.toml` covers no malicious code, which only its `id` can ignore
          `advisory.malicious` is `deny` by default
[WARNING] the ignore of `leaky@1.0.0` in `[ROOT]/foo/.cargo/config.toml` covers no malicious code, which only its `id` can ignore; remove it with `cargo advisory ignore --prune`
[ERROR] 1 insecure dependency denied by `advisory.malicious`: leaky 1.0.0 (RUSTSEC-2020-0001)
[EXIT_STATUS] 101

"#]],
    );
    for id in ["RUSTSEC-2020-0001", "MAL-2020-1"] {
        ignore(&app, &[&format!("{{ id = '{id}', reason = 'a' }}")]);
        assert!(is_ignored(&app), "{id}");
    }
}

#[cargo_test]
fn the_last_day_belongs_to_an_ignore() {
    let app = app_with(&advisory("leaky"));

    for (ago, expected) in [(-1, true), (0, true), (1, false)] {
        let until = day(ago);
        ignore(
            &app,
            &[&format!(
                "{{ id = 'RUSTSEC-2020-0001', reason = 'a', until = '{until}' }}"
            )],
        );
        assert_eq!(is_ignored(&app), expected, "{ago}");
    }
}

#[cargo_test]
fn a_line_tells_of_the_ignore_that_has_expired() {
    let app = app_with(&advisory("leaky"));
    ignore(
        &app,
        &["{ id = 'RUSTSEC-2020-0001', reason = 'a', until = '2020-02-29' }"],
    );

    app.cargo("check").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001, ignored until 2020-02-29); run `cargo advisory` for details

"#]]);
    app.cargo("check --deny-advisories").tells(str![[r#"
[ERROR] 1 insecure dependency denied by `--deny-advisories`: leaky 1.0.0 (RUSTSEC-2020-0001, ignored until 2020-02-29); run `cargo advisory` for details
[EXIT_STATUS] 101

"#]]);
    shows(
        &mut app.cargo("advisory"),
        str![[r#"
leaky 1.0.0 (runtime)
    app 0.1.0 → leaky 1.0.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          ignored until 2020-02-29
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it
[WARNING] the ignore of `RUSTSEC-2020-0001` in `[ROOT]/foo/.cargo/config.toml` expired on 2020-02-29; remove it with `cargo advisory ignore --prune`

"#]],
    );
    shows(
        &mut app.cargo("advisory --explain-policy"),
        str![[r#"
leaky 1.0.0 (runtime)
    warn  RUSTSEC-2020-0001: vulnerability
          not ignored: the entry for RUSTSEC-2020-0001 in `[ROOT]/foo/.cargo/config.toml` expired on 2020-02-29
          `advisory.vulnerability` is `warn` by default
[WARNING] the ignore of `RUSTSEC-2020-0001` in `[ROOT]/foo/.cargo/config.toml` expired on 2020-02-29; remove it with `cargo advisory ignore --prune`

"#]],
    );
}

#[cargo_test]
fn of_two_ignores_one_that_holds_is_enough() {
    let app = app_with(&advisory("leaky"));
    let lapsed = "{ id = 'RUSTSEC-2020-0001', reason = 'a', until = '2020-02-29' }";
    let holding = "{ package = 'leaky', reason = 'b' }";

    ignore(&app, &[lapsed, holding]);
    assert!(is_ignored(&app));
    ignore(&app, &[holding, lapsed]);
    assert!(is_ignored(&app));
    shows(
        &mut app.cargo("advisory"),
        str![[r#"
ignored:
    leaky 1.0.0 RUSTSEC-2020-0001: b
[WARNING] the ignore of `RUSTSEC-2020-0001` in `[ROOT]/foo/.cargo/config.toml` expired on 2020-02-29; remove it with `cargo advisory ignore --prune`

"#]],
    );
    ignore(&app, &[lapsed, lapsed]);
    assert!(!is_ignored(&app));
}

#[cargo_test]
fn an_ignore_holds_while_there_is_no_remedy() {
    let app = app_with(&advisory("leaky"));
    Database::at("advisory-db").index_made(1);
    ignore(
        &app,
        &["{ id = 'RUSTSEC-2020-0001', reason = 'a', while = 'unfixable' }"],
    );
    assert!(is_ignored(&app));

    Package::new("leaky", "1.0.1").publish();
    Database::at("advisory-db")
        .add(&advisory("leaky").patched(">= 1.0.1"))
        .index();
    assert!(!is_ignored(&app));
    app.cargo("check").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001, no longer ignored); run `cargo advisory` for details

"#]]);
    shows(
        &mut app.cargo("advisory"),
        str![[r#"
leaky 1.0.0 (runtime)
    app 0.1.0 → leaky 1.0.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          no longer ignored
          reported [..] ago, 2020-01-01
          patched: >=1.0.1
    remedy  `cargo advisory fix` moves leaky from 1.0.0 to 1.0.1
[WARNING] the ignore of `RUSTSEC-2020-0001` in `[ROOT]/foo/.cargo/config.toml` ends where there is a remedy, and there is one; remove it with `cargo advisory ignore --prune`

"#]],
    );
}

#[cargo_test]
fn a_patch_that_cannot_be_had_is_no_remedy_once_somebody_has_looked() {
    let app = app_with(&advisory("leaky").patched(">= 1.0.1"));
    ignore(
        &app,
        &["{ id = 'RUSTSEC-2020-0001', reason = 'a', while = 'unfixable' }"],
    );

    app.cargo("check").tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001, no longer ignored); run `cargo advisory` for details

"#]]);
    app.cargo("advisory").tells(NOTHING);
    app.cargo("check").tells(NOTHING);
}

/// A workspace of which `second` depends on `leaky`, and `first` does not.
fn workspace() -> Project {
    let member = |name: &str, rest: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{rest}")
    };
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    lock(
        project()
            .file(
                "Cargo.toml",
                "[workspace]\nmembers = ['first', 'second']\nresolver = '2'\n",
            )
            .file("first/Cargo.toml", &member("first", ""))
            .file("first/src/lib.rs", "")
            .file(
                "second/Cargo.toml",
                &member(
                    "second",
                    "[dependencies]\nleaky = { version = '1', optional = true }\n",
                ),
            )
            .file("second/src/lib.rs", "")
            .build(),
    )
}

#[cargo_test]
fn an_ignore_holds_while_no_build_uses_the_package() {
    let workspace = workspace();
    ignore(
        &workspace,
        &["{ package = 'leaky', reason = 'only in Cargo.lock', while = 'unbuilt' }"],
    );

    workspace.cargo("check --workspace").tells(NOTHING);
    shows(
        &mut workspace.cargo("advisory"),
        str![[r#"
ignored:
    leaky 1.0.0 RUSTSEC-2020-0001: only in Cargo.lock

"#]],
    );

    let all = "--workspace --all-features";
    workspace.cargo(&format!("check {all}")).tells(str![[r#"
[WARNING] 1 insecure dependency: leaky 1.0.0 (RUSTSEC-2020-0001, no longer ignored); run `cargo advisory` for details

"#]]);
    shows(
        &mut workspace.cargo(&format!("advisory {all} --no-remedies")),
        str![[r#"
leaky 1.0.0 (runtime)
    second 0.1.0 (feature `leaky`) → leaky 1.0.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          no longer ignored
          reported [..] ago, 2020-01-01
          no patched version is known

"#]],
    );
}

#[cargo_test]
fn of_a_lockfile_alone_no_build_is_known() {
    let workspace = workspace();
    ignore(
        &workspace,
        &["{ package = 'leaky', reason = 'only in Cargo.lock', while = 'unbuilt' }"],
    );

    shows(
        &mut workspace.cargo("advisory --lockfile Cargo.lock"),
        str![[r#"
[ROOT]/foo/Cargo.lock
leaky 1.0.0 (unbuilt)
    second 0.1.0 → leaky 1.0.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known

"#]],
    );
    shows(
        &mut workspace.cargo("advisory --lockfile Cargo.lock --explain-policy"),
        str![[r#"
[ROOT]/foo/Cargo.lock
leaky 1.0.0 (unbuilt)
    warn  RUSTSEC-2020-0001: vulnerability
          not ignored: the entry for leaky in `[ROOT]/foo/.cargo/config.toml` holds where no build uses the package, and of a lockfile alone no build is known
          `advisory.vulnerability` is `warn` by default

"#]],
    );
}

#[cargo_test]
fn tools_are_told_what_is_ignored_and_why() {
    let app = app_with(&advisory("leaky"));
    let until = day(-30);
    ignore(
        &app,
        &[&format!(
            "{{ id = 'rustsec-2020-0001', reason = 'nobody calls it', until = '{until}', while = 'unfixable', \
             via = 'app' }}"
        )],
    );

    let answer = app.cargo("advisory --format json").answer();

    assert_eq!(answer["findings"], serde_json::json!([]));
    assert_eq!(answer["stale_ignores"], serde_json::json!([]));
    let ignored = &answer["ignored"][0];
    assert_eq!(ignored["id"], "RUSTSEC-2020-0001");
    assert_eq!(ignored["level"], "allow");
    let config = app.root().join(".cargo/config.toml");
    assert_eq!(
        ignored["ignore"],
        serde_json::json!({
            "id": "rustsec-2020-0001",
            "package": null,
            "reason": "nobody calls it",
            "until": until.to_string(),
            "while": "unfixable",
            "via": "app",
            "set_in": format!("`{}`", config.display()),
        })
    );
}
