//! What a build says to tools: the messages of `--message-format=json`, each one object on one line of stdout.
//!
//! Both forms are made only where there is something to warn of or to deny, so that a build without findings prints not a
//! byte more.

use std::fs;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Origin, Renderer, Snippet};
use cargo::core::dependency::DepKind;
use cargo::core::{Dependency, Package, Workspace};
use cargo::util::machine_message::{FromCompiler, Message as _};
use cargo::{CargoResult, GlobalContext};
use serde::Serialize;
use toml_edit::Document;

use crate::advisory::{Advisory, Kind};
use crate::graph::path::Paths;
use crate::graph::{self, DependencyKind, Edge};
use crate::policy::{Judged, Level};
use crate::report::json::{Report, harmless};
use crate::report::{Untrusted, decision};

/// Prints `report` as a message with the reason `advisory-report`.
///
/// # Errors
///
/// When it cannot be written as JSON.
pub fn report(gctx: &GlobalContext, report: &Report<'_>) -> CargoResult<()> {
    #[derive(Serialize)]
    struct Message<'a> {
        reason: &'static str,
        #[serde(flatten)]
        report: &'a Report<'a>,
    }
    let message = Message {
        reason: "advisory-report",
        report,
    };
    print(gctx, &serde_json::to_string(&message)?);
    Ok(())
}

/// Prints one line. A pipe that was closed is no error, as for cargo's own messages.
fn print(gctx: &GlobalContext, message: &str) {
    drop(writeln!(gctx.shell().out(), "{}", harmless(message)));
}

/// How `rendered` is to look, in the words of `--message-format`.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub short: bool,
    pub colours: bool,
}

/// Prints `judged` as a message of the compiler, on the line of the manifest that brings the package in: what an editor
/// underlines. Of what comes in through no member of the workspace there is no such line.
///
/// # Errors
///
/// When the manifest cannot be read.
pub fn diagnostic(
    ws: &Workspace<'_>,
    judged: &Judged<'_, '_>,
    advisory: Option<&Advisory>,
    paths: &Paths<'_>,
    look: Look,
) -> CargoResult<()> {
    let graph = paths.graph;
    let Some(path) = paths.to(judged.finding.position, 1).into_iter().next() else {
        return Ok(());
    };
    let [first, rest @ ..] = path.packages.as_slice() else {
        return Ok(());
    };
    let first = &graph.packages[*first];
    let Some(member) = ws
        .members()
        .find(|member| member.name().as_str() == first.name && *member.version() == first.version)
    else {
        return Ok(());
    };
    let target = member.targets().iter().find(|target| target.is_lib());
    let Some(target) = target.or_else(|| member.targets().first()) else {
        return Ok(());
    };
    let direct = rest.first().map(|position| &graph.packages[*position]);
    let edge = path.edges.first().map(|edge| &graph.edges[*edge]);
    let dependency = direct.zip(edge).and_then(|(direct, edge)| {
        let named = |dep: &&Dependency| dep.package_name().as_str() == direct.name;
        let meets = |dep: &&Dependency| dep.version_req().matches(&direct.version);
        let of_edge = |dep: &&Dependency| is_of(dep, edge);
        let deps = member.dependencies().iter();
        deps.filter(named).filter(meets).find(of_edge)
    });
    let text = fs::read_to_string(member.manifest_path())?;
    let span = Span::new(ws, member, &text, dependency);
    let through = direct.filter(|_| rest.len() > 1);
    let message = Diagnostic::new(judged, advisory, through, (&text, span), look);
    let message = FromCompiler {
        package_id: member.package_id().to_spec(),
        manifest_path: member.manifest_path(),
        target,
        message: serde_json::value::to_raw_value(&message)?,
    };
    print(ws.gctx(), &message.to_json_string());
    Ok(())
}

/// Whether the manifest's entry is the one that `edge` was made of.
fn is_of(dep: &Dependency, edge: &Edge) -> bool {
    let kind = match dep.kind() {
        DepKind::Normal => DependencyKind::Normal,
        DepKind::Build => DependencyKind::Build,
        DepKind::Development => DependencyKind::Dev,
    };
    edge.kind == Some(kind)
        && match &edge.renamed {
            Some(name) => dep
                .explicit_name_in_toml()
                .is_some_and(|own| own.as_str() == name),
            None => true,
        }
}

/// A diagnostic in rustc's form (`--error-format=json`).
#[derive(Serialize)]
struct Diagnostic {
    #[serde(rename = "$message_type")]
    message_type: &'static str,
    message: String,
    code: Code,
    level: &'static str,
    spans: Vec<Span>,
    children: Vec<Child>,
    rendered: String,
}

#[derive(Serialize)]
struct Code {
    code: String,
    explanation: Option<String>,
}

#[derive(Serialize)]
struct Child {
    message: String,
    code: Option<Code>,
    level: &'static str,
    spans: [Span; 0],
    children: [(); 0],
    rendered: Option<String>,
}

/// A place in a file, in rustc's form.
#[derive(Clone, Serialize)]
struct Span {
    /// Relative to the workspace where it lies in there.
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    line_start: usize,
    line_end: usize,
    /// In characters, from 1.
    column_start: usize,
    column_end: usize,
    is_primary: bool,
    text: [Line; 1],
    label: Option<String>,
    suggested_replacement: Option<String>,
    suggestion_applicability: Option<String>,
    expansion: Option<()>,
}

#[derive(Clone, Serialize)]
struct Line {
    text: String,
    highlight_start: usize,
    highlight_end: usize,
}

