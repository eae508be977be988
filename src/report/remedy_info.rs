//! Remedies as JSON.

use jiff::Timestamp;
use semver::Version;
use serde::Serialize;

use crate::remedy::{Caution, Change, Dependent, Edit, Move, Obstacle, Remedy, Switch};

/// A [`Remedy`] in JSON.
#[derive(Debug, Serialize)]
pub struct RemedyInfo {
    /// `lockfile`, `manifest`, `feature` or `none`.
    pub kind: &'static str,
    /// What becomes of the packages of Cargo.lock.
    pub moves: Vec<MoveInfo>,
    /// The lines of manifests to change.
    pub edits: Vec<EditInfo>,
    /// The features to leave out.
    pub switch: Option<SwitchInfo>,
    /// The dependents that exclude every version without the finding.
    pub held_back_by: Vec<DependentInfo>,
    /// Why there is none, for `none`.
    pub obstacle: Option<ObstacleInfo>,
}

#[derive(Debug, Serialize)]
pub struct MoveInfo {
    pub package: String,
    /// Null for a package that is added.
    pub from: Option<Version>,
    /// Null for a package that nothing needs any more.
    pub to: Option<Version>,
    pub cautions: Vec<CautionInfo>,
}

#[derive(Debug, Default, Serialize)]
pub struct CautionInfo {
    /// `young`, `build-script`, `new-dependencies` or `not-downloaded`.
    pub kind: &'static str,
    /// For `young`.
    pub published: Option<Timestamp>,
    /// For `new-dependencies`.
    pub dependencies: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct EditInfo {
    pub manifest: String,
    pub line: usize,
    pub key: Vec<String>,
    pub from: String,
    pub to: String,
}

#[derive(Debug, Serialize)]
pub struct SwitchInfo {
    pub manifest: String,
    pub line: usize,
    pub key: Vec<String>,
    pub without: Vec<String>,
    pub default_features: bool,
    pub features: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct DependentInfo {
    pub package: String,
    pub version: Version,
    pub member: bool,
    pub requirement: String,
}

#[derive(Debug, Serialize)]
pub struct ObstacleInfo {
    /// `no-patch`, `patch-yanked`, `rust-version`, `too-young` or `out-of-reach`.
    pub kind: &'static str,
    /// The releases without the finding, the oldest first.
    pub versions: Vec<Version>,
    /// The Rust that they need, for `rust-version`.
    pub rust_version: Option<String>,
}

impl From<&Remedy> for RemedyInfo {
    fn from(remedy: &Remedy) -> RemedyInfo {
        RemedyInfo {
            kind: remedy.change.as_str(),
            moves: remedy.moves.iter().map(MoveInfo::from).collect(),
            edits: match &remedy.change {
                Change::Manifest(edits) => edits.iter().map(EditInfo::from).collect(),
                _ => Vec::new(),
            },
            switch: match &remedy.change {
                Change::Feature(switch) => Some(SwitchInfo::from(switch)),
                _ => None,
            },
            held_back_by: remedy
                .held_back_by
                .iter()
                .map(DependentInfo::from)
                .collect(),
            obstacle: match &remedy.change {
                Change::None(obstacle) => Some(ObstacleInfo::from(obstacle)),
                _ => None,
            },
        }
    }
}

impl From<&Move> for MoveInfo {
    fn from(step: &Move) -> MoveInfo {
        MoveInfo {
            package: step.package.clone(),
            from: step.from.clone(),
            to: step.to.clone(),
            cautions: step.cautions.iter().map(CautionInfo::from).collect(),
        }
    }
}

impl From<&Caution> for CautionInfo {
    fn from(caution: &Caution) -> CautionInfo {
        match caution {
            Caution::Young { published } => CautionInfo {
                kind: "young",
                published: Some(*published),
                ..CautionInfo::default()
            },
            Caution::BuildScript => CautionInfo {
                kind: "build-script",
                ..CautionInfo::default()
            },
            Caution::NewDependencies(names) => CautionInfo {
                kind: "new-dependencies",
                dependencies: names.clone(),
                ..CautionInfo::default()
            },
            Caution::NotDownloaded => CautionInfo {
                kind: "not-downloaded",
                ..CautionInfo::default()
            },
        }
    }
}

impl From<&Edit> for EditInfo {
    fn from(edit: &Edit) -> EditInfo {
        EditInfo {
            manifest: edit.manifest.display().to_string(),
            line: edit.line,
            key: edit.key.clone(),
            from: edit.from.clone(),
            to: edit.to.clone(),
        }
    }
}

impl From<&Switch> for SwitchInfo {
    fn from(switch: &Switch) -> SwitchInfo {
        SwitchInfo {
            manifest: switch.manifest.display().to_string(),
            line: switch.line,
            key: switch.key.clone(),
            without: switch.without.clone(),
            default_features: switch.default_features,
            features: switch.features.clone(),
        }
    }
}

impl From<&Dependent> for DependentInfo {
    fn from(dependent: &Dependent) -> DependentInfo {
        DependentInfo {
            package: dependent.package.clone(),
            version: dependent.version.clone(),
            member: dependent.member,
            requirement: dependent.requirement.clone(),
        }
    }
}

impl From<&Obstacle> for ObstacleInfo {
    fn from(obstacle: &Obstacle) -> ObstacleInfo {
        let (kind, versions, rust_version) = match obstacle {
            Obstacle::NoPatch => ("no-patch", Vec::new(), None),
            Obstacle::PatchYanked(versions) => ("patch-yanked", versions.clone(), None),
            Obstacle::RustVersion { version, needs } => {
                ("rust-version", vec![version.clone()], Some(needs.clone()))
            }
            Obstacle::TooYoung(version) => ("too-young", vec![version.clone()], None),
            Obstacle::OutOfReach(version) => ("out-of-reach", vec![version.clone()], None),
        };
        ObstacleInfo {
            kind,
            versions,
            rust_version,
        }
    }
}
