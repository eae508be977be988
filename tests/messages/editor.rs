//! With `advisory.editor` builds print messages of the compiler: what rust-analyzer underlines in a Cargo.toml.

use cargo_metadata::Message;
use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel};
use cargo_test_support::compare::assert_e2e;
use cargo_test_support::registry::Package;
use cargo_test_support::{Execs, Project, cargo_test, str};
use snapbox::IntoData as _;

use super::messages;
use crate::support::{
    Database, ProjectExt as _, advisory, app, app_locked_to_yanked, app_manifest, configure,
};

const CHECK: &str = "check --message-format=json";

/// The messages of the compiler that are about no source.
#[track_caller]
fn diagnostics(execs: &mut Execs) -> Vec<Diagnostic> {
    let all = messages(execs)
        .into_iter()
        .filter_map(|message| match message {
            Message::CompilerMessage(message) => Some(message.message),
            _ => None,
        });
    all.collect()
}

/// What is underlined in the files of the project, one line each.
#[track_caller]
fn underlined(app: &Project, line: &str) -> Vec<String> {
    let diagnostics = diagnostics(&mut app.cargo(line));
    let spans = diagnostics.iter().flat_map(|diagnostic| &diagnostic.spans);
    let lines = spans.map(|span| {
        let text = app.read_file(&span.file_name);
        let bytes = span.byte_start as usize..span.byte_end as usize;
        let line = text.lines().nth(span.line_start - 1).unwrap();
        let marked: String = line
            .chars()
            .skip(span.column_start - 1)
            .take(span.column_end - span.column_start)
            .collect();
        assert_eq!(marked, text[bytes]);
        assert_eq!(span.text[0].text, line);
        format!("{}:{}: {marked}", span.file_name, span.line_start)
    });
    lines.collect()
}

fn leaky() {
    Package::new("leaky", "1.0.0").publish();
    Database::new()
        .add(&advisory("leaky").patched(">= 1.0.1"))
        .index();
    configure("editor = true");
}

/// A project `app` with the given manifest.
fn manifest(text: &str) -> Project {
    let project = cargo_test_support::project().file("Cargo.toml", text);
    project.file("src/lib.rs", "").build()
}

#[cargo_test]
fn nothing_is_printed_unless_it_is_asked_for() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    assert!(diagnostics(&mut app("leaky = '1'").cargo(CHECK)).is_empty());
}

