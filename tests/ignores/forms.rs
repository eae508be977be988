//! The forms that a file may have, and the places that it may be in.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use cargo_test_support::compare::assert_e2e;
use cargo_test_support::prelude::IntoData;
use cargo_test_support::{Project, cargo_test, str};

use crate::add::leaky_app;
use crate::support::{ExecsExt as _, ID, ProjectExt as _, app_manifest, cargo_without_privileges};

pub(crate) const CONFIG: &str = ".cargo/config.toml";

/// Compares the configuration of the workspace.
#[track_caller]
pub(crate) fn config(app: &Project, expected: impl IntoData) {
    assert_e2e().eq(app.read_file(CONFIG), expected);
}

/// The entry that [`ignored`] writes.
const ENTRY: &str = "{ id = \"RUSTSEC-2020-0001\", reason = \"unreachable\" }";

fn ignored(app: &Project) -> cargo_test_support::Execs {
    app.cargo(&format!("advisory ignore {ID} --reason unreachable"))
}

/// Ignores an advisory where the configuration is `before`, and expects `after`.
#[track_caller]
fn becomes(before: &str, after: &str) {
    let app = leaky_app();
    app.change_file(CONFIG, before);

    ignored(&app).run();

    let written = fs::read_to_string(app.root().join(CONFIG)).unwrap();
    assert_eq!(written, after);
    // Cargo reads what was written.
    app.cargo("advisory").run();
}

#[cargo_test]
fn an_array_gets_one_more_line() {
    becomes(
        "# Ours.\n[build]\njobs = 2 # two\n\n[advisory]\nignore = [\n    # Later.\n    \
         { id = 'RUSTSEC-2020-0002', reason = 'a' }, # b\n    # The end.\n]\nunsound = 'deny'\n",
        &format!(
            "# Ours.\n[build]\njobs = 2 # two\n\n[advisory]\nignore = [\n    # Later.\n    \
             {{ id = 'RUSTSEC-2020-0002', reason = 'a' }}, # b\n    {ENTRY},\n    # The end.\n]\nunsound = 'deny'\n"
        ),
    );
}

#[cargo_test]
fn an_array_on_one_line_stays_there() {
    becomes(
        "[advisory]\nignore = [{ id = 'RUSTSEC-2020-0002', reason = 'a' }]",
        &format!("[advisory]\nignore = [{{ id = 'RUSTSEC-2020-0002', reason = 'a' }}, {ENTRY}]"),
    );
}

#[cargo_test]
fn an_array_of_tables_gets_one_more_table() {
    becomes(
        "[[advisory.ignore]]\nid = 'RUSTSEC-2020-0002' # a\nreason = 'b'\n\n[build]\njobs = 2\n",
        "[[advisory.ignore]]\nid = 'RUSTSEC-2020-0002' # a\nreason = 'b'\n\n\
         [[advisory.ignore]]\nid = \"RUSTSEC-2020-0001\"\nreason = \"unreachable\"\n\n[build]\njobs = 2\n",
    );
}

#[cargo_test]
fn dotted_keys_stay() {
    becomes(
        "advisory.ignore = []\nadvisory.unsound = 'deny'\n",
        &format!("advisory.ignore = [\n    {ENTRY},\n]\nadvisory.unsound = 'deny'\n"),
    );
}

#[cargo_test]
fn an_inline_table_stays() {
    becomes(
        "advisory = { unsound = 'deny' } # here\n",
        &format!("advisory = {{ unsound = 'deny', ignore = [{ENTRY}] }} # here\n"),
    );
}

#[cargo_test]
fn windows_line_endings_and_a_byte_order_mark_stay() {
    becomes(
        "\u{feff}[build]\r\njobs = 2\r\n",
        &format!(
            "\u{feff}[build]\r\njobs = 2\r\n\r\n[advisory]\r\nignore = [\r\n    {ENTRY},\r\n]\r\n"
        ),
    );
}

#[cargo_test]
fn the_old_name_of_the_file_is_respected() {
    let app = leaky_app();
    app.change_file(".cargo/config", "");

    ignored(&app)
        .with_stderr_contains("[..]Ignoring[..] in .cargo/config")
        .run();

    assert!(app.read_file(".cargo/config").contains(ENTRY));
    assert!(!app.root().join(CONFIG).exists());
}