impl Span {
    /// The key of `dependency` in the manifest of `member`; the start of the file for what stands where cargo would not
    /// write it.
    fn new(
        ws: &Workspace<'_>,
        member: &Package,
        text: &str,
        dependency: Option<&Dependency>,
    ) -> Span {
        let bytes = dependency
            .and_then(|dependency| key(text, &dependency.toml_path()))
            .unwrap_or(0..0);
        let start = text[..bytes.start].rfind('\n').map_or(0, |end| end + 1);
        let line = text[start..].lines().next().unwrap_or_default();
        let number = text[..start].matches('\n').count() + 1;
        let column = text[start..bytes.start].chars().count() + 1;
        let end = column + text[bytes.clone()].chars().count();
        let manifest = member.manifest_path();
        let manifest = manifest.strip_prefix(ws.root()).unwrap_or(manifest);
        Span {
            file_name: manifest.display().to_string(),
            byte_start: bytes.start,
            byte_end: bytes.end,
            line_start: number,
            line_end: number,
            column_start: column,
            column_end: end,
            is_primary: true,
            text: [Line {
                text: line.to_owned(),
                highlight_start: column,
                highlight_end: end,
            }],
            label: None,
            suggested_replacement: None,
            suggestion_applicability: None,
            expansion: None,
        }
    }
}

/// Where the last key of `path` stands.
fn key(text: &str, path: &[String]) -> Option<Range<usize>> {
    let document = Document::parse(text).ok()?;
    let mut item = document.as_item();
    let mut span = None;
    for part in path {
        let (key, next) = item.as_table_like()?.get_key_value(part)?;
        span = key.span();
        item = next;
    }
    // One line is what an editor can underline.
    span.filter(|span| !text[span.clone()].contains('\n'))
}

impl Diagnostic {
    /// `through` is the dependency of the member that brings the package in, where that is another one.
    fn new(
        judged: &Judged<'_, '_>,
        advisory: Option<&Advisory>,
        through: Option<&graph::Package>,
        (text, span): (&str, Span),
        look: Look,
    ) -> Diagnostic {
        let finding = &judged.finding;
        let name = |package: &graph::Package| {
            format!(
                "{} {}",
                Untrusted(&package.name),
                Untrusted(&package.version.to_string())
            )
        };
        let what = match finding.kind {
            Kind::Malicious => "is malicious",
            Kind::Vulnerability => "is insecure",
            Kind::Unsound => "is unsound",
            Kind::Yanked if finding.vanished => "was removed from its registry",
            Kind::Yanked => "was yanked from its registry",
            Kind::Unmaintained => "is unmaintained",
            Kind::Notice => "is flagged",
        };
        let mut message = match through {
            Some(through) => {
                format!(
                    "{} brings in {}, which {what}",
                    name(through),
                    name(finding.package)
                )
            }
            None => format!("{} {what}", name(finding.package)),
        };
        if let Some(advisory) = advisory {
            message.push_str(&format!(": {}", Untrusted(&advisory.title)));
        }
        let level = match judged.level() {
            Level::Deny => "error",
            Level::Warn | Level::Allow => "warning",
        };
        let mut notes: Vec<(&'static str, String)> = Vec::new();
        if let Some(note) = decision::note(&judged.decision) {
            notes.push(("note", note));
        }
        if let Some(advisory) = advisory {
            if !advisory.patched.is_empty() {
                let patched = advisory.patched.iter();
                let patched: Vec<_> = patched
                    .map(|requirement| Untrusted(requirement).to_string())
                    .collect();
                notes.push(("note", format!("patched: {}", patched.join(" or "))));
            }
            notes.extend(
                advisory
                    .url
                    .iter()
                    .map(|url| ("note", Untrusted(url).to_string())),
            );
        }
        notes.push((
            "help",
            "run `cargo advisory` for details and remedies".to_owned(),
        ));
        let mut diagnostic = Diagnostic {
            message_type: "diagnostic",
            message,
            code: Code {
                code: finding.id().unwrap_or("yanked").to_owned(),
                explanation: None,
            },
            level,
            spans: Vec::new(),
            rendered: String::new(),
            children: notes
                .into_iter()
                .map(|(level, message)| Child {
                    message,
                    code: None,
                    level,
                    spans: [],
                    children: [],
                    rendered: None,
                })
                .collect(),
        };
        diagnostic.rendered = rendered(&diagnostic, text, &span, look);
        diagnostic.spans.push(span);
        diagnostic
    }
}

/// The diagnostic as rustc would draw it.
fn rendered(diagnostic: &Diagnostic, text: &str, span: &Span, look: Look) -> String {
    let level = match diagnostic.level {
        "error" => annotate_snippets::Level::ERROR,
        _ => annotate_snippets::Level::WARNING,
    };
    let code = Untrusted(&diagnostic.code.code).to_string();
    let file = Untrusted(&span.file_name).to_string();
    let title = level.primary_title(&diagnostic.message).id(&code);
    let mut group = if span.byte_start < span.byte_end {
        let place = AnnotationKind::Primary.span(span.byte_start..span.byte_end);
        title.element(Snippet::source(text).path(&file).annotation(place))
    } else {
        title.element(Origin::path(&file))
    };
    for child in &diagnostic.children {
        let level = match child.level {
            "help" => annotate_snippets::Level::HELP,
            _ => annotate_snippets::Level::NOTE,
        };
        group = group.element(level.message(&child.message));
    }
    let renderer = match look.colours {
        true => Renderer::styled(),
        false => Renderer::plain(),
    };
    let mut rendered = renderer.short_message(look.short).render(&[group]);
    rendered.push_str("\n\n");
    rendered
}
