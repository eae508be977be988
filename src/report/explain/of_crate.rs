//! The page of a crate: every advisory about it, its releases, and what was yanked.

use anstyle::Style;
use cargo_util_terminal::style;
use semver::Version;

use super::{Releases, kind_style, margin, patched, section};
use crate::advisory::{Advisory, Kind};
use crate::report::link::Link;
use crate::report::paragraph::{Look, Paragraph};
use crate::report::releases::{self, Mark, Release, Yanks};
use crate::report::{Page, counted};
use crate::yank::{Said, Yank};

/// All that is known of a crate, or of one version of it, in one registry.
#[derive(Debug)]
pub struct Crate<'a> {
    pub name: &'a str,
    /// The version that was asked about.
    pub version: Option<&'a Version>,
    /// The newest first.
    pub advisories: &'a [Listed],
    /// With what the registry has `said`. None if they are not known.
    pub releases: Option<&'a Releases>,
    /// What the registry has told the last refresh of yanks, if it was asked.
    pub said: Option<&'a Said>,
    /// Names the registry, where there are several.
    pub registry: Option<&'a str>,
}

/// An advisory among others.
#[derive(Debug)]
pub struct Listed {
    pub advisory: Advisory,
    /// Where RustSec shows it, if it is RustSec's.
    pub url: Option<Link>,
}

/// Adds all of a crate to `out`.
pub fn of_crate(out: &mut String, subject: &Crate<'_>, page: Page) {
    let told = subject.said.map(Release::told).unwrap_or_default();
    let list = match subject.releases {
        Some(releases) => &releases.list,
        None => &told,
    };
    let named = subject
        .version
        .and_then(|version| list.iter().find(|release| release.version == *version));
    let (hit, missed): (Vec<_>, Vec<_>) = subject.advisories.iter().partition(|listed| {
        let advisory = &listed.advisory;
        subject
            .version
            .is_none_or(|version| advisory.affects(version))
    });

    let mut heading = Paragraph::default();
    let literal = style::LITERAL.into();
    heading.push(subject.name, &literal);
    if let Some(version) = subject.version {
        heading.space();
        heading.push(&version.to_string(), &literal);
    }
    let plain = Look::default();
    if let Some(registry) = subject.registry {
        heading.push(&format!(" of {registry}"), &plain);
    }
    heading.piece(":", &plain);
    heading.space();
    match subject.version {
        None => {
            let mut told = match subject.advisories.len() {
                0 => "no advisory".to_owned(),
                count => counted(count, "advisory", "advisories"),
            };
            if subject.releases.is_some() {
                told.push_str(&match list.len() {
                    0 => ", no release".to_owned(),
                    all => format!(", {}", counted(all, "release", "releases")),
                });
            }
            let mut gone = releases::gone(list.iter()).peekable();
            if gone.peek().is_none() && subject.releases.is_some() && !list.is_empty() {
                told.push_str(", none yanked");
            }
            for (count, word) in gone {
                told.push_str(&format!(", {count} {word}"));
            }
            heading.push(&told, &plain);
        }
        Some(_) => {
            heading.push(&standing(subject, named, hit.len(), missed.len()), &plain);
        }
    }
    heading.write(out, margin("", "    "), page);

    if subject.version.is_none() {
        write_list(out, "advisories", &hit, page);
    } else {
        write_list(out, "affected by", &hit, page);
        write_list(out, "not affected by", &missed, page);
    }
    write_crate_releases(out, subject, page);
    if subject.version.is_none() {
        write_gone(out, list, Yank::Yanked, "yanked releases", page);
        write_gone(out, list, Yank::Vanished, "removed releases", page);
    }
}

