//! The answer of `cargo advisory` for people: a plain list, worst first, one paragraph a package.

use std::collections::HashMap;
use std::io::{self, Write};

use anstyle::Style;
use cargo_util_terminal::style;
use jiff::Timestamp;

use crate::advisory::{Advisory, Kind};
use crate::check::Finding;
use crate::freshness;
use crate::graph::Package;
use crate::graph::path::Paths;
use crate::policy::{Level, Policy};
use crate::remedy::{Change, Remedy};
use crate::report::Untrusted;
use crate::report::columns::{self, Piece, Screen, words};
use crate::report::link::Link;
use crate::report::{path, remedy, tree};

/// The column of what is said of a package.
const PATH: usize = 4;

/// The column of what is said of a finding.
const TEXT: usize = 10;

/// The column of what is said of a remedy.
const REMEDY: usize = 12;

/// One finding with what the index says of it.
#[derive(Debug)]
pub struct Detailed<'f, 'g> {
    pub finding: &'f Finding<'g>,
    /// None for a yank.
    pub advisory: Option<Advisory>,
    /// Where there is more to read about it. None where there is nothing, or nothing that a link could lead to.
    pub link: Option<Link>,
    /// None where none was looked for.
    pub remedy: Option<&'f Remedy>,
}

/// All but the findings that the form of an answer depends on.
#[derive(Debug)]
pub struct Form<'a> {
    pub policy: &'a Policy,
    pub paths: &'a Paths<'a>,
    pub page: Screen,
    /// All paths to each package are drawn, where else the shortest one is told.
    pub tree: bool,
    pub now: Timestamp,
}

/// Writes `findings`, which are sorted, grouped by package.
///
/// # Errors
///
/// As `out`.
pub fn write(
    out: &mut dyn Write,
    findings: &[Detailed<'_, '_>],
    form: &Form<'_>,
) -> io::Result<()> {
    let mut groups: Vec<Vec<&Detailed<'_, '_>>> = Vec::new();
    let mut known: HashMap<usize, usize> = HashMap::new();
    for detailed in findings {
        let group = *known.entry(detailed.finding.position).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[group].push(detailed);
    }
    for (place, group) in groups.iter().enumerate() {
        if place > 0 {
            writeln!(out)?;
        }
        write_package(out, group, form)?;
    }
    Ok(())
}

/// Writes the findings of one package: what it is, how the workspace comes by it, and what is wrong with it.
fn write_package(
    out: &mut dyn Write,
    findings: &[&Detailed<'_, '_>],
    form: &Form<'_>,
) -> io::Result<()> {
    let Some(first) = findings.first() else {
        return Ok(());
    };
    let Finding {
        package, position, ..
    } = *first.finding;
    let bold = style::LITERAL;
    writeln!(
        out,
        "{bold}{}{bold:#} ({})",
        path::name(package),
        package.scope().as_str(),
    )?;
    write_paths(out, package, position, form)?;
    for detailed in findings {
        write_finding(out, detailed, form)?;
    }
    write_remedies(out, package, findings, form)
}

/// Writes each remedy once, with the findings that it is for if it is not for all.
fn write_remedies(
    out: &mut dyn Write,
    package: &Package,
    findings: &[&Detailed<'_, '_>],
    form: &Form<'_>,
) -> io::Result<()> {
    let mut remedies: Vec<(&Remedy, Vec<&Detailed<'_, '_>>)> = Vec::new();
    for detailed in findings {
        let Some(remedy) = detailed.remedy else {
            continue;
        };
        match remedies.iter_mut().find(|(known, _)| *known == remedy) {
            Some((_, of)) => of.push(detailed),
            None => remedies.push((remedy, vec![detailed])),
        }
    }
    for (remedy, of) in &remedies {
        let style = match remedy.change {
            Change::None(_) => Style::new(),
            _ => style::GOOD,
        };
        write!(out, "{:PATH$}{style}remedy{style:#}  ", "")?;
        let ids: Vec<String> = of
            .iter()
            .map(|detailed| Untrusted(detailed.finding.id().unwrap_or("the yank")).to_string())
            .collect();
        let mut start = if remedies.len() > 1 {
            format!("for {}: ", ids.join(", "))
        } else {
            String::new()
        };
        for (place, paragraph) in remedy::paragraphs(remedy, &package.name, form.now)
            .into_iter()
            .enumerate()
        {
            if place > 0 {
                write!(out, "{:REMEDY$}", "")?;
            }
            start.push_str(&paragraph);
            columns::write(out, form.page, REMEDY, REMEDY, words(&start))?;
            start.clear();
        }
    }
    Ok(())
}

