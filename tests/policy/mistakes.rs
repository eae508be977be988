//! A rule or an ignore that is not understood is an error that names file and line, and what is allowed.

use cargo_test_support::prelude::*;
use cargo_test_support::{Project, cargo_test, str};

use crate::set;
use crate::support::{Database, ExecsExt as _, ProjectExt as _, advisory, app, app_manifest};

fn plain_app() -> Project {
    Database::new().add(&advisory("leaky")).index();
    app("")
}

/// What builds and `cargo advisory` both say of each of `tables`, lines of `[advisory]` that are wrong.
#[track_caller]
fn refuses(tables: &[&str], expected: impl IntoData) {
    let app = plain_app();
    let mut told = String::new();
    for toml in tables {
        set(&app, toml);
        told.push_str(&error(&app));
    }
    cargo_test_support::compare::assert_e2e().eq(told, expected);
}

/// The same of lines of `[workspace.metadata]`.
#[track_caller]
fn refuses_metadata(tables: &[&str], expected: impl IntoData) {
    let app = plain_app();
    let mut told = String::new();
    for toml in tables {
        let manifest = app_manifest("");
        app.change_file(
            "Cargo.toml",
            &format!("{manifest}[workspace.metadata]\n{toml}\n"),
        );
        told.push_str(&error(&app));
    }
    cargo_test_support::compare::assert_e2e().eq(told, expected);
}

#[track_caller]
fn error(app: &Project) -> String {
    let said = ["check", "advisory"].map(|command| {
        let output = app.cargo(command).without_status().run();
        assert_eq!(output.code, Some(101), "{}", app.read_file("Cargo.toml"));
        assert_eq!(output.stdout, b"");
        String::from_utf8(output.stderr).unwrap()
    });
    assert_eq!(said[0], said[1]);
    said[0].clone()
}