#[cargo_test]
fn a_link_is_followed() {
    let app = leaky_app();
    app.change_file("shared/cargo.toml", "[build]\njobs = 2\n");
    fs::create_dir(app.root().join(".cargo")).unwrap();
    symlink("../shared/cargo.toml", app.root().join(CONFIG)).unwrap();

    ignored(&app).run();

    assert!(app.root().join(CONFIG).is_symlink());
    assert!(app.read_file("shared/cargo.toml").contains(ENTRY));
}

#[cargo_test]
fn permissions_stay() {
    let app = leaky_app();
    app.change_file(CONFIG, "[build]\njobs = 2\n");
    let path = app.root().join(CONFIG);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();

    ignored(&app).run();

    assert_eq!(
        fs::metadata(path).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[cargo_test]
fn a_file_that_cannot_be_written_is_an_error() {
    let app = leaky_app();
    let before = "[build]\njobs = 2\n";
    app.change_file(CONFIG, before);
    let path = app.root().join(CONFIG);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();

    cargo_without_privileges(&app, &format!("advisory ignore {ID} --reason unreachable")).tells(
        str![[r#"
[ERROR] failed to write `[ROOT]/foo/.cargo/config.toml`
[EXIT_STATUS] 101

"#]],
    );
    assert_eq!(fs::read_to_string(path).unwrap(), before);
}

/// Half a change would be worse than none.
#[cargo_test]
fn one_file_that_cannot_be_written_keeps_the_other_from_changing() {
    let app = leaky_app();
    let stale = "ignore = [{ id = 'RUSTSEC-2020-0002', reason = 'a' }]\n";
    let config = format!("[advisory]\n{stale}");
    let manifest = format!(
        "{}\n[workspace.metadata.advisory]\n{stale}",
        app_manifest("leaky = '1'\n[workspace]")
    );
    app.change_file(CONFIG, &config);
    app.change_file("Cargo.toml", &manifest);
    let path = app.root().join("Cargo.toml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();

    cargo_without_privileges(&app, "advisory ignore --prune").tells(str![[r#"
[ERROR] failed to write `[ROOT]/foo/Cargo.toml`
[EXIT_STATUS] 101

"#]]);
    assert_eq!(app.read_file(CONFIG), config);
    assert_eq!(app.read_file("Cargo.toml"), manifest);
}

#[cargo_test]
fn a_folder_in_place_of_the_file_is_an_error() {
    let app = leaky_app();
    fs::create_dir_all(app.root().join(CONFIG)).unwrap();

    ignored(&app).tells(str![[r#"
[ERROR] could not load Cargo configuration
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn a_link_that_leads_nowhere_is_an_error() {
    let app = leaky_app();
    fs::create_dir(app.root().join(".cargo")).unwrap();
    symlink("../nowhere.toml", app.root().join(CONFIG)).unwrap();

    ignored(&app).tells(str![[r#"
[ERROR] failed to read `[ROOT]/foo/.cargo/config.toml`
[EXIT_STATUS] 101

"#]]);
    assert!(!app.root().join("nowhere.toml").exists());
}

#[cargo_test]
fn what_cannot_be_read_is_told_with_file_and_line() {
    let app = leaky_app();
    for (entry, error) in [
        (
            "{ id = 'RUSTSEC-2020-0002' }",
            "`reason` is not set for `RUSTSEC-2020-0002`; say why the finding can be ignored",
        ),
        (
            "{ id = 'RUSTSEC-2020-0002', reason = 'a', because = 'b' }",
            "unknown key `because`; allowed are `id`, `package`, `reason`, `until`, `while`, `via`",
        ),
    ] {
        let broken = format!("[advisory]\nignore = [\n    {entry},\n]\n");
        app.change_file(CONFIG, &broken);

        ignored(&app).tells(format!(
            "[ERROR] bad entry of `ignore` in `[ROOT]/foo/.cargo/config.toml`, line 3: {error}\n[EXIT_STATUS] 101\n"
        ));
        assert_eq!(app.read_file(CONFIG), broken);
    }

    app.change_file(CONFIG, "");
    let manifest = app.read_file("Cargo.toml");
    let broken =
        "[workspace.metadata.advisory]\nignore = [\n    { id = 'RUSTSEC-2020-0002' },\n]\n";
    app.change_file("Cargo.toml", &format!("{broken}{manifest}"));
    ignored(&app).tells(str![[r#"
[ERROR] in `Cargo.toml`, line 3: bad entry of `ignore`: `reason` is not set for `RUSTSEC-2020-0002`; say why the finding can be ignored
[EXIT_STATUS] 101

"#]]);
}