fn write_paths(
    out: &mut dyn Write,
    package: &Package,
    position: usize,
    form: &Form<'_>,
) -> io::Result<()> {
    let paths = form.paths.to(position, 1);
    let shortest = paths.first();
    if form.tree {
        tree::write(out, form.paths, position, form.page)?;
    } else if let Some(path) = shortest.filter(|path| !path.edges.is_empty()) {
        let pieces = path::pieces(form.paths.graph, path, form.page);
        write!(out, "{:PATH$}", "")?;
        columns::write(out, form.page, PATH, PATH + 2, pieces)?;
    }
    if package.is_unbuilt() {
        let pieces = path::brought_in(form.paths.graph, shortest);
        write!(out, "{:PATH$}", "")?;
        columns::write(out, form.page, PATH, PATH + 2, pieces)?;
    }
    Ok(())
}

/// Writes which dependencies were not checked, if any.
///
/// # Errors
///
/// As `out`.
pub fn write_unchecked<'a>(
    out: &mut dyn Write,
    unchecked: impl Iterator<Item = &'a Package>,
) -> io::Result<()> {
    let mut unchecked = unchecked.peekable();
    if unchecked.peek().is_some() {
        writeln!(out, "\nunchecked, from no registry:")?;
    }
    for package in unchecked {
        writeln!(
            out,
            "    {} {} ({})",
            Untrusted(&package.name),
            Untrusted(&package.version.to_string()),
            Untrusted(package.source.id.as_deref().unwrap_or("path")),
        )?;
    }
    Ok(())
}

fn write_finding(
    out: &mut dyn Write,
    detailed: &Detailed<'_, '_>,
    form: &Form<'_>,
) -> io::Result<()> {
    let finding = detailed.finding;
    let page = form.page;
    let level = form.policy.level(finding);
    let style = match level {
        Level::Deny => style::ERROR,
        Level::Warn => style::WARN,
        Level::Allow => style::NOTE,
    };
    write!(out, "{:PATH$}{style}{level}{style:#}  ", "")?;
    let column = PATH + level.as_str().len() + 2;
    let Some(advisory) = &detailed.advisory else {
        return columns::write(out, page, column, TEXT, words("yanked from its registry"));
    };
    let id = Untrusted(&advisory.id).to_string();
    let id = match &detailed.link {
        // The colon stays outside, for it is no part of the name.
        Some(link) if page.links => Piece::link(&id, link).followed_by(":"),
        _ => Piece::new(format!("{id}:")),
    };
    let rest = format!("{}{}", finding.kind, severity(finding, advisory));
    let pieces = [id].into_iter().chain(words(&rest));
    columns::write(out, page, column, TEXT, pieces)?;

    let mut lines = vec![Untrusted(&advisory.title).to_string()];
    lines.push(match freshness::since(&advisory.date, form.now) {
        Some(age) => format!("reported {age}, {}", Untrusted(&advisory.date)),
        None => format!("reported {}", Untrusted(&advisory.date)),
    });
    if !advisory.patched.is_empty() {
        let patched: Vec<String> = advisory
            .patched
            .iter()
            .map(|requirement| Untrusted(requirement).to_string())
            .collect();
        lines.push(format!("patched: {}", patched.join(" or ")));
    } else if matches!(finding.kind, Kind::Vulnerability | Kind::Unsound) {
        // Nobody patches what nobody maintains, or what was meant.
        lines.push("no patched version is known".to_owned());
    }
    lines.extend(advisory.url.as_ref().map(|url| Untrusted(url).to_string()));
    for line in &lines {
        write!(out, "{:TEXT$}", "")?;
        columns::write(out, page, TEXT, TEXT, words(line))?;
    }
    Ok(())
}

/// `, critical severity (CVSS 3.1: 9.8)`. Kinds that nobody scores say nothing.
fn severity(finding: &Finding<'_>, advisory: &Advisory) -> String {
    match (finding.kind, finding.severity()) {
        (_, Some(severity)) => {
            let score = advisory
                .score()
                .zip(advisory.cvss_version())
                .map(|(score, version)| format!(" (CVSS {}: {score:.1})", Untrusted(version)));
            format!(
                ", {} severity{}",
                severity.as_str(),
                score.unwrap_or_default()
            )
        }
        (Kind::Malicious | Kind::Vulnerability, None) => ", severity not scored".to_owned(),
        _ => String::new(),
    }
}
