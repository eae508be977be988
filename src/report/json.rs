//! The stable JSON form. Fields are only ever added.

use jiff::Timestamp;
use semver::Version;
use serde::Serialize;

use crate::advisory::Advisory;
use crate::check::Finding;
use crate::graph::path::{Path, Paths};
use crate::graph::{DependencyKind, Graph, Package};
use crate::index::{self, Index};
use crate::policy::Policy;
use crate::remedy::Remedy;
use crate::report::remedy_info::RemedyInfo;

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
    pub ignored: [(); 0],
    /// Dependencies of which no advisory speaks, because they come from no registry.
    pub unchecked: Vec<PackageInfo<'a>>,
    /// What kept the check from a full answer.
    pub problems: Vec<ProblemInfo>,
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
    /// When the database was last compared with the index.
    pub checked: Timestamp,
}

/// A [`Finding`] with its advisory's details. For a yank everything that only an advisory has is null or empty.
#[derive(Debug, Serialize)]
pub struct FindingInfo<'a> {
    pub kind: &'static str,
    pub id: Option<&'a str>,
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
        finding: &Finding<'a>,
        index: &Index,
        policy: &Policy,
        paths: &Paths<'a>,
        remedy: Option<&Remedy>,
    ) -> Result<FindingInfo<'a>, index::Error> {
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
            package: &finding.package.name,
            version: &finding.package.version,
            source: finding.package.source.id.as_deref(),
            scope: finding.package.scope().as_str(),
            level: policy.level(finding).as_str(),
            severity: finding.severity().map(|severity| severity.as_str()),
            score,
            cvss,
            title,
            date,
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
