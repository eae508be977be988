//! The stable JSON form. Fields are only ever added.

use jiff::Timestamp;
use jiff::civil::Date;
use semver::Version;
use serde::Serialize;

use crate::advisory::Advisory;
use crate::check::{Coverage, Finding};
use crate::database::Origin;
use crate::graph::path::{Path, Paths};
use crate::graph::{DependencyKind, Graph, Package};
use crate::ignore::{What, While};
use crate::index::{self, Index};
use crate::policy::{Entry, Judged, Judgement, Stale};
use crate::problem::Problem;
use crate::remedy::Remedy;
use crate::report::remedy_info::RemedyInfo;
use crate::report::untrusted::acts;
use crate::report::{decision, push, remedy};

/// One answer: one object on one line.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    /// The lockfile that was asked about, where one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lockfile: Option<String>,
    pub index: IndexInfo<'a>,
    /// How many packages there are.
    pub packages: usize,
    /// Worst first.
    pub findings: Vec<FindingInfo<'a>>,
    /// Found, but ignored as the configuration says. Worst first.
    pub ignored: Vec<FindingInfo<'a>>,
    /// Ignores that should go.
    pub stale_ignores: Vec<StaleInfo<'a>>,
    /// Dependencies of which no advisory speaks, because they come from no registry.
    pub unchecked: Vec<PackageInfo<'a>>,
    /// How far yanks are known.
    pub yanks: YanksInfo,
    /// What kept the check from a full answer.
    pub problems: Vec<ProblemInfo>,
}

/// Of how many packages from registries it is known whether they are yanked.
#[derive(Debug, Serialize)]
pub struct YanksInfo {
    pub known: usize,
    pub unknown: usize,
    /// When a registry was asked about those that are known from the index, at the earliest. Null where there are none.
    pub asked: Option<Timestamp>,
}

impl From<Coverage> for YanksInfo {
    fn from(coverage: Coverage) -> YanksInfo {
        YanksInfo {
            known: coverage.known,
            unknown: coverage.unknown,
            asked: coverage.asked,
        }
    }
}

/// A document of JSON on one line, as it is safe to print.
///
/// # Errors
///
/// When it is no JSON, as a map whose keys are no strings.
pub fn line(document: &impl Serialize) -> serde_json::Result<String> {
    let mut text = harmless(&serde_json::to_string(document)?);
    text.push('\n');
    Ok(text)
}

/// The text of a JSON document on one line in which nothing acts on a terminal or on the log of a build server. Everything
/// that is printed as JSON goes through it.
///
/// Escaped are the control and format characters that JSON leaves as they are, and the second `#` of two: there `##[`
/// starts a command wherever it stands. All of them are only ever inside a string.
pub fn harmless(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if acts(c) || c == '#' && out.ends_with('#') {
            for unit in c.encode_utf16(&mut [0; 2]) {
                push(&mut out, format_args!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// What was checked against.
#[derive(Debug, Serialize)]
pub struct IndexInfo<'a> {
    pub databases: Vec<DatabaseInfo<'a>>,
    /// Withdrawn ones included, as their databases hold them.
    pub advisories: usize,
}

#[derive(Debug, Serialize)]
pub struct DatabaseInfo<'a> {
    pub url: &'a str,
    /// Null for a folder.
    pub commit: Option<&'a str>,
    /// When the commit was made, null for a folder.
    pub committed: Option<Timestamp>,
    /// When the database was last compared with the index. For a snapshot that is when its publisher last looked.
    pub checked: Timestamp,
    /// What a snapshot was made of; else empty.
    pub made_of: &'a [Origin],
}

impl DatabaseInfo<'_> {
    /// Whether all of it comes from the database at `url`.
    pub fn is_all_of(&self, url: &str) -> bool {
        self.url == url
            || !self.made_of.is_empty() && self.made_of.iter().all(|origin| origin.url == url)
    }
}

/// A finding with its advisory's details. For a yank everything that only an advisory has is null or empty.
#[derive(Debug, Serialize)]
pub struct FindingInfo<'a> {
    pub kind: &'static str,
    pub id: Option<&'a str>,
    /// Of a yank: the registry does not know the version any more.
    pub vanished: bool,
    pub package: &'a str,
    pub version: &'a Version,
    /// As Cargo.lock writes it, null for a path.
    pub source: Option<&'a str>,
    pub scope: &'static str,
    pub level: &'static str,
    pub severity: Option<&'static str>,
    /// What the vector amounts to, from 0.0 to 10.0.
    pub score: Option<f64>,
    /// The CVSS vector.
    pub cvss: Option<String>,
    pub title: Option<String>,
    /// When it was reported: `YYYY-MM-DD`.
    pub date: Option<String>,
    /// The day on which it came into the index.
    pub appeared: Option<Date>,
    /// The day on which the time of grace is over that spares the finding now.
    pub grace_until: Option<Date>,
    pub url: Option<String>,
    pub aliases: Vec<String>,
    pub patched: Vec<String>,
    pub unaffected: Vec<String>,
    /// The features of the package that are on, null where no build is known or it is in none.
    pub features: Option<&'a [String]>,
    /// How the workspace comes by the package, the best first, [`MOST_PATHS`] at the most.
    pub paths: Vec<Vec<StepInfo<'a>>>,
    /// Null where none was looked for.
    pub remedy: Option<RemedyInfo>,
    /// Why it is ignored. Null where it is not.
    pub ignore: Option<IgnoreInfo<'a>>,
    /// The remedy in a sentence, for the formats that people read.
    #[serde(skip)]
    pub action: Option<String>,
}

