//! `cargo advisory --explain-policy`: which rule or ignore decided on each finding.

use cargo_test_support::registry::Package;
use cargo_test_support::{Project, cargo_test, project, str};

use crate::support::{Database, ExecsExt as _, ProjectExt as _, advisory, configure, lock, locked};
use crate::{app_with, day, set, shows};

/// A project with a finding for each step that can decide.
fn many() -> Project {
    let database = Database::new();
    for (nth, name) in ["evil", "leaky", "shaky", "lonely", "loud", "quiet", "later"]
        .into_iter()
        .enumerate()
    {
        Package::new(name, "1.0.0").publish();
        let advisory = advisory(name).id(&format!("RUSTSEC-2020-000{nth}"));
        database.add(&match name {
            "evil" => advisory.malicious(),
            "shaky" => advisory.informational("unsound"),
            "lonely" => advisory.informational("unmaintained"),
            "loud" => advisory.informational("notice"),
            _ => advisory,
        });
    }
    Package::new("middle", "1.0.0").dep("lonely", "1").publish();
    database.index();
    locked(
        "evil = '1'\nleaky = '1'\nshaky = '1'\nloud = '1'\nquiet = '1'\nlater = '1'\nmiddle = '1'\n\
         [target.'cfg(windows)'.dependencies]\nunused = '1'",
    )
}

