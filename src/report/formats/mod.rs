//! The answers of one command as a document for other programs. One file a format, each a pure function of [`Content`].

use std::collections::HashSet;

use jiff::Timestamp;

use super::json::{FindingInfo, IgnoreInfo, Report, StepInfo};
use super::link::Link;
use super::untrusted::Within;
use crate::advisory::Kind;
use crate::config::DEFAULT_DATABASE;

mod cyclonedx;
mod github;
mod lockfile;
mod markdown;
mod openvex;
mod purl;
mod sarif;
mod uri;

pub use lockfile::Lockfile;

/// What made a document, as the formats name it.
const TOOL: &str = "cargo-advisory";
const TOOL_VERSION: &str = env!("CARGO_PKG_VERSION");

/// A format in which all answers of a command are one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    Sarif,
    CycloneDx,
    OpenVex,
    GitHub,
    Markdown,
}

impl Document {
    /// Their names on the command line.
    pub const ALL: [(&'static str, Document); 5] = [
        ("sarif", Document::Sarif),
        ("cyclonedx", Document::CycloneDx),
        ("openvex", Document::OpenVex),
        ("github", Document::GitHub),
        ("markdown", Document::Markdown),
    ];

    /// The whole document, with a newline at its end. Only the workflow commands of a GitHub action can be empty: where
    /// there is nothing to say.
    pub fn render(self, content: &Content<'_>) -> String {
        match self {
            Document::Sarif => sarif::render(content),
            Document::CycloneDx => cyclonedx::render(content),
            Document::OpenVex => openvex::render(content),
            Document::GitHub => github::render(content),
            Document::Markdown => markdown::render(content),
        }
    }
}

/// All that a document tells.
#[derive(Debug)]
pub struct Content<'a> {
    pub checked: Vec<Checked<'a>>,
    /// What could not be checked at all, and why, a phrase each.
    pub failures: Vec<String>,
    /// When the command ran.
    pub now: Timestamp,
}

/// One graph and what was found in it.
#[derive(Debug)]
pub struct Checked<'a> {
    pub report: Report<'a>,
    pub lockfile: Lockfile,
}

impl<'a> Content<'a> {
    /// What was found, and after it what is ignored.
    fn cases(&self) -> impl Iterator<Item = Case<'_>> {
        self.checked.iter().flat_map(Checked::cases)
    }

    /// When what the document says was known: when a database was last compared with the index. The same index so gives the
    /// same document.
    fn known_at(&self) -> Timestamp {
        self.checked
            .iter()
            .flat_map(|checked| &checked.report.index.databases)
            .map(|database| database.checked)
            .max()
            .unwrap_or(self.now)
    }
}

impl<'a> Checked<'a> {
    fn cases(&self) -> impl Iterator<Item = Case<'_>> {
        let found = self.report.findings.iter();
        found.chain(&self.report.ignored).map(|finding| Case {
            finding,
            ignore: finding.ignore.as_ref(),
            report: &self.report,
            lockfile: &self.lockfile,
        })
    }
}

/// A finding, ignored or not, and where it was found.
#[derive(Clone, Copy)]
struct Case<'a> {
    finding: &'a FindingInfo<'a>,
    /// What says to ignore it.
    ignore: Option<&'a IgnoreInfo<'a>>,
    report: &'a Report<'a>,
    lockfile: &'a Lockfile,
}

/// The most columns of a sentence by others. The longest title of RustSec has a third of it.
const SENTENCE: usize = 500;