/// How many paths to a package are listed.
pub const MOST_PATHS: usize = 10;

/// A package on a path, and what its manifest says of the next one. For the last one there is nothing to say.
#[derive(Debug, Serialize)]
pub struct StepInfo<'a> {
    pub package: &'a str,
    pub version: &'a Version,
    /// As Cargo.lock writes it, null for a path.
    pub source: Option<&'a str>,
    /// `normal`, `build` or `dev`; null where only a lockfile is known.
    pub kind: Option<&'static str>,
    /// The name that the manifest gives to the next package, where that is another.
    pub renamed: Option<&'a str>,
    /// The features of this package that ask for the next one, where that is optional.
    pub features: &'a [String],
    /// One at least of these features is on by default.
    pub by_default: bool,
    /// Features of the workspace's members that turn one of them on, where that is what the build lacks and this package
    /// is no member itself.
    pub turned_on_by: Vec<SwitchInfo<'a>>,
    /// As the manifest writes it.
    pub platform: Option<&'a str>,
    /// What would have to be otherwise for a build to take this step.
    pub lacks: Vec<&'static str>,
}

/// A feature of a member.
#[derive(Debug, Serialize)]
pub struct SwitchInfo<'a> {
    pub package: &'a str,
    pub feature: &'a str,
}

impl<'a> StepInfo<'a> {
    fn all(graph: &'a Graph, path: &Path) -> Vec<StepInfo<'a>> {
        let steps = path.packages.iter().enumerate();
        steps
            .map(|(place, position)| {
                let package = &graph.packages[*position];
                let edge = path.edges.get(place).map(|edge| &graph.edges[*edge]);
                // A path begins with a package that the build could have been asked for.
                let unselected = place == 0 && package.is_unbuilt();
                let lacks = edge.into_iter().flat_map(|edge| &edge.lacks);
                StepInfo {
                    package: &package.name,
                    version: &package.version,
                    source: package.source.id.as_deref(),
                    kind: edge.and_then(|edge| edge.kind).map(DependencyKind::as_str),
                    renamed: edge.and_then(|edge| edge.renamed.as_deref()),
                    features: edge.map_or(&[], |edge| &edge.features),
                    by_default: edge.is_some_and(|edge| edge.by_default),
                    turned_on_by: edge
                        .into_iter()
                        .flat_map(|edge| &edge.turned_on_by)
                        .map(|switch| SwitchInfo {
                            package: &graph.packages[switch.package].name,
                            feature: &switch.feature,
                        })
                        .collect(),
                    platform: edge.and_then(|edge| edge.platform.as_deref()),
                    lacks: unselected
                        .then_some("package")
                        .into_iter()
                        .chain(lacks.map(|lack| lack.as_str()))
                        .collect(),
                }
            })
            .collect()
    }
}

/// An entry of `advisory.ignore`. What it does not have is null.
#[derive(Debug, Serialize)]
pub struct IgnoreInfo<'a> {
    /// An advisory's id or an alias of it.
    pub id: Option<String>,
    /// A crate, `NAME` or `NAME@VERSION`.
    pub package: Option<String>,
    pub reason: &'a str,
    /// The last day on which it holds, `YYYY-MM-DD`.
    pub until: Option<Date>,
    /// What must be true for it to hold: `unfixable` or `unbuilt`.
    #[serde(rename = "while")]
    pub condition: Option<&'static str>,
    /// It covers only paths through this crate.
    pub via: Option<&'a str>,
    /// The file, variable or flag that holds it.
    pub set_in: &'a str,
}

