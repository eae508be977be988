//! `cargo advisory ignore --prune`: what is not needed goes, and nothing else.

use cargo_test_support::registry::Package;
use cargo_test_support::{cargo_test, str};

use crate::add::leaky_app;
use crate::forms::{CONFIG, config};
use crate::support::{
    Database, ExecsExt as _, ProjectExt as _, advisory, app_locked_to_yanked, app_manifest,
    configure, locked,
};

const STALE: &str = "# Ours.
[advisory]
ignore = [
    # Of all:
    { id = 'CVE-2020-1', reason = 'needed' }, # one
    { id = 'RUSTSEC-2020-0002', reason = 'not in the graph' }, # two
    # The third.
    { id = 'RUSTSEC-2020-0001', reason = 'over', until = '2020-01-31' },
    { package = 'gone', reason = 'not in the graph' },
]
";

#[cargo_test]
fn stale_entries_are_removed_and_told() {
    let app = leaky_app();
    app.change_file(CONFIG, STALE);

    app.cargo("advisory ignore --prune --quiet").run();
    config(
        &app,
        str![[r#"
# Ours.
[advisory]
ignore = [
    # Of all:
    { id = 'CVE-2020-1', reason = 'needed' }, # one
    # The third.
]

"#]],
    );

    app.change_file(CONFIG, STALE);
    app.cargo("advisory ignore --prune")
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
[REMOVING] RUSTSEC-2020-0002 from .cargo/config.toml:6: it has nothing left to ignore
[REMOVING] RUSTSEC-2020-0001 from .cargo/config.toml:8: it expired on 2020-01-31
[REMOVING] gone from .cargo/config.toml:9: it has nothing left to ignore

"#]])
        .run();
}

#[cargo_test]
fn a_dry_run_changes_nothing() {
    let app = leaky_app();
    app.change_file(CONFIG, STALE);

    app.cargo("advisory ignore --prune --dry-run")
        .tells(str![[r#"
[WARNING] nothing was changed, as this is a dry run

"#]]);
    assert_eq!(app.read_file(CONFIG), STALE);
}

#[cargo_test]
fn nothing_is_left_of_the_last_entry() {
    let app = leaky_app();
    let before = "[build]\njobs = 2\n";
    app.change_file(CONFIG, before);
    app.cargo("advisory ignore RUSTSEC-2020-0002 --reason unreachable")
        .run();
    assert_ne!(app.read_file(CONFIG), before);

    app.cargo("advisory ignore --prune").run();

    assert_eq!(app.read_file(CONFIG), before);
}

#[cargo_test]
fn what_is_needed_stays() {
    let app = leaky_app();
    let before = "[advisory]\nignore = [{ id = 'RUSTSEC-2020-0001', reason = 'needed' }]";
    app.change_file(CONFIG, before);

    app.cargo("advisory ignore --prune")
        .with_stderr_contains("[FINISHED] with nothing to remove of 1 entry")
        .run();
    assert_eq!(app.read_file(CONFIG), before);
}

#[cargo_test]
fn where_nothing_is_ignored_nothing_is_done() {
    let app = leaky_app();

    app.cargo("advisory ignore --prune")
        .with_stderr_contains("[FINISHED] with nothing to remove: nothing is ignored")
        .run();
    assert!(!app.root().join(".cargo").exists());
}

#[cargo_test]
fn an_entry_for_a_package_that_is_only_locked_is_needed() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("[target.'cfg(windows)'.dependencies]\nleaky = '1'");
    Database::new().add(&advisory("leaky")).index();
    let before = "[advisory]\nignore = [{ id = 'RUSTSEC-2020-0001', reason = 'needed' }]";
    app.change_file(CONFIG, before);

    app.cargo("advisory ignore --prune").run();
    assert_eq!(app.read_file(CONFIG), before);
}

/// Whoever builds for that platform needs the entry, and shares the file.
#[cargo_test]
fn an_entry_for_another_platform_is_needed() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Database::new()
        .add(&advisory("leaky").tables("[affected]\nos = ['windows']\n"))
        .index();
    let before = "[advisory]\nignore = [{ id = 'RUSTSEC-2020-0001', reason = 'needed' }]";
    app.change_file(CONFIG, before);

    app.cargo("advisory ignore --prune")
        .with_stderr_contains("[FINISHED] with nothing to remove of 1 entry")
        .run();
    assert_eq!(app.read_file(CONFIG), before);
}

#[cargo_test]
fn an_entry_for_a_yank_is_needed() {
    let app = app_locked_to_yanked();
    Database::new().add(&advisory("other")).index();
    let before = "[advisory]\nignore = [{ package = 'gone@1.0.0', reason = 'needed' }]\n";
    app.change_file(CONFIG, before);

    app.cargo("advisory ignore --prune").run();
    assert_eq!(app.read_file(CONFIG), before);
}

#[cargo_test]
fn an_entry_for_what_was_not_understood_stays() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Database::new()
        .add(&advisory("other"))
        .file("crates/leaky/RUSTSEC-2020-0003.md", "what?")
        .index();
    let before = "[advisory]\nignore = [{ id = 'RUSTSEC-2020-0003', reason = 'who knows' }]\n";
    app.change_file(CONFIG, before);

    app.cargo("advisory ignore --prune")
        .with_stderr_contains("[FINISHED] with nothing to remove of 1 entry")
        .run();
    assert_eq!(app.read_file(CONFIG), before);
}

/// Somebody with a newer index may have written it.
#[cargo_test]
fn an_entry_that_only_a_newer_index_can_know_stays() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Database::new()
        .add(
            &advisory("leaky")
                .id("RUSTSEC-2020-0002")
                .patched(">= 1.0.0"),
        )
        .index_made(24 * 20);
    app.change_file(CONFIG, STALE);

    app.cargo("advisory ignore --prune")
        .with_stderr_contains(
            "     Keeping CVE-2020-1 in .cargo/config.toml:5: the index may be too old to know its advisory",
        )
        .run();
    config(
        &app,
        str![[r#"
# Ours.
[advisory]
ignore = [
    # Of all:
    { id = 'CVE-2020-1', reason = 'needed' }, # one
    # The third.
]

"#]],
    );
}

#[cargo_test]
fn an_entry_whose_condition_is_not_met_any_more_is_removed() {
    Package::new("leaky", "1.0.0").publish();
    let app = locked("leaky = '1'");
    Database::new()
        .add(&advisory("leaky").patched(">= 1.0.1"))
        .index();
    let before =
        "[advisory]\nignore = [{ id = 'RUSTSEC-2020-0001', reason = 'a', while = 'unfixable' }]\n";
    app.change_file(CONFIG, before);

    // A version would be free of it, but nobody has published that.
    app.cargo("advisory ignore --prune").run();
    assert_eq!(app.read_file(CONFIG), before);

    Package::new("leaky", "1.0.1").publish();
    app.cargo("advisory ignore --prune")
        .with_stderr_contains(
            "[REMOVING] RUSTSEC-2020-0001 from .cargo/config.toml:2: it ends where there is a remedy, and there is one",
        )
        .run();
    config(&app, "");

    app.change_file(CONFIG, &before.replace("unfixable", "unbuilt"));
    app.cargo("advisory ignore --prune").run();
    config(&app, "");
}

#[cargo_test]
fn both_files_of_the_workspace_are_pruned() {
    let app = leaky_app();
    let manifest = app_manifest("leaky = '1'\n[workspace]");
    app.change_file(
        "Cargo.toml",
        &format!(
            "{manifest}\n[[workspace.metadata.advisory.ignore]]\nid = 'RUSTSEC-2020-0002'\nreason = 'a'\n"
        ),
    );
    app.change_file(
        CONFIG,
        "[advisory]\nignore = [{ id = 'RUSTSEC-2020-0002', reason = 'a' }]\n",
    );

    app.cargo("advisory ignore --prune")
        .with_stderr_data(str![[r#"
[DOWNLOADING] crates ...
[DOWNLOADED] leaky v1.0.0 (registry `dummy-registry`)
[REMOVING] RUSTSEC-2020-0002 from .cargo/config.toml:2: it has nothing left to ignore
[REMOVING] RUSTSEC-2020-0002 from Cargo.toml:10: it has nothing left to ignore

"#]])
        .run();
    assert_eq!(app.read_file("Cargo.toml"), manifest);
    config(&app, "");
}

#[cargo_test]
fn the_users_own_entries_stay_and_are_told() {
    let app = leaky_app();
    configure(
        "ignore = [\n{ id = 'RUSTSEC-2020-0001', reason = 'elsewhere', until = '2020-01-31' },\n\
         { id = 'RUSTSEC-2020-0002', reason = 'needed elsewhere' },\n]",
    );

    app.cargo("advisory ignore --prune").tells(str![[r#"
[NOTE] the ignore of `RUSTSEC-2020-0001` in `[ROOT]/home/.cargo/config.toml` expired on 2020-01-31; remove it

"#]]);
    let home = cargo_test_support::paths::cargo_home().join("config.toml");
    assert!(std::fs::read_to_string(home).unwrap().contains("elsewhere"));
}