#[cargo_test]
fn every_step_names_the_file_that_it_comes_from() {
    Package::new("unused", "1.0.0").publish();
    let app = many();
    Database::at("advisory-db")
        .add(&advisory("unused").id("RUSTSEC-2020-0009"))
        .index();
    configure(
        "ignore = [{ id = 'RUSTSEC-2020-0005', reason = 'nobody calls it' }, { package = 'later', \
         reason = 'until the release', until = '2020-02-29' }]",
    );
    set(
        &app,
        "malicious = 'warn'\nunsound = { level = 'deny', fixable = true }",
    );

    shows(
        &mut app.cargo("advisory --explain-policy --deny-advisories=vulnerability"),
        str![[r#"
evil 1.0.0 (runtime)
    warn  RUSTSEC-2020-0000: malicious
          `advisory.malicious` is `warn` in `[ROOT]/foo/.cargo/config.toml`
          stays `warn`, because `--deny-advisories=vulnerability` is for other kinds

later 1.0.0 (runtime)
    deny  RUSTSEC-2020-0006: vulnerability
          not ignored: the entry for later in `[ROOT]/home/.cargo/config.toml` expired on 2020-02-29
          `advisory.vulnerability` is `warn` by default
          denied, because of `--deny-advisories=vulnerability`

leaky 1.0.0 (runtime)
    deny  RUSTSEC-2020-0001: vulnerability
          `advisory.vulnerability` is `warn` by default
          denied, because of `--deny-advisories=vulnerability`

unused 1.0.0 (unbuilt)
    allow  RUSTSEC-2020-0009: vulnerability
          `allow`, because this build does not use the package

shaky 1.0.0 (runtime)
    warn  RUSTSEC-2020-0002: unsound
          `advisory.unsound` is `deny` in `[ROOT]/foo/.cargo/config.toml`
          drops to `warn`, because `fixable = true` in `[ROOT]/foo/.cargo/config.toml` is not met
          stays `warn`, because `--deny-advisories=vulnerability` is for other kinds

lonely 1.0.0 (runtime)
    allow  RUSTSEC-2020-0003: unmaintained
          `advisory.unmaintained` is `warn` by default
          drops to `allow`, because `scope = "direct"` by default is not met

loud 1.0.0 (runtime)
    allow  RUSTSEC-2020-0004: notice
          `advisory.notice` is `allow` by default

quiet 1.0.0 (runtime)
    allow  RUSTSEC-2020-0005: vulnerability
          ignored, as `[ROOT]/home/.cargo/config.toml` says: nobody calls it
[WARNING] the ignore of `later` in `[ROOT]/home/.cargo/config.toml` expired on 2020-02-29; remove it
[ERROR] 2 insecure dependencies denied by `--deny-advisories=vulnerability`: later 1.0.0 (RUSTSEC-2020-0006, ignored until 2020-02-29), leaky 1.0.0 (RUSTSEC-2020-0001)
[EXIT_STATUS] 101

"#]],
    );
}

#[cargo_test]
fn it_fits_a_terminal() {
    let app = app_with(&advisory("leaky"));
    set(
        &app,
        "vulnerability = { level = 'warn', min-severity = 'critical' }\n\
         ignore = [{ id = 'RUSTSEC-2020-0001', while = 'unfixable', via = 'elsewhere', \
         reason = 'a long reason that somebody has written because there was much to say about the matter at hand' }]",
    );

    for width in [80, 120] {
        for words in [
            "",
            "--explain-policy",
            "--config advisory.ignore=[{package='leaky',reason='b'}]",
        ] {
            let text = app
                .cargo(&format!("advisory {words}"))
                .env("__CARGO_TEST_TTY_WIDTH_DO_NOT_USE_THIS", width.to_string())
                .run_stdout();
            // A path is one word, and may be longer.
            for line in text
                .lines()
                .filter(|line| !line.contains(".cargo/config.toml"))
            {
                assert!(line.chars().count() <= width, "{line}");
            }
        }
    }
}

#[cargo_test]
fn without_findings_there_is_nothing_to_explain() {
    Package::new("sound", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();

    shows(
        &mut locked("sound = '1'").cargo("advisory --explain-policy"),
        str![],
    );
}

#[cargo_test]
fn it_is_an_answer_of_its_own() {
    let app = app_with(&advisory("leaky"));

    for other in ["--format json", "--tree"] {
        app.cargo(&format!("advisory --explain-policy {other}"))
            .with_status(1)
            .with_stderr_contains(
                "[ERROR] the argument '--explain-policy' cannot be used with '[..]'",
            )
            .run();
    }
}

#[cargo_test]
fn of_lockfiles_each_is_explained() {
    let app = app_with(&advisory("leaky"));

    shows(
        &mut app.cargo("advisory --explain-policy --lockfile Cargo.lock --lockfile ./Cargo.lock"),
        str![[r#"
[ROOT]/foo/Cargo.lock
leaky 1.0.0 (unbuilt)
    warn  RUSTSEC-2020-0001: vulnerability
          `advisory.vulnerability` is `warn` by default

[ROOT]/foo/./Cargo.lock
leaky 1.0.0 (unbuilt)
    warn  RUSTSEC-2020-0001: vulnerability
          `advisory.vulnerability` is `warn` by default


"#]],
    );
}

#[cargo_test]
fn hostile_text_of_rules_and_ignores_cannot_act_on_the_terminal() {
    let hostile = "\\u001b[2J\\n::error::lost ##[error] \\u202e";
    Package::new("leaky", "1.0.0").publish();
    Package::new("shaky", "1.0.0").publish();
    Database::new()
        .add(&advisory("leaky"))
        .add(&advisory("shaky").id("RUSTSEC-2020-0002"))
        .index();
    let app = lock(
        project()
            .at("wo\u{1b}[2Jrk")
            .file(
                "Cargo.toml",
                &format!(
                    "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\
                     [dependencies]\nleaky = '1'\nshaky = '1'\n\
                     [workspace.metadata.advisory]\nignore = [{{ id = 'RUSTSEC-2020-0001', reason = \"{hostile}\" }}]\n"
                ),
            )
            .file("src/main.rs", "fn main() {}")
            .build(),
    );
    set(
        &app,
        &format!(
            "vulnerability = 'warn'\nignore = [{{ id = 'RUSTSEC-2020-0002', reason = \"{hostile}\", until = '{}' }}]",
            day(1)
        ),
    );

    for words in [
        "advisory --explain-policy",
        "advisory",
        "advisory --deny-advisories --config advisory.stale-ignores='deny'",
        "check",
        "check --deny-advisories --config advisory.stale-ignores='deny'",
    ] {
        // Without colours all escapes would be taken out, ours and those of others.
        let mut execs = app.cargo(words);
        execs.env("CARGO_TERM_COLOR", "always");
        let output = execs.without_status().run();
        for printed in [output.stdout, output.stderr] {
            let printed = String::from_utf8(printed).unwrap();
            // That cargo itself names the folder as it is called is cargo's own business.
            let ours = printed.lines().filter(|line| !line.contains("Checking"));
            for line in ours {
                assert!(!line.contains("\u{1b}[2J"), "{words}: {line:?}");
                assert!(!line.contains('\u{202e}'), "{words}: {line:?}");
                assert!(!line.trim_start().starts_with("::"), "{words}: {line:?}");
                assert!(!line.contains("##["), "{words}: {line:?}");
            }
        }
    }
}