impl<'a> Case<'a> {
    /// The advisory's id, or the word for a yank.
    fn id(&self) -> &'a str {
        self.finding.id.unwrap_or(Kind::Yanked.as_str())
    }

    /// Whether the finding is about what an attacker could use. The other kinds say how a package is looked after.
    fn is_about_security(&self) -> bool {
        [Kind::Malicious, Kind::Vulnerability, Kind::Unsound]
            .iter()
            .any(|kind| kind.as_str() == self.finding.kind)
    }

    fn is_malicious(&self) -> bool {
        self.finding.kind == Kind::Malicious.as_str()
    }

    /// Whether a build is known. Of a lockfile alone none is, and its packages have the scope `unbuilt` all the same.
    fn build_is_known(&self) -> bool {
        self.report.lockfile.is_none()
    }

    /// Whether it is known that the build does not use the package.
    fn is_unbuilt(&self) -> bool {
        self.build_is_known() && self.finding.scope == "unbuilt"
    }

    fn line(&self) -> usize {
        let FindingInfo {
            package,
            version,
            source,
            ..
        } = self.finding;
        self.lockfile.line(package, &version.to_string(), *source)
    }

    /// `leaky 1.0.0`, harmless.
    fn package(&self) -> String {
        let FindingInfo {
            package, version, ..
        } = self.finding;
        shown(&format!("{package} {version}"))
    }

    /// What the matter is, harmless.
    fn title(&self) -> String {
        match &self.finding.title {
            Some(title) => shown(title),
            None if self.finding.vanished => {
                "this version was removed from its registry".to_owned()
            }
            None => "this version was yanked from its registry".to_owned(),
        }
    }

    /// `vulnerability, critical severity (CVSS score 9.8)`.
    fn weight(&self) -> String {
        let FindingInfo {
            kind,
            severity,
            score,
            ..
        } = self.finding;
        match (severity, score) {
            (Some(severity), Some(score)) => {
                format!("{kind}, {severity} severity (CVSS score {score:.1})")
            }
            (Some(severity), None) => format!("{kind}, {severity} severity"),
            (None, _) => (*kind).to_owned(),
        }
    }

    /// The best path from the workspace to the package, harmless: `app 0.1.0 → leaky 1.0.0`.
    fn path(&self) -> Option<String> {
        let named = |step: &StepInfo<'_>| format!("{} {}", step.package, step.version);
        let steps: Vec<String> = self.finding.paths.first()?.iter().map(named).collect();
        Some(shown(&steps.join(" → ")))
    }

    /// What makes the finding go away, harmless: the remedy where one was looked for, else what the advisory says.
    fn advice(&self) -> String {
        let FindingInfo {
            action, patched, ..
        } = self.finding;
        match action {
            Some(action) => shown(action),
            None if self.finding.id.is_none() => "a version that was not yanked".to_owned(),
            None if patched.is_empty() => "no version is known to be patched".to_owned(),
            None => shown(&format!("a patched version: {}", patched.join(" or "))),
        }
    }

    /// Where there is more to read, as a URI: RustSec's page where all advisories are RustSec's, else what the advisory names
    /// itself.
    fn page(&self) -> Option<String> {
        let id = self.finding.id?;
        let databases = &self.report.index.databases;
        let all_of_rustsec = databases
            .iter()
            .all(|database| database.is_all_of(DEFAULT_DATABASE));
        let of_rustsec = Link::of_rustsec(id).filter(|_| all_of_rustsec);
        match of_rustsec {
            Some(page) => uri::of_link(&page),
            None => self.own_page(),
        }
    }

    /// The URI that the advisory names.
    fn own_page(&self) -> Option<String> {
        let own = self.finding.url.as_deref().and_then(Link::new)?;
        uri::of_link(&own)
    }
}

impl IgnoreInfo<'_> {
    /// The reason and how long it holds, harmless.
    fn words(&self) -> String {
        match &self.until {
            Some(until) => shown(&format!("ignored until {until}: {}", self.reason)),
            None => shown(&format!("ignored: {}", self.reason)),
        }
    }
}

/// Foreign text that does nothing but be read, cut where it is longer than anybody reads.
fn shown(text: &str) -> String {
    Within(text, SENTENCE).to_string()
}

/// A document of JSON on one line. Members that are null are left out, as these formats want it.
fn json_line(mut document: serde_json::Value) -> String {
    drop_nulls(&mut document);
    super::json::line(&document).expect("the keys of a value are strings")
}

fn drop_nulls(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// A name for a document that says this: the same for the same words, `urn:uuid:...` of version 8.
fn urn_of(document: &serde_json::Value) -> String {
    let hash = blake3::hash(document.to_string().as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_bytes()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "urn:uuid:{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

/// A list without repetition, as these formats want it.
#[derive(Default)]
struct Distinct {
    items: Vec<serde_json::Value>,
    seen: HashSet<String>,
}

impl Distinct {
    fn push(&mut self, item: serde_json::Value) {
        if self.seen.insert(item.to_string()) {
            self.items.push(item);
        }
    }
}