/// An ignore that should go.
#[derive(Debug, Serialize)]
pub struct StaleInfo<'a> {
    #[serde(flatten)]
    pub ignore: IgnoreInfo<'a>,
    /// Why it should go.
    pub why: String,
}

impl<'a> From<&'a Entry> for IgnoreInfo<'a> {
    fn from(entry: &'a Entry) -> IgnoreInfo<'a> {
        let ignore = &entry.ignore;
        let what = Some(ignore.what.to_string());
        let (id, package) = match ignore.what {
            What::Id(_) => (what, None),
            What::Package { .. } => (None, what),
        };
        IgnoreInfo {
            id,
            package,
            reason: &ignore.reason,
            until: ignore.until,
            condition: ignore.condition.map(While::as_str),
            via: ignore.via.as_deref(),
            set_in: &entry.by,
        }
    }
}

impl<'a> From<&Stale<'a>> for StaleInfo<'a> {
    fn from(stale: &Stale<'a>) -> StaleInfo<'a> {
        StaleInfo {
            ignore: stale.entry.into(),
            why: decision::stale(stale),
        }
    }
}

#[derive(Debug, Serialize)]
pub struct PackageInfo<'a> {
    pub package: &'a str,
    pub version: &'a Version,
    /// As Cargo.lock writes it, null for a path.
    pub source: Option<&'a str>,
}

impl<'a> From<&'a Package> for PackageInfo<'a> {
    fn from(package: &'a Package) -> PackageInfo<'a> {
        PackageInfo {
            package: &package.name,
            version: &package.version,
            source: package.source.id.as_deref(),
        }
    }
}

#[derive(Debug, Serialize)]
pub struct ProblemInfo {
    pub code: &'static str,
    pub message: String,
}

impl<'a> Report<'a> {
    /// What was found in the graph of `paths`. `remedy` gives the remedy of a finding where one was looked for.
    ///
    /// # Errors
    ///
    /// When the record of an advisory in `index` is damaged.
    pub fn new(
        index: &'a Index,
        paths: &Paths<'a>,
        judgement: &Judgement<'a, 'a>,
        yanks: Coverage,
        problems: &[Problem],
        remedy: impl Fn(&Finding<'_>) -> Option<&'a Remedy>,
    ) -> Result<Report<'a>, index::Error> {
        let infos = |judged: &[Judged<'a, 'a>]| {
            let judged = judged.iter();
            judged
                .map(|judged| FindingInfo::new(judged, index, paths, remedy(&judged.finding)))
                .collect::<Result<Vec<_>, _>>()
        };
        let packages = &paths.graph.packages;
        Ok(Report {
            lockfile: None,
            index: IndexInfo::new(index),
            packages: packages.len(),
            findings: infos(&judgement.findings)?,
            ignored: infos(&judgement.ignored)?,
            stale_ignores: judgement.stale.iter().map(StaleInfo::from).collect(),
            unchecked: paths.graph.unchecked().map(PackageInfo::from).collect(),
            yanks: yanks.into(),
            problems: problems.iter().map(ProblemInfo::from).collect(),
        })
    }
}

impl From<&Problem> for ProblemInfo {
    fn from(problem: &Problem) -> ProblemInfo {
        ProblemInfo {
            code: problem.code(),
            message: problem.to_string(),
        }
    }
}