#[cargo_test]
fn a_value_of_a_rule() {
    refuses(
        &[
            "vulnerability = { level = 'forbid' }",
            "vulnerability = { scope = 'build' }",
            "vulnerability = { min-severity = 'none' }",
            "vulnerability = { min-severity = 'High' }",
            "vulnerability = { grace = '2w' }",
            "\n\nvulnerability = { level = 'deny',\n    grace = '14' }",
        ],
        str![[r#"
[ERROR] bad value `forbid` for `advisory.vulnerability.level` in `[ROOT]/foo/.cargo/config.toml`, line 2; allowed are `allow`, `warn`, `deny`
[ERROR] bad value `build` for `advisory.vulnerability.scope` in `[ROOT]/foo/.cargo/config.toml`, line 2; allowed are `any`, `runtime`, `direct`
[ERROR] bad value `none` for `advisory.vulnerability.min-severity` in `[ROOT]/foo/.cargo/config.toml`, line 2; allowed are `low`, `medium`, `high`, `critical`
[ERROR] bad value `High` for `advisory.vulnerability.min-severity` in `[ROOT]/foo/.cargo/config.toml`, line 2; allowed are `low`, `medium`, `high`, `critical`
[ERROR] bad value `2w` for `advisory.vulnerability.grace` in `[ROOT]/foo/.cargo/config.toml`, line 2; allowed are days such as `14d`, at most `90d`
[ERROR] bad value `14` for `advisory.vulnerability.grace` in `[ROOT]/foo/.cargo/config.toml`, line 5; allowed are days such as `14d`, at most `90d`

"#]],
    );
}

#[cargo_test]
fn a_value_of_another_type() {
    refuses(
        &[
            "vulnerability = { level = 1 }",
            "vulnerability = { fixable = 'yes' }",
            "vulnerability = { grace = 14 }",
            "vulnerability = { scope = ['runtime'] }",
            "vulnerability = ['deny']",
            "vulnerability = 1",
            "vulnerability = true",
        ],
        str![[r#"
[ERROR] error in [ROOT]/foo/.cargo/config.toml, line 2: `advisory.vulnerability.level` expected a string, but found a integer; allowed are `allow`, `warn`, `deny`
[ERROR] error in [ROOT]/foo/.cargo/config.toml, line 2: `advisory.vulnerability.fixable` expected true/false, but found a string; allowed are `true`, `false`
[ERROR] error in [ROOT]/foo/.cargo/config.toml, line 2: `advisory.vulnerability.grace` expected a string, but found a integer; allowed are days such as `14d`, at most `90d`
[ERROR] error in [ROOT]/foo/.cargo/config.toml, line 2: `advisory.vulnerability.scope` expected a string, but found a array; allowed are `any`, `runtime`, `direct`
[ERROR] error in [ROOT]/foo/.cargo/config.toml, line 2: `advisory.vulnerability` expected a string, but found a array; allowed are `allow`, `warn`, `deny` and a table of `level`, `scope`, `min-severity`, `fixable`, `grace`
[ERROR] error in [ROOT]/foo/.cargo/config.toml, line 2: `advisory.vulnerability` expected a string, but found a integer; allowed are `allow`, `warn`, `deny` and a table of `level`, `scope`, `min-severity`, `fixable`, `grace`
[ERROR] error in [ROOT]/foo/.cargo/config.toml, line 2: `advisory.vulnerability` expected a string, but found a boolean; allowed are `allow`, `warn`, `deny` and a table of `level`, `scope`, `min-severity`, `fixable`, `grace`

"#]],
    );
}

#[cargo_test]
fn a_key_of_a_rule() {
    refuses(
        &[
            "vulnerability = { levels = 'deny' }",
            "vulnerability = { min_severity = 'high' }",
            "vulnerability = { \"\\u001b[2J\" = 1 }",
        ],
        str![[r#"
[ERROR] unknown key `advisory.vulnerability.levels` in `[ROOT]/foo/.cargo/config.toml`, line 2; allowed are `level`, `scope`, `min-severity`, `fixable`, `grace`
[ERROR] unknown key `advisory.vulnerability.min_severity` in `[ROOT]/foo/.cargo/config.toml`, line 2; allowed are `level`, `scope`, `min-severity`, `fixable`, `grace`
[ERROR] unknown key `advisory.vulnerability./u{1b}[2J` in `[ROOT]/foo/.cargo/config.toml`, line 2; allowed are `level`, `scope`, `min-severity`, `fixable`, `grace`

"#]],
    );
}

#[cargo_test]
fn a_condition_that_has_nothing_to_lower() {
    refuses(
        &[
            "vulnerability = { level = 'allow', scope = 'direct' }",
            "vulnerability = { level = 'allow', grace = '14d' }",
            "notice = { fixable = true }",
        ],
        str![[r#"
[ERROR] `advisory.vulnerability.level` is `allow` in `[ROOT]/foo/.cargo/config.toml`, so `scope = "direct"` in `[ROOT]/foo/.cargo/config.toml` has nothing to lower; remove one of them, or set the level to `warn` or `deny`
[ERROR] `advisory.vulnerability.level` is `allow` in `[ROOT]/foo/.cargo/config.toml`, so `grace = "14d"` in `[ROOT]/foo/.cargo/config.toml` has nothing to lower; remove one of them, or set the level to `warn` or `deny`
[ERROR] `advisory.notice.level` is `allow` in the defaults, so `fixable = true` in `[ROOT]/foo/.cargo/config.toml` has nothing to lower; remove one of them, or set the level to `warn` or `deny`

"#]],
    );
}

#[cargo_test]
fn an_ignore_in_cargos_configuration() {
    refuses(
        &[
            "ignore = 'RUSTSEC-2020-0001'",
            "ignore = ['RUSTSEC-2020-0001']",
            "ignore = { id = 'RUSTSEC-2020-0001', reason = 'a' }",
            "ignore = [{ id = 'RUSTSEC-2020-0001' }]",
            "ignore = [\n    { id = 'A-1', reason = 'a' },\n    { id = 'A-2', reason = '  ' },\n]",
            "ignore = [{ id = 'A-1', reason = 'a', until = 2027-01-31 }]",
            "ignore = [{ id = 'A-1', reason = 'a', until = '31.1.2027' }]",
            "ignore = [{ id = 'A-1', reason = 'a', while = 'unused' }]",
            "ignore = [{ id = 'A-1', reason = 'a', via = 'a b' }]",
            "ignore = [{ id = 'A-1', package = 'a', reason = 'a' }]",
            "ignore = [{ reason = 'a' }]",
            "ignore = [{ id = 'A-1', reason = 1 }]",
            "ignore = [{ id = 'A-1', because = 'a' }]",
            "[[advisory.ignore]]\nid = 'A-1'\nreason = 'a'\n\n[[advisory.ignore]]\nid = 'A-1'\n",
        ],
        str![[r#"
[ERROR] `advisory.ignore` in `[ROOT]/foo/.cargo/config.toml`, line 2 must be an array of tables, found string; write `ignore = [{ id = "...", reason = "..." }]`
[ERROR] bad entry of `ignore` in `[ROOT]/foo/.cargo/config.toml`, line 2: it must be a table, found string
[ERROR] `advisory.ignore` in `[ROOT]/foo/.cargo/config.toml`, line 2 must be an array of tables, found table; write `ignore = [{ id = "...", reason = "..." }]`
[ERROR] bad entry of `ignore` in `[ROOT]/foo/.cargo/config.toml`, line 2: `reason` is not set for `RUSTSEC-2020-0001`; say why the finding can be ignored
[ERROR] bad entry of `ignore` in `[ROOT]/foo/.cargo/config.toml`, line 4: `reason` is blank; say why the finding can be ignored
[ERROR] could not load Cargo configuration

Caused by:
  failed to load TOML configuration from `[ROOT]/foo/.cargo/config.toml`

Caused by:
  failed to parse config at `advisory.ignore[0].until`

Caused by:
  unsupported TOML configuration type `datetime`
[ERROR] bad entry of `ignore` in `[ROOT]/foo/.cargo/config.toml`, line 2: bad value `31.1.2027` for `until`; allowed is a day such as `2027-01-31`
[ERROR] bad entry of `ignore` in `[ROOT]/foo/.cargo/config.toml`, line 2: bad value `unused` for `while`; allowed are `unfixable`, `unbuilt`
[ERROR] bad entry of `ignore` in `[ROOT]/foo/.cargo/config.toml`, line 2: `a b` is not the name of a crate; allowed are letters, digits, `-` and `_`
[ERROR] bad entry of `ignore` in `[ROOT]/foo/.cargo/config.toml`, line 2: both `id` and `package` are set; an entry is about one of them
[ERROR] bad entry of `ignore` in `[ROOT]/foo/.cargo/config.toml`, line 2: neither `id` nor `package` is set; say what is ignored, such as `id = "RUSTSEC-2020-0071"`
[ERROR] bad entry of `ignore` in `[ROOT]/foo/.cargo/config.toml`, line 2: `reason` must be a string, found integer
[ERROR] bad entry of `ignore` in `[ROOT]/foo/.cargo/config.toml`, line 2: unknown key `because`; allowed are `id`, `package`, `reason`, `until`, `while`, `via`
[ERROR] bad entry of `ignore` in `[ROOT]/foo/.cargo/config.toml`, line 6: `reason` is not set for `A-1`; say why the finding can be ignored

"#]],
    );
}

#[cargo_test]
fn an_ignore_in_the_manifest() {
    refuses_metadata(
        &[
            "advisory = 'none'",
            "advisory = { ignored = [] }",
            "advisory.vulnerability = 'allow'",
            "advisory.ignore = { id = 'A-1', reason = 'a' }",
            "advisory.ignore = ['A-1']",
            "advisory.ignore = [{ id = 'A-1' }]",
            "advisory.ignore = [\n    { id = 'A-1', reason = 'a' },\n    { id = 'A-2', reason = 1 },\n]",
            "advisory.ignore = [{ id = 'A-1', reason = 'a', until = 2027-01-31 }]",
            "advisory.ignore = [{ id = 'A-1', reason = 'a', unless = 'b' }]",
            "[[workspace.metadata.advisory.ignore]]\nid = 'A-1'\nreason = 'a'\n\
             [[workspace.metadata.advisory.ignore]]\nid = 'A-1'\n",
        ],
        str![[r#"
[ERROR] `workspace.metadata.advisory` in `[ROOT]/foo/Cargo.toml`, line 9 must be a table, found string
[ERROR] unknown key `workspace.metadata.advisory.ignored` in `[ROOT]/foo/Cargo.toml`, line 9; allowed are `ignore`, all else belongs into `.cargo/config.toml`
[ERROR] unknown key `workspace.metadata.advisory.vulnerability` in `[ROOT]/foo/Cargo.toml`, line 9; allowed are `ignore`, all else belongs into `.cargo/config.toml`
[ERROR] `workspace.metadata.advisory.ignore` in `[ROOT]/foo/Cargo.toml`, line 9 must be an array of tables, found table
[ERROR] bad entry of `ignore` in `[ROOT]/foo/Cargo.toml`, line 9: it must be a table, found string
[ERROR] bad entry of `ignore` in `[ROOT]/foo/Cargo.toml`, line 9: `reason` is not set for `A-1`; say why the finding can be ignored
[ERROR] bad entry of `ignore` in `[ROOT]/foo/Cargo.toml`, line 11: `reason` must be a string, found integer
[ERROR] bad entry of `ignore` in `[ROOT]/foo/Cargo.toml`, line 9: `until` must be a string, found datetime
[ERROR] bad entry of `ignore` in `[ROOT]/foo/Cargo.toml`, line 9: unknown key `unless`; allowed are `id`, `package`, `reason`, `until`, `while`, `via`
[ERROR] bad entry of `ignore` in `[ROOT]/foo/Cargo.toml`, line 12: `reason` is not set for `A-1`; say why the finding can be ignored

"#]],
    );
}

#[cargo_test]
fn hostile_text_in_an_ignore() {
    let hostile = "\\u001b[2J\\n::error::\\u202e";
    refuses(
        &[
            &format!("ignore = [{{ id = \"{hostile}\", reason = 'a' }}]"),
            &format!("ignore = [{{ id = 'A-1', reason = 'a', \"{hostile}\" = 'a' }}]"),
            &format!("ignore = [{{ id = 'A-1', reason = 'a', until = \"{hostile}\" }}]"),
            &format!("ignore = [{{ id = 'A-1', reason = 'a', while = \"{hostile}\" }}]"),
            &format!("ignore = [{{ package = \"a@{hostile}\", reason = 'a' }}]"),
            &format!("ignore = [\"{hostile}\"]"),
        ],
        str![[r#"
[ERROR] bad entry of `ignore` in `[ROOT]/foo/.cargo/config.toml`, line 2: `/u{1b}[2J/u{a}::[ERROR]:/u{202e}` is not the id of an advisory; give one such as `RUSTSEC-2020-0071`, or an alias such as `CVE-2020-26235` or `GHSA-wcg3-cvx6-7396`
[ERROR] bad entry of `ignore` in `[ROOT]/foo/.cargo/config.toml`, line 2: unknown key `/u{1b}[2J/u{a}::[ERROR]:/u{202e}`; allowed are `id`, `package`, `reason`, `until`, `while`, `via`
[ERROR] bad entry of `ignore` in `[ROOT]/foo/.cargo/config.toml`, line 2: bad value `/u{1b}[2J/u{a}::[ERROR]:/u{202e}` for `until`; allowed is a day such as `2027-01-31`
[ERROR] bad entry of `ignore` in `[ROOT]/foo/.cargo/config.toml`, line 2: bad value `/u{1b}[2J/u{a}::[ERROR]:/u{202e}` for `while`; allowed are `unfixable`, `unbuilt`
[ERROR] bad entry of `ignore` in `[ROOT]/foo/.cargo/config.toml`, line 2: `/u{1b}[2J/u{a}::[ERROR]:/u{202e}` is not a version; allowed are whole ones such as `1.2.3` and their beginnings such as `1.2`
[ERROR] bad entry of `ignore` in `[ROOT]/foo/.cargo/config.toml`, line 2: it must be a table, found string

"#]],
    );
}

#[cargo_test]
fn hostile_text_in_metadata() {
    let hostile = "\\u001b[2J\\n::error::\\u202e";
    refuses_metadata(
        &[
            &format!("advisory = {{ \"{hostile}\" = 1 }}"),
            &format!("advisory = \"{hostile}\""),
            &format!("advisory.ignore = [\"{hostile}\"]"),
            &format!("advisory.ignore = [{{ id = 'A-1', reason = [\"{hostile}\"] }}]"),
            &format!("advisory.ignore = [{{ id = 'A-1', reason = 'a', via = \"{hostile}\" }}]"),
        ],
        str![[r#"
[ERROR] unknown key `workspace.metadata.advisory./u{1b}[2J/u{a}::[ERROR]:/u{202e}` in `[ROOT]/foo/Cargo.toml`, line 9; allowed are `ignore`, all else belongs into `.cargo/config.toml`
[ERROR] `workspace.metadata.advisory` in `[ROOT]/foo/Cargo.toml`, line 9 must be a table, found string
[ERROR] bad entry of `ignore` in `[ROOT]/foo/Cargo.toml`, line 9: it must be a table, found string
[ERROR] bad entry of `ignore` in `[ROOT]/foo/Cargo.toml`, line 9: `reason` must be a string, found array
[ERROR] bad entry of `ignore` in `[ROOT]/foo/Cargo.toml`, line 9: `/u{1b}[2J/u{a}::[ERROR]:/u{202e}` is not the name of a crate; allowed are letters, digits, `-` and `_`

"#]],
    );
}

#[cargo_test]
fn a_file_on_the_command_line_is_named() {
    let app = plain_app();
    app.change_file(
        "extra.toml",
        "[advisory]\nvulnerability = { level = 'no' }\n",
    );

    app.cargo("check --config extra.toml").tells(str![[r#"
[ERROR] bad value `no` for `advisory.vulnerability.level` in `--config [ROOT]/foo/extra.toml`, line 2; allowed are `allow`, `warn`, `deny`
[EXIT_STATUS] 101

"#]]);
    app.cargo("check --config advisory.vulnerability.level='no'")
        .tells(str![[r#"
[ERROR] bad value `no` for `advisory.vulnerability.level` in `--config`; allowed are `allow`, `warn`, `deny`
[EXIT_STATUS] 101

"#]]);
    app.cargo("check --config advisory.ignore=[{id='A-1'}]")
        .tells(str![[r#"
[ERROR] bad entry of `ignore` in `--config`: `reason` is not set for `A-1`; say why the finding can be ignored
[EXIT_STATUS] 101

"#]]);
}
