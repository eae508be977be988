//! Remedies in words, and as JSON.

use std::path::Path;

use jiff::Timestamp;
use semver::Version;
use serde::Serialize;

use super::{Configured, Untrusted, counted};
use crate::freshness::words;
use crate::remedy::{Caution, Change, Dependent, Edit, Move, Obstacle, Remedy, Switch};

/// How many moves beside that of the package itself are named.
const NAMED: usize = 3;

/// What to do about a finding, for people: the change, what it takes along, and what to know before. One item is one
/// paragraph. `package` is the one that has the finding.
pub fn paragraphs(remedy: &Remedy, package: &str, now: Timestamp) -> Vec<String> {
    let moves = || moves(&remedy.moves, package);
    let mut paragraphs = Vec::new();
    match &remedy.change {
        Change::Lockfile => paragraphs.push(format!("`cargo advisory fix`: {}", moves())),
        Change::Manifest(edits) => {
            let edits: Vec<String> = edits.iter().map(edit).collect();
            paragraphs.push(format!(
                "`cargo advisory fix --manifest`: {}; then {}",
                edits.join(", "),
                moves()
            ));
        }
        Change::Feature(found) => paragraphs.push(switch(found)),
        Change::None(obstacle) => paragraphs.push(format!("none: {}", none(obstacle))),
    }
    if !remedy.held_back_by.is_empty() {
        let dependents: Vec<String> = remedy.held_back_by.iter().map(dependent).collect();
        paragraphs.push(format!("held back by {}", dependents.join(", ")));
    }
    for step in &remedy.moves {
        let (Some(to), false) = (&step.to, step.cautions.is_empty()) else {
            continue;
        };
        let cautions: Vec<String> = step
            .cautions
            .iter()
            .map(|caution| words_of(caution, now))
            .collect();
        paragraphs.push(format!(
            "caution: {} {}",
            named(&step.package, to),
            cautions.join(", ")
        ));
    }
    paragraphs
}

fn named(package: &str, version: &Version) -> String {
    format!("{} {}", Untrusted(package), Untrusted(&version.to_string()))
}

/// `time 0.1.43 to 0.1.44, and 2 more packages move: ...`.
fn moves(moves: &[Move], package: &str) -> String {
    let (own, others): (Vec<&Move>, Vec<&Move>) =
        moves.iter().partition(|step| step.package == package);
    let mut said: Vec<String> = own.into_iter().map(movement).collect();
    // What moves says more than what merely comes or goes with it.
    let (moved, along): (Vec<&Move>, Vec<&Move>) = others
        .into_iter()
        .partition(|step| step.from.is_some() && step.to.is_some());
    let room = NAMED.saturating_sub(moved.len());
    let shown: Vec<&Move> = moved
        .iter()
        .take(NAMED)
        .chain(along.iter().take(room))
        .copied()
        .collect();
    said.extend(shown.iter().map(|step| movement(step)));
    let left = moved.len() + along.len() - shown.len();
    if left > 0 {
        said.push(counted(left, "more package", "more packages"));
    }
    if said.is_empty() {
        return "Cargo.lock stays as it is".to_owned();
    }
    said.join(", ")
}

fn movement(step: &Move) -> String {
    match (&step.from, &step.to) {
        (Some(from), Some(to)) => {
            format!(
                "{} to {}",
                named(&step.package, from),
                Untrusted(&to.to_string())
            )
        }
        (Some(from), None) => format!("without {}", named(&step.package, from)),
        (None, Some(to)) => format!("with {}", named(&step.package, to)),
        (None, None) => Untrusted(&step.package).to_string(),
    }
}

fn place(manifest: &Path, line: usize) -> String {
    format!("{}:{line}", Configured(&manifest.display().to_string()))
}

fn edit(edit: &Edit) -> String {
    format!(
        "{} `{}` from \"{}\" to \"{}\"",
        place(&edit.manifest, edit.line),
        Untrusted(edit.key.last().map_or("", String::as_str)),
        Untrusted(&edit.from),
        Untrusted(&edit.to)
    )
}

fn switch(switch: &Switch) -> String {
    let listed = |features: &[String], quote: char| {
        let features: Vec<String> = features
            .iter()
            .map(|feature| format!("{quote}{}{quote}", Untrusted(feature)))
            .collect();
        features.join(", ")
    };
    let mut say = Vec::new();
    if !switch.default_features {
        say.push("default-features = false".to_owned());
    }
    if switch.default_features || !switch.features.is_empty() {
        say.push(format!("features = [{}]", listed(&switch.features, '"')));
    }
    format!(
        "{} `{}` without its {} {} (`{}`) drops it, if the code can do without",
        place(&switch.manifest, switch.line),
        Untrusted(switch.key.last().map_or("", String::as_str)),
        if switch.without.len() == 1 {
            "feature"
        } else {
            "features"
        },
        listed(&switch.without, '`'),
        say.join(", "),
    )
}

fn none(obstacle: &Obstacle) -> String {
    let version = |version: &Version| Untrusted(&version.to_string()).to_string();
    match obstacle {
        Obstacle::NoPatch => "no release is without it".to_owned(),
        Obstacle::PatchYanked(versions) => {
            let versions: Vec<String> = versions.iter().map(version).collect();
            format!(
                "no release is without it but {}, which {} yanked",
                versions.join(", "),
                if versions.len() == 1 { "was" } else { "were" }
            )
        }
        Obstacle::RustVersion {
            version: found,
            needs,
        } => format!(
            "{} is without it, and needs Rust {}",
            version(found),
            Untrusted(needs)
        ),
        Obstacle::TooYoung(found) => format!(
            "{} is without it, and younger than `min-publish-age` allows",
            version(found)
        ),
        Obstacle::OutOfReach(found) => format!(
            "{} is without it, and no change of requirements here leads to it",
            version(found)
        ),
    }
}

fn dependent(dependent: &Dependent) -> String {
    format!(
        "{} ({})",
        named(&dependent.package, &dependent.version),
        Untrusted(&dependent.requirement)
    )
}

fn words_of(caution: &Caution, now: Timestamp) -> String {
    match caution {
        Caution::Young { published } => {
            format!(
                "was published {} ago",
                words(now.duration_since(*published))
            )
        }
        Caution::BuildScript => "has a build script now".to_owned(),
        Caution::NewDependencies(names) => {
            let names: Vec<String> = names
                .iter()
                .map(|name| Untrusted(name).to_string())
                .collect();
            format!("brings {}", names.join(", "))
        }
        Caution::NotDownloaded => {
            "could not be looked into: it may have a new build script".to_owned()
        }
    }
}

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