#[cargo_test]
fn a_dependency_is_underlined_and_told_as_rustc_would() {
    leaky();
    let app = app("leaky = '1'");

    let diagnostics = diagnostics(&mut app.cargo(CHECK));

    let [diagnostic] = diagnostics.as_slice() else {
        panic!("{diagnostics:?}");
    };
    assert_eq!(diagnostic.level, DiagnosticLevel::Warning);
    assert_eq!(diagnostic.code.as_ref().unwrap().code, "RUSTSEC-2020-0001");
    assert!(diagnostic.spans[0].is_primary);
    let rendered = diagnostic.rendered.clone().unwrap();
    assert_e2e().eq(
        rendered,
        str![[r#"
warning[RUSTSEC-2020-0001]: leaky 1.0.0 is insecure: `leaky` can be attacked
 --> Cargo.toml:7:1
  |
7 | leaky = '1'
  | ^^^^^
  |
  = note: patched: >=1.0.1
  = help: run `cargo advisory` for details and remedies


"#]]
        .raw(),
    );
    assert_eq!(underlined(&app, CHECK), ["Cargo.toml:7: leaky"]);
}

#[cargo_test]
fn of_what_comes_in_further_down_the_dependency_is_underlined_that_brings_it_in() {
    leaky();
    Package::new("between", "1.0.0").dep("leaky", "1").publish();
    let app = app("between = '1'");

    let messages = diagnostics(&mut app.cargo(CHECK));

    assert_eq!(
        messages[0].message,
        "between 1.0.0 brings in leaky 1.0.0, which is insecure: `leaky` can be attacked"
    );
    assert_eq!(underlined(&app, CHECK), ["Cargo.toml:7: between"]);
}

#[cargo_test]
fn a_denial_is_an_error() {
    leaky();
    let app = app("leaky = '1'");

    let denied = diagnostics(&mut app.cargo(&format!("{CHECK} --deny-advisories")));

    assert_eq!(denied[0].level, DiagnosticLevel::Error);
}

#[cargo_test]
fn a_yank_is_told_too() {
    let app = app_locked_to_yanked();
    Database::new().add(&advisory("other")).index();
    configure("editor = true");

    let messages = diagnostics(&mut app.cargo(CHECK));

    assert_eq!(
        messages[0].message,
        "gone 1.0.0 was yanked from its registry"
    );
    assert_eq!(messages[0].code.as_ref().unwrap().code, "yanked");
    assert_eq!(underlined(&app, CHECK), ["Cargo.toml:7: gone"]);
}

#[cargo_test]
fn each_finding_is_a_message_of_its_own() {
    leaky();
    Package::new("shaky", "1.0.0").publish();
    Database::at("advisory-db")
        .add(&advisory("leaky").id("RUSTSEC-2020-0002"))
        .add(
            &advisory("shaky")
                .informational("unsound")
                .id("RUSTSEC-2020-0003"),
        )
        .add(
            &advisory("shaky")
                .informational("notice")
                .id("RUSTSEC-2020-0004"),
        )
        .index();
    let app = app("leaky = '1'\nshaky = '1'");

    assert_eq!(
        underlined(&app, CHECK),
        [
            "Cargo.toml:7: leaky",
            "Cargo.toml:7: leaky",
            "Cargo.toml:8: shaky"
        ]
    );
}

#[cargo_test]
fn a_dependency_is_found_however_it_is_written() {
    leaky();
    let head = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    for (dependencies, expected) in [
        ("[dependencies.leaky]\nversion = '1'", "Cargo.toml:5: leaky"),
        ("[dependencies]\n\"leaky\" = '1'", "Cargo.toml:6: \"leaky\""),
        (
            "[dependencies]\nsafe = { package = 'leaky', version = '1' }",
            "Cargo.toml:6: safe",
        ),
        (
            "[target.'cfg(all())'.dependencies]\n# é\nleaky = '1'",
            "Cargo.toml:7: leaky",
        ),
        ("[dependencies]\r\n  leaky = '1'\r\n", "Cargo.toml:6: leaky"),
        (
            "[dependencies]\nleaky = { version = '1', features = [\n] }",
            "Cargo.toml:6: leaky",
        ),
    ] {
        let app = manifest(&format!("{head}{dependencies}"));
        assert_eq!(underlined(&app, CHECK), [expected], "{dependencies}");
    }
}

#[cargo_test]
fn a_build_dependency_is_found_in_its_table() {
    leaky();
    let manifest = app_manifest("").replace("[dependencies]", "[build-dependencies]\nleaky = '1'");
    let app = cargo_test_support::project()
        .file("Cargo.toml", &manifest)
        .file("build.rs", "fn main() {}")
        .file("src/lib.rs", "")
        .build();
    assert_eq!(underlined(&app, CHECK), ["Cargo.toml:7: leaky"]);
}

#[cargo_test]
fn in_a_workspace_the_line_of_the_member_is_underlined() {
    leaky();
    let app = cargo_test_support::project()
        .file(
            "Cargo.toml",
            "[workspace]\nmembers = [\"a\", \"b\"]\nresolver = \"2\"\n\n[workspace.dependencies]\nleaky = '1'\n",
        )
        .file("a/Cargo.toml", &app_manifest("leaky.workspace = true").replace("app", "a"))
        .file("a/src/lib.rs", "")
        .file("b/Cargo.toml", &app_manifest("a = { path = '../a' }").replace("app", "b"))
        .file("b/src/lib.rs", "")
        .build();

    assert_eq!(underlined(&app, CHECK), ["a/Cargo.toml:7: leaky"]);
}

#[cargo_test]
fn the_forms_that_cargo_draws_itself_have_none() {
    leaky();
    let app = app("leaky = '1'");

    let drawn = diagnostics(&mut app.cargo("check --message-format=json-render-diagnostics"));
    let coloured =
        diagnostics(&mut app.cargo("check --message-format=json-diagnostic-rendered-ansi"));
    let short = diagnostics(&mut app.cargo("check --message-format=json-diagnostic-short"));

    assert!(drawn.is_empty());
    assert!(coloured[0].rendered.as_ref().unwrap().contains("\u{1b}["));
    assert_eq!(
        short[0].rendered.as_ref().unwrap().trim().lines().count(),
        1
    );
}

#[cargo_test]
fn hostile_text_is_harmless_in_a_message() {
    Package::new("leaky", "1.0.0").publish();
    Database::new()
        .add(&advisory("leaky").title("a\u{1b}[2Jb \u{202e}c"))
        .index();
    configure("editor = true");

    let messages = diagnostics(&mut app("leaky = '1'").cargo(CHECK));

    let rendered = messages[0].rendered.as_ref().unwrap();
    for text in [rendered, &messages[0].message] {
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    }
}
