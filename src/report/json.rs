//! The stable JSON form. Fields are only ever added.

use jiff::Timestamp;
use semver::Version;
use serde::Serialize;

use crate::advisory::Advisory;
use crate::check::Finding;
use crate::graph::Package;
use crate::index::{self, Index};
use crate::policy::Policy;

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
    /// The CVSS vector.
    pub cvss: Option<String>,
    pub title: Option<String>,
    pub url: Option<String>,
    pub aliases: Vec<String>,
    pub patched: Vec<String>,
    pub unaffected: Vec<String>,
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
    ) -> Result<FindingInfo<'a>, index::Error> {
        let advisory = finding
            .entry
            .map(|entry| index.details(&entry))
            .transpose()?;
        let Details {
            cvss,
            title,
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
            cvss,
            title,
            url,
            aliases,
            patched,
            unaffected,
        })
    }
}

#[derive(Default)]
struct Details {
    cvss: Option<String>,
    title: Option<String>,
    url: Option<String>,
    aliases: Vec<String>,
    patched: Vec<String>,
    unaffected: Vec<String>,
}

impl From<Advisory> for Details {
    fn from(advisory: Advisory) -> Details {
        Details {
            cvss: advisory.cvss,
            title: Some(advisory.title),
            url: advisory.url,
            aliases: advisory.aliases,
            patched: advisory.patched,
            unaffected: advisory.unaffected,
        }
    }
}
