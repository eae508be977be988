//! The answer of `cargo advisory` for people: a plain list, worst first, one paragraph a package.

use std::io::{self, Write};

use cargo_util_terminal::style;

use crate::advisory::{Advisory, Kind};
use crate::check::Finding;
use crate::graph::Package;
use crate::policy::{Level, Policy};
use crate::report::Untrusted;

/// One finding with what the index says of it.
#[derive(Debug)]
pub struct Detailed<'f, 'g> {
    pub finding: &'f Finding<'g>,
    /// None for a yank.
    pub advisory: Option<Advisory>,
}

/// Writes `findings`, which are sorted, grouped by package.
///
/// # Errors
///
/// As `out`.
pub fn write(
    out: &mut dyn Write,
    findings: &[Detailed<'_, '_>],
    policy: &Policy,
) -> io::Result<()> {
    let mut written: Vec<*const Package> = Vec::new();
    for first in findings {
        let package = first.finding.package;
        if written.contains(&std::ptr::from_ref(package)) {
            continue;
        }
        if !written.is_empty() {
            writeln!(out)?;
        }
        written.push(package);
        let bold = style::LITERAL;
        write!(
            out,
            "{bold}{} {}{bold:#} ({})",
            Untrusted(&package.name),
            Untrusted(&package.version.to_string()),
            package.scope().as_str(),
        )?;
        writeln!(out)?;
        for detailed in findings
            .iter()
            .filter(|other| std::ptr::eq(other.finding.package, package))
        {
            write_finding(out, detailed, policy)?;
        }
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
    policy: &Policy,
) -> io::Result<()> {
    let finding = detailed.finding;
    let level = policy.level(finding);
    let style = match level {
        Level::Deny => style::ERROR,
        Level::Warn => style::WARN,
        Level::Allow => style::NOTE,
    };
    let Some(advisory) = &detailed.advisory else {
        return writeln!(out, "    {style}{level}{style:#}  yanked from its registry");
    };
    let severity = match (finding.kind, finding.severity()) {
        (_, Some(severity)) => format!(", {} severity", severity.as_str()),
        (Kind::Malicious | Kind::Vulnerability, None) => ", severity not scored".to_owned(),
        _ => String::new(),
    };
    writeln!(
        out,
        "    {style}{level}{style:#}  {}: {}{severity}",
        Untrusted(&advisory.id),
        finding.kind,
    )?;
    writeln!(out, "          {}", Untrusted(&advisory.title))?;
    if advisory.patched.is_empty() {
        // Nobody patches what nobody maintains, or what was meant.
        if matches!(finding.kind, Kind::Vulnerability | Kind::Unsound) {
            writeln!(out, "          no patched version is known")?;
        }
    } else {
        let patched: Vec<String> = advisory
            .patched
            .iter()
            .map(|requirement| Untrusted(requirement).to_string())
            .collect();
        writeln!(out, "          patched: {}", patched.join(" or "))?;
    }
    if let Some(url) = &advisory.url {
        writeln!(out, "          {}", Untrusted(url))?;
    }
    Ok(())
}
