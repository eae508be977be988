//! All that is known of one advisory, or of one crate, as pages to read.

mod fields;
mod of_crate;

pub use of_crate::{Crate, Listed, of_crate};

use anstyle::Style;
use cargo_util_terminal::style;
use semver::Version;

use self::fields::Fields;
use super::link::Link;
use super::paragraph::{Look, Margin, Paragraph};
use super::releases::{self, Judged, Mark, Release, Yanks};
use super::{Page, markdown, push};
use crate::advisory::{Advisory, Kind, Registry};
use crate::check;
use crate::graph::Yanked;
use crate::yank::{Said, Yank};

/// What a registry knows of a crate.
#[derive(Debug)]
pub struct Releases {
    /// The registry as a user knows it.
    pub registry: String,
    /// From the oldest to the newest.
    pub list: Vec<Release>,
    /// They are what was known when the registry was last asked.
    pub cached: bool,
}

impl Releases {
    /// Adds what the registry has `said` to the last refresh, as [`check::yank`] has it.
    pub fn add(&mut self, said: &Said) {
        for release in &mut self.list {
            let cargo = match release.yank {
                Yank::None => Yanked::No,
                Yank::Yanked | Yank::Vanished => Yanked::Yes,
            };
            let told = said.of(&release.version);
            release.yank = check::yank(cargo, Some(told)).unwrap_or(told);
        }
        for release in Release::told(said) {
            if let Err(place) = self
                .list
                .binary_search_by(|known| known.version.cmp(&release.version))
            {
                self.list.insert(place, release);
            }
        }
    }

    /// The heading of their line.
    fn title(&self, note: &str) -> String {
        let cached = if self.cached { ", as last seen" } else { "" };
        format!("releases{note}{cached}")
    }

    /// Writes them as a line, with what `judge` makes of each.
    fn write<'a>(
        &'a self,
        out: &mut String,
        named: Option<&Version>,
        yanks: Yanks,
        page: Page,
        judge: impl Fn(&Version) -> (Mark, &'static str, Vec<&'a str>),
    ) {
        if self.list.is_empty() {
            let none = format!("none: {} has no such crate", self.registry);
            Paragraph::of(&none).write(out, margin("    ", "    "), page);
            return;
        }
        let judged: Vec<Judged<'_>> = self
            .list
            .iter()
            .map(|release| {
                let (mark, word, ids) = judge(&release.version);
                Judged {
                    release,
                    mark,
                    word,
                    ids,
                }
            })
            .collect();
        releases::write(out, &judged, named, yanks, page);
    }
}

/// An advisory and what it was found with.
#[derive(Debug)]
pub struct Explained<'a> {
    pub advisory: &'a Advisory,
    /// Where RustSec shows it, if it is RustSec's.
    pub url: Option<Link>,
    /// The database that it comes from, where there are several.
    pub database: Option<&'a str>,
    /// None if they are not known.
    pub releases: Option<&'a Releases>,
}

/// Adds all of one advisory to `out`.
pub fn advisory(out: &mut String, explained: &Explained<'_>, page: Page) {
    let advisory = explained.advisory;
    let mut heading = Paragraph::default();
    heading.push(
        &advisory.id,
        &Look {
            style: style::LITERAL,
            link: explained.url.clone(),
        },
    );
    heading.space();
    heading.push(&advisory.title, &Style::new().bold().into());
    heading.write(out, margin("", "    "), page);
    out.push('\n');

    let mut fields = Fields { out, page };
    let kind = kind_style(advisory.kind).into();
    fields.looking("kind", &kind, [advisory.kind.as_str()]);
    match (advisory.severity, &advisory.cvss) {
        (Some(severity), Some(cvss)) => {
            fields.words("severity", &format!("{severity} ({cvss})"));
        }
        (Some(severity), None) => fields.words("severity", severity.as_str()),
        (None, _) => {
            if matches!(advisory.kind, Kind::Malicious | Kind::Vulnerability) {
                fields.words("severity", "not scored");
            }
        }
    }
    fields.words("package", &advisory.package);
    if let Registry::Other(source) = &advisory.registry {
        fields.words("registry", source);
    }
    fields.words("reported", &advisory.date);
    fields.words("patched", &patched(advisory));
    if !advisory.unaffected.is_empty() {
        fields.words("unaffected", &advisory.unaffected.join(" or "));
    }
    if !advisory.affected_os.is_empty() {
        fields.words("systems", &advisory.affected_os.join(", "));
    }
    if !advisory.affected_arch.is_empty() {
        fields.words("processors", &advisory.affected_arch.join(", "));
    }
    fields.lines("functions", &advisory.affected_functions);
    fields.ids("aliases", &advisory.aliases);
    fields.ids("related", &advisory.related);
    let mut links: Vec<&str> = Vec::new();
    let url = explained.url.iter().map(Link::url);
    for link in url
        .chain(advisory.url.as_deref())
        .chain(advisory.references.iter().map(String::as_str))
    {
        if !links.contains(&link) {
            links.push(link);
        }
    }
    fields.links("links", &links);
    if let Some(database) = explained.database {
        fields.lines("database", &[database.to_owned()]);
    }

    if let Some(releases) = explained.releases {
        section(out, &releases.title(""));
        releases.write(out, None, Yanks::Named, page, |version| {
            let mark = Mark::of(version, advisory);
            (mark, mark.as_str(), Vec::new())
        });
    }
    if !advisory.description.trim().is_empty() {
        section(out, "description");
        markdown::write(out, &advisory.description, 4, page);
    }
}

/// What a user can go to, in RustSec's notation.
fn patched(advisory: &Advisory) -> String {
    if advisory.patched.is_empty() {
        "no version".to_owned()
    } else {
        advisory.patched.join(" or ")
    }
}

fn section(out: &mut String, title: &str) {
    let header = style::HEADER;
    push(out, format_args!("\n{header}{title}{header:#}\n"));
}

fn kind_style(kind: Kind) -> Style {
    match kind {
        Kind::Malicious | Kind::Vulnerability => style::ERROR,
        Kind::Unsound | Kind::Yanked => style::WARN,
        Kind::Unmaintained | Kind::Notice => style::NOTE,
    }
}

fn margin<'a>(first: &'a str, rest: &'a str) -> Margin<'a> {
    Margin { first, rest }
}