/// `1 advisory affects it, 2 do not; it is yanked`.
fn standing(subject: &Crate<'_>, named: Option<&Release>, hit: usize, missed: usize) -> String {
    let mut told = match (hit, missed) {
        (0, 0) => "no advisory".to_owned(),
        (0, _) => format!(
            "affected by none of {}",
            counted(missed, "advisory", "advisories")
        ),
        (_, 0) => format!("affected by {}", counted(hit, "advisory", "advisories")),
        _ => format!(
            "affected by {hit} of {}",
            counted(hit + missed, "advisory", "advisories")
        ),
    };
    let yank = |yank: Yank| match yank {
        Yank::None => "; not yanked",
        Yank::Yanked => "; yanked",
        Yank::Vanished => "; removed from its registry",
    };
    match named {
        Some(release) => {
            told.push_str(yank(release.yank));
            if let Some(day) = release.day() {
                told.push_str(&format!(", published {day}"));
            }
        }
        None => match subject.releases {
            Some(releases) => told.push_str(&format!(
                "; no such release {} {}",
                if releases.cached {
                    "is known of"
                } else {
                    "is on"
                },
                releases.registry
            )),
            None if subject.said.is_some() => told.push_str("; the index knows of no yank"),
            None => told.push_str("; whether it is yanked is not known"),
        },
    }
    told
}

/// Writes advisories, a few lines each.
fn write_list(out: &mut String, title: &str, list: &[&Listed], page: Page) {
    if list.is_empty() {
        return;
    }
    section(out, title);
    for Listed { advisory, url } in list {
        let mut line = Paragraph::default();
        line.push(
            &advisory.id,
            &Look {
                style: Style::new().bold(),
                link: url.clone(),
            },
        );
        let plain = Look::default();
        line.push(&format!(" {} ", advisory.date), &plain);
        line.push(advisory.kind.as_str(), &kind_style(advisory.kind).into());
        match (advisory.severity, advisory.kind) {
            (Some(severity), _) => line.push(&format!(", {severity} severity"), &plain),
            (None, Kind::Malicious | Kind::Vulnerability) => {
                line.push(", severity not scored", &plain);
            }
            _ => {}
        }
        line.write(out, margin("    ", "        "), page);
        Paragraph::of(&advisory.title).write(out, margin("        ", "        "), page);
        let patched = format!("patched: {}", patched(advisory));
        Paragraph::of(&patched).write(out, margin("        ", "          "), page);
    }
}

/// The line of releases over all advisories that speak of bad code. What is only unmaintained, or a notice, mostly concerns
/// every release, and would leave nothing to see.
fn write_crate_releases(out: &mut String, subject: &Crate<'_>, page: Page) {
    let Some(releases) = subject.releases else {
        return;
    };
    let (told, left_out): (Vec<_>, Vec<_>) = subject.advisories.iter().partition(|listed| {
        let advisory = &listed.advisory;
        matches!(
            advisory.kind,
            Kind::Malicious | Kind::Vulnerability | Kind::Unsound
        )
    });
    let note = if told.is_empty() || left_out.is_empty() {
        ""
    } else {
        ", unmaintained and notice left out"
    };
    let yanks = match subject.version {
        Some(_) => Yanks::Named,
        None => Yanks::Counted,
    };
    section(out, &releases.title(note));
    releases.write(out, subject.version, yanks, page, |version| {
        let ids: Vec<&str> = told
            .iter()
            .map(|listed| &listed.advisory)
            .filter(|advisory| advisory.affects(version))
            .map(|advisory| advisory.id.as_str())
            .collect();
        match ids.as_slice() {
            [] if told.is_empty() => (Mark::Unaffected, "nothing known", ids),
            [] => (Mark::Unaffected, "not affected", ids),
            _ => (Mark::Affected, "affected", ids),
        }
    });
}

/// Every release of which its registry says `yank`, with the day of its publication: registries do not tell when they
/// yanked it.
fn write_gone(out: &mut String, list: &[Release], yank: Yank, title: &str, page: Page) {
    let gone: Vec<&Release> = list.iter().filter(|release| release.yank == yank).collect();
    if gone.is_empty() {
        return;
    }
    match gone.iter().any(|release| release.published.is_some()) {
        true => section(out, &format!("{title}, with the day of publication")),
        false => section(out, title),
    }
    let mut text = Paragraph::default();
    for (place, release) in gone.iter().enumerate() {
        if place > 0 {
            text.piece(",", &Look::default());
        }
        text.space();
        text.push(&release.version.to_string(), &Look::default());
        if let Some(day) = release.day() {
            text.push(&format!(" ({day})"), &Look::default());
        }
    }
    text.write(out, margin("    ", "    "), page);
}
