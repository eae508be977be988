//! `cargo advisory ignore --import`: what other tools are told to ignore, and what of their settings is like ours.

use std::fs;

use cargo_test_support::{Project, cargo_test, str};

use crate::add::leaky_app;
use crate::forms::{CONFIG, config};
use crate::support::{ExecsExt as _, ProjectExt as _};

fn import(app: &Project) -> cargo_test_support::Execs {
    app.cargo("advisory ignore --import")
}

#[cargo_test]
fn the_ignores_of_cargo_audit_are_taken_over() {
    let app = leaky_app();
    app.change_file(
        ".cargo/audit.toml",
        r#"[advisories]
ignore = [
    "RUSTSEC-2020-0001", # no local time is read
    "CVE-2020-9999",
    "RUSTSEC-2020-0002",
]
informational_warnings = ["unmaintained"]
severity_threshold = "medium"

[database]
path = "~/.cargo/advisory-db"
url = "https://github.com/RustSec/advisory-db.git"
fetch = false
stale = true

[output]
deny = ["unsound", "yanked"]
format = "json"
quiet = true
show_tree = true

[target]
arch = "x86_64"
os = ["linux"]

[binary]
max_binary_size = 1

[yanked]
enabled = false
update_index = true

[what]
is = 'this'
"#,
    );

    import(&app)
        .with_stdout_data("")
        .with_stderr_data(str![[r#"
    Ignoring RUSTSEC-2020-0001 (leaky) in .cargo/config.toml, from .cargo/audit.toml:3
[SKIPPING] .cargo/audit.toml:4: "CVE-2020-9999"; the index has no such advisory
    Ignoring RUSTSEC-2020-0002 (other) in .cargo/config.toml, from .cargo/audit.toml:5
[SKIPPING] .cargo/audit.toml:7: advisories.informational_warnings = ["unmaintained"]; set `advisory.notice = "allow"`, `advisory.unmaintained = "warn"`, `advisory.unsound = "allow"`
[SKIPPING] .cargo/audit.toml:8: advisories.severity_threshold = "medium"; set `advisory.vulnerability = { level = "warn", min-severity = "medium" }`
[SKIPPING] .cargo/audit.toml:11: database.path = "~/.cargo/advisory-db"; the index lies in `advisory.cache-dir`, which the user's own configuration may set
[SKIPPING] .cargo/audit.toml:12: database.url = "https://github.com/RustSec/advisory-db.git"; that is the default
[SKIPPING] .cargo/audit.toml:13: database.fetch = false; no check fetches; `cargo advisory update` does
[SKIPPING] .cargo/audit.toml:14: database.stale = true; set `advisory.max-age`, at most `90d`, in the user's own configuration
[SKIPPING] .cargo/audit.toml:17: output.deny = ["unsound", "yanked"]; set `advisory.unsound = "deny"`, `advisory.yanked = "deny"`
[SKIPPING] .cargo/audit.toml:18: output.format = "json"; use `--format json`
[SKIPPING] .cargo/audit.toml:19: output.quiet = true; use `--quiet`
[SKIPPING] .cargo/audit.toml:20: output.show_tree = true; use `--tree`
[SKIPPING] .cargo/audit.toml:23: target.arch = "x86_64"; an advisory counts on the platforms of the build; choose others with `--target`
[SKIPPING] .cargo/audit.toml:24: target.os = ["linux"]; an advisory counts on the platforms of the build; choose others with `--target`
[SKIPPING] .cargo/audit.toml:27: binary.max_binary_size = 1; built programs are not looked at
[SKIPPING] .cargo/audit.toml:30: yanked.enabled = false; set `advisory.yanked = "allow"`
[SKIPPING] .cargo/audit.toml:31: yanked.update_index = true; cargo says what is yanked as it resolves
[SKIPPING] .cargo/audit.toml:34: what.is = 'this'; cargo-audit is not known to have it
    Imported 2 entries

"#]])
        .run();
    config(
        &app,
        str![[r#"
[advisory]
ignore = [
    { id = "RUSTSEC-2020-0001", reason = "no local time is read" },
    { id = "RUSTSEC-2020-0002", reason = "imported from `.cargo/audit.toml`" },
]

"#]],
    );
}

#[cargo_test]
fn the_ignores_of_cargo_deny_are_taken_over() {
    let app = leaky_app();
    app.change_file(
        "deny.toml",
        r#"[graph]
targets = ["wasm32-wasip1"]
all-features = true
exclude-dev = true

[output]
feature-depth = 1

[advisories]
version = 2
db-path = "$CARGO_HOME/advisory-dbs"
db-urls = ["https://github.com/rustsec/advisory-db"]
yanked = "deny"
unmaintained = "workspace"
unsound = "transitive"
unused-ignored-advisory = "allow"
maximum-db-staleness = "P30D"
git-fetch-with-cli = true
disable-yank-checking = false
ignore = [
    { id = "RUSTSEC-2020-0001", reason = "no local time is read" },
    "RUSTSEC-2020-0002",
    "yanked@0.1.1", # the yank was a mistake
    { crate = "gone", reason = "soon" },
    { crate = "gone:=1.2" },
    { name = "old", version = "*" },
    "range:>=1, <2",
]

[licenses]
allow = ["MIT"]
[bans]
multiple-versions = "warn"
[sources]
unknown-git = "deny"
"#,
    );

    import(&app).with_stderr_data(str![[r#"
[SKIPPING] deny.toml:2: graph.targets = ["wasm32-wasip1"]; use `--target`
[SKIPPING] deny.toml:3: graph.all-features = true; use `--all-features`
[SKIPPING] deny.toml:4: graph.exclude-dev = true; select targets, such as `--lib --bins`, or set `scope = "runtime"`
[SKIPPING] deny.toml:7: output.feature-depth = 1; features are told as far as they lead
[SKIPPING] deny.toml:10: advisories.version = 2; there is one form of entries
[SKIPPING] deny.toml:11: advisories.db-path = "$CARGO_HOME/advisory-dbs"; the index lies in `advisory.cache-dir`, which the user's own configuration may set
[SKIPPING] deny.toml:12: advisories.db-urls = ["https://github.com/rustsec/advisory-db"]; that is the default
[SKIPPING] deny.toml:13: advisories.yanked = "deny"; set `advisory.yanked = "deny"`
[SKIPPING] deny.toml:14: advisories.unmaintained = "workspace"; set `advisory.unmaintained = { level = "deny", scope = "direct" }`
[SKIPPING] deny.toml:15: advisories.unsound = "transitive"; no scope leaves out direct dependencies; the nearest is `advisory.unsound = "deny"`
[SKIPPING] deny.toml:16: advisories.unused-ignored-advisory = "allow"; set `advisory.stale-ignores = "allow"`
[SKIPPING] deny.toml:17: advisories.maximum-db-staleness = "P30D"; set `advisory.max-age`, at most `90d`, in the user's own configuration
[SKIPPING] deny.toml:18: advisories.git-fetch-with-cli = true; no other program is needed to fetch databases
[SKIPPING] deny.toml:19: advisories.disable-yank-checking = false; that is so unless `advisory.yanked` is `"allow"`
    Ignoring RUSTSEC-2020-0001 (leaky) in .cargo/config.toml, from deny.toml:21
    Ignoring RUSTSEC-2020-0002 (other) in .cargo/config.toml, from deny.toml:22
    Ignoring yanked@0.1.1 (all that is found of it, but malicious code) in .cargo/config.toml, from deny.toml:23
    Ignoring gone (all that is found of it, but malicious code) in .cargo/config.toml, from deny.toml:24
    Ignoring gone@1.2 (all that is found of it, but malicious code) in .cargo/config.toml, from deny.toml:25
    Ignoring old (all that is found of it, but malicious code) in .cargo/config.toml, from deny.toml:26
[SKIPPING] deny.toml:27: "range:>=1, <2"; entries name versions, not requirements; use `--package NAME@VERSION` for each
[SKIPPING] deny.toml:30: [licenses]; that is not about advisories; keep cargo-deny for it
[SKIPPING] deny.toml:32: [bans]; that is not about advisories; keep cargo-deny for it
[SKIPPING] deny.toml:34: [sources]; that is not about advisories; keep cargo-deny for it
    Imported 6 entries

"#]]).run();
    config(
        &app,
        str![[r#"
[advisory]
ignore = [
    { id = "RUSTSEC-2020-0001", reason = "no local time is read" },
    { id = "RUSTSEC-2020-0002", reason = "imported from `deny.toml`" },
    { package = "yanked@0.1.1", reason = "the yank was a mistake" },
    { package = "gone", reason = "soon" },
    { package = "gone@1.2", reason = "imported from `deny.toml`" },
    { package = "old", reason = "imported from `deny.toml`" },
]

"#]],
    );
}

#[cargo_test]
fn the_older_form_of_cargo_deny_is_read() {
    let app = leaky_app();
    app.change_file(
        ".deny.toml",
        r#"targets = [{ triple = "wasm32-wasip1" }]
exclude = ["x"]
[advisories]
db-url = "https://example.com/db"
vulnerability = "deny"
unmaintained = "warn"
unsound = "none"
yanked = "warn"
notice = "allow"
severity-threshold = "Medium"
ignore = []
"#,
    );

    import(&app).with_stderr_data(str![[r#"
[SKIPPING] .deny.toml:1: targets = [{ triple = "wasm32-wasip1" }]; use `--target`
[SKIPPING] .deny.toml:2: exclude = ["x"]; use `--exclude` for members; ignore others with `--package`
[SKIPPING] .deny.toml:4: advisories.db-url = "https://example.com/db"; add it to `advisory.databases`
[SKIPPING] .deny.toml:5: advisories.vulnerability = "deny"; set `advisory.vulnerability = "deny"`
[SKIPPING] .deny.toml:6: advisories.unmaintained = "warn"; set `advisory.unmaintained = "warn"`
[SKIPPING] .deny.toml:7: advisories.unsound = "none"; set `advisory.unsound = "allow"`
[SKIPPING] .deny.toml:8: advisories.yanked = "warn"; set `advisory.yanked = "warn"`
[SKIPPING] .deny.toml:9: advisories.notice = "allow"; set `advisory.notice = "allow"`
[SKIPPING] .deny.toml:10: advisories.severity-threshold = "Medium"; set `advisory.vulnerability = { level = "deny", min-severity = "medium" }`
[FINISHED] with nothing new to ignore

"#]]).run();
    assert!(!app.root().join(CONFIG).exists());
}

#[cargo_test]
fn a_second_import_changes_nothing() {
    let app = leaky_app();
    app.change_file(
        "deny.toml",
        "[advisories]\nignore = [\"RUSTSEC-2020-0001\", \"gone@1.0.0\"]\n",
    );
    app.change_file(
        ".cargo/audit.toml",
        "[advisories]\nignore = [\"CVE-2020-1\"]\n",
    );

    import(&app)
        .with_stderr_data(str![[r#"
    Ignoring CVE-2020-1 (leaky) in .cargo/config.toml, from .cargo/audit.toml:2
[SKIPPING] deny.toml:2: "RUSTSEC-2020-0001"; it is ignored in .cargo/config.toml already
    Ignoring gone@1.0.0 (all that is found of it, but malicious code) in .cargo/config.toml, from deny.toml:2
    Imported 2 entries

"#]])
        .run();
    let imported = app.read_file(CONFIG);
    import(&app)
        .with_stderr_data(str![[r#"
[SKIPPING] .cargo/audit.toml:2: "CVE-2020-1"; it is ignored in .cargo/config.toml already
[SKIPPING] deny.toml:2: "RUSTSEC-2020-0001"; it is ignored in .cargo/config.toml already
[SKIPPING] deny.toml:2: "gone@1.0.0"; it is ignored in .cargo/config.toml already
[FINISHED] with nothing new to ignore

"#]])
        .run();

    assert_eq!(app.read_file(CONFIG), imported);
}

#[cargo_test]
fn what_was_edited_since_stays() {
    let app = leaky_app();
    let mine = "[advisory]\nignore = [{ id = 'RUSTSEC-2020-0001', reason = 'mine', until = '2999-01-31' }]\n";
    app.change_file(CONFIG, mine);
    app.change_file("deny.toml", "[advisories]\nignore = [\"CVE-2020-1\"]\n");

    import(&app).run();
    assert_eq!(app.read_file(CONFIG), mine);
}

#[cargo_test]
fn a_dry_run_changes_nothing() {
    let app = leaky_app();
    app.change_file(
        "deny.toml",
        "[advisories]\nignore = [\"RUSTSEC-2020-0001\"]\n",
    );

    import(&app)
        .arg("--dry-run")
        .with_stderr_data(str![[r#"
    Ignoring RUSTSEC-2020-0001 (leaky) in .cargo/config.toml, from deny.toml:2
[WARNING] nothing was changed, as this is a dry run

"#]])
        .run();
    assert!(!app.root().join(CONFIG).exists());
}

#[cargo_test]
fn where_there_is_nothing_to_import_the_places_are_told() {
    let app = leaky_app();

    import(&app).tells(str![[r#"
[ERROR] there is nothing to import in `[ROOT]/foo`; looked for `.cargo/audit.toml`, `deny.toml`, `.deny.toml`, `.cargo/deny.toml`
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn an_empty_file_is_fine() {
    let app = leaky_app();
    app.change_file("deny.toml", "");

    import(&app)
        .with_stderr_data(str![[r#"
[FINISHED] with nothing new to ignore

"#]])
        .run();
}

#[cargo_test]
fn what_is_malformed_is_told_with_file_and_line() {
    let app = leaky_app();
    for (text, error) in [
        ("[advisories", "line 1: unclosed table, expected `]`"),
        (
            "[advisories]\n\nignore = 'RUSTSEC-2020-0001'",
            "line 3: bad value `'RUSTSEC-2020-0001'` for `advisories.ignore`; allowed are lists",
        ),
        (
            "[advisories]\nignore = [\n    1,\n]",
            "line 3: bad entry `1`; allowed are strings and tables",
        ),
        (
            "[advisories]\nignore = [\n    { reason = 'x' },\n]",
            "line 3: neither `id` nor `crate` is set; an entry is about one of them",
        ),
        (
            "[advisories]\nignore = [\n    { id = 'RUSTSEC-2020-0001', why = 'x' },\n]",
            "line 3: bad key `why` in an entry; allowed are strings for `id`, `crate`, `name`, `version`, `reason`",
        ),
        (
            "[advisories]\nignore = ['a b']",
            "line 2: `a b` is not the name of a crate; allowed are letters, digits, `-` and `_`",
        ),
        (
            "[advisories]\nyanked = 'error'",
            "line 2: bad value `'error'` for `advisories.yanked`; allowed are `deny`, `warn`, `allow`",
        ),
        (
            "[advisories]\nunmaintained = true",
            "line 2: bad value `true` for `advisories.unmaintained`; allowed are `all`, `workspace`, \
             `transitive`, `none`, `deny`, `warn`, `allow`",
        ),
        (
            "[advisories]\ndisable-yank-checking = 'no'",
            "line 2: bad value `'no'` for `advisories.disable-yank-checking`; allowed are `true`, `false`",
        ),
    ] {
        app.change_file("deny.toml", text);
        import(&app).tells(format!(
            "[ERROR] in `deny.toml`, {error}\n[EXIT_STATUS] 101\n"
        ));
    }
    fs::remove_file(app.root().join("deny.toml")).unwrap();
    for (text, error) in [
        (
            "[advisories]\nignore = [{ id = 'RUSTSEC-2020-0001' }]",
            "line 2: bad entry `{ id = 'RUSTSEC-2020-0001' }`; allowed are strings",
        ),
        (
            "[advisories]\nseverity_threshold = 'bad'",
            "line 2: bad value `'bad'` for `advisories.severity_threshold`; allowed are `none`, `low`, `medium`, \
             `high`, `critical`",
        ),
        (
            "[output]\ndeny = 'warnings'",
            "line 2: bad value `'warnings'` for `output.deny`; allowed are lists of `warnings`, `unmaintained`, \
             `unsound`, `yanked`",
        ),
    ] {
        app.change_file(".cargo/audit.toml", text);
        import(&app).tells(format!(
            "[ERROR] in `.cargo/audit.toml`, {error}\n[EXIT_STATUS] 101\n"
        ));
    }
    assert!(!app.root().join(CONFIG).exists());
}

#[cargo_test]
fn one_malformed_file_keeps_the_other_from_being_imported_in_part() {
    let app = leaky_app();
    app.change_file(
        ".cargo/audit.toml",
        "[advisories]\nignore = [\"RUSTSEC-2020-0001\"]\n",
    );
    app.change_file("deny.toml", "[advisories]\nignore = [1]\n");

    import(&app)
        .with_status(101)
        .with_stderr_data(str![[r#"
[ERROR] in `deny.toml`, line 2: bad entry `1`; allowed are strings and tables

"#]])
        .run();
    assert!(!app.root().join(CONFIG).exists());
}

#[cargo_test]
fn a_folder_in_place_of_the_file_is_an_error() {
    let app = leaky_app();
    fs::create_dir(app.root().join("deny.toml")).unwrap();

    import(&app).tells(str![[r#"
[ERROR] failed to read `[ROOT]/foo/deny.toml`
[EXIT_STATUS] 101

"#]]);
}

#[cargo_test]
fn hostile_text_only_gets_printed() {
    let app = leaky_app();
    app.change_file(
        "deny.toml",
        "[advisories]\n\"\\u001b[2J\" = \"\\n::error::\\u202e\"\nignore = [\n    \
         \"RUSTSEC-2020-0001\", # ::error::\u{202e} ] }\n]\n",
    );

    let output = import(&app).run();

    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains(r"deny.toml:2: advisories.\u{1b}[2J = "),
        "{stderr}"
    );
    assert!(!stderr.contains(['\u{1b}', '\u{202e}']), "{stderr}");
    assert!(!stderr.contains("\n::"), "{stderr}");
    assert_eq!(
        app.read_file(CONFIG),
        "[advisory]\nignore = [\n    \
         { id = \"RUSTSEC-2020-0001\", reason = \"::error::\u{202e} ] }\" },\n]\n"
    );
}