impl<'a> IndexInfo<'a> {
    pub fn new(index: &'a Index) -> IndexInfo<'a> {
        IndexInfo {
            databases: index
                .databases()
                .iter()
                .map(|database| DatabaseInfo {
                    url: &database.url,
                    commit: database.commit.as_deref(),
                    committed: database.committed,
                    checked: database.checked,
                    made_of: match &database.published {
                        Some(published) => &published.origins,
                        None => &[],
                    },
                })
                .collect(),
            advisories: index.advisories() + index.withdrawn(),
        }
    }
}

impl<'a> FindingInfo<'a> {
    /// # Errors
    ///
    /// When the advisory's record in `index` is damaged.
    pub fn new(
        judged: &Judged<'a, 'a>,
        index: &Index,
        paths: &Paths<'a>,
        remedy: Option<&Remedy>,
    ) -> Result<FindingInfo<'a>, index::Error> {
        let finding = &judged.finding;
        let advisory = finding
            .entry
            .map(|entry| index.details(&entry))
            .transpose()?;
        let Details {
            score,
            cvss,
            title,
            date,
            url,
            aliases,
            patched,
            unaffected,
        } = advisory.map(Details::from).unwrap_or_default();
        Ok(FindingInfo {
            kind: finding.kind.as_str(),
            id: finding.id(),
            vanished: finding.vanished,
            package: &finding.package.name,
            version: &finding.package.version,
            source: finding.package.source.id.as_deref(),
            scope: finding.package.scope().as_str(),
            level: judged.level().as_str(),
            severity: finding.severity().map(|severity| severity.as_str()),
            score,
            cvss,
            title,
            date,
            appeared: finding.entry.map(|entry| entry.appeared),
            grace_until: judged.decision.grace_until(),
            url,
            aliases,
            patched,
            unaffected,
            features: finding.package.features.as_deref(),
            paths: paths
                .to(finding.position, MOST_PATHS)
                .iter()
                .map(|path| StepInfo::all(paths.graph, path))
                .collect(),
            remedy: remedy.map(RemedyInfo::from),
            ignore: judged.decision.ignored().map(IgnoreInfo::from),
            action: remedy.map(|remedy| remedy::action(remedy, &finding.package.name)),
        })
    }
}

#[derive(Default)]
struct Details {
    score: Option<f64>,
    cvss: Option<String>,
    title: Option<String>,
    date: Option<String>,
    url: Option<String>,
    aliases: Vec<String>,
    patched: Vec<String>,
    unaffected: Vec<String>,
}

impl From<Advisory> for Details {
    fn from(advisory: Advisory) -> Details {
        Details {
            score: advisory.score(),
            cvss: advisory.cvss,
            title: Some(advisory.title),
            date: Some(advisory.date),
            url: advisory.url,
            aliases: advisory.aliases,
            patched: advisory.patched,
            unaffected: advisory.unaffected,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn printed(text: &str) -> String {
        line(&[text]).unwrap()
    }

    #[test]
    fn what_acts_is_escaped() {
        for (text, expected) in [
            ("a\u{202e}b\u{9b}31m\u{7f}", r"a\u202eb\u009b31m\u007f"),
            ("\u{1b}[2J\r\n", r"\u001b[2J\r\n"),
            ("\u{feff}\u{2028}\u{200b}", r"\ufeff\u2028\u200b"),
            ("\u{e0041}", r"\udb40\udc41"),
            ("###[error]", r"#\u0023#[error]"),
            ("Größe 漢字 # 🦀", "Größe 漢字 # 🦀"),
        ] {
            assert_eq!(printed(text), format!("[\"{expected}\"]\n"));
        }
    }

    proptest! {
        #[test]
        fn nothing_acts_and_it_says_the_same(
            text in any::<String>(),
            marks in "[#\u{80}-\u{9f}\u{200b}-\u{2030}\u{e0000}-\u{e0100}a]{0,20}",
        ) {
            let text = text + &marks;
            let printed = printed(&text);
            let document = printed.strip_suffix('\n').unwrap();
            prop_assert!(!document.contains(acts), "{document:?}");
            prop_assert!(!document.contains("##"));
            prop_assert_eq!(serde_json::from_str::<[String; 1]>(document).unwrap(), [text]);
        }
    }
}
